package lint_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"apc/lang/policy"
	"apc/lang/profile"
	"apc/stdlib"
)

// TestGoodPolicies holds that policies which are well written give no warning,
// and next to no note.
func TestGoodPolicies(t *testing.T) {
	folders, err := filepath.Glob("../../examples/*/service.hcl")
	if err != nil || len(folders) == 0 {
		t.Fatal("the examples are missing", err)
	}
	for _, file := range folders {
		loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
		p, diags := loader.Load(policy.Folder{Path: filepath.Dir(file)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, d := range lintPolicy(t, p) {
			if slices.Contains(deadAndHabit, d.Code) {
				t.Error(d)
			}
		}
	}
}

// TestGoodModules holds the same for each standard module, used alone.
func TestGoodModules(t *testing.T) {
	files, err := filepath.Glob("../../stdlib/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal("the standard modules are missing", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".hcl")
		arguments := map[string]string{"tls-server": "certificates = [\"/etc/app/c.pem\"]\nkeys = [\"/etc/app/k.pem\"]"}[name]
		for _, d := range policyText(t, "use \""+name+"\" {\n"+arguments+"\n}") {
			if slices.Contains(deadAndHabit, d.Code) {
				t.Errorf("%s: %v", name, d)
			}
		}
	}
}

// debian returns the profiles that Debian ships, where they are installed.
func debian(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, dir := range []string{"/etc/apparmor.d", "/usr/share/apparmor/extra-profiles"} {
		inside, err := profile.Directory(dir)
		if err != nil {
			t.Skipf("the profiles of Debian are missing: %v", err)
		}
		files = append(files, inside...)
	}
	return files
}

// TestDistribution counts what the rules find in the profiles that Debian ships,
// and shows it with -v.
func TestDistribution(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	l := &profile.Loader{Base: []string{"/etc/apparmor.d"}}
	counts := map[string]int{}
	for _, file := range debian(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range lintText(t, l, file, string(text)) {
			if slices.Contains(deadAndHabit, d.Code) {
				counts[d.Severity.String()+" "+d.Code]++
				t.Logf("%s\t%s\t%s", d.Subject, d.Code, d.Detail)
			}
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%d %s", counts[rule], rule)
	}
}
