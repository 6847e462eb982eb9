package stdlib_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/compiler/verify"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/rule"
	"apc/stdlib"
)

// use is one way of using a module, with accesses that it must grant and that
// it must not: a path, a colon, letters.
type use struct {
	module, arguments string
	grants, refuses   []string
}

var uses = []use{
	{"container", "",
		[]string{"/etc/resolv.conf:r", "/etc/passwd:r", "/sys/fs/cgroup/memory.max:r", "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us:r", "/proc/42/status:r", "/proc/uptime:r", "/dev/pts/0:rw"},
		[]string{"/etc/shadow:r", "/etc/hosts:w", "/proc/42/mem:r", "/proc/42/environ:r", "/proc/kcore:r", "/proc/sys/kernel/core_pattern:r", "/proc/sys/kernel/hostname:w", "/run/secrets/kubernetes.io/serviceaccount/token:r", "/dev/sda:r"}},
	{"container", "terminal = false",
		[]string{"/etc/hostname:r"},
		[]string{"/dev/pts/0:rw", "/dev/console:w"}},
	{"dns", "",
		[]string{"/etc/hosts:r", "/etc/resolv.conf:r", "/run/systemd/resolve/stub-resolv.conf:r", "/run/systemd/resolve/resolv.conf:r", "/run/NetworkManager/resolv.conf:r", "/run/systemd/resolve/io.systemd.Resolve:rw"},
		[]string{"/etc/hosts:w", "/etc/resolv.conf:w", "/etc/passwd:r", "/run/systemd/resolve/io.systemd.Monitor:w"}},
	{"dns", "tcp = false",
		[]string{"/etc/nsswitch.conf:r"}, nil},
	{"go", "",
		[]string{"/proc/42/cgroup:r", "/sys/fs/cgroup/system.slice/app.service/cpu.max:r", "/sys/fs/cgroup/cpu.max:r", "/usr/share/zoneinfo/Europe/Berlin:r"},
		[]string{"/proc/42/maps:r", "/sys/fs/cgroup/system.slice/app.service/cpu.max:w", "/etc/passwd:r"}},
	{"nameservice", "",
		[]string{"/etc/passwd:r", "/etc/group:r", "/etc/services:r", "/run/systemd/userdb/:r", "/run/systemd/userdb/io.systemd.DynamicUser:rw"},
		[]string{"/etc/shadow:r", "/etc/gshadow:r", "/etc/passwd:w", "/run/nscd/socket:w", "/var/lib/sss/pipes/nss:w", "/var/lib/sss/pipes/private/pam:w"}},
	{"nameservice", "nscd = true\nsssd = true",
		[]string{"/run/nscd/socket:rw", "/var/lib/sss/pipes/nss:rw", "/var/lib/sss/mc/passwd:r"},
		[]string{"/var/lib/sss/pipes/private/pam:w", "/var/lib/sss/mc/passwd:w"}},
	{"node", "",
		[]string{"/usr/bin/node:rm", "/usr/share/nodejs/npm/package.json:r", "/etc/ssl/openssl.cnf:r", "/sys/fs/cgroup/system.slice/app.service/memory.max:r", "/proc/42/cgroup:r"},
		[]string{"/usr/bin/node:x", "/usr/share/nodejs/npm/package.json:w", "/opt/app/node_modules/x/index.js:r"}},
	{"node", "modules = [\"/opt/app/\"]\nrestart = true",
		[]string{"/opt/app/node_modules/x/build/Release/x.node:rm", "/usr/bin/node:x"},
		[]string{"/opt/app/server.js:w"}},
	{"postgres-client", "",
		[]string{"/run/postgresql/.s.PGSQL.5432:rw", "/etc/postgresql-common/pg_service.conf:r", "/etc/krb5.conf:r"},
		[]string{"/run/postgresql/.s.PGSQL.5433:rw", "/etc/postgresql/15/main/pg_hba.conf:r", "/var/lib/postgresql/15/main/PG_VERSION:r"}},
	{"postgres-client", "port = 6432\ntcp = false\npassword_files = [\"/etc/app/pgpass\"]",
		[]string{"/run/postgresql/.s.PGSQL.6432:rw", "/etc/app/pgpass:r"},
		[]string{"/run/postgresql/.s.PGSQL.5432:rw", "/etc/app/pgpass:w", "/etc/krb5.conf:r"}},
	{"postgres-client", "unix = false\nauthorities = [\"/etc/app/root.crt\"]",
		[]string{"/etc/app/root.crt:r"},
		[]string{"/run/postgresql/.s.PGSQL.5432:rw"}},
	{"python", "",
		[]string{"/usr/bin/python3.11:rm", "/usr/bin/python3.12:rm", "/usr/lib/python3.12/os.py:r", "/usr/lib/python3/dist-packages/yaml/_yaml.cpython-312-x86_64-linux-gnu.so:rm", "/etc/python3.11/sitecustomize.py:r"},
		[]string{"/usr/bin/python3.11:x", "/usr/lib/python3.11/os.py:w", "/dev/shm/sem.mp-x:w", "/usr/bin/perl:m"}},
	{"python", "venv = [\"/opt/app/venv/\"]\nrestart = true\nsemaphores = true",
		[]string{"/opt/app/venv/lib/python3.11/site-packages/x.so:rm", "/usr/bin/python3.11:x", "/dev/shm/sem.mp-x:rwl"},
		[]string{"/opt/app/venv/lib/python3.11/site-packages/x.so:w", "/dev/shm/sem.mp-x:m"}},
	{"shell", "",
		[]string{"/usr/bin/dash:rmx", "/usr/bin/bash:x", "/usr/bin/cat:x", "/dev/tty:rw"},
		[]string{"/usr/bin/curl:x", "/usr/bin/python3.11:x", "/usr/bin/cat:w", "/etc/shadow:r"}},
	{"shell", "commands = [\"mawk\"]",
		[]string{"/usr/bin/mawk:x"},
		[]string{"/usr/bin/cat:x"}},
	{"base", "", nil, nil}, // it is an include: what it grants is the distribution's
	{"syslog", "",
		[]string{"/dev/log:w", "/run/systemd/journal/dev-log:w", "/run/systemd/journal/socket:w", "/run/systemd/journal/stdout:w"},
		[]string{"/run/systemd/journal/io.systemd.journal:w", "/var/log/syslog:r"}},
	{"syslog", "journal = false",
		[]string{"/dev/log:w", "/run/systemd/journal/dev-log:w"},
		[]string{"/run/systemd/journal/socket:w"}},
	{"systemd-notify", "",
		[]string{"/run/systemd/notify:w"},
		[]string{"/run/systemd/private:w"}},
	{"tls-client", "",
		[]string{"/etc/ssl/certs/ca-certificates.crt:r", "/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt:r", "/etc/ssl/openssl.cnf:r"},
		[]string{"/etc/ssl/private/server.key:r", "/etc/ssl/certs/ca-certificates.crt:w"}},
	{"tls-client", "ports = []\nauthorities = [\"/etc/app/ca.pem\"]",
		[]string{"/etc/app/ca.pem:r"},
		[]string{"/etc/app/ca.key:r"}},
	{"tls-server", "certificates = [\"/etc/letsencrypt/archive/example.org/fullchain*.pem\"]\nkeys = [\"/etc/letsencrypt/archive/example.org/privkey*.pem\"]",
		[]string{"/etc/letsencrypt/archive/example.org/fullchain1.pem:r", "/etc/letsencrypt/archive/example.org/privkey12.pem:r"},
		[]string{"/etc/letsencrypt/archive/example.org/privkey1.pem:w", "/etc/letsencrypt/archive/example.com/privkey1.pem:r", "/etc/ssl/certs/ca-certificates.crt:r"}},
	{"tls-server", "certificates = [\"/etc/app/cert.pem\"]\nkeys = [\"/etc/app/key.pem\"]\nclient_authorities = [\"/etc/app/clients/\"]",
		[]string{"/etc/app/clients/ca.pem:r", "/etc/app/key.pem:r"},
		[]string{"/etc/app/key2.pem:r"}},
}

func TestEveryModuleIsUsed(t *testing.T) {
	for _, name := range loader(t).StandardModules() {
		if !slices.ContainsFunc(uses, func(u use) bool { return u.module == name }) {
			t.Errorf("module %q is in no row of uses", name)
		}
	}
}

func TestEveryModuleIsDescribed(t *testing.T) {
	l := loader(t)
	for _, name := range l.StandardModules() {
		info := l.Describe(name)
		if info.Description == "" || strings.Contains(info.Description, "\n") || !strings.HasSuffix(info.Description, ".") {
			t.Errorf("the description of module %q is no sentence on one line: %q", name, info.Description)
		}
		for _, v := range info.Variables {
			if v.Description == "" || strings.Contains(v.Type, "any") || v.Type == "dynamic" {
				t.Errorf("variable %q of module %q has type %q and description %q", v.Name, name, v.Type, v.Description)
			}
		}
	}
}

// TestModules compiles a service with each use for each target: with no
// finding of lint, no include beyond base, and a reason for every rule; and
// the real parser takes what comes out.
func TestModules(t *testing.T) {
	l := loader(t)
	for _, target := range feature.Targets() {
		var inputs []verify.Input
		for i, u := range uses {
			out := compile(t, l, u, target)
			checkRules(t, u, out)
			inputs = append(inputs, verify.Input{Name: fmt.Sprintf("%s-%d", u.module, i), Text: []byte(out.File.Text)})
		}
		t.Run(target.Name, func(t *testing.T) { verifyAll(t, target, inputs) })
	}
}

func TestWhatModulesGrant(t *testing.T) {
	l := loader(t)
	for _, u := range uses {
		out := compile(t, l, u, feature.Targets()[0])
		for _, access := range u.grants {
			if a := ask(t, out.Module, access); !a.Allowed {
				t.Errorf("%s does not grant %s", u, access)
			}
		}
		for _, access := range u.refuses {
			if a := ask(t, out.Module, access); a.Allowed {
				t.Errorf("%s grants %s: %s", u, access, a.Allow[0].Rule)
			}
		}
	}
}

func (u use) String() string {
	return fmt.Sprintf("use %q { %s }", u.module, strings.ReplaceAll(u.arguments, "\n", "; "))
}

func loader(t *testing.T) *policy.Loader {
	t.Helper()
	l, diags := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return l
}

// compile compiles a service that has the use and no base, so that every rule
// is the module's.
func compile(t *testing.T, l *policy.Loader, u use, target *feature.Target) *compiler.Output {
	t.Helper()
	text := fmt.Sprintf("service %q {\n  attachment = \"none\"\n  base = false\n  use %q {\n%s\n  }\n}\n", "app", u.module, u.arguments)
	if u.module == "container" {
		text = strings.Replace(text, "service", "container", 1)
	}
	p, diags := l.Text("service.hcl", text)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", u, diags)
	}
	out := compiler.Compile(p, p.Services[0], target, compiler.Options{})
	if out.Diags.HasErrors() {
		t.Fatalf("%s for %s: %v", u, target.Name, out.Diags)
	}
	return out
}

func checkRules(t *testing.T, u use, out *compiler.Output) {
	t.Helper()
	for _, d := range lint.Module(lint.Subject{Module: out.Module}, lint.NewRun(nil, nil), lint.Options{}).Findings {
		t.Errorf("%s for %s: %s: %s", u, out.Target.Name, d.Code, d.Detail)
	}
	for _, r := range out.Module.Profile.Rules {
		for _, o := range r.Origins {
			if o.Intent == lower.Always {
				continue
			}
			if r.Kind() == rule.KindInclude && u.module != "base" {
				t.Errorf("%s for %s includes %s", u, out.Target.Name, r.Rule)
			}
			if o.Reason == "" {
				t.Errorf("%s for %s: no reason for %s", u, out.Target.Name, r.Rule)
			}
		}
	}
}

func verifyAll(t *testing.T, target *feature.Target, inputs []verify.Input) {
	found, err := verify.Find(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if more := filepath.SplitList(os.Getenv("APC_PARSERS")); len(more) > 0 {
		listed, err := verify.Find(t.Context(), more)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, listed...)
	}
	parser, err := verify.Choose(found, target)
	var missing *verify.NotVerifiedError
	if errors.As(err, &missing) {
		t.Skip("SKIPPED:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	results, err := verify.RunAll(t.Context(), parser, target, inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if !r.Accepted {
			t.Errorf("%s is refused: %s\n%s", r.Name, r.Stderr, inputs[i].Text)
		}
	}
}

// ask asks for an access such as "/etc/hosts:r", with values for the variables
// that modules refer to.
func ask(t *testing.T, m *ir.Module, access string) grants.Answer {
	t.Helper()
	path, letters, _ := strings.Cut(access, ":")
	want, ok := grants.ParseAccess(letters)
	if !ok {
		t.Fatalf("bad access %q", access)
	}
	asked := *m
	asked.Values = map[string][]string{"PROC": {"/proc/"}, "sys": {"/sys/"}, "pid": {"[1-9]", "[1-9][0-9]"}}
	a := grants.Ask(&asked, m.Profile, path, want)
	if len(a.Unknown) > 0 {
		t.Fatalf("%s: %v", access, a.Unknown)
	}
	return a
}
