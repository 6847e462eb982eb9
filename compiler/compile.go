// Package compiler turns a policy into profile text. It is the only place
// where the stages are joined: lower, fit, the passes of optimize, emit.
package compiler

import (
	"fmt"
	"strings"

	"apc/compiler/emit/apparmor"
	"apc/compiler/fit"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/compiler/optimize"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/rule"
)

// Options says how to compile.
type Options struct {
	Annotate bool   // reasons as comments in the text
	Strict   bool   // losses are errors
	Dump     bool   // keep the IR after each stage
	Today    string // YYYY-MM-DD, against which ignores expire
	// Optimize says which passes run; "" leaves it to the policy's settings,
	// and those to LevelWiden.
	Optimize optimize.Level
	// Base is the directory whose includes passes may rely on; nil for none.
	Base *Base
}

// Output is one service compiled for one target.
type Output struct {
	Policy  *policy.Policy
	Service *policy.Service
	Target  *feature.Target
	Module  *ir.Module
	// Asked is the module as the policy states it, Fitted as the target can
	// hold it, before the passes.
	Asked, Fitted *ir.Module
	File          apparmor.File
	Losses        []fit.Loss
	// Accepted counts the losses that the policy or a module accepts.
	Accepted int
	// Widenings lists the rules that passes made wider, as the policy asks.
	Widenings []optimize.Widening
	// Substitutions lists the includes that passes put in the place of rules.
	Substitutions []optimize.Substitution
	Diags         diag.List
	Dumps         []Dump
	// Lowered counts the rules before the passes, Rules those after them.
	Lowered, Rules int

	strict bool   // losses are errors
	today  string // against which ignores expire
	base   *Base  // whose abstractions lint may suggest
}

// Dump is the IR after one stage.
type Dump struct{ Stage, Text string }

// Stages names the stages in their order, for --dump.
func Stages() []string {
	names := []string{"lower", fit.Pass}
	for _, p := range optimize.Passes {
		names = append(names, p.Name)
	}
	return names
}

// Compile compiles one service for one target. Without a File in the output
// its diagnostics hold an error.
func Compile(p *policy.Policy, s *policy.Service, t *feature.Target, opts Options) *Output {
	out := fitted(p, s, t, opts)
	out.optimise(opts)
	out.emit(opts)
	return out
}

// Inspect compiles as Compile does, but runs no pass: the rules that come out
// are those that the policy states, each for itself, as the target can hold
// them.
func Inspect(p *policy.Policy, s *policy.Service, t *feature.Target, opts Options) *Output {
	out := fitted(p, s, t, opts)
	out.emit(opts)
	return out
}

// fitted lowers a service, and fits it to the target.
func fitted(p *policy.Policy, s *policy.Service, t *feature.Target, opts Options) *Output {
	out := &Output{Policy: p, Service: s, Target: t, strict: opts.Strict, today: opts.Today, base: opts.Base}
	var diags diag.List
	out.Module, diags = lower.Service(p, s)
	out.Asked = out.Module
	out.Diags = append(out.Diags, out.unaccepted(diags, opts)...)
	out.Diags = append(out.Diags, UnknownIgnores(out.Module)...)
	out.checked("lower", opts)

	t, diags = withABI(t, s)
	out.Diags = append(out.Diags, diags...)
	var losses []fit.Loss
	out.Module, losses = fit.Module(out.Module, t)
	out.Diags = append(out.Diags, out.Lose(losses...)...)
	out.checked(fit.Pass, opts)

	out.Fitted, out.Lowered = out.Module, rules(out.Module)
	return out
}

// emit writes the text, and reads it back.
func (out *Output) emit(opts Options) {
	out.Rules = rules(out.Module)
	if !out.Diags.HasErrors() {
		out.File = apparmor.Emit(out.Module, opts.Annotate)
		if transitions(out.Module) {
			out.Diags = append(out.Diags, out.readBack()...)
		}
	}
}

// optimise runs the passes of the level that is asked for.
func (out *Output) optimise(opts Options) {
	level := opts.Optimize
	if level == "" {
		level = optimize.Level(out.Policy.Settings.Optimize.Text)
	}
	if level == "" {
		level = optimize.LevelWiden
	}
	asked := widenable(out.Service, out.Module)
	given := optimize.Given{Wishes: asked.wishes()}
	base := opts.Base
	for _, pass := range optimize.Passes {
		if !pass.At(level) || pass.Base && base == nil {
			continue
		}
		switch read := out.Module.Base != ""; {
		case pass.Base && !read:
			if !out.readIncludes(base) {
				base = nil
				continue
			}
			given.Shelf = base.shelf(out.Module)
		case !pass.Base && read:
			out.relied(base)
		}
		out.run(pass, given)
		out.checked(pass.Name, opts)
	}
	if level == optimize.LevelWiden {
		out.Diags = append(out.Diags, asked.report(out.Widenings)...)
	}
	out.Diags = append(out.Diags, substituted(out.Substitutions)...)
}

// run runs a pass and checks what it did.
func (out *Output) run(pass optimize.Pass, given optimize.Given) {
	before := out.Module
	var found optimize.Found
	out.Module, found = pass.Run(before, given)
	out.provedEqual(pass.Name, withOptional(Widened(before, found.Widenings), found.Substitutions))
	out.Widenings = append(out.Widenings, found.Widenings...)
	out.Substitutions = append(out.Substitutions, found.Substitutions...)
	suggestions, _ := suggested(before, found.Suggestions, lint.Options{Severity: out.Policy.Settings.Severity, Today: out.today})
	out.Diags = append(out.Diags, suggestions...)
}

// checked checks the IR after a stage, and keeps it where that is asked for. A
// fault is a defect of apc and stops the program.
func (out *Output) checked(stage string, opts Options) {
	if faults := ir.Check(out.Module); len(faults) > 0 {
		panic(fmt.Sprintf("the IR of %q is not sound after stage %s: %s", out.Service.Name, stage, strings.Join(faults, "; ")))
	}
	if opts.Dump {
		out.Dumps = append(out.Dumps, Dump{stage, ir.Dump(out.Module)})
	}
}

// provedEqual compares what the module grants with what it granted before a
// pass, to which the rules were added that the pass says it widened. A
// difference is a defect of apc and stops the program.
func (out *Output) provedEqual(pass string, before *ir.Module) {
	after := out.Module.Profiles()
	for i, p := range before.Profiles() {
		differences, err := grants.Equal(p, after[i], before.Values)
		if err != nil {
			out.Diags = append(out.Diags, diag.Errorf(p.Origin.Range, "too-complex", "the paths are too complex to compare", "Pass %s cannot be checked: %s.", pass, err))
		}
		if len(differences) > 0 {
			panic(fmt.Sprintf("pass %s changed what profile %q grants, and did not say so: %s", pass, p.Name, differences[0]))
		}
	}
}

// transitions says whether some profile has several rules with transitions,
// which may contradict each other; all else was checked before.
func transitions(m *ir.Module) bool {
	for _, p := range m.Profiles() {
		n := 0
		for _, r := range p.Rules {
			if f, ok := r.Body.(rule.File); ok && f.Exec != "" && r.Action != rule.Deny {
				n++
			}
		}
		if n > 1 {
			return true
		}
	}
	return false
}

func rules(m *ir.Module) int {
	n := 0
	for _, p := range m.Profiles() {
		n += len(p.Rules)
	}
	return n
}

// withABI returns the target with the abi file that the policy asks for.
func withABI(t *feature.Target, s *policy.Service) (*feature.Target, diag.List) {
	if s.ABI.Text == "" || s.ABI.Text == t.ABI {
		return t, nil
	}
	for _, other := range feature.Targets() {
		if other.ABI == s.ABI.Text && !t.Parser.Less(other.Parser) {
			changed := *t
			changed.ABI, changed.ABIFeatures = other.ABI, other.ABIFeatures
			return &changed, nil
		}
	}
	return t, diag.List{diag.Errorf(s.ABI.Range, "unknown-abi", t.Name+" does not have this abi file",
		"A profile that names a missing abi file does not load, and may take others with it. Remove the attribute: %s is written for %s.", t.ABI, t.Name)}
}
