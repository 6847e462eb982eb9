package lower

import (
	"regexp"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/profile"
)

// raw lowers AppArmor text: its rules become rules of the body, each with its
// own place and, where a comment tells one, its own reason. Nothing of the text
// as such reaches the profile, so it cannot leave the body.
func (b *body) raw(r *policy.Raw) {
	const name = "raw"
	file, diags := profile.Parse(name, strings.TrimSuffix(r.Text, "\n")+"\n") // a comment may end it
	holder := &profile.Profile{Keyword: "profile", Name: name, Block: profile.Block{Nodes: file.Nodes}}
	read := &profile.Policy{File: &profile.File{Name: name, Nodes: []profile.Node{holder}}}
	diags = append(diags, onlyRules(file.Nodes)...)
	diags = append(diags, slices.DeleteFunc(profile.Check(read), saidElsewhere)...)
	said := &commented{reasons: map[diag.Range]string{}}
	said.of(file)
	diags = append(diags, said.diags...)
	if b.reportRaw(r, diags); diags.HasErrors() {
		return
	}
	meanings, _ := profile.Meanings(read)
	for _, s := range meanings[0].Said {
		b.add(b.rawOrigin(r, s.Range, said.reasons[s.Range]), s.Rule)
	}
	for _, i := range said.ignores {
		i.At, i.Origin = r.At(i.At), b.rawOrigin(r, i.Origin.Range, i.Origin.Reason)
		b.module.Ignores = append(b.module.Ignores, i)
	}
}

// rawOrigin is the origin of a piece of the text.
func (b *body) rawOrigin(r *policy.Raw, piece diag.Range, reason string) ir.Origin {
	o := origin(r.Where)
	o.Range = r.At(piece)
	if reason != "" {
		o.Reason = reason
	}
	return o
}

// saidElsewhere says whether a diagnostic is about what onlyRules refuses, or
// about a variable, which files may define that are not read here.
func saidElsewhere(d diag.Diagnostic) bool {
	return d.Code == "misplaced" || d.Code == "undefined-variable"
}

// reportRaw reports what is wrong with the text, at the lines of the policy.
// What the parser would drop is an error, for no rule may get lost.
func (b *body) reportRaw(r *policy.Raw, diags diag.List) {
	for _, d := range diags {
		if d.Code == "dropped-rule" {
			d.Severity = diag.Error
		}
		d.Subject, d.Context, d.Fix = r.At(d.Subject), nil, nil
		d.Related = slices.Clone(d.Related)
		for i := range d.Related {
			d.Related[i].Range = r.At(d.Related[i].Range)
		}
		b.diags = append(b.diags, d)
	}
}

// includeName is what the file of an include may be called.
var includeName = regexp.MustCompile(`^[A-Za-z0-9_.+/-]+$`)

// onlyRules refuses what is no rule of a body.
func onlyRules(nodes []profile.Node) diag.List {
	var out diag.List
	for _, n := range nodes {
		switch n := n.(type) {
		case *profile.Rule, *profile.Bad:
		case *profile.Include:
			if !n.Magic || !includeName.MatchString(n.Path) || strings.Contains(n.Path, "..") {
				out = append(out, diag.Errorf(n.Range, "bad-name", "bad name for an include", "Write `include <abstractions/NAME>`: a file below the base directory."))
			}
		case *profile.Group:
			out = append(out, onlyRules(n.Block.Nodes)...)
		default:
			out = append(out, diag.Errorf(place(n), "bad-raw", "only rules may stand in raw", "%s", instead(n)))
		}
	}
	return out
}

// place returns where a statement stands.
func place(n profile.Node) diag.Range {
	switch n := n.(type) {
	case *profile.Profile:
		return n.Range
	case *profile.If:
		return n.Branches[0].Range
	case *profile.Assign:
		return n.Range
	case *profile.Alias:
		return n.Range
	case *profile.ABI:
		return n.Range
	}
	return diag.Range{}
}

// instead says what a policy has for a statement that is no rule.
func instead(n profile.Node) string {
	switch n := n.(type) {
	case *profile.Profile:
		if n.Hat() {
			return "A hat is a hat block of the service."
		}
		return "A child is a run block with as = \"child\", another profile is a service of its own."
	case *profile.Assign:
		return "A variable is a tunable block of the policy."
	case *profile.Alias:
		return "An alias is an alias block of the policy."
	case *profile.ABI:
		return "The abi file is the attribute abi of the service."
	}
	return "The policy's own variables and expressions decide what is written."
}
