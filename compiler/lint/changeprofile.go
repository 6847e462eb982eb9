package lint

import (
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

var broadChangeProfile = &Rule{
	Name:     "broad-change-profile",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "the service may choose its own confinement",
	Why:      "A program that may change to any profile, or to none, is confined only as long as it wants to be: whoever takes it over makes it change.",
	Instead:  "Name the profiles, as in change_profile { to = \"worker\" }.",
	InText:   "Name the profiles, as in `change_profile -> worker,`.",
	Bad: `change_profile {
  to = "**"
}`,
	Good: `change_profile {
  to = "app"
}`,
	check: func(c *context) {
		for _, m := range c.messages(rule.KindChangeProfile) {
			if detail := changesFreely(c, m); detail != "" && !m.included() {
				c.report(m.by, detail)
			}
		}
	},
}

// changesFreely tells how a rule lets the program out of its profile.
func changesFreely(c *context, m message) string {
	b := m.by.Body.(rule.ChangeProfile)
	target := b.Target
	if strings.HasPrefix(target, ":") { // a namespace
		if i := strings.Index(target[1:], ":"); i >= 0 {
			target = strings.TrimPrefix(target[i+2:], "//")
		}
	}
	when := ""
	if b.Exec != "" {
		when = " when it executes " + b.Exec
	}
	switch {
	case b.Target == "" || c.labels(target, strange) && c.labels(target, "unconfined"):
		return "it may change to any profile, and to none" + when + "."
	case c.labels(target, "unconfined"):
		return "it may leave its confinement" + when + "."
	case c.labels(target, strange):
		return "it may change to any profile" + when + "."
	}
	return ""
}
