package compiled

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

// patched is a fixture with some bytes replaced.
func patched(t *testing.T, at int, with ...byte) []byte {
	b := slices.Clone(fixture(t, "accept.bin"))
	copy(b[at:], with)
	return b
}

func TestReadRefuses(t *testing.T) {
	whole := fixture(t, "accept.bin")
	xmatch := strings.Index(string(whole), "\x1b\x5e\x78\x3d")
	tables := xmatch + int(binary.BigEndian.Uint32(whole[xmatch+4:]))
	second := tables + int(12+4*binary.BigEndian.Uint32(whole[tables+8:])+7)&^7
	tests := []struct {
		name string
		b    []byte
		want string
	}{
		{"nothing", nil, `offset 0: expected the name "version"`},
		{"text", []byte("profile x { }"), `offset 0: expected the name "version"`},
		{"a version alone", whole[:16], `offset 16: expected the name "profile"`},
		{"version 4", patched(t, 12, 4, 0), "offset 16: expected a policy version from v6 to v8, not v4"},
		{"version 5", patched(t, 12, 5, 0), "offset 16: policy version v5: kernel features were not pinned"},
		{"version 9", patched(t, 12, 9, 0), "offset 16: expected a policy version from v6 to v8, not v9"},
		{"no automaton", patched(t, xmatch, 0), "expected an automaton (magic 0x1b5e783d)"},
		{"a header beyond the end", patched(t, xmatch+4, 0xff), "expected an automaton's header"},
		{"a table of no width", patched(t, tables+2, 0, 3), "expected a table of"},
		{"a table twice", patched(t, second, 0, 1), "expected another table than 1"},
		{"a compressed policy", []byte{0x28, 0xb5, 0x2f, 0xfd, 0}, ErrCompressed.Error()},
		{"more behind the end", append(slices.Clone(whole), 0), `expected the name "profile"`},
	}
	for _, test := range tests {
		if _, err := Read(test.b); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
	if _, err := Read(patched(t, 12, 5, 0)); !errors.Is(err, ErrNotPinned) {
		t.Errorf("got %v", err)
	}
	var format *FormatError
	if _, err := Read(nil); !errors.As(err, &format) || format.Offset != 0 {
		t.Errorf("got %v", err)
	}
}

// Wherever a policy is cut off, or a byte of it changes, reading it ends with
// an error or with a policy that can be asked.
func TestReadDamaged(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	for _, f := range fixtures {
		whole := fixture(t, f.file)
		for n := 0; n < len(whole); n += 1 + len(whole)/1500 {
			if p, err := Read(whole[:n]); err == nil && len(p.Profiles) == 2 {
				t.Fatalf("%s: %d bytes of %d make a whole policy", f.file, n, len(whole))
			}
		}
		b := slices.Clone(whole)
		for i := 0; i < len(b); i += 1 + len(b)/1000 {
			b[i] ^= []byte{1, 4, 0x80, 0xff}[i%4]
			if p, err := Read(b); err == nil {
				askAll(p)
			}
			b[i] = whole[i]
		}
	}
}

// A chain of differential states that comes back to itself would never end.
func TestDifferentialCircle(t *testing.T) {
	d := &automaton{
		base: []uint32{0, flagDiffEncode, flagDiffEncode, flagDiffEncode}, def: []uint32{0, 2, 3, 2},
		next: make([]uint32, 256), check: make([]uint32, 256), accept: make([]uint32, 4), accept2: make([]uint32, 4),
	}
	var s stream
	r := tables{s: &s, b: widen(d)}
	if r.read(); s.err == nil || !strings.Contains(s.err.Error(), "chain ends") {
		t.Errorf("got %v", s.err)
	}
	d.def[3] = 0
	s = stream{}
	r = tables{s: &s, b: widen(d)}
	if r.read(); s.err != nil {
		t.Errorf("got %v", s.err)
	}
}

// Counts and lengths that lie do not make Read ask for more memory than the
// stream has bytes.
func TestReadMemory(t *testing.T) {
	b := slices.Clone(fixture(t, "table3.bin")) // the smaller one with every kind of count
	for i := 0; i+4 <= len(b); i += 3 {
		old := [4]byte(b[i:])
		binary.LittleEndian.PutUint32(b[i:], 0xfffffff0)
		if allocated := testing.AllocsPerRun(1, func() { _, _ = Read(b) }); allocated > 20_000 {
			t.Fatalf("offset %d: %v allocations", i, allocated)
		}
		copy(b[i:], old[:])
	}
}

// askAll puts every question once, and compares the profiles with each other.
func askAll(p *Policy) {
	for _, q := range p.Profiles {
		for _, who := range []Subject{Owner, Others} {
			_ = q.Path("/home/u/x", who).Exec.String()
			q.Link("/a", "/b", who)
		}
		q.ChangeProfile("web")
		q.ChangeOnExec("/bin/sh", "web")
		q.Attaches("/usr/bin/fixture")
		q.Signal("kill", "web")
		q.Ptrace("web")
		q.Network("inet", "stream")
		q.Unix(Socket{Type: "stream", Addr: "@a", Peer: true, PeerAddr: "@b", PeerLabel: "c"})
		q.Mount(MountCall{"/a", "/b/", "ext4", []string{"ro"}})
		q.Umount("/mnt/")
		q.PivotRoot("/a/", "/b/")
		q.Message(Message{"system", "a", "b", "/c", "d", "e"})
		q.BusName("system", "a")
		q.Eavesdrop("system")
		q.Queue("/q", "web")
		q.UserNamespace()
		q.Ring("web")
		for c := range ClassOther + 1 {
			q.Mediates(c)
		}
		found, _ := compare(p.Profiles[0], q, 200)
		said(found)
	}
}

func FuzzRead(f *testing.F) {
	for _, x := range fixtures {
		f.Add(fixture(f, x.file))
	}
	for _, text := range []string{everything, "/a r,", "dbus, unix, mount, signal, ptrace,"} {
		if parser, ok := installedParser(outOfTree + kernel61); ok {
			if b, err := parser.run(f, "profile test {"+text+"}"); err == nil {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := Read(b); err == nil {
			askAll(p)
		}
	})
}

// No parser denies what it allows in one entry, or leaves inheriting unscrubbed;
// the kernel has an answer for both.
func TestEntryWords(t *testing.T) {
	x := &execTable{s: &stream{}, own: "test", names: []string{"web", "test//kid"}}
	e := tableEntry{wordAllow: uint32(MayRead | MayWrite | MayExec), wordDeny: uint32(MayWrite), wordXIndex: xTable | xUnsafe}
	if g := e.grant(fileKind, x); g.allow != MayRead|MayExec || g.exec.String() != "px -> web" {
		t.Errorf("got %+v", g)
	}
	for w, want := range map[uint32]string{
		xInherit | xUnsafe: "ix", xUnconfined: "Ux", xName | xInherit: "Pix", xName | xChild | xUnconfined: "CUx",
		xTable | 1: "Cx -> kid", xTable | xChild: "Cx -> web", 0: "none",
	} {
		if got := x.index(w); got.String() != want || got.Mode == Inherit && got.Unsafe {
			t.Errorf("index %#x: got %+v, want %s", w, got, want)
		}
	}
	for w, want := range map[uint32]string{0x300: "ix", 0x400: "Ux", 0x180: "ux", 0xa00: "Pix", 5<<10 | 0x100: "cx -> kid", 0: "none"} {
		if got := x.old(w); got.String() != want || got.Mode == Inherit && got.Unsafe {
			t.Errorf("word %#x: got %+v, want %s", w, got, want)
		}
	}
	if x.index(xTable | 2); x.s.err == nil {
		t.Error("a transition without a name is read")
	}
}
