package propose

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// narrowed returns the profile with those of its rules that may be about a
// path: it leaves out what is told apart by how its pattern begins, which is
// most of what abstractions bring, and saves reading those patterns.
func narrowed(m *ir.Module, p *ir.Profile, path string) *ir.Profile {
	out := *p
	out.Rules = mayBeAbout(m, p.Rules, path)
	return &out
}

func mayBeAbout(m *ir.Module, rules []ir.Rule, path string) (out []ir.Rule) {
	for _, r := range rules {
		switch b := r.Body.(type) {
		case rule.Include:
			r.Included = mayBeAbout(m, r.Included, path)
		case rule.File:
			if !mayMatch(m.Values, b.Path, path) {
				continue
			}
		case rule.Link:
			if !mayMatch(m.Values, b.Path, path) {
				continue
			}
		case rule.All:
		default:
			continue
		}
		out = append(out, r)
	}
	return out
}

// mayMatch says whether a pattern may match a path, by the plain text that it,
// or the value of the variable that it begins with, begins with.
func mayMatch(values map[string][]string, pattern, path string) bool {
	name, isVariable := strings.CutPrefix(pattern, "@{")
	if !isVariable {
		return strings.HasPrefix(path, plainStart(pattern))
	}
	name, _, _ = strings.Cut(name, "}")
	for _, v := range values[name] {
		if strings.HasPrefix(path, plainStart(v)) {
			return true
		}
	}
	return len(values[name]) == 0
}

// plainStart returns what a pattern begins with, up to the first character that
// stands for something else. Slashes in a row are one to the parser, so that it
// ends there too.
func plainStart(pattern string) string {
	if i := strings.IndexAny(pattern, "*?[]{}@\\\"^"); i >= 0 {
		pattern = pattern[:i]
	}
	if i := strings.Index(pattern, "//"); i >= 0 {
		pattern = pattern[:i]
	}
	return pattern
}
