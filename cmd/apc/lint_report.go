package main

import (
	"fmt"
	"slices"
	"strings"

	"apc/compiler/lint"
	"apc/lang/diag"
)

// formats are the forms of diagnostics.
var formats = []string{"text", "json", "sarif", "github", "junit"}

func checkFormat(format string) error {
	if !slices.Contains(formats, format) {
		return fmt.Errorf("--format %q: there are %s", format, strings.Join(formats, ", "))
	}
	return nil
}

// report is what there is to say about some files.
type report struct {
	list    diag.List
	sources diag.Sources
	files   []string      // those that were named, also where nothing is said of them
	failing diag.Severity // from which on the command fails
}

// writeFindings writes diagnostics of which warnings fail.
func (a *app) writeFindings(sources diag.Sources, list diag.List, format string) error {
	return a.writeReport(report{list, sources, nil, diag.Warning}, format)
}

func (a *app) writeReport(r report, format string) error {
	switch format {
	case "json":
		return diag.WriteJSON(a.stdout, r.list)
	case "github":
		return diag.WriteGitHub(a.stdout, r.list)
	case "sarif":
		return diag.WriteSARIF(a.stdout, r.list, diag.Tool{Version: version, Rules: lintRules()})
	case "junit":
		return diag.WriteJUnit(a.stdout, r.list, r.files, r.failing)
	}
	if err := (diag.Text{Sources: r.sources, Color: a.stdoutColor}).Write(a.stdout, r.list); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stderr, "%s, %s, %s\n", count(r.list.Count(diag.Error), "error"), count(r.list.Count(diag.Warning), "warning"), count(r.list.Count(diag.Note), "note"))
	return err
}

// lintRules describes the lint rules to machines.
func lintRules() []diag.RuleInfo {
	var out []diag.RuleInfo
	for _, r := range lint.Rules {
		out = append(out, diag.RuleInfo{Code: r.Name, Group: string(r.Group), Severity: r.Severity, Summary: r.Summary, Why: r.Why, Help: rulePage(r)})
	}
	return out
}
