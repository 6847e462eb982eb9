package yaml

import (
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"apc/lang/diag"
)

// A span is a piece of the YAML text, by offsets.
type span struct{ start, end int }

// A jsonToken is a token of JSON text and what it stands for in YAML.
type jsonToken struct {
	start, end int     // in the JSON text
	yaml       span    // where it is part of a longer range
	alone      span    // where it is a range of its own
	pieces     []piece // of a string, unless an alias brought it
}

// A jsonWriter is JSON text in the making. Its lines, and its columns as far as
// may be, are those of the YAML: hcl names a second place, as that of the
// first of two equal attributes, only in the words of a diagnostic.
type jsonWriter struct {
	strings.Builder
	line   int // from 1
	start  int // the offset of that line
	tokens []jsonToken
}

// moveTo adds white space up to a place, if that lies ahead.
func (o *jsonWriter) moveTo(p diag.Pos) {
	for o.line < p.Line {
		o.WriteByte('\n')
		o.line++
		o.start = o.Len()
	}
	if pad := p.Column - 1 - (o.Len() - o.start); o.line == p.Line && pad > 0 {
		o.WriteString(strings.Repeat(" ", pad))
	}
}

// add writes a token.
func (o *jsonWriter) add(text string, t jsonToken) {
	t.start = o.Len()
	o.WriteString(text)
	t.end = o.Len()
	o.tokens = append(o.tokens, t)
}

// A Map leads from the JSON text of ToJSON to the YAML file.
type Map struct {
	src    *source
	tokens []jsonToken // in the order of the text
}

// rng returns the range of the YAML file for a range in the JSON text, of
// which it reads the byte offsets.
//
// A range of one token becomes that of the key or value in YAML. The bracket
// that opens a mapping or list in block style stands for the key before it,
// the one that closes it for the end of its last value, a value that is absent
// for the place behind its key, all that an alias brings for the alias. What
// lies within a string is found within it: hcl counts there in the text that
// the string means, not in the JSON.
func (m *Map) Range(r hcl.Range) diag.Range {
	if len(m.tokens) == 0 {
		return diag.Range{File: m.src.file}
	}
	from, to := r.Start.Byte, max(r.Start.Byte, r.End.Byte)
	first := sort.Search(len(m.tokens)-1, func(i int) bool { return m.tokens[i].end > from })
	last := sort.Search(len(m.tokens), func(i int) bool { return m.tokens[i].start >= to }) - 1
	last = max(first, last)
	one := m.tokens[first]
	if first == last && from <= one.start && to >= one.end {
		return m.src.rng(one.alone.start, one.alone.end)
	}
	start, end := one.startOf(from), m.tokens[last].endOf(to)
	if first == last && from == one.start && one.pieces != nil {
		// Where hcl parses a string as an expression instead of a
		// template it does not count the quotation mark.
		end = one.endOf(to + 1)
	}
	return m.src.rng(start, max(start, end))
}

// startOf returns the place in YAML of a range that starts at an offset.
func (t *jsonToken) startOf(at int) int {
	d := at - t.start - 1
	if d < 0 || len(t.pieces) == 0 {
		return t.yaml.start
	}
	p := t.pieceAt(d)
	switch {
	case d >= p.text+p.textLen:
		return p.src + p.srcLen
	case p.textLen == p.srcLen:
		return p.src + d - p.text
	}
	return p.src
}

// endOf returns the place in YAML of a range that ends before an offset.
func (t *jsonToken) endOf(at int) int {
	d := at - t.start - 1
	if at >= t.end || len(t.pieces) == 0 {
		return t.yaml.end
	}
	p := t.pieceAt(d - 1)
	if p.textLen == p.srcLen && d < p.text+p.textLen {
		return p.src + max(d-p.text, 0)
	}
	return p.src + p.srcLen
}

// pieceAt returns the piece of a byte of the text, or the nearest one.
func (t *jsonToken) pieceAt(d int) piece {
	i := sort.Search(len(t.pieces), func(i int) bool { return t.pieces[i].text > d }) - 1
	return t.pieces[max(i, 0)]
}
