package glob

import (
	"fmt"
	"slices"
	"strings"
)

// maxDepth is the nesting of alternations from which on the parser refuses
// (parser_regex.c: MAX_ALT_DEPTH).
const maxDepth = 50

// SyntaxError says why a text is no glob that AppArmor accepts.
type SyntaxError struct {
	Offset int    // byte offset in the text
	Msg    string // what is wrong
	Hint   string // what to write instead
	// Corrupt says that the parser may accept the text all the same, but then
	// makes something else of it than it says.
	Corrupt bool
}

// Error returns the message with its offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg)
}

// active are the bytes that may mean something else than themselves.
const active = `\*?[]{},@`

type op uint8

const (
	opLiteral  op = iota // the bytes of lit
	opClass              // one byte out of set, which lists them
	opSet                // one byte out of set, which leaves some out
	opStar               // any number of bytes out of set
	opConcat             // sub, one after the other
	opAlt                // one of sub
	opVariable           // a variable that is not expanded yet
)

// node is a glob's meaning.
type node struct {
	op  op
	lit []byte
	set byteSet
	sub []node
}

// parser reads a source as convert_aaregex_to_pcre does, and the class grammar
// behind it (libapparmor_re/parse.y).
type parser struct {
	source
	i        int
	slash    bool // the last thing emitted is a literal slash
	variable bool // a variable was read, which may bring brackets and commas
}

// parse returns the meaning of a source whose slashes are collapsed.
func parse(s source) (node, error) {
	p := &parser{source: s}
	return p.sequence(0)
}

func (p *parser) fail(i int, msg, hint string) error {
	return &SyntaxError{Offset: p.offset(i), Msg: msg, Hint: hint}
}

func (p *parser) corrupt(i int, msg, hint string) error {
	return &SyntaxError{Offset: p.offset(i), Msg: msg, Hint: hint, Corrupt: true}
}

// sequence reads up to the end or, within braces, up to a comma or brace that
// belongs to them.
func (p *parser) sequence(depth int) (node, error) {
	seq := node{op: opConcat}
	for p.i < len(p.b) {
		c := p.b[p.i]
		if depth > 0 && (c == '}' || c == ',') {
			break
		}
		if err := p.item(&seq, c, depth); err != nil {
			return node{}, err
		}
	}
	if len(seq.sub) == 1 {
		return seq.sub[0], nil
	}
	return seq, nil
}

// item reads one element, which begins with c, into the sequence.
func (p *parser) item(seq *node, c byte, depth int) error {
	switch c {
	case '\\':
		return p.escape(seq)
	case '*':
		p.stars(seq)
	case '?':
		p.i++
		p.emit(seq, node{op: opSet, set: noSlash})
	case '[':
		n, err := p.class()
		p.emit(seq, n)
		return err
	case ']', '}':
		return p.closing(seq, c)
	case '{':
		n, err := p.alternation(depth + 1)
		p.emit(seq, n)
		return err
	case '@':
		return p.at(seq)
	default:
		start := p.i
		for p.i++; p.i < len(p.b) && strings.IndexByte(active, p.b[p.i]) < 0; p.i++ {
		}
		p.literal(seq, p.b[start:p.i]...)
	}
	return nil
}

// closing reads a bracket or brace that has no partner, unless a variable before
// it brings one.
func (p *parser) closing(seq *node, c byte) error {
	if !p.variable {
		if c == ']' {
			return p.fail(p.i, "] without [", `write a literal bracket as \]`)
		}
		return p.fail(p.i, "} without {", `write a literal brace as \}`)
	}
	p.i++
	p.emit(seq, node{op: opVariable})
	return nil
}

func (p *parser) emit(seq *node, n node) {
	seq.sub = append(seq.sub, n)
	p.slash = false
}

// literal appends bytes, to the literal before them where there is one.
func (p *parser) literal(seq *node, b ...byte) {
	if n := len(seq.sub); n > 0 && seq.sub[n-1].op == opLiteral {
		seq.sub[n-1].lit = append(seq.sub[n-1].lit, b...)
	} else {
		seq.sub = append(seq.sub, node{op: opLiteral, lit: b[:len(b):len(b)]})
	}
	p.slash = b[len(b)-1] == '/'
}

// escape reads a backslash and what it protects. What the lexer could decode is
// decoded by now, but for NUL.
func (p *parser) escape(seq *node) error {
	c, err := p.escaped()
	if err == nil {
		p.literal(seq, c)
	}
	return err
}

func (p *parser) escaped() (byte, error) {
	start := p.i
	p.i++
	if p.i == len(p.b) {
		return 0, p.fail(start, "backslash at the end", `write a literal backslash as \134`)
	}
	c := p.b[p.i]
	if c == '\\' {
		p.i++
		return c, nil
	}
	if value, n := decode(string(p.b[p.i:min(p.i+4, len(p.b))])); n > 0 {
		p.i += n
		if value != 0 {
			return 0, p.corrupt(start, "escape sequence that another one completes", `write the byte as \NNN, three octal digits`)
		}
		return 0, nil
	}
	p.i++
	return c, nil
}

// stars reads a run of stars: pairs of them match anything but NUL, a single
// one anything but slash and NUL. Between a slash and a slash or the end they
// match at least one byte, the first of them no slash.
func (p *parser) stars(seq *node) {
	end := p.i
	for end < len(p.b) && p.b[end] == '*' {
		end++
	}
	if p.slash && (end == len(p.b) || p.b[end] == '/') {
		p.emit(seq, node{op: opSet, set: noSlash})
	}
	for ; p.i+1 < end; p.i += 2 {
		p.emit(seq, node{op: opStar, set: noNUL})
	}
	if p.i < end {
		p.i++
		p.emit(seq, node{op: opStar, set: noSlash})
	}
}

// alternation reads from an opening brace to its partner. A variable in it may
// bring a comma, or the partner.
func (p *parser) alternation(depth int) (node, error) {
	start := p.i
	if depth >= maxDepth {
		return node{}, p.fail(start, "braces nested 50 deep", "flatten the alternation")
	}
	alt := node{op: opAlt}
	closed, variable := false, false
	for !closed && p.i < len(p.b) {
		p.i++
		p.slash = false
		branch, err := p.sequence(depth)
		if err != nil {
			return node{}, err
		}
		alt.sub = append(alt.sub, branch)
		variable = variable || branch.hasVariable()
		closed = p.i < len(p.b) && p.b[p.i] == '}'
	}
	switch {
	case variable && (!closed || len(alt.sub) == 1):
		alt = node{op: opVariable}
	case !closed:
		return node{}, p.fail(start, "{ without }", `close it, or write a literal brace as \{`)
	case len(alt.sub) == 1:
		return node{}, p.fail(start, "braces without a comma", `write {a,b}, or literal braces as \{ and \}`)
	}
	p.i = min(p.i+1, len(p.b))
	return alt, nil
}

// at reads `@{NAME}`, or an at sign that no brace follows.
func (p *parser) at(seq *node) error {
	n, err := p.reference()
	switch {
	case err != nil:
		return err
	case n > 0:
		p.emit(seq, node{op: opVariable})
	default:
		p.literal(seq, '@')
	}
	p.i += max(n, 1)
	return nil
}

// reference returns the length of the reference to a variable here, 0 where an
// at sign is all there is.
func (p *parser) reference() (int, error) {
	name, n := variableAt(p.b[p.i:])
	switch {
	case n > 0 && name == "":
		return 0, p.fail(p.i, "variable without a name", `write @{NAME}, or a literal as @\{\}`)
	case n == 0 && p.i+1 < len(p.b) && p.b[p.i+1] == '{':
		// 3.0 and 4.1 take it for an at sign before braces, 5.0 refuses.
		return 0, p.corrupt(p.i, "@{ that begins no variable", `write @{NAME}, or a literal as @\{`)
	}
	p.variable = p.variable || n > 0
	return n, nil
}

func (n node) hasVariable() bool {
	if n.op == opVariable {
		return true
	}
	for _, s := range n.sub {
		if s.hasVariable() {
			return true
		}
	}
	return false
}

// madeOf tells whether alternations of the given kinds are all there is.
func (n node) madeOf(ops ...op) bool {
	if n.op != opConcat && n.op != opAlt && !slices.Contains(ops, n.op) {
		return false
	}
	for _, s := range n.sub {
		if !s.madeOf(ops...) {
			return false
		}
	}
	return true
}

// shape is what can be told of a node at a glance.
type shape struct {
	prefix  string // literal text with which all matches begin
	literal bool   // it is all there is
	tail    bool   // any bytes are what follows it
	more    bool   // but at least one, the first no slash
}

func (n node) shape() shape {
	list := []node{n}
	if n.op == opConcat {
		list = n.sub
	}
	if len(list) > 0 && list[0].op == opLiteral {
		s := shape{prefix: string(list[0].lit)}
		list = list[1:]
		s.literal = len(list) == 0
		if len(list) == 2 && list[0].op == opSet && list[0].set == noSlash {
			s.more, list = true, list[1:]
		}
		s.tail = len(list) == 1 && list[0].op == opStar && list[0].set == noNUL
		return s
	}
	return shape{literal: len(list) == 0}
}
