// Package optimize holds the passes over IR that make a profile shorter. Each
// says whether it changes what the profile grants, and one that does lists
// what it changed.
//
// It may import lang/rule, lang/glob, compiler/ir and compiler/grants.
package optimize

import (
	"cmp"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// Effect says what a pass may do to what a profile grants.
type Effect string

// The effects.
const (
	Exact  Effect = "exact"  // it grants the same
	Widens Effect = "widens" // it may grant more, and lists each rule that does
)

// Level says which passes run.
type Level string

// The levels.
const (
	LevelNone  Level = "none"  // those alone that give each policy one text
	LevelExact Level = "exact" // all that change nothing
	LevelWiden Level = "widen" // also those that widen where the policy asks for it
)

// Levels lists the levels, least first.
var Levels = []Level{LevelNone, LevelExact, LevelWiden}

// Pass is one step of optimisation.
type Pass struct {
	Name   string
	Doc    string
	Effect Effect
	Text   bool // it changes the spelling alone, and runs at every level
	Base   bool // it relies on a base directory, whose rules stand below the includes
	Run    func(*ir.Module, Given) (*ir.Module, Found)
}

// Given is what passes are given beside the module.
type Given struct {
	Wishes Wishes
	Shelf  *Shelf // abstractions that may stand for rules; nil for none
}

// Found is what a pass has to tell.
type Found struct {
	Widenings     []Widening
	Substitutions []Substitution // that were made
	Suggestions   []Substitution // that would add something
}

// At says whether the pass runs at a level.
func (p Pass) At(l Level) bool {
	return p.Text || p.Effect == Exact && l != LevelNone || l == LevelWiden
}

// Passes lists the passes in the order in which they run.
var Passes = []Pass{
	{Name: "normalise", Doc: "spell lists of words in one order, each word once", Effect: Exact, Text: true, Run: exact(normalise)},
	{Name: "merge", Doc: "make rules on equal paths one rule with all their permissions", Effect: Exact, Run: exact(merge)},
	{Name: "drop", Doc: "drop rules that stand there already", Effect: Exact, Text: true, Run: exact(drop)},
	{Name: "collapse", Doc: "make rules on files of one directory a rule on all of its files, where the policy asks for it", Effect: Widens, Run: collapse},
	{Name: "subsume", Doc: "drop rules all of which another rule grants or denies in the same way", Effect: Exact, Run: exact(subsume)},
	{Name: "included", Doc: "drop rules that an include from the base directory has", Effect: Exact, Base: true, Run: exact(included)},
	{Name: "substitute", Doc: "put an include from the base directory in the place of rules, where it brings nothing else", Effect: Exact, Base: true, Run: substitute},
	{Name: "factor", Doc: "make rules on many files of one directory a few rules with alternations", Effect: Exact, Run: exact(factor)},
	{Name: "order", Doc: "put rules in the order in which a profile is read", Effect: Exact, Text: true, Run: exact(order)},
}

// exact makes a pass of a function that needs nothing but the module and has
// nothing to tell.
func exact(f func(*ir.Module) *ir.Module) func(*ir.Module, Given) (*ir.Module, Found) {
	return func(m *ir.Module, _ Given) (*ir.Module, Found) { return f(m), Found{} }
}

// normalise spells each rule in one way.
func normalise(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		out := make([]ir.Rule, len(p.Rules))
		for i, r := range p.Rules {
			out[i] = ir.Changed("normalise", r.Rule.Normal(), r)
		}
		return out
	})
}

// fileKey is what two file rules must share to become one.
type fileKey struct {
	path string
	q    rule.Qualifiers
}

// merge joins file rules on equal paths with equal qualifiers. Rules with
// different transitions stay apart.
func merge(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		var out []ir.Rule
		at := map[fileKey]int{}
		for _, r := range p.Rules {
			f, ok := r.Body.(rule.File)
			if !ok || f.Path == "" || ranked(r) {
				out = append(out, r)
				continue
			}
			key := fileKey{f.Path, r.Qualifiers}
			i, seen := at[key]
			if !seen {
				at[key] = len(out)
				out = append(out, r)
				continue
			}
			if joined, ok := join(out[i].Body.(rule.File), f); ok {
				both := rule.Rule{Qualifiers: r.Qualifiers, Body: joined}
				out[i] = ir.Join("merge", both, out[i], r)
				continue
			}
			out = append(out, r)
		}
		return out
	})
}

// ranked says whether a rule stands above or beside all others: by a priority,
// or because the user is asked. Such a rule stays as it is.
func ranked(r ir.Rule) bool { return r.Priority != 0 || r.Action == rule.Prompt }

// join adds up two file rules on one path; ok is false where their transitions
// differ, or what may be linked to.
func join(a, b rule.File) (rule.File, bool) {
	if a.LinkTarget() != b.LinkTarget() || a.Exec != "" && b.Exec != "" && (a.Exec != b.Exec || a.Target != b.Target) {
		return a, false
	}
	if b.Exec != "" {
		a.Exec, a.Target = b.Exec, b.Target
	}
	a.Access |= b.Access
	if a.Access&rule.Write != 0 {
		a.Access &^= rule.Append // w implies a
	}
	return a, true
}

// drop keeps one of each set of equal rules.
func drop(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		var out []ir.Rule
		at := map[string]int{}
		for _, r := range p.Rules {
			text := r.String()
			if i, seen := at[text]; seen {
				out[i] = ir.Join("drop", r.Rule, out[i], r)
				continue
			}
			at[text] = len(out)
			out = append(out, r)
		}
		return out
	})
}

// order sorts rules: abstractions first, then by kind, file rules by path, and
// the administrator's own include at the end.
func order(m *ir.Module) *ir.Module {
	type keyed struct {
		section int
		key     string
		rule    ir.Rule
	}
	return m.Map(func(p *ir.Profile) []ir.Rule {
		sorted := make([]keyed, len(p.Rules))
		for i, r := range p.Rules {
			sorted[i] = keyed{section(r), sortKey(r), r}
		}
		slices.SortStableFunc(sorted, func(a, b keyed) int {
			return cmp.Or(a.section-b.section, strings.Compare(a.key, b.key))
		})
		out := make([]ir.Rule, len(sorted))
		for i, k := range sorted {
			out[i] = k.rule
		}
		return out
	})
}

// section is the place of a rule's kind.
func section(r ir.Rule) int {
	if i, ok := r.Body.(rule.Include); ok && i.IfExists {
		return 1000
	}
	return r.Kind().Order()
}

// sortKey orders rules of one kind: files by path, all else by text.
func sortKey(r ir.Rule) string {
	if f, ok := r.Body.(rule.File); ok {
		return f.Path + "\x00" + r.String()
	}
	return r.String()
}
