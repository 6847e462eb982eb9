package feature

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// parser is an apparmor_parser at hand.
type parser struct {
	path    string
	version Version
}

// parsers returns the machine's apparmor_parser and those that APC_PARSERS
// lists, parted by colons. The test is skipped where there is none.
func parsers(t *testing.T) []parser {
	t.Helper()
	paths := filepath.SplitList(os.Getenv("APC_PARSERS"))
	if p, err := exec.LookPath("apparmor_parser"); err == nil {
		paths = append([]string{p}, paths...)
	}
	var out []parser
	for _, p := range paths {
		text, err := exec.Command(p, "--version").Output()
		if err != nil {
			t.Fatalf("%s --version: %v", p, err)
		}
		_, version, _ := strings.Cut(strings.SplitN(string(text), "\n", 2)[0], "version ")
		v, err := ParseVersion(version)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		out = append(out, parser{p, v})
	}
	if len(out) == 0 {
		t.Skip("SKIPPED: no apparmor_parser on this machine; install apparmor or set APC_PARSERS")
	}
	return out
}

// pins are the features to compile for, as files.
type pins struct{ kernel, abi string }

func pin(t *testing.T, kernel, abi *Set) pins {
	t.Helper()
	dir := t.TempDir()
	p := pins{filepath.Join(dir, "kernel"), filepath.Join(dir, "abi")}
	for file, set := range map[string]*Set{p.kernel: kernel, p.abi: abi} {
		if err := os.WriteFile(file, set.Text(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// compile returns the binary policy of a profile's text, or ok = false where
// the parser refuses it.
func (p parser) compile(t *testing.T, f pins, profile string) (policy []byte, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path, "-QKS", "-j1", "--config-file", "/dev/null",
		"--kernel-features", f.kernel, "--policy-features", f.abi)
	cmd.Stdin = strings.NewReader(profile)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	policy, err := cmd.Output()
	if ctx.Err() != nil {
		t.Fatalf("%s does not end on %q", p.path, profile)
	}
	if err == nil && len(policy) == 0 {
		t.Fatalf("%s compiles %q to nothing", p.path, profile)
	}
	return policy, err == nil
}

// same says whether two profiles compile to the same policy.
func (p parser) same(t *testing.T, f pins, one, other string) bool {
	t.Helper()
	a, ok := p.compile(t, f, one)
	b, ok2 := p.compile(t, f, other)
	if !ok || !ok2 {
		t.Fatalf("%s refuses %q or %q", p.path, one, other)
	}
	return bytes.Equal(a, b)
}
