package lint_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/lang/policy"
	"apc/lang/profile"
)

// library holds what the texts of the tests include.
var library = fstest.MapFS{
	"tunables/global": {Data: []byte("@{HOMEDIRS}=/home/\n@{HOME}=@{HOMEDIRS}/*/ /root/\n@{PROC}=/proc/\n@{run}=/run/ /var/run/\n@{sys}=/sys/\n" +
		"@{pid}={[1-9],[1-9][0-9],[1-9][0-9][0-9]*}\n@{etc_rw}=/etc/\n")},
	"abstractions/base": {Data: []byte("  /dev/log w,\n  /dev/null rw,\n  /etc/ld.so.cache mr,\n  /etc/ld.so.preload r,\n  /{usr/,}lib{,32,64}/** r,\n  /{usr/,}lib{,32,64}/**.so* mr,\n" +
		"  @{PROC}/@{pid}/{maps,status} r,\n  ptrace (readby),\n  ptrace (tracedby),\n  ptrace (read) peer=@{profile_name},\n  signal (receive) peer=unconfined,\n" +
		"  signal peer=@{profile_name},\n  unix (create),\n  unix peer=(label=@{profile_name}),\n  unix (receive) peer=(label=unconfined),\n  owner @{HOME}/.Private/** mrixwlk,\n")},
	"abstractions/user-tmp":             {Data: []byte("  owner /tmp/** rwkl,\n  /tmp/ rw,\n  owner /var/tmp/** rwkl,\n")},
	"abstractions/user-download":        {Data: []byte("  owner @{HOME}/[^.]* rwl,\n  owner @{HOME}/Downloads/** rwl,\n")},
	"abstractions/ssl_keys":             {Data: []byte("  /etc/ssl/ r,\n  /etc/ssl/** r,\n")},
	"abstractions/authentication":       {Data: []byte("  /etc/shadow r,\n  /etc/pam.d/* r,\n")},
	"abstractions/nameservice":          {Data: []byte("  /etc/hosts r,\n  /etc/passwd r,\n  network inet stream,\n  network inet6 dgram,\n")},
	"abstractions/dbus":                 {Data: []byte("  dbus bus=system,\n")},
	"abstractions/dbus-strict":          {Data: []byte("  dbus send bus=system path=/org/freedesktop/DBus peer=(name=org.freedesktop.DBus),\n")},
	"abstractions/private-files-strict": {Data: []byte("  audit deny @{HOME}/.{ssh,aws,gnupg,kube,docker,azure,password-store,oci,terraform.d,vault-token}{,/**} mrwkl,\n")},
	"abstractions/browser":              {Data: []byte("  /usr/bin/browser PUx,\n")},
	"abstractions/helped":               {Data: []byte("  /usr/bin/browser Cx -> helper,\n  /usr/bin/other Cx -> helper,\n")},
	"abstractions/deep":                 {Data: []byte("  include <abstractions/user-tmp>\n")},
	"abstractions/helper":               {Data: []byte("  profile helper {\n    include <abstractions/base>\n    /** rwkl,\n  }\n")},
	"abstractions/plugins":              {Data: []byte("  /opt/app/plugins/** rw,\n")},
}

// planted is a body of a profile, and the findings in it of the groups breadth
// and escape: each as its line in the body, ":" and the rule.
type planted struct{ body, want string }

// run lints the body of a profile that includes base.
func (p planted) run(t *testing.T) string {
	t.Helper()
	return textFindings(t, "include <tunables/global>\n@{APP}=/opt/app\n@{BOTH}=/srv/app /etc\n@{NAME}=child\nprofile app /opt/app/bin/app { include <abstractions/base>\n"+p.body+"\n}\n"+
		"profile worker /opt/worker { include <abstractions/base>\n}\n", 5)
}

// textFindings lints a text; lines are counted from the one after skip.
func textFindings(t *testing.T, text string, skip int) string {
	t.Helper()
	loader := &profile.Loader{FS: library, Base: []string{"/"}}
	p, diags, err := loader.LoadText(t.Context(), "app", text)
	diags = append(diags, profile.Check(p)...)
	if err != nil || diags.HasErrors() {
		t.Fatalf("%s\n%v %v", text, err, diags)
	}
	modules, diags := lower.Text(p, "/")
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", text, diags)
	}
	var known []lint.Known
	for _, m := range modules {
		known = append(known, lint.Profiles(m)...)
	}
	run := lint.NewRun(known, func() []lint.Known { return nil })
	var out []string
	for _, m := range modules {
		holdWitnesses(t, m, run)
		for _, d := range lint.Module(lint.Subject{Module: m, Text: p}, run, lint.Options{}).Findings {
			if mine(d.Code) {
				out = append(out, fmt.Sprintf("%d:%s", d.Subject.Start.Line-skip, d.Code))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// mine says whether a rule is of the groups that these tests are about.
func mine(code string) bool {
	r := lint.Find(code)
	return r.Group == lint.Breadth || r.Group == lint.Escape
}

func test(t *testing.T, cases []planted) {
	t.Helper()
	for _, c := range cases {
		if got := c.run(t); got != c.want {
			t.Errorf("%s\ngives %q\n want %q", c.body, got, c.want)
		}
	}
}

// policyFindings lints the body of a service.
func policyFindings(t *testing.T, body string) string {
	t.Helper()
	loader, _ := policy.NewLoader(policy.Options{})
	p, diags := loader.Text("service.hcl", "service \"app\" {\nattachment = \"none\"\n"+body+"\n}\n")
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", body, diags)
	}
	m, diags := lower.Service(p, p.Services[0])
	if diags.HasErrors() {
		t.Fatalf("%s\n%v", body, diags)
	}
	var out []string
	for _, d := range lint.Module(lint.Subject{Module: m, Policy: p, Service: p.Services[0]}, lint.NewRun(lint.Profiles(m), nil), lint.Options{}).Findings {
		if mine(d.Code) {
			out = append(out, fmt.Sprintf("%d:%s", d.Subject.Start.Line-2, d.Code))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

var witness = regexp.MustCompile("(matches|write) (/[^ ]*) [(]")

// holdWitnesses asks for the paths that findings tell, in the one other way that
// there is: rule by rule.
func holdWitnesses(t *testing.T, m *ir.Module, run *lint.Run) {
	t.Helper()
	for _, d := range lint.Module(lint.Subject{Module: m}, run, lint.Options{}).Findings {
		found := witness.FindStringSubmatch(d.Detail)
		if found == nil || d.Code != "sensitive-path" && d.Code != "write-loaded" {
			continue
		}
		allowed := false
		for _, p := range m.Profiles() {
			for _, letter := range []string{"r", "w", "a", "l"} {
				access, _ := grants.ParseAccess(letter)
				if letter != "r" || d.Code == "sensitive-path" {
					allowed = allowed || grants.Ask(m, p, found[2], access).Allowed
				}
			}
		}
		if !allowed {
			t.Errorf("no profile grants %s, of which this speaks: %s", found[2], d.Detail)
		}
	}
}
