package compiled

import (
	"bytes"
	"strconv"
	"strings"
)

// A MountCall is a mount as the kernel asks about it.
type MountCall struct {
	Source  string // device, path or whatever the file system takes; may be empty
	Target  string // the mount point, a directory's path with a / at its end
	FSType  string
	Options []string // the flags that are set, as in rules
}

// Mount answers whether the mount is allowed (kernel: do_match_mnt). ok is
// false for an option that is no flag.
func (p *Profile) Mount(m MountCall) (a Access, ok bool) {
	flags, ok := mountFlags(m.Options)
	if !ok {
		return Access{}, false
	}
	state := p.class(byteMount)
	if state == dead {
		return unmediated(MayMount), true
	}
	d := p.policy
	for _, field := range []string{m.Target, m.Source, m.FSType} {
		state = d.step(d.text(state, field), 0)
	}
	state = d.bytes(state, flags)
	return d.at(state, Others).answer(MayMount), true
}

// Umount answers whether what is mounted at target may be unmounted.
func (p *Profile) Umount(target string) Access {
	state := p.class(byteMount)
	if state == dead {
		return unmediated(MayUmount)
	}
	return p.ask(state, MayUmount, target)
}

// PivotRoot answers whether newRoot may become the root, the old one at oldRoot.
func (p *Profile) PivotRoot(newRoot, oldRoot string) Access {
	state := p.class(byteMount)
	if state == dead {
		return unmediated(MayPivotRoot)
	}
	return p.ask(state, MayPivotRoot, newRoot, oldRoot)
}

// mountOptions by the number of their flag, from 1 on (kernel: match_mnt_flags).
var mountOptions = [33]string{
	1: "ro", "nosuid", "nodev", "noexec", "sync", "remount", "mand", "dirsync", "nosymfollow",
	11: "noatime", 12: "nodiratime", 13: "bind", 14: "move", 15: "rec", 16: "silent", 17: "acl",
	18: "unbindable", 19: "private", 20: "slave", 21: "shared", 22: "relatime", 24: "iversion",
	25: "strictatime", 26: "lazytime", 32: "nouser",
}

const recursive = 15

// mayRecurse tells of which flags a leading r, as in rbind, adds rec.
func mayRecurse(flag int) bool { return flag == 13 || flag >= 18 && flag <= 21 }

// mountFlags returns the bytes of the options, each once, in order.
func mountFlags(options []string) ([]byte, bool) {
	var set [len(mountOptions)]bool
	for _, o := range options {
		if !setOption(&set, strings.TrimPrefix(o, "make-")) {
			return nil, false
		}
	}
	var flags []byte
	for i, on := range set {
		if on {
			flags = append(flags, byte(i))
		}
	}
	return flags, true
}

func setOption(set *[len(mountOptions)]bool, option string) bool {
	if option == "rw" { // the absence of ro
		return true
	}
	for i, name := range mountOptions {
		switch {
		case name == "":
		case option == name:
			set[i] = true
			return true
		case option == "r"+name && mayRecurse(i):
			set[i], set[recursive] = true, true
			return true
		}
	}
	return false
}

// mountOptionNames names the flags of b; rec goes with the flag before it.
func mountOptionNames(b []byte) []string {
	var names []string
	rec := bytes.IndexByte(b, recursive) >= 0
	joined := false
	for _, f := range b {
		name := strconv.Itoa(int(f))
		if int(f) < len(mountOptions) && mountOptions[f] != "" {
			name = mountOptions[f]
		}
		if rec && mayRecurse(int(f)) {
			name, joined = "r"+name, true
		}
		if f != recursive {
			names = append(names, name)
		}
	}
	if rec && !joined {
		names = append(names, mountOptions[recursive])
	}
	return names
}
