package optimize

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
)

// The bounds of factor. With 8 names in an alternation the parser compiles a
// profile no faster than with a rule for each, with 16 a third faster, with 32
// almost twice as fast, and with more of them no faster still. The length keeps
// a rule far from 16 KB, which the parser takes for one token at most.
const (
	factorMin    = 16
	factorMax    = 32
	factorLength = 4096
)

// factor makes rules on many files of one directory a few rules with
// alternations of their names. Transitions stay apart: up to parser 4.0 they
// depend on how a path is spelled.
func factor(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		gone, at := map[int]bool{}, map[int][]ir.Rule{}
		for _, s := range findSiblings(p.Rules) {
			if len(s.rules) < factorMin {
				continue
			}
			for _, i := range s.rules {
				gone[i] = true
			}
			at[s.rules[0]] = s.alternations(p.Rules)
		}
		return replace(p.Rules, gone, at)
	})
}

// alternations returns the rules that stand for the siblings, of about equal
// size.
func (s siblings) alternations(rules []ir.Rule) []ir.Rule {
	order := make([]int, len(s.rules))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(s.names[a], s.names[b]) })
	parts := (len(order) + factorMax - 1) / factorMax
	size := (len(order) + parts - 1) / parts
	var out []ir.Rule
	for chunk := range slices.Chunk(order, size) {
		for len(chunk) > 0 {
			n := s.fitting(chunk)
			out = append(out, s.alternation(rules, chunk[:n]))
			chunk = chunk[n:]
		}
	}
	return out
}

// fitting returns how many of the names, at least one, are short enough for one
// rule.
func (s siblings) fitting(order []int) int {
	length := 0
	for n, i := range order {
		if length += len(glob.Quote(s.names[i])) + 1; length > factorLength && n > 0 {
			return n
		}
	}
	return len(order)
}

// alternation returns one rule for some of the siblings.
func (s siblings) alternation(rules []ir.Rule, some []int) ir.Rule {
	if len(some) == 1 {
		return rules[s.rules[some[0]]]
	}
	names, from := make([]string, len(some)), make([]ir.Rule, len(some))
	for i, n := range some {
		names[i], from[i] = glob.Quote(s.names[n]), rules[s.rules[n]]
	}
	return ir.Join("factor", s.on(glob.Quote(s.dir)+"{"+strings.Join(names, ",")+"}"), from...)
}
