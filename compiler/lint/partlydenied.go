package lint

import (
	"apc/compiler/ir"
	"apc/lang/diag"
)

var partlyDeniedRule = &Rule{
	Name:     "partly-denied-rule",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a deny takes a part of a rule that is written out",
	Why:      "A deny wins over every rule that allows, however exact that is. The letter, or the branch of the path, reads as a grant and is none.",
	Instead:  "Leave that part out of the rule, or narrow the deny to what must be refused.",
	Bad: `data = ["/srv/app/"]
deny {
  write = ["/srv/"]
}`,
	Good: `read = ["/srv/app/"]
deny {
  write = ["/srv/"]
}`,
	BadText: `  /srv/app/** rw,
  deny /srv/** w,`,
	GoodText: `  /srv/app/** rw,
  deny /srv/app/conf/** w,`,
	check: func(c *context) {
		c.eachDenied(func(r ir.Rule, d denial) {
			if !d.whole() {
				c.report(r, d.words(), d.by...)
			}
		})
	},
}
