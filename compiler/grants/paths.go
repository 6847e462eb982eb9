package grants

import (
	"fmt"
	"slices"
	"strings"

	"apc/lang/glob"
)

// path is one path glob of a profile. It is parsed once for all comparisons, so
// that its automaton is made once.
type path struct {
	glob    glob.Glob
	literal bool
	// prefix is what all paths that it matches begin with, for a literal all
	// of it.
	prefix string
	bad    bool // no glob, or one with variables: it counts by its text
}

// library holds the globs of the profiles that are compared, by their texts.
type library map[string]*path

func (l library) path(text string) *path {
	if p := l[text]; p != nil {
		return p
	}
	p := &path{}
	l[text] = p
	g, err := glob.Parse(text)
	if err != nil || len(g.Variables()) > 0 {
		p.bad = true
		return p
	}
	p.glob = g
	if p.prefix, p.literal = g.IsLiteral(); !p.literal {
		p.prefix = plainPrefix(text)
	}
	return p
}

// plainPrefix returns the text before the first character that means something
// in a glob, and before a run of slashes, which counts as one.
func plainPrefix(text string) string {
	if i := strings.IndexAny(text, `*?[]{}^,\@`); i >= 0 {
		text = text[:i]
	}
	if i := strings.Index(text, "//"); i >= 0 {
		text = text[:i+1]
	}
	return text
}

// index finds among globs those that may match a path of another.
type index struct {
	byPrefix map[string][]*path
	sorted   []string // the prefixes
}

func newIndex(paths []*path) index {
	x := index{byPrefix: map[string][]*path{}}
	for _, p := range paths {
		if x.byPrefix[p.prefix] == nil {
			x.sorted = append(x.sorted, p.prefix)
		}
		x.byPrefix[p.prefix] = append(x.byPrefix[p.prefix], p)
	}
	slices.Sort(x.sorted)
	return x
}

// near returns the globs whose prefix begins with that of p or begins it.
func (x index) near(p *path) []*path {
	var out []*path
	for n := range len(p.prefix) {
		out = append(out, x.byPrefix[p.prefix[:n]]...)
	}
	i, _ := slices.BinarySearch(x.sorted, p.prefix)
	for ; i < len(x.sorted) && strings.HasPrefix(x.sorted[i], p.prefix); i++ {
		out = append(out, x.byPrefix[x.sorted[i]]...)
	}
	return out
}

// outside returns a path that some glob of has matches and no glob of all does.
func (l library) outside(has, all []string) (witness string, found bool, err error) {
	known := map[string]bool{}
	for _, text := range all {
		known[text] = true
	}
	var others *index
	for _, text := range has {
		if known[text] {
			continue
		}
		p := l.path(text)
		if p.bad {
			return text, true, nil
		}
		if others == nil {
			x := newIndex(l.good(all))
			others = &x
		}
		if witness, found, err := outsideAll(p, others.near(p)); found || err != nil {
			return witness, found, err
		}
	}
	return "", false, nil
}

// good returns the globs whose paths are known.
func (l library) good(texts []string) []*path {
	var out []*path
	for _, text := range texts {
		if p := l.path(text); !p.bad {
			out = append(out, p)
		}
	}
	return out
}

// outsideAll returns a path that p matches and none of the others does: first
// by asking for one that has all of p, then by their union.
func outsideAll(p *path, others []*path) (witness string, found bool, err error) {
	var near []glob.Glob
	for _, o := range others {
		if all, err := includes(o, p); err == nil && all {
			return "", false, nil
		}
		if meets(o, p) {
			near = append(near, o.glob)
		}
	}
	mine, err := glob.Compile(p.glob)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", p.glob, err)
	}
	all, err := glob.Compile(near...)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", p.glob, err)
	}
	ok, witness, err := all.Includes(mine)
	return witness, !ok && err == nil, err
}

// includes says whether o matches all that p does. A literal has no more than
// an equal one.
func includes(o, p *path) (bool, error) {
	switch {
	case o.literal && p.literal:
		return o.prefix == p.prefix, nil
	case o.literal:
		return false, nil
	case p.literal && o.glob.Match(p.prefix):
		return true, nil
	}
	all, _, err := glob.Includes(o.glob, p.glob)
	return all, err
}

// meets says whether two globs have a path in common, and yes where that cannot
// be told.
func meets(o, p *path) bool {
	switch {
	case o.literal:
		return p.glob.Match(o.prefix)
	case p.literal:
		return o.glob.Match(p.prefix)
	}
	ok, _, err := glob.Intersects(o.glob, p.glob)
	return ok || err != nil
}
