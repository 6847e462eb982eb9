// Package feature knows what each AppArmor version can write and what each
// target enforces: the targets, the features by which they differ, and the
// words of the profile language.
//
// The feature sets of kernels and the abi files that targets ship are embedded,
// so that a target means the same on every machine. The package imports
// diag and decides nothing: what to do about a feature that a
// target lacks is the compiler's business.
package feature

// Feature is something that not every target holds. Its value is the name of
// the loss that a target without it causes, as in `ignore "loss-port"`.
type Feature string

// The features, in the order of Features.
const (
	Network           Feature = "loss-network"
	NetworkAccess     Feature = "loss-network-access"
	Port              Feature = "loss-port"
	PortRange         Feature = "loss-port-range"
	Interface         Feature = "loss-interface"
	NetworkLabel      Feature = "loss-network-label"
	Unix              Feature = "loss-unix"
	UnixDeny          Feature = "loss-unix-deny"
	Signal            Feature = "loss-signal"
	SignalName        Feature = "loss-signal-name"
	Ptrace            Feature = "loss-ptrace"
	Mount             Feature = "loss-mount"
	MountOption       Feature = "loss-mount-option"
	DBus              Feature = "loss-dbus"
	Userns            Feature = "loss-userns"
	Mqueue            Feature = "loss-mqueue"
	MqueueSysV        Feature = "loss-mqueue-sysv"
	IoUring           Feature = "loss-io-uring"
	Capability        Feature = "loss-capability"
	All               Feature = "loss-all"
	Priority          Feature = "loss-priority"
	Prompt            Feature = "loss-prompt"
	DenyBlock         Feature = "loss-deny-block"
	ConditionOperator Feature = "loss-condition-operator"
	VariableDefault   Feature = "loss-variable-default"
	DisconnectedPath  Feature = "loss-attach-disconnected-path"
	DisconnectedIPC   Feature = "loss-attach-disconnected-ipc"
	DefaultAllow      Feature = "loss-default-allow"
	KillSignal        Feature = "loss-kill-signal"
	ErrorCode         Feature = "loss-error"
	Interruptible     Feature = "loss-interruptible"
)

// Info describes one feature.
type Info struct {
	Feature Feature
	Doc     string  // what it is, one line
	Since   Version // first parser that can write it
	Instead string  // what holds on a target that does not enforce it

	// enforced decides from the features of the kernel and of the abi file
	// whether what was written has any effect.
	enforced func(kernel, abi *Set) bool
}

// table is the one list of features. Which parser accepts each, and whether
// it compiles to anything under given features, is proved against the real
// parsers by the test of this package.
var table = []Info{
	{Network, "network rules by address family and socket type", V3_0,
		"every socket is allowed", both("network_v8/af_mask", "network_v9/af_mask", "network/af_mask")},
	{NetworkAccess, "network rules with a list of accesses, such as network (connect)", V4_0,
		"all accesses of the family and type are allowed", both("network_v8/af_mask")},
	{Port, "address and port of a network rule", V4_0,
		"any address and port of the family and type is allowed", both("network_v8/af_inet")},
	{PortRange, "a range of ports in a network rule", V4_1,
		"any port of the family and type is allowed", both("network_v8/af_inet")},
	{Interface, "interface= of a network rule", V5_0,
		"any interface is allowed", both("network_v9_skb/iface")},
	{NetworkLabel, "label= in the peer of a network rule", V5_0,
		"any peer is allowed", both("network_v8/af_inet")},
	{Unix, "unix rules by access, address and peer", V3_0,
		"every unix socket of the type is allowed, as by network unix", both("network/af_unix", "network_v9/af_unix")},
	{UnixDeny, "deny unix rules", V3_0,
		"nothing is denied; deny network unix works in its place", both("network/af_unix", "network_v9/af_unix")},
	{Signal, "signal rules", V3_0,
		"every signal is allowed", both("signal/mask")},
	{SignalName, "the signal names tstp and poll", V5_0,
		"they are called stp and io", both("signal/mask")},
	{Ptrace, "ptrace rules", V3_0,
		"every ptrace is allowed", both("ptrace/mask")},
	{Mount, "mount, remount, umount and pivot_root rules", V3_0,
		"every mount is allowed to a task that has the capability", both("mount/mask")},
	{MountOption, "the mount options nosymfollow, symfollow, lazytime, nolazytime and nostrictatime", V4_0,
		"", both("mount/mask")},
	{DBus, "dbus rules", V3_0,
		"every D-Bus message and name is allowed", both("dbus/mask")},
	{Userns, "userns rules", V4_0,
		"every user namespace is allowed", both("namespaces/mask/userns_create")},
	{Mqueue, "mqueue rules for POSIX queues", V4_0,
		"every POSIX message queue is allowed", both("ipc/posix_mqueue")},
	{MqueueSysV, "mqueue rules for System V queues", V4_0,
		"every System V message queue is allowed", both("ipc/sysv_mqueue")},
	{IoUring, "io_uring rules", V4_0,
		"all of io_uring is allowed", both("io_uring/mask")},
	{Capability, "the capabilities perfmon, bpf and checkpoint_restore", V3_0,
		"the parser grants sys_admin in their place", kernel("caps/mask/checkpoint_restore")},
	{All, "the rule all", V4_0, "", always},
	{Priority, "priority= of a rule", V4_1, "", always},
	{Prompt, "the qualifier prompt", V4_1,
		"the access is denied", both("policy/notify/user")},
	{DenyBlock, "deny on a block of rules", V4_0, "", always},
	{ConditionOperator, "if with comparisons", V5_0, "", always},
	{VariableDefault, "the assignments ?= and :=", V5_0, "", always},
	{DisconnectedPath, "the flag attach_disconnected.path", V4_0,
		"disconnected paths appear below /", kernel("domain/disconnected.path")},
	{DisconnectedIPC, "the flags attach_disconnected.ipc and attach_disconnected.ipc=", V5_0,
		"", both("domain/disconnected.ipc")},
	{DefaultAllow, "the profile mode default_allow", V4_0, "", always},
	{KillSignal, "the flag kill.signal", V4_0,
		"the flag is ignored, and the mode kill sends SIGKILL", both("policy/profile/kill.signal")},
	{ErrorCode, "the flag error", V4_1,
		"the flag is ignored, and a denial gives EACCES", both("policy/profile/error")},
	{Interruptible, "the flag interruptible", V4_1,
		"the flag is ignored", both("policy/profile/interruptible")},
}

// Features returns every feature with its description, in a fixed order.
func Features() []Info { return append([]Info(nil), table...) }

// Describe returns the description of f; ok is false for an unknown feature.
func Describe(f Feature) (info Info, ok bool) {
	for _, i := range table {
		if i.Feature == f {
			return i, true
		}
	}
	return Info{}, false
}

// both holds where the kernel and the abi file share one of the paths: the
// parser compiles a class only then.
func both(paths ...string) func(kernel, abi *Set) bool {
	return func(kernel, abi *Set) bool {
		for _, p := range paths {
			if kernel.Has(p) && abi.Has(p) {
				return true
			}
		}
		return false
	}
}

// kernel holds where the kernel has the path, whatever the abi file says: the
// parser writes such things out in any case.
func kernel(path string) func(kernel, abi *Set) bool {
	return func(kernel, _ *Set) bool { return kernel.Has(path) }
}

// always is for what the parser resolves itself.
func always(_, _ *Set) bool { return true }
