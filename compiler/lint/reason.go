package lint

import (
	"fmt"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var noReason = &Rule{
	Name:     "no-reason",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a grant of weight without a reason",
	Why:      "Whoever reviews the policy next year must tell what was needed from what was tried out. A reason is kept to the end, and shown by `apc explain`.",
	Instead:  "Write reason = \"…\", in raw text a comment.",
	Bad: `ptrace {
  access = ["read"]
  peer   = "app-worker"
}`,
	Good: `ptrace {
  access = ["read"]
  peer   = "app-worker"
  reason = "shows the load of its workers"
}`,
	check: checkReason,
}

// checkReason looks at policies. Rules of one place are one grant, and of raw
// text without a word the first rule stands for all.
func checkReason(c *context) {
	if c.isText() {
		return
	}
	told := map[diag.Range]bool{}
	var raw []ir.Rule
	for _, r := range c.asked() {
		if reasoned(r) || !stated(r) || r.Action == rule.Deny {
			continue
		}
		if r.Origins[0].Intent == "raw" {
			raw = append(raw, r)
			continue
		}
		if what := weight(r); what != "" && !told[r.Origins[0].Range] {
			told[r.Origins[0].Range] = true
			c.report(r, "nobody says why it "+what+".")
		}
	}
	if len(raw) == 1 {
		c.report(raw[0], "nobody says why it is written as raw text.")
	} else if len(raw) > 1 {
		c.report(raw[0], fmt.Sprintf("nobody says why it and %d more are written as raw text.", len(raw)-1))
	}
}

// weight says what a rule does that a reviewer wants a reason for, "" where it
// is nothing of that kind.
func weight(r ir.Rule) string {
	switch b := r.Body.(type) {
	case rule.File:
		if strings.Contains(strings.ToLower(string(b.Exec)), "u") {
			return "runs a program unconfined"
		}
		if strings.Contains(b.Path, "**") && b.Access&(rule.Write|rule.Append) != 0 && r.Origins[0].Intent == "file" {
			return "writes a whole tree"
		}
	case rule.ChangeProfile:
		return "changes its profile"
	case rule.Ptrace:
		return "looks into other processes"
	case rule.Mount, rule.PivotRoot:
		return "changes what is mounted"
	case rule.Userns:
		return "makes user namespaces"
	case rule.All:
		return "may do everything"
	}
	return ""
}
