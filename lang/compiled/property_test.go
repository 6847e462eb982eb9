package compiled

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
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

// rounds says how many random profiles a form gets: fewer for each of the newer
// ones, which are many. APC_ROUNDS multiplies both for a thorough run; the first
// ones stay the same.
func (p tool) rounds(t *testing.T) uint64 {
	t.Helper()
	n := uint64(60)
	if p.base == "" {
		n = 15
	}
	text := os.Getenv("APC_ROUNDS")
	if text == "" {
		return n
	}
	times, err := strconv.ParseUint(text, 10, 16)
	if err != nil || times == 0 {
		t.Fatalf("APC_ROUNDS=%s is not a number above 0", text)
	}
	return n * times
}

func TestRandomRules(t *testing.T) { eachForm(t, outOfTree+kernel61, testRandomRules) }

// The seed is the name of the form, without where its parser lies, so that a
// failure comes back on any machine.
func testRandomRules(t *testing.T, parser tool) {
	name := fnv.New64a()
	name.Write([]byte(t.Name()))
	seed, rounds, refused := name.Sum64(), parser.rounds(t), uint64(0)
	merges := parser.mergesTargets(t)
	for round := range rounds {
		r := randomRound{generator: generator{rand.New(rand.NewPCG(seed, round))}, parser: parser, merges: merges}
		r.name = fmt.Sprintf("seed %#x, round %d", seed, round)
		if !r.run(t) {
			refused++
		}
	}
	if refused > rounds/10 {
		t.Errorf("the parser refuses %d of %d", refused, rounds)
	}
}

// mergesTargets tells whether the parser takes change_profile rules that differ
// in the target alone for one rule and drops all but one of them, as 5.0.2 does.
// It is asked for its bytes, which no reader of ours has touched.
func (p tool) mergesTargets(t *testing.T) bool {
	t.Helper()
	bytesOf := func(rules string) []byte {
		b, err := p.run(t, "profile test {\n"+rules+"\n}")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	both := bytesOf("change_profile -> p, change_profile -> q,")
	return bytes.Equal(both, bytesOf("change_profile -> p,")) || bytes.Equal(both, bytesOf("change_profile -> q,"))
}

// A randomRound tests one random profile.
type randomRound struct {
	generator
	parser tool
	merges bool   // see mergesTargets
	name   string // for failures
}

// oneTarget leaves only the first change_profile rule where the parser would
// drop others: which one it keeps depends on their order.
func (r randomRound) oneTarget(rules []string) []string {
	seen := false
	return slices.DeleteFunc(rules, func(rule string) bool {
		again := r.merges && seen && isChangeProfile(rule)
		seen = seen || isChangeProfile(rule)
		return again
	})
}

func isChangeProfile(rule string) bool { return strings.HasPrefix(rule, "change_profile ") }

// run is false where the parser refuses the profile. The encoding of the
// shuffled rules differs, so that equality is not found by the bytes alone.
func (r randomRound) run(t *testing.T) bool {
	t.Helper()
	rules := r.oneTarget(r.rules())
	text, shuffled := strings.Join(rules, "\n"), r.shuffled(rules)
	b, err := r.parser.run(t, "profile test {\n"+shuffled+"\n}", "-O", "equiv")
	if err != nil {
		return false
	}
	first := r.parser.profile(t, text)
	if got, err := Equal(first, readAll(t, b, nil).Profiles[0]); err != nil || len(got) > 0 {
		t.Errorf("%s: %q, %v\n%s\nshuffled\n%s", r.name, said(got), err, text, shuffled)
	}
	more := r.rule()
	if len(r.oneTarget(append(rules, more))) == len(rules) {
		return true
	}
	if b, err = r.parser.run(t, "profile test {\n"+text+"\n"+more+"\n}"); err == nil {
		r.checkAdded(t, text, more, first, readAll(t, b, nil).Profiles[0])
	}
	return true
}

// checkAdded holds a profile and the same with one rule more to each other.
func (r randomRound) checkAdded(t *testing.T, text, more string, a, b *Profile) {
	t.Helper()
	texts := r.name + "\n" + text + "\nand " + more
	found, err := Equal(a, b)
	if err != nil {
		t.Errorf("%v, %s", err, texts)
	}
	for _, d := range found {
		checkWitness(t, texts, d, a, b)
		if strings.Contains(more, "deny ") && d.grants() {
			t.Errorf("a deny grants %s, %s", d, texts)
		}
	}
	lost, err := Includes(b, a)
	lost = slices.DeleteFunc(lost, func(d Difference) bool {
		// A link rule with a subset test puts the test on the pairs of others.
		return d.Class == ClassLink && d.Perms == AnyTarget
	})
	if err != nil || len(lost) > 0 && !strings.Contains(more, "deny ") {
		t.Errorf("less with one rule more: %q, %v, %s", said(lost), err, texts)
	}
	checkSilence(t, r.generator, texts, found, a, b)
}

// checkWitness asks both profiles about the path of a difference.
func checkWitness(t *testing.T, texts string, d Difference, a, b *Profile) {
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
			t.Errorf("%s: %s has %+v and %+v, %s", d, who, x, y, texts)
		}
	}
}

// checkSilence looks for differences that were not found, at random paths.
func checkSilence(t *testing.T, g generator, texts string, found []Difference, a, b *Profile) {
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
						t.Fatalf("%s %s: %+v and %+v, but only %q was found, %s", who, path, x, y, said(found), texts)
					}
				}
			}
		}
	}
}
