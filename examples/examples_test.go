// Package examples_test holds what the examples promise: each compiles for
// every target, trips no lint rule, is taken by the real parser, and grants
// and refuses what its test blocks say, the abstractions on this machine
// included.
package examples_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"apc/compiler"
	"apc/compiler/grants"
	"apc/compiler/lint"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
	"apc/stdlib"
)

// base is where includes are read from.
const base = "/etc/apparmor.d"

func TestExamples(t *testing.T) {
	files, err := filepath.Glob("*/service.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Dir(file), func(t *testing.T) {
			p := load(t, filepath.Dir(file))
			for _, target := range feature.Targets() {
				check(t, p, target)
			}
			holdTests(t, p)
		})
	}
}

func load(t *testing.T, dir string) *policy.Policy {
	t.Helper()
	l, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := l.Load(policy.Folder{Path: dir})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if len(p.Services) == 0 || len(p.Tests) == 0 {
		t.Fatalf("%d services and %d tests", len(p.Services), len(p.Tests))
	}
	return p
}

// check compiles every service of an example for a target.
func check(t *testing.T, p *policy.Policy, target *feature.Target) {
	var inputs []verify.Input
	for _, s := range p.Services {
		out := compiler.Compile(p, s, target, compiler.Options{})
		if out.Diags.HasErrors() {
			t.Fatalf("%s for %s: %v", s.Name, target.Name, out.Diags)
		}
		for _, d := range lint.Module(lint.Subject{Module: out.Module}, lint.NewRun(nil, nil), lint.Options{}).Findings {
			t.Errorf("%s for %s: %s: %s", s.Name, target.Name, d.Code, d.Detail)
		}
		inputs = append(inputs, verify.Input{Name: s.Name, Text: []byte(out.File.Text)})
	}
	t.Run(target.Name, func(t *testing.T) { verifyAll(t, target, inputs) })
}

func verifyAll(t *testing.T, target *feature.Target, inputs []verify.Input) {
	found, err := verify.Find(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if more := filepath.SplitList(os.Getenv("APC_PARSERS")); len(more) > 0 {
		listed, err := verify.Find(t.Context(), more)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, listed...)
	}
	parser, err := verify.Choose(found, target)
	var missing *verify.NotVerifiedError
	if errors.As(err, &missing) {
		t.Skip("SKIPPED:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	results, err := verify.RunAll(t.Context(), parser, target, inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if !r.Accepted {
			t.Errorf("%s is refused: %s\n%s", r.Name, r.Stderr, inputs[i].Text)
		}
	}
}

// holdTests asks for every access of the test blocks, for the default target.
func holdTests(t *testing.T, p *policy.Policy) {
	if _, err := os.Stat(filepath.Join(base, "abstractions/base")); err != nil {
		t.Skip("SKIPPED: no abstractions on this machine:", err)
	}
	for _, s := range p.Services {
		out := compiler.Compile(p, s, feature.Targets()[0], compiler.Options{})
		m, diags, err := out.Resolve(t.Context(), &profile.Loader{Base: []string{base}})
		if err != nil || diags.HasErrors() {
			t.Fatal(err, diags)
		}
		ask := func(d policy.DenyPath) grants.Answer {
			a := grants.Ask(m, m.Profile, d.Path, grants.Access{Permissions: d.Access, Exec: d.Exec})
			if len(a.Unknown) > 0 {
				t.Errorf("%s: %v", d.Path, a.Unknown)
			}
			return a
		}
		for _, test := range p.Tests {
			if test.Profile != s.Name {
				continue
			}
			for _, d := range test.Allow {
				if !ask(d).Allowed {
					t.Errorf("%s, test %q: %s %s is refused", s.Name, test.Name, d.Intent, d.Path)
				}
			}
			for _, d := range test.Deny {
				if a := ask(d); a.Allowed {
					t.Errorf("%s, test %q: %s %s is granted by %s", s.Name, test.Name, d.Intent, d.Path, a.Allow[0].Rule)
				}
			}
		}
	}
}
