package compiler

import (
	"fmt"
	"slices"
	"strings"

	"apc/compiler/fit"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/feature"
)

// Lose notes what the target cannot hold, and reports it: one diagnostic for
// each feature, an error where losses are, less what the policy accepts with an
// ignore. After compiling, it is for what the real parser alone knows.
func (out *Output) Lose(losses ...fit.Loss) diag.List {
	out.Losses = append(out.Losses, losses...)
	var order []feature.Feature
	grouped := map[feature.Feature][]fit.Loss{}
	for _, l := range losses {
		if accepted(out.Module.Ignores, l, out.today) {
			out.Accepted++
			continue
		}
		if grouped[l.Feature] == nil {
			order = append(order, l.Feature)
		}
		grouped[l.Feature] = append(grouped[l.Feature], l)
	}
	var diags diag.List
	for _, f := range order {
		d := lossDiagnostic(out.Target, f, grouped[f])
		if out.strict {
			d.Severity = diag.Error
		}
		diags = append(diags, d)
	}
	return diags
}

func lossDiagnostic(t *feature.Target, f feature.Feature, losses []fit.Loss) diag.Diagnostic {
	info, _ := feature.Describe(f)
	var kept, instead []string
	for _, l := range losses {
		kept = addOnce(kept, "`"+l.Kept+"`", l.Kept != "" && l.Kept != l.Rule)
		instead = addOnce(instead, l.Instead, l.Instead != "")
	}
	detail := "It is about " + info.Doc + "."
	if len(kept) > 0 {
		detail += " Written instead: " + strings.Join(kept, " ") + "."
	}
	if len(instead) > 0 {
		detail += " What holds there: " + strings.Join(instead, "; ") + "."
	}
	detail += fmt.Sprintf(" Accept it with ignore %q { reason = \"…\" }.", f)
	d := diag.Warningf(losses[0].Origins[0].Subject(), string(f), t.Name+" cannot hold this", "%s", detail)
	for _, l := range losses {
		d.Related = append(d.Related, diag.Related{Range: l.Origins[0].Range, Message: l.Rule})
	}
	return d
}

// addOnce appends s to the list where it is wanted and not there yet.
func addOnce(list []string, s string, wanted bool) []string {
	if !wanted || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// accepted says whether an ignore accepts the loss.
func accepted(ignores []ir.Ignore, l fit.Loss, today string) bool {
	return slices.ContainsFunc(ignores, func(i ir.Ignore) bool {
		return i.Accepts(string(l.Feature), l.Path, l.Origins, today)
	})
}

// unaccepted returns the diagnostics of lowering without those that an ignore
// of the policy accepts.
func (out *Output) unaccepted(list diag.List, opts Options) diag.List {
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		return d.Code == lower.InterpreterAttachment && slices.ContainsFunc(out.Module.Ignores, func(i ir.Ignore) bool {
			return i.Accepts(d.Code, out.Module.Profile.Attachment, nil, opts.Today)
		})
	})
}
