package lower

import (
	"path"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/profile"
)

// The intents of what stands in profile text, and of what it includes.
const (
	textRule    = "rule"
	textProfile = "profile"
	textInclude = "include"
)

// Text lowers profile text: each profile becomes a module, with its children and
// hats, the rules of its includes below them, and the values of all variables.
// The comments on a rule are its reason. base is the directory that includes
// were read from, "" where they were not. The diagnostics are about ignores in
// comments.
func Text(p *profile.Policy, base string) ([]*ir.Module, diag.List) {
	said, diags := comments(p)
	meanings, values := profile.Meanings(p)
	out := make([]*ir.Module, 0, len(meanings))
	for _, meaning := range meanings {
		l := &textLowering{said: said, top: meaning.Name}
		m := &ir.Module{
			Service: meaning.Name, Policy: path.Base(p.File.Name), File: path.Base(p.File.Name), ABI: abi(p.File), Text: true,
			Profile: l.profile(meaning), Ignores: said.ignores, Base: base, Values: values,
		}
		m.Profile.Children = l.children
		out = append(out, m)
	}
	return out, diags
}

// abi returns the abi file that a text names, "" for none.
func abi(f *profile.File) string {
	for _, n := range f.Nodes {
		if a, ok := n.(*profile.ABI); ok {
			return a.Path
		}
	}
	return ""
}

// textLowering is the state while one profile of a text is lowered.
type textLowering struct {
	said     *commented
	top      string
	children []*ir.Profile
}

// profile lowers one profile. What stands in it goes to the children of the
// module, those of a child under the names that they have below the profile.
func (l *textLowering) profile(m *profile.Meaning) *ir.Profile {
	p := m.Profile
	namespace, name, _ := profile.SplitName(p.Name)
	if m.Name != l.top {
		name = strings.TrimPrefix(m.Name, l.top+"//")
	}
	out := &ir.Profile{
		Name: name, Namespace: namespace, Attachment: p.Attachment, Flags: p.Flags, Hat: p.Hat(),
		Origin: ir.Origin{Range: p.Range, Intent: textProfile, Reason: l.said.reasons[p.Range]},
	}
	if p.Attachment == "" && m.Name == l.top && (strings.HasPrefix(name, "/") || strings.HasPrefix(name, "@{")) {
		out.Attachment = name
	}
	for _, x := range p.Xattrs {
		out.Xattrs = append(out.Xattrs, ir.Xattr(x))
	}
	for _, s := range m.Said {
		r := lowerSaid(s, textRule)
		r.Origins[0].Reason = l.said.reasons[s.Range]
		out.Rules = append(out.Rules, r)
	}
	for _, c := range m.Children {
		l.children = append(l.children, nil)
		at := len(l.children) - 1
		l.children[at] = l.profile(c)
	}
	return out
}

// Included lowers what a profile text says, with the origin "include".
func Included(said []profile.Said) []ir.Rule {
	out := make([]ir.Rule, len(said))
	for i, s := range said {
		out[i] = lowerSaid(s, textInclude)
	}
	return out
}

func lowerSaid(s profile.Said, intent string) ir.Rule {
	return ir.Rule{
		Rule:     s.Rule,
		Origins:  []ir.Origin{{Range: s.Range, Intent: intent}},
		Included: Included(s.Below),
	}
}
