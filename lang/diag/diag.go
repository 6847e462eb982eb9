// Package diag holds what every part of apc says about its input: diagnostics
// with ranges of source text, edits that mend them, and the forms in which
// they are shown to people and machines.
//
// It imports the standard library only, and knows nothing of what the text
// means.
package diag

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// Pos is a place in a file.
type Pos struct {
	Byte   int `json:"byte"`   // offset from the start of the file, from 0
	Line   int `json:"line"`   // from 1; 0 means that the place is unknown
	Column int `json:"column"` // in characters, from 1
}

// Range is a half-open piece of a file. The zero Range means "no place".
type Range struct {
	File  string `json:"file"` // as the user named it, with forward slashes
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String spells the range as file:line:column, or as much of that as is known.
func (r Range) String() string {
	if r.Start.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Start.Line, r.Start.Column)
}

// Less orders ranges by file, then by place.
func (r Range) Less(o Range) bool {
	if r.File != o.File {
		return r.File < o.File
	}
	if r.Start.Line != o.Start.Line {
		return r.Start.Line < o.Start.Line
	}
	return r.Start.Column < o.Start.Column
}

// Within returns the range of the bytes from..to of a piece of text that stands
// at r.
func Within(r Range, piece []byte, from, to int) Range {
	return Range{File: r.File, Start: advance(r.Start, piece[:from]), End: advance(r.Start, piece[:to])}
}

// advance returns the place behind a text that begins at p.
func advance(p Pos, text []byte) Pos {
	p.Byte += len(text)
	if n := bytes.Count(text, []byte{'\n'}); n > 0 {
		p.Line += n
		p.Column = 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	p.Column += utf8.RuneCount(text)
	return p
}

// Severity says how much a diagnostic weighs.
type Severity uint8

// The severities, lightest first. An Error stops a build.
const (
	Note Severity = iota
	Warning
	Error
)

// String returns "note", "warning" or "error".
func (s Severity) String() string {
	return [...]string{"note", "warning", "error"}[s]
}

// ParseSeverity returns the severity that String spells so.
func ParseSeverity(s string) (Severity, bool) {
	for _, severity := range []Severity{Note, Warning, Error} {
		if severity.String() == s {
			return severity, true
		}
	}
	return 0, false
}

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Related is another place that a diagnostic speaks of.
type Related struct {
	Range   Range  `json:"range"`
	Message string `json:"message"`
}

// Edit replaces the bytes of Range by New.
type Edit struct {
	Range Range  `json:"range"`
	New   string `json:"new"`
}

// About names what a diagnostic is about without its place, so that it is known
// again when lines move.
type About struct {
	Profile string `json:"profile"`        // or the base name of a file
	Text    string `json:"text,omitempty"` // of a rule, say
}

// Diagnostic is one thing to say about the input.
type Diagnostic struct {
	Severity Severity  `json:"severity"`
	Code     string    `json:"code"`              // stable name in kebab case
	Summary  string    `json:"summary"`           // what is wrong, terse, no full stop
	Detail   string    `json:"detail,omitempty"`  // full sentences: why, and what to do
	Subject  Range     `json:"subject"`           // the text that is wrong
	Context  *Range    `json:"context,omitempty"` // what stands around it
	Related  []Related `json:"related,omitempty"`
	Fix      []Edit    `json:"fix,omitempty"` // mends it, and changes nothing else
	About    About     `json:"about,omitzero"`
}

// Error implements error, so that a diagnostic can travel as one.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if at := d.Subject.String(); at != "" {
		b.WriteString(at + ": ")
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Summary)
	if d.Detail != "" {
		b.WriteString(": " + d.Detail)
	}
	return b.String()
}

// List is a list of diagnostics.
type List []Diagnostic

// HasErrors says whether any of the list is an Error.
func (l List) HasErrors() bool { return l.Count(Error) > 0 }

// Count returns how many of the list have this severity.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Errorf returns an error diagnostic at a place.
func Errorf(at Range, code, summary, detail string, args ...any) Diagnostic {
	return Diagnostic{Severity: Error, Code: code, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: at}
}

// Warningf returns a warning diagnostic at a place.
func Warningf(at Range, code, summary, detail string, args ...any) Diagnostic {
	d := Errorf(at, code, summary, detail, args...)
	d.Severity = Warning
	return d
}

// Sorted returns the list ordered by place, then severity, without repeats.
func (l List) Sorted() List {
	out := append(List(nil), l...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].before(out[j]) })
	kept := out[:0]
	for i, d := range out {
		if i == 0 || !d.same(out[i-1]) {
			kept = append(kept, d)
		}
	}
	return kept
}

func (d Diagnostic) before(o Diagnostic) bool {
	if d.Subject != o.Subject {
		return d.Subject.Less(o.Subject)
	}
	if d.Severity != o.Severity {
		return d.Severity > o.Severity
	}
	if d.Code != o.Code {
		return d.Code < o.Code
	}
	return d.Summary+d.Detail < o.Summary+o.Detail
}

func (d Diagnostic) same(o Diagnostic) bool {
	return d.Subject == o.Subject && d.Severity == o.Severity && d.Code == o.Code && d.Summary == o.Summary && d.Detail == o.Detail
}
