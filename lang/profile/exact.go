package profile

import (
	"strings"

	"apc/lang/glob"
)

// maxPaths bounds the paths that an exact glob is written out to.
const maxPaths = 256

// isExact says whether the newest parser takes a glob for an exact path where
// exec rules meet: paths, alternations and classes are, not so wildcards and
// negated classes (aare_rules.cc: add_rule_vec; parsers before 5.0 take any
// class for a wildcard).
func isExact(word string) bool {
	for i := 0; i < len(word); i++ {
		switch word[i] {
		case '\\':
			i++
		case '*', '?':
			return false
		case '[':
			if strings.HasPrefix(word[i:], "[^") {
				return false
			}
			i = classEnd(word, i)
		}
	}
	return true
}

// classEnd returns the offset of the bracket that closes a class.
func classEnd(word string, i int) int {
	for i++; i < len(word) && word[i] != ']'; i++ {
		if word[i] == '\\' {
			i++
		}
	}
	return i
}

// writeOut returns the paths that an exact glob matches, or nil where there are
// too many or it is no glob.
func writeOut(word string) []string {
	if !strings.ContainsAny(word, `\{}[]`) && !strings.Contains(word, "//") {
		return []string{word}
	}
	w := &writer{word: word}
	out := w.sequence()
	if w.failed || w.i < len(word) {
		return nil
	}
	for i, p := range out {
		g, err := glob.Parse(p)
		if err != nil {
			return nil
		}
		path, ok := g.IsLiteral()
		if !ok {
			return nil
		}
		out[i] = path
	}
	return out
}

// writer writes a glob out, from its offset i on.
type writer struct {
	word   string
	i      int
	level  int
	failed bool
}

// sequence writes out what stands up to the end or, within braces, up to a
// comma or brace that belongs to them.
func (w *writer) sequence() []string {
	out := []string{""}
	for w.i < len(w.word) && !w.failed {
		switch c := w.word[w.i]; {
		case w.level > 0 && (c == ',' || c == '}'):
			return out
		case c == '{':
			out = w.product(out, w.alternation())
		case c == '[':
			out = w.product(out, w.class())
		case c == '\\' && w.i+1 < len(w.word):
			out = w.product(out, []string{w.word[w.i : w.i+2]})
			w.i += 2
		default:
			out = w.product(out, []string{w.word[w.i : w.i+1]})
			w.i++
		}
	}
	return out
}

// product joins every beginning with every continuation.
func (w *writer) product(before, after []string) []string {
	if len(after) == 1 {
		for i := range before {
			before[i] += after[0]
		}
		return before
	}
	if len(before)*len(after) > maxPaths {
		w.failed = true
		return nil
	}
	out := make([]string, 0, len(before)*len(after))
	for _, b := range before {
		for _, a := range after {
			out = append(out, b+a)
		}
	}
	return out
}

// alternation writes out what stands in braces.
func (w *writer) alternation() []string {
	var out []string
	w.level++
	for {
		w.i++
		out = append(out, w.sequence()...)
		if w.failed || w.i == len(w.word) {
			w.failed = true
			return nil
		}
		if w.word[w.i] == '}' {
			w.i++
			w.level--
			return out
		}
	}
}

// class writes out a class without escapes.
func (w *writer) class() []string {
	end := classEnd(w.word, w.i)
	if end == len(w.word) {
		w.failed = true
		return nil
	}
	members := w.word[w.i+1 : end]
	w.i = end + 1
	if len(members) > maxPaths || strings.ContainsAny(members, `\{}[]`) {
		w.failed = true
		return nil
	}
	var out []string
	for i := 0; i < len(members); i++ {
		last := members[i]
		if i+2 < len(members) && members[i+1] == '-' {
			last = members[i+2]
		}
		for c := int(min(members[i], last)); c <= int(max(members[i], last)); c++ {
			out = append(out, glob.Quote(string([]byte{byte(c)})))
		}
		if last != members[i] {
			i += 2
		}
	}
	return out
}
