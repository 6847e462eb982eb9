package lint

import (
	"slices"
	"testing"

	"apc/lang/glob"
)

// TestPlaces holds that the globs of places are such, that each example is in
// its place, and that no directory is.
func TestPlaces(t *testing.T) {
	for _, p := range slices.Concat(secrets, powers, tunables, loaded) {
		s := newSpot(p)
		var all []glob.Glob
		for _, path := range p.paths {
			if _, err := glob.Parse(path); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if _, ok := s.all.IsLiteral(); s.all.String() == "" || ok {
			t.Errorf("%s: its globs do not go into one", p.what)
		}
		for _, g := range s.globs {
			if ok, path, _ := glob.Intersects(g.glob, allDirectories(t)); ok {
				t.Errorf("%s holds the directory %s", p.what, path)
			}
			all = append(all, g.glob)
		}
		for _, path := range p.examples {
			if !slices.ContainsFunc(all, func(g glob.Glob) bool { return g.Match(path) }) {
				t.Errorf("%s is not in the place of %q", path, p.what)
			}
		}
		if len(p.examples) == 0 || p.what == "" || p.access == 0 {
			t.Errorf("the place of %v is not described", p.paths)
		}
	}
	if !interpreters().Match("/usr/bin/python3.11") {
		t.Error("the glob of interpreters is none")
	}
	for name, values := range standardValues {
		if _, err := newGlob("@{"+name+"}/x", standardValues); err != nil {
			t.Errorf("@{%s} = %v: %v", name, values, err)
		}
	}
}

func allDirectories(t *testing.T) glob.Glob {
	t.Helper()
	g, err := glob.Parse("/{,**/}")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func newGlob(text string, values map[string][]string) (glob.Glob, error) {
	g, err := glob.Parse(text)
	if err != nil {
		return g, err
	}
	return g.Expand(values)
}
