package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"apc/compiler/emit/apparmor"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/optimize"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/glob"
	"apc/lang/rule"
)

// randomValues are the values of the one variable of random abstractions.
var randomValues = map[string][]string{"V": {"/a/", "/z"}}

// randomShelf makes abstractions of random rules, some with a variable in their
// paths. Each has a file that may be missing, and the last includes the first.
func randomShelf(r *rand.Rand, prefix string) []optimize.Abstraction {
	var all []optimize.Abstraction
	for i := range 3 {
		rules := randomProfile(r, "abstraction", 80).Rules
		for n, x := range rules {
			if f, ok := x.Body.(rule.File); ok && strings.HasPrefix(f.Path, "/a/") && r.IntN(6) == 0 {
				f.Path = "@{V}" + f.Path[len("/a"):]
				rules[n].Body = f
			}
		}
		name := fmt.Sprint(prefix, i)
		optional := []ir.Rule{}
		if r.IntN(4) == 0 {
			optional = randomProfile(r, "optional", 80).Rules
		}
		rules = append(rules, magic(name+".d", true, optional))
		if i == 2 {
			rules = append(rules, all[0].Include)
		}
		all = append(all, optimize.Abstraction{Include: magic(name, false, rules)})
	}
	return all
}

func magic(name string, ifExists bool, rules []ir.Rule) ir.Rule {
	out := included("abstractions/"+name, ifExists, rules)
	out.Body = rule.Include{Path: "abstractions/" + name, Magic: true, IfExists: ifExists}
	for i := range out.Included {
		out.Included[i].Origins = []ir.Origin{{Intent: "include"}}
	}
	return out
}

// randomHolder makes a profile that has most of an abstraction's rules, some of
// them in others that have more, and random ones.
func randomHolder(r *rand.Rand, all []optimize.Abstraction) *ir.Profile {
	p := randomProfile(r, "p", 80)
	for _, x := range flatRules([]ir.Rule{all[r.IntN(len(all))].Include}) {
		if r.IntN(30) == 0 {
			continue
		}
		f, ok := x.Body.(rule.File)
		if ok && f.Exec == "" && r.IntN(4) == 0 {
			f.Path = widerPath(r, f.Path)
		}
		if ok && f.Exec == "" && r.IntN(6) == 0 {
			f.Access |= rule.Read
		}
		if ok {
			x.Body = f
		}
		x.Origins = []ir.Origin{{Intent: fmt.Sprint("held ", len(p.Rules))}}
		p.Rules = append(p.Rules, x)
	}
	if r.IntN(3) == 0 {
		p.Rules = append(p.Rules, all[r.IntN(len(all))].Include)
	}
	return p
}

// widerPath returns a random path that has another.
func widerPath(r *rand.Rand, path string) string {
	g, err := glob.Parse(path)
	if err == nil {
		g, err = g.Expand(randomValues)
	}
	wider, err2 := glob.Parse(randomPaths[r.IntN(len(randomPaths))])
	if err != nil || err2 != nil {
		return path
	}
	if all, _, err := glob.Includes(wider, g); err == nil && all {
		return wider.String()
	}
	return path
}

// flatRules returns rules with those of includes in their place, but for what
// may be missing.
func flatRules(rules []ir.Rule) []ir.Rule {
	var out []ir.Rule
	for _, r := range rules {
		switch i, ok := r.Body.(rule.Include); {
		case !ok:
			out = append(out, r)
		case !i.IfExists:
			out = append(out, flatRules(r.Included)...)
		}
	}
	return out
}

// optimisedWith runs every pass with abstractions.
func optimisedWith(p *ir.Profile, all []optimize.Abstraction) (*ir.Profile, optimize.Found) {
	var told optimize.Found
	m := &ir.Module{Profile: p, Base: "/base", Values: randomValues}
	shelf := optimize.NewShelf(all, randomValues)
	for _, pass := range optimize.Passes {
		var found optimize.Found
		m, found = pass.Run(withBrought(m, all), optimize.Given{Shelf: shelf})
		told.Substitutions = append(told.Substitutions, found.Substitutions...)
		told.Suggestions = append(told.Suggestions, found.Suggestions...)
	}
	return m.Profile, told
}

// withBrought puts below each include what it brings.
func withBrought(m *ir.Module, all []optimize.Abstraction) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		rules := slices.Clone(p.Rules)
		for i, r := range rules {
			for _, a := range all {
				if r.String() == a.Include.String() {
					rules[i].Included = a.Include.Included
				}
			}
		}
		return rules
	})
}

// TestSubstituteKeepsGrants gives random profiles abstractions: what they grant,
// found by matching alone, stays, whatever takes the place of rules; and what a
// suggestion says holds.
func TestSubstituteKeepsGrants(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(13, 14))
	made, suggested := 0, 0
	for range 1_000 {
		all := randomShelf(r, "x")
		before := randomHolder(r, all)
		after, told := optimisedWith(before, all)
		made += len(told.Substitutions)
		suggested += len(told.Suggestions)
		after = withBrought(&ir.Module{Profile: after}, all).Profile
		a, b := &ir.Profile{Rules: flatRules(before.Rules)}, &ir.Profile{Rules: flatRules(after.Rules)}
		for range 3 {
			path := askedPaths[r.IntN(len(askedPaths))]
			for _, letter := range "mrwalkx" {
				want, _ := grants.ParseAccess(string(letter))
				x := grants.Ask(&ir.Module{Profile: a, Values: randomValues}, a, path, want)
				y := grants.Ask(&ir.Module{Profile: b, Values: randomValues}, b, path, want)
				if x.Allowed != y.Allowed || x.OwnerOnly != y.OwnerOnly || audited(x, want) != audited(y, want) {
					t.Fatalf("%s %c: %v and %v\n%s%s", path, letter, x.Allowed, y.Allowed, dumped(a), dumped(b))
				}
			}
		}
		if differences, err := grants.Equal(a, b, randomValues); err != nil || len(differences) > 0 {
			t.Fatalf("%v %v\n%s%s", differences, err, dumped(a), dumped(b))
		}
		for _, s := range told.Suggestions {
			checkSuggestion(t, before, s)
		}
	}
	t.Logf("%d substitutions, %d suggestions", made, suggested)
	if made < 300 || suggested < 150 {
		t.Errorf("only %d substitutions and %d suggestions", made, suggested)
	}
}

// checkSuggestion holds that with the abstraction the rules that it stands for
// are needless, and that without what it adds it would add nothing.
func checkSuggestion(t *testing.T, p *ir.Profile, s optimize.Substitution) {
	t.Helper()
	with := flatRules(append(slices.Clone(p.Rules), s.Include))
	for _, r := range s.From {
		if lacks, err := grants.Hold(&ir.Profile{Rules: flatRules([]ir.Rule{s.Include})}, randomValues, nil).Lacks(r); err != nil || len(lacks) > 0 {
			t.Fatalf("%s has not all of %s: %v %v", s.Include, r, lacks, err)
		}
	}
	added := func(r ir.Rule) bool {
		return slices.ContainsFunc(s.Adds, func(a optimize.Addition) bool { return a.Rule.String() == r.String() })
	}
	a := &ir.Profile{Rules: flatRules(p.Rules)}
	b := &ir.Profile{Rules: slices.DeleteFunc(with, added)}
	for _, r := range a.Rules {
		if added(r) {
			b.Rules = append(b.Rules, r)
		}
	}
	if differences, err := grants.Equal(a, b, randomValues); err != nil || len(differences) > 0 {
		t.Fatalf("%s adds more than is told: %v %v\n%s", s.Include, differences, err, dumped(b))
	}
}

// TestSubstituteKeepsCompiledPolicy compiles random profiles with the real
// parser before and after all passes, with abstractions on disk, and with
// optional files of these on both sides.
func TestSubstituteKeepsCompiledPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Parallel()
	parsers, err := verify.Find(t.Context(), nil)
	if err != nil || len(parsers) == 0 {
		t.Skip("SKIPPED: apparmor_parser is missing")
	}
	target, err := feature.Lookup("debian-12")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(15, 16))
	base := t.TempDir()
	var inputs []verify.Input
	for n := 0; len(inputs) < 200; n++ {
		all := randomShelf(r, fmt.Sprint("x", n, "-"))
		before := randomHolder(r, all)
		after, told := optimisedWith(before, all)
		if len(told.Substitutions) == 0 {
			continue
		}
		for _, a := range all {
			writeAbstraction(t, base, a.Include, r, n%2 == 0)
		}
		before = &ir.Profile{Name: "p", Rules: slices.Clone(before.Rules)}
		for _, s := range told.Substitutions {
			before.Rules = append(before.Rules, s.Optional...)
		}
		for _, p := range []*ir.Profile{before, after} {
			m := &ir.Module{ABI: target.ABI, Profile: p, Variables: []ir.Variable{{Name: "V", Values: randomValues["V"]}}}
			text := withoutPreambleIncludes(apparmor.Emit(m, false).Text)
			inputs = append(inputs, verify.Input{Name: text, Text: []byte(text), Base: base, Keep: true})
		}
	}
	results, err := verify.RunAll(t.Context(), parsers[0], target, inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(results); i += 2 {
		a, b := results[i], results[i+1]
		if !a.Accepted || !b.Accepted || len(a.Policy) == 0 {
			t.Fatalf("refused: %s%s\n%s\n%s", a.Stderr, b.Stderr, a.Name, b.Name)
		}
		if difference := changed(t, a.Policy, b.Policy); difference != "" {
			t.Errorf("the compiled policy changed: %s\n%s\n%s", difference, a.Name, b.Name)
		}
	}
}

// writeAbstraction writes an include as a file and, as another machine may have
// it, an optional file of random rules or none.
func writeAbstraction(t *testing.T, base string, include ir.Rule, r *rand.Rand, optional bool) {
	t.Helper()
	var b strings.Builder
	for _, x := range include.Included {
		fmt.Fprintln(&b, x)
		if i, ok := x.Body.(rule.Include); ok && i.IfExists && optional {
			x.Included = randomProfile(r, "optional", 80).Rules
			writeAbstraction(t, base, x, r, false)
		}
	}
	path := filepath.Join(base, include.Body.(rule.Include).Path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
