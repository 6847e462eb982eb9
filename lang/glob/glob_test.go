package glob

import "testing"

func TestMatch(t *testing.T) {
	tests := []struct {
		glob, path string
		want       bool
	}{
		{"/foo/*", "/foo/", false},
		{"/foo/**", "/foo/", false},
		{"/foo/**", "/foo/a/b", true},
		{"/foo/*", "/foo/a/b", false},
		{"/foo/*bar", "/foo/bar", true},
		{"/foo**", "/foo", true},
		{"/foo/{*,x}", "/foo/", true},
		{"/foo/*{,x}", "/foo/", true},
		{"/foo{,/**}", "/foo/", true},
		{"/[^a]", "//", true},
		{"/[!a]", "/!", true},
		{"/[!a]", "/b", false},
		{"/?", "/é", false},
		{"/??", "/é", true},
	}
	for _, tt := range tests {
		g, err := Parse(tt.glob)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.glob, err)
			continue
		}
		if got := g.Match(tt.path); got != tt.want {
			t.Errorf("%q.Match(%q) = %v", tt.glob, tt.path, got)
		}
	}
}
