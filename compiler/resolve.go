package compiler

import (
	"context"

	"apc/compiler/emit/apparmor"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/profile"
	"apc/lang/rule"
)

// Resolve returns the output's module with the rules of its includes below
// them, read by l, and the values of all variables. The diagnostics are about
// the files that were read. The error is that of ctx.
func (out *Output) Resolve(ctx context.Context, l *profile.Loader) (*ir.Module, diag.List, error) {
	text := apparmor.Emit(out.Module, false).Text
	read, diags, err := l.LoadText(ctx, out.Module.File, text)
	if err != nil {
		return nil, diags, err
	}
	meanings, values := profile.Meanings(read)
	brought := map[string][]ir.Rule{}
	for _, m := range meanings {
		collect(m, brought)
	}
	resolved := out.Module.Map(func(p *ir.Profile) []ir.Rule {
		rules := make([]ir.Rule, len(p.Rules))
		for i, r := range p.Rules {
			if _, ok := r.Body.(rule.Include); ok {
				r.Included = brought[out.Module.FullName(p)+" "+r.String()]
			}
			rules[i] = r
		}
		return rules
	})
	resolved.Base, resolved.Values = l.Base[0], values
	return resolved, diags, nil
}

// collect notes what each include of a profile brings in, by the names of both.
func collect(m *profile.Meaning, brought map[string][]ir.Rule) {
	for _, s := range m.Said {
		if _, ok := s.Body.(rule.Include); ok {
			brought[m.Name+" "+s.Rule.String()] = lower.Included(s.Below)
		}
	}
	for _, c := range m.Children {
		collect(c, brought)
	}
}
