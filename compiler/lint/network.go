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
	check: func(c *context) { c.eachMessage(rule.KindNetwork, opensAnySocket) },
}

// opensAnySocket tells that a rule names no family.
func opensAnySocket(_ *context, m message) string {
	if n := m.by.Body.(rule.Network); n.Family != "" || n.Protocol != "" || n.Type != "" {
		return ""
	}
	return "it names no family."
}
