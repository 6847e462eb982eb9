package optimize

import (
	"apc/compiler/ir"
	"apc/lang/rule"
)

// subsume drops a rule where one other rule grants, or denies, all that it does.
// File rules with a transition stay, since an exact path wins over patterns; so
// do paths with variables, whose values are not known here.
func subsume(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		out := append([]ir.Rule(nil), p.Rules...)
		patterns := findPatterns(out, nil)
		gone := make([]bool, len(out))
		for i, r := range out {
			w := wider(i, r, patterns, gone)
			if w < 0 {
				w = coverer(i, out, gone)
			}
			if w >= 0 {
				out[w] = ir.Join("subsume", out[w].Rule, out[w], r)
				gone[i] = true
			}
		}
		kept := out[:0]
		for i, r := range out {
			if !gone[i] {
				kept = append(kept, r)
			}
		}
		return kept
	})
}

// wider returns the index of a pattern that is still there and has all of the
// rule at index i; -1 where there is none.
func wider(i int, r ir.Rule, patterns patterns, gone []bool) int {
	for n := range patterns.having(i, r, nil) {
		if !gone[n] {
			return n
		}
	}
	return -1
}

// coverer returns the index of a rule that is still there, is not about files
// and has all of the rule at index i; -1 where there is none.
func coverer(i int, rules []ir.Rule, gone []bool) int {
	switch rules[i].Kind() {
	case rule.KindCapability, rule.KindNetwork, rule.KindSignal, rule.KindPtrace:
	default:
		return -1
	}
	for n, r := range rules {
		if n != i && !gone[n] && covers(r.Rule, rules[i].Rule) {
			return n
		}
	}
	return -1
}
