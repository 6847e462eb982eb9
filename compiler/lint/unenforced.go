package lint

import (
	"slices"

	"apc/lang/diag"
)

var unenforced = &Rule{
	Name:     "unenforced",
	Group:    Escape,
	Severity: diag.Note,
	Summary:  "the profile keeps nothing from happening",
	Why:      "In complain mode what no rule allows is recorded and happens all the same; an unconfined profile does not even record it.",
	Instead:  "Remove the mode once the profile is complete: `apc trial` shows what it lacks.",
	InText:   "Remove the flag once the profile is complete.",
	Bad:      `mode = "complain"`,
	Good:     `mode = "enforce"`,
	check: func(c *context) {
		for _, flag := range []string{"complain", "unconfined", "default_allow"} {
			if slices.Contains(c.profile.Flags, flag) {
				c.reportProfile("its flag is " + flag + ".")
				return
			}
		}
	},
}
