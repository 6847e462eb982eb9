package rule

import "slices"

// Normal returns the rule with its lists of words in one order, each word
// once: two rules that differ in that alone have the same normal form.
func (r Rule) Normal() Rule {
	switch b := r.Body.(type) {
	case Capability:
		b.Names = sorted(b.Names)
		r.Body = b
	case Signal:
		b.Access, b.Set = ordered(b.Access, "send", "receive"), sorted(b.Set)
		r.Body = b
	case Ptrace:
		b.Access = ordered(b.Access, "trace", "read", "tracedby", "readby")
		r.Body = b
	case DBus:
		b.Access = ordered(b.Access, "send", "receive", "bind", "eavesdrop")
		r.Body = b
	case Unix:
		b.Access = sorted(b.Access)
		r.Body = b
	case Network:
		b.Access = sorted(b.Access)
		r.Body = b
	case Mqueue:
		b.Access = sorted(b.Access)
		r.Body = b
	case Mount:
		b.Fstype, b.Options = normalConditions(b.Fstype), normalConditions(b.Options)
		r.Body = b
	}
	return r
}

func normalConditions(list []MountCondition) []MountCondition {
	var out []MountCondition
	for _, c := range list {
		c.Values = sorted(c.Values)
		out = append(out, c)
	}
	return out
}

// sorted returns the words sorted, each once.
func sorted(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}

// ordered returns the words in the given order, each once.
func ordered(words []string, order ...string) []string {
	var out []string
	for _, w := range order {
		if slices.Contains(words, w) {
			out = append(out, w)
		}
	}
	return out
}
