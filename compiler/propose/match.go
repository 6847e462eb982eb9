package propose

import (
	"slices"
	"strconv"
	"strings"

	"apc/lang/glob"
	"apc/lang/rule"
)

func itoa(n int) string { return strconv.Itoa(n) }

// matcher compares rules with what an event asks for. A rule's empty fields
// match anything; a field that the record does not have can only be matched by
// an empty one.
type matcher struct{ values map[string][]string }

// accesses returns the words of a body that are granted one by one, and a body
// for each of them. A body without words is one.
func accesses(b rule.Body) (out []rule.Body) {
	each := func(words []string, with func([]string) rule.Body) {
		for _, w := range words {
			out = append(out, with([]string{w}))
		}
	}
	switch b := b.(type) {
	case rule.Network:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	case rule.Unix:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	case rule.Signal:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	case rule.Ptrace:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	case rule.DBus:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	case rule.Mqueue:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	case rule.IoUring:
		each(b.Access, func(w []string) rule.Body { b.Access = w; return b })
	}
	if len(out) == 0 {
		return []rule.Body{b}
	}
	return out
}

// rule says whether a rule is about all of what is wanted, which has one word
// of access at most.
func (m matcher) rule(r, want rule.Body) bool {
	switch r := r.(type) {
	case rule.All:
		return true
	case rule.Capability:
		w, ok := want.(rule.Capability)
		return ok && (len(r.Names) == 0 || slices.Contains(r.Names, w.Names[0]))
	case rule.Network:
		return m.network(r, want)
	case rule.Unix:
		w, ok := want.(rule.Unix)
		return ok && m.unix(r, w)
	case rule.Signal:
		w, ok := want.(rule.Signal)
		return ok && within(r.Access, w.Access) && within(r.Set, w.Set) && m.label(r.Peer, w.Peer)
	case rule.Ptrace:
		w, ok := want.(rule.Ptrace)
		return ok && within(r.Access, w.Access) && m.label(r.Peer, w.Peer)
	case rule.DBus:
		w, ok := want.(rule.DBus)
		return ok && m.dbus(r, w)
	case rule.Mqueue:
		w, ok := want.(rule.Mqueue)
		return ok && within(r.Access, w.Access) && same(r.Type, w.Type) && m.text(r.Name, w.Name) && m.label(r.Label, w.Label)
	case rule.IoUring:
		w, ok := want.(rule.IoUring)
		return ok && within(r.Access, w.Access) && m.label(r.Label, w.Label)
	case rule.Userns:
		_, ok := want.(rule.Userns)
		return ok
	case rule.ChangeProfile:
		w, ok := want.(rule.ChangeProfile)
		return ok && m.label(r.Target, w.Target)
	case rule.Mount:
		w, ok := want.(rule.Mount)
		return ok && m.mount(r, w)
	case rule.PivotRoot:
		w, ok := want.(rule.PivotRoot)
		return ok && m.text(r.OldRoot, w.OldRoot) && m.text(r.NewRoot, w.NewRoot)
	}
	return false
}

// text matches a pattern of a rule against plain text.
func (m matcher) text(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	g, err := glob.Parse(pattern)
	if err == nil && len(g.Variables()) > 0 {
		g, err = g.Expand(m.values)
	}
	return err == nil && g.Match(text)
}

// label matches a pattern of a rule against the name of a profile, in which two
// slashes are no mistake: the parser collapses them in paths only.
func (m matcher) label(pattern, name string) bool {
	return m.text(strings.ReplaceAll(pattern, "//", `/\/`), name)
}

// within says whether words that a rule lists (none for all) hold what is
// wanted; unknown words are held by "all" only.
func within(list, want []string) bool {
	if len(list) == 0 {
		return true
	}
	for _, w := range want {
		if !slices.Contains(list, w) {
			return false
		}
	}
	return len(want) > 0
}

func same(have, want string) bool { return have == "" || have == want }

// network matches also a wanted unix socket: targets that know no unix rules
// mediate it as a socket of the family unix.
func (m matcher) network(r rule.Network, want rule.Body) bool {
	if u, ok := want.(rule.Unix); ok {
		return same(r.Family, "unix") && same(r.Type, u.Type) && r.Protocol == "" && within(r.Access, u.Access)
	}
	w, ok := want.(rule.Network)
	return ok && within(r.Access, w.Access) && same(r.Family, w.Family) && (r.Type == "" || r.Type == w.Type) &&
		(r.Protocol == "" || socketTypes[r.Protocol] == w.Type) && r.Interface == "" &&
		reaches(r.Local, w.Local) && reaches(r.Peer, w.Peer)
}

// socketTypes are the socket types that protocols of rules stand for.
var socketTypes = map[string]string{"tcp": "stream", "udp": "dgram"}

func reaches(have, want rule.Endpoint) bool {
	return same(have.IP, want.IP) && have.Label == "" && portWithin(have.Port, want.Port)
}

func portWithin(have, want string) bool {
	from, to, ranged := strings.Cut(have, "-")
	if !ranged {
		return same(have, want)
	}
	lo, err1 := strconv.Atoi(from)
	hi, err2 := strconv.Atoi(to)
	n, err3 := strconv.Atoi(want)
	return err1 == nil && err2 == nil && err3 == nil && lo <= n && n <= hi
}

func (m matcher) unix(r, w rule.Unix) bool {
	return within(r.Access, w.Access) && same(r.Type, w.Type) && r.Protocol == "" && r.Attr == "" && r.Opt == "" &&
		m.text(r.Addr, w.Addr) && m.label(r.Label, w.Label) && m.text(r.PeerAddr, w.PeerAddr) && m.label(r.PeerLabel, w.PeerLabel)
}

func (m matcher) dbus(r, w rule.DBus) bool {
	return within(r.Access, w.Access) && m.text(r.Bus, w.Bus) && m.text(r.Name, w.Name) && m.text(r.Path, w.Path) &&
		m.text(r.Interface, w.Interface) && m.text(r.Member, w.Member) && m.text(r.PeerName, w.PeerName) && m.label(r.PeerLabel, w.PeerLabel)
}

// mount matches a mount rule. One for mount without options is about remounts
// too (apparmor.d(5)).
func (m matcher) mount(r, w rule.Mount) bool {
	kind := r.Op == w.Op || r.Op == rule.KindMount && w.Op == rule.KindRemount && len(r.Options) == 0
	return kind && (!r.NoSource || w.Source == "") && m.text(r.Source, w.Source) && m.text(r.Target, w.Target) &&
		allOf(r.Fstype, w.Fstype, anyFstype) && allOf(r.Options, w.Options, optionsHold)
}

// allOf says whether every condition of a rule holds for the values wanted.
func allOf(conditions, want []rule.MountCondition, holds func(c rule.MountCondition, values []string) bool) bool {
	var values []string
	for _, c := range want {
		values = append(values, c.Values...)
	}
	for _, c := range conditions {
		if !holds(c, values) {
			return false
		}
	}
	return true
}

func anyFstype(c rule.MountCondition, values []string) bool {
	return len(values) == 1 && slices.Contains(c.Values, values[0])
}

func optionsHold(c rule.MountCondition, values []string) bool {
	for _, v := range values {
		if !slices.Contains(c.Values, v) {
			return false
		}
	}
	return c.In || len(values) == len(c.Values)
}
