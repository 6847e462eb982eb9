package verify

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"apc/lang/diag"
	"apc/lang/feature"
)

// refusals are texts that every parser refuses, with the words and the lines
// of the first error. Lines are counted from 1. A %s is filled below.
var refusals = []struct {
	name, text string
	says       string // part of the message, in all versions
	lines      []int
	profile    string
	path       string
}{
	// The parser stumbles over these where they stand.
	{"bad permission", "profile p {\n /a r,\n /b rz,\n /c r,\n}\n", "unexpected TOK_ID", []int{3}, "", ""},
	{"a and w", "profile p {\n /a r,\n /b wa,\n}\n", "mutually exclusive", []int{3}, "", ""},
	{"bare x", "profile p {\n /a r,\n /b x,\n}\n", "'x' must be preceded", []int{3}, "", ""},
	{"deny ix", "profile p {\n deny /b ix,\n}\n", "must not be preceded", []int{2}, "", ""},
	{"deny file", "profile p {\n deny file,\n}\n", "must not be preceded", []int{2}, "", ""},
	{"capability", "profile p {\n\n capability foo,\n}\n", "Invalid capability foo.", []int{3}, "", ""},
	{"family", "profile p {\n network foo,\n}\n", "Invalid network entry.", []int{2}, "", ""},
	{"signal", "profile p {\n signal set=(foo),\n}\n", `unknown signal "foo"`, []int{2}, "", ""},
	{"rlimit", "profile p {\n set rlimit foo <= 3,\n}\n", "INVALID RLIMIT 'foo'", []int{2}, "", ""},
	{"relative path", "profile p {\n foo/bar r,\n}\n", "unexpected TOK_ID", []int{2}, "", ""},
	{"owner capability", "profile p {\n owner capability kill,\n}\n", "not allowed on capability", []int{2}, "", ""},
	{"missing include", "profile p {\n include <nope>\n}\n", "Could not open 'nope'", []int{2}, "", ""},
	{"missing abi", "abi <abi/9.9>,\nprofile p {\n}\n", "Could not open 'abi/9.9'", []int{1}, "", ""},
	{"flag", "profile p flags=(foo) {\n}\n", "Invalid profile flag: foo.", []int{1}, "", ""},
	{"flags", "profile p flags=(complain, kill) {\n}\n", "conflicts with", []int{1}, "", ""},
	{"brace", "profile p {\n /a r,\n}\n}\n", "unexpected TOK_CLOSE", []int{4}, "", ""},
	{"end", "profile p {\n /a r,\n", "unexpected end of file", []int{2}, "", ""},
	{"conditional", "profile p {\n signal foo=bar,\n}\n", "invalid signal rule conditional", []int{2}, "", ""},

	// Here it stumbles on the line after the fault, or further on.
	{"comma", "profile p {\n /a r\n /b r,\n}\n", "missing an end of line character?", []int{2}, "", ""},
	{"comma before comments", "profile p {\n /a r # why\n # more\n\n /b r,\n}\n", "missing an end of line", []int{2}, "", ""},
	{"comma at the end", "profile p {\n /a r\n}\n", "unexpected TOK_CLOSE", []int{2}, "", ""},
	{"comma after capability", "profile p {\n capability kill\n /b r,\n}\n", "Invalid capability /b.", []int{2}, "", ""},
	{"variable twice", "@{A}=x\n@{A}=y\nprofile p {\n}\n", "variable @{A} was previously declared", []int{2}, "", ""},
	{"variable added to", "@{A}+=x\n\nprofile p {\n}\n", "was not previously declared", []int{1}, "", ""},
	{"variable empty", "@{A}=\nprofile p {\n}\n", "expecting TOK_VALUE", []int{1}, "", ""},

	// These come without a line.
	{"long word", "profile p {\n /a r,\n /" + strings.Repeat("x", 17000) + " r,\n /b r,\n}\n", "input buffer overflow", []int{3}, "", ""},
	{"mount option", "profile p {\n /a r,\n mount options=(foo) /a -> /b,\n}\n", "unsupported mount option", []int{3}, "", ""},
	{"mount flags", "profile p {\n mount fstype=ext4 options=(bind) /a -> /b,\n}\n", "Encoding of mount rule failed", []int{2}, "p", ""},
	{"one alternative", "profile p {\n /a r,\n /b/{a} r,\n /c r,\n}\n", "Invalid number of items", []int{3}, "p", "/b/{a}"},
	{"open brace", "profile p {\n /a r,\n \"/b/{a\" r,\n}\n", "Unclosed grouping", []int{3}, "p", "/b/{a"},
	{"open class", "profile p {\n \"/b/[a\" r,\n}\n", "Unclosed grouping", []int{2}, "p", "/b/[a"},
	{"no class", "profile p {\n /a r,\n \"/b/[]\" r,\n}\n", "ERROR processing regexs", []int{3}, "p", ""},
	{"class range", "profile p {\n \"/b/[a-]\" r,\n}\n", "ERROR processing regexs", []int{2}, "p", ""},
	{"nesting", "profile p {\n /b/" + strings.Repeat("{", 60) + "x,y" + strings.Repeat("}", 60) + " r,\n}\n", "Exceeded maximum nesting", []int{2}, "p",
		"/b/" + strings.Repeat("{", 60) + "x,y" + strings.Repeat("}", 60)},
	{"attachment", "profile p /b/{a} {\n /a r,\n}\n", "Invalid number of items", []int{1}, "p", "/b/{a}"},
	{"peer", "profile p {\n /a r,\n signal peer={a},\n}\n", "Invalid number of items", []int{3}, "p", "{a}"},
	{"mount point", "profile p {\n /a r,\n mount /b/{a},\n}\n", "Invalid number of items", []int{3}, "p", "/b/{a}"},
	{"glob in a variable", "@{A}={a}\nprofile p {\n /a r,\n /b/@{A} r,\n}\n", "Invalid number of items", []int{4}, "p", "/b/{a}"},
	{"variable", "profile p {\n /a r,\n @{FOO}/x r,\n}\n", "FOO", []int{3}, "*", "@{FOO}"},
	{"variable of the attachment", "profile p @{FOO}/x {\n /a r,\n}\n", "FOO", []int{1}, "*", "@{FOO}"},
	{"transitions", "profile p {\n%s}\n", "too many specified profile transitions", []int{14}, "p", ""},
	{"profile twice", "profile p {\n}\n\nprofile q {\n}\nprofile p {\n}\n", "Multiple definitions", []int{1, 6}, "", "p"},
	{"hat twice", "profile p {\n ^c {\n }\n ^c {\n }\n}\n", "Multiple definitions", []int{2, 4}, "", "c"},

	// Conflicts of exec permissions name both rules.
	{"conflict", "profile p {\n /a px,\n /b r,\n /a cx,\n}\n", "conflicting x modifiers", []int{2, 4}, "p", "/a"},
	{"case conflict", "profile p {\n /a px,\n /b r,\n /a Px,\n}\n", "conflicting x modifiers", []int{2, 4}, "p", "/a"},
	{"overlap", "profile p {\n /a/x px,\n /a/* px,\n /b ix,\n /a/*b cx,\n /c px,\n}\n", "conflicting x modifiers", []int{3, 5}, "p", ""},
	{"overlap in a child", "profile p {\n /a/* ix,\n profile c {\n  /a/* px,\n  /a/*b cx,\n }\n}\n", "conflicting x modifiers", []int{4, 5}, "c", ""},
	{"overlap in the second", "profile p {\n /a r,\n}\nprofile q {\n /a/* px,\n /a/*b cx,\n}\n", "conflicting x modifiers", []int{5, 6}, "q", ""},
	{"overlap with an include", "profile p {\n /a r,\n include <px>\n /x/*b cx,\n}\n", "conflicting x modifiers", []int{3, 4}, "p", ""},
	{"overlap in an include", "profile p {\n /a r,\n include <both>\n}\n", "conflicting x modifiers", []int{3}, "p", ""},

	// What the parser takes without a word.
	{"nothing", "", "the text holds no profile", nil, "", ""},
	{"comment", "# profile p {\n# }\n", "the text holds no profile", nil, "", ""},
	{"NUL", "profile p {\n /a r,\n /b\x00c r,\n}\n", "NUL", []int{3}, "", ""},
}

// manyTransitions is more than the twelve named transitions that 3.0.8 holds.
func manyTransitions() string {
	var b strings.Builder
	for _, c := range "abcdefghijklmnop" {
		b.WriteString(" /" + string(c) + " px -> t" + string(c) + ",\n")
	}
	return b.String()
}

func TestRefusals(t *testing.T) {
	target := target(t, "debian-12")
	dir := includeDir(t, map[string]string{"px": " /x/* px,\n", "both": " /x/* px,\n /x/*b cx,\n"})
	for _, p := range parsers(t) {
		for _, c := range refusals {
			text := strings.Replace(c.text, "%s", manyTransitions(), 1)
			r := run(t, p, target, Input{Name: c.name, Text: []byte(text), Includes: []string{dir}})
			if r.Accepted || len(r.Messages) == 0 || r.Name != c.name {
				t.Errorf("%s, %s: accepted %v with %d messages", p, c.name, r.Accepted, len(r.Messages))
				continue
			}
			m := r.Messages[0]
			if m.Severity != diag.Error || !strings.Contains(m.Text, c.says) || strings.Contains(r.Stderr, "apc-verify") {
				t.Errorf("%s, %s: %v %q, want %q", p, c.name, m.Severity, m.Text, c.says)
			}
			if !slices.Equal(m.Lines, c.lines) || c.profile != "*" && m.Profile != c.profile || m.Path != c.path {
				t.Errorf("%s, %s: lines %v of %q, path %q; want %v of %q, %q", p, c.name, m.Lines, m.Profile, m.Path, c.lines, c.profile, c.path)
			}
		}
	}
}

// TestErrorInInclude holds that an error in an include file is reported there,
// and at the line that brings the file in.
func TestErrorInInclude(t *testing.T) {
	dir := includeDir(t, map[string]string{"abstractions/bad": "\n /x r\n /y r,\n"})
	for _, p := range parsers(t) {
		r := run(t, p, target(t, "debian-12"), Input{
			Text: []byte("profile p {\n /a r,\n\n include <abstractions/bad>\n}\n"), Includes: []string{dir},
		})
		want := Message{Severity: diag.Error, Text: "missing an end of line character? (entry: /x)", Lines: []int{4},
			File: filepath.Join(dir, "abstractions/bad"), FileLine: 3}
		if len(r.Messages) != 1 || !reflect.DeepEqual(r.Messages[0], want) {
			t.Errorf("%s: %+v, want %+v", p, r.Messages, want)
		}
	}
}

// TestWarnings holds how the warnings that something is not enforced come
// out, and which are known to be false.
func TestWarnings(t *testing.T) {
	dir := includeDir(t, map[string]string{
		"bus": " dbus,\n unix,\n", "ux": " /x ux,\n",
	})
	type warning struct {
		feature     feature.Feature
		profile     string
		lines       []int
		fromInclude bool
	}
	for _, c := range []struct {
		name, target, text string
		want               []warning
	}{
		{"own rules", "debian-12", "profile p {\n dbus,\n /a r,\n audit dbus send bus=system,\n unix,\n}\n",
			[]warning{{feature.DBus, "p", []int{2, 4}, false}, {feature.Unix, "p", []int{5}, false}}},
		{"include", "debian-12", "profile p {\n include <bus>\n network unix,\n}\n",
			[]warning{{feature.DBus, "p", nil, true}, {feature.Unix, "p", nil, true}}},
		{"own rules and include", "debian-12", "profile p {\n include <bus>\n dbus, # why\n}\n",
			[]warning{{feature.DBus, "p", []int{3}, false}, {feature.Unix, "p", nil, true}}},
		{"child and parent", "debian-12", "profile \"p q\" {\n dbus,\n profile c {\n  dbus,\n }\n}\n",
			[]warning{{feature.DBus, "p q", []int{2}, false}, {feature.DBus, "c", []int{4}, false}}},
		{"deny unix", "debian-12", "profile p {\n unix,\n deny unix addr=\"@x\",\n}\n",
			[]warning{{feature.Unix, "p", []int{2}, false}, {feature.UnixDeny, "p", []int{3}, false}}},
		{"deny unix where it works", "ubuntu-24.04", "profile p {\n deny unix addr=\"@x\",\n}\n", nil},
		{"network rules", "debian-12", "profile p {\n network,\n network unix stream,\n}\n", nil},
		{"deny network unix", "debian-12", "profile p {\n deny network unix stream,\n}\n", nil},
		{"newer rules", "ubuntu-24.04", "profile p {\n userns,\n io_uring,\n mqueue type=sysv 1,\n mqueue /q,\n}\n",
			[]warning{{feature.IoUring, "p", []int{3}, false}, {feature.MqueueSysV, "p", []int{4, 5}, false}}},
		{"flag", "debian-13", "profile p flags=(interruptible) {\n /a r,\n}\n",
			[]warning{{feature.Interruptible, "p", []int{1}, false}}},
		// The parser speaks of the first such flag only.
		{"flags", "debian-13", "profile p flags=(error=EPERM, kill.signal=term, interruptible) {\n /a r,\n}\n",
			[]warning{{feature.KillSignal, "p", []int{1}, false}}},
		{"all", "ubuntu-24.04", "profile p {\n all,\n}\n", []warning{{feature.IoUring, "p", []int{2}, false}}},
	} {
		for _, p := range parsersFor(t, target(t, c.target)) {
			r := run(t, p, target(t, c.target), Input{Text: []byte(c.text), Includes: []string{dir}})
			var got []warning
			for _, m := range r.Messages {
				got = append(got, warning{m.Feature, m.Profile, m.Lines, m.FromInclude})
			}
			byFeature := func(a, b warning) int { return strings.Compare(string(a.feature), string(b.feature)) }
			slices.SortStableFunc(got, byFeature)
			slices.SortStableFunc(c.want, byFeature)
			if !r.Accepted || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s, %s: accepted %v, warnings %+v, want %+v\n%s", p, c.name, r.Accepted, got, c.want, r.Stderr)
			}
		}
	}
}

// TestOtherWarnings holds warnings about spelling and danger, in the text and
// in an include file.
func TestOtherWarnings(t *testing.T) {
	dir := includeDir(t, map[string]string{"ux": "\n /x ux,\n"})
	for _, p := range parsers(t) {
		r := run(t, p, target(t, "debian-12"), Input{Text: []byte("profile p {\n /a R,\n include <ux>\n}\n"), Includes: []string{dir}})
		if !r.Accepted || len(r.Messages) != 2 {
			t.Fatalf("%s: %+v", p, r)
		}
		if m := r.Messages[0]; !strings.HasPrefix(m.Text, "Uppercase qualifiers") || m.Line() != 2 || m.FromInclude {
			t.Errorf("%s: %+v", p, m)
		}
		if m := r.Messages[1]; !strings.HasPrefix(m.Text, "Unconfined exec qualifier (ux)") || m.Line() != 3 || !m.FromInclude || m.FileLine != 2 {
			t.Errorf("%s: %+v", p, m)
		}
	}
}

func FuzzReadMessages(f *testing.F) {
	f.Add("AppArmor parser error for <profile> in profile <profile> at line 3: unknown signal \"x\"\n\n", "profile p {\n signal set=(x),\n}")
	f.Add("x/apparmor_parser: Regex grouping error: y\nUnable to parse input line '/a'\nERROR processing regexs for profile p, failed to load\n", "@{A}=\n")
	f.Add("Warning from profile p (stdin): dbus rules not enforced\n", "profile p {\n deny dbus,\n#include <a>\n } } {\n\"")
	f.Add("AppArmor parser error at line 99999999999999999999: \nFailed to find declaration for: \n", "^h {\n priority=3 audit deny")
	f.Fuzz(func(t *testing.T, stderr, text string) {
		src := readSource([]byte(text))
		for _, m := range readMessages(stderr) {
			explainWarning(src, m)
			if m.Lines != nil {
				src.faulty(m.Lines[0], m.Text)
			}
			src.where(func(l sourceLine) bool { return l.mentions(m.Path) || l.includes(m.File) })
		}
		if all := src.where(func(sourceLine) bool { return true }); len(src.only([]byte(text), all, all)) != len(text) {
			t.Errorf("keeping all lines changes %q", text)
		}
	})
}
