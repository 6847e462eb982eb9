package propose_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/propose"
	"apc/lang/audit"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
)

// shapes are policies that say the same in different layouts. FMT is fine in
// each of them.
var shapes = map[string]string{
	"lines": `service "app" {
  executable = "/usr/bin/app"
  base       = false
  config     = ["/etc/app.conf"] # its settings
  data = [
    "/var/lib/app/", # its state
    "/srv/app/"
  ]
  temp         = ["/tmp/app.sock",]
  capabilities = []
}
`,
	"one line":   `service "app" { executable = "/usr/bin/app" }`,
	"no newline": "service \"app\" {\n\texecutable = \"/usr/bin/app\"\n}",
	"windows":    "service \"app\" {\r\n  executable = \"/usr/bin/app\"\r\n  config = [\"/etc/app.conf\"]\r\n}\r\n",
	"computed": `locals {
  paths = ["/etc/a", "/etc/b"]
}

service "app" {
  executable = "/usr/bin/app"
  config     = local.paths
  data       = [for p in local.paths : "/var/lib${p}"]
}
`,
}

// denials are the fields of records; each must be allowed after the edit.
var denials = []string{
	`operation="open" name="/etc/other.conf" denied_mask="r" fsuid=0 ouid=0`,
	`operation="open" name="/etc/other.conf" denied_mask="wc" fsuid=0 ouid=0`,
	`operation="open" name="/etc/ssl/private/app.key" denied_mask="r" fsuid=0 ouid=0`,
	`operation="open" name="/var/lib/other/x" denied_mask="rwc" fsuid=1 ouid=1`,
	`operation="mkdir" name="/var/lib/other/" denied_mask="c" fsuid=1 ouid=1`,
	`operation="open" name="/var/log/app.log" denied_mask="ac" fsuid=1 ouid=1`,
	`operation="open" name="/var/log/app.log" denied_mask="a" fsuid=1 ouid=1`,
	`operation="mknod" name="/run/app.pid" denied_mask="c" fsuid=1 ouid=1`,
	`operation="open" name="/tmp/app-Xy12Zw" denied_mask="rwc" fsuid=1 ouid=1`,
	`operation="open" name="/tmp/app-Xy12Zw" denied_mask="rw" fsuid=1 ouid=0`,
	`operation="open" name="/dev/ttyS0" denied_mask="rw" fsuid=1 ouid=0`,
	`operation="file_mmap" name="/opt/app/lib/x.so" denied_mask="m" fsuid=1 ouid=0`,
	`operation="file_lock" name="/srv/app2/x" denied_mask="k" fsuid=1 ouid=0`,
	`operation="link" name="/srv/app2/x" denied_mask="l" fsuid=1 ouid=1 target="/srv/app2/y"`,
	`operation="open" name="/proc/123/stat" denied_mask="r" fsuid=1 ouid=1`,
	`operation="exec" name="/usr/bin/date" denied_mask="x" fsuid=1 ouid=0`,
	`operation="open" name=2F7372762F247B617D257B69667D2A5B7B2C225C212F782079 denied_mask="r" fsuid=1 ouid=0`, // globs, quotes, HCL templates
	`operation="open" name=2F7372762F0A7D5C22FF denied_mask="r" fsuid=1 ouid=0`,
	`operation="open" name=2F7372762F65CC81 denied_mask="r" fsuid=1 ouid=0`,
	`operation="capable" capability=12 capname="net_admin"`,
	`operation="create" family="inet" sock_type="stream" denied_mask="create"`,
	`operation="connect" class="net" family="inet" sock_type="stream" faddr=192.0.2.1 fport=443 denied="connect"`,
	`operation="bind" class="net" family="inet6" sock_type="dgram" saddr=::1 src=53 denied="bind"`,
	`operation="signal" denied_mask="send" signal=term peer="other//x{"`,
	`operation="ptrace" denied_mask="read" peer="unconfined"`,
	`operation="dbus_method_call" bus="system" path="/org/x" interface="org.x" member="Get" mask="send" name="org.x" peer_label="unconfined"`,
	`operation="dbus_bind" bus="session" name="org.app" mask="bind"`,
	`operation="mount" name="/srv/m/" fstype="tmpfs" srcname="tmpfs" flags="rw, nosuid"`,
	`operation="umount" name="/srv/m/"`,
	`operation="connect" family="unix" sock_type="stream" denied_mask="send connect" addr=none peer_addr="@x" peer="other"`,
	`operation="change_profile" name="other" target="other"`,
	`operation="userns_create" class="namespace" denied="userns_create"`,
	`operation="uring_sqpoll" class="io_uring" denied="sqpoll"`,
	`operation="sysv_mqueue" class="sysv_mqueue" name="123" denied="create"`,
	`operation="change_hat" target="app//admin"`,
}

func parseDenial(t *testing.T, fields string) audit.Event {
	t.Helper()
	e, status := audit.ParseLine([]byte(`audit: type=1400 audit(1700000000.100:5): apparmor="DENIED" profile="app" pid=7 comm="app" ` + fields))
	if status != audit.Record {
		t.Fatalf("%s: %s, %s", fields, status, e.Problem)
	}
	return e
}

// compile compiles a policy of one service for the target that holds all.
func compile(t *testing.T, text string) *compiler.Output {
	t.Helper()
	target, err := feature.Lookup("apparmor-5.0")
	if err != nil {
		t.Fatal(err)
	}
	loader, _ := policy.NewLoader(policy.Options{})
	p, diags := loader.Text("service.hcl", text)
	if diags.HasErrors() {
		t.Fatalf("%v\n%s", diags, text)
	}
	out := compiler.Compile(p, p.Services[0], target, compiler.Options{})
	if out.Diags.HasErrors() {
		t.Fatalf("%v\n%s", out.Diags, text)
	}
	return out
}

// TestEditsAllow holds that every statement that is proposed, put into any
// policy, is read again and allows the access, and that no byte of the policy
// that the edit does not name has changed.
func TestEditsAllow(t *testing.T) {
	for name, text := range shapes {
		for _, fields := range denials {
			t.Run(name+"/"+fields, func(t *testing.T) {
				e := parseDenial(t, fields)
				w := propose.Asks(&e)
				out := compile(t, text)
				f := propose.Decide(out.Module, out.Module.Profile, w)
				if f.Verdict != propose.Missing {
					t.Skipf("already %s", f.Verdict)
				}
				choices := propose.Choices(w, f.Missing)
				if len(choices) == 0 {
					t.Fatal("nothing is proposed")
				}
				for _, s := range choices {
					checkEdit(t, text, out, w, s)
				}
			})
		}
	}
}

func checkEdit(t *testing.T, text string, out *compiler.Output, w propose.Want, s propose.Statement) {
	t.Helper()
	editor, err := propose.NewEditor("service.hcl", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	edits, err := editor.Add(out.Module.Profile.Origin.Range, s)
	if errors.Is(err, propose.ErrExpr) {
		return // shown as a block instead
	}
	if err != nil {
		t.Fatal(err)
	}
	edited := propose.Apply([]byte(text), edits)
	for _, e := range edits {
		if strings.TrimSpace(text[e.Range.Start.Byte:e.Range.End.Byte]) != "" {
			t.Errorf("the edit replaces %q", text[e.Range.Start.Byte:e.Range.End.Byte])
		}
	}
	again := compile(t, string(edited))
	again.Module.Values = propose.ProcessValues(nil)
	if f := propose.Decide(again.Module, again.Module.Profile, w); f.Verdict != propose.Allowed && f.Verdict != propose.Transition {
		t.Errorf("%s after %s\n%s", f.Verdict, s.HCL(), edited)
	}
}

// TestLiteral holds that a name from a record matches itself alone.
func TestLiteral(t *testing.T) {
	for _, name := range []string{"/a*", "/a{b,c}", "/@{HOME}/x", "/a\nb", "/\xff", "/a\"b", `/a\`, "/e\u0301", "/a b", "/a!", "/a}"} {
		got := propose.Literal(name)
		if strings.Contains(got, "\n") || strings.Contains(got, "\xff") {
			t.Errorf("%q: raw bytes in %q", name, got)
		}
		text := fmt.Sprintf("service \"app\" {\n  attachment = \"none\"\n  base = false\n  %s\n}\n",
			strings.ReplaceAll(propose.Statement{Block: "file", Label: got, Fields: []propose.Field{{Name: "access", Value: []string{"read"}}}}.HCL(), "\n", "\n  "))
		m := compile(t, text).Module
		for other, want := range map[string]bool{name: true, name + "x": false, "/a": false, "/ab": false} {
			w := propose.Want{Kind: audit.KindFile, Path: other}
			w.Access.Permissions = 2 // read
			if got := propose.Decide(m, m.Profile, w).Verdict == propose.Allowed; got != want {
				t.Errorf("%q on %q: %t", name, other, got)
			}
		}
	}
}

// TestLabels holds that names of children match rules as policies write them.
func TestLabels(t *testing.T) {
	m := compile(t, "service \"app\" {\n  executable = \"/usr/bin/app\"\n  base = false\n  run \"/usr/bin/x\" {\n    as = \"child\"\n  }\n}\n").Module
	for peer, want := range map[string]propose.Verdict{"app//x": propose.Allowed, "app/x": propose.Missing, "app//y": propose.Missing} {
		e := parseDenial(t, `operation="signal" denied_mask="send" signal=term peer="`+peer+`"`)
		if f := propose.Decide(m, m.Profile, propose.Asks(&e)); f.Verdict != want {
			t.Errorf("%s: %s, want %s", peer, f.Verdict, want)
		}
	}
}

// TestRemove takes entries out of deny blocks.
func TestRemove(t *testing.T) {
	head := "service \"app\" {\n  executable = \"/usr/bin/app\"\n\n"
	for _, test := range []struct{ name, deny, at, want string }{
		{"first of two", "  deny {\n    read = [\"/a\", \"/b\"]\n  }\n", `"/a"`, "  deny {\n    read = [\"/b\"]\n  }\n"},
		{"last of two", "  deny {\n    read = [\"/a\", \"/b\"]\n  }\n", `"/b"`, "  deny {\n    read = [\"/a\"]\n  }\n"},
		{"one of two lists", "  deny {\n    read  = [\"/a\"]\n    write = [\"/b\"]\n  }\n", `"/a"`, "  deny {\n    write = [\"/b\"]\n  }\n"},
		{"the only one", "  deny {\n    read   = [\"/a\"]\n    reason = \"x\"\n  }\n", `"/a"`, ""},
		{"an object", "  deny {\n    read = [{ path = \"/a\", reason = \"x\" }, \"/b\"]\n  }\n", `"/a"`, "  deny {\n    read = [\"/b\"]\n  }\n"},
		{"a typed block", "  deny {\n    network {\n      family = \"packet\"\n    }\n    read = [\"/b\"]\n  }\n", "network", "  deny {\n    read = [\"/b\"]\n  }\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			src := []byte(head + test.deny + "}\n")
			editor, err := propose.NewEditor("service.hcl", src)
			if err != nil {
				t.Fatal(err)
			}
			at := diag.Range{File: "service.hcl"}
			at.Start.Byte = bytes.Index(src, []byte(test.at))
			at.End.Byte = at.Start.Byte + len(test.at)
			edits, err := editor.Remove(at)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSuffix(head, "\n")
			if test.want != "" {
				want = head
			}
			if got := string(propose.Apply(src, edits)); got != want+test.want+"}\n" {
				t.Errorf("got:\n%s\nwant:\n%s", got, want+test.want+"}\n")
			}
		})
	}
}

// FuzzAdd holds that no record and no policy text makes an edit that changes
// other bytes, or panics.
func FuzzAdd(f *testing.F) {
	for _, text := range shapes {
		f.Add(text, "/etc/x", 9)
	}
	f.Add("service \"app\" {}", "/a\"}\n", 1)
	f.Fuzz(func(t *testing.T, text, name string, at int) {
		editor, err := propose.NewEditor("service.hcl", []byte(text))
		if err != nil || at < 0 {
			return
		}
		where := diag.Range{Start: diag.Pos{Byte: at % (len(text) + 1)}}
		for _, s := range []propose.Statement{
			{Attribute: "config", Fields: []propose.Field{{Name: "path", Value: propose.Literal(name)}}},
			{Block: "file", Label: propose.Literal(name), Fields: []propose.Field{{Name: "access", Value: []string{"read"}}}},
		} {
			edits, err := editor.Add(where, s)
			if err != nil {
				continue
			}
			if _, err := propose.NewEditor("service.hcl", propose.Apply([]byte(text), edits)); err != nil {
				t.Errorf("%q with %s is no HCL any more:\n%s", text, s.HCL(), propose.Apply([]byte(text), edits))
			}
		}
	})
}
