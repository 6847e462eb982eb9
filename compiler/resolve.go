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
	c := collector{brought: map[string]ir.Rule{}, unread: map[diag.Range]bool{}}
	for _, d := range diags {
		if d.Code == "missing-include" || d.Code == "unreadable-include" {
			c.unread[d.Subject] = true
		}
	}
	for _, m := range meanings {
		c.collect(m)
	}
	resolved := out.Module.Map(func(p *ir.Profile) []ir.Rule {
		rules := make([]ir.Rule, len(p.Rules))
		for i, r := range p.Rules {
			if _, ok := r.Body.(rule.Include); ok {
				same := c.brought[out.Module.FullName(p)+" "+r.String()]
				r.Included, r.Unread = same.Included, same.Unread
			}
			rules[i] = r
		}
		return rules
	})
	resolved.Base, resolved.Values = l.Base[0], values
	return resolved, diags, nil
}

// collector notes what includes bring in.
type collector struct {
	brought map[string]ir.Rule  // includes, by the names of the profile and their own
	unread  map[diag.Range]bool // the includes that could not be read
}

func (c collector) collect(m *profile.Meaning) {
	for _, r := range c.marked(lower.Included(m.Said)) {
		if _, ok := r.Body.(rule.Include); ok {
			c.brought[m.Name+" "+r.String()] = r
		}
	}
	for _, child := range m.Children {
		c.collect(child)
	}
}

// marked marks the includes among rules, and below them, that were not read.
func (c collector) marked(rules []ir.Rule) []ir.Rule {
	for i := range rules {
		rules[i].Unread = c.unread[rules[i].Origins[0].Range]
		c.marked(rules[i].Included)
	}
	return rules
}
