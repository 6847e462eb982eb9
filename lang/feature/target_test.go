package feature

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	seen := map[string]bool{}
	for _, target := range Targets() {
		if target.KernelFeatures.Text() == nil || target.ABIFeatures.Text() == nil {
			t.Errorf("%s: its feature sets cannot be read", target.Name)
		}
		if target.Kernel == "" || !strings.HasPrefix(target.ABI, "abi/") {
			t.Errorf("%s: kernel %q, abi %q", target.Name, target.Kernel, target.ABI)
		}
		for _, name := range append([]string{target.Name}, target.Aliases...) {
			if seen[name] {
				t.Errorf("%q names two targets", name)
			}
			seen[name] = true
			if got, err := Lookup(name); err != nil || got != target {
				t.Errorf("Lookup(%q) = %v, %v", name, got, err)
			}
		}
	}
	if got := Targets()[0].Name; got != DefaultTarget {
		t.Errorf("the first target is %s", got)
	}
}

func TestLookupUnknown(t *testing.T) {
	for name, hint := range map[string]string{
		"debain-12": `did you mean "debian-12"?`, "ubuntu-2404": `did you mean "ubuntu-24.04"?`,
		"apparmor-6.0": `did you mean "apparmor-3.0"?`, "": "there are debian-12,", "plan9": "there are debian-12,",
	} {
		_, err := Lookup(name)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("Lookup(%q): %v, want %q", name, err, hint)
		}
	}
}

// TestSupport holds the losses of the targets as a reader expects them.
func TestSupport(t *testing.T) {
	for _, c := range []struct {
		target      string
		notWritable []Feature
		notEnforced []Feature
	}{
		{"debian-12", []Feature{NetworkAccess, Port, PortRange, Interface, NetworkLabel, SignalName, MountOption, Userns,
			Mqueue, MqueueSysV, IoUring, All, Priority, Prompt, DenyBlock, ConditionOperator, VariableDefault,
			DisconnectedPath, DisconnectedIPC, DefaultAllow, KillSignal, ErrorCode, Interruptible},
			[]Feature{Unix, UnixDeny, DBus}},
		{"ubuntu-24.04", []Feature{PortRange, Interface, NetworkLabel, SignalName, Priority, Prompt, ConditionOperator,
			VariableDefault, DisconnectedIPC, ErrorCode, Interruptible},
			[]Feature{Port, MqueueSysV, IoUring, DisconnectedPath, KillSignal}},
		{"debian-13", []Feature{Interface, NetworkLabel, SignalName, ConditionOperator, VariableDefault, DisconnectedIPC},
			[]Feature{Port, PortRange, Unix, UnixDeny, DBus, Mqueue, MqueueSysV, IoUring, Prompt, KillSignal, ErrorCode,
				Interruptible}},
		{"apparmor-5.0", nil, []Feature{Interface, MqueueSysV, KillSignal, ErrorCode, Interruptible}},
	} {
		target, err := Lookup(c.target)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range Features() {
			want := Enforced
			if slices.Contains(c.notWritable, info.Feature) {
				want = NotWritable
			} else if slices.Contains(c.notEnforced, info.Feature) {
				want = WrittenNotEnforced
			}
			if got := target.Support(info.Feature); got != want {
				t.Errorf("%s: %s is %v, want %v", c.target, info.Feature, got, want)
			}
		}
		if target.Support("loss-nothing") != NotWritable {
			t.Errorf("%s supports an unknown feature", c.target)
		}
	}
}

// TestABIFilesAreThoseShipped compares the embedded abi files with those of
// the distributions at hand: the machine's own, and those that stand beside
// the parsers of APC_PARSERS.
func TestABIFilesAreThoseShipped(t *testing.T) {
	bases := []string{"/etc/apparmor.d"}
	for _, p := range filepath.SplitList(os.Getenv("APC_PARSERS")) {
		beside, _ := filepath.Glob(filepath.Join(filepath.Dir(p), "*/etc/apparmor.d"))
		bases = append(bases, beside...)
	}
	compared := 0
	for _, base := range bases {
		for _, name := range []string{"abi/3.0", "abi/4.0", "abi/5.0"} {
			shipped, err := os.ReadFile(filepath.Join(base, name))
			if err != nil {
				continue
			}
			if compared++; !bytes.Equal(shipped, embedded(name).Text()) {
				t.Errorf("%s/%s differs from the embedded one", base, name)
			}
		}
	}
	if compared == 0 {
		t.Skip("SKIPPED: no abi file of a distribution on this machine")
	}
}

// TestNotifyVersionsTrap shows why the kernel of apparmor-5.0 is not abi/5.0
// as it is shipped: with policy/notify_versions before policy/versions every
// parser writes version 5 of the policy, which holds no mediated class.
func TestNotifyVersionsTrap(t *testing.T) {
	target, _ := Lookup("apparmor-5.0")
	raw, cured := pin(t, target.ABIFeatures, target.ABIFeatures), pin(t, target.KernelFeatures, target.ABIFeatures)
	for _, parser := range parsers(t) {
		for want, f := range map[byte]pins{5: raw, 7: cured} {
			policy, ok := parser.compile(t, f, profile("", "", ""))
			at := bytes.Index(policy, []byte("version\x00"))
			if !ok || at < 0 {
				t.Fatalf("%s wrote no policy", parser.path)
			}
			if got := policy[at+len("version\x00")+1]; got != want {
				t.Errorf("%s wrote version %d, want %d", parser.path, got, want)
			}
		}
	}
	if !sameWords(target.KernelFeatures, target.ABIFeatures) {
		t.Error("the kernel of apparmor-5.0 and abi/5.0 differ in more than order")
	}
}

func sameWords(a, b *Set) bool {
	if len(a.paths) != len(b.paths) {
		return false
	}
	for p := range a.paths {
		if !b.paths[p] {
			return false
		}
	}
	return true
}
