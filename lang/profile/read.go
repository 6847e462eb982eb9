package profile

import (
	"sort"
	"strings"
	"unicode/utf8"

	"apc/lang/diag"
)

// What a hostile text cannot pass. No policy comes near any of it.
const (
	maxBlocks = 100  // levels of blocks
	maxExpr   = 100  // levels of a condition
	fewTokens = 16   // words of a statement, behind which a line that looks like a rule is one
	maxTokens = 256  // words of a statement, but for the values of a variable
	maxDiags  = 1000 // errors of a file or a policy, and as many warnings
)

// reader builds a File.
type reader struct {
	file  *File
	src   string
	scan  *scanner
	lines []int // where lines begin
	last  diag.Pos
	diags diag.List
	found counts
	// tokens holds those of the statement at hand; the next one's replace them.
	tokens []token
	given  int // up to here the text belongs to nodes
	depth  int
}

// Parse reads profile text. It returns all that could be read, whatever is
// wrong, and what can be said of the file alone: what needs its includes and
// its variables is for Check. Diagnostics carry the given name.
func Parse(name, text string) (*File, diag.List) {
	r := &reader{file: &File{Name: name, Text: text}, src: text, scan: newScanner(text), lines: lineStarts(text)}
	for {
		nodes, last := r.nodes()
		r.file.Nodes = append(r.file.Nodes, nodes...)
		if last.kind == tokEOF {
			break
		}
		r.stray(last)
	}
	r.file.End = text[r.given:]
	return r.file, r.diags.Sorted()
}

// lineStarts returns the offsets at which lines begin.
func lineStarts(text string) []int {
	starts := make([]int, 1, 1+strings.Count(text, "\n"))
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// pos returns the place of an offset. Characters are counted from the place
// that was asked for before where it is on the same line, so that a long line
// is not counted over and over.
func (r *reader) pos(offset int) diag.Pos {
	line := sort.SearchInts(r.lines, offset+1) - 1
	from := diag.Pos{Byte: r.lines[line], Line: line + 1, Column: 1}
	if r.last.Line == from.Line {
		from = r.last
	}
	p := diag.Pos{Byte: offset, Line: from.Line}
	if offset >= from.Byte {
		p.Column = from.Column + utf8.RuneCountInString(r.src[from.Byte:offset])
	} else {
		p.Column = from.Column - utf8.RuneCountInString(r.src[offset:from.Byte])
	}
	r.last = p
	return p
}

func (r *reader) place(start, end int) diag.Range {
	end = min(max(start, end), len(r.src))
	return diag.Range{File: r.file.Name, Start: r.pos(start), End: r.pos(end)}
}

// counts tells how many diagnostics were kept.
type counts struct{ errors, others int }

// add keeps a diagnostic, unless there are too many of its severity: of errors
// the last one says so.
func (c *counts) add(list diag.List, d diag.Diagnostic, rest string) diag.List {
	n := &c.errors
	if d.Severity != diag.Error {
		n = &c.others
	}
	switch *n++; {
	case *n <= maxDiags:
		return append(list, d)
	case *n == maxDiags+1 && n == &c.errors:
		return append(list, diag.Errorf(d.Subject, "too-many-errors", "too many errors", "%s", rest))
	}
	return list
}

// report keeps a diagnostic. Where there are too many errors it stops the
// reading.
func (r *reader) report(d diag.Diagnostic) {
	r.diags = r.found.add(r.diags, d, "The rest of the file was not read.")
}

func (r *reader) fail(start, end int, code, summary, detail string, args ...any) {
	r.report(diag.Errorf(r.place(start, end), code, summary, detail, args...))
}

func (r *reader) text(t token) string { return r.src[t.start:t.end] }

// is says whether a token is this punctuation.
func (r *reader) is(t token, punct string) bool { return t.kind == tokPunct && r.text(t) == punct }

// nodes reads statements up to a closing brace or the end, which it returns.
func (r *reader) nodes() ([]Node, token) {
	var out []Node
	for {
		if r.found.errors > maxDiags {
			r.scan.reset(len(r.src))
		}
		t := r.scan.next()
		if t.kind == tokEOF || r.is(t, "}") {
			return out, t
		}
		out = append(out, r.statement(t))
	}
}

// stray reports a closing brace that closes nothing, and keeps it.
func (r *reader) stray(t token) {
	r.fail(t.start, t.end, "stray-brace", "closing brace without an opening one", "Remove it, or see whether a brace above closes too early.")
	r.file.Nodes = append(r.file.Nodes, &Bad{Base: r.take(t.start, t.end, false)})
}

// take makes the base of the node whose own text this is: what was not given
// to a node yet becomes its Lead, and a comment behind it on the line its Trail.
func (r *reader) take(start, end int, assign bool) Base {
	b := Base{Range: r.place(start, end), Lead: r.src[r.given:start], Raw: r.src[start:end]}
	b.Trail = r.trail(end, assign)
	r.given = end + len(b.Trail)
	return b
}

// trail returns the comment behind an offset on its line, with the blanks
// before it. Behind an assignment an include is a comment too.
func (r *reader) trail(end int, assign bool) string {
	i := run(r.src, end, blankChars)
	if i == len(r.src) || r.src[i] != '#' || !assign && includeEnd(r.src, i) > i {
		return ""
	}
	if n := strings.IndexByte(r.src[i:], '\n'); n >= 0 {
		return r.src[end : i+n]
	}
	return ""
}

// statement reads the statement that begins with a token.
func (r *reader) statement(first token) Node {
	tokens, how := r.collect(first)
	switch how {
	case endError:
		return r.unreadable(tokens)
	case endEOF, endBrace, endLong:
		return r.unfinished(tokens)
	}
	node, err := r.build(tokens)
	if err != nil {
		return r.recover(tokens, err)
	}
	r.complete(node, tokens)
	return node
}

// ending says what ended the tokens of a statement.
type ending uint8

const (
	endProper ending = iota // a comma, an opening brace, a path, a line end
	endEOF
	endBrace // a closing brace, which is left to be read
	endError // the last token is an error
	endLong  // there are more tokens than any statement has
)

// collect reads the tokens of a statement.
func (r *reader) collect(first token) ([]token, ending) {
	tokens := r.tokens[:0]
	defer func() { r.tokens = tokens }()
	for t := first; ; t = r.scan.next() {
		if len(tokens) == 1 && t.kind == tokWord && r.text(t) == "{" && r.opensProfile(first) {
			t.kind = tokPunct // a name is missing
		}
		if r.is(t, "}") {
			r.scan.reset(t.start)
			return tokens, endBrace
		}
		if t.kind == tokEOF {
			return tokens, r.atEOF(tokens)
		}
		if len(tokens) >= fewTokens && r.overlong(tokens, t) {
			return append(tokens, t), endLong
		}
		if t.kind == tokEnd && r.goesOn(tokens) {
			r.scan.goOn()
			continue
		}
		tokens = append(tokens, t)
		switch {
		case t.kind == tokError:
			return tokens, endError
		case t.kind == tokEnd, r.is(t, ","), r.is(t, "{"), t.kind == tokValue && tokens[0].kind == tokInclude:
			return tokens, endProper
		}
	}
}

// goesOn says whether the value of a boolean variable goes on behind a line end:
// an operand is missing, or the next line begins with an operator.
func (r *reader) goesOn(tokens []token) bool {
	if tokens[0].kind != tokBoolean || len(tokens) < 2 {
		return false
	}
	last := tokens[len(tokens)-1]
	if last.kind == tokKeyword || last.kind == tokPunct && r.text(last) != ")" {
		return true
	}
	r.scan.skip()
	word := r.src[r.scan.pos:wordEnd(r.src, r.scan.pos)]
	return word == "and" || word == "or"
}

// opensProfile says whether a token stands before the name of a profile.
func (r *reader) opensProfile(t token) bool {
	switch r.text(t) {
	case "profile", "hat", "^":
		return t.kind == tokKeyword || t.kind == tokPunct
	}
	return false
}

// overlong says whether a token cannot belong to the statement before it, which
// then lacks its end.
func (r *reader) overlong(tokens []token, t token) bool {
	if r.isAssignment(tokens) {
		return false
	}
	between := r.src[tokens[len(tokens)-1].end:t.start]
	return len(tokens) == maxTokens || r.scan.mode() == modeRule && strings.Contains(between, "\n") && r.startsRule(t)
}

// atEOF says whether a statement may end with the text: an assignment may.
func (r *reader) atEOF(tokens []token) ending {
	if r.isAssignment(tokens) {
		return endProper
	}
	return endEOF
}

func (r *reader) isAssignment(tokens []token) bool {
	return len(tokens) > 1 && (tokens[0].kind == tokVariable || tokens[0].kind == tokBoolean) && tokens[1].kind == tokPunct &&
		strings.HasSuffix(r.text(tokens[1]), "=")
}

// complete gives a node its text, and reads the block that it opens.
func (r *reader) complete(node Node, tokens []token) {
	last := tokens[len(tokens)-1]
	if last.kind == tokEnd {
		last = tokens[len(tokens)-2]
	}
	_, assign := node.(*Assign)
	base := r.take(tokens[0].start, last.end, assign)
	*node.base() = base
	for _, block := range node.blocks() {
		r.block(block, base)
	}
	if i, ok := node.(*If); ok {
		r.elseBranches(i)
	}
}

// block reads the statements of a block up to its closing brace.
func (r *reader) block(b *Block, head Base) {
	if r.depth++; r.depth > maxBlocks {
		r.fail(head.Range.Start.Byte, head.Range.End.Byte, "too-deep", "blocks nested too deep", "No profile needs more than %d levels.", maxBlocks)
		r.scan.reset(len(r.src))
	}
	nodes, last := r.nodes()
	r.depth--
	b.Nodes, b.End = nodes, r.src[r.given:last.start]
	if last.kind == tokEOF {
		b.Open = true
		r.given = last.start
		if r.depth < maxBlocks {
			r.unclosed(head)
		}
		return
	}
	b.Close, b.Range, b.Trail = r.text(last), r.place(last.start, last.end), r.trail(last.end, false)
	r.given = last.end + len(b.Trail)
}

// unclosed reports a block without its closing brace, once for a file.
func (r *reader) unclosed(head Base) {
	for _, d := range r.diags {
		if d.Code == "unclosed-block" || d.Code == "too-deep" {
			return
		}
	}
	r.fail(head.Range.End.Byte-1, head.Range.End.Byte, "unclosed-block", "brace that is never closed", "Close the block with } on a line of its own.")
}

// elseBranches reads the branches behind the first of an if.
func (r *reader) elseBranches(i *If) {
	for i.Branches[len(i.Branches)-1].Cond != nil {
		t := r.scan.next()
		if t.kind != tokKeyword || r.text(t) != "else" {
			r.scan.reset(t.start)
			return
		}
		branch, ok := r.elseBranch(t)
		if !ok {
			r.scan.reset(t.start)
			return
		}
		i.Branches = append(i.Branches, branch)
	}
}

// elseBranch reads one branch; ok is false where it is for the caller to
// report it as a statement of its own.
func (r *reader) elseBranch(first token) (*Branch, bool) {
	tokens, how := r.collect(first)
	if how != endProper || !r.is(tokens[len(tokens)-1], "{") {
		return nil, false
	}
	head, err := r.elseHead(tokens)
	if err != nil {
		return nil, false
	}
	branch := &Branch{}
	if head.Cond != nil {
		branch.Cond = head.Cond.lower()
	}
	branch.Base = r.take(first.start, tokens[len(tokens)-1].end, false)
	r.block(&branch.Block, branch.Base)
	return branch, true
}
