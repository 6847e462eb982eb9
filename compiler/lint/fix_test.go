package lint_test

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/compiler/verify"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/profile"
)

// fixed makes the edits of the findings of these rules, where they do not
// overlap.
func fixed(text string, found diag.List, rules ...string) string {
	var edits []diag.Edit
	for _, d := range found {
		if slices.Contains(rules, d.Code) {
			edits = append(edits, d.Fix...)
		}
	}
	slices.SortStableFunc(edits, func(a, b diag.Edit) int { return cmp.Compare(b.Range.Start.Byte, a.Range.Start.Byte) })
	before := len(text) + 1
	for _, e := range edits {
		if e.Range.End.Byte <= before && e.Range.Start.Byte < before {
			text = text[:e.Range.Start.Byte] + e.New + text[e.Range.End.Byte:]
			before = e.Range.Start.Byte
		}
	}
	return text
}

// crlf gives a text the line ends of other systems.
func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// TestFixes holds what a text is after its fixes.
func TestFixes(t *testing.T) {
	const head, tail = "abi <abi/3.0>,\nprofile app /usr/bin/app {\n", "  include if exists <local/app>\n}\n"
	for _, c := range []struct{ rules, text, want string }{
		{"redundant-rule", head + "  /srv/x/** r,\n  # why\n  /srv/x/a r, # kept\n  /srv/x/b r,\n" + tail, head + "  /srv/x/** r,\n  # why\n  # kept\n\n" + tail},
		{"redundant-rule", head + "  /srv/x/** r,\n  # why\n  /srv/x/a r,\n  capability sys_admin,\n" + tail, head + "  /srv/x/** r,\n  # why\n\n  capability sys_admin,\n" + tail},
		{"redundant-rule", head + "  /srv/x/** r,\n  # why\n  /srv/x/a r,\n  # next\n  capability sys_admin,\n" + tail, head + "  /srv/x/** r,\n  # why\n\n  # next\n  capability sys_admin,\n" + tail},
		{"redundant-rule", head + "  /srv/x/** r,\n  # why\n  /srv/x/a r,\n\n  # next\n" + tail, head + "  /srv/x/** r,\n  # why\n\n  # next\n" + tail},
		{"redundant-rule", head + "  /srv/x/** r,\n  # why\n  /srv/x/a r,\n}\n", head + "  /srv/x/** r,\n  # why\n}\n"},
		{"redundant-rule", head + "  #include <abstractions/base>\n  /srv/x/a r,\n  /srv/x/** r,\n" + tail, head + "  #include <abstractions/base>\n  /srv/x/** r,\n" + tail},
		{"redundant-rule", head + "  /srv/x/** r,\n  # why\n  /srv/x/a r, capability sys_admin,\n" + tail, head + "  /srv/x/** r,\n  # why\n  /srv/x/a r, capability sys_admin,\n" + tail},
		{"redundant-rule", head + "  /srv/x/** r,\n  capability sys_admin, /srv/x/a r, # why\n" + tail, head + "  /srv/x/** r,\n  capability sys_admin, /srv/x/a r, # why\n" + tail},
		{"redundant-rule", head + "  /srv/x/a r, /srv/x/** r,\n" + tail, head + "  /srv/x/** r,\n" + tail},
		{"redundant-rule", head + "  network inet, network inet stream,\n" + tail, head + "  network inet,\n" + tail},
		{"redundant-rule", "$on = false\n" + head + "  if not $on {\n    /srv/c w,\n  }\n  /srv/c w,\n" + tail, "$on = false\n" + head + "  if not $on {\n  }\n  /srv/c w,\n" + tail},
		{"redundant-rule", "$on = false\n" + head + "  /srv/c w,\n  if not $on {\n    /srv/** w,\n  }\n" + tail, "$on = false\n" + head + "  /srv/c w,\n  if not $on {\n    /srv/** w,\n  }\n" + tail},
		{"redundant-rule", "$on = false\n" + head + "  if not $on {\n    /srv/** w,\n    if not $on {\n      /srv/c w,\n    }\n  }\n" + tail, "$on = false\n" + head + "  if not $on {\n    /srv/** w,\n    if not $on {\n    }\n  }\n" + tail},
		{"redundant-rule", "$on = false\n" + head + "  if not $on {\n    capability chown,\n  }\n  capability chown,\n" + tail, "$on = false\n" + head + "  if not $on {\n  }\n  capability chown,\n" + tail},
		{"redundant-rule", crlf(head + "  /srv/x/** r,\n  # why\n  /srv/x/a r,\n  /srv/y r,\n" + tail), crlf(head + "  /srv/x/** r,\n  # why\n\n  /srv/y r,\n" + tail)},
		{"symlinked-path", head + "  /lib/x.so mr, # code\n  \"/var/run/x\" r,\n" + tail, head + "  /{,usr/}lib/x.so mr, # code\n  \"/{,var/}run/x\" r,\n" + tail},
		{"symlinked-path", head + "  /{bin,sbin}/x r,\n" + tail, head + "  /{bin,sbin}/x r,\n" + tail},
		{"symlinked-path", "include <tunables/global>\n" + head + "  owner /etc/mtab r,\n" + tail, "include <tunables/global>\n" + head + "  owner @{PROC}/@{pid}/mounts r,\n" + tail},
		{"symlinked-path", "include <tunables/global>\n" + head + "  /etc/mtab r,\n" + tail, "include <tunables/global>\n" + head + "  /etc/mtab r,\n" + tail},
		{"symlinked-path", head + "  owner /etc/mtab r,\n" + tail, head + "  owner /etc/mtab r,\n" + tail},
		{"symlinked-path", head + "  /bin/sh ux,\n  /bin/dash rix,\n" + tail, head + "  /bin/sh ux,\n  /bin/dash rix,\n" + tail},
		{"symlinked-path", head + "  /var/run/x rw,\n  deny /var/run/y r,\n" + tail, head + "  /var/run/x rw,\n  deny /var/run/y r,\n" + tail},
		{"doubled-slash", head + "  /srv//x///y r,\n" + tail, head + "  /srv/x/y r,\n" + tail},
		{"old-spelling", "#include <tunables/global>\n" + head + "  # include this\n  #include <abstractions/base>\n" + tail,
			"include <tunables/global>\n" + head + "  # include this\n  include <abstractions/base>\n" + tail},
		{"old-spelling", "abi <abi/3.0>,\nprofile app /usr/bin/app (complain) {\n" + tail, "abi <abi/3.0>,\nprofile app /usr/bin/app flags=(complain) {\n" + tail},
		{"no-abi", "# the app\n\nprofile app /usr/bin/app {\n" + tail, "# the app\n\nabi <abi/3.0>,\nprofile app /usr/bin/app {\n" + tail},
		{"no-abi", "profile app /usr/bin/app {\nall,\n" + tail, "profile app /usr/bin/app {\nall,\n" + tail},
		{"no-local-include", head + "  /srv/x r,\n}\n", head + "  /srv/x r,\n" + tail},
		{"no-local-include", head + "  /srv/x r,\n  # end\n}\n", head + "  /srv/x r,\n  # end\n" + tail},
		{"no-local-include", head + "  /srv/x r, }\n", head + "  /srv/x r, \n" + tail},
		{"no-local-include", crlf(head + "  /srv/x r,\n}\n"), crlf(head + "  /srv/x r,\n" + tail)},
		{"no-abi", crlf("profile app /usr/bin/app {\n" + tail), crlf(head + tail)},
		{"no-local-include", head + "}\nprofile b { /x r, }\n", head + tail + "profile b { /x r, \n  include if exists <local/b>\n}\n"},
		{"unused-variable", "@{X} = a\n@{X} += b\n@{Y} = c\n" + head + "  /srv/@{Y} r,\n}\n", "@{Y} = c\n" + head + "  /srv/@{Y} r,\n}\n"},
		{"unused-variable", "# why\n@{X} = a\n" + head + "}\n", "# why\n\n" + head + "}\n"},
		{"unused-variable", "@{X} = a\n" + head + tail, "@{X} = a\n" + head + tail},
		{"unused-variable", "# why\n@{X} = a\nabi <abi/3.0>, @{X} += b # c\nprofile app {\n}\n", "# why\n@{X} = a\nabi <abi/3.0>, @{X} += b # c\nprofile app {\n}\n"},
	} {
		rules := strings.Fields(c.rules)
		got := fixed(c.text, lintText(t, examplesBase(), "app", c.text), rules...)
		if got != c.want {
			t.Errorf("%s:\n%s\nbecomes\n%s\nwant\n%s", c.rules, c.text, got, c.want)
		}
		if again := fixed(got, lintText(t, examplesBase(), "app", got), rules...); again != got {
			t.Errorf("%s, made twice, gives\n%s", c.rules, again)
		}
	}
}

// TestUnusedIgnoreFixes holds that an ignore that goes on in the next line stays,
// as the half of it would be left.
func TestUnusedIgnoreFixes(t *testing.T) {
	for text, want := range map[string]string{
		"  # apc:ignore broad-write once\n  /srv/a r,\n":                                            "  /srv/a r,\n",
		"  # apc:ignore broad-write once\r\n  /srv/a r,\r\n":                                        "  /srv/a r,\r\n",
		"  /srv/a r, # apc:ignore broad-write once\n  # other\n":                                    "  /srv/a r,\n  # other\n",
		"  # apc:ignore broad-write once\n  # upon a time\n  /srv/a r,\n":                           "  # apc:ignore broad-write once\n  # upon a time\n  /srv/a r,\n",
		"  # apc:ignore broad-write once\n  # apc:ignore dangerous-capability twice\n  /srv/a r,\n": "  /srv/a r,\n",
		"  # why\n  # apc:ignore broad-write once\n  /srv/a r,\n":                                   "  # why\n  /srv/a r,\n",
	} {
		text, want = "profile app {\n"+text+"}\n", "profile app {\n"+want+"}\n"
		if got := fixed(text, unusedIn(t, text), "unused-ignore"); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// unusedIn returns what is found about the ignores of a text.
func unusedIn(t *testing.T, text string) diag.List {
	t.Helper()
	l := examplesBase()
	p, diags, err := l.LoadText(t.Context(), "app", text)
	if err != nil || diags.HasErrors() {
		t.Fatal(diags, err)
	}
	modules, diags := lower.Text(p, l.Base[0])
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var results []lint.Result
	for _, m := range modules {
		s := lint.Subject{Module: m, Text: p, Sources: diag.Sources{"app": []byte(text)}}
		results = append(results, lint.Module(s, lint.NewRun(nil, nil), lint.Options{}))
	}
	return lint.Unused(results)
}

// TestFixesSilenceNothing holds that the comment of a rule that is removed does
// not become the reason of the next one, for which an error would be accepted.
func TestFixesSilenceNothing(t *testing.T) {
	const why = "# ticket 12: only reads the banner\n"
	for _, narrow := range []string{"  " + why + "  /srv/a r,\n", "  /srv/a r, " + why, "  " + why + "  /srv/a r, "} {
		text := "profile app /usr/bin/app {\n  /srv/* r,\n" + narrow + "  capability sys_admin,\n}\n"
		after := fixed(text, lintText(t, examplesBase(), "app", text), "redundant-rule")
		before := count(lintText(t, examplesBase(), "app", text), "dangerous-capability")
		if got := count(lintText(t, examplesBase(), "app", after), "dangerous-capability"); got != before || got != 1 {
			t.Errorf("%s\nbecomes\n%s\nwith %d findings, not %d", text, after, got, before)
		}
	}
}

func count(found diag.List, code string) int {
	n := 0
	for _, d := range found {
		if d.Code == code {
			n++
		}
	}
	return n
}

// exactFixes are the rules whose fixes change nothing that a profile grants.
// What no-local-include adds is not there on a machine of which nothing is known.
var exactFixes = []string{"redundant-rule", "unused-variable", "old-spelling", "doubled-slash", "no-abi"}

// TestFixesGrantTheSame makes every fix in the profiles that Debian ships, and
// has the real parser compile them before and after: both grant and record the
// same. Soon there is nothing more to fix.
func TestFixesGrantTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	if testing.Short() {
		t.Skip("it runs the real parser for half a minute")
	}
	l := &profile.Loader{Base: []string{"/etc/apparmor.d"}}
	compile := compiler308(t)
	changed := 0
	for _, file := range debian(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(src)
		after := text
		for round := 0; ; round++ { // what overlaps waits for the next one
			again := fixed(after, lintText(t, l, file, after), exactFixes...)
			if again == after {
				break
			}
			if after = again; round == 4 {
				t.Fatalf("%s: the fixes do not end:\n%s", file, after)
			}
		}
		if after == text {
			continue
		}
		changed++
		differences, err := compiler.Compare(compile(text), compile(after))
		if err != nil || len(differences) > 0 {
			t.Errorf("%s: %v %s", file, err, strings.Join(differences, "\n"))
		}
	}
	t.Logf("%d files were changed", changed)
}

// compiler308 returns what compiles a text by the machine's parser, for its
// default target.
func compiler308(t *testing.T) func(text string) []byte {
	t.Helper()
	parsers, err := verify.Find(t.Context(), nil)
	if err != nil || len(parsers) == 0 {
		t.Skip("SKIPPED: apparmor_parser is missing")
	}
	target, err := feature.Lookup(feature.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) []byte {
		r, err := verify.Run(t.Context(), parsers[0], target, verify.Input{Text: []byte(text), Base: "/etc/apparmor.d", Keep: true})
		if err != nil || !r.Accepted {
			t.Fatalf("%v %v\n%s", err, r.Messages, text)
		}
		return r.Policy
	}
}
