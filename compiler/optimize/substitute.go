package optimize

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/rule"
)

// substituteMin is how many rules an include must stand for. With fewer a
// reader is served better by the rules themselves.
const substituteMin = 5

// Abstraction is a file of the base directory that profiles include.
type Abstraction struct {
	Include ir.Rule  // with what it brings below it
	Files   []string // its own and those that it includes
}

// Substitution is an abstraction that stands for rules of a profile, or could.
type Substitution struct {
	Profile string
	Include ir.Rule
	From    []ir.Rule // the rules that it has
	// Adds lists what the profile would gain by it; nothing for one that was
	// made.
	Adds []Addition
	// Rules counts what the abstraction brings, but for other abstractions that
	// the profile includes already.
	Rules int
	// Optional lists the "include if exists" in the abstraction that the profile
	// has not yet. Other machines may have other files there.
	Optional []ir.Rule
}

// Addition is a rule of an abstraction of which a profile has not all.
type Addition struct {
	Rule    ir.Rule
	Example string // as in "read /etc/ssl/a", "" where the rule is one itself
}

// Shelf is a set of abstractions, ready to be searched. Several goroutines may
// use it at once.
type Shelf struct {
	all  []Abstraction
	has  brought // by their numbers
	size []int   // how many rules each brings
	// paths are those of all rules, parsed.
	paths grants.Paths
}

// NewShelf prepares abstractions, in which variables have these values.
func NewShelf(all []Abstraction, values map[string][]string) *Shelf {
	s := &Shelf{all: all, size: make([]int, len(all))}
	for i, a := range all {
		s.has.add(i, a.Include)
	}
	for _, by := range s.has.by {
		s.size[by]++
	}
	s.has.index(values)
	s.paths = grants.ParsePaths(s.has.rules, values)
	return s
}

// substitute puts an include in the place of rules, where the abstraction brings
// nothing that the profile has not without it, and suggests others.
func substitute(m *ir.Module, given Given) (*ir.Module, Found) {
	if given.Shelf == nil {
		return m, Found{}
	}
	var found Found
	files := slices.Clone(m.Relied)
	out := m.Map(func(p *ir.Profile) []ir.Rule {
		s := newSearch(m, p, given.Shelf)
		candidates := s.candidates()
		var includes []ir.Rule
		for _, c := range candidates {
			sub, ok := s.substitution(c)
			if !ok || len(sub.From) < substituteMin || len(sub.Adds) > 0 {
				continue
			}
			includes = append(includes, s.take(c, sub))
			files = append(append(files, c.Files...), Tunables(m))
			found.Substitutions = append(found.Substitutions, sub)
		}
		left := s.left()
		found.Suggestions = append(found.Suggestions, s.suggestions(candidates)...)
		return append(includes, left...)
	})
	out.Relied = files
	return out, found
}

// search finds abstractions for one profile.
type search struct {
	shelf   *Shelf
	profile *ir.Profile
	holding func() *grants.Holding
	there   map[string]bool // includes that the profile has, through others too
	gone    map[int]bool    // rules that are left alone, or that an include stands for
}

func newSearch(m *ir.Module, p *ir.Profile, shelf *Shelf) *search {
	s := &search{shelf: shelf, profile: p, holding: sync.OnceValue(func() *grants.Holding { return grants.Hold(p, m.Values, shelf.paths) }), there: map[string]bool{}, gone: map[int]bool{}}
	s.note(p.Rules)
	return s
}

// note notes what is included.
func (s *search) note(rules []ir.Rule) {
	for _, r := range rules {
		if r.Kind() == rule.KindInclude {
			s.there[r.String()] = true
			s.note(r.Included)
		}
	}
}

// candidate is an abstraction with the rules of a profile that it has, by their
// indices.
type candidate struct {
	Abstraction
	number int
	rules  []int
}

// candidates returns the abstractions that have some of the profile's rules:
// first those that have most and, among them, bring least.
func (s *search) candidates() []candidate {
	at := make([]candidate, len(s.shelf.all))
	for i, r := range s.profile.Rules {
		if s.gone[i] {
			continue
		}
		for n := range s.shelf.has.having(r) {
			c := &at[s.shelf.has.by[n]]
			if len(c.rules) == 0 || c.rules[len(c.rules)-1] != i {
				c.rules = append(c.rules, i)
			}
		}
	}
	var out []candidate
	for i, c := range at {
		if len(c.rules) >= suggestMin {
			out = append(out, candidate{s.shelf.all[i], i, c.rules})
		}
	}
	slices.SortFunc(out, func(a, b candidate) int {
		return cmp.Or(len(b.rules)-len(a.rules), s.shelf.size[a.number]-s.shelf.size[b.number], strings.Compare(a.Include.String(), b.Include.String()))
	})
	return out
}

// substitution tells what it would mean to include a candidate; ok is false
// where the profile includes it already, where it stands for too few rules, and
// where it would add so much that it is not worth a word.
func (s *search) substitution(c candidate) (out Substitution, ok bool) {
	if s.there[c.Include.String()] {
		return out, false
	}
	out = Substitution{Profile: s.profile.Name, Include: c.Include}
	for _, i := range c.rules {
		if !s.gone[i] {
			out.From = append(out.From, s.profile.Rules[i])
		}
	}
	if telling(out.From) < suggestMin {
		return out, false
	}
	fresh := s.fresh(&out, c.Include, map[string]bool{})
	out.Rules = len(fresh)
	for _, r := range fresh {
		// Globs too complex to compare count as added.
		if lacks, err := s.holding().Lacks(r); err != nil || len(lacks) > 0 {
			out.Adds = append(out.Adds, addition(r, lacks))
		}
		if !out.worth() {
			return out, false
		}
	}
	return out, true
}

// fresh returns the rules that an include brings, each once, but for those of
// other includes that the profile has. It notes what may be missing elsewhere;
// what of that is there counts.
func (s *search) fresh(to *Substitution, include ir.Rule, seen map[string]bool) []ir.Rule {
	var out []ir.Rule
	for _, r := range include.Included {
		text := r.String()
		if seen[text] || s.there[text] {
			continue
		}
		seen[text] = true
		i, isInclude := r.Body.(rule.Include)
		if !isInclude {
			out = append(out, r)
			continue
		}
		if i.IfExists {
			to.Optional = append(to.Optional, r)
		}
		out = append(out, s.fresh(to, r, seen)...)
	}
	return out
}

// addition tells what a profile lacks of a rule.
func addition(r ir.Rule, lacks []grants.Difference) Addition {
	if len(lacks) == 0 || r.Kind() != rule.KindFile {
		return Addition{Rule: r}
	}
	plain := slices.MinFunc(lacks, func(a, b grants.Difference) int { return cmp.Compare(len(a.What), len(b.What)) })
	if plain.Path == r.About() {
		return Addition{Rule: r}
	}
	return Addition{r, plain.What + " " + plain.Path}
}

// take returns the include that stands for the rules of a substitution.
func (s *search) take(c candidate, sub Substitution) ir.Rule {
	for _, i := range c.rules {
		s.gone[i] = true
	}
	s.note([]ir.Rule{c.Include})
	include := ir.Join("substitute", c.Include.Rule, sub.From...)
	include.Included = c.Include.Included
	return include
}

// left returns the rules that no abstraction stands for.
func (s *search) left() []ir.Rule {
	var out []ir.Rule
	for i, r := range s.profile.Rules {
		if !s.gone[i] {
			out = append(out, r)
		}
	}
	return out
}
