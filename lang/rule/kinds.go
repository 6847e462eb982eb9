package rule

import "strings"

// Include brings in the text of another file: `include <abstractions/base>`.
type Include struct {
	Path     string
	Magic    bool // in <>: searched for below the base directory
	IfExists bool
}

// Kind implements Body.
func (Include) Kind() Kind { return KindInclude }

func (i Include) text() string {
	s := "include "
	if i.IfExists {
		s += "if exists "
	}
	if i.Magic {
		return s + Magic(i.Path)
	}
	return s + `"` + escape(i.Path) + `"`
}

// Magic spells the path of a file that is searched for below the base
// directory, in <>.
func Magic(path string) string { return "<" + Word(path) + ">" }

// All is the rule `all,`: everything is granted. It needs parser 4.0.
type All struct{}

// Kind implements Body.
func (All) Kind() Kind { return KindAll }

func (All) text() string { return "all" }

// Capability grants capabilities(7) by their names in lower case without
// "CAP_"; no name at all grants each of them.
type Capability struct{ Names []string }

// Kind implements Body.
func (Capability) Kind() Kind { return KindCapability }

func (c Capability) text() string {
	return strings.Join(append([]string{"capability"}, c.Names...), " ")
}

// Rlimit sets a limit of getrlimit(2): `set rlimit nofile <= 1024,`.
type Rlimit struct{ Name, Value string }

// Kind implements Body.
func (Rlimit) Kind() Kind { return KindRlimit }

func (r Rlimit) text() string { return "set rlimit " + r.Name + " <= " + r.Value }

// Endpoint is one end of an internet connection. Empty fields match anything.
type Endpoint struct {
	IP    string // an address, or "none"
	Port  string // a number or, from 5.0 on, a range "1024-2048"
	Label string // from parser 5.0 on
	// SetLabel gives the peer the label instead of comparing it; it goes
	// with a peer only.
	SetLabel bool
}

func (e Endpoint) words() []string {
	var out []string
	if e.IP != "" {
		out = append(out, "ip="+Word(e.IP))
	}
	if e.Port != "" {
		out = append(out, "port="+Word(e.Port))
	}
	switch {
	case e.Label == "":
	case e.SetLabel:
		out = append(out, "label:="+Word(e.Label))
	default:
		out = append(out, "label="+Word(e.Label))
	}
	return out
}

// Network grants sockets by family and type. Access, Local and Peer need
// parser 4.0 and a kernel that mediates them, Interface parser 5.0.
type Network struct {
	Access    []string
	Family    string // "inet", "inet6", …; "" for any
	Type      string // "stream", "dgram", …; "" for any
	Protocol  string // "tcp", "udp", "icmp" in place of Type
	Interface string
	Local     Endpoint
	Peer      Endpoint
}

// Kind implements Body.
func (Network) Kind() Kind { return KindNetwork }

func (n Network) text() string {
	words := appendNonEmpty(accessWord("network", n.Access), n.Family, n.Type, n.Protocol)
	if n.Interface != "" {
		words = append(words, "interface="+Word(n.Interface))
	}
	words = append(words, n.Local.words()...)
	return joinPeer(words, n.Peer.words())
}

// SocketSetup returns the accesses of a socket that carry no data: without them
// it cannot be made or closed, and where addresses are enforced one that has no
// address yet needs them.
func SocketSetup() []string {
	return []string{"create", "getattr", "setattr", "getopt", "setopt", "shutdown"}
}

// Unix grants unix(7) sockets.
type Unix struct {
	Access    []string
	Type      string
	Protocol  string
	Addr      string // abstract "@name", "none"; "" for any
	Label     string
	Attr      string
	Opt       string
	PeerAddr  string
	PeerLabel string
}

// Kind implements Body.
func (Unix) Kind() Kind { return KindUnix }

func (u Unix) text() string {
	words := accessWord("unix", u.Access)
	words = conditions(words, "type", u.Type, "protocol", u.Protocol, "addr", u.Addr, "label", u.Label, "attr", u.Attr, "opt", u.Opt)
	return joinPeer(words, conditions(nil, "addr", u.PeerAddr, "label", u.PeerLabel))
}

// Signal grants sending and receiving signals. Both sides need a rule.
type Signal struct {
	Access []string // "send", "receive"; none for both
	Set    []string // "term", "hup", …, "rtmin+3"; none for all
	Peer   string   // profile of the other side; "" for any
}

// Kind implements Body.
func (Signal) Kind() Kind { return KindSignal }

func (s Signal) text() string {
	words := accessWord("signal", s.Access)
	if len(s.Set) > 0 {
		words = append(words, "set=("+strings.Join(s.Set, ", ")+")")
	}
	return strings.Join(peer(words, s.Peer), " ")
}

// Ptrace grants ptrace(2) and reading of another task's /proc entries.
type Ptrace struct {
	Access []string // "trace", "read", "tracedby", "readby"
	Peer   string
}

// Kind implements Body.
func (Ptrace) Kind() Kind { return KindPtrace }

func (p Ptrace) text() string {
	return strings.Join(peer(accessWord("ptrace", p.Access), p.Peer), " ")
}

// DBus grants D-Bus messages and names.
type DBus struct {
	Access    []string // "send", "receive", "bind", "eavesdrop"
	Bus       string   // "system", "session"
	Name      string   // with "bind"
	Path      string
	Interface string
	Member    string
	PeerName  string
	PeerLabel string
}

// Kind implements Body.
func (DBus) Kind() Kind { return KindDBus }

func (d DBus) text() string {
	words := accessWord("dbus", d.Access)
	words = conditions(words, "bus", d.Bus, "name", d.Name, "path", d.Path, "interface", d.Interface, "member", d.Member)
	return joinPeer(words, conditions(nil, "name", d.PeerName, "label", d.PeerLabel))
}

// Mqueue grants POSIX and System V message queues. It needs parser 4.0.
type Mqueue struct {
	Access []string
	Type   string // "posix", "sysv"
	Label  string
	Name   string // "/name" or a number
}

// Kind implements Body.
func (Mqueue) Kind() Kind { return KindMqueue }

func (m Mqueue) text() string {
	words := conditions(accessWord("mqueue", m.Access), "type", m.Type, "label", m.Label)
	if m.Name != "" {
		words = append(words, Word(m.Name))
	}
	return strings.Join(words, " ")
}

// IoUring grants io_uring(7). It needs parser 4.0.
type IoUring struct {
	Access []string // "sqpoll", "override_creds"
	Label  string
}

// Kind implements Body.
func (IoUring) Kind() Kind { return KindIoUring }

func (u IoUring) text() string {
	return strings.Join(conditions(accessWord("io_uring", u.Access), "label", u.Label), " ")
}

// Userns grants creating user namespaces. It needs parser 4.0.
type Userns struct{ Access []string } // "create"; none for all

// Kind implements Body.
func (Userns) Kind() Kind { return KindUserns }

func (u Userns) text() string { return strings.Join(append([]string{"userns"}, u.Access...), " ") }

// MountCondition is one `fstype=` or `options=` of a mount rule. With In the
// mount may use any of the values, without it must use all of them.
type MountCondition struct {
	In     bool
	Values []string
}

func (c MountCondition) text(name string) string {
	if c.In {
		return name + " in (" + strings.Join(quoteAll(c.Values), ", ") + ")"
	}
	return name + "=(" + strings.Join(quoteAll(c.Values), ", ") + ")"
}

// Mount is a mount, remount or umount rule, as Op says.
type Mount struct {
	Op      Kind // KindMount, KindRemount, KindUmount
	Fstype  []MountCondition
	Options []MountCondition
	// Source goes with KindMount only. NoSource asks for an empty source, as
	// in `mount "" -> /mnt/,`, where a Source of "" allows any.
	Source   string
	NoSource bool
	Target   string // mount point
}

// Kind implements Body.
func (m Mount) Kind() Kind { return m.Op }

func (m Mount) text() string {
	words := []string{string(m.Op)}
	for _, c := range m.Fstype {
		words = append(words, c.text("fstype"))
	}
	for _, c := range m.Options {
		words = append(words, c.text("options"))
	}
	if m.Source != "" || m.NoSource {
		words = append(words, Word(m.Source))
	}
	if m.Target != "" {
		if m.Op == KindMount {
			words = append(words, "->")
		}
		words = append(words, Word(m.Target))
	}
	return strings.Join(words, " ")
}

// PivotRoot grants pivot_root(2).
type PivotRoot struct {
	OldRoot string
	NewRoot string
	Target  string // profile to change to
}

// Kind implements Body.
func (PivotRoot) Kind() Kind { return KindPivotRoot }

func (p PivotRoot) text() string {
	words := conditions([]string{"pivot_root"}, "oldroot", p.OldRoot)
	if p.NewRoot != "" {
		words = append(words, Word(p.NewRoot))
	}
	if p.Target != "" {
		words = append(words, "->", Word(p.Target))
	}
	return strings.Join(words, " ")
}

// ChangeProfile grants a change of profile, at once or at the next exec of
// Exec.
type ChangeProfile struct {
	Mode   string // "safe", "unsafe" or ""
	Exec   string // glob of the program, or "" for any time
	Target string // "" for any profile
}

// Kind implements Body.
func (ChangeProfile) Kind() Kind { return KindChangeProfile }

func (c ChangeProfile) text() string {
	words := appendNonEmpty([]string{"change_profile"}, c.Mode)
	if c.Exec != "" {
		words = append(words, Word(c.Exec))
	}
	if c.Target != "" {
		words = append(words, "->", Word(c.Target))
	}
	return strings.Join(words, " ")
}

// accessWord begins a rule: its keyword and, where there is one, its access.
func accessWord(keyword string, access []string) []string {
	if len(access) == 0 {
		return []string{keyword}
	}
	return []string{keyword, "(" + strings.Join(access, ", ") + ")"}
}

// conditions appends name=value for every pair with a value.
func conditions(words []string, pairs ...string) []string {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			words = append(words, pairs[i]+"="+Value(pairs[i+1]))
		}
	}
	return words
}

// peer appends the peer of a signal or ptrace rule, which stands without
// parentheses.
func peer(words []string, name string) []string {
	if name == "" {
		return words
	}
	return append(words, "peer="+Word(name))
}

// joinPeer joins the words of a rule and the conditions on its peer.
func joinPeer(words, peer []string) string {
	if len(peer) > 0 {
		words = append(words, "peer=("+strings.Join(peer, " ")+")")
	}
	return strings.Join(words, " ")
}

func appendNonEmpty(words []string, more ...string) []string {
	for _, w := range more {
		if w != "" {
			words = append(words, w)
		}
	}
	return words
}

func quoteAll(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = Word(w)
	}
	return out
}
