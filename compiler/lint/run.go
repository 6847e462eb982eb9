package lint

import (
	"slices"
	"sync"

	"apc/lang/glob"
)

// Known is a profile that is there.
type Known struct {
	Name       string // as the kernel knows it: parent//child
	Attachment string // a path glob without variables, "" for none
}

// Run is what is known of everything that is looked at together. Several
// goroutines may use it at once.
type Run struct {
	own []Known
	all func() []Known
}

// NewRun returns a Run of profiles that are looked at, and of more, which is
// called once where those do not answer a question: those of the base
// directory. It is nil where they are not known.
func NewRun(own []Known, more func() []Known) *Run {
	r := &Run{own: own}
	if more != nil {
		r.all = sync.OnceValue(func() []Known { return append(slices.Clone(own), more()...) })
	}
	return r
}

// has says whether a profile is there for which f is true. Where not all
// profiles are known it may be anywhere.
func (r *Run) has(f func(Known) bool) bool {
	if slices.ContainsFunc(r.own, f) || r.all == nil {
		return true
	}
	return slices.ContainsFunc(r.all(), f)
}

// named says whether a profile of this name may be there.
func (r *Run) named(name string) bool { return r.has(func(k Known) bool { return k.Name == name }) }

// attached says whether a profile may be there that attaches to some program
// that a glob matches.
func (r *Run) attached(programs glob.Glob) bool {
	return r.has(func(k Known) bool {
		if k.Attachment == "" {
			return false
		}
		g, err := glob.Parse(k.Attachment)
		if err != nil {
			return true
		}
		meet, _, err := glob.Intersects(g, programs)
		return meet || err != nil
	})
}
