package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"apc/lang/diag"
)

// round is what a stand-in for lint returns: findings that put a text before each
// of the files, as they are read at that time or as stale says.
type round struct {
	files  []string
	stale  map[string]string
	broken bool // the input has errors
	err    error
}

// lint reads the files and finds that each wants a line more at its beginning.
func (r round) lint(t *testing.T) (*linted, error) {
	t.Helper()
	if r.err != nil {
		return nil, r.err
	}
	out := &linted{sources: diag.Sources{}, own: map[string]bool{}}
	if r.broken {
		out.input = diag.List{{Severity: diag.Error, Code: "syntax", Summary: "it cannot be read"}}
	}
	for _, file := range r.files {
		out.own[file] = true
		out.sources[file] = []byte(textOf(t, file))
		if text, ok := r.stale[file]; ok {
			out.sources[file] = []byte(text)
		}
		at := diag.Pos{Line: 1, Column: 1}
		out.findings = append(out.findings, diag.Diagnostic{Fix: []diag.Edit{{Range: diag.Range{File: file, Start: at, End: at}, New: "more\n"}}})
	}
	return out, nil
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFixStops holds which files --fix edits where something goes wrong, and what
// it says of them.
func TestFixStops(t *testing.T) {
	both, gone := []string{"b", "a"}, errors.New("gone")
	for name, c := range map[string]struct {
		rounds   []round
		edited   string // how many lines a and b have
		err      string // "" where there is none
		exit     int    // 0 where the error has none of its own
		complain string
	}{
		"well":                 {[]round{{files: both}, {}}, "2 2", "", 0, "fixed 2 findings in 2 files"},
		"errors of the input":  {[]round{{files: both, broken: true}}, "1 1", "", 0, "nothing was fixed: the input has errors"},
		"one changed":          {[]round{{files: both, stale: map[string]string{"b": "old\n"}}}, "1 1", "b changed while it was linted; run it again", exitMachine, ""},
		"one changed later":    {[]round{{files: both}, {files: both, stale: map[string]string{"a": "old\n"}}}, "2 2", "a changed while it was linted; run it again; these files were edited before: a, b", exitMachine, ""},
		"unreadable later":     {[]round{{files: []string{"b"}}, {err: machineError(gone)}}, "1 2", "gone; these files were edited before: b", exitMachine, ""},
		"unreadable at once":   {[]round{{err: gone}}, "1 1", "gone", 0, ""},
		"broken by its edit":   {[]round{{files: both}, {broken: true}}, "1 1", "this is a defect of apc itself: a fix made text that cannot be read, and was undone: ", exitDefect, ""},
		"broken by the second": {[]round{{files: both}, {files: []string{"a"}}, {broken: true}}, "2 2", "this is a defect of apc itself: a fix made text that cannot be read, and was undone: ", exitDefect, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, file := range both {
				if err := os.WriteFile(file, []byte("text\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var stderr bytes.Buffer
			rounds := c.rounds
			_, err := (&app{stderr: &stderr}).fix(func() (*linted, error) {
				r := rounds[0]
				rounds = rounds[1:]
				return r.lint(t)
			})
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.HasPrefix(err.Error(), c.err)) {
				t.Errorf("the error is %v, want %s", err, c.err)
			}
			var coded codedError
			if errors.As(err, &coded); coded.code != c.exit {
				t.Errorf("the exit code is %d, want %d", coded.code, c.exit)
			}
			if got := strings.TrimSpace(stderr.String()); got != c.complain {
				t.Errorf("it says %q, want %q", got, c.complain)
			}
			lines := func(file string) int { return strings.Count(textOf(t, file), "\n") }
			if got := fmt.Sprint(lines("a"), lines("b")); got != c.edited {
				t.Errorf("a and b have %s lines, want %s", got, c.edited)
			}
		})
	}
}
