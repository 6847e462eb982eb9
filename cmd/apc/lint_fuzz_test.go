package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLintFix lints whatever there is as a profile text and mends it: nothing
// panics, no fix makes text that cannot be read or loses a comment, and the
// second time there is nothing left to mend.
func FuzzLintFix(f *testing.F) {
	for _, text := range []string{
		"abi <abi/3.0>,\nprofile a /usr/bin/a {\n  # why\n  /etc/x r, # here\n  /etc/x r,\n  /etc/** r,\n  include if exists <local/a>\n}\n",
		"profile a {\n  # apc:ignore broad-read nothing\n  /var/run/x rw,\n  /bin/sh ix,\n}\n",
		"#include <tunables/global>\n/usr/bin/a flags=(complain) { #include <abstractions/base>\n  owner { /a r, /a r, }\n /a r, /a r, # apc:ignore write-exec x\n}",
		"profile a { capability chown, capability chown, network inet, network inet stream, ^h { /x r, } hat g { /x r, } }",
		"profile a (complain) {\r\n  /a//b r,\r\n  /a r,\r\n  /a r,\r\n}\r\n",
		"@{X} = /a # apc:ignore unused-variable no\nprofile a { if defined @{X} { /b r, /b r, } }",
	} {
		f.Add(text)
	}
	base := fixBase(f)
	f.Fuzz(func(t *testing.T, text string) {
		checkFix(t, base, text)
	})
}

// fixBase is a base directory for texts that are to be mended.
func fixBase(t testing.TB) string {
	base := t.TempDir()
	for name, text := range map[string]string{
		"tunables/global":   "@{HOME} = /home/*/\n@{run} = /run/\n@{PROC} = /proc/\n@{pid} = [0-9]*\n",
		"abstractions/base": "/etc/x r,\nsignal receive,\n",
		"abi/3.0":           "query {label {multi_transaction {yes}}}\n",
	} {
		path := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return base
}

// checkFix mends a text twice.
func checkFix(t *testing.T, base, text string) {
	path := filepath.Join(t.TempDir(), "profile")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	fix := func() (said string, code int) {
		var out bytes.Buffer
		a := &app{stdout: &out, stderr: &out, today: "2026-01-01"}
		code = a.run([]string{"lint", "--base", base, "--fix", "--format", "github", path})
		return out.String(), code
	}
	said, code := fix()
	if code >= exitMachine {
		t.Fatalf("exit code %d: %s", code, said)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if code == exitInput {
		if string(after) != text {
			t.Fatalf("a text with errors was edited: %q", after)
		}
		return
	}
	if lost := strings.Count(text, "# why") - strings.Count(string(after), "# why"); lost > 0 {
		t.Errorf("a comment was lost: %q", after)
	}
	said, _ = fix()
	if again, _ := os.ReadFile(path); string(again) != string(after) || !strings.Contains(said, "fixed 0 findings") {
		t.Errorf("%q was mended again, to %q: %s", after, again, said)
	}
}

// TestFixRandom mends profiles that are made of pieces which belong to fixes.
func TestFixRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	pieces := []string{
		"/etc/x r,", "/etc/x r, # why", "/etc/* r,", "/etc/** r,", "/etc/{x,y} r,", "owner /etc/x r,", "deny /etc/x r,", "audit /etc/x r,",
		"/var/run/a rw,", "/run/a rw,", "/etc/mtab r,", "/bin/sh ix,", "/usr/bin/sh ix,", "/a//b r,", "/a/b r,", "/a/b/ r,", "/srv r,", "/srv/** rw,",
		"capability chown,", "capability chown setuid,", "network inet,", "network inet stream,", "signal send,", "signal send set=term,",
		"# why\n", "#include <abstractions/base>\n", "include <abstractions/base>", "include if exists <local/app>",
		"# apc:ignore broad-read of no use\n/srv/z r,", "/srv/q r, # apc:ignore redundant-rule of no use\n", "owner {\n/etc/x r,\n/etc/x r,\n}", "^hat {\n/etc/x r,\n/etc/x r,\n}",
	}
	base, random := fixBase(t), rand.New(rand.NewPCG(6, 6))
	for range 400 {
		var b strings.Builder
		b.WriteString([]string{"abi <abi/3.0>,\n", "#include <tunables/global>\n", ""}[random.IntN(3)])
		b.WriteString([]string{"profile app /usr/bin/app {\n", "/usr/bin/app (complain) {\n", "profile app {\n# why\n"}[random.IntN(3)])
		for range 1 + random.IntN(12) {
			b.WriteString(strings.Repeat(" ", random.IntN(3)) + pieces[random.IntN(len(pieces))] + []string{"\n", "\n\n", " "}[random.IntN(3)])
		}
		b.WriteString("\n}\n")
		checkFix(t, base, b.String())
	}
}
