package policy

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"apc/lang/feature"
	"apc/lang/glob"
	"apc/lang/rule"
)

// typedBlock describes a block that is an AppArmor rule of the same name.
type typedBlock struct {
	name  string
	label string   // name of its label, or ""
	attrs []string // beside audit, priority, prompt and reason
	read  func(*decoder, *hcl.Block, *hcl.BodyContent) rule.Body
	// denied is false for what AppArmor cannot deny.
	denied bool
}

// typedTable lists the typed blocks in the order of SPEC.md.
var typedTable = []typedBlock{
	{"file", "path", []string{"path", "access", "owner"}, (*decoder).fileRule, true},
	{"link", "path", []string{"path", "to", "subset", "owner"}, (*decoder).linkRule, true},
	{"network", "", []string{"access", "family", "type", "protocol", "interface", "address", "port", "peer_address", "peer_port"}, (*decoder).networkRule, true},
	{"unix", "", []string{"access", "type", "addr", "label", "peer_addr", "peer_label"}, (*decoder).unixRule, true},
	{"signal", "", []string{"access", "set", "peer"}, (*decoder).signalRule, true},
	{"ptrace", "", []string{"access", "peer"}, (*decoder).ptraceRule, true},
	{"dbus", "", []string{"access", "bus", "name", "path", "interface", "member", "peer_name", "peer_label"}, (*decoder).dbusRule, true},
	{"mqueue", "", []string{"access", "type", "label", "name"}, (*decoder).mqueueRule, true},
	{"io_uring", "", []string{"access", "label"}, (*decoder).ioUringRule, true},
	{"userns", "", []string{"access"}, (*decoder).usernsRule, true},
	{"mount", "", []string{"fstype", "options", "options_in", "source", "target"}, (*decoder).mountRule, true},
	{"remount", "", []string{"options", "options_in", "target"}, (*decoder).remountRule, true},
	{"umount", "", []string{"target"}, (*decoder).umountRule, true},
	{"pivot_root", "", []string{"old_root", "new_root", "to"}, (*decoder).pivotRootRule, true},
	{"change_profile", "", []string{"to", "exec", "scrub"}, (*decoder).changeProfileRule, true},
	{"rlimit", "name", []string{"value"}, (*decoder).rlimitRule, false},
}

// socketAccess are the accesses of network and unix rules. Of the synonyms
// that AppArmor has for some words, policies know one.
var socketAccess = []string{
	"create", "bind", "listen", "accept", "connect", "send", "receive", "getattr", "setattr", "getopt", "setopt", "shutdown",
}

// typedBlocks returns the headers of all typed blocks.
func typedBlocks() []hcl.BlockHeaderSchema {
	out := make([]hcl.BlockHeaderSchema, 0, len(typedTable))
	for _, t := range typedTable {
		h := hcl.BlockHeaderSchema{Type: t.name}
		if t.label != "" {
			h.LabelNames = []string{t.label}
		}
		out = append(out, h)
	}
	return out
}

// typed reads a typed block; action is that of the block around it.
func (d *decoder) typed(block *hcl.Block, action rule.Action) *Typed {
	i := slices.IndexFunc(typedTable, func(t typedBlock) bool { return t.name == block.Type })
	t := typedTable[i]
	c := d.content(block.Body, append([]string{"audit", "priority", "prompt"}, t.attrs...)...)
	w := d.blockWhere(block, c)
	if action == rule.Deny && !t.denied {
		d.errorf(w.Range, "no-deny", "AppArmor cannot deny a "+t.name, "Write it outside of the deny block.")
		return nil
	}
	before := len(d.diags)
	q := d.qualifiers(c, action)
	q.Owner = slices.Contains(t.attrs, "owner") && d.boolean(c.Attributes["owner"], false)
	body := t.read(d, block, c)
	if body == nil || d.diags[before:].HasErrors() {
		return nil
	}
	return &Typed{Where: w, Rule: rule.Rule{Qualifiers: q, Body: body}}
}

func (d *decoder) qualifiers(c *hcl.BodyContent, action rule.Action) rule.Qualifiers {
	q := rule.Qualifiers{Action: action, Audit: d.boolean(c.Attributes["audit"], false)}
	if i, ok := d.single(c.Attributes["priority"]); ok {
		q.Priority = d.integer(i, -1000, 1000)
	}
	if d.boolean(c.Attributes["prompt"], false) {
		if action == rule.Deny {
			d.errorf(d.rng(c.Attributes["prompt"].Range), "no-meaning", "`prompt` has no meaning in a deny block", "Remove it.")
		}
		q.Action = rule.Prompt
	}
	return q
}

func (d *decoder) fileRule(block *hcl.Block, c *hcl.BodyContent) rule.Body {
	path, at := d.label(block, c)
	if !d.checkPath(path, at, pathOptions{}) {
		return nil
	}
	var access rule.Access
	for _, w := range d.listOf(c.Attributes["access"], rule.AccessWords()...) {
		access |= rule.AccessWord(w)
	}
	if c.Attributes["access"] == nil {
		d.errorf(d.rng(block.DefRange), "missing", "the file block grants nothing", "Write `access = [\"read\"]`; execution is granted by a run block.")
		return nil
	}
	if access&rule.Write != 0 {
		access &^= rule.Append // w implies a, and the parser refuses both in one rule
	}
	return rule.File{Path: path, Access: access}
}

func (d *decoder) linkRule(block *hcl.Block, c *hcl.BodyContent) rule.Body {
	path, at := d.label(block, c)
	to := d.word(c.Attributes["to"])
	if !d.checkPath(path, at, pathOptions{}) || to.Text != "" && !d.checkPath(to.Text, to.Range, pathOptions{}) {
		return nil
	}
	if c.Attributes["to"] == nil {
		d.errorf(d.rng(block.DefRange), "missing", "the link block has no `to`", "Write `to = \"/path\"`: what the link may point to; \"/**\" for anything.")
		return nil
	}
	return rule.Link{Subset: d.boolean(c.Attributes["subset"], false), Path: path, Target: to.Text}
}

func (d *decoder) networkRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	n := rule.Network{
		Access:    d.listOf(c.Attributes["access"], socketAccess...),
		Family:    d.oneOf(c.Attributes["family"], feature.Families().Names()...).Text,
		Type:      d.oneOf(c.Attributes["type"], feature.SocketTypes().Names()...).Text,
		Protocol:  d.oneOf(c.Attributes["protocol"], feature.Protocols().Names()...).Text,
		Interface: d.name(c.Attributes["interface"]),
		Local:     rule.Endpoint{IP: d.name(c.Attributes["address"]), Port: d.port(c.Attributes["port"])},
		Peer:      rule.Endpoint{IP: d.name(c.Attributes["peer_address"]), Port: d.port(c.Attributes["peer_port"])},
	}
	if n.Protocol != "" && n.Type != "" {
		d.errorf(d.rng(c.Attributes["protocol"].Range), "no-meaning", "`protocol` stands in place of `type`", "Remove one of them.")
	}
	return n
}

// unixRule knows a label for the peer alone: every parser refuses one outside of
// it, and the conditions attr and opt (af_rule.cc, af_unix.cc).
func (d *decoder) unixRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	if label := c.Attributes["label"]; label != nil {
		d.errorf(d.rng(label.Range), "no-meaning", "AppArmor's parser refuses a label here", "Only the label of the other side can be told: write `peer_label`.")
		return nil
	}
	return rule.Unix{
		Access:   d.listOf(c.Attributes["access"], socketAccess...),
		Type:     d.oneOf(c.Attributes["type"], socketTypes...).Text,
		Addr:     d.pattern(c.Attributes["addr"]),
		PeerAddr: d.pattern(c.Attributes["peer_addr"]), PeerLabel: d.pattern(c.Attributes["peer_label"]),
	}
}

func (d *decoder) signalRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	return rule.Signal{
		Access: d.listOf(c.Attributes["access"], "send", "receive"),
		Set:    d.listOf(c.Attributes["set"], feature.Signals().Names()...),
		Peer:   d.pattern(c.Attributes["peer"]),
	}
}

func (d *decoder) ptraceRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	return rule.Ptrace{Access: d.listOf(c.Attributes["access"], "trace", "read", "tracedby", "readby"), Peer: d.pattern(c.Attributes["peer"])}
}

func (d *decoder) dbusRule(block *hcl.Block, c *hcl.BodyContent) rule.Body {
	b := rule.DBus{
		Access: d.listOf(c.Attributes["access"], "send", "receive", "bind", "eavesdrop"),
		Bus:    d.pattern(c.Attributes["bus"]), Name: d.pattern(c.Attributes["name"]), Path: d.pattern(c.Attributes["path"]),
		Interface: d.pattern(c.Attributes["interface"]), Member: d.pattern(c.Attributes["member"]),
		PeerName: d.pattern(c.Attributes["peer_name"]), PeerLabel: d.pattern(c.Attributes["peer_label"]),
	}
	bind, eavesdrop := slices.Contains(b.Access, "bind"), slices.Contains(b.Access, "eavesdrop")
	message := b.Path != "" || b.Interface != "" || b.Member != "" || b.PeerName != "" || b.PeerLabel != ""
	at := d.rng(block.DefRange)
	switch {
	case bind && (len(b.Access) > 1 || message):
		d.errorf(at, "no-meaning", "binding a name goes with `bus` and `name` only", "Write a dbus block of its own with access = [\"bind\"].")
	case b.Name != "" && !bind:
		d.errorf(at, "no-meaning", "`name` goes with access = [\"bind\"]", "The name of the other side is `peer_name`.")
	case eavesdrop && (len(b.Access) > 1 || message):
		d.errorf(at, "no-meaning", "eavesdropping goes with `bus` only", "Write a dbus block of its own with access = [\"eavesdrop\"].")
	}
	return b
}

var mqueueName = regexp.MustCompile(`^(/.*|[0-9]+)$`)

func (d *decoder) mqueueRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	m := rule.Mqueue{
		Access: d.listOf(c.Attributes["access"], "create", "open", "read", "write", "delete", "getattr", "setattr"),
		Type:   d.oneOf(c.Attributes["type"], "posix", "sysv").Text,
		Label:  d.pattern(c.Attributes["label"]), Name: d.pattern(c.Attributes["name"]),
	}
	if m.Name != "" && !mqueueName.MatchString(m.Name) {
		d.errorf(d.rng(c.Attributes["name"].Expr.Range()), "bad-name", "bad name for a message queue",
			"A POSIX queue is named \"/name\", a System V queue by its number.")
	}
	return m
}

func (d *decoder) ioUringRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	return rule.IoUring{Access: d.listOf(c.Attributes["access"], feature.IoUringAccessWords().Names()...), Label: d.pattern(c.Attributes["label"])}
}

func (d *decoder) usernsRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	return rule.Userns{Access: d.listOf(c.Attributes["access"], "create")}
}

func (d *decoder) mountRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	m := rule.Mount{Op: rule.KindMount, Options: d.mountOptions(c), Source: d.pattern(c.Attributes["source"]), Target: d.mountPoint(c)}
	if types := d.names(c.Attributes["fstype"]); len(types) > 0 {
		m.Fstype = []rule.MountCondition{{Values: types}}
	}
	return m
}

func (d *decoder) remountRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	return rule.Mount{Op: rule.KindRemount, Options: d.mountOptions(c), Target: d.mountPoint(c)}
}

func (d *decoder) umountRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	return rule.Mount{Op: rule.KindUmount, Target: d.mountPoint(c)}
}

func (d *decoder) mountOptions(c *hcl.BodyContent) []rule.MountCondition {
	var out []rule.MountCondition
	if all := d.listOf(c.Attributes["options"], feature.MountOptions().Names()...); len(all) > 0 {
		out = append(out, rule.MountCondition{Values: all})
	}
	if some := d.listOf(c.Attributes["options_in"], feature.MountOptions().Names()...); len(some) > 0 {
		out = append(out, rule.MountCondition{In: true, Values: some})
	}
	return out
}

func (d *decoder) mountPoint(c *hcl.BodyContent) string {
	w := d.word(c.Attributes["target"])
	if w.Text != "" && !d.checkPath(w.Text, w.Range, pathOptions{}) {
		return ""
	}
	return w.Text
}

func (d *decoder) pivotRootRule(_ *hcl.Block, c *hcl.BodyContent) rule.Body {
	p := rule.PivotRoot{OldRoot: d.directory(c.Attributes["old_root"]), NewRoot: d.directory(c.Attributes["new_root"])}
	p.Target = d.target(c.Attributes["to"])
	return p
}

// directory reads a path that must end in "/", as pivot_root wants it.
func (d *decoder) directory(a *hcl.Attribute) string {
	w := d.word(a)
	if w.Text == "" || !d.checkPath(w.Text, w.Range, pathOptions{}) {
		return ""
	}
	if !strings.HasSuffix(w.Text, "/") {
		d.errorf(w.Range, "not-a-directory", "a directory is needed here", "End it with \"/\".")
	}
	return w.Text
}

func (d *decoder) changeProfileRule(block *hcl.Block, c *hcl.BodyContent) rule.Body {
	p := rule.ChangeProfile{Target: d.target(c.Attributes["to"])}
	if c.Attributes["to"] == nil {
		d.errorf(d.rng(block.DefRange), "missing", "change_profile needs `to`", "Write `to = \"PROFILE\"`; \"**\" stands for any.")
	}
	if w := d.word(c.Attributes["exec"]); w.Text != "" && d.checkPath(w.Text, w.Range, pathOptions{}) {
		p.Exec = w.Text
	}
	if a := c.Attributes["scrub"]; a != nil {
		p.Mode = map[bool]string{true: "safe", false: "unsafe"}[d.boolean(a, true)]
		if p.Exec == "" {
			d.errorf(d.rng(a.Range), "no-meaning", "`scrub` goes with `exec`", "The environment is scrubbed when a program is executed: name it.")
		}
	}
	return p
}

var rlimitValue = regexp.MustCompile(`^(-?[0-9]+ ?(K|M|G|KB|MB|GB|us|ms|s|min|h|d|week|microseconds?|milliseconds?|seconds?|minutes?|hours?|days?|weeks?)?|infinity)$`)

func (d *decoder) rlimitRule(block *hcl.Block, c *hcl.BodyContent) rule.Body {
	r := rule.Rlimit{Name: block.Labels[0]}
	d.checkOneOf(r.Name, d.rng(block.LabelRanges[0]), feature.Rlimits().Names()...)
	if r.Value = d.str(c.Attributes["value"]); r.Value == "" && c.Attributes["value"] == nil {
		d.errorf(d.rng(block.DefRange), "missing", "an rlimit needs `value`", "Write `value = 1024`.")
	} else if r.Value != "" && !rlimitValue.MatchString(r.Value) {
		d.errorf(d.rng(c.Attributes["value"].Expr.Range()), "bad-rlimit", "bad value for a limit", "Write a number, a number with a unit such as \"100MB\" or \"10min\", or \"infinity\".")
	}
	return r
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_.:+-]+$`)

// name reads a plain word: a file system type, an interface, an address.
func (d *decoder) name(a *hcl.Attribute) string {
	w := d.word(a)
	if w.Text != "" && !plainName.MatchString(w.Text) {
		d.errorf(w.Range, "bad-name", "bad name", "Letters, digits, \"_\", \".\", \":\", \"+\" and \"-\" are allowed here.")
		return ""
	}
	return w.Text
}

func (d *decoder) names(a *hcl.Attribute) []string {
	var out []string
	for _, w := range d.some(a) {
		if !plainName.MatchString(w.Text) {
			d.errorf(w.Range, "bad-name", "bad name", "Letters, digits, \"_\", \".\", \":\", \"+\" and \"-\" are allowed here.")
			continue
		}
		out = append(out, w.Text)
	}
	return out
}

// pattern reads text that AppArmor matches as a glob but that is no path: a
// label, a D-Bus name, an abstract address.
func (d *decoder) pattern(a *hcl.Attribute) string {
	return d.checkPattern(d.word(a))
}

// checkPattern returns the text of a pattern, or "" where AppArmor refuses it.
func (d *decoder) checkPattern(w Word) string {
	if _, err := glob.Parse(w.Text); w.Text != "" && err != nil {
		d.errorf(w.Range, "bad-glob", "AppArmor refuses this pattern", "%s", globError(w.Text, err))
		return ""
	}
	return w.Text
}
