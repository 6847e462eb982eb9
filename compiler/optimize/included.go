package optimize

import (
	"iter"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// included drops rules that an include grants or denies in the same way, where
// the module's includes were read, and notes the files that it relied on. What
// an "include if exists" brings does not count, for it may be missing where the
// profile is loaded.
func included(m *ir.Module) *ir.Module {
	files := slices.Clone(m.Relied)
	out := m.Map(func(p *ir.Profile) []ir.Rule {
		b := newBrought(p.Rules, m.Values)
		kept := slices.Clone(p.Rules)
		gone := map[int]bool{}
		for i, r := range p.Rules {
			for n := range b.having(r) {
				gone[i] = true
				kept[b.by[n]] = withOrigins("included", kept[b.by[n]], r)
				files = append(files, b.relied(n, r, m)...)
				break
			}
		}
		return replace(kept, gone, nil)
	})
	out.Relied = files
	return out
}

// withOrigins returns an include, with what it brings, that stands for other
// rules too.
func withOrigins(pass string, include ir.Rule, others ...ir.Rule) ir.Rule {
	out := ir.Join(pass, include.Rule, append([]ir.Rule{include}, others...)...)
	out.Included = include.Included
	return out
}

// brought is what some includes bring in.
type brought struct {
	rules    []ir.Rule
	by       []int // the include behind each, by a number
	values   map[string][]string
	patterns patterns
	byText   map[string][]int    // all rules
	byPath   map[string][]int    // file rules, by their paths with values
	byKind   map[rule.Kind][]int // all others
}

// newBrought returns what the includes among rules bring in, by their indices.
func newBrought(rules []ir.Rule, values map[string][]string) *brought {
	b := &brought{}
	for i, r := range rules {
		b.add(i, r)
	}
	b.index(values)
	return b
}

// add notes what an include brings in, through others too, but for what may be
// missing.
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

// index prepares for questions, once all is added.
func (b *brought) index(values map[string][]string) {
	b.values, b.patterns = values, findPatterns(b.rules, values)
	b.byText, b.byPath, b.byKind = map[string][]int{}, map[string][]int{}, map[rule.Kind][]int{}
	for i, r := range b.rules {
		b.byText[text(r)] = append(b.byText[text(r)], i)
		if f, ok := r.Body.(rule.File); ok {
			path := b.path(f)
			b.byPath[path] = append(b.byPath[path], i)
		} else {
			b.byKind[r.Kind()] = append(b.byKind[r.Kind()], i)
		}
	}
}

// path returns the path of a rule with the values of its variables, or without
// where they have none.
func (b *brought) path(f rule.File) string {
	if strings.Contains(f.Path, "@{") {
		if _, text, err := expand(f.Path, b.values); err == nil {
			return text
		}
	}
	return f.Path
}

// text is what equal rules share.
func text(r ir.Rule) string { return r.Normal().String() }

// having returns the indices of the rules that have all of r; one may come more
// than once. Of limits the last one wins, so they are had by none.
func (b *brought) having(r ir.Rule) iter.Seq[int] {
	return func(yield func(int) bool) {
		if r.Kind() == rule.KindInclude || r.Kind() == rule.KindRlimit {
			return
		}
		for _, n := range b.byText[text(r)] {
			if !yield(n) {
				return
			}
		}
		f, ok := r.Body.(rule.File)
		if !ok {
			b.covering(r, yield)
			return
		}
		if f.Path != "" && f.Target == "" && (f.Exec == "" || f.Exec == "x") && !ranked(r) {
			for _, n := range b.byPath[b.path(f)] {
				if within(r, f, b.rules[n], b.rules[n].Body.(rule.File)) && !yield(n) {
					return
				}
			}
		}
		for n := range b.patterns.having(-1, r, b.values) {
			if !yield(n) {
				return
			}
		}
	}
}

// covering yields the rules that are not about files and have all of r.
func (b *brought) covering(r ir.Rule, yield func(int) bool) {
	for _, n := range b.byKind[r.Kind()] {
		if covers(b.rules[n].Rule, r.Rule) && !yield(n) {
			return
		}
	}
}

// relied returns the files that it takes to know that rule n has all of r: where
// that depends on variables, those that define them.
func (b *brought) relied(n int, r ir.Rule, m *ir.Module) []string {
	files := []string{b.rules[n].Origins[0].Range.File}
	x, ok := b.rules[n].Body.(rule.File)
	y, ok2 := r.Body.(rule.File)
	if ok && ok2 && x.Path != y.Path && strings.Contains(x.Path+y.Path, "@{") {
		files = append(files, Tunables(m))
	}
	return files
}

// Tunables returns the file that defines the variables of a module's base
// directory.
func Tunables(m *ir.Module) string { return m.Base + "/tunables/global" }
