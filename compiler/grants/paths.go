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
	text    string // of a literal
	// prefixes are texts of which every path that it matches begins with one,
	// for a literal all of it.
	prefixes []string
	bad      bool // no glob, or one with variables of no value: it counts by its text
	made     *glob.Automaton
}

// library holds the globs of the profiles that are compared, by their texts.
type library struct {
	paths  map[string]*path
	values map[string][]string // of variables
}

func newLibrary(values map[string][]string) library { return library{map[string]*path{}, values} }

func (l library) path(text string) *path {
	if p := l.paths[text]; p != nil {
		return p
	}
	p := &path{}
	l.paths[text] = p
	g, err := glob.Parse(text)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(l.values)
	}
	if err != nil {
		p.bad = true
		return p
	}
	p.glob = g
	if p.text, p.literal = g.IsLiteral(); p.literal {
		p.prefixes = []string{p.text}
	} else {
		p.prefixes = Prefixes(g.String())
	}
	return p
}

// index finds among globs those that may match a path of another.
type index struct {
	byPrefix map[string][]*path
	sorted   []string // the prefixes
}

func newIndex(paths []*path) index {
	x := index{byPrefix: map[string][]*path{}}
	for _, p := range paths {
		for _, prefix := range p.prefixes {
			if x.byPrefix[prefix] == nil {
				x.sorted = append(x.sorted, prefix)
			}
			x.byPrefix[prefix] = append(x.byPrefix[prefix], p)
		}
	}
	slices.Sort(x.sorted)
	return x
}

// near returns the globs one of whose prefixes begins with one of p or begins
// it.
func (x index) near(p *path) []*path {
	var out []*path
	for _, prefix := range p.prefixes {
		for n := range len(prefix) {
			out = append(out, x.byPrefix[prefix[:n]]...)
		}
		i, _ := slices.BinarySearch(x.sorted, prefix)
		for ; i < len(x.sorted) && strings.HasPrefix(x.sorted[i], prefix); i++ {
			out = append(out, x.byPrefix[x.sorted[i]]...)
		}
	}
	if len(p.prefixes) == 1 {
		return out
	}
	return unique(out)
}

// unique returns the globs, each once.
func unique(paths []*path) []*path {
	seen := make(map[*path]bool, len(paths))
	return slices.DeleteFunc(paths, func(p *path) bool {
		again := seen[p]
		seen[p] = true
		return again
	})
}

// pathSet is the paths of some globs, to be asked whether others are among
// them.
type pathSet struct {
	library library
	texts   map[string]bool
	index   *index // of the globs whose paths are known; made when it is first needed
}

func (l library) set(texts []string) *pathSet {
	s := &pathSet{library: l, texts: make(map[string]bool, len(texts))}
	for _, text := range texts {
		s.texts[text] = true
	}
	return s
}

// lacks returns a path that a glob matches and none of the set does. One whose
// paths are not known is among them where its text is.
func (s *pathSet) lacks(text string) (witness string, found bool, err error) {
	if s.texts[text] {
		return "", false, nil
	}
	p := s.library.path(text)
	if p.bad {
		return text, true, nil
	}
	if s.index == nil {
		x := newIndex(s.known())
		s.index = &x
	}
	return outsideAll(p, s.index.near(p))
}

// known returns the globs whose paths are known.
func (s *pathSet) known() []*path {
	var out []*path
	for text := range s.texts {
		if p := s.library.path(text); !p.bad {
			out = append(out, p)
		}
	}
	return out
}

// anyLacking returns a path that some of the globs match and none of the set
// does.
func (s *pathSet) anyLacking(texts []string) (witness string, found bool, err error) {
	for _, text := range texts {
		if witness, found, err = s.lacks(text); found || err != nil {
			return witness, found, err
		}
	}
	return "", false, nil
}

// outsideAll returns a path that p matches and none of the others does. It asks
// first whether one of them has all of p, then whether any has p's shortest path,
// and only then for their union.
func outsideAll(p *path, others []*path) (witness string, found bool, err error) {
	for _, o := range others {
		if all, err := includes(o, p); err == nil && all {
			return "", false, nil
		}
	}
	mine, err := p.automaton()
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", p.glob, err)
	}
	shortest, any := mine.Shortest()
	if !any {
		return "", false, nil
	}
	var near []glob.Glob
	matched := false
	for _, o := range others {
		matched = matched || o.glob.Match(shortest)
	}
	if !matched {
		return shortest, true, nil
	}
	for _, o := range others {
		if meets(o, p) {
			near = append(near, o.glob)
		}
	}
	all, err := glob.Compile(near...)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", p.glob, err)
	}
	ok, witness, err := all.Includes(mine)
	return witness, !ok && err == nil, err
}

// automaton returns the automaton of the glob, which is made once.
func (p *path) automaton() (*glob.Automaton, error) {
	var err error
	if p.made == nil {
		p.made, err = glob.Compile(p.glob)
	}
	return p.made, err
}

// includes says whether o matches all that p does. A literal has no more than
// an equal one.
func includes(o, p *path) (bool, error) {
	switch {
	case o.literal && p.literal:
		return o.text == p.text, nil
	case o.literal:
		return false, nil
	case p.literal && o.glob.Match(p.text):
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
		return p.glob.Match(o.text)
	case p.literal:
		return o.glob.Match(p.text)
	}
	ok, _, err := glob.Intersects(o.glob, p.glob)
	return ok || err != nil
}
