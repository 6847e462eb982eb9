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

// hostile returns a module in which every string is s, as if no reader had
// looked at it.
func hostile(s string) *ir.Module {
	o := ir.Origin{Intent: "test", Reason: s}
	bodies := []rule.Body{
		rule.File{Path: "/" + s, Access: rule.Read},
		rule.File{Path: "/x" + s, Exec: "Px", Target: s},
		rule.Link{Path: "/l" + s, Target: "/t" + s},
		rule.Signal{Access: []string{"send"}, Peer: s},
		rule.Ptrace{Access: []string{"read"}, Peer: s},
		rule.DBus{Access: []string{"send"}, Bus: s, Path: s, Interface: s, Member: s, PeerName: s, PeerLabel: s},
		rule.DBus{Access: []string{"bind"}, Bus: s, Name: s},
		rule.Unix{Type: "stream", Addr: "@" + s, PeerLabel: s},
		rule.Mount{Op: rule.KindMount, Source: s, Target: "/" + s},
		rule.Mount{Op: rule.KindUmount, Target: "/" + s},
		rule.PivotRoot{OldRoot: "/" + s + "/", NewRoot: "/" + s + "/"},
		rule.ChangeProfile{Exec: "/" + s, Target: s},
	}
	p := &ir.Profile{Name: "p", Attachment: "/a" + s, Xattrs: []ir.Xattr{{Name: "security.x", Value: s}}, Origin: o}
	for _, b := range bodies {
		p.Rules = append(p.Rules, ir.Rule{Rule: rule.Rule{Body: b}, Origins: []ir.Origin{o}})
	}
	child := &ir.Profile{Name: "c", Hat: true, Origin: o}
	p.Children = []*ir.Profile{child}
	return &ir.Module{
		Service: s, Policy: s, File: "p", ABI: "abi/3.0", Profile: p,
		Variables: []ir.Variable{{Name: "X", Values: []string{s}, Origin: o}},
		Aliases:   []ir.Alias{{From: "/f" + s, To: "/g" + s, Origin: o}},
	}
}

// FuzzInjection holds that no string of a policy can end a rule or begin one:
// with any string in every place where one can stand, the real parser either
// refuses the text or sees exactly the profiles that were meant, without any
// capability, socket or access to a file that the string tries to bring in.
func FuzzInjection(f *testing.F) {
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
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "pwned") && strings.ContainsAny(s, "*?[{") {
			t.Skip("it may name the path itself")
		}
		m := hostile(s)
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
		if a := prof.Path("/pwned", compiled.Others); a.Allow != 0 {
			t.Errorf("%s has /pwned:\n%s", prof.Name, text)
		}
	}
}
