package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

// coverSearch finds, among rules, those that say as much as another one.
type coverSearch struct {
	c        *context
	rules    []ir.Rule
	files    map[int]fileRule // by the index of the rule
	exact    map[string][]int // rules on one path each
	patterns []int            // rules on more than one path
	others   []int            // rules that are not about files
	// settings are the variables that the text itself gives values.
	settings map[string]bool
	branches []diag.Range // what the text says under a condition
}

func (c *context) newCoverSearch(rules []ir.Rule) *coverSearch {
	s := &coverSearch{c: c, rules: rules, files: map[int]fileRule{}, exact: map[string][]int{}, settings: c.assigned(), branches: c.branches()}
	for i, r := range rules {
		f, ok := c.fileRule(r)
		if !ok {
			if r.Kind() != rule.KindFile {
				s.others = append(s.others, i)
			}
			continue
		}
		s.files[i] = f
		if path, literal := f.glob.IsLiteral(); literal {
			s.exact[path] = append(s.exact[path], i)
		} else {
			s.patterns = append(s.patterns, i)
		}
	}
	return s
}

// coverers returns the indices of rules for which counts is true and that say
// all that a rule does: one of them, or else one for each of its permissions; none
// where there are none. That an exact path with a transition wins over patterns
// needs no thought: a third rule that contradicts the one would contradict the
// other too, and the text is refused.
func (s *coverSearch) coverers(r ir.Rule, among func(n int) bool) []int {
	counts := func(n int) bool { return among(n) && !s.conditional(s.rules[n], r) }
	if r.Kind() != rule.KindFile {
		return one(s.first(s.others, func(n int) bool { return counts(n) && covers(s.rules[n].Rule, r.Rule) }))
	}
	f, ok := s.c.fileRule(r)
	if !ok || r.Action == rule.Prompt {
		return nil
	}
	if n := s.file(f, counts); n >= 0 {
		return []int{n}
	}
	var out []int
	for _, part := range permissionsOf(f) {
		n := s.file(part, counts)
		if n < 0 {
			return nil
		}
		out = append(out, n)
	}
	return slices.Compact(out)
}

// one returns a list of an index, or none for -1.
func one(n int) []int {
	if n < 0 {
		return nil
	}
	return []int{n}
}

// permissionsOf parts a rule into one for each of its permissions.
func permissionsOf(f fileRule) []fileRule {
	var out []fileRule
	for bit := rule.Access(1); bit <= f.file.Access && bit != 0; bit <<= 1 {
		if f.file.Access&bit != 0 {
			part := f
			part.file.Access, part.file.Exec, part.file.Target, part.file.Unsafe = bit, "", "", false
			out = append(out, part)
		}
	}
	if f.file.Exec != "" {
		part := f
		part.file.Access = 0
		out = append(out, part)
	}
	return out
}

// file returns the index of a rule that says all that one about files does.
func (s *coverSearch) file(f fileRule, counts func(n int) bool) int {
	says := func(n int) bool {
		w := s.files[n]
		return counts(n) && mayMeet(w, f) && w.has(f) && w.records(f) && !s.byChoice(w, f)
	}
	if path, literal := f.glob.IsLiteral(); literal {
		if n := s.first(s.exact[path], says); n >= 0 {
			return n
		}
	}
	return s.first(s.patterns, says)
}

// records says whether w, which has "audit" where r does, records all that r
// does.
func (w fileRule) records(r fileRule) bool {
	return !r.Audit || r.file.Records()&^w.file.Records() == 0
}

// mayMeet says whether two rules may have a path in common, as far as it shows
// at a glance.
func mayMeet(a, b fileRule) bool {
	return strings.HasPrefix(a.prefix, b.prefix) || strings.HasPrefix(b.prefix, a.prefix)
}

// first returns the first index for which f is true, or -1.
func (s *coverSearch) first(indices []int, f func(n int) bool) int {
	if i := slices.IndexFunc(indices, f); i >= 0 {
		return indices[i]
	}
	return -1
}

// byChoice says whether one rule has all of another only while a variable of the
// text itself, which is there to be changed, has the value that it has now.
func (s *coverSearch) byChoice(w, f fileRule) bool {
	if len(s.settings) == 0 {
		return false
	}
	used := variableNames(f.file.Path)
	return slices.ContainsFunc(variableNames(w.file.Path), func(name string) bool {
		return s.settings[name] && !slices.Contains(used, name)
	})
}

// conditional says whether one rule stands in a branch that another one does not
// stand in, so that it is there only while a condition holds.
func (s *coverSearch) conditional(w, r ir.Rule) bool {
	return slices.ContainsFunc(s.branches, func(b diag.Range) bool {
		return within(w.Origins[0].Range, b) && !within(r.Origins[0].Range, b)
	})
}

func within(at, b diag.Range) bool {
	return at.File == b.File && b.Start.Byte <= at.Start.Byte && at.End.Byte <= b.End.Byte
}
