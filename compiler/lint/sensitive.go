package lint

import (
	"fmt"
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

var sensitivePath = &Rule{
	Name:     "sensitive-path",
	Group:    Breadth,
	Severity: diag.Error,
	Summary:  "a pattern reaches a file that gives power over the machine",
	Why: "Hashes of passwords, private keys, credentials, the sockets of container runtimes, disks and memory are worth an attack. " +
		"Whoever needs one of them names it.",
	Instead: "Narrow the pattern, or name the files that are needed.",
	InText:  "Narrow the pattern, name the files that are needed, or deny the others.",
	Bad:     `config = ["/etc/*"]`,
	Good:    `config = ["/etc/app.conf"]`,
	check:   func(c *context) { c.eachOwn(reachesSensitive) },
}

const readWrite = rule.Read | rule.Write

var sensitive = newSpots(secrets, powers, tunables)

// reachesSensitive tells which files that are worth an attack a pattern reaches
// without meaning them.
func reachesSensitive(c *context, g grant) string {
	if g.glob.Exact() {
		return ""
	}
	var found []string
	for _, h := range c.run.hits(sensitive(), g.glob) {
		if path, ok := c.opens(g, h); ok && !g.means(h.spot, path) {
			found = append(found, path+" ("+h.what+")")
		}
	}
	return several("it matches ", found, "")
}

// several words a list of which the first few are told: "it matches A, B, C and
// 4 more."
func several(before string, list []string, after string) string {
	const told = 3
	switch n := len(list); {
	case n == 0:
		return ""
	case n > told+1:
		return before + strings.Join(list[:told], ", ") + fmt.Sprintf(" and %d more such places", n-told) + after + "."
	case n > 1:
		return before + strings.Join(list[:n-1], ", ") + " and " + list[n-1] + after + "."
	}
	return before + list[0] + after + "."
}

// opens returns a file of a place that a rule reaches and opens in a way that
// gives power. Rules for the owner count where the files are the user's own, or
// where the program may be root.
func (c *context) opens(g grant, h hit) (path string, ok bool) {
	if g.access&h.access == 0 || g.by.Owner && (h.others || !h.personal && !c.mayBeRoot()) {
		return "", false
	}
	for _, bit := range []rule.Access{rule.Read, rule.Write, rule.Append, rule.LinkTo} {
		if h.access&g.access&bit == 0 {
			continue
		}
		for _, owner := range []bool{false, true} {
			if n := (need{bit, false, owner}); g.gives(n) && !c.files().takes(h.path, n, g.by.Priority) {
				return h.path, true
			}
		}
		for _, other := range h.globs {
			if path, ok := c.files().anybody(g, need{access: bit}, h.examples, other); ok {
				return path, true
			}
		}
	}
	return "", false
}

// rootful are capabilities of which only a program that begins as root has use.
var rootful = map[string]bool{
	"chown": true, "dac_override": true, "dac_read_search": true, "fowner": true, "fsetid": true, "mac_admin": true, "mknod": true,
	"setgid": true, "setpcap": true, "setuid": true, "sys_admin": true, "sys_chroot": true, "sys_module": true, "sys_ptrace": true,
}

// mayBeRoot says whether the profile shows that its program runs as root, who
// owns most files.
func (c *context) mayBeRoot() bool {
	return slices.ContainsFunc(c.messages(rule.KindCapability), func(m message) bool {
		names := m.by.Body.(rule.Capability).Names
		return len(names) == 0 || slices.ContainsFunc(names, func(name string) bool { return rootful[name] })
	})
}

// means says whether a pattern means a file and what stands beside it, as
// /etc/shadow* does: whether its last component begins as the file's does. Of
// files that users have, one user's must be meant: by name, or by "owner"; the
// owner's may be meant by their directory too.
func (g grant) means(s *spot, path string) bool {
	pattern := strings.TrimRight(g.glob.String(), "*")
	cut := strings.LastIndexByte(pattern, '/') + 1
	dir, last := pattern[:cut], plain(pattern[cut:])
	named := len(last) >= 4 && strings.HasPrefix(path[strings.LastIndexByte(path, '/')+1:], last)
	if !s.personal {
		return named
	}
	if !g.by.Owner {
		return named && plain(dir) == dir
	}
	parent := dir[strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1:]
	return named || len(parent) > 4 && plain(parent) == parent && strings.Contains(path, "/"+parent)
}
