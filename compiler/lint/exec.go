package lint

import (
	"fmt"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
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

func checkWriteExec(c *context) {
	type entry struct {
		r ir.Rule
		g glob.Glob
	}
	var writes, executes []entry
	c.allowedFiles(func(r ir.Rule, f rule.File) {
		g, ok := c.pattern(f.Path)
		if !ok {
			return
		}
		if f.Access&(rule.Write|rule.Append) != 0 {
			writes = append(writes, entry{r, g})
		}
		if f.Exec != "" || f.Access&rule.MapExec != 0 {
			executes = append(executes, entry{r, g})
		}
	})
	for _, w := range writes {
		var first string
		var others []ir.Rule
		for _, x := range executes {
			path, ok := meet(w.g, x.g)
			switch {
			case !ok:
			case w.r.String() == x.r.String():
				c.report(w.r, "it does both.")
			default:
				if others == nil {
					first = path
				}
				others = append(others, x.r)
			}
		}
		if others != nil {
			c.report(w.r, executedBy(others, first), others...)
		}
	}
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

// meet returns a path that two globs have in common.
func meet(a, b glob.Glob) (path string, ok bool) {
	if a.String() == b.String() {
		return a.String(), true
	}
	ok, path, err := glob.Intersects(a, b)
	return path, ok && err == nil
}

var unconfinedExec = &Rule{
	Name:     "unconfined-exec",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "a program runs unconfined",
	Why:      "What runs unconfined does whatever its user may, and whoever controls its arguments or input does too.",
	Instead:  "Write as = \"child\" with what the program needs, or as = \"profile\" where it has one.",
	InText:   "Write Cx with a child for what the program needs, or Px where it has a profile.",
	Bad: `run "/usr/bin/convert" {
  as = "unconfined"
}`,
	Good: `run "/usr/bin/convert" {
  as   = "child"
  data = ["/var/lib/app/thumbs/"]
}`,
	check: func(c *context) {
		for _, r := range c.profile.Rules {
			if r.Action == rule.Deny {
				continue
			}
			switch b := r.Body.(type) {
			case rule.File:
				switch mode := strings.ToLower(string(b.Exec)); {
				case mode == "ux":
					c.report(r, "the program leaves every confinement.")
				case strings.Contains(mode, "u"):
					c.report(r, "the program leaves every confinement where its profile is missing.")
				}
			case rule.ChangeProfile:
				if b.Target == "unconfined" || b.Target == "" || strings.HasPrefix(b.Target, "*") {
					c.report(r, "the service may leave its confinement by itself.")
				}
			}
		}
	},
}
