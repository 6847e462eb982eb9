package lint

import (
	"slices"

	"apc/lang/rule"
)

// covers says whether a rule that is not about files grants, or denies, all
// that another one does and records the same, as far as their words show it.
func covers(a, b rule.Rule) bool {
	if a.Kind() != b.Kind() || a.Action != b.Action || a.Priority != b.Priority || a.Action == rule.Prompt {
		return false
	}
	if a.Audit != b.Audit && (b.Audit || b.Action == rule.Deny) {
		return false
	}
	return coversBody(a.Normal().Body, b.Normal().Body)
}

// coversBody does as covers for what stands behind the qualifiers.
func coversBody(a, b rule.Body) bool {
	switch x := a.(type) {
	case rule.Capability:
		return hasWords(x.Names, b.(rule.Capability).Names)
	case rule.Network:
		y := b.(rule.Network)
		return hasWords(x.Access, y.Access) && coversSocket(x, y) && open(x.Interface, y.Interface) &&
			coversEndpoint(x.Local, y.Local) && coversEndpoint(x.Peer, y.Peer)
	case rule.Signal:
		y := b.(rule.Signal)
		return hasWords(x.Access, y.Access) && hasWords(x.Set, y.Set) && open(x.Peer, y.Peer)
	case rule.Ptrace:
		y := b.(rule.Ptrace)
		return hasWords(x.Access, y.Access) && open(x.Peer, y.Peer)
	case rule.Unix:
		y := b.(rule.Unix)
		return hasWords(x.Access, y.Access) && open(x.Type, y.Type) && open(x.Protocol, y.Protocol) && open(x.Addr, y.Addr) &&
			open(x.Label, y.Label) && open(x.Attr, y.Attr) && open(x.Opt, y.Opt) && open(x.PeerAddr, y.PeerAddr) && open(x.PeerLabel, y.PeerLabel)
	case rule.DBus:
		return coversDBus(x, b.(rule.DBus))
	}
	same := rule.Rule{Body: a}
	return same.String() == rule.Rule{Body: b}.String()
}

// coversDBus looks at rules with one kind of access: what binds a name has other
// conditions than what sends.
func coversDBus(a, b rule.DBus) bool {
	return hasWords(a.Access, b.Access) && open(a.Bus, b.Bus) && open(a.Name, b.Name) && open(a.Path, b.Path) &&
		open(a.Interface, b.Interface) && open(a.Member, b.Member) && open(a.PeerName, b.PeerName) && open(a.PeerLabel, b.PeerLabel)
}

// coversSocket compares family, type and protocol. A family alone has all of
// its types; a protocol names a type too, so without equal words nothing is said.
func coversSocket(a, b rule.Network) bool {
	if a.Type == b.Type && a.Protocol == b.Protocol {
		return open(a.Family, b.Family)
	}
	return a.Type == "" && a.Protocol == "" && open(a.Family, b.Family)
}

// coversEndpoint compares one end of a connection.
func coversEndpoint(a, b rule.Endpoint) bool { return a == b || a == rule.Endpoint{} }

// hasWords says whether a list of words has all of another; no words mean any.
func hasWords(list, words []string) bool {
	if len(list) == 0 {
		return true
	}
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(list, w) })
}

// open says whether a condition leaves open what another one asks for.
func open(condition, other string) bool { return condition == "" || condition == other }
