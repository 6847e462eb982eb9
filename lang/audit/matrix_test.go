package audit

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// kernelRecords holds one record of every kind as kernels write it, in the
// order of their fields (security/apparmor, security/lsm_audit.c), with the
// kind of rule that it is about.
var kernelRecords = []struct {
	kind Kind
	body string
}{
	{KindFile, `apparmor="DENIED" operation="open" class="file" profile="app" name="/etc/x" pid=7 comm="a" requested_mask="wrc" denied_mask="wrc" fsuid=33 ouid=0`},
	{KindFile, `apparmor="ALLOWED" operation="exec" class="file" profile="app" name=2F6F70742F6120C3A4FF pid=7 comm=6120622229 requested_mask="x" denied_mask="x" fsuid=33 ouid=0 target="app//null-/opt/x"`},
	{KindFile, `apparmor="DENIED" operation="exec" class="file" info="profile transition not found" error=-13 profile="app" name="/usr/bin/x" pid=7 comm="a" requested_mask="x" denied_mask="x" fsuid=33 ouid=0 target="x"`},
	{KindFile, `apparmor="DENIED" operation="link" class="file" info="link not subset of target" error=-13 profile="app" name="/srv/a" pid=7 comm="ln" requested_mask="xm" denied_mask="xm" fsuid=0 ouid=0 target="/srv/b"`},
	{KindFile, `apparmor="DENIED" operation="open" class="file" info="Failed name lookup - disconnected path" error=-13 profile="app" name="run/x" pid=7 comm="a" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`},
	{KindFile, `apparmor="KILLED" operation="file_mmap" class="file" profile="app" name="/lib/x.so" pid=7 comm="a" requested_mask="m" denied_mask="m" fsuid=0 ouid=0`},
	{KindFile, `apparmor="AUDIT" operation="getattr" class="file" profile="app" name="/lib/" pid=7 comm="a" requested_mask="r" fsuid=0 ouid=0`},
	{KindCapability, `apparmor="DENIED" operation="capable" class="cap" profile="app" pid=7 comm="a" capability=21  capname="sys_admin"`},
	{KindNetwork, `apparmor="DENIED" operation="create" class="net" profile="app" pid=7 comm="a" family="inet" sock_type="stream" protocol=6 requested="create" denied="create"`},
	{KindNetwork, `apparmor="DENIED" operation="sendmsg" class="net" profile="app" pid=7 comm="a" laddr=10.0.0.1 lport=1 faddr=10.0.0.2 fport=2 saddr=10.0.0.3 src=3 daddr=10.0.0.4 dest=4 family="inet" sock_type="dgram" protocol=17 requested="send" denied="send"`},
	{KindNetwork, `apparmor="DENIED" operation="file_inherit" profile="app" pid=7 comm="a" laddr=fd00::1 lport=53 faddr=fd00::2 fport=54 family="inet6" sock_type="dgram" protocol=17 requested_mask="send receive" denied_mask="send receive"`},
	{KindNetwork, `apparmor="DENIED" operation="create" class="net" profile="app" pid=7 comm="a" family="unknown(47)" sock_type="unknown(9)" protocol=999 requested="create" denied="create"`},
	{KindUnix, `apparmor="DENIED" operation="connect" class="net" profile="app" pid=7 comm="a" family="unix" sock_type="stream" protocol=0 requested_mask="send receive connect" denied_mask="send connect" addr=none peer_addr="@/tmp/.X11-unix/X0" peer="unconfined"`},
	{KindMount, `apparmor="DENIED" operation="mount" class="mount" info="failed flags match" error=-13 profile="app" name="/mnt/" pid=7 comm="mount" fstype="ext4" srcname="/dev/sda1" flags="rw, nosuid"`},
	{KindRemount, `apparmor="DENIED" operation="mount" class="mount" profile="app" name="/mnt/" pid=7 comm="mount" flags="ro, remount, bind"`},
	{KindUmount, `apparmor="DENIED" operation="umount" class="mount" profile="app" name="/mnt/" pid=7 comm="umount"`},
	{KindPivotRoot, `apparmor="DENIED" operation="pivotroot" class="mount" profile="app" name="/new/" pid=7 comm="a" srcname="/new/old/"`},
	{KindChangeProfile, `apparmor="DENIED" operation="change_profile" class="file" info="no new privs" error=-1 profile="app" name="b" pid=7 comm="a" target="b"`},
	{KindChangeProfile, `apparmor="DENIED" operation="change_onexec" class="file" info="label not found" error=-2 profile="app" name="snap.firefox.firefox" pid=7 comm="a"`},
	{KindChangeHat, `apparmor="ALLOWED" operation="change_hat" profile="app" pid=7 comm="a" target="app//hat"`},
	{KindPtrace, `apparmor="DENIED" operation="ptrace" class="ptrace" profile="app" pid=7 comm="a" requested_mask="trace" denied_mask="trace" peer=":lxd-x_<var-lib-lxd>:unconfined"`},
	{KindSignal, `apparmor="DENIED" operation="signal" class="signal" profile="app//&:ns://b" pid=7 comm="a" requested_mask="send" denied_mask="send" signal=rtmin+3 peer="snap.x.y"`},
	{KindMqueue, `apparmor="DENIED" operation="open" profile="app" name="/q" pid=7 comm="a" requested="read" denied="read" class="posix_mqueue" fsuid=0 ouid=1000`},
	{KindMqueue, `apparmor="DENIED" operation="sysv_mqueue" profile="app" name="123" pid=7 comm="a" requested="create" denied="create" class="sysv_mqueue" fsuid=0 ouid=1000`},
	{KindIoUring, `apparmor="DENIED" operation="uring_override" class="io_uring" profile="app" pid=7 comm="a" requested="override_creds" denied="override_creds" tcontext="b"`},
	{KindUserns, `apparmor="AUDIT" operation="userns_create" class="namespace" info="Userns create - transitioning profile" profile="unconfined" pid=7 comm="a" requested="userns_create" target="unprivileged_userns" execpath="/usr/bin/x"`},
	{KindRlimit, `apparmor="DENIED" operation="setrlimit" class="rlimits" profile="app" pid=7 comm="a" rlimit=nofile value=4096`},
	{KindPolicy, `apparmor="STATUS" operation="profile_replace" info="same as current profile, skipping" profile="unconfined" name="app" pid=7 comm="apparmor_parser"`},
	{KindPolicy, `apparmor="STATUS" operation="profile_remove" profile="unconfined" name="app" pid=7 comm="apparmor_parser"`},
	{KindUnknown, `apparmor="STATUS" info="AppArmor Filesystem Enabled" pid=7 comm="swapper/0"`},
	{KindUnknown, `apparmor="HINT" operation="clone" task=20401 pid=7 comm="a" profile="null-complain-profile"`},
	{KindUnknown, `apparmor="DENIED" operation="novel" class="novel" profile="app" pid=7 comm="a" thing=6120 other="x y" empty= last=?`},
}

// kernelShapes spell a record of the kernel in each shape; %s is its body.
var kernelShapes = map[string]string{
	"auditd":           `type=AVC msg=audit(1700000000.100:5): %s`,
	"auditd node":      `node=web-1 type=AVC msg=audit(1700000000.100:5): %s`,
	"auditd enriched":  "type=AVC msg=audit(1700000000.100:5): %s\x1dFSUID=\"www-data\" OUID=\"root\"",
	"auditd number":    `type=UNKNOWN[1400] msg=audit(1700000000.100:5): %s`,
	"dmesg":            `[    1.000000] audit: type=1400 audit(1700000000.100:5): %s`,
	"dmesg -T":         `[Tue Nov 14 22:13:20 2023] audit: type=1400 audit(1700000000.100:5): %s`,
	"dmesg -r":         `<5>[    1.000000] audit: type=1400 audit(1700000000.100:5): %s`,
	"syslog":           `Nov 14 22:13:20 host kernel: [    1.000000] audit: type=1400 audit(1700000000.100:5): %s`,
	"syslog ISO":       `2023-11-14T22:13:20.100000+01:00 host kernel: audit: type=1400 audit(1700000000.100:5): %s`,
	"syslog space":     `2023-11-14 22:13:20.100000+01:00 host kernel: audit: type=1400 audit(1700000000.100:5): %s`,
	"syslog old":       `Nov 14 22:13:20 host kernel: [    1.000000] type=1400 audit(1700000000.100:5): %s`,
	"syslog RFC 5424":  `<5>1 2023-11-14T22:13:20.100000+01:00 host kernel - - - [    1.000000] audit: type=1400 audit(1700000000.100:5): %s`,
	"RFC 5424 data":    `<5>1 2023-11-14T22:13:20Z host kernel - - [a@1 b="c d"][e f="g"] audit: type=1400 audit(1700000000.100:5): %s`,
	"RFC 5424 audispd": `<13>1 2023-11-14T22:13:20Z host audisp-syslog 9 - - type=AVC msg=audit(1700000000.100:5): %s`,
	"busybox":          `Nov 14 22:13:20 host kern.notice kernel: [    1.000000] audit: type=1400 audit(1700000000.100:5): %s`,
	"journal full":     `Tue 2023-11-14 22:13:20 CET host kernel: audit: type=1400 audit(1700000000.100:5): %s`,
	"journal audit":    `Nov 14 22:13:20 host audit[7]: AVC %s`,
	"journal kernel":   `Nov 14 22:13:20 host kernel: audit: type=1400 audit(1700000000.100:5): %s`,
	"audispd":          `Nov 14 22:13:20 host audisp-syslog[9]: type=AVC msg=audit(1700000000.100:5): %s`,
	"bare kernel":      `audit: type=1400 audit(1700000000.100:5): %s`,
	"bare":             `%s`,
}

// TestEveryKindInEveryShape reads each kind of record in each shape: all of its
// fields are those of the bare record, nothing is dropped, and its kind is
// known. In an enriched log only the names at the end come to it.
func TestEveryKindInEveryShape(t *testing.T) {
	for _, r := range kernelRecords {
		bare, status := ParseLine([]byte(r.body))
		if status != Record || bare.Kind() != r.kind {
			t.Errorf("%v, kind %q (%s): %s", status, bare.Kind(), bare.Problem, r.body)
			continue
		}
		for shape, format := range kernelShapes {
			sameFields(t, shape, fmt.Sprintf(format, r.body), bare)
		}
		message := fmt.Sprintf(kernelShapes["bare kernel"], r.body)
		sameFields(t, "JSON", `{"MESSAGE":`+jsonString(message)+`,"_TRANSPORT":"kernel","_HOSTNAME":"host"}`, bare)
		sameFields(t, "JSON bytes", `{"MESSAGE":`+byteList("AVC "+r.body)+`,"_TRANSPORT":"audit","_AUDIT_ID":"5"}`, bare)
	}
}

func sameFields(t *testing.T, shape, line string, want Event) {
	t.Helper()
	e, status := ParseLine([]byte(line))
	if status != Record {
		t.Errorf("%s: %v (%s): %s", shape, status, e.Problem, line)
		return
	}
	want.Shape, want.Host, want.Time, want.AuditID, want.Serial, want.Raw = e.Shape, e.Host, e.Time, e.AuditID, e.Serial, e.Raw
	if strings.HasSuffix(shape, "enriched") {
		want.Extra = append(want.Extra[:len(want.Extra):len(want.Extra)], Field{"FSUID", "www-data"}, Field{"OUID", "root"})
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", shape, e, want)
	}
}

// TestEveryFieldIsKept holds that no value of a record gets lost: each is in
// the event, decoded or as it is.
func TestEveryFieldIsKept(t *testing.T) {
	for _, r := range kernelRecords {
		e, _ := ParseLine([]byte(r.body))
		e.Raw = ""
		said := fmt.Sprintf("%+v", e)
		tok := tokens{b: []byte(r.body)}
		for tok.next() {
			v := value{string(tok.val.of(tok.b)), tok.quoted}
			if key := string(tok.key.of(tok.b)); key == "protocol" {
				v.text = protocolName(v)
			}
			if !strings.Contains(said, v.text) && !strings.Contains(said, v.string()) {
				t.Errorf("%q of %s is lost: %s", v.text, r.body, said)
			}
		}
	}
}
