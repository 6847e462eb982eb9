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

// messages returns the rules of a kind that allow something, those of includes
// too, but for those that a deny takes back as a whole.
func (c *context) messages(kind rule.Kind) []message {
	var out []message
	var walk func(r, at ir.Rule)
	walk = func(r, at ir.Rule) {
		if r.Kind() == kind && r.Action != rule.Deny && !c.undone(r) {
			out = append(out, message{r, at})
		}
		for _, below := range r.Included {
			walk(below, at)
		}
	}
	for _, r := range c.profile.Rules {
		walk(r, r)
	}
	return out
}

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

// denials returns the rules of a kind that deny something.
func (c *context) denials(kind rule.Kind) []ir.Rule {
	if c.denying == nil || c.denying.profile != c.profile {
		c.denying = &denying{profile: c.profile, rules: map[rule.Kind][]ir.Rule{}}
		c.everyRule(func(r ir.Rule, _ bool) {
			if r.Action == rule.Deny {
				c.denying.rules[r.Kind()] = append(c.denying.rules[r.Kind()], r)
			}
		})
	}
	return c.denying.rules[kind]
}

// denying holds the rules of a profile that deny something.
type denying struct {
	profile *ir.Profile
	rules   map[rule.Kind][]ir.Rule
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
