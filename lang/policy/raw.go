package policy

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"apc/lang/diag"
)

// Raw is the `raw` attribute of a body: a few lines of AppArmor text.
type Raw struct {
	Where
	Text string
	// lines are the places of the lines of Text; empty where they are not
	// known.
	lines []rawLine
}

// rawLine is the place of one line. An exact one holds the line as it is, so
// that places within it are known too.
type rawLine struct {
	at    diag.Range
	exact bool
}

// At returns where a piece of Text stands in the policy: the piece itself, or
// its line, or else the whole text.
func (r *Raw) At(piece diag.Range) diag.Range {
	first, last := piece.Start.Line-1, piece.End.Line-1
	if first < 0 || last < first || last >= len(r.lines) {
		return r.Range
	}
	out := r.lines[first].at
	out.End = r.lines[last].at.End
	if r.lines[first].exact {
		out.Start = r.within(piece.Start)
	}
	if r.lines[last].exact {
		out.End = r.within(piece.End)
	}
	return out
}

// within returns the place of a place of Text on an exact line.
func (r *Raw) within(p diag.Pos) diag.Pos {
	out := r.lines[p.Line-1].at.Start
	before := r.Text[:min(p.Byte, len(r.Text))]
	out.Byte += len(before) - 1 - strings.LastIndexByte(before, '\n')
	out.Column += p.Column - 1
	return out
}

func (d *decoder) raw(a *hcl.Attribute, reason string) (*Raw, bool) {
	i, ok := d.single(a)
	if !ok {
		return nil, false
	}
	text, ok := d.itemString(i)
	if !ok {
		return nil, false
	}
	for line := range strings.Lines(text) {
		if !d.checkText(strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", " "), i.rng) {
			return nil, false
		}
	}
	return &Raw{Where: Where{Range: i.rng, Intent: a.Name, Reason: reason, Via: d.via}, Text: text, lines: d.rawLines(a.Expr, text)}, true
}

// rawLines finds the lines of a text in the source, where it is written as a
// heredoc.
func (d *decoder) rawLines(e hcl.Expression, text string) []rawLine {
	t, ok := hcl.UnwrapExpressionUntil(e, isA[*hclsyntax.TemplateExpr]).(*hclsyntax.TemplateExpr)
	src := d.policy.Sources[e.Range().Filename]
	if start := e.Range().Start.Byte; !ok || d.maps[e.Range().Filename] != nil || start >= len(src) || !bytes.HasPrefix(src[start:], []byte("<<")) {
		return nil
	}
	numbers := d.heredocLines(t)
	lines, source := strings.Split(text, "\n"), strings.Split(string(src), "\n")
	if len(numbers) != len(lines) {
		return nil
	}
	out := make([]rawLine, len(lines))
	offset, number := 0, 1
	for i, line := range lines {
		for ; number < numbers[i] && number < len(source); number++ {
			offset += len(source[number-1]) + 1
		}
		out[i] = lineOf(e.Range().Filename, source[number-1], line, number, offset)
	}
	return out
}

func isA[T hcl.Expression](e hcl.Expression) bool {
	_, ok := e.(T)
	return ok
}

// lineOf finds a line of text in a line of the source, which begins at offset.
func lineOf(file, source, text string, number, offset int) rawLine {
	from := len(source) - len(strings.TrimLeft(source, " \t"))
	exact := text != "" && strings.HasSuffix(source, text)
	if exact {
		from = len(source) - len(text)
	}
	place := func(n int) diag.Pos {
		return diag.Pos{Byte: offset + n, Line: number, Column: utf8.RuneCountInString(source[:n]) + 1}
	}
	return rawLine{diag.Range{File: file, Start: place(from), End: place(len(strings.TrimRight(source, " \t\r")))}, exact}
}

// heredocLines returns the number of the source line of each line of the text
// that a heredoc gives, nil where it cannot be told.
func (d *decoder) heredocLines(t *hclsyntax.TemplateExpr) []int {
	numbers := []int{t.Range().Start.Line}
	fresh := true // nothing stands on the line yet
	for _, part := range t.Parts {
		text, ok := d.partText(part)
		if !ok {
			return nil
		}
		literal := hcl.UnwrapExpressionUntil(part, isA[*hclsyntax.LiteralValueExpr]) != nil
		at := part.Range().Start.Line
		if fresh {
			numbers[len(numbers)-1] = at
		}
		for range strings.Count(text, "\n") {
			if literal {
				at++
			}
			numbers = append(numbers, at)
		}
		if text != "" {
			fresh = strings.HasSuffix(text, "\n")
		}
	}
	return numbers
}

func (d *decoder) partText(part hclsyntax.Expression) (string, bool) {
	v, ok := d.value(d.scope.ctx, part)
	if !ok || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	if v, err := convert.Convert(v, cty.String); err == nil {
		return v.AsString(), true
	}
	return "", false
}
