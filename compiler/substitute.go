package compiler

import (
	"fmt"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/optimize"
	"apc/lang/diag"
)

// withOptional returns the module with the optional files of abstractions that
// took the place of rules: what these bring, if they are there, is not known to
// a pass.
func withOptional(m *ir.Module, subs []optimize.Substitution) *ir.Module {
	if len(subs) == 0 {
		return m
	}
	return m.Map(func(p *ir.Profile) []ir.Rule {
		rules := slices.Clone(p.Rules)
		for _, s := range subs {
			if s.Profile == p.Name {
				rules = append(rules, s.Optional...)
			}
		}
		return rules
	})
}

// substituted tells which includes took the place of rules.
func substituted(subs []optimize.Substitution) diag.List {
	var out diag.List
	for _, s := range subs {
		out = append(out, aboutAbstraction(s, "substituted", fmt.Sprintf("%d rules became `%s`", len(s.From), s.Include),
			"Together with its other rules the profile grants, denies and records what it did."+leftOut(s)))
	}
	return out
}

// SuggestAbstraction is the code of a note about an abstraction that could take
// the place of rules. An ignore of this name accepts it, and the severity of this
// name holds for it.
const SuggestAbstraction = "suggest-abstraction"

// suggested tells which abstractions could take the place of rules, but for
// those that an ignore of the module accepts, and returns which ignores do.
func suggested(m *ir.Module, subs []optimize.Substitution, opts lint.Options) (diags diag.List, used map[int]bool) {
	used = map[int]bool{}
	severity := diag.Note
	switch opts.Severity[SuggestAbstraction].Text {
	case "off":
		return nil, nil
	case "warning":
		severity = diag.Warning
	case "error":
		severity = diag.Error
	}
	for _, s := range subs {
		if i := slices.IndexFunc(m.Ignores, func(i ir.Ignore) bool { return acceptsSuggestion(i, s, opts.Today) }); i >= 0 {
			used[i] = true
			continue
		}
		d := aboutAbstraction(s, SuggestAbstraction, fmt.Sprintf("`%s` has %d of these rules", s.Include, len(s.From)), adds(s)+leftOut(s))
		d.Severity = severity
		d.About = diag.About{Profile: m.Profile.Name, Text: s.Include.String()}
		if s.Profile != m.Profile.Name {
			d.About.Profile += "//" + s.Profile
		}
		diags = append(diags, d)
	}
	return diags, used
}

// acceptsSuggestion says whether an ignore accepts a suggestion: one that stands
// at a rule, that which begins with this rule; any other, one all of whose rules
// it is about.
func acceptsSuggestion(i ir.Ignore, s optimize.Substitution, today string) bool {
	from := s.From
	if i.At != (diag.Range{}) {
		from = from[:1]
	}
	return !slices.ContainsFunc(from, func(r ir.Rule) bool { return !i.Accepts(SuggestAbstraction, r.About(), r.Origins, today) })
}

// maxAdds is how many additions a suggestion lists.
const maxAdds = 8

// adds tells what a profile would gain.
func adds(s optimize.Substitution) string {
	if len(s.Adds) == 0 {
		return "In their place it would add nothing."
	}
	var list []string
	for i, a := range s.Adds {
		if i == maxAdds {
			list = append(list, fmt.Sprintf("and %d more", len(s.Adds)-i))
			break
		}
		text := "`" + strings.TrimSuffix(a.Rule.String(), ",") + "`"
		if a.Example != "" {
			text += " (" + a.Example + ")"
		}
		list = append(list, text)
	}
	return fmt.Sprintf("It brings %d rules. In the place of these it would add %s.", s.Rules, strings.Join(list, ", "))
}

// leftOut says what was not looked into.
func leftOut(s optimize.Substitution) string {
	if len(s.Optional) == 0 {
		return ""
	}
	var list []string
	for _, r := range s.Optional {
		list = append(list, "`"+r.String()+"`")
	}
	return " Left out: what " + strings.Join(list, ", ") + " in it brings on other machines."
}

// aboutAbstraction is a note at the first of the rules that an abstraction has.
func aboutAbstraction(s optimize.Substitution, code, summary, detail string) diag.Diagnostic {
	d := diag.Errorf(s.From[0].Origins[0].Subject(), code, summary, "%s", detail)
	d.Severity = diag.Note
	for i, r := range s.From {
		if i == maxSources {
			break
		}
		d.Related = append(d.Related, diag.Related{Range: r.Origins[0].Range, Message: r.String()})
	}
	return d
}
