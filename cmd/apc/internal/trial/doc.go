// Package trial runs a command under real AppArmor profiles in a kernel that
// is thrown away afterwards: Debian's user-mode-linux, a kernel with AppArmor
// that is an ordinary process and needs no root.
//
// It owns the kernel's life and what goes in and out of it. It knows nothing
// of policies, and of a record only that it is a line: profiles come as text
// or as what apparmor_parser compiled, records go out as the kernel wrote
// them. It imports the standard library and golang.org/x/sys/unix only.
//
// # Who is who
//
// Four processes take part, three of them this very executable, so that
// nothing has to be installed:
//
//	host     Run: writes the job, starts the keeper, reads what comes back
//	keeper   between the two: takes rights away, starts the kernel, and ends
//	         all its processes when the host is gone, however it went
//	kernel   linux.uml
//	guest    process 1 inside: builds the root, loads the profiles, runs the
//	         command and the steps after it, collects the records of each
//
// [Main] is what the keeper and the guest run. They are told by their first
// argument, never by their process number.
//
// All that comes back comes as frames (stream.go) over the guest's serial line,
// which is a pipe of the host. So the guest has no file of the host that it may
// write to, and the host sees output as it is written.
//
// # What keeps the host as it was
//
// The guest's root is an overlay: the host's root, read-only, below a tmpfs. A
// guest's root user could mount the host's files again, past the overlay; so
// the keeper denies the kernel's process every system call that changes a file
// by its name (confine.go). Started by root, the kernel moreover runs in a mount
// namespace in which nothing can be written to.
//
// # What a trial cannot show
//
// What Linux 6.1 does not mediate (dbus, unix sockets but for their files and
// family, mqueue, userns, ports). Files that the user who starts the trial
// cannot read give EACCES and no record. There is no network but the loopback,
// no systemd, no syslog, and one CPU.
package trial
