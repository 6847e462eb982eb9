package lint

import (
	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadSignal = &Rule{
	Name:     "broad-signal",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "it may signal every process",
	Why:      "A service that may send any signal to anybody can end whatever its user runs; as root that is the machine.",
	Instead:  "Name the peer, as in signal { access = [\"send\"], peer = \"worker\" }.",
	InText:   "Name the peer, as in `signal send set=(term, kill) peer=worker,`.",
	BadText:  `  signal (send),`,
	GoodText: `  signal (send) set=(term) peer=app//worker,`,
	check:    func(c *context) { c.eachMessage(rule.KindSignal, signalsAnybody) },
}

// signalsAnybody tells that a rule lets signals be sent to every profile, or to
// all that is unconfined.
func signalsAnybody(c *context, m message) string {
	b := m.by.Body.(rule.Signal)
	if !lists(b.Access, "send") || len(b.Set) == 1 && b.Set[0] == "exists" {
		return ""
	}
	switch {
	case c.labels(b.Peer, strange):
		return "it names no peer."
	case c.labels(b.Peer, "unconfined") && len(b.Set) == 0:
		return "it may end whatever runs unconfined."
	}
	return ""
}

var unstoppable = &Rule{
	Name:     "unstoppable",
	Group:    Escape,
	Severity: diag.Warning,
	Summary:  "nobody may signal the service",
	Why: "A signal needs a rule on both sides. Where the profile takes none from unconfined processes, systemd cannot stop the service: " +
		"`systemctl stop` hangs until it gives up, and so does a shutdown.",
	Instead: "Remove the deny, or write signal { access = [\"receive\"], peer = \"unconfined\" }.",
	InText:  "Write `signal (receive) peer=unconfined,`, or `include <abstractions/base>`, which has it.",
	BadText: `profile app /usr/bin/app {
  /usr/bin/app mr,
}`,
	GoodText: `profile app /usr/bin/app {
  /usr/bin/app mr,
  signal (receive) peer=unconfined,
}`,
	check: checkStoppable,
}

// checkStoppable reports a profile that takes no signal that ends it. Hats do
// not last, and what an include that was not read brings is not known.
func checkStoppable(c *context) {
	if c.profile.Hat || c.hasUnread() || c.takesAll() {
		return
	}
	for _, m := range c.messages(rule.KindSignal) {
		b := m.by.Body.(rule.Signal)
		if lists(b.Access, "receive") && (lists(b.Set, "term") || lists(b.Set, "kill")) && c.labels(b.Peer, "unconfined") {
			return
		}
	}
	c.reportProfile("no rule lets it receive a signal from what is unconfined.")
}

// hasUnread says whether the profile has includes that were not read.
func (c *context) hasUnread() bool {
	found := false
	c.everyRule(func(r ir.Rule, _ bool) {
		if b, ok := r.Body.(rule.Include); ok && (r.Unread || c.Module.Base == "" && !b.IfExists) {
			found = true
		}
	})
	return found
}

// takesAll says whether the profile has the rule `all,`.
func (c *context) takesAll() bool { return len(c.messages(rule.KindAll)) > 0 }
