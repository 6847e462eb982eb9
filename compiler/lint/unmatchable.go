package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var unmatchablePath = &Rule{
	Name:     "unmatchable-path",
	Group:    Dead,
	Severity: diag.Error,
	Summary:  "a path that no file can have",
	Why: "The kernel asks about real paths: absolute, without `.`, `..` and empty components. A rule on anything else grants and denies nothing, and the " +
		"parser does not tell.",
	Instead: "Write the path as `realpath` prints it.",
	Bad:     `raw = "/srv/app/../shared/data rw,"`,
	Good:    `raw = "/srv/shared/data rw,"`,
	BadText: `  /srv/app/../shared/data rw,
  //srv/app/data r,`,
	GoodText: `  /srv/shared/data rw,
  /srv/app/data r,`,
	check: checkUnmatchable,
}

func checkUnmatchable(c *context) {
	if a := c.profile.Attachment; a != "" && !c.profile.Hat {
		// A name without a slash is that of a profile which attaches to nothing.
		if g, ok := c.pattern(a); ok && impossible(g) && strings.HasPrefix(g.String(), "/") {
			c.reportProfile("no program can be called " + a + ", so the profile attaches to none.")
		}
	}
	for _, r := range c.profile.Rules {
		if !stated(r) {
			continue
		}
		for _, path := range pathsOf(r) {
			c.unmatchable(r, path)
		}
	}
}

// pathsOf returns the paths that a rule is about.
func pathsOf(r ir.Rule) []string {
	switch b := r.Body.(type) {
	case rule.File:
		if b.Path != "" {
			return []string{b.Path}
		}
	case rule.Link:
		return []string{b.Path, b.Target}
	}
	return nil
}

// unmatchable reports a path that matches nothing, or has branches that do not.
func (c *context) unmatchable(r ir.Rule, path string) {
	g, ok := c.pattern(path)
	if !ok || path == "" {
		return
	}
	if impossible(g) {
		c.report(r, why(g.String()))
		return
	}
	for _, branch := range branches(path) {
		b, ok := c.pattern(branch)
		if branch != path && (strings.Contains(branch, "//") || ok && impossible(b)) {
			c.report(r, "of its branches "+branch+" matches nothing: "+why(branch))
			return
		}
	}
}

// branches writes the alternations of a path out as the parser does: with the
// slashes that stand on both sides of a brace.
func branches(path string) []string {
	var out []string
	for work := []string{manySlashes.ReplaceAllString(path, "/")}; len(work) > 0; {
		next := work[len(work)-1]
		work = work[:len(work)-1]
		before, options, after := choice(next, nil)
		if options == nil || len(work)+len(out)+len(options) > maxVariants {
			out = append(out, next)
			continue
		}
		for _, o := range options {
			work = append(work, before+o+after)
		}
	}
	return out
}

// why says what is wrong with a path that matches nothing.
func why(path string) string {
	for _, component := range strings.Split(path, "/") {
		if component == "." || component == ".." {
			return "it has the component `" + component + "`, which the kernel resolves before it asks."
		}
	}
	switch {
	case strings.HasPrefix(path, "//"):
		return "it begins with two slashes, and no path does."
	case strings.Contains(path, "//"):
		return "it has two slashes in a row."
	case !strings.HasPrefix(path, "/"):
		return "it is not absolute."
	}
	return "no path has the characters that it asks for."
}
