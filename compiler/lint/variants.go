package lint

import "strings"

// maxVariants bounds how many paths an alternation is written out to.
const maxVariants = 500

// variants writes the alternations of a path glob out, and its variables as far
// as they have values. Of a path with too many of them the rest stays as it is.
func variants(path string, values map[string][]string) []string {
	var out []string
	for work := []string{path}; len(work) > 0; {
		next := work[len(work)-1]
		work = work[:len(work)-1]
		before, options, after := choice(next, values)
		if options == nil || len(work)+len(out)+len(options) > maxVariants {
			out = append(out, next)
			continue
		}
		for _, o := range options {
			work = append(work, strings.ReplaceAll(before+o+after, "//", "/"))
		}
	}
	return out
}

// choice returns the first alternation of a glob, or variable with values, and
// what stands around it; there are no options where there is none.
func choice(s string, values map[string][]string) (before string, options []string, after string) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '@' && strings.HasPrefix(s[i+1:], "{"):
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return s, nil, ""
			}
			if v := values[s[i+2:i+end]]; len(v) > 0 {
				return s[:i], v, s[i+end+1:]
			}
			i += end
		case s[i] == '{':
			if options, n := alternatives(s[i:]); n > 0 {
				return s[:i], options, s[i+n:]
			}
		}
	}
	return s, nil, ""
}

// alternatives parts the alternation that s begins with, and returns its length,
// 0 where it has no end.
func alternatives(s string) (options []string, length int) {
	depth, from := 0, 1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return append(options, s[from:i]), i + 1
			}
		case ',':
			if depth == 1 {
				options = append(options, s[from:i])
				from = i + 1
			}
		}
	}
	return nil, 0
}
