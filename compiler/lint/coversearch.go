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
	return s
}

// coverer returns the index of a rule for which counts is true and that says all
// that a rule does; -1 where there is none. That an exact path with a transition
// wins over patterns needs no thought: a third rule that contradicts the one
// would contradict the other too, and the text is refused.
func (s *coverSearch) coverer(r ir.Rule, counts func(n int) bool) int {
	if r.Kind() != rule.KindFile {
		return s.first(s.others, func(n int) bool { return counts(n) && covers(s.rules[n].Rule, r.Rule) })
	}
	f, ok := s.c.fileRule(r)
	if !ok || r.Action == rule.Prompt {
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
