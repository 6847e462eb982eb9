package compiler_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestArchitecture holds the imports of every package against the table
// "Architecture" of SPEC.md.
func TestArchitecture(t *testing.T) {
	allowed := architecture(t)
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "apc/cmd/...", "apc/compiler/...", "apc/lang/...", "apc/stdlib/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], "apc/")
		owner := row(allowed, pkg)
		if owner == "" {
			t.Errorf("%s is not in the table of SPEC.md", pkg)
			continue
		}
		for _, imported := range words[1:] {
			if name, own := strings.CutPrefix(imported, "apc/"); own && !strings.HasPrefix(name+"/", owner+"/") && !mayImport(allowed[owner], name) {
				t.Errorf("%s imports %s, which the table of SPEC.md does not allow", pkg, name)
			}
		}
	}
}

// row returns the table's row for a package: its own, or that of the package
// around it.
func row(allowed map[string]string, pkg string) string {
	for p := pkg; p != "."; p = p[:max(0, strings.LastIndexByte(p, '/'))] {
		if _, ok := allowed[p]; ok {
			return p
		}
		if p == "" {
			break
		}
	}
	return ""
}

// mayImport reads a cell such as "diag, rule" or "all of lang and compiler". A
// word names the package of lang or compiler that is called so as a whole.
func mayImport(cell, name string) bool {
	inside := func(folder string) bool { return strings.HasPrefix(name, folder+"/") }
	switch cell {
	case "all":
		return true
	case "all of lang and compiler":
		return inside("lang") || inside("compiler")
	}
	for _, word := range strings.Split(cell, ", ") {
		if word == "lang" && inside("lang") || name == "lang/"+word || name == "compiler/"+word {
			return true
		}
	}
	return false
}

func TestMayImport(t *testing.T) {
	for _, c := range []struct {
		cell, name string
		want       bool
	}{
		{"diag, rule", "lang/rule", true},
		{"rule, ir", "compiler/ir", true},
		{"diag, rule", "lang/old/rule", false},
		{"diag, rule", "cmd/apc/internal/rule", false},
		{"diag, rule", "lang/policy", false},
		{"lang, ir", "lang/policy", true},
		{"lang, ir", "compiler/lower", false},
		{"standard library", "lang/diag", false},
		{"all of lang and compiler", "compiler/emit/apparmor", true},
		{"all of lang and compiler", "stdlib", false},
		{"all of lang and compiler", "cmd/apc", false},
		{"all", "cmd/apc/internal/trial", true},
	} {
		if got := mayImport(c.cell, c.name); got != c.want {
			t.Errorf("a row with %q, %s: %v", c.cell, c.name, got)
		}
	}
}

func architecture(t *testing.T) map[string]string {
	text, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Architecture")
	if !ok {
		t.Fatal("SPEC.md has no section Architecture")
	}
	out := map[string]string{}
	for _, line := range strings.Split(section, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if len(cells) == 3 && strings.HasPrefix(cells[0], "`") {
			out[strings.Trim(cells[0], "`")] = cells[2]
		}
	}
	if len(out) < 10 || !slices.Contains([]string{"all"}, out["cmd/apc"]) {
		t.Fatalf("the table of SPEC.md was not read: %v", out)
	}
	return out
}
