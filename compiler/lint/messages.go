package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// message is a rule on anything but files, as grant is one on files.
type message struct{ by, at ir.Rule }

func (m message) included() bool { return m.at.Kind() == rule.KindInclude }

// spoken holds the rules of a profile, those of its includes too, by their
// kinds: those that allow something, and those that deny it.
type spoken struct {
	profile *ir.Profile
	allow   map[rule.Kind][]message
	deny    map[rule.Kind][]ir.Rule
}

// spoken returns the rules of the profile at hand.
func (c *context) spoken() *spoken {
	if c.onKinds == nil || c.onKinds.profile != c.profile {
		c.onKinds = &spoken{c.profile, map[rule.Kind][]message{}, map[rule.Kind][]ir.Rule{}}
		for _, r := range c.profile.Rules {
			c.onKinds.add(r, r)
		}
	}
	return c.onKinds
}

func (s *spoken) add(r, at ir.Rule) {
	for _, below := range r.Included {
		s.add(below, at)
	}
	switch b, isFile := r.Body.(rule.File); {
	case isFile && b.Path != "": // for files
	case r.Action == rule.Deny:
		s.deny[r.Kind()] = append(s.deny[r.Kind()], r)
	default:
		s.allow[r.Kind()] = append(s.allow[r.Kind()], message{r, at})
	}
}

// messages returns the rules of a kind that allow something, those of includes
// too, but for those that a deny takes back as a whole. Of rules on files it has
// those on all of them.
func (c *context) messages(kind rule.Kind) []message {
	all := c.spoken().allow[kind]
	if len(c.denials(kind)) == 0 {
		return all
	}
	var out []message
	for _, m := range all {
		if !c.undone(m.by) {
			out = append(out, m)
		}
	}
	return out
}

// denials returns the rules of a kind that deny something.
func (c *context) denials(kind rule.Kind) []ir.Rule { return c.spoken().deny[kind] }

// undone says whether a deny takes back all that a rule allows: whether it says
// the same, or nothing but its kind.
func (c *context) undone(r ir.Rule) bool {
	for _, d := range c.denials(r.Kind()) {
		if d.Priority < r.Priority {
			continue
		}
		denied := rule.Rule{Body: d.Normal().Body}.String()
		if denied == string(r.Kind())+"," || denied == (rule.Rule{Body: r.Normal().Body}).String() {
			return true
		}
	}
	return false
}

// strange is a label that no rule names.
const strange = "qz7"

// labels says whether a glob of labels, which "" leaves open, matches one.
func (c *context) labels(pattern, label string) bool {
	if pattern == "" {
		return true
	}
	g, ok := c.labelGlob(pattern)
	return ok && g.Match(label)
}

func (c *context) labelGlob(pattern string) (g glob.Glob, ok bool) {
	return c.pattern(strings.ReplaceAll(pattern, "@{profile_name}", c.Module.FullName(c.profile)))
}

// lists says whether a list of words, which stands for all where it is empty,
// has one.
func lists(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return len(words) == 0
}
