package profile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"apc/lang/feature"
)

// mutants is how many mutated texts TestOracle judges; a seed makes them the
// same in every run.
const (
	mutants    = 400
	mutantSeed = 12
)

// oracle is the newest parser, with a kernel that has all features.
type oracle struct{ path, kernel string }

// newest returns a parser of 5.0 or later that APC_PARSERS lists, or skips.
func newest(t *testing.T) oracle {
	t.Helper()
	target, err := feature.Lookup("apparmor-5.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range filepath.SplitList(os.Getenv("APC_PARSERS")) {
		text, err := exec.Command(path, "--version").Output()
		if err != nil {
			t.Fatalf("%s --version: %v", path, err)
		}
		_, version, _ := strings.Cut(strings.SplitN(string(text), "\n", 2)[0], "version ")
		if v, err := feature.ParseVersion(version); err != nil || v.Less(feature.V5_0) {
			continue
		}
		kernel := filepath.Join(t.TempDir(), "kernel")
		if err := os.WriteFile(kernel, target.KernelFeatures.Text(), 0o600); err != nil {
			t.Fatal(err)
		}
		return oracle{path, kernel}
	}
	t.Skip("SKIPPED: no apparmor_parser 5.0; list one in APC_PARSERS")
	return oracle{}
}

// run gives a text to the parser, and returns what it writes.
func (o oracle) run(t *testing.T, text string, options ...string) (out string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	base := t.TempDir()
	options = append(options, "-qQK", "-j1", "--config-file", "/dev/null", "-M", o.kernel, "-b", base, "-I", base)
	cmd := exec.CommandContext(ctx, o.path, options...)
	cmd.Dir = base
	cmd.Stdin = strings.NewReader(text)
	written, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s on %q: %v", o.path, text, err)
	}
	return string(written), err == nil
}

// accepted says whether the package accepts a text.
func accepted(t *testing.T, text string) (ok bool, why string) {
	t.Helper()
	policy, diags, err := (&Loader{FS: files(nil)}).LoadText(context.Background(), "x", text)
	if err != nil {
		t.Fatal(err)
	}
	diags = append(diags, Check(policy)...)
	return !diags.HasErrors(), fmt.Sprint(diags)
}

// TestOracle compares with the newest parser: on the texts of the tables, and
// on texts that chance made of them.
func TestOracle(t *testing.T) {
	o := newest(t)
	texts := seeds()
	n := mutants
	if testing.Short() {
		n /= 10
	}
	m := mutator{rng: rand.New(rand.NewPCG(mutantSeed, 0)), words: strings.Fields(strings.Join(texts, " "))}
	for range n {
		texts = append(texts, m.mutate(texts[m.rng.IntN(len(texts))]))
	}
	judged := 0
	for _, text := range texts {
		ours, why := accepted(t, text)
		if known(why) {
			continue
		}
		judged++
		if because, theirs := o.run(t, text); ours != theirs {
			t.Errorf("%q\naccepted: %v: %s\nparser: %v: %s", text, ours, why, theirs, because)
		}
	}
	t.Logf("%d texts", judged)
}

// TestOracleGroups compares the binary policies of blocks with those of what
// they are held to say.
func TestOracleGroups(t *testing.T) {
	o := newest(t)
	for _, c := range groupCases {
		for _, beside := range []string{"", "/a rwl,", "owner /a rl, /b rl, change_profile,"} {
			one, ok1 := o.run(t, "/x { "+c.block+" "+beside+" }\n", "-S")
			two, ok2 := o.run(t, "/x { "+c.want+" "+beside+" }\n", "-S")
			if one != two || !ok1 || !ok2 {
				t.Errorf("%s beside %q is not %s", c.block, beside, c.want)
			}
		}
	}
}

// accidents are the faults for which the package refuses on purpose what the
// parser accepts by accident (SPEC.md, "Profile texts").
var accidents = []string{
	"path that is relative", "include without a path", "x without a transition", "refers to itself", "has no value", "is no name of a variable",
}

func known(why string) bool {
	return slices.ContainsFunc(accidents, func(s string) bool { return strings.Contains(why, s) })
}

// mutator changes texts by chance.
type mutator struct {
	rng   *rand.Rand
	words []string
}

// mutate puts in, takes out, changes or doubles a character or word, up to
// three times.
func (m mutator) mutate(text string) string {
	const chars = " \t\n\"\\,{}()[]=+:#!@$^/*?&<>-_aA0~|;"
	for range 1 + m.rng.IntN(3) {
		if m.rng.IntN(2) == 0 {
			i := m.rng.IntN(len(text) + 1)
			j := min(len(text), i+m.rng.IntN(4))
			c := string(chars[m.rng.IntN(len(chars))])
			text = text[:i] + []string{"", c, text[i:j] + text[i:j]}[m.rng.IntN(3)] + text[j:]
			continue
		}
		words := strings.SplitAfter(text, " ")
		i := m.rng.IntN(len(words))
		words[i] = []string{"", words[i] + words[i], m.word(), words[i] + m.word()}[m.rng.IntN(4)]
		text = strings.Join(words, "")
	}
	return text
}

func (m mutator) word() string { return m.words[m.rng.IntN(len(m.words))] + " " }
