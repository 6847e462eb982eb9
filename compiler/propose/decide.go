package propose

import (
	"slices"
	"strconv"
	"strings"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/audit"
	"apc/lang/rule"
)

// Verdict is what a profile says to what an event asks for.
type Verdict string

// The verdicts. Where several hold the first of this order is given.
const (
	Unanswerable Verdict = "unanswerable" // no rule can answer it; see Want.Problem
	NeedsFlag    Verdict = "needs-flag"   // no rule is looked up without a profile flag
	Denied       Verdict = "denied"       // a deny wins
	Missing      Verdict = "missing"      // no rule grants it
	OwnerOnly    Verdict = "owner-only"   // granted to the owner of the file, and the subject is not
	Transition   Verdict = "transition"   // a rule grants the exec, but its transition fails
	Allowed      Verdict = "allowed"
)

// Finding is the answer of one profile.
type Finding struct {
	Verdict Verdict
	Missing grants.Access // of a file, what no rule grants
	Deny    []ir.Rule     // rules that deny some of it
	Allow   []ir.Rule     // rules that grant some of it
	Near    []ir.Rule     // rules about the same path that grant something else
	Unknown []string      // rules that could not be looked into
}

// Decide holds what an event wants against a profile of m. Info is the
// record's own word on why an exec failed.
func Decide(m *ir.Module, p *ir.Profile, w Want) Finding {
	var f Finding
	switch {
	case w.Problem != "":
		f.Verdict = Unanswerable
		return f
	case w.Flag != "" && !hasFlag(p, w.Flag):
		f.Verdict = NeedsFlag
		return f
	case w.Kind == audit.KindChangeHat:
		f.Verdict = hatVerdict(m, w.Name)
		return f
	case w.File():
		return decideFile(m, p, w)
	case w.Body == nil:
		f.Verdict = Allowed
		return f
	}
	return decideBody(m, p, w)
}

func hasFlag(p *ir.Profile, flag string) bool {
	for _, f := range p.Flags {
		if f == flag || strings.HasPrefix(f, flag+".path=") {
			return true
		}
	}
	return false
}

func hatVerdict(m *ir.Module, name string) Verdict {
	for _, c := range m.Profile.Children {
		if c.Hat && c.Name == name {
			return Allowed
		}
	}
	return Missing
}

// single parts an access into its bits, so that each gets its own answer.
func single(a grants.Access) (out []grants.Access) {
	for bit := rule.MapExec; bit <= rule.Lock; bit <<= 1 {
		if a.Permissions&bit != 0 {
			out = append(out, grants.Access{Permissions: bit})
		}
	}
	if a.Exec {
		out = append(out, grants.Access{Exec: true})
	}
	return out
}

func decideFile(m *ir.Module, p *ir.Profile, w Want) Finding {
	var f Finding
	owner := false
	p = narrowed(m, p, w.Path)
	for _, bit := range single(w.Access) {
		a := grants.Ask(m, p, w.Path, bit)
		denied := deniesFor(a.Deny, w)
		f.Deny = addRules(f.Deny, denied)
		f.Allow = addRules(f.Allow, a.Allow)
		f.Near = addRules(f.Near, a.Near)
		f.Unknown = addTexts(f.Unknown, a.Unknown)
		if len(a.Allow) == 0 && !slices.ContainsFunc(a.Overruled, allows) {
			f.Missing.Permissions |= bit.Permissions
			f.Missing.Exec = f.Missing.Exec || bit.Exec
		} else if a.OwnerOnly && !w.Owner {
			owner = true
		}
	}
	switch {
	case len(f.Deny) > 0:
		f.Verdict = Denied
	case f.Missing != grants.Access{}:
		f.Verdict = Missing
	case owner:
		f.Verdict = OwnerOnly
	case w.Access.Exec:
		f.Verdict = Transition
	default:
		f.Verdict = Allowed
	}
	f.Near = notIn(f.Near, append(append([]ir.Rule{}, f.Allow...), f.Deny...))
	return f
}

func allows(r ir.Rule) bool { return r.Action != rule.Deny }

// deniesFor leaves out rules that deny the owner alone, for others.
func deniesFor(rules []ir.Rule, w Want) (out []ir.Rule) {
	for _, r := range rules {
		if r.Owner && w.Foreign || r.Other && w.Owner {
			continue
		}
		out = append(out, r)
	}
	return out
}

func decideBody(m *ir.Module, p *ir.Profile, w Want) Finding {
	f := Finding{Verdict: Allowed, Unknown: grants.Unread(m, p.Rules)}
	missing := false
	for _, want := range accesses(w.Body) {
		about, near := rulesAbout(matcher{m.Values}, p.Rules, want)
		f.Near = addRules(f.Near, near)
		granted := false
		for _, r := range about {
			if r.Action == rule.Deny || r.Kind() == rule.KindRlimit {
				f.Deny = addRules(f.Deny, []ir.Rule{r})
				continue
			}
			granted = true
			f.Allow = addRules(f.Allow, []ir.Rule{r})
		}
		missing = missing || !granted
	}
	switch {
	case len(f.Deny) > 0:
		f.Verdict = Denied
	case missing && w.Kind != audit.KindRlimit:
		f.Verdict = Missing
	}
	return f
}

// rulesAbout returns the rules that decide what is wanted, which are those of
// the highest priority, and those of its kind that do not match.
func rulesAbout(match matcher, rules []ir.Rule, want rule.Body) (about, near []ir.Rule) {
	walk(rules, func(r ir.Rule) {
		switch {
		case !match.rule(r.Body, want) && !rlimitInTheWay(r, want):
			if r.Action != rule.Deny && r.Kind() == want.Kind() {
				near = append(near, r)
			}
		case len(about) > 0 && r.Priority < about[0].Priority:
		case len(about) > 0 && r.Priority > about[0].Priority:
			about = []ir.Rule{r}
		default:
			about = append(about, r)
		}
	})
	return about, near
}

// rlimitInTheWay says whether a rule limits what is asked for: limits that no
// rule sets are not mediated (security/apparmor/resource.c).
func rlimitInTheWay(r ir.Rule, want rule.Body) bool {
	limit, ok := r.Body.(rule.Rlimit)
	w, asked := want.(rule.Rlimit)
	return ok && asked && limit.Name == w.Name && !reachesLimit(limit.Value, w.Value)
}

// reachesLimit says whether a limit is as high as what is asked for. One with a
// unit is taken for lower, unless it is the same text.
func reachesLimit(limit, asked string) bool {
	if limit == "infinity" || limit == asked {
		return true
	}
	have, err1 := strconv.ParseUint(limit, 10, 64)
	want, err2 := strconv.ParseUint(asked, 10, 64)
	return err1 == nil && err2 == nil && have >= want
}

// walk visits rules, and below an include those of its files.
func walk(rules []ir.Rule, visit func(ir.Rule)) {
	for _, r := range rules {
		if _, ok := r.Body.(rule.Include); ok {
			walk(r.Included, visit)
			continue
		}
		visit(r)
	}
}

func addTexts(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// addRules adds rules that the list does not have: the same text from the same
// place.
func addRules(list, more []ir.Rule) []ir.Rule {
	return append(list, notIn(more, list)...)
}

func notIn(rules, list []ir.Rule) (out []ir.Rule) {
	for _, r := range rules {
		known := false
		for _, have := range list {
			known = known || have.String() == r.String() && have.Origins[0].Range == r.Origins[0].Range
		}
		if !known {
			out = append(out, r)
		}
	}
	return out
}
