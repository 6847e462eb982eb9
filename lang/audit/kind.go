package audit

import "strings"

// Kind is the kind of rule that speaks about an event's access, by the keyword
// that begins such a rule; or one of those that no rule speaks about.
type Kind string

// The kinds of events.
const (
	KindUnknown       Kind = ""
	KindFile          Kind = "file" // with link and exec
	KindCapability    Kind = "capability"
	KindNetwork       Kind = "network"
	KindUnix          Kind = "unix" // old targets: network unix
	KindMount         Kind = "mount"
	KindRemount       Kind = "remount"
	KindUmount        Kind = "umount"
	KindPivotRoot     Kind = "pivot_root"
	KindSignal        Kind = "signal"
	KindPtrace        Kind = "ptrace"
	KindDBus          Kind = "dbus"
	KindRlimit        Kind = "rlimit"
	KindMqueue        Kind = "mqueue"
	KindIoUring       Kind = "io_uring"
	KindUserns        Kind = "userns"
	KindChangeProfile Kind = "change_profile"
	KindChangeHat     Kind = "change_hat" // asks for a hat, not for a rule
	KindPolicy        Kind = "policy"     // profiles loaded, replaced, removed
)

// operationKinds are the operations that say their kind alone
// (security/apparmor/include/audit.h). It is read only.
var operationKinds = map[string]Kind{
	"capable":         KindCapability,
	"umount":          KindUmount,
	"pivotroot":       KindPivotRoot,
	"ptrace":          KindPtrace,
	"signal":          KindSignal,
	"setrlimit":       KindRlimit,
	"sysv_mqueue":     KindMqueue,
	"uring_override":  KindIoUring,
	"uring_sqpoll":    KindIoUring,
	"userns_create":   KindUserns,
	"change_profile":  KindChangeProfile,
	"change_onexec":   KindChangeProfile,
	"stack":           KindChangeProfile,
	"stack_onexec":    KindChangeProfile,
	"change_hat":      KindChangeHat,
	"profile_load":    KindPolicy,
	"profile_replace": KindPolicy,
	"profile_remove":  KindPolicy,
}

// classKinds are the classes that kernels from 6.0 on write, where they say
// more than the operation. It is read only.
var classKinds = map[string]Kind{
	"cap":          KindCapability,
	"mount":        KindMount,
	"ptrace":       KindPtrace,
	"signal":       KindSignal,
	"rlimits":      KindRlimit,
	"posix_mqueue": KindMqueue,
	"sysv_mqueue":  KindMqueue,
	"io_uring":     KindIoUring,
	"namespace":    KindUserns,
	"dbus":         KindDBus,
}

// Kind says which kind of rule the event's access is about. The operation
// decides, then the class, then the fields, since older kernels write fewer of
// them: "file_inherit" and "connect" are about files or sockets as their
// fields are.
func (e *Event) Kind() Kind {
	switch {
	case operationKinds[e.Operation] != "":
		return operationKinds[e.Operation]
	case e.Operation == "mount":
		return e.mountKind()
	case strings.HasPrefix(e.Operation, "dbus_"):
		return KindDBus
	case classKinds[e.Class] != "":
		return classKinds[e.Class]
	case e.Net.Family == "unix" && e.Name == "":
		return KindUnix
	case e.Class == "net" || e.Net.Family != "" && e.Name == "":
		return KindNetwork
	case e.Class == "file" || e.Name != "" && e.Requested+e.Denied != "":
		return KindFile
	}
	return KindUnknown
}

func (e *Event) mountKind() Kind {
	for _, flag := range strings.Split(e.Mount.Flags, ",") {
		if strings.TrimSpace(flag) == "remount" {
			return KindRemount
		}
	}
	return KindMount
}
