package lint

import (
	"slices"
	"strings"

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
	s := c.newCoverSearch(rules)
	gone := make([]bool, len(rules))
	wishes := wishesIn(rules)
	for _, wish := range slices.Backward(wishes) {
		first := rules[wish[0]]
		if !stated(first) {
			continue
		}
		others := func(n int) bool { return !gone[n] && !slices.Contains(wish, n) && c.sameKindOfWish(rules[n], first) }
		by := s.wishCovered(wish, others)
		if by == nil {
			continue
		}
		for _, n := range wish {
			gone[n] = true
		}
		c.reportFix(c.removing(first), first, saidBy(by), by...)
	}
}

// wishCovered returns the rules that say all that those of a wish do, nil where
// something is left.
func (s *coverSearch) wishCovered(wish []int, counts func(n int) bool) []ir.Rule {
	var by []ir.Rule
	for _, n := range wish {
		found := s.coverers(s.rules[n], counts)
		if found == nil {
			return nil
		}
		for _, w := range found {
			by = addRules(by, s.rules[w:w+1])
		}
	}
	return by
}

// saidBy names the rules that say what another one does.
func saidBy(by []ir.Rule) string {
	if len(by) == 1 {
		return "`" + by[0].String() + "` does the same or more."
	}
	words := make([]string, len(by))
	for i, r := range by {
		words[i] = "`" + r.String() + "`"
	}
	return strings.Join(words, " and ") + " do the same or more."
}

// wishesIn parts rules, by their indices, into those that come of the same wish:
// from the same place, but for raw text, each rule of which is one.
func wishesIn(rules []ir.Rule) [][]int {
	type place struct {
		at  diag.Range
		via int
	}
	var out [][]int
	seen := map[place]int{}
	for i, r := range rules {
		o := r.Origins[0]
		at, known := seen[place{o.Range, len(o.Via)}]
		if known && o.Intent != "raw" {
			out[at] = append(out[at], i)
			continue
		}
		seen[place{o.Range, len(o.Via)}] = len(out)
		out = append(out, []int{i})
	}
	return out
}

// sameKindOfWish says whether one rule can make another needless. A policy says
// with `listen` what with `connect` it does not, though the rules of one may have
// all of the other's.
func (c *context) sameKindOfWish(a, b ir.Rule) bool {
	return c.isText() || b.Kind() == rule.KindFile || a.Origins[0].Intent == b.Origins[0].Intent
}
