package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
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
	// execs are the rules of the profile, its includes too, that execute.
	execs []fileRule
	// settings are the variables that the text itself gives values.
	settings map[string]bool
}

func (c *context) newCoverSearch(rules []ir.Rule) *coverSearch {
	s := &coverSearch{c: c, rules: rules, files: map[int]fileRule{}, exact: map[string][]int{}, settings: c.assigned()}
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
	c.everyRule(func(r ir.Rule, _ bool) {
		if f, ok := c.fileRule(r); ok && f.file.Exec != "" && r.Action != rule.Deny {
			s.execs = append(s.execs, f)
		}
	})
	return s
}

// coverer returns the index of a rule for which counts is true and that says all
// that a rule does; -1 where there is none.
func (s *coverSearch) coverer(r ir.Rule, counts func(n int) bool) int {
	if r.Kind() != rule.KindFile {
		return s.first(s.others, func(n int) bool { return counts(n) && covers(s.rules[n].Rule, r.Rule) })
	}
	f, ok := s.c.fileRule(r)
	if !ok || r.Action == rule.Prompt || s.disputed(f) {
		return -1
	}
	says := func(n int) bool {
		w := s.files[n]
		return counts(n) && strings.HasPrefix(f.prefix, w.prefix) && w.has(f) && !s.byChoice(w, f)
	}
	if path, literal := f.glob.IsLiteral(); literal {
		if n := s.first(s.exact[path], says); n >= 0 {
			return n
		}
	}
	return s.first(s.patterns, says)
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

// disputed says whether a rule with a transition is an exact path that decides
// against other transitions, which patterns have.
func (s *coverSearch) disputed(f fileRule) bool {
	return f.file.Exec != "" && f.Action != rule.Deny && slices.ContainsFunc(s.execs, func(o fileRule) bool {
		return !sameExec(o.file, f.file) && overlap(o.glob, f.glob)
	})
}
