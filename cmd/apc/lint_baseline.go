package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"apc/lang/diag"
)

// baseline is a file of old findings, each known by its rule and by what it is
// about, so that it is found again when lines have moved.
type baseline struct {
	path    string
	entries []baselineEntry
}

// baselineEntry is one line of a baseline.
type baselineEntry struct {
	Rule    string `json:"rule"`
	Profile string `json:"profile"` // or the file, where it is about no profile
	About   string `json:"about"`   // the rule's text, or ""
	Count   int    `json:"count"`
}

// baselineFile is the form of the file.
type baselineFile struct {
	Version  int             `json:"version"`
	Findings []baselineEntry `json:"findings"`
}

// baselineVersion is the version of the form.
const baselineVersion = 1

func readBaseline(path string) (*baseline, error) {
	text, err := readRegular(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	entries, err := parseBaseline(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &baseline{path, entries}, nil
}

// parseBaseline reads the text of a baseline, and refuses one that is damaged: it
// would accept less, or other findings, than the team once accepted.
func parseBaseline(text []byte) ([]baselineEntry, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var f baselineFile
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("it is not a baseline: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it is a damaged baseline: there is text after its end")
	}
	if f.Version != baselineVersion {
		return nil, fmt.Errorf("it is a baseline of version %d, and this apc reads version %d", f.Version, baselineVersion)
	}
	if f.Findings == nil {
		return nil, errors.New("it is a damaged baseline: it has no findings, not even an empty list")
	}
	for _, e := range f.Findings {
		if e.Count < 1 {
			return nil, fmt.Errorf("it is a damaged baseline: the count of %s in %s is %d", e.Rule, e.Profile, e.Count)
		}
	}
	return f.Findings, nil
}

// checkReplaceable refuses to write a baseline over a file that is none: where
// --write-baseline is given without its FILE, that is the profile to be linted.
// An empty file may go, as one that was made for the purpose.
func checkReplaceable(path string) error {
	text, err := readRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return pathError(path, err)
	case len(bytes.TrimSpace(text)) == 0:
		return nil
	}
	if _, err := parseBaseline(text); err != nil {
		return fmt.Errorf("--write-baseline %s: the file is there and stays: %w", path, err)
	}
	return nil
}

// writeBaseline writes the findings as a baseline: sorted, one a line.
func writeBaseline(path string, findings diag.List) error {
	counts := map[baselineEntry]int{}
	for _, d := range findings {
		counts[entryOf(d)]++
	}
	f := baselineFile{Version: baselineVersion, Findings: []baselineEntry{}}
	for e, n := range counts {
		e.Count = n
		f.Findings = append(f.Findings, e)
	}
	slices.SortFunc(f.Findings, func(a, b baselineEntry) int {
		return cmp.Or(cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.About, b.About))
	})
	text, err := f.text()
	if err != nil {
		return err
	}
	return putFile(path, text)
}

// text spells a baseline with an entry a line, so that versions of it compare
// well.
func (f baselineFile) text() (string, error) {
	lines := make([]string, len(f.Findings))
	for i, e := range f.Findings {
		var line strings.Builder
		enc := json.NewEncoder(&line)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			return "", err
		}
		lines[i] = "\n    " + strings.TrimSuffix(line.String(), "\n")
	}
	return fmt.Sprintf("{\n  \"version\": %d,\n  \"findings\": [%s\n  ]\n}\n", f.Version, strings.Join(lines, ",")), nil
}

// putFile writes a file at once, be it there or not.
func putFile(path, text string) error {
	if _, err := os.Stat(path); err == nil {
		return replaceFile(path, text)
	}
	tmp, err := stage(filepath.Clean(path), text)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		if tmp != "" {
			os.Remove(tmp)
		}
		return machineError(err)
	}
	return nil
}

func entryOf(d diag.Diagnostic) baselineEntry {
	return baselineEntry{Rule: d.Code, Profile: d.About.Profile, About: d.About.Text}
}

// accept returns the findings that are not in the baseline and, as a note, how
// many of it are gone from the profiles that were looked at. Of equal findings
// as many are accepted as there were.
func (b *baseline) accept(findings diag.List, profiles map[string]bool, rules []string) diag.List {
	left := map[baselineEntry]int{}
	for _, e := range b.entries {
		n := e.Count
		e.Count = 0
		left[e] += n
	}
	var out diag.List
	for _, d := range findings {
		if e := entryOf(d); left[e] > 0 {
			left[e]--
		} else {
			out = append(out, d)
		}
	}
	gone := 0
	for e, n := range left {
		if profiles[e.Profile] && (len(rules) == 0 || slices.Contains(rules, e.Rule)) {
			gone += n
		}
	}
	if gone > 0 {
		out = append(out, diag.Diagnostic{
			Severity: diag.Note, Code: "old-baseline", Summary: count(gone, "finding") + " of the baseline gone",
			Detail:  "Write it anew with --write-baseline, so that they cannot come back unseen.",
			Subject: diag.Range{File: filepath.ToSlash(b.path)},
		})
	}
	return out
}
