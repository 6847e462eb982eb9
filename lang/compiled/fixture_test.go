package compiled

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the fixtures anew, with the parser that each needs")

// fixtures are testdata/fixture.profile in each form of compiled policy, so that
// all are tested where no parser is. Permission tables need a newer parser.
var fixtures = []struct {
	file   string
	parser string // end of its name, where it is not the installed one
	table  int
}{
	{"accept.bin", "", 0},
	{"table2.bin", "4.1", 2},
	{"table3.bin", "5.0", 3},
}

func fixture(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The fixtures are what the parsers write.
func TestFixtures(t *testing.T) {
	for _, f := range fixtures {
		t.Run(f.file, func(t *testing.T) {
			parser := fixtureParser(t, f.parser)
			if f.table > 0 {
				parser.features = withTable(parser.features, f.table)
			}
			b, err := parser.run(t, string(fixture(t, "fixture.profile")))
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(filepath.Join("testdata", f.file), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(b, fixture(t, f.file)) {
				t.Error("the fixture is out of date: run with -update")
			}
		})
	}
}

func fixtureParser(t *testing.T, name string) tool {
	if name == "" {
		return parser308(t, kernel61)
	}
	for _, p := range newerParsers(t, kernel61) {
		if strings.HasSuffix(p.path, name) {
			return p
		}
	}
	t.Skipf("SKIPPED: APC_PARSERS names no parser %s", name)
	return tool{}
}

func TestReadFixtures(t *testing.T) {
	var first *Policy
	for _, f := range fixtures {
		policy, err := Read(fixture(t, f.file))
		if err != nil {
			t.Errorf("%s: %v", f.file, err)
			continue
		}
		checkFixture(t, policy)
		if first == nil {
			first = policy
		}
		noDifference(t, first, policy)
	}
}

func checkFixture(t *testing.T, policy *Policy) {
	t.Helper()
	p := policy.Profile("fixture")
	if p == nil || policy.Profile("fixture//kid") == nil || len(policy.Profiles) != 2 {
		t.Fatalf("got %d profiles", len(policy.Profiles))
	}
	for path, want := range map[string]string{
		"/etc/passwd": "read", "/home/u/x": "", "/var/log/x": "write", "/etc/shadow": "", "/bin/sh": "exec, map",
	} {
		if a := p.Path(path, Others); a.Allow.in(ClassFile) != want {
			t.Errorf("%s: got %+v", path, a)
		}
	}
	if a := p.Path("/home/u/x", Owner); a.Allow.in(ClassFile) != "read, write" {
		t.Errorf("owner: got %+v", a)
	}
	for path, want := range map[string]string{"/bin/sh": "ix", "/bin/web": "Px -> web", "/bin/kid": "Cx -> kid"} {
		if a := p.Path(path, Others); a.Exec.String() != want {
			t.Errorf("%s: got %s", path, a.Exec)
		}
	}
	signal, _ := p.Signal("kill", "web")
	inet, _ := p.Network("inet", "stream")
	if signal.Allow != MaySend || !inet.Has(socketPerms) || p.Umount("/mnt/").Allow != MayUmount ||
		!p.ChangeProfile("web").Has(MayChangeProfile) || !p.Link("/a", "/b", Others).Has(MayLink) {
		t.Errorf("got %+v, %+v", signal, inet)
	}
	if !p.Attaches("/usr/bin/fixture") || !slices.Equal(p.Caps.Allow.Names(), []string{"net_admin"}) ||
		len(p.Limits.List()) != 1 || p.PathFlags != AttachDisconnected {
		t.Errorf("got %+v", p)
	}
}
