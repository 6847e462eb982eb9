package optimize

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// subsume drops a rule where one other rule grants, or denies, all that it does.
// File rules with a transition stay, since an exact path wins over patterns; so
// do paths with variables, whose values are not known here.
func subsume(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		out := append([]ir.Rule(nil), p.Rules...)
		patterns := findPatterns(out)
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

// pattern is a file rule whose path has a wildcard, at its index in the
// profile.
type pattern struct {
	index  int
	prefix string // literal text before the first wildcard
	glob   glob.Glob
	rule   ir.Rule
	file   rule.File
}

func findPatterns(rules []ir.Rule) []pattern {
	var out []pattern
	for i, r := range rules {
		f, ok := r.Body.(rule.File)
		if !ok || f.Path == "" {
			continue
		}
		special := strings.IndexAny(f.Path, `*?[{\`)
		if special < 0 || strings.Contains(f.Path, "@{") {
			continue
		}
		if g, err := glob.Parse(f.Path); err == nil {
			out = append(out, pattern{i, f.Path[:special], g, r, f})
		}
	}
	return out
}

// wider returns the index of a rule that is still there and has all of rule r,
// which stands at index i; -1 where there is none.
func wider(i int, r ir.Rule, patterns []pattern, gone []bool) int {
	f, ok := r.Body.(rule.File)
	if !ok || f.Path == "" || ranked(r) || f.Exec != "" && f.Exec != "x" || strings.Contains(f.Path, "@{") {
		return -1
	}
	for _, p := range patterns {
		if p.index == i || gone[p.index] || !strings.HasPrefix(f.Path, p.prefix) || !within(r, f, p) {
			continue
		}
		g, err := glob.Parse(f.Path)
		if err != nil {
			return -1
		}
		if all, _, err := glob.Includes(p.glob, g); err == nil && all {
			return p.index
		}
	}
	return -1
}

// within says whether p has all of r but for the paths: the same qualifiers,
// where what holds for everybody holds for the owner too, and no permission
// less.
func within(r ir.Rule, f rule.File, p pattern) bool {
	q := r.Qualifiers
	if !p.rule.Owner && !p.rule.Other {
		q.Owner, q.Other = false, false
	}
	if q != p.rule.Qualifiers || f.Exec != "" && f.Exec != p.file.Exec {
		return false
	}
	return f.Access&^p.file.Grants() == 0
}
