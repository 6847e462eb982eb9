package lint

import (
	"strings"

	"apc/lang/diag"
)

var unconfinedExec = &Rule{
	Name:     "unconfined-exec",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "a program runs unconfined",
	Why:      "What runs unconfined does whatever its user may, and whoever controls its arguments or input does too.",
	Instead:  "Write as = \"child\" with what the program needs, or as = \"profile\" where it has one.",
	InText:   "Write Cx with a child for what the program needs, or Px where it has a profile.",
	Bad: `run "/usr/bin/convert" {
  as = "unconfined"
}`,
	Good: `run "/usr/bin/convert" {
  as   = "child"
  data = ["/var/lib/app/thumbs/"]
}`,
	check: func(c *context) { c.eachOwn(runsUnconfined) },
}

// runsUnconfined tells how a rule lets a program run without a profile.
func runsUnconfined(c *context, g grant) string {
	how := ""
	switch mode := strings.ToLower(string(g.file.Exec)); {
	case mode == "ux":
		how = "the program leaves every confinement"
	case c.isUnconfined(g.file.Target) && mode != "":
		how = "the profile that it names is none"
	case strings.Contains(mode, "u"):
		how = "the program leaves every confinement where its profile is missing"
	default:
		return ""
	}
	if _, ok := c.files().anybody(g, need{exec: true}, nil); !ok {
		return ""
	}
	if !g.file.Exec.Scrubs() {
		how += ", and LD_PRELOAD and the like go with it"
	}
	return how + "."
}

// isUnconfined says whether a transition to this profile leaves confinement,
// in whichever namespace.
func (c *context) isUnconfined(target string) bool {
	if i := strings.LastIndex(target, ":"); i >= 0 {
		target = strings.TrimPrefix(target[i+1:], "//")
	}
	return target == "unconfined"
}
