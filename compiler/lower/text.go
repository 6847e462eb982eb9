package lower

import (
	"apc/compiler/ir"
	"apc/lang/profile"
)

// Included lowers what a profile text says, with the origin "include".
func Included(said []profile.Said) []ir.Rule {
	out := make([]ir.Rule, len(said))
	for i, s := range said {
		out[i] = ir.Rule{
			Rule:     s.Rule,
			Origins:  []ir.Origin{{Range: s.Range, Intent: "include"}},
			Included: Included(s.Below),
		}
	}
	return out
}
