package lint

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var dangerousCapability = &Rule{
	Name:     "dangerous-capability",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "a capability that amounts to root has no reason",
	Why:      "Some capabilities give power over the whole machine. Whoever reviews the policy must see why one is needed.",
	Instead:  "Remove it, or write { name = \"…\", reason = \"…\" }.",
	InText:   "Remove it, or say in a comment above it or beside it what it is for.",
	Bad:      `capabilities = ["sys_admin"]`,
	Good:     `capabilities = [{ name = "sys_admin", reason = "mounts the snapshots that it serves" }]`,
	check: func(c *context) {
		for _, r := range c.profile.Rules {
			capability, ok := r.Body.(rule.Capability)
			if !ok || r.Action == rule.Deny || slices.ContainsFunc(r.Origins, func(o ir.Origin) bool { return o.Reason != "" }) {
				continue
			}
			for _, name := range capability.Names {
				if gives := dangerous[name]; gives != "" {
					c.report(r, name+" lets it "+gives+".")
				}
			}
			if len(capability.Names) == 0 {
				c.report(r, "it grants every capability.")
			}
		}
	},
}

// dangerous says what the capabilities that amount to root give, after
// capabilities(7).
var dangerous = map[string]string{
	"bpf":             "load programs into the kernel",
	"dac_override":    "write every file, whoever owns it",
	"dac_read_search": "read every file, whoever owns it",
	"linux_immutable": "make files that nobody can remove",
	"mac_admin":       "load and remove AppArmor profiles",
	"mac_override":    "go round mandatory access control",
	"mknod":           "make device nodes, and so read and write disks",
	"net_admin":       "change routes, addresses and firewall rules",
	"setfcap":         "give any program any capability",
	"sys_admin":       "mount, and do most of what root may",
	"sys_boot":        "reboot, and load another kernel",
	"sys_module":      "load code into the kernel",
	"sys_ptrace":      "read and change the memory of every process",
	"sys_rawio":       "read and write memory and devices directly",
}
