package propose

import (
	"bytes"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"apc/lang/diag"
)

// Remove returns the edits that take denies back. Each range is an entry of a
// deny block, the head of a typed block in one, or a rule in raw text. A list
// of which nothing is left goes too, and a deny block in which nothing but its
// reason would be. The error is ErrNoBody, ErrDynamic, ErrExpr, or ErrShared
// for raw text that is not a heredoc with the rule on lines of its own.
func (e *Editor) Remove(ranges ...diag.Range) ([]diag.Edit, error) {
	var edits []diag.Edit
	cuts := map[*hclsyntax.Block]*denyCut{}
	for _, at := range ranges {
		deny, dynamic := e.enclosing(at.Start.Byte, func(b *hclsyntax.Block) bool { return b.Type == "deny" })
		if dynamic {
			return nil, ErrDynamic
		}
		if deny == nil {
			edit, err := e.removeRaw(at)
			if err != nil {
				return nil, err
			}
			edits = append(edits, edit)
			continue
		}
		if cuts[deny] == nil {
			cuts[deny] = &denyCut{entries: map[*hclsyntax.Attribute][]hclsyntax.Expression{}}
		}
		if err := e.mark(cuts[deny], deny, at); err != nil {
			return nil, err
		}
	}
	for deny, cut := range cuts {
		edits = append(edits, e.cutDeny(deny, cut)...)
	}
	return ordered(edits), nil
}

// denyCut is what is to go from a deny block.
type denyCut struct {
	blocks  []*hclsyntax.Block
	entries map[*hclsyntax.Attribute][]hclsyntax.Expression
}

// mark notes what the range names.
func (e *Editor) mark(cut *denyCut, deny *hclsyntax.Block, at diag.Range) error {
	inner, _ := e.enclosing(at.Start.Byte, func(b *hclsyntax.Block) bool { return b != deny && rangeWithin(b, deny) })
	if inner != nil {
		if !slices.Contains(cut.blocks, inner) {
			cut.blocks = append(cut.blocks, inner)
		}
		return nil
	}
	entry, a := e.entryAt(at)
	if entry == nil {
		return ErrExpr
	}
	if !slices.Contains(cut.entries[a], entry) {
		cut.entries[a] = append(cut.entries[a], entry)
	}
	return nil
}

// cutDeny removes what is marked, or the whole block where nothing would be
// left of it.
func (e *Editor) cutDeny(deny *hclsyntax.Block, cut *denyCut) (edits []diag.Edit) {
	left := len(deny.Body.Blocks) - len(cut.blocks)
	for name, a := range deny.Body.Attributes {
		if name == "reason" || name == "quiet" {
			continue
		}
		if gone := cut.entries[a]; gone == nil || len(gone) < len(a.Expr.(*hclsyntax.TupleConsExpr).Exprs) {
			left++
		}
	}
	if left == 0 {
		return []diag.Edit{e.cutLines(deny.Range().Start.Byte, deny.Range().End.Byte)}
	}
	for _, b := range cut.blocks {
		edits = append(edits, e.cutLines(b.Range().Start.Byte, b.Range().End.Byte))
	}
	for a := range maps.Keys(cut.entries) {
		edits = append(edits, e.cutEntries(a, cut.entries[a])...)
	}
	return edits
}

func rangeWithin(b, outer *hclsyntax.Block) bool {
	return b.Range().Start.Byte > outer.Range().Start.Byte && b.Range().End.Byte <= outer.Range().End.Byte
}

// cutEntries removes entries of a list with the commas that part them from
// what stays, or the list.
func (e *Editor) cutEntries(a *hclsyntax.Attribute, gone []hclsyntax.Expression) (edits []diag.Edit) {
	all := a.Expr.(*hclsyntax.TupleConsExpr).Exprs
	if len(gone) == len(all) {
		return []diag.Edit{e.cutLines(a.Range().Start.Byte, a.Range().End.Byte)}
	}
	for i := 0; i < len(all); i++ {
		if !slices.Contains(gone, all[i]) {
			continue
		}
		first := i
		for i+1 < len(all) && slices.Contains(gone, all[i+1]) {
			i++
		}
		from, to := all[first].Range().Start.Byte, all[i].Range().End.Byte
		if i+1 < len(all) {
			to = all[i+1].Range().Start.Byte
		} else {
			from = all[first-1].Range().End.Byte
		}
		edits = append(edits, e.edit(from, to, ""))
	}
	return edits
}

// removeRaw removes a rule of raw text, which stands in a heredoc as in a
// profile, up to its comma and with the comment behind it.
func (e *Editor) removeRaw(at diag.Range) (diag.Edit, error) {
	b, dynamic := e.enclosing(at.Start.Byte, holdsBody)
	switch {
	case b == nil:
		return diag.Edit{}, ErrNoBody
	case dynamic:
		return diag.Edit{}, ErrDynamic
	case b.Body.Attributes["raw"] == nil:
		return diag.Edit{}, ErrNoBody
	}
	r := b.Body.Attributes["raw"].Expr.Range()
	heredoc := bytes.HasPrefix(e.src[r.Start.Byte:], []byte("<<"))
	start, end := e.lineStart(at.Start.Byte), e.lineEnd(at.End.Byte)
	before, after := bytes.TrimSpace(e.src[start:at.Start.Byte]), bytes.TrimSpace(e.src[at.End.Byte:end])
	after = bytes.TrimSpace(bytes.TrimPrefix(after, []byte(",")))
	if !heredoc || start <= r.Start.Byte || len(before) > 0 || len(after) > 0 && after[0] != '#' {
		return diag.Edit{}, ErrShared
	}
	return e.edit(start, end, ""), nil
}
