package compiler_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/rule"
	"apc/stdlib"
)

// TestSpecGrants compiles each row of the tables "written | granted" of
// SPEC.md and holds that it grants what the table says.
func TestSpecGrants(t *testing.T) {
	rows := specRows(t)
	if len(rows) < 50 {
		t.Fatalf("found %d rows in SPEC.md", len(rows))
	}
	for _, row := range rows {
		t.Run(row.written, func(t *testing.T) {
			got := granted(t, row.written)
			slices.Sort(got)
			slices.Sort(row.granted)
			if !slices.Equal(got, row.granted) {
				t.Errorf("granted:\n  %s\nSPEC.md says:\n  %s", strings.Join(got, "\n  "), strings.Join(row.granted, "\n  "))
			}
		})
	}
}

type specRow struct {
	written string
	granted []string
}

// specRows reads the tables.
func specRows(t *testing.T) []specRow {
	text, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []specRow
	inside := false
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "| written | granted |"):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "|---"):
			cells := strings.Split(strings.Trim(line, "|"), " | ")
			if len(cells) == 1 {
				cells = append(cells, "")
			}
			rows = append(rows, specRow{strings.Join(codeSpans(cells[0]), "\n"), codeSpans(cells[1])})
		}
	}
	return rows
}

// codeSpans returns what stands between backticks.
func codeSpans(cell string) []string {
	var out []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

// granted compiles a body and spells its rules, those of children with their
// name in front, without what every profile has.
func granted(t *testing.T, body string) []string {
	base := ""
	if !strings.HasPrefix(body, "base") {
		base = "base = false\n"
	}
	text := "service \"app\" {\nattachment = \"none\"\n" + base + body + "\n}\n"
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("service.hcl", text)
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	target, err := feature.Lookup("apparmor-5.0")
	if err != nil {
		t.Fatal(err)
	}
	out := compiler.Compile(p, p.Services[0], target, compiler.Options{})
	if out.Diags.HasErrors() {
		t.Fatal(out.Diags)
	}
	var rules []string
	for _, prof := range out.Module.Profiles() {
		for _, r := range prof.Rules {
			if prof == out.Module.Profile {
				if !everyProfileHas(r) {
					rules = append(rules, r.String())
				}
			} else if i, ok := r.Body.(rule.Include); !ok || !i.IfExists {
				rules = append(rules, prof.Name+": "+r.String())
			}
		}
	}
	return rules
}

// everyProfileHas says whether r is the signal rule of base = false or the
// include of the administrator's rules.
func everyProfileHas(r ir.Rule) bool {
	i, isInclude := r.Body.(rule.Include)
	return isInclude && i.IfExists || r.Origins[0].Intent == lower.Always && strings.Contains(r.String(), "peer=unconfined")
}
