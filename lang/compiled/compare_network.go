package compiled

import (
	"slices"
	"strings"
)

// fineFamilies are those that a policy may match beyond family and type.
var fineFamilies = []int{familyUnix, familyInet, familyInet6}

// networks compares sockets: by family and type, but those of a fine family by
// walking, where either profile goes on to addresses.
func (c *comparison) networks() {
	fine := map[int]bool{}
	for _, f := range fineFamilies {
		fine[f] = c.a.fine(f) != dead || c.b.fine(f) != dead
	}
	for e := range Prompt + 1 {
		for s := range 2 {
			c.coarse(e, s, fine)
		}
	}
	for _, f := range fineFamilies {
		if fine[f] {
			c.walk(familyDomain(f, c.a, c.b))
		}
	}
}

// A netGroup is a family's types that differ in the same permissions.
type netGroup struct {
	family int
	types  []int
	perms  Perms
}

// whole tells whether the group holds the types that the rule of a whole family
// has: before parser 5.0 dccp came with the rule for all families only.
func (g netGroup) whole() bool {
	n := len(g.types)
	if slices.Contains(g.types, typeDCCP) {
		n--
	}
	return n == len(namedTypes)-1
}

// namedTypes are the socket types that exist.
var namedTypes = []int{1, 2, 3, 4, 5, typeDCCP, 10}

const typeDCCP = 6

// coarse reports what differs by family and type: all families in one, all
// types of a family in one, or each.
func (c *comparison) coarse(e Effect, s int, fine map[int]bool) {
	var groups []netGroup
	wanted, whole := 0, 0
	for f := range families {
		if fine[f] {
			continue
		}
		wanted++
		for _, g := range c.familyGroups(f, e, s) {
			groups = append(groups, g)
			if g.whole() && g.perms == groups[0].perms {
				whole++
			}
		}
	}
	if wanted == whole {
		c.network(e, s, groups[0].perms)
		return
	}
	for _, g := range groups {
		if g.whole() {
			c.network(e, s, g.perms, familyName(g.family))
			continue
		}
		for _, t := range g.types {
			c.network(e, s, g.perms, familyName(g.family), typeName(t))
		}
	}
}

func (c *comparison) familyGroups(family int, e Effect, s int) []netGroup {
	var groups []netGroup
	for _, t := range namedTypes {
		p := changesOf(c.a.network(family, t), c.b.network(family, t))[e][s]
		if p == 0 {
			continue
		}
		if n := len(groups); n > 0 && groups[n-1].perms == p {
			groups[n-1].types = append(groups[n-1].types, t)
		} else {
			groups = append(groups, netGroup{family, []int{t}, p})
		}
	}
	return groups
}

func (c *comparison) network(e Effect, s int, p Perms, words ...string) {
	object := "network"
	if p != socketPerms {
		object += " (" + p.in(ClassNetwork) + ")"
	}
	d := Difference{Class: ClassNetwork, Effect: e, Sign: signs(s), Perms: p}
	d.Object = strings.Join(append([]string{object}, words...), " ")
	freer := c.b
	if d.Sign == Less {
		freer = c.a
	}
	d.Unmediated = !freer.Mediates(ClassNetwork)
	c.add(d)
}

// familyDomain compares one fine family, from its socket type on.
func familyDomain(family int, a, b *Profile) domain {
	d := domain{class: ClassNetwork, shape: inetShape, words: inetWords(family)}
	if family == familyUnix {
		d.class, d.shape, d.words = ClassUnix, unixShape, unixWords
	}
	d.a, d.b = a.familySide(family), b.familySide(family)
	return d
}

func (p *Profile) familySide(family int) side {
	if s := p.fine(family); s != dead {
		return side{p.policy, s}
	}
	m := &coarseMachine{}
	for t := range m.byType {
		a := p.network(family, t)
		if !a.Mediated {
			return side{openMachine{}, start}
		}
		m.byType[t] = grant{allow: a.Allow, audit: a.Audit, quiet: a.Quiet}
	}
	return side{m, start}
}

// A coarseMachine stands for a family that is told apart by type alone, beside
// a policy that goes on: whatever follows the type is granted with it.
type coarseMachine struct {
	byType [16]grant
}

// The states of a coarseMachine: the start, one behind the high byte of the
// type, and one for each type.
const coarseType = 3

var coarseClasses = func() (class [256]byte) {
	for c := range class {
		class[c] = byte(min(c, 16))
	}
	return class
}()

func (m *coarseMachine) step(state uint32, c byte) uint32 {
	switch {
	case state == start && c == 0:
		return start + 1
	case state == start+1 && int(c) < len(m.byType):
		return coarseType + uint32(c)
	case state >= coarseType:
		return state
	}
	return dead
}

func (m *coarseMachine) at(state uint32, _ Subject) *grant {
	if state >= coarseType {
		return &m.byType[state-coarseType]
	}
	return &noGrant
}

func (m *coarseMachine) classes() *[256]byte { return &coarseClasses }
