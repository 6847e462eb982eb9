package glob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// oracle runs a real apparmor_parser with the features of a real kernel pinned,
// for without them it compiles no file rules at all.
type oracle struct {
	parser, version, features, base string
}

// oracles returns the machine's apparmor_parser and those that APC_PARSERS
// lists, parted by colons.
func oracles(tb testing.TB) []*oracle {
	tb.Helper()
	parsers := filepath.SplitList(os.Getenv("APC_PARSERS"))
	for _, name := range []string{"/usr/sbin/apparmor_parser", "apparmor_parser"} {
		if path, err := exec.LookPath(name); err == nil {
			parsers = append([]string{path}, parsers...)
			break
		}
	}
	if len(parsers) == 0 {
		tb.Skip("SKIPPED: no apparmor_parser on this machine, so nothing was compared with it")
	}
	features := filepath.Join("..", "feature", "kernel", "debian-12")
	if _, err := os.Stat(features); err != nil {
		tb.Fatal(err)
	}
	var list []*oracle
	for _, path := range parsers {
		out, err := exec.Command(path, "--version").Output()
		if err != nil {
			tb.Fatalf("%s: %v", path, err)
		}
		_, version, _ := strings.Cut(strings.SplitN(string(out), "\n", 2)[0], "version ")
		list = append(list, &oracle{parser: path, version: version, features: features, base: tb.TempDir()})
	}
	return list
}

func (o *oracle) is(version string) bool { return strings.HasPrefix(o.version, version) }

// random says how many random cases a parser gets: n for 3.0, a fifth of them,
// the first ones, for those that are newer, which differ little in globs.
// APC_ROUNDS multiplies both.
func (o *oracle) random(tb testing.TB, n int) int {
	tb.Helper()
	if !o.is("3.") {
		n /= 5
	}
	return n * rounds(tb)
}

// rounds is APC_ROUNDS, or 1: thorough runs ask for more random cases than each
// run of the tests can take. The seeds are fixed, so the first cases stay the
// same.
func rounds(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("APC_ROUNDS")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("APC_ROUNDS=%s is not a number above 0", text)
	}
	return n
}

// withParsers runs a test with each parser there is.
func withParsers(t *testing.T, test func(t *testing.T, o *oracle)) {
	for _, o := range oracles(t) {
		t.Run(o.version, func(t *testing.T) { test(t, o) })
	}
}

var errTimeout = errors.New("apparmor_parser did not end")

// compile returns the binary policy of profile text. Some globs make the parser
// simplify for ever, so that is switched off. The parser's children outlive it,
// so the whole process group is killed when the time is over.
func (o *oracle) compile(text string, options ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	args := []string{"-QKS", "-j1", "--config-file", "/dev/null", "-b", o.base, "-M", o.features, "-O", "no-expr-simplify"}
	cmd := exec.CommandContext(ctx, o.parser, append(args, options...)...)
	cmd.Stdin = strings.NewReader(text)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, errTimeout
	case err != nil:
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	case out.Len() == 0:
		return nil, errors.New("apparmor_parser wrote nothing")
	case out.Len() > 16 && binary.LittleEndian.Uint32(out.Bytes()[12:])&0x3ff < 6:
		return nil, errors.New("the features are not pinned")
	}
	return out.Bytes(), nil
}

// rules is the text of a profile with read rules for the globs.
func rules(name string, globs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "profile %s {\n", name)
	for _, g := range globs {
		fmt.Fprintf(&b, "\"%s\" r,\n", g)
	}
	return b.String() + "}\n"
}

// batch compiles each set of globs to a profile of its own and returns the
// automata of their file rules; nil for a set that the parser refuses.
func (o *oracle) batch(tb testing.TB, preamble string, sets [][]string) []*kernelDFA {
	tb.Helper()
	if len(sets) == 0 {
		return nil
	}
	var text strings.Builder
	text.WriteString(preamble)
	for i, set := range sets {
		text.WriteString(rules(fmt.Sprintf("p%06d", i), set...))
	}
	out, err := o.compile(text.String())
	if err == nil {
		dfas, err := readDFAs(out)
		if err != nil || len(dfas) != len(sets) {
			tb.Fatalf("%d automata of %d profiles: %v", len(dfas), len(sets), err)
		}
		return dfas
	}
	if len(sets) == 1 {
		if errors.Is(err, errTimeout) {
			tb.Logf("%q: %v", sets[0], err)
		}
		return []*kernelDFA{nil}
	}
	half := len(sets) / 2
	return append(o.batch(tb, preamble, sets[:half]), o.batch(tb, preamble, sets[half:])...)
}

// kernelDFA is the automaton of file rules in a binary policy
// (libapparmor_re/chfa.cc writes it, security/apparmor/match.c reads it).
type kernelDFA struct {
	blob                               []byte
	ec                                 []byte
	accept, base, check, standby, next []uint32
}

// readDFAs returns the last automaton of each profile in a binary policy.
func readDFAs(b []byte) ([]*kernelDFA, error) {
	var dfas []*kernelDFA
	for _, profile := range bytes.Split(b, []byte("\x04\x08\x00profile\x00\x07"))[1:] {
		marker := []byte("\x04\x06\x00aadfa\x00\x06")
		at := bytes.LastIndex(profile, marker)
		if at < 0 {
			return nil, errors.New("profile without automaton")
		}
		blob := profile[at+len(marker):]
		n := binary.LittleEndian.Uint32(blob)
		dfa, err := readDFA(blob[4 : 4+n])
		if err != nil {
			return nil, err
		}
		dfas = append(dfas, dfa)
	}
	return dfas, nil
}

func readDFA(blob []byte) (*kernelDFA, error) {
	at := bytes.Index(blob, []byte{0x1b, 0x5e, 0x78, 0x3d})
	if at < 0 {
		return nil, errors.New("automaton without its magic number")
	}
	b := blob[at:]
	d := &kernelDFA{blob: b}
	for b = b[binary.BigEndian.Uint32(b[4:]):]; len(b) >= 12; {
		id, size, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint32(b[8:]))
		data := b[12 : 12+n*size]
		switch id {
		case 1:
			d.accept = words(data, size)
		case 2:
			d.base = words(data, size)
		case 3:
			d.check = words(data, size)
		case 4:
			d.standby = words(data, size)
		case 5:
			d.ec = data
		case 8:
			d.next = words(data, size)
		}
		b = b[min(len(b), (12+n*size+7)&^7):]
	}
	return d, nil
}

func words(data []byte, size int) []uint32 {
	out := make([]uint32, len(data)/size)
	for i := range out {
		if size == 2 {
			out[i] = uint32(binary.BigEndian.Uint16(data[i*2:]))
		} else {
			out[i] = binary.BigEndian.Uint32(data[i*4:])
		}
	}
	return out
}

func (d *kernelDFA) step(state uint32, c byte) uint32 {
	if d.ec != nil {
		c = d.ec[c]
	}
	for {
		base := d.base[state]
		pos := base&0xffffff + uint32(c)
		if int(pos) < len(d.check) && d.check[pos] == state {
			return d.next[pos]
		}
		state = d.standby[state]
		if base&0x80000000 == 0 {
			return state
		}
	}
}

// reads tells whether the state grants read to others than the owner.
func (d *kernelDFA) reads(state uint32) bool { return d.accept[state]&(4<<14) != 0 }

// difference returns a shortest string behind a slash that only one of the
// automaton and the program matches, and whether there is one. (On the empty
// string the parser takes all permissions from its first state, which may be
// that of other strings too, but of none that begins with a slash.)
func (d *kernelDFA) difference(p *program) (string, bool) {
	type pair struct {
		state uint32
		set   string
	}
	type visit struct {
		pair
		path string
		list []int32
	}
	now, then := newThreads(p), newThreads(p)
	now.add(p, p.start)
	now.step(p, '/', then)
	queue := []visit{{pair{d.step(1, '/'), fmt.Sprint(then.list)}, "/", slices.Clone(then.list)}}
	seen := map[pair]bool{queue[0].pair: true}
	for ; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		now.list = now.list[:0]
		for _, pc := range v.list {
			now.add(p, pc)
		}
		if d.reads(v.state) != now.has(0) {
			return v.path, true
		}
		for c := range 256 {
			now.step(p, byte(c), then)
			next := visit{pair{d.step(v.state, byte(c)), fmt.Sprint(then.list)}, v.path + string([]byte{byte(c)}), nil}
			if !seen[next.pair] {
				seen[next.pair] = true
				next.list = slices.Clone(then.list)
				queue = append(queue, next)
			}
		}
	}
	return "", false
}

// realDifference returns a shortest real path that only one of the two automata
// matches, and whether there is one.
func (d *kernelDFA) realDifference(e *kernelDFA) (string, bool) {
	type triple struct {
		x, y uint32
		real realState
	}
	queue, paths := []triple{{1, 1, realStart}}, []string{""}
	seen := map[triple]bool{queue[0]: true}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		if s.real.accepts() && d.reads(s.x) != e.reads(s.y) {
			return paths[i], true
		}
		for c := range 256 {
			next := triple{d.step(s.x, byte(c)), e.step(s.y, byte(c)), s.real.next(byte(c))}
			if next.real != notReal && !seen[next] {
				seen[next] = true
				queue, paths = append(queue, next), append(paths, paths[i]+string([]byte{byte(c)}))
			}
		}
	}
	return "", false
}
