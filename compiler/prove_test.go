package compiler_test

import (
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

// provable is a policy on which every pass has something to do.
const provable = `
service "app" {
  attachment = "none"
  base       = false
  read = concat([for i in range(20) : "/srv/many/${i}"], ["/srv/a", "/srv/all/x", "/srv/all/", "/srv/some/a", "/srv/some/b"])
  data = ["/srv/a"]

  run "/srv/tool" {
    as   = "child"
    read = ["/srv/many/1"]
  }
  listen "http" {
    port = 8080
  }
  optimize {
    collapse = ["/srv/some/"]
  }
}`

// TestProof compiles what there is to prove with the real parser: the proof
// holds, and fails with a witness where the text after the passes is another.
func TestProof(t *testing.T) {
	out, compile := provenBy(t, provable)
	proof := out.Proof()
	if proof.Expected == proof.Before || strings.Contains(proof.After, "local/") || len(out.Widenings) != 1 || out.Rules > out.Lowered-20 {
		t.Fatalf("the passes did not do what this test is about: %d widenings, %d of %d rules", len(out.Widenings), out.Rules, out.Lowered)
	}
	for _, c := range []struct{ name, expected, after, witness string }{
		{"as it is", proof.Expected, proof.After, ""},
		{"a widening that was not listed", proof.Before, proof.After, "app: + read /srv/some/"},
		{"a rule that got lost", proof.Expected, strings.Replace(proof.After, "  /srv/a rwk,\n", "", 1), "app: - read, write, lock /srv/a"},
		{"a deny that got lost", strings.Replace(proof.Expected, "  /srv/a rwk,\n", "/srv/a rwk,\ndeny /srv/a w,\n", 1), proof.After, "app: + write /srv/a"},
		{"a star that reaches too far", proof.Expected, strings.Replace(proof.After, "/srv/some/*", "/srv/some/**", 1), "app: + read /srv/some/"},
		{"a child's rule", proof.Expected, strings.Replace(proof.After, "/srv/many/1 r", "/srv/many/1 rw", 1), "app//tool: + write /srv/many/1"},
	} {
		differences, err := compiler.Compare(compile(c.expected), compile(c.after))
		if err != nil || (c.witness == "") != (len(differences) == 0) || !strings.HasPrefix(strings.Join(differences, "\n"), c.witness) {
			t.Errorf("%s: %v %q, want %q", c.name, err, differences, c.witness)
		}
	}
}

// TestProofOfRecords proves policies whose raw rules record some of what others
// only grant: running implies mapping, and does not record it.
func TestProofOfRecords(t *testing.T) {
	for _, c := range []struct{ name, raw, kept string }{
		{"a pattern that runs", `audit /srv/c mr,\naudit /srv/* rix,`, "audit /srv/c mr,"},
		{"a pattern that runs and maps", `audit /srv/c mr,\naudit /srv/* mrix,`, ""},
		{"the same path", `audit /srv/c rix,\naudit /srv/c m,`, "audit /srv/c mrix,"},
		{"a fallback, for the owner", `audit owner /srv/c mr,\naudit /srv/* rPix,`, "audit owner /srv/c mr,"},
		{"nothing recorded", `/srv/c mr,\n/srv/* rix,`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, compile := provenBy(t, `service "app" {
  attachment = "none"
  base       = false
  raw        = "`+c.raw+`"
}`)
			proof := out.Proof()
			if c.kept == "" && strings.Contains(proof.After, "/srv/c") || !strings.Contains(proof.After, c.kept) {
				t.Errorf("want %q of /srv/c in\n%s", c.kept, proof.After)
			}
			differences, err := compiler.Compare(compile(proof.Expected), compile(proof.After))
			if err != nil || len(differences) > 0 {
				t.Errorf("%v %q", err, differences)
			}
		})
	}
}

// provenBy compiles a policy of one service, and returns with it what makes
// compiled policy of a profile text. Without a parser the test is skipped.
func provenBy(t *testing.T, text string) (out *compiler.Output, compile func(text string) []byte) {
	t.Helper()
	parsers, err := verify.Find(t.Context(), nil)
	if err != nil || len(parsers) == 0 {
		t.Skip("SKIPPED: apparmor_parser is missing")
	}
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("service.hcl", text)
	target, err := feature.Lookup("debian-12")
	if err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return compiler.Compile(p, p.Services[0], target, compiler.Options{}), func(text string) []byte {
		text = strings.ReplaceAll(withoutPreambleIncludes(text), "include <abstractions/base>", "")
		r, err := verify.Run(t.Context(), parsers[0], target, verify.Input{Text: []byte(text), Base: t.TempDir(), Keep: true})
		if err != nil || !r.Accepted {
			t.Fatalf("%v %v\n%s", err, r.Messages, text)
		}
		return r.Policy
	}
}
