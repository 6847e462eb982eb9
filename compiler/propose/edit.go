package propose

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"apc/lang/diag"
)

// The reasons for which no edit can be made; the statement is shown instead.
var (
	ErrNotHCL  = errors.New("policies in JSON and YAML are not edited")
	ErrDynamic = errors.New("the body is made by a dynamic block")
	ErrNoBody  = errors.New("the body was not found in the policy file")
	ErrExpr    = errors.New("the list is computed")
	ErrShared  = errors.New("the rule shares its line of raw text")
)

// Editor edits one policy file by ranges of its bytes: all that an edit does
// not name stays as it is.
type Editor struct {
	name string
	src  []byte
	body *hclsyntax.Body
}

// NewEditor parses the text of a policy file. The error is ErrNotHCL, or
// ErrNoBody for text that is no HCL.
func NewEditor(name string, src []byte) (*Editor, error) {
	if !strings.HasSuffix(name, ".hcl") {
		return nil, ErrNotHCL
	}
	f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, ErrNoBody
	}
	return &Editor{name, src, f.Body.(*hclsyntax.Body)}, nil
}

// Add returns the edits that add a statement to the body of the service,
// container, child, hat or module that the range is in. An entry goes to the
// end of its list, anything else before the closing brace. The error is
// ErrNoBody, ErrDynamic or, for an attribute that is no list of literals,
// ErrExpr.
func (e *Editor) Add(at diag.Range, s Statement) ([]diag.Edit, error) {
	b, dynamic := e.enclosing(at.Start.Byte, holdsBody)
	switch {
	case b == nil:
		return nil, ErrNoBody
	case dynamic:
		return nil, ErrDynamic
	case s.Attribute == "":
		return e.before(b, s.HCL()), nil
	}
	a := b.Body.Attributes[s.Attribute]
	if a == nil {
		return e.before(b, s.HCL()), nil
	}
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil, ErrExpr
	}
	return e.appendTo(list, s.entry()), nil
}

// holdsBody says which blocks have the body of a profile.
func holdsBody(b *hclsyntax.Block) bool {
	switch b.Type {
	case "service", "container", "module", "run", "hat":
		return true
	}
	return false
}

// enclosing finds the innermost block around a byte for which is holds, and
// whether a dynamic block stands around it.
func (e *Editor) enclosing(at int, is func(*hclsyntax.Block) bool) (found *hclsyntax.Block, dynamic bool) {
	blocks, made := e.body.Blocks, false
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		if r := b.Range(); at < r.Start.Byte || at >= r.End.Byte {
			continue
		}
		made = made || b.Type == "dynamic"
		if is(b) {
			found, dynamic = b, made
		}
		blocks, i = b.Body.Blocks, -1
		if made {
			dynamic = true
		}
	}
	return found, dynamic
}

// before adds text before the closing brace of a block, with an empty line
// above it, so that what stands there need not be aligned anew.
func (e *Editor) before(b *hclsyntax.Block, text string) []diag.Edit {
	closing := b.CloseBraceRange.Start.Byte
	line := e.lineStart(closing)
	outer := e.indentAt(b.TypeRange.Start.Byte)
	indent := outer + "  "
	text = indent + strings.ReplaceAll(text, "\n", "\n"+indent) + "\n"
	if opening := b.OpenBraceRange.End.Byte; line <= opening {
		return e.unfold(opening, closing, indent, text+outer)
	}
	if prior := bytes.TrimRight(e.src[:line], " \t\r"); !bytes.HasSuffix(prior, []byte("\n\n")) && !bytes.HasSuffix(bytes.TrimSpace(prior), []byte("{")) {
		text = "\n" + text
	}
	return []diag.Edit{e.edit(line, line, text)}
}

// unfold adds text to a block on one line, whose content gets a line of its
// own.
func (e *Editor) unfold(opening, closing int, indent, text string) []diag.Edit {
	inside := e.src[opening:closing]
	if len(bytes.TrimSpace(inside)) == 0 {
		return []diag.Edit{e.edit(opening, closing, "\n"+text)}
	}
	first := opening + len(inside) - len(bytes.TrimLeft(inside, " \t"))
	last := opening + len(bytes.TrimRight(inside, " \t"))
	return []diag.Edit{e.edit(opening, first, "\n"+indent), e.edit(last, closing, "\n\n"+text)}
}

// appendTo adds an entry at the end of a list.
func (e *Editor) appendTo(list *hclsyntax.TupleConsExpr, entry string) []diag.Edit {
	opening, end := list.OpenRange.End.Byte, list.Range().End.Byte-1
	if len(list.Exprs) == 0 {
		return []diag.Edit{e.edit(opening, opening, entry)}
	}
	last := list.Exprs[len(list.Exprs)-1].Range().End.Byte
	line := e.lineStart(end)
	if line <= last {
		return []diag.Edit{e.edit(last, last, ", "+entry)}
	}
	indent := e.indentAt(list.Exprs[len(list.Exprs)-1].Range().Start.Byte)
	edits := []diag.Edit{e.edit(line, line, indent+entry+",\n")}
	if !bytes.HasPrefix(bytes.TrimLeft(e.src[last:end], " \t\r\n"), []byte(",")) {
		edits = append([]diag.Edit{e.edit(last, last, ",")}, edits...)
	}
	return edits
}

// lineStart returns where the line of a byte begins.
func (e *Editor) lineStart(at int) int { return bytes.LastIndexByte(e.src[:at], '\n') + 1 }

// indentAt returns the white space that the line of a byte begins with.
func (e *Editor) indentAt(at int) string {
	line := e.src[e.lineStart(at):at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

func (e *Editor) edit(from, to int, text string) diag.Edit {
	return diag.Edit{Range: diag.Range{File: e.name, Start: e.pos(from), End: e.pos(to)}, New: text}
}

func (e *Editor) pos(at int) diag.Pos {
	start := e.lineStart(at)
	return diag.Pos{Byte: at, Line: bytes.Count(e.src[:at], []byte("\n")) + 1, Column: utf8.RuneCount(e.src[start:at]) + 1}
}

func ordered(edits []diag.Edit) []diag.Edit {
	out := slices.Clone(edits)
	slices.SortStableFunc(out, func(a, b diag.Edit) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	return out
}

// Apply returns the text with the edits made. They must not overlap; of two at
// one place the first one comes first.
func Apply(src []byte, edits []diag.Edit) []byte {
	var out []byte
	at := 0
	for _, e := range ordered(edits) {
		out = append(out, src[at:e.Range.Start.Byte]...)
		out = append(out, e.New...)
		at = e.Range.End.Byte
	}
	return append(out, src[at:]...)
}
