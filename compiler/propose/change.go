package propose

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"apc/lang/diag"
)

func ordered(edits []diag.Edit) []diag.Edit {
	out := slices.Clone(edits)
	slices.SortStableFunc(out, func(a, b diag.Edit) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	return out
}

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

// Remove returns the edits that take an entry out of its list, the list out of
// its block where nothing is left in it, and the block where nothing but its
// reason would be. At is the entry, or the head of a typed block, inside a deny
// block. The error is ErrNoBody or ErrExpr.
func (e *Editor) Remove(at diag.Range) ([]diag.Edit, error) {
	deny, dynamic := e.enclosing(at.Start.Byte, func(b *hclsyntax.Block) bool { return b.Type == "deny" })
	switch {
	case deny == nil:
		return nil, ErrNoBody
	case dynamic:
		return nil, ErrDynamic
	}
	rest := len(deny.Body.Blocks)
	for name := range deny.Body.Attributes {
		if name != "reason" && name != "quiet" {
			rest++
		}
	}
	if inner, _ := e.enclosing(at.Start.Byte, func(b *hclsyntax.Block) bool { return b != deny && rangeWithin(b, deny) }); inner != nil {
		if rest == 1 {
			inner = deny
		}
		return []diag.Edit{e.cutLines(inner.Range().Start.Byte, inner.Range().End.Byte)}, nil
	}
	entry, a := e.entryAt(at)
	if entry == nil {
		return nil, ErrExpr
	}
	list := a.Expr.(*hclsyntax.TupleConsExpr)
	switch {
	case len(list.Exprs) > 1:
		return []diag.Edit{e.cutEntry(list, entry)}, nil
	case rest > 1:
		return []diag.Edit{e.cutLines(a.Range().Start.Byte, a.Range().End.Byte)}, nil
	}
	return []diag.Edit{e.cutLines(deny.Range().Start.Byte, deny.Range().End.Byte)}, nil
}

func rangeWithin(b, outer *hclsyntax.Block) bool {
	return b.Range().Start.Byte > outer.Range().Start.Byte && b.Range().End.Byte <= outer.Range().End.Byte
}

// cutEntry removes one of several entries with the comma that parts it from
// its neighbour.
func (e *Editor) cutEntry(list *hclsyntax.TupleConsExpr, entry hclsyntax.Expression) diag.Edit {
	for i, x := range list.Exprs {
		if x != entry {
			continue
		}
		if i+1 < len(list.Exprs) {
			return e.edit(x.Range().Start.Byte, list.Exprs[i+1].Range().Start.Byte, "")
		}
		return e.edit(list.Exprs[i-1].Range().End.Byte, x.Range().End.Byte, "")
	}
	return diag.Edit{}
}

// cutLines removes the text between two places, with its line where it has it
// for itself, and one of two empty lines that are left.
func (e *Editor) cutLines(from, to int) diag.Edit {
	start, end := e.lineStart(from), to
	if i := bytes.IndexByte(e.src[to:], '\n'); i >= 0 {
		end = to + i + 1
	}
	if len(bytes.TrimSpace(e.src[start:from])) > 0 || len(bytes.TrimSpace(e.src[to:end])) > 0 {
		return e.edit(from, to, "")
	}
	if bytes.HasSuffix(e.src[:start], []byte("\n\n")) && (end == len(e.src) || e.src[end] == '\n' || strings.HasPrefix(strings.TrimLeft(string(e.src[end:]), " \t"), "}")) {
		start--
	}
	return e.edit(start, end, "")
}
