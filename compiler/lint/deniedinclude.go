package lint

import (
	"fmt"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var deniedInclude = &Rule{
	Name:     "denied-include",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "denies take most of what an include brings",
	Why:      "A deny wins over every rule that allows, also over those of an abstraction. The include reads as if the program could do what it is for, and it cannot.",
	Instead:  "Remove the include, or narrow the denies.",
	BadText: `  include <abstractions/nameservice>
  deny /etc/** r,
  deny network,`,
	GoodText: `  include <abstractions/nameservice>
  deny /etc/passwd r,`,
	check: checkDeniedInclude,
}

// checkDeniedInclude counts the rules that the files of an include hold, and how
// many of them the profile's own denies take whole: at least two, and half.
func checkDeniedInclude(c *context) {
	var denies []ir.Rule
	for _, r := range c.profile.Rules {
		if r.Action == rule.Deny {
			denies = append(denies, r)
		}
	}
	if len(denies) == 0 {
		return
	}
	against := c.fileRules(denies)
	for _, r := range c.profile.Rules {
		if r.Kind() != rule.KindInclude || !stated(r) {
			continue
		}
		taken, all := 0, 0
		var by []ir.Rule
		for _, below := range r.Included {
			if below.Kind() == rule.KindInclude || below.Action != rule.Allow {
				continue
			}
			all++
			if d, ok := c.deniedPart(below, denies, against); ok && d.whole() {
				taken++
				by = addRules(by, d.by)
			}
		}
		if taken > 1 && taken*2 >= all {
			c.report(r, fmt.Sprintf("%d of the %d rules that it brings are denied, as by `%s`.", taken, all, by[0].String()), by...)
		}
	}
}
