package compiled

import (
	"math/bits"
	"strconv"
)

// capabilityNames in the order of their numbers (capabilities(7)).
var capabilityNames = []string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid",
	"setpcap", "linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw",
	"ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct",
	"sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod",
	"lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
	"wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
}

// A CapSet is a set of capabilities, a bit for each by its number.
type CapSet uint64

// Names lists the set in the order of the numbers; one without a name is given
// by its number.
func (c CapSet) Names() []string {
	var names []string
	for ; c != 0; c &= c - 1 {
		names = append(names, capabilityName(bits.TrailingZeros64(uint64(c))))
	}
	return names
}

func capabilityName(n int) string {
	if n < len(capabilityNames) {
		return capabilityNames[n]
	}
	return strconv.Itoa(n)
}

// Capabilities are those that a profile allows and how they are recorded. What
// is denied but not quiet cannot be told from what no rule names.
type Capabilities struct {
	Allow CapSet // less what is denied
	Audit CapSet // allowed and recorded
	Quiet CapSet // denied without a record
}

// readCapabilities reads the low halves, then the struct of high halves. The
// fourth word of each is reserved. A struct "capsx", the mask of extended
// mediation, grants nothing.
func readCapabilities(s *stream) Capabilities {
	read := func() (v [4]CapSet) {
		for i := range v {
			v[i] = CapSet(s.u32(""))
		}
		return v
	}
	low := read()
	var high [4]CapSet
	if s.named("caps64") {
		s.open("caps64")
		high = read()
		s.closeStruct()
	}
	if s.named("capsx") {
		s.open("capsx")
		s.u32("")
		s.u32("")
		s.closeStruct()
	}
	return Capabilities{low[0] | high[0]<<32, low[1] | high[1]<<32, low[2] | high[2]<<32}
}

// rlimitNames in the order of the stream (kernel: resource.c,
// AA_SFS_RLIMIT_MASK).
var rlimitNames = [...]string{
	"cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile",
	"memlock", "as", "locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime",
}

const rlimitNice = 13

// Rlimits are the hard limits that a profile sets.
type Rlimits struct {
	set    uint32
	values [len(rlimitNames)]uint64
}

// An Rlimit is one hard limit by its name in rules, such as "nofile".
type Rlimit struct {
	Name  string
	Value uint64 // for nice: 20 more than the rule says
}

// infinite is the value of no limit.
const infinite = ^uint64(0)

// String spells the limit as its rule does.
func (r Rlimit) String() string { return r.Name + " <= " + r.value() }

func (r Rlimit) value() string {
	switch {
	case r.Value == infinite:
		return "infinity"
	case r.Name == rlimitNames[rlimitNice]:
		return strconv.FormatInt(int64(r.Value)-20, 10)
	}
	return strconv.FormatUint(r.Value, 10)
}

// List returns the limits that are set.
func (l Rlimits) List() []Rlimit {
	var list []Rlimit
	for i, name := range rlimitNames {
		if l.has(i) {
			list = append(list, Rlimit{name, l.values[i]})
		}
	}
	return list
}

// Get returns the limit of that name; ok is false where none is set.
func (l Rlimits) Get(name string) (value uint64, ok bool) {
	for i, n := range rlimitNames {
		if n == name {
			return l.values[i], l.has(i)
		}
	}
	return 0, false
}

func (l Rlimits) has(i int) bool { return l.set&(1<<i) != 0 }

// effective is the limit that holds, infinite where none is set.
func (l Rlimits) effective(i int) uint64 {
	if !l.has(i) {
		return infinite
	}
	return l.values[i]
}

func (l Rlimits) text(i int) string {
	if !l.has(i) {
		return ""
	}
	return Rlimit{rlimitNames[i], l.values[i]}.value()
}

// readRlimits reads the struct "rlimits", which is optional.
func readRlimits(s *stream) (l Rlimits) {
	if !s.named("rlimits") {
		return l
	}
	s.open("rlimits")
	l.set = s.u32("")
	at := s.pos
	n := s.array("", 9)
	if n > len(l.values) {
		s.failAt(at, "at most %d limits", len(l.values))
		return l
	}
	for i := range n {
		l.values[i] = s.u64("")
	}
	s.closeArrayStruct()
	l.set &= 1<<n - 1
	return l
}
