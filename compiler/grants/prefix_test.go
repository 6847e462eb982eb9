package grants

import (
	"slices"
	"strings"
	"testing"

	"apc/lang/glob"
)

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"/a/b":                {"/a/b"},
		"/a/*":                {"/a/"},
		"/a/{b,c}":            {"/a/"},
		"{/home/*/,/root/}.x": {"/home/", "/root/.x"},
		"/{run,var/run}/x*":   {"/run/x", "/var/run/x"},
		"/{a{b,c},d}e":        {"/abe", "/ace", "/de"},
		`/{a\,b,c}`:           {"/a", "/c"},
		"/{[,}]a,b}":          {"/", "/b"},
		"/{a,b":               {"/"},
		"/a//b":               {"/a/"},
		"/{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17}": {"/"},
		"/{1,2,3,4,5}{1,2,3,4,5}":                      {"/"},
	} {
		if got := Prefixes(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// FuzzPrefixes holds that the shortest path that a glob matches begins with one
// of its prefixes, and so the shortest of those that begin with none of them.
func FuzzPrefixes(f *testing.F) {
	for _, text := range []string{"/{a,b}*", "{/a,/b/}c", `/{\{,a}`, "/{[^a]b,c}", "/{,a/}{b,/c}", "/{a,{b,c/}}**", "/[{]{a,b}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := glob.Parse(text)
		if err != nil || len(g.Variables()) > 0 {
			return
		}
		all, err := glob.Compile(g)
		if err != nil {
			return
		}
		for _, prefix := range Prefixes(text) {
			known, err := glob.Parse(glob.Quote(prefix) + "{,**}")
			if err != nil {
				return
			}
			begun, err := glob.Compile(known)
			if err != nil {
				return
			}
			if all, err = all.Difference(begun); err != nil {
				return
			}
		}
		if path, found := all.Shortest(); found && !strings.HasPrefix(path, "//") {
			t.Errorf("%q matches %q, which begins with none of %q", text, path, Prefixes(text))
		}
	})
}
