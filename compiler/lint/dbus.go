package lint

import (
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadDBus = &Rule{
	Name:     "broad-dbus",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "it may talk to every service on a bus",
	Why: "On the system bus systemd starts programs, udisks mounts and polkit decides: they ask who the caller's user is, not which profile it has. " +
		"A service that may send anything to anybody reaches all of them.",
	Instead:  "Name whom it talks to: peer_name, interface or path.",
	InText:   "Name whom it talks to, as in `dbus send bus=system peer=(name=org.freedesktop.Avahi),`.",
	BadText:  `  dbus bus=system,`,
	GoodText: `  dbus send bus=system path=/org/freedesktop/DBus peer=(name=org.freedesktop.DBus),`,
	check:    func(c *context) { c.eachMessage(rule.KindDBus, sendsAnything) },
}

// sendsAnything tells that a rule lets messages go to everybody, or all
// messages be overheard.
func sendsAnything(c *context, m message) string {
	b := m.by.Body.(rule.DBus)
	bus := "every bus"
	if b.Bus != "" {
		bus = "the " + b.Bus + " bus"
	}
	switch {
	case len(b.Access) > 0 && lists(b.Access, "eavesdrop"):
		return "it overhears all messages on " + bus + "."
	case !lists(b.Access, "send"):
		return ""
	}
	const systemd = "org.freedesktop.systemd1"
	switch {
	case b.Bus != "session" && c.labels(b.PeerName, systemd) && b.PeerName != "" && c.unsaid(b.Interface, systemd+".Manager") && c.unsaid(b.Member, "StartTransientUnit"):
		return "it may ask systemd to start any program, unconfined."
	case b.Name == "" && c.unsaid(b.PeerName, "org.qz7") && c.unsaid(b.PeerLabel, strange) && c.unsaid(b.Interface, "org.qz7") && c.unsaid(b.Path, "/org/qz7") && c.unsaid(b.Member, "Qz7"):
		return "it names neither peer nor interface, so it may send anything to anybody on " + bus + "."
	}
	return ""
}

// unsaid says whether a condition leaves open what it is about: whether it is
// not there, or holds for a value that nobody names.
func (c *context) unsaid(condition, value string) bool { return c.labels(condition, value) }
