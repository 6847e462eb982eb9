package compiled

import (
	"slices"
	"strconv"
)

// families by their number (socket(2), AF_*).
var families = []string{
	"unspec", "unix", "inet", "ax25", "ipx", "appletalk", "netrom", "bridge", "atmpvc", "x25",
	"inet6", "rose", "decnet", "netbeui", "security", "key", "netlink", "packet", "ash", "econet", "atmsvc",
	"rds", "sna", "irda", "pppox", "wanpipe", "llc", "ib", "mpls", "can", "tipc", "bluetooth",
	"iucv", "rxrpc", "isdn", "phonet", "ieee802154", "caif", "alg", "nfc", "vsock", "kcm", "qipcrtr",
	"smc", "xdp", "mctp",
}

const (
	familyUnix  = 1
	familyInet  = 2
	familyInet6 = 10
)

// socketTypes by their number (socket(2), SOCK_*).
var socketTypes = []string{
	1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet",
}

func familyName(n int) string {
	if n < len(families) {
		return families[n]
	}
	return strconv.Itoa(n)
}

func typeName(n int) string {
	if n < len(socketTypes) && socketTypes[n] != "" {
		return socketTypes[n]
	}
	return strconv.Itoa(n)
}

func indexOf(names []string, name string) (int, bool) {
	i := slices.Index(names, name)
	return i, i >= 0 && name != ""
}

// A netRule is the entry of an address family: a bit for each socket type.
type netRule struct{ allow, audit, quiet uint16 }

// readNetRules reads the array "net_allowed_af", which is optional.
func readNetRules(s *stream) []netRule {
	if !s.named("net_allowed_af") {
		return nil
	}
	rules := make([]netRule, s.array("net_allowed_af", 9))
	for i := range rules {
		rules[i] = netRule{s.u16(""), s.u16(""), s.u16("")}
	}
	s.closeArray()
	return rules
}

// netStart is the state behind the class byte of sockets: of the newest form
// that the policy has.
func (p *Profile) netStart() uint32 { return p.firstClass(classBytes[ClassNetwork]) }

// fine is the state behind the class byte and a family, dead where the policy
// tells the family's sockets apart by type alone.
func (p *Profile) fine(family int) uint32 {
	for _, b := range classBytes[ClassNetwork] {
		if s := p.class(b, 0, byte(family)); s != dead && p.deeper(s) {
			return s
		}
	}
	return dead
}

// deeper tells whether anything is matched behind a socket's family and type.
func (p *Profile) deeper(family uint32) bool {
	d := p.policy
	for _, t := range namedTypes {
		s := d.bytes(family, []byte{0, byte(t)})
		for c := range 256 {
			if s != dead && d.step(s, byte(c)) != dead {
				return true
			}
		}
	}
	return false
}

// Network answers about sockets of a family and a type, such as "inet" and
// "stream". ok is false for a name that is none. Where the policy goes on to
// address and port, Allow holds what needs neither: Create.
func (p *Profile) Network(family, socketType string) (a Access, ok bool) {
	f, known := indexOf(families, family)
	t, ok := indexOf(socketTypes, socketType)
	if !known || !ok {
		return Access{}, false
	}
	return p.network(f, t), true
}

func (p *Profile) network(family, socketType int) Access {
	state := p.netStart()
	switch {
	case state != dead:
		from := p.policy.bytes(state, []byte{0, byte(family), 0, byte(socketType)})
		return p.policy.at(from, Others).answer(socketPerms)
	case p.nets != nil:
		return p.netTable(family, socketType)
	}
	return unmediated(socketPerms)
}

func (p *Profile) netTable(family, socketType int) Access {
	a := Access{Mediated: true}
	if family < len(p.nets) {
		r, bit := p.nets[family], uint16(1)<<socketType
		a.Allow = when(r.allow&bit != 0, socketPerms)
		a.Audit = when(r.audit&bit != 0, socketPerms)
		a.Quiet = when(r.quiet&bit != 0, socketPerms)
	}
	return a
}

// A Socket is a unix socket. An address is @NAME where it is abstract, and empty
// where there is none. Sockets with a path are files to the kernel.
type Socket struct {
	Type     string // "stream", "dgram", "seqpacket"
	Protocol uint16
	Addr     string

	Peer      bool // whether to ask about a peer at all
	PeerAddr  string
	PeerLabel string
}

// Commands select what follows the local address (af_unix.cc).
const (
	commandPeer   = 1
	commandListen = 2
	commandOpt    = 4
)

// Unix answers about a unix socket (kernel: af_unix.c); with a peer, Allow also
// holds what may be done with it. ok is false for a type that is none. Without
// mediation by address it answers as Network does.
func (p *Profile) Unix(s Socket) (a Access, ok bool) {
	t, ok := indexOf(socketTypes, s.Type)
	if !ok {
		return Access{}, false
	}
	state := p.fine(familyUnix)
	if state == dead {
		return p.network(familyUnix, t), true
	}
	d := p.policy
	at := func(state uint32, mask Perms) Access { return d.at(state, Others).answer(mask) }
	state = d.bytes(state, []byte{0, byte(t), byte(s.Protocol >> 8), byte(s.Protocol)})
	a = at(state, MayCreate)
	local := d.step(d.step(d.bytes(state, socketAddr(s.Addr)), 0), 0)
	a = a.and(at(local, localPerms&^MayAccept))
	a = a.and(at(d.bytes(local, []byte{commandListen, 0, 0}), MayListen))
	a = a.and(at(d.bytes(local, []byte{commandOpt, 0, 0}), MayGetOpt|MaySetOpt))
	accept := at(local, MayAccept)
	if s.Peer {
		peer := d.step(d.bytes(d.step(local, commandPeer), socketAddr(s.PeerAddr)), 0)
		pair := at(d.text(peer, s.PeerLabel), peerPerms)
		accept.Allow &= pair.Allow
		pair.Allow &^= MayAccept
		a = a.and(pair)
	}
	return a.and(accept), true
}

// socketAddr is an address as the kernel matches it.
func socketAddr(addr string) []byte {
	if addr == "" {
		return []byte{1}
	}
	return append([]byte{0}, addr[1:]...)
}
