package policy

import (
	"github.com/goccy/go-yaml/ast"

	"apc/lang/diag"
)

// A yamlPair is a key of a mapping with its value.
type yamlPair struct {
	key   yamlKey
	value ast.Node
	after int   // the end of the colon
	via   *span // the alias that a merge key got it through, or nil
}

// A yamlKey is the text of a key and where it stands.
type yamlKey struct {
	text   string
	at     span
	pieces []piece
}

// pairs returns the pairs of a mapping, those of its merge keys in their
// place. Its own keys go before merged ones, earlier merged ones before later
// ones: https://yaml.org/type/merge.html.
func (w *yamlWriter) pairs(n *ast.MappingNode) []yamlPair {
	taken := map[string]span{}
	keys := make([]yamlKey, len(n.Values))
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
	var out []yamlPair
	for i, v := range n.Values {
		switch {
		case skip[i]:
		case w.mergeKey(v.Key):
			out = append(out, w.merged(v.Value, w.doc.span(v.Key), taken)...)
		default:
			out = append(out, yamlPair{key: keys[i], value: v.Value, after: w.doc.span(v).end})
		}
	}
	return out
}

func (w *yamlWriter) duplicate(k yamlKey, first span) {
	if w.via != nil {
		return
	}
	d := diag.Errorf(w.doc.src.rng(k.at.start, k.at.end), "yaml-duplicate-key", "the key stands twice in one mapping",
		"Join the values under one key: lists by their items, blocks of the same type by their labels.")
	d.Related = []diag.Related{{Range: w.doc.src.rng(first.start, first.end), Message: "here it stands first"}}
	w.diags = capped(w.diags, d)
}

// mergeKey says whether a key is << without quotes.
func (w *yamlWriter) mergeKey(key ast.Node) bool {
	l := w.doc.lexeme(key)
	return l != nil && l.text == "<<" && l.plain()
}

// key returns the text of a key, and reports one that is no string.
func (w *yamlWriter) key(n ast.Node) yamlKey {
	at, l := w.doc.span(n), w.doc.lexeme(n)
	switch n.(type) {
	case *ast.AnchorNode, *ast.TagNode, *ast.AliasNode:
		w.errorf(at, "yaml-key", "a key that is no string", "A key can have no anchor, alias or tag. Write the string itself.")
		return yamlKey{at: at}
	}
	if l == nil || !l.scalar() {
		w.errorf(at, "yaml-key", "a key that is no string", "Write a string before the colon.")
		return yamlKey{at: at}
	}
	if v := resolve(l, ""); v.kind != "!!str" {
		w.errorf(at, "yaml-key", "a key that is no string", `YAML reads this key as %s. Put it in quotes: "%s".`, kindNames[v.kind], l.text)
	}
	return yamlKey{l.text, at, l.pieces}
}

// merged returns the pairs that a merge key brings, which no earlier key has
// taken.
func (w *yamlWriter) merged(n ast.Node, at span, taken map[string]span) []yamlPair {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		return w.mergedMapping(n, at, taken)
	}
	var out []yamlPair
	for _, item := range list.Values {
		out = append(out, w.mergedMapping(item, at, taken)...)
	}
	return out
}

func (w *yamlWriter) mergedMapping(n ast.Node, at span, taken map[string]span) []yamlPair {
	switch v := n.(type) {
	case *ast.AnchorNode:
		return w.mergedMapping(v.Value, at, taken)
	case *ast.AliasNode:
		return w.mergedAlias(v, taken)
	case *ast.MappingNode:
		var out []yamlPair
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

func (w *yamlWriter) mergedAlias(n *ast.AliasNode, taken map[string]span) []yamlPair {
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
