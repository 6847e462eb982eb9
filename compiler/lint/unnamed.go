package lint

import (
	"apc/lang/diag"
)

var unnamedProfile = &Rule{
	Name:     "unnamed-profile",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a profile that is called by the path of its program",
	Why: "Logs, signal and ptrace rules of other profiles, aa-status and systemd name a profile by its name. A path makes that long, and changes when the " +
		"program moves.",
	Instead: "Write `profile NAME /path/of/program {`, and the new name in the rules of others that name the old one.",
	BadText: `abi <abi/3.0>,
# the profile of app
/usr/bin/app {
  include <abstractions/base>
  /etc/app.conf r,
  include if exists <local/app>
}
`,
	GoodText: `abi <abi/3.0>,
profile app /usr/bin/app {
  include <abstractions/base>
  /etc/app.conf r,
  include if exists <local/app>
}
`,
	check: func(c *context) {
		if p := c.profile; c.isText() && p == c.Module.Profile && p.Attachment == p.Name && p.Name != "" {
			c.reportProfile("its name is the path that it attaches to.")
		}
	},
}
