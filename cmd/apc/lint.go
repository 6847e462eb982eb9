package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/lint"
	"apc/lang/diag"
)

// lintFlags are the flags of `apc lint`.
type lintFlags struct {
	loadFlags
	base   string
	format string
}

func (a *app) lintCommand() *cobra.Command {
	var f lintFlags
	var explain string
	cmd := &cobra.Command{
		Use:   "lint [FILES|DIRS|./...]",
		Short: "Find what is too broad in policies and profile texts",
		Long: `Compile the policies, read the profile texts, and report what in them is too
broad or a way out of the profile, and what to write instead. Files that are no
policy by their name are profile texts: of a folder without policies all files.
Exits 1 where there is an error or a warning; notes are shown only. A finding is
accepted with an ignore block, which needs a reason, or in profile text with a
comment above the rule or beside it: "# apc:ignore RULE reason".

Rules:
` + ruleList(),
		Example: "  apc lint ./...\n  apc lint --format github ./...     # in a GitHub workflow\n  apc lint /etc/apparmor.d           # profiles that were written by hand\n  apc lint --explain broad-write",
		RunE: func(_ *cobra.Command, args []string) error {
			if explain != "" {
				return a.explainRule(explain)
			}
			return a.lint(args, f)
		},
	}
	f.loadFlags.add(cmd)
	addBase(cmd, &f.base)
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT` of findings: text, json, github, sarif")
	cmd.Flags().StringVar(&explain, "explain", "", "explain the rule `NAME`")
	return cmd
}

func ruleList() string {
	var b strings.Builder
	for _, r := range lint.Rules {
		fmt.Fprintf(&b, "  %-22s %s\n", r.Name, r.Summary)
	}
	return b.String()
}

func (a *app) explainRule(name string) error {
	i := slices.IndexFunc(lint.Rules, func(r *lint.Rule) bool { return r.Name == name })
	if i < 0 {
		var names []string
		for _, r := range lint.Rules {
			names = append(names, r.Name)
		}
		return fmt.Errorf("there is no rule %q; there are %s", name, strings.Join(names, ", "))
	}
	r := lint.Rules[i]
	fmt.Fprintf(a.stdout, "%s (%s): %s\n\n%s\n%s\nIn profile text: %s\n\nBad:\n%s\nGood:\n%s", r.Name, r.Severity, r.Summary, r.Why, r.Instead, r.InText, indent(r.Bad), indent(r.Good))
	return nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

func (a *app) lint(args []string, f lintFlags) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	if err := checkBase(f.base); err != nil {
		return err
	}
	policies, texts, err := sortArguments(args)
	if err != nil {
		return err
	}
	found := &linted{sources: diag.Sources{}}
	if len(policies) > 0 {
		if err := a.lintPolicies(policies, f.loadFlags, found); err != nil {
			return err
		}
	}
	if err := a.lintTexts(texts, f.base, found); err != nil {
		return err
	}
	list := append(found.input, found.findings...).Sorted()
	if err := a.writeFindings(found.sources, list, f.format); err != nil {
		return machineError(err)
	}
	switch {
	case found.input.HasErrors():
		a.fail(exitInput)
	case list.Count(diag.Error)+list.Count(diag.Warning) > 0:
		a.fail(exitFindings)
	}
	return nil
}

// linted is what lint has to say: about the input as such, and its findings.
type linted struct {
	sources         diag.Sources
	input, findings diag.List
}

func (a *app) lintPolicies(args []string, f loadFlags, found *linted) error {
	l, err := a.load(args, f)
	if err != nil {
		return err
	}
	maps.Copy(found.sources, l.sources)
	found.input = append(found.input, l.diags...)
	outputs, diags := l.inspect(f, compiler.Options{Today: a.today})
	found.input = append(found.input, diags...)
	run := lint.NewRun(nil, nil)
	for _, out := range outputs {
		found.findings = append(found.findings, out.Lint(nil, run, lint.Options{Severity: out.Policy.Settings.Severity, Today: a.today}).Findings...)
	}
	return nil
}

func (a *app) lintTexts(paths []string, base string, found *linted) error {
	type result struct {
		readText
		findings diag.List
	}
	reader, run := newTextReader(base), lint.NewRun(nil, nil)
	for _, r := range parallel(paths, func(path string) result {
		out := result{readText: reader.read(path)}
		for _, m := range out.modules {
			out.findings = append(out.findings, lint.Module(lint.Subject{Module: m}, run, lint.Options{Today: a.today}).Findings...)
		}
		return out
	}) {
		if r.err != nil {
			return r.err
		}
		maps.Copy(found.sources, r.sources)
		found.input = append(found.input, r.diags...)
		found.findings = append(found.findings, r.findings...)
	}
	return nil
}

func checkFormat(format string) error {
	if !slices.Contains([]string{"text", "json", "github", "sarif"}, format) {
		return fmt.Errorf("--format %q: there are text, json, github and sarif", format)
	}
	return nil
}

func (a *app) writeFindings(sources diag.Sources, list diag.List, format string) error {
	switch format {
	case "json":
		return diag.WriteJSON(a.stdout, list)
	case "github":
		return diag.WriteGitHub(a.stdout, list)
	case "sarif":
		return diag.WriteSARIF(a.stdout, list)
	}
	if err := (diag.Text{Sources: sources, Color: a.stdoutColor}).Write(a.stdout, list); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stderr, "%s, %s, %s\n", count(list.Count(diag.Error), "error"), count(list.Count(diag.Warning), "warning"), count(list.Count(diag.Note), "note"))
	return err
}
