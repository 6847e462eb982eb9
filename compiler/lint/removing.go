package lint

import (
	"bytes"
	"regexp"
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
)

// removing returns the edit that takes a rule out of profile text, with its line
// where nothing else stands on it. There is none in a policy, nor where a comment
// accepts something about the rule: it would belong to nothing. Comments stay,
// but never become those of another rule, whose reason they would be then: where
// that cannot be had by a blank line there is no edit.
func (c *context) removing(r ir.Rule) []diag.Edit {
	at := r.Origins[0].Range
	src, ok := c.Sources[at.File]
	ignored := slices.ContainsFunc(c.Module.Ignores, func(i ir.Ignore) bool { return i.At == at })
	if !c.isText() || !ok || ignored || len(r.Origins) != 1 || at.End.Byte > len(src) {
		return nil
	}
	if commentWithin.Match(src[at.Start.Byte:at.End.Byte]) {
		return nil
	}
	l := linesOf(src, at)
	before, after := src[l.start:at.Start.Byte], src[at.End.Byte:l.end]
	begin := diag.Range{File: at.File, Start: diag.Pos{Byte: l.start, Line: at.Start.Line, Column: 1}}
	edit := func(from, to int, text string) []diag.Edit {
		return []diag.Edit{{Range: diag.Within(begin, src[l.start:l.end], from-l.start, to-l.start), New: text}}
	}
	rest := at.End.Byte + leadingBlanks(after)
	switch {
	case blank(before) && blank(after):
		return edit(l.start, l.end, l.parting(src, l.commentAbove(src)))
	case blank(before) && src[rest] == '#':
		return edit(at.Start.Byte, l.end, string(src[rest:l.end])+l.parting(src, true))
	case bytes.IndexByte(after, '#') >= 0 || blank(before) && l.commentAbove(src):
		return nil
	case blank(before):
		return edit(at.Start.Byte, rest, "")
	default:
		return edit(l.start+len(bytes.TrimRight(before, " \t")), at.End.Byte, "")
	}
}

// commentWithin matches what may be a comment between the words of a rule.
var commentWithin = regexp.MustCompile(`(^|\s)#`)

// lines are the lines of a text, whole, on which a piece of it stands.
type lines struct{ start, end int }

func linesOf(src []byte, at diag.Range) lines {
	return lines{bytes.LastIndexByte(src[:at.Start.Byte], '\n') + 1, lineEnd(src, at.End.Byte)}
}

// lineEnd returns where the line after that of a place begins.
func lineEnd(src []byte, at int) int {
	if n := bytes.IndexByte(src[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(src)
}

// commentAbove says whether the line above is a comment.
func (l lines) commentAbove(src []byte) bool {
	if l.start == 0 {
		return false
	}
	return isComment(src[bytes.LastIndexByte(src[:l.start-1], '\n')+1 : l.start])
}

// parting returns the line that keeps a comment, if there is one, from becoming
// that of what stands below: an empty one, where there is not one yet and no
// block or text ends.
func (l lines) parting(src []byte, comment bool) string {
	next := bytes.TrimSpace(src[l.end:lineEnd(src, l.end)])
	if !comment || len(next) == 0 || next[0] == '}' {
		return ""
	}
	return newline(src)
}

// isComment says whether a line is a comment, and not an include of the old
// spelling.
func isComment(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.HasPrefix(line, []byte("#")) && !oldInclude.Match(line)
}

var oldInclude = regexp.MustCompile(`^#include([ \t"<]|$)`)

// newline returns the line end of a text: that of its first line.
func newline(src []byte) string {
	if n := bytes.IndexByte(src, '\n'); n > 0 && src[n-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

func leadingBlanks(text []byte) int { return len(text) - len(bytes.TrimLeft(text, " \t")) }

func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }
