package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"apc/compiler"
	"apc/compiler/verify"
	"apc/lang/feature"
)

// TestFixExact holds that the fixes which are to change nothing at all do so: the
// real parser makes the same of Debian's profiles before and after them.
func TestFixExact(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	if !parserInstalled(t) {
		t.Skip("apparmor_parser is missing: fixes are not compared by what is compiled")
	}
	parsers, err := verify.Find(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	target, err := feature.Lookup(feature.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, dir := range []string{"before", "after"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		distribution(t, dir)
	}
	if out, code := runLine("apc lint --fix --format github --rule redundant-rule --rule old-spelling --rule unused-ignore after"); code > exitFindings {
		t.Fatalf("--fix exits %d: %s", code, out)
	}
	names, err := filepath.Glob("after/*")
	if err != nil {
		t.Fatal(err)
	}
	type changed struct {
		name          string
		before, after []byte
	}
	var todo []changed
	for _, name := range names {
		after, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(filepath.Join("before", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, after) {
			todo = append(todo, changed{filepath.Base(name), before, after})
		}
	}
	policy := func(name string, text []byte) ([]byte, error) {
		r, err := verify.Run(t.Context(), parsers[0], target, verify.Input{Name: name, Text: text, Keep: true})
		return r.Policy, err
	}
	for i, differences := range parallel(todo, func(c changed) []string {
		before, err := policy(c.name, c.before)
		if err != nil {
			return []string{err.Error()}
		}
		after, err := policy(c.name, c.after)
		if err != nil {
			return []string{err.Error()}
		}
		differences, err := compiler.Compare(before, after)
		if err != nil {
			return []string{err.Error()}
		}
		return differences
	}) {
		for _, d := range differences {
			t.Errorf("%s: --fix changed what is compiled: %s", todo[i].name, d)
		}
	}
	if t.Logf("%d of %d texts were changed", len(todo), len(names)); len(todo) < 10 {
		t.Error("too few for the test to show anything")
	}
}
