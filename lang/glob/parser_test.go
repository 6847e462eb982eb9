package glob

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestParserAgrees compares what random globs match here and in the automaton
// that apparmor_parser makes of them: all strings, not samples.
func TestParserAgrees(t *testing.T) { withParsers(t, testParserAgrees) }

func testParserAgrees(t *testing.T, o *oracle) {
	r := rand.New(rand.NewPCG(1, 2))
	var globs []Glob
	var sets [][]string
	for _, tt := range matchTests {
		if g, err := Parse(tt.glob); err == nil && tt.glob[0] == '/' && !strings.HasSuffix(tt.glob, `\\`) {
			globs, sets = append(globs, g), append(sets, []string{tt.glob})
		}
	}
	for n := len(sets) + o.random(t, 600); len(sets) < n; {
		text := "/" + randomGlob(r, 0)
		if g, err := Parse(text); err == nil && len(text) <= 60 {
			globs, sets = append(globs, g), append(sets, []string{text})
		}
	}
	for i, d := range o.batch(t, "", sets) {
		checkLanguage(t, globs[i], d)
	}
}

func checkLanguage(t *testing.T, g Glob, d *kernelDFA) {
	t.Helper()
	if d == nil {
		t.Errorf("%q: apparmor_parser refuses", g)
	} else if w, differ := d.difference(compileProgram(g.g.root)); differ {
		t.Errorf("%q: for us %q matches: %v", g, w, g.Match(w))
	}
}

// TestParserRefuses: what Parse refuses, apparmor_parser refuses too, unless it
// makes something else of it than it says.
func TestParserRefuses(t *testing.T) { withParsers(t, testParserRefuses) }

func testParserRefuses(t *testing.T, o *oracle) {
	r := rand.New(rand.NewPCG(9, 10))
	for n := o.random(t, 200); n > 0; {
		text := "/" + randomGlob(r, 0)
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Corrupt {
			continue
		}
		n--
		if _, err := o.compile(rules("p", text)); err == nil {
			t.Errorf("%q: apparmor_parser accepts, we say %v", text, syntax)
		}
	}
}

// TestParserCorrupts: 3.0 accepts what Parse calls corrupt, though not in every
// text.
func TestParserCorrupts(t *testing.T) { withParsers(t, testParserCorrupts) }

func testParserCorrupts(t *testing.T, o *oracle) {
	if !o.is("3.") {
		t.Skip("newer parsers refuse some, and never end at others")
	}
	for _, text := range []string{"/[a*]", "/[?]", `/[a\,]`, "/[]a[b]", "/[^]a[b]", `/\d\061`, "/@{1,a}"} {
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !syntax.Corrupt {
			t.Errorf("%q: we say %v", text, err)
		}
		if _, err := o.compile(rules("p", text)); err != nil {
			t.Errorf("%q: apparmor_parser says %v", text, err)
		}
	}
}

// FuzzParserAgrees is both of the above for any text.
func FuzzParserAgrees(f *testing.F) {
	o := oracles(f)[0]
	for _, tt := range matchTests {
		f.Add(tt.glob)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 60 || !strings.HasPrefix(text, "/") || strings.HasSuffix(text, `\`) || strings.Contains(text, `"`) {
			return // the lexer of a profile, not of a glob
		}
		g, err := Parse(text)
		var syntax *SyntaxError
		if len(g.Variables()) > 0 || errors.As(err, &syntax) && (syntax.Corrupt || syntax.Msg == "NUL byte") {
			return
		}
		out, refused := o.compile(rules("p", text))
		if (err != nil) != (refused != nil) {
			t.Fatalf("%q: we say %v, apparmor_parser %v", text, err, refused)
		}
		if err == nil {
			dfas, err := readDFAs(out)
			if err != nil {
				t.Fatal(err)
			}
			checkLanguage(t, g, dfas[0])
		}
	})
}

// TestParserMembership asks the other way, without reading the binary policy: a
// rule for a path that the glob matches changes nothing in it. That holds Quote
// to the parser as well.
func TestParserMembership(t *testing.T) { withParsers(t, testParserMembership) }

func testParserMembership(t *testing.T, o *oracle) {
	r := rand.New(rand.NewPCG(11, 12))
	var globs []Glob
	var paths []string
	var sets [][]string
	add := func(text, path string) {
		if g, err := Parse(text); err == nil && strings.HasPrefix(text, "/") && strings.HasPrefix(path, "/") && !strings.HasSuffix(text, `\\`) {
			globs, paths = append(globs, g), append(paths, path)
			sets = append(sets, []string{text}, []string{text, Quote(path)})
		}
	}
	for _, tt := range matchTests {
		for _, path := range append(tt.match, tt.mismatch...) {
			add(tt.glob, path)
		}
	}
	for n := len(globs) + o.random(t, 1000); len(globs) < n; {
		add("/"+randomSmall(r, 0), realPaths[r.IntN(len(realPaths))])
	}
	yes := 0
	dfas := o.batch(t, "", sets)
	for i, g := range globs {
		same := bytes.Equal(dfas[2*i].blob, dfas[2*i+1].blob)
		if same != g.Match(paths[i]) {
			t.Errorf("%q matches %q: %v", g, paths[i], !same)
		}
		if same {
			yes++
		}
	}
	if yes < len(globs)/10 {
		t.Errorf("only %d of %d pairs match", yes, len(globs))
	}
}

// TestParserRelations holds Includes and Equal to the binary policy: a includes
// b when the rules of both together compile to what a alone does. Where the
// policies differ and we say yes, the difference must be in paths that are not
// real.
func TestParserRelations(t *testing.T) { withParsers(t, testParserRelations) }

func testParserRelations(t *testing.T, o *oracle) {
	r := rand.New(rand.NewPCG(13, 14))
	var pairs [][2]Glob
	var sets [][]string
	for n := o.random(t, 600); len(pairs) < n; {
		a, b := randomSmallGlob(t, r), randomSmallGlob(t, r)
		if r.IntN(3) == 0 {
			a = mustParse(t, "/{"+b.String()[1:]+","+a.String()[1:]+"}")
		}
		pairs = append(pairs, [2]Glob{a, b})
		sets = append(sets, []string{a.String()}, []string{a.String(), b.String()}, []string{b.String()})
	}
	dfas := o.batch(t, "", sets)
	included := 0
	for i, p := range pairs {
		alone, both, other := dfas[3*i], dfas[3*i+1], dfas[3*i+2]
		ok, witness, err := Includes(p[0], p[1])
		if ok {
			included++
		}
		checkRelation(t, fmt.Sprintf("Includes(%q, %q)", p[0], p[1]), alone, both, ok, witness, err)
		ok, witness, err = Equal(p[0], p[1])
		checkRelation(t, fmt.Sprintf("Equal(%q, %q)", p[0], p[1]), alone, other, ok, witness, err)
	}
	if included < len(pairs)/10 {
		t.Errorf("only %d of %d pairs are included", included, len(pairs))
	}
}

func checkRelation(t *testing.T, name string, x, y *kernelDFA, same bool, witness string, err error) {
	t.Helper()
	switch {
	case err != nil:
		t.Errorf("%s: %v", name, err)
	case bytes.Equal(x.blob, y.blob):
		if !same {
			t.Errorf("%s: %q is said to differ, the compiled policy does not", name, witness)
		}
	default:
		w, differ := x.realDifference(y)
		if differ == same || len(w) != len(witness) {
			t.Errorf("%s = %v, %q; in the compiled policy %q differs", name, same, witness, w)
		}
	}
}

// TestParserExact: next to an exact rule, a pattern with another exec transition
// compiles; next to a pattern it is a conflict.
func TestParserExact(t *testing.T) { withParsers(t, testParserExact) }

func testParserExact(t *testing.T, o *oracle) {
	for _, tt := range exactTests {
		_, err := o.compile(fmt.Sprintf("profile p {\n\"%s\" px,\n/** ix,\n}\n", tt.glob))
		want := tt.exact
		if !o.is("3.") && !o.is("4.0") {
			want = tt.orClasses
		}
		if (err == nil) != want {
			t.Errorf("%q: apparmor_parser says %v", tt.glob, err)
		}
	}
}

// TestParserLimits: a path that is too long or nested too deep for Parse is so
// for the parser, and a value of a variable that is too long for Expand is cut
// off by it.
func TestParserLimits(t *testing.T) { withParsers(t, testParserLimits) }

func testParserLimits(t *testing.T, o *oracle) {
	for _, text := range []string{
		strings.Repeat("/", maxToken-1) + "a", // long for the lexer only
		strings.Repeat("/", maxToken) + "a",
		"/" + strings.Repeat("{a,", maxDepth-1) + strings.Repeat("}", maxDepth-1),
		"/" + strings.Repeat("{a,", maxDepth) + strings.Repeat("}", maxDepth),
	} {
		_, err := Parse(text)
		if _, refused := o.compile(rules("p", text)); (err != nil) != (refused != nil) {
			t.Errorf("%.20q, %d bytes: we say %v, apparmor_parser %v", text, len(text), err, refused)
		}
	}
	value := strings.Repeat("a", maxValue)
	if o.is("5.") {
		return // it cuts nothing
	}
	cut, err := o.compile(fmt.Sprintf("@{X} = %sb\n", value)+rules("p", "/@{X}"), "-O", "no-minimize")
	whole, err2 := o.compile(rules("p", "/"+value), "-O", "no-minimize")
	if err != nil || err2 != nil || !bytes.Equal(cut, whole) {
		t.Errorf("the parser does not cut a long value off: %v, %v", err, err2)
	}
}

// TestParserExpandsAlike compares Expand with the parser's own expansion of
// random variables, nested ones among them.
func TestParserExpandsAlike(t *testing.T) { withParsers(t, testParserExpandsAlike) }

func testParserExpandsAlike(t *testing.T, o *oracle) {
	if o.is("5.") {
		t.Skip("5.0 leaves leading slashes to the values of /@{X}, and drops equal values")
	}
	r := rand.New(rand.NewPCG(3, 4))
	var preamble strings.Builder
	var sets [][]string
	var globs []Glob
	for i, n := 0, o.random(t, 400); len(sets) < n; i++ {
		text, vars, shape := randomVariables(r, fmt.Sprint("V", i))
		g, err := Parse(shape)
		if err == nil {
			g, err = g.Expand(vars)
		}
		if err == nil {
			preamble.WriteString(text)
			globs, sets = append(globs, g), append(sets, []string{shape})
		}
	}
	for i, d := range o.batch(t, preamble.String(), sets) {
		checkLanguage(t, globs[i], d)
	}
}
