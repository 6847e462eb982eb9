package policy

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

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

// A yamlValue is a scalar as JSON.
type yamlValue struct {
	kind    string // the tag of its kind
	json    string // for a kind other than !!str
	problem string // why JSON cannot hold it
	octal   bool   // YAML 1.1 reads it as an octal number
}

// kindNames name kinds of values in sentences.
var kindNames = map[string]string{"!!null": "null", "!!bool": "a boolean", "!!int": "a number", "!!float": "a number"}

// resolve returns the value of a scalar: a string in quotes, or behind a tag
// that says so, or else by the text.
func resolve(l *lexeme, tag string) yamlValue {
	if tag == "!!str" || tag == "" && !l.plain() {
		return yamlValue{kind: "!!str"}
	}
	return coreSchema(l.text)
}

// The forms of numbers in the core schema: YAML 1.2, section 10.3.2.
var (
	yamlInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	yamlBased = regexp.MustCompile(`^0(o[0-7]+|x[0-9a-fA-F]+)$`)
	yamlFloat = regexp.MustCompile(`^([-+]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))([eE][-+]?[0-9]+)?$`)
	yamlNaN   = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// coreSchema returns the value of a scalar without quotes: YAML 1.2, section
// 10.3.2.
func coreSchema(text string) yamlValue {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return yamlValue{kind: "!!null", json: "null"}
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return yamlValue{kind: "!!bool", json: strings.ToLower(text)}
	}
	switch {
	case yamlInt.MatchString(text):
		digits := strings.TrimLeft(text, "+-")
		return number(yamlValue{kind: "!!int", json: text, octal: len(digits) > 1 && digits[0] == '0'})
	case yamlBased.MatchString(text):
		n, _ := new(big.Int).SetString(text, 0)
		return number(yamlValue{kind: "!!int", json: n.String()})
	case yamlNaN.MatchString(text):
		return yamlValue{kind: "!!float", json: "null", problem: "Infinity and NaN are no numbers here. Put the word in quotes."}
	case yamlFloat.MatchString(text):
		return number(yamlValue{kind: "!!float", json: text})
	}
	return yamlValue{kind: "!!str"}
}

// number spells a number as JSON does: without plus sign and leading zeros,
// and with digits on both sides of the point.
func number(v yamlValue) yamlValue {
	m := yamlFloat.FindStringSubmatch(v.json)
	whole := strings.TrimLeft(m[2], "0")
	if whole == "" {
		whole = "0"
	}
	v.json = strings.TrimPrefix(m[1], "+") + whole
	if fraction := m[3] + m[4]; fraction != "" {
		v.json += "." + fraction
	}
	v.json += m[5]
	if _, err := strconv.ParseFloat(v.json, 64); err != nil || len(v.json) > maxYAMLDigits {
		v.json, v.problem = "null", "The number is too large or too long. Put it in quotes if it is a string."
	}
	return v
}
