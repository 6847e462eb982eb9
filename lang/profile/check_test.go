package profile

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"
)

// check returns what Check says of a text without includes.
func check(t *testing.T, text string) string {
	t.Helper()
	p, diags, err := (&Loader{FS: files(nil)}).LoadText(context.Background(), "x", text)
	if err != nil || diags.HasErrors() {
		t.Fatalf("%s\n%v %v", text, diags, err)
	}
	return faults(Check(p))
}

// checkCases are texts with a fault that it takes more than one statement to
// see, or without, and what Check says; "-" stands for any fault.
// apparmor_parser 5.0 accepts those without a fault, and those that end in
// "dropped-rule".
var checkCases = []struct{ name, text, want string }{
	{"places", "/a r,\nabi <kernel>,\n/x { alias /a -> /b,\n@{A} = b\n/y { } }\n@{B} = c\n", "1:1 misplaced, 3:6 misplaced, 4:1 misplaced, 5:1 misplaced, 6:1 misplaced"},
	{"one name", "/x { }\nprofile /x { }\n:n:/x { }\n:n:///x { }\n:m:/x { }\n", "2:1 duplicate-profile, 4:1 duplicate-profile"},
	{"namespaces", ":n:x { }\n:n://x { }\n", "2:1 duplicate-profile"},
	{"children", "/x { ^a { } hat a { } profile b { } }\n/y { ^a { } }\n", "1:13 duplicate-profile"},
	{"children of branches", "${A} = true\n/x { if ${A} { ^a { } } else { ^a { } } }\n", ""},
	{"branch that holds", "${A} = true\n/x { ^a { } if not ${A} { } else { ^a { } } }\n", "2:36 duplicate-profile"},
	{"child twice in a branch", "/x { if false { ^a { } ^a { } } }\n", "1:24 duplicate-profile"},
	{"hat with xattrs", "/x { ^a xattrs=(b=c) { } }\n", "1:6 bad-xattrs"},
	// Variables.
	{"undefined", "/x { /@{A} r, }\n", "1:6 undefined-variable"},
	{"undefined in a branch", "/x { if false { /@{A} r, } }\n", ""},
	{"unused", "@{A} = @{A} @{B}\n/x { }\n", ""},
	{"circle", "@{A} = @{B}\n@{B} = @{A}\n/x { /@{A} r, }\n", "3:6 undefined-variable"},
	{"operators", "@{A} ?= a\n@{A} ?= b\n@{A} += c\n@{A} := d\n/x { /@{A} r, }\n", ""},
	{"add to nothing", "@{A} += a\n", "1:1 undefined-variable"},
	{"twice", "@{A} = a\n@A = b\n${A} = true\n", "2:1 redefined-variable, 3:1 redefined-variable"},
	{"boolean", "${A} = ${B}\n${C} = foo\n", "1:1 bad-condition, 2:1 bad-condition"},
	{"fields", "/x { signal peer=@{A}, dbus path=/@{A}, mount fstype=@{A}, unix addr=@{A}, change_profile -> @{A}, /a px -> @{A}, network label=@{A}, }\n",
		"1:6 undefined-variable, 1:24 undefined-variable, 1:41 undefined-variable, 1:60 undefined-variable, 1:76 undefined-variable"},
	{"name", "profile @{profile_name} { }\n", "1:1 undefined-variable"},
	{"own variables", "profile x /a/* { /@{profile_name} r, @{exec_path} mr, @{attach_path} r, }\n/y { @{exec_path} r, }\n", ""},
	{"no attachment", "profile x { @{exec_path} mr, ^h { /@{profile_name} r, } }\n", "1:13 undefined-variable"},
	{"glob of values", "@{A} = a,b}\n/x { /{@{A} r, /@{A} r, }\n", "2:16 bad-glob"},
	{"one value in braces", "@{A} = a\n/x { /{@{A}} r, }\n", "2:6 bad-glob"},
	{"several values in braces", "@{A} = a b\n/x { /{@{A}} r, }\n", "2:6 bad-glob"},
	{"disconnected", "@{A} = a\n/x flags=(attach_disconnected.path=@{A}) { }\n", "2:1 bad-flag"},
	// Conditions.
	{"address of a list", "@{A} = @a @b\n/x { unix addr=@{A}, unix peer=(addr=@a@{A}), }\n", "2:6 bad-glob"},
	{"equal values", "@{A} = /a /a\n/x flags=(attach_disconnected.ipc=@{A}) { }\n", ""},
	{"order of values", "@{A} = {a ,b\n/x { /@{A}c} r, }\n", "2:6 bad-glob"},
	{"alias to no glob", "alias /a/ -> /b}/,\n/x { /a/c r, link /a/c -> /a/d, mount /a/c, }\n/a/y { }\n",
		"2:6 bad-glob, 2:14 bad-glob, 2:14 bad-glob, 3:1 bad-glob"},
	{"alias to a variable", "alias /a/ -> @{A},\n/x { /a/c r, /d r, }\n", "2:6 bad-alias"},
	{"unset", "/x { if ${A} { } else if @{B} == c { } }\n", "1:6 bad-condition, 1:18 bad-condition"},
	{"number and word", "/x { if a < 1 { } if 1 < 0x10 { ^a { } } if a < b { ^a { } } }\n", "1:6 bad-condition, 1:53 duplicate-profile"},
	{"sets", "@{A} = 1 2\n/x { if 1 in @{A} { ^a { } } if @{A} == 1 { ^a { } } if @{A} != 1 { ^a { } } }\n", "2:69 duplicate-profile"},
	{"no variable", "@{A} = 1\n/x { if 1 in @{A}} { ^a { } } if @{A}} == @{A}} { ^a { } } ^a { } }\n", "2:60 duplicate-profile"},
	{"defined boolean", "${A} = true\n/x { if defined ${A} { ^a { } } ^a { } }\n", ""},
	// Blocks.
	{"kept", "/x { owner { /a r, link /a -> /b, change_profile -> c, } }\n", ""},
	{"dropped", "/x { audit { network, ^a { } } }\n", "1:14 dropped-rule, 1:23 dropped-rule"},
	{"exec in deny", "/x { deny { /a ix, } }\n", "1:13 bad-access"},
	{"file in deny", "/x { deny { file, } }\n", "1:13 bad-access"},
	{"bare x in deny", "/x { deny { deny /a x, } }\n", ""},
	{"bare x in allow", "/x { { deny /a x, } }\n", "1:8 bad-access"},
	{"bare x in both", "/x { deny { { deny /a x, } } }\n", "1:15 bad-access"},
	{"program in a block", "/x { { change_profile /a, } deny { change_profile /a -> b, } deny { change_profile unsafe /a, } }\n", "1:8 bad-access, 1:69 bad-access"},
	{"lost deny", "/x { audit { deny /a r, deny { /b w, } } owner { deny { /c w, } } }\n", "1:14 dropped-rule, 1:32 dropped-rule, 1:57 dropped-rule"},
	{"lost audit", "/x { deny { audit /a r, } }\n", "1:13 dropped-rule"},
	{"lost priority", "/x { { priority=1 /a px, } /a ix, }\n", "1:8 dropped-rule, 1:28 conflicting-exec"},
	{"lost prompt", "/x { { prompt /a px, } /a ix, }\n", "1:8 dropped-rule, 1:24 conflicting-exec"},
	// Transitions.
	{"same path", "/x { /a px, /a ix, }\n", "1:13 conflicting-exec"},
	{"same transition", "/x { /a px -> b, /a px -> b, /*c px -> b, /c* px -> b, }\n", ""},
	{"other target", "/x { /a px -> b, /a px -> c, }\n", "1:18 conflicting-exec"},
	{"other case", "/x { /a px, /a Px, }\n", "1:13 conflicting-exec"},
	{"child by its own name", "/x { /a cx -> /a, /a cx, }\n", ""},
	{"child and profile", "/x { /a/* cx -> b, /*/a px -> /x//b, /b/c* cx -> b, /b/*c px -> b, }\n", "1:53 conflicting-exec"},
	{"kinds with a target", "/x { /a/* ux -> b, /*/a px -> b, /b/c* ix -> b, /b/*c Pix -> b, }\n", ""},
	{"fallbacks", "/x { /a/c* pux -> b, /a/*c px -> b, /b/c* pix -> b, /b/*c px -> b, }\n", "1:22 conflicting-exec, 1:53 conflicting-exec"},
	{"exact wins", "/x { /a px, /* ix, }\n", ""},
	{"alternation is exact", "/x { /{a,b} px, /* ix, /{b,c} ux, }\n", "1:24 conflicting-exec"},
	{"class is exact", "/x { /[ab] px, /a ix, /[a-c]* ux, }\n", "1:16 conflicting-exec"},
	{"large class", "/x { /[ab][ab][ab][ab][ab][ab][ab][ab][ab] px, /aaaaaaaaa ix, }\n", "1:48 conflicting-exec"},
	{"negated class is not", "/x { /[^b] px, /a ix, }\n", ""},
	{"patterns meet", "/x { /a* px, /*a ix, }\n", "1:14 conflicting-exec"},
	{"patterns part", "/x { /a*/b px, /a?c ix, }\n", ""},
	{"slashes", "/x { /a//b px, /a/b ix, }\n", "1:16 conflicting-exec"},
	{"owner", "/x { owner /a px, /a ix, }\n", "1:19 conflicting-exec"},
	{"owner and other", "/x { owner /a px, other /a ix, }\n", ""},
	{"block of owner", "/x { owner { /a px, } other { /a ix, } }\n", ""},
	{"deny", "/x { deny /a x, /a px, }\n", ""},
	{"prompt", "/x { prompt /a px, /a ix, prompt /b* px, prompt /*b ix, prompt /{c,d} px, prompt /c ix, }\n", ""},
	{"prompt on one path", "/x { prompt /a* px, prompt /a* ix, prompt { /b px, /b ix, } }\n", "1:21 conflicting-exec, 1:52 conflicting-exec"},
	{"prompt and change_profile", "/x { prompt change_profile /a -> b, change_profile unsafe /a -> b, }\n", "1:37 conflicting-exec"},
	{"priority", "/x { priority=1 /a px, /a ix, }\n", ""},
	{"file", "/x { file, /a px, /b* ux, }\n", "1:19 conflicting-exec"},
	{"alias", "alias /a/ -> /b/,\n/x { /a/c px, /b/c ix, }\n", "2:15 conflicting-exec"},
	{"values", "@{A} = a b\n/x { /@{A} px, /a ix, }\n", "2:16 conflicting-exec"},
	{"values at the root", "@{A} = /a A\n/x { /@{A} px, /a ix, //a ux, }\n", "2:23 conflicting-exec"},
	{"branch", "/x { /a px, if false { /a ix, } }\n", ""},
	{"hat", "/x { /a px, ^h { /a ix, } }\n", ""},
	{"unsafe ix", "/x { unsafe /a ix, /a ix, }\n", "1:20 conflicting-exec"},
	{"change_profile", "/x { change_profile /a -> b, change_profile unsafe /a -> b, }\n", "1:30 conflicting-exec"},
	{"change_profile apart", "/x { change_profile /a -> bb, change_profile unsafe /a -> cc, change_profile unsafe /a* -> bb, }\n", ""},
	{"change_profile patterns", "/x { change_profile /a* -> b, change_profile unsafe /*a -> b, }\n", "1:31 conflicting-exec"},
	{"priority wins", "/x { /a px, /{a,c} ix, priority=1 /a ux, /c px, priority=1 audit /** px, }\n", "1:42 conflicting-exec"},
	{"priority wins for globs", "/x { /a* px, /*b ix, priority=1 /a?* ux, }\n", ""},
	{"priority wins for some", "/x { /a* px, /*b ix, priority=1 /ab ux, }\n", "1:14 conflicting-exec"},
	{"priority wins for owners", "/x { /a* px, /*b ix, priority=1 owner /a* ux, }\n", "1:14 conflicting-exec"},
	{"priority after merging", "/x { /a px, /a ix, priority=1 /a ux, }\n", "1:13 conflicting-exec"},
	{"priority of change_profile", "/x { priority=1 change_profile /*a -> /b, change_profile unsafe /a? -> /b, }\n", "1:43 conflicting-exec"},
	{"prompt and audit", "/x { prompt /a px, audit prompt /a ix, }\n", ""},
	{"escaped alias", "alias /a -> /b,\n/x { /\\x61 px, /b ix, }\n", "2:16 conflicting-exec"},
	{"value before", "$T = true\n$T := not $T\n/x { if $T { ^h { } } ^h { } }\n", ""},
	{"targets", "/x { /1 px -> a, /2 px -> b, /3 px -> c, /4 px -> d, /5 px -> e, /6 px -> f, /7 px -> g, /8 px -> h, " +
		"/9 px -> i, /10 px -> j, /11 px -> k, /12 px -> l, /13 px -> m, }\n", "1:1 too-many-targets"},
}

func TestCheck(t *testing.T) {
	for _, c := range checkCases {
		if c.want == "-" {
			p, diags, _ := (&Loader{FS: files(nil)}).LoadText(context.Background(), "x", c.text)
			if all := append(diags, Check(p)...); !all.HasErrors() {
				t.Errorf("%s: accepted", c.name)
			}
			continue
		}
		if got := check(t, c.text); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestHostileCheck checks what could exhaust a careless checker; it has to end.
func TestHostileCheck(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.NewReplacer("#", strconv.Itoa(i), "+", strconv.Itoa(i+1)).Replace(format))
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"empty values":      "@{A0} = \"\"\n" + many(60, "@{A+} = @{A#}@{A#}\n") + "/x { /@{A60} r, }\n",
		"doubled values":    "@{A0} = a b\n" + many(60, "@{A+} = @{A#} @{A#}\n") + "/x { /@{A60} r, }\n",
		"chain":             "@{A0} = a\n" + many(5000, "@{A+} = @{A#}\n") + "/x { " + many(5000, "/@{A#} r, ") + "}\n",
		"one word":          "@{A} = a b\n/x { /" + strings.Repeat("@{A}", 50_000) + " r, }\n",
		"many values":       "@{A} = " + many(20_000, "a# ") + "\n/x { " + strings.Repeat("/@{A} r, ", 100) + "}\n",
		"added values":      "@{A} = a\n" + many(20_000, "@{A} += a#\n"),
		"unknown":           many(500, "@{A#} = a\n") + "/x { " + many(500, "/@{B#} r, ") + "}\n",
		"equal paths":       "/x { " + strings.Repeat("/a px, ", 4000) + "}\n",
		"globs":             "/x { " + many(4000, "/a#* px, ") + "}\n",
		"many paths":        "/x { " + many(300, "/a# px, /[a-z][a-z][a-z]# ix, ") + "}\n",
		"priorities":        "/x { " + many(300, "/{a,b#} px, /{a,c#} ix, priority=1 /{a,d#} px, ") + "}\n",
		"priority of globs": "/x { " + many(300, "/a*b#* px, /a*c#* ix, priority=1 /a*#* px, ") + "}\n",
		"aliases":           many(200, "alias /a -> /b#,\n") + "/x { " + strings.Repeat("/a px, ", 200) + "}\n",
	} {
		start := time.Now()
		p, _, _ := (&Loader{FS: files(nil)}).LoadText(context.Background(), "x", text)
		if diags := Check(p); len(diags) > 2*maxDiags+1 {
			t.Errorf("%s: %d diagnostics", name, len(diags))
		}
		Meanings(p)
		t.Logf("%s: %v", name, time.Since(start))
	}
}
