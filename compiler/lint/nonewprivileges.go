package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var noNewPrivileges = &Rule{
	Name:     "no-new-privileges",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "the kernel refuses this change of profile under no_new_privs",
	Why: "A process that has no_new_privs set (systemd's NoNewPrivileges=, Kubernetes' allowPrivilegeEscalation: false) cannot leave its profile: " +
		"transitions, changes of profile and hats fail with EPERM.",
	Instead: "Remove it, or no_new_privileges where the service needs it: then it can do with as = \"inherit\" alone.",
	Bad: `no_new_privileges = true
change_profile {
  to = "app"
}`,
	Good: `no_new_privileges = true
run "/usr/bin/date" {
  as = "inherit"
}`,
	check: checkNewPrivileges,
}

// checkNewPrivileges looks at policies that say they set no_new_privs; run
// blocks were refused when they were lowered.
func checkNewPrivileges(c *context) {
	if c.Service == nil || !c.Service.NoNewPrivileges {
		return
	}
	if c.profile.Hat {
		c.reportProfile("the service cannot enter its hat.")
	}
	for _, r := range c.profile.Rules {
		if r.Action != rule.Deny && leaves(r) {
			c.report(r, "the service cannot leave its profile.")
		}
	}
}

// leaves says whether a rule is about a change of profile.
func leaves(r ir.Rule) bool {
	switch b := r.Body.(type) {
	case rule.ChangeProfile:
		return true
	case rule.File:
		return b.Exec != "" && strings.ToLower(string(b.Exec)) != "ix"
	}
	return false
}
