package lint

import (
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

var broadTemp = &Rule{
	Name:     "broad-temp",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "all temporary files are open to it",
	Why: "Every program keeps something in /tmp: sockets, sessions, files that are about to be read by others. A service that may open all of it " +
		"can read and change what others left there.",
	Instead: "Name its own files, as in temp = [\"/tmp/NAME-*\"], or give it a /tmp of its own (systemd: PrivateTmp=yes) and say so in an ignore block.",
	InText:  "Name its own files, as in `owner /tmp/NAME-* rwk,`.",
	Bad:     `temp = ["/tmp/"]`,
	Good:    `temp = ["/tmp/app-*"]`,
	check:   func(c *context) { c.eachOwn(opensTemp) },
}

// temporary are directories in which every program keeps its files, with what
// lies above them.
var temporary = map[string][]string{"/tmp/": {"/"}, "/var/tmp/": {"/", "/var/"}, "/dev/shm/": {"/", "/dev/"}}

// opensTemp tells where a rule opens all temporary files: those of the owner
// where it reaches below directories too. A rule that reaches what lies above as
// well is for broad-write and broad-read.
func opensTemp(c *context, g grant) string {
	if !strings.ContainsAny(g.glob.String(), "*?") {
		return ""
	}
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/"} {
		probe := dir + "qz7"
		if g.by.Owner {
			probe += "/qz7"
		}
		if c.opensPath(g, probe) && !slices.ContainsFunc(temporary[dir], func(above string) bool { return g.glob.Match(unlike(above)) }) {
			return "it reaches every file in " + dir + "."
		}
	}
	return ""
}

// opensPath says whether a rule lets a file be read or written.
func (c *context) opensPath(g grant, path string) bool {
	if !g.glob.Match(path) {
		return false
	}
	for _, bit := range []rule.Access{rule.Read, rule.Write, rule.Append} {
		for _, owner := range []bool{false, true} {
			if n := (need{bit, false, owner}); g.gives(n) && !c.files().takes(path, n, g.by.Priority) {
				return true
			}
		}
	}
	return false
}

var broadHome = &Rule{
	Name:     "broad-home",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "all files of its user are open to it",
	Why: "A program that may open everything in its user's home gives all of that to whoever takes it over: documents, mail, keys of other programs, " +
		"and the settings by which those are taken over in turn.",
	Instead: "Name its own directories, as in data = [{ path = \"@{HOME}/.config/NAME/\", owner = true }].",
	InText:  "Name its own directories, as in `owner @{HOME}/.config/NAME/** rwk,`.",
	Bad: `data = [{
  path  = "@{HOME}/"
  owner = true
}]
deny {
  read  = ["@{HOME}/.*/", "@{HOME}/.*"]
  write = ["@{HOME}/.*/", "@{HOME}/.*"]
}`,
	Good: `data = [{
  path  = "@{HOME}/.config/app/"
  owner = true
}]`,
	check: func(c *context) { c.eachOwn(opensHome) },
}

// opensHome tells that a rule opens all files of their owner, or lets all that
// stand right in the home be written.
func opensHome(c *context, g grant) string {
	const deep, flat = "/home/user/work/letter", "/home/user/letter"
	switch {
	case !g.by.Owner || !strings.ContainsAny(g.glob.String(), "*?") || g.glob.Match(unlike("/")):
		return ""
	case c.opensPath(g, deep):
		return "it reaches every file below the home."
	case g.access&rule.Append != 0 && c.opensPath(g, flat):
		return "it writes every file in the home."
	}
	return ""
}
