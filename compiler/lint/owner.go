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

// sharedPlaces are directories in which files of many users stand.
var sharedPlaces = []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/home/", "@{HOME}", "@{HOMEDIRS}"}

// ofOthers are sockets in shared places that other users made, mostly root.
var ofOthers = []string{"/tmp/.X11-unix/", "/tmp/.ICE-unix/", "/tmp/.font-unix/", "/tmp/.esd", "/tmp/.winbindd/", "/tmp/krb5"}

func checkOwner(c *context) {
	told := map[diag.Range]bool{}
	c.allowedFiles(func(r ir.Rule, f rule.File) {
		at := r.Origins[0].Range
		listing := strings.HasSuffix(f.Path, "/") && f.Access == rule.Read
		if told[at] || f.Path == "" || r.Owner || r.Other || f.Access&(rule.Read|rule.Write|rule.Append) == 0 || f.Exec != "" || listing || !stated(r) {
			return
		}
		if !c.isText() && reasoned(r) || !inSharedPlace(f.Path, c.values()) {
			return
		}
		told[at] = true
		c.report(r, "it holds whoever owns the file.")
	})
}

// inSharedPlace says whether all that a path means is in a shared place.
func inSharedPlace(path string, values map[string][]string) bool {
	for _, branch := range variants(path, values) {
		within := func(dir string) bool { return strings.HasPrefix(branch, dir) && branch != dir }
		if strings.HasPrefix(branch, "/root/") && strings.Contains(path, "@{HOME}") {
			continue
		}
		if !slices.ContainsFunc(sharedPlaces, within) || slices.ContainsFunc(ofOthers, within) {
			return false
		}
	}
	return true
}
