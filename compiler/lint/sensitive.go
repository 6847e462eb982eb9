package lint

import (
	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

var sensitivePath = &Rule{
	Name:     "sensitive-path",
	Severity: diag.Error,
	Summary:  "a pattern reaches a file that gives power over the machine",
	Why:      "Passwords, private keys, cron tables and the like are worth an attack. Whoever needs one of them names it.",
	Instead:  "Narrow the pattern, or name the files that are needed.",
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

func checkSensitive(p *ir.Profile, report reporter) {
	allowedFiles(p, func(r ir.Rule, f rule.File) {
		g, err := glob.Parse(f.Path)
		if err != nil || f.Access&(rule.Read|rule.Write|rule.Append) == 0 || len(g.Variables()) > 0 {
			return
		}
		if _, literal := g.IsLiteral(); literal {
			return
		}
		for _, path := range sensitive {
			if g.Match(path) && !denied(p, path) {
				report(r, "it matches "+path+".")
				return
			}
		}
	})
}

// denied says whether a deny rule takes reading and writing of a path back.
func denied(p *ir.Profile, path string) bool {
	const both = rule.Read | rule.Write
	var taken rule.Access
	for _, r := range p.Rules {
		f, ok := r.Body.(rule.File)
		if !ok || r.Action != rule.Deny || r.Owner {
			continue
		}
		if g, err := glob.Parse(f.Path); err == nil && len(g.Variables()) == 0 && g.Match(path) {
			taken |= f.Access
		}
	}
	return taken&both == both
}
