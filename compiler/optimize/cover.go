package optimize

import (
	"slices"

	"apc/lang/rule"
)

// covers says whether rule a, which is not about files, has all of rule b: with
// equal qualifiers, and only where the words of the two show it.
func covers(a, b rule.Rule) bool {
	if a.Qualifiers != b.Qualifiers || a.Kind() != b.Kind() {
		return false
	}
	switch x := a.Body.(type) {
	case rule.Capability:
		return hasAll(x.Names, b.Body.(rule.Capability).Names)
	case rule.Network:
		return coversNetwork(x, b.Body.(rule.Network))
	case rule.Signal:
		y := b.Body.(rule.Signal)
		return hasAll(x.Access, y.Access) && hasAll(x.Set, y.Set) && (x.Peer == "" || x.Peer == y.Peer)
	case rule.Ptrace:
		y := b.Body.(rule.Ptrace)
		return hasAll(x.Access, y.Access) && (x.Peer == "" || x.Peer == y.Peer)
	}
	return a.Normal().String() == b.Normal().String()
}

// hasAll says whether a list of words has all of another; no words mean any.
func hasAll(list, words []string) bool {
	if len(list) == 0 {
		return true
	}
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(list, w) })
}

// coversNetwork says whether a rule on a family has one on a type of it. Rules
// with conditions are left alone.
func coversNetwork(a, b rule.Network) bool {
	if fine(a) || fine(b) {
		return false
	}
	return a.Type+a.Protocol == "" && (a.Family == "" || a.Family == b.Family) || a.Family == b.Family && a.Type == b.Type && a.Protocol == b.Protocol
}

// fine says whether a rule has more than family, type and protocol.
func fine(n rule.Network) bool {
	return len(n.Access) > 0 || n.Interface != "" || n.Local != rule.Endpoint{} || n.Peer != rule.Endpoint{}
}
