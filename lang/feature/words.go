package feature

import (
	"slices"
	"strings"
)

// Word is one word that the profile language knows in some place.
type Word struct {
	Name  string
	Needs Feature // "" where every parser knows the word
}

// Vocabulary is the sorted list of the words that one place takes.
type Vocabulary []Word

// Names returns the words alone, sorted.
func (v Vocabulary) Names() []string {
	names := make([]string, len(v))
	for i, w := range v {
		names[i] = w.Name
	}
	return names
}

// Find returns the word of that name.
func (v Vocabulary) Find(name string) (Word, bool) {
	i, ok := slices.BinarySearchFunc(v, name, func(w Word, name string) int { return strings.Compare(w.Name, name) })
	if !ok {
		return Word{}, false
	}
	return v[i], true
}

// Has says whether the word is known.
func (v Vocabulary) Has(name string) bool {
	_, ok := v.Find(name)
	return ok
}

// words makes a vocabulary of the space-separated names that every parser
// knows and of names that need a feature, given as feature, names, ....
func words(names string, needs ...any) Vocabulary {
	var v Vocabulary
	for _, n := range strings.Fields(names) {
		v = append(v, Word{Name: n})
	}
	for i := 0; i+1 < len(needs); i += 2 {
		for _, n := range strings.Fields(needs[i+1].(string)) {
			v = append(v, Word{Name: n, Needs: needs[i].(Feature)})
		}
	}
	slices.SortFunc(v, func(a, b Word) int { return strings.Compare(a.Name, b.Name) })
	return v
}
