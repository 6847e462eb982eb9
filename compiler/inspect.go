package compiler

import (
	"context"
	"slices"

	"apc/compiler/fit"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/compiler/optimize"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/profile"
)

// Lint looks for faults in what came out of Inspect. Its includes are read by l,
// unless that is nil. What includes lack is no fault of the policy. Abstractions
// are suggested where Inspect was given a base directory.
func (out *Output) Lint(l *profile.Loader, run *lint.Run, opts lint.Options) lint.Result {
	s := lint.Subject{Module: out.Fitted, Asked: out.Asked, Target: out.Target, Policy: out.Policy, Service: out.Service, Sources: out.Policy.Sources}
	if l != nil {
		if m, _, err := out.Resolve(context.Background(), l); err == nil {
			s.Module = m
		}
	}
	result := LintModule(out.base, s, run, opts)
	for i := range result.Ignores {
		result.Ignores[i].Used = result.Ignores[i].Used || out.accepts(result.Ignores[i].Ignore)
	}
	return result
}

// LintModule looks for faults in a module and, where a base directory is named,
// for abstractions that could take the place of rules.
func LintModule(b *Base, s lint.Subject, run *lint.Run, opts lint.Options) lint.Result {
	result := lint.Module(s, run, opts)
	if b == nil || s.Module.Base == "" || len(opts.Only) > 0 {
		return result
	}
	found, used := suggested(s.Module, optimize.Suggest(s.Module, b.shelf(s.Module)), opts)
	for i := range result.Ignores {
		result.Ignores[i].Used = result.Ignores[i].Used || used[i]
	}
	result.Findings = append(result.Findings, found...)
	return result
}

// Acceptable are the names besides those of lint rules that an ignore may have.
func Acceptable() []string {
	out := []string{lower.InterpreterAttachment, SuggestAbstraction}
	for _, f := range feature.Features() {
		out = append(out, string(f.Feature))
	}
	return out
}

// UnknownIgnores reports ignores in comments that are of nothing. For ignore
// blocks the reader of policies knows the names.
func UnknownIgnores(m *ir.Module) diag.List {
	comments := slices.DeleteFunc(slices.Clone(m.Ignores), func(i ir.Ignore) bool { return !m.Text && i.Origin.Intent != "raw" })
	return lint.UnknownIgnores(comments, Acceptable())
}

// accepts says whether an ignore accepts a loss, or the one error of lowering
// that can be accepted.
func (out *Output) accepts(i ir.Ignore) bool {
	return i.Rule == lower.InterpreterAttachment ||
		slices.ContainsFunc(out.Losses, func(l fit.Loss) bool { return accepted([]ir.Ignore{i}, l, out.today) })
}
