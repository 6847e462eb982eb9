package lint

import (
	"fmt"
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
// mapped. What an include brings counts, unless it brings both: that is for
// broad-abstraction to tell.
func checkWriteExec(c *context) {
	var writes, executes []grant
	for _, g := range c.files().allow {
		if g.access&rule.Append != 0 {
			writes = append(writes, g)
		}
		if g.exec || g.access&rule.MapExec != 0 {
			executes = append(executes, g)
		}
	}
	for _, w := range writes {
		c.reportExecutors(w, executes)
	}
}

// reportExecutors reports a rule that lets a file be written which others let
// be executed. A pair of which only the other stands in the profile itself is
// reported there.
func (c *context) reportExecutors(w grant, executes []grant) {
	var first string
	var others []ir.Rule
	for _, x := range executes {
		both := x.access&rule.Append != 0
		if w.included() && x.included() || x.included() && (both || strings.HasSuffix(x.file.Path, "/ld.so.cache")) {
			continue // the cache is data, which base lets be mapped
		}
		path, ok := c.files().written(w, x)
		switch {
		case !ok:
		case x.file == w.file && x.by.Qualifiers == w.by.Qualifiers:
			c.report(w.by, "it lets it write "+path+" and execute or map it.")
		case w.included():
			if !both {
				c.report(x.by, "`"+w.by.String()+"`, which `"+w.at.String()+"` brings, lets it write "+path+".", w.by)
			}
		default:
			if others == nil {
				first = path
			}
			others = append(others, x.by)
		}
	}
	if others != nil {
		c.report(w.by, executedBy(others, first), others...)
	}
}

// written returns a path that one rule lets be written and another be executed
// or mapped, by the same owner or by the same others.
func (f *files) written(w, x grant) (path string, ok bool) {
	common, ok := meet(w.glob, x.glob)
	if !ok {
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

// executedBy says which rules execute what another one writes, a path of the
// first for an example.
func executedBy(rules []ir.Rule, path string) string {
	s := "`" + rules[0].String() + "` lets it execute or map " + path + ", which this lets it write"
	if n := len(rules) - 1; n > 0 {
		s += fmt.Sprintf("; so do %d more", n)
	}
	return s + "."
}
