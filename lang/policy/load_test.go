package policy_test

import (
	"slices"
	"testing"

	"apc/lang/policy"
)

// codes reads a policy and returns how often each code was reported.
func codes(t *testing.T, opts policy.Options, name, text string) map[string]int {
	t.Helper()
	loader, _ := policy.NewLoader(opts)
	_, diags := loader.Text(name, text)
	out := map[string]int{}
	for _, d := range diags {
		out[d.Code]++
		if d.Subject.Start.Line == 0 {
			t.Errorf("no line: %v", d)
		}
	}
	return out
}

// TestNotText holds that a file that is no text gives one error.
func TestNotText(t *testing.T) {
	for _, text := range []string{
		"\xff\xfes\x00e\x00r\x00v\x00", "service \"a\" {}\n\x00\x00\x00", "\x7fELF\x02\x01\x01\x00\x80\x81\x82", "a = \"\xe4\xe4\xe4\"\n",
	} {
		for _, name := range []string{"service.hcl", "x.apc.json"} {
			if got := codes(t, policy.Options{}, name, text); len(got) != 1 || got["not-text"] != 1 {
				t.Errorf("%s %q: %v", name, text, got)
			}
		}
	}
}

// TestRulesAreKnown holds that ignore takes the names of the options only.
func TestRulesAreKnown(t *testing.T) {
	text := service("ignore \"broad-raed\" { reason = \"x\" }\nignore \"broad-read\" { reason = \"x\" }")
	if got := codes(t, policy.Options{Rules: []string{"broad-read"}}, "service.hcl", text); got["unknown-word"] != 1 {
		t.Error(got)
	}
	if got := codes(t, policy.Options{}, "service.hcl", text); len(got) != 0 {
		t.Error(got)
	}
}

// TestPlaceOfDepth holds where text is nested too deep.
func TestPlaceOfDepth(t *testing.T) {
	loader, _ := policy.NewLoader(policy.Options{})
	text := "# one\nlocals {\n  ä = ["
	for range 100 {
		text += "["
	}
	_, diags := loader.Text("service.hcl", text)
	if len(diags) != 1 || diags[0].Code != "too-deep" || diags[0].Subject.Start.Line != 3 || diags[0].Subject.Start.Column != 7+99 || diags[0].Subject.Start.Byte != len(text)-2 {
		t.Errorf("%+v, text of %d", diags, len(text))
	}
}

// TestLocalsAllTold holds that a fault in one local hides none in another.
func TestLocalsAllTold(t *testing.T) {
	text := "locals {\n  a = upper(1, 2)\n  b = nope()\n  c = local.none\n  d = 1 / 0\n  e = local.a\n  f = foo\n  g = [for x in 5 : x]\n  h {}\n}\n" + service("")
	got := codes(t, policy.Options{}, "service.hcl", text)
	if got["expression"] != 3 || got["too-large"] != 1 || got["undefined"] != 2 || got["schema"] != 1 || len(got) > 4 {
		t.Error(got)
	}
}

// TestJSONForms holds what JSON writes as strings: types, templates in keys
// and values, and the names in dynamic blocks.
func TestJSONForms(t *testing.T) {
	loader, _ := policy.NewLoader(policy.Options{})
	p, diags := loader.Text("x.apc.json", `{"variable": {"dirs": {"type": "list(string)", "default": ["/a/", "/b/"]}},
 "locals": {"k": {"${\"n\"}": 1}},
 "service": {"j": {"executable": "/usr/bin/j", "data": "${[for d in var.dirs : d]}", "config": [{"path": "/etc/${local.k.n}"}],
  "dynamic": {"run": {"for_each": "${var.dirs}", "iterator": "it", "labels": ["${it.value}x"], "content": {"as": "inherit"}}}}}}`)
	if len(diags) > 0 || len(p.Services) != 1 {
		t.Fatal(diags)
	}
	var got []string
	for _, s := range p.Services[0].Body.Statements {
		switch s := s.(type) {
		case *policy.Path:
			got = append(got, s.Text)
		case *policy.Run:
			got = append(got, s.Path)
		}
	}
	if !slices.Equal(got, []string{"/etc/1", "/a/", "/b/", "/a/x", "/b/x"}) && !slices.Equal(got, []string{"/a/", "/b/", "/etc/1", "/a/x", "/b/x"}) {
		t.Error(got)
	}
}
