package compiled

// A shape admits the strings that the kernel really asks a class about, and
// says at which of their ends it asks for which permissions. A walk in step
// with a shape meets no difference that could never matter.
type shape struct {
	next  [][256]uint8
	asked []Perms
	class [256]byte // bytes of one class lead alike from every state
	liked []byte    // the bytes that read best, of their classes
}

const shapeStart = 1

// newShape returns a shape of the dead state and the start.
func newShape() *shape {
	s := &shape{}
	s.state()
	s.state()
	return s
}

func (s *shape) state() uint8 {
	s.next = append(s.next, [256]uint8{})
	s.asked = append(s.asked, 0)
	return uint8(len(s.next) - 1)
}

// ask marks the ends of a question.
func (s *shape) ask(mask Perms, states ...uint8) {
	for _, q := range states {
		s.asked[q] |= mask
	}
}

// on leads from the given states to one new state over a byte.
func (s *shape) on(c byte, states ...uint8) uint8 {
	to := s.state()
	s.lead(c, to, states...)
	return to
}

func (s *shape) lead(c byte, to uint8, states ...uint8) {
	for _, q := range states {
		s.next[q][c] = to
	}
}

// others leads over every byte but NUL that leads nowhere yet.
func (s *shape) others(from, to uint8) {
	for c := 1; c < 256; c++ {
		if s.next[from][c] == 0 {
			s.next[from][c] = to
		}
	}
}

// any leads over n bytes of any value.
func (s *shape) any(from uint8, n int) uint8 {
	for range n {
		to := s.state()
		for c := range 256 {
			s.next[from][c] = to
		}
		from = to
	}
	return from
}

// text leads over one or more bytes but NUL.
func (s *shape) text(from uint8) uint8 {
	to := s.state()
	s.others(from, to)
	s.others(to, to)
	return to
}

// optional leads over any number of bytes but NUL; from must be fresh.
func (s *shape) optional(from uint8) uint8 {
	s.others(from, from)
	return from
}

// path leads over a real path: a slash first, no empty component but at the
// end, none that is . or .. It returns the ends: of a directory, of the rest.
func (s *shape) path(from uint8) []uint8 {
	slash := s.on('/', from)
	dot := s.on('.', slash)
	dotdot := s.on('.', dot)
	name := s.state()
	s.lead('/', slash, name)
	for _, q := range []uint8{slash, dot, dotdot, name} {
		for c := 1; c < 256; c++ {
			if c != '/' && s.next[q][c] == 0 {
				s.next[q][c] = name
			}
		}
	}
	return []uint8{slash, name}
}

// done computes the byte classes.
func (s *shape) done() *shape {
	reps := []byte{}
	for c := range 256 {
		s.class[c] = s.classOf(byte(c), reps)
		if int(s.class[c]) == len(reps) {
			reps = append(reps, byte(c))
		}
	}
	return s
}

// classOf finds the representative that leads as c does everywhere.
func (s *shape) classOf(c byte, reps []byte) byte {
	for i, r := range reps {
		same := true
		for q := range s.next {
			same = same && s.next[q][c] == s.next[q][r]
		}
		if same {
			return byte(i)
		}
	}
	return byte(len(reps))
}

func pathShape(mask Perms) *shape {
	s := newShape()
	s.ask(mask, s.path(shapeStart)...)
	return s.done()
}

// pairShape is a path, NUL and a text.
func pairShape(mask Perms) *shape {
	s := newShape()
	s.ask(mask, s.text(s.on(0, s.path(shapeStart)...)))
	return s.done()
}

func textShape(mask Perms) *shape {
	s := newShape()
	s.ask(mask, s.text(shapeStart))
	return s.done()
}

// stateShape asks of the class byte's own state, and of a text behind it.
func stateShape(mask, text Perms) *shape {
	s := newShape()
	s.ask(mask, shapeStart)
	s.ask(text, s.text(shapeStart))
	return s.done()
}

// signalShape is a signal's byte and the peer's label.
func signalShape() *shape {
	s := newShape()
	label := s.state()
	for c := range 256 {
		if b := byte(c); isSignal(b) {
			s.lead(b, label, shapeStart)
		}
	}
	s.ask(signalPerms, s.text(label))
	s.liked = []byte{signalKill}
	return s.done()
}

// busShape is bus, name, label, path, interface and member, parted by NULs.
func busShape() *shape {
	s := newShape()
	q := s.text(shapeStart)
	s.ask(MayEavesdrop, q)
	q = s.text(s.on(0, q))
	s.ask(MayAcquire, q)
	for range 4 {
		q = s.text(s.on(0, q))
	}
	s.ask(MaySend|MayReceive, q)
	return s.done()
}

// queueShape is a queue's name, then the label of who made it.
func queueShape(key func(s *shape) uint8) *shape {
	s := newShape()
	name := key(s)
	s.ask(queuePerms, name, s.text(s.on(0, name)))
	return s.done()
}

// mountShape is mount point, source, type and the flags in order (kernel:
// do_match_mnt); umount asks of the mount point alone. No parser writes rules
// on the data of a file system, which the kernel would match next.
func mountShape() *shape {
	s := newShape()
	point := s.path(shapeStart)
	s.ask(MayUmount, point...)
	source := s.optional(s.on(0, point...))
	kind := s.optional(s.on(0, source))
	flags := []uint8{s.on(0, kind)}
	for f, name := range mountOptions {
		if name != "" {
			flags = append(flags, s.on(byte(f), flags...))
		}
	}
	s.ask(MayMount, flags...)
	return s.done()
}

// pivotShape is the new root and where the old one goes.
func pivotShape() *shape {
	s := newShape()
	s.ask(MayPivotRoot, s.path(s.on(0, s.path(shapeStart)...))...)
	return s.done()
}

// socketType leads over the two bytes of a socket type that exists.
func (s *shape) socketType(from uint8) uint8 {
	high, to := s.on(0, from), s.state()
	for _, t := range namedTypes {
		s.lead(byte(t), to, high)
	}
	return to
}

// unixShape is what follows the family of unix sockets (af_unix.cc): type and
// protocol, the local address and label, a command and what it takes.
func unixShape() *shape {
	s := newShape()
	made := s.any(s.socketType(shapeStart), 2)
	s.ask(MayCreate, made)
	none, abstract := s.on(1, made), s.on(0, made)
	s.ask(MayBind, s.on(0, abstract)) // an address that the kernel chooses
	local := s.on(0, s.on(0, none, s.text(abstract)))
	s.ask(localPerms, local)
	s.ask(MayListen, s.any(s.on(commandListen, local), 2))
	s.ask(MayGetOpt|MaySetOpt, s.any(s.on(commandOpt, local), 2))
	peer := s.on(commandPeer, local)
	label := s.on(0, s.on(1, peer), s.text(s.on(0, peer)))
	s.ask(peerPerms, s.text(label))
	return s.done()
}

// The kinds of a port (network.cc, gen_ip_conds).
const (
	portPlain      = 0
	portPrivileged = 1
	portRemote     = 2
)

// The kinds of an address, and how long each is (network.cc).
const (
	addrNone = 0
	addrIPv4 = 1
	addrIPv6 = 2
)

var addrLen = [...]int{addrNone: 0, addrIPv4: 4, addrIPv6: 16}

// endpoint leads over port, kind of address, address and NUL behind a kind of
// port.
func (s *shape) endpoint(from uint8) uint8 {
	port := s.any(from, 2)
	var ends []uint8
	for kind, n := range addrLen {
		ends = append(ends, s.any(s.on(byte(kind), port), n))
	}
	return s.on(0, ends...)
}

// inetShape is what follows the family of IPv4 and IPv6 sockets (network.cc):
// type, protocol, then the local end and a command, or the peer's end and label
// and then the local end.
func inetShape() *shape {
	s := newShape()
	made := s.socketType(shapeStart)
	s.ask(MayCreate, made)
	protocol := s.any(made, 2)
	kind := s.on(portPlain, protocol)
	s.lead(portPrivileged, kind, protocol)
	local := s.endpoint(kind)
	s.ask(localPerms, local)
	s.ask(MayListen, s.any(s.on(commandListen, local), 2))
	s.ask(MayGetOpt|MaySetOpt, s.any(s.on(commandOpt, local), 4))
	peer := s.endpoint(s.on(portRemote, protocol))
	command := s.on(commandPeer, s.on(0, s.optional(peer)))
	own := s.on(portPlain, command)
	s.lead(portPrivileged, own, command)
	s.ask(peerPerms, s.endpoint(own))
	return s.done()
}

// bytesShape asks everything after every byte, where nothing is known.
func bytesShape(mask Perms) *shape {
	s := newShape()
	for c := range 256 {
		s.next[shapeStart][c] = shapeStart
	}
	s.ask(mask, shapeStart)
	return s.done()
}
