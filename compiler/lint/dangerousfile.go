package lint

import (
	"apc/lang/diag"
)

var dangerousFile = &Rule{
	Name:     "dangerous-file",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "a file that amounts to root has no reason",
	Why: "Who may write to a container runtime's socket starts a container with the host's disk in it; who may open memory, a disk or a switch " +
		"of the kernel needs no rule on anything else. Whoever reviews the policy must see why that is needed.",
	Instead: "Remove it, or give the entry a reason.",
	InText:  "Remove it, or say in a comment above it or beside it what it is for.",
	Bad:     `socket "/run/docker.sock" {}`,
	Good: `socket "/run/docker.sock" {
  reason = "starts the builds; its user is an administrator"
}`,
	check: func(c *context) { c.eachOwn(opensPower) },
}

var power = newSpots(powers)

// opensPower tells which file that hands the machine over a rule means and
// opens, without a reason. What a pattern only reaches is for sensitive-path.
func opensPower(c *context, g grant) string {
	if explained(g.by) || reachesSensitive(c, g) != "" {
		return ""
	}
	for _, h := range c.run.hits(power(), g.glob) {
		if path, ok := c.opens(g, h); ok {
			return path + " is " + h.what + "."
		}
	}
	return ""
}
