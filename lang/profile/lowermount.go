package profile

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/rule"
)

// mountFlags are sets of the flags of mount(2).
type mountFlags uint32

// The flags that tell the operations apart, and one for each other option that
// may be set or cleared.
const (
	flagRemount mountFlags = 1 << iota
	flagBind
	flagMove
	flagRecursive
	flagUnbindable
	flagPrivate
	flagSlave
	flagShared
	flagOther // the first of the others
)

const (
	propagation = flagUnbindable | flagPrivate | flagSlave | flagShared | flagRecursive
	operations  = flagMove | flagRemount | flagBind | propagation
)

// operationOptions are the options that choose an operation. A leading make-
// means nothing.
var operationOptions = map[string]mountFlags{
	"remount": flagRemount, "bind": flagBind, "B": flagBind, "move": flagMove, "M": flagMove, "rbind": flagBind | flagRecursive,
	"R": flagBind | flagRecursive, "unbindable": flagUnbindable, "runbindable": flagUnbindable | flagRecursive,
	"private": flagPrivate, "rprivate": flagPrivate | flagRecursive, "slave": flagSlave, "rslave": flagSlave | flagRecursive,
	"shared": flagShared, "rshared": flagShared | flagRecursive,
}

// switches are the other options in pairs: what sets a flag and what clears it.
var switches = [][2]string{
	{"ro r read-only", "rw w"}, {"nosuid", "suid"}, {"nodev", "dev"}, {"noexec", "exec"}, {"sync", "async"},
	{"mand", "nomand"}, {"dirsync", ""}, {"nosymfollow", "symfollow"}, {"noatime", "atime"}, {"nodiratime", "diratime"},
	{"verbose silent", "loud"}, {"acl", "noacl"}, {"relatime", "norelatime"}, {"iversion", "noiversion"},
	{"strictatime", "nostrictatime"}, {"lazytime", "nolazytime"}, {"nouser", "user"},
}

// flagsOf returns the flags that an option sets and clears.
func flagsOf(option string) (set, clear mountFlags) {
	if f, ok := operationOptions[strings.TrimPrefix(option, "make-")]; ok {
		return f, 0
	}
	for i, pair := range switches {
		if hasWord(pair[0], option) {
			return flagOther << i, 0
		}
		if hasWord(pair[1], option) {
			return 0, flagOther << i
		}
	}
	return 0, 0
}

// hasWord says whether a word is one of a space-separated list.
func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func (m *mountRule) body(r *reader, _ words) rule.Body {
	out := rule.Mount{Op: rule.KindMount, Source: text(m.Source), Target: text(m.Target)}
	out.NoSource = present(m.Source) && out.Source == ""
	for _, c := range m.TargetConds {
		r.refuse(c.Name, "bad-condition", "condition on the mount point", "Conditions stand before the source.")
	}
	r.mountConditions(m.Word, m.Conds, &out)
	r.globs([]lexer.Token{m.Source, m.Target})
	r.checkEncodable(m.Word, out, present(m.Target))
	return out
}

func (r *reader) checkEncodable(word lexer.Token, m rule.Mount, target bool) {
	if m.Op != rule.KindUmount && !encodable(m, target) {
		r.refuse(word, "bad-mount", "mount rule that allows nothing",
			"These options do not go together with a source, a mount point or a file system type: bind and move have no fstype, remount "+
				"and the change of propagation have no source.")
	}
}

func (u *umountRule) body(r *reader, _ words) rule.Body {
	out := rule.Mount{Op: rule.KindUmount, Target: text(u.Target)}
	if u.Word.Value == "remount" {
		out.Op = rule.KindRemount
	}
	r.mountConditions(u.Word, u.Conds, &out)
	r.glob(u.Target)
	r.checkEncodable(u.Word, out, present(u.Target))
	return out
}

// mountConditions lowers fstype and options, each of which may be repeated.
func (r *reader) mountConditions(word lexer.Token, conds []*condition, out *rule.Mount) {
	for _, c := range conds {
		cond := rule.MountCondition{In: c.Op.Value == "in", Values: texts(c.Values)}
		switch c.Name.Value {
		case "fstype", "vfstype":
			if out.Op != rule.KindUmount { // the parser does not look at it there
				r.globs(c.Values)
			}
			out.Fstype = append(out.Fstype, cond)
		case "options", "option":
			r.checkOptions(word, c)
			out.Options = append(out.Options, cond)
		default:
			r.refuse(c.Name, "unknown-condition", "unknown condition "+c.Name.Value, "A %s rule knows fstype and options.%s", word.Value,
				didYouMean(c.Name.Value, []string{"fstype", "options"}))
		}
	}
}

// checkOptions refuses unknown options and such as contradict each other.
func (r *reader) checkOptions(word lexer.Token, c *condition) {
	var set, clear mountFlags
	if word.Value == "remount" {
		set = flagRemount
	}
	for _, v := range c.Values {
		option := text(v)
		if !mountOptions().Has(option) {
			r.refuse(v, "unknown-option", "unknown mount option "+option, "Options of a file system cannot be told apart.%s", mountOptions.hint(option))
			return
		}
		s, n := flagsOf(option)
		set, clear = set|s, clear|n
	}
	if c.Op.Value == "=" && set&clear != 0 {
		r.refuse(c.Values[0], "bad-condition", "options that contradict each other", "With = all of them have to hold. Write `options in (…)` for any of them.")
	}
}

// encodable says whether the parser finds any mount that the rule allows
// (mount.cc: gen_flag_rules); target says whether a mount point is given, be it
// an empty one.
func encodable(m rule.Mount, target bool) bool {
	var equal, in []mountFlags
	for _, c := range m.Options {
		var set, clear mountFlags
		for _, o := range c.Values {
			s, n := flagsOf(o)
			set, clear = set|s, clear|n
		}
		if m.Op == rule.KindRemount {
			set |= flagRemount
		}
		if c.In {
			in = append(in, set|clear)
		} else {
			equal = append(equal, set)
		}
	}
	if len(equal) == 0 && m.Op == rule.KindRemount && len(in) > 0 {
		equal = []mountFlags{flagRemount}
	}
	if len(equal) == 0 {
		return true
	}
	if len(in) == 0 {
		in = []mountFlags{0}
	}
	for _, flags := range equal {
		for _, optional := range in {
			if allows(m, target, flags, optional) {
				return true
			}
		}
	}
	return false
}

// allows says whether one set of flags gives a rule.
func allows(m rule.Mount, target bool, flags, optional mountFlags) bool {
	source, typed := m.Source != "" || m.NoSource, len(m.Fstype) > 0
	switch {
	case flags == 0,
		flags&flagRemount != 0 && !source && !typed,
		flags&flagBind != 0 && !typed,
		flags&propagation != 0 && (!source || !target) && !typed,
		flags&flagMove != 0 && !typed:
		return true
	}
	return (flags|optional)&^operations != 0
}

func (p *pivotRootRule) body(r *reader, _ words) rule.Body {
	out := rule.PivotRoot{NewRoot: text(p.NewRoot), Target: text(p.Target)}
	for _, c := range p.Conds {
		if c.Name.Value != "oldroot" {
			r.refuse(c.Name, "unknown-condition", "unknown condition "+c.Name.Value, "A pivot_root rule knows oldroot=PATH.")
			continue
		}
		if len(c.Values) > 0 {
			out.OldRoot = text(c.Values[0])
			r.glob(c.Values[0])
		}
	}
	r.glob(p.NewRoot)
	return out
}
