package grants

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
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
	// automaton is that of the glob, made when it is first needed.
	automaton func() (*glob.Automaton, error)
}

// Paths holds globs that are parsed, by their texts. Several goroutines may use
// it at once.
type Paths map[string]*path

// ParsePaths parses the paths of file rules, with the values of variables.
func ParsePaths(rules []ir.Rule, values map[string][]string) Paths {
	out := Paths{}
	for _, r := range rules {
		if f, ok := r.Body.(rule.File); ok && out[f.Path] == nil {
			out[f.Path] = newPath(f.Path, values)
		}
	}
	return out
}

// library holds the globs of the profiles that are compared, by their texts.
type library struct {
	paths  Paths
	shared Paths
	values map[string][]string // of variables
}

func newLibrary(values map[string][]string, shared Paths) library {
	return library{Paths{}, shared, values}
}

func (l library) path(text string) *path {
	if p := l.shared[text]; p != nil {
		return p
	}
	if l.paths[text] == nil {
		l.paths[text] = newPath(text, l.values)
	}
	return l.paths[text]
}

func newPath(text string, values map[string][]string) *path {
	p := &path{}
	g, err := glob.Parse(text)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(values)
	}
	if err != nil {
		p.bad = true
		return p
	}
	p.glob, p.automaton = g, sync.OnceValues(func() (*glob.Automaton, error) { return glob.Compile(g) })
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
	none, shortest, err := glob.Includes(glob.Glob{}, p.glob)
	if none || err != nil {
		return "", false, wrapped(p, err)
	}
	if !slices.ContainsFunc(others, func(o *path) bool { return o.glob.Match(shortest) }) {
		return shortest, true, nil
	}
	var near []glob.Glob
	for _, o := range others {
		if meets(o, p) {
			near = append(near, o.glob)
		}
	}
	mine, err := p.automaton()
	if err != nil {
		return "", false, wrapped(p, err)
	}
	all, err := glob.Compile(near...)
	if err != nil {
		return "", false, wrapped(p, err)
	}
	ok, witness, err := all.Includes(mine)
	return witness, !ok && err == nil, err
}

// wrapped tells which glob an error is about.
func wrapped(p *path, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p.glob, err)
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
