package propose

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"apc/lang/diag"
)

// Open returns the edits that let others than the owner have what an entry of
// a path list, or a file block, at the range grants. The error is ErrNoBody or
// ErrExpr where the text is neither.
func (e *Editor) Open(at diag.Range) ([]diag.Edit, error) {
	if b, _ := e.enclosing(at.Start.Byte, func(b *hclsyntax.Block) bool { return b.Type == "file" || b.Type == "link" }); b != nil {
		return e.set(b, "owner", "false"), nil
	}
	entry, _ := e.entryAt(at)
	switch x := entry.(type) {
	case nil:
		return nil, ErrExpr
	case *hclsyntax.ObjectConsExpr:
		return e.setField(x, "owner", "false"), nil
	}
	from, to := entry.Range().Start.Byte, entry.Range().End.Byte
	return []diag.Edit{e.edit(from, from, "{ path = "), e.edit(to, to, ", owner = false }")}, nil
}

// Set returns the edit that gives an attribute of the block at the range, one
// of the named types, a value.
func (e *Editor) Set(at diag.Range, name, value string, types ...string) ([]diag.Edit, error) {
	b, dynamic := e.enclosing(at.Start.Byte, func(b *hclsyntax.Block) bool { return slices.Contains(types, b.Type) })
	switch {
	case b == nil:
		return nil, ErrNoBody
	case dynamic:
		return nil, ErrDynamic
	}
	return e.set(b, name, value), nil
}

func (e *Editor) set(b *hclsyntax.Block, name, value string) []diag.Edit {
	if a := b.Body.Attributes[name]; a != nil {
		r := a.Expr.Range()
		return []diag.Edit{e.edit(r.Start.Byte, r.End.Byte, value)}
	}
	return e.before(b, name+" = "+value)
}

func (e *Editor) setField(x *hclsyntax.ObjectConsExpr, name, value string) []diag.Edit {
	for _, item := range x.Items {
		r := item.KeyExpr.Range()
		if strings.Trim(string(e.src[r.Start.Byte:r.End.Byte]), `"`) == name {
			v := item.ValueExpr.Range()
			return []diag.Edit{e.edit(v.Start.Byte, v.End.Byte, value)}
		}
	}
	last := x.Items[len(x.Items)-1].ValueExpr.Range().End.Byte
	return []diag.Edit{e.edit(last, last, ", "+name+" = "+value)}
}

// entryAt finds the entry of a list that begins at a range, or is an object
// with a value that does, and the attribute it is in.
func (e *Editor) entryAt(at diag.Range) (hclsyntax.Expression, *hclsyntax.Attribute) {
	b, _ := e.enclosing(at.Start.Byte, func(*hclsyntax.Block) bool { return true })
	if b == nil {
		return nil, nil
	}
	for _, a := range b.Body.Attributes {
		list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
		if !ok {
			continue
		}
		for _, x := range list.Exprs {
			if r := x.Range(); r.Start.Byte <= at.Start.Byte && at.End.Byte <= r.End.Byte {
				return x, a
			}
		}
	}
	return nil, nil
}

// lineEnd returns where the line after that of a byte begins.
func (e *Editor) lineEnd(at int) int {
	if i := bytes.IndexByte(e.src[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return at
}

// cutLines removes the text between two places, with its line where it has it
// for itself, and one of two empty lines that are left.
func (e *Editor) cutLines(from, to int) diag.Edit {
	start, end := e.lineStart(from), e.lineEnd(to)
	if len(bytes.TrimSpace(e.src[start:from])) > 0 || len(bytes.TrimSpace(e.src[to:end])) > 0 {
		return e.edit(from, to, "")
	}
	if bytes.HasSuffix(e.src[:start], []byte("\n\n")) && (end == len(e.src) || e.src[end] == '\n' || strings.HasPrefix(strings.TrimLeft(string(e.src[end:]), " \t"), "}")) {
		start--
	}
	return e.edit(start, end, "")
}
