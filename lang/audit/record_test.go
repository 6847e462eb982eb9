package audit

import (
	"reflect"
	"strings"
	"testing"
)

// fields reads the fields of a bare record.
func fields(t *testing.T, body string) Event {
	t.Helper()
	e, status := ParseLine([]byte(`apparmor="DENIED" operation="x" pid=1 ` + body))
	if status != Record {
		t.Fatalf("%v (%s): %s", status, e.Problem, body)
	}
	return e
}

// TestNames reads names as the kernel had them, whatever bytes they hold.
func TestNames(t *testing.T) {
	tests := []struct{ field, want string }{
		{`name="/etc/passwd"`, "/etc/passwd"},
		{`name=2F746D702F6120622F`, "/tmp/a b/"},
		{`name=2F746D702FFFFE0A22`, "/tmp/\xff\xfe\n\""},
		{`name=2F746D702FC3A4`, "/tmp/ä"},
		{`name="2F746D70"`, "2F746D70"}, // quoted, hence as it stands
		{`name="/a\b\"`, `/a\b\`},       // the kernel has no escapes
		{`name="/a'b"`, `/a'b`},
		{`name="/a  b pid=2 name=x"`, "/a  b pid=2 name=x"},
		{`name=2f746d70`, "2f746d70"}, // the kernel writes upper case
		{`name=(null)`, "(null)"},
		{`name=1234`, "\x124"},
		{`name=`, ""},
		{`name=""`, ""},
	}
	for _, test := range tests {
		if e := fields(t, test.field+" comm=\"x\""); e.Name != test.want || e.PID != 1 {
			t.Errorf("%s: %q", test.field, e.Name)
		}
	}
}

// TestHexFields decodes every field that holds a name.
func TestHexFields(t *testing.T) {
	e := fields(t, `profile=6120 name2=6220 namespace=6320 comm=6420 exe=6520 peer=6620 srcname=6720 flags=6820 execpath=6920 fstype=6A20 options=6B20 trans=6C20 addr=6D20 peer_addr=6E20`)
	got := []string{e.Profile, e.Target, e.Namespace, e.Comm, e.Exe, e.Peer, e.Mount.Source, e.Mount.Flags, e.ExecPath, e.Mount.Fstype, e.Mount.Options, e.Mount.Trans, e.Net.Addr, e.Net.PeerAddr}
	for i, s := range got {
		if want := string(rune('a'+i)) + " "; s != want {
			t.Errorf("field %d: %q, want %q", i, s, want)
		}
	}
	for _, body := range []string{`label=6120`, `profile=6120`} {
		if e := fields(t, body); e.Profile != "a " {
			t.Errorf("%s: %q", body, e.Profile)
		}
	}
	for _, body := range []string{`peer_label=6120`, `peer_profile=6120`, `tcontext=6120`} {
		if e := fields(t, body); e.Peer != "a " {
			t.Errorf("%s: %q", body, e.Peer)
		}
	}
	if e := fields(t, `target=6120`); e.Target != "a " {
		t.Errorf("target: %q", e.Target)
	}
}

// TestEnriched parts an enriched tail from the value that it is glued to.
func TestEnriched(t *testing.T) {
	e := fields(t, `name="/x" comm=4142FSUID="root" ouid=0OUID="root"`)
	if e.Comm != "AB" || e.OUID != 0 || !reflect.DeepEqual(e.Extra, []Field{{"FSUID", "root"}, {"OUID", "root"}}) {
		t.Errorf("%q %d %v", e.Comm, e.OUID, e.Extra)
	}
	if e := fields(t, `comm=414FFSUID="root"`); e.Comm != "AO" {
		t.Errorf("%q", e.Comm)
	}
	if e := fields(t, `comm=4F4AUID="root"`); e.Comm != "OJ" {
		t.Errorf("%q", e.Comm)
	}
	if e := fields(t, `peer=4142`+"\x1d"+`UID="root"`); e.Peer != "AB" {
		t.Errorf("%q", e.Peer)
	}
}

// TestUnknown keeps what is not known, and what another field replaces.
func TestUnknown(t *testing.T) {
	e := fields(t, `new_key="a b" other=4142 pid=x lport=65 laddr=10.0.0.1 saddr=10.0.0.2 src=66 fsuid=-1 ouid=4294967295`)
	want := []Field{{"new_key", "a b"}, {"other", "4142"}, {"pid", "x"}, {"laddr", "10.0.0.1"}, {"lport", "65"}}
	if !reflect.DeepEqual(e.Extra, want) {
		t.Errorf("extra %v", e.Extra)
	}
	if e.Net.LocalIP != "10.0.0.2" || e.Net.LocalPort != 66 || e.FSUID != NoID || e.OUID != NoID || e.Owner() {
		t.Errorf("%+v", e.Net)
	}
}

func TestNet(t *testing.T) {
	e := fields(t, `laddr=::1 lport=1 faddr=::2 fport=2 family="inet6" sock_type="stream" protocol=6 requested="send" denied="send"`)
	if e.Net != (Net{"inet6", "stream", "tcp", "::1", 1, "::2", 2, "", ""}) || e.Requested != "send" || e.Denied != "send" {
		t.Errorf("%+v", e)
	}
	e = fields(t, `saddr=1.2.3.4 src=1 daddr=2.3.4.5 dest=2 family="unknown(47)" protocol="raw"`)
	if e.Net != (Net{"unknown(47)", "", "raw", "1.2.3.4", 1, "2.3.4.5", 2, "", ""}) {
		t.Errorf("%+v", e.Net)
	}
	for number, name := range map[string]string{"0": "ip", "17": "udp", "58": "icmpv6", "132": "sctp", "768": "unknown(768)", "x": "x"} {
		if e := fields(t, "protocol="+number); e.Net.Protocol != name {
			t.Errorf("protocol %s: %q", number, e.Net.Protocol)
		}
	}
}

// TestUnixAddress reads the addresses of unix sockets in all their spellings.
func TestUnixAddress(t *testing.T) {
	for field, want := range map[string]string{
		`addr=none`:              "none",
		`addr="/run/x.sock"`:     "/run/x.sock",
		`addr=2F612062`:          "/a b",
		`addr="@name"`:           "@name",
		`addr="@610062"`:         "@a\x00b", // hex: it holds what cannot be quoted
		`addr="@4142"`:           "@4142",   // a name like any other
		`path="/run/x.sock"`:     "/run/x.sock",
		`path=00610062`:          "@a\x00b",
		`addr=none path="/run"`:  "none",
		`addr=? hostname="host"`: "",
	} {
		if e := fields(t, `family="unix" sock_type="stream" `+field); e.Net.Addr != want || e.Kind() != KindUnix {
			t.Errorf("%s: %q", field, e.Net.Addr)
		}
	}
	e := fields(t, `family="unix" addr=none peer_addr="@x" peer="p//h"`)
	if e.Net.PeerAddr != "@x" || e.Peer != "p//h" {
		t.Errorf("%+v", e.Net)
	}
}

func TestMountFields(t *testing.T) {
	e := fields(t, `class="mount" name="/mnt/" fstype="ext4" srcname="/dev/sda1" flags="rw, bind" options="a=b"`)
	if e.Mount != (Mount{"ext4", "/dev/sda1", "rw, bind", "a=b", ""}) || e.Name != "/mnt/" {
		t.Errorf("%+v", e.Mount)
	}
	e = fields(t, `rlimit=nofile value=1024 peer="p"`)
	if e.Rlimit != "nofile" || e.RlimitTo != "1024" {
		t.Errorf("%q %q", e.Rlimit, e.RlimitTo)
	}
	e = fields(t, `signal=rtmin+3 info="x y" error=-13 attribute="a" task=1 magic_token=2 parent=3 peer_pid=4 peer_info="i"`)
	if e.Signal != "rtmin+3" || e.Info != "x y" || e.Error != -13 || e.Attribute != "a" || e.Task != 1 || e.MagicToken != 2 || e.Parent != 3 || e.PeerPID != 4 || e.PeerInfo != "i" {
		t.Errorf("%+v", e)
	}
}

func TestKind(t *testing.T) {
	tests := []struct {
		want Kind
		body string
	}{
		{KindFile, `operation="open" name="/x" denied_mask="r"`},
		{KindFile, `operation="open" class="file" info="Failed name lookup" denied_mask="r"`},
		{KindFile, `operation="exec" name="/x" denied_mask="x" family="inet"`},
		{KindFile, `operation="inode_permission" name="/x" denied_mask="r::"`},
		{KindFile, `operation="file_inherit" name="/x" denied_mask="r"`},
		{KindNetwork, `operation="file_inherit" family="inet" sock_type="stream"`},
		{KindNetwork, `operation="create" class="net" family="inet"`},
		{KindUnix, `operation="connect" class="net" family="unix"`},
		{KindFile, `operation="connect" class="file" name="/run/x" denied_mask="w"`},
		{KindCapability, `operation="capable" capname="chown"`},
		{KindSignal, `operation="signal" signal=term`},
		{KindPtrace, `operation="ptrace" class="ptrace"`},
		{KindMount, `operation="mount" class="mount" flags="rw, bind" name="/x"`},
		{KindMount, `operation="move_mount" class="mount" name="/x"`},
		{KindRemount, `operation="mount" flags="ro, remount, bind" name="/x"`},
		{KindUmount, `operation="umount" name="/x"`},
		{KindPivotRoot, `operation="pivotroot" name="/x" srcname="/x/old"`},
		{KindRlimit, `operation="setrlimit" rlimit=cpu value=1`},
		{KindMqueue, `operation="open" class="posix_mqueue" name="/q" denied="read"`},
		{KindMqueue, `operation="sysv_mqueue" name="1" denied="read"`},
		{KindIoUring, `operation="uring_sqpoll" class="io_uring"`},
		{KindUserns, `operation="userns_create" class="namespace"`},
		{KindChangeProfile, `operation="change_onexec" class="file" name="x"`},
		{KindChangeHat, `operation="change_hat" info="unconfined"`},
		{KindDBus, `operation="dbus_bind" bus="system" name="x" mask="bind"`},
		{KindPolicy, `operation="profile_replace" name="x"`},
		{KindUnknown, `operation="clone" task=1`},
		{KindUnknown, `operation="novel" class="novel"`},
	}
	for _, test := range tests {
		e, status := ParseLine([]byte(`apparmor="DENIED" ` + test.body))
		if status != Record || e.Kind() != test.want {
			t.Errorf("%v %q: %s", status, e.Kind(), test.body)
		}
	}
}

func TestModes(t *testing.T) {
	for _, mode := range []Mode{ModeAudit, ModeAllowed, ModeDenied, ModeHint, ModeStatus, ModeError, ModeKilled, "NOVEL"} {
		if e, s := ParseLine([]byte(`apparmor="` + string(mode) + `" operation="x"`)); s != Record || e.Mode != mode {
			t.Errorf("%v %q", s, e.Mode)
		}
	}
	// apparmor.audit_header=0
	line := "type=AVC msg=audit(1279967133.365:54): " + testBody[len(`apparmor="DENIED" `):]
	if e, s := ParseLine([]byte(line)); s != Record || e.Mode != "" || e.Operation != "open" {
		t.Errorf("%v %q %q", s, e.Mode, e.Operation)
	}
	// as people cut records for a report
	line = `profile="x" operation="setsockopt" class="net"  comm="x" requested_mask="setopt" denied_mask="setopt"`
	if e, s := ParseLine([]byte(line)); s != Record || e.Denied != "setopt" {
		t.Errorf("%v %q", s, e.Denied)
	}
}

func TestOwner(t *testing.T) {
	for body, want := range map[string]bool{
		`fsuid=0 ouid=0 denied_mask="r"`:      true,
		`fsuid=0 ouid=1 denied_mask="r"`:      false,
		`fsuid=0 denied_mask="r"`:             false,
		`fsuid=0 denied_mask="r::"`:           true,
		`fsuid=0 denied_mask="::r"`:           false,
		`fsuid=1 ouid=0 denied_mask="r::"`:    false,
		`fsuid=-1 ouid=-1 denied_mask="r"`:    false,
		`fsuid=1000 ouid=1000 denied_mask=""`: true,
	} {
		if e := fields(t, body); e.Owner() != want {
			t.Errorf("%s: %v", body, e.Owner())
		}
	}
}

func TestSplitProfile(t *testing.T) {
	for name, want := range map[string][]string{
		"/usr/sbin/nginx":                  {"/usr/sbin/nginx"},
		"/usr/sbin/apache2//www.x.org":     {"/usr/sbin/apache2", "www.x.org"},
		"/bin/a.sh///bin/b":                {"/bin/a.sh", "/bin/b"},
		"a//null-/bin/b//null-/bin/c":      {"a", "null-/bin/b", "null-/bin/c"},
		"a//&b":                            {"a//&b"},
		"":                                 {""},
		"/usr/bin/x//&:ns://unconfined":    {"/usr/bin/x//&:ns://unconfined"},
		"snap.firefox.firefox":             {"snap.firefox.firefox"},
		"/usr/sbin/httpd{,2}-prefork//HAT": {"/usr/sbin/httpd{,2}-prefork", "HAT"},
	} {
		if got := SplitProfile(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestDenial tells what was denied, or would have been, from what was not.
func TestDenial(t *testing.T) {
	for body, want := range map[string]bool{
		`apparmor="DENIED" operation="open"`:                                    true,
		`apparmor="ALLOWED" operation="open"`:                                   true,
		`apparmor="KILLED" operation="open"`:                                    true,
		`apparmor="ERROR" operation="open"`:                                     true,
		`apparmor="NOVEL" operation="open"`:                                     true,
		`apparmor="DENIED" operation="profile_load"`:                            true,
		`apparmor="AUDIT" operation="open"`:                                     false,
		`apparmor="HINT" operation="clone"`:                                     false,
		`apparmor="STATUS" operation="profile_load"`:                            false,
		`operation="open" profile="x" denied_mask="r"`:                          true, // apparmor.audit_header=0
		`audit: type=1503 audit(1.000:1): operation="open" profile="x" pid=1`:   true,
		`audit: type=1501 audit(1.000:1): operation="open" profile="x" pid=1`:   false,
		`audit: type=1400 audit(1.000:1): operation="profile_load" pid=1 a="b"`: false,
	} {
		l := logOf(t, 0, body+"\n")
		for g := range l.Groups() {
			if e := g.Event(); e.Denial() != want || g.Denial != want {
				t.Errorf("%t, of its group %t: %s", e.Denial(), g.Denial, body)
			}
		}
		if l.Distinct() != 1 {
			t.Errorf("no record: %s", body)
		}
	}
}

// TestGroupProfile gives a group the profile of its event, however that is
// written, and also where it is written twice.
func TestGroupProfile(t *testing.T) {
	for fields, want := range map[string]string{
		`profile="a b"`:           "a b",
		`profile=6120`:            "a ",
		`profile="6120"`:          "6120",
		`label="x"`:               "x",
		`profile=6120 label="y"`:  "a ",
		`profile="" label="y"`:    "y",
		`profile="x" profile="y"`: "x",
		`profile="x" label=6120`:  "x",
		`name="profile="`:         "",
		`profile=unquoted pid=1`:  "unquoted",
		`profile="x//&:ns://y"`:   "x//&:ns://y",
	} {
		l := logOf(t, 0, strings.Repeat(`apparmor="DENIED" operation="open" `+fields+"\n", 2))
		for g := range l.Groups() {
			if e := g.Event(); g.Profile != want || e.Profile != want {
				t.Errorf("%s: %q, of its event %q", fields, g.Profile, e.Profile)
			}
		}
	}
	l := logOf(t, 0, `apparmor="DENIED" operation="open" profile="6120"`+"\n"+`apparmor="DENIED" operation="open" profile=6120`+"\n")
	var got []string
	for g := range l.Groups() {
		got = append(got, g.Profile)
	}
	if !reflect.DeepEqual(got, []string{"6120", "a "}) {
		t.Errorf("of a name in quotes and one in hex: %q", got)
	}
}
