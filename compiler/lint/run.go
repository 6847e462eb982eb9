package lint

import (
	"slices"
	"strings"
	"sync"

	"apc/compiler/ir"
	"apc/lang/glob"
)

// Known is a profile that is there.
type Known struct {
	name     string // as the kernel knows it: parent//child
	program  string // that it attaches to; "" where that is no single path
	programs *glob.Glob
	anything bool // what it attaches to cannot be told
}

// Profiles returns the profiles of a module, for lint to know which there are.
func Profiles(m *ir.Module) []Known {
	var out []Known
	for _, p := range m.Profiles() {
		k := Known{name: m.FullName(p)}
		if p.Attachment != "" {
			k.attach(p.Attachment, m.Values)
		}
		out = append(out, k)
	}
	return out
}

func (k *Known) attach(attachment string, values map[string][]string) {
	g, err := glob.Parse(attachment)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(values)
	}
	path, literal := g.IsLiteral()
	switch {
	case err != nil:
		k.anything = true
	case literal:
		k.program = path
	default:
		k.programs = &g
	}
}

// Run is what is known of everything that is looked at together. Several
// goroutines may use it at once.
type Run struct {
	own  *profiles
	more func() *profiles // nil where there may be any

	globs   sync.Map // parsed, by what they were made of, where that was met twice
	met     sync.Map // what globs were made of once
	same    sync.Map // glob.Glob by its text, so that what is known of one is found once
	reached sync.Map // what globs reach of the places that are worth an attack
}

// pattern returns the glob of a path with the values of its variables, of which
// signature tells whether they are others. Most rules come from includes that
// many profiles share: what was met before is kept for all of them, with all that
// becomes known of it. What is met once, as most of a profile's own, is not.
func (r *Run) pattern(path string, signature func() string, values func() map[string][]string) parsed {
	key := path
	if strings.Contains(path, "@{") {
		key += "\x00" + signature()
	}
	if known, ok := r.globs.Load(key); ok {
		return known.(parsed)
	}
	g, err := glob.Parse(path)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(values())
	}
	if _, again := r.met.LoadOrStore(key, true); again {
		if err == nil {
			first, _ := r.same.LoadOrStore(g.String(), g)
			g = first.(glob.Glob)
		}
		r.globs.Store(key, parsed{g, err == nil})
	}
	return parsed{g, err == nil}
}

// NewRun returns a Run of the profiles that are looked at. Those of the base
// directory come from more, which is called once where the others do not answer
// a question; it is nil where they are not known.
func NewRun(own []Known, more func() []Known) *Run {
	r := &Run{own: indexed(own)}
	if more != nil {
		r.more = sync.OnceValue(func() *profiles { return indexed(more()) })
	}
	return r
}

// named says whether a profile of this name may be there.
func (r *Run) named(name string) bool {
	return r.has(func(p *profiles) bool { return p.names[name] })
}

// attached says whether a profile may be there that attaches to a program which
// a glob matches.
func (r *Run) attached(programs glob.Glob) bool {
	return r.has(func(p *profiles) bool { return p.attached(programs) })
}

func (r *Run) has(f func(*profiles) bool) bool {
	return f(r.own) || r.more == nil || f(r.more())
}

// profiles is an index of profiles.
type profiles struct {
	names, programs map[string]bool
	globs           []*glob.Glob
	anything        bool
}

func indexed(list []Known) *profiles {
	p := &profiles{names: map[string]bool{}, programs: map[string]bool{}}
	for _, k := range list {
		p.names[k.name] = true
		p.anything = p.anything || k.anything
		if k.program != "" {
			p.programs[k.program] = true
		}
		if k.programs != nil {
			p.globs = append(p.globs, k.programs)
		}
	}
	return p
}

func (p *profiles) attached(programs glob.Glob) bool {
	if p.anything {
		return true
	}
	if path, literal := programs.IsLiteral(); literal {
		return p.programs[path] || slices.ContainsFunc(p.globs, func(g *glob.Glob) bool { return g.Match(path) })
	}
	for path := range p.programs {
		if programs.Match(path) {
			return true
		}
	}
	return slices.ContainsFunc(p.globs, func(g *glob.Glob) bool {
		meet, _, err := glob.Intersects(*g, programs)
		return meet || err != nil
	})
}
