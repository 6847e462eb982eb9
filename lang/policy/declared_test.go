package policy_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"apc/lang/policy"
)

// TestDeclared holds what counts as used: what an expression or a template
// refers to, in any file and syntax, but not what a comment or a string says.
func TestDeclared(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"service.hcl": `variable "used" { default = "/srv/a/" }
variable "templated" { default = "x" }
variable "idle" { default = "var.idle" } # var.idle
locals {
  spread = ["/srv/b/"]
  gone   = 1
}
module "taken" {
  variable "dir" { default = "/srv/c/" }
  variable "spare" { default = "" }
  data = [var.dir]
}
module "left" { data = ["/srv/d/"] }
service "a" {
  attachment = "none"
  data       = concat([var.used, "/srv/${var.templated}/"], [for x in local.spread : x])
  use "taken" {}
}
`,
		"more.apc.json": `{"locals": {"deep": "/srv/e/", "far": 1}, "service": {"b": {"attachment": "none", "data": ["${local.deep}f/"]}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	idle := func(f policy.Folder) []string {
		loader, _ := policy.NewLoader(policy.Options{})
		p, diags := loader.Load(f)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		var out []string
		for _, d := range p.Declared {
			if !d.Used {
				out = append(out, d.Kind+" "+d.Name)
			}
		}
		return out
	}
	if got, want := idle(policy.Folder{Path: dir}), []string{"local far", "variable idle", "local gone", "variable spare", "module left"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := idle(policy.Folder{Path: dir, Only: []string{"more.apc.json"}}), []string{"local far", "variable idle", "local gone", "variable spare"}; !slices.Equal(got, want) {
		t.Errorf("with one file named: got %q, want %q", got, want)
	}
}
