package lint

import (
	"fmt"
	"regexp"
	"strings"

	"apc/lang/diag"
	"apc/lang/profile"
)

var oldSpelling = &Rule{
	Name:     "old-spelling",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a spelling of old",
	Why: "`#include` looks like a comment to people and to the tools that they use, and `flags` without its name is deprecated. Both are read for the sake of " +
		"old profiles only.",
	Instead: "Write `include <…>` and `flags=(…)`.",
	BadText: `  #include <abstractions/nameservice>
  /etc/app.conf r,`,
	GoodText: `  include <abstractions/nameservice>
  /etc/app.conf r,`,
	checkText: checkOldSpelling,
}

// bareFlags matches the flags of a profile's header without their name.
var bareFlags = regexp.MustCompile(`[^=\s]\s+(\([^)]*\))\s*\{?\s*$`)

// checkOldSpelling reports the includes of a file together, at the first.
func checkOldSpelling(c *context) {
	var includes []*profile.Include
	var fix []diag.Edit
	c.ownStatements(func(n profile.Node) {
		switch n := n.(type) {
		case *profile.Include:
			if strings.HasPrefix(n.Raw, "#") {
				includes = append(includes, n)
				fix = append(fix, diag.Edit{Range: diag.Within(n.Range, []byte(n.Raw), 0, 1)})
			}
		case *profile.Profile:
			if m := bareFlags.FindStringSubmatchIndex(n.Raw); m != nil && len(n.Flags) > 0 {
				at := diag.Within(n.Range, []byte(n.Raw), m[2], m[2])
				c.reportAt(n.Range, c.textAt(n.Range), "its flags have no name.", diag.Edit{Range: at, New: "flags="})
			}
		}
	})
	switch n := len(includes); n {
	case 0:
	case 1:
		c.reportAt(includes[0].Range, c.textAt(includes[0].Range), "it reads like a comment.", fix...)
	default:
		c.reportAt(includes[0].Range, c.textAt(includes[0].Range), fmt.Sprintf("it and %d more read like comments.", n-1), fix...)
	}
}
