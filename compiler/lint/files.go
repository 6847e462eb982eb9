package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// fileRule is a rule about files with the glob of its path.
type fileRule struct {
	ir.Rule
	file   rule.File
	glob   glob.Glob
	prefix string // what all that it matches begins with
}

// everyFile is what the bare rules `file,` and `all,` stand for. What `all,`
// says about execution is left out.
const everyFile = "/{**,}"

// allAccess is every permission but execution.
const allAccess = rule.MapExec | rule.Read | rule.Write | rule.LinkTo | rule.Lock

// fileRules returns those of the rules that are about files and have a glob, in
// their order.
func (c *context) fileRules(rules []ir.Rule) []fileRule {
	var out []fileRule
	for _, r := range rules {
		if f, ok := c.fileRule(r); ok {
			out = append(out, f)
		}
	}
	return out
}

// fileRule returns a rule with its glob; ok is false where it is not about files
// or has none.
func (c *context) fileRule(r ir.Rule) (f fileRule, ok bool) {
	file, ok := fileOf(r)
	if !ok {
		return fileRule{}, false
	}
	g, ok := c.pattern(file.Path)
	return fileRule{r, file, g, prefixOf(g)}, ok
}

// prefixOf returns what all paths that a glob matches begin with, as far as it
// shows at a glance.
func prefixOf(g glob.Glob) string {
	if path, literal := g.IsLiteral(); literal {
		return path
	}
	text := g.String()
	if strings.Contains(text, "//") {
		return ""
	}
	if i := strings.IndexAny(text, "*?[{\\@"); i >= 0 {
		text = text[:i]
	}
	return text
}

// fileOf returns the file rule that a rule is, or stands for.
func fileOf(r ir.Rule) (f rule.File, ok bool) {
	switch b := r.Body.(type) {
	case rule.File:
		if b.Path == "" {
			return rule.File{Path: everyFile, Access: allAccess, Exec: "ix"}, true
		}
		return b, true
	case rule.All:
		return rule.File{Path: everyFile, Access: allAccess}, true
	}
	return rule.File{}, false
}

// has says whether w grants, or denies, all that r does and records the same.
func (w fileRule) has(r fileRule) bool {
	if w.Action != r.Action || w.Priority != r.Priority || w.Action == rule.Prompt || r.Audit && !w.Audit {
		return false
	}
	if w.Audit != r.Audit && r.Action == rule.Deny { // a plain deny also keeps the record away
		return false
	}
	if (w.Owner || w.Other) && (w.Owner != r.Owner || w.Other != r.Other) {
		return false
	}
	if r.file.Exec != "" && !sameExec(w.file, r.file) || r.file.Target != "" && r.file.Exec == "" || w.file.Target != "" && w.file.Exec == "" {
		return false
	}
	return r.file.Grants()&^w.file.Grants() == 0 && includes(w.glob, r.glob)
}

// sameExec says whether two rules execute in the same way.
func sameExec(a, b rule.File) bool {
	return a.Exec == b.Exec && a.Target == b.Target && a.Unsafe == b.Unsafe
}

// includes says whether a glob matches all that another one does, which must
// be something.
func includes(a, b glob.Glob) bool {
	ok, _, err := glob.Includes(a, b)
	return ok && err == nil && !impossible(b)
}

// impossible says whether a glob matches no path that there can be.
func impossible(g glob.Glob) bool {
	none, _, err := glob.Includes(glob.Glob{}, g)
	return none && err == nil
}

// overlap says whether two globs have a path in common.
func overlap(a, b glob.Glob) bool {
	ok, _, err := glob.Intersects(a, b)
	return ok && err == nil
}

// asked returns the rules of the profile as its author stated them: before they
// were fitted to a target, where they were.
func (c *context) asked() []ir.Rule {
	if c.Asked == nil {
		return c.profile.Rules
	}
	for _, p := range c.Asked.Profiles() {
		if c.Asked.FullName(p) == c.Module.FullName(c.profile) {
			return p.Rules
		}
	}
	return c.profile.Rules
}

// stated says whether a rule stands in the text or policy itself as a wish of
// its own: not in a module that it uses, nor made for every profile or for the
// program that the profile is about.
func stated(r ir.Rule) bool {
	return !slices.ContainsFunc(r.Origins, func(o ir.Origin) bool {
		return len(o.Via) > 0 || o.Intent == "always" || o.Intent == "executable" || o.Intent == "attachment"
	})
}
