package main

import (
	"cmp"
	"fmt"
	"strings"

	"apc/compiler/ir"
	"apc/compiler/propose"
	"apc/lang/audit"
)

// whyJSON writes replies as one object.
func (a *app) whyJSON(replies []*reply) error {
	out := jsonLines{w: a.stdout}
	out.text("{\"replies\": [")
	for i, r := range replies {
		out.item(i, r)
	}
	out.text("\n]}\n")
	if out.err != nil {
		return machineError(out.err)
	}
	return nil
}

// printReply writes a reply for people.
func (a *app) printReply(w *answerer, r *reply) {
	a.print("%s: %s: %s\n", cmp.Or(string(r.Mode), "record"), cmp.Or(r.Profile, "no profile"), r.Wants)
	if r.Policy != nil {
		a.print("  profile: %s, %s, for %s\n", r.Policy.Profile, r.Policy.Range, r.Policy.Target)
	}
	for _, b := range r.Because {
		if b.Rule == "" {
			a.print("  %s\n", b.Text)
			continue
		}
		a.print("  %s `%s`\n", b.Text, b.Rule)
		for _, o := range b.Origins {
			a.printOrigin(o)
		}
	}
	for i, m := range r.Remedies {
		a.printRemedy(w, m, i > 0)
	}
}

func (a *app) printOrigin(o ir.Origin) {
	a.print("    %s, %s", o.Intent, o.Range)
	for _, u := range o.Via {
		a.print(", through module %s, used at %s", u.Module, u.Range)
	}
	if o.Reason != "" {
		a.print(": %s", o.Reason)
	}
	fmt.Fprintln(a.stdout)
}

// printRemedy shows the first remedy as the lines that change, and others by
// their statements.
func (a *app) printRemedy(w *answerer, m *remedy, other bool) {
	switch {
	case other && len(m.Statements) > 0:
		a.print("  or, %s: %s\n", cmp.Or(m.When, m.What), strings.Join(strings.Fields(strings.Join(m.Statements, " ")), " "))
	case len(m.Edits) > 0:
		what := m.What
		if other {
			what = "or, " + what
		}
		a.printEdits(w, m, what)
	default:
		a.print("  %s, add to the body at %s (%s):\n", m.What, m.body, m.NotEdited)
		for line := range strings.Lines(strings.Join(m.Statements, "\n")) {
			a.print("    %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	for _, list := range []struct {
		what  string
		rules []string
	}{{"grants", m.Grants}, {"takes out", m.Removes}} {
		for _, r := range list.rules {
			a.print("    %s `%s`\n", list.what, r)
		}
	}
	for _, l := range m.Losses {
		a.print("    %s\n", l)
	}
	if len(m.Also) > 0 {
		a.print("    what else it allows: %s\n", strings.Join(m.Also, "; "))
	}
	for _, n := range m.Notes {
		a.print("    %s\n", n)
	}
}

// printEdits shows edits of files as the lines that change.
func (a *app) printEdits(w *answerer, m *remedy, what string) {
	for from := 0; from < len(m.Edits); {
		file, to := m.Edits[from].Range.File, from
		for to < len(m.Edits) && m.Edits[to].Range.File == file {
			to++
		}
		a.print("  %s, edit %s:%d:\n", what, file, m.Edits[from].Range.Start.Line)
		before := w.loaded.sources[file]
		for line := range strings.Lines(lineDiff(string(before), string(propose.Apply(before, m.Edits[from:to])))) {
			a.print("    %s\n", strings.TrimSuffix(line, "\n"))
		}
		from, what = to, "and"
	}
}

// advice says in one line what an event's policy lacks, in the words of apc
// why: the statement that would allow the access, or the deny that wins. It is
// "" where no policy makes the profile, and where the policy allows the access.
func (w *answerer) advice(e *audit.Event) (string, error) {
	want := propose.Asks(e)
	at, err := w.locate(e)
	if err != nil || at.profile == nil || !e.Denial() {
		return "", err
	}
	f := propose.Decide(at.module, at.profile, want)
	switch f.Verdict {
	case propose.Unanswerable:
		return want.Problem, nil
	case propose.NeedsFlag:
		return "needs " + oneLine(propose.Flag(want.Flag)), nil
	case propose.Denied:
		return fmt.Sprintf("denied by `%s`, %s", f.Deny[0].Rule.String(), f.Deny[0].Origins[0].Range), nil
	case propose.OwnerOnly:
		return fmt.Sprintf("granted to the owner of the file only, by `%s`, %s", f.Allow[0].Rule.String(), f.Allow[0].Origins[0].Range), nil
	case propose.Transition:
		return "the exec is granted, and its transition failed: " + e.Info, nil
	}
	q := &question{answerer: w, located: at, event: e, want: want, finding: f}
	for _, s := range propose.Choices(want, f.Missing) {
		if _, f, problem := q.attempt(s); problem == "" && whyNot(f, nil) == "" {
			return "missing " + oneLine(s), nil
		}
	}
	return "", nil
}

func oneLine(s propose.Statement) string { return strings.Join(strings.Fields(s.HCL()), " ") }
