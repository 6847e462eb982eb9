package compiler_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
	"apc/stdlib"
)

// findings compiles a policy, or the body of a service, and returns what lint
// finds.
func findings(t *testing.T, text string) diag.List {
	t.Helper()
	if !strings.Contains(text, "service \"") && !strings.Contains(text, "container \"") {
		text = "service \"app\" {\nattachment = \"none\"\n" + text + "\n}\n"
	}
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("service.hcl", text)
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	target, err := feature.Lookup(feature.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	var outputs []*compiler.Output
	var asked []*ir.Module
	var known []lint.Known
	for _, s := range p.Services {
		out := compiler.Inspect(p, s, target, compiler.Options{})
		if out.Diags.HasErrors() {
			t.Fatalf("%s\n%v", text, out.Diags)
		}
		outputs, asked = append(outputs, out), append(asked, out.Asked)
		known = append(known, lint.Profiles(out.Module)...)
	}
	run := lint.NewRun(known, func() []lint.Known { return nil })
	results := []lint.Result{lint.Policy(p, asked, run, lint.Options{})}
	for _, out := range outputs {
		results = append(results, out.Lint(base(), run, lint.Options{}))
	}
	return all(results)
}

// textFindings reads a profile text, or the body of a profile, and returns what
// lint finds.
func textFindings(t *testing.T, text string) diag.List {
	t.Helper()
	if !strings.Contains(text, "profile ") {
		text = "abi <abi/3.0>,\ninclude <tunables/global>\n\nprofile app /usr/bin/app {\n  include <abstractions/base>\n" + text + "\n  include if exists <local/app>\n}\n"
	}
	l := base()
	p, diags, err := l.LoadText(t.Context(), "app", text)
	diags = append(diags, profile.Check(p)...)
	modules, more := lower.Text(p, l.Base[0])
	if diags = append(diags, more...); err != nil || diags.HasErrors() {
		t.Fatalf("%s\n%v\n%v", text, diags, err)
	}
	var known []lint.Known
	for _, m := range modules {
		known = append(known, lint.Profiles(m)...)
	}
	run := lint.NewRun(known, func() []lint.Known { return nil })
	sources := diag.Sources{"app": []byte(text)}
	results := []lint.Result{lint.Text(p, modules, sources, run, lint.Options{})}
	for _, m := range modules {
		results = append(results, lint.Module(lint.Subject{Module: m, Text: p, Sources: sources}, run, lint.Options{}))
	}
	return all(results)
}

// base reads the includes of the examples from testdata/lint, so that they mean
// the same on every machine.
func base() *profile.Loader {
	return &profile.Loader{FS: os.DirFS("testdata/lint"), Base: []string{"/"}}
}

func all(results []lint.Result) diag.List {
	var out diag.List
	for _, r := range results {
		out = append(out, r.Findings...)
	}
	return append(out, lint.Unused(results)...).Sorted()
}

// TestLintExamples runs the examples of every lint rule: the bad one gives a
// finding of that rule, the good one none of it, nor a warning or an error.
func TestLintExamples(t *testing.T) {
	for _, r := range lint.Rules {
		t.Run(r.Name, func(t *testing.T) {
			if r.Why == "" || r.Instead == "" || r.Summary == "" || r.Group == "" {
				t.Error("the rule is not documented")
			}
			if r.Bad == "" && r.BadText == "" || (r.Bad == "") != (r.Good == "") || (r.BadText == "") != (r.GoodText == "") {
				t.Error("the rule lacks an example")
			}
			if r.Bad != "" {
				checkExamples(t, r.Name, findings(t, r.Bad), findings(t, r.Good))
			}
			if r.BadText != "" {
				checkExamples(t, r.Name, textFindings(t, r.BadText), textFindings(t, r.GoodText))
			}
		})
	}
}

func checkExamples(t *testing.T, name string, bad, good diag.List) {
	if !slices.ContainsFunc(bad, func(d diag.Diagnostic) bool { return d.Code == name }) {
		t.Errorf("the bad example gives %q", codes(bad))
	}
	for _, d := range good {
		if d.Code == name || d.Severity != diag.Note {
			t.Errorf("the good example gives %v", d)
		}
	}
}

// codes joins the codes of findings, sorted, of these rules alone where some are named.
func codes(list diag.List, rules ...string) string {
	var out []string
	for _, d := range list {
		if len(rules) == 0 || slices.Contains(rules, d.Code) {
			out = append(out, d.Code)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// tabled are the rules that the tables of this package speak about.
var tabled = []string{"broad-write", "broad-read", "sensitive-path", "broad-network", "write-exec", "unconfined-exec", "broad-change-profile", "dangerous-capability"}

// TestLint holds what each rule finds and what it leaves alone.
func TestLint(t *testing.T) {
	for body, want := range map[string]string{
		`read = ["/**"]`:             "broad-read sensitive-path",
		`read = ["/"]`:               "broad-read sensitive-path",
		`data = ["/home/**"]`:        "broad-write sensitive-path",
		`config = ["/etc/"]`:         "broad-read sensitive-path",
		`read = ["/{etc,srv}/**"]`:   "broad-read sensitive-path",
		`read = ["@{HOME}/**"]`:      "broad-read sensitive-path",
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
		`change_profile { to = "**" }`:                                                                    "broad-change-profile",
		`change_profile { to = "worker" }`:                                                                "",
		`capabilities = ["setuid"]`:                                                                       "",
		`capabilities = ["sys_ptrace"]`:                                                                   "dangerous-capability",
		"capabilities = [\"sys_ptrace\"]\nignore \"dangerous-capability\" {\nreason = \"a debugger\"\n}":  "",
		"data = [\"/opt/**\"]\nignore \"broad-write\" {\npath = \"/srv/\"\nreason = \"another\"\n}":       "broad-write",
		"run \"/usr/bin/x\" {\nas = \"child\"\ndata = [\"/etc/\"]\n}":                                     "broad-write sensitive-path",
		"deny {\nwrite = [\"/\"]\nexecute = [\"/tmp/\"]\ncapabilities = [\"sys_admin\"]\nnetwork {\n}\n}": "",
		"use \"dns\" {}\nuse \"tls-client\" {}\nuse \"nameservice\" {}":                                   "",
	} {
		if got := codes(findings(t, body), tabled...); got != want {
			t.Errorf("%s\ngives %q, want %q", body, got, want)
		}
	}
}

// TestLintSpec holds that the table "Lint rules" of SPEC.md lists every rule, in
// the order of the groups, and no other.
func TestLintSpec(t *testing.T) {
	text, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Lint rules\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([a-z]+) \\| .+ \\|$").FindAllStringSubmatch(section, -1) {
		if listed[row[1]] != "" {
			t.Errorf("SPEC.md lists %s twice", row[1])
		}
		listed[row[1]] = row[2]
	}
	for _, r := range lint.Rules {
		if listed[r.Name] != r.Severity.String() {
			t.Errorf("SPEC.md has severity %q for %s, which is %s", listed[r.Name], r.Name, r.Severity)
		}
		delete(listed, r.Name)
	}
	for name := range listed {
		t.Errorf("SPEC.md lists %s, and no rule is called so", name)
	}
	if !slices.IsSortedFunc(lint.Rules, func(a, b *lint.Rule) int { return slices.Index(groups, a.Group) - slices.Index(groups, b.Group) }) {
		t.Error("rules do not stand in the order of their groups")
	}
}

var groups = []lint.Group{lint.Breadth, lint.Escape, lint.Dead, lint.Habit}
