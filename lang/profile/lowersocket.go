package profile

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/rule"
)

// socketAccess holds the accesses of network and unix rules. Those of one end
// of a socket alone do not go with conditions on the other.
var (
	socketAccess = []string{"create", "bind", "listen", "accept", "connect", "shutdown", "getattr", "setattr", "getopt",
		"setopt", "send", "receive"}
	localAccess = []string{"create", "bind", "listen", "shutdown", "getattr", "setattr", "getopt", "setopt"}
)

// sending maps the words that mean send and receive in most rules.
var sending = map[string]string{"read": "receive", "r": "receive", "write": "send", "w": "send"}

// access lowers the accesses of a rule: known words, and others that stand for
// them. In parentheses r and w may be joined and capital.
func (r *reader) access(kind string, a *access, known []string, others map[string]string) []string {
	if a == nil {
		return nil
	}
	var out []string
	add := func(word string) {
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	for _, t := range a.Words {
		switch word := text(t); {
		case slices.Contains(known, word):
			add(word)
		case others[word] != "":
			add(others[word])
		case word != "" && strings.Trim(word, "rwRW") == "":
			for i := range len(word) {
				add(others[string(word[i]|0x20)])
			}
		default:
			r.refuse(t, "unknown-access", "unknown access "+word, "A %s rule knows %s.%s", kind, list(known), didYouMean(word, known))
		}
	}
	return out
}

// checkPeerAccess refuses accesses that do not go with conditions on a peer.
func (r *reader) checkPeerAccess(kind string, a *access, words []string) {
	for i, w := range words {
		if slices.Contains(localAccess, w) {
			at := a.Words[min(i, len(a.Words)-1)]
			r.refuse(at, "bad-access", w+" with conditions on the peer",
				"Only send, receive, connect and accept have a peer. Write a %s rule of its own for %s.", kind, w)
			return
		}
	}
}

func (n *networkRule) body(r *reader, _ words) rule.Body {
	out := rule.Network{Access: r.access("network", n.Access, socketAccess, sending)}
	r.conditions("network", n.Conds, slot{name: "ip", into: &out.Local.IP, first: true}, slot{name: "port", into: &out.Local.Port, first: true},
		slot{name: "interface", into: &out.Interface, first: true}, slot{name: "label", into: &out.Local.Label, first: true})
	r.conditions("network", r.peerOf("network", n.Peer), slot{name: "ip", into: &out.Peer.IP, first: true},
		slot{name: "port", into: &out.Peer.Port, first: true},
		slot{name: "label", into: &out.Peer.Label, first: true, set: &out.Peer.SetLabel})
	r.checkEndpoint(n.Conds)
	if n.Peer != nil {
		r.checkEndpoint(n.Peer.Conds)
	}
	r.domain(n, &out)
	if out.Peer.IP != "" || out.Peer.Port != "" {
		r.checkPeerAccess("network", n.Access, out.Access)
	}
	return out
}

// checkEndpoint refuses what is no address, port or interface.
func (r *reader) checkEndpoint(conds []*condition) {
	for _, c := range conds {
		if len(c.Values) == 0 {
			continue
		}
		value, at := text(c.Values[0]), c.Values[0]
		switch c.Name.Value {
		case "ip":
			if addr, err := netip.ParseAddr(value); value != "none" && (err != nil || addr.Zone() != "") {
				r.refuse(at, "bad-address", "no IP address", "Write an IPv4 or IPv6 address without a mask, or none.")
			}
		case "port":
			if !validPorts(value) {
				r.refuse(at, "bad-port", "no port", "Write a number up to 65535, or a range such as 1024-2048.")
			}
		case "label":
			if strings.Contains(value, "@{") {
				r.warn(at, "bad-label", "variable in a label", "The parser expands no variables here, and fails where the kernel tells labels apart. Write the name.")
			} else {
				r.glob(at)
			}
		case "interface":
			if strings.Contains(value, "@{") {
				r.refuse(at, "bad-interface", "variable in the name of an interface", "The parser expands no variables here. Write the name.")
			} else {
				r.glob(at)
			}
		}
	}
}

// validPorts tells whether a text is a port or a range of them, as strtoul
// reads numbers.
func validPorts(s string) bool {
	if from, to, ok := strings.Cut(s, "-"); ok {
		a, okA := portNumber(from)
		b, okB := portNumber(to)
		return okA && okB && a <= b
	}
	_, ok := portNumber(s)
	return ok
}

func portNumber(s string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimLeft(s, " \t\n"), "+"), 10, 16)
	return n, err == nil
}

// domain lowers the family and the type of a network rule (network.cc:
// net_find_mapping).
func (r *reader) domain(n *networkRule, out *rule.Network) {
	conds := out.Local != (rule.Endpoint{}) || out.Interface != "" || out.Peer.IP != "" || out.Peer.Port != ""
	switch len(n.Domain) {
	case 1:
		r.domainWord(n.Domain[0], out)
	case 2:
		r.domainWords(n.Domain[0], n.Domain[1], out)
	}
	if conds && out.Family != "" && out.Family != "inet" && out.Family != "inet6" {
		r.refuse(n.Domain[0], "bad-family", "conditions on a "+out.Family+" socket", "Only inet and inet6 have addresses, ports and interfaces.")
	}
}

// domainWord lowers one word: a family or, for all families, a type.
func (r *reader) domainWord(t lexer.Token, out *rule.Network) {
	switch word := text(t); {
	case families().Has(word):
		out.Family = word
	case socketTypes().Has(word):
		out.Type = word
	case protocols().Has(word):
		out.Protocol = word
	default:
		known := append(families().Names(), append(socketTypes().Names(), protocols().Names()...)...)
		r.refuse(t, "unknown-family", "unknown address family "+word, "Write a family such as inet, or a type such as stream.%s",
			didYouMean(word, known))
	}
}

// domainWords lowers a family and a type or protocol.
func (r *reader) domainWords(family, kind lexer.Token, out *rule.Network) {
	word := text(family)
	if !families().Has(word) {
		r.refuse(family, "unknown-family", "unknown address family "+word, "The first of two words is the family, such as inet.%s",
			families.hint(word))
		return
	}
	out.Family = word
	switch typ := text(kind); {
	case socketTypes().Has(typ):
		out.Type = typ
	case protocols().Has(typ) && (word == "inet" || word == "inet6" && typ != "icmp"):
		out.Protocol = typ
	case protocols().Has(typ):
		r.refuse(kind, "bad-type", typ+" of family "+word, "%s", "tcp and udp go with inet and inet6, icmp with inet.")
	default:
		r.refuse(kind, "unknown-type", "unknown socket type "+typ, "Write %s.%s", list(socketTypes().Names()), socketTypes.hint(typ))
	}
}

func (u *unixRule) body(r *reader, _ words) rule.Body {
	out := rule.Unix{Access: r.access("unix", u.Access, socketAccess, sending)}
	r.conditions("unix", r.unixKnown(u.Conds, false), slot{name: "type", into: &out.Type}, slot{name: "addr", into: &out.Addr})
	conds := r.unixKnown(r.peerOf("unix", u.Peer), true)
	r.conditions("unix", conds, slot{name: "addr", into: &out.PeerAddr}, slot{name: "label", into: &out.PeerLabel})
	r.checkUnix(append(slices.Clone(u.Conds), conds...))
	if out.PeerAddr != "" || out.PeerLabel != "" {
		r.checkPeerAccess("unix", u.Access, out.Access)
	}
	return out
}

// unixKnown refuses conditions that stand on the wrong side or that no parser
// supports yet (af_rule.cc: supported_conds), and returns the others.
func (r *reader) unixKnown(conds []*condition, onPeer bool) []*condition {
	var out []*condition
	for _, c := range conds {
		switch name := c.Name.Value; {
		case name == "protocol" || name == "attr" || name == "opt":
			r.refuse(c.Name, "unknown-condition", name+" in a unix rule", "No parser supports this condition. Leave it out.")
		case name == "label" && !onPeer:
			r.refuse(c.Name, "bad-condition", "label outside of peer=()", "The label of a unix rule is that of the other side: peer=(label=NAME).")
		case name == "type" && onPeer:
			r.refuse(c.Name, "bad-condition", "type in peer=()", "Both sides have the same type. Write it outside of peer=().")
		default:
			out = append(out, c)
		}
	}
	return out
}

// checkUnix refuses values of unix conditions.
func (r *reader) checkUnix(conds []*condition) {
	for _, c := range conds {
		if len(c.Values) == 0 {
			continue
		}
		value, at := text(c.Values[0]), c.Values[0]
		switch c.Name.Value {
		case "type":
			if !socketTypes().Has(value) && value != "none" && value != "dccp" {
				r.refuse(at, "unknown-type", "unknown socket type "+value, "Write %s.%s", list(socketTypes().Names()), socketTypes.hint(value))
			}
		case "addr":
			if value != "none" && value != "auto" && !strings.HasPrefix(value, "@") {
				r.refuse(at, "bad-address", "no address of a unix socket",
					"Write an abstract name as @NAME, none or auto. A socket with a path is a matter of file rules.")
			} else {
				r.glob(at)
			}
		case "label":
			r.glob(at)
		}
	}
}
