package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var missingSlash = &Rule{
	Name:     "missing-slash",
	Group:    Dead,
	Severity: diag.Warning,
	Summary:  "a directory without a slash at its end",
	Why: "A directory is looked up as `/path/`. A rule on `/path` matches a file of that name only, so listing the directory, making it and changing its " +
		"mode stay denied.",
	Instead: "Write the slash, as in `/var/lib/app/ r,`, or remove the rule.",
	Bad: `data = ["/var/lib/app"]
read = ["/var/lib/app/**"]`,
	Good: `data = ["/var/lib/app/"]`,
	BadText: `  /var/lib/app r,
  /var/lib/app/** rw,`,
	GoodText: `  /var/lib/app/ r,
  /var/lib/app/** rw,`,
	check: checkMissingSlash,
}

// checkMissingSlash looks at rules all of whose branches are directories: well
// known ones, and those below which another rule says something.
func checkMissingSlash(c *context) {
	below := map[string]ir.Rule{} // directories, each with a rule that shows it
	c.everyRule(func(r ir.Rule, _ bool) {
		for _, path := range pathsOf(r) {
			for _, branch := range variants(path, c.values()) {
				for i := 1; i < len(branch); i++ {
					if branch[i] == '/' {
						if _, known := below[branch[:i]]; !known {
							below[branch[:i]] = r
						}
					}
				}
			}
		}
	})
	for _, r := range c.profile.Rules {
		f, ok := r.Body.(rule.File)
		if !ok || f.Path == "" || !stated(r) {
			continue
		}
		if shows, all := c.directory(f.Path, below); all {
			c.reportDirectory(r, f.Path, shows)
		}
	}
}

// directory says whether all branches of a path are directories without a slash
// at the end, and returns a rule that shows it, where it is not well known.
func (c *context) directory(path string, below map[string]ir.Rule) (shows *ir.Rule, all bool) {
	for _, branch := range variants(path, c.values()) {
		if branch == "" || strings.HasSuffix(branch, "/") || wild(branch[strings.LastIndexByte(branch, '/')+1:]) {
			return nil, false
		}
		by, known := below[branch]
		switch {
		case slices.Contains(shared, branch+"/"):
		case known:
			shows = &by
		default:
			return nil, false
		}
	}
	return shows, true
}

// wild says whether a component of a path has anything but plain characters.
func wild(component string) bool { return strings.ContainsAny(component, `*?[{@\`) }

func (c *context) reportDirectory(r ir.Rule, path string, shows *ir.Rule) {
	if shows == nil {
		c.report(r, path+" is a directory.")
		return
	}
	c.report(r, "`"+shows.String()+"` shows that "+path+" is a directory.", *shows)
}
