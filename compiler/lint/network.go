package lint

import (
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadNetwork = &Rule{
	Name:     "broad-network",
	Group:    Breadth,
	Severity: diag.Error,
	Summary:  "every kind of socket is allowed",
	Why:      "A network rule without a family lets the service open raw, packet and netlink sockets and many a rarely tested protocol.",
	Instead:  "Write listen and connect blocks, or name the family and type.",
	InText:   "Name the family and type, as in `network inet stream,`.",
	Bad:      `network {}`,
	Good: `connect "api" {
  port = 443
}`,
	check: func(c *context) {
		for _, r := range c.profile.Rules {
			if n, ok := r.Body.(rule.Network); ok && r.Action != rule.Deny && n.Family == "" && n.Type == "" && n.Protocol == "" {
				c.report(r, "it names no family.")
			}
		}
	},
}
