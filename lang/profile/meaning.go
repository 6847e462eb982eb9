package profile

import (
	"maps"

	"apc/lang/diag"
	"apc/lang/rule"
)

// Meaning is what a profile says: its rules with the qualifiers of the blocks
// around them, of such a block only what the parser does not drop, of
// conditionals only the branches that hold, and below each include what it
// brings in.
type Meaning struct {
	Profile  *Profile
	Name     string // as the kernel knows it: parent//child
	Said     []Said
	Children []*Meaning
}

// Said is one rule of a profile.
type Said struct {
	rule.Rule
	Range diag.Range
	// Below holds what an include brings in. Of a file that was included
	// before in the same body there is nothing (parser_include.c).
	Below []Said
}

// Meanings returns what every profile of a policy says, and the values of the
// variables of its preamble by their names without @{}. What Check refuses is
// passed over.
func Meanings(p *Policy) ([]*Meaning, map[string][]string) {
	c := newChecker(p)
	var out []*Meaning
	c.each(p.File.Nodes, map[string]bool{}, func(n Node) {
		switch n := n.(type) {
		case *Assign:
			c.vars.assign(n)
		case *Profile:
			_, name, _ := SplitName(n.Name)
			out = append(out, c.meaning(n, name))
		}
	})
	return out, maps.Clone(c.vars.sets)
}

func (c *checker) meaning(p *Profile, name string) *Meaning {
	m := &Meaning{Profile: p, Name: name}
	m.Said = c.said(p.Block.Nodes, m, map[string]bool{}, nil)
	return m
}

// said returns what statements say in the body of m, within the blocks of g.
func (c *checker) said(nodes []Node, m *Meaning, seen map[string]bool, g group) []Said {
	var out []Said
	for _, n := range nodes {
		switch n := n.(type) {
		case *Rule:
			if g.keeps(n.Kind()) {
				out = append(out, Said{Rule: g.applied(n.Rule), Range: n.Range})
			}
		case *Group:
			out = append(out, c.said(n.Block.Nodes, m, seen, g.within(n.Qualifiers))...)
		case *If:
			out = append(out, c.said(c.taken(n), m, seen, g)...)
		case *Profile:
			if len(g) == 0 {
				m.Children = append(m.Children, c.meaning(n, m.Name+"//"+n.Name))
			}
		case *Include:
			said := Said{Rule: rule.Rule{Body: n.Include}, Range: n.Range}
			for _, name := range n.Paths {
				if file := c.policy.Files[name]; file != nil && !seen[name] {
					seen[name] = true
					said.Below = append(said.Below, c.said(file.Nodes, m, seen, g)...)
				}
			}
			out = append(out, said)
		}
	}
	return out
}

// taken returns the statements of the branch that holds.
func (c *checker) taken(i *If) []Node {
	for _, b := range i.Branches {
		if b.Cond == nil {
			return b.Block.Nodes
		}
		if value, err := c.vars.eval(b.Cond); err == nil && value {
			return b.Block.Nodes
		}
	}
	return nil
}
