package profile

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

// corpusCase is a profile and whether the newest parser takes it.
type corpusCase struct {
	name string
	pass bool
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
		cases = append(cases, corpusCase{c[0], c[1] == "PASS"})
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
