package optimize

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// maxExamples is how many examples a widening lists.
const maxExamples = 3

// knownFile is a file rule whose paths are known.
type knownFile struct {
	q       rule.Qualifiers
	access  rule.Access
	glob    glob.Glob
	path    string // of a literal
	literal bool
}

// knownFiles returns the file rules but for those with variables, whose values
// are not known here.
func knownFiles(rules []ir.Rule) []knownFile {
	var out []knownFile
	for _, r := range rules {
		f, ok := r.Body.(rule.File)
		if !ok || f.Path == "" {
			continue
		}
		g, err := glob.Parse(f.Path)
		if err != nil || len(g.Variables()) > 0 {
			continue
		}
		known := knownFile{q: r.Qualifiers, access: f.Grants(), glob: g}
		if f.LinkTarget() != "" {
			known.access &^= rule.LinkTo
		}
		known.path, known.literal = g.IsLiteral()
		out = append(out, known)
	}
	return out
}

// added returns examples of what r, which is new, grants and the rules do not:
// first on files that the rules name, then on shortest paths.
func added(r ir.Rule, rules []knownFile) []string {
	f := r.Body.(rule.File)
	g, err := glob.Parse(f.Path)
	if err != nil {
		return nil
	}
	rules = slices.DeleteFunc(slices.Clone(rules), func(k knownFile) bool { return !k.meets(g) })
	gains := map[string]*glob.Automaton{}
	all, err := glob.Compile()
	for _, word := range f.Access.Words() {
		if err == nil {
			gains[word], err = gained(g, rule.AccessWord(word), r.Qualifiers, rules)
		}
		if err == nil {
			all, err = all.Union(gains[word])
		}
	}
	if err != nil {
		return nil
	}
	var out []string
	for _, path := range examples(all, rules) {
		words := slices.DeleteFunc(f.Access.Words(), func(w string) bool { return !gains[w].Match(path) })
		out = append(out, strings.Join(words, ", ")+" "+path)
	}
	return out
}

// meets says whether the rule has a path in common with g, and yes where that
// cannot be told.
func (k knownFile) meets(g glob.Glob) bool {
	if k.literal {
		return g.Match(k.path)
	}
	ok, _, err := glob.Intersects(g, k.glob)
	return ok || err != nil
}

// gained returns the paths of g on which no rule grants the access already to
// those that q speaks of, or denies it to all.
func gained(g glob.Glob, access rule.Access, q rule.Qualifiers, rules []knownFile) (*glob.Automaton, error) {
	var had []glob.Glob
	for _, k := range rules {
		if k.access&access != 0 && (!k.q.Owner || q.Owner) && (!k.q.Other || q.Other) {
			had = append(had, k.glob)
		}
	}
	all, err := glob.Compile(g)
	if err != nil {
		return nil, err
	}
	before, err := glob.Compile(had...)
	if err != nil {
		return nil, err
	}
	return all.Difference(before)
}

// examples returns a few paths of a set, if it can such as a rule is about.
func examples(set *glob.Automaton, rules []knownFile) []string {
	var out []string
	for _, k := range rules {
		if k.literal && len(out) < maxExamples && set.Match(k.path) && !slices.Contains(out, k.path) {
			out = append(out, k.path)
		}
	}
	for len(out) < maxExamples {
		rest, err := without(set, out)
		if err != nil {
			break
		}
		path, ok := rest.Shortest()
		if !ok {
			break
		}
		out = append(out, path)
	}
	return out
}

// without returns the set less some paths.
func without(set *glob.Automaton, paths []string) (*glob.Automaton, error) {
	var globs []glob.Glob
	for _, path := range paths {
		g, err := glob.Parse(glob.Quote(path))
		if err != nil {
			return nil, err
		}
		globs = append(globs, g)
	}
	gone, err := glob.Compile(globs...)
	if err != nil {
		return nil, err
	}
	return set.Difference(gone)
}
