package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

var missingProfile = &Rule{
	Name:     "missing-profile",
	Group:    Escape,
	Severity: diag.Warning,
	Summary:  "a transition leads to a profile that is not there",
	Why: "The parser takes a Px or a Cx to a profile that nobody wrote. The kernel then refuses to start the program, and whoever has to mend that in " +
		"a hurry writes Ux.",
	Instead: "Write the profile, or name the one that is meant.",
	InText:  "Write the profile, name the one that is meant, or say with Pix or Cix what holds without it.",
	Bad: `run "/usr/bin/convert" {
  as = "profile"
  to = "convert"
}`,
	Good: `run "/usr/bin/convert" {
  as = "profile"
  to = "app"
}`,
	check: func(c *context) {
		c.eachOwn(leadsNowhere)
		lacksForIncludes(c)
		c.eachMessage(rule.KindChangeProfile, changesToNothing)
	},
}

// leadsNowhere tells which profile a transition lacks. A fallback needs none.
func leadsNowhere(c *context, g grant) string {
	switch mode := strings.ToLower(string(g.file.Exec)); {
	case mode == "cx" && !c.hasUnread():
		return c.lacksChild(g)
	case mode == "px":
		return c.lacksProfile(g)
	}
	return ""
}

// lacksForIncludes reports includes that count on a child which another include
// would bring.
func lacksForIncludes(c *context) {
	told := map[string]bool{}
	for _, g := range c.files().allow {
		if !g.included() || !strings.EqualFold(string(g.file.Exec), "cx") || c.hasUnread() || told[g.at.String()] {
			continue
		}
		if detail := c.lacksChild(g); detail != "" {
			told[g.at.String()] = true
			c.report(g.at, "for `"+g.by.String()+"`, which it brings, "+detail, g.by)
		}
	}
}

// lacksChild tells that the profile has no child for a program.
func (c *context) lacksChild(g grant) string {
	below := ""
	if c.profile != c.Module.Profile {
		below = c.profile.Name + "//"
	}
	for _, child := range c.Module.Profile.Children {
		name, ok := strings.CutPrefix(child.Name, below)
		switch {
		case !ok:
		case g.file.Target != "" && (name == c.expanded(g.file.Target) || name == g.file.Target):
			return ""
		case g.file.Target == "" && c.attaches(child, name, g.glob):
			return ""
		}
	}
	if g.file.Target != "" {
		if strings.ContainsAny(g.file.Target, ":&|*?[{") {
			return ""
		}
		return "the profile has no child " + g.file.Target + "."
	}
	return "the profile has no child that attaches to such a program."
}

// attaches says whether a child is for some program that a glob matches: by its
// attachment, or by its name where that is a path.
func (c *context) attaches(child *ir.Profile, name string, programs glob.Glob) bool {
	attachment := child.Attachment
	if attachment == "" {
		attachment = name
	}
	if !strings.HasPrefix(attachment, "/") && !strings.HasPrefix(attachment, "@{") {
		return false
	}
	g, ok := c.pattern(attachment)
	if !ok {
		return true
	}
	_, ok = meet(g, programs)
	return ok
}

// lacksProfile tells that no known profile is the one that a rule leads to.
func (c *context) lacksProfile(g grant) string {
	if g.file.Target == "" {
		if c.run.attached(g.glob) {
			return ""
		}
		return "no profile attaches to such a program."
	}
	return c.lacksNamed(g.file.Target)
}

func (c *context) lacksNamed(target string) string {
	name := c.expanded(target)
	if strings.ContainsAny(name, ":&|*?[{@") || name == "unconfined" || c.run.named(name) {
		return ""
	}
	return "there is no profile " + name + "."
}

// expanded returns a name with the values of its variables, as far as these are
// known.
func (c *context) expanded(name string) string {
	if !strings.Contains(name, "@{") {
		return name
	}
	if g, ok := c.labelGlob(name); ok {
		return g.String()
	}
	return name
}

// changesToNothing tells which profile a change of profile lacks.
func changesToNothing(c *context, m message) string {
	if target := m.by.Body.(rule.ChangeProfile).Target; target != "" {
		return c.lacksNamed(target)
	}
	return ""
}
