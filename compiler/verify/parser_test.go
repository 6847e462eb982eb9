package verify

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"apc/lang/feature"
)

func TestFind(t *testing.T) {
	good := script(t, "echo 'AppArmor parser version 4.0.1~beta3'; echo Copyright")
	found, err := Find(t.Context(), []string{good.Path})
	if err != nil || len(found) != 1 || found[0] != (Parser{good.Path, "4.0.1~beta3"}) {
		t.Errorf("Find = %+v, %v", found, err)
	}
	for name, body := range map[string]string{
		"other program": "echo 'grep (GNU grep) 3.8'", "failure": "exit 1", "no version": "echo 'AppArmor parser version x'",
		"silence": "true",
	} {
		if found, err := Find(t.Context(), []string{good.Path, script(t, body).Path}); err == nil {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if found, err := Find(t.Context(), []string{filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Errorf("a missing file is found: %+v", found)
	}
}

func TestFindInstalled(t *testing.T) {
	want := installed()
	found, err := Find(t.Context(), nil)
	if err != nil || len(found) != len(want) {
		t.Errorf("Find = %+v, %v, want %v", found, err, want)
	}
	for _, p := range found {
		if !filepath.IsAbs(p.Path) || !strings.HasPrefix(p.String(), "apparmor_parser ") {
			t.Errorf("%+v", p)
		}
	}
}

func TestChoose(t *testing.T) {
	at := func(versions ...string) (out []Parser) {
		for _, v := range versions {
			out = append(out, Parser{"/p/" + v, v})
		}
		return out
	}
	for _, c := range []struct {
		parsers []Parser
		target  string
		want    string // version, or part of the error
	}{
		{at("3.0.8"), "debian-12", "3.0.8"},
		{at("5.0.2", "3.0.8", "4.1.0"), "debian-12", "3.0.8"},
		{at("5.0.2", "3.0.8", "4.1.0"), "ubuntu-24.04", "4.1.0"},
		{at("5.0.2", "3.0.8", "4.1.0"), "apparmor-5.0", "5.0.2"},
		{at("4.0.1", "4.0.3"), "apparmor-4.0", "4.0.1"},
		{at("3.0.8"), "ubuntu-24.04", "not verified, needs 4.0 or newer (there is 3.0.8 at /p/3.0.8)"},
		{nil, "debian-13", "not verified, needs 4.1 or newer (no apparmor_parser was found)"},
		{at("odd"), "debian-12", "not verified, needs 3.0 or newer"},
	} {
		target, err := feature.Lookup(c.target)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Choose(c.parsers, target)
		var none *NotVerifiedError
		if err != nil && (!errors.As(err, &none) || !strings.HasPrefix(err.Error(), c.want)) || err == nil && p.Version != c.want {
			t.Errorf("Choose(%v, %s) = %v, %v, want %s", c.parsers, c.target, p, err, c.want)
		}
	}
}
