package yaml

import (
	"github.com/goccy/go-yaml/ast"

	"apc/lang/diag"
)

// A pair is a key of a mapping with its value.
type pair struct {
	key   mapKey
	value ast.Node
	after int   // the end of the colon
	via   *span // the alias that a merge key got it through, or nil
}

// A mapKey is the text of a key and where it stands.
type mapKey struct {
	text   string
	at     span
	pieces []piece
}

// pairs returns the pairs of a mapping, those of its merge keys in their
// place. Its own keys go before merged ones, earlier merged ones before later
// ones: https://yaml.org/type/merge.html.
func (w *writer) pairs(n *ast.MappingNode) []pair {
	taken := map[string]span{}
	keys := make([]mapKey, len(n.Values))
	skip := make([]bool, len(n.Values))
	for i, v := range n.Values {
		if w.mergeKey(v.Key) {
			continue
		}
		keys[i] = w.key(v.Key)
		first, again := taken[keys[i].text]
		if again {
			w.duplicate(keys[i], first)
			skip[i] = true
			continue
		}
		taken[keys[i].text] = keys[i].at
	}
	var out []pair
	for i, v := range n.Values {
		switch {
		case skip[i]:
		case w.mergeKey(v.Key):
			out = append(out, w.merged(v.Value, w.doc.span(v.Key), taken)...)
		default:
			out = append(out, pair{key: keys[i], value: v.Value, after: w.doc.span(v).end})
		}
	}
	return out
}

func (w *writer) duplicate(k mapKey, first span) {
	if w.via != nil {
		return
	}
	d := diag.Errorf(w.doc.src.rng(k.at.start, k.at.end), "yaml-duplicate-key", "the key stands twice in one mapping",
		"Join the values under one key: lists by their items, blocks of the same type by their labels.")
	d.Related = []diag.Related{{Range: w.doc.src.rng(first.start, first.end), Message: "here it stands first"}}
	w.diags = capped(w.diags, d)
}

// mergeKey says whether a key is << without quotes.
func (w *writer) mergeKey(key ast.Node) bool {
	l := w.doc.lexeme(key)
	return l != nil && l.text == "<<" && l.plain()
}

// key returns the text of a key, and reports one that is no string.
func (w *writer) key(n ast.Node) mapKey {
	at, l := w.doc.span(n), w.doc.lexeme(n)
	switch n.(type) {
	case *ast.AnchorNode, *ast.TagNode, *ast.AliasNode:
		w.errorf(at, "yaml-key", "a key that is no string", "A key can have no anchor, alias or tag. Write the string itself.")
		return mapKey{at: at}
	}
	if l == nil || !l.scalar() {
		w.errorf(at, "yaml-key", "a key that is no string", "Write a string before the colon.")
		return mapKey{at: at}
	}
	if v := resolve(l, ""); v.kind != "!!str" {
		w.errorf(at, "yaml-key", "a key that is no string", `YAML reads this key as %s. Put it in quotes: "%s".`, kindNames[v.kind], l.text)
	}
	return mapKey{l.text, at, l.pieces}
}

// merged returns the pairs that a merge key brings, which no earlier key has
// taken.
func (w *writer) merged(n ast.Node, at span, taken map[string]span) []pair {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return w.mergedMapping(n, at, taken)
	}
	var out []pair
	for _, item := range list.Values {
		out = append(out, w.mergedMapping(item, at, taken)...)
	}
	return out
}

func (w *writer) mergedMapping(n ast.Node, at span, taken map[string]span) []pair {
	switch v := n.(type) {
	case *ast.AnchorNode:
		return w.mergedMapping(v.Value, at, taken)
	case *ast.AliasNode:
		return w.mergedAlias(v, taken)
	case *ast.MappingNode:
		var out []pair
		for _, p := range w.pairs(v) {
			if _, ok := taken[p.key.text]; !ok {
				taken[p.key.text] = p.key.at
				out = append(out, p)
			}
		}
		return out
	}
	w.errorf(at, "yaml-alias", "a merge key without a mapping", "Write `<<: *name` with an alias of a mapping, or a list of such aliases.")
	return nil
}

func (w *writer) mergedAlias(n *ast.AliasNode, taken map[string]span) []pair {
	at := w.stands(w.doc.aliasSpan(n))
	target := w.doc.aliases[n]
	cost := aliasCost
	if m, ok := target.(*ast.MappingNode); ok {
		cost *= 1 + len(m.Values)
	}
	if target == nil || !w.spend(at, cost) {
		return nil
	}
	if _, ok := target.(*ast.MappingNode); !ok {
		return w.mergedMapping(nil, at, taken)
	}
	outer := w.via
	w.via = &at
	out := w.mergedMapping(target, at, taken)
	w.via = outer
	for i := range out {
		out[i].via = &at
	}
	return out
}
