package glob

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// randomGlob writes a glob that is valid more often than not, over so small an
// alphabet that its parts interact.
func randomGlob(r *rand.Rand, depth int) string {
	var b strings.Builder
	for range r.IntN(5) + 1 {
		b.WriteString(randomPiece(r, depth))
	}
	return b.String()
}

func randomPiece(r *rand.Rand, depth int) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	switch n := r.IntN(16); {
	case n < 4:
		return pick("a", "b", "c", "ab", ".", "-", "+", "^", "$", "é", "@", ",", "!", " ", "(", "|")
	case n < 7:
		return pick("/", "/", "/", "//", "/.", "/..")
	case n < 9:
		return pick("*", "**", "***", "/*", "/**", "*/", "/*/", "/**/")
	case n < 10:
		return "?"
	case n < 11:
		return randomClass(r)
	case n < 12:
		return pick(`\*`, `\?`, `\[`, `\{`, `\}`, `\]`, `\\a`, `\,`, `\^`, `\-`, `\/`, `\@{X}`, `\"`, `\q`, `\ `,
			`\141`, `\057`, `\x2a`, `\d47`, `\052`, `\000`, `\x2F`, `\400`, `\d256`, `\n`, `\xg`, `\8`, `\54`, `\d`, `\x`)
	case depth > 2:
		return "a"
	case n < 15:
		branches := make([]string, r.IntN(3)+2)
		for i := range branches {
			if r.IntN(4) > 0 {
				branches[i] = randomGlob(r, depth+1)
			}
		}
		return "{" + strings.Join(branches, ",") + "}"
	}
	return pick("{a}", "{}", "@{", "[", "]", "{", "}", "[]", "[^]", "[a-]", "@{}", "a", "b", "c")
}

func randomClass(r *rand.Rand) string {
	parts := []string{"a", "b", "c", "-", "a-c", "c-a", "^", "!", "/", ",", ".", "[", "{", "}", "@", "é", "$", "(", "+",
		`\*`, `\?`, `\]`, `\[`, `\,`, `\-`, `\^`, `\\`, `\x2d`, `\055`, `\136`, `\000`, `\a`, `\q`, `/`, `/`}
	var b strings.Builder
	b.WriteByte('[')
	if r.IntN(3) == 0 {
		b.WriteByte('^')
	}
	for range r.IntN(4) + 1 {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String() + "]"
}

// randomVariables returns definitions of variables whose names begin with the
// prefix, as text and as a map, and a glob that refers to them.
func randomVariables(r *rand.Rand, prefix string) (text string, vars map[string][]string, glob string) {
	values := []string{"a", "/a", "a/", "/a/", "//a//", "/", "//", "", "*", "**", "/*", "{b,c}", "b", "a b", `\052`,
		`\/`, "/a//b/", "[ab]", "x,y", "@{C}", "@{C}/", "/@{C}"}
	shapes := []string{"/p/@{A}/q", "/p@{A}", "/x@{A}@{B}", "/@{A}", "/p/@{A}", "/{@{A},@{B}}/q", "/@{A}/@{B}/",
		`/\\@{A}`, "/@{A}@{B}*", "/p/{q,@{A}}", "/[@{A}]", "/p//@{A}//q"}
	rename := strings.NewReplacer("@{", "@{"+prefix)
	vars = map[string][]string{}
	var b strings.Builder
	for _, name := range []string{"C", "A", "B"} {
		fmt.Fprintf(&b, "@{%s%s} =", prefix, name)
		for range r.IntN(3) + 1 {
			v := values[r.IntN(len(values))]
			// No cycles; and 3.0.8 ends with "Out of memory" where a value is
			// nothing but a reference to an empty one.
			if name == "C" && (v == "" || strings.Contains(v, "@")) {
				v = "c"
			}
			v = rename.Replace(v)
			vars[prefix+name] = append(vars[prefix+name], v)
			fmt.Fprintf(&b, " \"%s\"", v)
		}
		b.WriteString("\n")
	}
	return b.String(), vars, rename.Replace(shapes[r.IntN(len(shapes))])
}
