package audit

import (
	"fmt"
	"strings"
	"testing"
)

const (
	testBody  = `apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/cupsd" name="/boot/" pid=19651 comm="ls" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`
	testStamp = `audit(1279967133.365:54): `
	testBus   = `apparmor="DENIED" operation="dbus_method_call"  bus="system" path="/org/x" interface="org.x" member="Hello" mask="send" name="org.x" pid=2922 label="shop" peer_pid=1 peer_label="unconfined"`
)

// list spells bytes as journald does where they are not all text.
func byteList(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, ",%d", s[i])
	}
	return "[" + b.String()[1:] + "]"
}

func jsonString(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

// TestShapes reads one record in every shape in which it may come.
func TestShapes(t *testing.T) {
	kernel := "audit: type=1400 " + testStamp + testBody
	tests := []struct {
		name  string
		line  string
		shape Shape
		host  string
		id    string
	}{
		{"auditd", "type=AVC msg=" + testStamp + testBody, ShapeAuditd, "", "1279967133.365:54"},
		{"auditd by number", "type=1400 msg=" + testStamp + testBody, ShapeAuditd, "", "1279967133.365:54"},
		{"auditd, unknown type", "type=UNKNOWN[1400] msg=" + testStamp + testBody, ShapeAuditd, "", "1279967133.365:54"},
		{"auditd with node", "node=web-1 type=AVC msg=" + testStamp + testBody, ShapeAuditd, "web-1", "1279967133.365:54"},
		{"auditd enriched", "type=AVC msg=" + testStamp + testBody + "\x1dFSUID=\"root\" OUID=\"root\"", ShapeAuditd, "", "1279967133.365:54"},
		{"auditd enriched, glued", "type=AVC msg=" + testStamp + testBody + `FSUID="root" OUID="root"`, ShapeAuditd, "", "1279967133.365:54"},
		{"auditd enriched, through rsyslog", "type=AVC msg=" + testStamp + testBody + `#035FSUID="root" OUID="root"`, ShapeAuditd, "", "1279967133.365:54"},
		{"dmesg", "[   69.827705] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg -T", "[Mon Sep  6 11:23:47 2021] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg -r", "<5>[   69.827705] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg -t", kernel, ShapeBare, "", "1279967133.365:54"},
		{"dmesg -d", "[   69.827705 <    0.000012>] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg -e", "[Sep 6 11:23] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg -H", "[  +0.000012] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg -x", "kern  :notice: [   69.827705] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg with callers", "[   69.827705][ T1234] " + kernel, ShapeDmesg, "", "1279967133.365:54"},
		{"dmesg --time-format iso", "2021-09-06T11:23:47,123456+02:00 " + kernel, ShapeSyslog, "", "1279967133.365:54"},
		{"syslog", "Jul 24 12:25:33 web-1 kernel: [42416.178567] " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"syslog without dmesg's stamp", "Jul  4 12:25:33 web-1 kernel: " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"syslog with ISO time", "2010-07-24T12:25:33.365+02:00 web-1 kernel: [42416.178567] " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"syslog with priority", "<5>Jul 24 12:25:33 web-1 kernel: " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"syslog of an old kernel", "Jul 24 12:25:33 web-1 kernel: [42416.178567] type=1400 " + testStamp + testBody, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"syslog, by audisp", "Jul 24 12:25:33 web-1 audisp-syslog[812]: node=db-1 type=AVC msg=" + testStamp + testBody, ShapeSyslog, "db-1", "1279967133.365:54"},
		{"journal", "Jul 24 12:25:33 web-1 audit[19651]: AVC " + testBody, ShapeSyslog, "web-1", ""},
		{"journal, short-full", "Sat 2010-07-24 12:25:33 CEST web-1 kernel: " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"journal, short-monotonic", "[42416.178567] web-1 kernel: " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"journal, short-unix", "1279967133.365000 web-1 kernel: " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
		{"journal, cat", "AVC " + testBody, ShapeBare, "", ""},
		{"journal, JSON", `{"_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","_HOSTNAME":"web-1","MESSAGE":` + jsonString(kernel) + `}`, ShapeJournalJSON, "web-1", "1279967133.365:54"},
		{"journal, JSON of old", `{ "_TRANSPORT" : "kernel", "MESSAGE" : ` + jsonString(kernel) + `, "_HOSTNAME" : "web-1" }`, ShapeJournalJSON, "web-1", "1279967133.365:54"},
		{"journal, JSON bytes", `{"MESSAGE":` + byteList(kernel) + `,"_TRANSPORT":"kernel"}`, ShapeJournalJSON, "", "1279967133.365:54"},
		{"journal, JSON bytes of old", `{ "MESSAGE" : [ 65, 86, 67, 32` + strings.ReplaceAll(","+byteList(testBody)[1:], ",", ", ") + `, "_TRANSPORT" : "audit" }`, ShapeJournalJSON, "", ""},
		{"journal, JSON of audit", `{"_AUDIT_ID":"54","_AUDIT_TYPE":"1400","_SOURCE_REALTIME_TIMESTAMP":"1279967133365000","_TRANSPORT":"audit","MESSAGE":` + jsonString("AVC "+testBody) + `}`, ShapeJournalJSON, "", "54"},
		{"journal, JSON, message alone", `{"MESSAGE":` + jsonString(kernel) + `}`, ShapeJournalJSON, "", "1279967133.365:54"},
		{"journal, JSON, identifier alone", `{"SYSLOG_IDENTIFIER":"kernel","MESSAGE":` + jsonString(kernel) + `}`, ShapeJournalJSON, "", "1279967133.365:54"},
		{"journal, JSON of audisp", `{"_TRANSPORT":"syslog","_EXE":"/sbin/audisp-syslog","MESSAGE":` + jsonString("type=AVC msg="+testStamp+testBody) + `}`, ShapeJournalJSON, "", "1279967133.365:54"},
		{"bare", testBody, ShapeBare, "", ""},
		{"bare with stamp", "msg=" + testStamp + testBody, ShapeBare, "", "1279967133.365:54"},
		{"after a crash", "\x00\x00\x00Jul 24 12:25:33 web-1 kernel: " + kernel, ShapeSyslog, "web-1", "1279967133.365:54"},
	}
	for _, test := range tests {
		for _, end := range []string{"", "\n", "\r\n"} {
			e, status := ParseLine([]byte(test.line + end))
			if status != Record {
				t.Fatalf("%s: %v (%s): %s", test.name, status, e.Problem, test.line)
			}
			if e.Shape != test.shape || e.Host != test.host || e.AuditID != test.id {
				t.Errorf("%s: shape %q, host %q, id %q", test.name, e.Shape, e.Host, e.AuditID)
			}
			got := fmt.Sprint(e.Mode, e.Operation, e.Class, e.Profile, e.Name, e.PID, e.Comm, e.Requested, e.Denied, e.FSUID, e.OUID, e.User)
			if want := "DENIEDopenfile/usr/sbin/cupsd/boot/19651lsrr00false"; strings.ReplaceAll(got, " ", "") != want {
				t.Errorf("%s: got %s", test.name, got)
			}
			if test.id != "" && e.Serial != 54 {
				t.Errorf("%s: serial %d", test.name, e.Serial)
			}
			if strings.Contains(test.id, ".") && e.Time.UnixMilli() != 1279967133365 {
				t.Errorf("%s: time %v", test.name, e.Time)
			}
			if e.Raw != strings.TrimSuffix(test.line+end, "\n") {
				t.Errorf("%s: raw %q", test.name, e.Raw)
			}
		}
	}
}

// TestMediators reads what D-Bus daemons say, in each shape.
func TestMediators(t *testing.T) {
	outer := "pid=640 uid=103 auid=4294967295 ses=4294967295 subj=unconfined msg='"
	inner := testBus + ` exe="/usr/bin/dbus-daemon" sauid=103 hostname=? addr=? terminal=?'`
	enriched := `UID="messagebus" AUID="unset" SAUID="messagebus"`
	tests := []struct {
		name, line, time string
	}{
		{"auditd", "type=USER_AVC msg=" + testStamp + outer + inner, "2010-07-24T10:25:33Z"},
		{"auditd enriched", "type=USER_AVC msg=" + testStamp + outer + inner + "\x1d" + enriched, "2010-07-24T10:25:33Z"},
		{"auditd enriched, glued", "type=USER_AVC msg=" + testStamp + outer + inner + enriched, "2010-07-24T10:25:33Z"},
		{"auditd, quote lost", "type=USER_AVC msg=" + testStamp + outer + testBus, "2010-07-24T10:25:33Z"},
		{"dmesg", "[4835959.046111] audit: type=1107 " + testStamp + outer + inner, "2010-07-24T10:25:33Z"},
		{"syslog", "Jun 20 17:57:06 ns1 kernel: [4835959.046111] audit: type=1107 " + testStamp + outer + inner, "2010-07-24T10:25:33Z"},
		{"journal", "Jun 20 17:57:06 ns1 audit[640]: USER_AVC " + outer + inner, "0001-01-01T00:00:00Z"},
		{"session bus", "Jul 31 17:10:35 ns1 dbus[1692]: " + testBus, "0001-01-01T00:00:00Z"},
		{"session bus with ISO time", "2010-07-24T12:25:33.365+02:00 ns1 dbus-daemon[1692]: " + testBus, "2010-07-24T10:25:33Z"},
		{"session bus, journal's ISO time", "2010-07-24T12:25:33+0200 ns1 dbus-daemon[1692]: " + testBus, "2010-07-24T10:25:33Z"},
		{"JSON", `{"_TRANSPORT":"syslog","_EXE":"/usr/bin/dbus-daemon","__REALTIME_TIMESTAMP":"1279967133365000","MESSAGE":` + jsonString(testBus) + `}`, "2010-07-24T10:25:33Z"},
		{"JSON, identifier alone", `{"SYSLOG_IDENTIFIER":"dbus-daemon","__REALTIME_TIMESTAMP":"1279967133365000","MESSAGE":` + jsonString(testBus) + `}`, "2010-07-24T10:25:33Z"},
		{"JSON, message alone", `{"MESSAGE":` + jsonString(testBus) + `}`, "0001-01-01T00:00:00Z"},
		{"JSON of audit", `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1107","MESSAGE":` + jsonString("USER_AVC "+outer+inner) + `}`, "0001-01-01T00:00:00Z"},
	}
	for _, test := range tests {
		e, status := ParseLine([]byte(test.line))
		if status != Record {
			t.Fatalf("%s: %v (%s)", test.name, status, e.Problem)
		}
		got := fmt.Sprint(e.Kind(), e.User, e.Profile, e.Name, e.Denied, e.DBus, e.PID, e.PeerPID, e.Peer, e.Net.Addr)
		if want := fmt.Sprint(KindDBus, true, "shop", "org.x", "send", DBus{"system", "/org/x", "org.x", "Hello"}, 2922, 1, "unconfined", ""); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, want)
		}
		if s := e.Time.Format("2006-01-02T15:04:05Z"); s != test.time {
			t.Errorf("%s: time %s", test.name, s)
		}
	}
}

// TestLegacy reads records of kernels from before 2.6.36.
func TestLegacy(t *testing.T) {
	body := `operation="file_lock" requested_mask="k::" denied_mask="k::" fsuid=1 name="/run/x" pid=4316 profile="/usr/sbin/nmbd"`
	modes := map[string]Mode{"1501": ModeAudit, "1502": ModeAllowed, "1503": ModeDenied, "1504": ModeHint, "1505": ModeStatus, "1506": ModeError, "1507": ModeKilled}
	names := map[string]string{"1501": "AUDIT", "1502": "ALLOWED", "1503": "DENIED", "1504": "HINT", "1505": "STATUS", "1506": "ERROR", "1507": "KILL"}
	for number, mode := range modes {
		for _, line := range []string{
			"type=APPARMOR_" + names[number] + " msg=" + testStamp + body,
			"type=APPARMOR_" + names[number] + " msg=" + testStamp + " type=" + number + " " + body,
			"type=UNKNOWN[" + number + "] msg=" + testStamp + body,
			"Sep  7 17:47:53 gutsy kernel: [32339.774269] audit(1279967133.365:54): type=" + number + " " + body,
			"Sep  7 17:47:53 gutsy kernel: [32339.774269] type=" + number + " " + testStamp + " " + body,
			"[  878.662172] audit: type=" + number + " " + testStamp + body,
		} {
			e, status := ParseLine([]byte(line))
			if status != Record || e.Mode != mode || e.Name != "/run/x" || !e.Owner() || len(e.Extra) > 0 {
				t.Errorf("%v %q: %s", status, e.Mode, line)
			}
		}
	}
}

// TestForeign holds lines that contain a record without being one.
func TestForeign(t *testing.T) {
	kernel := "audit: type=1400 " + testStamp + testBody
	for _, line := range []string{
		"Jul 24 12:25:33 web-1 sshd[812]: Invalid user " + testBody + " from 192.0.2.1",
		"Jul 24 12:25:33 web-1 sshd[812]: kernel: " + kernel,
		"Jul 24 12:25:33 web-1 kernel[812]: " + kernel, // a program by that name
		"Jul 24 12:25:33 web-1 kernel: usb 1-1: Product: " + kernel,
		"Jul 24 12:25:33 web-1 kernel: shop: " + testBody,
		"Jul 24 12:25:33 web-1 nginx: \"GET /kernel: " + kernel + "\"",
		"Jul 24 12:25:33 web-1 dbus-daemon[1]: " + testBody, // a D-Bus daemon does not mediate files
		"Jul 24 12:25:33 web-1 dbus-daemon[1]: [session] " + testBus,
		"                             " + testBody, // the second line of a message in the journal's text
		"                             " + kernel,
		"<13>[   69.827705] " + kernel, // written to /dev/kmsg by a user's program
		"user  :notice: [   69.827705] " + kernel,
		"[   69.827705] shop[812]: " + kernel,
		"<13>1 2010-07-24T12:25:33Z web-1 shop 812 - - " + kernel,
		"<13>1 2010-07-24T12:25:33Z web-1 kernel - - - " + kernel,  // a user's message
		"<5>1 2010-07-24T12:25:33Z web-1 kernel 812 - - " + kernel, // a program by that name
		"<5>1 2010-07-24T12:25:33Z web-1 shop - - [kernel: x=\"] " + kernel,
		"2010-07-24T12:25:33Z web-1 shop 812 - - " + kernel,
		"audit.log:type=AVC msg=" + testStamp + testBody, // as grep prints it
		"type=USER_CMD msg=" + testStamp + "pid=1 msg='cwd=\"/\" cmd=\"" + testBody + "\"'",
		"type=USER_AVC msg=" + testStamp + "pid=1 uid=0 subj=? msg='avc: " + testBody + "'",
		"10.0.0.1 - - [24/Jul/2010] \"GET /?" + testBody,
		`{"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"kernel","_EXE":"/usr/bin/logger","MESSAGE":` + jsonString(kernel) + `}`,
		`{"_TRANSPORT":"stdout","_COMM":"dbus-daemon","_EXE":"/opt/evil","MESSAGE":` + jsonString(testBus) + `}`,
		`{"_TRANSPORT":"kernel","SYSLOG_FACILITY":"1","MESSAGE":` + jsonString(kernel) + `}`,
		`{"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"dbus-daemon","MESSAGE":` + jsonString(testBus) + `}`, // gone before journald saw it
		`{"SYSLOG_IDENTIFIER":"sshd","MESSAGE":` + jsonString(kernel) + `}`,
		`{"_EXE":"/usr/sbin/sshd","MESSAGE":` + jsonString(kernel) + `}`,
		`{"log":` + jsonString(kernel) + `,"stream":"stdout"}`,
		`{"_TRANSPORT":"syslog","X":",\"MESSAGE\":\"audit: type=1400","MESSAGE":` + jsonString("a "+kernel) + `}`,
	} {
		e, status := ParseLine([]byte(line))
		if status != Foreign || e.Problem == "" || e.Raw != line || e.Mode != "" {
			t.Errorf("%v (%s): %s", status, e.Problem, line)
		}
	}
}

// TestOther holds lines that have nothing to do with AppArmor.
func TestOther(t *testing.T) {
	for _, line := range []string{
		"", "\n", "\x00\x00", " ", "[", "<", "{", "{}", "type=", "node=", "node=x", "type=PATH", "apparmor", "[]", "<5>", "<5>[", "Jul", ":", "kern  :",
		"Jul 24 12:25:33 web-1 kernel: [42416.178567] type __ratelimit: 36 callbacks suppressed",
		"type=SYSCALL msg=" + testStamp + `arch=c000003e syscall=257 comm="ls" exe="/bin/ls"`,
		"type=AVC msg=" + testStamp + `avc:  denied  { read } for  pid=1 comm="x" scontext=a tcontext=b`,
		"type=USER_AVC msg=" + testStamp + `pid=1 uid=0 subj=x msg='avc:  denied  { send_msg } for msgtype=method_call'`,
		"Jul 24 12:25:33 web-1 audit[812]: SYSCALL arch=c000003e syscall=257",
		"Jul 24 12:25:33 web-1 kernel: audit: type=1400 " + testStamp + "avc:  denied  { read }",
		"Jul 24 12:25:33 web-1 kernel: audit: type=1300 " + testStamp + "arch=c000003e",
		"Jul 24 12:25:33 web-1 kernel: audit(1279967133.365:54): initialized",
		"Jul 24 12:25:33 web-1 x]: y", "Jul 24 12:25:33 web-1 []: y", "Jul 24 12:25:33 : y",
		`{"_TRANSPORT":"kernel","MESSAGE":"usb 1-1: new device"}`,
		`{"_TRANSPORT":"kernel","MESSAGE":""}`,
		`{"_TRANSPORT":"kernel","MESSAGE":[]}`,
		`{"_TRANSPORT":"journal","MESSAGE":null}`,
		`{"MESSAGE":["a","b"]}`, `{"MESSAGE":"\ud83d\ude00\u00e4\n"}`, `{"MESSAGE":"\x"}`, `{"MESSAGE":"a`, `{"MESSAGE":[1,2`, `{"MESSAGE":[300]}`,
		`profile="default" level="info" operation="sync" msg="done"`,
	} {
		if e, status := ParseLine([]byte(line)); status != Other {
			t.Errorf("%v (%s): %q", status, e.Problem, line)
		}
	}
}

// TestDamaged holds records that are cut or broken: what is left of them is
// read, and the problem is named.
func TestDamaged(t *testing.T) {
	auditd := "type=AVC msg=" + testStamp
	tests := []struct{ name, line, problem, profile string }{
		{"in the mode", auditd + `apparm`, problemCut, ""},
		{"before the fields", auditd, problemCut, ""},
		{"in the type", "type=AVC", problemStamp, ""},
		{"in the stamp", "type=AVC msg=audit(12799", problemStamp, ""},
		{"before the stamp", "type=APPARMOR_DENIED ms", problemStamp, ""},
		{"stamp overwritten", `type=AVC msg=audit(12799====8.415:39): ` + testBody, problemStamp, "/usr/sbin/cupsd"},
		{"in a value", auditd + `apparmor="DENIED" operation="open" profile="/usr/sb`, problemQuote, "/usr/sb"},
		{"in a key", auditd + `apparmor="DENIED" operation="open" profile="/usr/sbin/x" na`, problemCut, "/usr/sbin/x"},
		{"after a key", auditd + `apparmor="DENIED" operation="open" profile="/usr/sbin/x" pid=`, problemCut, "/usr/sbin/x"},
		{"after the profile", auditd + `apparmor="DENIED" operation="open" profile="/usr/sbin/x"`, problemCut, "/usr/sbin/x"},
		{"after the mode", auditd + `apparmor="DENIED"`, problemCut, ""},
		{"in hex", auditd + `apparmor="DENIED" operation="open" profile="x" pid=1 comm="a" name=2F6`, problemHex, "x"},
		{"NULs", auditd + "apparmor=\"DENIED\" operation=\"open\" profile=\"x\" name=\"/et\x00\x00\x00\" pid=1 comm=\"a\"", problemControl, "x"},
		{"junk", auditd + testBody + " \xff\xfe\x01 more", problemJunk, "/usr/sbin/cupsd"},
		{"quote within", auditd + `apparmor="DENIED" operation="open" profile="x" name="/a"b" pid=1 comm="a"`, problemJunk, "x"},
		{"two in one", auditd + testBody + auditd + testBody, problemTwo, "/usr/sbin/cupsd"},
		{"AppArmor 1", "type=APPARMOR msg=" + testStamp + "REJECTING r access to /x (bash(1) profile /x active /x)", problemOld, ""},
		{"user message", "type=USER_AVC msg=" + testStamp + "pid=1 uid=1 msg='appa", problemCut, ""},
		{"JSON", `{"_TRANSPORT":"kernel","MESSAGE":"audit: type=1400 ` + testStamp + `apparmor=\"DENIED\"`, problemJSON, ""},
		{"JSON bytes", `{"_TRANSPORT":"kernel","MESSAGE":` + strings.TrimSuffix(byteList("AVC "+testBody), "]"), problemJSON, ""},
		{"JSON without message", `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1400","MESSAGE":null}`, problemNull, ""},
	}
	for _, test := range tests {
		e, status := ParseLine([]byte(test.line))
		if status != Damaged || e.Problem != test.problem || e.Profile != test.profile || e.Raw != test.line {
			t.Errorf("%s: %v (%s), profile %q", test.name, status, e.Problem, e.Profile)
		}
	}
}
