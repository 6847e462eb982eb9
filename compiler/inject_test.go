package compiler_test

import (
	"errors"
	"strings"
	"testing"

	"apc/compiler/emit/apparmor"
	"apc/compiler/ir"
	"apc/compiler/verify"
	"apc/lang/compiled"
	"apc/lang/feature"
	"apc/lang/rule"
)

// places are the places in which a string of a policy can stand.
var places = []func(m *ir.Module, s string) []rule.Body{
	func(_ *ir.Module, s string) []rule.Body { return one(rule.File{Path: "/" + s, Access: rule.Read}) },
	func(_ *ir.Module, s string) []rule.Body { return one(rule.File{Path: s, Access: rule.Read}) },
	func(_ *ir.Module, s string) []rule.Body { return one(rule.File{Path: "/x", Exec: "Px", Target: s}) },
	func(_ *ir.Module, s string) []rule.Body { return one(rule.Link{Path: "/l" + s, Target: "/t" + s}) },
	func(_ *ir.Module, s string) []rule.Body { return one(rule.Signal{Access: []string{"send"}, Peer: s}) },
	func(_ *ir.Module, s string) []rule.Body { return one(rule.Ptrace{Access: []string{"read"}, Peer: s}) },
	func(_ *ir.Module, s string) []rule.Body {
		return one(rule.DBus{Access: []string{"send"}, Bus: s, Path: s, Interface: s, Member: s, PeerName: s, PeerLabel: s})
	},
	func(_ *ir.Module, s string) []rule.Body {
		return one(rule.DBus{Access: []string{"bind"}, Bus: s, Name: s})
	},
	func(_ *ir.Module, s string) []rule.Body {
		return one(rule.Unix{Type: "stream", Addr: "@" + s, PeerLabel: s})
	},
	func(_ *ir.Module, s string) []rule.Body {
		return one(rule.Mount{Op: rule.KindMount, Source: s, Target: "/" + s})
	},
	func(_ *ir.Module, s string) []rule.Body { return one(rule.Mount{Op: rule.KindUmount, Target: "/" + s}) },
	func(_ *ir.Module, s string) []rule.Body {
		return one(rule.PivotRoot{OldRoot: "/" + s + "/", NewRoot: "/" + s + "/"})
	},
	func(_ *ir.Module, s string) []rule.Body { return one(rule.ChangeProfile{Exec: "/" + s, Target: s}) },
	func(m *ir.Module, s string) []rule.Body { m.Profile.Attachment = "/a" + s; return nil },
	func(m *ir.Module, s string) []rule.Body {
		m.Profile.Xattrs = []ir.Xattr{{Name: "security.x", Value: s}}
		return nil
	},
	func(m *ir.Module, s string) []rule.Body { m.Service, m.Policy = s, s; return nil },
	func(m *ir.Module, s string) []rule.Body { m.Profile.Origin.Reason = s; return nil },
	func(m *ir.Module, s string) []rule.Body {
		m.Variables = []ir.Variable{{Name: "X", Values: []string{s}, Origin: m.Profile.Origin}}
		return one(rule.File{Path: "/@{X}", Access: rule.Read})
	},
	func(m *ir.Module, s string) []rule.Body {
		m.Aliases = []ir.Alias{{From: "/f" + s, To: "/g" + s, Origin: m.Profile.Origin}}
		return nil
	},
}

func one(b rule.Body) []rule.Body { return []rule.Body{b} }

// hostile returns a module with s in one place, as if no reader had looked at
// it.
func hostile(s string, place int) *ir.Module {
	o := ir.Origin{Intent: "test"}
	m := &ir.Module{Service: "p", Policy: "p", File: "p", ABI: "abi/3.0"}
	m.Profile = &ir.Profile{Name: "p", Origin: o, Children: []*ir.Profile{{Name: "c", Hat: true, Origin: o}}}
	for _, b := range append(places[place](m, s), rule.File{Path: "/last", Access: rule.Read}) {
		m.Profile.Rules = append(m.Profile.Rules, ir.Rule{Rule: rule.Rule{Body: b}, Origins: []ir.Origin{m.Profile.Origin}})
	}
	return m
}

// FuzzInjection holds that no string of a policy can end a rule or begin one:
// with any string in every place where one can stand, the real parser either
// refuses the text or sees exactly the profiles that were meant, without any
// capability, socket or access to a file that the string tries to bring in.
func FuzzInjection(f *testing.F) {
	if testing.Short() {
		f.Skip("it takes seconds; go test without -short runs it")
	}
	parsers, err := verify.Find(f.Context(), nil)
	if err != nil || len(parsers) == 0 {
		f.Skip("apparmor_parser is missing")
	}
	target, err := feature.Lookup("debian-12")
	if err != nil {
		f.Fatal(err)
	}
	const evil = "capability sys_admin,\nnetwork inet stream,\n/pwned rw,\n"
	for _, s := range []string{
		"plain", "with space", "r,\n" + evil, "\" r,\n" + evil + "#", "\\\" r,\n" + evil + "#", "\\", "\\\\", "x\\\\\" r,\n" + evil,
		"}\nprofile evil {\n" + evil, "x}\n}\nprofile evil /evil {\n" + evil + "}\n#", "a,b", "a, ", ",", "#", "#include <abstractions/base>",
		"\n#include <abstractions/nameservice>\n", "@{X}", "@{UNDEFINED}", "é", "\xff\xfe", "a\x00b", "\t", "!", "peer=(label=x)", "a) peer=(x", "<x>", "\r\n" + evil,
		"[", "{a,b}", "{a", "\x7f", "\\x22 r,\n" + evil, "\\042", "x -> y", "(x)", "priority=1", "\x1b[31m",
	} {
		for place := range places {
			f.Add(s, uint8(place))
		}
	}
	f.Fuzz(func(t *testing.T, s string, place uint8) {
		m := hostile(s, int(place)%len(places))
		text := apparmor.Emit(m, true).Text
		in := verify.Input{Name: "fuzz", Text: []byte(withoutPreambleIncludes(text)), Keep: true}
		res, err := verify.Run(t.Context(), parsers[0], target, in)
		if err != nil && !errors.Is(err, verify.ErrNotPinned) {
			t.Fatalf("%v\n%s", err, text)
		}
		if res.Accepted {
			holdsNothing(t, res.Policy, text)
		}
	})
}

// withoutPreambleIncludes takes out the include of tunables, so that a run
// takes milliseconds.
func withoutPreambleIncludes(text string) string {
	return strings.Replace(text, "\ninclude <tunables/global>\n", "\n", 1)
}

func holdsNothing(t *testing.T, policy []byte, text string) {
	p, err := compiled.Read(policy)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(p.Profiles) != 2 {
		t.Errorf("there are %d profiles in\n%s", len(p.Profiles), text)
	}
	for _, prof := range p.Profiles {
		if prof.Name != "p" && prof.Name != "p//c" {
			t.Errorf("there is a profile %q in\n%s", prof.Name, text)
		}
		if a, _ := prof.HasCapability("sys_admin"); a.Allow != 0 {
			t.Errorf("%s has a capability:\n%s", prof.Name, text)
		}
		if a, _ := prof.Network("inet", "stream"); a.Allow != 0 {
			t.Errorf("%s has a socket:\n%s", prof.Name, text)
		}
		// No rule of hostile writes, so no pattern in it can grant that.
		if a := prof.Path("/pwned", compiled.Others); a.Allow&compiled.MayWrite != 0 {
			t.Errorf("%s writes /pwned:\n%s", prof.Name, text)
		}
	}
}
