package lint

import (
	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// grant is one rule on files, with what it allows or denies.
type grant struct {
	by ir.Rule // the rule itself, of the profile or of an include
	// at is the rule of the profile through which it comes: itself, or the
	// include that brings it.
	at     ir.Rule
	file   rule.File
	access rule.Access // with what its permissions imply
	exec   bool
	glob   glob.Glob
}

// included says whether the rule comes out of an include.
func (g grant) included() bool { return g.at.Kind() == rule.KindInclude }

// need is what is done with a file, and by whom.
type need struct {
	access rule.Access // one permission, or none where exec is meant
	exec   bool
	owner  bool // by the owner of the file, or by another
}

// gives says whether a rule, of allow or of deny, is about what is needed.
func (g grant) gives(n need) bool {
	if n.owner && g.by.Other || !n.owner && g.by.Owner {
		return false
	}
	return n.exec && g.exec || g.access&n.access != 0
}

// files are the rules on files of a profile, those of its includes too, as far
// as their paths are known.
type files struct {
	profile *ir.Profile
	allow   []grant
	deny    []grant
	denied  map[denials]*glob.Automaton
}

// denials names those rules that deny something to rules of a priority.
type denials struct {
	need     need
	priority int
}

// files returns the rules on files of the profile at hand.
func (c *context) files() *files {
	if c.onFiles == nil || c.onFiles.profile != c.profile {
		c.onFiles = &files{profile: c.profile, denied: map[denials]*glob.Automaton{}}
		for _, r := range c.profile.Rules {
			c.onFiles.add(c, r, r)
		}
	}
	return c.onFiles
}

func (f *files) add(c *context, r, at ir.Rule) {
	for _, below := range r.Included {
		f.add(c, below, at)
	}
	b, ok := r.Body.(rule.File)
	if l, isLink := r.Body.(rule.Link); isLink {
		b, ok = rule.File{Path: l.Path, Access: rule.LinkTo}, true
	}
	if !ok || b.Path == "" {
		return
	}
	g := grant{by: r, at: at, file: b, access: b.Grants(), exec: b.Exec != ""}
	if g.glob, ok = c.pattern(b.Path); !ok {
		return
	}
	if r.Action == rule.Deny {
		f.deny = append(f.deny, g)
	} else {
		f.allow = append(f.allow, g)
	}
}

// reaches returns a path that a rule grants for what is needed, that all of the
// other globs match too, and that no rule denies: of those named first, or else a
// shortest one.
func (f *files) reaches(g grant, n need, first []string, others ...glob.Glob) (path string, ok bool) {
	if !g.gives(n) {
		return "", false
	}
	globs := append([]glob.Glob{g.glob}, others...)
	for _, path := range first {
		if matchAll(globs, path) && !f.takes(path, n, g.by.Priority) {
			return path, true
		}
	}
	for _, one := range globs {
		if path, literal := one.IsLiteral(); literal {
			return path, matchAll(globs, path) && !f.takes(path, n, g.by.Priority)
		}
	}
	return f.shortest(globs, n, g.by.Priority)
}

// anybody calls reaches for another than the owner of the file, and then for
// the owner.
func (f *files) anybody(g grant, n need, first []string, others ...glob.Glob) (path string, ok bool) {
	for _, n.owner = range []bool{false, true} {
		if path, ok = f.reaches(g, n, first, others...); ok {
			return path, true
		}
	}
	return "", false
}

func matchAll(globs []glob.Glob, path string) bool {
	for _, g := range globs {
		if !g.Match(path) {
			return false
		}
	}
	return true
}

// takes says whether a deny takes what is needed of a path. One of a lower
// priority takes nothing (apparmor.d(5) of 4.1, "priority").
func (f *files) takes(path string, n need, priority int) bool {
	for _, d := range f.deny {
		if d.by.Priority >= priority && d.gives(n) && d.glob.Match(path) {
			return true
		}
	}
	return false
}

// shortest returns a shortest path that all globs match and no rule denies.
// Where they are too complex to be compared there is none.
func (f *files) shortest(globs []glob.Glob, n need, priority int) (path string, ok bool) {
	if len(globs) == 2 {
		if path, ok = meet(globs[0], globs[1]); !ok || !f.takes(path, n, priority) {
			return path, ok
		}
	}
	common, err := f.left(globs[0], n, priority)
	for _, g := range globs[1:] {
		if err == nil {
			var other *glob.Automaton
			if other, err = glob.Compile(g); err == nil {
				common, err = common.Intersection(other)
			}
		}
	}
	if err != nil {
		return "", false
	}
	return common.Shortest()
}

// left returns the paths of a glob for which no rule denies what is needed.
func (f *files) left(g glob.Glob, n need, priority int) (*glob.Automaton, error) {
	all, err := glob.Compile(g)
	if err != nil {
		return nil, err
	}
	return all.Difference(f.allDenied(n, priority))
}

// allDenied returns all paths of which a deny takes what is needed.
func (f *files) allDenied(n need, priority int) *glob.Automaton {
	key := denials{n, priority}
	if a, ok := f.denied[key]; ok {
		return a
	}
	var globs []glob.Glob
	for _, d := range f.deny {
		if d.by.Priority >= priority && d.gives(n) {
			globs = append(globs, d.glob)
		}
	}
	a, err := glob.Compile(globs...)
	if err != nil {
		a, _ = glob.Compile()
	}
	f.denied[key] = a
	return a
}

// meet returns a path that two globs have in common.
func meet(a, b glob.Glob) (path string, ok bool) {
	ok, path, err := glob.Intersects(a, b)
	return path, ok && err == nil
}
