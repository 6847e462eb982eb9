// Package ir holds what a policy means for AppArmor: profiles and their rules,
// each with the reason for its being there. The compiler's stages meet here
// and nowhere else.
//
// It imports diag and rule (and glob) of the project. A stage that changes a
// module returns a new one; nothing in a module is changed once it is built.
package ir

import (
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

// Use is one module on the way of a rule into its profile.
type Use struct {
	Module string     `json:"module"`
	Range  diag.Range `json:"range"`
	Reason string     `json:"reason,omitempty"` // why it is used
}

// Origin is one reason for a rule.
type Origin struct {
	Range  diag.Range `json:"range"`            // the text that asked for it
	Intent string     `json:"intent"`           // attribute or block: "config", "listen", …; "always" for what every profile gets
	Reason string     `json:"reason,omitempty"` // in the policy's words
	Via    []Use      `json:"via,omitempty"`    // modules, outermost first
	Passes []string   `json:"passes,omitempty"` // passes that changed the rule
}

// Rule is one rule of a profile with its origins, of which it has at least
// one.
type Rule struct {
	rule.Rule
	Origins []Origin
	// Included holds, below an include, the rules of its files, where the
	// module's includes were read. Unread says of such an include that a file
	// which it must have is missing or cannot be read.
	Included []Rule
	Unread   bool
}

// About returns the path that the rule is about, or its text where it has
// none: what the path of an ignore is held against.
func (r Rule) About() string {
	switch b := r.Body.(type) {
	case rule.File:
		return b.Path
	case rule.Link:
		return b.Path
	}
	return r.Rule.String()
}

// Profile is a profile, a child of one, or a hat.
type Profile struct {
	Name       string
	Attachment string // "" for none
	Namespace  string
	Flags      []string
	Xattrs     []Xattr
	Hat        bool
	Rules      []Rule
	Children   []*Profile
	Origin     Origin
	// Own lists the directories that the policy declares as the profile's,
	// each with a "/" at its end.
	Own []string
}

// Xattr is one extended attribute that an attachment asks for.
type Xattr struct{ Name, Value string }

// Variable is an AppArmor variable of the emitted file.
type Variable struct {
	Name   string // without @{}
	Values []string
	Origin Origin
}

// Alias is an alias rule of the emitted file.
type Alias struct {
	From, To string
	Origin   Origin
}

// Module is what becomes one file of profile text.
type Module struct {
	Service   string // name of the service or container
	Policy    string // base name of the policy file
	File      string // base name of the file to write
	ABI       string // as in "abi/3.0"
	Variables []Variable
	Aliases   []Alias
	Profile   *Profile
	Ignores   []Ignore
	// Text says that the module was read from profile text, which declares no
	// directories as its own.
	Text bool
	// Base is the directory that includes were read from, "" where they were
	// not. Values then holds the values of all variables, by name.
	Base   string
	Values map[string][]string
	// Relied names the files of includes that made rules needless, and
	// ReliedDigest is a digest of these files.
	Relied       []string
	ReliedDigest string
}

// Ignore accepts one lint finding or loss.
type Ignore struct {
	Rule    string
	Path    string     // "" for all
	At      diag.Range // where the one rule that it is about stands; zero for all
	Expires string     // YYYY-MM-DD or ""
	Origin  Origin
}

// Accepts says whether an ignore accepts a finding or loss called name, about
// a rule with this path or text and these origins, on the day given as
// YYYY-MM-DD. An ignore of a module holds for what came through that use of it
// alone.
func (i Ignore) Accepts(name, text string, origins []Origin, today string) bool {
	if i.Rule != name || i.Expires != "" && i.Expires < today || !below(text, i.Path) {
		return false
	}
	if i.At != (diag.Range{}) && !slices.ContainsFunc(origins, func(o Origin) bool { return o.Range == i.At }) {
		return false
	}
	for _, o := range origins {
		if len(o.Via) < len(i.Origin.Via) || !slices.Equal(o.Via[:len(i.Origin.Via)], i.Origin.Via) {
			return false
		}
	}
	return true
}

// below says whether a path is another, or below it; all are below "".
func below(path, dir string) bool {
	return dir == "" || path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// Subject returns the range that a message about the origin points at: in the
// policy itself, where what stands in a module was used.
func (o Origin) Subject() diag.Range {
	if len(o.Via) > 0 {
		return o.Via[0].Range
	}
	return o.Range
}

// Profiles returns the module's profile and, in order, all below it.
func (m *Module) Profiles() []*Profile {
	return append([]*Profile{m.Profile}, m.Profile.Children...)
}

// FullName is the name under which the kernel knows p in this module:
// "parent//child" for children and hats.
func (m *Module) FullName(p *Profile) string {
	if p == m.Profile {
		return p.Name
	}
	return m.Profile.Name + "//" + p.Name
}

// Map returns a module in which f has made each profile's rules anew.
func (m *Module) Map(f func(*Profile) []Rule) *Module {
	out := *m
	top := *m.Profile
	top.Rules = f(m.Profile)
	top.Children = make([]*Profile, len(m.Profile.Children))
	for i, c := range m.Profile.Children {
		child := *c
		child.Rules = f(c)
		top.Children[i] = &child
	}
	out.Profile = &top
	return &out
}

// Join returns rule r with the origins of all the given rules, which the pass
// made one. It is the only way for rules to become one.
func Join(pass string, r rule.Rule, from ...Rule) Rule {
	out := Rule{Rule: r}
	for _, f := range from {
		for _, o := range f.Origins {
			if f.String() != r.String() {
				o = o.through(pass)
			}
			if !slices.ContainsFunc(out.Origins, o.same) {
				out.Origins = append(out.Origins, o)
			}
		}
	}
	slices.SortStableFunc(out.Origins, func(a, b Origin) int {
		switch {
		case a.Range.Less(b.Range):
			return -1
		case b.Range.Less(a.Range):
			return 1
		}
		return 0
	})
	return out
}

// Changed returns r, changed by a pass from rule from.
func Changed(pass string, r rule.Rule, from Rule) Rule { return Join(pass, r, from) }

func (o Origin) through(pass string) Origin {
	if !slices.Contains(o.Passes, pass) {
		o.Passes = append(slices.Clone(o.Passes), pass)
	}
	return o
}

// same says whether two origins tell the same.
func (o Origin) same(p Origin) bool {
	return o.Range == p.Range && o.Intent == p.Intent && o.Reason == p.Reason && slices.Equal(o.Via, p.Via)
}
