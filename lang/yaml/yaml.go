// Package yaml turns policies in YAML into JSON text for hcl's JSON syntax, with
// a map of every place in that text to its place in the YAML.
//
// It may import lang/diag of the project.
package yaml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"apc/lang/diag"
)

// The bounds of a policy in YAML. They keep hostile input from costing much
// memory or time: the parser needs time that grows with the square of some
// of these, and aliases can repeat each other.
const (
	maxBytes   = 1 << 20 // of the file
	maxDepth   = 100     // mappings and lists in each other
	maxKeys    = 5000    // of one mapping in block style
	maxRun     = 1000    // tabs in a line, or "<"
	maxBlank   = 100     // blank lines in a row
	maxAbsent  = 1000    // keys and list items without a value
	maxAliased = 1 << 20 // bytes of JSON that aliases and merge keys add
	maxDigits  = 400     // of a number
	maxErrors  = 20      // and as many warnings, that a step reports
)

// ToJSON converts a policy in YAML to JSON text for hcl's JSON syntax,
// and returns a map that turns hcl's ranges in that text into ranges of the
// YAML file.
//
// YAML is read by its 1.2 core schema, so that yes, no, on and off are strings
// and 0755 is the number 755. Mappings become objects, lists arrays; hcl takes
// every string for a template, as it does in JSON. Aliases and merge keys (<<)
// are written out where they stand; what they bring maps to the alias. A file
// without any value is an empty policy.
//
// The library's reading is not taken on trust: the text of every scalar is
// decoded here, and the tree is held against the places of its tokens. Where
// the two differ the file is refused.
//
// The JSON text is nil where the YAML cannot be read at all. Beside other
// errors it is whole, so that the policy's own mistakes can be reported too.
// The map is never nil.
func ToJSON(filename string, src []byte) (jsonText []byte, m *Map, diags diag.List) {
	s := newSource(filename, src)
	m = &Map{src: s}
	if diags = s.check(); diags.HasErrors() {
		return nil, m, diags
	}
	doc, problems := parse(s)
	if doc == nil {
		return nil, m, problems
	}
	w := &writer{doc: doc, out: jsonWriter{line: 1}, budget: maxAliased, diags: problems}
	w.document()
	m.tokens = w.out.tokens
	return []byte(w.out.String()), m, w.diags
}

// A document is the one document of a file: its tree, with the place and the
// text of each token, and the node that each alias stands for.
type document struct {
	src     *source
	body    ast.Node // nil where the file holds no value
	lexemes map[*token.Token]*lexeme
	aliases map[*ast.AliasNode]ast.Node // nil where the anchor is unknown
}

// lexeme returns what stands at the token of n, or nil where the parser made
// the token up for a value that is absent.
func (d *document) lexeme(n ast.Node) *lexeme { return d.lexemes[n.GetToken()] }

// span returns where the token of n stands, or nothing where it is made up.
func (d *document) span(n ast.Node) span {
	if l := d.lexeme(n); l != nil {
		return l.span()
	}
	return span{}
}

func (d *document) aliasSpan(n *ast.AliasNode) span {
	return span{d.span(n).start, d.span(n.Value).end}
}

// parse reads the document. The document is nil where an error leaves
// nothing to convert.
func parse(s *source) (*document, diag.List) {
	var tokens token.Tokens
	if !survives(func() { tokens = lexer.Tokenize(s.text) }) {
		return nil, diag.List{s.unclear(0, len(s.text))}
	}
	if bad := s.invalidTokens(tokens); bad != nil {
		return nil, bad
	}
	lexemes, bad := readLexemes(s, tokens)
	if bad != nil {
		return nil, bad
	}
	if bad := checkShape(s, lexemes); bad != nil {
		return nil, bad
	}
	doc := &document{src: s, lexemes: byToken(lexemes), aliases: map[*ast.AliasNode]ast.Node{}}
	var file *ast.File
	var err error
	if !survives(func() { file, err = parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) }) {
		return nil, diag.List{s.unclear(0, len(s.text))}
	}
	if err != nil {
		return nil, diag.List{doc.syntaxError(err)}
	}
	for _, d := range file.Docs {
		if d.Body != nil {
			doc.body = d.Body
		}
	}
	diags, ok := checkTree(doc, lexemes)
	if !ok {
		return nil, diags
	}
	return doc, diags
}

// survives runs a part of the YAML library, and says whether it did not panic.
func survives(f func()) (ok bool) {
	defer func() { ok = recover() == nil }()
	f()
	return
}

// capped appends a diagnostic, unless there are enough of its severity.
func capped(list diag.List, d diag.Diagnostic) diag.List {
	if list.Count(d.Severity) < maxErrors {
		list = append(list, d)
	}
	return list
}

// invalidTokens returns an error for each token that the scanner refused. It
// goes on behind most of them.
func (s *source) invalidTokens(tokens token.Tokens) diag.List {
	var diags diag.List
	for _, t := range tokens {
		if t.Type != token.InvalidType || len(diags) == maxErrors {
			continue
		}
		at := s.offset(t.Position.Line, t.Position.Column)
		if strings.HasPrefix(s.text[at:], "\t") {
			diags = append(diags, s.tab(at))
		} else {
			diags = append(diags, s.syntax(at, min(at+1, len(s.text)), t.Error))
		}
	}
	return diags
}

// syntaxError turns an error of the parser into a diagnostic.
func (d *document) syntaxError(err error) diag.Diagnostic {
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &at) || at.GetToken() == nil {
		return d.src.syntax(0, 0, err.Error())
	}
	if l := d.lexemes[at.GetToken()]; l != nil {
		return d.src.syntax(l.start, l.end, at.GetMessage())
	}
	pos := at.GetToken().Position
	off := d.src.offset(pos.Line, pos.Column)
	return d.src.syntax(off, off, at.GetMessage())
}

// syntax returns an error for text that is no YAML.
func (s *source) syntax(start, end int, message string) diag.Diagnostic {
	return diag.Errorf(s.rng(start, end), "yaml-syntax", "invalid YAML", "%s %s",
		diag.Sentence(message), s.remedy(start, message))
}

// unclear returns an error for text that the library reads in another way
// than the YAML specification does.
func (s *source) unclear(start, end int) diag.Diagnostic {
	return diag.Errorf(s.rng(start, end), "yaml-unclear", "unclear YAML",
		"This text is no valid YAML, or YAML readers disagree about it. "+
			"Put strings in double quotes, a space after each colon and comma, and one key or list item on a line.")
}

// tab returns an error for a tab where spaces are wanted.
func (s *source) tab(at int) diag.Diagnostic {
	return diag.Errorf(s.rng(at, at+1), "yaml-tab", "a tab in YAML",
		`YAML is indented with spaces. Replace the tab by spaces, or write it as "\t" in double quotes where it belongs to a string.`)
}

// remedies say what to do about the messages of the library that hold a text.
var remedies = []struct{ message, remedy string }{
	{"tab character", "Indent with spaces."},
	{"-quoted text", "Close the quotation marks."},
	{"escape", `In double quotes a backslash starts an escape: write \\ for a backslash, or use single quotes.`},
	{"multi-line", "Indent the text below | or > by spaces, deeper than its key."},
	{"',' or", "Separate items by commas and close the bracket. Strings that hold any of , [ ] { } must stand in quotes here."},
	{"end token", "Close the bracket. Strings that hold any of , [ ] { } must stand in quotes here."},
	{"corresponding to", "Remove the bracket. Strings that hold any of , [ ] { } must stand in quotes here."},
	{"context", "Check the indentation, and put strings that hold a colon and a space in quotes."},
}

// remedy says what to do about a syntax error at an offset.
func (s *source) remedy(at int, message string) string {
	if at < len(s.text) && strings.IndexByte("@`%*&!|>", s.text[at]) >= 0 {
		return fmt.Sprintf("A string that starts with %c must stand in quotes.", s.text[at])
	}
	for _, r := range remedies {
		if strings.Contains(message, r.message) {
			return r.remedy
		}
	}
	return "Check the indentation, the quotation marks, and that a space stands behind each colon."
}
