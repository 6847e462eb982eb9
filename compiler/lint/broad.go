package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadWrite = &Rule{
	Name:     "broad-write",
	Severity: diag.Error,
	Summary:  "writing is allowed too broadly",
	Why: "A `**` that is not below a directory of the service's own lets it change files of others: configuration, " +
		"programs, other services' data. A service that is broken into then owns the machine.",
	Instead: "Declare the service's own directory, as in data = [\"/var/lib/NAME/\"], or name the files.",
	Bad:     `data = ["/var/lib/**"]`,
	Good:    `data = ["/var/lib/app/"]`,
	check:   func(p *ir.Profile, report reporter) { broad(p, report, rule.Write|rule.Append|rule.LinkTo) },
}

var broadRead = &Rule{
	Name:     "broad-read",
	Severity: diag.Warning,
	Summary:  "reading or executing is allowed too broadly",
	Why: "A `**` that is not below a directory of the service's own reaches files that it has no business with: keys, " +
		"other services' configuration, home directories.",
	Instead: "Declare the directory that is meant, as in config = [\"/etc/NAME/\"], or name the files.",
	Bad:     `config = ["/etc/**"]`,
	Good:    `config = ["/etc/app/"]`,
	check:   func(p *ir.Profile, report reporter) { broad(p, report, 0) },
}

// shared are directories that belong to no single service: a `**` below one
// of them is too broad, whoever declares it.
var shared = []string{
	"/", "/boot/", "/dev/", "/etc/", "/home/", "/media/", "/mnt/", "/opt/", "/proc/", "/root/", "/run/", "/srv/", "/sys/", "/tmp/",
	"/usr/", "/usr/bin/", "/usr/lib/", "/usr/local/", "/usr/local/bin/", "/usr/sbin/", "/usr/share/", "/var/", "/var/cache/",
	"/var/lib/", "/var/log/", "/var/spool/", "/var/tmp/", "/var/www/",
	"@{HOME}/", "@{HOMEDIRS}/", "@{PROC}/", "@{run}/", "@{sys}/", "/home/*/", "@{HOMEDIRS}/*/",
}

// systemRead are shared directories that hold programs and their data, open to
// everybody: to read below them is no fault where the policy declares it.
var systemRead = []string{"/usr/", "/usr/bin/", "/usr/lib/", "/usr/sbin/", "/usr/share/"}

// broad reports rules with `**` that change files (mask) or only read them.
func broad(p *ir.Profile, report reporter, mask rule.Access) {
	const changes = rule.Write | rule.Append | rule.LinkTo
	allowedFiles(p, func(r ir.Rule, f rule.File) {
		if f.Path == "" || !strings.Contains(f.Path, "**") || (f.Access&changes != 0) != (mask != 0) {
			return
		}
		base := fixedPart(f.Path)
		declared := slices.ContainsFunc(p.Own, func(own string) bool { return strings.HasPrefix(f.Path, own) })
		switch {
		case mask == 0 && declared && slices.Contains(systemRead, base):
		case slices.Contains(shared, base):
			report(r, "it covers everything below "+base+", which no service has for itself.")
		case !declared:
			report(r, "it is not below a directory that the policy declares.")
		}
	})
}

// fixedPart returns the directory that holds all that a path glob matches. A
// component that begins with a name, as in /etc/python3.*/, counts as one.
func fixedPart(path string) string {
	from := 0
	if strings.HasPrefix(path, "@{") {
		from = strings.IndexByte(path, '}') + 1
	}
	if i := strings.IndexAny(path[from:], "*?[{@"); i >= 0 {
		name, end := path[strings.LastIndexByte(path[:from+i], '/')+1:from+i], strings.IndexByte(path[from+i:], '/')
		if len(name) >= 3 && end > 0 && !strings.Contains(path[from+i:from+i+end], "**") {
			return path[:from+i+end+1]
		}
		path = path[:from+i]
	}
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i+1]
	}
	return path
}
