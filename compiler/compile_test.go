package compiler_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"apc/compiler"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

var update = flag.Bool("update", false, "rewrite the expected parts of txtar cases")

// TestCompile compiles the policy files of each txtar case. What is expected
// stands in files below want/: diagnostics, TARGET (the profile text) and
// TARGET/STAGE (the IR after a stage). A case is compiled for the targets that
// it has such files for, else for the default. A folder base of the case is the
// base directory.
func TestCompile(t *testing.T) {
	root, err := filepath.Abs("../testdata/compile")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Glob(filepath.Join(root, "*.txtar"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { runCase(t, path) })
	}
}

func runCase(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := compileCase(t, archive)
	for i, f := range archive.Files {
		name, wanted := strings.CutPrefix(f.Name, "want/")
		if !wanted {
			continue
		}
		text := got[name]
		if *update {
			archive.Files[i].Data = []byte(text)
		} else if text != string(f.Data) {
			t.Errorf("%s is\n%s\nwant\n%s", name, text, f.Data)
		}
		delete(got, name)
	}
	if d := got["diagnostics"]; d != "" {
		t.Errorf("unexpected diagnostics:\n%s", d)
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// compileCase returns everything that a case can expect, by name.
func compileCase(t *testing.T, archive *txtar.Archive) map[string]string {
	dir := t.TempDir()
	targets := caseTargets(t, archive)
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "want/") {
			continue
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	loader, diags := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, more := loader.Load(policy.Folder{Path: "."})
	diags = append(diags, more...)
	opts := compiler.Options{Dump: true, Today: "2030-01-01"}
	if _, err := os.Stat("base"); err == nil {
		opts.Base = compiler.OpenBase("base")
	}
	got := map[string]string{}
	if !diags.HasErrors() {
		for _, target := range targets {
			for _, s := range p.Services {
				out := compiler.Compile(p, s, target, opts)
				diags = append(diags, out.Diags...)
				got[target.Name] += out.File.Text
				for _, d := range out.Dumps {
					got[target.Name+"/"+d.Stage] += d.Text
				}
			}
		}
	}
	var text bytes.Buffer
	if err := (diag.Text{Sources: p.Sources}).Write(&text, diags.Sorted()); err != nil {
		t.Fatal(err)
	}
	got["diagnostics"] = text.String()
	return got
}

func caseTargets(t *testing.T, archive *txtar.Archive) []*feature.Target {
	var out []*feature.Target
	for _, target := range feature.Targets() {
		for _, f := range archive.Files {
			if f.Name == "want/"+target.Name || strings.HasPrefix(f.Name, "want/"+target.Name+"/") {
				out = append(out, target)
				break
			}
		}
	}
	if len(out) == 0 {
		target, err := feature.Lookup(feature.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, target)
	}
	return out
}
