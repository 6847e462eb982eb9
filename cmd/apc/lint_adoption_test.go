package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"apc/lang/diag"
	"apc/lang/profile"
)

// distribution copies the profiles that Debian ships into a folder, and returns
// how many there are.
func distribution(t testing.TB, dir string) int {
	t.Helper()
	n := 0
	for _, from := range []string{"/etc/apparmor.d", "/usr/share/apparmor/extra-profiles"} {
		paths, err := profile.Directory(from)
		if err != nil {
			t.Skipf("the profiles of Debian's apparmor and apparmor-profiles are missing: %v", err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, filepath.Base(path)), text, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	if n < 100 {
		t.Skipf("only %d profiles are installed, of Debian's apparmor and apparmor-profiles", n)
	}
	return n
}

// TestAdoption is the first day of a team with a hundred old profiles: a
// baseline, then silence, then one new fault.
func TestAdoption(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("apparmor.d", 0o755); err != nil {
		t.Fatal(err)
	}
	n := distribution(t, "apparmor.d")
	out, code := runLine("apc lint --write-baseline old.json apparmor.d")
	if code != exitOK {
		t.Fatalf("writing the baseline exits %d: %s", code, out)
	}
	t.Logf("%d profile texts; %s", n, strings.TrimSpace(out))
	first, err := os.ReadFile("old.json")
	if err != nil {
		t.Fatal(err)
	}
	if out, code := runLine("apc lint --baseline old.json --fail-on note apparmor.d"); code != exitOK || out != "0 errors, 0 warnings, 0 notes\n" {
		t.Errorf("with the baseline lint exits %d and says %s", code, out)
	}
	if out, code := runLine("apc lint --baseline old.json --fail-on note ./..."); code != exitOK || out != "0 errors, 0 warnings, 0 notes\n" {
		t.Errorf("with the baseline lint ./... exits %d and says %s", code, out)
	}

	line := worsen(t, "apparmor.d/usr.sbin.dnsmasq")
	list := lintedAs(t, "apc lint --format json --baseline old.json apparmor.d", exitFindings)
	if len(list) != 1 || list[0].Code != "dangerous-capability" || list[0].Subject.Start.Line != line || list[0].Subject.File != "apparmor.d/usr.sbin.dnsmasq" {
		t.Errorf("of one new fault lint says %v", list)
	}

	// The same findings give the same file, whatever the order of the texts.
	if _, code := runLine("apc lint --baseline old.json --write-baseline old.json apparmor.d"); code != exitInput {
		t.Error("a baseline was read and written at once")
	}
	distribution(t, "apparmor.d")
	runLine("apc lint --write-baseline again.json ./...")
	again, _ := os.ReadFile("again.json")
	if !bytes.Equal(first, again) {
		t.Error("the baseline is not the same a second time")
	}
}

// worsen adds a rule that amounts to root to a profile, above all others, and
// returns its line.
func worsen(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := regexp.MustCompile(`(?m)^profile .*\{$|^/.*\{$`).FindIndex(text)
	if header == nil {
		t.Fatalf("%s holds no profile", path)
	}
	worse := string(text[:header[1]]) + "\n\n  capability sys_module,\n" + string(text[header[1]:])
	if err := os.WriteFile(path, []byte(worse), 0o644); err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text[:header[1]]), "\n") + 3
}

// lintedAs runs lint with JSON output, which must exit with a code.
func lintedAs(t *testing.T, line string, want int) diag.List {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdout: &stdout, stderr: &stderr, today: "2026-01-01"}
	if code := a.run(strings.Fields(line)[1:]); code != want {
		t.Errorf("%s exits %d: %s", line, code, stderr.String())
	}
	var got struct{ Diagnostics []jsonDiagnostic }
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	var out diag.List
	for _, d := range got.Diagnostics {
		out = append(out, diag.Diagnostic{Code: d.Code, Detail: d.Detail, Subject: d.Subject})
	}
	return out
}

// jsonDiagnostic is what the tests read of a diagnostic.
type jsonDiagnostic struct {
	Code, Detail string
	Subject      diag.Range
}

// TestFixDistribution lets --fix edit Debian's profiles: what comes out can be
// read, keeps its comments, and is left alone the second time.
func TestFixDistribution(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("apparmor.d", 0o755); err != nil {
		t.Fatal(err)
	}
	distribution(t, "apparmor.d")
	before := commentsOf(t, "apparmor.d")
	out, code := runLine("apc lint --fix --format github apparmor.d")
	if code > exitFindings {
		t.Fatalf("--fix exits %d: %s", code, out[max(0, len(out)-500):])
	}
	fixed := regexp.MustCompile(`(?m)^fixed .*$`).FindString(out)
	t.Log(fixed)
	if fixed == "" || strings.HasPrefix(fixed, "fixed 0") {
		t.Errorf("nothing was fixed: %q", fixed)
	}
	for comment, n := range commentsOf(t, "apparmor.d") {
		before[comment] -= n
	}
	for comment, n := range before {
		if n > 0 {
			t.Errorf("--fix lost the comment %q", comment)
		}
	}
	if out, _ := runLine("apc lint --fix --format github apparmor.d"); !strings.Contains(out, "fixed 0 findings in 0 files") {
		t.Errorf("--fix had more to do: %s", regexp.MustCompile(`(?m)^fixed .*$`).FindString(out))
	}
}

// commentsOf counts the lines of comment in the files of a folder.
func commentsOf(t *testing.T, dir string) map[string]int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "#include") {
				out[fmt.Sprintf("%s: %s", filepath.Base(path), line)]++
			}
		}
	}
	return out
}
