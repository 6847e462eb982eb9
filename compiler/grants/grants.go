// Package grants answers what a profile lets a program do with a path, and
// which rules decide it.
//
// It may import lang/glob, lang/rule and compiler/ir.
package grants

import (
	"slices"
	"strings"

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
	Near      []ir.Rule // rules on the path that grant something else
	// Unknown lists rules that could not be looked into: includes of a module
	// whose includes were not read, variables without a value.
	Unknown []string
}

// Ask decides a request for a path, as the kernel does: a deny wins over every
// allow, and allows add up. For a directory the path ends in "/".
func Ask(m *ir.Module, p *ir.Profile, path string, want Access) Answer {
	q := &question{path: path, want: want, module: m}
	q.rules(p.Rules)
	return q.answer()
}

// question is the state while one request is decided.
type question struct {
	module         *ir.Module
	path           string
	want           Access
	all, owner     Access // what rules for all, and for the owner, grant
	denied         Access
	deniedForOwner Access
	result         Answer
}

func (q *question) rules(rules []ir.Rule) {
	for _, r := range rules {
		switch b := r.Body.(type) {
		case rule.Include:
			if q.rules(r.Included); q.module.Base == "" && !b.IfExists {
				q.result.Unknown = append(q.result.Unknown, r.String())
			}
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
func granted(f rule.File) Access {
	a := Access{f.Access, f.Exec != ""}
	if f.Path == "" {
		return Access{^rule.Access(0), true}
	}
	if a.Permissions&rule.Write != 0 {
		a.Permissions |= rule.Append
	}
	if f.Exec != "" && strings.HasSuffix(strings.ToLower(string(f.Exec)), "ix") {
		a.Permissions |= rule.MapExec
	}
	return a
}

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
	common := q.want.and(a)
	switch {
	case common.empty():
		q.result.Near = append(q.result.Near, r)
	case r.Action == rule.Deny:
		q.result.Deny = append(q.result.Deny, r)
		q.deniedForOwner = q.deniedForOwner.plus(common)
		if !r.Owner {
			q.denied = q.denied.plus(common)
		}
	default:
		q.result.Allow = append(q.result.Allow, r)
		q.owner = q.owner.plus(common)
		if !r.Owner {
			q.all = q.all.plus(common)
		}
	}
}

func (q *question) answer() Answer {
	a := q.result
	forAll := q.want.minus(q.all.minus(q.denied))
	forOwner := q.want.minus(q.owner.minus(q.deniedForOwner))
	a.Allowed = forAll.empty() || forOwner.empty()
	a.OwnerOnly = a.Allowed && !forAll.empty()
	a.Missing = forOwner.minus(q.denied)
	slices.Sort(a.Unknown)
	a.Unknown = slices.Compact(a.Unknown)
	return a
}
