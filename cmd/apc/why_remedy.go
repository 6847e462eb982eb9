package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"apc/compiler"
	"apc/compiler/fit"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/compiler/optimize"
	"apc/compiler/propose"
	"apc/lang/diag"
	"apc/lang/rule"
)

// remedy is a change of the policy that was tried: it is accepted, and the
// access is allowed with it.
type remedy struct {
	What string `json:"what"`           // "to allow it"
	When string `json:"when,omitempty"` // for what it is the right one
	// Statements are what the policy would say in addition, in its syntax.
	Statements []string    `json:"statements,omitempty"`
	Edits      []diag.Edit `json:"edits,omitempty"`
	// NotEdited says why there are no edits: the statements are to be put into
	// the body by hand.
	NotEdited string `json:"notEdited,omitempty"`
	// Grants and Removes are all rules that the profiles of the policy's folder
	// have more and less with it.
	Grants  []string `json:"grants,omitempty"`
	Removes []string `json:"removes,omitempty"`
	Losses  []string `json:"losses,omitempty"`
	Also    []string `json:"also,omitempty"` // what it allows beside the access
	Notes   []string `json:"notes,omitempty"`

	body diag.Range // that the statements belong to
}

// change is a remedy to be tried.
type change struct {
	what, when string
	steps      []step
	statement  *propose.Statement // that the last step adds
	also       string
	notes      []string
}

// step is a change at places of one file.
type step struct {
	at   []diag.Range
	edit func(e *propose.Editor, at []diag.Range) ([]diag.Edit, error)
}

func addTo(body diag.Range, s propose.Statement) step {
	return step{[]diag.Range{body}, func(e *propose.Editor, at []diag.Range) ([]diag.Edit, error) { return e.Add(at[0], s) }}
}

// add is the change that adds a statement to the profile's body.
func (q *question) add(s propose.Statement) change {
	c := change{what: "to allow it", when: s.When, steps: []step{addTo(q.profile.Origin.Range, s)}, statement: &s}
	if len(q.profile.Origin.Via) > 0 {
		c.notes = []string{"the body stands in a module: the edit holds wherever that is used"}
	}
	return c
}

// choices proposes the statements that grant what is missing.
func (q *question) choices() error {
	refused, err := q.proposeAll(propose.Choices(q.want, q.finding.Missing), nil)
	if err != nil || len(q.Remedies) > 0 {
		return err
	}
	for _, problem := range refused {
		q.say("no statement of a policy allows it: %s", problem)
	}
	return nil
}

// proposeAll proposes statements, each after some steps, and returns why those
// are refused that are.
func (q *question) proposeAll(statements []propose.Statement, first []step) (refused []string, err error) {
	for _, s := range statements {
		c := q.add(propose.Named(s, q.module))
		c.steps = append(slices.Clone(first), c.steps...)
		problem, err := q.try(c)
		if err != nil {
			return nil, err
		}
		if problem != "" && !slices.Contains(refused, problem) {
			refused = append(refused, problem)
		}
	}
	return refused, nil
}

// propose tries a change, and says where it cannot be made.
func (q *question) propose(c change) error {
	problem, err := q.try(c)
	if problem != "" {
		q.say("%s, change the policy by hand: %s", c.what, problem)
	}
	return err
}

// overrule proposes the rule of a higher priority that would win, where the
// target knows priorities.
func (q *question) overrule() error {
	var deny []rule.Rule
	for _, r := range q.finding.Deny {
		deny = append(deny, r.Rule)
	}
	s, ok := propose.Overrule(q.want, deny)
	if !ok {
		return nil
	}
	if _, f, problem := q.attempt(s); problem != "" || f.Verdict != propose.Allowed {
		return nil
	}
	c := q.add(s)
	c.what, c.when = "to allow it, and "+strings.TrimPrefix(s.When, "to "), ""
	_, err := q.try(c)
	return err
}

// undo proposes to take the denies of the policy back, and to grant what no
// rule grants either.
func (q *question) undo() error {
	c := change{what: "to allow it"}
	files := map[string][]diag.Range{}
	for _, r := range q.stated(q.finding.Deny) {
		o := r.Origins[0]
		if o.Intent == "rlimit" {
			c.steps = append(c.steps, q.raise(o.Range))
		} else if !slices.Contains(files[o.Range.File], o.Range) {
			files[o.Range.File] = append(files[o.Range.File], o.Range)
		}
		for _, use := range o.Via {
			c.notes = append(c.notes, fmt.Sprintf("the deny stands in the module %s, used at %s: the edit holds wherever that is used", use.Module, use.Range))
		}
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		c.steps = append(c.steps, step{files[file], func(e *propose.Editor, at []diag.Range) ([]diag.Edit, error) { return e.Remove(at...) }})
	}
	if q.finding.Missing == (grants.Access{}) {
		return q.propose(c)
	}
	refused, err := q.proposeAll(propose.Choices(q.want, q.finding.Missing), c.steps)
	for _, r := range q.Remedies {
		r.Notes = append(r.Notes, c.notes...)
	}
	if len(q.Remedies) == 0 && len(refused) > 0 {
		q.say("to allow it, change the policy by hand: %s", refused[0])
	}
	return err
}

// raise is the step that sets a limit to what was asked for.
func (q *question) raise(at diag.Range) step {
	return step{[]diag.Range{at}, func(e *propose.Editor, at []diag.Range) ([]diag.Edit, error) {
		return e.Set(at[0], "value", `"`+propose.Literal(q.event.RlimitTo)+`"`, "rlimit")
	}}
}

// open proposes to let others have what the rules at hand give to the owner.
func (q *question) open() (bool, error) {
	c := change{what: "to allow it"}
	var places []diag.Range
	for _, r := range q.stated(q.finding.Allow) {
		if o := r.Origins[0]; r.Owner && !slices.Contains(places, o.Range) {
			places = append(places, o.Range)
		}
	}
	for _, at := range places {
		c.steps = append(c.steps, step{[]diag.Range{at}, func(e *propose.Editor, at []diag.Range) ([]diag.Edit, error) { return e.Open(at[0]) }})
	}
	if len(places) == 0 {
		return false, nil
	}
	problem, err := q.try(c)
	return problem == "", err
}

// try tries a change, and adds it to the remedies. The problem says why it is
// none.
func (q *question) try(c change) (problem string, err error) {
	r := &remedy{What: c.what, When: c.when, Notes: c.notes, body: q.profile.Origin.Range}
	statements := []*propose.Statement{q.flag, c.statement}
	steps := c.steps
	if q.flag != nil {
		steps = append([]step{addTo(q.out.Service.Where.Range, *q.flag)}, steps...)
	}
	texts, err := q.edits(steps, r)
	if err != nil && c.statement == nil {
		return err.Error(), nil
	}
	if err != nil {
		r.NotEdited, r.Edits = err.Error(), nil
		r.spell(errors.Is(err, propose.ErrNotHCL), statements)
		if a := c.statement.Attribute; a != "" {
			r.Notes = append(r.Notes, fmt.Sprintf("where the body has %q already, add the entry to that list", a))
		}
		return q.byHand(r, *c.statement), nil
	}
	r.spell(false, statements)
	granted, removed, problem, err := q.check(r, texts)
	if problem == "" && err == nil {
		q.finish(r, c, granted, removed)
	}
	return problem, err
}

// spell notes statements, in the syntax of the policy.
func (r *remedy) spell(inJSON bool, statements []*propose.Statement) {
	for _, s := range statements {
		switch {
		case s == nil:
		case inJSON:
			r.Statements = append(r.Statements, s.JSON())
		default:
			r.Statements = append(r.Statements, s.HCL())
		}
	}
}

// byHand tries a statement that cannot be put into the policy's text.
func (q *question) byHand(r *remedy, s propose.Statement) (problem string) {
	c := change{statement: &s}
	if s.Attribute == "flags" {
		q.finish(r, c, nil, nil)
		return ""
	}
	rules, f, problem := q.attempt(s)
	if problem == "" && f.Verdict != propose.Allowed && f.Verdict != propose.Transition {
		problem = whyNot(f, nil)
	}
	if problem == "" {
		r.Grants = ruleTexts(rules, "")
		q.finish(r, c, rules, nil)
	}
	return problem
}

// finish tells what a remedy that holds allows beside the access, and adds it.
// Those that can be made by edits come first.
func (q *question) finish(r *remedy, c change, granted, removed []ir.Rule) {
	stated := slices.DeleteFunc(slices.Clone(granted), func(r ir.Rule) bool { return r.Origins[0].Intent == lower.Always })
	denies := slices.DeleteFunc(slices.Clone(removed), func(r ir.Rule) bool { return r.Action != rule.Deny || r.Kind() != rule.KindFile })
	r.Also = propose.Also(append(stated, denies...), q.want, propose.ProcessValues(q.module.Values))
	for _, s := range []*propose.Statement{q.flag, c.statement} {
		if s == nil {
			continue
		}
		if s.Attribute == "flags" {
			r.Also = append(r.Also, flagAlso[s.Fields[0].Value.(string)])
		}
		if s.Block == "run" {
			r.Also = append(r.Also, runAlso(s.Fields[0].Value))
		}
	}
	if c.also != "" {
		r.Also = append(r.Also, c.also)
	}
	q.Remedies = append(q.Remedies, r)
	slices.SortStableFunc(q.Remedies, func(a, b *remedy) int { return cmp.Compare(len(a.NotEdited), 0) - cmp.Compare(len(b.NotEdited), 0) })
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

// edits makes steps, and returns the texts of the files that they change.
func (q *question) edits(steps []step, r *remedy) (map[string][]byte, error) {
	drafts := map[string]*propose.Draft{}
	for _, s := range steps {
		file := s.at[0].File
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("%s is a module of apc itself", s.at[0])
		}
		if drafts[file] == nil {
			drafts[file] = propose.NewDraft(file, q.loaded.sources[file])
		}
		if err := drafts[file].Do(s.edit, s.at...); err != nil {
			return nil, err
		}
	}
	texts := map[string][]byte{}
	for _, file := range slices.Sorted(maps.Keys(drafts)) {
		r.Edits = append(r.Edits, drafts[file].Edits()...)
		texts[file] = drafts[file].Text()
	}
	return texts, nil
}

// check compiles the changed policy, asks it, and notes what has changed: in
// the remedy for all profiles, and in the rules for the one that is asked.
func (q *question) check(r *remedy, texts map[string][]byte) (granted, removed []ir.Rule, problem string, err error) {
	outputs, problem, err := q.rebuild(q.out, texts)
	if problem != "" || err != nil {
		return nil, nil, problem, err
	}
	problem = "the profile would be gone"
	for _, after := range outputs {
		before := q.beforeOf(after)
		if before == nil {
			continue
		}
		was, is := asWritten(before), asWritten(after)
		for _, p := range is.Profiles() {
			name := is.FullName(p)
			more, less := profileChange(was, is, name)
			asked := before == q.out && name == q.module.FullName(q.profile)
			label := name + ": "
			if asked {
				label, granted, removed = "", more, less
			}
			r.Grants = append(append(r.Grants, flagsAdded(was, p, name, label)...), ruleTexts(more, label)...)
			r.Removes = append(r.Removes, ruleTexts(less, label)...)
		}
		if before == q.out {
			r.Losses = newLosses(before, after)
			if problem, err = q.ask(after, r.Losses); err != nil {
				return nil, nil, "", err
			}
		}
	}
	return granted, removed, problem, nil
}

// beforeOf returns the output that the change made another one of.
func (q *question) beforeOf(after *compiler.Output) *compiler.Output {
	for _, o := range q.outputs {
		if o.Policy == q.out.Policy && o.Target == after.Target && o.Service.Name == after.Service.Name {
			return o
		}
	}
	return nil
}

// ask asks the changed profile, and returns why the change does not do.
func (q *question) ask(o *compiler.Output, losses []string) (problem string, err error) {
	m, err := resolved(o, cmp.Or(q.base, q.out.Policy.Settings.Base.Text))
	if err != nil {
		return "", err
	}
	for _, p := range m.Profiles() {
		if m.FullName(p) == q.module.FullName(q.profile) {
			return whyNot(propose.Decide(m, p, q.asked), losses), nil
		}
	}
	return "the profile would be gone", nil
}

// whyNot says why a change does not do, "" where it does.
func whyNot(f propose.Finding, losses []string) string {
	switch {
	case f.Verdict == propose.Allowed, f.Verdict == propose.Transition:
		return ""
	case len(losses) > 0:
		return losses[0]
	case len(f.Deny) > 0:
		return "`" + f.Deny[0].Rule.String() + "` would still deny it"
	}
	return "it would still be denied"
}

// asWritten returns the rules of an output as the policy states them, each for
// itself, in the spelling in which they are written.
func asWritten(o *compiler.Output) *ir.Module {
	return compiler.Compile(o.Policy, o.Service, o.Target, compiler.Options{Optimize: optimize.LevelNone}).Module
}

// profileChange returns the rules that a profile has more and less than
// before.
func profileChange(before, after *ir.Module, name string) (more, less []ir.Rule) {
	was, is := rulesOf(before, name), rulesOf(after, name)
	return without(is, was), without(was, is)
}

func rulesOf(m *ir.Module, name string) []ir.Rule {
	for _, p := range m.Profiles() {
		if m.FullName(p) == name {
			return p.Rules
		}
	}
	return nil
}

// without returns the rules that others have no equal of, each once.
func without(rules, others []ir.Rule) (out []ir.Rule) {
	known := map[string]bool{}
	for _, r := range others {
		known[r.String()] = true
	}
	for _, r := range rules {
		if !known[r.String()] {
			out = append(out, r)
			known[r.String()] = true
		}
	}
	return out
}

func ruleTexts(rules []ir.Rule, label string) (out []string) {
	for _, r := range rules {
		out = append(out, label+r.Rule.String())
	}
	return out
}

// flagsAdded spells the flags of a profile that it did not have.
func flagsAdded(before *ir.Module, p *ir.Profile, name, label string) (out []string) {
	for _, old := range before.Profiles() {
		if before.FullName(old) == name {
			for _, f := range p.Flags {
				if !slices.Contains(old.Flags, f) {
					out = append(out, label+"flags=("+f+")")
				}
			}
		}
	}
	return out
}

// newLosses spells what the target cannot hold of the change.
func newLosses(before, after *compiler.Output) (out []string) {
	for _, l := range after.Losses {
		if !slices.ContainsFunc(before.Losses, func(o fit.Loss) bool { return o.Feature == l.Feature && o.Rule == l.Rule }) {
			out = append(out, fmt.Sprintf("on %s: %s [loss-%s]", after.Target.Name, l.Instead, l.Feature))
		}
	}
	return out
}
