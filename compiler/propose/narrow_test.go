package propose

import (
	"math/rand/v2"
	"strings"
	"testing"

	"apc/lang/glob"
)

// TestNarrowed holds that no pattern is left out that matches: random patterns
// and paths of few characters, in which many match.
func TestNarrowed(t *testing.T) {
	values := map[string][]string{"a": {"/a/", "/b"}, "e": {""}, "g": {"/{a,b}/", "/c*"}, "n": {"@{a}b"}}
	pieces := []string{"/", "/", "a", "b", "*", "**", "?", "[ab]", "{a,b}", "{,/a}", "@{a}", "@{e}", "@{g}", "@{n}", `\a`, "//", `\052`}
	r := rand.New(rand.NewPCG(3, 4))
	matched := 0
	for range 100_000 {
		var pattern, path strings.Builder
		if r.IntN(3) > 0 {
			pattern.WriteString("/")
		}
		for range 1 + r.IntN(4) {
			pattern.WriteString(pieces[r.IntN(len(pieces))])
		}
		path.WriteString("/")
		for range 1 + r.IntN(4) {
			path.WriteByte("ab/c"[r.IntN(4)])
		}
		g, err := glob.Parse(pattern.String())
		if err == nil && len(g.Variables()) > 0 {
			g, err = g.Expand(values)
		}
		if err != nil || !g.Match(path.String()) {
			continue
		}
		matched++
		if !mayMatch(values, pattern.String(), path.String()) {
			t.Fatalf("%s matches %s, and is left out", pattern.String(), path.String())
		}
	}
	if matched < 1000 {
		t.Errorf("only %d matched", matched)
	}
}
