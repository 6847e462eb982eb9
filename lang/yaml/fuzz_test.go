package yaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"go.yaml.in/yaml/v3"

	"apc/lang/diag"
)

// FuzzYAML holds what must be true of any input: no panic; text that hcl
// parses; a map whose ranges lie in the file, in order, and leave out no
// scalar; and the values that another YAML library reads, where both read any.
func FuzzYAML(f *testing.F) {
	for _, tt := range yamlTwins {
		f.Add([]byte(tt.yaml))
		f.Add([]byte("root:\n  - " + strings.ReplaceAll(tt.yaml, "\n", "\n    ")))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		text, m, diags := ToJSON("f.apc.yaml", src)
		for _, d := range diags {
			checkYAMLRange(t, src, d.Subject)
		}
		if text == nil {
			if !diags.HasErrors() {
				t.Fatal("neither text nor an error")
			}
			return
		}
		checkYAMLMap(t, src, text, m)
		if diags.HasErrors() {
			return
		}
		if !bytes.Contains(src, []byte("<<")) { // merged keys may be overridden
			checkYAMLScalars(t, src, m)
		}
		checkYAMLValues(t, src, text, m)
	})
}

// checkYAMLMap checks that hcl parses the text, and that the map leads from
// each token of it to a place in the file, each right of the one before.
func checkYAMLMap(t *testing.T, src, text []byte, m *Map) {
	t.Helper()
	if !json.Valid(text) {
		t.Fatalf("not JSON:\n%s", text)
	}
	if _, diags := hcljson.Parse(text, "f"); diags.HasErrors() && diags[0].Summary != "Root value must be object" {
		t.Fatalf("%v in\n%s", diags, text)
	}
	var before diag.Range
	for _, token := range m.tokens {
		got := m.Range(hclRange(token.start, token.end))
		checkYAMLRange(t, src, got)
		start := m.src.rng(token.yaml.start, token.yaml.end)
		if start.Start.Byte < before.Start.Byte {
			t.Fatalf("%s at %v stands behind %v", text[token.start:token.end], got, before)
		}
		before = start
		for at := token.start; at <= token.end && len(text) < 10_000; at++ {
			checkYAMLRange(t, src, m.Range(hclRange(at, at+1)))
			checkYAMLRange(t, src, m.Range(hclRange(at, len(text))))
		}
	}
}

func hclRange(start, end int) hcl.Range {
	return hcl.Range{Start: hcl.Pos{Line: 1, Byte: start}, End: hcl.Pos{Line: 1, Byte: end}}
}

func checkYAMLRange(t *testing.T, src []byte, r diag.Range) {
	t.Helper()
	if r.Start.Line == 0 || len(src) > 10_000 {
		return // the file as a whole, or one that would take too long
	}
	if r.Start.Byte < 0 || r.End.Byte < r.Start.Byte || r.End.Byte > len(src) {
		t.Fatalf("range %+v of %d bytes", r, len(src))
	}
	for _, p := range []diag.Pos{r.Start, r.End} {
		if line := bytes.Count(src[:p.Byte], []byte("\n")) + 1; line != p.Line || p.Column < 1 || p.Column > p.Byte+1 {
			t.Fatalf("place %+v is in line %d", p, line)
		}
	}
}

// checkYAMLScalars checks that the JSON holds each scalar of the file.
func checkYAMLScalars(t *testing.T, src []byte, m *Map) {
	t.Helper()
	doc, _ := parse(newSource("f", src))
	found := map[span]bool{}
	for _, token := range m.tokens {
		found[token.alone] = true
	}
	var before *lexeme
	for _, l := range sortedLexemes(doc) {
		name := before != nil && (before.token.Value == "&" || before.token.Value == "*")
		if l.scalar() && !name && l.text != "<<" && !found[l.span()] {
			t.Fatalf("no JSON for %q at %v", l.text, m.src.rng(l.start, l.end))
		}
		before = l
	}
}

func sortedLexemes(doc *document) []*lexeme {
	byStart := map[int]*lexeme{}
	for _, l := range doc.lexemes {
		byStart[l.start] = l
	}
	var out []*lexeme
	for i := range len(doc.src.text) + 1 {
		if l := byStart[i]; l != nil {
			out = append(out, l)
		}
	}
	return out
}

// checkYAMLValues checks the JSON, and where its scalars stand, against what
// another library reads, which may refuse the file: it knows YAML 1.1 only.
func checkYAMLValues(t *testing.T, src, text []byte, m *Map) {
	t.Helper()
	root, err := otherYAML(src)
	if err != nil {
		return
	}
	want, err := otherValue(root, 0)
	if err != nil {
		return
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var got any
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	// The other library counts tags and anchors, which we leave out, and
	// the byte order mark as parts of the scalars behind them.
	if bytes.ContainsAny(src, "!&<\uFEFF") {
		return
	}
	found := map[[2]int]bool{}
	for _, token := range m.tokens {
		p := m.src.pos(token.yaml.start)
		found[[2]int{p.Line, p.Column}] = true
	}
	checkOtherPlaces(t, root, found)
}

// checkOtherPlaces checks that the scalars of a node stand in places that were
// found.
func checkOtherPlaces(t *testing.T, n *yaml.Node, found map[[2]int]bool) {
	t.Helper()
	if n.Kind == yaml.ScalarNode && n.Value != "" && !found[[2]int{n.Line, n.Column}] {
		t.Errorf("%q stands at %d:%d", n.Value, n.Line, n.Column)
	}
	for _, c := range n.Content {
		checkOtherPlaces(t, c, found)
	}
}

var errOtherYAML = errors.New("not to be compared")

// otherYAML reads a file by another library.
func otherYAML(src []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(src))
	var doc, second yaml.Node
	if err := d.Decode(&doc); err != nil && err != io.EOF {
		return nil, err
	}
	if doc.Kind != 0 && d.Decode(&second) != io.EOF {
		return nil, errOtherYAML
	}
	if doc.Kind == 0 || doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].Value == "" {
		return &yaml.Node{Kind: yaml.MappingNode}, nil // no value
	}
	return doc.Content[0], nil
}

// otherValue returns the value of a node of the other library as one of
// encoding/json. Scalars without quotes are resolved as here, since that
// library does it by YAML 1.1.
func otherValue(n *yaml.Node, depth int) (any, error) {
	if depth > 200 {
		return nil, errOtherYAML
	}
	switch n.Kind {
	case yaml.AliasNode:
		return otherValue(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := otherValue(c, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return otherMapping(n, depth)
	}
	return otherScalar(n)
}

func otherScalar(n *yaml.Node) (any, error) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	tag := ""
	if n.Style&yaml.TaggedStyle != 0 {
		tag = n.Tag
	}
	if tag == "!!str" || tag == "" && n.Style&quoted != 0 {
		return n.Value, nil
	}
	v := coreSchema(n.Value)
	if v.kind == "!!str" {
		return n.Value, nil
	}
	d := json.NewDecoder(strings.NewReader(v.json))
	d.UseNumber()
	var out any
	err := d.Decode(&out)
	return out, err
}

func otherMapping(n *yaml.Node, depth int) (any, error) {
	own, merged := map[string]any{}, []*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == "<<" && key.Style == 0 {
			merged = append(merged, value)
			if value.Kind == yaml.SequenceNode {
				merged = append(merged[:len(merged)-1], value.Content...)
			}
			continue
		}
		v, err := otherValue(value, depth+1)
		if err != nil {
			return nil, err
		}
		own[key.Value] = v
	}
	for _, m := range merged {
		v, err := otherValue(m, depth+1)
		from, ok := v.(map[string]any)
		if err != nil || !ok {
			return nil, errOtherYAML
		}
		for k, v := range from {
			if _, taken := own[k]; !taken {
				own[k] = v
			}
		}
	}
	return own, nil
}
