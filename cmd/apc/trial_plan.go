package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"apc/cmd/apc/internal/trial"
	"apc/compiler"
	"apc/compiler/emit/apparmor"
	"apc/compiler/ir"
	"apc/compiler/verify"
	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/rule"
)

// How long the command of a trial block may take where --timeout says nothing,
// and an attack.
const (
	blockLimit  = 10 * time.Minute
	attackLimit = 30 * time.Second
)

// planned is a trial block that will run.
type planned struct {
	block   *policy.Trial
	at      located            // the profile that it is about
	attacks []policy.Attack    // the chosen ones
	label   string             // the profile's name in records
	loaded  string             // the kernel's name of it
	outputs []*compiler.Output // the policy's
	opts    trial.Options
}

func (p *planned) place() string {
	return fmt.Sprintf("%s:%d", p.block.Range.File, p.block.Range.Start.Line)
}

// selection are the trials and attacks of --run: what stands before its first
// slash is held against the names of trials, the rest against those of attacks,
// as go test does it.
type selection struct{ trial, attack *regexp.Regexp }

func parseRun(pattern string) (c selection, err error) {
	name, attack, parted := strings.Cut(pattern, "/")
	if c.trial, err = regexp.Compile(name); err == nil && parted {
		c.attack, err = regexp.Compile(attack)
	}
	if err != nil {
		return c, fmt.Errorf("--run %q: %w", pattern, err)
	}
	return c, nil
}

// of returns the attacks of a trial that are chosen, and whether it is.
func (c selection) of(t *policy.Trial) ([]policy.Attack, bool) {
	if !c.trial.MatchString(t.Name) {
		return nil, false
	}
	if c.attack == nil {
		return t.Attacks, true
	}
	attacks := slices.DeleteFunc(slices.Clone(t.Attacks), func(a policy.Attack) bool { return !c.attack.MatchString(a.Name) })
	return attacks, len(attacks) > 0
}

// variant is a profile with the rules that let the system's tools run in it.
type variant struct {
	out    *compiler.Output
	target *ir.Profile
	file   apparmor.File
	binary []byte
}

// planner plans the trial blocks of policies.
type planner struct {
	outputs  []*compiler.Output
	compiled map[*compiler.Output]trial.Profile
	variants map[*ir.Profile]*variant
	complain bool
	timeout  time.Duration
	diags    diag.List
}

// plan plans the chosen trials. What is wrong with them is among the
// diagnostics.
func (p *planner) plan(ctx context.Context, l *loaded, c selection, base trial.Options) ([]*planned, error) {
	var plans []*planned
	for _, pol := range l.policies {
		for _, t := range pol.Trials {
			attacks, ok := c.of(t)
			if !ok {
				continue
			}
			at, ok := p.profileOf(pol, t)
			if !ok {
				continue
			}
			if p.complain {
				attacks = nil
			}
			plans = append(plans, &planned{block: t, at: at, attacks: attacks, label: at.module.FullName(at.profile), loaded: kernelName(at.module, at.profile), opts: base})
			if slices.ContainsFunc(attacks, func(a policy.Attack) bool { return a.Tools }) {
				p.addVariant(at)
			}
		}
	}
	if p.diags.HasErrors() {
		return nil, nil
	}
	if err := p.compileVariants(ctx); err != nil {
		return nil, err
	}
	for _, q := range plans {
		p.fill(q)
	}
	return plans, nil
}

// profileOf finds the profile that a trial is about.
func (p *planner) profileOf(pol *policy.Policy, t *policy.Trial) (located, bool) {
	var names []string
	var only located
	services := 0
	for _, o := range p.outputs {
		if o.Policy != pol {
			continue
		}
		services++
		only = located{out: o, module: o.Module, profile: o.Module.Profile}
		for _, profile := range o.Module.Profiles() {
			name := o.Module.FullName(profile)
			if name == t.Profile {
				return located{out: o, module: o.Module, profile: profile}, true
			}
			names = append(names, name)
		}
	}
	if t.Profile == "" && services == 1 {
		return only, true
	}
	summary, detail := "this trial must name its profile", "Write `profile = \"…\"`, one of "+strings.Join(names, ", ")+"."
	if t.Profile != "" {
		summary, detail = fmt.Sprintf("no service makes the profile %q", t.Profile), "There are "+strings.Join(names, ", ")+"."+diag.DidYouMean(t.Profile, names)
	}
	p.diags = append(p.diags, diag.Errorf(t.Range, "trial-profile", summary, "%s", detail))
	return located{}, false
}

// kernelName is the name that the kernel has for a profile, seen from outside of
// the namespace that it may be in.
func kernelName(m *ir.Module, p *ir.Profile) string {
	if ns := m.Profile.Namespace; ns != "" {
		return ":" + ns + ":" + m.FullName(p)
	}
	return m.FullName(p)
}

// toolRules let a program under a profile run the system's tools, and those
// read what comes with them.
var toolRules = []rule.File{
	{Path: "/{,usr/}{,s}bin/**", Access: rule.MapExec | rule.Read, Exec: "ix"},
	{Path: "/{,usr/,usr/local/}lib{,32,64,x32}/**", Access: rule.MapExec | rule.Read},
	{Path: "/usr/share/**", Access: rule.Read},
	{Path: "/etc/{ld.so.cache,localtime}", Access: rule.Read},
	{Path: "/dev/null", Access: rule.Read | rule.Write},
}

// addVariant notes that a profile is needed with the system's tools.
func (p *planner) addVariant(at located) {
	if p.variants[at.profile] != nil {
		return
	}
	origin := ir.Origin{Range: at.out.Service.Where.Range, Intent: "trial", Reason: "the system's tools, for the attacks of a trial"}
	// Module.Map makes new profiles; they come in the same order.
	index := slices.Index(at.module.Profiles(), at.profile)
	n := -1
	m := at.module.Map(func(profile *ir.Profile) []ir.Rule {
		n++
		if n != index {
			return profile.Rules
		}
		rules := slices.Clone(profile.Rules)
		for _, f := range toolRules {
			rules = append(rules, ir.Rule{Rule: rule.Rule{Body: f}, Origins: []ir.Origin{origin}})
		}
		return rules
	})
	p.variants[at.profile] = &variant{out: at.out, target: at.profile, file: apparmor.Emit(m, false)}
}

// compileVariants has the parser compile the profiles with tools.
func (p *planner) compileVariants(ctx context.Context) error {
	list := slices.Collect(maps.Values(p.variants))
	slices.SortFunc(list, func(a, b *variant) int { return slices.Index(p.outputs, a.out) - slices.Index(p.outputs, b.out) })
	inputs := make([]verify.Input, len(list))
	for i, v := range list {
		inputs[i] = verify.Input{Name: v.out.Module.File, Text: []byte(v.file.Text), Base: baseOf(v.out, verifyFlags{}), Keep: true}
	}
	if len(list) == 0 {
		return nil
	}
	_, results, err := compileInputs(ctx, list[0].out.Target, inputs)
	if err != nil {
		return err
	}
	for i, r := range results {
		list[i].binary = r.Policy
		if !r.Accepted {
			p.diags = append(p.diags, list[i].refused(r))
		}
	}
	return nil
}

// refused says why the tools cannot be added to a profile: a pattern of the
// policy that grants another transition to some of them. Where it names a
// single program it wins, and nothing is refused.
func (v *variant) refused(r verify.Result) diag.Diagnostic {
	var said []string
	d := diag.Errorf(v.out.Service.Where.Range, "trial-tools", "the system's tools cannot be added to profile "+v.out.Module.FullName(v.target), "")
	for _, m := range r.Messages {
		if m.Severity != diag.Error {
			continue
		}
		said = append(said, m.Text)
		for _, line := range m.Lines {
			if at := v.file.Lines[line]; at.Rule != nil && at.Origin.Intent != "trial" {
				d.Related = append(d.Related, diag.Related{Range: at.Origin.Range, Message: "the rule `" + at.Rule.String() + "`"})
			}
		}
	}
	d.Detail = fmt.Sprintf("Attacks bring the system's tools along, by `%s`, and a pattern of the policy has programs there run in another way (apparmor_parser: %s). "+
		"Name the programs of the policy one by one, or write `tools = false` in the attacks.", rule.Rule{Body: toolRules[0]}, strings.Join(said, "; "))
	return d
}

// fill says what the guest is to do for a trial.
func (p *planner) fill(q *planned) {
	at := q.at
	q.opts.Profiles = nil
	for _, o := range p.outputs {
		if o.Policy == at.out.Policy {
			q.opts.Profiles = append(q.opts.Profiles, p.compiled[o])
			q.outputs = append(q.outputs, o)
		}
	}
	q.opts.Command, q.opts.Timeout = q.block.Command, p.timeout
	folder, err := filepath.Abs(filepath.Dir(q.block.Range.File))
	if err == nil {
		q.opts.Dir = folder
	}
	q.opts.Tmpfs = slices.Concat(q.opts.Tmpfs, q.block.Tmpfs)
	var env []string
	for _, name := range slices.Sorted(maps.Keys(q.block.Env)) {
		env = append(env, name+"="+q.block.Env[name])
	}
	q.opts.Env = append(env, q.opts.Env...) // the command line wins
	enter := at.profile == at.module.Profile && at.profile.Attachment == ""
	if q.block.Enter != nil {
		enter = *q.block.Enter
	}
	if enter {
		q.opts.Enter = q.loaded
	}
	for _, a := range q.attacks {
		profile := p.compiled[at.out]
		if a.Tools {
			profile.Binary = p.variants[at.profile].binary
		}
		limit := min(p.timeout, attackLimit)
		// The profile is loaded anew for each attack, so that the kernel leaves
		// out no record for having made its like before.
		q.opts.Steps = append(q.opts.Steps,
			trial.Step{Profiles: []trial.Profile{profile}, Command: a.Command, Enter: q.loaded, Now: !a.Tools, Timeout: limit, Discreet: true},
			trial.Step{Command: a.Command, Timeout: limit, Discreet: true})
	}
}
