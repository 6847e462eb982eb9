package glob

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestReal(t *testing.T) {
	for _, path := range []string{"/", "/a", "/a/", "/a/b", "/.a", "/..a", "/...", "/a.", "/a./", "/.a/..b/", "/\n\xff"} {
		if !isReal(path) {
			t.Errorf("%q is not real", path)
		}
	}
	for _, path := range []string{"", "a", "//", "/a//", "/.", "/..", "/./a", "/a/../b", "/a/..", "/a\x00", "\x00"} {
		if isReal(path) {
			t.Errorf("%q is real", path)
		}
	}
}

func TestIncludes(t *testing.T) {
	tests := []struct{ a, b, witness string }{
		{"/a", "/a", ""},
		{"/a", "/b", "/b"},
		{"/a*", "/a", ""},
		{"/a", "/a*", "/aa"},
		{"/a/**", "/a/*", ""},
		{"/a/*", "/a/**", "/a/a/"},
		{"/a/**", "/a/b/{c,d}/*.x", ""},
		{"/a/**", "/a/", "/a/"},
		{"/a/**", "/a{,/**}", "/a"},
		{"/a{,/,/**}", "/a/**", ""},
		{"/a**", "/a/b", ""},
		{"/a?**", "/a/b", "/a/b"},
		{"/a?**", "/ab*", ""},
		{"/a?**", "/a{b,/cc}", "/a/cc"},
		{"/{a,b}", "/[ab]", ""},
		{"/[ab]", "/{a,b,c}", "/c"},
		{"/[^a]", "/[^/a]", ""},
		{"/[^/a]", "/[^a]", ""},
		{"/*", "/[^a]*", ""},
		{"/a*", "/a[^a]*", "/a/"},
		{"/{?,}*", "/**", "/a/"},
		{"/a", "/a/../a", ""},
		{"/a", "//a", ""},
		{"/a", "/foo{,/}/x", "/foo/x"},
		{"/foo/x", "/foo{,/}/x", ""},
		{"/a", "{b,c}", ""},
		{"/a", `/\000*`, ""},
		{"/proc/*/fd/", "/proc/[0-9]*/fd/", ""},
		{"/proc/[0-9]*/fd/", "/proc/*/fd/", "/proc/a/fd/"},
		{"/**", "/{a,b}{,/**}", ""},
		{"/**/", "/**", "/a"},
		{"/**.so", "/lib/*.so", ""},
		{"/lib/**.so*", "/lib/*.so.[0-9]", ""},
	}
	for _, tt := range tests {
		a, b := mustParse(t, tt.a), mustParse(t, tt.b)
		ok, witness, err := Includes(a, b)
		if err != nil || ok != (tt.witness == "") || witness != tt.witness {
			t.Errorf("Includes(%q, %q) = %v, %q, %v; want witness %q", tt.a, tt.b, ok, witness, err, tt.witness)
		}
	}
}

func TestEqual(t *testing.T) {
	tests := []struct{ a, b, witness string }{
		{"/{a,b}", "/[ab]", ""},
		{"/a{,/,/**}", "/a{,/{,**}}", ""},
		{"/foo{,/}x", "/foo{x,/x}", ""},
		{"/foo{,/}/x", "/foo/x", ""},
		{"/a/**", "/a/*", "/a/a/"},
		{"/[^a]", "/[^/a]", ""},
		{"/***", "/**", ""},
	}
	for _, tt := range tests {
		ok, witness, err := Equal(mustParse(t, tt.a), mustParse(t, tt.b))
		if err != nil || ok != (tt.witness == "") || witness != tt.witness {
			t.Errorf("Equal(%q, %q) = %v, %q, %v; want witness %q", tt.a, tt.b, ok, witness, err, tt.witness)
		}
	}
}

func TestIntersects(t *testing.T) {
	tests := []struct{ a, b, witness string }{
		{"/a", "/a", "/a"},
		{"/a", "/b", ""},
		{"/a*", "/*b", "/ab"},
		{"/a/*", "/a/*/", ""},
		{"/etc/**", "/**/passwd", "/etc/passwd"},
		{"/etc/*.d/**", "/**.conf", "/etc/.d/.conf"},
		{"//a", "//a", ""},
	}
	for _, tt := range tests {
		ok, witness, err := Intersects(mustParse(t, tt.a), mustParse(t, tt.b))
		if err != nil || ok != (tt.witness != "") || witness != tt.witness {
			t.Errorf("Intersects(%q, %q) = %v, %q, %v; want %q", tt.a, tt.b, ok, witness, err, tt.witness)
		}
	}
}

func TestDifference(t *testing.T) {
	compile := func(globs ...string) *Automaton {
		var list []Glob
		for _, g := range globs {
			list = append(list, mustParse(t, g))
		}
		a, err := Compile(list...)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	all, etc := compile("/**", "/"), compile("/etc/**", "/etc/")
	rest, err := all.Difference(etc)
	if err != nil || rest.Match("/etc/") || rest.Match("/etc/a") || !rest.Match("/etc") || !rest.Match("/usr/x") {
		t.Errorf("difference is wrong: %v", err)
	}
	back, err := rest.Union(etc)
	if ok, w, err2 := back.Equal(all); err != nil || err2 != nil || !ok {
		t.Errorf("difference and union: %q %v %v", w, err, err2)
	}
	none, err := rest.Intersection(etc)
	if _, ok := none.Shortest(); err != nil || ok || none.States() != 0 {
		t.Errorf("difference and what was taken away meet: %v", err)
	}
	if empty := compile(); empty.Match("/") || empty.States() != 0 {
		t.Error("no glob matches something")
	}
}

// realPaths holds all real paths over a, b, dot and slash up to a length, short
// ones first.
var realPaths = func() (paths []string) {
	for level := []string{""}; len(level[0]) < 7; {
		var next []string
		for _, s := range level {
			for _, c := range "ab./" {
				next = append(next, s+string(c))
			}
		}
		level = next
		for _, s := range level {
			if isReal(s) {
				paths = append(paths, s)
			}
		}
	}
	return paths
}()

func randomSmall(r *rand.Rand, depth int) string {
	pieces := []string{"a", "b", "/", "/", ".", "*", "**", "?", "/*", "/**", "[ab]", "[^a]", "[^/b]", "[a-c]"}
	var b strings.Builder
	for range r.IntN(4) + 1 {
		if n := r.IntN(len(pieces) + 3); n < len(pieces) {
			b.WriteString(pieces[n])
		} else if depth < 2 {
			b.WriteString([]string{"{", "{,"}[r.IntN(2)] + randomSmall(r, depth+1) + "," + randomSmall(r, depth+1) + "}")
		}
	}
	return b.String()
}

func randomSmallGlob(tb testing.TB, r *rand.Rand) Glob {
	for {
		if g, err := Parse("/" + randomSmall(r, 0)); err == nil {
			return g
		}
	}
}

// TestRelationsOnShortPaths asks about random globs what can be counted: all
// real paths up to a length.
func TestRelationsOnShortPaths(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 400 * rounds(t) {
		a, b := randomSmallGlob(t, r), randomSmallGlob(t, r)
		if r.IntN(3) == 0 {
			a = mustParse(t, "/{"+b.String()[1:]+","+a.String()[1:]+"}")
		}
		var inA, inB []bool
		for _, p := range realPaths {
			inA, inB = append(inA, a.Match(p)), append(inB, b.Match(p))
		}
		counted := func(want func(a, b bool) bool) string {
			for i, p := range realPaths {
				if want(inA[i], inB[i]) {
					return p
				}
			}
			return ""
		}
		check := func(name string, none bool, witness string, err error, want func(a, b bool) bool) {
			short := counted(want)
			switch {
			case err != nil:
				t.Fatalf("%s(%q, %q): %v", name, a, b, err)
			case none && short != "":
				t.Errorf("%s(%q, %q) overlooks %q", name, a, b, short)
			case !none && (!isReal(witness) || !want(a.Match(witness), b.Match(witness))):
				t.Errorf("%s(%q, %q): %q is no witness", name, a, b, witness)
			case short != "" && len(short) < len(witness):
				t.Errorf("%s(%q, %q): %q is no shortest witness, %q is", name, a, b, witness, short)
			}
		}
		ok, w, err := Includes(a, b)
		check("Includes", ok, w, err, func(a, b bool) bool { return b && !a })
		ok, w, err = Equal(a, b)
		check("Equal", ok, w, err, func(a, b bool) bool { return a != b })
		ok, w, err = Intersects(a, b)
		check("Intersects", !ok, w, err, func(a, b bool) bool { return a && b })
	}
}

// TestMinimal compares the number of states with what plain refinement of all
// states by all bytes arrives at, and the form with that of an equal automaton.
func TestMinimal(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 150 * rounds(t) {
		a, b := randomSmallGlob(t, r), randomSmallGlob(t, r)
		both, err := Compile(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := both.States(), distinct(both); got != want {
			t.Errorf("%q and %q: %d states, %d are distinct", a, b, got, want)
		}
		x, _ := Compile(a)
		y, _ := Compile(b)
		union, err := y.Union(x)
		if err != nil {
			t.Fatal(err)
		}
		if union.class != both.class || !slices.Equal(union.next, both.next) || !slices.Equal(union.accept, both.accept) {
			t.Errorf("%q and %q: the union differs in form", a, b)
		}
	}
}

// distinct counts the states that some string tells apart, the dead one aside.
func distinct(a *Automaton) int {
	class := make([]int, len(a.accept))
	for n := 0; ; {
		number := map[string]int{}
		next := make([]int, len(class))
		for s := range class {
			key := fmt.Sprint(a.accept[s])
			for _, c := range []byte("abcde./\x00") {
				key += fmt.Sprint(" ", class[a.step(int32(s), c)])
			}
			if _, ok := number[key]; !ok {
				number[key] = len(number)
			}
			next[s] = number[key]
		}
		if class = next; len(number) == n {
			return n - 1
		}
		n = len(number)
	}
}

// TestHostile: globs made to be dear come to an end, and with an error where they
// do not fit.
func TestHostile(t *testing.T) {
	long := func(s string, n int) Glob { return mustParse(t, "/"+strings.Repeat(s, n)) }
	tests := []struct {
		name     string
		g        Glob
		path     string
		tooLarge bool
	}{
		{"window", mustParse(t, "/**a"+strings.Repeat("?", 40)), "/" + strings.Repeat("a", 4000), true},
		{"stars", long("*a", 1000), "/" + strings.Repeat("a", 4000), false},
		{"double stars", long("**a", 3000), "/" + strings.Repeat("a", 4000), true},
		{"optional", long("{,a}", 2000), "/" + strings.Repeat("a", 4000), false},
		{"nested", mustParse(t, "/"+strings.Repeat("{*a,", 49)+strings.Repeat("b}", 49)), "/" + strings.Repeat("a", 4000), false},
		{"empty", mustParse(t, "/{"+strings.Repeat(",", 10_000)+"}"), "/a", false},
		{"classes", mustParse(t, "/**a{"+strings.Repeat("?,", 1)+strings.Repeat("?", 30)+"}**b"+strings.Repeat("?", 30)), "/" + strings.Repeat("ab", 2000), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.g.Match(tt.path)
			_, err := Compile(tt.g)
			if err != nil && !errors.Is(err, ErrTooLarge) || (err != nil) != tt.tooLarge {
				t.Errorf("Compile: %v", err)
			}
		})
	}
}
