package propose

import (
	"fmt"
	"strings"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// Also tells, in short sentences, what rules allow beside what was wanted:
// other permissions on the path, and example paths where a pattern matches
// more. Values are those of the variables, by name.
func Also(rules []ir.Rule, w Want, values map[string][]string) []string {
	var out []string
	for _, r := range rules {
		switch b := r.Body.(type) {
		case rule.File:
			out = append(out, fileAlso(b, w, values)...)
		default:
			if w.File() {
				out = append(out, "`"+r.String()+"`")
			}
		}
	}
	return out
}

func fileAlso(f rule.File, w Want, values map[string][]string) (out []string) {
	g, err := glob.Parse(f.Path)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(values)
	}
	if err != nil {
		return []string{"whatever `" + f.Path + "` matches"}
	}
	verb := access(f, grants.Access{})
	if g.Match(w.Path) {
		if more := access(f, w.Access); more != "" {
			out = append(out, more+" "+w.Path)
		}
	}
	if _, literal := g.IsLiteral(); literal {
		if !g.Match(w.Path) {
			out = append(out, verb+" "+f.Path)
		}
		return out
	}
	for _, path := range Examples(g, w.Path, 2) {
		out = append(out, verb+" "+path)
	}
	return append(out, fmt.Sprintf("%s all else that `%s` matches", verb, f.Path))
}

// access spells what a rule grants beside some permissions.
func access(f rule.File, without grants.Access) string {
	words := (f.Access &^ without.Permissions).Words()
	if f.Exec != "" && !without.Exec {
		words = append(words, "execute")
	}
	return strings.Join(words, ", ")
}

// Examples returns up to n paths that a glob matches beside one.
func Examples(g glob.Glob, but string, n int) []string {
	set, err := glob.Compile(g)
	if err != nil {
		return nil
	}
	var out []string
	for path := but; len(out) < n; out = append(out, path) {
		known, err := glob.Parse(glob.Quote(path))
		if err != nil {
			return out
		}
		one, err := glob.Compile(known)
		if err != nil {
			return out
		}
		if set, err = set.Difference(one); err != nil {
			return out
		}
		var ok bool
		if path, ok = set.Shortest(); !ok {
			return out
		}
	}
	return out
}

// Describe says in words what an event asked for.
func Describe(operation string, w Want) string {
	switch {
	case w.Path != "":
		return strings.TrimSpace(w.Access.String() + " " + w.Path)
	case w.Name != "":
		return "change_hat " + w.Name
	case w.Body != nil:
		return strings.TrimSuffix(rule.Rule{Body: w.Body}.String(), ",")
	}
	return operation
}
