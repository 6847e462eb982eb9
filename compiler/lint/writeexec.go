package lint

import (
	"fmt"
	"regexp"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var writeExec = &Rule{
	Name:     "write-exec",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "a file can be written and executed",
	Why:      "Whoever can make the service write a file can then make it run that file: the profile no longer bounds what code it runs.",
	Instead:  "Keep what is executed or mapped where the service cannot write.",
	InText:   "Keep what is executed or mapped where the program cannot write.",
	Bad: `data = ["/opt/app/plugins/"]
run "/opt/app/plugins/*" {
  as = "inherit"
}`,
	Good: `data = ["/opt/app/data/"]
run "/opt/app/plugins/*" {
  as = "inherit"
}`,
	check: checkWriteExec,
}

// checkWriteExec compares what may be written with what may be executed or
// mapped. What an include brings counts, unless it brings both: that is the
// include's own doing.
func checkWriteExec(c *context) {
	var writes, executes []grant
	for _, g := range c.files().allow {
		w, x := g.access&rule.Append != 0, g.exec || g.access&rule.MapExec != 0
		if strings.HasSuffix(g.file.Path, "/") || g.included() && (w && x || strings.HasSuffix(g.file.Path, "/ld.so.cache")) {
			continue // the cache is data, which base lets be mapped
		}
		if w {
			writes = append(writes, g)
		}
		if x {
			executes = append(executes, g)
		}
	}
	for _, w := range writes {
		if !w.included() {
			c.reportExecutors(w, executes)
		}
	}
	for _, x := range executes {
		if !x.included() && x.access&rule.Append == 0 {
			c.reportWriters(x, writes)
		}
	}
}

// reportExecutors reports a rule that lets be written what it or others let be
// executed.
func (c *context) reportExecutors(w grant, executes []grant) {
	var first string
	var found []ir.Rule
	for _, x := range executes {
		path, ok := c.written(w, x)
		if !ok {
			continue
		}
		if x.file == w.file && x.by.Qualifiers == w.by.Qualifiers {
			c.report(w.by, "it lets it write "+path+" and execute or map it.")
			return
		}
		if found == nil {
			first = path
		}
		found = append(found, x.by)
	}
	if found != nil {
		c.report(w.by, "`"+found[0].String()+"` lets it execute or map "+first+", which this lets it write"+more(found)+".", found...)
	}
}

// reportWriters reports a rule that lets be executed what includes let be
// written.
func (c *context) reportWriters(x grant, writes []grant) {
	var first string
	var found []ir.Rule
	for _, w := range writes {
		if !w.included() {
			continue
		}
		path, ok := c.written(w, x)
		if !ok {
			continue
		}
		if found == nil {
			first = "`" + w.by.String() + "`, which `" + w.at.String() + "` brings, lets it write " + path
		}
		found = append(found, w.by)
	}
	if found != nil {
		c.report(x.by, first+more(found)+".", found...)
	}
}

// more says how many more rules than one there are.
func more(rules []ir.Rule) string {
	if n := len(rules) - 1; n > 0 {
		return fmt.Sprintf("; so do %d more", n)
	}
	return ""
}

// written returns a path that one rule lets be written and another be executed
// or mapped, by the same owner or by the same others.
// Devices are no code, and what only root owns none but root writes as its owner.
func (c *context) written(w, x grant) (path string, ok bool) {
	f := c.files()
	common, ok := meet(w.glob, x.glob)
	if !ok || strings.HasPrefix(common, "/dev/") && !strings.HasPrefix(common, "/dev/shm/") {
		return "", false
	}
	if w.by.Owner && (x.included() && !ofUsers.MatchString(common) || ofSystem.MatchString(common)) && !c.mayBeRoot() {
		return "", false
	}
	for _, owner := range []bool{false, true} {
		for _, bit := range []rule.Access{rule.Write, rule.Append} {
			write := need{access: bit, owner: owner}
			for _, use := range []need{{exec: true, owner: owner}, {access: rule.MapExec, owner: owner}} {
				if path, ok := f.both(common, w, write, x, use); ok {
					return path, true
				}
			}
		}
	}
	return "", false
}

// ofUsers are paths at which others than root own files, ofSystem such at which
// none but root does.
var (
	ofUsers  = regexp.MustCompile(`^/(home|tmp|var/tmp|dev/shm|run/user)/`)
	ofSystem = regexp.MustCompile(`^/(usr|bin|sbin|lib(32|64|x32)?|etc|boot)/`)
)

// both returns a path, if they have it then common, for which two rules give
// what is needed.
func (f *files) both(common string, a grant, one need, b grant, other need) (path string, ok bool) {
	if !a.gives(one) || !b.gives(other) {
		return "", false
	}
	if !f.takes(common, one, a.by.Priority) && !f.takes(common, other, b.by.Priority) {
		return common, true
	}
	left, err := f.left(a.glob, one, a.by.Priority)
	if err != nil {
		return "", false
	}
	rest, err := f.left(b.glob, other, b.by.Priority)
	if err != nil {
		return "", false
	}
	if left, err = left.Intersection(rest); err != nil {
		return "", false
	}
	return left.Shortest()
}
