package yaml

import (
	"fmt"
	"unicode/utf16"

	"github.com/goccy/go-yaml/ast"

	"apc/lang/diag"
)

// A writer writes a document as JSON.
type writer struct {
	doc    *document
	out    jsonWriter
	via    *span // the alias that is being written out, nil outside of one
	budget int   // what aliases may still cost
	full   bool  // a limit was reported
	depth  int
	diags  diag.List
}

// A slot is where a value stands.
type slot struct {
	after int    // the end of what stands before it
	key   span   // its key, empty where it has none
	tag   string // the kind of value that a tag asks for
	tagAt span
}

// document writes the whole document.
func (w *writer) document() {
	if w.doc.body == nil {
		w.token("{}", span{})
		return
	}
	body := w.doc.body
	if a, ok := body.(*ast.AnchorNode); ok {
		body = a.Value
	}
	switch body.(type) {
	case *ast.MappingNode, *ast.SequenceNode:
	default:
		w.errorf(w.doc.span(body), "yaml-root", "the policy is not a mapping",
			"A policy in YAML is a mapping of blocks, such as `service: {my-service: {...}}`.")
	}
	w.value(w.doc.body, slot{})
}

// errorf reports an error. In what an alias brings it is reported where that
// is written.
func (w *writer) errorf(at span, code, summary, detail string, args ...any) {
	if w.via == nil {
		w.diags = capped(w.diags, diag.Errorf(w.doc.src.rng(at.start, at.end), code, summary, detail, args...))
	}
}

// limit reports that a limit is reached, once.
func (w *writer) limit(at span, summary, detail string, args ...any) {
	if !w.full {
		w.full = true
		w.diags = append(w.diags, diag.Errorf(w.doc.src.rng(at.start, at.end), "yaml-limit", summary, detail, args...))
	}
}

// value writes a node.
func (w *writer) value(n ast.Node, s slot) {
	switch n := n.(type) {
	case *ast.MappingNode:
		w.nested(n, s, func() { w.mapping(n, s) })
	case *ast.SequenceNode:
		w.nested(n, s, func() { w.sequence(n, s) })
	case *ast.AnchorNode:
		s.after = w.doc.span(n.Name).end
		w.value(n.Value, s)
	case *ast.TagNode:
		w.tagged(n, s)
	case *ast.AliasNode:
		w.checkTag(s, "")
		w.alias(n)
	default:
		w.scalar(n, s)
	}
}

// nested writes a mapping or list, unless aliases nest it too deep for the
// JSON parser.
func (w *writer) nested(n ast.Node, s slot, write func()) {
	w.checkTag(s, "")
	if w.depth >= 2*maxDepth {
		at := w.stands(w.doc.span(n))
		w.limit(at, tooDeepSummary, tooDeepDetail, maxDepth)
		w.token("null", at)
		return
	}
	w.depth++
	write()
	w.depth--
}

func (w *writer) tagged(n *ast.TagNode, s slot) {
	s.tag, s.tagAt = n.Start.Value, w.doc.span(n)
	s.after = s.tagAt.end
	switch s.tag {
	case "!!str", "!!null", "!!bool", "!!int", "!!float":
	default:
		w.errorf(s.tagAt, "yaml-tag", "unknown tag "+s.tag,
			"Policies know the tags !!str, !!int, !!float, !!bool and !!null. "+
				"Remove the tag, or put a string that starts with ! in quotes.")
		s.tag = ""
	}
	w.value(n.Value, s)
}

// checkTag reports a tag that asks for another kind of value.
func (w *writer) checkTag(s slot, kind string) {
	if s.tag != "" && s.tag != kind {
		w.errorf(s.tagAt, "yaml-tag", "the tag "+s.tag+" does not fit", "The value behind it is of another kind. Remove the tag.")
	}
}

// alias writes the node that an alias stands for. All of it maps to the alias.
func (w *writer) alias(n *ast.AliasNode) {
	at := w.stands(w.doc.aliasSpan(n))
	target := w.doc.aliases[n]
	if target == nil || !w.spend(at, aliasCost) {
		w.token("null", at)
		return
	}
	outer := w.via
	w.via = &at
	w.value(target, slot{})
	w.via = outer
}

// aliasCost is what an alias costs that brings nothing, in bytes.
const aliasCost = 16

// spend takes a cost from the budget of aliases. It says whether there was
// enough left.
func (w *writer) spend(at span, cost int) bool {
	if w.budget -= cost; w.budget < 0 {
		w.limit(at, "aliases repeat too much",
			"What aliases and merge keys repeat may take at most %d bytes. Write out less with them.", maxAliased)
	}
	return w.budget >= 0
}

// stands returns where something stands: at the alias where one brought it.
func (w *writer) stands(at span) span {
	if w.via != nil {
		return *w.via
	}
	return at
}

// token writes a token of JSON in the place of some YAML.
func (w *writer) token(text string, at span) {
	w.out.moveTo(w.doc.src.pos(w.stands(at).start))
	w.add(text, jsonToken{yaml: at, alone: at})
}

func (w *writer) add(text string, t jsonToken) {
	if w.via != nil {
		w.spend(*w.via, len(text))
		t = jsonToken{yaml: *w.via, alone: *w.via}
	}
	w.out.add(text, t)
}

// open writes the bracket that opens a collection. In block style there is
// none in YAML: it stands for the key before it, or else for the first key or
// dash in it, and goes onto the line of that.
func (w *writer) open(text string, flow bool, first, key span) {
	switch {
	case flow:
		w.token(text, first)
	case key == (span{}):
		w.add(text, jsonToken{yaml: first, alone: first})
	default:
		w.add(text, jsonToken{yaml: first, alone: key})
	}
}

// close writes the bracket that closes a collection. In block style it stands
// for the end of what is in it.
func (w *writer) close(text string, bracket *lexeme) {
	at := w.out.tokens[len(w.out.tokens)-1].yaml
	at.start = at.end
	if bracket != nil {
		at = bracket.span()
	}
	w.token(text, at)
}

func (w *writer) mapping(n *ast.MappingNode, s slot) {
	first := w.doc.span(n)
	if !n.IsFlowStyle {
		first = w.doc.span(n.Values[0].Key)
	}
	w.open("{", n.IsFlowStyle, first, s.key)
	for i, p := range w.pairs(n) {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.pair(p)
	}
	w.close("}", w.doc.lexemes[n.End])
}

func (w *writer) sequence(n *ast.SequenceNode, s slot) {
	w.open("[", n.IsFlowStyle, w.doc.span(n), s.key)
	for i, e := range n.Entries {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.value(e.Value, slot{after: w.doc.span(e).end})
	}
	w.close("]", w.doc.lexemes[n.End])
}

// pair writes a key and its value.
func (w *writer) pair(p pair) {
	outer := w.via
	if w.via == nil {
		w.via = p.via
	}
	w.quoted(p.key.text, p.key.at, p.key.pieces)
	w.out.WriteByte(':')
	w.value(p.value, slot{after: p.after, key: p.key.at})
	w.via = outer
}

// quoted writes a string.
func (w *writer) quoted(text string, at span, pieces []piece) {
	w.out.moveTo(w.doc.src.pos(w.stands(at).start))
	w.add(quoteJSON(text), jsonToken{yaml: at, alone: at, pieces: pieces})
}

func (w *writer) scalar(n ast.Node, s slot) {
	l := w.doc.lexeme(n)
	if l == nil {
		l = &lexeme{token: n.GetToken(), start: s.after, end: s.after}
	}
	v := resolve(l, s.tag)
	switch {
	case v.kind == "!!str":
		w.checkTag(s, v.kind)
		w.quoted(l.text, l.span(), l.pieces)
		return
	case v.problem != "":
		w.errorf(l.span(), "yaml-number", "bad number", "%s", v.problem)
	case s.tag == "!!float" && v.kind == "!!int":
	default:
		w.checkTag(s, v.kind)
	}
	if v.octal && w.via == nil {
		w.diags = capped(w.diags, diag.Warningf(w.doc.src.rng(l.start, l.end), "yaml-leading-zero", "a number with a leading zero",
			"In YAML 1.2 this is the decimal number %s. Leave out the zero, start an octal number with 0o, or put a string in quotes.", v.json))
	}
	w.token(v.json, l.span())
}

// quoteJSON spells a string as JSON in ASCII: hcl's scanner takes characters
// together that combine, and with them a quotation mark.
func quoteJSON(s string) string {
	out := append(make([]byte, 0, len(s)+2), '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r >= ' ' && r < 0x7f:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return string(append(out, '"'))
}
