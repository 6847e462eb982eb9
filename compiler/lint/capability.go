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
	check:    func(c *context) { c.reportCapabilities(dangerous, true) },
}

var strongCapability = &Rule{
	Name:     "strong-capability",
	Group:    Escape,
	Severity: diag.Warning,
	Summary:  "a capability that goes round the machine's other protections has no reason",
	Why: "These capabilities let a service pass by who owns a file, who owns a process, or how the network is set up. " +
		"The profile still bounds it, but nothing else does. Whoever reviews the policy must see why one is needed.",
	Instead: "Remove it, or write { name = \"…\", reason = \"…\" }.",
	InText:  "Remove it, or say in a comment above it or beside it what it is for.",
	Bad:     `capabilities = ["dac_override"]`,
	Good:    `capabilities = [{ name = "dac_override", reason = "opens logs that belong to its workers" }]`,
	check:   func(c *context) { c.reportCapabilities(strong, false) },
}

// reportCapabilities reports the capabilities among those given that stand in
// the profile without a reason and that no deny takes back; with all, the rule
// that grants every one too, whatever reason it has.
func (c *context) reportCapabilities(gives map[string]string, all bool) {
	denied := map[string]bool{}
	for _, m := range c.denials(rule.KindCapability) {
		for _, name := range m.Body.(rule.Capability).Names {
			denied[name] = true
		}
	}
	for _, m := range c.messages(rule.KindCapability) {
		names := m.by.Body.(rule.Capability).Names
		switch {
		case m.included():
		case len(names) == 0 && all:
			c.report(m.by, "it grants every capability.")
		case !explained(m.by):
			for _, name := range names {
				if gives[name] != "" && !denied[name] {
					c.report(m.by, name+" lets it "+gives[name]+".")
				}
			}
		}
	}
}

// explained says whether somebody wrote down why a rule is there.
func explained(r ir.Rule) bool {
	return slices.ContainsFunc(r.Origins, func(o ir.Origin) bool { return o.Reason != "" })
}

// dangerous says what the capabilities that amount to root give, after
// capabilities(7).
var dangerous = map[string]string{
	"bpf":          "load programs into the kernel",
	"mac_admin":    "load and remove AppArmor profiles",
	"mac_override": "go round mandatory access control",
	"mknod":        "make device nodes, and so read and write disks",
	"setfcap":      "give any program any capability",
	"sys_admin":    "mount, and do most of what root may",
	"sys_boot":     "reboot, and load another kernel",
	"sys_module":   "load code into the kernel",
	"sys_ptrace":   "read and change the memory of every process that its ptrace rules name",
	"sys_rawio":    "read and write memory and devices directly",
}

// strong says what the capabilities give that go round other protections.
var strong = map[string]string{
	"audit_control":      "turn off the audit log",
	"checkpoint_restore": "open the files and memory maps of other processes",
	"dac_override":       "write every file that its rules reach, whoever owns it",
	"dac_read_search":    "read every file that its rules reach, whoever owns it",
	"linux_immutable":    "make files that nobody can remove",
	"net_admin":          "change routes, addresses and firewall rules, and listen to all traffic",
	"perfmon":            "watch the kernel and other processes",
	"syslog":             "read addresses out of the kernel's log, and clear it",
	"sys_time":           "set the clock, and so make expired certificates and tickets valid",
}
