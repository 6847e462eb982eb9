package profile

import (
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/rule"
)

// Use is a place where a file uses something that not every parser knows.
type Use struct {
	Feature feature.Feature // "" for what no target loses, as older spellings do the same
	Doc     string          // what it is
	Since   feature.Version // the first parser that knows it
	Range   diag.Range
}

// Uses returns what a file uses, in order, that not every parser knows.
func Uses(f *File) []Use {
	u := &uses{}
	walk(f.Nodes, u.node)
	return u.found
}

// CheckVersion refuses what a parser of this version does not know, in a file
// and all that it includes.
func CheckVersion(p *Policy, v feature.Version) diag.List {
	var diags diag.List
	check := func(f *File) {
		for _, u := range Uses(f) {
			if v.Less(u.Since) {
				diags = append(diags, diag.Errorf(u.Range, "needs-newer-parser", "needs parser "+u.Since.String(),
					"Parser %s does not know %s.", v, u.Doc))
			}
		}
	}
	check(p.File)
	for _, f := range p.Files {
		check(f)
	}
	if v.Less(feature.V5_0) {
		diags = append(diags, checkPathVariables(p, v)...)
	}
	return diags.Sorted()
}

// checkPathVariables refuses @{exec_path} and @{attach_path} where only a
// parser from 5.0 on gives them a value.
func checkPathVariables(p *Policy, v feature.Version) diag.List {
	c := newChecker(p)
	c.pathVariables = false
	var diags diag.List
	for _, d := range c.run() {
		for _, name := range pathVariables {
			if d.Code == "undefined-variable" && strings.Contains(d.Detail, "@{"+name+"} has no value") {
				diags = append(diags, diag.Errorf(d.Subject, "needs-newer-parser", "needs parser "+feature.V5_0.String(),
					"Parser %s gives @{%s} no value of its own. Assign it in the preamble.", v, name))
			}
		}
	}
	return diags
}

type uses struct{ found []Use }

func (u *uses) add(n Node, features ...feature.Feature) { u.addAt(n.base().Range, features...) }

func (u *uses) addAt(at diag.Range, features ...feature.Feature) {
	for _, f := range features {
		if info, ok := feature.Describe(f); ok {
			u.found = append(u.found, Use{f, info.Doc, info.Since, at})
		}
	}
}

// addOther adds what no target loses.
func (u *uses) addOther(n Node, since feature.Version, doc string) {
	u.found = append(u.found, Use{Doc: doc, Since: since, Range: n.base().Range})
}

func (u *uses) node(n Node) {
	switch n := n.(type) {
	case *Assign:
		u.assign(n)
	case *ABI:
		if n.Magic && n.Path == "default" {
			u.addOther(n, feature.V5_0, "abi <default>")
		}
	case *Rule:
		u.qualifiers(n, n.Qualifiers)
		u.add(n, bodyFeatures(n.Body)...)
	case *Group:
		u.qualifiers(n, n.Qualifiers)
		if n.Action == rule.Deny {
			u.add(n, feature.DenyBlock)
		}
	case *Profile:
		u.add(n, flagFeatures(n.Flags)...)
		if len(n.Identities) > 0 {
			u.addOther(n, feature.V5_0, "identities of a profile")
		}
		if slices.Contains(n.Flags, "debug") {
			u.addOther(n, feature.V4_1, "the flag debug")
		}
	case *If:
		for _, b := range n.Branches {
			if b.Cond != nil && !simple(b.Cond) {
				u.addAt(b.Range, feature.ConditionOperator)
			}
		}
	}
}

func (u *uses) assign(a *Assign) {
	if a.Op == "?=" || a.Op == ":=" {
		u.add(a, feature.VariableDefault)
	}
	if a.Expr != nil && (a.Expr.Op != "" || strings.HasPrefix(a.Expr.Left, "$")) {
		u.add(a, feature.ConditionOperator)
	}
}

// simple says whether every parser knows a condition: a boolean variable or
// whether a variable is defined, at most negated.
func simple(e *Expr) bool {
	switch e.Op {
	case "not":
		return simple(e.Args[0])
	case "defined":
		return true
	case "":
		return strings.HasPrefix(e.Left, "$")
	}
	return false
}

func (u *uses) qualifiers(n Node, q rule.Qualifiers) {
	if q.Priority != 0 || strings.HasPrefix(n.base().Raw, "priority") {
		u.add(n, feature.Priority)
	}
	if q.Action == rule.Prompt {
		u.add(n, feature.Prompt)
	}
}

// bodyFeatures returns what a rule needs.
func bodyFeatures(b rule.Body) []feature.Feature {
	switch b := b.(type) {
	case rule.All:
		return []feature.Feature{feature.All}
	case rule.Userns:
		return []feature.Feature{feature.Userns}
	case rule.IoUring:
		return []feature.Feature{feature.IoUring}
	case rule.Mqueue:
		if b.Type == "sysv" || b.Type == "" && b.Name != "" && !strings.HasPrefix(b.Name, "/") {
			return []feature.Feature{feature.MqueueSysV}
		}
		return []feature.Feature{feature.Mqueue}
	case rule.Network:
		return networkFeatures(b)
	case rule.Signal:
		return wordFeatures(signals(), b.Set)
	case rule.Mount:
		var out []feature.Feature
		for _, c := range b.Options {
			out = append(out, wordFeatures(mountOptions(), c.Values)...)
		}
		return out
	}
	return nil
}

func networkFeatures(n rule.Network) []feature.Feature {
	var out []feature.Feature
	if len(n.Access) > 0 {
		out = append(out, feature.NetworkAccess)
	}
	for _, e := range []rule.Endpoint{n.Local, n.Peer} {
		switch {
		case strings.Contains(e.Port, "-"):
			out = append(out, feature.PortRange)
		case e.Port != "" || e.IP != "":
			out = append(out, feature.Port)
		}
		if e.Label != "" {
			out = append(out, feature.NetworkLabel)
		}
	}
	if n.Interface != "" {
		out = append(out, feature.Interface)
	}
	return out
}

// wordFeatures returns what words of a vocabulary need.
func wordFeatures(v feature.Vocabulary, words []string) []feature.Feature {
	var out []feature.Feature
	for _, w := range words {
		if known, ok := v.Find(w); ok && known.Needs != "" {
			out = append(out, known.Needs)
		}
	}
	return out
}

// flagFeatures returns what the flags of a profile need.
func flagFeatures(flags []string) []feature.Feature {
	var names []string
	for _, f := range flags {
		name, _, ok := strings.Cut(f, "=")
		if ok {
			name += "="
		}
		names = append(names, name)
	}
	return wordFeatures(profileFlags(), names)
}
