// Package lint finds what in a module is too broad or an escape from its
// profile. rules.go holds the one list of rules, and each rule has a file of
// its own with its documentation and its examples.
//
// It may import the leaves of lang and compiler/ir.
package lint

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/rule"
)

// Rule is one thing that lint looks for.
type Rule struct {
	Name     string // in kebab case; the code of its findings
	Severity diag.Severity
	Summary  string // what a finding says
	Why      string // why it is a fault
	Instead  string // what to write
	InText   string // what to write in profile text
	Bad      string // body of a service that has the fault
	Good     string // the same without it

	check func(m *ir.Module, p *ir.Profile, report reporter)
}

// reporter takes a finding: the rule at fault, what is wrong with it, and
// other rules that it is about.
type reporter func(r ir.Rule, detail string, related ...ir.Rule)

// Options says what counts.
type Options struct {
	Severity map[string]policy.Word // by rule: "off", "note", "warning", "error"
	Today    string                 // YYYY-MM-DD, against which ignores expire
}

// Module returns the findings in m that no ignore accepts. What a profile text
// includes, its profiles too, is not looked at: it is not the text's to change.
func Module(m *ir.Module, opts Options) diag.List {
	var out diag.List
	for _, rule := range Rules {
		severity, on := rule.severity(opts)
		if !on {
			continue
		}
		for _, p := range m.Profiles() {
			if m.Text && p.Origin.Range.File != m.Profile.Origin.Range.File {
				continue
			}
			rule.check(m, p, func(r ir.Rule, detail string, related ...ir.Rule) {
				if !slices.ContainsFunc(m.Ignores, func(i ir.Ignore) bool { return i.Accepts(rule.Name, r.About(), r.Origins, opts.Today) }) {
					out = append(out, finding(rule, severity, m, p, r, detail, related))
				}
			})
		}
	}
	return out
}

func (r *Rule) severity(opts Options) (diag.Severity, bool) {
	switch opts.Severity[r.Name].Text {
	case "off":
		return 0, false
	case "note":
		return diag.Note, true
	case "warning":
		return diag.Warning, true
	case "error":
		return diag.Error, true
	}
	return r.Severity, true
}

func finding(rule *Rule, severity diag.Severity, m *ir.Module, p *ir.Profile, r ir.Rule, detail string, related []ir.Rule) diag.Diagnostic {
	o, instead := r.Origins[0], rule.Instead
	if m.Text {
		instead = rule.InText
	}
	d := diag.Diagnostic{
		Severity: severity, Code: rule.Name, Summary: rule.Summary, Subject: o.Subject(),
		Detail: "`" + r.String() + "` in profile " + m.FullName(p) + ": " + detail + " " + instead,
	}
	d.Related = append(d.Related, chain(o)...)
	for _, other := range related {
		d.Related = append(d.Related, diag.Related{Range: other.Origins[0].Range, Message: other.String()})
	}
	return d
}

// chain names where in its modules a rule stands.
func chain(o ir.Origin) []diag.Related {
	var out []diag.Related
	for _, u := range o.Via {
		out = append(out, diag.Related{Range: u.Range, Message: "through module " + u.Module})
	}
	if len(out) > 0 {
		out = append(out, diag.Related{Range: o.Range, Message: "where the module says so"})
	}
	return out
}

// allowedFiles calls f for each file rule of p that allows something.
func allowedFiles(p *ir.Profile, f func(ir.Rule, rule.File)) {
	for _, r := range p.Rules {
		if file, ok := r.Body.(rule.File); ok && r.Action != rule.Deny {
			f(r, file)
		}
	}
}
