package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/fit"
	"apc/compiler/ir"
	"apc/compiler/verify"
	"apc/lang/diag"
	"apc/lang/feature"
)

// verifyFlags say how profiles are verified.
type verifyFlags struct {
	parsers []string
	skip    bool
	require bool
	base    string
}

// add adds the flags; the one that leaves the parser out has a name for each
// command.
func (f *verifyFlags) add(cmd *cobra.Command, skip, usage string) {
	cmd.Flags().StringArrayVar(&f.parsers, "parser", nil, "`PATH` of another apparmor_parser (repeatable)")
	cmd.Flags().BoolVar(&f.skip, skip, false, usage)
	cmd.Flags().BoolVar(&f.require, "require-verify", false, "it is an error where no apparmor_parser can verify")
	addBase(cmd, &f.base)
	cmd.MarkFlagsMutuallyExclusive(skip, "require-verify")
}

// defaultBase is where AppArmor's files are on every target.
const defaultBase = "/etc/apparmor.d"

func addBase(cmd *cobra.Command, base *string) {
	cmd.Flags().StringVar(base, "base", "", "`DIR` that includes are read from (default: that of the settings, else "+defaultBase+")")
}

// checkBase refuses a base directory of the command line that is none. The
// default may be missing: then includes stay unread.
func checkBase(base string) error {
	if base == "" {
		return nil
	}
	info, err := os.Stat(base)
	if err == nil && !info.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		return fmt.Errorf("--base: %w", pathError(base, err))
	}
	return nil
}

// verification is what came of verifying.
type verification struct {
	diags diag.List
	notes []string // one for each target, in their order
}

func (v verification) summary() string {
	if len(v.notes) == 0 {
		return "not verified (--no-verify)"
	}
	return strings.Join(v.notes, "; ")
}

// verify runs the real parser on every output, by target.
func (a *app) verify(outputs []*compiler.Output, f verifyFlags) (verification, error) {
	var v verification
	if f.skip {
		return v, nil
	}
	ctx, stop := interruptible()
	defer stop()
	parsers, err := findParsers(ctx, f.parsers)
	if err != nil {
		return v, machineError(err)
	}
	for _, group := range byTarget(outputs) {
		if err := v.target(ctx, parsers, group, f); err != nil {
			return v, err
		}
	}
	return v, nil
}

// interruptible returns a context that ends when the program is asked to.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}

// findParsers returns the parser of the machine and those named.
func findParsers(ctx context.Context, named []string) ([]verify.Parser, error) {
	parsers, err := verify.Find(ctx, nil)
	if err != nil || len(named) == 0 {
		return parsers, err
	}
	more, err := verify.Find(ctx, named)
	return append(parsers, more...), err
}

// byTarget parts outputs by target, in the order of their first ones.
func byTarget(outputs []*compiler.Output) [][]*compiler.Output {
	var groups [][]*compiler.Output
	at := map[*feature.Target]int{}
	for _, o := range outputs {
		i, ok := at[o.Target]
		if !ok {
			i = len(groups)
			at[o.Target] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], o)
	}
	return groups
}

// target verifies the outputs for one target.
func (v *verification) target(ctx context.Context, parsers []verify.Parser, outputs []*compiler.Output, f verifyFlags) error {
	t := outputs[0].Target
	p, err := verify.Choose(parsers, t)
	if err != nil {
		if f.require {
			return machineError(fmt.Errorf("%s: %w", t.Name, err))
		}
		v.notes = append(v.notes, t.Name+" "+err.Error())
		return nil
	}
	inputs := make([]verify.Input, len(outputs))
	for i, o := range outputs {
		inputs[i] = verify.Input{Name: o.Module.File, Text: []byte(o.File.Text), Base: baseOf(o, f)}
	}
	results, err := verify.RunAll(ctx, p, t, inputs)
	if err != nil {
		return machineError(fmt.Errorf("%s: %w", t.Name, err))
	}
	for i, r := range results {
		v.result(outputs[i], p, r)
	}
	if allAccepted(results) {
		v.notes = append(v.notes, t.Name+" verified by "+p.String())
	}
	return nil
}

func allAccepted(results []verify.Result) bool {
	return !slices.ContainsFunc(results, func(r verify.Result) bool { return !r.Accepted })
}

// baseOf returns the directory that includes are read from: that of the
// command line, or of the policy's settings, or "" for the parser's own.
func baseOf(o *compiler.Output, f verifyFlags) string {
	return cmp.Or(f.base, o.Policy.Settings.Base.Text)
}

// result maps what the parser said of one output to the policy.
func (v *verification) result(o *compiler.Output, p verify.Parser, r verify.Result) {
	for _, m := range r.Messages {
		switch {
		case m.Severity == diag.Error:
			v.diags = append(v.diags, refused(o, p, m))
		case m.Feature != "" && m.FromInclude:
			v.diags = includeLoss(v.diags, o.Target, m)
		case m.Feature != "" && !lostAlready(o, m.Feature):
			v.diags = append(v.diags, o.Lose(dropped(o, m)...)...)
		case m.Feature == "":
			d := refused(o, p, m)
			d.Severity, d.Code, d.Summary = diag.Warning, "parser-warning", p.String()+" warns of the profile of "+o.Service.Name
			v.diags = append(v.diags, d)
		}
	}
}

// refused tells of a message at the policy line that caused it.
func refused(o *compiler.Output, p verify.Parser, m verify.Message) diag.Diagnostic {
	d := diag.Errorf(o.Service.Where.Range, "refused", p.String()+" refuses the profile of "+o.Service.Name, "%s.", strings.TrimSuffix(m.Text, "."))
	for i, line := range m.Lines {
		l, ok := o.File.Lines[line]
		if !ok {
			continue
		}
		at := diag.Related{Range: l.Origin.Range, Message: fmt.Sprintf("line %d of the profile: %s", line, lineText(o.File.Text, line))}
		if i == 0 {
			d.Subject = at.Range
		}
		d.Related = append(d.Related, at)
	}
	if m.File != "" {
		d.Detail += fmt.Sprintf(" The fault is in the included file %s, line %d.", m.File, m.FileLine)
	}
	return d
}

func lineText(text string, line int) string {
	lines := strings.Split(text, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[line-1])
}

// includeLoss reports once for each target and feature what abstractions hold
// that the target does not enforce.
func includeLoss(list diag.List, t *feature.Target, m verify.Message) diag.List {
	info, _ := feature.Describe(m.Feature)
	summary := "included files have " + info.Doc + ", which are not enforced there"
	if slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Subject.File == t.Name && d.Summary == summary }) {
		return list
	}
	return append(list, diag.Diagnostic{
		Severity: diag.Note, Code: string(m.Feature), Summary: summary, Subject: diag.Range{File: t.Name}})
}

func lostAlready(o *compiler.Output, f feature.Feature) bool {
	for _, l := range o.Losses {
		if l.Feature == f {
			return true
		}
	}
	return false
}

// dropped returns as losses the rules that the parser accepted and left out;
// where it does not tell which, the profile as a whole.
func dropped(o *compiler.Output, m verify.Message) (losses []fit.Loss) {
	lose := func(text, path string, origins []ir.Origin) {
		losses = append(losses, fit.Loss{Feature: m.Feature, Rule: text, Path: path, Kept: text, Instead: "the parser says: " + m.Text, Origins: origins})
	}
	for _, line := range m.Lines {
		if l := o.File.Lines[line]; l.Rule != nil {
			lose(l.Rule.String(), l.Rule.About(), l.Rule.Origins)
		}
	}
	if losses == nil {
		lose("profile "+o.Service.Name, "", []ir.Origin{o.Module.Profile.Origin})
	}
	return losses
}
