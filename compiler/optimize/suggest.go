package optimize

import (
	"slices"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// What makes an abstraction worth a word: it stands for so many rules and adds
// no more than that, for more of them and does not dwarf them, or for less and
// the profile has most of what it brings. Of each profile a few are suggested,
// each for rules of its own.
const (
	suggestMin   = 3 // rules, where the profile has most of the abstraction
	suggestRules = 5 // rules, otherwise
	suggestLong  = 6 // rules, where it adds up to suggestAdds times as many
	suggestAdds  = 3
	suggestMost  = 3 // most: all but one of so many
	suggestions  = 3 // for a profile
)

// Suggest returns the abstractions that could take the place of rules, with what
// they would add. The module's includes must have been read.
func Suggest(m *ir.Module, shelf *Shelf) []Substitution {
	var out []Substitution
	for _, p := range m.Profiles() {
		s := newSearch(m, p, shelf)
		s.skipModules()
		if !slices.ContainsFunc(s.candidates(), func(c candidate) bool { _, ok := s.substitution(c); return ok }) {
			continue // as of nearly every profile: includes need not be gone through
		}
		s.skipIncluded(m)
		out = append(out, s.suggestions(s.candidates())...)
	}
	return out
}

// skipIncluded leaves the rules alone that an include of the profile has.
func (s *search) skipIncluded(m *ir.Module) {
	b := newBrought(s.profile.Rules, m.Values)
	for i, r := range s.profile.Rules {
		for range b.having(r) {
			s.gone[i] = true
			break
		}
	}
}

// skipModules leaves the rules alone that came through modules only: it is not
// for who uses these to replace them.
func (s *search) skipModules() {
	for i, r := range s.profile.Rules {
		if !slices.ContainsFunc(r.Origins, func(o ir.Origin) bool { return len(o.Via) == 0 }) {
			s.gone[i] = true
		}
	}
}

// suggestions returns the best of the candidates, with those rules that no
// abstraction before stands for.
func (s *search) suggestions(candidates []candidate) []Substitution {
	s.skipModules()
	var all []Substitution
	for _, c := range candidates {
		if sub, ok := s.substitution(c); ok {
			all = append(all, sub)
		}
	}
	slices.SortStableFunc(all, func(a, b Substitution) int { return b.gain() - a.gain() })
	var out []Substitution
	told := map[string]bool{}
	for _, sub := range all {
		if len(out) == suggestions {
			break
		}
		if fresh := sub.without(told); fresh.worth() {
			for _, r := range fresh.From {
				told[r.String()] = true
			}
			out = append(out, fresh)
		}
	}
	return out
}

// gain is how many rules a profile is shorter for a reader.
func (s Substitution) gain() int { return len(s.From) - len(s.Adds) }

// worth says whether a substitution is worth a suggestion.
func (s Substitution) worth() bool {
	n := telling(s.From)
	return n >= suggestLong && len(s.Adds) <= suggestAdds*n || n >= suggestRules && len(s.Adds) <= n || n >= suggestMin && len(s.Adds)*suggestMost <= s.Rules
}

// telling counts the rules that tell what a program is about. Capabilities and
// families of sockets are common to all sorts of programs.
func telling(rules []ir.Rule) int {
	n := 0
	for _, r := range rules {
		if k := r.Kind(); k != rule.KindCapability && k != rule.KindNetwork {
			n++
		}
	}
	return n
}

// without returns the substitution without the rules that others stand for.
func (s Substitution) without(told map[string]bool) Substitution {
	s.From = slices.DeleteFunc(slices.Clone(s.From), func(r ir.Rule) bool { return told[r.String()] })
	return s
}
