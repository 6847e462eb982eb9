package lint

import (
	"slices"
	"strings"

	"apc/lang/diag"
)

var misspelledPath = &Rule{
	Name:     "misspelled-path",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a path below a directory that does not look right",
	Why:      "The directory is one letter away from one that every machine has. A rule on a directory that is not there grants nothing, and nobody tells.",
	Instead:  "Correct the path, or accept the finding where the directory is meant so.",
	Bad:      `config = ["/ect/app.conf"]`,
	Good:     `config = ["/etc/app.conf"]`,
	BadText: `  /procs/meminfo r,
  /var/logs/app.log w,`,
	GoodText: `  @{PROC}/meminfo r,
  /var/log/app.log w,`,
	check: checkMisspelled,
}

// standardDirectories are the directories that a machine has, by the directory
// that they are in (hier(7), file-hierarchy(7)).
var standardDirectories = map[string]string{
	"/":     "bin boot dev etc home lib lib32 lib64 libx32 media mnt opt proc root run sbin srv sys tmp usr var",
	"/usr/": "bin etc games include lib lib32 lib64 libexec libx32 local sbin share src tmp",
	"/var/": "adm backups cache crash db empty games lib local lock log mail metrics opt run snap spool tmp www",
}

// lookalikes are names near to those that are meant as they stand.
const lookalikes = "app bar cfs cvs data dbs doc efi etcd ftp hdd homes host lxc man net nfs nis nix obj prod snap sql ssd svn tftp usb vmail vol yp"

func checkMisspelled(c *context) {
	if a := c.profile.Attachment; a != "" && !c.profile.Hat {
		if wrong, right := misspelled(a); right != "" {
			c.reportProfile(wrong + " may be meant as " + right + ".")
		}
	}
	for _, r := range c.profile.Rules {
		if !stated(r) {
			continue
		}
		for _, path := range pathsOf(r) {
			if wrong, right := misspelled(path); right != "" && path != c.profile.Attachment {
				c.report(r, wrong+" may be meant as "+right+".")
				break
			}
		}
	}
}

// misspelled returns the first directory of a path that is none of the standard
// ones, and the one that is likely meant; "" where there is none.
func misspelled(path string) (wrong, right string) {
	for _, branch := range variants(path, nil) {
		for dir, words := range standardDirectories {
			known := strings.Fields(words)
			name, below, ok := strings.Cut(strings.TrimPrefix(branch, dir), "/")
			if !ok || !strings.HasPrefix(branch, dir) || below == "" && dir != "/" || wild(name) || slices.Contains(known, name) || slices.Contains(strings.Fields(lookalikes), name) {
				continue
			}
			if near := nearest(name, known); near != "" {
				return dir + name + "/", dir + near + "/"
			}
		}
	}
	return "", ""
}

// nearest returns the known name that a name of at least three letters is one
// edit away from. A digit more makes another name.
func nearest(name string, known []string) string {
	if len(name) < 3 || strings.ContainsAny(name, "0123456789") {
		return ""
	}
	if near := diag.Suggest(name, known); near != "" && oneEdit(name, near) {
		return near
	}
	return ""
}

// oneEdit says whether one letter was added, left out or replaced, or two
// neighbours changed places.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case len(b)-len(a) == 1:
		return a[i:] == b[i+1:]
	case len(a) != len(b) || i == len(a):
		return false
	case a[i+1:] == b[i+1:]:
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
