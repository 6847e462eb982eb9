package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxSnippet bounds the characters of a source line that are shown.
const maxSnippet = 160

// Sources gives the text of the files that ranges point into, by name.
type Sources map[string][]byte

// Text writes diagnostics for people: the place, what is wrong, the source
// line with the subject underlined, and what to do.
type Text struct {
	Sources Sources
	Color   bool // ANSI colours
}

// Write writes the whole list to w.
func (t Text) Write(w io.Writer, list List) error {
	for _, d := range list {
		if _, err := io.WriteString(w, t.one(d)); err != nil {
			return err
		}
	}
	return nil
}

func (t Text) one(d Diagnostic) string {
	var b strings.Builder
	if at := d.Subject.String(); at != "" {
		fmt.Fprintf(&b, "%s: ", Printable(at))
	}
	fmt.Fprintf(&b, "%s: %s", t.paint(d.Severity), Printable(d.Summary))
	if d.Code != "" {
		fmt.Fprintf(&b, " [%s]", d.Code)
	}
	b.WriteByte('\n')
	b.WriteString(t.Snippet(d.Subject))
	if d.Detail != "" {
		for _, line := range strings.Split(d.Detail, "\n") {
			fmt.Fprintf(&b, "  %s\n", Printable(line))
		}
	}
	for _, r := range d.Related {
		fmt.Fprintf(&b, "  %s: %s\n", Printable(r.Range.String()), Printable(r.Message))
	}
	return b.String()
}

func (t Text) paint(s Severity) string {
	if !t.Color {
		return s.String()
	}
	code := map[Severity]string{Note: "36", Warning: "33", Error: "31"}[s]
	return "\x1b[1;" + code + "m" + s.String() + "\x1b[0m"
}

// Snippet shows the first line of r with r underlined, or nothing where the
// source is not at hand.
func (t Text) Snippet(r Range) string {
	line, ok := t.line(r)
	if !ok {
		return ""
	}
	from, to := min(r.Start.Column-1, runeLen(line)), runeLen(line)
	if r.End.Line == r.Start.Line {
		to = min(r.End.Column-1, to)
	}
	shown, cut := window(line, from)
	from, to = from-cut, min(to-cut, runeLen(shown))
	number := fmt.Sprint(r.Start.Line)
	return fmt.Sprintf("  %s | %s\n  %s | %s%s\n", number, Printable(shown),
		strings.Repeat(" ", len(number)), strings.Repeat(" ", from), strings.Repeat("^", max(1, to-from)))
}

// line returns the text of the first line of r.
func (t Text) line(r Range) (string, bool) {
	src, ok := t.Sources[r.File]
	if !ok || r.Start.Line == 0 || r.Start.Byte > len(src) {
		return "", false
	}
	start := bytes.LastIndexByte(src[:r.Start.Byte], '\n') + 1
	end := len(src)
	if n := bytes.IndexByte(src[r.Start.Byte:], '\n'); n >= 0 {
		end = r.Start.Byte + n
	}
	return strings.TrimSuffix(string(src[start:end]), "\r"), true
}

// window cuts a long line to a piece that holds column from, and returns how
// many characters were cut at its front.
func window(line string, from int) (string, int) {
	runes := []rune(line)
	cut := 0
	if from > maxSnippet*3/4 {
		cut = from - maxSnippet/4
	}
	return string(runes[cut:min(len(runes), cut+maxSnippet)]), cut
}

func runeLen(s string) int { return utf8.RuneCountInString(s) }

// Printable makes s safe to show on a terminal: each control character and
// each byte that is no UTF-8 becomes one visible character, so that columns
// keep their place. Tabs become single spaces.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == utf8.RuneError, r < ' ', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '\ufffd'
		}
		return r
	}, s)
}

// Sentence makes a message one: with a capital at its beginning, where that is
// an ASCII letter, and one full stop at its end.
func Sentence(s string) string {
	s = strings.TrimSuffix(s, ".") + "."
	return strings.ToUpper(s[:1]) + s[1:]
}
