package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"apc/compiler"
	"apc/compiler/verify"
	"apc/lang/diag"
	"apc/lang/feature"
)

// proving is what came of proving the passes with the real parser.
type proving struct {
	diags  diag.List
	notes  []string // one for each target, in their order
	defect bool     // a pass did what it does not say
}

// measure sums up what compiling took and gave.
type measure struct {
	rules int
	took  time.Duration
	size  int
}

func (m *measure) add(o measure) {
	m.rules += o.rules
	m.took += o.took
	m.size += o.size
}

// String spells it as in "120 rules, compiled in 83 ms to 35.2 KB".
func (m measure) String() string {
	return fmt.Sprintf("%s, compiled in %d ms to %.1f KB", count(m.rules, "rule"), m.took.Milliseconds(), float64(m.size)/1000)
}

// prove compiles every output as it was before the passes and as it is after
// them, and compares what the two grant. It needs a parser for each target.
func (a *app) prove(outputs []*compiler.Output, f verifyFlags) (proving, error) {
	var p proving
	ctx, stop := interruptible()
	defer stop()
	parsers, err := findParsers(ctx, f.parsers)
	if err != nil {
		return p, machineError(err)
	}
	for _, group := range byTarget(outputs) {
		t := group[0].Target
		parser, err := verify.Choose(parsers, t)
		if err != nil {
			return p, machineError(fmt.Errorf("--prove: %s: %s", t.Name, strings.Replace(err.Error(), "not verified, needs", "needs apparmor_parser", 1)))
		}
		if err := p.target(ctx, parser, group, f); err != nil {
			return p, machineError(fmt.Errorf("%s: %w", t.Name, err))
		}
	}
	return p, nil
}

// proved is what came of one output.
type proved struct {
	before, after measure
	differences   []string
	err           error
	machine       bool // the error is about the machine, not about the policy
}

func (p *proving) target(ctx context.Context, parser verify.Parser, outputs []*compiler.Output, f verifyFlags) error {
	results := parallel(outputs, func(o *compiler.Output) proved {
		return proveOne(ctx, parser, o.Target, o, baseOf(o, f))
	})
	var before, after measure
	for i, r := range results {
		switch {
		case r.machine:
			return r.err
		case r.err != nil:
			p.diags = append(p.diags, diag.Errorf(outputs[i].Service.Where.Range, "not-proved", "the passes cannot be proved", "%s.", r.err))
		case len(r.differences) > 0:
			p.defect = true
			p.diags = append(p.diags, diag.Errorf(outputs[i].Service.Where.Range, "not-proved", "the passes changed what the profile grants",
				"That is a defect of apc; --optimize=none avoids it. Compiled, the profile after the passes has: %s.", strings.Join(r.differences, "; ")))
		}
		before.add(r.before)
		after.add(r.after)
	}
	p.notes = append(p.notes, fmt.Sprintf("%s proved by %s, local/ left out: before the passes %s; after them %s", outputs[0].Target.Name, parser, before, after))
	return nil
}

// proveOne compiles the texts of one output and compares them.
func proveOne(ctx context.Context, parser verify.Parser, t *feature.Target, o *compiler.Output, base string) proved {
	proof := o.Proof()
	r := proved{before: measure{rules: o.Lowered}, after: measure{rules: o.Rules}}
	compile := func(text string, m *measure) []byte {
		if r.err != nil {
			return nil
		}
		begun := time.Now()
		result, err := verify.Run(ctx, parser, t, verify.Input{Name: o.Module.File, Text: []byte(text), Base: base, Keep: true})
		m.took, m.size = time.Since(begun), len(result.Policy)
		switch {
		case err != nil:
			r.err, r.machine = err, true
		case !result.Accepted:
			r.err = refusal(parser, result)
		}
		return result.Policy
	}
	expected := compile(proof.Before, &r.before)
	if proof.Expected != proof.Before {
		expected = compile(proof.Expected, &measure{})
	}
	after := compile(proof.After, &r.after)
	if r.err == nil {
		r.differences, r.err = compiler.Compare(expected, after)
	}
	return r
}

// refusal says why the parser refuses a text.
func refusal(parser verify.Parser, r verify.Result) error {
	for _, m := range r.Messages {
		if m.Severity == diag.Error {
			return fmt.Errorf("%s refuses the profile as it is before or after them: %s", parser, strings.TrimSuffix(m.Text, "."))
		}
	}
	return errors.New(parser.String() + " refuses the profile as it is before or after them")
}
