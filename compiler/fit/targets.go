package fit

import (
	"cmp"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// oneTarget makes change_profile rules that differ in the target alone one rule
// on an alternation of the targets: of several such rules parser 5.0.2 may keep
// one and drop the others without a word. Older parsers compile both forms to
// the same policy, so that all targets get this one.
func oneTarget(rules []ir.Rule) []ir.Rule {
	groups := map[rule.Rule][]int{}
	for i, r := range rules {
		if c, ok := r.Body.(rule.ChangeProfile); ok {
			key := withTarget(r.Rule, c, "")
			groups[key] = append(groups[key], i)
		}
	}
	out := slices.Clone(rules)
	var gone []int
	for _, same := range groups {
		if len(same) > 1 {
			out[same[0]] = joined(rules, same)
			gone = append(gone, same[1:]...)
		}
	}
	slices.Sort(gone)
	for _, i := range slices.Backward(gone) {
		out = slices.Delete(out, i, i+1)
	}
	return out
}

// withTarget returns a rule on another target. Without a mode it is "safe".
func withTarget(r rule.Rule, c rule.ChangeProfile, target string) rule.Rule {
	c.Mode, c.Target = cmp.Or(c.Mode, "safe"), target
	r.Body = c
	return r
}

// joined returns one rule for those of some change_profile rules that differ in
// the target alone. One without a target has all of the others.
func joined(rules []ir.Rule, same []int) ir.Rule {
	var from []ir.Rule
	var targets []string
	anywhere := false
	for _, i := range same {
		target := rules[i].Body.(rule.ChangeProfile).Target
		anywhere = anywhere || target == ""
		from = append(from, rules[i])
		targets = append(targets, branch(target))
	}
	slices.Sort(targets)
	body := from[0].Body.(rule.ChangeProfile)
	switch targets = slices.Compact(targets); {
	case anywhere:
		body.Target = ""
	case len(targets) > 1:
		body.Target = "{" + strings.Join(targets, ",") + "}"
	}
	return ir.Join(Pass, rule.Rule{Qualifiers: from[0].Qualifiers, Body: body}, from...)
}

// branch spells a pattern as a branch of an alternation: a comma that parted
// nothing before is escaped, but for one in a class, where it parts nothing
// either.
func branch(pattern string) string {
	var b strings.Builder
	depth, class := 0, false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			b.WriteByte(c)
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ',' && depth == 0:
			b.WriteByte('\\')
		}
		b.WriteByte(pattern[i])
	}
	return b.String()
}
