package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var missingOwner = &Rule{
	Name:     "missing-owner",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "files of other users in a shared place",
	Why: "In /tmp, /dev/shm and home directories the files of many users stand side by side. Without `owner` the rule holds for all of them, and a program " +
		"that runs as root may be led to a file that somebody put there for it.",
	Instead: "Write them under `temp`, or with owner = true; give a reason where files of others are meant.",
	InText:  "Write `owner` before the rule, unless it is meant for files of others.",
	Bad:     `runtime = ["/dev/shm/app-*"]`,
	Good:    `temp = ["/dev/shm/app-*"]`,
	BadText: `  /tmp/app-* rw,`,
	GoodText: `  owner /tmp/app-* rw,
  /tmp/.X11-unix/X[0-9]* rw,`,
	check: checkOwner,
}

// sharedPlaces are directories in which files of many users stand, beside homes.
var sharedPlaces = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/"}

// ofOthers are sockets in shared places that other users made, mostly root.
var ofOthers = []string{"/tmp/.X", "/tmp/.ICE-unix/", "/tmp/.font-unix/", "/tmp/.esd", "/tmp/.winbindd/", "/tmp/krb5"}

// forOthers are capabilities of programs that act for other users: what such a
// program may do in homes is meant for files of others.
var forOthers = []string{"setuid", "fowner", "dac_override", "dac_read_search"}

func checkOwner(c *context) {
	told := map[diag.Range]bool{}
	acts := c.actsForOthers()
	c.allowedFiles(func(r ir.Rule, f rule.File) {
		at := r.Origins[0].Range
		if told[at] || f.Path == "" || r.Owner || r.Other || f.Access&(rule.Read|rule.Write|rule.Append) == 0 || f.Exec != "" || !stated(r) {
			return
		}
		if !c.isText() && reasoned(r) || !c.inSharedPlace(f, acts) {
			return
		}
		told[at] = true
		c.report(r, "it holds whoever owns the file.")
	})
}

// actsForOthers says whether the program acts for other users.
func (c *context) actsForOthers() bool {
	return slices.ContainsFunc(c.profile.Rules, func(r ir.Rule) bool {
		b, ok := r.Body.(rule.Capability)
		return ok && r.Action != rule.Deny && slices.ContainsFunc(forOthers, func(name string) bool { return slices.Contains(b.Names, name) })
	})
}

// inSharedPlace says whether all that a rule means is in a shared place, and
// more than the names of what is there; homes are none to a program that acts
// for other users.
func (c *context) inSharedPlace(f rule.File, acts bool) bool {
	listed := true
	for _, branch := range variants(f.Path, c.values()) {
		within := func(dir string) bool { return strings.HasPrefix(branch, dir) && branch != dir }
		home := within("/home/") || within("@{HOME") || strings.HasPrefix(branch, "/root/") && strings.Contains(f.Path, "@{HOME}")
		switch {
		case home && acts, !home && !slices.ContainsFunc(sharedPlaces, within), slices.ContainsFunc(ofOthers, within):
			return false
		}
		listed = listed && strings.HasSuffix(branch, "/")
	}
	return !listed || f.Access != rule.Read
}
