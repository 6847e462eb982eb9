package profile

import (
	"testing"

	"apc/lang/rule"
)

// TestPrintChanged changes, adds and removes statements: the others keep their
// text.
func TestPrintChanged(t *testing.T) {
	const text = "# head\nabi <abi/3.0>,\n\nprofile x /x { # why\n  /a   r,  # one\n\n  # two\n  /b r, /c r,\n}\n"
	file, diags := Parse("x", text)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	p := file.Nodes[1].(*Profile)
	b := p.Block.Nodes[1].(*Rule)
	b.Rule = rule.Rule{Body: rule.File{Path: "/b c", Access: rule.Read | rule.Write}}
	b.Raw = ""
	made := &Rule{Rule: rule.Rule{Body: rule.Capability{Names: []string{"chown"}}}}
	p.Block.Nodes = append(p.Block.Nodes[:2], made)
	p.Flags, p.Raw = []string{"complain"}, ""
	want := "# head\nabi <abi/3.0>,\n\nprofile x /x flags=(complain) { # why\n  /a   r,  # one\n\n  # two\n  \"/b c\" rw,\n  capability chown,\n}\n"
	if got := Print(file); got != want {
		t.Errorf("printed as\n%s", got)
	}
}

// TestPrintMade prints a file that no text stands behind.
func TestPrintMade(t *testing.T) {
	file := &File{Nodes: []Node{
		&ABI{Path: "abi/3.0", Magic: true},
		&Include{Include: rule.Include{Path: "tunables/global", Magic: true}},
		&Assign{Name: "A", Op: "=", Values: []string{"a", "b c"}},
		&Assign{Name: "B", Op: "=", Expr: &Expr{Op: "not", Args: []*Expr{{Left: "${C}"}}}},
		&Alias{From: "/a b", To: "/c"},
		&Profile{
			Keyword: "profile", Name: "x", Attachment: "/x y", Xattrs: []Xattr{{"a", "b"}, {"c", ""}},
			Identities: []string{"i"}, Flags: []string{"audit", "attach_disconnected.path=/a b"},
			Block: Block{Nodes: []Node{
				&Group{Qualifiers: rule.Qualifiers{Audit: true, Owner: true}, Block: Block{Nodes: []Node{
					&Rule{Rule: rule.Rule{Body: rule.File{Path: "/a", Access: rule.Read}}},
				}}},
				&If{Branches: []*Branch{{Cond: &Expr{Left: "${B}"}}, {Cond: &Expr{Op: "defined", Left: "@{A}"}}, {}}},
				&Profile{Keyword: "^", Name: "h"},
			}},
		},
	}, End: "\n"}
	want := `abi <abi/3.0>,
include <tunables/global>
@{A} = a "b c"
${B} = not ${C}
alias "/a b" -> /c,
profile x "/x y" xattrs=(a=b c) + identities=(i) flags=(audit, "attach_disconnected.path=/a b") {
  audit owner {
    /a r,
  }
  if ${B} {
  } else if defined @{A} {
  } else {
  }
  ^h {
  }
}
`
	text := Print(file)
	if text != want {
		t.Errorf("printed as\n%s", text)
	}
	if _, diags := Parse("x", text); diags.HasErrors() {
		t.Errorf("reads back with %v", diags)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"\n\n", ""},
		{"# a\n\n\n\n# b\n/x{\n}\n", "# a\n\n# b\n/x{\n}\n"},
		{"/x {\n\n\n/a   r ,/b\tw,#why\n\n\n\n # two\n\n}\n\n\n", "/x {\n  /a r,\n  /b w, #why\n\n  # two\n}\n"},
		{"/x flags = ( complain,audit ) { # why\n}\n", "/x flags=(complain, audit) { # why\n}\n"},
		{"@{A}=x   \"y z\" \\\n   w # why\n$B=true\n", "@{A} = x \"y z\" \\\n  w # why\n$B = true\n"},
		{"/x { unix(send,receive)   peer=( label=(a)\taddr = @b ), }\n", "/x {\n  unix (send, receive) peer=(label=(a) addr=@b),\n}\n"},
		{"/x { dbus send\n         bus=system\n    peer=(name=a,\n  label=b),\n}\n", "/x {\n  dbus send\n    bus=system\n    peer=(name=a,\n    label=b),\n}\n"},
		{"/x { if $A and ( @{B} == c or /d in @{E} ) { /a r, }\n  else if $C { }\n  # why\n  else { } }\n",
			"/x {\n  if $A and (@{B} == c or /d in @{E} ) {\n    /a r,\n  } else if $C {\n  }\n  # why\n  else {\n  }\n}\n"},
		{"#include if exists \n\n<a>\n", "#include if exists <a>\n"},
		{"$A= # why\n\nTRUE\n   and\tTRUE\n", "$A = # why\n  TRUE\n  and TRUE\n"},
		{"/x {\n  /a # one\n  # two\n    r,\n}\n", "/x {\n  /a # one\n    # two\n    r,\n}\n"},
		{"#include   <a>\ninclude\tif   exists <b>\n/x { set rlimit nofile<=5, ^h { priority = 5 /a px ->b, } }\n",
			"#include <a>\ninclude if exists <b>\n/x {\n  set rlimit nofile <= 5,\n  ^h {\n    priority=5 /a px -> b,\n  }\n}\n"},
	} {
		want := c.want
		got, diags := Format("x", c.text)
		if c.text == "# a\n\n\n\n# b\n/x{\n}\n" {
			want = c.text // it cannot be read: the brace belongs to the name
		}
		if got != want {
			t.Errorf("%q\nbecomes %q\nnot     %q %v", c.text, got, want, diags)
		}
		if again, _ := Format("x", got); again != got {
			t.Errorf("%q is no fixed point: %q", got, again)
		}
	}
}
