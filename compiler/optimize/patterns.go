package optimize

import (
	"iter"
	"strings"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// pattern is a file rule whose path has a wildcard, or a variable whose values
// are known, at its index among the rules.
type pattern struct {
	index int
	glob  glob.Glob
	rule  ir.Rule
	file  rule.File
}

// patterns finds patterns by their prefixes.
type patterns map[string][]pattern

func findPatterns(rules []ir.Rule, values map[string][]string) patterns {
	out := patterns{}
	for i, r := range rules {
		f, ok := r.Body.(rule.File)
		if !ok || !strings.ContainsAny(f.Path, `*?[{\`) {
			continue
		}
		if g, text, err := expand(f.Path, values); err == nil {
			for _, prefix := range grants.Prefixes(text) {
				out[prefix] = append(out[prefix], pattern{i, g, r, f})
			}
		}
	}
	return out
}

// near yields the patterns that may have all paths of a glob, given as its text:
// first those that begin with a wildcard soonest. What has all of it has all of
// its first branch.
func (x patterns) near(text string) iter.Seq[pattern] {
	return func(yield func(pattern) bool) {
		prefix := grants.Prefixes(text)[0]
		for n := range len(prefix) + 1 {
			for _, p := range x[prefix[:n]] {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// expand parses a path with the values of its variables, and returns its text
// with these. A variable without a value is an error.
func expand(path string, values map[string][]string) (glob.Glob, string, error) {
	g, err := glob.Parse(path)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(values)
	}
	return g, g.String(), err
}

// having returns the indices of the patterns that have all of a rule, which
// stands at index i or, for -1, elsewhere. A rule with a transition, of another
// rank, or on links to certain files is had by none: such links need not be
// within the permissions of their target, as all others must.
func (x patterns) having(i int, r ir.Rule, values map[string][]string) iter.Seq[int] {
	return func(yield func(int) bool) {
		f, ok := r.Body.(rule.File)
		if !ok || f.Path == "" || ranked(r) || f.Exec != "" && f.Exec != "x" || f.LinkTarget() != "" {
			return
		}
		g, text, err := expand(f.Path, values)
		if err != nil {
			return
		}
		for p := range x.near(text) {
			if p.index == i || !within(r, f, p.rule, p.file) {
				continue
			}
			if all, _, err := glob.Includes(p.glob, g); err == nil && all && !yield(p.index) {
				return
			}
		}
	}
}

// within says whether file rule w has all of r but for the paths: the same
// qualifiers, where what holds for everybody holds for the owner too, and no
// permission less, nor less recorded. One that may link to a certain file has
// not all of a rule that may link to any.
func within(r ir.Rule, f rule.File, w ir.Rule, file rule.File) bool {
	q := r.Qualifiers
	if !w.Owner && !w.Other {
		q.Owner, q.Other = false, false
	}
	if q != w.Qualifiers || f.Exec != "" && f.Exec != file.Exec || file.LinkTarget() != "" {
		return false
	}
	has := file.Grants()
	if r.Audit {
		has = file.Records()
	}
	return f.Access&^has == 0
}
