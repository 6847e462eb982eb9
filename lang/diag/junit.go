package diag

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
)

// The junit types hold the part of the XML of Ant's JUnit task that readers of
// it have in common.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the list as JUnit XML: a suite for each file, in it a case
// for each diagnostic, or one that passes. What weighs less than failing is
// told in a case that passes.
func WriteJUnit(w io.Writer, list List, files []string, failing Severity) error {
	out := junitSuites{Name: "apc"}
	byFile := map[string]List{}
	for _, file := range files {
		byFile[file] = nil
	}
	for _, d := range list {
		byFile[d.Subject.File] = append(byFile[d.Subject.File], d)
	}
	for _, file := range slices.Sorted(maps.Keys(byFile)) {
		suite := junitSuite{Name: Printable(file)}
		for _, d := range byFile[file] {
			suite.add(caseOf(d, failing))
		}
		if len(suite.Cases) == 0 {
			suite.add(junitCase{Name: "no findings", Class: suite.Name, File: suite.Name})
		}
		out.Tests += suite.Tests
		out.Failures += suite.Failures
		out.Suites = append(out.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	s.Cases = append(s.Cases, c)
}

func caseOf(d Diagnostic, failing Severity) junitCase {
	at := Printable(d.Subject.String())
	c := junitCase{Name: fmt.Sprintf("%s %s", d.Code, at), Class: Printable(d.Subject.File), File: Printable(d.Subject.File), Line: d.Subject.Start.Line}
	text := Printable(fmt.Sprintf("%s: %s: %s. %s", d.Subject, d.Severity, d.Summary, d.Detail))
	if d.Severity >= failing {
		c.Failure = &junitFailure{Type: d.Severity.String(), Message: Printable(d.Summary), Text: text}
	} else {
		c.Out = text
	}
	return c
}
