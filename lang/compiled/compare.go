package compiled

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Equal returns in what b differs from a: nothing where both grant and record
// the same. The error is ErrTooManyStates.
//
// Paths are compared where the kernel can ask about them: absolute, without //,
// . and .. in them. The names of the profiles do not matter.
func Equal(a, b *Profile) ([]Difference, error) {
	return compare(a, b, maxProduct)
}

// Includes returns what b grants and a does not: nothing where a grants all
// that b grants. An exec that both allow into different domains counts as such.
// The error is ErrTooManyStates.
func Includes(a, b *Profile) ([]Difference, error) {
	if a.Mode == ModeUnconfined {
		return nil, nil
	}
	differences, err := compare(a, b, maxProduct)
	return slices.DeleteFunc(differences, func(d Difference) bool { return !d.grants() }), err
}

// grants tells whether the second profile grants something for the difference.
func (d Difference) grants() bool {
	switch d.Effect {
	case Allow, Prompt, Value:
		return d.Sign == More
	}
	return d.Effect == Domain
}

// compare walks through everything; limit bounds the states of all walks.
func compare(a, b *Profile, limit int) ([]Difference, error) {
	if a == b || a.Header == b.Header && bytes.Equal(a.body, b.body) {
		return nil, nil
	}
	c := &comparison{a: a, b: b, limit: limit}
	c.settings()
	c.capabilities()
	c.rlimits()
	c.networks()
	for _, d := range domains(a, b) {
		c.walk(d)
	}
	return c.found, c.err
}

type comparison struct {
	a, b  *Profile
	limit int
	found []Difference
	err   error
}

func (c *comparison) add(d Difference) { c.found = append(c.found, d) }

// freedom orders the modes by what they let pass.
var freedom = [...]int{ModeEnforce: 0, ModeKill: 0, ModePrompt: 1, ModeComplain: 2, ModeUnconfined: 3}

func (c *comparison) settings() {
	a, b := c.a, c.b
	c.setting("mode", a.Mode.String(), b.Mode.String(), freedom[b.Mode]-freedom[a.Mode])
	const attach = AttachDisconnected | AttachIPC | ChrootAttach
	more, less := b.PathFlags&^a.PathFlags&attach, a.PathFlags&^b.PathFlags&attach
	c.setting("flags", a.flags(), b.flags(), int(more)-int(less))
	c.setting("attach_disconnected.path", a.Disconnected, b.Disconnected, 0)
	c.setting("attach_disconnected.ipc", a.DisconnectedIPC, b.DisconnectedIPC, 0)
	c.setting("kill.signal", number(a.KillSignal), number(b.KillSignal), 0)
	c.setting("error", number(a.Error), number(b.Error), 0)
	c.setting("xattrs", strings.Join(a.XAttrs, ", "), strings.Join(b.XAttrs, ", "), 0)
}

// setting compares one value; more is positive where b is the freer one.
func (c *comparison) setting(name, was, now string, more int) {
	if was == now {
		return
	}
	sign := Altered
	if more > 0 {
		sign = More
	} else if more < 0 {
		sign = Less
	}
	c.add(Difference{Class: ClassSetting, Effect: Value, Sign: sign, Object: name, Was: was, Now: now})
}

func number(n uint32) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(n), 10)
}

func (c *comparison) capabilities() {
	a, b := c.a.Caps, c.b.Caps
	both, none := a.Allow&b.Allow, ^(a.Allow | b.Allow)
	c.capability(Allow, a.Allow, b.Allow)
	c.capability(Audit, a.Audit&both, b.Audit&both)
	c.capability(Quiet, a.Quiet&none, b.Quiet&none)
}

func (c *comparison) capability(e Effect, was, now CapSet) {
	for _, half := range []struct {
		sign Sign
		set  CapSet
	}{{More, now &^ was}, {Less, was &^ now}} {
		for _, name := range half.set.Names() {
			c.add(Difference{Class: ClassCapability, Effect: e, Sign: half.sign, Perms: MayUse, Object: "capability " + name})
		}
	}
}

// rlimits: the profile without a limit, or with the higher one, grants more.
func (c *comparison) rlimits() {
	for i, name := range rlimitNames {
		was, now := c.a.Limits.effective(i), c.b.Limits.effective(i)
		if c.a.Limits.has(i) == c.b.Limits.has(i) && was == now {
			continue
		}
		d := Difference{Class: ClassRlimit, Effect: Value, Sign: Less, Object: "rlimit " + name}
		if now > was || now == was && !c.b.Limits.has(i) {
			d.Sign = More
		}
		d.Was, d.Now = c.a.Limits.text(i), c.b.Limits.text(i)
		c.add(d)
	}
}

// A domain is one set of strings that the kernel asks about.
type domain struct {
	class Class
	shape func() *shape
	a, b  side
	words func(in []byte, p Perms) string
	link  bool // pairs of link and target
}

// walk compares one domain. Equal automata with equal grants end it at once.
func (c *comparison) walk(d domain) {
	if c.err != nil || d.a.same(d.b) {
		return
	}
	w := newWalk(d.a, d.b, d.shape(), c.limit)
	t := tally{domain: d, walk: w, moves: map[[2]Transition]bool{}}
	c.err = w.run(t.visit)
	c.limit -= len(w.nodes)
	c.found = append(c.found, t.found...)
}

// same tells whether two sides are alike without a walk.
func (s side) same(t side) bool {
	a, ok := s.machine.(*database)
	b, both := t.machine.(*database)
	if !ok || !both {
		_, openA := s.machine.(openMachine)
		_, openB := t.machine.(openMachine)
		return openA && openB
	}
	return s.from == t.from && (a == b ||
		bytes.Equal(a.raw, b.raw) && slices.Equal(a.list, b.list) && slices.Equal(a.other, b.other))
}

// changes holds, by effect and for more and less, the permissions that differ.
type changes [Prompt + 1][2]Perms

func signs(i int) Sign { return [2]Sign{More, Less}[i] }

func changesOf(a, b Access) (c changes) {
	both, none := a.Allow&b.Allow, ^(a.Allow | b.Allow)
	c[Allow] = [2]Perms{b.Allow &^ a.Allow, a.Allow &^ b.Allow}
	c[Audit] = [2]Perms{b.Audit &^ a.Audit & both, a.Audit &^ b.Audit & both}
	c[Quiet] = [2]Perms{b.Quiet &^ a.Quiet & none, a.Quiet &^ b.Quiet & none}
	c[Prompt] = [2]Perms{b.Prompt &^ a.Prompt & none, a.Prompt &^ b.Prompt & none}
	return c
}

// A tally collects the first, and so shortest, input for each permission,
// effect, sign and subject.
type tally struct {
	domain
	walk  *walk
	seen  [2]changes // of owner and others
	moves map[[2]Transition]bool
	found []Difference
}

// visit compares what one state of the product grants.
func (t *tally) visit(i int, asked Perms) {
	n := t.walk.nodes[i]
	var c [2]changes
	var exec [2][2]Transition
	for j, who := range []Subject{Owner, Others} {
		a, b := t.walk.a.at(n.a, who), t.walk.b.at(n.b, who)
		if *a == *b {
			continue
		}
		x, y := t.answer(a, asked), t.answer(b, asked)
		c[j] = changesOf(x, y)
		exec[j] = [2]Transition{x.Exec, y.Exec}
	}
	for e := range c[0] {
		for s := range c[0][e] {
			for _, part := range bySubject(c[0][e][s], c[1][e][s]) {
				t.change(i, Effect(e), s, part, exec)
			}
		}
	}
	t.transitions(i, exec)
}

func (t *tally) answer(g *grant, asked Perms) Access {
	if t.link {
		return g.linkPair()
	}
	return g.answer(asked)
}

// A part is the permissions that differ for one subject.
type part struct {
	who   Subject
	perms Perms
}

// bySubject parts what differs for both from what differs for one.
func bySubject(owner, others Perms) [3]part {
	both := owner & others
	return [...]part{{Anyone, both}, {Owner, owner &^ both}, {Others, others &^ both}}
}

// subjects returns the indices of owner and others that the part speaks of.
func (p part) subjects() []int {
	return [...][]int{Anyone: {0, 1}, Owner: {0}, Others: {1}}[p.who]
}

// change adds a difference for those permissions that were not seen to differ
// before, for a subject of the part.
func (t *tally) change(i int, e Effect, s int, p part, exec [2][2]Transition) {
	known := all
	for _, j := range p.subjects() {
		known &= t.seen[j][e][s]
	}
	if p.perms &^= known; p.perms == 0 {
		return
	}
	for _, j := range p.subjects() {
		t.seen[j][e][s] |= p.perms
	}
	d := t.difference(i, e, signs(s), p)
	if p.perms&MayExec != 0 && t.class == ClassFile && e == Allow {
		x := exec[p.subjects()[0]]
		d.Was, d.Now = x[0].orNone(), x[1].orNone()
	}
	t.found = append(t.found, d)
}

func (t *tally) difference(i int, e Effect, s Sign, p part) Difference {
	d := Difference{Class: t.class, Effect: e, Sign: s, Subject: p.who, Perms: p.perms}
	d.Object = t.words(t.walk.input(i), p.perms)
	freer := t.walk.b
	if s == Less {
		freer = t.walk.a
	}
	_, d.Unmediated = freer.machine.(openMachine)
	return d
}

// transitions adds a difference where both allow exec, into different domains.
func (t *tally) transitions(i int, exec [2][2]Transition) {
	differ := func(x [2]Transition) Perms {
		return when(x[0].Mode != NoExec && x[1].Mode != NoExec && x[0] != x[1], MayExec)
	}
	parts := bySubject(differ(exec[0]), differ(exec[1]))
	if exec[0] != exec[1] {
		parts = [...]part{{Owner, differ(exec[0])}, {Others, differ(exec[1])}, {}}
	}
	for _, p := range parts {
		if x := exec[p.subjects()[0]]; p.perms != 0 && !t.moves[x] {
			t.moves[x] = true
			d := t.difference(i, Domain, Altered, p)
			d.Was, d.Now = x[0].String(), x[1].String()
			t.found = append(t.found, d)
		}
	}
}
