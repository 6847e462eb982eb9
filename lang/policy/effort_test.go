package policy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apc/lang/policy"
)

// doubled declares locals, each made from the one before it.
func doubled(form string) string {
	var b strings.Builder
	b.WriteString("locals {\n  a0 = \"xxxxxxxx\"\n")
	for i := range 40 {
		fmt.Fprintf(&b, "  a%d = %s\n", i+1, strings.ReplaceAll(form, "@", fmt.Sprintf("local.a%d", i)))
	}
	return b.String() + "}\nservice \"a\" {\n  reason = local.a40\n}\n"
}

func service(body string) string {
	return "service \"a\" {\n  executable = \"/usr/bin/a\"\n" + body + "\n}\n"
}

const million = `flatten([for a in range(0, 1024) : [for b in range(0, 1024) : "/x/${a}/${b}"]])`

// TestEffortIsBounded holds that no policy takes time or memory without end,
// and that the end is told, once.
func TestEffortIsBounded(t *testing.T) {
	bound := strings.Repeat("[for a in [[a, a]] : ", 40) + "jsonencode(a)" + strings.Repeat("]", 40)
	cases := []struct{ name, file, text, code string }{
		{"loops", "service.hcl", service("config = " + million), "too-large"},
		{"loops in try", "service.hcl", service(`reason = try(join("", ` + million + `), "x")`), "too-large"},
		{"loops in json", "x.apc.json", `{"service": {"a": {"config": "${[for a in range(0, 1024) : [for b in range(0, 1024) : [a, b]]]}"}}}`, "too-large"},
		{"loops in yaml", "x.apc.yaml", "service:\n  a:\n    config: '${[for a in range(0, 1024) : [for b in range(0, 1024) : [a, b]]]}'\n", "too-large"},
		{"template loops", "service.hcl", service(`reason = "%{for a in range(0, 1024)}%{for b in range(0, 1024)}x%{endfor}%{endfor}"`), "too-large"},
		{"nested names", "service.hcl", service("config = [for a in [1] : " + bound + "]"), "too-large"},
		{"dynamic", "service.hcl", service("dynamic \"run\" {\n  for_each = " + million + "\n  labels = [run.value]\n  content {}\n}"), "too-large"},
		{"nested dynamic", "service.hcl", service("dynamic \"run\" {\n  for_each = range(0, 1024)\n  labels = [\"/a\"]\n  content {\n    as = \"child\"\n" +
			"    dynamic \"signal\" {\n      for_each = range(0, 1024)\n      content {}\n    }\n  }\n}"), "too-large"},
		{"modules", "service.hcl", modulesDoubled(), "too-large"},
		{"join", "service.hcl", doubled(`join("", [@, @])`), "too-large"},
		{"lists", "service.hcl", doubled(`[@, @]`), "too-large"},
		{"templates", "service.hcl", doubled(`"${@}${@}"`), "too-large"},
		{"replace", "service.hcl", doubled(`replace(@, "x", "xxxx")`), "too-large"},
		{"setproduct", "service.hcl", service("config = setproduct(range(0, 1000), range(0, 1000), range(0, 1000))"), "too-large"},
		{"wide format", "service.hcl", service(`reason = format("%999999999d", 1)`), "too-large"},
		{"literal", "service.hcl", service(`reason = "${1e99999999}"`), "too-large"},
		{"literal index", "service.hcl", service(`reason = { a = 1 }[1e99999999]`), "too-large"},
		{"number in text", "service.hcl", service(`reason = "${"1e99999999" * 1}"`), "too-large"},
		{"number in format", "service.hcl", service(`reason = format("%d", "1e99999999")`), "too-large"},
		{"number in json", "x.apc.json", `{"service": {"a": {"reason": 1e99999999}}}`, "too-large"},
		{"brackets in json", "x.apc.json", strings.Repeat("[", 500000), "too-deep"},
		{"brackets in a json string", "x.apc.json", `{"service": {"a": {"reason": "${` + strings.Repeat("[", 100000) + `"}}}`, "too-deep"},
		{"escaped brackets", "x.apc.json", `{"service": {"a": {"reason": "${` + strings.Repeat(`\u005b`, 100000) + `"}}}`, "too-deep"},
		{"a deep type", "x.apc.json", `{"variable": {"a": {"type": "` + strings.Repeat(`\u0028`, 100000) + `"}}}`, "schema"},
		{"brackets in yaml", "x.apc.yaml", "service:\n  a:\n    reason: \"${" + strings.Repeat("[", 100000) + "\"\n", "too-deep"},
		{"jsondecode", "service.hcl", service(`reason = jsondecode(join("", [for a in range(0, 1000) : "["]))`), "too-deep"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			loader, _ := policy.NewLoader(policy.Options{})
			_, diags := loader.Text(c.file, c.text)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
			n := 0
			for _, d := range diags {
				if d.Code == c.code {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d of the code %s: %v", n, c.code, diags)
			}
		})
	}
}

// modulesDoubled is a chain of modules each of which uses the next one twice.
func modulesDoubled() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "module \"m%d\" {\n  use \"m%d\" {}\n  use \"m%d\" {}\n}\n", i, i+1, i+1)
	}
	return b.String() + "module \"m40\" {}\n" + service("use \"m0\" {}")
}

// TestEffortIsEnough holds that policies larger than any real one pass.
func TestEffortIsEnough(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "service \"s%d\" {\n  executable = \"/usr/bin/s%d\"\n  config = [for n in [\"a\", \"b\"] : \"/etc/s%d/${n}\"]\n}\n", i, i, i)
	}
	b.WriteString("service \"ports\" {\n  executable = \"/usr/bin/ports\"\n  data = [for n in range(0, 1024) : \"/srv/${n}/\"]\n}\n")
	loader, _ := policy.NewLoader(policy.Options{})
	p, diags := loader.Text("service.hcl", b.String())
	if len(diags) > 0 || len(p.Services) != 2001 || len(p.Services[2000].Body.Statements) != 1024 {
		t.Errorf("%d services, %v", len(p.Services), diags)
	}
}

// TestVarFileIsBounded holds the same for values from outside.
func TestVarFileIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"v.json": `{"a": ` + strings.Repeat("[", 500000),
		"v.hcl":  "a = " + strings.Repeat("[", 500000),
		"w.hcl":  "a = 1\nb = 1e99999999\n",
		"w.json": `{"b": 1e99999999}`,
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, diags := policy.NewLoader(policy.Options{VarFiles: []string{path}})
		if len(diags) != 1 || diags[0].Code != "too-deep" && diags[0].Code != "too-large" || diags[0].Subject.Start.Line == 0 {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
