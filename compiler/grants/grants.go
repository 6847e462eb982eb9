// Package grants answers what a profile lets a program do with a path, and
// which rules decide it.
//
// It may import lang/glob, lang/rule and compiler/ir.
package grants

import (
	"maps"
	"slices"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// Access is what is asked for: permissions, and execution.
type Access struct {
	Permissions rule.Access
	Exec        bool
}

// ParseAccess reads letters of permissions, as in "rw" or "x"; ok is false for
// any other letter.
func ParseAccess(letters string) (a Access, ok bool) {
	for i := range len(letters) {
		if letters[i] == 'x' {
			a.Exec = true
			continue
		}
		bit := rule.AccessLetter(letters[i])
		if bit == 0 {
			return Access{}, false
		}
		a.Permissions |= bit
	}
	return a, letters != ""
}

// String returns the letters.
func (a Access) String() string {
	if a.Exec {
		return a.Permissions.String() + "x"
	}
	return a.Permissions.String()
}

func (a Access) empty() bool { return a.Permissions == 0 && !a.Exec }

func (a Access) minus(b Access) Access {
	return Access{a.Permissions &^ b.Permissions, a.Exec && !b.Exec}
}

func (a Access) and(b Access) Access {
	return Access{a.Permissions & b.Permissions, a.Exec && b.Exec}
}

func (a Access) plus(b Access) Access {
	return Access{a.Permissions | b.Permissions, a.Exec || b.Exec}
}

// Answer says what a profile does with a request.
type Answer struct {
	Allowed   bool
	OwnerOnly bool      // allowed only where the subject owns the file
	Missing   Access    // what no rule grants
	Allow     []ir.Rule // rules that grant some of it
	Deny      []ir.Rule // rules that deny some of it
	Overruled []ir.Rule // rules about it that decide nothing, for rules of a higher priority
	Near      []ir.Rule // rules on the path that grant something else
	// Unknown lists rules that could not be looked into: includes that were not
	// read, variables without a value.
	Unknown []string
}

// Ask decides a request for a path, as the kernel does: of the rules about a
// permission those with the highest priority decide (from parser 4.1 on), among
// them a deny wins over every allow, and allows add up. For a directory the path
// ends in "/".
func Ask(m *ir.Module, p *ir.Profile, path string, want Access) Answer {
	q := &question{path: path, want: want, module: m}
	q.rules(p.Rules)
	q.result.Unknown = append(q.result.Unknown, Unread(m, p.Rules)...)
	return q.answer()
}

// Unread returns the includes among rules, and in what they include, that
// should have brought rules and were not read.
func Unread(m *ir.Module, rules []ir.Rule) (out []string) {
	for _, r := range rules {
		if b, ok := r.Body.(rule.Include); ok && (r.Unread || m.Base == "" && !b.IfExists) {
			out = append(out, r.String())
		}
		out = append(out, Unread(m, r.Included)...)
	}
	return out
}

// question is the state while one request is decided.
type question struct {
	module *ir.Module
	path   string
	want   Access
	about  []match
	result Answer
}

// match is a rule on the path with what it says about the request.
type match struct {
	rule   ir.Rule
	access Access
}

func (q *question) rules(rules []ir.Rule) {
	for _, r := range rules {
		switch b := r.Body.(type) {
		case rule.Include:
			q.rules(r.Included)
		case rule.All:
			q.match(r, Access{^rule.Access(0), true})
		case rule.File:
			if b.Path == "" || q.matches(r, b.Path) {
				q.match(r, granted(b))
			}
		case rule.Link:
			if q.matches(r, b.Path) {
				q.match(r, Access{Permissions: rule.LinkTo})
			}
		}
	}
}

// granted is what a file rule is about; "file," is about everything.
func granted(f rule.File) Access { return Access{f.Grants(), f.Exec != "" || f.Path == ""} }

func (q *question) matches(r ir.Rule, pattern string) bool {
	g, err := glob.Parse(pattern)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(q.module.Values)
	}
	if err != nil {
		q.result.Unknown = append(q.result.Unknown, r.String()+": "+err.Error())
		return false
	}
	return g.Match(q.path)
}

// match notes a rule that matches the path and is about the given access.
func (q *question) match(r ir.Rule, a Access) {
	if common := q.want.and(a); common.empty() {
		q.result.Near = append(q.result.Near, r)
	} else {
		q.about = append(q.about, match{r, common})
	}
}

func (q *question) answer() Answer {
	decides := make([]bool, len(q.about))
	all, denied := q.decide(false, decides)
	owner, _ := q.decide(true, decides)
	a := q.result
	for i, m := range q.about {
		switch {
		case !decides[i]:
			a.Overruled = append(a.Overruled, m.rule)
		case m.rule.Action == rule.Deny:
			a.Deny = append(a.Deny, m.rule)
		default:
			a.Allow = append(a.Allow, m.rule)
		}
	}
	a.Allowed = all == q.want || owner == q.want
	a.OwnerOnly = a.Allowed && all != q.want
	a.Missing = q.want.minus(all.plus(owner).plus(denied))
	a.Unknown = slices.Compact(a.Unknown)
	return a
}

// decide returns what the rules grant and deny to the owner of the file, or to
// all others, and notes the rules that decide something.
func (q *question) decide(owner bool, decides []bool) (granted, denied Access) {
	levels := map[int][]int{}
	for i, m := range q.about {
		if owner || !m.rule.Owner {
			levels[m.rule.Priority] = append(levels[m.rule.Priority], i)
		}
	}
	for _, level := range slices.Backward(slices.Sorted(maps.Keys(levels))) {
		var allow, deny Access
		open := q.want.minus(granted.plus(denied))
		for _, i := range levels[level] {
			m := q.about[i]
			here := m.access.and(open)
			decides[i] = decides[i] || !here.empty()
			if m.rule.Action == rule.Deny {
				deny = deny.plus(here)
			} else {
				allow = allow.plus(here)
			}
		}
		granted = granted.plus(allow.minus(deny))
		denied = denied.plus(deny)
	}
	return granted, denied
}
