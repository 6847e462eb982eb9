package propose

import (
	"slices"
	"strconv"
	"strings"

	"apc/lang/rule"
)

// block collects the fields of a typed block.
type block struct{ s Statement }

func typed(name, label string) *block { return &block{Statement{Block: name, Label: label}} }

// word adds a field with a word of AppArmor's, unless it is empty.
func (b *block) word(name, value string) *block {
	if value != "" {
		b.s.Fields = append(b.s.Fields, Field{name, value})
	}
	return b
}

// name adds a field with a name from the record.
func (b *block) name(name, value string) *block { return b.word(name, Literal(value)) }

// label adds a field with the name of a profile from the record.
func (b *block) label(name, value string) *block { return b.word(name, LiteralLabel(value)) }

func (b *block) words(name string, values []string) *block {
	if len(values) > 0 {
		b.s.Fields = append(b.s.Fields, Field{name, values})
	}
	return b
}

func (b *block) choice(when string) Statement {
	b.s.When = when
	return b.s
}

// bodyChoices returns the statements for what is no file.
func bodyChoices(want rule.Body) []Statement {
	switch b := want.(type) {
	case rule.Capability:
		return []Statement{{Attribute: "capabilities", Fields: []Field{{"name", b.Names[0]}}}}
	case rule.Network:
		return networkChoices(b)
	case rule.Unix:
		return unixChoices(b)
	case rule.Signal:
		return []Statement{typed("signal", "").words("access", b.Access).words("set", b.Set).label("peer", b.Peer).choice("")}
	case rule.Ptrace:
		return []Statement{typed("ptrace", "").words("access", b.Access).label("peer", b.Peer).choice("")}
	case rule.DBus:
		return dbusChoices(b)
	case rule.Mqueue:
		return []Statement{typed("mqueue", "").words("access", b.Access).word("type", b.Type).name("name", b.Name).choice("")}
	case rule.IoUring:
		return []Statement{typed("io_uring", "").words("access", b.Access).label("label", b.Label).choice("")}
	case rule.Userns:
		return []Statement{typed("userns", "").words("access", b.Access).choice("")}
	case rule.ChangeProfile:
		return []Statement{typed("change_profile", "").word("to", b.Target).choice("")}
	case rule.Mount:
		return []Statement{mountBlock(b)}
	case rule.PivotRoot:
		return []Statement{typed("pivot_root", "").name("old_root", b.OldRoot).name("new_root", b.NewRoot).word("to", b.Target).choice("")}
	}
	return nil
}

// networkChoices prefer what says the purpose: listen and connect, where the
// record tells which one it is.
func networkChoices(n rule.Network) []Statement {
	exact := typed("network", "").words("access", n.Access).word("family", n.Family).word("type", n.Type).
		word("address", n.Local.IP).word("port", n.Local.Port).word("peer_address", n.Peer.IP).word("peer_port", n.Peer.Port).
		choice("to grant just this access")
	coarse := typed("network", "").word("family", n.Family).word("type", n.Type).choice("where addresses and ports do not matter")
	protocol := map[string]string{"stream": "tcp", "dgram": "udp"}[n.Type]
	internet := protocol != "" && (n.Family == "inet" || n.Family == "inet6")
	switch {
	case internet && n.Local.Port != "" && serves(n):
		return []Statement{endpointBlock("listen", n.Local.Port, protocol, "", "for the port that the service serves"), exact, coarse}
	case internet && n.Peer.Port != "" && !slices.Contains(n.Access, "bind"):
		return []Statement{
			endpointBlock("connect", n.Peer.Port, protocol, n.Peer.IP, "for this server alone"),
			endpointBlock("connect", n.Peer.Port, protocol, "", "for this port of any server"), exact, coarse,
		}
	case n.Local == rule.Endpoint{} && n.Peer == rule.Endpoint{}:
		coarse.When = ""
		return []Statement{coarse}
	}
	return []Statement{exact, coarse}
}

// serves says whether an access is that of a server: it waits for others, or
// its port is a fixed one and that of the other end one that the kernel chose
// (net.ipv4.ip_local_port_range).
func serves(n rule.Network) bool {
	if slices.ContainsFunc(n.Access, func(a string) bool { return a == "bind" || a == "listen" || a == "accept" }) {
		return true
	}
	const chosen = 32768
	local, err := strconv.Atoi(n.Local.Port)
	peer, _ := strconv.Atoi(n.Peer.Port)
	return err == nil && local < chosen && peer >= chosen
}

func endpointBlock(name, port, protocol, address, when string) Statement {
	b := typed(name, protocol+"-"+port).word("address", address).word("port", port)
	if protocol != "tcp" {
		b.word("protocol", protocol)
	}
	return b.choice(when)
}

func unixChoices(u rule.Unix) []Statement {
	exact := typed("unix", "").words("access", u.Access).word("type", u.Type).name("addr", u.Addr).
		name("peer_addr", u.PeerAddr).label("peer_label", u.PeerLabel).choice("to grant just this access")
	coarse := typed("unix", "").word("type", u.Type).choice("for every unix socket of this type")
	return []Statement{exact, coarse}
}

func dbusChoices(d rule.DBus) []Statement {
	if strings.HasPrefix(d.PeerName, ":") {
		d.PeerName = "" // a connection's number, another one each time
	}
	exact := typed("dbus", "").words("access", d.Access).name("bus", d.Bus).name("name", d.Name).name("path", d.Path).
		name("interface", d.Interface).name("member", d.Member).name("peer_name", d.PeerName).label("peer_label", d.PeerLabel).choice("to grant just this message")
	if d.Member == "" {
		exact.When = ""
		return []Statement{exact}
	}
	wider := typed("dbus", "").words("access", d.Access).name("bus", d.Bus).name("path", d.Path).
		name("interface", d.Interface).name("peer_name", d.PeerName).choice("for every member of the interface")
	return []Statement{exact, wider}
}

func mountBlock(m rule.Mount) Statement {
	b := typed(string(m.Op), "")
	for _, c := range m.Fstype {
		b.words("fstype", c.Values)
	}
	for _, c := range m.Options {
		b.words("options", c.Values)
	}
	return b.name("source", m.Source).name("target", m.Target).choice("")
}
