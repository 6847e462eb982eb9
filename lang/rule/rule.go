// Package rule holds the rules of an AppArmor profile as values, one struct
// per kind, and spells each in the one canonical way that apc writes.
//
// It is the vocabulary that the readers (package policy, package profile), the
// IR and the backends share. It owns no positions, no comments and no
// decisions, and it imports nothing of the project. Its quoting is the only
// place where a string becomes profile text: no field of any rule can end its
// rule or begin another one, whatever bytes it holds.
//
// The grammar behind it is that of apparmor.d(5).
package rule

import "strconv"

// Action is what a rule decides about the accesses it matches.
type Action uint8

// The actions of apparmor.d(5). Prompt needs parser 4.1.
const (
	Allow Action = iota
	Deny
	Prompt
)

// Qualifiers are the words before a rule.
type Qualifiers struct {
	// Priority orders rules from parser 4.1 on, -1000 to 1000; 0, the
	// default, is not written.
	Priority int
	Audit    bool
	Action   Action
	// Owner restricts a file or link rule to files that the subject's fsuid
	// owns, Other to those that it does not own. Neither has a meaning, and
	// both must be false, on other kinds.
	Owner bool
	Other bool
}

// String returns the qualifiers in the order that every parser accepts, each
// followed by a space.
func (q Qualifiers) String() string {
	s := ""
	if q.Priority != 0 {
		s += "priority=" + strconv.Itoa(q.Priority) + " "
	}
	if q.Audit {
		s += "audit "
	}
	switch q.Action {
	case Deny:
		s += "deny "
	case Prompt:
		s += "prompt "
	}
	if q.Owner {
		s += "owner "
	}
	if q.Other {
		s += "other "
	}
	return s
}

// Kind names a kind of rule by the keyword that begins it.
type Kind string

// The kinds of rules, in the order in which apc writes them in a profile.
const (
	KindInclude       Kind = "include"
	KindAll           Kind = "all"
	KindCapability    Kind = "capability"
	KindRlimit        Kind = "rlimit"
	KindNetwork       Kind = "network"
	KindUnix          Kind = "unix"
	KindSignal        Kind = "signal"
	KindPtrace        Kind = "ptrace"
	KindDBus          Kind = "dbus"
	KindMqueue        Kind = "mqueue"
	KindIoUring       Kind = "io_uring"
	KindUserns        Kind = "userns"
	KindMount         Kind = "mount"
	KindRemount       Kind = "remount"
	KindUmount        Kind = "umount"
	KindPivotRoot     Kind = "pivot_root"
	KindChangeProfile Kind = "change_profile"
	KindLink          Kind = "link"
	KindFile          Kind = "file"
)

// Kinds lists every kind in the order in which a profile holds them.
var kinds = []Kind{
	KindInclude, KindAll, KindCapability, KindRlimit, KindNetwork, KindUnix, KindSignal, KindPtrace, KindDBus,
	KindMqueue, KindIoUring, KindUserns, KindMount, KindRemount, KindUmount, KindPivotRoot, KindChangeProfile,
	KindLink, KindFile,
}

// Kinds returns every kind in the order in which a profile holds them.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }

// Order returns the place of k in a profile; an unknown kind comes last.
func (k Kind) Order() int {
	for i, known := range kinds {
		if k == known {
			return i
		}
	}
	return len(kinds)
}

// Body is what a rule is about. The set of bodies is closed: Include, All,
// Capability, Rlimit, Network, Unix, Signal, Ptrace, DBus, Mqueue, IoUring,
// Userns, Mount, PivotRoot, ChangeProfile, Link, File.
type Body interface {
	Kind() Kind
	// text spells the body without qualifiers and without the comma.
	text() string
}

// Rule is one rule: qualifiers and a body.
type Rule struct {
	Qualifiers
	Body Body
}

// String spells the rule on one line, with its comma (an include has none).
func (r Rule) String() string {
	if r.Body.Kind() == KindInclude {
		return r.Body.text()
	}
	return r.Qualifiers.String() + r.Body.text() + ","
}

// Kind returns the kind of the rule's body.
func (r Rule) Kind() Kind { return r.Body.Kind() }
