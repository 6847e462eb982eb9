package glob

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func mustParse(tb testing.TB, text string) Glob {
	tb.Helper()
	g, err := Parse(text)
	if err != nil {
		tb.Fatalf("Parse(%q): %v", text, err)
	}
	return g
}

var matchTests = []struct {
	glob     string
	match    []string
	mismatch []string
}{
	{`/a`, []string{"/a"}, []string{"/", "/a/", "/aa", "a", ""}},
	{`/foo/*`, []string{"/foo/a", "/foo/.a"}, []string{"/foo/", "/foo/a/", "/foo/a/b", "/foo"}},
	{`/foo/*/`, []string{"/foo/a/"}, []string{"/foo//", "/foo/a", "/foo/a/b/"}},
	{`/foo/**`, []string{"/foo/a", "/foo/a/", "/foo/a/b"}, []string{"/foo/", "/foo", "/foo//"}},
	{`/foo/***`, []string{"/foo/a", "/foo/a/b"}, []string{"/foo/"}},
	{`/foo/*bar`, []string{"/foo/bar", "/foo/xbar"}, []string{"/foo/x/bar"}},
	{`/foo/bar*`, []string{"/foo/bar", "/foo/barx"}, []string{"/foo/bar/"}},
	{`/foo**`, []string{"/foo", "/foobar", "/foo/", "/foo/bar"}, []string{"/fo"}},
	{`/foo**bar`, []string{"/foobar", "/foo/x/bar"}, []string{"/foo"}},
	{`/**/x`, []string{"/a/x", "/a/b/x"}, []string{"/x", "//x"}},
	{`/foo/{*,x}`, []string{"/foo/", "/foo/x", "/foo/a"}, []string{"/foo/a/"}},
	{`/foo/*{,x}`, []string{"/foo/", "/foo/x"}, nil},
	{`/foo{/,}*`, []string{"/foo/", "/foo", "/foo/x", "/foox"}, nil},
	{`/foo{,/**}`, []string{"/foo", "/foo/", "/foo/a/b"}, []string{"/fooa"}},
	{`/foo{,/}`, []string{"/foo", "/foo/"}, nil},
	{`/foo/\/*`, []string{"/foo//a"}, []string{"/foo//"}},
	{`/foo/*\/`, []string{"/foo//", "/foo/a/"}, nil},
	{`/?`, []string{"/a", "/\xff"}, []string{"/", "//", "/é", "/\x00"}},
	{`/??`, []string{"/é"}, []string{"/a"}},
	{`/*`, nil, []string{"/\x00", "/a\x00"}},
	{`/{a,b}/{c,}`, []string{"/a/c", "/b/"}, []string{"/a", "/a/b"}},
	{`/{a,b{c,d{e,f}}}g`, []string{"/ag", "/bcg", "/bdfg"}, []string{"/bdg"}},
	{`/a,b`, []string{"/a,b"}, nil},
	{`/{a\,b,c}`, []string{"/a,b", "/c"}, []string{"/a", "/b"}},
	{`/{a\054b,c}`, []string{"/a,b", "/c"}, []string{"/a", "/b"}},
	{`/.+|()^$`, []string{"/.+|()^$"}, nil},
	{`/[abc]`, []string{"/a", "/c"}, []string{"/", "/d", "/ab"}},
	{`/[a-c]`, []string{"/b"}, []string{"/d", "/-"}},
	{`/[c-a]`, []string{"/b"}, []string{"/d"}},
	{`/[-a]`, []string{"/-", "/a"}, []string{"/b"}},
	{`/[--a]`, []string{"/-", "/A", "/a"}, []string{"/b"}},
	{`/[\-a]`, []string{"/-", "/a"}, nil},
	{`/[a\-c]`, []string{"/b"}, []string{"/-"}},
	{`/[a\055c]`, []string{"/b"}, []string{"/-"}},
	{`/[^a]`, []string{"/b", "//", "/\x00"}, []string{"/a", "/"}},
	{`/[^/a]`, []string{"/b"}, []string{"/a", "//"}},
	{`/[\^a]`, []string{"/b", "/^"}, []string{"/a"}},
	{`/[a^]`, []string{"/a", "/^"}, []string{"/b"}},
	{`/[^^]`, []string{"/a"}, []string{"/^"}},
	{`/[^^a]`, []string{"/b"}, []string{"/^", "/a"}},
	{`/[!a]`, []string{"/!", "/a"}, []string{"/b"}},
	{`/[a,b]`, []string{"/,"}, nil},
	{`/{x,[a,b]}`, []string{"/,", "/x"}, []string{"/[a"}},
	{`/[\]\[]`, []string{"/]", "/["}, []string{`/\`}},
	{`/[[]`, []string{"/["}, nil},
	{`/[{}]`, []string{"/{", "/}"}, nil},
	{`/[.|()+$]`, []string{"/.", "/|", "/$"}, []string{"/a", `/\`}},
	{`/[\*\?]`, []string{"/*", "/?"}, []string{"/a", `/\`}},
	{`/[é]`, []string{"/\xc3", "/\xa9"}, []string{"/é"}},
	{`/[[:alpha]`, []string{"/[", "/:", "/p"}, []string{"/z"}},
	{`/\*\?\[\]\{\}\,\\`, []string{`/*?[]{},\`}, nil},
	{`/\052\x2a\d42`, []string{"/***"}, []string{"/a"}},
	{`/\x41\x4`, []string{"/A\x04"}, nil},
	{`/\400\d256\8`, []string{"/ 0\x196" + "8"}, nil},
	{`/\a\e\f\n\r\t`, []string{"/\a\x1b\f\n\r\t"}, nil},
	{`/\q\"\ \!\@`, []string{`/q" !@`}, nil},
	{`/\xg\d`, []string{"/xgd"}, nil},
	{`/\000`, []string{"/\x00"}, []string{"/0"}},
	{`/@\{b\}`, []string{"/@{b}"}, nil},
	{`/\@\{b\}`, []string{"/@{b}"}, nil},
	{`/a@b@`, []string{"/a@b@"}, nil},
	{`/a//b///c`, []string{"/a/b/c"}, []string{"/a//b///c"}},
	{`//a//b`, []string{"//a/b"}, []string{"/a/b"}},
	{`///a`, []string{"/a"}, []string{"//a"}},
	{`/a/\057b`, []string{"/a/b"}, []string{"/a//b"}},
	{`/a/{b/,/c}`, []string{"/a/b/", "/a//c"}, []string{"/a/c"}},
	{"/a b\n", []string{"/a b\n"}, nil},
	{`foo`, []string{"foo"}, []string{"/foo"}},
}

// TestMatch holds each rule of the package comment.
func TestMatch(t *testing.T) {
	for _, tt := range matchTests {
		g := mustParse(t, tt.glob)
		for _, path := range tt.match {
			if !g.Match(path) {
				t.Errorf("%q does not match %q", tt.glob, path)
			}
		}
		for _, path := range tt.mismatch {
			if g.Match(path) {
				t.Errorf("%q matches %q", tt.glob, path)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		glob   string
		offset int
		msg    string
	}{
		{``, 0, "empty path"},
		{`/{a}`, 1, "braces without a comma"},
		{`/{}`, 1, "braces without a comma"},
		{`/@{1}`, 1, "@{ that begins no variable"},
		{`/@{a,b}`, 1, "@{ that begins no variable"},
		{`/[@{a]`, 2, "@{ that begins no variable"},
		{`/[@{}]`, 2, "variable without a name"},
		{`/\@{X}`, 3, "braces without a comma"},
		{`/{a,b`, 1, "{ without }"},
		{`/{a,{b,c}`, 1, "{ without }"},
		{`/a}`, 2, "} without {"},
		{`/{a,b}}`, 6, "} without {"},
		{`/[a`, 1, "[ without ]"},
		{`/[a\]`, 1, "[ without ]"},
		{`/a]`, 2, "] without ["},
		{`/[]`, 1, "empty class"},
		{`/[^]`, 1, "empty class"},
		{`/[]a]`, 1, "empty class"},
		{`/[a-]`, 3, "range without an end"},
		{`/[a--]`, 3, "range without an end"},
		{`/[a\-]`, 3, "range without an end"},
		{`/[a-z-9]`, 5, "- without a range in a class"},
		{`/[^^-z]`, 4, "- without a range in a class"},
		{`/[a*]`, 3, "* in a class"},
		{`/[?]`, 2, "? in a class"},
		{`/[a\,]`, 3, "escaped comma in a class"},
		{`/[a\054]`, 3, "escaped comma in a class"},
		{`/a\`, 2, "backslash at the end"},
		{`/@{}`, 1, "variable without a name"},
		{`/\d\061`, 1, "escape sequence that another one completes"},
		{"/a\x00b", 2, "NUL byte"},
		{`/a"b`, 2, "quote within a path"},
		{`/@{X}{a}`, 5, "braces without a comma"},
		{`/{a}@{X}`, 1, "braces without a comma"},
		{`/a}@{X}`, 2, "} without {"},
		{`/@{X}[a`, 5, "[ without ]"},
		{`/@{X}{a,b`, 5, "{ without }"},
		{`/@{X}[a-]`, 7, "range without an end"},
		{`/@{X}}\`, 6, "backslash at the end"},
		{`/a//b\141{c}`, 9, "braces without a comma"},
		{"/" + strings.Repeat("{a,", 50) + strings.Repeat("}", 50), 1 + 49*3, "braces nested 50 deep"},
		{"/" + strings.Repeat("{", 100_000), 16380, "path longer than 16 KB"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.glob)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Parse(%.40q) = %v", tt.glob, err)
		} else if syntax.Offset != tt.offset || syntax.Msg != tt.msg || syntax.Hint == "" {
			t.Errorf("Parse(%.40q) = %+v, want %q at %d", tt.glob, syntax, tt.msg, tt.offset)
		}
	}
	mustParse(t, "/"+strings.Repeat("{a,", 49)+strings.Repeat("}", 49))
}

func TestIsLiteral(t *testing.T) {
	tests := []struct {
		glob, path string
		ok         bool
	}{
		{`/a/b.c`, "/a/b.c", true},
		{`/a\ b\052\"`, `/a b*"`, true},
		{`/a//b`, "/a/b", true},
		{`/@{X}`, "", false},
		{`/[a]`, "", false},
		{`/{a,a}`, "", false},
		{`/a*`, "", false},
		{`/a?`, "", false},
	}
	for _, tt := range tests {
		if path, ok := mustParse(t, tt.glob).IsLiteral(); path != tt.path || ok != tt.ok {
			t.Errorf("%q: IsLiteral = %q, %v", tt.glob, path, ok)
		}
	}
	if _, ok := (Glob{}).IsLiteral(); ok {
		t.Error("the zero Glob is literal")
	}
}

func TestVariables(t *testing.T) {
	tests := []struct {
		glob string
		want []string
	}{
		{`/a`, nil},
		{`@{HOME}/@{a_1}/@{HOME}`, []string{"HOME", "a_1"}},
		{`/\@\{X\}\\@{Y}`, []string{"Y"}},
		{`/\100{X}`, []string{"X"}},
		{`/[@{X}]{@{Y}}`, []string{"X", "Y"}},
		{`/@X{a,b}@`, nil},
	}
	for _, tt := range tests {
		if got := mustParse(t, tt.glob).Variables(); !slices.Equal(got, tt.want) {
			t.Errorf("%q: Variables = %q", tt.glob, got)
		}
	}
}

// exactTests say which globs are exact; TestParserExact asks the parser.
var exactTests = []struct {
	glob             string
	exact, orClasses bool
}{
	{`/bin/sh`, true, true},
	{`/bin/{sh,ba{sh,r}}`, true, true},
	{`/bin/{,sh}`, true, true},
	{`/bin/\*`, true, true},
	{`/bin/[a]`, false, true},
	{`/bin/[a-c]`, false, true},
	{`/bin/{a,[b]}`, false, true},
	{`/bin/[^a]`, false, false},
	{`/bin/[a][^a]`, false, false},
	{`/bin/a*`, false, false},
	{`/bin/a?`, false, false},
	{`/bin/[a]{**,b}`, false, false},
}

func TestExact(t *testing.T) {
	for _, tt := range exactTests {
		g := mustParse(t, tt.glob)
		if g.Exact() != tt.exact || g.ExactOrClasses() != tt.orClasses {
			t.Errorf("%q: Exact = %v, ExactOrClasses = %v", tt.glob, g.Exact(), g.ExactOrClasses())
		}
	}
	if g := mustParse(t, "/@{X}"); g.Exact() || g.ExactOrClasses() || (Glob{}).Exact() || (Glob{}).ExactOrClasses() {
		t.Error("a glob that is not known is exact")
	}
}

func TestQuote(t *testing.T) {
	tests := []struct{ path, want string }{
		{"/a/b", "/a/b"},
		{`/*?[]{},`, `/\*\?\[\]\{\}\,`},
		{`/a\b\`, `/a\\b\134`},
		{"/@{X}", `/@\{X\}`},
		{`/a"b!`, `/a\"b\041`},
		{"/a b", "/a b"},
		{"/é\u202e", `/é\342\200\256`},
		{"/\n\x7f\xff\x00", `/\012\177\377\000`},
		{"/a//b", `/a/\/b`},
		{"/^$.", "/^$."},
	}
	for _, tt := range tests {
		if got := Quote(tt.path); got != tt.want {
			t.Errorf("Quote(%q) = %q, want %q", tt.path, got, tt.want)
		}
	}
}

// FuzzQuote: what Quote writes matches the path and nothing else, also as a
// branch of an alternation.
func FuzzQuote(f *testing.F) {
	for _, tt := range matchTests {
		f.Add(tt.glob)
		for _, path := range tt.match {
			f.Add(path)
		}
	}
	f.Fuzz(func(t *testing.T, path string) {
		if path == "" || len(path) > 4000 {
			return
		}
		g := mustParse(t, Quote(path))
		if got, ok := g.IsLiteral(); got != path || !ok {
			t.Errorf("%q -> %q -> %q, %v", path, g, got, ok)
		}
		if alt := mustParse(t, "/x{"+Quote(path)+",}"); !alt.Match("/x"+path) || !alt.Exact() {
			t.Errorf("%q does not match", alt)
		}
	})
}

// FuzzParse: whatever the text, Parse ends, and what it takes it can write down
// for another Parse to take as the same.
func FuzzParse(f *testing.F) {
	for _, tt := range matchTests {
		f.Add(tt.glob)
	}
	for _, text := range []string{`/{`, `/[`, `/\`, `/@{`, "/{{{{,},},},}", "/@{A}{@{B},}[@{C}]", "/\xff\\\xff", `/\0\x0\d0`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := Parse(text)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(text) || syntax.Hint == "" {
				t.Fatalf("Parse(%q) = %#v", text, err)
			}
			return
		}
		if g.String() != text {
			t.Fatalf("%q prints as %q", text, g)
		}
		again, err := Parse(g.g.src.text())
		if err != nil {
			t.Fatalf("%q: written as %q: %v", text, g.g.src.text(), err)
		}
		if !sameNode(g.g.root, again.g.root) || !slices.Equal(g.Variables(), again.Variables()) {
			t.Fatalf("%q: written as %q it means something else", text, again)
		}
	})
}

func sameNode(a, b node) bool {
	return a.op == b.op && string(a.lit) == string(b.lit) && a.set == b.set && slices.EqualFunc(a.sub, b.sub, sameNode)
}

// FuzzMatch compares the automata with a matcher that walks the glob's tree.
func FuzzMatch(f *testing.F) {
	for _, tt := range matchTests {
		for _, path := range append(slices.Clone(tt.match), tt.mismatch...) {
			f.Add(tt.glob, path)
		}
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		if len(text) > 200 || len(path) > 200 {
			return
		}
		g, err := Parse(text)
		if err != nil {
			return
		}
		want := len(g.Variables()) == 0 && ends(g.g.root, path, map[int]bool{0: true})[len(path)]
		if got := g.Match(path); got != want {
			t.Fatalf("%q matches %q: %v", text, path, got)
		}
		if want && !compileProgram(g.g.root).match(path) {
			t.Fatalf("%q: the program does not match %q", text, path)
		}
		if a := g.g.small; a != nil && a.Match(path) != (want && isReal(path)) {
			t.Fatalf("%q: the automaton matches %q: %v", text, path, a.Match(path))
		}
	})
}

// ends returns where in s a match of the node may end that begins in one of the
// given places.
func ends(n node, s string, from map[int]bool) map[int]bool {
	to := map[int]bool{}
	switch n.op {
	case opLiteral:
		for i := range from {
			if strings.HasPrefix(s[i:], string(n.lit)) {
				to[i+len(n.lit)] = true
			}
		}
	case opClass, opSet:
		for i := range from {
			if i < len(s) && n.set.has(s[i]) {
				to[i+1] = true
			}
		}
	case opStar:
		for i := range from {
			for to[i] = true; i < len(s) && n.set.has(s[i]); to[i] = true {
				i++
			}
		}
	case opConcat:
		to = from
		for _, sub := range n.sub {
			to = ends(sub, s, to)
		}
	case opAlt:
		for _, sub := range n.sub {
			for i := range ends(sub, s, from) {
				to[i] = true
			}
		}
	}
	return to
}
