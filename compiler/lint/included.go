package lint

import (
	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var includedRule = &Rule{
	Name:     "included-rule",
	Group:    Dead,
	Severity: diag.Note,
	Summary:  "an include says what a rule says already",
	Why: "The rule changes nothing where the include is as it is here. It is a matter of taste: abstractions differ between releases, and a rule of its own " +
		"stays when one of them is narrowed.",
	Instead:  "Remove it where the include is meant to grant this.",
	BadText:  `  /etc/ld.so.cache r,`,
	GoodText: `  /etc/app.conf r,`,
	check:    checkIncluded,
}

// checkIncluded looks at what includes bring. What an `include if exists` brings
// does not count, for it may be missing elsewhere. An include that another one
// brings too says what the profile needs, and is left alone; so does a policy,
// whatever abstractions bring.
func checkIncluded(c *context) {
	if !c.isText() {
		return
	}
	var brought []broughtRule
	for _, r := range c.profile.Rules {
		brought = c.bring(brought, r, r)
	}
	if len(brought) == 0 {
		return
	}
	rules := c.profile.Rules
	s := newCoverSearch(c, rules)
	for i, r := range rules {
		if !stated(r) || r.Kind() == rule.KindInclude {
			continue
		}
		f, onFiles := s.files[i]
		if onFiles && s.disputed(f) || s.coverer(i, []int{i}) >= 0 {
			continue // the latter is a redundant-rule
		}
		for _, b := range brought {
			if b.by.Origins[0].Range != r.Origins[0].Range && b.says(r, f, onFiles) {
				c.report(r, "`"+b.by.String()+"` brings `"+b.Rule.String()+"`.", b.by)
				break
			}
		}
	}
}

// broughtRule is a rule that an include of the profile brings.
type broughtRule struct {
	ir.Rule
	by      ir.Rule
	file    fileRule
	onFiles bool
}

// bring appends what an include brings, through others too.
func (c *context) bring(out []broughtRule, r, by ir.Rule) []broughtRule {
	if i, ok := r.Body.(rule.Include); !ok || i.IfExists {
		return out
	}
	for _, below := range r.Included {
		b := broughtRule{Rule: below, by: by}
		b.file, b.onFiles = c.fileRule(below)
		out = c.bring(append(out, b), below, by)
	}
	return out
}

// says says whether a rule that is brought says all that another one does, which
// is f where it is about files.
func (b broughtRule) says(r ir.Rule, f fileRule, onFiles bool) bool {
	switch {
	case b.onFiles && onFiles:
		return b.file.has(f)
	case b.onFiles || onFiles:
		return false
	}
	return covers(b.Rule.Rule, r.Rule)
}
