package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTextWithoutBase holds that includes stay unread where the base directory
// is missing, as the default may be.
func TestTextWithoutBase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(path, []byte("include <tunables/global>\nprofile p {\n  include <abstractions/base>\n  @{HOME}/x r,\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := newTextReader(filepath.Join(t.TempDir(), "nothing")).read(path)
	if r.err != nil || len(r.diags) > 0 {
		t.Fatal(r.err, r.diags)
	}
	if len(r.modules) != 1 || r.modules[0].Base != "" || len(r.modules[0].Profile.Rules) != 2 {
		t.Fatalf("%+v", r.modules)
	}
}
