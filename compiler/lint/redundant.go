package lint

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var redundantRule = &Rule{
	Name:     "redundant-rule",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a rule says what another one says already",
	Why: "It grants, denies and records nothing of its own. Whoever narrows the wider rule later believes the narrow one to be all that is left, and " +
		"whoever removes the narrow one believes to have taken something away.",
	Instead: "Remove it, or narrow the other one.",
	Bad: `data = ["/var/lib/app/"]
read = ["/var/lib/app/schema.sql"]`,
	Good: `data = ["/var/lib/app/"]
read = ["/usr/share/app/schema.sql"]`,
	BadText: `  /etc/app/** r,
  /etc/app/*.conf r,`,
	GoodText: `  /etc/app/** r,
  /etc/app/state.conf rw,`,
	check: checkRedundant,
}

// checkRedundant looks at rules from the last to the first, so that of two that
// say the same the second is reported. The rules of one wish of a policy stand
// and fall together.
func checkRedundant(c *context) {
	rules := c.asked()
	s := newCoverSearch(c, rules)
	for i := len(rules) - 1; i >= 0; i-- {
		wish := wishOf(rules, i)
		if wish[0] != i || !stated(rules[i]) { // once for each wish, at its first rule
			continue
		}
		var by []ir.Rule
		for _, n := range wish {
			w := s.coverer(n, wish)
			if w < 0 {
				by = nil
				break
			}
			by = append(by, rules[w])
		}
		if by == nil {
			continue
		}
		for _, n := range wish {
			s.gone[n] = true
		}
		c.reportFix(c.removing(rules[i]), rules[i], "`"+by[0].String()+"` does the same or more.", by[0])
	}
}

// wishOf returns the indices of the rules that come of the same wish as one of
// them: from the same place, but for raw text, each rule of which is one.
func wishOf(rules []ir.Rule, i int) []int {
	if rules[i].Origins[0].Intent == "raw" {
		return []int{i}
	}
	var out []int
	for n, r := range rules {
		if r.Origins[0].Range == rules[i].Origins[0].Range && len(r.Origins[0].Via) == len(rules[i].Origins[0].Via) {
			out = append(out, n)
		}
	}
	return out
}

// coverSearch finds, for the rules of a profile, others that say as much.
type coverSearch struct {
	c     *context
	rules []ir.Rule
	files map[int]fileRule // by the index of the rule
	order []int            // the indices of files
	gone  map[int]bool     // rules that were found to be redundant
	// settings are the variables that the text itself gives values.
	settings map[string]bool
}

func newCoverSearch(c *context, rules []ir.Rule) *coverSearch {
	s := &coverSearch{c: c, rules: rules, files: map[int]fileRule{}, gone: map[int]bool{}, settings: c.assigned()}
	for i := range rules {
		if f := c.fileRules(rules[i : i+1]); len(f) == 1 {
			s.files[i] = f[0]
			s.order = append(s.order, i)
		}
	}
	return s
}

// coverer returns the index of a rule that is still there, is none of besides,
// and says all that rule i does; -1 where there is none.
func (s *coverSearch) coverer(i int, besides []int) int {
	f, ok := s.files[i]
	if !ok {
		return s.other(i, besides)
	}
	if _, bare := f.Body.(rule.File); !bare || f.Action == rule.Prompt || s.disputed(f) {
		return -1
	}
	for _, n := range s.order {
		if !s.gone[n] && !slices.Contains(besides, n) && s.files[n].has(f) && !s.byChoice(s.files[n], f) {
			return n
		}
	}
	return -1
}

// byChoice says whether one rule has all of another only while a variable of the
// text itself, which is there to be changed, has the value that it has now.
func (s *coverSearch) byChoice(w, f fileRule) bool {
	used := variableNames(f.file.Path)
	return slices.ContainsFunc(variableNames(w.file.Path), func(name string) bool {
		return s.settings[name] && !slices.Contains(used, name)
	})
}

// other is coverer for a rule that is not about files.
func (s *coverSearch) other(i int, besides []int) int {
	for n, r := range s.rules {
		if n != i && !s.gone[n] && !slices.Contains(besides, n) && s.sameKindOfWish(n, i) && covers(r.Rule, s.rules[i].Rule) {
			return n
		}
	}
	return -1
}

// sameKindOfWish says whether two rules come of the same kind of statement. A
// policy says with `listen` what with `connect` it does not, though the rules of
// one may have all of the other's.
func (s *coverSearch) sameKindOfWish(a, b int) bool {
	return s.c.isText() || s.rules[a].Origins[0].Intent == s.rules[b].Origins[0].Intent
}

// disputed says whether a rule with a transition is an exact path that decides
// against other transitions, which patterns have.
func (s *coverSearch) disputed(f fileRule) bool {
	if f.file.Exec == "" || f.Action == rule.Deny {
		return false
	}
	disputed := false
	s.c.everyRule(func(r ir.Rule, _ bool) {
		o, ok := fileOf(r)
		if disputed || !ok || o.Exec == "" || r.Action == rule.Deny || sameExec(o, f.file) {
			return
		}
		g, ok := s.c.pattern(o.Path)
		disputed = !ok || overlap(g, f.glob)
	})
	return disputed
}
