package compiler

import (
	"fmt"
	"slices"

	"apc/compiler/emit/apparmor"
	"apc/compiler/ir"
	"apc/lang/compiled"
	"apc/lang/rule"
)

// Proof holds the texts whose compiled policies show what the passes did. None
// of them has the administrator's rules, which are not known here and stand in
// all of them alike.
type Proof struct {
	Before string // before the passes
	// Expected is Before with the rules that were listed as widenings, and with
	// the optional files of abstractions that took the place of rules.
	Expected string
	After    string // after the passes; must grant what Expected does
}

// Proof returns what there is to prove about the passes.
func (out *Output) Proof() Proof {
	return Proof{
		Before:   textToProve(withoutLocal(out.Fitted)),
		Expected: textToProve(withOptional(Widened(withoutLocal(out.Fitted), out.Widenings), out.Substitutions)),
		After:    textToProve(withoutLocal(out.Module)),
	}
}

func textToProve(m *ir.Module) string { return apparmor.Emit(m, false).Text }

// withoutLocal returns a module without the includes of the administrator's
// rules.
func withoutLocal(m *ir.Module) *ir.Module {
	return m.Map(func(p *ir.Profile) []ir.Rule {
		return slices.DeleteFunc(slices.Clone(p.Rules), func(r ir.Rule) bool {
			i, ok := r.Body.(rule.Include)
			return ok && i.IfExists
		})
	})
}

// Compare compares two compiled policies of the same profiles, and returns in
// words what the second grants or records in another way than the first. The
// error is for what is no policy, and for one too complex to compare.
func Compare(expected, after []byte) ([]string, error) {
	a, err := compiled.Read(expected)
	if err != nil {
		return nil, err
	}
	b, err := compiled.Read(after)
	if err != nil {
		return nil, err
	}
	if len(a.Profiles) != len(b.Profiles) {
		return nil, fmt.Errorf("%d profiles became %d", len(a.Profiles), len(b.Profiles))
	}
	var out []string
	for _, p := range a.Profiles {
		q := b.Profile(p.Name)
		if q == nil {
			return nil, fmt.Errorf("profile %s is missing", p.Name)
		}
		differences, err := compiled.Equal(p, q)
		if err != nil {
			return nil, err
		}
		for _, d := range differences {
			out = append(out, p.Name+": "+d.String())
		}
	}
	return out, nil
}
