package lint

import (
	"regexp"
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/glob"
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
	check: func(c *context) {
		c.everything(true)
		c.eachOwn(writesBroadly)
	},
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
	check: func(c *context) {
		c.everything(false)
		c.eachOwn(readsBroadly)
	},
}

// shared are directories that belong to no single service: a `**` below one
// of them is too broad, whoever declares it.
var shared = []string{
	"/", "/bin/", "/boot/", "/dev/", "/etc/", "/home/", "/lib/", "/lib32/", "/lib64/", "/media/", "/mnt/", "/opt/", "/proc/", "/root/",
	"/run/", "/run/user/", "/sbin/", "/srv/", "/sys/", "/usr/", "/usr/bin/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/",
	"/usr/libexec/", "/usr/local/", "/usr/local/bin/", "/usr/sbin/", "/usr/share/", "/var/", "/var/cache/", "/var/lib/", "/var/log/",
	"/var/run/", "/var/spool/", "/var/www/",
}

// systemRead are shared directories that hold programs and their data, open to
// everybody: to read below them is no fault where the policy declares it.
var systemRead = []string{
	"/bin/", "/lib/", "/lib32/", "/lib64/", "/sbin/", "/usr/", "/usr/bin/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/libexec/",
	"/usr/sbin/", "/usr/share/",
}

// changes are the permissions that change what files there are and what is in
// them.
var changes = []rule.Access{rule.Write, rule.Append, rule.LinkTo}

// writesBroadly tells where a rule lets files of others be changed.
func writesBroadly(c *context, g grant) string {
	for _, bit := range changes {
		if g.access&bit != 0 {
			if detail := c.broad(g, need{access: bit}, false); detail != "" {
				return detail
			}
		}
	}
	return ""
}

// readsBroadly tells where a rule that changes nothing broadly reaches files of
// others.
func readsBroadly(c *context, g grant) string {
	if strings.HasSuffix(g.file.Path, "/") && g.access == rule.Read && !g.exec {
		return "" // names of files, not what is in them
	}
	if writesBroadly(c, g) != "" {
		return ""
	}
	for _, n := range []need{{access: rule.Read}, {access: rule.MapExec}, {exec: true}} {
		if detail := c.broad(g, n, true); detail != "" {
			return detail
		}
	}
	return ""
}

// broad tells whether a rule is about everything below a shared directory, or
// has a `**` below nothing that the policy declares. Profile text declares no
// directories, so there only shared ones count. With system, directories of the
// system may be read.
func (c *context) broad(g grant, n need, system bool) string {
	n.owner = g.by.Owner
	if !g.gives(n) || !strings.ContainsAny(g.glob.String(), "*?") {
		return ""
	}
	declared := c.isText() || g.included() || !strings.Contains(g.glob.String(), "**") || c.declares(g.file.Path)
	reached := c.run.everywhere(g.glob)
	for _, dir := range shared {
		switch {
		case !slices.Contains(reached, dir), c.files().takes(unlike(dir), n, g.by.Priority):
		case system && declared && slices.Contains(systemRead, dir):
		case g.by.Owner && (dir == "/home/" || dir == "/root/"): // for broad-home
		default:
			return "it reaches files everywhere below " + dir + ", which no service has for itself."
		}
	}
	if declared || opensTemp(c, g) != "" || opensHome(c, g) != "" {
		return ""
	}
	if _, left := c.files().reaches(g, n, nil); !left {
		return ""
	}
	return "it is not below a directory that the policy declares."
}

func (c *context) declares(path string) bool {
	return slices.ContainsFunc(c.profile.Own, func(own string) bool { return strings.HasPrefix(path, own) })
}

// everywhere returns the directories below which a glob reaches all files: with
// `**` by what stands before that. They are remembered for the run.
func (r *Run) everywhere(g glob.Glob) []string {
	type key struct{ text string }
	known, ok := r.reached.Load(key{g.String()})
	if !ok {
		known, _ = r.reached.LoadOrStore(key{g.String()}, everywhere(g))
	}
	return known.([]string)
}

func everywhere(g glob.Glob) []string {
	var out []string
	if !aboutOneName(g.String()) {
		out = bases(g.String())
	}
	for _, dir := range shared {
		if g.Match(unlike(dir)) && !slices.Contains(out, dir) {
			out = append(out, dir)
		}
	}
	return out
}

// aboutOneName says whether a glob ends in the name of a file, as in
// /var/cache/**/icon-theme.cache: that is not everything below a directory.
func aboutOneName(pattern string) bool {
	last := pattern[strings.LastIndexByte(pattern, '/')+1:]
	return last != "" && plain(last) == last
}

// unlike returns a path below a directory that no rule names.
func unlike(dir string) string {
	const name = "qz7"
	switch dir {
	case "/home/", "/run/user/", "/proc/", "/media/":
		return dir + name + "/" + name + "/" + name
	}
	return dir + name + "/" + name
}

// everything reports rules that grant all access to all files, as far as no
// deny takes all of that: those that can change files, or those that cannot.
func (c *context) everything(writes bool) {
	for _, m := range append(c.messages(rule.KindFile), c.messages(rule.KindAll)...) {
		left := func(bit rule.Access) bool { return !c.files().takes(unlike("/"), need{access: bit}, m.by.Priority) }
		changes := slices.ContainsFunc(changes, left)
		if !m.included() && (writes && changes || !writes && !changes && left(rule.Read)) {
			c.report(m.by, "it grants every access to every file.")
		}
	}
}

// eachOwn reports the rules on files that stand in the profile itself and with
// which something is wrong.
func (c *context) eachOwn(fault func(*context, grant) string) {
	for _, g := range c.files().allow {
		if g.included() {
			continue
		}
		if detail := fault(c, g); detail != "" {
			c.report(g.by, detail)
		}
	}
}

// bases returns the directories of which a path glob covers all that is below
// them: up to its `**`, and without components before that which name nothing,
// as in /home/*/**.
func bases(path string) []string {
	var out []string
	for _, v := range variants(path, nil) {
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
