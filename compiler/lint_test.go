package compiler_test

import (
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/lint"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

// findings compiles the body of a service and returns what lint finds.
func findings(t *testing.T, body string) diag.List {
	t.Helper()
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("service.hcl", "service \"app\" {\nattachment = \"none\"\n"+body+"\n}\n")
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", body, diags)
	}
	target, err := feature.Lookup(feature.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	out := compiler.Compile(p, p.Services[0], target, compiler.Options{})
	return lint.Module(out.Module, lint.Options{})
}

// TestLintExamples runs the examples of every lint rule: the bad one gives a
// finding of that rule, the good one none at all.
func TestLintExamples(t *testing.T) {
	for _, r := range lint.Rules {
		t.Run(r.Name, func(t *testing.T) {
			if r.Why == "" || r.Instead == "" || r.InText == "" || r.Summary == "" {
				t.Error("the rule is not documented")
			}
			if codes := codes(findings(t, r.Bad)); !strings.Contains(codes, r.Name) {
				t.Errorf("the bad example gives %q", codes)
			}
			if found := findings(t, r.Good); len(found) > 0 {
				t.Errorf("the good example gives %v", found)
			}
		})
	}
}

func codes(list diag.List) string {
	var out []string
	for _, d := range list {
		out = append(out, d.Code)
	}
	return strings.Join(out, " ")
}

// TestLint holds what each rule finds and what it leaves alone.
func TestLint(t *testing.T) {
	for body, want := range map[string]string{
		`read = ["/**"]`:             "broad-read sensitive-path",
		`read = ["/"]`:               "broad-read sensitive-path",
		`data = ["/home/**"]`:        "broad-write sensitive-path",
		`config = ["/etc/"]`:         "broad-read sensitive-path",
		`read = ["/{etc,srv}/**"]`:   "broad-read sensitive-path",
		`read = ["@{HOME}/**"]`:      "broad-read",
		`data = ["/srv/app/x/**"]`:   "broad-write",
		`read = ["/usr/share/app/"]`: "",
		`read = ["/etc/python3.*/"]`: "",
		`read = ["/etc/*/"]`:         "broad-read sensitive-path",
		`read = ["/usr/share/"]`:     "",
		`data = ["/usr/share/"]`:     "broad-write",
		"data = [\"/srv/app/\"]\nfile \"/srv/app/**.log\" {\naccess = [\"write\"]\n}":                     "",
		"read = [\"/etc/*\"]\ndeny {\nread = [\"/etc/shadow\"]\n}":                                        "sensitive-path",
		`file "/srv/app/x" { access = ["write", "map"] }`:                                                 "write-exec",
		"libraries = [\"/srv/app/\"]\ndata = [\"/srv/app/x.so\"]":                                         "write-exec",
		"run \"/usr/bin/x\" {\nas = \"profile\"\nfallback = \"unconfined\"\n}":                            "unconfined-exec",
		`change_profile { to = "**" }`:                                                                    "unconfined-exec",
		`change_profile { to = "worker" }`:                                                                "",
		`capabilities = ["setuid"]`:                                                                       "",
		`capabilities = ["sys_ptrace"]`:                                                                   "dangerous-capability",
		"capabilities = [\"sys_ptrace\"]\nignore \"dangerous-capability\" {\nreason = \"a debugger\"\n}":  "",
		"data = [\"/opt/**\"]\nignore \"broad-write\" {\npath = \"/srv/\"\nreason = \"another\"\n}":       "broad-write",
		"run \"/usr/bin/x\" {\nas = \"child\"\ndata = [\"/etc/\"]\n}":                                     "broad-write sensitive-path",
		"deny {\nwrite = [\"/\"]\nexecute = [\"/tmp/\"]\ncapabilities = [\"sys_admin\"]\nnetwork {\n}\n}": "",
		"use \"dns\" {}\nuse \"tls-client\" {}\nuse \"nameservice\" {}":                                   "",
	} {
		if got := codes(findings(t, body)); got != want {
			t.Errorf("%s\ngives %q, want %q", body, got, want)
		}
	}
}
