package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/policy"
	"apc/lang/profile"
	"apc/lang/rule"
)

var symlinkedPath = &Rule{
	Name:     "symlinked-path",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a path below a symbolic link",
	Why: "The kernel asks about real paths. Where /usr is merged, /bin/sh is /usr/bin/sh to it; /var/run/x is /run/x, and /proc/self/x is " +
		"/proc/PID/x. The rule matches nothing there.",
	Instead: "Write the real path, or both: `/{,usr/}bin/sh`, `/{,var/}run/x`, `@{PROC}/@{pid}/x`.",
	Bad:     `raw = "/var/run/app.pid rw,"`,
	Good:    `raw = "/run/app.pid rw,"`,
	BadText: `  /var/run/app.pid rw,
  /bin/dash ix,
  owner @{PROC}/self/status r,`,
	GoodText: `  @{run}/app.pid rw,
  /{,usr/}bin/dash ix,
  owner @{PROC}/@{pid}/status r,`,
	check: checkSymlinks,
}

func checkSymlinks(c *context) {
	links := c.links()
	if a := c.profile.Attachment; a != "" && !c.profile.Hat {
		if dead := c.deadBranches(a, links, nil); dead != nil && len(dead) == len(variants(a, c.values())) {
			c.reportProfile("the kernel knows " + dead[0].path + " as " + dead[0].real + ", so the profile attaches to nothing.")
		}
	}
	for _, r := range c.profile.Rules {
		paths := pathsOf(r)
		if len(paths) == 0 || !stated(r) || ruleTarget(r, c.profile) {
			continue
		}
		if dead := c.deadBranches(paths[0], links, &r); dead != nil {
			c.reportFix(c.realPath(r, paths[0], dead), r, "the kernel knows "+dead[0].path+" as "+dead[0].real+".")
		}
	}
}

// ruleTarget says whether a rule is about the very program that the profile
// attaches to, of which the finding about the profile tells.
func ruleTarget(r ir.Rule, p *ir.Profile) bool {
	f, ok := r.Body.(rule.File)
	return ok && f.Path == p.Attachment
}

// links returns the symbolic links that count: in a container those alone that
// every image has, and none that an alias makes two of.
func (c *context) links() []policy.Symlink {
	aliases := c.aliases()
	return slices.DeleteFunc(policy.Symlinks(), func(l policy.Symlink) bool {
		aliased := slices.ContainsFunc(aliases, func(from string) bool {
			return strings.HasPrefix(from, l.From) || strings.HasPrefix(l.From+"/", from)
		})
		return aliased || l.Host && c.Service != nil && c.Service.Container
	})
}

// aliases returns the beginnings of paths that aliases rewrite.
func (c *context) aliases() []string {
	var out []string
	for _, a := range c.Module.Aliases {
		out = append(out, a.From)
	}
	c.eachStatement(func(n profile.Node) {
		if a, ok := n.(*profile.Alias); ok {
			out = append(out, a.From)
		}
	})
	return out
}

// deadBranch is a branch of a path below a link, with what the kernel has in
// its place.
type deadBranch struct {
	path, real string
	link       policy.Symlink
}

// deadBranches returns the branches of a path that are below a link, unless the
// path, or with r another rule of the profile, says the same about what the
// kernel has in their place.
func (c *context) deadBranches(path string, links []policy.Symlink, r *ir.Rule) []deadBranch {
	var out []deadBranch
	for _, branch := range variants(path, c.values()) {
		i := slices.IndexFunc(links, func(l policy.Symlink) bool { return strings.HasPrefix(branch+"/", l.From+"/") })
		if i < 0 {
			continue
		}
		l := links[i]
		real := l.To + branch[len(l.From):]
		if g, ok := c.pattern(real); !ok || !c.saidOf(g, path, r) {
			out = append(out, deadBranch{branch, real, l})
		}
	}
	return out
}

// saidOf says whether a path matches all of a glob, or where there is a rule
// whether another rule of the profile does, with its action and permissions.
func (c *context) saidOf(real glob.Glob, path string, r *ir.Rule) bool {
	if g, ok := c.pattern(path); ok && includes(g, real) {
		return true
	}
	if r == nil {
		return false
	}
	want, ok := fileOf(*r)
	found := false
	c.everyRule(func(other ir.Rule, _ bool) {
		f, isFile := fileOf(other)
		if found || !ok || !isFile || other.Action != r.Action || (want.Exec != "") && (f.Exec == "") || want.Grants()&^f.Grants() != 0 {
			return
		}
		g, ok := c.pattern(f.Path)
		found = ok && includes(g, real)
	})
	return found
}

// realPath returns the edit that writes the real path, where the path begins
// with the link as it stands and what takes its place has a value here. As the
// rule had no effect, the edit grants something: there is none where that is more
// than to read, or is to read of other users' processes.
func (c *context) realPath(r ir.Rule, path string, dead []deadBranch) []diag.Edit {
	l := dead[0].link
	if !strings.HasPrefix(path+"/", l.From+"/") || !onlyReads(r) || !r.Owner && strings.HasPrefix(l.To, "@{PROC}") {
		return nil
	}
	to := bothNames(l)
	if _, ok := c.pattern(to); !ok {
		return nil
	}
	return c.replacing(r, path, to+path[len(l.From):])
}

// onlyReads says whether a rule allows to read a file and perhaps to map it, and
// nothing else.
func onlyReads(r ir.Rule) bool {
	f, ok := r.Body.(rule.File)
	return ok && r.Action == rule.Allow && f.Access&rule.Read != 0 && f.Access&^(rule.Read|rule.MapExec) == 0 && f.Exec == "" && f.Target == ""
}

// bothNames spells a link and what it leads to, where both are directories of
// the same purpose, and else the latter.
func bothNames(l policy.Symlink) string {
	switch {
	case strings.HasPrefix(l.To, "/usr/"):
		return "/{,usr/}" + strings.TrimPrefix(l.To, "/usr/")
	case l.From == "/var/run":
		return "/{,var/}run"
	}
	return l.To
}
