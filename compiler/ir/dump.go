package ir

import (
	"fmt"
	"strings"
)

// Dump spells a module for people, with the origins behind each rule. File
// names are cut to their base, so that a dump is the same on every machine.
func Dump(m *Module) string {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s (%s) -> %s, %s\n", m.Service, m.Policy, m.File, m.ABI)
	for _, v := range m.Variables {
		fmt.Fprintf(&b, "variable %s = %s  # %s\n", v.Name, strings.Join(v.Values, " "), v.Origin.Short())
	}
	for _, a := range m.Aliases {
		fmt.Fprintf(&b, "alias %s -> %s  # %s\n", a.From, a.To, a.Origin.Short())
	}
	for _, p := range m.Profiles() {
		fmt.Fprintf(&b, "profile %s", m.FullName(p))
		if p.Attachment != "" {
			fmt.Fprintf(&b, " at %s", p.Attachment)
		}
		if len(p.Flags) > 0 {
			fmt.Fprintf(&b, " flags %s", strings.Join(p.Flags, " "))
		}
		fmt.Fprintf(&b, "  # %s\n", p.Origin.Short())
		for _, r := range p.Rules {
			fmt.Fprintf(&b, "  %s  # %s\n", r, r.Short())
		}
	}
	return b.String()
}

// Short names all origins of a rule on one line.
func (r Rule) Short() string {
	parts := make([]string, len(r.Origins))
	for i, o := range r.Origins {
		parts[i] = o.Short()
	}
	return strings.Join(parts, "; ")
}

// Short spells an origin on one line: intent, place, modules, reason, passes.
func (o Origin) Short() string {
	s := o.Intent
	if place := o.Place(); place != "" {
		s += " " + place
	}
	for _, u := range o.Via {
		s += " via " + u.Module
		if u.Reason != "" {
			s += " (" + u.Reason + ")"
		}
	}
	if len(o.Passes) > 0 {
		s += " [" + strings.Join(o.Passes, ", ") + "]"
	}
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	return s
}

// Place is the base name of the file and the line, or "".
func (o Origin) Place() string {
	if o.Range.Start.Line == 0 {
		return ""
	}
	file := o.Range.File[strings.LastIndexByte(o.Range.File, '/')+1:]
	return fmt.Sprintf("%s:%d", file, o.Range.Start.Line)
}
