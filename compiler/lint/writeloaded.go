package lint

import (
	"apc/lang/diag"
)

var writeLoaded = &Rule{
	Name:     "write-loaded",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "it may write what others execute or load",
	Why: "What cron, systemd, the dynamic linker, a shell, udev, PAM or AppArmor itself reads runs with their rights and not under this profile. " +
		"Whoever makes the service write there is out.",
	Instead: "Write elsewhere and let whoever installs the service put such files in place. Where writing them is the service's task, accept it in an ignore block.",
	InText:  "Write elsewhere, or narrow the pattern. Where writing them is the program's task, accept it with `# apc:ignore write-loaded REASON`.",
	Bad:     `data = ["/etc/cron.d/app"]`,
	Good:    `data = ["/var/lib/app/"]`,
	check:   func(c *context) { c.eachOwn(writesLoaded) },
}

var others = newSpots(loaded)

// writesLoaded tells which files that others execute or load a rule lets be
// written.
func writesLoaded(c *context, g grant) string {
	if g.access&changing == 0 {
		return ""
	}
	var found []string
	for _, h := range c.run.hits(others(), g.glob) {
		if path, ok := c.opens(g, h); ok {
			found = append(found, path+" ("+h.what+")")
		}
	}
	return several("it lets it write ", found, "")
}
