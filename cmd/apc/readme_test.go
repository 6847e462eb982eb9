package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a Markdown file.
type block struct{ language, text string }

func blocks(t *testing.T, path string) []block {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	parts := strings.Split(string(text), "```")
	for i := 1; i < len(parts); i += 2 {
		language, body, _ := strings.Cut(parts[i], "\n")
		out = append(out, block{language, body})
	}
	return out
}

// runLine runs one command line of apc in the current folder.
func runLine(line string) (output string, code int) {
	var out bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &out, today: "2026-01-01"}
	code = a.run(strings.Fields(line)[1:])
	return out.String(), code
}

var (
	parserVersion = regexp.MustCompile(`debian-12 (verified by apparmor_parser [0-9.]+|not verified.*)`)
	trailing      = regexp.MustCompile(`\s+#.*$`)
)

// TestReadmeSession builds the policy that the README begins with, and holds
// that its commands print what the README shows.
func TestReadmeSession(t *testing.T) {
	all := blocks(t, "../../README.md")
	if len(all) < 2 || all[0].language != "hcl" {
		t.Fatal("the README does not begin with a policy")
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("service.hcl", []byte(all[0].text), 0o644); err != nil {
		t.Fatal(err)
	}
	commands := strings.Split(all[1].text, "$ ")[1:]
	if len(commands) < 3 {
		t.Fatal("the README shows no session")
	}
	for _, c := range commands {
		line, want, _ := strings.Cut(c, "\n")
		got, _ := runLine(line)
		for _, w := range strings.Split(strings.TrimSpace(want), "\n") {
			if w = parserVersion.ReplaceAllString(w, "debian-12"); !strings.Contains(parserVersion.ReplaceAllString(got, "debian-12"), w) {
				t.Errorf("%s prints\n%s\nand not\n%s", line, got, w)
			}
		}
	}
}

// TestReadmeCommands runs the other commands of the README in their order.
func TestReadmeCommands(t *testing.T) {
	all := blocks(t, "../../README.md")
	t.Chdir(t.TempDir())
	ran := 0
	for _, b := range all[2:] {
		for _, line := range strings.Split(b.text, "\n") {
			line = trailing.ReplaceAllString(line, "")
			// A log and a line of it are the reader's own.
			if !strings.HasPrefix(line, "apc ") || strings.Contains(line, "LOG LINE") || strings.Contains(line, "/var/log/") || strings.Contains(line, "--require-verify") && !parserInstalled(t) {
				continue
			}
			ran++
			if got, code := runLine(line); code != exitOK {
				t.Errorf("%s exits %d:\n%s", line, code, got)
			}
		}
	}
	if ran < 5 {
		t.Errorf("the README has only %d commands", ran)
	}
}

// TestSpecCommands holds that every command of SPEC.md's table is there, with
// the flags that it names, and that no other is.
func TestSpecCommands(t *testing.T) {
	text, err := os.ReadFile("../../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	root := (&app{}).rootCommand()
	for _, c := range root.Commands() {
		row := regexp.MustCompile("(?m)^\\| `apc "+c.Name()+"[ `].*$").FindAllString(string(text), -1)
		if len(row) == 0 {
			t.Errorf("SPEC.md has no row for apc %s", c.Name())
		}
		for _, flag := range regexp.MustCompile("--[a-z-]+").FindAllString(strings.Join(row, "\n"), -1) {
			if c.Flags().Lookup(strings.TrimPrefix(flag, "--")) == nil {
				t.Errorf("apc %s has no %s, which SPEC.md names", c.Name(), flag)
			}
		}
		if c.Example == "" {
			t.Errorf("apc %s has no example", c.Name())
		}
	}
}

// TestExamplesAreBuilt holds that the profiles of the examples are what apc
// builds of them.
func TestExamplesAreBuilt(t *testing.T) {
	dirs, err := filepath.Glob("../../examples/*/service.hcl")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range dirs {
		dir := filepath.Dir(path)
		if got, code := runLine("apc build --no-verify --check " + dir + " -o " + filepath.Join(dir, "apparmor.d")); code != exitOK {
			t.Errorf("%s: exit code %d\n%s", dir, code, got)
		}
	}
}
