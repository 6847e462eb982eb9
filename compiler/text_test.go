package compiler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/profile"
)

// lowered reads and lowers a profile text.
func lowered(t testing.TB, text string) ([]*ir.Module, diag.List) {
	t.Helper()
	p, diags, err := (&profile.Loader{}).LoadText(t.Context(), "text", text)
	if err != nil || diags.HasErrors() {
		t.Fatalf("%s\n%v %v", text, diags, err)
	}
	return lower.Text(p, "")
}

// TestText holds what becomes of the parts of a profile text.
func TestText(t *testing.T) {
	modules, diags := lowered(t, `abi <kernel>,
@{X} = /a /b
profile :ns:one /usr/bin/{one,1} xattrs=(user.x="y") flags=(complain) {
  /a r,
  profile child /usr/bin/child {
    profile grand { /c r, }
    ^hat { /d r, }
  }
}
/usr/bin/two { @{X}/** r, }
profile @{X}/three { }
profile four { }
`)
	if len(diags) > 0 || len(modules) != 4 {
		t.Fatalf("%d modules, %v", len(modules), diags)
	}
	for i, want := range []string{
		`module one (text) -> text, kernel
profile one at /usr/bin/{one,1} flags complain  # profile text:3
  /a r,  # rule text:4
profile one//child at /usr/bin/child  # profile text:5
profile one//child//grand  # profile text:6
  /c r,  # rule text:6
profile one//child//hat  # profile text:7
  /d r,  # rule text:7
`,
		"module /usr/bin/two (text) -> text, kernel\nprofile /usr/bin/two at /usr/bin/two  # profile text:10\n  @{X}/** r,  # rule text:10\n",
		"module @{X}/three (text) -> text, kernel\nprofile @{X}/three at @{X}/three  # profile text:11\n",
		"module four (text) -> text, kernel\nprofile four  # profile text:12\n",
	} {
		if got := ir.Dump(modules[i]); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
	one := modules[0].Profile
	if one.Namespace != "ns" || len(one.Xattrs) != 1 || one.Xattrs[0] != (ir.Xattr{Name: "user.x", Value: "y"}) || !one.Children[2].Hat {
		t.Errorf("%+v", one)
	}
	if x := modules[0].Values["X"]; strings.Join(x, " ") != "/a /b" {
		t.Errorf("@{X} is %q", x)
	}
}

// TestTextReasons holds which comments are the reason for a rule.
func TestTextReasons(t *testing.T) {
	for body, want := range map[string]string{
		"/a r, # why":                                   "why",
		"# why\n/a r,":                                  "why",
		"# why\n  # and why\n/a r,":                     "why and why",
		"# above\n/a r, # beside":                       "beside",
		"# why\n\n/a r,":                                "",
		"# /b r,\n/a r,":                                "",
		"#####\n# why\n#####\n/a r,":                    "why",
		"/b r, # other\n/a r,":                          "",
		"# vim: set ft=apparmor\n/a r,":                 "",
		"##why\n/a r,":                                  "why",
		"#include <x>\n/a r,":                           "",
		"owner { # theirs\n/a r, # why\n}":              "why",
		"# apc:ignore broad-read because\n/a r, # why":  "why",
		"# why\n# apc:ignore broad-read because\n/a r,": "why",
		"# why\n/a r, # apc:ignore broad-read because":  "why",
		"/b r, /a r, # why":                             "why",
		"/a r, # why\r":                                 "why",
		"if true {\n# why\n/a r,\n}":                    "why",
		"if false {\n/c r,\n} else {\n/a r, # why\n}":   "why",
		"# é\n/a r, # apc:ignore broad-read because\n# of this\n/d r,": "é",
	} {
		p, _, err := (&profile.Loader{}).LoadText(t.Context(), "text", "profile p {\n"+body+"\n}\n")
		if err != nil {
			t.Fatal(err)
		}
		modules, diags := lower.Text(p, "")
		if len(diags) > 0 {
			t.Errorf("%q: %v", body, diags)
		}
		found := false
		for _, r := range modules[0].Profile.Rules {
			if r.About() == "/a" {
				found = true
				if got := r.Origins[0].Reason; got != want {
					t.Errorf("%q has the reason %q, want %q", body, got, want)
				}
			}
		}
		if !found {
			t.Errorf("%q has lost /a", body)
		}
	}
}

// TestLintText holds what the rules find in profile text, and what they leave.
func TestLintText(t *testing.T) {
	for body, want := range map[string]string{
		"/** r,":                          "broad-read sensitive-path",
		"/**/ r,":                         "",
		"/{a,etc}/** r,":                  "broad-read sensitive-path",
		"/{usr/,}{bin,sbin}/** rix,":      "",
		"/{usr/,}lib/@{multiarch}/** mr,": "",
		"/{usr/,}lib/** w,":               "broad-write",
		"/usr/local/** r,":                "broad-read",
		"/home/*/** r,":                   "broad-read sensitive-path",
		"/home/*/.config/app/** rw,":      "",
		"/etc/myapp** rw,":                "",
		"/etc/a*/** r,":                   "broad-read",
		"/etc/[a-z]*/** r,":               "broad-read sensitive-path",
		"@{ETC}/** r,":                    "broad-read sensitive-path",
		"@{OWN}/** rw,":                   "",
		"@{BOTH}/** rw,":                  "broad-write sensitive-path",
		"@{UNKNOWN}/** rw,":               "",
		"@{HOME}/** rw,":                  "broad-write sensitive-path",
		"@{OWN}/** rw,\n@{OWN}/bin/* ix,": "write-exec",
		"/srv/app/** rw,\n/srv/app/*.sh ix,\n/srv/app/*.py ix,": "write-exec",
		"deny /** rw,":                      "",
		"file,":                             "broad-write",
		"all,":                              "broad-write",
		"/etc/shadow* r,":                   "",
		"/etc/sha* r,":                      "sensitive-path",
		"/etc/* r,\ndeny /etc/** rw,":       "",
		"/etc/* r,\ndeny owner /etc/** rw,": "sensitive-path",
		"capability sys_admin,":             "dangerous-capability",
		"capability sys_admin, # it mounts": "",
		"capability,":                       "dangerous-capability",
		"network,":                          "broad-network",
		"network inet,":                     "",
		"/x PUx,":                           "unconfined-exec",
		"change_profile,":                   "broad-change-profile",
		"/etc/** r, # apc:ignore broad-read it looks\n/opt/** r,": "broad-read sensitive-path",
	} {
		modules, diags := lowered(t, "@{ETC} = /etc\n@{OWN} = /srv/app /var/lib/app\n@{BOTH} = @{OWN} /etc/\nprofile p {\n"+body+"\n}\n")
		list := append(diags, lint.Module(lint.Subject{Module: modules[0]}, lint.NewRun(nil, nil), lint.Options{}).Findings...)
		if got := codes(list, tabled...); got != want {
			t.Errorf("%s\ngives %q, want %q", body, got, want)
		}
	}
}

// TestLintDistribution lints what Debian ships, where it is installed: every
// rule has its origin, and nothing panics.
func TestLintDistribution(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	const base = "/etc/apparmor.d"
	var files []string
	for _, dir := range []string{base, "/usr/share/apparmor/extra-profiles"} {
		inside, err := profile.Directory(dir)
		if err != nil {
			t.Skipf("the profiles of Debian are missing: %v", err)
		}
		files = append(files, inside...)
	}
	loader := &profile.Loader{Base: []string{base}}
	profiles := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := loader.LoadText(t.Context(), file, string(text))
		if err != nil {
			t.Fatal(err)
		}
		modules, diags := lower.Text(p, base)
		if len(diags) > 0 {
			t.Errorf("%s: %v", filepath.Base(file), diags)
		}
		for _, m := range modules {
			profiles += len(m.Profiles())
			for _, d := range lint.Module(lint.Subject{Module: m, Text: p}, lint.NewRun(nil, nil), lint.Options{}).Findings {
				if d.Subject.File != file {
					t.Errorf("%s: a finding is about %s", filepath.Base(file), d.Subject)
				}
			}
			if faults := ir.Check(m); len(faults) > 0 {
				t.Errorf("%s: %s", filepath.Base(file), strings.Join(faults, "; "))
			}
		}
	}
	t.Logf("%d files, %d profiles", len(files), profiles)
}
