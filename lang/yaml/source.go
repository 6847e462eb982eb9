package yaml

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"apc/lang/diag"
)

// A source is the text of a YAML file as the YAML library gets it, without
// byte order mark and with \n for \r\n, and what leads from offsets in that
// text to places in the file.
type source struct {
	file  string
	text  string
	lines []sourceLine
	runes []int // the characters before each runeStep bytes of text
}

// runeStep keeps the search for a column short in long lines.
const runeStep = 256

// A sourceLine says where a line starts. Within a line offsets of the text and
// of the file run side by side.
type sourceLine struct{ text, file int }

const byteOrderMark = "\uFEFF"

func newSource(file string, src []byte) *source {
	s := &source{file: file}
	at := 0
	if bytes.HasPrefix(src, []byte(byteOrderMark)) {
		at = len(byteOrderMark)
	}
	var text strings.Builder
	for {
		s.lines = append(s.lines, sourceLine{text.Len(), at})
		n := bytes.IndexByte(src[at:], '\n')
		if n < 0 {
			text.Write(src[at:])
			break
		}
		text.Write(bytes.TrimSuffix(src[at:at+n], []byte("\r")))
		text.WriteByte('\n')
		at += n + 1
	}
	s.text = text.String()
	count := 0
	for i := 0; i < len(s.text); i += runeStep {
		s.runes = append(s.runes, count)
		count += countRunes(s.text[i:min(i+runeStep, len(s.text))])
	}
	return s
}

// countRunes counts the bytes that start a character.
func countRunes(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if utf8.RuneStart(s[i]) {
			n++
		}
	}
	return n
}

// runesBefore returns the number of characters before an offset.
func (s *source) runesBefore(off int) int {
	if len(s.runes) == 0 {
		return 0
	}
	i := min(off/runeStep, len(s.runes)-1)
	return s.runes[i] + countRunes(s.text[i*runeStep:off])
}

// pos returns the place in the file of an offset in the text.
func (s *source) pos(off int) diag.Pos {
	i := s.line(off)
	l := s.lines[i]
	return diag.Pos{
		Byte:   l.file + off - l.text,
		Line:   i + 1,
		Column: s.runesBefore(off) - s.runesBefore(l.text) + 1,
	}
}

// line returns the index of the line that holds an offset.
func (s *source) line(off int) int {
	return sort.Search(len(s.lines), func(i int) bool { return s.lines[i].text > off }) - 1
}

// column returns the number of bytes before an offset in its line.
func (s *source) column(off int) int { return off - s.lines[s.line(off)].text }

func (s *source) rng(start, end int) diag.Range {
	return diag.Range{File: s.file, Start: s.pos(start), End: s.pos(end)}
}

// offset returns the offset of a line and a column, both from 1, or the
// nearest that there is.
func (s *source) offset(line, column int) int {
	line = min(max(line, 1), len(s.lines))
	at, end := s.lines[line-1].text, len(s.text)
	if line < len(s.lines) {
		end = s.lines[line].text - 1
	}
	for ; column > 1 && at < end; column-- {
		_, size := utf8.DecodeRuneInString(s.text[at:])
		at += size
	}
	return at
}

// check reports what no YAML file may hold, and what would cost the library
// too much time.
func (s *source) check() diag.List {
	if len(s.text) > maxBytes {
		return diag.List{diag.Errorf(diag.Range{File: s.file}, "yaml-limit", "YAML file too large",
			"A policy in YAML may hold at most %d bytes. Split it into several files.", maxBytes)}
	}
	if strings.HasPrefix(s.text, "\xff\xfe") || strings.HasPrefix(s.text, "\xfe\xff") {
		return diag.List{diag.Errorf(s.rng(0, 2), "yaml-encoding", "the file is not UTF-8",
			"The file starts with the byte order mark of UTF-16. Save it as UTF-8.")}
	}
	var diags diag.List
	blanks := 0
	for i, line := range s.lines {
		end := len(s.text)
		if i+1 < len(s.lines) {
			end = s.lines[i+1].text
		}
		if blanks++; strings.TrimSpace(s.text[line.text:end]) != "" {
			blanks = 0
		}
		if blanks > maxBlank {
			return append(diags, diag.Errorf(s.rng(line.text, line.text), "yaml-limit", "too many blank lines",
				"At most %d may stand in a row. Remove some.", maxBlank))
		}
		if problem := s.checkLine(line.text, end); problem != nil {
			diags = capped(diags, *problem)
		}
	}
	return diags
}

// checkLine reports the first forbidden character of a line, if there is one,
// or too many of one kind.
func (s *source) checkLine(start, end int) *diag.Diagnostic {
	line := s.text[start:end]
	for i, r := range line {
		if problem := notCharacter(r, line[i:]); problem != "" {
			_, size := utf8.DecodeRuneInString(line[i:])
			d := diag.Errorf(s.rng(start+i, start+i+size), "yaml-encoding", "invalid character", "%s", problem)
			return &d
		}
	}
	if strings.Count(line, "\t") > maxRun {
		d := s.tab(start + strings.IndexByte(line, '\t'))
		return &d
	}
	if strings.Count(line, "<") > maxRun {
		i := start + strings.IndexByte(line, '<')
		d := diag.Errorf(s.rng(i, i+1), "yaml-limit", "too many characters < in a line", "At most %d may stand in a line. Remove some.", maxRun)
		return &d
	}
	return nil
}

// notCharacter says what is wrong with a character that starts rest, or
// nothing: the production c-printable of YAML 1.2, section 5.1, without what
// ends a line in YAML 1.1 alone.
func notCharacter(r rune, rest string) string {
	switch {
	case r == utf8.RuneError && !strings.HasPrefix(rest, string(utf8.RuneError)):
		return "This is not valid UTF-8. Save the file as UTF-8."
	case r == '\uFEFF':
		return "A byte order mark may only start the file. Remove it."
	case r == '\r':
		return `A carriage return may only stand before a line feed. End lines with a line feed, or write the character as "\r" in double quotes.`
	case r < ' ' && r != '\t' && r != '\n', r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
		return `YAML cannot hold this character as it is. Remove it, or write it in double quotes as an escape such as "\x07".`
	case r == '\u2028' || r == '\u2029':
		return `Some YAML readers end a line here. Remove the character, or write it in double quotes as "\u2028" or "\u2029".`
	}
	return ""
}
