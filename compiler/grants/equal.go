package grants

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// Difference is something that only one of two profiles grants or denies.
type Difference struct {
	Gained bool   // the second has it, and the first has not
	What   string // as in "read", "deny write", "audit read for the owner"
	Path   string // an example; the rule itself where it is not about files
}

// String spells the difference as in "+ read /etc/shadow".
func (d Difference) String() string {
	sign := "-"
	if d.Gained {
		sign = "+"
	}
	return sign + " " + d.What + " " + d.Path
}

// Equal compares what two profiles grant, deny and record, and returns what
// only one of them does. Includes count by their rules where these were read,
// and else by their names, as does what may be missing. Paths with variables that have no value count by their text,
// so that a difference between such is found but equality of different
// spellings is not. The error tells of globs too complex to compare.
func Equal(before, after *ir.Profile, values map[string][]string) ([]Difference, error) {
	if sameRules(before, after) {
		return nil, nil
	}
	a, b, known := facts(before), facts(after), newLibrary(values, nil)
	var out []Difference
	for _, what := range keys(a.paths, b.paths) {
		for _, side := range []struct {
			gained    bool
			has, lack []string
		}{{false, a.paths[what], b.paths[what]}, {true, b.paths[what], a.paths[what]}} {
			witness, found, err := known.set(side.lack).anyLacking(side.has)
			if err != nil {
				return nil, err
			}
			if found {
				out = append(out, Difference{side.gained, what, witness})
			}
		}
	}
	return append(out, others(a.others, b.others)...), nil
}

// factSet holds what a profile says: for files the paths of each kind of fact,
// for all else the least parts of the rules by their text.
type factSet struct {
	paths  map[string][]string
	others map[string]rule.Rule
}

// sameRules says whether two profiles have the same rules in some order, which
// is the most frequent case and needs no comparison of paths.
func sameRules(a, b *ir.Profile) bool {
	if len(a.Rules) != len(b.Rules) {
		return false
	}
	count := make(map[any]int, len(a.Rules))
	for _, r := range a.Rules {
		count[identity(r.Rule)]++
	}
	for _, r := range b.Rules {
		key := identity(r.Rule)
		if count[key] == 0 {
			return false
		}
		count[key]--
	}
	return true
}

// identity returns a value that equal rules share.
func identity(r rule.Rule) any {
	type fileRule struct {
		rule.Qualifiers
		rule.File
	}
	if f, ok := r.Body.(rule.File); ok {
		return fileRule{r.Qualifiers, f}
	}
	return r.String()
}

// facts takes a profile's rules apart.
func facts(p *ir.Profile) factSet {
	f := factSet{map[string][]string{}, map[string]rule.Rule{}}
	f.rules(p.Rules)
	return f
}

// rules notes the facts of rules.
func (f factSet) rules(rules []ir.Rule) {
	for _, r := range rules {
		if read(r) {
			f.rules(r.Included)
			continue
		}
		if b, ok := r.Body.(rule.File); ok {
			f.file(r, b)
			continue
		}
		for _, part := range parts(r.Rule) {
			f.others[part.String()] = part
		}
	}
}

// read says whether a rule is an include whose rules are known. One may have
// none, for its file has none, or was included before in the same body.
func read(r ir.Rule) bool {
	i, ok := r.Body.(rule.Include)
	return ok && !i.IfExists && !r.Unread && r.Included != nil
}

// parts takes a rule that is not about files apart, into rules of one word
// each where it has lists of them.
func parts(r rule.Rule) []rule.Rule {
	var out []rule.Rule
	add := func(b rule.Body) { out = append(out, rule.Rule{Qualifiers: r.Qualifiers, Body: b}) }
	switch b := r.Body.(type) {
	case rule.Capability:
		for _, name := range b.Names {
			add(rule.Capability{Names: []string{name}})
		}
	case rule.Signal:
		for _, access := range or(b.Access, "send", "receive") {
			for _, name := range or(b.Set, "") {
				one := rule.Signal{Access: []string{access}, Peer: b.Peer}
				if name != "" {
					one.Set = []string{name}
				}
				add(one)
			}
		}
	case rule.Ptrace:
		for _, access := range or(b.Access, "trace", "read", "tracedby", "readby") {
			add(rule.Ptrace{Access: []string{access}, Peer: b.Peer})
		}
	}
	if out == nil {
		out = append(out, r.Normal())
	}
	return out
}

// or returns the words, or where there are none what that means.
func or(words []string, all ...string) []string {
	if len(words) == 0 {
		return all
	}
	return words
}

// within says whether one part of a rule is all of another: what part leaves
// open, any value will do for.
func within(part, open rule.Rule) bool {
	if part.Qualifiers != open.Qualifiers || part.Kind() != open.Kind() {
		return false
	}
	switch a := part.Body.(type) {
	case rule.Capability:
		return len(open.Body.(rule.Capability).Names) == 0
	case rule.Signal:
		b := open.Body.(rule.Signal)
		return a.Access[0] == b.Access[0] && (len(b.Set) == 0 || slices.Equal(a.Set, b.Set)) && (b.Peer == "" || a.Peer == b.Peer)
	case rule.Ptrace:
		b := open.Body.(rule.Ptrace)
		return a.Access[0] == b.Access[0] && (b.Peer == "" || a.Peer == b.Peer)
	case rule.Network:
		bare := rule.Rule{Qualifiers: part.Qualifiers, Body: rule.Network{Family: a.Family, Type: a.Type, Protocol: a.Protocol}}
		text := open.String()
		return bare.String() == part.String() &&
			(text == open.Qualifiers.String()+"network," || text == open.Qualifiers.String()+"network "+a.Family+",")
	}
	return false
}

// file notes the facts of a file rule. An exact path with a transition wins
// over patterns, so transitions count by their text; so do links to certain files
// and rules with a priority, which rank all others.
func (f factSet) file(r ir.Rule, b rule.File) {
	if b.Path == "" || r.Priority != 0 || r.Action == rule.Prompt {
		f.other(r.Rule)
		return
	}
	access := b.Grants()
	if b.LinkTarget() != "" {
		f.other(rule.Rule{Qualifiers: r.Qualifiers, Body: rule.File{Path: b.Path, Access: rule.LinkTo, Target: b.Target}})
		access &^= rule.LinkTo
	}
	for _, w := range access.Words() {
		q := r.Qualifiers
		q.Audit = q.Audit && b.Records()&rule.AccessWord(w) != 0
		f.fact(q, w, b.Path)
	}
	switch b.Exec {
	case "":
	case "x":
		f.fact(r.Qualifiers, "execute", b.Path)
	default:
		bare := rule.File{Path: b.Path, Exec: b.Exec, Target: b.Target}
		f.other(rule.Rule{Qualifiers: r.Qualifiers, Body: bare})
	}
}

func (f factSet) other(r rule.Rule) { f.others[r.Normal().String()] = r }

// fact notes one permission on one path. What everybody may, the owner may.
func (f factSet) fact(q rule.Qualifiers, what, path string) {
	if q.Action == rule.Deny {
		what = "deny " + what
	}
	whats := []string{what}
	if q.Audit {
		whats = append(whats, "audit "+what)
	}
	for _, w := range whats {
		if !q.Other {
			owned := w + " for the owner"
			f.paths[owned] = append(f.paths[owned], path)
		}
		if !q.Owner {
			f.paths[w] = append(f.paths[w], path)
		}
	}
}

func keys(a, b map[string][]string) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, both := a[k]; !both {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// others compares rules that are not about files.
func others(a, b map[string]rule.Rule) []Difference {
	out := append(lacking(a, b, false), lacking(b, a, true)...)
	slices.SortFunc(out, byText)
	return out
}

func byText(a, b Difference) int { return strings.Compare(a.String(), b.String()) }

// lacking returns the parts of rules that only has has.
func lacking(has, lacks map[string]rule.Rule, gained bool) []Difference {
	var out []Difference
	for text, part := range has {
		if _, both := lacks[text]; both {
			continue
		}
		if !withinAny(part, lacks) {
			out = append(out, Difference{gained, "rule", text})
		}
	}
	return out
}

func withinAny(part rule.Rule, rules map[string]rule.Rule) bool {
	for _, open := range rules {
		if within(part, open) {
			return true
		}
	}
	return false
}
