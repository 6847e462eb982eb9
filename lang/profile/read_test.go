package profile

import (
	"fmt"
	"strings"
	"testing"

	"apc/lang/diag"
)

// said spells the statements of a text anew, and fails on its faults.
func said(t *testing.T, text string) []string {
	t.Helper()
	file, diags := Parse("x", text)
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	var b strings.Builder
	spelled(file.Nodes, &b)
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// ruleCases are rules, one of each form, and what they say in apc's own
// spelling: "" where it is the same, "-" where they cannot be read. Pairs of one
// spelling were compiled by apparmor_parser 5.0 to one binary policy.
var ruleCases = []struct{ text, want string }{
	{"/etc/hosts r,", ""},
	{"r /etc/hosts,", "/etc/hosts r,"},
	{"file /a rw,", "/a rw,"},
	{"file rw /a,", "/a rw,"},
	{"file,", ""},
	{`"/a b" rwk,`, `"/a b" rwk,`},
	{`/a\ b r,`, `"/a\ b" r,`},
	{"@{HOME}/.x r,", ""},
	{"/a,b r,", ""},
	{"/{a,b} r,", ""},
	{"/a RWMX,", "-"},
	{"/a MRw,", "/a mrw,"},
	{"/a rwrwll,", "/a rwl,"},
	{"owner /a r,", ""},
	{"user /a r,", "owner /a r,"},
	{"other /a r,", ""},
	{"allow /a r,", "/a r,"},
	{"audit deny owner /a r,", ""},
	{"prompt /a r,", ""},
	{"priority=-5 audit /a r,", ""},
	{"priority= +7 /a r,", "priority=7 /a r,"},
	{"priority=0 /a r,", "/a r,"},
	{"/a # a comment\n r,", "/a r,"},
	// Transitions.
	{"/a ix,", ""},
	{"/a Px -> b,", ""},
	{"rcx /a -> b,", "/a rcx -> b,"},
	{"/a pUx,", "/a pux,"},
	{"/a Pux,", "/a PUx,"},
	{"/a pIx,", "/a pix,"},
	{"/a CUx -> :ns:b,", ""},
	{"/a pxpx,", "/a px,"},
	{"/a xix,", "/a ix,"},
	{"unsafe /a Px,", "/a px,"},
	{"safe /a pux,", "/a PUx,"},
	{"safe /a ix,", "/a ix,"},
	{"unsafe /a ix,", ""},
	{"file safe ux /a,", "/a Ux,"},
	{"deny /a x,", ""},
	{`/a px -> "b c",`, ""},
	{"/a px ->b,", "/a px -> b,"},
	// Links.
	{"link /a -> /b,", ""},
	{"link subset /a -> /b,", ""},
	{"l /a -> /b,", "link /a -> /b,"},
	{"l subset /a -> /b,", "link subset /a -> /b,"},
	{"l subset /a,", "/a l,"},
	{"/a l -> /b,", "link /a -> /b,"},
	{"rl /a -> /b,", ""},
	{"/a lpx -> b,", "/a lpx -> b,"},
	// Capabilities and limits.
	{"capability,", ""},
	{"capability chown kill,", ""},
	{"set rlimit nofile <= 1024,", ""},
	{"set rlimit as <= 2 GB,", "set rlimit as <= 2GB,"},
	{"set rlimit cpu<=10min,", "set rlimit cpu <= 10min,"},
	{"set rlimit nice <= -20,", ""},
	{"set rlimit core <= infinity,", ""},
	// Sockets.
	{"network,", ""},
	{"network inet,", ""},
	{"network stream,", ""},
	{"network inet6 tcp,", ""},
	{"network packet,", ""},
	{`network "inet" "dgram",`, "network inet dgram,"},
	{"network (r, w) inet,", "network (receive, send) inet,"},
	{"network bind inet tcp ip=127.0.0.1 port=8080,", "network (bind) inet tcp ip=127.0.0.1 port=8080,"},
	{"network inet port=1-1024 peer=(ip=::1 port=53),", ""},
	{"network interface=eth0,", ""},
	{"network send peer=(label:=b),", "network (send) peer=(label:=b),"},
	{"network ip=none,", ""},
	{"unix,", ""},
	{"unix (send rw) type=stream addr=@a peer=(label=b addr=none),", `unix (send, receive) type=stream addr="@a" peer=(addr=none label=b),`},
	{`unix addr="@a b",`, ""},
	{"unix peer=(label=(a)),", "unix peer=(label=a),"},
	// Messages.
	{"dbus,", ""},
	{"dbus send bus=system path=/a interface=b member=c peer=(name=d label=e),", "dbus (send) bus=system path=/a interface=b member=c peer=(name=d label=e),"},
	{"dbus (bind) bus=session name=a.b,", ""},
	{"dbus peer=(bus=system),", "dbus bus=system,"},
	{"signal,", ""},
	{"signal (send) set=(term, hup) set=kill peer=a,", "signal (send) set=(term, hup, kill) peer=a,"},
	{"signal read set=rtmin+8,", "signal (receive) set=(rtmin+8),"},
	{"ptrace (read, trace) peer=@{profile_name},", ""},
	{"ptrace rw,", "ptrace (read, trace),"},
	{"mqueue,", ""},
	{"mqueue (create, rw) type=posix label=a /b,", "mqueue (create, read, write) type=posix label=a /b,"},
	{"mqueue r 1234,", "mqueue (read) 1234,"},
	{"userns,", ""},
	{"userns create,", ""},
	{"io_uring,", ""},
	{"io_uring (sqpoll, override_creds) label=a,", ""},
	{"io_uring sqpoll,", "io_uring (sqpoll),"},
	{"all,", ""},
	// Mounts.
	{"mount,", ""},
	{"mount fstype=ext4 options=(ro, nosuid) /dev/sda1 -> /mnt/,", "mount fstype=(ext4) options=(ro, nosuid) /dev/sda1 -> /mnt/,"},
	{"mount vfstype in (a b) option in (ro) -> /b,", "mount fstype in (a, b) options in (ro) -> /b,"},
	{`mount "" -> /b,`, ""},
	{"remount options=ro /a,", "remount options=(ro) /a,"},
	{"unmount /a,", "umount /a,"},
	{"mount a:b:: -> c::d,", "mount a:b:: -> c::d,"},
	{"pivot_root oldroot=/a/ /b/ -> c,", ""},
	{"change_profile,", ""},
	{"change_profile -> a,", ""},
	{"change_profile unsafe /a -> b//c,", ""},
	{`change_profile "/a b" -> "c d",`, ""},
}

// TestRules reads rules, and holds what they say.
func TestRules(t *testing.T) {
	for _, c := range ruleCases {
		want := c.want
		switch want {
		case "":
			want = c.text
		case "-":
			if _, diags := Parse("x", "/x { "+c.text+" }\n"); !diags.HasErrors() {
				t.Errorf("%s: read", c.text)
			}
			continue
		}
		if got := said(t, "/x {\n  "+c.text+"\n}\n"); len(got) != 3 || got[1] != want {
			t.Errorf("%s: says %q", c.text, got)
		}
	}
}

// statementCases are the same for what is no rule.
var statementCases = []struct{ text, want string }{
	{"abi <abi/4.0>,", "abi <abi/4.0>,"},
	{`abi "a b",`, `abi "a b",`},
	{"include <a/b>", "include <a/b>"},
	{"#include <a/b>", "include <a/b>"},
	{`include "/a/b"`, `include "/a/b"`},
	{`include <"a b">`, `include <"a b">`},
	{"include if exists <a>", "include if exists <a>"},
	{"#include if exists a/b # why", `include if exists "a/b"`},
	{"alias /a/ -> /b/,", "alias /a/ -> /b/,"},
	{"rewrite /a -> /b,", "alias /a -> /b,"},
	{"@{A} = a b", "@{A} = a b"},
	{"@{A}=\"a b\" c # why", `@{A} = "a b" c`},
	{"@{A} += \\\n  a", "@{A} += a"},
	{"@{A} ?= a", "@{A} ?= a"},
	{"@A := a", "@{A} := a"},
	{"$A = TRUE", "${A} = TRUE"},
	{"${A} = not $B or (${C} and true)", "${A} = not $B or ( ${C} and true )"},
	{"$A =\n TRUE", "${A} = TRUE"},
	{"$A = # why\n\n not\n$B\n\n# why\nor true\n$C = true", "${A} = not $B or true\n${C} = true"},
	{"/x {\n}", "/x {\n}"},
	{"profile x {\n}", "profile x {\n}"},
	{"profile a[//b { }", "profile a[//b {\n}"},
	{":n[://a { }", ":n[://a {\n}"},
	{`profile "x y" /z/* {` + "\n}", `profile "x y" /z/* {` + "\n}"},
	{":ns:x {\n}", ":ns:x {\n}"},
	{"^x {\n}", "^x {\n}"},
	{"hat x {\n}", "hat x {\n}"},
	{"profile x (complain,audit) { }", "profile x flags=(complain, audit) {\n}"},
	{"/x xattrs=(a=b c) flags = ( audit ) { }", "/x xattrs=(a=b c) flags=(audit) {\n}"},
	{"/x flags=(attach_disconnected.ipc=/a error=EPERM attach_disconnected.ipc error=eperm) { }",
		"/x flags=(attach_disconnected.ipc=/a, error=EPERM, attach_disconnected.ipc, error=eperm) {\n}"},
	{"/x xattrs=(a:b=c d::=e) { }", "/x xattrs=(a:b=c d::=e) {\n}"},
	{"profile x + identities=(a b) flags=(attach_disconnected.path=/a) { }", "profile x + identities=(a, b) flags=(attach_disconnected.path=/a) {\n}"},
	{"/x { owner audit { } }", "-"},
	{"/x { audit owner { /a r, } { /b r, } }", "/x {\naudit owner {\n/a r,\n}\n{\n/b r,\n}\n}"},
	{"/x { if $A { /a r, } else if defined @{B} { } else { /c r, } }", "/x {\nif $A {\n/a r,\n}\nelse if defined @{B} {\n}\nelse {\n/c r,\n}\n}"},
	{"/x { if not (@{A} == a and b in @{C} ) or 1 <= 2 { } }", "/x {\nif not ( @{A} == a and b in @{C} ) or 1 <= 2 {\n}\n}"},
}

// TestStatements reads what is no rule.
func TestStatements(t *testing.T) {
	for _, c := range statementCases {
		if c.want == "-" {
			if _, diags := Parse("x", c.text+"\n"); !diags.HasErrors() {
				t.Errorf("%s: read", c.text)
			}
			continue
		}
		if got := strings.Join(said(t, c.text+"\n"), "\n"); got != c.want {
			t.Errorf("%s: says\n%s", c.text, got)
		}
	}
}

// faults lists diagnostics as line:column code.
func faults(diags diag.List) string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%d:%d %s", d.Subject.Start.Line, d.Subject.Start.Column, d.Code))
	}
	return strings.Join(out, ", ")
}

// faultCases are texts that cannot be read, and what is said of them.
var faultCases = []struct{ name, text, want string }{
	{"comma", "/x {\n  /a r\n  /b w,\n  /c r\n}\n", "2:6 missing-comma, 4:6 missing-comma"},
	{"comma behind another mode", "/x {\n  network inet\n  /b w,\n}\n", "2:14 missing-comma"},
	{"comma before the end", "/x {\n  capability\n", "1:4 unclosed-block, 2:12 missing-comma"},
	{"every statement", "/x {\n  /a q,\n  capability foo,\n  signal set=foo,\n  /b r,\n  /c[ r,\n}\n",
		"2:6 syntax, 3:14 unknown-capability, 4:14 unknown-signal, 6:5 bad-glob"},
	{"brace", "/x {\n}\n}\n/y {\n", "3:1 stray-brace, 4:4 unclosed-block"},
	{"quote", "/x {\n  \"/a r,\n  /b q,\n}\n", "2:3 unclosed-quote, 3:6 syntax"},
	{"character", "/x {\n  /a!b r, /c q,\n}\n", "2:5 syntax, 2:14 syntax"},
	{"comment", "/x { } # no line end", "1:8 unfinished-comment"},
	{"comma of a variable", "@{A} = a,\n@{B} = \n/x { }\n", "1:9 syntax, 2:8 syntax"},
	{"else", "/x {\n  else { /a r, }\n  /b q,\n}\n", "2:3 syntax, 3:6 syntax"},
	{"head", "profile {\n  /a q,\n}\n", "1:9 syntax, 2:6 syntax"},
	{"head of a rule", "/x {\n  /a r {\n    /b q,\n  }\n}\n", "2:6 syntax, 3:8 syntax"},
	{"letters", "/x { /a rwa, /b ixpx, /c x, deny /d ix, safe /e r, }\n",
		"1:9 bad-access, 1:17 conflicting-exec, 1:26 bad-access, 1:37 bad-access, 1:41 bad-access"},
	{"qualifiers", "/x { owner capability, priority=1 network, priority=1001 /a r, }\n", "1:6 bad-qualifier, 1:33 bad-qualifier, 1:53 bad-priority"},
	{"conditions", "/x { dbus buz=a, unix type=a type=b, signal set in (term), network ip=(1 2), }\n",
		"1:11 unknown-condition, 1:28 unknown-type, 1:30 repeated-condition, 1:35 unknown-type, 1:49 bad-condition, 1:72 bad-address, 1:74 ignored-value"},
	{"flags", "/x flags=(complain,kill,foo) { }\n", "1:20 conflicting-flags, 1:25 unknown-flag"},
	{"names", "foo { }\nprofile ::x { }\nprofile y z { }\n", "1:1 bad-name, 2:9 bad-name, 3:11 bad-attachment"},
	{"colons", "/x {\n  umount a:,\n}\n/y xattrs=(a: =b) {\n}\n", "2:12 missing-comma, 4:13 syntax"},
	{"empty include", "/x { include if exists < > }\n", "1:24 syntax"},
	{"labels", "/x { network label=@{A}, network peer=(label=a]), }\n", "1:20 bad-label, 1:47 bad-glob"},
	{"dbus without a value", "/x { dbus bind interface=\"\", dbus interface=\"\" name=a, }\n", "1:11 bad-access, 1:35 bad-condition"},
	{"mounts", "/x { remount fstype=a options in (shared), mount options=rslave a -> \"\", umount fstype={a, }\n", "1:6 bad-mount, 1:44 bad-mount"},
	{"wide characters", "/x {\n  /äö/ü rq,\n}\n", "2:9 syntax"},
	{"CR in another mode", "/x {\n network inet,\r\n}\n", "2:15 carriage-return"},
	{"corrupted glob", "/x { /[*] r, }\n", "1:8 bad-glob"},
}

// TestFaults holds that every fault is found, and that reading goes on behind it.
func TestFaults(t *testing.T) {
	for _, c := range faultCases {
		file, diags := Parse("x", c.text)
		if got := faults(diags); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
		if got := Print(file); got != c.text {
			t.Errorf("%s: printed as %q", c.name, got)
		}
	}
}

// TestFix applies the fix of a missing comma.
func TestFix(t *testing.T) {
	text := "/x {\n  /a r # why\n  /b w,\n}\n"
	_, diags := Parse("x", text)
	if len(diags) != 1 || len(diags[0].Fix) != 1 {
		t.Fatalf("%v", diags)
	}
	edit := diags[0].Fix[0]
	fixed := text[:edit.Range.Start.Byte] + edit.New + text[edit.Range.End.Byte:]
	if got := said(t, fixed); len(got) != 4 || fixed != "/x {\n  /a r, # why\n  /b w,\n}\n" {
		t.Errorf("%q says %q", fixed, got)
	}
}

// TestHostile reads what could exhaust a careless reader; it has to end.
func TestHostile(t *testing.T) {
	const n = 200_000
	for name, text := range map[string]string{
		"braces":      strings.Repeat("{", n),
		"closers":     strings.Repeat("}", n),
		"commas":      strings.Repeat(",", n),
		"quotes":      strings.Repeat(`"\`, n),
		"parentheses": "/x { if " + strings.Repeat("(", n),
		"nots":        "/x { if " + strings.Repeat("not ", n) + "true { } }\n",
		"no commas":   "/x {\n" + strings.Repeat("/a r\n", n),
		"no ends":     strings.Repeat("foo\n", n),
		"includes":    strings.Repeat("#include", n),
		"one line":    "/x {" + strings.Repeat("/ä z, ", n) + "}\n",
		"list":        "/x { dbus (" + strings.Repeat("send ", n),
	} {
		file, diags := Parse("x", text)
		if Print(file) != text || !diags.HasErrors() || len(diags) > maxDiags+2 {
			t.Errorf("%s: %d diagnostics", name, len(diags))
		}
	}
}
