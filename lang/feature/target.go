package feature

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"apc/lang/diag"
)

// Target is where a profile shall be loaded: a parser, the abi file that the
// profile names, and a kernel. Targets are shared; nobody may change one.
type Target struct {
	Name    string   // as in "debian-12"; also the name of its output folder
	Aliases []string // other names that Lookup takes
	Parser  Version  // the parser that it has
	ABI     string   // the abi file that it ships, as in "abi/3.0"
	Kernel  string   // the kernel that it has or is taken to have, in words

	KernelFeatures *Set // what that kernel reports
	ABIFeatures    *Set // what that abi file holds
}

// DefaultTarget is the name of the target for which apc builds unless it is
// told otherwise, whatever the machine.
const DefaultTarget = "debian-12"

//go:embed abi kernel
var files embed.FS

// row is one line of the list of targets; kernel names an embedded file.
type row struct {
	name, aliases string
	parser        Version
	abi           string
	kernelFile    string
	kernelWords   string
}

// rows is the list of targets. Debian 13 ships abi/3.0 and abi/4.0 and no
// newer file, whatever its parser knows, and a profile that names a missing
// abi file does not load. abi/4.0 is what Ubuntu 24.04's kernel reports. The
// kernel of apparmor-5.0 is upstream's abi/5.0 with policy/notify_versions
// moved behind policy/versions: parsers look for "versions {", find the
// former, and fall back to version 5 of the binary policy.
var rows = []row{
	{"debian-12", "bookworm debian12", V3_0, "abi/3.0", "kernel/debian-12", "Linux 6.1 of Debian 12"},
	{"ubuntu-24.04", "noble ubuntu-24 ubuntu24.04", V4_0, "abi/4.0", "abi/4.0", "Linux 6.8 of Ubuntu 24.04"},
	{"debian-13", "trixie debian13", V4_1, "abi/4.0", "kernel/debian-13", "Linux 6.12 of Debian 13"},
	{"apparmor-3.0", "3.0 apparmor-3", V3_0, "abi/3.0", "kernel/debian-12", "an upstream Linux 6.1"},
	{"apparmor-4.0", "4.0 apparmor-4", V4_0, "abi/4.0", "abi/4.0", "a Linux 6.8 with Ubuntu's additions"},
	{"apparmor-4.1", "4.1", V4_1, "abi/4.0", "kernel/debian-13", "an upstream Linux 6.12"},
	{"apparmor-5.0", "5.0 apparmor-5", V5_0, "abi/5.0", "kernel/apparmor-5.0", "a kernel with all of abi/5.0"},
}

// Targets returns all targets in a fixed order, the default first.
func Targets() []*Target { return slices.Clone(targets()) }

// targets reads the embedded files once. They are part of the program, and a
// test reads them all, so a fault in one cannot reach a user.
var targets = sync.OnceValue(func() []*Target {
	out := make([]*Target, len(rows))
	for i, r := range rows {
		out[i] = &Target{
			Name: r.name, Aliases: strings.Fields(r.aliases), Parser: r.parser, ABI: r.abi, Kernel: r.kernelWords,
			KernelFeatures: embedded(r.kernelFile), ABIFeatures: embedded(r.abi),
		}
	}
	return out
})

func embedded(name string) *Set {
	text, err := files.ReadFile(name)
	if err != nil {
		return &Set{}
	}
	set, err := ParseSet(text)
	if err != nil {
		return &Set{}
	}
	return set
}

// Lookup returns the target of that name or alias. Its error says which names
// there are, and which of them may have been meant.
func Lookup(name string) (*Target, error) {
	var names []string
	for _, t := range targets() {
		if t.Name == name || slices.Contains(t.Aliases, name) {
			return t, nil
		}
		names = append(names, t.Name)
	}
	hint := ""
	if near := diag.Suggest(name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return nil, fmt.Errorf("unknown target %q%s (there are %s)", name, hint, strings.Join(names, ", "))
}

// Support says what a target does with a feature.
type Support uint8

// The degrees of support, least first.
const (
	NotWritable        Support = iota // the target's parser refuses it
	WrittenNotEnforced                // it is accepted and has no effect
	Enforced
)

// String returns "not writable", "not enforced" or "enforced".
func (s Support) String() string {
	return [...]string{"not writable", "not enforced", "enforced"}[s]
}

// Support says whether profiles for t can be written with f, and whether t
// then enforces it. An unknown feature is NotWritable.
func (t *Target) Support(f Feature) Support {
	info, ok := Describe(f)
	switch {
	case !ok || t.Parser.Less(info.Since):
		return NotWritable
	case !info.enforced(t.KernelFeatures, t.ABIFeatures):
		return WrittenNotEnforced
	}
	return Enforced
}
