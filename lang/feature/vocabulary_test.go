package feature

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// vocabularies holds every list of words, and a rule for one of them.
var vocabularies = []struct {
	name  string
	words Vocabulary
	rule  func(word string) string
}{
	{"Capabilities", Capabilities(), in("capability %s,")},
	{"Families", Families(), in("network %s,")},
	{"SocketTypes", SocketTypes(), in("network inet %s, unix type=%[1]s,")},
	{"Protocols", Protocols(), in("network inet %s,")},
	{"NetworkAccessWords", NetworkAccessWords(), in("network (%s) inet,")},
	{"UnixAccessWords", UnixAccessWords(), in("unix (%s),")},
	{"SignalAccessWords", SignalAccessWords(), in("signal (%s),")},
	{"PtraceAccessWords", PtraceAccessWords(), in("ptrace (%s),")},
	{"DBusAccessWords", DBusAccessWords(), in("dbus (%s),")},
	{"MqueueAccessWords", MqueueAccessWords(), in("mqueue (%s) /q,")},
	{"MqueueTypes", MqueueTypes(), in("mqueue type=%s,")},
	{"IoUringAccessWords", IoUringAccessWords(), in("io_uring (%s),")},
	{"UsernsAccessWords", UsernsAccessWords(), in("userns %s,")},
	{"Signals", Signals(), in("signal set=(%s),")},
	{"Rlimits", Rlimits(), in("set rlimit %s <= 10,")},
	{"MountOptions", MountOptions(), in("mount options=(%s) -> /mnt/,")},
	{"ProfileFlags", ProfileFlags(), nil},
}

func in(format string) func(string) string {
	return func(word string) string { return profile("", "", fmt.Sprintf(format, word)) }
}

// flagValues completes the flags that end in "=".
var flagValues = map[string]string{
	"attach_disconnected.path=": "/x", "attach_disconnected.ipc=": "/x", "kill.signal=": "term", "error=": "EPERM",
}

func TestVocabulariesAreSorted(t *testing.T) {
	for _, v := range vocabularies {
		names := v.words.Names()
		if !slices.IsSorted(names) || len(slices.Compact(names)) != len(v.words) {
			t.Errorf("%s is not sorted, or holds a word twice", v.name)
		}
		if !v.words.Has(v.words[0].Name) || v.words.Has("nonsense") || v.words.Has("") {
			t.Errorf("%s.Has is wrong", v.name)
		}
	}
}

// TestWordsCompile compiles every word with every parser at hand: those that
// need nothing must pass everywhere, the others from their version on, and a
// word that is not listed nowhere.
func TestWordsCompile(t *testing.T) {
	newest := Targets()[len(Targets())-1]
	f := pin(t, newest.KernelFeatures, newest.ABIFeatures)
	for _, parser := range parsers(t) {
		for _, v := range vocabularies {
			rule := v.rule
			if rule == nil {
				rule = func(flag string) string { return profile("", flag+flagValues[flag], "") }
			}
			for _, w := range withNonsense(v.name, v.words) {
				want := known(w, parser.version)
				if _, ok := parser.compile(t, f, rule(w.Name)); ok != want {
					t.Errorf("%s: %s: %s is accepted: %v, want %v", parser.path, v.name, w.Name, ok, want)
				}
			}
		}
	}
}

// withNonsense adds a word that must be refused, save where the parser takes
// any word at all.
func withNonsense(name string, words Vocabulary) Vocabulary {
	if name == "IoUringAccessWords" {
		return words
	}
	return append(words, Word{Name: "nonsense"})
}

func known(w Word, version Version) bool {
	if w.Needs == "" {
		return w.Name != "nonsense"
	}
	info, _ := Describe(w.Needs)
	return !version.Less(info.Since)
}

// TestPropagationTakesNoSource holds that the options which change
// propagation are refused beside a source.
func TestPropagationTakesNoSource(t *testing.T) {
	newest := Targets()[len(Targets())-1]
	f := pin(t, newest.KernelFeatures, newest.ABIFeatures)
	for _, parser := range parsers(t) {
		for _, option := range []string{"private", "make-rshared", "slave"} {
			if _, ok := parser.compile(t, f, profile("", "", "mount options=("+option+") /a -> /mnt/,")); ok {
				t.Errorf("%s takes a source beside %s", parser.path, option)
			}
		}
	}
}

// TestWordsOfTheKernel compares the vocabularies with the masks that the
// newest kernel reports.
func TestWordsOfTheKernel(t *testing.T) {
	target, _ := Lookup("apparmor-5.0")
	for mask, words := range map[string]Vocabulary{
		"caps/mask": Capabilities(), "network_v8/af_mask": Families(), "io_uring/mask": IoUringAccessWords(),
	} {
		for path := range target.KernelFeatures.paths {
			if word, ok := strings.CutPrefix(path, mask+"/"); ok && !words.Has(word) {
				t.Errorf("the kernel knows %s, the vocabulary does not", path)
			}
		}
	}
	for _, w := range Capabilities() {
		if !target.KernelFeatures.Has("caps/mask/" + w.Name) {
			t.Errorf("the kernel does not know the capability %s", w.Name)
		}
	}
}
