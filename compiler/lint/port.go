package lint

import (
	"slices"
	"strconv"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var privilegedPort = &Rule{
	Name:     "privileged-port",
	Group:    Habit,
	Severity: diag.Warning,
	Summary:  "a port below 1024 without the capability to bind it",
	Why: "Binding a port below 1024 takes CAP_NET_BIND_SERVICE, which the profile withholds from root too. The service ends at its start with a permission " +
		"denied that names no file.",
	Instead: "Add the capability net_bind_service, or accept the finding where systemd passes the socket on.",
	Bad: `listen "http" {
  port = 80
}`,
	Good: `capabilities = ["net_bind_service"]
listen "http" {
  port = 80
}`,
	check: checkPrivilegedPort,
}

// checkPrivilegedPort looks at rules as they were stated, since most targets
// hold no ports. Runtimes let containers bind any port.
func checkPrivilegedPort(c *context) {
	if c.Service != nil && c.Service.Container || c.mayBind() {
		return
	}
	told := map[diag.Range]bool{}
	for _, r := range c.asked() {
		n, ok := r.Body.(rule.Network)
		if !ok || r.Action == rule.Deny || !lowPort(n.Local.Port) || len(n.Access) > 0 && !slices.Contains(n.Access, "bind") {
			continue
		}
		if at := r.Origins[0].Range; !told[at] {
			told[at] = true
			c.report(r, "port "+n.Local.Port+" needs it.")
		}
	}
}

// mayBind says whether the profile has the capability, through includes too.
func (c *context) mayBind() bool {
	found := false
	c.everyRule(func(r ir.Rule, _ bool) {
		if b, ok := r.Body.(rule.Capability); ok && r.Action != rule.Deny {
			found = found || len(b.Names) == 0 || slices.Contains(b.Names, "net_bind_service")
		}
	})
	return found
}

// lowPort says whether a port, or the first of a range, takes the capability.
func lowPort(port string) bool {
	first, _, _ := strings.Cut(port, "-")
	n, err := strconv.Atoi(first)
	return err == nil && n > 0 && n < 1024
}
