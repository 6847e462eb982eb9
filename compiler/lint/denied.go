package lint

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

var deniedRule = &Rule{
	Name:     "denied-rule",
	Group:    Dead,
	Severity: diag.Error,
	Summary:  "a deny takes all that a rule grants",
	Why:      "A deny wins over every rule that allows, however exact that is. The rule reads as a grant and is none, and a plain deny does not even log what it refuses.",
	Instead:  "Remove the rule, or narrow the deny to what must be refused.",
	Bad: `read = ["/srv/app/keys/public.pem"]
deny {
  read = ["/srv/app/keys/"]
}`,
	Good: `read = ["/srv/app/keys/public.pem"]
deny {
  read = ["/srv/app/keys/private/"]
}`,
	BadText: `  /srv/app/keys/public.pem r,
  deny /srv/app/keys/** rw,`,
	GoodText: `  /srv/app/keys/** r,
  deny /srv/app/keys/private/** rw,`,
	check: func(c *context) {
		c.eachDenied(func(r ir.Rule, d denial) {
			if d.whole() {
				c.report(r, d.words(), d.by...)
			}
		})
	},
}

// denial is what denies take of a rule.
type denial struct {
	all   string    // what the rule grants, in letters or words
	taken string    // what of that they take wherever the rule grants it
	paths []string  // branches of the path that they take, where taken is not all
	by    []ir.Rule // the denies
}

func (d denial) whole() bool { return d.taken == d.all }

func (d denial) words() string {
	by := "`" + d.by[0].String() + "`"
	switch {
	case d.whole():
		return by + " takes all of it."
	case d.taken != "":
		return by + " takes " + d.taken + " of it."
	}
	return by + " takes " + strings.Join(d.paths, ", ") + " of it."
}

// eachDenied calls f for each rule of the text or policy of which denies take
// something that is written out in it. Denies of includes count. That a deny
// takes some of the paths of a glob is what denies are for, and not told; nor is
// what they take of a module, for that is how a policy narrows one.
func (c *context) eachDenied(f func(ir.Rule, denial)) {
	var denies []ir.Rule
	c.everyRule(func(r ir.Rule, _ bool) {
		if r.Action == rule.Deny {
			denies = append(denies, r)
		}
	})
	if len(denies) == 0 {
		return
	}
	against := c.fileRules(denies)
	for _, r := range c.profile.Rules {
		if r.Action == rule.Deny || !stated(r) {
			continue
		}
		if d, ok := c.deniedPart(r, denies, against); ok {
			f(r, d)
		}
	}
}

// deniedPart says what denies take of a rule; against are those about files.
func (c *context) deniedPart(r ir.Rule, denies []ir.Rule, against []fileRule) (denial, bool) {
	if r.Kind() != rule.KindFile {
		return c.deniedOther(r, denies)
	}
	own := c.fileRules([]ir.Rule{r})
	if len(own) == 0 || own[0].file.Path == everyFile {
		return denial{}, false
	}
	return c.deniedFile(own[0], against)
}

// deniedOther says what denies take of a rule that is not about files.
func (c *context) deniedOther(r ir.Rule, denies []ir.Rule) (d denial, ok bool) {
	names := []string{""}
	if caps, ok := r.Body.(rule.Capability); ok && len(caps.Names) > 0 {
		names = caps.Names
	}
	var taken []string
	for _, name := range names {
		part := r.Rule
		if name != "" {
			part.Body = rule.Capability{Names: []string{name}}
		}
		part.Audit, part.Action = false, rule.Allow
		for _, deny := range denies {
			bare := deny.Rule
			bare.Audit, bare.Action = false, rule.Allow
			if bare.Kind() == part.Kind() && bare.Priority >= part.Priority && sameRank(bare, part) {
				taken, d.by = append(taken, name), append(d.by, deny)
				break
			}
		}
	}
	d.all, d.taken = strings.Join(names, " "), strings.Join(taken, " ")
	return d, len(taken) > 0
}

// sameRank says whether one rule has all of another, whatever their priorities.
func sameRank(a, b rule.Rule) bool {
	a.Priority, b.Priority = 0, 0
	switch a.Kind() {
	case rule.KindInclude, rule.KindRlimit, rule.KindFile, rule.KindAll:
		return false
	}
	return covers(a, b)
}

// deniedFile says what denies take of a rule about files: whole permissions, or
// else whole branches of its path.
func (c *context) deniedFile(r fileRule, denies []fileRule) (denial, bool) {
	d := denial{all: letters(r.file)}
	var near []fileRule
	for _, deny := range denies {
		everybody := !deny.Owner && !deny.Other
		if deny.Priority >= r.Priority && (everybody || deny.Owner && r.Owner || deny.Other && r.Other) && overlap(deny.glob, r.glob) {
			near = append(near, deny)
		}
	}
	for _, letter := range d.all {
		if by := takers(r.glob, byte(letter), near); by != nil {
			d.taken += string(letter)
			d.by = addRules(d.by, by)
		}
	}
	if d.taken == "" && len(near) > 0 {
		d.paths, d.by = c.deniedBranches(r, near)
	}
	return d, d.taken != "" || len(d.paths) > 0
}

// deniedBranches returns the branches of a path that denies take whole.
func (c *context) deniedBranches(r fileRule, near []fileRule) (paths []string, by []ir.Rule) {
	branches := variants(r.file.Path, nil)
	if len(branches) == 1 {
		return nil, nil
	}
	for _, branch := range branches {
		g, ok := c.pattern(branch)
		if !ok || strings.HasSuffix(branch, "/") {
			continue
		}
		taken := 0
		var all []ir.Rule
		for _, letter := range letters(r.file) {
			if rules := takers(g, byte(letter), near); rules != nil {
				taken++
				all = addRules(all, rules)
			}
		}
		if taken == len(letters(r.file)) {
			paths, by = append(paths, branch), addRules(by, all)
		}
	}
	return paths, by
}

// letters spells what a rule grants in single letters, of which x is execution.
func letters(f rule.File) string {
	s := f.Access.String()
	if f.Exec != "" {
		s += "x"
	}
	return s
}

// takers returns the denies that together take a permission from all paths of a
// glob, nil where they do not.
func takers(g glob.Glob, letter byte, denies []fileRule) []ir.Rule {
	var globs []glob.Glob
	var rules []ir.Rule
	for _, d := range denies {
		if !deniesLetter(d.file, letter) {
			continue
		}
		if includes(d.glob, g) {
			return []ir.Rule{d.Rule}
		}
		globs, rules = append(globs, d.glob), append(rules, d.Rule)
	}
	if len(globs) < 2 {
		return nil
	}
	union, err := glob.Compile(globs...)
	if err != nil {
		return nil
	}
	one, err := glob.Compile(g)
	if err != nil {
		return nil
	}
	if all, _, err := union.Includes(one); !all || err != nil || impossible(g) {
		return nil
	}
	return rules
}

// deniesLetter says whether a deny is about a permission.
func deniesLetter(f rule.File, letter byte) bool {
	if letter == 'x' {
		return f.Exec != ""
	}
	return f.Grants()&rule.AccessLetter(letter) != 0
}

// addRules appends rules that are not there yet.
func addRules(list, more []ir.Rule) []ir.Rule {
	for _, r := range more {
		known := false
		for _, l := range list {
			known = known || l.Origins[0].Range == r.Origins[0].Range
		}
		if !known {
			list = append(list, r)
		}
	}
	return list
}
