package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var sensitivePath = &Rule{
	Name:     "sensitive-path",
	Group:    Breadth,
	Severity: diag.Error,
	Summary:  "a pattern reaches a file that gives power over the machine",
	Why:      "Passwords, private keys, cron tables and the like are worth an attack. Whoever needs one of them names it.",
	Instead:  "Narrow the pattern, or name the files that are needed.",
	InText:   "Narrow the pattern, name the files that are needed, or deny the others.",
	Bad:      `config = ["/etc/*"]`,
	Good:     `config = ["/etc/app.conf"]`,
	check:    checkSensitive,
}

// sensitive are files of which reading or writing gives power over the
// machine.
var sensitive = []string{
	"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key", "/etc/ssl/private/server.key",
	"/etc/crontab", "/etc/cron.d/job", "/etc/ld.so.preload", "/etc/systemd/system/unit.service", "/etc/apparmor.d/profile",
	"/etc/profile.d/script.sh", "/etc/kubernetes/admin.conf", "/root/.ssh/id_ed25519", "/home/user/.ssh/id_ed25519",
	"/home/user/.aws/credentials", "/run/docker.sock", "/run/containerd/containerd.sock", "/proc/1/mem",
	"/proc/sys/kernel/core_pattern", "/var/run/secrets/kubernetes.io/serviceaccount/token", "/run/secrets/kubernetes.io/serviceaccount/token",
}

func checkSensitive(c *context) {
	c.allowedFiles(func(r ir.Rule, f rule.File) {
		if f.Access&(rule.Read|rule.Write|rule.Append) == 0 {
			return
		}
		g, ok := c.pattern(f.Path)
		if _, literal := g.IsLiteral(); !ok || literal {
			return
		}
		for _, path := range sensitive {
			if g.Match(path) && !names(f.Path, path) && denied(c, c.profile.Rules, path)&readWrite != readWrite {
				c.report(r, "it matches "+path+".")
				return
			}
		}
	})
}

// names says whether a pattern means a file and what stands beside it, as
// /etc/shadow* does: whether its last component begins as the file's does.
func names(pattern, path string) bool {
	const enough = 4 // characters
	last := pattern[strings.LastIndexByte(pattern, '/')+1:]
	if i := strings.IndexAny(last, "*?[{@\\"); i >= 0 {
		last = last[:i]
	}
	return len(last) >= enough && strings.HasPrefix(path[strings.LastIndexByte(path, '/')+1:], last)
}

const readWrite = rule.Read | rule.Write

// denied returns what deny rules, those of includes too, take of a path from
// everybody.
func denied(c *context, rules []ir.Rule, path string) rule.Access {
	var taken rule.Access
	for _, r := range rules {
		taken |= denied(c, r.Included, path)
		f, ok := r.Body.(rule.File)
		if !ok || r.Action != rule.Deny || r.Owner || r.Other {
			continue
		}
		if g, ok := c.pattern(f.Path); ok && g.Match(path) {
			taken |= f.Access
		}
	}
	return taken
}
