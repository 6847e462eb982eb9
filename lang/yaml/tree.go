package yaml

import (
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"apc/lang/diag"
)

// checkShape refuses what the parser must not get: more than one document,
// and nesting or mappings that would cost it too much stack or time.
func checkShape(s *source, lexemes []*lexeme) diag.List {
	c := shapeChecker{src: s}
	for i, l := range lexemes {
		if i > 0 {
			c.before = lexemes[i-1]
		}
		if problem := c.next(l); problem != nil {
			c.diags = capped(c.diags, *problem)
			if c.stop {
				break
			}
		}
	}
	return c.diags
}

type shapeChecker struct {
	src     *source
	before  *lexeme
	blocks  []blockLevel
	flow    []openBracket // those that stand open
	absent  int           // values that are absent
	tags    int           // that stand before the next value
	anchors int
	ended   bool // a line of three dots was there
	stop    bool
	diags   diag.List
}

// An openBracket is one that is not closed yet: whether it is a brace, and how many tokens and
// colons stand in it since the last comma.
type openBracket struct {
	brace          bool
	tokens, colons int
}

// A blockLevel is a mapping or list in block style: its column, and how many keys
// or items were read.
type blockLevel struct {
	column, count int
	list          bool
}

func (c *shapeChecker) next(l *lexeme) *diag.Diagnostic {
	if c.ended || l.token.Type == token.DocumentHeaderType && c.before != nil {
		return c.last(c.errorf(l, "yaml-documents", "several documents in one file",
			"A policy file holds one YAML document. Put the others into files of their own."))
	}
	lacks := c.lacks(l)
	if c.crowded(l) {
		return c.last(c.errorf(l, "yaml-tag", "several tags or anchors on one value",
			"A value can have one tag and one anchor, a key none. Remove one of them."))
	}
	if lacks {
		if c.before.token.Type == token.TagType {
			return c.last(c.errorf(c.before, "yaml-tag", "a tag without a value", `Write the value behind it, or "" for an empty string.`))
		}
		if c.absent++; c.absent > maxAbsent {
			return c.last(c.errorf(c.before, "yaml-limit", "too many keys without a value",
				"At most %d keys and list items may have no value. Remove some, or write null.", maxAbsent))
		}
	}
	switch l.token.Type {
	case token.DocumentEndType:
		c.ended = true
	case token.MappingKeyType:
		return c.errorf(l, "yaml-key", "a key with a question mark", "Keys are strings here. Write `key: value`.")
	case token.SequenceEntryType:
		if len(c.flow) > 0 {
			return c.last(c.unclear(l))
		}
		return c.enter(l, l, true)
	case token.MappingValueType:
		if len(c.flow) == 0 && c.before != nil {
			return c.enter(l, c.before, false)
		}
	}
	return c.bracket(l)
}

// last returns a problem behind which the rest is not looked at.
func (c *shapeChecker) last(d *diag.Diagnostic) *diag.Diagnostic {
	c.stop = true
	return d
}

// crowded says whether a second tag or anchor stands before the same value.
func (c *shapeChecker) crowded(l *lexeme) bool {
	switch {
	case c.before != nil && c.before.token.Type == token.AnchorType: // its name
	case l.token.Type == token.TagType:
		c.tags++
	case l.token.Type == token.AnchorType:
		c.anchors++
	default:
		c.tags, c.anchors = 0, 0
	}
	return c.tags > 1 || c.anchors > 1
}

// lacks says whether no value stands before l where one should.
func (c *shapeChecker) lacks(l *lexeme) bool {
	if c.before == nil {
		return false
	}
	switch c.before.token.Type {
	case token.MappingValueType, token.SequenceEntryType, token.TagType:
	default:
		if c.anchors == 0 {
			return false
		}
	}
	if len(c.flow) > 0 {
		return l.token.Type == token.CollectEntryType || l.token.Type == token.MappingEndType || l.token.Type == token.SequenceEndType
	}
	if len(c.blocks) == 0 {
		return false
	}
	top := c.blocks[len(c.blocks)-1]
	column := c.src.column(l.start)
	list := l.token.Type == token.SequenceEntryType && !top.list
	return column < top.column || column == top.column && !list
}

// enter counts a key or "-" in block style.
func (c *shapeChecker) enter(l, first *lexeme, list bool) *diag.Diagnostic {
	column := c.src.column(first.start)
	top := len(c.blocks)
	for top > 0 && (c.blocks[top-1].column > column || c.blocks[top-1].column == column && c.blocks[top-1].list && !list) {
		top--
	}
	c.blocks = c.blocks[:top]
	if top == 0 || c.blocks[top-1].column < column || c.blocks[top-1].list != list {
		c.blocks = append(c.blocks, blockLevel{column: column, list: list})
	}
	b := &c.blocks[len(c.blocks)-1]
	b.count++
	if b.count > maxKeys && !list {
		return c.last(c.errorf(first, "yaml-limit", "too many keys in one mapping",
			"A mapping may hold at most %d keys. Use a list, or split the policy into several files.", maxKeys))
	}
	return c.deep(l)
}

// bracket follows brackets, and what stands between commas in them.
func (c *shapeChecker) bracket(l *lexeme) *diag.Diagnostic {
	var b *openBracket // the one around l
	if len(c.flow) > 0 {
		b = &c.flow[len(c.flow)-1]
	}
	switch l.token.Type {
	case token.MappingStartType, token.SequenceStartType:
		if b != nil && b.tokens > 0 && c.before.scalar() && c.anchors == 0 {
			return c.last(c.errorf(l, "yaml-syntax", "a bracket in a string", "Between brackets, strings that hold any of , [ ] { } must stand in quotes."))
		}
		if b != nil {
			b.tokens++
		}
		c.flow = append(c.flow, openBracket{brace: l.token.Type == token.MappingStartType})
		return c.deep(l)
	case token.MappingEndType, token.SequenceEndType, token.CollectEntryType:
		return c.separate(l, b)
	}
	if b == nil {
		return nil
	}
	b.tokens++
	if l.token.Type == token.MappingValueType {
		if b.colons++; b.colons > 1 {
			return c.last(c.unclear(l))
		}
	}
	return nil
}

// separate ends an item between brackets.
func (c *shapeChecker) separate(l *lexeme, b *openBracket) *diag.Diagnostic {
	if b == nil {
		return nil // the parser will refuse it
	}
	bare := b.brace && b.tokens > 0 && b.colons == 0
	b.tokens, b.colons = 0, 0
	if l.token.Type != token.CollectEntryType {
		c.flow = c.flow[:len(c.flow)-1]
	}
	if bare {
		return c.errorf(c.before, "yaml-key", "a key without a value", "Write a colon, a space and the value behind it.")
	}
	return nil
}

func (c *shapeChecker) deep(l *lexeme) *diag.Diagnostic {
	if len(c.blocks)+len(c.flow) <= maxDepth {
		return nil
	}
	return c.last(c.errorf(l, "yaml-limit", tooDeepSummary, tooDeepDetail, maxDepth))
}

const (
	tooDeepSummary = "YAML nested too deep"
	tooDeepDetail  = "Mappings and lists may stand in each other %d deep. Simplify the policy."
)

func (c *shapeChecker) unclear(l *lexeme) *diag.Diagnostic {
	d := c.src.unclear(l.start, l.end)
	return &d
}

func (c *shapeChecker) errorf(l *lexeme, code, summary, detail string, args ...any) *diag.Diagnostic {
	d := diag.Errorf(c.src.rng(l.start, l.end), code, summary, detail, args...)
	return &d
}

// checkTree holds the tree against the text: every scalar stands in it once
// and in order, and block style is indented as its level says. It finds the
// node that each alias stands for. It is not ok where the tree is wrong;
// other errors leave it usable.
func checkTree(doc *document, lexemes []*lexeme) (diags diag.List, ok bool) {
	c := &treeChecker{doc: doc, anchors: map[string]*anchor{}}
	for _, l := range lexemes {
		if l.scalar() || l.text != "" {
			c.scalars = append(c.scalars, l)
		}
	}
	if doc.body != nil {
		c.node(doc.body, -1, -1)
	}
	if !c.wrong && c.seen < len(c.scalars) {
		c.fail(c.scalars[c.seen])
	}
	return c.diags, !c.wrong
}

type treeChecker struct {
	doc     *document
	scalars []*lexeme
	seen    int // how many of them the walk came by
	anchors map[string]*anchor
	wrong   bool
	diags   diag.List
}

// An anchor is a node with a name. It is open while the walk is in it.
type anchor struct {
	node ast.Node
	open bool
}

// node checks a node. In block style it must stand right of the column outer,
// a list right of the column dashes.
func (c *treeChecker) node(n ast.Node, outer, dashes int) {
	if c.wrong {
		return
	}
	c.inside(n, outer)
	switch n := n.(type) {
	case *ast.MappingNode:
		c.mapping(n, outer)
	case *ast.SequenceNode:
		c.sequence(n, dashes)
	case *ast.TagNode:
		if a, ok := n.Value.(*ast.AnchorNode); ok {
			c.anchor(a, n, outer, dashes)
		} else {
			c.node(n.Value, outer, dashes)
		}
	case *ast.AnchorNode:
		c.anchor(n, n.Value, outer, dashes)
	case *ast.AliasNode:
		c.alias(n)
	case *ast.LiteralNode, *ast.StringNode, *ast.NullNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode,
		*ast.InfinityNode, *ast.NanNode, *ast.MergeKeyNode:
		c.scalar(n)
	default:
		c.wrong = true
		c.diags = append(c.diags, c.doc.src.unclear(0, len(c.doc.src.text)))
	}
}

func (c *treeChecker) scalar(n ast.Node) {
	l := c.doc.lexeme(n)
	switch {
	case l == nil: // absent
	case c.seen < len(c.scalars) && c.scalars[c.seen] == l:
		c.seen++
	default:
		c.fail(l)
	}
}

// inside checks that the lines of a scalar, or the start of another node, stand
// right of the column outer.
func (c *treeChecker) inside(n ast.Node, outer int) {
	l := c.doc.lexeme(n)
	if l == nil || l.flow > 0 || l.token.Type == token.MappingValueType || l.token.Type == token.SequenceEntryType {
		return
	}
	src := c.doc.src
	for at := l.start; at < l.end; at = lineEnd(src.text[:l.end], at) + 1 {
		text := skipBlanks(src.text, at, l.end)
		if src.column(text) <= outer && text < l.end && src.text[text] != '\n' {
			c.fail(l)
		}
		if !l.plain() {
			return
		}
	}
}

// fail refuses the file for a token that the tree has in a wrong place.
func (c *treeChecker) fail(l *lexeme) {
	if !c.wrong {
		c.wrong = true
		c.diags = append(c.diags, c.doc.src.unclear(l.start, l.end))
	}
}

// indent checks that a key or dash stands in its column, or right of outer
// where it is the first one, whose column is -1. It returns the column.
func (c *treeChecker) indent(n ast.Node, column, outer int) int {
	l := c.doc.lexeme(n)
	if l == nil {
		return column
	}
	got := c.doc.src.column(l.start)
	if l.flow == 0 && (column < 0 && got <= outer || column >= 0 && got != column) {
		c.fail(l)
	}
	return got
}

func (c *treeChecker) mapping(n *ast.MappingNode, outer int) {
	column := -1
	for _, v := range n.Values {
		if !n.IsFlowStyle {
			column = c.indent(v.Key, column, outer)
		}
		c.key(v, column-1)
		c.node(v.Value, column, column-1)
	}
}

// key checks a key, which must stand in one line with its colon.
func (c *treeChecker) key(v *ast.MappingValueNode, outer int) {
	c.node(v.Key, outer, outer)
	key, colon := c.doc.lexeme(v.Key), c.doc.lexeme(v)
	if key != nil && colon != nil && c.doc.src.line(key.start) != c.doc.src.line(colon.start) {
		c.fail(key)
	}
}

func (c *treeChecker) sequence(n *ast.SequenceNode, outer int) {
	column := -1
	for _, e := range n.Entries {
		if !n.IsFlowStyle {
			column = c.indent(e, column, outer)
		}
		c.node(e.Value, column, column)
	}
	if c.doc.lexemes[n.Start] == nil || len(n.Entries) == 0 && !n.IsFlowStyle {
		c.wrong = true
		c.diags = append(c.diags, c.doc.src.unclear(0, len(c.doc.src.text)))
	}
}

// anchor checks a node with an anchor. The target is what its aliases stand
// for: the tag before it belongs to that.
func (c *treeChecker) anchor(n *ast.AnchorNode, target ast.Node, outer, dashes int) {
	name := c.doc.lexeme(n.Name)
	c.scalar(n.Name)
	if name == nil {
		c.wrong = true
		return
	}
	a := &anchor{node: target, open: true}
	c.anchors[name.text] = a
	c.node(n.Value, outer, dashes)
	a.open = false
}

func (c *treeChecker) alias(n *ast.AliasNode) {
	name := c.doc.lexeme(n.Value)
	c.scalar(n.Value)
	if name == nil {
		c.wrong = true
		return
	}
	a := c.anchors[name.text]
	at := c.doc.src.rng(name.start-1, name.end)
	switch {
	case a == nil:
		c.diags = capped(c.diags, diag.Errorf(at, "yaml-alias", "unknown anchor",
			"No anchor &%s stands before this alias. Put a string that starts with * in quotes.", name.text))
	case a.open:
		c.diags = capped(c.diags, diag.Errorf(at, "yaml-alias", "an alias of itself",
			"The alias stands inside of what it repeats. Remove it."))
	default:
		c.doc.aliases[n] = a.node
	}
}
