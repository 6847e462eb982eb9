package profile

import "apc/lang/rule"

// group holds the qualifiers of the blocks around a statement, from the
// outermost in.
type group []rule.Qualifiers

// within returns the group of what a block in this one holds.
func (g group) within(q rule.Qualifiers) group { return append(g[:len(g):len(g)], q) }

// keeps says whether the parser keeps rules of a kind that stand in blocks of
// qualifiers (parser_yacc.y: rules opt_prefix block).
func (g group) keeps(k rule.Kind) bool {
	return len(g) == 0 || k == rule.KindFile || k == rule.KindLink || k == rule.KindChangeProfile
}

// applied returns what a rule says in the blocks around it. A block owns the
// action and the priority of all that it holds, so the rule's own are lost: to
// parsers from 4.1 on, { deny /a r, } is audit /a r. Compiled policies say so.
func (g group) applied(r rule.Rule) rule.Rule {
	for i := len(g) - 1; i >= 0; i-- {
		q := g[i]
		// Before a deny, audit is the absence of a bit that the block adds to.
		bit := r.Audit != (r.Action == rule.Deny)
		r.Audit = q.Audit || bit
		if q.Action == rule.Deny {
			r.Audit = q.Audit && !bit
		}
		r.Action, r.Priority = q.Action, q.Priority
		if r.Kind() == rule.KindFile || r.Kind() == rule.KindLink {
			r.Owner, r.Other = r.Owner || q.Owner, r.Other || q.Other
		}
	}
	return r
}

// loses names the qualifier that a rule or a block around it has and that does
// not hold in the blocks around that, or "".
func (g group) loses(r rule.Rule) string {
	said, audit := r.Action, r.Audit
	for i := len(g) - 1; i >= 0; i-- {
		if said == rule.Allow {
			said = g[i].Action
		}
		audit = audit || g[i].Audit
	}
	holds := g.applied(r)
	switch {
	case said == rule.Deny && holds.Action != said:
		return "deny"
	case said == rule.Prompt && holds.Action != said:
		return "prompt"
	case r.Priority != holds.Priority:
		return "priority"
	case audit && !holds.Audit:
		return "audit"
	}
	return ""
}
