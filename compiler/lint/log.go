package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

var readableLog = &Rule{
	Name:     "readable-log",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a log that the service writes and reads, without rotate",
	Why: "Whoever breaks into a service reads in its logs what others sent to it. A service reads its own log only to rename it; with `rotate` the policy says " +
		"so, and grants the rotated names too.",
	Instead: "Write logs = [{ path = \"…\", rotate = true }] where it rotates, and logs = [\"…\"] where it does not.",
	Bad:     `data = ["/var/log/app/"]`,
	Good:    `logs = [{ path = "/var/log/app/", rotate = true }]`,
	check:   checkReadableLog,
}

// checkReadableLog looks at files below /var/log that are granted to be read,
// by anything but the intent that says why, and to be written.
func checkReadableLog(c *context) {
	if c.isText() {
		return
	}
	below, _ := glob.Parse("/var/log/**") // a constant, which a test holds to be a glob
	var writes []fileRule
	all := c.fileRules(c.profile.Rules)
	for _, f := range all {
		if f.Action != rule.Deny && f.file.Access&(rule.Write|rule.Append) != 0 && overlap(below, f.glob) {
			writes = append(writes, f)
		}
	}
	told := map[diag.Range]bool{}
	for _, f := range all {
		at := f.Origins[0].Range
		if f.Action == rule.Deny || f.file.Access&rule.Read == 0 || f.Origins[0].Intent == "logs" || strings.HasSuffix(f.file.Path, "/") || told[at] || reasoned(f.Rule) {
			continue
		}
		for _, w := range writes {
			if overlap(f.glob, w.glob) && includes(below, f.glob) {
				told[at] = true
				c.report(f.Rule, "`"+w.Rule.String()+"` writes it.", w.Rule)
				break
			}
		}
	}
}

// reasoned says whether the policy says why it has a rule.
func reasoned(r ir.Rule) bool {
	for _, o := range r.Origins {
		if o.Reason != "" {
			return true
		}
	}
	return false
}
