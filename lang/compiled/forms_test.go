package compiled

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// everything has a rule of every kind that the oldest parser knows.
const everything = `
	/usr/lib/**.so* mr, /etc/{passwd,group,nsswitch.conf} r, /srv/[a-c]*/data/** rwk,
	owner /home/*/.cache/** rw, audit /var/log/app.log w, deny /etc/shadow r, audit deny /etc/gshadow rw,
	/usr/bin/sh ix, /usr/bin/a Px, /usr/bin/b Cx -> kid, /usr/bin/c pux -> other, /usr/bin/d Ux,
	/tmp/* rwl, link subset /var/a -> /var/b/*, change_profile -> other, change_profile /bin/x -> more,
	capability net_bind_service, audit capability setuid, deny capability sys_admin,
	network inet stream, network inet6 dgram, network netlink raw, deny network can raw,
	signal (send) set=(kill, term) peer=other, signal (receive) peer=unconfined, ptrace (read) peer=kid,
	mount fstype=tmpfs options=(nosuid) -> /mnt/**, umount /mnt/**, pivot_root oldroot=/new/old/ /new/,
	set rlimit nofile <= 1024,`

func readAll(t testing.TB, b []byte, err error) *Policy {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// noDifference fails unless all profiles of both policies are equal.
func noDifference(t *testing.T, a, b *Policy) {
	t.Helper()
	if len(a.Profiles) != len(b.Profiles) {
		t.Fatalf("%d and %d profiles", len(a.Profiles), len(b.Profiles))
	}
	for i := range a.Profiles {
		got, err := Equal(a.Profiles[i], b.Profiles[i])
		if err != nil || len(got) > 0 {
			t.Errorf("%s: %q, %v", a.Profiles[i].Name, said(got), err)
		}
	}
}

// However the parser lays out the tables, a policy grants the same.
func TestEncodings(t *testing.T) {
	parser := parser308(t, kernel61)
	text := "profile test /usr/bin/{x,y*} {" + everything + "}"
	plain, err := parser.run(t, text)
	want := readAll(t, plain, err)
	for _, option := range []string{"equiv", "no-minimize", "0", "compress-small", "no-expr-simplify"} {
		b, err := parser.run(t, text, "-O", option)
		noDifference(t, want, readAll(t, b, err))
		if option != "no-expr-simplify" && bytes.Equal(b, plain) {
			t.Errorf("%s changes nothing, so nothing was tested", option)
		}
	}
	parser.features = strings.Replace(kernel61, "policy {", "policy {diff_encode {yes\n}\n", 1)
	b, err := parser.run(t, text)
	noDifference(t, want, readAll(t, b, err))
	if bytes.Equal(b, plain) {
		t.Error("no state is encoded differentially")
	}
}

// What a text grants does not depend on the form that its parser writes.
func TestForms(t *testing.T) {
	text := "profile test /usr/bin/{x,y*} {" + everything + "}"
	b, err := parser308(t, kernel61).run(t, text)
	want := readAll(t, b, err)
	eachForm(t, kernel61, func(t *testing.T, parser tool) {
		noDifference(t, want, parser.policy(t, text))
	})
}

// Automata with states of 32 bits, which the parser writes beyond 65,535 of
// them, are the same but for the width of three tables.
func TestWideStates(t *testing.T) {
	p := parser308(t, kernel61).profile(t, everything)
	narrow := p.file.automaton
	wide := widen(narrow)
	var s stream
	r := tables{s: &s, b: wide}
	d := r.read()
	if s.err != nil {
		t.Fatal(s.err)
	}
	if !slices.Equal(d.next, narrow.next) || !slices.Equal(d.check, narrow.check) ||
		!slices.Equal(d.def, narrow.def) || !slices.Equal(d.accept, narrow.accept) {
		t.Error("the wide tables differ from the narrow ones")
	}
}

// widen encodes an automaton anew with states of 32 bits.
func widen(d *automaton) []byte {
	out := []byte{0x1b, 0x5e, 0x78, 0x3d, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0}
	for _, table := range []struct {
		id byte
		v  []uint32
	}{{1, d.accept}, {7, d.accept2}, {2, d.base}, {4, d.def}, {8, d.next}, {3, d.check}} {
		n := len(table.v)
		out = append(out, 0, table.id, 0, 4, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		for _, x := range table.v {
			out = append(out, byte(x>>24), byte(x>>16), byte(x>>8), byte(x))
		}
		for len(out)%8 != 0 {
			out = append(out, 0)
		}
	}
	return out
}

// shipped lists the profiles that Debian ships.
func shipped(t testing.TB) []string {
	var files []string
	for _, dir := range []string{"/etc/apparmor.d", "/usr/share/apparmor/extra-profiles"} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if e.Type().IsRegular() && e.Name() != "README" {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(files) == 0 {
		t.Skip("SKIPPED: apparmor-profiles is not installed")
	}
	return files
}

// Every shipped profile is read; some are compared with themselves in another
// encoding.
func TestShippedProfiles(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	parser := parser308(t, kernel61)
	for i, file := range shipped(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			b, err := parser.run(t, "", file)
			if err != nil {
				t.Skipf("SKIPPED: the parser refuses it: %v", err)
			}
			p := readAll(t, b, nil)
			if i%10 == 0 {
				c, err := parser.run(t, "", "-O", "equiv", file)
				noDifference(t, p, readAll(t, c, err))
			}
		})
	}
}

func TestNotPinned(t *testing.T) {
	b, err := parser308(t, "").run(t, "profile test { /x r, }")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(b); err == nil || !strings.Contains(err.Error(), "not pinned") {
		t.Errorf("got %v", err)
	}
}
