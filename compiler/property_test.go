package compiler_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"apc/compiler/emit/apparmor"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/optimize"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/rule"
)

var (
	randomPaths = []string{
		"/a", "/a/", "/a/b", "/a/c", "/a/b/c", "/a/b/", "/ab", "/a*", "/a/*", "/a/**", "/a/b*", "/a/*/c", "/a/{b,c}", "/a{,b}", "/**", "/*",
		"/a/[bc]", "/a/?", "/a/**/c", "/a/{b,c}/**", "/a/b/{,**}", "/{a,b}/*", "/a/**c",
	}
	askedPaths = []string{"/a", "/a/", "/b", "/a/b", "/a/c", "/a/d", "/a/b/", "/a/b/c", "/a/b/d", "/a/c/c", "/ab", "/ac", "/a/bc", "/b/x", "/z/y/x"}
)

// randomProfile makes a profile of random file rules over few paths, so that
// they overlap often.
func randomProfile(r *rand.Rand, name string) *ir.Profile {
	p := &ir.Profile{Name: name, Origin: ir.Origin{Intent: "test"}}
	for i := range 1 + r.IntN(9) {
		f := rule.File{Path: randomPaths[r.IntN(len(randomPaths))], Access: rule.Access(1 + r.IntN(63))}
		if f.Access&rule.Write != 0 {
			f.Access &^= rule.Append
		}
		q := rule.Qualifiers{Audit: r.IntN(6) == 0, Owner: r.IntN(4) == 0}
		switch r.IntN(8) {
		case 0, 1:
			q.Action = rule.Deny
			if r.IntN(3) == 0 {
				f.Exec = "x"
			}
		case 2:
			f.Exec = "ix"
		}
		p.Rules = append(p.Rules, ir.Rule{Rule: rule.Rule{Qualifiers: q, Body: f}, Origins: []ir.Origin{{Intent: fmt.Sprint("rule ", i)}}})
	}
	return p
}

// optimised runs every pass.
func optimised(p *ir.Profile) *ir.Profile {
	m := &ir.Module{Service: p.Name, File: p.Name, ABI: "abi/3.0", Profile: p}
	for _, pass := range optimize.Passes {
		m = pass.Run(m)
	}
	return m.Profile
}

// TestPassesKeepGrants asks random profiles before and after all passes about
// paths, one permission at a time: the answers, found by matching alone, stay.
func TestPassesKeepGrants(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	dropped := 0
	for range 10_000 {
		before := randomProfile(r, "p")
		after := optimised(before)
		dropped += len(before.Rules) - len(after.Rules)
		for range 3 {
			path := askedPaths[r.IntN(len(askedPaths))]
			for _, letter := range "mrwalkx" {
				want, _ := grants.ParseAccess(string(letter))
				x := grants.Ask(&ir.Module{Profile: before}, before, path, want)
				y := grants.Ask(&ir.Module{Profile: after}, after, path, want)
				if x.Allowed != y.Allowed || x.OwnerOnly != y.OwnerOnly || audited(x) != audited(y) {
					t.Fatalf("%s %c: %v and %v\n%s%s", path, letter, x.Allowed, y.Allowed, dumped(before), dumped(after))
				}
			}
		}
		if differences, err := grants.Equal(before, after); err != nil || len(differences) > 0 {
			t.Fatalf("%v %v\n%s%s", differences, err, dumped(before), dumped(after))
		}
	}
	if dropped < 3_000 {
		t.Errorf("only %d rules were dropped: the profiles hardly overlap", dropped)
	}
}

// audited says whether any rule that decides an access records it.
func audited(a grants.Answer) bool {
	deciding := a.Allow
	if len(a.Deny) > 0 {
		deciding = a.Deny
	}
	for _, r := range deciding {
		if r.Audit {
			return true
		}
	}
	return false
}

func dumped(p *ir.Profile) string {
	var b strings.Builder
	for _, r := range p.Rules {
		fmt.Fprintln(&b, r)
	}
	return b.String() + "--\n"
}

// TestPassesKeepCompiledPolicy holds that the real parser compiles random
// profiles to the same bytes before and after all passes.
func TestPassesKeepCompiledPolicy(t *testing.T) {
	parsers, err := verify.Find(t.Context(), nil)
	if err != nil || len(parsers) == 0 {
		t.Skip("SKIPPED: apparmor_parser is missing")
	}
	target, err := feature.Lookup("debian-12")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	var inputs []verify.Input
	for i := range 300 {
		before := randomProfile(r, fmt.Sprint("p", i))
		for _, p := range []*ir.Profile{before, optimised(before)} {
			text := apparmor.Emit(&ir.Module{Service: p.Name, File: p.Name, ABI: "abi/3.0", Profile: p}, false).Text
			inputs = append(inputs, verify.Input{Name: text, Text: []byte(withoutPreambleIncludes(text)), Keep: true})
		}
	}
	results, err := verify.RunAll(t.Context(), parsers[0], target, inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(results); i += 2 {
		a, b := results[i], results[i+1]
		if !a.Accepted || !b.Accepted || len(a.Policy) == 0 {
			t.Fatalf("refused: %s%s\n%s", a.Stderr, b.Stderr, a.Name)
		}
		if !bytes.Equal(a.Policy, b.Policy) {
			t.Errorf("the compiled policy changed:\n%s\n%s", a.Name, b.Name)
		}
	}
}
