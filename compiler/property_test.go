package compiler_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/emit/apparmor"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/optimize"
	"apc/compiler/verify"
	"apc/lang/compiled"
	"apc/lang/feature"
	"apc/lang/glob"
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
// they overlap often; one in so many has siblings.
func randomProfile(r *rand.Rand, name string, siblings int) *ir.Profile {
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
			f.Exec, q.Audit = "ix", r.IntN(2) == 0
			p.Rules = append(p.Rules, recordedMapping(r, q))
		}
		p.Rules = append(p.Rules, ir.Rule{Rule: rule.Rule{Qualifiers: q, Body: f}, Origins: []ir.Origin{{Intent: fmt.Sprint("rule ", i)}}})
		if r.IntN(siblings) == 0 && f.Exec == "" {
			p.Rules = append(p.Rules, randomSiblings(r, q, f.Access)...)
		}
	}
	for range r.IntN(5) {
		body := randomBodies[r.IntN(len(randomBodies))]
		q := rule.Qualifiers{Audit: r.IntN(6) == 0, Action: rule.Action(r.IntN(5) / 4)}
		p.Rules = append(p.Rules, ir.Rule{Rule: rule.Rule{Qualifiers: q, Body: body}, Origins: []ir.Origin{{Intent: "other"}}})
	}
	return p
}

// recordedMapping makes a rule beside one that runs programs, on some of whose
// paths it may have all that is granted and not all that is recorded.
func recordedMapping(r *rand.Rand, q rule.Qualifiers) ir.Rule {
	q.Owner = q.Owner || r.IntN(4) == 0
	body := rule.File{Path: randomPaths[r.IntN(len(randomPaths))], Access: rule.MapExec | rule.Access(r.IntN(2))*rule.Read}
	return ir.Rule{Rule: rule.Rule{Qualifiers: q, Body: body}, Origins: []ir.Origin{{Intent: "mapping"}}}
}

// randomBodies are rules that are not about files, or about links to some of
// them, and overlap.
var randomBodies = []rule.Body{
	rule.Capability{}, rule.Capability{Names: []string{"chown"}}, rule.Capability{Names: []string{"chown", "kill"}}, rule.Capability{Names: []string{"kill"}},
	rule.Network{}, rule.Network{Family: "inet"}, rule.Network{Family: "inet", Type: "stream"}, rule.Network{Family: "inet", Protocol: "tcp"},
	rule.Network{Family: "inet6", Type: "dgram"}, rule.Network{Family: "unix", Type: "stream"},
	rule.Signal{}, rule.Signal{Access: []string{"send"}}, rule.Signal{Access: []string{"send"}, Peer: "x"}, rule.Signal{Peer: "x"},
	rule.Signal{Access: []string{"send"}, Set: []string{"term"}}, rule.Signal{Set: []string{"hup", "term"}, Peer: "x"},
	rule.File{Path: "/a/b", Access: rule.LinkTo | rule.Read, Target: "/a/c"}, rule.File{Path: "/a/b", Access: rule.LinkTo | rule.Read, Target: "/a/{b,d}"},
	rule.File{Path: "/a/*", Access: rule.LinkTo | rule.Read, Target: "/a/**"},
	rule.Ptrace{}, rule.Ptrace{Access: []string{"read"}}, rule.Ptrace{Access: []string{"read", "trace"}, Peer: "x"}, rule.Ptrace{Access: []string{"read"}, Peer: "y"},
}

// randomSiblings makes rules on files of one directory, often enough of them to
// be factored; some names hold what means something in a glob.
func randomSiblings(r *rand.Rand, q rule.Qualifiers, access rule.Access) []ir.Rule {
	dir := []string{"/a/", "/a/b/", "/"}[r.IntN(3)]
	var out []ir.Rule
	for i := range 2 + r.IntN(40) {
		name := []string{"b", "c", "d", "bc", "b,c", "{b}", "b c", "[b]", "a*", `b\`}[i%10]
		if i >= 10 {
			name += fmt.Sprint(i)
		}
		body := rule.File{Path: glob.Quote(dir + name), Access: access}
		out = append(out, ir.Rule{Rule: rule.Rule{Qualifiers: q, Body: body}, Origins: []ir.Origin{{Intent: fmt.Sprint("sibling ", i)}}})
	}
	return out
}

// module wraps a profile.
func module(p *ir.Profile) *ir.Module {
	return &ir.Module{Service: p.Name, File: p.Name, ABI: "abi/3.0", Profile: p}
}

// optimised runs every pass.
func optimised(p *ir.Profile) *ir.Profile {
	after, _ := widened(p, nil)
	return after
}

// widened runs every pass, with wishes.
func widened(p *ir.Profile, wishes optimize.Wishes) (*ir.Profile, []optimize.Widening) {
	var all []optimize.Widening
	m := module(p)
	for _, pass := range optimize.Passes {
		var found optimize.Found
		m, found = pass.Run(m, optimize.Given{Wishes: wishes})
		all = append(all, found.Widenings...)
	}
	return m.Profile, all
}

// randomWishes lets the profile p be widened.
func randomWishes(r *rand.Rand) optimize.Wishes {
	return optimize.Wishes{"p": {Collapse: []string{"/a/", "/a/b/"}[:1+r.IntN(2)], Threshold: r.IntN(5)}}
}

// TestWideningsAreListed holds that what a profile grants after all passes is
// what it granted before and the rules that were listed, and that each example
// of what is added was not granted before.
func TestWideningsAreListed(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	listed, examples := 0, 0
	for range 2_000 {
		before := randomProfile(r, "p", 12)
		after, widenings := widened(before, randomWishes(r))
		expected := compiler.Widened(module(before), widenings).Profile
		if differences, err := grants.Equal(expected, after, nil); err != nil || len(differences) > 0 {
			t.Fatalf("%v %v\n%s%s", differences, err, dumped(before), dumped(after))
		}
		listed += len(widenings)
		for _, w := range widenings {
			for _, example := range w.Adds {
				examples++
				checkExample(t, before, after, w, example)
			}
		}
	}
	if listed < 500 || examples < 500 {
		t.Errorf("only %d widenings with %d examples", listed, examples)
	}
}

// checkExample holds that a profile grants what an example says to those that
// the widened rule speaks of, and did not before.
func checkExample(t *testing.T, before, after *ir.Profile, w optimize.Widening, example string) {
	slash := strings.IndexByte(example, '/')
	for _, word := range strings.Split(strings.TrimSpace(example[:slash]), ", ") {
		if word == "link" && slices.ContainsFunc(before.Rules, linksToSome) {
			continue // Ask does not tell what may be linked to
		}
		want := grants.Access{Permissions: rule.AccessWord(word)}
		had := grants.Ask(module(before), before, example[slash:], want)
		has := grants.Ask(module(after), after, example[slash:], want)
		if !has.Allowed || had.Allowed && (w.Rule.Owner || !had.OwnerOnly) {
			t.Fatalf("%s is no example of what %s adds\n%s%s", example, w.Rule, dumped(before), dumped(after))
		}
	}
}

func linksToSome(r ir.Rule) bool {
	f, ok := r.Body.(rule.File)
	return ok && f.LinkTarget() != ""
}

// TestPassesKeepGrants asks random profiles before and after all passes about
// paths, one permission at a time: the answers, found by matching alone, stay.
func TestPassesKeepGrants(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	dropped := 0
	for range 10_000 {
		before := randomProfile(r, "p", 80)
		after := optimised(before)
		dropped += len(before.Rules) - len(after.Rules)
		for range 3 {
			path := askedPaths[r.IntN(len(askedPaths))]
			for _, letter := range "mrwalkx" {
				want, _ := grants.ParseAccess(string(letter))
				x := grants.Ask(&ir.Module{Profile: before}, before, path, want)
				y := grants.Ask(&ir.Module{Profile: after}, after, path, want)
				if x.Allowed != y.Allowed || x.OwnerOnly != y.OwnerOnly || audited(x, want) != audited(y, want) {
					t.Fatalf("%s %c: %v and %v\n%s%s", path, letter, x.Allowed, y.Allowed, dumped(before), dumped(after))
				}
			}
		}
		if differences, err := grants.Equal(before, after, nil); err != nil || len(differences) > 0 {
			t.Fatalf("%v %v\n%s%s", differences, err, dumped(before), dumped(after))
		}
	}
	if dropped < 3_000 {
		t.Errorf("only %d rules were dropped: the profiles hardly overlap", dropped)
	}
}

// audited says whether any rule that decides an access records it. Mapping is
// recorded where a rule spells it: what "ix" implies of it is not.
func audited(a grants.Answer, want grants.Access) bool {
	deciding := a.Allow
	if len(a.Deny) > 0 {
		deciding = a.Deny
	}
	return slices.ContainsFunc(deciding, func(r ir.Rule) bool {
		f, ok := r.Body.(rule.File)
		implied := ok && want.Permissions == rule.MapExec && f.Access&rule.MapExec == 0
		return r.Audit && !implied
	})
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
	r := rand.New(rand.NewPCG(3, 4))
	var inputs []verify.Input
	for i := range 300 {
		before := randomProfile(r, fmt.Sprint("p", i), 12)
		after, widenings := optimised(before), []optimize.Widening(nil)
		if i%3 == 0 {
			before.Name = "p"
			after, widenings = widened(before, randomWishes(r))
		}
		for _, p := range []*ir.Profile{compiler.Widened(module(before), widenings).Profile, after} {
			text := apparmor.Emit(module(p), false).Text
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
		if difference := changed(t, a.Policy, b.Policy); difference != "" {
			t.Errorf("the compiled policy changed: %s\n%s\n%s", difference, a.Name, b.Name)
		}
	}
}

// changed compares two compiled policies of one profile each. Where the bytes
// differ what they grant may be the same all the same: rules may tell paths
// apart for which the kernel never asks, such as /a//b.
func changed(t *testing.T, before, after []byte) string {
	if bytes.Equal(before, after) {
		return ""
	}
	a, err := compiled.Read(before)
	b, err2 := compiled.Read(after)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	differences, err := compiled.Equal(a.Profiles[0], b.Profiles[0])
	if err != nil {
		t.Fatal(err)
	}
	if len(differences) == 0 {
		return ""
	}
	return differences[0].String()
}

// TestIncludedKeepsGrants gives random profiles an include of random rules, and
// one of a file that may be missing: what the profile has with the first stays,
// even where the second is not there.
func TestIncludedKeepsGrants(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	dropped := 0
	for range 2_000 {
		p := randomProfile(r, "p", 80)
		read, missing := randomProfile(r, "read", 80), randomProfile(r, "missing", 80)
		own := len(p.Rules)
		p.Rules = append(p.Rules, included("a", false, read.Rules), included("b", true, missing.Rules))
		for _, pass := range optimize.Passes {
			if pass.Base {
				after, _ := pass.Run(module(p), optimize.Given{})
				dropped += own + 2 - len(after.Profile.Rules)
				if differences, err := grants.Equal(flat(p), flat(after.Profile), nil); err != nil || len(differences) > 0 {
					t.Fatalf("%v %v\n%s%s%s", differences, err, dumped(p), dumped(read), dumped(after.Profile))
				}
			}
		}
	}
	if dropped < 1_000 {
		t.Errorf("only %d rules were dropped", dropped)
	}
}

func included(path string, ifExists bool, rules []ir.Rule) ir.Rule {
	body := rule.Include{Path: path, IfExists: ifExists}
	return ir.Rule{Rule: rule.Rule{Body: body}, Origins: []ir.Origin{{Intent: "include"}}, Included: rules}
}

// flat returns a profile with the rules of its includes as its own, but for
// those of a file that may be missing.
func flat(p *ir.Profile) *ir.Profile {
	out := *p
	out.Rules = nil
	for _, r := range p.Rules {
		if i, ok := r.Body.(rule.Include); ok && !i.IfExists {
			out.Rules = append(out.Rules, r.Included...)
		} else if !ok {
			out.Rules = append(out.Rules, r)
		}
	}
	return &out
}
