package policy

import (
	"github.com/hashicorp/hcl/v2"

	"apc/lang/rule"
)

var (
	testSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "profile", Required: true}, {Name: "reason"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "allow"}, {Type: "deny"}},
	}
	trialSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "profile"}, {Name: "command", Required: true}, {Name: "environment"}, {Name: "reason"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "attack", LabelNames: []string{"name"}}},
	}
)

// test reads a `test` block.
func (u *unit) test(b *hcl.Block) {
	d := u.decoder(u.scope)
	c := d.schemaContent(b.Body, testSchema)
	t := &Test{Where: d.blockWhere(b, c), Name: b.Labels[0], Profile: d.str(c.Attributes["profile"])}
	for _, block := range c.Blocks {
		paths := d.testPaths(block)
		if block.Type == "allow" {
			t.Allow = append(t.Allow, paths...)
		} else {
			t.Deny = append(t.Deny, paths...)
		}
	}
	u.policy.Tests = append(u.policy.Tests, t)
}

// testPaths reads the lists of paths of a test's `allow` or `deny` block. Its
// paths are those that a program would ask for, taken as they stand.
func (d *decoder) testPaths(block *hcl.Block) []DenyPath {
	c := d.content(block.Body, denyLists...)
	var out []DenyPath
	for _, a := range d.sortedAttributes(c) {
		if a.Name == "reason" {
			continue
		}
		for _, e := range d.entries(a, "path", nil, "") {
			if d.checkPath(e.text, e.where.Range, pathOptions{literal: true, anySymlink: true}) {
				out = append(out, DenyPath{Where: e.where, Path: e.text, Access: rule.AccessWord(a.Name), Exec: a.Name == "execute"})
			}
		}
	}
	return out
}

// trial reads a `trial` block.
func (u *unit) trial(b *hcl.Block) {
	d := u.decoder(u.scope)
	c := d.schemaContent(b.Body, trialSchema)
	t := &Trial{
		Where: d.blockWhere(b, c), Name: b.Labels[0], Profile: d.str(c.Attributes["profile"]),
		Command: d.texts(c.Attributes["command"]), Env: map[string]string{},
	}
	for name, f := range d.fields(c.Attributes["environment"]) {
		if s, ok := d.itemString(f); ok {
			t.Env[name] = s
		}
	}
	for _, block := range c.Blocks {
		ac := d.content(block.Body, "command")
		t.Attacks = append(t.Attacks, Attack{Where: d.blockWhere(block, ac), Name: block.Labels[0], Command: d.texts(ac.Attributes["command"])})
	}
	u.policy.Trials = append(u.policy.Trials, t)
}
