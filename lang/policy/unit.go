package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"apc/lang/diag"
)

// topSchema holds the blocks that a policy file may hold.
var topSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "service", LabelNames: []string{"name"}},
	{Type: "container", LabelNames: []string{"name"}},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "tunable", LabelNames: []string{"name"}},
	{Type: "alias", LabelNames: []string{"from"}},
	{Type: "test", LabelNames: []string{"name"}},
	{Type: "trial", LabelNames: []string{"name"}},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "apc"},
}}

// top is what a unit's files hold, by type of block.
type top map[string]hcl.Blocks

// collect reads the top level of every file.
func (u *unit) collect() top {
	t := top{}
	for _, f := range u.files {
		content, hd := f.body.Content(topSchema)
		u.hcl("schema", hd)
		if len(content.Blocks) == 0 && !hd.HasErrors() {
			u.errorf(startOf(f.name), "empty-file", "the file declares nothing", "Declare a service in it, or remove it.")
		}
		for _, b := range content.Blocks {
			t[b.Type] = append(t[b.Type], b)
		}
	}
	return t
}

// evaluate turns the files that were read into the unit's Policy.
func (u *unit) evaluate(only []string) {
	t := u.collect()
	u.scope = u.openScope(t)
	u.declareModules(t["module"])
	for _, b := range t["apc"] {
		u.errorf(u.rng(b.DefRange), "misplaced", "an apc block stands in a policy file", "Settings stand in a file of their own, %s.", SettingsFile)
	}
	for _, b := range t["tunable"] {
		u.tunable(b)
	}
	for _, b := range t["alias"] {
		u.alias(b)
	}
	u.repeated()
	u.services(append(append(hcl.Blocks{}, t["service"]...), t["container"]...), only)
	for _, b := range t["test"] {
		u.test(b)
	}
	for _, b := range t["trial"] {
		if only == nil || slices.Contains(only, filepath.Base(u.rng(b.DefRange).File)) {
			u.trial(b)
		}
	}
	u.unusedModules()
	u.policy.Declared = u.declared(t, only)
}

func (u *unit) openScope(t top) *scope {
	vars := u.declare(t["variable"])
	u.loader.noteDeclared(vars)
	values := u.bind(vars, u.given, func(v *variable) {
		u.errorf(v.rng, "no-value", "variable \""+v.name+"\" has no value",
			"Give it a default, or a value with --var %s=…, --var-file or %s%s.", v.name, envPrefix, v.name)
	})
	return u.newScope(values, u.evalLocals(t["locals"], values))
}

// serviceName is what a service may be called: it becomes a profile's and a
// file's name.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.+-]*$`)

func (u *unit) services(blocks hcl.Blocks, only []string) {
	slices.SortStableFunc(blocks, func(a, b *hcl.Block) int {
		if u.rng(a.DefRange).Less(u.rng(b.DefRange)) {
			return -1
		}
		return 1
	})
	seen := map[string]diag.Range{}
	for _, b := range blocks {
		name, at := b.Labels[0], u.rng(b.DefRange)
		if first, dup := seen[name]; dup {
			u.duplicate(at, b.Type, name, first)
			continue
		}
		seen[name] = at
		u.checkName(b, serviceName)
		base := filepath.Base(at.File)
		if only != nil && !slices.Contains(only, base) {
			continue
		}
		u.policy.Services = append(u.policy.Services, u.service(b))
	}
}

// checkName refuses names that could not stand as a profile's name.
func (u *unit) checkName(b *hcl.Block, form *regexp.Regexp) {
	characters := ", \"_\", \".\", \"+\" and \"-\", begins with a letter, a digit or \"_\","
	if form == tunableName {
		characters = " and \"_\", does not begin with a digit,"
	}
	if name := b.Labels[0]; !form.MatchString(name) || len(name) > 128 {
		u.errorf(u.rng(b.LabelRanges[0]), "bad-name", "bad name for a "+b.Type,
			"A name has letters, digits%s and has at most 128 characters.", characters)
	}
}

var tunableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (u *unit) tunable(b *hcl.Block) {
	u.checkName(b, tunableName)
	d := u.decoder(u.scope)
	c := d.content(b.Body, "values")
	before := len(d.diags)
	tn := Tunable{Where: d.blockWhere(b, c), Name: b.Labels[0]}
	for _, it := range d.items(c.Attributes["values"]) {
		if s, ok := d.itemString(it); ok && d.checkText(s, it.rng) {
			tn.Values = append(tn.Values, d.checkPattern(Word{s, it.rng}))
		}
	}
	if len(tn.Values) == 0 && !d.diags[before:].HasErrors() {
		u.errorf(u.rng(b.DefRange), "missing", "a tunable needs values", "Write `values = [\"…\"]` with at least one.")
	}
	u.policy.Tunables = append(u.policy.Tunables, tn)
}

func (u *unit) alias(b *hcl.Block) {
	d := u.decoder(u.scope)
	c := d.content(b.Body, "to")
	a := Alias{Where: d.blockWhere(b, c), From: b.Labels[0], To: d.str(c.Attributes["to"])}
	ok := d.checkPath(a.From, u.rng(b.LabelRanges[0]), pathOptions{anySymlink: true})
	if c.Attributes["to"] == nil {
		u.errorf(u.rng(b.DefRange), "missing", "an alias needs `to`", "Write `to = \"/path/\"`.")
		return
	}
	at := u.rng(c.Attributes["to"].Expr.Range())
	ok = a.To != "" && d.checkPath(a.To, at, pathOptions{anySymlink: true}) && ok
	if ok && strings.HasSuffix(a.From, "/") != strings.HasSuffix(a.To, "/") {
		u.errorf(at, "bad-alias", "an alias from a directory to a file, or from a file to a directory",
			"Paths begin with the text of the one in place of the other: end both with \"/\", or neither.")
	}
	u.policy.Aliases = append(u.policy.Aliases, a)
}

// repeated reports tunables and aliases that are declared twice.
func (u *unit) repeated() {
	tunables, aliases := map[string]diag.Range{}, map[[2]string]diag.Range{}
	for _, t := range u.policy.Tunables {
		if first, dup := tunables[t.Name]; dup {
			u.duplicate(t.Range, "tunable", t.Name, first)
		} else {
			tunables[t.Name] = t.Range
		}
	}
	for _, a := range u.policy.Aliases {
		if first, dup := aliases[[2]string{a.From, a.To}]; dup {
			u.duplicate(a.Range, "alias", a.From, first)
		} else {
			aliases[[2]string{a.From, a.To}] = a.Range
		}
	}
}

// settingsSchema holds the blocks of an apc.hcl.
var settingsSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "apc"}}}

// readSettings reads the nearest apc.hcl, from the folder upward.
func (u *unit) readSettings(dir string) {
	for d, err := filepath.Abs(dir); err == nil; d = filepath.Dir(d) {
		path := filepath.Join(d, SettingsFile)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			u.settingsFrom(shown(dir, path))
			return
		}
		if d == filepath.Dir(d) {
			return
		}
	}
}

// shown names path relative to the folder as the user named it, so that no
// absolute path of the machine comes into a message without need.
func shown(dir, path string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(abs, path)
	if err != nil {
		return path
	}
	return filepath.Join(dir, rel)
}

func (u *unit) settingsFrom(path string) {
	src, err := readBounded(path)
	if err != nil {
		u.diags = append(u.diags, ioError(path, err))
		return
	}
	name := filepath.ToSlash(path)
	u.policy.Sources[name] = src
	body := u.parseBody(name, src)
	if body == nil {
		return
	}
	content, hd := body.Content(settingsSchema)
	u.hcl("schema", hd)
	if len(content.Blocks) != 1 && !hd.HasErrors() {
		u.errorf(startOf(name), "schema", "an apc.hcl holds one apc block", "Write `apc { … }` in it, once.")
		return
	}
	for _, b := range content.Blocks {
		u.settings(b)
	}
}

// beside makes a path that the settings name relative to their file one from
// here.
func beside(path Word) Word {
	if path.Text != "" && !filepath.IsAbs(path.Text) {
		path.Text = filepath.Join(filepath.Dir(path.Range.File), path.Text)
	}
	return path
}

func (u *unit) settings(b *hcl.Block) {
	d := u.decoder(u.newScope(map[string]cty.Value{}, map[string]cty.Value{}))
	c := d.content(b.Body, "targets", "base", "optimize", "strict", "severity")
	s := &u.policy.Settings
	for _, it := range d.items(c.Attributes["targets"]) {
		if text, ok := d.itemString(it); ok {
			s.Targets = append(s.Targets, Word{text, it.rng})
		}
	}
	s.Base = beside(d.word(c.Attributes["base"]))
	s.Optimize = d.oneOf(c.Attributes["optimize"], "none", "exact", "widen")
	s.Strict = d.boolean(c.Attributes["strict"], false)
	s.Severity = map[string]Word{}
	for name, f := range d.fields(c.Attributes["severity"]) {
		if text, ok := d.itemString(f); ok {
			d.checkOneOf(text, f.rng, "off", "note", "warning", "error")
			d.checkRule(name, f.rng)
			s.Severity[name] = Word{text, f.rng}
		}
	}
}
