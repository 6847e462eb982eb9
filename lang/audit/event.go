package audit

import (
	"strings"
	"time"
)

// Status says what a line is.
type Status uint8

// A line is one of these.
const (
	Other   Status = iota // nothing about AppArmor
	Foreign               // holds a record, but in a message that is not the kernel's
	Record                // a record that was read whole
	Damaged               // a record that could not be read whole
)

// String returns the name of the status in lower case.
func (s Status) String() string {
	return [...]string{"other", "foreign", "record", "damaged"}[s]
}

// Mode is what AppArmor did, as the record says it.
type Mode string

// The modes that kernels know. A record without one (the kernel's parameter
// apparmor.audit_header switches it off) has the empty mode.
const (
	ModeAudit   Mode = "AUDIT"   // allowed by an audit rule
	ModeAllowed Mode = "ALLOWED" // would be denied, but the profile only complains
	ModeDenied  Mode = "DENIED"
	ModeHint    Mode = "HINT"
	ModeStatus  Mode = "STATUS" // a profile was loaded, AppArmor started, …
	ModeError   Mode = "ERROR"
	ModeKilled  Mode = "KILLED" // denied, and the process was killed
)

// Shape is the form of log that a line comes from.
type Shape string

// The shapes, in the words of the package comment.
const (
	ShapeAuditd      Shape = "auditd"
	ShapeDmesg       Shape = "dmesg"
	ShapeSyslog      Shape = "syslog" // syslog files and the text of journalctl
	ShapeJournalJSON Shape = "journal-json"
	ShapeBare        Shape = "bare"
)

// ID is a user's number, or NoID.
type ID int64

// NoID stands for a user that the record does not name. The kernel writes -1
// where it has no number for one.
const NoID ID = -1

// Field is a key of a record with its value, unquoted.
type Field struct{ Key, Value string }

// Event is one record. Strings that the record does not hold are empty,
// numbers are 0 unless said otherwise. Names are as the kernel had them: hex
// is decoded, and no byte is changed, so they may be invalid UTF-8.
type Event struct {
	Shape Shape
	Host  string // from the line's prefix
	// User is true where a program wrote the record, not the kernel: D-Bus
	// and other mediators in user space.
	User bool
	// Time is when the record was made. It is zero where the line does not
	// say the year: a D-Bus record under a traditional syslog date.
	Time    time.Time
	AuditID string // "1279968846.035:77", or only the serial number
	Serial  uint64 // the number after the colon

	Mode      Mode
	Operation string
	Class     string // as written: "file", "cap", "net"; see Kind
	Namespace string
	Profile   string // whole: "/usr/sbin/apache2//hat"; see SplitProfile
	Name      string // the path, or what the operation has in its place
	Target    string // target= or name2=: link target, next profile
	Requested string // the accesses asked for, as written
	Denied    string // those of them that were denied, or D-Bus' mask
	FSUID     ID     // who asked, NoID if unknown
	OUID      ID     // who owns Name, NoID if unknown

	PID     int
	Comm    string
	Exe     string
	Parent  int
	PeerPID int
	// Peer is the profile at the other end of a signal, ptrace, socket,
	// message or io_uring.
	Peer     string
	PeerInfo string

	Net   Net
	DBus  DBus
	Mount Mount

	Capability string // "net_admin"
	Signal     string // "term", "rtmin+3", "unknown(99)"
	Rlimit     string
	RlimitTo   string // the value that was asked for
	ExecPath   string
	Attribute  string
	Task       int
	MagicToken int
	Info       string
	// Error is the error that the caller got, negative as the kernel has it.
	Error int

	// Extra holds every other field in order: those with a key that is not
	// known, and of two with the same meaning the one that does not count.
	Extra []Field
	// Problem says what is wrong with a record that is Damaged or Foreign.
	Problem string
	// Raw is the line as it was found, without its newline.
	Raw string
}

// Net holds the fields of sockets.
type Net struct {
	Family    string // "inet", "unix", "unknown(47)"
	SockType  string // "stream"
	Protocol  string // by name where protocols(5) has one: "tcp", or "unknown(768)"
	LocalIP   string
	LocalPort int
	PeerIP    string
	PeerPort  int
	// Addr and PeerAddr name unix sockets: a path, "@name" or "none".
	Addr     string
	PeerAddr string
}

// DBus holds the fields of D-Bus; the name is Event.Name.
type DBus struct{ Bus, Path, Interface, Member string }

// Mount holds the fields of mounts; the mount point is Event.Name.
type Mount struct {
	Fstype  string
	Source  string
	Flags   string // "rw, bind"
	Options string
	Trans   string // profile that pivot_root changes to
}

// Owner says whether the access was to something of the subject's own: fsuid
// equals ouid or, in old records, the mask is one for owners ("r::").
func (e *Event) Owner() bool {
	if e.FSUID != NoID && e.OUID != NoID {
		return e.FSUID == e.OUID
	}
	owner, _, legacy := strings.Cut(e.Denied, "::")
	return legacy && owner != ""
}

// Denial says whether the record tells of an access that was denied, or would
// have been if the profile were enforced. A record that does not say its mode
// counts, unless it is about profiles that were loaded.
func (e *Event) Denial() bool {
	switch e.Mode {
	case ModeAudit, ModeStatus, ModeHint:
		return false
	case "":
		return e.Kind() != KindPolicy
	}
	return true
}

// SplitProfile parts the name of a profile into the profile, its child or hat,
// and so on. A stack ("a//&b") is returned whole.
func SplitProfile(name string) []string {
	if strings.Contains(name, "//&") {
		return []string{name}
	}
	return strings.Split(name, "//")
}
