package lint

import (
	"fmt"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/rule"
)

var notHeld = &Rule{
	Name:     "not-held",
	Group:    Dead,
	Severity: diag.Note,
	Summary:  "the target does not hold what a rule asks for",
	Why: "The kernel or the parser of the target knows no such rule, or not all of it. What is written in its place grants more, or denies less, than the " +
		"policy says. `apc build` shows what.",
	Instead: "Accept the loss with an ignore that has its name and a reason, or build for a target that holds it.",
	Bad: `listen "http" {
  port = 8080
}`,
	Good: `listen "http" {
  port = 8080
}
ignore "loss-port" {
  reason = "the firewall of the host keeps other ports closed"
}`,
	check: checkHeld,
}

// checkHeld tells each feature that the target lacks once, at the first rule of
// the policy that needs it and whose loss the policy does not accept.
func checkHeld(c *context) {
	if c.Target == nil {
		return
	}
	first := map[feature.Feature]ir.Rule{}
	count := map[feature.Feature]int{}
	var order []feature.Feature
	for _, r := range c.asked() {
		what, ok := c.lost(r)
		if !ok || !stated(r) {
			continue
		}
		if count[what]++; count[what] == 1 {
			first[what], order = r, append(order, what)
		}
	}
	for _, what := range order {
		info, _ := feature.Describe(what)
		more := ""
		if n := count[what] - 1; n > 0 {
			more = fmt.Sprintf("; %d more ask for it", n)
		}
		c.report(first[what], c.Target.Name+" does not hold "+info.Doc+more+". The loss is called "+string(what)+".")
	}
}

// lost returns a feature that a rule needs, that the target does not enforce, and
// whose loss nothing accepts.
func (c *context) lost(r ir.Rule) (feature.Feature, bool) {
	for _, what := range needed(r.Rule) {
		accepted := slices.ContainsFunc(c.Module.Ignores, func(i ir.Ignore) bool { return i.Accepts(string(what), r.About(), r.Origins, c.opts.Today) })
		if c.Target.Support(what) != feature.Enforced && !accepted {
			return what, true
		}
	}
	return "", false
}

// kindFeatures are the features that rules of a kind need.
var kindFeatures = map[rule.Kind]feature.Feature{
	rule.KindAll: feature.All, rule.KindDBus: feature.DBus, rule.KindMqueue: feature.Mqueue, rule.KindIoUring: feature.IoUring, rule.KindUserns: feature.Userns,
	rule.KindSignal: feature.Signal, rule.KindPtrace: feature.Ptrace, rule.KindMount: feature.Mount, rule.KindRemount: feature.Mount,
	rule.KindUmount: feature.Mount, rule.KindPivotRoot: feature.Mount, rule.KindNetwork: feature.Network,
}

// needed returns the features that a rule needs.
func needed(r rule.Rule) []feature.Feature {
	var out []feature.Feature
	if what, ok := kindFeatures[r.Kind()]; ok {
		out = append(out, what)
	}
	if r.Priority != 0 {
		out = append(out, feature.Priority)
	}
	if r.Action == rule.Prompt {
		out = append(out, feature.Prompt)
	}
	switch b := r.Body.(type) {
	case rule.Capability:
		out = append(out, wordFeatures(feature.Capabilities(), b.Names)...)
	case rule.Network:
		out = append(out, networkFeatures(b)...)
	case rule.Unix:
		if b.Addr+b.Label+b.Attr+b.Opt+b.PeerAddr+b.PeerLabel != "" {
			out = append(out, feature.Unix)
		}
	}
	return out
}

func networkFeatures(n rule.Network) []feature.Feature {
	var out []feature.Feature
	if len(n.Access) > 0 {
		out = append(out, feature.NetworkAccess)
	}
	if n.Interface != "" {
		out = append(out, feature.Interface)
	}
	if n.Local != (rule.Endpoint{}) || n.Peer != (rule.Endpoint{}) {
		out = append(out, feature.Port)
	}
	if strings.Contains(n.Local.Port+n.Peer.Port, "-") {
		out = append(out, feature.PortRange)
	}
	return out
}

// wordFeatures returns the features that words of a vocabulary need.
func wordFeatures(v feature.Vocabulary, words []string) []feature.Feature {
	var out []feature.Feature
	for _, w := range words {
		if known, ok := v.Find(w); ok && known.Needs != "" {
			out = append(out, known.Needs)
		}
	}
	return out
}
