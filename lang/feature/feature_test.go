package feature

import (
	"fmt"
	"strings"
	"testing"
)

// probe is a profile that uses a feature, and the same one with what is
// enforced in its place where the feature is not.
type probe struct {
	feature        Feature
	rule, instead  string // rules; instead may be empty
	flag, flagless string // or flags of the profile
	preamble       string // or a line before the profile

	// unseen marks what the parser writes out whether or not the kernel makes
	// use of it, so that equal policies cannot tell.
	unseen bool
}

var probes = []probe{
	{feature: Network, rule: "network inet stream,"},
	{feature: NetworkAccess, rule: "network (connect) inet stream,", instead: "network inet stream,"},
	{feature: Port, rule: "network inet stream port=80,", instead: "network inet stream,"},
	{feature: Port, rule: "network inet stream ip=127.0.0.1,", instead: "network inet stream,"},
	{feature: Port, rule: "network inet stream peer=(ip=::1 port=53),", instead: "network inet stream,"},
	{feature: PortRange, rule: "network inet stream port=80-90,", instead: "network inet stream,"},
	{feature: Interface, rule: "network inet stream interface=eth0,", instead: "network inet stream,"},
	{feature: NetworkLabel, rule: "network inet peer=(label=foo),", instead: "network inet,"},
	{feature: Unix, rule: "unix type=stream peer=(label=foo),", instead: "network unix stream,"},
	{feature: Unix, rule: `unix type=stream addr="@foo",`, instead: "network unix stream,"},
	{feature: UnixDeny, rule: "network unix stream, deny unix type=stream,", instead: "network unix stream,"},
	{feature: Signal, rule: "signal (send) set=(term) peer=foo,"},
	{feature: SignalName, rule: "signal set=(tstp),"},
	{feature: Ptrace, rule: "ptrace (read) peer=foo,"},
	{feature: Mount, rule: "mount fstype=ext4 /dev/a -> /mnt/,"},
	{feature: Mount, rule: "umount /mnt/,"},
	{feature: Mount, rule: "remount /mnt/,"},
	{feature: Mount, rule: "pivot_root oldroot=/a/ /b/,"},
	{feature: MountOption, rule: "mount options=(nosymfollow) /a -> /b/,", instead: "mount /a -> /b/,"},
	{feature: DBus, rule: "dbus send bus=system,"},
	{feature: Userns, rule: "userns,"},
	{feature: Mqueue, rule: "mqueue (read) type=posix /q,"},
	{feature: MqueueSysV, rule: "mqueue (read) type=sysv 12,"},
	{feature: IoUring, rule: "io_uring sqpoll,"},
	{feature: Capability, rule: "capability checkpoint_restore,", instead: "capability sys_admin,"},
	{feature: All, rule: "all,"},
	{feature: Priority, rule: "priority=1 deny /x r, priority=2 /x r,"},
	{feature: Prompt, rule: "prompt /x r,", unseen: true},
	{feature: DenyBlock, rule: "/x r, deny { /x r, }", instead: "/x r,"},
	{feature: ConditionOperator, preamble: "@{A}=b", rule: "if @{A} == b { /x r, }"},
	{feature: VariableDefault, preamble: "@{A} ?= /x", rule: "@{A} r,"},
	{feature: VariableDefault, preamble: "@{A} := /x", rule: "@{A} r,"},
	{feature: DisconnectedPath, flag: "attach_disconnected.path=/x", flagless: "attach_disconnected", unseen: true},
	{feature: DisconnectedIPC, flag: "attach_disconnected.ipc=/x", flagless: "attach_disconnected.ipc"},
	{feature: DefaultAllow, flag: "default_allow"},
	{feature: KillSignal, flag: "kill, kill.signal=term", flagless: "kill"},
	{feature: ErrorCode, flag: "error=EPERM"},
	{feature: Interruptible, flag: "interruptible"},
}

func (p probe) with() string { return profile(p.preamble, p.flag, p.rule) }

func (p probe) without() string { return profile("", p.flagless, p.instead) }

func profile(preamble, flags, rules string) string {
	if flags != "" {
		flags = "flags=(" + flags + ") "
	}
	return fmt.Sprintf("%s\nprofile p %s{\n /a r,\n %s\n}\n", preamble, flags, rules)
}

func TestEveryFeatureHasAProbe(t *testing.T) {
	probed := map[Feature]bool{}
	for _, p := range probes {
		probed[p.feature] = true
	}
	for _, info := range Features() {
		if !probed[info.Feature] {
			t.Errorf("%s has no probe", info.Feature)
		}
		if !strings.HasPrefix(string(info.Feature), "loss-") || info.Doc == "" {
			t.Errorf("%q lacks its prefix or documentation", info.Feature)
		}
		if described, ok := Describe(info.Feature); !ok || described.Doc != info.Doc {
			t.Errorf("Describe(%s) = %v, %v", info.Feature, described, ok)
		}
	}
}

// TestWritable holds Since against every parser at hand.
func TestWritable(t *testing.T) {
	newest := Targets()[len(Targets())-1]
	f := pin(t, newest.KernelFeatures, newest.ABIFeatures)
	for _, parser := range parsers(t) {
		for _, p := range probes {
			info, _ := Describe(p.feature)
			want := !parser.version.Less(info.Since)
			if _, ok := parser.compile(t, f, p.with()); ok != want {
				t.Errorf("%s: %s is accepted: %v, the table says %v\n%s", parser.path, p.feature, ok, want, p.with())
			}
		}
	}
}

// TestEnforced holds what the table says of enforcement against what the
// parsers compile for every target: a rule that is not enforced compiles to
// the same policy as what holds in its place.
func TestEnforced(t *testing.T) {
	for _, target := range Targets() {
		proveEnforced(t, target.Name, target.KernelFeatures, target.ABIFeatures, probes)
	}
}

// TestEnforcedWithoutClass does the same for kernels that lack what every
// target has. Network rules have an older form on the kernel of Ubuntu.
func TestEnforcedWithoutClass(t *testing.T) {
	for _, c := range []struct {
		target, class string
		feature       Feature
		want          Support
	}{
		{"debian-12", "network_v8", Network, WrittenNotEnforced},
		{"debian-12", "signal", Signal, WrittenNotEnforced},
		{"debian-12", "ptrace", Ptrace, WrittenNotEnforced},
		{"debian-12", "mount", Mount, WrittenNotEnforced},
		{"debian-12", "caps", Capability, WrittenNotEnforced},
		{"ubuntu-24.04", "network_v8", Network, Enforced},
		{"ubuntu-24.04", "network", Unix, WrittenNotEnforced},
		{"ubuntu-24.04", "network", UnixDeny, WrittenNotEnforced},
		{"ubuntu-24.04", "network", Network, Enforced},
	} {
		target, err := Lookup(c.target)
		if err != nil {
			t.Fatal(err)
		}
		bare := *target
		bare.KernelFeatures = without(t, target.KernelFeatures, c.class)
		if got := bare.Support(c.feature); got != c.want {
			t.Errorf("%s without %s: %s is %v", c.target, c.class, c.feature, got)
		}
		proveEnforced(t, c.target+" without "+c.class, bare.KernelFeatures, bare.ABIFeatures, probesOf(c.feature))
	}
}

// TestUnixByNewerNetwork holds that unix rules need one of two features, the
// newer of which only 5.0 knows.
func TestUnixByNewerNetwork(t *testing.T) {
	target, _ := Lookup("apparmor-5.0")
	kernel := without(t, target.KernelFeatures, "network")
	f := pin(t, kernel, target.ABIFeatures)
	for _, parser := range parsers(t) {
		if parser.version.Less(V5_0) {
			continue
		}
		for _, p := range probesOf(Unix) {
			if parser.same(t, f, p.with(), p.without()) {
				t.Errorf("%s does not enforce %q by network_v9", parser.path, p.rule)
			}
		}
	}
	if kernel.Has("network/af_unix") || !both("network_v9/af_unix")(kernel, target.ABIFeatures) {
		t.Error("the kernel of this test is not the one that it speaks of")
	}
}

func proveEnforced(t *testing.T, name string, kernel, abi *Set, probes []probe) {
	t.Helper()
	f := pin(t, kernel, abi)
	for _, parser := range parsers(t) {
		for _, p := range probes {
			info, _ := Describe(p.feature)
			if p.unseen || parser.version.Less(info.Since) {
				continue
			}
			want := info.enforced(kernel, abi)
			if got := !parser.same(t, f, p.with(), p.without()); got != want {
				t.Errorf("%s, %s: %q is enforced: %v, the table says %v", name, parser.path, p.rule+p.flag, got, want)
			}
		}
	}
}

func probesOf(f Feature) []probe {
	var out []probe
	for _, p := range probes {
		if p.feature == f {
			out = append(out, p)
		}
	}
	return out
}

// without returns the set less one of its outermost names.
func without(t *testing.T, s *Set, name string) *Set {
	t.Helper()
	text := string(s.Text())
	start := strings.Index("\n"+text, "\n"+name+" {")
	if start < 0 {
		t.Fatalf("no %s in the set", name)
	}
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return parse(t, text[:start]+strings.TrimPrefix(text[i+1:], "\n"))
			}
		}
	}
	t.Fatalf("%s does not end", name)
	return nil
}

func parse(t *testing.T, text string) *Set {
	t.Helper()
	set, err := ParseSet([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestUnlikeTheManual holds facts that only experiment shows.
func TestUnlikeTheManual(t *testing.T) {
	target, _ := Lookup("apparmor-5.0")
	f := pin(t, target.KernelFeatures, target.ABIFeatures)
	for _, parser := range parsers(t) {
		if !parser.version.Less(V4_0) {
			if _, ok := parser.compile(t, f, profile("", "", "userns (create),")); ok {
				t.Errorf("%s takes parentheses in userns rules", parser.path)
			}
			if _, ok := parser.compile(t, f, profile("", "", "userns create,")); !ok {
				t.Errorf("%s refuses userns create", parser.path)
			}
			if !parser.same(t, f, profile("", "", "io_uring (nonsense),"), profile("", "", "io_uring,")) {
				t.Errorf("%s no longer takes a misspelt access of io_uring for all of them", parser.path)
			}
		}
		if !parser.version.Less(V5_0) {
			if !parser.same(t, f, profile("", "", "signal set=(tstp, poll),"), profile("", "", "signal set=(stp, io),")) {
				t.Errorf("%s: tstp and poll are not stp and io", parser.path)
			}
		}
	}
}
