package lower

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/profile"
)

// commented is what the comments of profile text say about its rules.
type commented struct {
	reasons map[diag.Range]string // by the place of the rule or profile
	ignores []ir.Ignore
	diags   diag.List
	file    *profile.File
}

// comments reads the comments of a file, and of the files that it includes and
// that hold profiles or hats.
func comments(p *profile.Policy) (*commented, diag.List) {
	c := &commented{reasons: map[diag.Range]string{}}
	for _, f := range p.Files {
		if slices.ContainsFunc(f.Nodes, func(n profile.Node) bool { _, ok := n.(*profile.Profile); return ok }) {
			c.of(f)
		}
	}
	c.of(p.File)
	return c, c.diags.Sorted()
}

// of reads the comments of one file.
func (c *commented) of(f *profile.File) {
	c.file = f
	c.nodes(f.Nodes)
	c.stray(f.End, len(f.Text)-len(f.End))
}

func (c *commented) nodes(nodes []profile.Node) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *profile.Rule:
			c.statement(n.Base, true)
		case *profile.Include:
			c.statement(n.Base, true)
		case *profile.ABI:
			c.statement(n.Base, true)
		case *profile.Alias:
			c.statement(n.Base, true)
		case *profile.Assign:
			c.statement(n.Base, true)
		case *profile.Profile:
			c.statement(n.Base, true)
			c.block(n.Block)
		case *profile.Group:
			c.statement(n.Base, false)
			c.block(n.Block)
		case *profile.If:
			for _, b := range n.Branches {
				c.statement(b.Base, false)
				c.block(b.Block)
			}
		}
	}
}

func (c *commented) block(b profile.Block) {
	c.nodes(b.Nodes)
	if !strings.Contains(b.End, ignoreWord) {
		return
	}
	at := b.Range.Start.Byte - len(b.End)
	if b.Open { // there is no brace
		at = strings.LastIndex(c.file.Text, b.End)
	}
	c.stray(b.End, at)
}

// statement reads the comments on a statement: those right above it and the
// one at the end of its line. Findings are about no block of qualifiers and no
// condition, so nothing can be accepted there.
func (c *commented) statement(b profile.Base, acceptable bool) {
	start := b.Range.Start.Byte - len(b.Lead)
	above := attached(b.Lead)
	own := len(b.Lead) - len(above)
	c.stray(b.Lead[:own], start)
	var words []string
	take := func(line string, at int) {
		switch i := strings.Index(line, ignoreWord); {
		case i < 0:
			words = append(words, commentText(line))
		case acceptable:
			c.ignore(line[i:], at+i, b.Range)
		default:
			c.stray(line, at)
		}
	}
	eachLine(above, start+own, take)
	if trail := strings.TrimSpace(b.Trail); trail != "" && !strings.Contains(trail, ignoreWord) {
		words = nil // what stands beside a rule says more than what stands above it
	}
	eachLine(b.Trail, b.Range.End.Byte, take)
	if reason := strings.Join(strings.Fields(strings.Join(words, " ")), " "); isReason(reason) {
		c.reasons[b.Range] = reason
	}
}

// attached returns the end of the text before a statement that is made of
// comments alone.
func attached(lead string) string {
	rest := lead
	for {
		line := strings.LastIndexByte(rest, '\n')
		if line < 0 {
			return lead[len(rest):]
		}
		before := strings.LastIndexByte(rest[:line], '\n') + 1
		if !strings.HasPrefix(strings.TrimSpace(rest[before:line]), "#") {
			return lead[len(rest):]
		}
		rest = rest[:before]
		if before == 0 {
			return lead
		}
	}
}

// eachLine calls f for the lines of a text, with their places in the file.
func eachLine(text string, at int, f func(line string, at int)) {
	for line := range strings.Lines(text) {
		f(line, at)
		at += len(line)
	}
}

// commentText returns the text of a comment.
func commentText(line string) string {
	return strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#"))
}

// isReason says whether a comment tells something: rulers, settings of editors
// and rules that were commented out do not.
func isReason(text string) bool {
	return strings.ContainsFunc(text, unicode.IsLetter) && !strings.HasSuffix(text, ",") && !strings.HasPrefix(text, "vim:")
}

const ignoreWord = "apc:ignore"

var ignoreComment = regexp.MustCompile(`^apc:ignore[ \t]+([a-z][a-z0-9-]*)(?:[ \t]+(\S.*))?$`)

// ignore reads `apc:ignore RULE reason`, which stands at an offset of the file,
// for the rule at a place.
func (c *commented) ignore(text string, at int, about diag.Range) {
	text = strings.TrimRight(text, " \t\r\n")
	where := c.place(at, at+len(text))
	m := ignoreComment.FindStringSubmatch(text)
	switch {
	case m == nil:
		c.diags = append(c.diags, diag.Errorf(where, "bad-ignore", "apc:ignore without the name of a rule", "Write `# apc:ignore RULE reason`."))
	case m[2] == "":
		c.diags = append(c.diags, diag.Errorf(where, "missing", "an ignore needs a reason", "Write `# apc:ignore %s REASON`: why is the finding accepted?", m[1]))
	default:
		c.ignores = append(c.ignores, ir.Ignore{Rule: m[1], At: about, Origin: ir.Origin{Range: where, Intent: "ignore", Reason: m[2]}})
	}
}

// stray reports ignores that belong to no rule.
func (c *commented) stray(text string, at int) {
	if !strings.Contains(text, ignoreWord) {
		return
	}
	eachLine(text, at, func(line string, at int) {
		if i := strings.Index(line, ignoreWord); i >= 0 {
			at += i
			c.diags = append(c.diags, diag.Errorf(c.place(at, at+len(ignoreWord)), "misplaced", "apc:ignore that belongs to no rule",
				"Write it right above the rule or the profile whose finding it accepts, or at the end of its line."))
		}
	})
}

// place returns a piece of the file.
func (c *commented) place(start, end int) diag.Range {
	return diag.Range{File: c.file.Name, Start: c.pos(start), End: c.pos(end)}
}

func (c *commented) pos(at int) diag.Pos {
	before := c.file.Text[:at]
	line := strings.LastIndexByte(before, '\n') + 1
	return diag.Pos{Byte: at, Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[line:]) + 1}
}
