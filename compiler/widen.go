package compiler

import (
	"fmt"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/compiler/optimize"
	"apc/lang/diag"
	"apc/lang/policy"
)

// requests holds, by the name of a profile, the widenings that its body asks
// for.
type requests map[string]policy.Optimize

// widenable finds what the body behind each profile of m asks for.
func widenable(s *policy.Service, m *ir.Module) requests {
	byPlace := map[string]policy.Optimize{}
	collectRequests(s.Body, byPlace)
	out := requests{m.Profile.Name: s.Body.Optimize}
	for _, c := range m.Profile.Children {
		if o, ok := byPlace[place(c.Origin.Range, len(c.Origin.Via), func(i int) ir.Use { return c.Origin.Via[i] })]; ok {
			out[c.Name] = o
		}
	}
	return out
}

// collectRequests notes what the bodies of children and hats ask for, by their
// places.
func collectRequests(b policy.Body, byPlace map[string]policy.Optimize) {
	for _, s := range b.Statements {
		var inner policy.Body
		switch s := s.(type) {
		case *policy.Run:
			inner = s.Body
		case *policy.Hat:
			inner = s.Body
		default:
			continue
		}
		w := s.Place()
		byPlace[place(w.Range, len(w.Via), func(i int) ir.Use { return ir.Use(w.Via[i]) })] = inner.Optimize
		collectRequests(inner, byPlace)
	}
}

// place spells the range of a block and the n uses of modules it came through.
func place(at diag.Range, n int, use func(int) ir.Use) string {
	words := []string{at.String()}
	for i := range n {
		words = append(words, use(i).Range.String())
	}
	return strings.Join(words, " ")
}

// directory returns a path that the policy names, as that of a directory.
func directory(path string) string { return strings.TrimSuffix(path, "/") + "/" }

// wishes returns the requests as the passes take them.
func (r requests) wishes() optimize.Wishes {
	out := optimize.Wishes{}
	for name, o := range r {
		if len(o.Collapse) == 0 && o.Threshold == 0 {
			continue
		}
		w := optimize.Wish{Threshold: o.Threshold}
		for _, c := range o.Collapse {
			w.Collapse = append(w.Collapse, directory(c.Text))
		}
		out[name] = w
	}
	return out
}

// report lists every widening, and the named directories that gave none.
func (r requests) report(widenings []optimize.Widening) diag.List {
	var diags diag.List
	for _, w := range widenings {
		diags = append(diags, r.widened(w))
	}
	for _, o := range r {
		for _, c := range o.Collapse {
			if !slices.ContainsFunc(widenings, func(w optimize.Widening) bool { return w.Dir == directory(c.Text) }) {
				d := diag.Errorf(c.Range, "not-collapsed", "nothing is collapsed here",
					"Only rules on at least two single files directly in %s, with equal permissions and qualifiers, can become one; rules that deny or have a transition cannot, nor those of a directory that has a secret.", directory(c.Text))
				d.Severity = diag.Note
				diags = append(diags, d)
			}
		}
	}
	return diags.Sorted()
}

// maxSources is how many of the rules behind a widening a note lists.
const maxSources = 8

// widened tells of one widening at the first line that asked for one of its
// rules.
func (r requests) widened(w optimize.Widening) diag.Diagnostic {
	o := r[w.Profile]
	why := fmt.Sprintf("The profile has %d such rules on files of %s, and its threshold is %d.", len(w.From), w.Dir, o.Threshold)
	if w.Named {
		why = "The policy lets " + w.Dir + " be collapsed."
	}
	adds := "It adds nothing that other rules do not grant."
	if len(w.Adds) > 0 {
		adds = "It adds, among others: " + strings.Join(w.Adds, "; ") + "."
	}
	d := diag.Errorf(w.From[0].Origins[0].Subject(), "widened", fmt.Sprintf("%d rules became `%s`", len(w.From), w.Rule),
		"%s %s", why, adds)
	d.Severity = diag.Note
	for i, from := range w.From {
		if i == maxSources {
			break
		}
		d.Related = append(d.Related, diag.Related{Range: from.Origins[0].Range, Message: from.String()})
	}
	for _, c := range o.Collapse {
		if w.Named && directory(c.Text) == w.Dir {
			d.Related = append(d.Related, diag.Related{Range: c.Range, Message: "asked for here"})
		}
	}
	return d
}

// Widened returns the module with the rules that widenings list added to its
// profiles: it grants what a pass that widened them and nothing else may grant.
func Widened(m *ir.Module, widenings []optimize.Widening) *ir.Module {
	if len(widenings) == 0 {
		return m
	}
	return m.Map(func(p *ir.Profile) []ir.Rule {
		rules := slices.Clone(p.Rules)
		for _, w := range widenings {
			if w.Profile == p.Name {
				rules = append(rules, w.Rule)
			}
		}
		return rules
	})
}
