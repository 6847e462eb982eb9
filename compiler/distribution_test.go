package compiler_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/lower"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
	"apc/lang/rule"
	"apc/stdlib"
)

// TestSubstituteDistribution writes the rules of abstractions of the machine, one
// in three, out as a policy, and builds it with the abstractions as base directory: the
// checks of the build hold, and most rules become includes again. The real
// parser proves some of it.
func TestSubstituteDistribution(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Parallel()
	const dir = "/etc/apparmor.d"
	files, err := profile.Directory(filepath.Join(dir, "abstractions"))
	if err != nil || len(files) == 0 {
		t.Skip("SKIPPED: there are no abstractions in " + dir)
	}
	target, err := feature.Lookup("debian-12")
	if err != nil {
		t.Fatal(err)
	}
	base, loader := compiler.OpenBase(dir), &profile.Loader{Base: []string{dir}}
	built, substituted := 0, 0
	for i, file := range files {
		if i%3 > 0 {
			continue
		}
		raw := rulesOf(t, loader, filepath.Base(file))
		if raw == "" {
			continue
		}
		policies, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
		p, diags := policies.Text("service.hcl", "service \"app\" {\nattachment = \"none\"\nbase = false\nraw = <<EOT\n"+raw+"EOT\n}\n")
		if diags.HasErrors() {
			t.Errorf("%s: %v", file, diags)
			continue
		}
		out := compiler.Compile(p, p.Services[0], target, compiler.Options{Base: base})
		if out.Diags.HasErrors() {
			t.Errorf("%s: %v", file, out.Diags)
			continue
		}
		built++
		if len(out.Substitutions) > 0 {
			substituted++
			if i%9 == 0 {
				proveBuild(t, out, dir, target)
			}
		}
	}
	t.Logf("%d of %d abstractions were built, %d became includes", built, len(files), substituted)
	if built < len(files)/4 || substituted < built/2 {
		t.Errorf("%d of %d abstractions were built, %d became includes", built, len(files), substituted)
	}
}

// rulesOf returns the rules of an abstraction, those of its includes in their
// place, as text of a policy; "" where they cannot be read.
func rulesOf(t *testing.T, loader *profile.Loader, name string) string {
	t.Helper()
	text := fmt.Sprintf("include <tunables/global>\nprofile x {\ninclude <abstractions/%s>\n}\n", name)
	read, diags, err := loader.LoadText(t.Context(), "x", text)
	if err != nil || diags.HasErrors() {
		return ""
	}
	modules, _ := lower.Text(read, loader.Base[0])
	var b strings.Builder
	for _, r := range flatRules(modules[0].Profile.Rules) {
		if f, ok := r.Body.(rule.File); !ok || f.Exec == "" {
			fmt.Fprintln(&b, r)
		}
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(b.String())
}

// proveBuild compiles what there is to prove about a build with the machine's
// parser.
func proveBuild(t *testing.T, out *compiler.Output, base string, target *feature.Target) {
	t.Helper()
	parsers, err := verify.Find(t.Context(), nil)
	if _, missing := os.Stat(base + "/" + target.ABI); err != nil || len(parsers) == 0 || missing != nil {
		return
	}
	proof := out.Proof()
	results, err := verify.RunAll(t.Context(), parsers[0], target, []verify.Input{
		{Text: []byte(proof.Expected), Base: base, Keep: true}, {Text: []byte(proof.After), Base: base, Keep: true},
	})
	if err != nil || !results[0].Accepted || !results[1].Accepted {
		t.Fatal(err, results)
	}
	if differences, err := compiler.Compare(results[0].Policy, results[1].Policy); err != nil || len(differences) > 0 {
		t.Errorf("%v %q\n%s", err, differences, proof.After)
	}
}
