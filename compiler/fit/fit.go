// Package fit makes a module fit its target: rules that the target cannot hold
// are rewritten to the nearest ones that it can, and each such change is a
// loss with its sources.
//
// It may import lang/feature, lang/rule and compiler/ir.
package fit

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/feature"
	"apc/lang/rule"
)

// Pass is the name that this stage leaves in the origins of rules.
const Pass = "fit"

// Loss is one thing that a target cannot hold.
type Loss struct {
	Feature feature.Feature
	Rule    string // as the policy states it, precise
	Path    string // the path of a rule that has one, else its text
	Kept    string // the rule that takes its place, "" where none does
	Instead string // what holds on the target
	Origins []ir.Origin
}

// fitter is the state while one module is fitted.
type fitter struct {
	target *feature.Target
	losses []Loss
	base   bool // the profile at hand includes abstractions/base
}

// Module returns m as the target can hold it, and what was lost. A module
// whose policy names no abi file gets that of the target.
func Module(m *ir.Module, t *feature.Target) (*ir.Module, []Loss) {
	f := &fitter{target: t}
	out := m.Map(func(p *ir.Profile) []ir.Rule {
		f.base = slices.ContainsFunc(p.Rules, includesBase)
		var rules []ir.Rule
		for _, r := range p.Rules {
			rules = append(rules, f.rule(r)...)
		}
		return oneTarget(rules)
	})
	out.ABI = t.ABI
	for _, p := range out.Profiles() {
		p.Flags = f.flags(p)
	}
	return out, f.losses
}

func includesBase(r ir.Rule) bool {
	i, ok := r.Body.(rule.Include)
	return ok && i.Path == "abstractions/base"
}

// lose records a loss; instead says what holds, "" for what the feature table
// says.
func (f *fitter) lose(what feature.Feature, r ir.Rule, kept, instead string) {
	if instead == "" {
		info, _ := feature.Describe(what)
		instead = info.Instead
	}
	f.losses = append(f.losses, Loss{what, r.String(), r.About(), kept, instead, r.Origins})
}

// rule returns what takes the place of r: nothing, one rule or several.
func (f *fitter) rule(r ir.Rule) []ir.Rule {
	r, ok := f.qualifiers(r)
	if !ok {
		return nil
	}
	switch body := r.Body.(type) {
	case rule.Network:
		return f.network(r, body)
	case rule.Unix:
		return f.unix(r, body)
	case rule.Capability:
		return f.words(r, feature.Capabilities(), body.Names)
	case rule.Signal:
		return f.words(r, feature.Signals(), body.Set)
	case rule.Mount:
		return f.mount(r, body)
	case rule.Mqueue:
		if body.Type == "sysv" {
			return f.whole(r, feature.MqueueSysV)
		}
	}
	if what, ok := kinds[r.Kind()]; ok {
		return f.whole(r, what)
	}
	return []ir.Rule{r}
}

// kinds maps kinds of rules that a target holds as a whole or not at all.
var kinds = map[rule.Kind]feature.Feature{
	rule.KindAll: feature.All, rule.KindDBus: feature.DBus, rule.KindMqueue: feature.Mqueue, rule.KindIoUring: feature.IoUring,
	rule.KindUserns: feature.Userns, rule.KindPtrace: feature.Ptrace, rule.KindPivotRoot: feature.Mount,
}

// whole keeps a rule that can be written, and reports one that has no effect.
// A rule that the target's parser refuses is left out.
func (f *fitter) whole(r ir.Rule, what feature.Feature) []ir.Rule {
	switch f.target.Support(what) {
	case feature.Enforced:
		return []ir.Rule{r}
	case feature.WrittenNotEnforced:
		f.lose(what, r, r.String(), notEnforced(r))
		return []ir.Rule{r}
	}
	f.lose(what, r, "", notEnforced(r))
	return nil
}

// notEnforced says what holds where a rule has no effect; a deny without
// effect denies nothing.
func notEnforced(r ir.Rule) string {
	if r.Action == rule.Deny {
		return "nothing is denied"
	}
	return ""
}

// qualifiers takes away qualifiers that the target cannot write.
func (f *fitter) qualifiers(r ir.Rule) (ir.Rule, bool) {
	if r.Action == rule.Prompt {
		if s := f.target.Support(feature.Prompt); s != feature.Enforced {
			f.lose(feature.Prompt, r, "", "")
			if s == feature.NotWritable {
				return r, false
			}
		}
	}
	if r.Priority != 0 && f.target.Support(feature.Priority) != feature.Enforced {
		f.lose(feature.Priority, r, "", "the rule has the same priority as all others")
		changed := r.Rule
		changed.Priority = 0
		return ir.Changed(Pass, changed, r), true
	}
	return r, true
}

// words keeps a rule whose words the target knows.
func (f *fitter) words(r ir.Rule, known feature.Vocabulary, used []string) []ir.Rule {
	for _, w := range used {
		word, ok := known.Find(w)
		if !ok || word.Needs == "" {
			continue
		}
		switch s := f.target.Support(word.Needs); {
		case s == feature.NotWritable, s == feature.WrittenNotEnforced && word.Needs == feature.Capability:
			// The parser would write another, mightier capability.
			f.lose(word.Needs, r, "", "the rule is left out")
			return nil
		case s == feature.WrittenNotEnforced:
			f.lose(word.Needs, r, r.String(), "")
		}
	}
	return []ir.Rule{r}
}

func (f *fitter) mount(r ir.Rule, m rule.Mount) []ir.Rule {
	for _, c := range m.Options {
		if len(f.words(r, feature.MountOptions(), c.Values)) == 0 {
			return nil
		}
	}
	return f.whole(r, feature.Mount)
}

// network rewrites a network rule: conditions that the target does not enforce
// go, which widens an allow. A deny would deny too much without them, and is
// left out.
func (f *fitter) network(r ir.Rule, n rule.Network) []ir.Rule {
	coarse, lost := n, []feature.Feature{}
	drop := func(what feature.Feature, present bool, clear func()) {
		if present && f.target.Support(what) != feature.Enforced {
			lost = append(lost, what)
			clear()
		}
	}
	ranged := strings.Contains(n.Local.Port+n.Peer.Port, "-")
	addressed := n.Local != rule.Endpoint{} || n.Peer != rule.Endpoint{}
	anywhere := func() { coarse.Local, coarse.Peer = rule.Endpoint{}, rule.Endpoint{} }
	drop(feature.Port, addressed, anywhere)
	drop(feature.PortRange, ranged && len(lost) == 0, anywhere)
	drop(feature.Interface, n.Interface != "", func() { coarse.Interface = "" })
	drop(feature.NetworkAccess, len(n.Access) > 0, func() { coarse.Access = nil })
	if len(lost) > 0 && r.Action == rule.Deny {
		f.loseAll(lost, r, "", "nothing is denied")
		return nil
	}
	changed := r.Rule
	changed.Body = coarse
	f.loseAll(lost, r, changed.String(), "")
	out := []ir.Rule{ir.Changed(Pass, changed, r)}
	if addressed && len(n.Access) == 0 && len(lost) == 0 && r.Action == rule.Allow {
		bare := changed
		bare.Body = rule.Network{Access: rule.SocketSetup(), Family: n.Family, Type: n.Type, Protocol: n.Protocol}
		out = append(out, ir.Changed(Pass, bare, r))
	}
	return out
}

func (f *fitter) loseAll(lost []feature.Feature, r ir.Rule, kept, instead string) {
	for _, what := range lost {
		f.lose(what, r, kept, instead)
	}
}

// unix writes a unix rule as `network unix` where the target knows no finer.
func (f *fitter) unix(r ir.Rule, u rule.Unix) []ir.Rule {
	if f.target.Support(feature.Unix) == feature.Enforced {
		return []ir.Rule{r}
	}
	coarse := rule.Network{Family: "unix", Type: u.Type}
	addressed := u.Addr+u.Label+u.Attr+u.Opt+u.PeerAddr+u.PeerLabel != ""
	precise := len(u.Access) > 0 || addressed
	if r.Action == rule.Deny && precise {
		f.lose(feature.UnixDeny, r, "", "nothing is denied")
		return nil
	}
	changed := r.Rule
	changed.Body = coarse
	// The unix rules of abstractions/base come out as coarse, so that beside
	// it a rule without an address grants nothing more.
	if addressed || precise && !f.base {
		f.lose(feature.Unix, r, changed.String(), "")
	}
	return []ir.Rule{ir.Changed(Pass, changed, r)}
}

// flags keeps the profile flags that the target can write.
func (f *fitter) flags(p *ir.Profile) []string {
	var out []string
	known := feature.ProfileFlags()
	for _, flag := range p.Flags {
		name := flag
		if i := strings.IndexByte(flag, '='); i >= 0 {
			name = flag[:i+1]
		}
		if w, ok := known.Find(name); ok && w.Needs != "" && f.target.Support(w.Needs) != feature.Enforced {
			f.losses = append(f.losses, Loss{w.Needs, "flags=(" + flag + ")", flag, "", "the flag is left out", []ir.Origin{p.Origin}})
			continue
		}
		out = append(out, flag)
	}
	return out
}
