package lint

import (
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

var directoryExec = &Rule{
	Name:     "directory-exec",
	Group:    Dead,
	Severity: diag.Error,
	Summary:  "execution of a directory",
	Why:      "A path that ends in a slash is a directory, and nothing executes or maps a directory. What is in it is not meant by that path.",
	Instead:  "Write `DIR/*` for the programs in it, or `DIR/**` for those below it.",
	Bad:      `raw = "/opt/app/bin/ ix,"`,
	Good:     `raw = "/opt/app/bin/* ix,"`,
	BadText:  `  /opt/app/bin/ rix,`,
	GoodText: `  /opt/app/bin/* rix,`,
	check: func(c *context) {
		for _, f := range c.fileRules(c.profile.Rules) {
			if stated(f.Rule) && (f.file.Exec != "" || f.file.Access&rule.MapExec != 0) && includes(directories(), f.glob) {
				c.report(f.Rule, "all that it matches are directories.")
			}
		}
	},
}

// directories returns the glob of all directories.
func directories() glob.Glob {
	g, _ := glob.Parse("/{**/,}") // a constant, which a test holds to be a glob
	return g
}
