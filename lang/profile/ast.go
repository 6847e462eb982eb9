// Package profile owns the text of AppArmor profiles: it reads it, with every
// error of a file at once, prints it back byte for byte, formats it, resolves
// its includes and says what the newest parser would refuse in it. It knows the
// spelling (positions, comments, raw globs) and leaves the meaning to others:
// what a rule says is a rule.Rule.
//
// A scanner cuts the text into statements, a grammar reads each alone
// (participle), and an error ends its statement only. Of the project the
// package imports diag, feature, glob and rule.
//
// The language is that of apparmor.d(5); where the manual page is silent the
// source is the lexer and the grammar of apparmor_parser 5.0 (parser_lex.l,
// parser_yacc.y).
package profile

import (
	"apc/lang/diag"
	"apc/lang/rule"
)

// File is one file of profile text. A file that was read prints back as it
// was, whatever it holds; Nodes may be changed, added and removed.
type File struct {
	Name  string // as it was given to Parse
	Text  string // what was read
	Nodes []Node
	End   string // blanks and comments behind the last node
}

// Node is one statement. The set of nodes is closed: *ABI, *Alias, *Assign,
// *Include, *Rule, *Profile, *Group, *If, *Bad.
type Node interface {
	// base returns what all nodes have.
	base() *Base
	// header spells the statement, without what its braces hold.
	header() string
	// blocks returns what the statement holds in braces.
	blocks() []*Block
}

// walk visits nodes and, behind each, those of its blocks.
func walk(nodes []Node, visit func(Node)) {
	for _, n := range nodes {
		visit(n)
		for _, b := range n.blocks() {
			walk(b.Nodes, visit)
		}
	}
}

// Base is what every node has: where it was read and how it was written.
type Base struct {
	// Range is the place of Raw; a node made by a program has none.
	Range diag.Range
	// Lead is the text before the statement: blanks, blank lines, comments.
	Lead string
	// Raw is the statement as it was read, up to its comma or opening brace.
	// Whoever changes a node clears it: then the statement is spelled anew.
	Raw string
	// Trail is what follows on the line: blanks and a comment, or nothing.
	Trail string
}

func (b *Base) base() *Base       { return b }
func (b *Base) blocks() []*Block  { return nil }
func (b *Base) Place() diag.Range { return b.Range }

// Block is what stands between braces.
type Block struct {
	Nodes []Node
	End   string     // blanks and comments before the closing brace
	Close string     // the brace as it was read; "" in a block that was made
	Open  bool       // the text ended before the brace
	Range diag.Range // of the brace
	Trail string     // what follows it on its line
}

// Rule is a rule with a comma. Its meaning is the embedded rule.
type Rule struct {
	Base
	rule.Rule
}

// Include brings in other files.
type Include struct {
	Base
	rule.Include
	// Paths names the files that it brings in, as keys of Policy.Files; Load
	// fills it. It stays empty for a file that need not exist.
	Paths []string
}

// ABI names the features that a policy was written for: `abi <abi/4.0>,`.
type ABI struct {
	Base
	Path  string
	Magic bool // in <>
}

// Alias rewrites the beginning of paths: `alias /usr/ -> /mnt/usr/,`.
type Alias struct {
	Base
	From, To string
}

// Assign gives a variable its values: `@{HOME} = /home/*/ /root/` or, where Expr
// is set, `${DEBUG} = true`.
type Assign struct {
	Base
	Name   string // without @{} and ${}
	Op     string // "=", "+=", "?=", ":="
	Values []string
	Expr   *Expr
}

// Profile is a profile, a child or a hat.
type Profile struct {
	Base
	Keyword    string // "profile", "hat", "^" or ""
	Name       string // as written, without quotes; may begin with a namespace
	Attachment string
	Xattrs     []Xattr
	Identities []string
	Flags      []string
	Block      Block
}

// Hat says whether the profile is a hat.
func (p *Profile) Hat() bool { return p.Keyword == "hat" || p.Keyword == "^" }

// Xattr is one condition on an extended attribute of the program.
type Xattr struct {
	Name  string
	Value string // a glob; "" where any value will do
}

// Group is a block of rules that share qualifiers: `owner { … }`.
type Group struct {
	Base
	rule.Qualifiers
	Block Block
}

// If holds the branches of a conditional: the first has a condition, and so
// may those that follow.
type If struct{ Branches []*Branch }

// Branch is one `if … {`, `else if … {` or `else {`.
type Branch struct {
	Base
	Cond  *Expr // nil in the branch that holds when no other does
	Block Block
}

// Bad is a statement that could not be read. It keeps its text.
type Bad struct {
	Base
	Block *Block // where the statement opened one
}

func (p *Profile) blocks() []*Block { return []*Block{&p.Block} }
func (g *Group) blocks() []*Block   { return []*Block{&g.Block} }

func (i *If) base() *Base { return &i.Branches[0].Base }

func (i *If) blocks() []*Block {
	var out []*Block
	for _, b := range i.Branches {
		out = append(out, &b.Block)
	}
	return out
}

func (b *Bad) blocks() []*Block {
	if b.Block == nil {
		return nil
	}
	return []*Block{b.Block}
}
