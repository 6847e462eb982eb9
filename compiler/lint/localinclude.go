package lint

import (
	"path"
	"regexp"
	"strings"

	"apc/lang/diag"
	"apc/lang/profile"
	"apc/lang/rule"
)

var noLocalInclude = &Rule{
	Name:     "no-local-include",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a profile without a place for the administrator's rules",
	Why: "Who runs the program has to add rules of the machine: another data directory, a key. Without the include they edit the file itself, and the next " +
		"update asks which of the two versions to keep.",
	Instead: "End the profile with `include if exists <local/NAME>`, NAME being that of the file.",
	BadText: `abi <abi/3.0>,
profile app /usr/bin/app {
  include <abstractions/base>
  /etc/app.conf r,
}
`,
	GoodText: `abi <abi/3.0>,
profile app /usr/bin/app {
  include <abstractions/base>
  /etc/app.conf r,
  include if exists <local/app>
}
`,
	check: checkLocalInclude,
}

func checkLocalInclude(c *context) {
	if c.Text == nil || c.profile != c.Module.Profile {
		return
	}
	for _, r := range c.profile.Rules {
		if i, ok := r.Body.(rule.Include); ok && (strings.HasPrefix(i.Path, "local/") || strings.Contains(i.Path, "/local/")) {
			return
		}
	}
	c.reportProfile("it includes nothing of local/.", c.addLocalInclude()...)
}

// plainName matches what may stand in <> as it is.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*$`)

// addLocalInclude returns the edit that puts the include before the closing
// brace. Where several profiles share a file each has its own name there.
func (c *context) addLocalInclude() []diag.Edit {
	var found *profile.Profile
	profiles := 0
	for _, n := range c.Text.File.Nodes {
		if p, ok := n.(*profile.Profile); ok {
			profiles++
			if p.Range == c.profile.Origin.Range {
				found = p
			}
		}
	}
	name := path.Base(c.Text.File.Name)
	if profiles > 1 {
		name = c.profile.Name
	}
	if found == nil || found.Block.Open || !plainName.MatchString(name) {
		return nil
	}
	at, lead, end := found.Block.Range, "", newline([]byte(c.Text.File.Text))
	if line := strings.LastIndexByte(found.Block.End, '\n'); line < 0 {
		lead = end
	}
	at.End = at.Start
	return []diag.Edit{{Range: at, New: lead + "  include if exists <local/" + name + ">" + end}}
}
