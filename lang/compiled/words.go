package compiled

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The functions below spell an input of the policy automaton, as it stands
// behind the class byte, in the words of a rule.

func pathWords(in []byte, _ Perms) string { return string(in) }

// fields parts the input at its NULs; those that are missing are empty.
func fields(in []byte, n int) []string {
	parts := make([]string, n)
	for i, f := range bytes.SplitN(in, []byte{0}, n) {
		parts[i] = string(f)
	}
	return parts
}

func linkWords(in []byte, _ Perms) string {
	f := fields(in, 2)
	return quoted(f[0]) + " -> " + quoted(f[1])
}

func changeWords(in []byte, _ Perms) string { return "change_profile -> " + quoted(string(in)) }

func onExecWords(in []byte, _ Perms) string {
	f := fields(in, 2)
	return "change_profile " + quoted(f[0]) + " -> " + quoted(f[1])
}

func signalWords(in []byte, p Perms) string {
	return fmt.Sprintf("signal (%s) set=(%s) peer=%s", p.in(ClassSignal), signalName(in[0]), quoted(string(in[1:])))
}

func ptraceWords(in []byte, p Perms) string {
	return fmt.Sprintf("ptrace (%s) peer=%s", p.in(ClassPtrace), quoted(string(in)))
}

func busWords(in []byte, p Perms) string {
	f := fields(in, 6)
	w := fmt.Sprintf("dbus (%s) bus=%s", p.in(ClassDBus), quoted(f[0]))
	switch bytes.Count(in, []byte{0}) {
	case 0:
		return w
	case 1:
		return w + " name=" + quoted(f[1])
	}
	return fmt.Sprintf("%s path=%s interface=%s member=%s peer=(name=%s, label=%s)",
		w, quoted(f[3]), quoted(f[4]), quoted(f[5]), quoted(f[1]), quoted(f[2]))
}

func queueWords(in []byte, p Perms) string {
	f := fields(in, 2)
	return "mqueue (" + p.in(ClassMqueue) + ")" + labelled(f[1]) + " " + quoted(f[0])
}

func sysvWords(in []byte, p Perms) string {
	label := ""
	if len(in) > 5 {
		label = string(in[5:])
	}
	return fmt.Sprintf("mqueue (%s) type=sysv%s %d", p.in(ClassMqueue), labelled(label), binary.BigEndian.Uint32(in))
}

func labelled(label string) string {
	if label == "" {
		return ""
	}
	return " label=" + quoted(label)
}

func namespaceWords(_ []byte, p Perms) string { return "userns (" + p.in(ClassUserNS) + ")" }

func ringWords(in []byte, p Perms) string {
	return "io_uring (" + p.in(ClassIOUring) + ")" + labelled(string(in))
}

func mountWords(in []byte, _ Perms) string {
	f := fields(in, 4)
	if bytes.IndexByte(in, 0) < 0 {
		return "umount " + quoted(f[0])
	}
	w := "mount"
	if f[2] != "" {
		w += " fstype=" + quoted(f[2])
	}
	if options := mountOptionNames([]byte(f[3])); len(options) > 0 {
		w += " options=(" + strings.Join(options, ", ") + ")"
	}
	if f[1] != "" {
		w += " " + quoted(f[1])
	}
	return w + " -> " + quoted(f[0])
}

func pivotWords(in []byte, _ Perms) string {
	f := fields(in, 2)
	return "pivot_root oldroot=" + quoted(f[1]) + " " + quoted(f[0])
}

// unixWords spells type and protocol, local address and label, command and peer.
func unixWords(in []byte, p Perms) string {
	w := fmt.Sprintf("unix (%s) type=%s", p.in(ClassUnix), typeName(int(binary.BigEndian.Uint16(in))))
	if protocol := binary.BigEndian.Uint16(in[2:]); protocol != 0 {
		w += " protocol=" + strconv.Itoa(int(protocol))
	}
	if in = in[4:]; len(in) == 0 {
		return w
	}
	addr, rest := addrWords(in)
	w += " addr=" + addr
	if len(rest) < 2 || rest[1] != commandPeer {
		return w
	}
	peer, rest := addrWords(rest[2:])
	return fmt.Sprintf("%s peer=(addr=%s, label=%s)", w, peer, quoted(string(rest)))
}

// addrWords spells an address and returns what follows the NUL behind it.
func addrWords(in []byte) (addr string, rest []byte) {
	if in[0] == 1 {
		return "none", in[2:]
	}
	name, rest, _ := bytes.Cut(in[1:], []byte{0})
	if len(name) == 0 {
		return "auto", rest
	}
	return quoted("@" + string(name)), rest
}

// inetWords spells type and protocol, then the ends.
func inetWords(family int) func([]byte, Perms) string {
	return func(in []byte, p Perms) string {
		w := fmt.Sprintf("network (%s) %s %s", p.in(ClassNetwork), familyName(family), typeName(int(binary.BigEndian.Uint16(in))))
		if in = in[2:]; len(in) == 0 {
			return w
		}
		if protocol := binary.BigEndian.Uint16(in); protocol != 0 {
			w += " protocol=" + strconv.Itoa(int(protocol))
		}
		remote := in[2] == portRemote
		end, rest := endWords(in[2:])
		if !remote {
			return w + " " + end
		}
		_, rest, _ = bytes.Cut(rest, []byte{0, commandPeer})
		own, _ := endWords(rest)
		return fmt.Sprintf("%s %s peer=(%s)", w, own, end)
	}
}

// endWords spells a kind of port, a port and an address, and returns what
// follows the NUL behind them.
func endWords(in []byte) (end string, rest []byte) {
	port, size := binary.BigEndian.Uint16(in[1:]), addrLen[in[3]]
	ip, rest := in[4:4+size], in[5+size:]
	if in[3] == addrNone {
		return fmt.Sprintf("ip=none port=%d", port), rest
	}
	addr, _ := netip.AddrFromSlice(ip)
	return fmt.Sprintf("ip=%s port=%d", addr, port), rest
}

// otherWords spells a class without words: its byte, the input and the bits.
func otherWords(class byte) func([]byte, Perms) string {
	return func(in []byte, p Perms) string {
		return fmt.Sprintf("class %d, input %q, permissions %#x", class, in, uint32(p))
	}
}
