package lint_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
	"apc/stdlib"
)

// deadAndHabit are the rules that the tables below speak about.
var deadAndHabit = []string{
	"unmatchable-path", "directory-exec", "missing-slash", "misspelled-path", "symlinked-path", "denied-rule", "partly-denied-rule", "denied-include",
	"redundant-rule", "included-rule", "equal-hats", "not-enforced", "not-held", "unused-variable", "unused-module",
	"no-abi", "no-local-include", "unnamed-profile", "misnamed-profile", "missing-owner", "privileged-port", "readable-log", "no-reason", "old-spelling",
	"doubled-slash",
}

// examplesBase reads the includes of the examples.
func examplesBase() *profile.Loader {
	return &profile.Loader{FS: os.DirFS("../testdata/lint"), Base: []string{"/"}}
}

// lintText reads a profile text and returns what lint finds in it.
func lintText(t testing.TB, l *profile.Loader, name, text string) diag.List {
	t.Helper()
	p, diags, err := l.LoadText(context.Background(), name, text)
	if err != nil || diags.HasErrors() {
		t.Fatalf("%s\n%v %v", text, diags, err)
	}
	modules, more := lower.Text(p, l.Base[0])
	if diags = append(profile.Check(p), more...); diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	run := lint.NewRun(nil, nil)
	sources := diag.Sources{name: []byte(text)}
	found := lint.Text(p, modules, sources, run, lint.Options{}).Findings
	for _, m := range modules {
		found = append(found, lint.Module(lint.Subject{Module: m, Text: p, Sources: sources}, run, lint.Options{}).Findings...)
	}
	return found.Sorted()
}

// lintPolicy compiles a policy and returns what lint finds in it.
func lintPolicy(t testing.TB, p *policy.Policy) diag.List {
	t.Helper()
	target, err := feature.Lookup(feature.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	run := lint.NewRun(nil, nil)
	var found diag.List
	var modules []*ir.Module
	for _, s := range p.Services {
		out := compiler.Inspect(p, s, target, compiler.Options{})
		if out.Diags.HasErrors() {
			t.Fatal(out.Diags)
		}
		modules = append(modules, out.Module)
		found = append(found, out.Lint(examplesBase(), run, lint.Options{}).Findings...)
	}
	return append(found, lint.Policy(p, modules, run, lint.Options{}).Findings...).Sorted()
}

// policyText lints the text of a policy, or the body of a service.
func policyText(t testing.TB, text string) diag.List {
	t.Helper()
	if !strings.Contains(text, "service \"") && !strings.Contains(text, "container \"") {
		text = "service \"app\" {\nattachment = \"none\"\n" + text + "\n}\n"
	}
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("service.hcl", text)
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	return lintPolicy(t, p)
}

// told joins the lines and codes of the findings of these rules.
func told(list diag.List, rules []string) string {
	var out []string
	for _, d := range list {
		if slices.Contains(rules, d.Code) {
			out = append(out, d.Code)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// body makes a file of the body of a profile that has no other fault.
func body(text string) string {
	preamble := "abi <abi/3.0>,\ninclude <tunables/global>\n"
	for name, values := range map[string]string{"ETC": "/etc", "OWN": "/srv/app /var/lib/app", "EMPTY": "\"\""} {
		if strings.Contains(text, "@{"+name+"}") {
			preamble += "@{" + name + "} = " + values + "\n"
		}
	}
	return preamble + "profile app /usr/bin/app {\n" + text + "\n  include if exists <local/app>\n}\n"
}

// TestPlantedBodies holds what each rule finds in the body of a profile, however the
// fault is spelled, and what stands near to it and is none.
func TestPlantedBodies(t *testing.T) {
	for text, want := range plantedBodies {
		found := lintText(t, examplesBase(), "app", body(text))
		if got := told(found, deadAndHabit); got != want {
			t.Errorf("%s\ngives %q, want %q", text, got, want)
			for _, d := range found {
				if slices.Contains(deadAndHabit, d.Code) {
					t.Log(d)
				}
			}
		}
	}
}

var plantedBodies = map[string]string{
	// A rule within another.
	"/srv/x/** r,\n/srv/x/a r,":                                   "redundant-rule",
	"/srv/x/a r,\n/srv/x/** r,":                                   "redundant-rule",
	"/srv/x/a r,\n/srv/x/a r,":                                    "redundant-rule",
	"/srv/x/a r,\n\"/srv/x/a\" r,":                                "redundant-rule",
	"/srv/x/a rw,\nr /srv/x/a,":                                   "redundant-rule",
	"/srv/x/{a,b} r,\n/srv/x/b r,":                                "redundant-rule",
	"/srv/x/{a,b} r,\n/srv/x/[ab] r,":                             "redundant-rule",
	"/srv/x/[a-c] r,\n/srv/x/b r,":                                "redundant-rule",
	"/srv/x/? r,\n/srv/x/b r,":                                    "redundant-rule",
	"@{OWN}/a r,\n/srv/app/a r,":                                  "",
	"@{HOME}/.x/* r,\n/root/.x/y r,":                              "missing-owner redundant-rule",
	"/srv/x/** r,\nowner /srv/x/a r,":                             "redundant-rule",
	"owner /srv/x/** r,\n/srv/x/a r,":                             "",
	"/srv/x/** r,\naudit /srv/x/a r,":                             "",
	"audit /srv/x/** r,\n/srv/x/a r,":                             "redundant-rule",
	"/srv/x/** w,\n/srv/x/a a,":                                   "redundant-rule",
	"/srv/x/** a,\n/srv/x/a w,":                                   "",
	"/srv/x/** r,\n/srv/x/ r,":                                    "",
	"/srv/x/** r,\n/srv/x/a rw,":                                  "",
	"/srv/x/* r,\n/srv/x/a/b r,":                                  "",
	"file,\n/srv/x r,":                                            "redundant-rule",
	"deny /srv/x/** w,\ndeny /srv/x/a w,":                         "redundant-rule",
	"deny /srv/x/** w,\naudit deny /srv/x/a w,":                   "",
	"audit deny /srv/x/** w,\ndeny /srv/x/a w,":                   "",
	"owner {\n/srv/x/** r,\n/srv/x/a r,\n}":                       "redundant-rule",
	"/srv/x/* ix,\n/srv/x/a ix,":                                  "redundant-rule",
	"/srv/x/* ix,\n/srv/x/a mr,":                                  "",
	"/srv/x/* Px,\n/srv/x/a ix,":                                  "",
	"/srv/x/* Cx -> c,\n/srv/x/a Cx -> c,\nprofile c {\n/z r,\n}": "redundant-rule",
	"capability chown,\ncapability chown,":                        "redundant-rule",
	"capability chown fowner,\ncapability chown,":                 "redundant-rule",
	"capability,\ncapability chown,":                              "redundant-rule",
	"capability chown,\ncapability fowner,":                       "",
	"network inet,\nnetwork inet stream,":                         "redundant-rule",
	"network inet stream,\nnetwork inet6 stream,":                 "",
	"network inet stream,\nnetwork inet tcp,":                     "",
	"signal (send, receive) peer=x,\nsignal (send) peer=x,":       "redundant-rule",
	"signal (send),\nsignal (send) set=(term) peer=x,":            "redundant-rule",
	"signal (send) set=(term),\nsignal (send) set=(kill),":        "",
	"ptrace (read, trace) peer=x,\nptrace (read) peer=x,":         "redundant-rule",
	"unix (send) type=stream,\nunix (send) type=stream addr=@x,":  "redundant-rule",
	"dbus (send) bus=system,\ndbus (send) bus=system path=/x,":    "redundant-rule",
	"dbus (send) bus=session,\ndbus (send) bus=system path=/x,":   "",
	"mount /a -> /b,\nmount /a -> /b,":                            "redundant-rule",
	"mount options=(ro) /a -> /b,\nmount /a -> /b,":               "",
	"^h {\n/srv/x/** r,\n/srv/x/a r,\n}":                          "redundant-rule",
	"^h {\n/srv/x/a r,\n}\n/srv/x/** r,":                          "",
	"profile c {\n/srv/x/** r,\n/srv/x/a r,\n}":                   "redundant-rule",

	"/h*/** r,\n/r*/** r,\n/{home,root}/*/x r,":            "",
	"/** r,\nowner @{HOME}/x r,":                           "redundant-rule",
	"/srv/x/** r,\n/srv/x/* w,\n/srv/x/a rw,":              "redundant-rule",
	"/srv/x/** r,\n/srv/x/* w,\n/srv/x/a rwk,":             "",
	"/srv/x/** r,\n/srv/x/* ix,\n/srv/x/a rix,":            "redundant-rule",
	"/srv/x/** r,\n/srv/x/* ix,\n/srv/x/a mrix,":           "redundant-rule",
	"/srv/x/** r,\n/srv/x/* Px,\n/srv/x/a rix,":            "",
	"/srv/x/** r,\nowner /srv/x/* w,\n/srv/x/a rw,":        "",
	"/srv/x/a r,\n/srv/x/a w,\n/srv/x/a rw,":               "redundant-rule",
	"/srv/** r,\n/srv/../x r,":                             "unmatchable-path",
	"signal (send) peer=x,\nsignal (send) peer=y,":         "",
	"audit capability chown,\ncapability chown,":           "redundant-rule",
	"capability chown,\naudit capability chown,":           "redundant-rule",
	"deny capability chown,\naudit deny capability chown,": "",
	"priority=1 /srv/x/** r,\n/srv/x/a r,":                 "",

	// A rule that an include brings.
	"include <abstractions/nameservice>\n/etc/hosts r,":           "included-rule",
	"include <abstractions/nameservice>\n@{ETC}/hosts r,":         "included-rule",
	"include <abstractions/nameservice>\n/etc/{hosts,passwd} r,":  "",
	"include <abstractions/nameservice>\nnetwork inet stream,":    "included-rule",
	"include <abstractions/nameservice>\n/etc/hosts rw,":          "",
	"include <abstractions/base>\n/usr/lib/app/x.so mr,":          "included-rule",
	"include <abstractions/base>\n/usr/lib/app/x mrix,":           "",
	"include <abstractions/base>\ninclude <abstractions/base>":    "redundant-rule",
	"include <abstractions/base>\n^h {\n/usr/lib/app/x.so mr,\n}": "",

	// A deny that takes what a rule grants.
	"/srv/x/a r,\ndeny /srv/x/** r,":                          "denied-rule",
	"deny /srv/x/** rwl,\n/srv/x/a rw,":                       "denied-rule",
	"/srv/x/a r,\ndeny /srv/x/a r,":                           "denied-rule",
	"/srv/x/{a,b} r,\ndeny /srv/x/[a-z] r,":                   "denied-rule",
	"/srv/x/{a,b} r,\ndeny /srv/x/a r,\ndeny /srv/x/b r,":     "denied-rule",
	"@{ETC}/a r,\naudit deny /etc/** r,":                      "denied-rule",
	"owner /srv/x/a r,\ndeny /srv/x/** r,":                    "denied-rule",
	"owner /srv/x/a r,\ndeny owner /srv/x/** r,":              "denied-rule",
	"owner {\n/srv/x/a r,\n}\ndeny owner /srv/x/** r,":        "denied-rule",
	"/srv/x/a r,\ndeny owner /srv/x/** r,":                    "",
	"/srv/x/a a,\ndeny /srv/x/** w,":                          "denied-rule",
	"/srv/x/a rw,\ndeny /srv/x/** w,":                         "partly-denied-rule",
	"/srv/x/** rw,\ndeny /srv/** w,":                          "partly-denied-rule",
	"/srv/x/{a,b} r,\ndeny /srv/x/a r,":                       "partly-denied-rule",
	"/srv/x/* rix,\ndeny /srv/x/** x,":                        "partly-denied-rule",
	"/srv/x/** rw,\ndeny /srv/x/conf/** w,":                   "",
	"/srv/x/** r,\ndeny /srv/x/a r,":                          "",
	"/srv/x/* r,\ndeny /srv/*/a r,":                           "",
	"/srv/x/a r,\ndeny /srv/x/** w,":                          "",
	"capability chown,\ndeny capability chown,":               "denied-rule",
	"capability chown,\ndeny capability,":                     "denied-rule",
	"capability chown fowner,\ndeny capability chown,":        "partly-denied-rule",
	"capability chown,\ndeny capability fowner,":              "",
	"network inet stream,\ndeny network inet,":                "denied-rule",
	"network inet stream,\ndeny network inet6,":               "",
	"signal (send) peer=x,\ndeny signal (send),":              "denied-rule",
	"ptrace (read) peer=x,\ndeny ptrace,":                     "denied-rule",
	"^h {\n/srv/x/a r,\ndeny /srv/x/** r,\n}":                 "denied-rule",
	"^h {\n/srv/x/a r,\n}\ndeny /srv/x/** r,":                 "",
	"include <abstractions/nameservice>\ndeny /etc/** r,":     "denied-include",
	"include <abstractions/nameservice>\ndeny network,":       "",
	"include <abstractions/nameservice>\ndeny /etc/passwd r,": "",

	"priority=1 /srv/x/a r,\ndeny /srv/x/** r,":            "",
	"/srv/x/a r,\npriority=1 deny /srv/x/** r,":            "denied-rule",
	"priority=1 capability chown,\ndeny capability chown,": "",

	// A rule that matches nothing.
	"/srv/../etc/x r,":            "unmatchable-path",
	"/srv/./x r,":                 "unmatchable-path",
	"\"/srv/x/..\" r,":            "unmatchable-path",
	"/srv/.. r,":                  "unmatchable-path",
	"//srv/x r,":                  "unmatchable-path",
	"/srv/x/{..,.}/y r,":          "unmatchable-path",
	"/srv/x/{..,z}/y r,":          "unmatchable-path",
	"/srv/x/{y/,/z} r,":           "unmatchable-path",
	"deny /srv/x/../y w,":         "unmatchable-path",
	"audit owner /srv/x/../y w,":  "unmatchable-path",
	"link /srv/x/../y -> /srv/z,": "unmatchable-path",
	"/srv/x/[/]/y r,":             "unmatchable-path",
	"/srv//x r,":                  "doubled-slash",
	"/srv/..x/...y r,":            "",
	"/srv/x/.y r,":                "",
	"/srv/x/..*/y r,":             "",
	"/srv/x/{,y/}/z r,":           "unmatchable-path",
	"/{,srv/}/x r,":               "unmatchable-path",
	"/srv/x{/y,}/z r,":            "",
	"/srv/x/{,y/}z r,":            "",
	"@{ETC}//x r,":                "doubled-slash",
	"@{ETC}/y/x r,":               "",

	// A directory without its slash.
	"/srv/x r,\n/srv/x/** r,":         "missing-slash",
	"/srv/x r,\n/srv/x/a r,":          "missing-slash",
	"owner /srv/x rw,\n/srv/x/* r,":   "missing-slash",
	"\"/srv/x\" rw,\n/srv/x/ r,":      "missing-slash",
	"/srv/{x,y} r,\n/srv/{x,y}/** r,": "missing-slash",
	"/srv/{x,y} r,\n/srv/x/** r,":     "",
	"/etc r,":                         "missing-slash",
	"/var/log w,":                     "missing-slash",
	"/srv/x{,/,/**} r,":               "",
	"/srv/x{,/**} r,":                 "",
	"/srv/* r,\n/srv/*/a r,":          "",
	"/srv/x/ r,\n/srv/x/** r,":        "",
	"/srv/x r,\n/srv/xy/a r,":         "",
	"/srv/bin/ ix,":                   "directory-exec",
	"/srv/bin/ rix,":                  "directory-exec",
	"/srv/lib/ mr,":                   "directory-exec",
	"/srv/{a,b}/ mr,":                 "directory-exec",
	"/srv/lib/ r,":                    "",
	"/srv/lib/{,**} mr,":              "",

	// Misspelled directories.
	"/ect/app.conf r,":     "misspelled-path",
	"/procs/meminfo r,":    "misspelled-path",
	"/vra/lib/app r,":      "misspelled-path",
	"/user/share/app r,":   "misspelled-path",
	"/usr/shar/app/** r,":  "misspelled-path",
	"/var/logs/app.log w,": "misspelled-path",
	"/{ect,srv}/app r,":    "misspelled-path",
	"deny /hoem/** w,":     "misspelled-path",
	"/etcd/x r,":           "",
	"/data/x r,":           "",
	"/srv/vra/x r,":        "",
	"/usr/lib32/x r,":      "",
	"/lib*/x r,":           "",
	"/bar/x r,":            "",
	"/app/x r,":            "",
	"/var/lib2/x r,":       "",

	// Symbolic links.
	"/var/run/x rw,":                   "symlinked-path",
	"/bin/dash ix,":                    "symlinked-path",
	"/sbin/x rix,":                     "symlinked-path",
	"/lib/x.so mr,":                    "symlinked-path",
	"\"/var/run/x\" rw,":               "symlinked-path",
	"owner /var/run/x rw,":             "symlinked-path",
	"/var/lock/x rw,":                  "symlinked-path",
	"/{bin,sbin}/x ix,":                "symlinked-path",
	"/proc/self/status r,":             "symlinked-path",
	"@{PROC}/self/status r,":           "symlinked-path",
	"/etc/mtab r,":                     "symlinked-path",
	"deny /var/run/x w,":               "symlinked-path",
	"^h {\n/var/run/x rw,\n}":          "symlinked-path",
	"/{,usr/}bin/dash ix,":             "",
	"/{usr/,}lib{,32,64}/x mr,":        "",
	"/bin/dash ix,\n/usr/bin/dash ix,": "",
	"/{var/,}run/x rw,":                "",
	"@{run}/x rw,":                     "",
	"/var/run/x rw,\n/run/x rw,":       "",
	"/var/run/x rw,\n/run/x r,":        "symlinked-path",
	"/var/run/x w,\ndeny /run/x w,":    "symlinked-path",
	"/var/running r,":                  "",
	"/library/x r,":                    "",
	"@{PROC}/@{pid}/status r,":         "",

	// Owners.
	"/tmp/x rw,":           "missing-owner",
	"/var/tmp/x rw,":       "missing-owner",
	"/{,var/}tmp/x rw,":    "missing-owner",
	"/dev/shm/x rw,":       "missing-owner",
	"@{HOME}/.x rw,":       "missing-owner",
	"/home/*/.x r,":        "missing-owner",
	"/run/user/*/x rw,":    "missing-owner",
	"audit /tmp/x rw,":     "missing-owner",
	"@{HOME} r,":           "",
	"@{HOME}/ r,":          "",
	"@{HOMEDIRS}/*/.x rw,": "missing-owner",
	"capability setuid,\n@{HOME}/.forward r,": "",
	"capability setuid,\n/tmp/x rw,":          "missing-owner",
	"/tmp/.X0-lock r,":                        "",
	"/root/.x rw,":                            "",
	"owner /tmp/x rw,":                        "",
	"owner {\n/tmp/x rw,\n}":                  "",
	"/tmp/ r,":                                "",
	"/tmp/.X11-unix/X0 rw,":                   "",
	"deny /tmp/x rw,":                         "",
	"/srv/tmp/x rw,":                          "",
	"/{tmp,srv}/x rw,":                        "",

	// Spelling.
	"#include <abstractions/nameservice>":                          "old-spelling",
	"  # include the nameservice\n":                                "",
	"^h {\n/srv/a/** r,\n}\n^g {\n/srv/a/** r,\n}":                 "equal-hats",
	"^h {\n/srv/a/** r,\n}\n^g {\n/srv/a/** rw,\n}":                "",
	"^h {\n/srv/a/** r,\n}\nprofile g {\n/srv/a/** r,\n}":          "",
	"^h {\n}\n^g {\n}":                                             "",
	"^h {\n/srv/b r,\n/srv/a r,\n}\n^g {\n/srv/a r,\n/srv/b r,\n}": "equal-hats",
}

// TestPlantedFiles does the same for whole files.
func TestPlantedFiles(t *testing.T) {
	const abi, head, tail = "abi <abi/3.0>,\n", "profile app /usr/bin/app {\n", "\ninclude if exists <local/app>\n}\n"
	for text, want := range map[string]string{
		head + "/srv/x r," + tail:                        "no-abi",
		"# abi <abi/3.0>,\n" + head + "/srv/x r," + tail: "no-abi",
		"@{X} = /a\n":                 "",
		abi + head + "/srv/x r,\n}\n": "no-local-include",
		abi + head + "include if exists \"/etc/apparmor.d/local/app\"\n}\n":                             "",
		abi + head + "# include if exists <local/app>\n/srv/x r,\n}\n":                                  "no-local-include",
		abi + head + "^h {\ninclude if exists <local/app>\n}\n}\n":                                      "no-local-include",
		abi + "/usr/bin/app {" + tail:                                                                   "unnamed-profile",
		abi + "\"/usr/bin/app\" {" + tail:                                                               "unnamed-profile",
		abi + "profile /usr/bin/app {" + tail:                                                           "unnamed-profile",
		abi + "profile app {" + tail:                                                                    "",
		abi + "profile nginx /usr/sbin/apache2 {" + tail:                                                "misnamed-profile",
		abi + "profile mysqld /usr/bin/{redis,redis-server} {" + tail:                                   "misnamed-profile",
		abi + "profile nginx-worker /usr/sbin/nginx {" + tail:                                           "",
		abi + "profile postfix-smtp /usr/lib/postfix/{bin/,sbin/,}smtp {" + tail:                        "",
		abi + "profile ping /{usr/,}bin/{,iputils-}ping {" + tail:                                       "",
		abi + "profile php-fpm /usr/sbin/php-fpm* {" + tail:                                             "",
		abi + "profile vi /usr/bin/vi {" + tail:                                                         "",
		abi + "profile node /usr/bin/nodejs {" + tail:                                                   "",
		abi + "profile app /bin/app {" + tail:                                                           "symlinked-path",
		abi + "profile app /{usr/,}bin/app {" + tail:                                                    "",
		abi + "/bin/app {\n/bin/app mr," + tail:                                                         "symlinked-path unnamed-profile",
		abi + "profile app /usr/../bin/app {" + tail:                                                    "unmatchable-path",
		abi + "profile app /usr/bni/app {" + tail:                                                       "misspelled-path",
		abi + "alias /bin/ -> /usr/bin/,\n" + head + "/bin/dash ix," + tail:                             "",
		abi + "alias /srv/ -> /mnt/,\n" + head + "/bin/dash ix," + tail:                                 "symlinked-path",
		abi + "@{X} = /a\n" + head + tail:                                                               "unused-variable",
		abi + "@{X} = /a\n@{X} += /b\n" + head + tail:                                                   "unused-variable",
		abi + "@{X} = /a\n@{Y} = @{X}/b\n" + head + "@{Y}/c r," + tail:                                  "",
		abi + "@{X} = /a\n@{Y} = @{X}/b\n" + head + tail:                                                "unused-variable",
		abi + "${X} = true\n" + head + tail:                                                             "unused-variable",
		abi + "${X} = true\n" + head + "if $X {\n/srv/x r,\n}" + tail:                                   "",
		abi + "@{X} = /a\n" + head + "# @{X}/c r," + tail:                                               "unused-variable",
		abi + "@{X} = /usr/bin/app\nprofile app @{X} {" + tail:                                          "",
		abi + "include <tunables/global>\n@{HOMEDIRS} += /srv/home/\n" + head + tail:                    "",
		abi + "include <tunables/global>\n@{sys} += /sysroot/\n" + head + tail:                          "",
		abi + head + "priority=1 /srv/x r," + tail:                                                      "",
		"abi <abi/4.0>,\n" + head + "network (bind) inet stream port=80-90," + tail:                     "not-enforced privileged-port",
		"abi <abi/4.0>,\n" + head + "network inet stream interface=eth0 port=8080," + tail:              "not-enforced",
		abi + "profile foo /b/a {" + tail:                                                               "",
		abi + head + "userns," + tail:                                                                   "not-enforced",
		"abi <abi/4.0>,\n" + head + "userns," + tail:                                                    "",
		"abi <abi/4.0>,\n" + head + "network inet stream port=80,\ncapability net_bind_service," + tail: "not-enforced",
		"abi <abi/4.0>,\n" + head + "network inet stream port=80," + tail:                               "not-enforced privileged-port",
		"abi <abi/4.0>,\n" + head + "network inet stream peer=(port=80)," + tail:                        "not-enforced",
		"abi <abi/4.0>,\n" + head + "priority=1 /srv/x r," + tail:                                       "",
	} {
		found := lintText(t, examplesBase(), "app", text)
		if got := told(found, deadAndHabit); got != want {
			t.Errorf("%s\ngives %q, want %q", text, got, want)
			for _, d := range found {
				t.Log(d)
			}
		}
	}
}

// TestIncludes holds what counts of what an include brings.
func TestIncludes(t *testing.T) {
	library := fstest.MapFS{}
	for name, text := range map[string]string{
		"tunables/global":      "@{HOME} = /home/*/ /root/\n@{PROC} = /proc/\n@{pid} = [1-9]*\n@{LATER} = @{EARLIER}/x\n",
		"abstractions/private": "deny @{HOME}/.ssh/** mrwkl,\naudit deny @{HOME}/.gnupg/** mrwkl,\n",
		"abstractions/nested":  "include <abstractions/private>\n",
		"abstractions/web":     "capability net_bind_service,\n/srv/www/** r,\n/run/x rw,\n/srv/w r,\n@{USED}/y r,\n",
		"abstractions/pair":    "/srv/a r,\n/srv/b r,\n",
	} {
		library[name] = &fstest.MapFile{Data: []byte(text)}
	}
	l := &profile.Loader{FS: library, Base: []string{"/"}}
	for text, want := range map[string]string{
		"include <abstractions/private>\nowner @{HOME}/.ssh/known_hosts r,":    "denied-rule",
		"include <abstractions/nested>\nowner @{HOME}/.ssh/known_hosts r,":     "denied-rule",
		"include <abstractions/nested>\nowner /root/.gnupg/x rw,":              "denied-rule",
		"include <abstractions/private>\nowner @{HOME}/.ssh/{known_hosts,} r,": "partly-denied-rule",
		"include <abstractions/private>\nowner @{HOME}/{.ssh,.x}/y r,":         "partly-denied-rule",
		"include <abstractions/private>\nowner @{HOME}/** r,":                  "",
		"include <abstractions/private>\n^h {\nowner @{HOME}/.ssh/x r,\n}":     "",
		"include <abstractions/web>\nnetwork inet stream port=80,":             "",
		"network inet stream port=80,":                                         "privileged-port",
		"include <abstractions/web>\n/srv/www r,":                              "missing-slash",
		"include <abstractions/web>\n/var/run/x rw,":                           "",
		"include <abstractions/web>\n/srv/{w,v} r,\n/srv/w r,":                 "redundant-rule",
		"include <abstractions/web>\n/srv/w r,":                                "included-rule",
		"include <abstractions/nested>\ninclude <abstractions/private>":        "",
		"capability,\nnetwork inet stream port=80,":                            "",
		"network (connect) inet stream port=80,":                               "",
		"network (bind) inet stream port=80,":                                  "privileged-port",
		"include if exists <abstractions/web>\n/srv/w r,":                      "",
		"include <abstractions/pair>\ndeny /srv/* r,":                          "denied-include",
		"include <abstractions/pair>\ndeny /srv/a r,":                          "",
		"include <abstractions/pair>\nowner /srv/a r,\nowner /srv/c r,":        "included-rule",
	} {
		preamble := "abi <kernel>,\ninclude <tunables/global>\n@{EARLIER} = /srv/e\n"
		if strings.Contains(text, "web") {
			preamble += "@{USED} = /srv/u\n"
		}
		text := preamble + "profile app /usr/bin/app {\n" + text + "\ninclude if exists <local/app>\n}\n"
		found := lintText(t, l, "app", text)
		if got := told(found, deadAndHabit); got != want {
			t.Errorf("%s\ngives %q, want %q", text, got, want)
			for _, d := range found {
				t.Log(d)
			}
		}
	}
}

// TestPlantedPolicies does the same for policies.
func TestPlantedPolicies(t *testing.T) {
	for text, want := range map[string]string{
		"data = [\"/srv/x/\"]\nconfig = [\"/srv/x/a\"]":                                                   "redundant-rule",
		"config = [\"/srv/x/a\", \"/srv/x/a\"]":                                                           "redundant-rule",
		"config = [\"/srv/x/a\"]\nread = [\"/srv/x/a\"]":                                                  "redundant-rule",
		"data = [\"/srv/x/\", \"/srv/x/y/\"]":                                                             "redundant-rule",
		"config = [\"/srv/x/\"]\ndata = [\"/srv/x/a\"]":                                                   "",
		"capabilities = [\"chown\", \"chown\"]":                                                           "redundant-rule",
		"use \"dns\" {}\nconfig = [\"/etc/hosts\"]":                                                       "redundant-rule",
		"use \"dns\" {}\nuse \"nameservice\" {}":                                                          "",
		"connect \"any\" {}\nlisten \"http\" {\nport = 8080\n}":                                           "not-held",
		"connect \"any\" {}\nconnect \"api\" {\nport = 443\n}":                                            "not-held redundant-rule",
		"listen \"a\" {\nport = 8080\n}\nlisten \"b\" {\nport = 8081\n}":                                  "not-held",
		"deny {\nwrite = [\"/srv/x/\", \"/srv/x/y\"]\n}":                                                  "redundant-rule",
		"hat \"h\" {\nconfig = [\"/srv/x/\", \"/srv/x/y\"]\n}":                                            "redundant-rule",
		"raw = \"/srv/x r,\\n/srv/* r, # those\"":                                                         "no-reason redundant-rule",
		"config = [\"/srv/x/a\"]\ndeny {\nread = [\"/srv/x/\"]\n}":                                        "denied-rule",
		"data = [\"/srv/x/\"]\ndeny {\nwrite = [\"/srv/\"]\n}":                                            "partly-denied-rule partly-denied-rule",
		"data = [\"/srv/x/\"]\ndeny {\nwrite = [\"/srv/x/y/\"]\n}":                                        "",
		"capabilities = [\"chown\"]\ndeny {\ncapabilities = [\"chown\"]\n}":                               "denied-rule",
		"use \"dns\" {}\ndeny {\nread = [\"/etc/\"]\n}":                                                   "",
		"raw = \"/srv/../x r, # why\"":                                                                    "unmatchable-path",
		"raw = \"/srv//x r, # why\"":                                                                      "doubled-slash",
		"raw = \"/var/run/x rw, # why\"":                                                                  "symlinked-path",
		"raw = \"/bin/dash ix, # why\"":                                                                   "symlinked-path",
		"container \"c\" {\nraw = \"/bin/dash ix, # why\"\n}":                                             "",
		"config = [\"/ect/x\"]":                                                                           "misspelled-path",
		"config = [\"/srv/x\"]\ndata = [\"/srv/x/y\"]":                                                    "missing-slash",
		"data = [\"/var/log\"]":                                                                           "missing-slash",
		"runtime = [\"/dev/shm/x\"]":                                                                      "missing-owner",
		"runtime = [{ path = \"/dev/shm/x\", reason = \"shared with others\" }]":                          "",
		"runtime = [{ path = \"/dev/shm/x\", owner = true }]":                                             "",
		"temp = [\"/tmp/x\"]":                                                                             "",
		"listen \"http\" {\nport = 80\n}":                                                                 "not-held privileged-port",
		"listen \"dns\" {\nport = 53\nprotocol = \"udp\"\nfamily = \"inet\"\n}":                           "not-held privileged-port",
		"listen \"http\" {\nport = 80\n}\ncapabilities = [\"net_bind_service\"]":                          "not-held",
		"listen \"http\" {\nport = 8080\n}":                                                               "not-held",
		"connect \"http\" {\nport = 80\n}":                                                                "not-held",
		"container \"c\" {\nlisten \"http\" {\nport = 80\n}\n}":                                           "not-held",
		"data = [\"/var/log/x/\"]":                                                                        "readable-log",
		"data = [{ path = \"/var/log/x/\", reason = \"it shows them\" }]":                                 "",
		"logs = [\"/var/log/x/*.log\"]\nread = [\"/var/log/x/*.log\"]":                                    "readable-log",
		"logs = [\"/var/log/x/*.log\"]":                                                                   "",
		"logs = [{ path = \"/var/log/x/*.log\", rotate = true }]":                                         "",
		"read = [\"/var/log/x/*.log\"]":                                                                   "",
		"listen \"http\" {\nport = 8081\n}\nignore \"loss-port\" {\nreason = \"a firewall\"\n}":           "",
		"dbus {\naccess = [\"send\"]\nbus = \"system\"\n}":                                                "not-held",
		"userns {\nreason = \"sandboxes\"\n}":                                                             "not-held",
		"capabilities = [\"bpf\"]":                                                                        "",
		"signal {\naccess = [\"send\"]\n}":                                                                "",
		"network {\nfamily = \"inet\"\n}":                                                                 "",
		"file \"/srv/x\" {\naccess = [\"read\"]\npriority = 5\n}":                                         "not-held",
		"ptrace {\naccess = [\"read\"]\n}":                                                                "no-reason",
		"ptrace {\naccess = [\"read\"]\nreason = \"load\"\n}":                                             "",
		"run \"/usr/bin/x\" {\nas = \"unconfined\"\n}":                                                    "no-reason",
		"run \"/usr/bin/x\" {\nas = \"inherit\"\n}":                                                       "",
		"mount {\ntarget = \"/srv/x/\"\n}":                                                                "no-reason",
		"change_profile {\nto = \"x\"\n}":                                                                 "no-reason",
		"raw = \"/srv/x r,\\n/srv/y r,\"":                                                                 "no-reason",
		"raw = \"# why\\n/srv/x r,\"":                                                                     "",
		"hat \"a\" {\ndata = [\"/srv/x/\"]\n}\nhat \"b\" {\ndata = [\"/srv/x/\"]\n}":                      "equal-hats",
		"hat \"a\" {\ndata = [\"/srv/x/\"]\n}\nhat \"b\" {\ndata = [\"/srv/y/\"]\n}":                      "",
		"variable \"x\" {\ndefault = 1\n}\nservice \"a\" {\nattachment = \"none\"\n}":                     "unused-variable",
		"locals {\nx = 1\n}\nservice \"a\" {\nattachment = \"none\"\n}":                                   "unused-variable",
		"locals {\nx = \"/srv/x\"\n}\nservice \"a\" {\nattachment = \"none\"\nread = [local.x]\n}":        "",
		"module \"m\" {\nread = [\"/srv/x\"]\n}\nservice \"a\" {\nattachment = \"none\"\n}":               "unused-module",
		"module \"m\" {\nread = [\"/srv/x\"]\n}\nservice \"a\" {\nattachment = \"none\"\nuse \"m\" {}\n}": "",
	} {
		found := policyText(t, text)
		if got := told(found, deadAndHabit); got != want {
			t.Errorf("%s\ngives %q, want %q", text, got, want)
			for _, d := range found {
				if slices.Contains(deadAndHabit, d.Code) {
					t.Log(d)
				}
			}
		}
	}
}
