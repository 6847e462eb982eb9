package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler/lint"
	"apc/lang/diag"
)

// lintFlags are the flags of `apc lint`.
type lintFlags struct {
	loadFlags
	base          string
	format        string
	failOn        string
	baseline      string
	writeBaseline string
	fix           bool
	rules         []string
}

func (a *app) lintCommand() *cobra.Command {
	var f lintFlags
	var explain string
	cmd := &cobra.Command{
		Use:   "lint [FILES|DIRS|./...]",
		Short: "Find faults in policies and profile texts",
		Long: `Compile the policies, read the profile texts, and report what in them is too
broad, a way out of the profile, without effect or a bad habit, and what to
write instead. Files that are no policy by their name are profile texts: of a
folder without policies all files, below DIR/... those that begin as a profile
does and that apc did not build.

Exits 1 where there is a finding of the severity --fail-on or above, 2 where
the input cannot be read. A finding is accepted with an ignore block, which
needs a reason, or in profile text with a comment above the rule or beside it:
"# apc:ignore RULE reason". A team with many old findings begins with a file of
them: --write-baseline FILE once, then --baseline FILE.

Rules:
` + ruleList(),
		Example: "  apc lint ./...\n  apc lint --format github ./...     # in a GitHub workflow\n  apc lint /etc/apparmor.d           # profiles that were written by hand\n" +
			"  apc lint --write-baseline lint-baseline.json ./... && apc lint --baseline lint-baseline.json ./...\n  apc lint --fix ./...\n  apc lint --explain broad-write",
		RunE: func(_ *cobra.Command, args []string) error {
			if explain != "" {
				return a.explainRule(explain)
			}
			return a.lint(args, f)
		},
	}
	f.loadFlags.add(cmd)
	addBase(cmd, &f.base)
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT` of findings: "+strings.Join(formats, ", "))
	cmd.Flags().StringVar(&f.failOn, "fail-on", "warning", "`SEVERITY` from which on a finding gives exit code 1: error, warning, note")
	cmd.Flags().StringVar(&f.baseline, "baseline", "", "`FILE` with old findings, which are accepted")
	cmd.Flags().StringVar(&f.writeBaseline, "write-baseline", "", "write what is found to `FILE`, to be accepted from now on")
	cmd.MarkFlagsMutuallyExclusive("baseline", "write-baseline")
	cmd.Flags().BoolVar(&f.fix, "fix", false, "make the edits that change nothing but what findings are about")
	cmd.MarkFlagsMutuallyExclusive("fix", "write-baseline")
	cmd.Flags().StringArrayVar(&f.rules, "rule", nil, "look for what the rule `NAME` finds alone (repeatable)")
	cmd.Flags().StringVar(&explain, "explain", "", "explain the rule `NAME`")
	return cmd
}

func ruleList() string {
	var b strings.Builder
	for _, r := range lint.Rules {
		fmt.Fprintf(&b, "  %-24s %-8s %s\n", r.Name, r.Group, r.Summary)
	}
	return b.String()
}

func (a *app) explainRule(name string) error {
	if err := checkRules(name); err != nil {
		return err
	}
	_, err := fmt.Fprint(a.stdout, rulePage(lint.Find(name)))
	return err
}

// checkRules refuses names that no rule has.
func checkRules(given ...string) error {
	var names []string
	for _, r := range lint.Rules {
		names = append(names, r.Name)
	}
	for _, name := range given {
		if lint.Find(name) == nil {
			return fmt.Errorf("there is no rule %q; there are %s.%s", name, strings.Join(names, ", "), diag.DidYouMean(name, names))
		}
	}
	return nil
}

// rulePage is what `apc lint --explain` tells of a rule.
func rulePage(r *lint.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, %s): %s\n\n%s\n%s\n", r.Name, r.Group, r.Severity, r.Summary, r.Why, r.Instead)
	if r.InText != "" {
		fmt.Fprintf(&b, "In profile text: %s\n", r.InText)
	}
	example := func(what, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n%s:\n%s", what, indent(text))
		}
	}
	example("Bad", r.Bad)
	example("Good", r.Good)
	example("Bad, in profile text", r.BadText)
	example("Good, in profile text", r.GoodText)
	return b.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.Trim(text, "\n"), "\n", "\n  ") + "\n"
}

// lint looks at what the arguments name, and reports what it finds.
func (a *app) lint(args []string, f lintFlags) error {
	if err := cmp.Or(checkFormat(f.format), checkBase(f.base), checkRules(f.rules...)); err != nil {
		return err
	}
	failing, ok := diag.ParseSeverity(f.failOn)
	if !ok {
		return fmt.Errorf("--fail-on %q: there are error, warning and note", f.failOn)
	}
	var old *baseline
	var err error
	if f.writeBaseline != "" {
		if err = checkReplaceable(f.writeBaseline); err != nil {
			return err
		}
	}
	if f.baseline != "" {
		if old, err = readBaseline(f.baseline); err != nil {
			return err
		}
	}
	found, err := a.linted(args, f, old)
	if err != nil {
		return err
	}
	if f.writeBaseline != "" {
		if err := a.acceptAll(found, f.writeBaseline); err != nil {
			return err
		}
	}
	list := slices.Concat(found.input, found.findings).Sorted()
	if err := a.writeReport(report{list, found.sources, found.files, failing}, f.format); err != nil {
		return machineError(err)
	}
	switch {
	case found.input.HasErrors():
		a.fail(exitInput)
	case slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Severity >= failing }):
		a.fail(exitFindings)
	}
	return nil
}

// acceptAll writes the findings as a baseline and takes them out, but not where
// the input has errors: what could not be read would be missing in it.
func (a *app) acceptAll(found *linted, path string) error {
	if found.input.HasErrors() {
		fmt.Fprintf(a.stderr, "%s was not written: the input has errors\n", path)
		return nil
	}
	if err := writeBaseline(path, found.findings); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s: %s\n", path, count(len(found.findings), "finding"))
	found.findings = nil
	return nil
}

// linted reads and lints what the arguments name, mends what --fix may mend, and
// takes out what the baseline accepts.
func (a *app) linted(args []string, f lintFlags, old *baseline) (*linted, error) {
	once := func() (*linted, error) {
		found, err := a.lintAll(args, f)
		if err == nil && old != nil {
			found.findings = old.accept(found.findings, found.profiles, f.rules)
		}
		return found, err
	}
	if f.fix {
		return a.fix(once)
	}
	return once()
}
