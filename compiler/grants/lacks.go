package grants

import (
	"slices"

	"apc/compiler/ir"
)

// Holding is what a profile grants, denies and records, to be asked about many
// rules.
type Holding struct {
	facts factSet
	known library
	sets  map[string]*pathSet // by the kind of fact
}

// Hold notes what a profile has, with the values of variables. Includes count
// as in Equal. Paths that many profiles are asked about may be parsed before.
func Hold(p *ir.Profile, values map[string][]string, parsed Paths) *Holding {
	return &Holding{facts(p), newLibrary(values, parsed), map[string]*pathSet{}}
}

// Lacks returns what the profile would grant, deny or record with a rule and
// does not without it, each with an example; nothing for a rule that it has all
// of. The error tells of globs too complex to compare.
func (h *Holding) Lacks(r ir.Rule) ([]Difference, error) {
	f := facts(&ir.Profile{Rules: []ir.Rule{r}})
	var out []Difference
	for _, what := range keys(f.paths, nil) {
		witness, found, err := h.set(what).anyLacking(f.paths[what])
		if err != nil {
			return nil, err
		}
		if found {
			out = append(out, Difference{true, what, witness})
		}
	}
	lacking := lacking(f.others, h.facts.others, true)
	slices.SortFunc(lacking, byText)
	return append(out, lacking...), nil
}

// set returns the paths that the profile has a kind of fact about.
func (h *Holding) set(what string) *pathSet {
	if h.sets[what] == nil {
		h.sets[what] = h.known.set(h.facts.paths[what])
	}
	return h.sets[what]
}
