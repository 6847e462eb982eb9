package lint

import (
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadUnix = &Rule{
	Name:     "broad-unix",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "it may connect to every abstract socket",
	Why: "Abstract sockets have no file and so no owner: X servers, session buses and the helpers of container runtimes listen on them, and only " +
		"this rule stands before them.",
	Instead:  "Name the address or the peer, as in socket \"@app\" {}.",
	InText:   "Name the address or the peer, as in `unix (connect, send, receive) type=stream peer=(label=worker),`.",
	BadText:  `  unix,`,
	GoodText: `  unix (connect, send, receive) type=stream peer=(addr="@app"),`,
	check:    func(c *context) { c.eachMessage(rule.KindUnix, connectsAnywhere) },
}

// connectsAnywhere tells that a rule lets every socket be connected to.
func connectsAnywhere(c *context, m message) string {
	b := m.by.Body.(rule.Unix)
	if !lists(b.Access, "connect") || b.Addr != "" || b.Label != "" || !c.labels(b.PeerLabel, strange) {
		return ""
	}
	switch b.PeerAddr {
	case "", "@*", "@**":
		return "it names neither address nor peer."
	}
	return ""
}
