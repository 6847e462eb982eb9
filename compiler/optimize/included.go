package optimize

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// included drops rules that an include grants or denies in the same way, where
// the module's includes were read, and notes the files that it relied on. What
// an "include if exists" brings does not count, for it may be missing where the
// profile is loaded; nor do paths with variables.
func included(m *ir.Module) *ir.Module {
	var files []string
	out := m.Map(func(p *ir.Profile) []ir.Rule {
		b := newBrought(p.Rules)
		if len(b.rules) == 0 {
			return p.Rules
		}
		kept := slices.Clone(p.Rules)
		var gone []int
		for i, r := range p.Rules {
			n := b.has(r)
			if n < 0 {
				continue
			}
			gone = append(gone, i)
			at := b.by[n]
			joined := ir.Join("included", kept[at].Rule, kept[at], r)
			joined.Included = kept[at].Included
			kept[at] = joined
			files = append(files, b.rules[n].Origins[0].Range.File)
		}
		for _, i := range slices.Backward(gone) {
			kept = slices.Delete(kept, i, i+1)
		}
		return kept
	})
	slices.Sort(files)
	out.Relied = slices.Compact(files)
	return out
}

// brought is what the includes of a profile bring in.
type brought struct {
	rules    []ir.Rule
	by       []int // the include behind each, as an index in the profile
	patterns []pattern
	gone     []bool // none
}

func newBrought(rules []ir.Rule) *brought {
	b := &brought{}
	for i, r := range rules {
		b.add(i, r)
	}
	b.patterns, b.gone = findPatterns(b.rules), make([]bool, len(b.rules))
	return b
}

// add notes what an include brings in, through others too.
func (b *brought) add(by int, r ir.Rule) {
	if i, ok := r.Body.(rule.Include); !ok || i.IfExists {
		return
	}
	for _, below := range r.Included {
		if below.Kind() == rule.KindInclude {
			b.add(by, below)
			continue
		}
		b.rules, b.by = append(b.rules, below), append(b.by, by)
	}
}

// has returns the index of a rule that has all of r, or -1. Of limits the last
// one wins, so they stay.
func (b *brought) has(r ir.Rule) int {
	f, file := r.Body.(rule.File)
	switch {
	case r.Kind() == rule.KindInclude || r.Kind() == rule.KindRlimit || file && f.Path == "":
		return -1
	case !file:
		return slices.IndexFunc(b.rules, func(x ir.Rule) bool { return covers(x.Rule, r.Rule) })
	}
	if n := wider(-1, r, b.patterns, b.gone); n >= 0 {
		return n
	}
	return slices.IndexFunc(b.rules, func(x ir.Rule) bool {
		y, ok := x.Body.(rule.File)
		return ok && y.Path == f.Path && f.Exec == "" && f.Target == "" && y.Target == "" && within(r, f, pattern{rule: x, file: y})
	})
}
