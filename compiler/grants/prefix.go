package grants

import "strings"

// maxPrefixes bounds how many prefixes a glob has.
const maxPrefixes = 16

// Prefixes returns texts of which every path that a glob matches begins with
// one. The glob is given as its text, without variables. Where an alternation
// stands so early that the text before it says little, each branch has its own.
func Prefixes(text string) []string {
	plain := plainPrefix(text)
	rest := text[len(plain):]
	if !strings.HasPrefix(rest, "{") || strings.Count(plain, "/") > 1 {
		return []string{plain}
	}
	branches, rest, ok := splitBraces(rest)
	if !ok || len(branches) > maxPrefixes {
		return []string{plain}
	}
	var out []string
	for _, b := range branches {
		if out = append(out, Prefixes(plain+b+rest)...); len(out) > maxPrefixes {
			return []string{plain}
		}
	}
	return out
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

// splitBraces returns the branches of the alternation that begins a text, and
// what stands behind it; ok is false where it does not end.
func splitBraces(text string) (branches []string, rest string, ok bool) {
	depth, class, start := 0, false, 1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '{':
			depth++
		case c == ',' && depth == 1:
			branches, start = append(branches, text[start:i]), i+1
		case c == '}':
			if depth--; depth == 0 {
				return append(branches, text[start:i]), text[i+1:], true
			}
		}
	}
	return nil, "", false
}
