package lint

import (
	"regexp"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
)

var doubledSlash = &Rule{
	Name:     "doubled-slash",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a path with two slashes in a row",
	Why: "The parser makes one of them, so the rule works; but whoever searches for the path does not find it, and tools that read profiles take it for " +
		"another one. At the start of a path, or where a branch brings the second one, it matches nothing.",
	Instead:  "Write one slash.",
	Bad:      `raw = "/srv/app//data r,"`,
	Good:     `raw = "/srv/app/data r,"`,
	BadText:  `  /srv/app//data r,`,
	GoodText: `  /srv/app/data r,`,
	check: func(c *context) {
		for _, r := range c.profile.Rules {
			for _, path := range pathsOf(r) {
				if i := strings.Index(path, "//"); i > 0 && stated(r) {
					c.reportFix(c.singleSlash(r, path), r, "`"+path+"` has them.")
					break
				}
			}
		}
	},
}

// singleSlash returns the edit that leaves one slash of each run in a path.
func (c *context) singleSlash(r ir.Rule, path string) []diag.Edit {
	return c.replacing(r, path, path[:1]+manySlashes.ReplaceAllString(path[1:], "/"))
}

var manySlashes = regexp.MustCompile(`//+`)
