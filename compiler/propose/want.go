// Package propose holds a denial against a profile: which rule is missing or
// wins, and the smallest edit of the policy that would allow the access.
//
// It owns the way from a record to the rule it asks for, the choice of the
// intent that says so, and the edits, by byte ranges. It writes nothing: a
// record is made of what the confined program chose, so what comes out is a
// proposal for a person. Names of records become policy text in [Literal] and
// in [Statement] alone.
//
// It may import the packages of lang, compiler/ir and compiler/grants.
package propose

import (
	"regexp"
	"slices"
	"strings"

	"apc/compiler/grants"
	"apc/lang/audit"
	"apc/lang/feature"
	"apc/lang/rule"
)

// Want is what an event asks a profile for. Files have a Path and an Access,
// everything else has a Body: the rule that grants just that and nothing else.
type Want struct {
	Kind   audit.Kind
	Path   string // as the kernel looks it up: a directory ends in "/"
	Access grants.Access
	Body   rule.Body // its strings are plain, no patterns
	// Owner says that the subject owns the file, Foreign that it does not.
	// Old records say neither.
	Owner, Foreign bool
	Flag           string // profile flag without which no rule is looked up
	Name           string // for change_hat: the hat
	// Problem says why no rule can answer the event.
	Problem string
	Notes   []string // what a reader of the answer should know
}

// File says whether the event is about a path.
func (w Want) File() bool { return w.Kind == audit.KindFile && w.Problem == "" }

// Asks reads what an event asks for.
func Asks(e *audit.Event) Want {
	w := Want{Kind: e.Kind()}
	w.Owner = e.Owner()
	w.Foreign = e.FSUID != audit.NoID && e.OUID != audit.NoID && !w.Owner
	switch w.Kind {
	case audit.KindFile:
		w.file(e)
	case audit.KindChangeHat:
		w.Name = lastName(nonEmpty(e.Target, e.Name))
	case audit.KindPolicy, audit.KindUnknown:
		w.Problem = "the record does not say what was accessed"
	default:
		w.Body = body(w.Kind, e)
	}
	if w.Kind == audit.KindCapability && e.Capability == "" {
		w.Problem = "the record does not name the capability"
	}
	w.note(e)
	if strings.Contains(e.Info, "disconnected IPC path") {
		w.Flag, w.Body = "attach_disconnected.ipc", nil
	}
	return w
}

// note tells what the record's words on its cause mean, where a rule alone does
// not change it (security/apparmor/domain.c, file.c).
func (w *Want) note(e *audit.Event) {
	switch {
	case w.Kind == audit.KindUnix && strings.HasPrefix(e.Net.Addr, "/"):
		w.Notes = append(w.Notes, "a socket with a path needs `w` on that path too")
	case w.Kind == audit.KindChangeProfile && strings.HasSuffix(e.Info, "not found"):
		w.Notes = append(w.Notes, "the profile that was asked for is not loaded: a rule alone does not change that")
	case w.Kind == audit.KindChangeProfile && e.Info == "no new privs":
		w.Notes = append(w.Notes, "the process runs under no_new_privs, where the kernel refuses the change whatever the rules say")
	case e.Info == "link not subset of target":
		w.Notes = append(w.Notes, "the link's name is granted what its target is not; a `link` block with this `to` allows the link without granting either")
	}
}

func nonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func lastName(name string) string {
	names := audit.SplitProfile(name)
	return names[len(names)-1]
}

// deletedSuffix is what the kernel appends to the name of a file that has none
// any more.
const deletedSuffix = " (deleted)"

// file reads the access to a path. What stands in the way of every rule is
// told in info= (security/apparmor/path.c: aa_path_name).
func (w *Want) file(e *audit.Event) {
	w.Path, w.Access = e.Name, fileAccess(e)
	if e.Name == "" {
		w.Problem = "the record has no name"
		return
	}
	if name, ok := strings.CutSuffix(w.Path, deletedSuffix); ok {
		w.Path = name
		w.Notes = append(w.Notes, "the file was removed or renamed while it was open; it is answered for the name it had")
	}
	switch {
	case strings.Contains(e.Info, "disconnected path"):
		w.Flag = "attach_disconnected"
		w.Path = "/" + strings.TrimPrefix(w.Path, "/")
	case strings.Contains(e.Info, "deleted entry"):
		w.Flag = "mediate_deleted"
	case !strings.HasPrefix(w.Path, "/"):
		w.Problem = "the name is no absolute path"
	case w.Access == grants.Access{}:
		w.Problem = "the record names no access"
	}
}

// fileAccess reads the mask of a record. Creating and deleting are writing
// (apparmor.d(5)); execution is asked for by exec alone, for where it stands
// beside others a record of the exec follows. Old masks have a part for the
// owner and one for others, "r::w".
func fileAccess(e *audit.Event) grants.Access {
	var a grants.Access
	mask := nonEmpty(e.Denied, e.Requested)
	for i := range len(mask) {
		switch c := mask[i]; c {
		case 'c', 'd':
			a.Permissions |= rule.Write
		case 'x':
			a.Exec = true
		default:
			a.Permissions |= rule.AccessLetter(c)
		}
	}
	if e.Operation == "exec" {
		return grants.Access{Exec: true}
	}
	if a.Permissions != 0 {
		a.Exec = false
	}
	if a.Permissions&rule.Write != 0 {
		a.Permissions &^= rule.Append
	}
	return a
}

var word = regexp.MustCompile(`^[a-z0-9_+-]+$`)

// words returns the words of a mask that rules of this kind know, sorted.
func words(mask string, known ...string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(mask, func(r rune) bool { return r == ' ' || r == ',' }) {
		if synonym, ok := accessSynonyms[w]; ok {
			w = synonym
		}
		if slices.Contains(known, w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out
}

// accessSynonyms are the words that records use where rules have another.
var accessSynonyms = map[string]string{"read": "receive", "write": "send", "r": "receive", "w": "send"}

var socketAccess = []string{"create", "bind", "listen", "accept", "connect", "send", "receive", "getattr", "setattr", "getopt", "setopt", "shutdown"}

// body returns the rule that an event other than one about a path asks for.
func body(kind audit.Kind, e *audit.Event) rule.Body {
	mask := nonEmpty(e.Denied, e.Requested)
	switch kind {
	case audit.KindCapability:
		return rule.Capability{Names: []string{e.Capability}}
	case audit.KindNetwork:
		return network(e, words(mask, socketAccess...))
	case audit.KindUnix:
		return rule.Unix{Access: words(mask, socketAccess...), Type: e.Net.SockType, Addr: notNone(e.Net.Addr), PeerAddr: notNone(e.Net.PeerAddr), PeerLabel: e.Peer}
	case audit.KindSignal:
		return rule.Signal{Access: words(mask, "send", "receive"), Set: one(e.Signal), Peer: e.Peer}
	case audit.KindPtrace:
		return rule.Ptrace{Access: plainWords(mask, "trace", "read", "tracedby", "readby"), Peer: e.Peer}
	case audit.KindDBus:
		return dbus(e, words(mask, "send", "receive", "bind", "eavesdrop"))
	case audit.KindMount, audit.KindRemount, audit.KindUmount:
		return mount(kind, e)
	case audit.KindPivotRoot:
		return rule.PivotRoot{OldRoot: e.Mount.Source, NewRoot: e.Name, Target: e.Mount.Trans}
	case audit.KindRlimit:
		return rule.Rlimit{Name: e.Rlimit, Value: e.RlimitTo}
	case audit.KindMqueue:
		return rule.Mqueue{Access: plainWords(mask, "create", "open", "read", "write", "delete", "getattr", "setattr"), Type: strings.TrimSuffix(e.Class, "_mqueue"), Name: e.Name}
	case audit.KindIoUring:
		return rule.IoUring{Access: plainWords(mask, "sqpoll", "override_creds"), Label: e.Peer}
	case audit.KindUserns:
		return rule.Userns{Access: []string{"create"}}
	case audit.KindChangeProfile:
		return rule.ChangeProfile{Target: nonEmpty(e.Target, e.Name)}
	}
	return nil
}

// plainWords is words for kinds whose rules and records have the same words.
func plainWords(mask string, known ...string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(mask, func(r rune) bool { return r == ' ' || r == ',' }) {
		if slices.Contains(known, w) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out
}

func one(s string) []string {
	if !word.MatchString(s) {
		return nil
	}
	return []string{s}
}

func notNone(addr string) string {
	if addr == "none" {
		return ""
	}
	return addr
}

// local are the accesses of a socket by itself, which no peer belongs to
// (apparmor.d(5), network rules).
var local = []string{"create", "bind", "listen", "getattr", "setattr", "getopt", "setopt", "shutdown"}

func network(e *audit.Event, access []string) rule.Body {
	n := rule.Network{Access: access, Family: e.Net.Family, Type: e.Net.SockType}
	n.Local = endpoint(e.Net.LocalIP, e.Net.LocalPort)
	if !slices.ContainsFunc(access, func(a string) bool { return slices.Contains(local, a) }) {
		n.Peer = endpoint(e.Net.PeerIP, e.Net.PeerPort)
	}
	return n
}

func endpoint(ip string, port int) rule.Endpoint {
	out := rule.Endpoint{IP: ip}
	if port != 0 {
		out.Port = itoa(port)
	}
	return out
}

func dbus(e *audit.Event, access []string) rule.Body {
	d := rule.DBus{Access: access, Bus: e.DBus.Bus}
	switch {
	case slices.Contains(access, "bind"):
		d.Name = e.Name
	case slices.Contains(access, "eavesdrop"):
	default:
		d.Path, d.Interface, d.Member = e.DBus.Path, e.DBus.Interface, e.DBus.Member
		d.PeerName, d.PeerLabel = e.Name, e.Peer
	}
	return d
}

func mount(kind audit.Kind, e *audit.Event) rule.Body {
	m := rule.Mount{Op: rule.Kind(kind), Target: e.Name}
	if kind == audit.KindUmount {
		return m
	}
	var options []string
	for _, flag := range strings.Split(e.Mount.Flags, ",") {
		flag = strings.TrimSpace(flag)
		if flag != "" && feature.MountOptions().Has(flag) && (flag != "remount" || kind != audit.KindRemount) {
			options = append(options, flag)
		}
	}
	if len(options) > 0 {
		m.Options = []rule.MountCondition{{Values: options}}
	}
	if kind == audit.KindMount {
		m.Source = e.Mount.Source
		if e.Mount.Fstype != "" {
			m.Fstype = []rule.MountCondition{{Values: []string{e.Mount.Fstype}}}
		}
	}
	return m
}
