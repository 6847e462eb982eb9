package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/lint"
	"apc/lang/diag"
)

func (a *app) lintCommand() *cobra.Command {
	var f loadFlags
	var format, explain string
	cmd := &cobra.Command{
		Use:   "lint [FILES|DIRS|./...]",
		Short: "Find what is too broad in policies",
		Long: `Compile the policies and report what in them is too broad or a way out of the
profile, and what to write instead. Exits 1 where there is an error or a
warning; notes are shown only. A finding is accepted with an ignore block, which
needs a reason.

Rules:
` + ruleList(),
		Example: "  apc lint ./...\n  apc lint --format github ./...     # in a GitHub workflow\n  apc lint --explain broad-write",
		RunE: func(_ *cobra.Command, args []string) error {
			if explain != "" {
				return a.explainRule(explain)
			}
			return a.lint(args, f, format)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT` of findings: text, json, github, sarif")
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
	fmt.Fprintf(a.stdout, "%s (%s): %s\n\n%s\n%s\n\nBad:\n%s\nGood:\n%s", r.Name, r.Severity, r.Summary, r.Why, r.Instead, indent(r.Bad), indent(r.Good))
	return nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}

func (a *app) lint(args []string, f loadFlags, format string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	l, err := a.load(args, f)
	if err != nil {
		return err
	}
	list := l.diags
	outputs, _ := l.compile(f, compiler.Options{Today: a.today})
	for _, out := range outputs {
		for _, d := range out.Diags {
			if !isLoss(d) {
				list = append(list, d)
			}
		}
	}
	input := list.HasErrors()
	for _, out := range outputs {
		list = append(list, lint.Module(out.Module, lint.Options{Severity: out.Policy.Settings.Severity, Today: a.today})...)
	}
	list = list.Sorted()
	if err := a.writeFindings(l.sources, list, format); err != nil {
		return machineError(err)
	}
	switch {
	case input:
		a.fail(exitInput)
	case list.Count(diag.Error)+list.Count(diag.Warning) > 0:
		a.fail(exitFindings)
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
