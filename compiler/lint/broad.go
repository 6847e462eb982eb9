package lint

import (
	"regexp"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadWrite = &Rule{
	Name:     "broad-write",
	Group:    Breadth,
	Severity: diag.Error,
	Summary:  "writing is allowed too broadly",
	Why: "A `**` that is not below a directory of the service's own lets it change files of others: configuration, " +
		"programs, other services' data. A service that is broken into then owns the machine.",
	Instead: "Declare the service's own directory, as in data = [\"/var/lib/NAME/\"], or name the files.",
	InText:  "Name a directory that is the program's own, as in `/var/lib/NAME/** rw,`, or the files.",
	Bad:     `data = ["/var/lib/**"]`,
	Good:    `data = ["/var/lib/app/"]`,
	check:   func(c *context) { broad(c, rule.Write|rule.Append|rule.LinkTo) },
}

var broadRead = &Rule{
	Name:     "broad-read",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "reading or executing is allowed too broadly",
	Why: "A `**` that is not below a directory of the service's own reaches files that it has no business with: keys, " +
		"other services' configuration, home directories.",
	Instead: "Declare the directory that is meant, as in config = [\"/etc/NAME/\"], or name the files.",
	InText:  "Name the directory that is meant, as in `/etc/NAME/** r,`, or the files.",
	Bad:     `config = ["/etc/**"]`,
	Good:    `config = ["/etc/app/"]`,
	check:   func(c *context) { broad(c, 0) },
}

// shared are directories that belong to no single service: a `**` below one
// of them is too broad, whoever declares it.
var shared = []string{
	"/", "/bin/", "/boot/", "/dev/", "/etc/", "/home/", "/lib/", "/lib32/", "/lib64/", "/media/", "/mnt/", "/opt/", "/proc/", "/root/",
	"/run/", "/run/user/", "/sbin/", "/srv/", "/sys/", "/tmp/", "/usr/", "/usr/bin/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/",
	"/usr/libexec/", "/usr/local/", "/usr/local/bin/", "/usr/sbin/", "/usr/share/", "/var/", "/var/cache/", "/var/lib/", "/var/log/",
	"/var/run/", "/var/spool/", "/var/tmp/", "/var/www/", "@{HOME}/", "@{HOMEDIRS}/", "@{PROC}/", "@{run}/", "@{sys}/",
}

// systemRead are shared directories that hold programs and their data, open to
// everybody: to read below them is no fault where the policy declares it.
var systemRead = []string{
	"/bin/", "/lib/", "/lib32/", "/lib64/", "/sbin/", "/usr/", "/usr/bin/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libexec/",
	"/usr/sbin/", "/usr/share/",
}

// broad reports rules with `**` that change files (mask) or only read them.
// Profile text declares no directories, so there only shared ones count.
func broad(c *context, mask rule.Access) {
	const changes = rule.Write | rule.Append | rule.LinkTo
	if mask != 0 {
		everything(c)
	}
	c.allowedFiles(func(r ir.Rule, f rule.File) {
		if !strings.Contains(f.Path, "**") || (f.Access&changes != 0) != (mask != 0) {
			return
		}
		if strings.HasSuffix(f.Path, "/") && f.Access == rule.Read && f.Exec == "" {
			return // names of files, not what is in them
		}
		declared := c.isText() || slices.ContainsFunc(c.profile.Own, func(own string) bool { return strings.HasPrefix(f.Path, own) })
		for _, base := range bases(f.Path, c.Module.Values) {
			if slices.Contains(shared, base) && (mask != 0 || !declared || !slices.Contains(systemRead, base)) {
				c.report(r, "it reaches files everywhere below "+base+", which no service has for itself.")
				return
			}
		}
		if !declared {
			c.report(r, "it is not below a directory that the policy declares.")
		}
	})
}

// everything reports rules that grant all access to all files.
func everything(c *context) {
	for _, r := range c.profile.Rules {
		f, isFile := r.Body.(rule.File)
		_, isAll := r.Body.(rule.All)
		if r.Action != rule.Deny && (isAll || isFile && f.Path == "") {
			c.report(r, "it grants every access to every file.")
		}
	}
}

// bases returns the directories of which a path glob covers all that is below
// them: up to its `**`, and without components before that which name nothing,
// as in /home/*/**.
func bases(path string, values map[string][]string) []string {
	var out []string
	for _, v := range append(variants(path, nil), variants(path, values)...) {
		i := strings.Index(v, "**")
		if i < 0 {
			continue
		}
		dir := v[:i]
		for {
			above := strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/') + 1
			if above == 0 || naming(dir[above:]) {
				break
			}
			dir = dir[:above]
		}
		if !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}

// naming says whether a component of a path names something: whether it has no
// wildcard, or two characters in a row that are none.
func naming(component string) bool {
	if !strings.ContainsAny(component, "*?[{@") {
		return true
	}
	return named.MatchString(wildcard.ReplaceAllString(component, "*"))
}

var (
	wildcard = regexp.MustCompile(`\[[^]]*\]|@\{[^}]*\}|\\.`)
	named    = regexp.MustCompile(`[A-Za-z0-9_-]{2}`)
)
