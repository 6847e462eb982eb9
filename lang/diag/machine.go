package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the list as one JSON object, {"diagnostics": [...]}, in the
// form that SPEC.md documents.
func WriteJSON(w io.Writer, list List) error {
	if list == nil {
		list = List{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(map[string]List{"diagnostics": list})
}

// WriteGitHub writes the list as workflow commands of GitHub Actions, one a
// line, which show it beside the changed lines of a pull request.
func WriteGitHub(w io.Writer, list List) error {
	for _, d := range list {
		if _, err := io.WriteString(w, githubCommand(d)); err != nil {
			return err
		}
	}
	return nil
}

func githubCommand(d Diagnostic) string {
	kind := map[Severity]string{Note: "notice", Warning: "warning", Error: "error"}[d.Severity]
	props := "title=" + githubEscape(d.Code, true)
	if d.Subject.File != "" {
		props = fmt.Sprintf("file=%s,line=%d,col=%d,endLine=%d,endColumn=%d,%s", githubEscape(d.Subject.File, true),
			d.Subject.Start.Line, d.Subject.Start.Column, d.Subject.End.Line, d.Subject.End.Column, props)
	}
	message := d.Summary
	if d.Detail != "" {
		message += ". " + d.Detail
	}
	return "::" + kind + " " + props + "::" + githubEscape(message, false) + "\n"
}

// githubEscape escapes what would end a workflow command, or in a property
// what would end that property.
func githubEscape(s string, property bool) string {
	s = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
	if property {
		s = strings.NewReplacer(":", "%3A", ",", "%2C").Replace(s)
	}
	return s
}

// sarif types hold the part of SARIF 2.1.0 that apc writes.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

// WriteSARIF writes the list as a SARIF 2.1.0 log with one run of apc.
func WriteSARIF(w io.Writer, list List) error {
	run := sarifRun{Tool: sarifTool{Driver: sarifDriver{Name: "apc", Rules: []sarifRule{}}}, Results: []sarifResult{}}
	seen := map[string]bool{}
	for _, d := range list {
		if !seen[d.Code] {
			seen[d.Code] = true
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: d.Code})
		}
		run.Results = append(run.Results, toSarif(d))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func toSarif(d Diagnostic) sarifResult {
	text := d.Summary
	if d.Detail != "" {
		text += ". " + d.Detail
	}
	res := sarifResult{RuleID: d.Code, Level: d.Severity.String(), Message: sarifText{Text: text}}
	if d.Subject.File == "" {
		return res
	}
	at := sarifPhysical{Artifact: sarifArtifact{URI: d.Subject.File}}
	if s := d.Subject; s.Start.Line > 0 {
		at.Region = &sarifRegion{s.Start.Line, s.Start.Column, s.End.Line, s.End.Column}
	}
	res.Locations = []sarifLocation{{Physical: at}}
	return res
}
