package compiled

import (
	"strconv"
	"strings"
)

// signalNames by the kernel's own numbering (ipc.c, sig_map); rtmin+N is 128+N.
var signalNames = []string{
	1: "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill", "usr1", "segv", "usr2",
	"pipe", "alrm", "term", "stkflt", "chld", "cont", "stop", "stp", "ttin", "ttou", "urg", "xcpu",
	"xfsz", "vtalrm", "prof", "winch", "io", "pwr", "sys", "emt", "lost", 35: "exists",
}

const (
	signalKill     = 9
	realTimeSignal = 128
	lastRealTime   = 32
)

// signalByte returns the number of a signal by its name in rules.
func signalByte(name string) (byte, bool) {
	if n, ok := strings.CutPrefix(name, "rtmin+"); ok {
		i, err := strconv.Atoi(n)
		return byte(realTimeSignal + i), err == nil && i >= 0 && i <= lastRealTime
	}
	for i, n := range signalNames {
		if n == name && n != "" {
			return byte(i), true
		}
	}
	return 0, false
}

func signalName(b byte) string {
	switch {
	case int(b) < len(signalNames) && signalNames[b] != "":
		return signalNames[b]
	case b >= realTimeSignal:
		return "rtmin+" + strconv.Itoa(int(b)-realTimeSignal)
	}
	return strconv.Itoa(int(b))
}

// ask answers about the permissions of mask behind a class byte and the text
// fields that follow it, which NULs part.
func (p *Profile) ask(state uint32, mask Perms, fields ...string) Access {
	for i, f := range fields {
		if i > 0 {
			state = p.policy.step(state, 0)
		}
		state = p.policy.text(state, f)
	}
	return p.policy.at(state, Others).answer(mask)
}

// Signal answers whether a signal, by its name in rules, may be sent to and
// received from a peer, a profile's name or "unconfined". ok is false for a
// name that is no signal's.
func (p *Profile) Signal(signal, peer string) (a Access, ok bool) {
	b, ok := signalByte(signal)
	if !ok {
		return Access{}, false
	}
	if !p.Mediates(ClassSignal) {
		return unmediated(signalPerms), true
	}
	return p.ask(p.class(byteSignal, b), signalPerms, peer), true
}

// Ptrace answers whether a peer may be read or traced, and may do so to us.
// The kernel asks it of the label class (aa_profile_match_label).
func (p *Profile) Ptrace(peer string) Access {
	if !p.Mediates(ClassPtrace) {
		return unmediated(ptracePerms)
	}
	return p.ask(p.class(byteLabel, bytePtrace), ptracePerms, peer)
}

// A Message is what the D-Bus daemon asks about a message.
type Message struct {
	Bus       string // "system", "session" or another
	PeerName  string
	PeerLabel string
	Path      string
	Interface string
	Member    string
}

// Message answers whether a message may be sent and received on a bus.
func (p *Profile) Message(m Message) Access {
	if !p.Mediates(ClassDBus) {
		return unmediated(MaySend | MayReceive)
	}
	return p.ask(p.class(byteDBus), MaySend|MayReceive, m.Bus, m.PeerName, m.PeerLabel, m.Path, m.Interface, m.Member)
}

// BusName answers whether a name may be acquired on a bus.
func (p *Profile) BusName(bus, name string) Access {
	if !p.Mediates(ClassDBus) {
		return unmediated(MayAcquire)
	}
	return p.ask(p.class(byteDBus), MayAcquire, bus, name)
}

// Eavesdrop answers whether all messages of a bus may be read.
func (p *Profile) Eavesdrop(bus string) Access {
	if !p.Mediates(ClassDBus) {
		return unmediated(MayEavesdrop)
	}
	return p.ask(p.class(byteDBus), MayEavesdrop, bus)
}

// Queue answers about a POSIX message queue, by its name and, where it exists,
// the label of who made it.
func (p *Profile) Queue(name, label string) Access {
	state := p.class(bytePosixQueue)
	if state == dead {
		return unmediated(queuePerms)
	}
	a := p.ask(state, queuePerms, name)
	if label != "" {
		a = a.and(p.ask(state, queuePerms, name, label))
	}
	return a
}

// UserNamespace answers whether a user namespace may be made.
func (p *Profile) UserNamespace() Access {
	state := p.class(byteNamespace)
	if state == dead {
		return unmediated(MayCreateNamespace)
	}
	return p.ask(state, MayCreateNamespace)
}

// Ring answers whether io_uring may poll by a kernel thread and use the
// credentials of a label.
func (p *Profile) Ring(label string) Access {
	state := p.class(byteIOUring)
	if state == dead {
		return unmediated(MaySQPoll | MayOverrideCreds)
	}
	return p.ask(state, MaySQPoll).and(p.ask(state, MayOverrideCreds, label))
}

// isSignal tells whether the kernel asks about signals of this number.
func isSignal(b byte) bool {
	return b >= 1 && int(b) < len(signalNames) && signalNames[b] != "" ||
		b >= realTimeSignal && b <= realTimeSignal+lastRealTime
}
