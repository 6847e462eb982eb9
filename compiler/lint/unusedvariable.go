package lint

import (
	"regexp"
	"strings"

	"apc/lang/diag"
	"apc/lang/profile"
)

var unusedVariable = &Rule{
	Name:     "unused-variable",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a variable that nothing uses",
	Why:      "A value that is read nowhere has no effect: either it is left over, or a rule that should use it spells out something else.",
	Instead:  "Use it, or remove it.",
	InText:   "Use it as `@{NAME}`, or remove the line.",
	Bad: `variable "state" {
  default = "/var/lib/app/"
}
service "app" {
  attachment = "none"
  data       = ["/var/lib/app/"]
}`,
	Good: `variable "state" {
  default = "/var/lib/app/"
}
service "app" {
  attachment = "none"
  data       = [var.state]
}`,
	BadText: `abi <abi/3.0>,
@{STATE} = /var/lib/app
profile app /usr/bin/app {
  include <abstractions/base>
  /var/lib/app/** rw,
  include if exists <local/app>
}
`,
	GoodText: `abi <abi/3.0>,
@{STATE} = /var/lib/app
profile app /usr/bin/app {
  include <abstractions/base>
  @{STATE}/** rw,
  include if exists <local/app>
}
`,
	checkPolicy: func(c *context) {
		c.unusedDeclared("variable", "nothing refers to var.%s.")
		c.unusedDeclared("local", "nothing refers to local.%s.")
	},
	checkText: checkUnusedVariables,
}

// unusedDeclared reports what policies declare of a kind and nothing uses.
func (c *context) unusedDeclared(kind, detail string) {
	for _, d := range c.Policy.Declared {
		if d.Kind == kind && !d.Used {
			c.reportAt(d.Range, kind+" "+d.Name, strings.ReplaceAll(detail, "%s", d.Name))
		}
	}
}

// checkUnusedVariables looks at what a text with profiles assigns. A text
// without any is one of tunables for others, and += may be meant for what
// others include.
func checkUnusedVariables(c *context) {
	if len(c.modules) == 0 {
		return
	}
	used := map[string]bool{}
	assigned := map[string][]*profile.Assign{}
	c.eachStatement(func(n profile.Node) {
		text := statementOf(n).Raw
		if _, ok := n.(*profile.Assign); ok {
			_, text, _ = strings.Cut(text, "=")
		}
		for _, name := range variableNames(text) {
			used[name] = true
		}
	})
	c.ownStatements(func(n profile.Node) {
		if a, ok := n.(*profile.Assign); ok && !used[a.Name] {
			assigned[a.Name] = append(assigned[a.Name], a)
		}
	})
	for _, all := range assigned {
		c.unusedAssign(all)
	}
}

// unusedAssign reports a variable by its first assignment. The edit takes all of
// them away, or there is none.
func (c *context) unusedAssign(all []*profile.Assign) {
	first := all[0]
	if first.Op == "+=" {
		return
	}
	c.reportAt(first.Range, strings.Join(strings.Fields(first.Raw), " "), "no rule, attachment or condition refers to it.", c.removingAll(all)...)
}

func (c *context) removingAll(all []*profile.Assign) []diag.Edit {
	if c.usedElsewhere() {
		return nil
	}
	var fix []diag.Edit
	for _, a := range all {
		edits := c.removing(originAt(a.Range))
		if edits == nil {
			return nil
		}
		fix = append(fix, edits...)
	}
	return fix
}

// usedElsewhere says whether files that are not here may use the text's
// variables: those that it includes on machines that have them, as of local/, and
// where it has no profile of its own those that include it.
func (c *context) usedElsewhere() bool {
	profiles, absent := false, false
	c.ownStatements(func(n profile.Node) {
		switch n := n.(type) {
		case *profile.Profile:
			profiles = true
		case *profile.Include:
			absent = absent || len(n.Paths) == 0
		}
	})
	return absent || !profiles
}

// variableNames returns the variables that a text refers to.
func variableNames(text string) []string {
	var out []string
	for _, m := range variableUse.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// variableUse matches a reference to a variable of profile text.
var variableUse = regexp.MustCompile(`[@$]\{?([A-Za-z][A-Za-z0-9_]*)\}?`)
