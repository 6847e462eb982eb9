package compiled

// A Class is what a permission is about.
type Class uint8

const (
	ClassFile          Class = iota
	ClassLink                // a hard link and its target
	ClassChangeProfile       // change_profile, at once or at the next exec
	ClassAttachment          // the programs that run under the profile
	ClassCapability
	ClassRlimit
	ClassNetwork // sockets by address family and type; inet by address and port where the policy is that fine
	ClassUnix    // unix sockets by address and peer
	ClassSignal
	ClassPtrace
	ClassMount // mount, umount, pivot_root
	ClassDBus
	ClassMqueue
	ClassUserNS
	ClassIOUring
	ClassSetting // mode and flags of the profile
	ClassOther   // a class of the kernel that this package has no words for
)

func (c Class) String() string {
	return [...]string{"file", "link", "change_profile", "attachment", "capability", "rlimit", "network",
		"unix", "signal", "ptrace", "mount", "dbus", "mqueue", "userns", "io_uring", "setting", "other"}[c]
}

// The class bytes at the start of every string that the policy automaton
// matches (policydb.h).
const (
	byteFile       = 2
	byteNet        = 4
	byteMount      = 7
	bytePtrace     = 9
	byteSignal     = 10
	byteNetV8      = 14
	byteNetV9      = 15
	byteLabel      = 16
	bytePosixQueue = 17
	byteSysvQueue  = 18
	byteNamespace  = 21
	byteIOUring    = 22
	byteDBus       = 32
)

// classBytes holds the bytes whose states say that a class is mediated.
var classBytes = map[Class][]byte{
	ClassSignal:  {byteSignal},
	ClassPtrace:  {bytePtrace},
	ClassMount:   {byteMount},
	ClassDBus:    {byteDBus},
	ClassMqueue:  {bytePosixQueue, byteSysvQueue},
	ClassUserNS:  {byteNamespace},
	ClassIOUring: {byteIOUring},
	ClassNetwork: {byteNetV9, byteNetV8, byteNet},
}

// Mediates tells whether the profile decides about the class at all. Where it
// does not the kernel allows everything in it. A profile in ModeUnconfined still decides about what its policy names, as user namespaces.
func (p *Profile) Mediates(c Class) bool {
	switch c {
	case ClassUnix:
		return p.fine(familyUnix) != dead
	case ClassNetwork:
		return p.nets != nil || p.netStart() != dead
	}
	if bytes, ok := classBytes[c]; ok {
		return p.firstClass(bytes) != dead
	}
	return c != ClassOther
}

// class returns the state behind the class bytes, dead where they lead nowhere.
func (p *Profile) class(prefix ...byte) uint32 {
	if p.policy == nil {
		return dead
	}
	return p.policy.bytes(p.policy.start, prefix)
}

// firstClass returns the state of the first class byte that is mediated.
func (p *Profile) firstClass(bytes []byte) uint32 {
	for _, b := range bytes {
		if s := p.class(b); s != dead {
			return s
		}
	}
	return dead
}
