package yaml

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"apc/lang/diag"
)

// yamlScope is what the templates of these tests may refer to.
var yamlScope = &hcl.EvalContext{Variables: map[string]cty.Value{"v": cty.StringVal("V"), "n": cty.NumberIntVal(7)}}

// yamlTwins are policies in YAML with the JSON that means the same, written
// by hand.
var yamlTwins = []struct{ name, yaml, json string }{
	{"nothing", "", `{}`},
	{"only a comment", "# nothing\n", `{}`},
	{"only a document start", "---\n", `{}`},
	{"document marks", "---\na: 1\n...\n", `{"a":1}`},
	{"block mapping", "a: x\nb:\n  c: y\n  d:\n    e: z\n", `{"a":"x","b":{"c":"y","d":{"e":"z"}}}`},
	{"block lists", "a:\n- x\n- y\nb:\n  - z\n  - - p\n    - q\n", `{"a":["x","y"],"b":["z",["p","q"]]}`},
	{"mappings in a list", "a:\n  - b: 1\n    c: 2\n  - b: 3\n", `{"a":[{"b":1,"c":2},{"b":3}]}`},
	{"flow", `a: {b: [x, "y", 'z', 1], c: {}, d: [], "e":f,}`, `{"a":{"b":["x","y","z",1],"c":{},"d":[],"e":"f"}}`},
	{"flow over lines", "a: [\n  x, # one\n  # two\n  y,\n]\nb: {\n  c: 1,\n  d: 2\n}\n", `{"a":["x","y"],"b":{"c":1,"d":2}}`},
	{"JSON", `{"a": [1, -2.5e3, true, null, "\u00e9\n\ud83d\ude00\/"], "b": {"c": "d"}}`, `{"a":[1,-2500,true,null,"é\n😀/"],"b":{"c":"d"}}`},
	{"pairs in a list", "a: [b: 1, c: 2]", `{"a":[{"b":1},{"c":2}]}`},
	{"list at the top", "- a: 1\n- b: 2\n", `[{"a":1},{"b":2}]`},
	{"comments", "# c\na: x # c\n  # c\nb: x#y\nc: '#'\n#", `{"a":"x","b":"x#y","c":"#"}`},
	{"templates", "a: ${v}/x\nb: \"${v}-${n}\"\nc: '${v}'\nd: $${v}\ne: ${n}\n\"k${n}\": 1\n",
		`{"a":"${v}/x","b":"${v}-${n}","c":"${v}","d":"$${v}","e":"${n}","k${n}":1}`},
	{"paths", "a: /etc/x/**\nb: /usr/{bin,sbin}/y\nc: \"@{HOME}/z\"\nd: '**/.ssh/'\ne: /a b/c:d\nf: http://x/\n",
		`{"a":"/etc/x/**","b":"/usr/{bin,sbin}/y","c":"@{HOME}/z","d":"**/.ssh/","e":"/a b/c:d","f":"http://x/"}`},
	{"core schema", "a: [true, True, TRUE, false, False, FALSE]\nb: [null, Null, NULL, ~]\nc: [0, 12, -3, +4, 0o17, 0x1F]\nd: [1.5, -.5, 2., 1e3, 1.5E-2, +.5]\n",
		`{"a":[true,true,true,false,false,false],"b":[null,null,null,null],"c":[0,12,-3,4,15,31],"d":[1.5,-0.5,2,1e3,0.015,0.5]}`},
	{"words of YAML 1.1", "a: [yes, No, on, OFF, y, n]\nb: [0b101, 1_000, 1:30, 2001-01-01, 0o8, 0X1f, tRUE, nULL, \"~\", .e5, e5, ., '', =]\non: yes\n",
		`{"a":["yes","No","on","OFF","y","n"],"b":["0b101","1_000","1:30","2001-01-01","0o8","0X1f","tRUE","nULL","~",".e5","e5",".","","="],"on":"yes"}`},
	{"leading zeros are decimal", "a: 0755\nb: -007\nc: 00.5\n", `{"a":755,"b":-7,"c":0.5}`},
	{"large number", "a: 123456789012345678901234567890\nb: 0xFFFFFFFFFFFFFFFFFFFF\n", `{"a":123456789012345678901234567890,"b":1208925819614629174706175}`},
	{"quoted words are strings", "a: \"1\"\nb: 'true'\nc: \"null\"\nd: ''\n", `{"a":"1","b":"true","c":"null","d":""}`},
	{"absent values", "a:\nb: # c\nc:\n  -\n  - x\n  -\n  - y\nd: {e: , f: 1}\n", `{"a":null,"b":null,"c":[null,"x",null,"y"],"d":{"e":null,"f":1}}`},
	{"absent at the end", "a:\n  b:\n    -", `{"a":{"b":[null]}}`},
	{"tags", "a: !!str 12\nb: !!str \"\"\nc: !!int 3\nd: !!float 4\ne: !!null ~\nf: !!bool true\ng: !!int \"5\"\nh: [!!str 1, !!str true]\ni: !!str |\n  x\n",
		`{"a":"12","b":"","c":3,"d":4,"e":null,"f":true,"g":5,"h":["1","true"],"i":"x\n"}`},
	{"single quotes", "a: 'it''s \\n'\nb: 'x\n  y\n\n\n  z '\n", `{"a":"it's \\n","b":"x y\n\nz "}`},
	{"double quotes", "a: \"\\0\\a\\b\\t\\n\\v\\f\\r\\e\\ \\\"\\/\\\\\\N\\_\\L\\P\\x41\\u00e9\\U0001F600\"\nb: \"x\n  y\n\n  z \\\n  w\\\n\n  u\"\nc: \"x\\ \n  y\\\\\n  z\"\n",
		`{"a":"\u0000\u0007\b\t\n\u000b\f\r\u001b \"/\\\u0085\u00a0\u2028\u2029Aé😀","b":"x y\nz w\nu","c":"x  y\\ z"}`},
	{"plain over lines", "a: x\n  y\n\n  z\nb: p - q\n  -r\n", `{"a":"x y\nz","b":"p - q -r"}`},
	{"literal", "a: |\n  x\n    y\n\n  # z\nb: |-\n  x\nc: |+\n  x\n\nd: |2\n    x\n   y\ne: |\n\n  x\n", `{"a":"x\n  y\n\n# z\n","b":"x","c":"x\n\n","d":"  x\n y\n","e":"\nx\n"}`},
	{"folded", "a: >\n  x\n  y\n\n  z\n\n    p\n    q\n  r\nb: >-\n  x\n  y\nc: >+\n  x\n\nd: 1\n", `{"a":"x y\nz\n\n  p\n  q\nr\n","b":"x y","c":"x\n\n","d":1}`},
	{"block scalars in a list", "a:\n  - |\n    x\n  - >\n    y\n    z\n  - |\n  - p\n", `{"a":["x\n","y z\n","","p"]}`},
	{"literal without end of line", "a: |\n  x", `{"a":"x"}`},
	{"literal with a comment", "a: | # c\n  x\nb: >- # d\n  y\n", `{"a":"x\n","b":"y"}`},
	{"template in a literal", "a: |\n  ${v}\n  ${n}\n", `{"a":"${v}\n${n}\n"}`},
	{"aliases", "a: &x /p\nb: *x\nc: &l [*x, q]\nd: *l\ne: {f: *l, g: *x}\nh: &x r\ni: *x\n",
		`{"a":"/p","b":"/p","c":["/p","q"],"d":["/p","q"],"e":{"f":["/p","q"],"g":"/p"},"h":"r","i":"r"}`},
	{"anchor of nothing", "a: &x\nb: *x\nc: 1\n", `{"a":null,"b":null,"c":1}`},
	{"anchors with tags", "a: &x !!str 1\nb: !!str &y 2\nc: [*x, *y]\n", `{"a":"1","b":"2","c":["1","2"]}`},
	{"an alias keeps what it meant", "a: &x 1\nb: &y [*x]\nc: &x 2\nd: *y\n", `{"a":1,"b":[1],"c":2,"d":[1]}`},
	{"merge", "a: &a {p: 1, q: 2}\nb: &b\n  q: 3\n  r: 4\nc:\n  <<: *a\n  p: 9\nd:\n  <<: [*b, *a]\n  s: 5\ne:\n  t: 6\n  <<: *b\nf: {<<: *a}\ng: {<<: {z: 1, p: 2}, p: 3}\n",
		`{"a":{"p":1,"q":2},"b":{"q":3,"r":4},"c":{"q":2,"p":9},"d":{"q":3,"r":4,"p":1,"s":5},"e":{"t":6,"q":3,"r":4},"f":{"p":1,"q":2},"g":{"z":1,"p":3}}`},
	{"merge of merges", "a: &a {p: 1}\nb: &b {<<: *a, q: 2}\nc: {<<: *b, r: 3}\n", `{"a":{"p":1},"b":{"p":1,"q":2},"c":{"p":1,"q":2,"r":3}}`},
	{"quoted << is a key", "a: {\"<<\": 1}\n", `{"a":{"<<":1}}`},
	{"other characters", "ä: é\n😀: \"ü\"\na: '\u0600'\nb: e\u0301\n", `{"ä":"é","😀":"ü","a":"\u0600","b":"e\u0301"}`},
	{"byte order mark", "\uFEFFa: 1\n", `{"a":1}`},
	{"Windows lines", "a: x\r\nb:\r\n  - y\r\nc: |\r\n  p\r\n  q\r\nd: \"r\r\n  s\"\r\n", `{"a":"x","b":["y"],"c":"p\nq\n","d":"r s"}`},
	{"tabs between tokens", "a:\tx\nb:\t[\t1,\t2\t]\t# c\n", `{"a":"x","b":[1,2]}`},
	{"tabs in text", "a: 'x\ty'\nb: |\n  x\ty\n", `{"a":"x\ty","b":"x\ty\n"}`},
	{"colons in strings", "a: [net:x, a:b]\nb: net:x\nc: {d: net:x}\n", `{"a":["net:x","a:b"],"b":"net:x","c":{"d":"net:x"}}`},
	{"spaces around colons", "a  : 1\n\"b\" : 2\n'c':   3\n", `{"a":1,"b":2,"c":3}`},
	{"odd keys", "a b: 1\na-b: 2\n-x: 3\n/etc/x: 4\n\"\": 5\n//: 6\n", `{"a b":1,"a-b":2,"-x":3,"/etc/x":4,"":5,"//":6}`},
}

// decodeYAMLTest returns the attributes of a JSON text as hcl sees them.
func decodeYAMLTest(t *testing.T, text []byte) map[string]cty.Value {
	t.Helper()
	f, diags := hcljson.Parse(text, "x.json")
	if diags.HasErrors() {
		t.Fatalf("%v in\n%s", diags, text)
	}
	out := map[string]cty.Value{}
	for _, body := range jsonBodies(f) {
		attrs, diags := body.JustAttributes()
		if diags.HasErrors() {
			t.Fatalf("%v in\n%s", diags, text)
		}
		for name, a := range attrs {
			v, diags := a.Expr.Value(yamlScope)
			if diags.HasErrors() {
				t.Fatalf("%v in\n%s", diags, text)
			}
			out[name] = v
		}
	}
	return out
}

// jsonBodies returns the bodies of a file that is an object or a list of some.
func jsonBodies(f *hcl.File) []hcl.Body {
	if !bytes.HasPrefix(bytes.TrimSpace(f.Bytes), []byte("[")) {
		return []hcl.Body{f.Body}
	}
	wrapped, _ := hcljson.Parse([]byte(`{"b":`+string(f.Bytes)+`}`), "x.json")
	content, _ := wrapped.Body.Content(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "b"}}})
	var out []hcl.Body
	for _, b := range content.Blocks {
		out = append(out, b.Body)
	}
	return out
}

func TestYAMLMeansItsTwin(t *testing.T) {
	for _, tt := range yamlTwins {
		t.Run(tt.name, func(t *testing.T) {
			text, _, diags := ToJSON("f.apc.yaml", []byte(tt.yaml))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			got, want := decodeYAMLTest(t, text), decodeYAMLTest(t, []byte(tt.json))
			if len(got) != len(want) {
				t.Fatalf("%d attributes, want %d, in\n%s", len(got), len(want), text)
			}
			for name, v := range want {
				if g, ok := got[name]; !ok || !g.RawEquals(v) {
					t.Errorf("%s is %#v, want %#v", name, g, v)
				}
			}
		})
	}
}

// unmark takes the marks « and » out of a text, and returns the range between
// them.
func unmark(t *testing.T, marked string) (string, diag.Range) {
	t.Helper()
	start := strings.Index(marked, "«")
	end := strings.Index(marked, "»") - len("«")
	if start < 0 || end < start {
		t.Fatalf("no marks in %q", marked)
	}
	text := strings.NewReplacer("«", "", "»", "").Replace(marked)
	pos := func(off int) diag.Pos {
		before := text[:off]
		line := before[strings.LastIndexByte(before, '\n')+1:]
		return diag.Pos{Byte: off, Line: strings.Count(before, "\n") + 1,
			Column: utf8.RuneCountInString(strings.TrimPrefix(line, "\uFEFF")) + 1}
	}
	return text, diag.Range{File: "f.apc.yaml", Start: pos(start), End: pos(end)}
}

var yamlBlocks = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "service", LabelNames: []string{"name"}}}}

// The ways to get a range from hcl. Each takes the attribute "a", or the first
// service block.
func yamlAttr(t *testing.T, b hcl.Body) *hcl.Attribute {
	t.Helper()
	attrs, _ := b.JustAttributes()
	if attrs["a"] == nil {
		t.Fatal("no attribute a")
	}
	return attrs["a"]
}

func yamlBlock(t *testing.T, b hcl.Body) *hcl.Block {
	t.Helper()
	content, diags := b.Content(yamlBlocks)
	if len(content.Blocks) == 0 {
		t.Fatal("no block: ", diags)
	}
	return content.Blocks[0]
}

func yamlSubject(t *testing.T, diags hcl.Diagnostics) hcl.Range {
	t.Helper()
	if !diags.HasErrors() {
		t.Fatal("no error")
	}
	return *diags[0].Subject
}

func yamlItem(t *testing.T, b hcl.Body, i int) hcl.Range {
	t.Helper()
	return hcl.Range(yamlList(t, b)[i].Range())
}

func yamlList(t *testing.T, b hcl.Body) []hcl.Expression {
	t.Helper()
	list, diags := hcl.ExprList(yamlAttr(t, b).Expr)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return list
}

var yamlRanges = map[string]func(*testing.T, hcl.Body) hcl.Range{
	"attribute": func(t *testing.T, b hcl.Body) hcl.Range { return yamlAttr(t, b).Range },
	"name":      func(t *testing.T, b hcl.Body) hcl.Range { return yamlAttr(t, b).NameRange },
	"value":     func(t *testing.T, b hcl.Body) hcl.Range { return yamlAttr(t, b).Expr.Range() },
	"start":     func(t *testing.T, b hcl.Body) hcl.Range { return yamlAttr(t, b).Expr.StartRange() },
	"first":     func(t *testing.T, b hcl.Body) hcl.Range { return yamlItem(t, b, 0) },
	"second":    func(t *testing.T, b hcl.Body) hcl.Range { return yamlItem(t, b, 1) },
	"key": func(t *testing.T, b hcl.Body) hcl.Range {
		pairs, _ := hcl.ExprMap(yamlAttr(t, b).Expr)
		return pairs[0].Key.Range()
	},
	"error": func(t *testing.T, b hcl.Body) hcl.Range {
		_, diags := yamlAttr(t, b).Expr.Value(yamlScope)
		return yamlSubject(t, diags)
	},
	"variable": func(t *testing.T, b hcl.Body) hcl.Range {
		return yamlAttr(t, b).Expr.Variables()[0].SourceRange()
	},
	"end":     func(t *testing.T, b hcl.Body) hcl.Range { return b.MissingItemRange() },
	"def":     func(t *testing.T, b hcl.Body) hcl.Range { return yamlBlock(t, b).DefRange },
	"type":    func(t *testing.T, b hcl.Body) hcl.Range { return yamlBlock(t, b).TypeRange },
	"label":   func(t *testing.T, b hcl.Body) hcl.Range { return yamlBlock(t, b).LabelRanges[0] },
	"missing": func(t *testing.T, b hcl.Body) hcl.Range { return yamlBlock(t, b).Body.MissingItemRange() },
	"required": func(t *testing.T, b hcl.Body) hcl.Range {
		_, _, diags := yamlBlock(t, b).Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "x", Required: true}}})
		return yamlSubject(t, diags)
	},
	"extraneous": func(t *testing.T, b hcl.Body) hcl.Range {
		_, diags := yamlBlock(t, b).Body.Content(&hcl.BodySchema{})
		return yamlSubject(t, diags)
	},
	"blocks": func(t *testing.T, b hcl.Body) hcl.Range {
		_, diags := b.Content(yamlBlocks)
		return yamlSubject(t, diags)
	},
	"keyword": func(t *testing.T, b hcl.Body) hcl.Range {
		call, diags := hcl.ExprCall(yamlAttr(t, b).Expr)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return call.NameRange
	},
}

func TestYAMLRanges(t *testing.T) {
	tests := []struct{ what, yaml string }{
		{"attribute", "«a: /x»\n"},
		{"attribute", "b: 1\n«a:\n  - /x\n  - \"y\"» # c\nc: 1\n"},
		{"attribute", "«a:\n  b: {c: 1}\n  d:\n    e: 2»\nf: 1\n"},
		{"attribute", "«a:»\nb: 1\n"},
		{"attribute", "«a: |\n  x\n  y»\n\nb: 1\n"},
		{"attribute", "{«a: [1, 2]», b: 1}\n"},
		{"name", "b: 1\n«a»: 1\n"},
		{"name", "b: 1\n«'a'» : 1\n"},
		{"name", "{\"b\": 1, «\"a\"»: 1}\n"},
		{"value", "a: «/x y» # c\n"},
		{"value", "a: «\"x\\\"y\"»\n"},
		{"value", "a: «'x''y'» # c\n"},
		{"value", "a: «12»\n"},
		{"value", "a: «~»\n"},
		{"value", "a:«»\nb: 1\n"},
		{"value", "a:«»   # c\n\n\n\nb: 1\n"},
		{"value", "a: &x«»\nb: 1\n"},
		{"value", "a: &x «y»\n"},
		{"value", "a: !!str «12»\n"},
		{"value", "a: «x\n  y\n\n  z»\nb: 1\n"},
		{"value", "a: «\"x\n  y\"»\nb: 1\n"},
		{"value", "a: «|-\n  x\n\n  y»\n\n\nb: 1\n"},
		{"value", "a: «|»\nb: 1\n"},
		{"value", "a: «>- # c\n  x»\n# d\nb: 1\n"},
		{"value", "a: «[1, [2], {b: 3}]» # c\n"},
		{"value", "a: «[\n  1,\n]»\n"},
		{"value", "a: «[]»\n"},
		{"value", "a: «{}»\n"},
		{"value", "a:\n«- 1\n- 2»\nb: 1\n"},
		{"value", "a:\n  «b: 1\n  c:\n    - 2»\nd: 1\n"},
		{"value", "a:\n  «b: 1\n  c:»\nd: 1\n"},
		{"value", "b: &x [1]\na: «*x»\n"},
		{"value", "b: &x {c: {d: 1}}\na: «*x» # c\n"},
		{"start", "a: «[»1]\n"},
		{"start", "«a»:\n  - 1\n"},
		{"start", "«a»:\n  b: 1\n"},
		{"start", "a: «{»b: 1}\n"},
		{"first", "a:\n  - «/x»\n  - /y\n"},
		{"first", "a:\n  -«»\n  - /y\n"},
		{"first", "a: [«\"/x\"», /y]\n"},
		{"first", "a:\n  - «b: 1\n    c: 2»\n  - d: 3\n"},
		{"first", "b: &x 1\na: [«*x», 2]\n"},
		{"second", "a:\n  - /x\n  # c\n  - «'/y'» # c\n"},
		{"second", "a: [/x,\n    «/y z»\n  , 1]\n"},
		{"second", "a:\n  - /x\n  - «- 1\n    - 2»\n"},
		{"second", "a:\n  - &x 1\n  - «*x»\n"},
		{"key", "a:\n  «\"b c\"»: 1\n"},
		{"key", "a: {«b»: 1}\n"},
		{"key", "b: &x {c: 1}\na:\n  <<: «*x»\n  d: 1\n"},
		{"error", "a: /x/${«nope»}/y\n"},
		{"error", "a: 'it''s ${«nope»}'\n"},
		{"error", "a: \"\\u00e9\\t\\\"${«nope»}\"\n"},
		{"error", "a: \"é😀${«nope»}\"\n"},
		{"error", "a: é😀${«nope»}\n"},
		{"error", "a: |\n  x\n  é${«nope»}\n  y\n"},
		{"error", "a: >\n  x\n  y ${«nope»}\n"},
		{"error", "a: x\n  y\n\n  ${«nope»}\n"},
		{"error", "a: \"x\n\n  y \\\n  ${«nope»}\"\n"},
		{"error", "a: [x, \"${«nope»}\"]\n"},
		{"error", "a:\n  - ${«nope»}\n"},
		{"error", "a: {b: '${«nope»}'}\n"},
		{"error", "a: {'k${«nope»}': 1}\n"},
		{"error", "a: x${v«.y»}\n"},
		{"error", "b: 1\r\na: \"x\r\n  ${«nope»}\"\r\n"},
		{"error", "\uFEFFa: ${«nope»}\n"},
		{"error", "b: &x ${nope}\na: «*x»\n"},
		{"variable", "a: /x/${«n»}\n"},
		{"variable", "a: |\n  x ${\n    «v»\n  }\n"},
		{"end", "a: 1«»\n"},
		{"end", "a:\n  b: [1]«» # c\n\n"},
		{"end", "{a: 1«}» # c\n"},
		{"end", "a: |\n  x«»\n\n"},
		{"type", "«service»:\n  web:\n    x: 1\n"},
		{"label", "service:\n  «web»:\n    x: 1\n"},
		{"label", "service: {«\"web\"»: {x: 1}}\n"},
		{"label", "service:\n  - «web»:\n      x: 1\n"},
		{"def", "service:\n  «web»:\n    x: 1\n"},
		{"def", "service:\n  web: «{»x: 1}\n"},
		{"def", "service:\n  «web»:\n    - x: 1\n"},
		{"missing", "service:\n  web:\n    x: 1«»\n  db:\n    x: 1\n"},
		{"missing", "service: {web: {«}»}\n"},
		{"required", "service:\n  web: {«}»\n"},
		{"required", "service:\n  web:\n    y:\n      - 1\n      - 2«»\n\n# c\n"},
		{"required", "service:\n  web:\n    y:«»\n"},
		{"extraneous", "service:\n  web:\n    «bogus»: 1\n"},
		{"extraneous", "service:\n  web: {«'bogus'»: 1}\n"},
		{"blocks", "service: «web»\n"},
		{"blocks", "service:\n  web: «12»\n"},
		{"blocks", "service:\n  - «web»\n"},
		{"blocks", "service: «[»]\n"},
		{"blocks", "«servce»:\n  web: {}\n"},
		{"keyword", "a: «\"list»(string)\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.what+" "+tt.yaml, func(t *testing.T) {
			src, want := unmark(t, tt.yaml)
			text, m, diags := ToJSON("f.apc.yaml", []byte(src))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			f, hd := hcljson.Parse(text, "f.apc.yaml")
			if hd.HasErrors() {
				t.Fatal(hd)
			}
			if got := m.Range(yamlRanges[tt.what](t, f.Body)); got != want {
				t.Errorf("got %v, %q; want %v, %q; JSON is\n%s", got, cutRange(src, got), want, cutRange(src, want), text)
			}
		})
	}
}

func cutRange(src string, r diag.Range) string { return src[r.Start.Byte:r.End.Byte] }

// hcl names the place of the first of two equal attributes in words, so that
// the JSON must stand in the same lines as the YAML.
func TestYAMLKeepsLines(t *testing.T) {
	src := "# c\nservice:\n\n  web:\n    - |\n      x\n    - b:\n       - 1\n\n       - 2\n    -   key: 1\n    - {p: [\n        1], 'q': 2}\n"
	text, m, diags := ToJSON("f.apc.yaml", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, token := range m.tokens {
		line := 1 + bytes.Count(text[:token.start], []byte("\n"))
		opens := strings.ContainsAny(string(text[token.start]), "{[") // may stand behind the key
		if want := m.src.pos(token.yaml.start).Line; line != want && !(opens && line < want) {
			t.Errorf("%s is in line %d, want %d, of\n%s", text[token.start:token.end], line, want, text)
		}
	}
}

func TestYAMLLinesInWords(t *testing.T) {
	text, _, _ := ToJSON("f.apc.yaml", []byte("# c\n- x: 1\n- y: 2\n-   x: 3\n"))
	f, _ := hcljson.Parse(text, "f.apc.yaml")
	_, _, diags := f.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "x"}}})
	if len(diags) != 1 || !strings.Contains(diags[0].Detail, "f.apc.yaml:2,3-") {
		t.Errorf("got %v, want the first x in line 2, column 3", diags)
	}
}

func TestYAMLErrors(t *testing.T) {
	tests := []struct{ yaml, code, says string }{
		{"a: 1\n«a»: 2\n", "yaml-duplicate-key", "twice"},
		{"a: {b: 1, «\"b\"»: 2}\n", "yaml-duplicate-key", "twice"},
		{"«1»: x\n", "yaml-key", `as a number. Put it in quotes: "1"`},
		{"a:\n  «true»: x\n", "yaml-key", "as a boolean"},
		{"a: {«~»: x}\n", "yaml-key", "as null"},
		{"a: {«b», c: 1}\n", "yaml-key", "Write a colon"},
		{"«?» a\n: b\n", "yaml-key", "question mark"},
		{"«&»x a: 1\n", "yaml-key", "no anchor"},
		{"a: &x b\n«*»x : 1\n", "yaml-key", "no anchor, alias"},
		{"a: «!secret» x\n", "yaml-tag", "unknown tag !secret"},
		{"a: «!!binary» x\n", "yaml-tag", "unknown tag !!binary"},
		{"a: «!!map» {}\n", "yaml-tag", "unknown tag"},
		{"a: «!!int» x\n", "yaml-tag", "does not fit"},
		{"a: !!str «[»x]\n", "yaml-syntax", ""},
		{"a: «!!str»\nb: 1\n", "yaml-tag", "without a value"},
		{"a: [«!!str» , x]\n", "yaml-tag", "without a value"},
		{"a: !!str «!!int» 1\n", "yaml-tag", "several tags"},
		{"a: «*nope»\n", "yaml-alias", "No anchor &nope"},
		{"a: «*»*/x\n", "yaml-alias", "starts with * in quotes"},
		{"a: «&»\"x\"\n", "yaml-alias", "starts with & in quotes"},
		{"a: &x [«*x»]\n", "yaml-alias", "an alias of itself"},
		{"a: &x 1\nb: {<<: «*x»}\n", "yaml-alias", "merge key"},
		{"b: {«<<»: 1}\n", "yaml-alias", "merge key"},
		{"a: 1\n«---»\nb: 2\n", "yaml-documents", "files of their own"},
		{"a: 1\n...\n«b»: 2\n", "yaml-documents", "files of their own"},
		{"«%YAML 1.1»\n---\na: 1\n", "yaml-syntax", "directive"},
		{"«x»\n", "yaml-root", "mapping"},
		{"--- «~»\n", "yaml-root", "mapping"},
		{"a: «.inf»\n", "yaml-number", "Infinity"},
		{"a: «-.Inf»\n", "yaml-number", "Infinity"},
		{"a: «.nan»\n", "yaml-number", "NaN"},
		{"a: «1e999999999»\n", "yaml-number", "too large"},
		{"a:\n«\t»b: 1\n", "yaml-tab", "spaces"},
		{"a:\n  b: 1\n «\t»c: 1\n", "yaml-tab", "spaces"},
		{"a:\n    «\t»b: 1\n", "yaml-tab", "spaces"},
		{"a: x«\t»y\n", "yaml-tab", `"\t"`},
		{"a: \"x«\xff»y\"\n", "yaml-encoding", "UTF-8"},
		{"a: x«\x07»\n", "yaml-encoding", "escape"},
		{"a: x«\x00»y\n", "yaml-encoding", "escape"},
		{"a: x«\r»b: 1\n", "yaml-encoding", "carriage return"},
		{"a: x«\uFEFF»\n", "yaml-encoding", "byte order mark"},
		{"a: x«\u2028»y\n", "yaml-encoding", "end a line"},
		{"«\xff\xfe»a\x00", "yaml-encoding", "UTF-16"},
		{"a: «@»{HOME}/x\n", "yaml-syntax", "starts with @ must stand in quotes"},
		{"a: «`»x\n", "yaml-syntax", "starts with ` must stand in quotes"},
		{"a: [$«{»v}]\n", "yaml-syntax", "must stand in quotes"},
		{"a: [/usr/«{»bin,sbin}/x]\n", "yaml-syntax", "must stand in quotes"},
		{"a: [/etc/«[»ab]]\n", "yaml-syntax", "must stand in quotes"},
		{"a: «\"»x\n", "yaml-syntax", "Close the quotation marks"},
		{"a: «'»x\n", "yaml-syntax", "Close the quotation marks"},
		{"a: \"\\«d»\"\n", "yaml-syntax", `\\ for a backslash`},
		{"a: \"«\\x»zz\"\n", "yaml-syntax", `\\ for a backslash`},
		{"a: \"«\\»ud800\"\n", "yaml-syntax", `\\ for a backslash`},
		{"a: \"«\\u»dc00 and more text\"\n", "yaml-syntax", "invalid escape"},
		{"a: \"x\"«y»\n", "yaml-syntax", "closing quotation mark"},
		{"a: «[»1, 2\n", "yaml-syntax", "Close the bracket"},
		{"a: 1\nb: «]»\n", "yaml-syntax", "Remove the bracket"},
		{"a: {b: [1«}»\n", "yaml-syntax", "bracket"},
		{"a: «1\n b»: 2\n", "yaml-syntax", "indentation"},
		{"a: «b»: c\n", "yaml-syntax", "colon"},
		{"a: {«b:c}»\n", "yaml-unclear", "space after each colon"},
		{"a: {b: [«net:x]}»\n", "yaml-unclear", "double quotes"},
		{"a: \"x«\t»y\"\n", "yaml-tab", `"\t"`},
		{"a:\n«b»\n", "yaml-unclear", "quotes"},
		{"a: |\n  x\n «y»\n", "yaml-syntax", "indentation"},
		{"a:\n  - /x\n   «-» /y\n", "yaml-unclear", "Indent it like the other items"},
		{"a: [«-]»\n", "yaml-unclear", "double quotes"},
		{"a: [«?x]»\n", "yaml-unclear", "double quotes"},
		{"a: [x, «-» y]\n", "yaml-unclear", "one key or list item on a line"},
		{"a: «,x»\n", "yaml-unclear", "double quotes"},
		{"a: {b: 1}«}»\n", "yaml-unclear", "double quotes"},
		{"a: {b: 1\n c«:» 2}\n", "yaml-unclear", "comma"},
		{"a: {«b\n  c»: 1}\n", "yaml-unclear", "one key"},
		{"a: {«\"b\"»\n  : 1}\n", "yaml-unclear", "one key"},
		{"a:\n- \n«b»: 1\n", "yaml-unclear", "one key"},
		{"a: «{»b: 1 # c", "yaml-syntax", "Close the bracket"},
		{"«a:1\nb»: 2\n", "yaml-syntax", "a space stands behind each colon"},
		{"  a: 1\n «b»: 2\n", "yaml-syntax", "indentation"},
		{"a: 1\n«-» b\n", "yaml-syntax", "indentation"},
		{"«:» x\n", "yaml-syntax", ""},
		{"[a]«:» x\n", "yaml-syntax", ""},
		{"a: «!»", "yaml-unclear", "in double quotes"},
		{"a: |\n    \n  «x»\n", "yaml-syntax", "indent"},
		{"a: «>1#c»\n   x\n", "yaml-unclear", ""},
		{"- x\n«b»: 1\n", "yaml-syntax", "indentation"},
	}
	for _, tt := range tests {
		t.Run(tt.yaml, func(t *testing.T) {
			src, want := unmark(t, tt.yaml)
			_, _, diags := ToJSON("f.apc.yaml", []byte(src))
			if len(diags) == 0 {
				t.Fatal("no error")
			}
			d := diags[0]
			if d.Severity != diag.Error || d.Code != tt.code || d.Subject != want || !strings.Contains(d.Summary+". "+d.Detail, tt.says) {
				t.Errorf("got %v [%s], %q; want %s at %v", d, d.Code, cutRange(src, d.Subject), tt.code, want)
			}
			if !strings.HasSuffix(d.Detail, ".") {
				t.Errorf("detail is no sentence: %q", d.Detail)
			}
		})
	}
}

func TestYAMLReportsAllErrors(t *testing.T) {
	src := "a: !x 1\na: 2\n3: 4\nb: [*nope, .inf]\nc: 007\n"
	text, _, diags := ToJSON("f.apc.yaml", []byte(src))
	var codes []string
	for _, d := range diags.Sorted() {
		codes = append(codes, fmt.Sprint(d.Subject.Start.Line, " ", d.Code))
	}
	want := "1 yaml-tag, 2 yaml-duplicate-key, 3 yaml-key, 4 yaml-alias, 4 yaml-number, 5 yaml-leading-zero"
	if got := strings.Join(codes, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if d := diags.Sorted()[1]; len(d.Related) != 1 || d.Related[0].Range.String() != "f.apc.yaml:1:1" {
		t.Errorf("the duplicate key does not point at the first one: %v", d.Related)
	}
	if _, hd := hcljson.Parse(text, "f.apc.yaml"); hd.HasErrors() {
		t.Errorf("%v in\n%s", hd, text)
	}
	_, _, diags = ToJSON("f.apc.yaml", []byte("a: @x\nb: `y\nc: 1\n"))
	if len(diags) != 2 || diags[1].Subject.Start.Line != 2 {
		t.Errorf("got %v, want two errors", diags)
	}
	_, _, diags = ToJSON("f.apc.yaml", []byte("a: \x01\nb: \xff\n"))
	if len(diags) != 2 || diags[1].Subject.Start.Line != 2 {
		t.Errorf("got %v, want two errors", diags)
	}
}

func TestYAMLWarnsOfLeadingZero(t *testing.T) {
	_, _, diags := ToJSON("f.apc.yaml", []byte("a: &x 0755\nb: *x\nc: \"0755\"\nd: 0\ne: 0.5\n"))
	if len(diags) != 1 || diags[0].Severity != diag.Warning || diags[0].Subject.String() != "f.apc.yaml:1:7" {
		t.Errorf("got %v, want one warning", diags)
	}
}

// Hostile input must neither hang nor exhaust the memory or stack.
func TestYAMLLimits(t *testing.T) {
	laughs := "a: &a0 [x, x, x, x, x, x, x, x, x]\n"
	merges := "m: &m0 {x: 1}\n"
	chain := "c: &c0 [x]\n"
	for i := 0; i < 300; i++ {
		chain += fmt.Sprintf("c%d: &c%d [*c%d]\n", i, i+1, i)
	}
	for i := 0; i < 25; i++ {
		nine := func(alias string) string { return strings.Repeat(fmt.Sprintf("*%s%d, ", alias, i), 9) }
		laughs += fmt.Sprintf("b%d: &a%d [%s]\n", i, i+1, nine("a"))
		merges += fmt.Sprintf("n%d: &m%d {<<: [%s]}\n", i, i+1, nine("m"))
	}
	long := "a: &a \"" + strings.Repeat("x", 100_000) + "\"\nb: [" + strings.Repeat("*a,", 300) + "]\n"
	tests := []struct{ name, yaml, says string }{
		{"alias bomb", laughs, "aliases repeat too much"},
		{"merge bomb", merges, "aliases repeat too much"},
		{"aliases of a long string", long, "aliases repeat too much"},
		{"chain of aliases", chain, "nested too deep"},
		{"too large", "a: " + strings.Repeat("x", maxBytes), "too large"},
		{"deep brackets", "a: " + strings.Repeat("[", 20_000), "nested too deep"},
		{"deep braces", "a: " + strings.Repeat("{b: ", 20_000), "nested too deep"},
		{"deep dashes", strings.Repeat("- ", 20_000), "nested too deep"},
		{"deep mappings", deepYAML(200), "nested too deep"},
		{"many keys", strings.Repeat("a:\n", 20_000), "too many keys"},
		{"many absent values", strings.Repeat("- \n", 20_000), "without a value"},
		{"many absent values in braces", "a: {" + strings.Repeat("b: ,", 20_000), "without a value"},
		{"bare keys", "a: {" + strings.Repeat("b,", 20_000) + "}", "a key without a value"},
		{"many tags", "a: " + strings.Repeat("!!str ", 20_000), "several tags"},
		{"many anchors", "a: " + strings.Repeat("&x ", 20_000), "several tags or anchors"},
		{"many documents", strings.Repeat("---\n", 20_000), "several documents"},
		{"blank lines", "a: |\n" + strings.Repeat("\n", 20_000), "too many blank lines"},
		{"tabs in quotes", "a: \"" + strings.Repeat("\t", 20_000) + "\"", "tab"},
		{"less-than signs", "a: " + strings.Repeat("<", 20_000), "characters <"},
		{"reserved characters", "a: " + strings.Repeat("@", 20_000), "reserved"},
		{"control characters", strings.Repeat("\x01\n", 20_000), "invalid character"},
		{"long number", "a: " + strings.Repeat("1", 20_000), "too large or too long"},
		{"unknown aliases", "a: [" + strings.Repeat("*x, ", 20_000) + "]", "No anchor"},
		{"open quote", "a: \"" + strings.Repeat("x\n", 20_000), "Close the quotation marks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, m, diags := ToJSON("f.apc.yaml", []byte(tt.yaml))
			if !diags.HasErrors() || len(diags) > 2*maxErrors || !strings.Contains(fmt.Sprint(diags[0], diags[0].Code), tt.says) {
				t.Errorf("got %d diagnostics, the first of them %.200v; want %q", len(diags), diags, tt.says)
			}
			if len(text) > 8*maxAliased {
				t.Errorf("%d bytes of JSON", len(text))
			}
			if text != nil {
				checkYAMLMap(t, []byte(tt.yaml), text, m)
			}
		})
	}
}

func deepYAML(depth int) string {
	var b strings.Builder
	for i := 0; i < depth; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// A large policy of an ordinary shape is read.
func TestYAMLLargePolicy(t *testing.T) {
	src := "service:\n  web:\n    file:\n" + strings.Repeat("      - path: /var/lib/web/*.db\n        access: [read, write]\n", 10_000)
	text, m, diags := ToJSON("f.apc.yaml", []byte(src))
	if len(diags) != 0 {
		t.Fatal(diags)
	}
	checkYAMLMap(t, []byte(src), text, m)
}
