package lint

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
)

var namedSecret = &Rule{
	Name:     "named-secret",
	Group:    Breadth,
	Severity: diag.Note,
	Summary:  "a secret of the machine or of its users has no reason",
	Why:      "To name a secret is right where the service needs it. Whoever reviews the policy sees that it may read it, and should see why.",
	Instead:  "Remove it, give it a reason, or declare it in secrets.",
	InText:   "Remove it, or say in a comment above it or beside it what it is for.",
	Bad:      `config = ["/etc/shadow"]`,
	Good:     `secrets = ["/etc/shadow"]`,
	check:    func(c *context) { c.eachOwn(namesSecret) },
}

var secret = newSpots(secrets)

// namesSecret tells which secret a rule names without a reason. What a pattern
// only reaches is for sensitive-path; a file that its user owns is its own.
func namesSecret(c *context, g grant) string {
	if explained(g.by) || slices.ContainsFunc(g.by.Origins, func(o ir.Origin) bool { return o.Intent == "secrets" }) || reachesSensitive(c, g) != "" {
		return ""
	}
	for _, h := range c.run.hits(secret(), g.glob) {
		if path, ok := c.opens(g, h); ok && !(h.personal && g.by.Owner && aboutOneName(g.glob.String())) && writesLoaded(c, g) == "" {
			return path + " holds " + h.what + "."
		}
	}
	return ""
}
