package lint

import (
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/profile"
)

var notEnforced = &Rule{
	Name:     "not-enforced",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a rule that the abi file of the profile does not enforce",
	Why: "What a profile can say is set by the abi file that it names. What that does not hold is passed over by the parser without a word, so the text " +
		"promises more than the kernel keeps.",
	Instead: "Name a newer abi file where the hosts have it, or write what is enforced.",
	BadText: `abi <abi/4.0>,
profile app /usr/bin/app {
  include <abstractions/base>
  network inet stream port=443,
  include if exists <local/app>
}
`,
	GoodText: `abi <abi/4.0>,
profile app /usr/bin/app {
  include <abstractions/base>
  network inet stream,
  include if exists <local/app>
}
`,
	checkText: checkNotEnforced,
}

// checkNotEnforced looks at what the newest targets with the abi file of the
// text make of it. Of a policy the build tells that for each target.
func checkNotEnforced(c *context) {
	if len(c.modules) == 0 {
		return
	}
	targets := slices.DeleteFunc(feature.Targets(), func(t *feature.Target) bool { return t.ABI != c.Module.ABI })
	if len(targets) == 0 {
		return
	}
	seen := map[diag.Range]bool{}
	for _, use := range profile.Uses(c.Text.File) {
		enforced := slices.ContainsFunc(targets, func(t *feature.Target) bool { return t.Support(use.Feature) == feature.Enforced })
		if use.Feature == "" || enforced || seen[use.Range] || !aboutAccess(use.Feature) {
			continue
		}
		seen[use.Range] = true
		detail := c.Module.ABI + " does not hold " + use.Doc + "."
		if info, ok := feature.Describe(use.Feature); ok && info.Instead != "" {
			detail = c.Module.ABI + " does not hold " + use.Doc + ": " + info.Instead + "."
		}
		c.reportAt(use.Range, c.textAt(use.Range), detail)
	}
}

// aboutAccess says whether an abi file decides about a feature: it says what is
// mediated, not which words the parser knows.
func aboutAccess(f feature.Feature) bool {
	switch f {
	case feature.Port, feature.PortRange, feature.Interface, feature.NetworkAccess, feature.NetworkLabel, feature.Userns, feature.Mqueue,
		feature.MqueueSysV, feature.IoUring:
		return true
	}
	return false
}

// textAt returns what stands at a place, with single blanks.
func (c *context) textAt(at diag.Range) string {
	src := c.Sources[at.File]
	if at.Start.Byte > at.End.Byte || at.End.Byte > len(src) {
		return ""
	}
	return strings.Join(strings.Fields(string(src[at.Start.Byte:at.End.Byte])), " ")
}
