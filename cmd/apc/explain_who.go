package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/diag"
)

// explainWho lists the profiles of policies and profile texts that allow an
// access: by their rules, or by the mode that they are in.
func (a *app) explainWho(policies, texts []string, f explainFlags) error {
	path, want, err := accessArgument("--who", f.who)
	if err != nil {
		return err
	}
	modules, err := a.readTexts(texts, f.base)
	if err != nil {
		return err
	}
	if len(policies) > 0 {
		outputs, _, err := a.explained(policies, f)
		if err != nil {
			return err
		}
		made, err := resolvedAll(outputs, f.base)
		if err != nil {
			return err
		}
		modules = append(modules, made...)
	}
	if a.code >= exitInput {
		return nil
	}
	var profiles int
	var who []answered
	for _, m := range modules {
		for _, p := range m.Profiles() {
			profiles++
			q := answered{m, p, path, want, grants.Ask(m, p, path, want)}
			if q.Allowed || strings.Contains(q.mode(), ": allowed") {
				who = append(who, q)
			}
			for _, u := range q.Unknown {
				fmt.Fprintf(a.stderr, "apc: %s: not looked into: %s\n", diag.Printable(m.FullName(p)), diag.Printable(u))
			}
		}
	}
	if f.format == "json" {
		return a.answersJSON(who)
	}
	return a.whoTable(who, profiles)
}

// whoTable writes a line for each rule that allows the access, and for each
// profile that does by its mode.
func (a *app) whoTable(who []answered, profiles int) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	var rows []string
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = diag.Printable(c)
		}
		// Profiles for several targets often have the rule in common.
		if r := strings.Join(cells, "\t"); !slices.Contains(rows, r) {
			rows = append(rows, r)
		}
	}
	for _, q := range who {
		name := q.module.FullName(q.profile)
		if !q.Allowed {
			mode, _, _ := strings.Cut(q.mode(), ":")
			row(name, mode, "", whence(q.profile.Origin))
			continue
		}
		for _, r := range q.Allow {
			for _, o := range r.Origins {
				row(name, q.verdict(), r.Rule.String(), whence(o))
			}
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w, "PROFILE\tACCESS\tRULE\tFROM")
	}
	for _, r := range rows {
		fmt.Fprintln(w, r)
	}
	if err := w.Flush(); err != nil {
		return machineError(err)
	}
	var names []string
	for _, q := range who {
		if name := q.module.FullName(q.profile); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	fmt.Fprintf(a.stderr, "%d of %s\n", len(names), count(profiles, "profile"))
	return nil
}

// whence tells where an origin is in what the user wrote, with the modules that
// it came through, and the beginning of its reason.
func whence(o ir.Origin) string {
	s := o.Intent + ", " + o.Subject().String()
	for _, u := range o.Via {
		s += ", through module " + u.Module
	}
	reason := []rune(o.Reason)
	if len(reason) > maxReason {
		reason = append(reason[:maxReason], '…')
	}
	return s + because(string(reason))
}

// maxReason is how many characters of a reason stand in a table.
const maxReason = 60
