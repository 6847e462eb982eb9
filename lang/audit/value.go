package audit

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// value is the value of a field, without its quotes.
type value struct {
	text   string
	quoted bool
}

// string returns a string as the kernel had it: one that holds a quote, a
// space, a control character or a byte above 126 is written unquoted, in hex
// (kernel/audit.c: audit_log_n_untrustedstring).
func (v value) string() string {
	if v.quoted {
		return v.text
	}
	if s, ok := decodeHex(v.text); ok {
		return s
	}
	return v.text
}

// decodeHex decodes upper-case hex, the only one that the kernel writes.
func decodeHex(s string) (string, bool) {
	if s == "" || strings.ContainsAny(s, "abcdef") {
		return "", false
	}
	b, err := hex.DecodeString(s)
	return string(b), err == nil
}

// address returns the address of a unix socket. An abstract name stands in
// quotes behind an "@", and there it may be in hex as well
// (security/apparmor/af_unix.c). That is not marked, so only what could not
// be written otherwise is decoded.
func (v value) address() string {
	name, abstract := strings.CutPrefix(v.text, "@")
	if !v.quoted || !abstract {
		return v.string()
	}
	if s, ok := decodeHex(name); ok && needsHex(s) {
		return "@" + s
	}
	return v.text
}

func needsHex(s string) bool {
	for i := range len(s) {
		if s[i] == '"' || s[i] < '!' || s[i] > '~' {
			return true
		}
	}
	return false
}

// int returns the value of a number in decimal, which may have a sign.
func (v value) int() (int, bool) {
	n, err := strconv.Atoi(v.text)
	return n, err == nil
}

// protocols are the names that protocols(5) gives to the numbers that
// socket(2) takes (netinet/in.h). It is read only.
var protocols = map[int]string{
	0: "ip", 1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 8: "egp", 12: "pup", 17: "udp", 22: "idp", 29: "tp",
	33: "dccp", 41: "ipv6", 43: "routing", 44: "fragment", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah",
	58: "icmpv6", 59: "none", 60: "dstopts", 92: "mtp", 94: "beetph", 98: "encap", 103: "pim", 108: "comp",
	132: "sctp", 136: "udplite", 137: "mpls", 143: "ethernet", 255: "raw", 262: "mptcp",
}

func protocolName(v value) string {
	n, ok := v.int()
	if !ok || v.quoted {
		return v.text
	}
	if name := protocols[n]; name != "" {
		return name
	}
	return "unknown(" + v.text + ")"
}
