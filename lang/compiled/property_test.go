package compiled

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A generator makes random rules over a small alphabet, so that they overlap.
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// path is a random glob. A component is never empty and never a dot alone.
func (g generator) path() string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		b.WriteByte('/')
		for range 1 + g.IntN(2) {
			b.WriteString(g.pick("a", "b", "c", "ab", "*", "?", "{a,b}", "{,c}b", "[ab]", "[^a/]", "é", ".c"))
		}
	}
	return b.String() + g.pick("", "", "/", "/**", "**", "/*", "{,/**}")
}

// name is a random path without a glob.
func (g generator) name() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString("/" + g.pick("a", "b", "c", "ab", "ba", ".c", "x", "éb", "aab"))
	}
	return b.String() + g.pick("", "", "/")
}

// rule is a random rule that may stand beside any other.
func (g generator) rule() string {
	file := func() string {
		return g.pick("", "", "audit ", "owner ", "audit owner ") + g.path() + " " + g.pick("r", "w", "rw", "a", "k", "m", "rwk", "rl") + ","
	}
	switch g.IntN(16) {
	case 0:
		return g.pick("deny ", "audit deny ", "deny owner ") + g.path() + " " + g.pick("r", "w", "rw", "x") + ","
	case 1:
		return g.pick("link ", "link subset ", "owner link ") + g.path() + " -> " + g.path() + ","
	case 2:
		return "change_profile -> " + g.pick("p", "q", "p//*", "web*") + ","
	case 3:
		return "capability " + g.pick(capabilityNames[:37]...) + ","
	case 4:
		return "network " + g.pick("inet", "inet6", "unix", "netlink") + " " + g.pick("stream", "dgram", "raw") + ","
	case 5:
		return "signal " + g.pick("(send)", "(receive)", "(send, receive)") + " set=(" + g.pick("kill", "term", "hup, int") +
			") peer=" + g.pick("p", "p*", "q//**", "unconfined") + ","
	case 6:
		return "ptrace " + g.pick("(read)", "(trace)", "(readby, tracedby)") + " peer=" + g.pick("p", "p*", "q//**") + ","
	case 7:
		return g.pick("umount "+g.path(), "mount fstype="+g.pick("ext4", "tmpfs")+" options=("+g.pick("ro", "rw, nosuid", "ro, noexec")+
			") "+g.pick("/dev/a", "/dev/**")+" -> "+g.path(), "pivot_root oldroot=/a/ "+g.path()) + ","
	case 8:
		return "dbus (send) bus=" + g.pick("system", "session") + " path=" + g.pick("/a", "/a/**") + " member=" + g.pick("Get", "S*") + ","
	case 9:
		return "unix (" + g.pick("create", "bind, listen", "getattr, setopt") + ") type=" + g.pick("stream", "dgram") + " addr=@" + g.pick("a", "b*") + ","
	case 10:
		return "unix (send, connect) type=stream peer=(addr=@" + g.pick("a", "b*") + ", label=" + g.pick("p", "q*") + "),"
	}
	return file()
}

// rules are several random rules and a few execs, whose paths do not overlap
// those of any other with an exec.
func (g generator) rules() []string {
	var list []string
	for range 3 + g.IntN(8) {
		list = append(list, g.rule())
	}
	for _, p := range []string{"/x/one", "/x/two*", "/x/three/**"} {
		if g.IntN(2) == 0 {
			list = append(list, p+" "+g.pick("ix", "Px", "cx -> kid", "Px -> other", "pix -> &other", "Ux")+",")
		}
	}
	return list
}

func (g generator) shuffled(list []string) string {
	out := append([]string(nil), list...)
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return strings.Join(out, "\n")
}

const rounds = 100

func TestRandomRules(t *testing.T) { eachForm(t, outOfTree+kernel61, testRandomRules) }

// The encoding of the shuffled rules differs, so that equality is not found by
// the bytes alone.
func testRandomRules(t *testing.T, parser tool) {
	refused := 0
	for i := range uint64(rounds) {
		g := generator{rand.New(rand.NewPCG(uint64(len(parser.path)+len(parser.features)), i))}
		rules := g.rules()
		text := strings.Join(rules, "\n")
		b, err := parser.run(t, "profile test {\n"+g.shuffled(rules)+"\n}", "-O", "equiv")
		if err != nil {
			refused++
			continue
		}
		a, shuffled := parser.profile(t, text), readAll(t, b, nil).Profiles[0]
		if got, err := Equal(a, shuffled); err != nil || len(got) > 0 {
			t.Errorf("round %d, shuffled: %q, %v\n%s", i, said(got), err, text)
		}
		more := g.rule()
		b, err = parser.run(t, "profile test {\n"+text+"\n"+more+"\n}")
		if err != nil {
			continue
		}
		checkAdded(t, g, text, more, a, readAll(t, b, nil).Profiles[0])
	}
	if refused > rounds/10 {
		t.Errorf("the parser refuses %d of %d", refused, rounds)
	}
}

// checkAdded holds a profile and the same with one rule more to each other.
func checkAdded(t *testing.T, g generator, text, more string, a, b *Profile) {
	t.Helper()
	found, err := Equal(a, b)
	if err != nil {
		t.Errorf("%v\n%s\nand %s", err, text, more)
	}
	for _, d := range found {
		checkWitness(t, d, a, b)
		if strings.Contains(more, "deny ") && d.grants() {
			t.Errorf("a deny grants %s\n%s\nand %s", d, text, more)
		}
	}
	lost, err := Includes(b, a)
	lost = slices.DeleteFunc(lost, func(d Difference) bool {
		// A link rule with a subset test puts the test on the pairs of others.
		return d.Class == ClassLink && d.Perms == AnyTarget
	})
	if err != nil || len(lost) > 0 && !strings.Contains(more, "deny ") {
		t.Errorf("less with one rule more: %q, %v\n%s\nand %s", said(lost), err, text, more)
	}
	checkSilence(t, g, found, a, b)
}

// checkWitness asks both profiles about the path of a difference.
func checkWitness(t *testing.T, d Difference, a, b *Profile) {
	t.Helper()
	if d.Class != ClassFile {
		return
	}
	if d.Sign == Less {
		a, b = b, a
	}
	for _, who := range []Subject{Owner, Others} {
		if d.Subject != Anyone && d.Subject != who {
			continue
		}
		x, y := a.Path(d.Object, who), b.Path(d.Object, who)
		ok := false
		switch d.Effect {
		case Allow:
			ok = x.Allow&d.Perms == 0 && y.Has(d.Perms)
		case Audit:
			ok = x.Audit&d.Perms == 0 && y.Audit&d.Perms == d.Perms && x.Has(d.Perms)
		case Quiet:
			ok = x.Quiet&d.Perms == 0 && y.Quiet&d.Perms == d.Perms && x.Allow&d.Perms == 0
		case Domain:
			ok = x.Exec.String() == d.Was && y.Exec.String() == d.Now
		}
		if !ok {
			t.Errorf("%s: %s has %+v and %+v", d, who, x, y)
		}
	}
}

// checkSilence looks for differences that were not found, at random paths.
func checkSilence(t *testing.T, g generator, found []Difference, a, b *Profile) {
	t.Helper()
	var known [2]changes
	for _, d := range found {
		if d.Class == ClassFile && d.Effect <= Prompt {
			for j, who := range []Subject{Owner, Others} {
				if d.Subject == Anyone || d.Subject == who {
					known[j][d.Effect][strings.IndexByte("+-", byte(d.Sign))] |= d.Perms
				}
			}
		}
	}
	for range 200 {
		path := g.name()
		for j, who := range []Subject{Owner, Others} {
			x, y := a.Path(path, who), b.Path(path, who)
			c := changesOf(x, y)
			for e := range c {
				for s := range c[e] {
					if c[e][s]&^known[j][e][s]&^MayLink != 0 {
						t.Fatalf("%s %s: %+v and %+v, but only %q was found", who, path, x, y, said(found))
					}
				}
			}
		}
	}
}
