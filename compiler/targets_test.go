package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/emit/apparmor"
	"apc/compiler/fit"
	"apc/compiler/ir"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/rule"
)

// TestChangeProfileTargets holds, on every parser at hand, that one rule on many
// targets has all that a profile for each target has, and on those that keep
// all of several rules that it has nothing more. Parser 5.0 drops some of them.
func TestChangeProfileTargets(t *testing.T) {
	t.Parallel()
	parsers, err := verify.Find(t.Context(), nil)
	if more := filepath.SplitList(os.Getenv("APC_PARSERS")); err == nil && len(more) > 0 {
		var others []verify.Parser
		others, err = verify.Find(t.Context(), more)
		parsers = append(parsers, others...)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(parsers) == 0 {
		t.Skip("SKIPPED: apparmor_parser is missing; APC_PARSERS names more than that of the machine")
	}
	targets := map[string]string{"3": "debian-12", "4": "debian-13", "5": "apparmor-5.0"}
	for _, parser := range parsers {
		target, err := feature.Lookup(targets[parser.Version[:1]])
		if err != nil {
			t.Fatal(err)
		}
		t.Run(parser.Version, func(t *testing.T) { testTargets(t, parser, target) })
	}
}

// changeTargets are what rules of one profile may change to.
var changeTargets = []string{"p", "q", "p*", "q*", "{p,r}", "worker", "xorker", "p//h", "a b", "a, b", "[a,b]c", "/usr/bin/x", ""}

func testTargets(t *testing.T, parser verify.Parser, target *feature.Target) {
	compile := func(rules []ir.Rule) string {
		m := &ir.Module{ABI: target.ABI, Profile: &ir.Profile{Name: "x", Rules: rules}}
		return withoutPreambleIncludes(apparmor.Emit(m, false).Text)
	}
	r := rand.New(rand.NewPCG(11, 12))
	var inputs []verify.Input
	for range 60 {
		rules := randomChanges(r)
		m, losses := fit.Module(&ir.Module{Profile: &ir.Profile{Name: "x", Rules: rules}}, target)
		if len(losses) > 0 {
			t.Fatal(losses)
		}
		inputs = append(inputs, verify.Input{Text: []byte(compile(m.Profile.Rules)), Base: t.TempDir(), Keep: true})
		if target.Parser.Less(feature.Version{Major: 5}) {
			inputs = append(inputs, verify.Input{Name: "all", Text: []byte(compile(rules)), Base: t.TempDir(), Keep: true})
		}
		for _, one := range rules {
			inputs = append(inputs, verify.Input{Name: one.String(), Text: []byte(compile([]ir.Rule{one})), Base: t.TempDir(), Keep: true})
		}
	}
	results, err := verify.RunAll(t.Context(), parser, target, inputs)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for i, result := range results {
		if !result.Accepted {
			t.Fatalf("%s: %s\n%s", parser, result.Stderr, inputs[i].Text)
		}
		if result.Name == "" {
			all = result.Policy
			continue
		}
		differences, err := compiler.Compare(all, result.Policy)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range differences {
			if result.Name == "all" || strings.HasPrefix(d, "x: +") {
				t.Errorf("%s: without it %s\n%s", result.Name, d, inputs[i].Text)
			}
		}
	}
}

// randomChanges returns change_profile rules that share their program.
func randomChanges(r *rand.Rand) []ir.Rule {
	var out []ir.Rule
	exec := []string{"", "/a", "/b*"}[r.IntN(3)]
	for i := range 2 + r.IntN(4) {
		body := rule.ChangeProfile{Exec: exec, Target: changeTargets[r.IntN(len(changeTargets))]}
		out = append(out, ir.Rule{Rule: rule.Rule{Body: body}, Origins: []ir.Origin{{Intent: fmt.Sprint("rule ", i)}}})
	}
	return out
}
