package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apc/lang/feature"
)

// parsers returns the machine's apparmor_parser and those that APC_PARSERS
// lists, parted by colons. The test is skipped where there is none.
func parsers(t testing.TB) []Parser {
	t.Helper()
	found, err := Find(t.Context(), installed())
	if err != nil {
		t.Fatal(err)
	}
	if more := filepath.SplitList(os.Getenv("APC_PARSERS")); len(more) > 0 {
		listed, err := Find(t.Context(), more)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, listed...)
	}
	if len(found) == 0 {
		t.Skip("SKIPPED: no apparmor_parser on this machine; install apparmor or set APC_PARSERS")
	}
	return found
}

// parsersFor returns those that are new enough for the target.
func parsersFor(t testing.TB, target *feature.Target) []Parser {
	t.Helper()
	var out []Parser
	for _, p := range parsers(t) {
		if release, err := p.release(); err == nil && !release.Less(target.Parser) {
			out = append(out, p)
		}
	}
	return out
}

func target(t testing.TB, name string) *feature.Target {
	t.Helper()
	found, err := feature.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// bare returns the target as if its kernel lacked one of its outermost
// features, as in "signal".
func bare(t testing.TB, of *feature.Target, class string) *feature.Target {
	t.Helper()
	text := string(of.KernelFeatures.Text())
	start := strings.Index("\n"+text, "\n"+class+" {")
	if start < 0 {
		t.Fatalf("%s has no %s", of.Name, class)
	}
	end, depth := start, 0
	for ; end == start || depth > 0 || text[end-1] != '}'; end++ {
		depth += strings.Count(text[end:end+1], "{") - strings.Count(text[end:end+1], "}")
	}
	kernel, err := feature.ParseSet([]byte(text[:start] + strings.TrimPrefix(text[end:], "\n")))
	if err != nil {
		t.Fatal(err)
	}
	without := *of
	without.Name += " without " + class
	without.KernelFeatures = kernel
	return &without
}

// includeDir writes include files into a directory.
func includeDir(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// script writes an executable that stands in for a parser.
func script(t testing.TB, body string) Parser {
	t.Helper()
	path := filepath.Join(t.TempDir(), "apparmor_parser")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return Parser{Path: path, Version: "3.0.8"}
}

func run(t testing.TB, p Parser, target *feature.Target, in Input) Result {
	t.Helper()
	r, err := Run(t.Context(), p, target, in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
