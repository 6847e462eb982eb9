package policy

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"apc/lang/diag"
	"apc/lang/rule"
)

var (
	testSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "profile", Required: true}, {Name: "reason"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "allow"}, {Type: "deny"}},
	}
	trialSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "profile"}, {Name: "enter"}, {Name: "command", Required: true}, {Name: "environment"}, {Name: "tmpfs"}, {Name: "reason"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "attack", LabelNames: []string{"name"}}},
	}
	attackSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "command", Required: true}, {Name: "tools"}, {Name: "reason"}},
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
		Command: d.program(c), Env: d.environment(c.Attributes["environment"]), Tmpfs: d.folders(c.Attributes["tmpfs"]),
	}
	if a := c.Attributes["enter"]; a != nil {
		enter := d.boolean(a, false)
		t.Enter = &enter
	}
	seen := map[string]diag.Range{}
	for _, block := range c.Blocks {
		at := u.rng(block.DefRange)
		if first, dup := seen[block.Labels[0]]; dup {
			u.duplicate(at, block.Type, block.Labels[0], first)
			continue
		}
		seen[block.Labels[0]] = at
		ac := d.schemaContent(block.Body, attackSchema)
		t.Attacks = append(t.Attacks, Attack{
			Where: d.blockWhere(block, ac), Name: block.Labels[0], Command: d.program(ac), Tools: d.boolean(ac.Attributes["tools"], true),
		})
	}
	for _, other := range u.policy.Trials {
		if other.Name == t.Name {
			u.duplicate(t.Range, b.Type, t.Name, other.Range)
			return
		}
	}
	u.policy.Trials = append(u.policy.Trials, t)
}

// program reads a `command`: a program and its arguments. They are no part of
// a profile's text, and may be any that a program can be given.
func (d *decoder) program(c *hcl.BodyContent) (out []string) {
	a := c.Attributes["command"]
	if a == nil {
		return nil
	}
	before := len(d.diags)
	for _, i := range d.items(a) {
		if s, ok := d.argument(i); ok {
			out = append(out, s)
		}
	}
	if (len(out) == 0 || out[0] == "") && len(d.diags) == before && d.effort.refused == nil {
		d.errorf(d.rng(a.Expr.Range()), "empty", "a command without a program", "Write `command = [\"PROGRAM\", \"ARGUMENT\"]`.")
	}
	return out
}

// argument returns a string that a program can be given.
func (d *decoder) argument(i item) (string, bool) {
	s, ok := d.itemString(i)
	if ok && strings.ContainsRune(s, 0) {
		d.errorf(i.rng, "bad-character", "a NUL in a string", "No program can be given one.")
		return "", false
	}
	return s, ok
}

// environment reads variables of a command's environment.
func (d *decoder) environment(a *hcl.Attribute) map[string]string {
	env := map[string]string{}
	for name, f := range d.fields(a) {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			d.errorf(f.rng, "bad-name", "bad name for a variable of the environment", "It has at least one character, and no \"=\".")
		} else if s, ok := d.argument(f); ok {
			env[name] = s
		}
	}
	return env
}

// folders reads a list of absolute paths, taken as they stand.
func (d *decoder) folders(a *hcl.Attribute) (out []string) {
	for _, i := range d.items(a) {
		if s, ok := d.itemString(i); ok && d.checkPath(s, i.rng, pathOptions{literal: true, anySymlink: true}) {
			out = append(out, s)
		}
	}
	return out
}
