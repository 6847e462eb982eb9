// Package lint finds what in a module is too broad, an escape from its profile,
// dead or wrong, or a bad habit. rules.go holds the one list of rules, and each
// rule has a file of its own with its documentation and its examples.
//
// To add a rule: write a file with a variable of type *Rule, all of whose texts
// are filled in, and one of check, checkText and checkPolicy; put it into the
// list of its group in rules.go, and give it a row in SPEC.md, "Lint rules". A
// check asks its context and reports through it; it decides by what rules grant
// and not by how they are spelled. TestLintExamples of package compiler runs
// the examples: Bad and Good as policies, BadText and GoodText as profile
// texts; a rule needs one pair at least. A fix that is offered must change
// nothing but what the finding is about, since `apc lint --fix` makes it without
// asking.
//
// It may import lang and compiler/ir.
package lint

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
)

// Group says what kind of fault a rule looks for.
type Group string

// The groups, in the order in which rules are listed.
const (
	Breadth Group = "breadth" // more is granted than is needed
	Escape  Group = "escape"  // a way out of the profile, or to more power
	Dead    Group = "dead"    // what has no effect, or another than it seems
	Habit   Group = "habit"   // what makes profiles hard to live with
)

// Rule is one thing that lint looks for.
type Rule struct {
	Name     string // in kebab case; the code of its findings
	Group    Group
	Severity diag.Severity
	Summary  string // what a finding says
	Why      string // why it is a fault
	Instead  string // what to write
	InText   string // what to write in profile text

	// Bad has the fault, Good is the same without it: the body of a service, or
	// a whole policy where a service or container stands in it. Empty for a rule
	// that speaks about profile text alone.
	Bad, Good string
	// BadText and GoodText are the same in profile text: the body of a profile,
	// or a whole file where a profile stands in it. Empty for a rule that speaks
	// about policies alone, or in the same way about both.
	BadText, GoodText string

	check       func(c *context) // looks at one profile, child or hat
	checkText   func(c *context) // looks at the file of a profile text as a whole
	checkPolicy func(c *context) // looks at the policies of one folder as a whole
}

// Options says what counts.
type Options struct {
	Severity map[string]policy.Word // by rule: "off", "note", "warning", "error"
	Only     []string               // rules to run; none for all
	Today    string                 // YYYY-MM-DD, against which ignores expire
}

// severity returns how much the findings of a rule weigh; on is false where
// the rule is off.
func (o Options) severity(r *Rule) (s diag.Severity, on bool) {
	if len(o.Only) > 0 && !slices.Contains(o.Only, r.Name) {
		return 0, false
	}
	switch o.Severity[r.Name].Text {
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

// Subject is what is looked at: a module of a policy or of a profile text.
type Subject struct {
	// Module holds the rules as the target can hold them, before any pass. Its
	// includes are read where Module.Base is set.
	Module *ir.Module
	// Asked is the module before it was fitted to the target, nil for a text.
	Asked   *ir.Module
	Target  *feature.Target // nil for a text
	Policy  *policy.Policy  // nil for a text
	Service *policy.Service // nil for a text
	Text    *profile.Policy // nil for a policy
	Sources diag.Sources    // what fixes edit, by the names in ranges
}

// Result is what a check found.
type Result struct {
	Findings diag.List // those that no ignore accepts
	Ignores  []Ignore  // those that stand in the subject
	context  *context  // to report ignores that accepted nothing
}

// Ignore is an ignore, and whether it accepted anything.
type Ignore struct {
	ir.Ignore
	Used bool
}

// Module looks at the profiles of a module. What a profile text includes, its
// profiles too, is not looked at: it is not the text's to change.
func Module(s Subject, run *Run, opts Options) Result {
	c := newContext(s, run, opts)
	for _, p := range s.Module.Profiles() {
		if s.Module.Text && p.Origin.Range.File != s.Module.Profile.Origin.Range.File {
			continue
		}
		c.profile = p
		c.runAll(func(r *Rule) func(*context) { return r.check })
	}
	return c.result
}

// Text looks at a profile text as a whole. Its modules are those of the
// profiles that stand in it.
func Text(p *profile.Policy, modules []*ir.Module, sources diag.Sources, run *Run, opts Options) Result {
	s := Subject{Text: p, Sources: sources, Module: &ir.Module{Text: true, File: p.File.Name}}
	if len(modules) > 0 {
		s.Module = modules[0]
	}
	c := newContext(s, run, opts)
	c.modules = modules
	c.runAll(func(r *Rule) func(*context) { return r.checkText })
	return c.result
}

// Policy looks at the policies of one folder as a whole. Its modules are those of
// its services, as the policies ask for them.
func Policy(p *policy.Policy, modules []*ir.Module, run *Run, opts Options) Result {
	c := newContext(Subject{Policy: p, Sources: p.Sources, Module: &ir.Module{}}, run, opts)
	c.modules = modules
	c.runAll(func(r *Rule) func(*context) { return r.checkPolicy })
	return c.result
}

// runAll runs the checks of one kind that are not off.
func (c *context) runAll(kind func(*Rule) func(*context)) {
	for _, rule := range Rules {
		if check := kind(rule); check != nil {
			var on bool
			c.rule = rule
			if c.severity, on = c.opts.severity(rule); on {
				check(c)
			}
		}
	}
}

// accepted says whether an ignore accepts a finding of the rule at hand about
// a path or text, and notes which do.
func (c *context) accepted(about string, origins []ir.Origin) bool {
	found := false
	for i := range c.result.Ignores {
		if ignore := &c.result.Ignores[i]; ignore.Accepts(c.rule.Name, about, origins, c.opts.Today) {
			ignore.Used, found = true, true
		}
	}
	return found
}

// Find returns the rule of a name, nil where there is none.
func Find(name string) *Rule {
	if i := slices.IndexFunc(Rules, func(r *Rule) bool { return r.Name == name }); i >= 0 {
		return Rules[i]
	}
	return nil
}
