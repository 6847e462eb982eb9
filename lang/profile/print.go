package profile

import (
	"strings"

	"apc/lang/rule"
)

// indent is one level of a made or formatted block.
const indent = "  "

// Print returns the text of a file: each statement as it was read, and those
// that were changed or made by a program as apc spells them. For a file that
// nobody changed it is the text that was parsed.
func Print(f *File) string {
	p := &printer{}
	p.b.Grow(len(f.Text))
	p.nodes(f.Nodes, 0)
	p.b.WriteString(f.End)
	return p.b.String()
}

// pathOf takes the path of an include or an abi out of its <> or quotes.
func pathOf(s string) (path string, magic bool) {
	if strings.HasPrefix(s, "<") {
		s, magic = strings.Trim(s[1:len(s)-1], " "), true
	}
	return unquote(s), magic
}

type printer struct {
	b    strings.Builder
	made bool // the last statement was made, and nothing stands behind it
}

func (p *printer) nodes(nodes []Node, depth int) {
	for _, n := range nodes {
		if i, ok := n.(*If); ok {
			p.branches(i, depth)
			continue
		}
		p.statement(n.base(), n.header, depth)
		for _, b := range n.blocks() {
			p.block(b, depth)
		}
	}
}

func (p *printer) branches(i *If, depth int) {
	for n, b := range i.Branches {
		if n > 0 && b.Raw == "" && b.Lead == "" {
			p.b.WriteString(" " + b.header(n))
		} else {
			p.statement(&b.Base, func() string { return b.header(n) }, depth)
		}
		p.block(&b.Block, depth)
	}
}

// statement writes a statement without what it holds. One that was made stands
// on a line of its own.
func (p *printer) statement(b *Base, header func() string, depth int) {
	text := b.Raw
	if text == "" {
		text = header()
	}
	if b.Lead == "" && (b.Raw == "" || p.made) {
		p.newLine(depth)
	}
	p.b.WriteString(b.Lead + text + b.Trail)
	p.made = b.Raw == "" && b.Trail == ""
}

func (p *printer) block(b *Block, depth int) {
	p.made = false
	p.nodes(b.Nodes, depth+1)
	text := b.Close
	if text == "" && !b.Open {
		text = "}"
	}
	if b.End == "" && (b.Close == "" && !b.Open || p.made) {
		p.newLine(depth)
	}
	p.b.WriteString(b.End + text + b.Trail)
	p.made = false
}

func (p *printer) newLine(depth int) {
	if p.b.Len() > 0 {
		p.b.WriteString("\n")
	}
	p.b.WriteString(strings.Repeat(indent, depth))
}

func (r *Rule) header() string    { return r.Rule.String() }
func (i *Include) header() string { return rule.Rule{Body: i.Include}.String() }

func (a *ABI) header() string {
	if a.Magic {
		return "abi " + rule.Magic(a.Path) + ","
	}
	return "abi " + quote(a.Path) + ","
}

// quote spells a word in quotes.
func quote(s string) string {
	if w := rule.Word(s); strings.HasPrefix(w, `"`) {
		return w
	}
	return `"` + s + `"`
}

func (a *Alias) header() string { return "alias " + rule.Word(a.From) + " -> " + rule.Word(a.To) + "," }

func (a *Assign) header() string {
	if a.Expr != nil {
		return "${" + a.Name + "} " + a.Op + " " + a.Expr.String()
	}
	words := []string{"@{" + a.Name + "}", a.Op}
	for _, v := range a.Values {
		words = append(words, rule.Word(v))
	}
	return strings.Join(words, " ")
}

func (p *Profile) header() string {
	words := []string{p.Keyword + " " + rule.Word(p.Name)}
	switch p.Keyword {
	case "":
		words[0] = rule.Word(p.Name)
	case "^":
		words[0] = "^" + rule.Word(p.Name)
	}
	if p.Attachment != "" {
		words = append(words, rule.Word(p.Attachment))
	}
	if len(p.Xattrs) > 0 {
		words = append(words, "xattrs=("+p.xattrs()+")")
	}
	if len(p.Identities) > 0 {
		words = append(words, "+ identities=("+joinWords(p.Identities)+")")
	}
	if len(p.Flags) > 0 {
		words = append(words, "flags=("+joinWords(p.Flags)+")")
	}
	return strings.Join(append(words, "{"), " ")
}

func (p *Profile) xattrs() string {
	var words []string
	for _, x := range p.Xattrs {
		if x.Value == "" {
			words = append(words, x.Name)
		} else {
			words = append(words, x.Name+"="+rule.Word(x.Value))
		}
	}
	return strings.Join(words, " ")
}

// joinWords spells the values of a list. An = needs no quotes there.
func joinWords(values []string) string {
	var words []string
	for _, v := range values {
		w := rule.Word(v)
		if name, value, ok := strings.Cut(v, "="); ok && rule.Word(name) == name && (value == "" || rule.Word(value) == value) {
			w = v
		}
		words = append(words, w)
	}
	return strings.Join(words, ", ")
}

func (g *Group) header() string { return g.Qualifiers.String() + "{" }

func (i *If) header() string { return i.Branches[0].header(0) }

// header spells the head of the n-th branch.
func (b *Branch) header(n int) string {
	switch {
	case n == 0:
		return "if " + b.Cond.String() + " {"
	case b.Cond == nil:
		return "else {"
	}
	return "else if " + b.Cond.String() + " {"
}

func (b *Bad) header() string { return b.Raw }
