package lint

import (
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadMount = &Rule{
	Name:     "broad-mount",
	Group:    Breadth,
	Severity: diag.Error,
	Summary:  "anything may be mounted anywhere",
	Why: "AppArmor decides by paths. Who may bind /etc to a directory that it may write, or mount over what others trust, makes every rule on " +
		"files mean something else.",
	Instead:  "Name the source and the mount point, as in mount { source = \"/dev/sdb1\", target = \"/mnt/backup/\" }.",
	InText:   "Name the source and the mount point, as in `mount fstype=ext4 /dev/sdb1 -> /mnt/backup/,`.",
	BadText:  `  mount,`,
	GoodText: `  mount fstype=tmpfs tmpfs -> /run/app/scratch/,`,
	check: func(c *context) {
		c.eachMessage(rule.KindMount, mountsFreely)
		c.eachMessage(rule.KindRemount, mountsFreely)
		c.eachMessage(rule.KindUmount, mountsFreely)
		c.eachMessage(rule.KindPivotRoot, pivotsFreely)
	},
}

// mountsFreely tells that a rule leaves the mount point open, and for a mount
// the source.
func mountsFreely(c *context, m message) string {
	b := m.by.Body.(rule.Mount)
	if !c.anywhere(b.Target) {
		return ""
	}
	switch b.Op {
	case rule.KindRemount:
		if len(b.Options) > 0 {
			return ""
		}
		return "it may change the options of every mount: nosuid, noexec and ro go."
	case rule.KindUmount:
		return "it may take away every mount, and show what lies below."
	}
	if len(b.Fstype) > 0 || b.NoSource || !c.anywhere(b.Source) || harmless(b.Options) {
		return ""
	}
	return "it names neither source nor mount point."
}

// harmless says whether the options of a mount let it neither bring files nor
// move them.
func harmless(options []rule.MountCondition) bool {
	for _, o := range options {
		for _, word := range o.Values {
			switch word {
			case "remount", "make-private", "make-rprivate", "make-slave", "make-rslave", "make-unbindable", "make-runbindable", "private", "rprivate", "slave", "rslave":
				return true
			}
		}
	}
	return false
}

// pivotsFreely tells that a rule lets any directory become the root.
func pivotsFreely(c *context, m message) string {
	b := m.by.Body.(rule.PivotRoot)
	if b.OldRoot != "" || !c.anywhere(b.NewRoot) {
		return ""
	}
	return "it may make any directory the root of all paths."
}

// anywhere says whether a glob of paths, which "" leaves open, names nothing.
func (c *context) anywhere(path string) bool {
	if path == "" {
		return true
	}
	g, ok := c.pattern(path)
	return ok && (g.Match("/qz7/qz7/") || g.Match("/qz7/qz7"))
}

// eachMessage reports the rules of a kind that stand in the profile itself and
// with which something is wrong.
func (c *context) eachMessage(kind rule.Kind, fault func(*context, message) string) {
	for _, m := range c.messages(kind) {
		if m.included() {
			continue
		}
		if detail := fault(c, m); detail != "" {
			c.report(m.by, detail)
		}
	}
}
