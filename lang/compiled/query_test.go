package compiled

import (
	"slices"
	"strings"
	"testing"
)

// The expectations of these tests are what apparmor.d(5) says of each rule.

func TestPath(t *testing.T) { eachForm(t, kernel61, testPath) }

func testPath(t *testing.T, parser tool) {
	p := parser.profile(t, `
		/etc/passwd r,
		/srv/** rw,
		owner /home/*/notes w,
		/var/log/*.log a,
		/usr/lib/**.so mr,
		/run/lock/x wk,
		audit /etc/audited rw,
		/etc/{a,b} r,
		deny /etc/shadow r,
		audit deny /etc/gshadow rw,
		/srv/x[0-9]? l,
		deny /srv/secret/** w,
		audit deny /srv/loud/** w,
		/dir/ r,`)
	tests := []struct {
		path  string
		who   Subject
		allow string
		audit string
		quiet string
	}{
		{"/etc/passwd", Owner, "read", "", ""},
		{"/etc/passwd", Others, "read", "", ""},
		{"/etc/passwd2", Others, "", "", ""},
		{"/etc/a", Others, "read", "", ""},
		{"/etc/c", Others, "", "", ""},
		{"/srv/", Others, "", "", ""},
		{"/srv/a", Others, "read, write", "", ""},
		{"/srv/a/b/", Others, "read, write", "", ""},
		{"/srv/x12", Others, "read, write, link", "", ""},
		{"/srv/secret/x", Others, "read", "", "write"},
		{"/srv/loud/x", Others, "read", "", ""},
		{"/home/u/notes", Owner, "write", "", ""},
		{"/home/u/notes", Others, "", "", ""},
		{"/home/u/v/notes", Owner, "", "", ""},
		{"/var/log/a.log", Others, "append", "", ""},
		{"/usr/lib/a/b.so", Others, "read, map", "", ""},
		{"/run/lock/x", Others, "write, lock", "", ""},
		{"/etc/audited", Others, "read, write", "read, write", ""},
		{"/etc/shadow", Others, "", "", "read"},
		{"/etc/gshadow", Others, "", "", ""},
		{"/dir/", Others, "read", "", ""},
		{"/dir", Others, "", "", ""},
		{"", Others, "", "", ""},
		{"/etc/passwd\x00", Others, "", "", ""},
		{"/etc/passwd\x00/x", Others, "", "", ""},
	}
	for _, test := range tests {
		a := p.Path(test.path, test.who)
		got := [3]string{a.Allow.in(ClassFile), a.Audit.in(ClassFile), a.Quiet.in(ClassFile)}
		if want := [3]string{test.allow, test.audit, test.quiet}; got != want || !a.Mediated {
			t.Errorf("%s %q: got %q, want %q", test.who, test.path, got, want)
		}
	}
}

func TestExec(t *testing.T) { eachForm(t, kernel61, testExec) }

func testExec(t *testing.T, parser tool) {
	policy := parser.policy(t, `profile test {
		/b/ux ux, /b/Ux Ux, /b/px px, /b/Px Px, /b/cx cx, /b/Cx Cx, /b/ix ix, /b/r r,
		/b/pix pix, /b/Pix Pix, /b/cix cix, /b/Cix Cix, /b/pux pux, /b/PUx PUx, /b/cux cux, /b/CUx CUx,
		/b/name px -> other, /b/Name Px -> other, /b/child cx -> kid, /b/long px -> test//kid,
		/b/ns Px -> :space:other, /b/stack px -> &other, /b/far px -> other//hat,
		/b/nameix pix -> other, /b/nameux PUx -> other, /b/childix Cix -> kid,
		/b/exact px -> one, /b/glob* Cx -> kid,
		owner /b/mine ix,
		profile kid { /x r, }
	}`)
	p := policy.Profile("test")
	beyond := "Px -> :space:other"
	if strings.Contains(parser.path, "4.1") && strings.Contains(parser.features, "permstable32") {
		beyond = "Px -> :space" // that parser loses the name behind a namespace
	}
	for path, want := range map[string]string{
		"/b/ux": "ux", "/b/Ux": "Ux", "/b/px": "px", "/b/Px": "Px", "/b/cx": "cx", "/b/Cx": "Cx", "/b/ix": "ix",
		"/b/pix": "pix", "/b/Pix": "Pix", "/b/cix": "cix", "/b/Cix": "Cix",
		"/b/pux": "pux", "/b/PUx": "PUx", "/b/cux": "cux", "/b/CUx": "CUx",
		"/b/name": "px -> other", "/b/Name": "Px -> other", "/b/child": "cx -> kid", "/b/long": "cx -> kid",
		"/b/ns": beyond, "/b/stack": "px -> &other", "/b/far": "px -> other//hat",
		"/b/nameix": "pix -> other", "/b/nameux": "PUx -> other", "/b/childix": "Cix -> kid",
		"/b/exact": "px -> one", "/b/globe": "Cx -> kid", "/b/r": "none", "/b/": "none", "/b/mine": "none",
	} {
		if a := p.Path(path, Others); a.Exec.String() != want || a.Has(MayExec) != (want != "none") {
			t.Errorf("%s: got %s, want %s", path, a.Exec, want)
		}
	}
	if got := p.Path("/b/mine", Owner).Exec; got != (Transition{Mode: Inherit}) {
		t.Errorf("owner /b/mine: got %s, want ix", got)
	}
	if !p.Path("/b/ix", Others).Has(MayExec | MayMap) {
		t.Error("ix does not imply m")
	}
	if policy.Profile("test//kid") == nil || policy.Profile("kid") != nil {
		t.Error("the child is not named test//kid")
	}
}

func TestLink(t *testing.T) { eachForm(t, kernel61, testLink) }

func testLink(t *testing.T, parser tool) {
	p := parser.profile(t, `
		link /a -> /b,
		link /l/* -> /t/**,
		link subset /s -> /m/*,
		owner link subset /o -> /m/*,
		/m/wide rw,
		/m/narrow r,
		/s r,
		/o rw,
		/free rl,
		audit link /aud -> /b,
		deny link /l/no -> /t/**,`)
	tests := []struct {
		link, target string
		who          Subject
		want         Perms
	}{
		{"/a", "/b", Others, MayLink | AnyTarget},
		{"/a", "/c", Others, 0},
		{"/b", "/a", Others, 0},
		{"/l/x", "/t/a/b", Others, MayLink | AnyTarget},
		{"/l/no", "/t/a", Others, 0},
		{"/s", "/m/wide", Owner, MayLink},
		{"/s", "/m/narrow", Owner, MayLink},
		{"/s", "/m/none", Owner, 0},
		{"/o", "/m/wide", Owner, MayLink},
		{"/o", "/m/narrow", Owner, 0},
		{"/o", "/m/wide", Others, 0},
		{"/free", "/m/wide", Owner, MayLink},
		{"/free", "/nothing", Owner, 0},
	}
	for _, test := range tests {
		if got := p.Link(test.link, test.target, test.who).Allow; got != test.want {
			t.Errorf("%s link %s -> %s: got %#x, want %#x", test.who, test.link, test.target, got, test.want)
		}
	}
	if a := p.Link("/aud", "/b", Others); a.Audit != MayLink {
		t.Errorf("audit link: got audit %#x", a.Audit)
	}
}

func TestChangeProfile(t *testing.T) { eachForm(t, kernel61, testChangeProfile) }

func testChangeProfile(t *testing.T, parser tool) {
	p := parser.profile(t, `
		change_profile -> plain,
		change_profile /bin/x -> viaexec,
		change_profile -> web/**,
		/etc/passwd r,`)
	for target, want := range map[string]bool{
		"plain": true, "viaexec": true, "other": false, "web/a/b": true, "web/": false, "/etc/passwd": false, "": false,
	} {
		if got := p.ChangeProfile(target).Has(MayChangeProfile); got != want {
			t.Errorf("change to %s: got %t, want %t", target, got, want)
		}
	}
	for pair, want := range map[[2]string]bool{
		{"/bin/x", "viaexec"}: true, {"/bin/y", "viaexec"}: false, {"/bin/y", "plain"}: true, {"/bin/x", "other"}: false,
	} {
		if got := p.ChangeOnExec(pair[0], pair[1]).Has(MayChangeOnExec); got != want {
			t.Errorf("change at exec of %s to %s: got %t, want %t", pair[0], pair[1], got, want)
		}
	}
}

func TestAttachment(t *testing.T) { eachForm(t, kernel61, testAttachment) }

func testAttachment(t *testing.T, parser tool) {
	policy := parser.policy(t, `
		profile glob /usr/bin/{a,b*} { /x r, }
		/usr/bin/plain { /x r, ^hat { /y r, } profile /bin/kid { /x r, } }
		profile none { /x r, }`)
	for _, test := range []struct {
		name, path string
		want       bool
	}{
		{"glob", "/usr/bin/a", true}, {"glob", "/usr/bin/bc", true}, {"glob", "/usr/bin/c", false},
		{"/usr/bin/plain", "/usr/bin/plain", true}, {"/usr/bin/plain", "/usr/bin/plai", false},
		{"/usr/bin/plain///bin/kid", "/bin/kid", true}, {"/usr/bin/plain//hat", "hat", false},
		{"none", "none", false}, {"none", "/usr/bin/a", false},
	} {
		if got := policy.Profile(test.name).Attaches(test.path); got != test.want {
			t.Errorf("%s attaches to %s: got %t", test.name, test.path, got)
		}
	}
	if hat := policy.Profile("/usr/bin/plain//hat"); hat == nil || !hat.Hat {
		t.Error("the hat is not marked as one")
	}
}

func TestCapability(t *testing.T) { eachForm(t, kernel61, testCapability) }

func testCapability(t *testing.T, parser tool) {
	p := parser.profile(t, `
		capability net_admin, audit capability setuid, deny capability sys_admin,
		audit deny capability sys_module, capability checkpoint_restore,`)
	for name, want := range map[string]Access{
		"net_admin":          {Allow: MayUse, Mediated: true},
		"checkpoint_restore": {Allow: MayUse, Mediated: true},
		"setuid":             {Allow: MayUse, Audit: MayUse, Mediated: true},
		"sys_admin":          {Quiet: MayUse, Mediated: true},
		"sys_module":         {Mediated: true},
		"chown":              {Mediated: true},
	} {
		if got, ok := p.HasCapability(name); got != want || !ok {
			t.Errorf("%s: got %+v, %t, want %+v", name, got, ok, want)
		}
	}
	if _, ok := p.HasCapability("CAP_CHOWN"); ok {
		t.Error("CAP_CHOWN is taken for a name of rules")
	}
	if got, want := p.Caps.Allow.Names(), []string{"setuid", "net_admin", "checkpoint_restore"}; !slices.Equal(got, want) {
		t.Errorf("allowed: got %q, want %q", got, want)
	}
}

// Every capability that the kernel knows has the number that the parser gives it.
func TestCapabilityNames(t *testing.T) { eachForm(t, kernel61, testCapabilityNames) }

func testCapabilityNames(t *testing.T, parser tool) {
	for i, name := range capabilityNames {
		if got := parser.profile(t, "capability "+name+",").Caps.Allow; got != 1<<i {
			t.Errorf("%s: got %#x, want bit %d", name, got, i)
		}
	}
}

func TestRlimits(t *testing.T) { eachForm(t, kernel61, testRlimits) }

func testRlimits(t *testing.T, parser tool) {
	p := parser.profile(t, `
		set rlimit nofile <= 1024, set rlimit fsize <= 10K, set rlimit nice <= -5, set rlimit core <= infinity,`)
	var got []string
	for _, l := range p.Limits.List() {
		got = append(got, l.String())
	}
	want := []string{"fsize <= 10240", "core <= infinity", "nofile <= 1024", "nice <= -5"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if v, ok := p.Limits.Get("nofile"); v != 1024 || !ok {
		t.Errorf("nofile: got %d, %t", v, ok)
	}
	if _, ok := p.Limits.Get("as"); ok {
		t.Error("as is set")
	}
	if _, ok := p.Limits.Get("files"); ok {
		t.Error("files is a limit")
	}
}

func TestRlimitNames(t *testing.T) { eachForm(t, kernel61, testRlimitNames) }

func testRlimitNames(t *testing.T, parser tool) {
	for _, name := range rlimitNames {
		text := "7"
		if name == "cpu" || name == "rttime" {
			text = "7s"
		}
		p := parser.profile(t, "set rlimit "+name+" <= "+text+",")
		if l := p.Limits.List(); len(l) != 1 || l[0].Name != name {
			t.Errorf("%s: got %v", name, l)
		}
	}
}

func TestNetwork(t *testing.T) { eachForm(t, kernel61, testNetwork) }

func testNetwork(t *testing.T, parser tool) {
	p := parser.profile(t, `
		network inet stream, network unix, audit network inet dgram, deny network inet6 raw, network netlink raw,`)
	tests := []struct {
		family, socketType  string
		allow, audit, quiet bool
	}{
		{"inet", "stream", true, false, false},
		{"inet", "dgram", true, true, false},
		{"inet", "raw", false, false, false},
		{"inet6", "stream", false, false, false},
		{"inet6", "raw", false, false, true},
		{"unix", "stream", true, false, false},
		{"unix", "seqpacket", true, false, false},
		{"netlink", "raw", true, false, false},
		{"netlink", "dgram", false, false, false},
	}
	for _, test := range tests {
		a, ok := p.Network(test.family, test.socketType)
		if !ok || a.Has(socketPerms) != test.allow || a.Audit != 0 != test.audit || a.Quiet != 0 != test.quiet {
			t.Errorf("%s %s: got %+v, %t", test.family, test.socketType, a, ok)
		}
	}
	for _, bad := range [][2]string{{"inet", "x"}, {"x", "stream"}, {"inet", ""}, {"", "stream"}} {
		if _, ok := p.Network(bad[0], bad[1]); ok {
			t.Errorf("network %q is known", bad)
		}
	}
}

// Every address family has the number that the parser gives it.
func TestFamilyNames(t *testing.T) { eachForm(t, kernel61, testFamilyNames) }

func testFamilyNames(t *testing.T, parser tool) {
	for _, f := range []string{"unix", "inet", "ax25", "ipx", "x25", "inet6", "rose", "netbeui", "security", "key",
		"netlink", "packet", "rds", "pppox", "wanpipe", "llc", "ib", "mpls", "can", "tipc", "bluetooth", "iucv",
		"rxrpc", "isdn", "phonet", "ieee802154", "caif", "alg", "nfc", "vsock", "kcm", "qipcrtr", "smc", "xdp"} {
		p := parser.profile(t, "network "+f+" raw,")
		for i, name := range families {
			a, _ := p.Network(name, "raw")
			if a.Has(MayCreate) != (name == f) {
				t.Errorf("network %s: family %d, %s, allowed: %t", f, i, name, a.Has(MayCreate))
			}
		}
	}
}

func TestSignal(t *testing.T) { eachForm(t, kernel61, testSignal) }

func testSignal(t *testing.T, parser tool) {
	p := parser.profile(t, `
		signal (send) set=(kill, term) peer=web,
		signal (receive) peer=unconfined,
		audit signal (send) set=(hup) peer=web//*,
		deny signal (send) set=(kill) peer=web//no,
		signal (send) set=(rtmin+3, exists) peer=rt,`)
	tests := []struct {
		signal, peer string
		allow, audit string
	}{
		{"kill", "web", "send", ""}, {"term", "web", "send", ""}, {"hup", "web", "", ""}, {"kill", "web2", "", ""},
		{"kill", "unconfined", "receive", ""}, {"rtmin+5", "unconfined", "receive", ""},
		{"hup", "web//x", "send", "send"}, {"kill", "web//no", "", ""},
		{"rtmin+3", "rt", "send", ""}, {"rtmin+4", "rt", "", ""}, {"exists", "rt", "send", ""},
	}
	for _, test := range tests {
		a, ok := p.Signal(test.signal, test.peer)
		if !ok || a.Allow.in(ClassSignal) != test.allow || a.Audit.in(ClassSignal) != test.audit {
			t.Errorf("%s, %s: got %+v, %t", test.signal, test.peer, a, ok)
		}
	}
	if a, _ := p.Signal("kill", "web//no"); a.Quiet != MaySend {
		t.Errorf("a denied signal: got quiet %#x", a.Quiet)
	}
	for _, bad := range []string{"", "KILL", "rtmin+33", "rtmin+-1", "rtmin+", "sigkill"} {
		if _, ok := p.Signal(bad, "web"); ok {
			t.Errorf("%q is a signal", bad)
		}
	}
}

// Every signal has the number that the parser gives it.
func TestSignalNames(t *testing.T) { eachForm(t, kernel61, testSignalNames) }

func testSignalNames(t *testing.T, parser tool) {
	for b, name := range signalNames {
		if name == "" || name == "lost" {
			continue // the kernel alone knows the signal lost
		}
		p := parser.profile(t, "signal send set=("+name+") peer=x,")
		if a := p.ask(p.class(byteSignal, byte(b)), signalPerms, "x"); a.Allow != MaySend {
			t.Errorf("%s is not number %d", name, b)
		}
	}
}

func TestPtrace(t *testing.T) { eachForm(t, kernel61, testPtrace) }

func testPtrace(t *testing.T, parser tool) {
	p := parser.profile(t, `
		ptrace (read) peer=a, ptrace (trace, tracedby) peer=b, ptrace readby, deny ptrace (read) peer=no,`)
	for peer, want := range map[string]string{
		"a": "read, readby", "b": "trace, tracedby, readby", "c": "readby", "no": "readby",
	} {
		if a := p.Ptrace(peer); a.Allow.in(ClassPtrace) != want {
			t.Errorf("%s: got %s, want %s", peer, a.Allow.in(ClassPtrace), want)
		}
	}
}

func TestMount(t *testing.T) { eachForm(t, kernel61, testMount) }

func testMount(t *testing.T, parser tool) {
	p := parser.profile(t, `
		mount fstype=ext4 options=(ro, nosuid) /dev/sda1 -> /mnt/,
		mount fstype=(tmpfs, ramfs) -> /tmp/**,
		mount options=(rw, rbind) /src/ -> /dst/,
		mount options in (ro, nodev) /dev/sdb -> /opt/,
		remount options=(ro, remount) /re/,
		mount options=(rw, make-rprivate) -> /private/,
		umount /mnt/**,
		audit umount /aud/,
		pivot_root oldroot=/new/old/ /new/,`)
	tests := []struct {
		call MountCall
		want bool
	}{
		{MountCall{"/dev/sda1", "/mnt/", "ext4", []string{"ro", "nosuid"}}, true},
		{MountCall{"/dev/sda1", "/mnt/", "ext4", []string{"nosuid", "ro"}}, true},
		{MountCall{"/dev/sda1", "/mnt/", "ext4", []string{"ro"}}, false},
		{MountCall{"/dev/sda1", "/mnt/", "ext3", []string{"ro", "nosuid"}}, false},
		{MountCall{"/dev/sda2", "/mnt/", "ext4", []string{"ro", "nosuid"}}, false},
		{MountCall{"x", "/tmp/x/", "tmpfs", nil}, true},
		{MountCall{"", "/tmp/x/", "ramfs", []string{"noexec"}}, true},
		{MountCall{"x", "/tmp/", "tmpfs", nil}, false},
		{MountCall{"/src/", "/dst/", "", []string{"rbind"}}, true},
		{MountCall{"/src/", "/dst/", "", []string{"bind"}}, false},
		{MountCall{"/dev/sdb", "/opt/", "any", []string{"ro"}}, true},
		{MountCall{"/dev/sdb", "/opt/", "any", []string{"rw", "nodev"}}, true},
		{MountCall{"/dev/sdb", "/opt/", "any", []string{"nosuid"}}, false},
		{MountCall{"", "/re/", "", []string{"remount", "ro"}}, true},
		{MountCall{"", "/private/", "", []string{"make-rprivate"}}, true},
		{MountCall{"", "/private/", "", []string{"rshared"}}, false},
	}
	for _, test := range tests {
		if a, ok := p.Mount(test.call); !ok || a.Has(MayMount) != test.want {
			t.Errorf("%+v: got %+v, %t", test.call, a, ok)
		}
	}
	if _, ok := p.Mount(MountCall{Options: []string{"nonsense"}}); ok {
		t.Error("nonsense is an option")
	}
	for path, want := range map[string]bool{"/mnt/a/": true, "/mnt/": false, "/aud/": true, "/": false} {
		if a := p.Umount(path); a.Has(MayUmount) != want {
			t.Errorf("umount %s: got %+v", path, a)
		}
	}
	if a := p.Umount("/aud/"); a.Audit != MayUmount {
		t.Errorf("audit umount: got %+v", a)
	}
	for pair, want := range map[[2]string]bool{{"/new/", "/new/old/"}: true, {"/new/", "/old/"}: false, {"/", "/new/old/"}: false} {
		if a := p.PivotRoot(pair[0], pair[1]); a.Has(MayPivotRoot) != want {
			t.Errorf("pivot_root %s: got %+v", pair, a)
		}
	}
}

// Every mount option that parser and package know has the same number.
func TestMountOptionNames(t *testing.T) { eachForm(t, kernel61, testMountOptionNames) }

func testMountOptionNames(t *testing.T, parser tool) {
	for i, name := range mountOptions {
		if name == "" || slices.Contains([]string{"nosymfollow", "lazytime", "rec", "silent", "nouser"}, name) {
			continue // newer parsers know them, or spell them otherwise
		}
		p := parser.profile(t, "mount options=("+name+"),")
		if a, ok := p.Mount(MountCall{"/a/", "/b/", "", []string{name}}); !ok || !a.Has(MayMount) {
			t.Errorf("%s is not number %d: %+v", name, i, a)
		}
		if a, _ := p.Mount(MountCall{"/a/", "/b/", "", nil}); name != "ro" && a.Has(MayMount) {
			t.Errorf("mount options=(%s) allows a mount without options", name)
		}
	}
}

func TestDBus(t *testing.T) { eachForm(t, outOfTree+kernel61, testDBus) }

func testDBus(t *testing.T, parser tool) {
	p := parser.profile(t, `
		dbus (send) bus=system path=/org/a interface=org.a member={Get,Set} peer=(name=org.a, label=unconfined),
		dbus (receive) bus=session,
		dbus (bind) bus=session name=org.me.*,
		dbus (eavesdrop) bus=accessibility,
		deny dbus (send) bus=system member=Bad,`)
	m := Message{"system", "org.a", "unconfined", "/org/a", "org.a", "Get"}
	check := func(m Message, want Perms) {
		t.Helper()
		if a := p.Message(m); a.Allow != want {
			t.Errorf("%+v: got %+v, want %s", m, a, want.in(ClassDBus))
		}
	}
	check(m, MaySend)
	m.Member = "Put"
	check(m, 0)
	m.Member, m.Bus = "Get", "session"
	check(m, MayReceive)
	for name, want := range map[string]bool{"org.me.x": true, "org.you": false} {
		if a := p.BusName("session", name); a.Has(MayAcquire) != want {
			t.Errorf("bind %s: got %+v", name, a)
		}
	}
	if !p.Eavesdrop("accessibility").Has(MayEavesdrop) || p.Eavesdrop("session").Has(MayEavesdrop) {
		t.Error("eavesdrop is wrong")
	}
}

func TestUnix(t *testing.T) {
	p := parser308(t, outOfTree+kernel61).profile(t, `
		unix (create, bind, listen, accept) type=stream addr=@srv,
		unix (send, receive, connect) type=stream peer=(addr=@cups*, label=cups),
		unix (bind) type=dgram addr=auto,
		unix (create, getopt, getattr) type=dgram,`)
	tests := []struct {
		socket Socket
		want   string
	}{
		{Socket{Type: "stream", Addr: "@srv"}, "create, bind, listen, accept"},
		{Socket{Type: "stream", Addr: "@other"}, "create"},
		{Socket{Type: "stream"}, "create"},
		{Socket{Type: "seqpacket"}, ""},
		{Socket{Type: "dgram"}, "create, getattr, getopt"},
		{Socket{Type: "stream", Peer: true, PeerAddr: "@cups1", PeerLabel: "cups"}, "create, connect, send, receive"},
		{Socket{Type: "stream", Peer: true, PeerAddr: "@cups1", PeerLabel: "other"}, "create"},
		{Socket{Type: "stream", Peer: true, PeerAddr: "@x", PeerLabel: "cups"}, "create"},
		{Socket{Type: "stream", Addr: "@srv", Peer: true, PeerLabel: "any"}, "create, bind, listen, accept"},
	}
	for _, test := range tests {
		if a, ok := p.Unix(test.socket); !ok || a.Allow.in(ClassUnix) != test.want {
			t.Errorf("%+v: got %s (%+v)", test.socket, a.Allow.in(ClassUnix), a)
		}
	}
	if !p.Mediates(ClassUnix) {
		t.Error("unix is not mediated")
	}
	coarse := parser308(t, kernel61).profile(t, "unix type=stream addr=@srv,")
	if a, _ := coarse.Unix(Socket{Type: "stream", Addr: "@other"}); !a.Has(MayConnect) || coarse.Mediates(ClassUnix) {
		t.Errorf("without fine mediation: got %+v", a)
	}
}

func TestMediates(t *testing.T) {
	p := parser308(t, kernel61).profile(t, "/x r,")
	for c, want := range map[Class]bool{
		ClassFile: true, ClassCapability: true, ClassSignal: true, ClassPtrace: true, ClassMount: true,
		ClassNetwork: true, ClassUnix: false, ClassDBus: false, ClassUserNS: false, ClassMqueue: false,
		ClassIOUring: false, ClassOther: false,
	} {
		if got := p.Mediates(c); got != want {
			t.Errorf("%s: got %t", c, got)
		}
	}
	features := kernel61[:strings.Index(kernel61, "ptrace {")] + kernel61[strings.Index(kernel61, "rlimit {"):]
	p = parser308(t, features).profile(t, "/x r,")
	if a := p.Ptrace("anyone"); a.Mediated || !a.Has(ptracePerms) {
		t.Errorf("ptrace, that the kernel does not mediate: got %+v", a)
	}
	if a, _ := p.Signal("kill", "anyone"); !a.Mediated || a.Allow != 0 {
		t.Errorf("signal, without a rule: got %+v", a)
	}
	if a := p.UserNamespace(); a.Mediated || !a.Has(MayCreateNamespace) {
		t.Errorf("userns: got %+v", a)
	}
	for _, a := range []Access{p.Queue("/q", "x"), p.Ring("x"), p.Message(Message{}), p.BusName("a", "b"), p.Eavesdrop("a")} {
		if a.Mediated || a.Allow == 0 {
			t.Errorf("an unknown class: got %+v", a)
		}
	}
}

func TestHeader(t *testing.T) { eachForm(t, kernel61, testHeader) }

func testHeader(t *testing.T, parser tool) {
	policy := parser.policy(t, `
		profile a flags=(complain, attach_disconnected, mediate_deleted) { /x r, }
		profile b flags=(audit) { /x r, }
		profile c flags=(unconfined) { }
		profile d xattrs=(user.x="1") { }
		profile :space:e { /x r, }`)
	a, b, c, d, e := policy.Profile("a"), policy.Profile("b"), policy.Profile("c"), policy.Profile("d"), policy.Profile("e")
	if a.Mode != ModeComplain || a.PathFlags != AttachDisconnected|MediateDeleted || a.Audit {
		t.Errorf("a: got %s, %#x", a.Mode, a.PathFlags)
	}
	if b.Mode != ModeEnforce || !b.Audit || c.Mode != ModeUnconfined {
		t.Errorf("b, c: got %s, %t, %s", b.Mode, b.Audit, c.Mode)
	}
	if !slices.Equal(d.XAttrs, []string{"user.x"}) || e == nil || e.Namespace != "space" {
		t.Errorf("d: got %q; e: %+v", d.XAttrs, e)
	}
	if a.Version != 7 || a.ForceComplain {
		t.Errorf("header: got %+v", a.Header)
	}
	if a := d.Path("/x", Owner); a.Allow != 0 || !a.Mediated {
		t.Errorf("a profile without files: got %+v", a)
	}
}
