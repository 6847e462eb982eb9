package compiler_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/verify"
	"apc/lang/compiled"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
)

// rawPolicy is a policy with a text as the raw of a service, which has a hat.
func rawPolicy(t *testing.T, text string) (*policy.Policy, diag.List) {
	// Policies' strings are templates.
	text = strings.NewReplacer("${", "$${", "%{", "%%{").Replace(text)
	src, err := json.Marshal(map[string]any{"service": map[string]any{"p": map[string]any{
		"attachment": "none", "base": false, "raw": text, "read": []string{"/last"}, "hat": map[string]any{"c": map[string]any{"base": false}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	loader, _ := policy.NewLoader(policy.Options{})
	return loader.Text("p.apc.json", string(src))
}

// FuzzRaw holds that raw text, whatever it is, either is refused or gives rules
// of its body alone: the profile text that comes out holds the profiles of the
// policy and no others, by apc's own reader and by the real parser.
func FuzzRaw(f *testing.F) {
	parsers, err := verify.Find(f.Context(), nil)
	if err != nil || len(parsers) == 0 {
		f.Skip("apparmor_parser is missing")
	}
	target, err := feature.Lookup("debian-12")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		"/a r,\n", "/a r, # comment", "}", "}\nprofile evil {\n  /** rw,\n", "}\n}\nprofile evil /evil {\n", "profile evil { /** rw, }", "^evil { }", "/a r,\n}\n^evil {",
		"owner { /a r, }", "audit deny owner {\n/a rw,\n}\n", "owner {", "\"/a\nb\" r,", "\"/a}\\n{\" r,", "/a\\} r,", "#include <abstractions/base>", "include <x>y>",
		"include \"/a\"", "include if exists <local/x>", "/a r, } profile evil { # ", "abi <kernel>,", "@{X}=/y", "alias /a/ -> /b/,", "if true { /a r, } else { /b w, }",
		"file,", "all,", "capability,", "network,", "dbus,", "mount options=(rw) /a -> /b,", "mount \"\" -> /b,", "signal send set=(hup) peer=\"a b\",", "unix (send) peer=(addr=@\"x y\"),",
		"change_profile -> **,", "/x Px -> p//c,", "/x pix -> \"a b\",", "set rlimit nofile <= 10,", "rix /bin/x,", "priority=3 /a r,", "allow /a r,", "quiet deny /a r,", "pivot_root,",
		"link /a -> /b,", "link subset /a -> /b,", "/a l -> /b,", "mqueue create /q,", "userns,", "io_uring,", "other /a r,", "ptrace peer=@{profile_name},", "/{a,b}/@{pid}/** r,",
		"network inet ip=1.2.3.4 port=80 peer=(ip=none),", "/a\x00 r,", "\xff r,", "/a r,\r\n/b r,\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, diags := rawPolicy(t, s)
		if diags.HasErrors() {
			return
		}
		out := compiler.Compile(p, p.Services[0], target, compiler.Options{})
		if out.Diags.HasErrors() {
			return
		}
		text := out.File.Text
		if file, _ := profile.Parse("p", text); !isPolicyAlone(file.Nodes) {
			t.Errorf("%q gives\n%s", s, text)
		}
		in := verify.Input{Name: "fuzz", Text: []byte(withoutPreambleIncludes(text)), Keep: true}
		res, err := verify.Run(t.Context(), parsers[0], target, in)
		if err != nil && !errors.Is(err, verify.ErrNotPinned) {
			t.Fatalf("%v\n%s", err, text)
		}
		if res.Accepted {
			holdsTwo(t, res.Policy, text)
		}
	})
}

// isPolicyAlone says whether the statements are the profile p with its hat c,
// behind a preamble.
func isPolicyAlone(nodes []profile.Node) bool {
	var names []string
	for _, n := range nodes {
		p, ok := n.(*profile.Profile)
		if !ok {
			continue
		}
		names = append(names, p.Name)
		for _, inner := range p.Block.Nodes {
			if c, ok := inner.(*profile.Profile); ok {
				names = append(names, c.Name)
			}
		}
	}
	return strings.Join(names, " ") == "p c"
}

func holdsTwo(t *testing.T, policy []byte, text string) {
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
	}
}
