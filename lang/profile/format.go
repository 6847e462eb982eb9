package profile

import (
	"slices"
	"strings"

	"apc/lang/diag"
)

// Format lays profile text out: a statement a line, two blanks for each level,
// one blank between words, at most one blank line in a row. Comments and the
// order of all things stay. Text that cannot be read comes back as it is, with
// what is wrong in it.
func Format(name, text string) (string, diag.List) {
	file, diags := Parse(name, text)
	if diags.HasErrors() {
		return text, diags
	}
	f := &formatter{src: text, fresh: true}
	f.nodes(file.Nodes, 0)
	f.comments(file.End, 0)
	if f.b.Len() > 0 {
		f.b.WriteString("\n")
	}
	if !sameStatements(file, f.b.String()) {
		at := diag.Range{File: name}
		return text, append(diags, diag.Warningf(at, "not-formatted", "file that cannot be laid out",
			"It would read differently afterwards, so it was left as it is. Please report this."))
	}
	return f.b.String(), diags
}

// sameStatements says whether a text holds the statements of a file.
func sameStatements(file *File, text string) bool {
	var a, b strings.Builder
	again, diags := Parse(file.Name, text)
	spelled(file.Nodes, &a)
	spelled(again.Nodes, &b)
	return !diags.HasErrors() && a.String() == b.String()
}

type formatter struct {
	b     strings.Builder
	src   string
	fresh bool // nothing stands in the block or file yet, so no blank line may
}

func (f *formatter) nodes(nodes []Node, depth int) {
	for _, n := range nodes {
		if i, ok := n.(*If); ok {
			f.branches(i, depth)
			continue
		}
		f.line(n.base(), depth)
		for _, b := range n.blocks() {
			f.block(b, depth)
		}
	}
}

func (f *formatter) branches(i *If, depth int) {
	for n, b := range i.Branches {
		if n > 0 && strings.TrimSpace(b.Lead) == "" {
			f.b.WriteString(" ")
			f.statement(&b.Base, depth)
		} else {
			f.line(&b.Base, depth)
		}
		f.block(&b.Block, depth)
	}
}

func (f *formatter) block(b *Block, depth int) {
	f.fresh = true
	f.nodes(b.Nodes, depth+1)
	f.comments(b.End, depth+1)
	f.fresh = true // no blank line before the brace
	f.newLine(depth, false)
	f.b.WriteString("}")
	f.trail(b.Trail)
	f.fresh = false
}

// line writes a statement on a line of its own, with the comments before it.
func (f *formatter) line(b *Base, depth int) {
	blank := f.comments(b.Lead, depth)
	f.newLine(depth, blank)
	f.statement(b, depth)
}

// comments writes the comments of the text between two statements. It returns
// whether a blank line stands behind the last.
func (f *formatter) comments(text string, depth int) (blank bool) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if line != "" {
			f.newLine(depth, blank)
			f.b.WriteString(line)
			blank = false
		} else if 0 < i && i < len(lines)-1 {
			blank = true
		}
	}
	return blank
}

// newLine begins a line, behind a blank one where that is wanted and possible.
func (f *formatter) newLine(depth int, blank bool) {
	if f.b.Len() > 0 {
		f.b.WriteString("\n")
	}
	if blank && !f.fresh {
		f.b.WriteString("\n")
	}
	f.fresh = false
	f.b.WriteString(strings.Repeat(indent, depth))
}

func (f *formatter) trail(trail string) {
	if comment := strings.TrimSpace(trail); comment != "" {
		f.b.WriteString(" " + comment)
	}
}

// statement writes the words of a statement with one blank between them.
func (f *formatter) statement(b *Base, depth int) {
	start, end := b.Range.Start.Byte, b.Range.End.Byte
	s := newScanner(f.src)
	s.reset(start)
	var before token
	for first := true; ; first = false {
		t := s.next()
		if t.start >= end || t.kind == tokEOF || t.kind == tokError {
			break
		}
		if t.kind == tokEnd {
			s.goOn()
			continue
		}
		if !first {
			f.gap(before, t, b.Raw, depth)
		}
		f.b.WriteString(f.word(t))
		before = t
	}
	f.trail(b.Trail)
}

func (f *formatter) word(t token) string {
	word := f.src[t.start:t.end]
	if t.kind == tokInclude {
		return strings.Join(strings.Fields(word), " ")
	}
	return word
}

// gap writes what parts two words: a line end where there was one, with the
// comments before it, and what the scanner passes over.
func (f *formatter) gap(before, after token, raw string, depth int) {
	between := f.src[before.end:after.start]
	broken := strings.Contains(between, "\n")
	switch i := strings.IndexByte(between, '#'); {
	case before.kind == tokInclude:
		f.b.WriteString(" ") // a line end would end the words before the path
		return
	case broken && i >= 0:
		f.inner(between[i:], depth)
		return
	case strings.Contains(between, "\\"):
		f.b.WriteString(" \\")
	case strings.ContainsAny(between, "()"):
		f.b.WriteString(strings.TrimSpace(between))
		if !strings.HasSuffix(between, "(") && !isPunct(after, f.word(after), ")") {
			f.b.WriteString(" ")
		}
		return
	case strings.Contains(between, ",") && f.word(after) != ")":
		f.b.WriteString(",")
	}
	switch {
	case broken:
		f.newLine(depth+1, false)
	case strings.HasSuffix(f.b.String(), ",") || f.blank(before, after, between, raw):
		f.b.WriteString(" ")
	}
}

// inner writes the comments within a statement.
func (f *formatter) inner(text string, depth int) {
	f.b.WriteString(" ")
	for n, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if n > 0 {
			f.newLine(depth+1, false)
		}
		f.b.WriteString(strings.TrimSpace(line))
	}
	f.newLine(depth+1, false)
}

// blank says whether a blank parts two words of one line.
func (f *formatter) blank(before, after token, between, raw string) bool {
	a, b := f.word(before), f.word(after)
	assignment := strings.HasPrefix(raw, "@") || strings.HasPrefix(raw, "$")
	switch {
	case before.kind != tokPunct && after.kind != tokPunct:
		return between != "" || before.kind == tokInclude
	case isPunct(after, b, ")") && before.kind != tokValue && strings.ContainsAny(a[:1], "/@:&"):
		return between != "" // without it the parenthesis would belong to the word
	case isPunct(after, b, ",", ")") || isPunct(before, a, "(", "^"):
		return false
	case isPunct(before, a, "=", "+=", "?=", ":=") || isPunct(after, b, "=", "+=", "?=", ":="):
		return assignment
	}
	return true
}

func isPunct(t token, word string, among ...string) bool {
	return t.kind == tokPunct && slices.Contains(among, word)
}

// spelled writes the statements of a file anew, so that two files can be
// compared whatever their layout.
func spelled(nodes []Node, b *strings.Builder) {
	for _, n := range nodes {
		if i, ok := n.(*If); ok {
			for k, branch := range i.Branches {
				b.WriteString(branch.header(k) + "\n")
				spelled(branch.Block.Nodes, b)
				b.WriteString("}\n")
			}
			continue
		}
		b.WriteString(n.header() + "\n")
		for _, block := range n.blocks() {
			spelled(block.Nodes, b)
			b.WriteString("}\n")
		}
	}
}
