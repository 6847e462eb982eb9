package lint

import (
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

var unscrubbedExec = &Rule{
	Name:     "unscrubbed-exec",
	Group:    Escape,
	Severity: diag.Warning,
	Summary:  "a program gets another profile with its caller's environment",
	Why: "A transition in small letters (px, cx) does not scrub the environment. With LD_PRELOAD, LD_LIBRARY_PATH or PYTHONPATH the service " +
		"then chooses the code that runs under the other profile.",
	Instead: "Remove scrub = false, or give the run block a reason.",
	InText:  "Write Px or Cx, or say in a comment why the environment must stay.",
	Bad: `run "/usr/bin/convert" {
  as    = "profile"
  to    = "app"
  scrub = false
}`,
	Good: `run "/usr/bin/convert" {
  as     = "profile"
  to     = "app"
  scrub  = false
  reason = "reads its settings from MAGICK_ variables that name libraries"
}`,
	check: func(c *context) {
		c.eachOwn(keepsEnvironment)
		c.eachMessage(rule.KindChangeProfile, keepsEnvironmentLater)
	},
}

// keepsEnvironment tells that a transition to another profile does not scrub.
func keepsEnvironment(c *context, g grant) string {
	if mode := string(g.file.Exec); !strings.HasPrefix(mode, "p") && !strings.HasPrefix(mode, "c") || explained(g.by) {
		return ""
	}
	if _, ok := c.files().anybody(g, need{exec: true}, nil); !ok {
		return ""
	}
	return "LD_PRELOAD and the like go with it."
}

// keepsEnvironmentLater is keepsEnvironment for a change at the next exec.
func keepsEnvironmentLater(_ *context, m message) string {
	if m.by.Body.(rule.ChangeProfile).Mode != "unsafe" || explained(m.by) {
		return ""
	}
	return "LD_PRELOAD and the like go with it."
}
