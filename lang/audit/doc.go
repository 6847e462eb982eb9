// Package audit reads what the kernel, and programs that mediate for it, said
// about AppArmor: one line of a log becomes one [Event], and a [Log] groups
// the events of any number of logs.
//
// It owns the shapes of log lines and the fields of records. It decides
// nothing: what a record asks for is for others to say. It imports the
// standard library only, but for the zstd decoder in zstd.go.
//
// The fields are those that security/apparmor and security/lsm_audit.c of
// Linux write, that libapparmor's scanner.l and grammar.y know, and that
// dbus-daemon adds. A key that is not known never costs the record: it is
// kept in [Event.Extra].
//
// # What is a record
//
// A record is told by what stands before it, never by what a line contains:
//
//	auditd            [node=HOST ]type=AVC msg=audit(TIME:ID): apparmor=…
//	auditd, by users  type=USER_AVC msg=audit(TIME:ID): pid=… msg='apparmor=…'
//	dmesg             [<PRIO>][[STAMP] ]audit: type=1400 audit(TIME:ID): apparmor=…
//	syslog, journal   DATE HOST kernel: [[STAMP] ]audit: type=1400 audit(…): apparmor=…
//	syslog, RFC 5424  <PRIO>1 DATE HOST kernel - - - [[STAMP] ]audit: type=1400 audit(…): …
//	journal           DATE HOST audit[PID]: AVC apparmor=…
//	audispd           DATE HOST audisp-syslog: type=AVC msg=audit(…): apparmor=…
//	D-Bus             DATE HOST dbus-daemon[PID]: apparmor=… operation="dbus_…" …
//	journal, JSON     {…"_TRANSPORT":"kernel"…"MESSAGE":"audit: type=1400 …"…}
//	bare              apparmor=…, and a shape from above without its prefix
//
// The types 1501 to 1507, by number or as APPARMOR_DENIED and so on, stand for
// 1400 in records of old kernels, with or without "audit:" and with the type
// on either side of audit(…).
//
// A line that holds a record elsewhere, such as a message of sshd that quotes
// one, is not a record. It is counted as [Foreign], and shown, so that a shape
// which is missing above cannot lose records in silence.
//
// # What cannot be told
//
//   - In the text of syslog and of journalctl the name before the colon is
//     chosen by the sender: `logger -t kernel`, or a program that is called
//     "audit" or "dbus-daemon", writes lines that nothing sets apart. The
//     JSON of the journal names the sender as journald saw it (_TRANSPORT,
//     _EXE), and there such a line is Foreign.
//   - A bare record, and a journal's JSON without _TRANSPORT, is as good as the
//     hand that brought it.
//   - Who may write to /dev/kmsg (root) can write what the kernel writes. Only
//     dmesg -r, dmesg -x and the journal's JSON show the facility; there a
//     line that is not the kernel's is Foreign.
//   - A user message of the audit system (USER_AVC) takes CAP_AUDIT_WRITE; any
//     program that has it can claim any access. Such events have [Event.User].
//   - Where the journal stores both what the kernel printed and what its audit
//     socket sent, each access stands there twice, and counts twice.
//   - A record that was cut between two fields looks whole, unless it lost its
//     process. `journalctl` without -o json replaces a message that is not
//     plain text by its size, and without --all the JSON drops a long one;
//     the second is counted as damaged, the first cannot be seen.
//   - The names in a genuine record are chosen by whoever runs the program.
//     They are data: bytes of any kind, globs and quotes, until escaped.
package audit
