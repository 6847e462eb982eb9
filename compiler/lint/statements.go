package lint

import (
	"apc/lang/diag"
	"apc/lang/profile"
)

// eachStatement calls f for each statement of the text and of what it includes.
// Of a module without its text there is none.
func (c *context) eachStatement(f func(profile.Node)) {
	if c.Text == nil {
		return
	}
	c.ownStatements(f)
	for _, file := range c.Text.Files {
		statements(file.Nodes, f)
	}
}

// ownStatements calls f for each statement of the text itself.
func (c *context) ownStatements(f func(profile.Node)) { statements(c.Text.File.Nodes, f) }

// statements calls f for statements and, behind each, those in its braces.
func statements(nodes []profile.Node, f func(profile.Node)) {
	for _, n := range nodes {
		f(n)
		switch n := n.(type) {
		case *profile.Profile:
			statements(n.Block.Nodes, f)
		case *profile.Group:
			statements(n.Block.Nodes, f)
		case *profile.If:
			for _, b := range n.Branches {
				statements(b.Block.Nodes, f)
			}
		}
	}
}

// statementOf returns what all statements have.
func statementOf(n profile.Node) profile.Base {
	switch n := n.(type) {
	case *profile.ABI:
		return n.Base
	case *profile.Alias:
		return n.Base
	case *profile.Assign:
		return n.Base
	case *profile.Include:
		return n.Base
	case *profile.Rule:
		return n.Base
	case *profile.Profile:
		return n.Base
	case *profile.Group:
		return n.Base
	case *profile.If:
		return n.Branches[0].Base
	case *profile.Bad:
		return n.Base
	}
	return profile.Base{}
}

// assigned returns the variables that the text itself gives values.
func (c *context) assigned() map[string]bool {
	out := map[string]bool{}
	if c.Text != nil {
		for _, n := range c.Text.File.Nodes {
			if a, ok := n.(*profile.Assign); ok {
				out[a.Name] = true
			}
		}
	}
	return out
}

// branches returns the places of all that stands under a condition, from the
// condition to the closing brace.
func (c *context) branches() []diag.Range {
	var out []diag.Range
	c.eachStatement(func(n profile.Node) {
		if i, ok := n.(*profile.If); ok {
			for _, b := range i.Branches {
				at := b.Range
				at.End = b.Block.Range.End
				out = append(out, at)
			}
		}
	})
	return out
}
