// Package optimize holds the passes over IR that make a profile shorter. Each
// says whether it changes what the profile grants.
//
// It may import lang/rule, lang/glob and compiler/ir.
package optimize

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// Effect says what a pass may do to what a profile grants.
type Effect string

// The effects.
const (
	Exact  Effect = "exact"  // it grants the same
	Widens Effect = "widens" // it may grant more, and reports what
)

// Pass is one step of optimisation.
type Pass struct {
	Name   string
	Doc    string
	Effect Effect
	Run    func(*ir.Module) *ir.Module
}

// Passes lists the passes in the order in which they run.
var Passes = []Pass{
	{"normalise", "spell lists of words in one order, each word once", Exact, normalise},
	{"merge", "make rules on equal paths one rule with all their permissions", Exact, merge},
	{"drop", "drop equal rules, and paths that a glob with the same permissions matches", Exact, drop},
	{"order", "put rules in the order in which a profile is read", Exact, order},
}

// normalise spells each rule in one way.
func normalise(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		out := make([]ir.Rule, len(p.Rules))
		for i, r := range p.Rules {
			out[i] = ir.Changed("normalise", normal(r.Rule), r)
		}
		return out
	})
}

func normal(r rule.Rule) rule.Rule {
	switch b := r.Body.(type) {
	case rule.Capability:
		b.Names = sorted(b.Names)
		r.Body = b
	case rule.Signal:
		b.Access, b.Set = ordered(b.Access, "send", "receive"), sorted(b.Set)
		r.Body = b
	case rule.Ptrace:
		b.Access = ordered(b.Access, "trace", "read", "tracedby", "readby")
		r.Body = b
	case rule.DBus:
		b.Access = ordered(b.Access, "send", "receive", "bind", "eavesdrop")
		r.Body = b
	case rule.Unix:
		b.Access = sorted(b.Access)
		r.Body = b
	case rule.Network:
		b.Access = sorted(b.Access)
		r.Body = b
	case rule.Mqueue:
		b.Access = sorted(b.Access)
		r.Body = b
	case rule.Mount:
		b.Fstype, b.Options = conditions(b.Fstype), conditions(b.Options)
		r.Body = b
	}
	return r
}

func conditions(list []rule.MountCondition) []rule.MountCondition {
	var out []rule.MountCondition
	for _, c := range list {
		c.Values = sorted(c.Values)
		out = append(out, c)
	}
	return out
}

// sorted returns the words sorted, each once.
func sorted(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}

// ordered returns the words in the given order, each once.
func ordered(words []string, order ...string) []string {
	var out []string
	for _, w := range order {
		if slices.Contains(words, w) {
			out = append(out, w)
		}
	}
	return out
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
			if !ok || f.Path == "" {
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

// join adds up two file rules on one path; ok is false where their transitions
// differ.
func join(a, b rule.File) (rule.File, bool) {
	if a.Exec != "" && b.Exec != "" && (a.Exec != b.Exec || a.Target != b.Target) {
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

// drop takes out rules that another rule makes needless.
func drop(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		rules := dropEqual(p.Rules)
		globs := globRules(rules)
		gone := make([]bool, len(rules))
		out := slices.Clone(rules)
		for i, r := range rules {
			if g := covering(r, globs); g >= 0 && g != i {
				out[g] = ir.Join("drop", out[g].Rule, out[g], r)
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

func dropEqual(rules []ir.Rule) []ir.Rule {
	var out []ir.Rule
	at := map[string]int{}
	for _, r := range rules {
		text := r.String()
		if i, seen := at[text]; seen {
			out[i] = ir.Join("drop", r.Rule, out[i], r)
			continue
		}
		at[text] = len(out)
		out = append(out, r)
	}
	return out
}

// globRule is a file rule with a pattern, at its index in the profile.
type globRule struct {
	index  int
	prefix string // literal text before the first wildcard
	glob   glob.Glob
	rule   ir.Rule
	file   rule.File
}

func globRules(rules []ir.Rule) []globRule {
	var out []globRule
	for i, r := range rules {
		f, ok := r.Body.(rule.File)
		if !ok || f.Path == "" {
			continue
		}
		g, err := glob.Parse(f.Path)
		if err != nil {
			continue
		}
		if _, literal := g.IsLiteral(); !literal && len(g.Variables()) == 0 {
			out = append(out, globRule{i, f.Path[:strings.IndexAny(f.Path, `*?[{\`)], g, r, f})
		}
	}
	return out
}

// covering returns the index of a rule with a pattern that grants, or denies,
// all that the literal file rule r does; -1 where there is none. A literal
// with a transition stays: an exact path wins over patterns.
func covering(r ir.Rule, globs []globRule) int {
	f, ok := r.Body.(rule.File)
	if !ok || f.Path == "" || f.Exec != "" && f.Exec != "x" {
		return -1
	}
	path, literal := "", false
	for _, g := range globs {
		if !strings.HasPrefix(f.Path, g.prefix) || !within(r, f, g) {
			continue
		}
		if path == "" {
			parsed, err := glob.Parse(f.Path)
			if err != nil {
				return -1
			}
			if path, literal = parsed.IsLiteral(); !literal {
				return -1
			}
		}
		if g.glob.Match(path) {
			return g.index
		}
	}
	return -1
}

// within compares all but the paths.
func within(r ir.Rule, f rule.File, g globRule) bool {
	q := r.Qualifiers
	if g.rule.Action == rule.Allow && !g.rule.Owner {
		q.Owner = false // what everybody may, the owner may
	}
	if q != g.rule.Qualifiers || f.Exec != "" && f.Exec != g.file.Exec {
		return false
	}
	granted := g.file.Access
	if granted&rule.Write != 0 {
		granted |= rule.Append
	}
	return f.Access&^granted == 0
}

// order sorts rules: abstractions first, then by kind, file rules by path, and
// the administrator's own include at the end.
func order(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		keys := make(map[string]string, len(p.Rules))
		out := slices.Clone(p.Rules)
		for _, r := range out {
			text := r.String()
			keys[text] = sortKey(r, text)
		}
		slices.SortStableFunc(out, func(a, b ir.Rule) int {
			if c := section(a) - section(b); c != 0 {
				return c
			}
			return strings.Compare(keys[a.String()], keys[b.String()])
		})
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
func sortKey(r ir.Rule, text string) string {
	if f, ok := r.Body.(rule.File); ok {
		return f.Path + "\x00" + text
	}
	return text
}
