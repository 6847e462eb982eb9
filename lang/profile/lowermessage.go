package profile

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/rule"
)

func (d *dbusRule) body(r *reader, _ words) rule.Body {
	var name, label string
	out := rule.DBus{Access: r.access("dbus", d.Access, []string{"send", "receive", "bind", "eavesdrop"}, sending)}
	for _, c := range d.Conds {
		if c.Name.Value == "label" {
			r.refuse(c.Name, "bad-condition", "label outside of peer=()", "The label of a dbus rule is that of the other side: peer=(label=NAME).")
		}
	}
	onPeer := r.peerOf("dbus", d.Peer)
	all := append(slices.Clone(d.Conds), onPeer...)
	r.conditions("dbus", all, slot{name: "bus", into: &out.Bus}, slot{name: "name", into: &name}, slot{name: "path", into: &out.Path},
		slot{name: "interface", into: &out.Interface}, slot{name: "member", into: &out.Member}, slot{name: "label", into: &label})
	for _, c := range all {
		r.globs(c.Values)
	}
	out.PeerLabel = label
	if has(onPeer, "name") {
		out.PeerName = name
	} else {
		out.Name = name
	}
	r.checkDBus(d, out, onPeer)
	return out
}

func has(conds []*condition, name string) bool {
	return slices.ContainsFunc(conds, func(c *condition) bool { return c.Name.Value == name })
}

// checkDBus refuses conditions that contradict each other or the accesses
// (dbus.cc).
func (r *reader) checkDBus(d *dbusRule, out rule.DBus, onPeer []*condition) {
	message := out.PeerLabel != "" || has(onPeer, "name")
	for _, name := range []string{"path", "interface", "member"} {
		message = message || has(d.Conds, name) || has(onPeer, name)
	}
	service := has(d.Conds, "name")
	at := func(access string) lexer.Token {
		for i, w := range out.Access {
			if w == access {
				return d.Access.Words[min(i, len(d.Access.Words)-1)]
			}
		}
		return d.Conds[0].Name
	}
	has := func(access string) bool { return slices.Contains(out.Access, access) }
	switch {
	case message && service:
		r.refuse(d.Conds[0].Name, "bad-condition", "conditions on a message and on a name", "Owning a name has no path, interface, member or peer. Write two rules.")
	case message && has("bind"):
		r.refuse(at("bind"), "bad-access", "bind with conditions on a message", "bind knows bus= and name= only.")
	case service && (has("send") || has("receive")):
		r.refuse(d.Access.Words[0], "bad-access", "send or receive with a name", "name= is the name to own. For the other side write peer=(name=NAME).")
	case (message || service) && has("eavesdrop"):
		r.refuse(at("eavesdrop"), "bad-access", "eavesdrop with conditions", "eavesdrop knows bus= only.")
	}
}

func (s *signalRule) body(r *reader, _ words) rule.Body {
	out := rule.Signal{Access: r.access("signal", s.Access, []string{"send", "receive"}, sending)}
	var others []*condition
	for _, c := range s.Conds {
		if c.Name.Value != "set" || c.Op.Value != "=" {
			others = append(others, c)
			continue
		}
		for _, v := range c.Values {
			out.Set = append(out.Set, r.signal(v))
		}
	}
	var set string
	r.conditions("signal", others, slot{name: "peer", into: &out.Peer}, slot{name: "set", into: &set})
	for _, c := range others {
		r.globs(c.Values)
	}
	return out
}

// signal returns the name of a signal. For the parser rtmin+ goes before any
// text, of which it reads what digits there are.
func (r *reader) signal(t lexer.Token) string {
	name := text(t)
	if digits, ok := strings.CutPrefix(name, "rtmin+"); ok && !signals().Has(name) {
		end := strings.IndexFunc(digits, func(c rune) bool { return c < '0' || c > '9' })
		if end < 0 {
			end = len(digits)
		}
		n := strings.TrimLeft(digits[:end], "0")
		if n == "" {
			n = "0"
		}
		if known := "rtmin+" + n; signals().Has(known) && !strings.HasPrefix(digits, "-") {
			r.warn(t, "bad-signal", "odd spelling of a signal", "The parser takes it as %s.", known)
			return known
		}
	}
	if !signals().Has(name) {
		r.refuse(t, "unknown-signal", "unknown signal "+name, "Signals are written as term, hup or rtmin+1, without SIG.%s", signals.hint(name))
	}
	return name
}

func (p *ptraceRule) body(r *reader, _ words) rule.Body {
	out := rule.Ptrace{Access: r.access("ptrace", p.Access, []string{"trace", "read", "tracedby", "readby"},
		map[string]string{"r": "read", "w": "trace", "write": "trace"})}
	r.conditions("ptrace", p.Conds, slot{name: "peer", into: &out.Peer})
	for _, c := range p.Conds {
		r.globs(c.Values)
	}
	return out
}

func (m *mqueueRule) body(r *reader, _ words) rule.Body {
	out := rule.Mqueue{Name: text(m.Name), Access: r.access("mqueue", m.Access,
		[]string{"create", "open", "delete", "read", "write", "getattr", "setattr"}, map[string]string{"r": "read", "w": "write"})}
	r.conditions("mqueue", m.Conds, slot{name: "type", into: &out.Type, first: true, again: true},
		slot{name: "label", into: &out.Label, first: true})
	for _, c := range m.Conds {
		if c.Name.Value == "label" {
			r.globs(c.Values[:min(1, len(c.Values))])
		}
	}
	r.checkMqueue(m, out)
	return out
}

// checkMqueue refuses a name that does not go with the type (mqueue.cc).
func (r *reader) checkMqueue(m *mqueueRule, out rule.Mqueue) {
	if out.Type != "" && out.Type != "posix" && out.Type != "sysv" {
		r.refuse(m.Conds[0].Name, "bad-condition", "unknown type of message queue", "Write type=posix or type=sysv.")
	}
	if !present(m.Name) {
		return
	}
	number := out.Name != "" && strings.Trim(out.Name, "0123456789") == ""
	switch {
	case strings.HasPrefix(out.Name, "/") && out.Type == "sysv":
		r.refuse(m.Name, "bad-name", "path of a System V queue", "System V queues have numbers.")
	case strings.HasPrefix(out.Name, "/"):
		r.glob(m.Name)
	case !number:
		r.refuse(m.Name, "bad-name", "no name of a message queue", "POSIX queues are written as /NAME, System V queues as numbers.")
	case out.Type == "posix":
		r.refuse(m.Name, "bad-name", "number of a POSIX queue", "POSIX queues have names that begin with a slash.")
	}
}

func (u *ioUringRule) body(r *reader, _ words) rule.Body {
	var out rule.IoUring
	for _, t := range u.Access {
		switch word := text(t); word {
		case "sqpoll", "override_creds":
			if !slices.Contains(out.Access, word) {
				out.Access = append(out.Access, word)
			}
		default:
			r.warn(t, "unknown-access", "unknown access "+word, "The parser drops it in silence. io_uring knows sqpoll and override_creds.")
		}
	}
	conds := slices.Clone(u.Conds)
	if u.Peer != nil {
		conds = append(conds, u.Peer.Conds...)
	}
	r.conditions("io_uring", conds, slot{name: "label", into: &out.Label})
	r.checkEndpoint(conds)
	return out
}

func (u *usernsRule) body(*reader, words) rule.Body {
	if present(u.Access) {
		return rule.Userns{Access: []string{u.Access.Value}}
	}
	return rule.Userns{}
}
