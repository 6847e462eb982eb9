package lint

import (
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

var traceOthers = &Rule{
	Name:     "trace-others",
	Group:    Escape,
	Severity: diag.Error,
	Summary:  "it may take other processes over",
	Why: "Who traces a process reads and writes its memory and makes it run what it likes, under that process's profile or under none. " +
		"A process of the service itself is the only one that it may trace without leaving its bounds.",
	Instead:  "Remove it, or name itself as the peer: peer = \"NAME\".",
	InText:   "Remove it, or name itself as the peer: `ptrace (trace) peer=@{profile_name},`.",
	BadText:  `  ptrace (trace),`,
	GoodText: `  ptrace (trace) peer=@{profile_name},`,
	check:    func(c *context) { c.eachMessage(rule.KindPtrace, tracesOthers) },
}

var broadPtrace = &Rule{
	Name:     "broad-ptrace",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "it may look into every process",
	Why:      "With ptrace read a process's environment, open files and memory map can be read in /proc, for whatever user's processes the service may.",
	Instead:  "Name the peer, as in ptrace { access = [\"read\"], peer = \"worker\" }.",
	InText:   "Name the peer, as in `ptrace (read) peer=worker,`.",
	BadText:  `  ptrace (read),`,
	GoodText: `  ptrace (read) peer=app//worker,`,
	check:    func(c *context) { c.eachMessage(rule.KindPtrace, readsProcesses) },
}

// tracesOthers tells whom else than itself and its own children a rule lets the
// program trace.
func tracesOthers(c *context, m message) string {
	b := m.by.Body.(rule.Ptrace)
	if !lists(b.Access, "trace") {
		return ""
	}
	switch {
	case c.labels(b.Peer, strange):
		return "it names no peer, so it may trace every process."
	case c.labels(b.Peer, "unconfined"):
		return "it may trace whatever runs unconfined."
	case !c.ownLabel(b.Peer):
		return "it may trace " + b.Peer + "."
	}
	return ""
}

// ownLabel says whether a label is the service's own profile, a child or a hat
// of it.
func (c *context) ownLabel(peer string) bool {
	g, ok := c.labelGlob(peer)
	if !ok {
		return true // nobody knows
	}
	own := c.Module.Profile.Name
	text := g.String()
	return text == own || strings.HasPrefix(text, own+"//") || g.Match(own) && !strings.ContainsAny(text, "*?[{")
}

// readsProcesses tells that a rule lets every process be read.
func readsProcesses(c *context, m message) string {
	b := m.by.Body.(rule.Ptrace)
	if !lists(b.Access, "read") || tracesOthers(c, m) != "" || !c.labels(b.Peer, strange) {
		return ""
	}
	return "it names no peer."
}
