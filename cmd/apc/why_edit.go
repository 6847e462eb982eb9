package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"apc/compiler"
	"apc/compiler/fit"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/compiler/propose"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

// edit makes edits of the policy file that a range is in.
func (q *question) edit(at diag.Range, f func(*propose.Editor) ([]diag.Edit, error)) ([]diag.Edit, error) {
	if _, err := os.Stat(at.File); err != nil {
		return nil, errors.New("it stands in a module of apc itself")
	}
	e, err := propose.NewEditor(at.File, q.loaded.sources[at.File])
	if err != nil {
		return nil, err
	}
	return f(e)
}

// diff shows edits of a file as the lines that change.
func (q *question) diff(what, file string, edits []diag.Edit) {
	before := q.loaded.sources[file]
	after := propose.Apply(before, edits)
	q.print("  %s, edit %s:%d:\n", what, file, edits[0].Range.Start.Line)
	for line := range strings.Lines(lineDiff(string(before), string(after))) {
		q.print("    %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// show shows a statement as an edit of the body at a range, or by itself where
// there can be none. It returns false where it would be a change of something
// that the policy computes.
func (q *question) show(what string, body diag.Range, s propose.Statement, instead *propose.Statement) {
	edits, err := q.edit(body, func(e *propose.Editor) ([]diag.Edit, error) {
		edits, err := e.Add(body, s)
		if errors.Is(err, propose.ErrExpr) && instead != nil {
			return e.Add(body, *instead)
		}
		return edits, err
	})
	if err == nil {
		q.diff(what, body.File, edits)
		return
	}
	text := s.HCL()
	if errors.Is(err, propose.ErrNotHCL) {
		text = s.JSON()
	}
	q.print("  %s, add to the body at %s (%s):\n", what, body, err)
	for line := range strings.Lines(text) {
		q.print("    %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// choice is a statement that was tried: it is accepted, and the access is
// allowed with it.
type choice struct {
	propose.Statement
	rules  []ir.Rule
	losses []fit.Loss
}

// choices shows the edit for the best statement, and the others in short.
func (q *question) choices() {
	var good []choice
	var refused []string
	for _, s := range propose.Choices(q.want, q.finding.Missing) {
		c, problem := q.try(s)
		if problem == "" {
			good = append(good, c)
		} else if len(refused) == 0 || refused[0] != problem {
			refused = append(refused, problem)
		}
	}
	if len(good) == 0 {
		for _, problem := range refused {
			q.print("  no statement of a policy allows it: %s\n", problem)
		}
		return
	}
	var instead *propose.Statement
	for _, c := range good {
		if c.Attribute == "" && instead == nil {
			instead = &c.Statement
		}
	}
	q.show("to allow it", q.profile.Origin.Range, good[0].Statement, instead)
	q.grants(good[0])
	for _, c := range good[1:] {
		q.print("  or, %s: %s\n", c.When, strings.Join(strings.Fields(c.HCL()), " "))
		q.grants(c)
	}
	if len(q.profile.Origin.Via) > 0 {
		q.print("  the body stands in a module: the edit holds wherever that is used\n")
	}
}

// grants tells what a statement gives, and what of it was not asked for.
func (q *question) grants(c choice) {
	for _, r := range c.rules {
		q.print("    grants `%s`\n", r.Rule.String())
	}
	for _, l := range c.losses {
		q.print("    on %s: %s\n", q.out.Target.Name, l.Instead)
	}
	q.also(c.rules)
	if c.Block == "run" {
		q.print("    what else it allows: %s\n", runAlso(c.Fields[0].Value))
	}
}

func runAlso(as any) string {
	switch as {
	case "inherit":
		return "the program does whatever this profile grants"
	case "child":
		return "what the block says, and abstractions/base"
	}
	return "whatever the profile of the program grants"
}

func (q *question) also(rules []ir.Rule) {
	if more := propose.Also(rules, q.want, propose.ProcessValues(q.module.Values)); len(more) > 0 {
		q.print("    what else it allows: %s\n", strings.Join(more, "; "))
	}
}

// try compiles a statement alone, as the service's body would have it, and
// asks again with the rules that come out. The problem is "" where rules that
// allow are all that was missing; a deny is dealt with by itself.
func (q *question) try(s propose.Statement) (choice, string) {
	c, f, problem := q.attempt(s)
	switch {
	case problem != "":
		return c, problem
	case f.Verdict == propose.Allowed, f.Verdict == propose.Transition:
		return c, ""
	case f.Verdict == propose.Denied && len(q.finding.Deny) > 0 && f.Missing == (grants.Access{}):
		return c, ""
	}
	for _, l := range c.losses {
		return c, fmt.Sprintf("%s cannot hold `%s` [loss-%s]", q.out.Target.Name, l.Rule, l.Feature)
	}
	return c, "`" + strings.Join(strings.Fields(s.HCL()), " ") + "` would not"
}

// attempt returns what the profile would say with a statement in it.
func (q *question) attempt(s propose.Statement) (choice, propose.Finding, string) {
	c := choice{Statement: s}
	rules, children, losses, problem := compileStatement(s, q.out.Service, q.out.Target)
	if problem != "" {
		return c, propose.Finding{}, problem
	}
	c.rules, c.losses = rules, losses
	p, m, top := *q.profile, *q.module, *q.module.Profile
	p.Rules = append(slices.Clone(p.Rules), rules...)
	top.Children = append(slices.Clone(top.Children), children...)
	m.Profile, m.Values = &top, propose.ProcessValues(m.Values)
	return c, propose.Decide(&m, &p, q.want), ""
}

// compileStatement compiles a service that has one statement.
func compileStatement(s propose.Statement, like *policy.Service, t *feature.Target) (rules []ir.Rule, children []*ir.Profile, losses []fit.Loss, problem string) {
	kind, more := "service", ""
	if like.Container {
		kind = "container"
	} else {
		more = "attachment = \"none\"\n"
	}
	text := fmt.Sprintf("%s %q {\n%sbase = false\nno_new_privileges = %t\ndynamic_user = %t\n%s\n}\n", kind, like.Name, more, like.NoNewPrivileges, like.DynamicUser, s.HCL())
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("proposal.hcl", text)
	if !diags.HasErrors() && len(p.Services) == 1 {
		out := compiler.Compile(p, p.Services[0], t, compiler.Options{})
		diags = append(diags, out.Diags...)
		if out.Module != nil && !diags.HasErrors() {
			for _, r := range out.Module.Profile.Rules {
				if r.Origins[0].Intent != lower.Always {
					rules = append(rules, r)
				}
			}
			return rules, out.Module.Profile.Children, out.Losses, ""
		}
	}
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, nil, nil, d.Summary + ". " + d.Detail
		}
	}
	return nil, nil, nil, "the statement is not accepted"
}

// precise is a target that holds whatever a policy can say.
const precise = "apparmor-5.0"

// coarse tells that the policy does ask for the access, and that its target
// cannot hold the rule.
func (q *question) coarse() bool {
	t, err := feature.Lookup(precise)
	if err != nil || t == q.out.Target {
		return false
	}
	o := compiler.Compile(q.out.Policy, q.out.Service, t, compiler.Options{Today: q.today})
	if o.Module == nil {
		return false
	}
	for _, p := range o.Module.Profiles() {
		if o.Module.FullName(p) != q.module.FullName(q.profile) {
			continue
		}
		m := *o.Module
		m.Base, m.Values = q.module.Base, q.module.Values
		f := propose.Decide(&m, p, q.want)
		if f.Verdict != propose.Allowed {
			return false
		}
		q.print("  the policy asks for it, and the target %s is too coarse to hold it:\n", q.out.Target.Name)
		q.rules("asked for by", f.Allow)
		for _, l := range q.out.Losses {
			if l.Kept == "" && l.Origins[0].Range == f.Allow[0].Origins[0].Range {
				q.print("  on %s %s [loss-%s]\n", q.out.Target.Name, l.Instead, l.Feature)
			}
		}
		q.print("  compile the policy for what the machine runs: `--target`, or `targets` in the settings\n")
		return true
	}
	return false
}
