package policy_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"apc/lang/policy"
	"apc/stdlib"
)

// FuzzLoad holds that no policy, whatever it holds, makes the reader panic, and
// that every diagnostic has a place, a code and something to do. The seeds are
// the policies of the txtar cases.
func FuzzLoad(f *testing.F) {
	cases, err := filepath.Glob("../../testdata/compile/*.txtar")
	if err != nil || len(cases) == 0 {
		f.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if policy.IsPolicyFile(filepath.Base(file.Name)) {
				f.Add(string(file.Data), uint8(0))
			}
		}
	}
	f.Add(`{"service": {"a": {"executable": "/usr/bin/a", "config": ["/etc/${1 + 1}"]}}}`, uint8(1))
	f.Add("service:\n  a:\n    executable: /usr/bin/a\n    config: [/etc/a, {path: /etc/b}]\n", uint8(2))
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		name := []string{"service.hcl", "x.apc.json", "x.apc.yaml"}[kind%3]
		loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
		p, diags := loader.Text(name, text)
		if p == nil {
			t.Fatal("no policy")
		}
		for _, d := range diags {
			if d.Code == "" || d.Summary == "" || d.Subject.File == "" {
				t.Errorf("a diagnostic lacks a code, a summary or a place: %+v", d)
			}
		}
	})
}

// TestLoadReadsFolders holds what is read of a folder and what is not.
func TestLoadReadsFolders(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"service.hcl":   `service "a" { executable = local.path }`,
		"more.apc.hcl":  `locals { path = "/usr/bin/a" }`,
		"service.yaml":  `not: ours`,
		"other.hcl":     `this is not read`,
		".apc.hcl":      `nor this`,
		"json.apc.json": `{"service": {"b": {"executable": "/usr/bin/b"}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	loader, _ := policy.NewLoader(policy.Options{})
	p, diags := loader.Load(policy.Folder{Path: dir})
	if len(diags) > 0 || len(p.Services) != 2 {
		t.Errorf("%d services, %v", len(p.Services), diags)
	}
	p, diags = loader.Load(policy.Folder{Path: dir, Only: []string{"service.hcl"}})
	if len(diags) > 0 || len(p.Services) != 1 || p.Services[0].Executable.Text != "/usr/bin/a" {
		t.Errorf("%d services, %v", len(p.Services), diags)
	}
}
