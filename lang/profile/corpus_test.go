package profile

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apc/lang/feature"
)

// shared returns the folder with test data of others, or skips.
func shared(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("APC_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "corpora", "profiles.tsv")); err != nil {
		tb.Skipf("SKIPPED: no corpus of profiles (%v)", err)
	}
	return dir
}

// corpusCase is a profile, whether its author means it to be taken, and
// whether apparmor_parser 3.0.8 and 4.1.8 take it.
type corpusCase struct {
	name       string
	pass       bool
	v3_0, v4_1 bool
}

func corpus(tb testing.TB) (dir string, cases []corpusCase) {
	tb.Helper()
	root := filepath.Join(shared(tb), "corpora")
	f, err := os.Open(filepath.Join(root, "profiles.tsv"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan() // the heading
	for lines.Scan() {
		c := strings.Split(lines.Text(), "\t")
		cases = append(cases, corpusCase{c[0], c[1] == "PASS", c[2] == "PASS", c[3] == "PASS"})
	}
	return filepath.Join(root, "profiles"), cases
}

// corpusLoader reads the corpus as its authors did: from a folder beside which
// it is called simple_tests.
func corpusLoader(tb testing.TB, dir string) *Loader {
	tb.Helper()
	tst := filepath.Join(tb.TempDir(), "tst")
	if err := os.Mkdir(tst, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(tst, "simple_tests")); err != nil {
		tb.Fatal(err)
	}
	return &Loader{Base: []string{dir}, Dir: tst}
}

// TestCorpus counts on how many profiles the package agrees with their authors,
// with whom parsers 5.0 and 6.0 agree on all.
func TestCorpus(t *testing.T) {
	dir, cases := corpus(t)
	loader := corpusLoader(t, dir)
	agreed := 0
	for _, c := range cases {
		policy, diags, err := loader.Load(context.Background(), filepath.Join(dir, c.name))
		if err != nil {
			t.Fatal(err)
		}
		diags = append(diags, Check(policy)...)
		if diags.HasErrors() != c.pass {
			agreed++
			continue
		}
		t.Errorf("%s: accepted is %v, the parser says otherwise: %v", c.name, !c.pass, diags)
	}
	t.Logf("%d of %d agree", agreed, len(cases))
}

// olderRefuses are profiles that an older parser refuses for what it does to
// all of them, and not for a feature that it lacks.
var olderRefuses = map[string]string{
	"change_profile/stacking_ok_3.sd": "3.0 cannot stack without the kernel's support",
	"link/ok_link_4.sd":               "before 5.0 the target of a path's l counts as one of twelve transitions",
	"regressions/ok_normalize.sd":     "3.0 does not come to an end on it",
	"conditional/ok_31.sd":            "4.1 asks for the value in defined",
}

// TestCorpusVersions holds what older parsers know: of what the newest one
// takes they refuse just that for which CheckVersion has a reason.
func TestCorpusVersions(t *testing.T) {
	dir, cases := corpus(t)
	loader := corpusLoader(t, dir)
	for _, c := range cases {
		if !c.pass {
			continue
		}
		policy, _, err := loader.Load(context.Background(), filepath.Join(dir, c.name))
		if err != nil {
			t.Fatal(err)
		}
		for v, pass := range map[feature.Version]bool{feature.V3_0: c.v3_0, feature.V4_1: c.v4_1} {
			diags := CheckVersion(policy, v)
			if diags.HasErrors() == pass && olderRefuses[c.name] == "" {
				t.Errorf("%s: parser %s takes it: %v; %v", c.name, v, pass, diags)
			}
		}
	}
}

// TestDebian reads every profile and abstraction that Debian's packages put on
// the machine: without a fault, and so that it prints back as it was and can be
// laid out.
func TestDebian(t *testing.T) {
	loader := &Loader{Base: []string{"/etc/apparmor.d"}}
	read := 0
	for _, dir := range []string{"/etc/apparmor.d", "/usr/share/apparmor/extra-profiles"} {
		names, err := Directory(dir)
		if err != nil {
			continue
		}
		for _, name := range names {
			read++
			policy, diags, err := loader.Load(context.Background(), name)
			if err != nil {
				t.Fatal(err)
			}
			if diags = append(diags, Check(policy)...); diags.HasErrors() {
				t.Errorf("%s: %v", name, diags)
			}
			for _, f := range policy.Files {
				checkText(t, f)
			}
			checkText(t, policy.File)
		}
	}
	if read == 0 {
		t.Skip("SKIPPED: no profiles of Debian's packages on this machine; install apparmor-profiles")
	}
	t.Logf("%d profiles", read)
}

// checkText holds that a file prints back, and that its layout is a fixed
// point that says the same. At the end of a text without a last line end, a #
// may be a word, which no line end can follow.
func checkText(t *testing.T, f *File) {
	t.Helper()
	if Print(f) != f.Text {
		t.Errorf("%s: prints back differently", f.Name)
	}
	text, diags := Format(f.Name, f.Text)
	last := len(diags) - 1
	if last >= 0 && diags[last].Code == "not-formatted" && strings.HasSuffix(f.Text, "\n") {
		t.Errorf("%s: cannot be laid out", f.Name)
	}
	if again, _ := Format(f.Name, text); again != text {
		t.Errorf("%s: its layout is no fixed point", f.Name)
	}
}

// BenchmarkDebian reads every profile that Debian ships, with includes, as
// apparmor_parser -N does.
func BenchmarkDebian(b *testing.B) {
	var names []string
	for _, dir := range []string{"/etc/apparmor.d", "/usr/share/apparmor/extra-profiles"} {
		inside, _ := Directory(dir)
		names = append(names, inside...)
	}
	if len(names) == 0 {
		b.Skip("SKIPPED: no profiles of Debian's packages on this machine")
	}
	for b.Loop() {
		loader := &Loader{Base: []string{"/etc/apparmor.d"}}
		bytes := 0
		for _, name := range names {
			if _, _, err := loader.Load(context.Background(), name); err != nil {
				b.Fatal(err)
			}
		}
		for _, f := range loader.files {
			bytes += len(f.file.Text)
		}
		b.SetBytes(int64(bytes))
	}
}
