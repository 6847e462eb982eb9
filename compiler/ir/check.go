package ir

import (
	"fmt"

	"apc/lang/rule"
)

// Check returns what is wrong with a module as a list of sentences; it is
// empty for a sound one. It runs after every stage, so that a fault is found
// in the pass that made it.
func Check(m *Module) []string {
	var out []string
	names := map[string]bool{}
	for _, p := range m.Profiles() {
		if p.Name == "" {
			out = append(out, "a profile has no name")
		}
		if names[p.Name] {
			out = append(out, "two profiles are called "+p.Name)
		}
		names[p.Name] = true
		if len(p.Children) > 0 && p != m.Profile {
			out = append(out, "profile "+p.Name+" has children below a child")
		}
		for _, r := range p.Rules {
			out = append(out, checkRule(p, r)...)
		}
	}
	return out
}

func checkRule(p *Profile, r Rule) []string {
	if r.Body == nil {
		return []string{"profile " + p.Name + " has a rule without a body"}
	}
	var out []string
	complain := func(format string) { out = append(out, fmt.Sprintf("profile %s: "+format, p.Name)+": "+r.String()) }
	if len(r.Origins) == 0 {
		complain("a rule has no origin")
	}
	for _, o := range r.Origins {
		if o.Intent == "" {
			complain("an origin has no intent")
		}
	}
	kind := r.Kind()
	if r.Owner && kind != rule.KindFile && kind != rule.KindLink {
		complain("owner on a rule that is not about files")
	}
	f, ok := r.Body.(rule.File)
	if !ok {
		return out
	}
	switch {
	case f.Path != "" && f.Access == 0 && f.Exec == "":
		complain("a file rule without permissions")
	case f.Access&rule.Write != 0 && f.Access&rule.Append != 0:
		complain("write and append in one rule")
	case f.Exec == "x" && r.Action != rule.Deny:
		complain("a bare x outside of deny")
	case f.Exec != "" && f.Exec != "x" && r.Action == rule.Deny:
		complain("a kind of transition in deny")
	}
	return out
}
