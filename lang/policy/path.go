package policy

import (
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/glob"
)

// Symlink is a directory or file that is a symbolic link on every target
// (Debian 12 and later, Ubuntu 24.04: merged /usr, /run). The kernel matches
// real paths, so a rule below one never applies.
type Symlink struct {
	From, To string
	Host     bool // of a Debian host, which an image need not have
}

// Symlinks returns the symbolic links that every target has.
func Symlinks() []Symlink { return slices.Clone(symlinks) }

var symlinks = []Symlink{
	{"/bin", "/usr/bin", true},
	{"/sbin", "/usr/sbin", true},
	{"/lib", "/usr/lib", true},
	{"/lib32", "/usr/lib32", true},
	{"/lib64", "/usr/lib64", true},
	{"/libx32", "/usr/libx32", true},
	{"/var/run", "/run", true},
	{"/var/lock", "/run/lock", true},
	{"/etc/mtab", "@{PROC}/@{pid}/mounts", false},
	{"/proc/self", "@{PROC}/@{pid}", false},
	{"/proc/thread-self", "@{PROC}/@{pid}/task/@{tid}", false},
	{"/proc/mounts", "@{PROC}/@{pid}/mounts", false},
	{"/proc/net", "@{PROC}/@{pid}/net", false},
	{"@{PROC}/self", "@{PROC}/@{pid}", false},
	{"@{PROC}/mounts", "@{PROC}/@{pid}/mounts", false},
	{"@{PROC}/net", "@{PROC}/@{pid}/net", false},
	{"/dev/fd", "@{PROC}/@{pid}/fd", false},
	{"/dev/stdin", "@{PROC}/@{pid}/fd/0", false},
	{"/dev/stdout", "@{PROC}/@{pid}/fd/1", false},
	{"/dev/stderr", "@{PROC}/@{pid}/fd/2", false},
}

// pathOptions says what a path may be in the place where it stands.
type pathOptions struct {
	literal    bool // no wildcards
	file       bool // no directory: it may not end in "/"
	anySymlink bool // a symbolic link is fine here
}

// checkPath refuses paths that AppArmor refuses or that can never match.
func (d *decoder) checkPath(p string, at diag.Range, o pathOptions) bool {
	if p == "" {
		d.errorf(at, "bad-path", "an empty path", "Write an absolute path.")
		return false
	}
	if !d.checkText(p, at) {
		return false
	}
	if !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "@{") && !strings.HasPrefix(p, "{/") && !strings.HasPrefix(p, "{,/") {
		d.errorf(at, "relative-path", "the path is not absolute", "AppArmor matches absolute paths: begin with \"/\" or with a variable such as \"@{HOME}\".")
		return false
	}
	g, err := glob.Parse(p)
	if err != nil {
		d.errorf(at, "bad-glob", "AppArmor refuses this path", "%s", globError(p, err))
		return false
	}
	if _, isLiteral := g.IsLiteral(); o.literal && !isLiteral && len(g.Variables()) == 0 {
		d.errorf(at, "not-literal", "a single path is needed here", "Wildcards are not allowed in this place; write each path out, or escape the character with \"\\\\\".")
		return false
	}
	return d.checkComponents(p, at, o) && d.checkSymlink(p, at, o)
}

func globError(p string, err error) string {
	se, ok := err.(*glob.SyntaxError)
	if !ok {
		return diag.Sentence(err.Error())
	}
	text := diag.Sentence(se.Msg + ", at character " + itoa(len([]rune(p[:min(se.Offset, len(p))]))+1))
	if se.Hint != "" {
		text += " " + diag.Sentence(se.Hint)
	}
	return text
}

// checkComponents refuses what can never be part of a real path.
func (d *decoder) checkComponents(p string, at diag.Range, o pathOptions) bool {
	for _, c := range strings.Split(p, "/") {
		if c == "." || c == ".." {
			d.errorf(at, "dot-component", "the path has a \""+c+"\" component",
				"The kernel matches resolved paths, in which none is left: write the path without it.")
			return false
		}
	}
	if strings.Contains(p, "//") {
		d.errorf(at, "double-slash", "the path has \"//\"", "Write a single \"/\".")
		return false
	}
	if o.file && strings.HasSuffix(p, "/") {
		d.errorf(at, "directory", "a single file is needed here, and this is a directory", "Name each file.")
		return false
	}
	return true
}

func (d *decoder) checkSymlink(p string, at diag.Range, o pathOptions) bool {
	if o.anySymlink {
		return true
	}
	for _, s := range symlinks {
		if s.Host && d.container || p != s.From && !strings.HasPrefix(p, s.From+"/") {
			continue
		}
		real := s.To + p[len(s.From):]
		diagnostic := diag.Errorf(at, "symlink", "the path is below a symbolic link",
			"The kernel matches real paths, and %s is a link to %s: write %q.", s.From, s.To, real)
		d.diags = append(d.diags, diagnostic)
		return false
	}
	return true
}
