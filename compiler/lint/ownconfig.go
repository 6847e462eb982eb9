package lint

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var writeOwnConfig = &Rule{
	Name:     "write-own-config",
	Group:    Escape,
	Severity: diag.Warning,
	Summary:  "the service can rewrite its own configuration or program",
	Why: "Whoever takes the service over changes what it does the next time it starts: often before it drops its rights. A restart then mends " +
		"nothing.",
	Instead: "Keep what it writes out of the directories that hold its configuration, or deny writing there.",
	InText:  "Keep what it writes away from its own program, or deny writing there.",
	Bad: `config = ["/opt/app/etc/"]
data   = ["/opt/app/"]`,
	Good: `config = ["/opt/app/etc/"]
data   = ["/opt/app/data/"]`,
	BadText:  `  /usr/bin/{app,app.conf} rw,`,
	GoodText: `  /usr/bin/app r,`,
	check:    checkOwnConfig,
}

// checkOwnConfig compares what may be written with what a policy calls its
// configuration, and with the program that the profile attaches to.
func checkOwnConfig(c *context) {
	var configs []grant
	for _, g := range c.files().allow {
		if !g.included() && slices.ContainsFunc(g.by.Origins, isConfig) && g.access&rule.Read != 0 {
			configs = append(configs, g)
		}
	}
	for _, w := range c.files().allow {
		if w.access&rule.Append == 0 || w.included() {
			continue
		}
		if path, by := c.overwrites(w, configs); path != "" {
			c.report(w.by, "it lets it write "+path+", which is its own.", by...)
		}
	}
}

func isConfig(o ir.Origin) bool { return o.Intent == "config" || o.Intent == "executable" }

// overwrites returns a file of the service's own that a rule lets be written,
// and the rule that says it is.
func (c *context) overwrites(w grant, configs []grant) (path string, by []ir.Rule) {
	write := need{access: rule.Append}
	for _, g := range configs {
		if path, ok := c.files().anybody(w, write, nil, g.glob); ok {
			return path, []ir.Rule{g.by}
		}
	}
	if c.profile != c.Module.Profile || c.profile.Attachment == "" {
		return "", nil
	}
	if program, ok := c.pattern(c.profile.Attachment); ok {
		path, _ = c.files().anybody(w, write, nil, program)
	}
	return path, nil
}
