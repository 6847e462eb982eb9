package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"apc/lang/feature"
)

// classes are rules of the classes that a parser drops where the kernel or
// the abi file lacks them.
var classes = []struct {
	rule    string
	feature feature.Feature
	kernel  string // the name of the class among the kernel's features
}{
	{"network inet stream,", feature.Network, "network_v8"},
	{"signal (send) set=(term) peer=q,", feature.Signal, "signal"},
	{"ptrace (read) peer=q,", feature.Ptrace, "ptrace"},
	{"mount fstype=ext4 /dev/a -> /mnt/,", feature.Mount, "mount"},
	{"pivot_root oldroot=/a/ /b/,", feature.Mount, "mount"},
	{"umount /mnt/,", feature.Mount, "mount"},
	{"unix type=stream peer=(label=q),", feature.Unix, "network"},
	{"dbus send bus=system,", feature.DBus, "dbus"},
}

func withRule(rule string) []byte { return []byte("profile p {\n /a r,\n " + rule + "\n}\n") }

// TestNoRuleIsDroppedInSilence is what the package is for: a rule that the
// target enforces reaches the compiled policy, and one that it does not
// enforce is reported.
func TestNoRuleIsDroppedInSilence(t *testing.T) {
	for _, name := range []string{"debian-12", "ubuntu-24.04", "debian-13", "apparmor-5.0"} {
		for _, p := range parsersFor(t, target(t, name)) {
			for _, c := range classes {
				full := target(t, name)
				checkRule(t, p, full, c.rule, c.feature)
				if full.KernelFeatures.Has(c.kernel) {
					checkRule(t, p, bare(t, full, c.kernel), c.rule, c.feature)
				}
			}
		}
	}
}

func checkRule(t *testing.T, p Parser, target *feature.Target, rule string, f feature.Feature) {
	t.Helper()
	with := run(t, p, target, Input{Text: withRule(rule), Keep: true})
	without := run(t, p, target, Input{Text: withRule(""), Keep: true})
	if !with.Accepted || !without.Accepted {
		t.Fatalf("%s, %s refuses %q: %+v", target.Name, p, rule, with.Messages)
	}
	compiled := !bytes.Equal(with.Policy, without.Policy)
	reported := false
	for _, m := range with.Messages {
		reported = reported || m.Feature == f && m.Profile == "p" && m.Line() == 3 && !m.FromInclude
	}
	enforced := target.Support(f) == feature.Enforced
	if reported == enforced {
		t.Errorf("%s, %s: %q is enforced: %v, reported: %v", target.Name, p, rule, enforced, reported)
	}
	// A unix rule that is not enforced is compiled as network unix.
	if coarse := f == feature.Unix && target.KernelFeatures.Has("network_v8"); !coarse && compiled != enforced {
		t.Errorf("%s, %s: %q is enforced: %v, compiled: %v", target.Name, p, rule, enforced, compiled)
	}
}

// TestUnpinnedParserDropsRules shows the trap: left to itself on a machine
// without AppArmor the parser takes a profile and compiles nothing of these
// rules.
func TestUnpinnedParserDropsRules(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/security/apparmor/features"); err == nil {
		t.Skip("SKIPPED: the kernel of this machine has AppArmor")
	}
	for _, p := range parsers(t) {
		plain := compileUnpinned(t, p, withRule(""))
		if pinned(plain) {
			t.Errorf("%s: a policy compiled without features counts as pinned", p)
		}
		for _, c := range classes {
			if !bytes.Equal(plain, compileUnpinned(t, p, withRule(c.rule))) {
				t.Errorf("%s compiles %q without features", p, c.rule)
			}
		}
	}
}

func compileUnpinned(t *testing.T, p Parser, text []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.Path, "-QKS", "--config-file", "/dev/null")
	cmd.Stdin = bytes.NewReader(text)
	policy, err := cmd.Output()
	if err != nil || len(policy) == 0 {
		t.Fatalf("%s refuses: %v", p, err)
	}
	return policy
}

func TestNotPinned(t *testing.T) {
	empty, err := feature.ParseSet(nil)
	if err != nil {
		t.Fatal(err)
	}
	newest := target(t, "apparmor-5.0")
	for name, kernel := range map[string]*feature.Set{"none": nil, "empty": empty, "notify_versions": newest.ABIFeatures} {
		unpinned := *newest
		unpinned.KernelFeatures = kernel
		for _, p := range parsers(t) {
			r, err := Run(t.Context(), p, &unpinned, Input{Text: withRule("signal,")})
			if !errors.Is(err, ErrNotPinned) {
				t.Errorf("%s, %s: %+v, %v", p, name, r, err)
			}
		}
	}
}

// TestABIFile holds that the target's abi file is the embedded one, whether
// or not the machine has another of its name, and that no other abi file is
// brought along.
func TestABIFile(t *testing.T) {
	base := includeDir(t, map[string]string{"abi/4.0": "capability {0xffffff\n}\n"})
	ubuntu := target(t, "ubuntu-24.04")
	for _, p := range parsers(t) {
		text := []byte("abi <abi/4.0>,\nprofile p {\n dbus,\n}\n")
		if r := run(t, p, ubuntu, Input{Text: text, Base: base}); !r.Accepted || len(r.Messages) > 0 {
			t.Errorf("%s: %+v", p, r.Messages)
		}
		if r := run(t, p, target(t, "debian-12"), Input{Text: text, Base: t.TempDir()}); r.Accepted {
			t.Errorf("%s finds an abi file that the target lacks", p)
		}
	}
}

// TestTextIsNoPathAndNoOption holds that neither the text nor the name of an
// input is taken for anything else.
func TestTextIsNoPathAndNoOption(t *testing.T) {
	for _, p := range parsers(t) {
		for _, s := range []string{"--version", "-h", "/etc/passwd", "@/etc/passwd", "--", "-"} {
			if r := run(t, p, target(t, "debian-12"), Input{Name: s, Text: []byte(s)}); r.Accepted || len(r.Messages) == 0 {
				t.Errorf("%s takes %q for a profile: %+v", p, s, r)
			}
			if r := run(t, p, target(t, "debian-12"), Input{Name: s, Text: withRule("")}); !r.Accepted {
				t.Errorf("%s: the name %q changes the outcome: %+v", p, s, r)
			}
		}
	}
}

func TestMissingBase(t *testing.T) {
	for _, p := range parsers(t) {
		for _, in := range []Input{{Base: "/nonexistent"}, {Includes: []string{"/dev/null"}}} {
			in.Text = withRule("")
			if r, err := Run(t.Context(), p, target(t, "debian-12"), in); err == nil {
				t.Errorf("%s: %+v", p, r)
			}
		}
	}
}

// TestDistinctTextsOnce counts the runs of a stand-in for the parser.
func TestDistinctTextsOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p := script(t, `echo run >>'`+log+`'; cat >/dev/null; printf '\004\010\000version\000\002\007\000\000\000'`)
	var inputs []Input
	for i := range 12 {
		inputs = append(inputs, Input{Name: fmt.Sprint("p", i), Text: fmt.Appendf(nil, "text %d", i%3)})
	}
	inputs = append(inputs, Input{Name: "p12", Text: inputs[0].Text, Base: "/"})
	results, err := RunAll(t.Context(), p, target(t, "debian-12"), inputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Name != inputs[i].Name || !r.Accepted {
			t.Errorf("%d: %+v", i, r)
		}
	}
	if runs, _ := os.ReadFile(log); strings.Count(string(runs), "run") != 4 {
		t.Errorf("the parser ran %d times, want 4", strings.Count(string(runs), "run"))
	}
	if none, err := RunAll(t.Context(), p, target(t, "debian-12"), nil); len(none) > 0 || err != nil {
		t.Errorf("no inputs give %v, %v", none, err)
	}
}

// TestManyTexts keeps results and inputs together.
func TestManyTexts(t *testing.T) {
	for _, p := range parsers(t) {
		var inputs []Input
		for i := range 40 {
			rule := fmt.Sprintf("/%d r,", i)
			if i%5 == 0 {
				rule = fmt.Sprintf("/{%d} r,", i)
			}
			inputs = append(inputs, Input{Name: fmt.Sprint(i), Text: withRule(rule)})
		}
		results, err := RunAll(t.Context(), p, target(t, "debian-12"), inputs)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Name != fmt.Sprint(i) || r.Accepted != (i%5 != 0) || !r.Accepted && r.Messages[0].Path != fmt.Sprintf("/{%d}", i) {
				t.Errorf("%s: %d: %+v", p, i, r)
			}
		}
	}
}

// TestCancelKillsChildren starts a stand-in that leaves a child behind, as
// apparmor_parser does, and looks whether the child is gone.
func TestCancelKillsChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	p := script(t, `sleep 300 & echo $! >'`+pidFile+`'; wait`)
	ctx, cancel := context.WithCancel(t.Context())
	var pid int
	go func() {
		defer cancel()
		for range 1000 {
			text, _ := os.ReadFile(pidFile)
			if pid, _ = strconv.Atoi(strings.TrimSpace(string(text))); pid > 0 {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	_, err := Run(ctx, p, target(t, "debian-12"), Input{Text: withRule("")})
	if !errors.Is(err, context.Canceled) || pid == 0 {
		t.Fatalf("%v, child %d", err, pid)
	}
	for range 200 {
		if alive := syscall.Kill(pid, 0) == nil && !zombie(pid); !alive {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("the child %d lives on", pid)
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestEndlessText holds that a text on which the parser never ends is refused.
// On 3.0.8 that is a real one; it is not on newer parsers.
func TestEndlessText(t *testing.T) {
	endless := []Parser{script(t, "sleep 300")}
	for _, p := range parsers(t) {
		if strings.HasPrefix(p.Version, "3.0.") {
			endless = append(endless, p)
		}
	}
	for _, p := range endless {
		s, err := openSession(p, target(t, "debian-12"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		s.timeout = 300 * time.Millisecond
		r, err := s.verify(t.Context(), Input{Text: withRule(`"/{,,,}" r,`)})
		if err != nil || r.Accepted || len(r.Messages) != 1 || !strings.Contains(r.Messages[0].Text, "does not end on this text") {
			t.Errorf("%s: %+v, %v", p, r, err)
		}
	}
}

// TestTemporaryFilesGo looks for what runs leave behind.
func TestTemporaryFilesGo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, p := range parsers(t) {
		for _, rule := range []string{"signal,", "/{a} r,"} {
			run(t, p, target(t, "debian-12"), Input{Text: withRule(rule)})
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStandIns(t *testing.T) {
	for name, c := range map[string]struct{ body, says string }{
		"silent failure": {"cat >/dev/null; exit 7", "failed with status 7"},
		"killed":         {"kill -9 $$", "failed with status -1"},
		"chatter":        {"cat >/dev/null; echo some words >&2; exit 1", "some words"},
	} {
		r := run(t, script(t, c.body), target(t, "debian-12"), Input{Text: withRule("")})
		if r.Accepted || len(r.Messages) != 1 || !strings.Contains(r.Messages[0].Text, c.says) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	gone := Parser{Path: "/nonexistent/apparmor_parser", Version: "3.0.8"}
	if r, err := Run(t.Context(), gone, target(t, "debian-12"), Input{Text: withRule("")}); err == nil {
		t.Errorf("a missing parser gives %+v", r)
	}
}
