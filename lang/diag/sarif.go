package diag

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
)

// Tool tells of apc what its findings alone do not.
type Tool struct {
	Version string
	Rules   []RuleInfo
}

// RuleInfo describes the rule behind a code.
type RuleInfo struct {
	Code     string
	Group    string // a tag
	Severity Severity
	Summary  string
	Why      string
	Help     string // the rule's whole page
}

// The sarif types hold the part of SARIF 2.1.0 (OASIS, 2020) that apc writes.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool            `json:"tool"`
		ColumnKind string               `json:"columnKind"`
		Bases      map[string]sarifBase `json:"originalUriBaseIds"`
		Results    []sarifResult        `json:"results"`
	}
	sarifBase struct {
		Description sarifText `json:"description"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string           `json:"id"`
		Short         *sarifText       `json:"shortDescription,omitempty"`
		Full          *sarifText       `json:"fullDescription,omitempty"`
		Help          *sarifText       `json:"help,omitempty"`
		Configuration *sarifConfig     `json:"defaultConfiguration,omitempty"`
		Properties    *sarifProperties `json:"properties,omitempty"`
	}
	sarifConfig struct {
		Level Severity `json:"level"`
	}
	sarifProperties struct {
		Tags []string `json:"tags"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        Severity          `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints,omitempty"`
		Fixes        []sarifFix        `json:"fixes,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted *sarifText  `json:"insertedContent,omitempty"`
	}
)

// root is the name of the directory that relative paths begin at.
const root = "%SRCROOT%"

// WriteSARIF writes the list as a SARIF 2.1.0 log with one run of apc.
func WriteSARIF(w io.Writer, list List, tool Tool) error {
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "apc", Version: tool.Version, Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		Bases:      map[string]sarifBase{root: {sarifText{"The directory that apc was run in."}}},
		Results:    []sarifResult{},
	}
	index := map[string]int{}
	add := func(r sarifRule) {
		index[r.ID] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, r)
	}
	for _, r := range tool.Rules {
		add(describedRule(r))
	}
	for _, d := range list {
		if _, known := index[d.Code]; !known {
			add(sarifRule{ID: d.Code})
		}
		run.Results = append(run.Results, toSarif(d, index[d.Code]))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

func describedRule(r RuleInfo) sarifRule {
	return sarifRule{
		ID: r.Code, Short: &sarifText{r.Summary}, Full: &sarifText{r.Why}, Help: &sarifText{r.Help},
		Configuration: &sarifConfig{r.Severity}, Properties: &sarifProperties{[]string{r.Group}},
	}
}

func toSarif(d Diagnostic, index int) sarifResult {
	text := d.Summary
	if d.Detail != "" {
		text += ". " + d.Detail
	}
	res := sarifResult{RuleID: d.Code, RuleIndex: index, Level: d.Severity, Message: sarifText{text}}
	if d.Subject.File != "" {
		res.Locations = []sarifLocation{{Physical: physical(d.Subject)}}
	}
	for _, r := range d.Related {
		if r.Range.File != "" {
			res.Related = append(res.Related, sarifLocation{Physical: physical(r.Range), Message: &sarifText{r.Message}})
		}
	}
	if d.About != (About{}) {
		res.Fingerprints = map[string]string{"apcFinding/v1": d.Fingerprint()}
	}
	if len(d.Fix) > 0 {
		res.Fixes = []sarifFix{{Description: sarifText{"As `apc lint --fix` does it."}, Changes: changes(d.Fix)}}
	}
	return res
}

// Fingerprint is a digest of what the diagnostic is about, without its place.
func (d Diagnostic) Fingerprint() string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(d.Code+"\n"+d.About.Profile+"\n"+d.About.Text)))
}

// changes groups edits by their files, in their order.
func changes(edits []Edit) []sarifChange {
	var out []sarifChange
	at := map[string]int{}
	for _, e := range edits {
		i, known := at[e.Range.File]
		if !known {
			i = len(out)
			at[e.Range.File] = i
			out = append(out, sarifChange{Artifact: artifact(e.Range.File)})
		}
		r := sarifReplacement{Deleted: region(e.Range)}
		if e.New != "" {
			r.Inserted = &sarifText{e.New}
		}
		out[i].Replacements = append(out[i].Replacements, r)
	}
	return out
}

func physical(r Range) sarifPhysical {
	p := sarifPhysical{Artifact: artifact(r.File)}
	if r.Start.Line > 0 {
		at := region(r)
		p.Region = &at
	}
	return p
}

func region(r Range) sarifRegion {
	return sarifRegion{r.Start.Line, r.Start.Column, r.End.Line, r.End.Column}
}

// artifact names a file by a URI: relative to the working directory as far as
// the user named it so.
func artifact(file string) sarifArtifact {
	if path.IsAbs(file) {
		return sarifArtifact{URI: (&url.URL{Scheme: "file", Path: file}).String()}
	}
	return sarifArtifact{URI: (&url.URL{Path: path.Clean(file)}).String(), Base: root}
}
