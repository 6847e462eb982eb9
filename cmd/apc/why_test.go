package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"apc/compiler/propose"
	"apc/compiler/verify"
	"apc/lang/audit"
	"apc/lang/compiled"
	"apc/lang/diag"
	"apc/lang/feature"
)

// remedyCase is a denial whose remedies are built and loaded into the reader
// of compiled policies.
type remedyCase struct {
	name    string
	policy  string // the body of the service "app", or a whole policy
	record  string // fields; of the profile app, where they do not say another
	target  string // debian-12 by default
	verdict propose.Verdict
	// allowed asks the compiled policy for the access. It must not be allowed
	// before, but where the verdict says that more than rules decides.
	allowed func(p *compiled.Policy) bool
	edited  int    // how many remedies have edits, at least
	byHand  string // what a remedy or a sentence must say where there is no edit
}

// remedyBase is the base directory of the cases.
var remedyBase = map[string]string{
	"tunables/global":      "@{PROC}=/proc/\n@{pid}=[0-9]*\n@{tid}=[0-9]*\n",
	"abstractions/base":    "/usr/share/zoneinfo/** r,\n",
	"abstractions/private": "audit deny /etc/app/private r,\nowner /srv/own/** r,\naudit deny signal (send) peer=secret,\n",
}

func pathAllows(profile, path string, who compiled.Subject, want compiled.Perms) func(*compiled.Policy) bool {
	return func(p *compiled.Policy) bool {
		found := p.Profile(profile)
		return found != nil && found.Path(path, who).Has(want)
	}
}

func othersMay(name string, want compiled.Perms) func(*compiled.Policy) bool {
	return pathAllows("app", name, compiled.Others, want)
}

func mayUse(name string) func(*compiled.Policy) bool {
	return func(p *compiled.Policy) bool {
		a, ok := p.Profile("app").HasCapability(name)
		return ok && a.Has(compiled.MayUse)
	}
}

func maySignal(signal, peer string, want compiled.Perms) func(*compiled.Policy) bool {
	return func(p *compiled.Policy) bool {
		a, ok := p.Profile("app").Signal(signal, peer)
		return ok && a.Has(want)
	}
}

func openRecord(name, mask string) string {
	return `operation="open" name="` + name + `" pid=7 comm="app" requested_mask="` + mask + `" denied_mask="` + mask + `" fsuid=33 ouid=0`
}

func execRecord(name string) string {
	return `operation="exec" name="` + name + `" pid=7 comm="app" requested_mask="x" denied_mask="x" fsuid=33 ouid=0`
}

const (
	disconnected = `info="Failed name lookup - disconnected path" error=-13 `
	oneDeny      = "deny {\n  read   = [\"/etc/app/secret\"]\n  reason = \"not its business\"\n}\n"
)

var remedyCases = []remedyCase{
	{name: "a file", record: openRecord("/etc/other.conf", "r"), verdict: propose.Missing, allowed: othersMay("/etc/other.conf", compiled.MayRead), edited: 2},
	{name: "a file, into a list", policy: "config = [\n  \"/etc/x\", # one\n]\n", record: openRecord("/etc/other.conf", "r"), verdict: propose.Missing, allowed: othersMay("/etc/other.conf", compiled.MayRead), edited: 2},
	{name: "a file, into a computed list", policy: "config = [for f in [\"x\"] : \"/etc/${f}\"]\n", record: openRecord("/etc/other.conf", "r"), verdict: propose.Missing, allowed: othersMay("/etc/other.conf", compiled.MayRead), edited: 1},
	{name: "a file, on one line", policy: `service "app" { attachment = "none" }`, record: openRecord("/etc/other.conf", "r"), verdict: propose.Missing, allowed: othersMay("/etc/other.conf", compiled.MayRead), edited: 2},
	{name: "a process's file", record: openRecord("/proc/123/task/9/stat", "r"), verdict: propose.Missing, allowed: othersMay("/proc/123/task/9/stat", compiled.MayRead), edited: 1},
	{name: "a renamed file", record: `operation="rename_src" name=2F7372762F6F6C64202864656C6574656429 pid=7 comm="app" requested_mask="rd" denied_mask="rd" fsuid=33 ouid=33`, verdict: propose.Missing, allowed: pathAllows("app", "/srv/old", compiled.Owner, compiled.MayRead|compiled.MayWrite), edited: 2},
	{name: "a directory", record: openRecord("/srv/pages/", "r"), verdict: propose.Missing, allowed: othersMay("/srv/pages/", compiled.MayRead), edited: 2},
	{name: "a file of many names", record: `operation="open" name=2F7372762F0A7D1B5B322A22 pid=7 comm="app" requested_mask="r" denied_mask="r" fsuid=33 ouid=0`, verdict: propose.Missing, allowed: othersMay("/srv/\n}\x1b[2*\"", compiled.MayRead), edited: 2},

	{name: "an exec", record: execRecord("/usr/bin/date"), verdict: propose.Missing, allowed: othersMay("/usr/bin/date", compiled.MayExec), edited: 3},
	{name: "an exec beside a child of that name", policy: "run \"/usr/bin/convert\" {\n  as = \"child\"\n}\n", record: execRecord("/opt/bin/convert"), verdict: propose.Missing, allowed: othersMay("/opt/bin/convert", compiled.MayExec), edited: 3},
	{name: "an exec below a pattern with another transition", policy: "run \"/usr/lib/app/*\" {\n  as = \"profile\"\n}\n", record: `info="profile transition not found" error=-13 ` + execRecord("/usr/lib/app/tool"), verdict: propose.Transition, edited: 1},
	{name: "an exec under no_new_privs", policy: "run \"/usr/bin/tool\" {\n  as = \"profile\"\n}\n", record: `info="no new privs" error=-1 ` + execRecord("/usr/bin/tool"), verdict: propose.Transition, edited: 1},
	{name: "an exec that is denied and granted", policy: "run \"/usr/bin/tool\" {\n  as = \"inherit\"\n}\ndeny {\n  execute = [\"/usr/bin/\"]\n}\n", record: execRecord("/usr/bin/tool"), verdict: propose.Denied, allowed: othersMay("/usr/bin/tool", compiled.MayExec), edited: 1},
	{name: "an exec that is denied and not granted", policy: "deny {\n  execute = [\"/usr/bin/tool\"]\n}\n", record: execRecord("/usr/bin/tool"), verdict: propose.Denied, allowed: othersMay("/usr/bin/tool", compiled.MayExec), edited: 3},

	{name: "owner alone", policy: "temp = [\"/tmp/app-*\"]\n", record: openRecord("/tmp/app-1", "r"), verdict: propose.OwnerOnly, allowed: othersMay("/tmp/app-1", compiled.MayRead), edited: 1},
	{name: "owner alone, by two rules", policy: "file \"/tmp/x\" {\n  access = [\"read\"]\n  owner  = true\n}\nfile \"/tmp/*\" {\n  access = [\"write\"]\n  owner  = true\n}\n", record: openRecord("/tmp/x", "rw"), verdict: propose.OwnerOnly, allowed: othersMay("/tmp/x", compiled.MayRead|compiled.MayWrite), edited: 1},
	{name: "owner alone, through a module", policy: "module \"m\" {\n  temp = [\"/tmp/app-*\"]\n}\nservice \"app\" {\n  attachment = \"none\"\n  use \"m\" {}\n}\n", record: openRecord("/tmp/app-1", "r"), verdict: propose.OwnerOnly, allowed: othersMay("/tmp/app-1", compiled.MayRead), edited: 1},
	{name: "owner alone, by an include", policy: "include = [\"private\"]\n", record: openRecord("/srv/own/x", "r"), verdict: propose.OwnerOnly, allowed: othersMay("/srv/own/x", compiled.MayRead), edited: 1},

	{name: "a deny", policy: "config = [\"/etc/app/\"]\n" + oneDeny, record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 1},
	{name: "a deny and no allow", policy: oneDeny, record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 2},
	{name: "one entry of a deny", policy: "config = [\"/etc/app/\"]\ndeny {\n  read = [\n    \"/etc/app/a\",\n    \"/etc/app/secret\",\n    \"/etc/app/z\",\n  ]\n}\n", record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 1},
	{name: "several denies at once", policy: "data = [\"/srv/app/\"]\ndeny {\n  read  = [\"/srv/app/k\", \"/srv/app/secret\"]\n  write = [\"/srv/app/secret\", \"/srv/app/*.secret\", \"/srv/app/sec*\"]\n}\ndeny {\n  read   = [\"/srv/app/secret\"]\n  reason = \"again\"\n}\n", record: openRecord("/srv/app/secret", "rw"), verdict: propose.Denied, allowed: othersMay("/srv/app/secret", compiled.MayRead|compiled.MayWrite), edited: 1},
	{name: "one of two denies of a path", policy: "data = [\"/srv/app/\"]\ndeny {\n  read  = [\"/srv/app/secret\"]\n  write = [\"/srv/app/secret\"]\n}\n", record: openRecord("/srv/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/srv/app/secret", compiled.MayRead), edited: 1},
	{name: "a deny of a directory", policy: "config = [\"/etc/app/\"]\ndeny {\n  read = [\"/etc/app/keys/\"]\n}\n", record: openRecord("/etc/app/keys/a", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/keys/a", compiled.MayRead), edited: 1},
	{name: "a deny of a module", policy: "module \"m\" {\n  deny {\n    read = [\"/etc/app/secret\"]\n  }\n}\nservice \"app\" {\n  attachment = \"none\"\n  config = [\"/etc/app/\"]\n  use \"m\" {}\n}\nservice \"other\" {\n  attachment = \"none\"\n  use \"m\" {}\n}\n", record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 1},
	{name: "a deny of the body and of a module", policy: "module \"m\" {\n  deny {\n    read = [\"/etc/app/secret\", \"/etc/app/b\"]\n  }\n}\nservice \"app\" {\n  attachment = \"none\"\n  config = [\"/etc/app/\"]\n  use \"m\" {}\n  deny {\n    read = [\"/etc/app/s*\"]\n  }\n}\n", record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 1},
	{name: "a deny in raw text", policy: "config = [\"/etc/app/\"]\nraw = <<-EOT\n  deny /etc/app/a r,\n  audit deny /etc/app/secret r, # why\n  deny /etc/app/z r,\nEOT\n", record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 1},
	{name: "a deny in raw text on a shared line", policy: "config = [\"/etc/app/\"]\nraw = \"deny /etc/app/a r, audit deny /etc/app/secret r,\"\n", record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, byHand: "the rule shares its line of raw text"},
	{name: "a deny that is computed", policy: "config = [\"/etc/app/\"]\ndeny {\n  read = [for f in [\"secret\", \"b\"] : \"/etc/app/${f}\"]\n}\n", record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, byHand: "the list is computed"},
	{name: "a deny of an include", policy: "config = [\"/etc/app/\"]\ninclude = [\"private\"]\n", record: openRecord("/etc/app/private", "r"), verdict: propose.Denied, byHand: "no edit below the include can allow it"},
	{name: "a deny of an include, overruled", target: "debian-13", policy: "config = [\"/etc/app/\"]\ninclude = [\"private\"]\n", record: openRecord("/etc/app/private", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/private", compiled.MayRead), edited: 1},
	{name: "a deny, overruled or taken out", target: "debian-13", policy: "config = [\"/etc/app/\"]\n" + oneDeny, record: openRecord("/etc/app/secret", "r"), verdict: propose.Denied, allowed: othersMay("/etc/app/secret", compiled.MayRead), edited: 2},

	{name: "a child", policy: "run \"/usr/bin/convert\" {\n  as = \"child\"\n}\n", record: `profile="app//convert" ` + openRecord("/srv/in.png", "r"), verdict: propose.Missing, allowed: pathAllows("app//convert", "/srv/in.png", compiled.Others, compiled.MayRead), edited: 2},
	{name: "a hat", policy: "hat \"admin\" {\n  config = [\"/etc/admin\"]\n}\n", record: `profile="app//admin" ` + openRecord("/etc/admin2", "r"), verdict: propose.Missing, allowed: pathAllows("app//admin", "/etc/admin2", compiled.Others, compiled.MayRead), edited: 2},
	{name: "a hat that is missing", record: `operation="change_hat" target="app//guest" pid=7 comm="app"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool { return p.Profile("app//guest") != nil }, edited: 1},
	{name: "a child's module", policy: "module \"m\" {\n  read = [\"/srv/a\"]\n}\nservice \"app\" {\n  attachment = \"none\"\n  hat \"h\" {\n    use \"m\" {}\n  }\n}\n", record: `profile="app//h" ` + openRecord("/srv/b", "r"), verdict: propose.Missing, allowed: pathAllows("app//h", "/srv/b", compiled.Others, compiled.MayRead), edited: 2},

	{name: "a disconnected path", policy: "config = [\"/etc/app/\"]\n", record: disconnected + openRecord("etc/app/x", "r"), verdict: propose.NeedsFlag, allowed: disconnectedAllowed("/etc/app/x", compiled.MayRead), edited: 1},
	{name: "a disconnected path without a rule", record: disconnected + openRecord("etc/app/x", "r"), verdict: propose.NeedsFlag, allowed: disconnectedAllowed("/etc/app/x", compiled.MayRead), edited: 2},
	{name: "a disconnected path without a rule, on one line", policy: `service "app" { attachment = "none" }`, record: disconnected + openRecord("etc/app/x", "r"), verdict: propose.NeedsFlag, allowed: disconnectedAllowed("/etc/app/x", compiled.MayRead), edited: 2},
	{name: "a disconnected path that is denied", policy: "config = [\"/etc/app/\"]\nflags = [\"mediate_deleted\"]\n" + oneDeny, record: disconnected + openRecord("etc/app/secret", "r"), verdict: propose.NeedsFlag, allowed: disconnectedAllowed("/etc/app/secret", compiled.MayRead), edited: 1},
	{name: "a disconnected path of a child", policy: "run \"/usr/bin/convert\" {\n  as = \"child\"\n}\n", record: `profile="app//convert" ` + disconnected + openRecord("srv/x", "r"), verdict: propose.NeedsFlag, allowed: pathAllows("app//convert", "/srv/x", compiled.Others, compiled.MayRead), edited: 2},
	{name: "a deleted entry", policy: "config = [\"/etc/app/\"]\n", record: `info="Failed name lookup - deleted entry" error=-2 ` + openRecord("/etc/app/x", "r"), verdict: propose.NeedsFlag, edited: 1},

	{name: "a capability", record: `operation="capable" pid=7 comm="app" capability=12 capname="net_admin"`, verdict: propose.Missing, allowed: mayUse("net_admin"), edited: 1},
	{name: "a capability that is denied", policy: "capabilities = [\"net_admin\"]\ndeny {\n  capabilities = [\"net_admin\"]\n}\n", record: `operation="capable" pid=7 comm="app" capability=12 capname="net_admin"`, verdict: propose.Denied, allowed: mayUse("net_admin"), edited: 1},
	{name: "capabilities that are computed", policy: "capabilities = concat([\"setuid\"], [])\n", record: `operation="capable" pid=7 comm="app" capability=12 capname="net_admin"`, verdict: propose.Missing, byHand: "the list is computed"},
	{name: "a signal's peer", record: `operation="signal" pid=7 comm="app" requested_mask="send" denied_mask="send" signal=term peer="other//{*"`, verdict: propose.Missing, allowed: maySignal("term", "other//{*", compiled.MaySend), edited: 1},
	{name: "a signal that is denied", policy: "signal {\n  access = [\"receive\"]\n}\ndeny {\n  signal {\n    access = [\"receive\"]\n    peer   = \"friend\"\n  }\n  read = [\"/etc/x\"]\n}\n", record: `operation="signal" pid=7 comm="app" requested_mask="receive" denied_mask="receive" signal=hup peer="friend"`, verdict: propose.Denied, allowed: maySignal("hup", "friend", compiled.MayReceive), edited: 1},
	{name: "a signal that an include denies", policy: "include = [\"private\"]\n", record: `operation="signal" pid=7 comm="app" requested_mask="send" denied_mask="send" signal=hup peer="secret"`, verdict: propose.Denied, byHand: "no edit below the include can allow it"},
	{name: "a signal that an include denies, overruled", target: "debian-13", policy: "include = [\"private\"]\n", record: `operation="signal" pid=7 comm="app" requested_mask="send" denied_mask="send" signal=hup peer="secret"`, verdict: propose.Denied, allowed: maySignal("hup", "secret", compiled.MaySend), edited: 1},
	{name: "a ptrace", record: `operation="ptrace" pid=7 comm="app" requested_mask="read" denied_mask="read" peer="other"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool { return p.Profile("app").Ptrace("other").Has(compiled.MayRead) }, edited: 1},
	{name: "a socket", record: `operation="create" pid=7 comm="app" family="inet" sock_type="stream" protocol=6 requested_mask="create" denied_mask="create"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool {
		a, ok := p.Profile("app").Network("inet", "stream")
		return ok && a.Has(compiled.MayCreate)
	}, edited: 1},
	{name: "a mount", record: `operation="mount" name="/srv/m/" pid=7 comm="app" fstype="tmpfs" srcname="tmpfs" flags="rw, nosuid"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool {
		a, ok := p.Profile("app").Mount(compiled.MountCall{Source: "tmpfs", Target: "/srv/m/", FSType: "tmpfs", Options: []string{"rw", "nosuid"}})
		return ok && a.Has(compiled.MayMount)
	}, edited: 1},
	{name: "an unmount", record: `operation="umount" name="/srv/m/" pid=7 comm="app"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool { return p.Profile("app").Umount("/srv/m/").Has(compiled.MayUmount) }, edited: 1},
	{name: "a pivot_root", record: `operation="pivotroot" name="/srv/m/" pid=7 comm="app" srcname="/srv/m/old/"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool {
		return p.Profile("app").PivotRoot("/srv/m/", "/srv/m/old/").Has(compiled.MayPivotRoot)
	}, edited: 1},
	{name: "a change of profile", record: `operation="change_profile" name="worker" target="worker" pid=7 comm="app"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool {
		return p.Profile("app").ChangeProfile("worker").Has(compiled.MayChangeProfile)
	}, edited: 1},
	{name: "a limit", policy: "rlimit \"nofile\" {\n  value = 1024\n}\n", record: `operation="setrlimit" pid=7 comm="app" rlimit=nofile value=4096`, verdict: propose.Denied, edited: 1},
	{name: "a message", target: "apparmor-5.0", record: `operation="dbus_method_call" pid=7 bus="system" path="/org/x" interface="org.x" member="Get" mask="send" name="org.x" peer_label="unconfined"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool {
		return p.Profile("app").Message(compiled.Message{Bus: "system", PeerName: "org.x", PeerLabel: "unconfined", Path: "/org/x", Interface: "org.x", Member: "Get"}).Has(compiled.MaySend)
	}, edited: 2},
	{name: "a message that no kernel of the target mediates", record: `operation="dbus_method_call" pid=7 bus="system" path="/org/x" interface="org.x" member="Get" mask="send" name="org.x" peer_label="unconfined"`, verdict: propose.Missing, edited: 1},
	{name: "a user namespace", target: "apparmor-5.0", record: `operation="userns_create" class="namespace" pid=7 comm="app" requested="userns_create" denied="userns_create"`, verdict: propose.Missing, allowed: func(p *compiled.Policy) bool {
		return p.Profile("app").UserNamespace().Has(compiled.MayCreateNamespace)
	}, edited: 1},
	{name: "JSON", policy: `{"service": {"app": {"attachment": "none"}}}`, record: disconnected + openRecord("etc/app/x", "r"), verdict: propose.NeedsFlag, byHand: "policies in JSON and YAML are not edited"},
}

func disconnectedAllowed(name string, want compiled.Perms) func(*compiled.Policy) bool {
	return func(p *compiled.Policy) bool {
		return p.Profile("app").PathFlags&compiled.AttachDisconnected != 0 && othersMay(name, want)(p)
	}
}

// TestRemedies builds the policy with each remedy's edits and has the real
// parser compile it. The denial must then be allowed by the compiled policy,
// and the rules of the profiles must have changed as the remedy says and in
// nothing else.
func TestRemedies(t *testing.T) {
	base := t.TempDir()
	for name, text := range remedyBase {
		writeFile(t, filepath.Join(base, name), text)
	}
	for _, c := range append(slices.Clone(remedyCases), linkedCase(t)) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "service.hcl")
			switch {
			case strings.HasPrefix(c.policy, "{"):
				file = filepath.Join(dir, "app.apc.json")
			case !strings.Contains(c.policy, "service \""):
				c.policy = "service \"app\" {\n  attachment = \"none\"\n" + c.policy + "}\n"
			}
			writeFile(t, file, c.policy)
			c.target = cmp.Or(c.target, "debian-12")
			r := c.ask(t, dir, base)
			if r.Verdict != c.verdict {
				t.Fatalf("%s, want %s", r.Verdict, c.verdict)
			}
			before := built(t, dir, base, c.target)
			c.compare(t, before.policy, false)
			edited := 0
			for _, m := range r.Remedies {
				if len(m.Edits) > 0 {
					edited++
					c.apply(t, m, file, base, before)
				}
			}
			if edited < c.edited {
				t.Errorf("%d remedies with edits of %d", edited, c.edited)
			}
			if text, _ := json.Marshal(r); c.byHand != "" && (edited > 0 || !strings.Contains(string(text), c.byHand)) {
				t.Errorf("%d edits, and not said: %s\n%s", edited, c.byHand, text)
			}
		})
	}
}

// linkedCase is a file below a symbolic link of this machine.
func linkedCase(t *testing.T) remedyCase {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "real", "x"), "")
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	return remedyCase{
		name: "a file below a link", policy: "config = [\"" + dir + "/link/\"]\n", record: openRecord(dir+"/real/x", "r"),
		verdict: propose.Missing, allowed: othersMay(dir+"/real/x", compiled.MayRead), edited: 1,
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ask runs apc why --format json.
func (c remedyCase) ask(t *testing.T, dir, base string) *reply {
	record := c.record
	if !strings.Contains(record, `profile="`) {
		record = `profile="app" ` + record
	}
	out, code := runApp(t, "why", "--format", "json", "--target", c.target, "--base", base, `audit: type=1400 audit(1700000000.100:1): apparmor="DENIED" `+record, dir)
	var replies struct{ Replies []*reply }
	if err := json.Unmarshal(out, &replies); err != nil || len(replies.Replies) != 1 || code != exitFindings {
		t.Fatalf("%v, code %d\n%s", err, code, out)
	}
	return replies.Replies[0]
}

// runApp runs apc in this process.
func runApp(t *testing.T, args ...string) (stdout []byte, code int) {
	t.Helper()
	var out, problems bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &problems, today: "2024-01-01"}
	code = a.run(args)
	if code > exitFindings {
		t.Fatalf("apc %s: code %d\n%s", strings.Join(args, " "), code, problems.Bytes())
	}
	return out.Bytes(), code
}

// builtPolicy is what a policy was built to.
type builtPolicy struct {
	rules  map[string][]string // by profile
	policy *compiled.Policy    // nil where there is no parser for the target
}

// built builds a policy and compiles what comes out.
func built(t *testing.T, dir, base, target string) builtPolicy {
	t.Helper()
	out := t.TempDir()
	runApp(t, "build", "--optimize", "none", "--target", target, "--base", base, "-o", out, "--no-verify", dir)
	b := builtPolicy{rules: map[string][]string{}}
	files, _ := filepath.Glob(filepath.Join(out, "*"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		profileRules(string(text), b.rules)
		if filepath.Base(f) == "app" {
			b.policy = realCompile(t, text, base, target)
		}
	}
	return b
}

// profileRules collects the rules of profile text as apc writes it: one on a
// line.
func profileRules(text string, rules map[string][]string) {
	var stack []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		words := strings.Fields(line)
		switch {
		case strings.HasSuffix(line, "{"):
			name, hat := strings.CutPrefix(words[0], "^")
			if !hat {
				name = words[1]
			}
			if len(stack) > 0 {
				name = stack[0] + "//" + name
			}
			stack = append(stack, name)
			if i := strings.Index(line, "flags=("); i >= 0 {
				flags, _, _ := strings.Cut(line[i+len("flags=("):], ")")
				for _, f := range strings.Split(flags, ",") {
					rules[name] = append(rules[name], "flags=("+strings.TrimSpace(f)+")")
				}
			}
		case line == "}":
			stack = stack[:len(stack)-1]
		case len(stack) > 0 && line != "" && !strings.HasPrefix(line, "#"):
			name := stack[len(stack)-1]
			rules[name] = append(rules[name], line)
		}
	}
}

// realCompile compiles profile text by the parser of a target, or returns nil
// and says so.
func realCompile(t *testing.T, text []byte, base, name string) *compiled.Policy {
	t.Helper()
	target, err := feature.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	found, err := verify.Find(t.Context(), filepath.SplitList(os.Getenv("APC_PARSERS")))
	if err != nil {
		t.Fatal(err)
	}
	parser, err := verify.Choose(found, target)
	if err != nil {
		t.Logf("not compiled: %v", err)
		return nil
	}
	r, err := verify.Run(t.Context(), parser, target, verify.Input{Name: "app", Text: text, Base: base, Keep: true})
	if err != nil || !r.Accepted {
		t.Fatalf("%v\n%s\n%s", err, r.Stderr, text)
	}
	p, err := compiled.Read(r.Policy)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// compare holds what the compiled policy says to the access.
func (c remedyCase) compare(t *testing.T, p *compiled.Policy, want bool) {
	t.Helper()
	if p != nil && c.allowed != nil && c.allowed(p) != want {
		t.Errorf("the compiled policy allows the access: %t", !want)
	}
}

// apply applies the edits of a remedy to a copy of the policy, and holds what
// comes of it.
func (c remedyCase) apply(t *testing.T, m *remedy, file, base string, before builtPolicy) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Edits {
		if e.Range.File != file {
			t.Fatalf("edits %s", e.Range)
		}
		checkPlace(t, src, e.Range)
	}
	dir := t.TempDir()
	text := propose.Apply(src, m.Edits)
	writeFile(t, filepath.Join(dir, filepath.Base(file)), string(text))
	after := built(t, dir, base, c.target)
	c.compare(t, after.policy, true)
	var grants, removes []string
	for name := range after.rules {
		label := name + ": "
		if name == profileOf(c.record) {
			label = ""
		}
		grants = append(grants, labelled(label, after.rules[name], before.rules[name])...)
		removes = append(removes, labelled(label, before.rules[name], after.rules[name])...)
	}
	if said := slices.Sorted(slices.Values(m.Grants)); !slices.Equal(said, slices.Sorted(slices.Values(grants))) {
		t.Errorf("grants %q, said %q\n%s", grants, said, text)
	}
	if said := slices.Sorted(slices.Values(m.Removes)); !slices.Equal(said, slices.Sorted(slices.Values(removes))) {
		t.Errorf("takes out %q, said %q\n%s", removes, said, text)
	}
}

// checkPlace holds that line and column of a range are those of its byte.
func checkPlace(t *testing.T, src []byte, r diag.Range) {
	t.Helper()
	for _, p := range []diag.Pos{r.Start, r.End} {
		before := string(src[:p.Byte])
		column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
		if p.Line != strings.Count(before, "\n")+1 || p.Column != column {
			t.Errorf("byte %d is not at %d:%d", p.Byte, p.Line, p.Column)
		}
	}
}

func profileOf(record string) string {
	if _, rest, ok := strings.Cut(record, `profile="`); ok {
		name, _, _ := strings.Cut(rest, `"`)
		return name
	}
	return "app"
}

// labelled returns the rules that others do not have.
func labelled(label string, rules, others []string) (out []string) {
	for _, r := range rules {
		if !slices.Contains(others, r) && !slices.Contains(out, label+r) {
			out = append(out, label+r)
		}
	}
	return out
}

// TestAdvice holds the one line that says what a denial lacks.
func TestAdvice(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "service.hcl"), "service \"app\" {\n  attachment = \"none\"\n  temp       = [\"/tmp/app-*\"]\n  run \"/usr/bin/other\" {\n    as = \"profile\"\n  }\n"+oneDeny+"}\n")
	a := &app{stdout: io.Discard, stderr: io.Discard, today: "2024-01-01"}
	w, err := a.answers([]string{dir}, loadFlags{}, dir)
	if err != nil || w == nil {
		t.Fatal(err)
	}
	for record, want := range map[string]string{
		openRecord("/etc/other.conf", "r"):                    `missing config = ["/etc/other.conf"]`,
		openRecord("/etc/app/secret", "r"):                    "denied by `audit deny /etc/app/secret r,`, " + dir + "/service.hcl:8:13",
		openRecord("/tmp/app-1", "r"):                         "granted to the owner of the file only, by `owner /tmp/app-* rwk,`, " + dir + "/service.hcl:3:17",
		disconnected + openRecord("x", "r"):                   `needs flags = ["attach_disconnected"]`,
		`operation="novel" pid=7 comm="a"`:                    "the record does not say what was accessed",
		`info="no new privs" ` + execRecord("/usr/bin/other"): "the exec is granted, and its transition failed: no new privs",
		`profile="else" ` + openRecord("/x", "r"):             "",
	} {
		if !strings.Contains(record, `profile="`) {
			record = `profile="app" ` + record
		}
		e, status := audit.ParseLine([]byte(`apparmor="DENIED" ` + record))
		if got, err := w.advice(&e); status != audit.Record || err != nil || got != want {
			t.Errorf("%s\ngot  %s %v\nwant %s", record, got, err, want)
		}
	}
}
