package compiled

import "strings"

// Perms is a set of permissions in the kernel's numbering (perms.h). The same
// bit has another meaning in another class; Names says which.
type Perms uint32

// Permissions on files. Write implies Append.
const (
	MayExec   Perms = 1 << 0
	MayWrite  Perms = 1 << 1
	MayRead   Perms = 1 << 2
	MayAppend Perms = 1 << 3
	MayLock   Perms = 1 << 15
	MayMap    Perms = 1 << 16 // map executable
	MayLink   Perms = 1 << 18

	// AnyTarget, of a link, says that the link may grant more than its target
	// does: the rule is no "link subset".
	AnyTarget Perms = 1 << 15
)

// Permissions to change the profile, by itself or at the next exec.
const (
	MayChangeProfile Perms = 1 << 30
	MayChangeOnExec  Perms = 1 << 29
)

// Permissions on sockets, signals, message queues and the D-Bus.
const (
	MaySend     Perms = 1 << 1
	MayReceive  Perms = 1 << 2
	MayCreate   Perms = 1 << 4
	MayShutdown Perms = 1 << 5
	MayConnect  Perms = 1 << 6
	MaySetAttr  Perms = 1 << 8
	MayGetAttr  Perms = 1 << 9
	MayAccept   Perms = 1 << 20
	MayBind     Perms = 1 << 21
	MayListen   Perms = 1 << 22
	MaySetOpt   Perms = 1 << 24
	MayGetOpt   Perms = 1 << 25

	MayDelete Perms = 1 << 5 // of a message queue
	MayOpen   Perms = 1 << 6 // of a message queue

	MayEavesdrop Perms = 1 << 5 // on a bus
	MayAcquire   Perms = 1 << 6 // a name on a bus; the rule's word is bind
)

// Permissions of the remaining classes.
const (
	MayTrace    Perms = 1 << 1 // ptrace; its Read is the bit of files
	MayTracedBy Perms = 1 << 3
	MayReadBy   Perms = 1 << 4

	MayPivotRoot Perms = 1 << 0 // mount
	MayMount     Perms = 1 << 1
	MayUmount    Perms = 1 << 2

	MayCreateNamespace Perms = 1 << 3 // userns
	MayOverrideCreds   Perms = 1 << 3 // io_uring
	MaySQPoll          Perms = 1 << 4

	MayUse    Perms = 1 << 0 // use a capability
	MayAttach Perms = 1 << 0 // to a program
)

const all Perms = ^Perms(0)

// Masks of what the kernel asks.
const (
	filePerms   = MayExec | MayWrite | MayRead | MayAppend | MayLock | MayMap | MayLink
	signalPerms = MaySend | MayReceive
	ptracePerms = MayRead | MayTrace | MayTracedBy | MayReadBy
	queuePerms  = MayWrite | MayRead | MayCreate | MayDelete | MayOpen | MaySetAttr | MayGetAttr
	socketPerms = MaySend | MayReceive | MayCreate | MayShutdown | MayConnect | MaySetAttr | MayGetAttr |
		MayAccept | MayBind | MayListen | MaySetOpt | MayGetOpt
	peerPerms  = MaySend | MayReceive | MayConnect | MayAccept
	localPerms = MayShutdown | MaySetAttr | MayGetAttr | MayAccept | MayBind
)

type permName struct {
	bit  Perms
	name string
}

var (
	fileNames = []permName{{MayRead, "read"}, {MayWrite, "write"}, {MayAppend, "append"}, {MayExec, "exec"},
		{MayMap, "map"}, {MayLock, "lock"}, {MayLink, "link"}}
	linkNames   = []permName{{MayLink, "link"}, {AnyTarget, "without subset"}}
	changeNames = []permName{{MayChangeProfile, "change_profile"}, {MayChangeOnExec, "change_onexec"}}
	socketNames = []permName{{MayCreate, "create"}, {MayBind, "bind"}, {MayListen, "listen"}, {MayAccept, "accept"},
		{MayConnect, "connect"}, {MaySend, "send"}, {MayReceive, "receive"}, {MayShutdown, "shutdown"},
		{MayGetAttr, "getattr"}, {MaySetAttr, "setattr"}, {MayGetOpt, "getopt"}, {MaySetOpt, "setopt"}}
	queueNames = []permName{{MayCreate, "create"}, {MayOpen, "open"}, {MayDelete, "delete"}, {MayRead, "read"},
		{MayWrite, "write"}, {MayGetAttr, "getattr"}, {MaySetAttr, "setattr"}}
)

// permNames holds what each bit means to a class.
var permNames = map[Class][]permName{
	ClassFile:          fileNames,
	ClassLink:          linkNames,
	ClassChangeProfile: changeNames,
	ClassAttachment:    {{MayAttach, "attach"}},
	ClassCapability:    {{MayUse, "capability"}},
	ClassNetwork:       socketNames,
	ClassUnix:          socketNames,
	ClassSignal:        {{MaySend, "send"}, {MayReceive, "receive"}},
	ClassPtrace:        {{MayTrace, "trace"}, {MayRead, "read"}, {MayTracedBy, "tracedby"}, {MayReadBy, "readby"}},
	ClassMount:         {{MayMount, "mount"}, {MayUmount, "umount"}, {MayPivotRoot, "pivot_root"}},
	ClassDBus:          {{MaySend, "send"}, {MayReceive, "receive"}, {MayAcquire, "bind"}, {MayEavesdrop, "eavesdrop"}},
	ClassMqueue:        queueNames,
	ClassUserNS:        {{MayCreateNamespace, "create"}},
	ClassIOUring:       {{MayOverrideCreds, "override_creds"}, {MaySQPoll, "sqpoll"}},
}

// Names spells p in the words of the class's rules. Append goes unsaid beside
// write, which implies it.
func (p Perms) Names(c Class) []string {
	var names []string
	for _, n := range permNames[c] {
		if p&n.bit != 0 && !(c == ClassFile && n.bit == MayAppend && p&MayWrite != 0) {
			names = append(names, n.name)
		}
	}
	return names
}

func (p Perms) in(c Class) string { return strings.Join(p.Names(c), ", ") }
