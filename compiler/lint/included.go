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
	var brought, by []ir.Rule
	for _, r := range c.profile.Rules {
		brought = bring(brought, r)
		for len(by) < len(brought) {
			by = append(by, r)
		}
	}
	if len(brought) == 0 {
		return
	}
	own, included := c.newCoverSearch(c.profile.Rules), c.newCoverSearch(brought)
	for i, r := range c.profile.Rules {
		if !stated(r) || r.Kind() == rule.KindInclude {
			continue
		}
		if own.coverers(r, func(n int) bool { return n != i }) != nil {
			continue // it is a redundant-rule
		}
		if found := included.coverers(r, func(int) bool { return true }); found != nil {
			n := found[0]
			c.report(r, "`"+by[n].String()+"` brings `"+brought[n].String()+"`.", by[n])
		}
	}
}

// bring appends what an include brings, through others too.
func bring(out []ir.Rule, r ir.Rule) []ir.Rule {
	if i, ok := r.Body.(rule.Include); !ok || i.IfExists {
		return out
	}
	for _, below := range r.Included {
		out = bring(append(out, below), below)
	}
	return out
}
