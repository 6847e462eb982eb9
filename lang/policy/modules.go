package policy

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"apc/lang/diag"
)

// moduleSource is a `module` block, read but not evaluated.
type moduleSource struct {
	name   string
	unit   *unit // the folder or standard module that declares it
	block  *hcl.Block
	schema *hcl.BodyContent // variables
	vars   []*variable
	at     diag.Range
	used   bool
}

// ModuleInfo describes a module for those who want to use it.
type ModuleInfo struct {
	Name        string
	Description string
	Variables   []VariableInfo
	Source      []byte
}

// VariableInfo describes a variable of a module.
type VariableInfo struct {
	Name, Type, Description string
	Default                 string // as text, "" where one must be given
}

var moduleSchema = bodySchema("description")

// moduleVariables separates a module's variables from the rest of its body.
var moduleVariables = &hcl.BodySchema{
	Attributes: []hcl.AttributeSchema{{Name: "description"}},
	Blocks:     []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}},
}

// declareModules notes the modules of a folder.
func (u *unit) declareModules(blocks hcl.Blocks) {
	for _, b := range blocks {
		u.checkName(b, serviceName)
		at := u.rng(b.DefRange)
		if first, dup := u.modules[b.Labels[0]]; dup {
			u.duplicate(at, "module", b.Labels[0], first.at)
			continue
		}
		m := &moduleSource{name: b.Labels[0], unit: u, block: b, at: at}
		content, _, hd := b.Body.PartialContent(moduleVariables)
		u.hcl("schema", hd)
		m.schema = content
		m.vars = u.declare(content.Blocks)
		u.modules[m.name] = m
	}
}

// unusedModules checks the bodies of modules that nothing uses, so that a
// fault in one is seen before its first use. A module with a variable that
// must be given has no value to be checked with.
func (u *unit) unusedModules() {
	for _, name := range slices.Sorted(maps.Keys(u.modules)) {
		m := u.modules[name]
		values, complete := map[string]cty.Value{}, !m.used
		for _, v := range m.vars {
			values[v.name] = v.def
			complete = complete && v.def != cty.NilVal
		}
		if complete {
			d := &decoder{unit: u, scope: u.newScope(values, u.scope.locals), active: []*moduleSource{m}}
			d.expand(m)
		}
	}
}

// use expands a `use` block into the body that has it.
func (d *decoder) use(block *hcl.Block, b *Body) {
	name := block.Labels[0]
	at := d.rng(block.DefRange)
	m := d.findModule(name, at)
	if m == nil {
		return
	}
	m.used = true
	if !d.within(block.DefRange, func() error { return d.effort.spend(unitsBlock) }) {
		return
	}
	if slices.Contains(d.active, m) {
		d.errorf(at, "cycle", "module \""+name+"\" uses itself", "The chain is %s.", chain(d.via, name))
		return
	}
	attrs, hd := block.Body.JustAttributes()
	d.hcl("schema", hd)
	given := d.arguments(m, attrs)
	values := d.bind(m.vars, given, func(v *variable) {
		d.errorf(at, "no-value", "module \""+name+"\" needs `"+v.name+"`", "Write `%s = …` in the use block.", v.name)
	})
	inner := &decoder{
		unit: m.unit, scope: d.newScope(values, m.unit.scope.locals), container: d.container,
		via:    append(slices.Clone(d.via), Use{Module: name, Range: at, Reason: d.str(attrs["reason"])}),
		active: append(slices.Clone(d.active), m),
	}
	before := len(m.unit.diags)
	b.take(inner.expand(m))
	if m.unit != d.unit {
		d.adopt(m.unit, before, at, name)
	}
}

func chain(via []Use, last string) string {
	names := make([]string, 0, len(via)+1)
	for _, v := range via {
		names = append(names, v.Module)
	}
	return strings.Join(append(names, last), " -> ")
}

// arguments evaluates the attributes of a use block in the user's scope.
func (d *decoder) arguments(m *moduleSource, attrs hcl.Attributes) func(*variable) (cty.Value, bool) {
	known := []string{"reason"}
	for _, v := range m.vars {
		known = append(known, v.name)
	}
	for name, a := range attrs {
		if !slices.Contains(known, name) {
			d.errorf(d.rng(a.NameRange), "unknown-variable", "module \""+m.name+"\" has no variable `"+name+"`",
				"%s", hasOnly(name, known[1:]))
		}
	}
	return func(v *variable) (cty.Value, bool) {
		a := attrs[v.name]
		if a == nil {
			return cty.NilVal, false
		}
		val, ok := d.eval(d.scope, a.Expr)
		if !ok {
			return cty.DynamicVal, true
		}
		return d.convert(val, v.ty, v.name, d.rng(a.Expr.Range())), true
	}
}

// hasOnly names what there is in place of a name that there is not.
func hasOnly(name string, known []string) string {
	near := diag.DidYouMean(name, known)
	switch len(known) {
	case 0:
		return "It has none."
	case 1:
		return "It has only " + known[0] + "."
	}
	return "It has " + strings.Join(known, ", ") + "." + near
}

// expand decodes a module's body.
func (d *decoder) expand(m *moduleSource) Body {
	_, rest, _ := m.block.Body.PartialContent(&hcl.BodySchema{Blocks: moduleVariables.Blocks})
	c := d.schemaContent(rest, moduleSchema)
	return d.body(c, d.str(c.Attributes["reason"]))
}

// take adds the body of a module to the body that uses it.
func (b *Body) take(from Body) {
	b.Statements = append(b.Statements, from.Statements...)
	b.Ignores = append(b.Ignores, from.Ignores...)
	b.Optimize.take(from.Optimize)
	if !from.Base {
		b.Base = false
	}
}

// adopt moves what a module of another unit reported to this one.
func (d *decoder) adopt(from *unit, before int, at diag.Range, name string) {
	for _, x := range from.diags[before:] {
		x.Related = append(x.Related, diag.Related{Range: at, Message: "used here as module \"" + name + "\""})
		d.diags = append(d.diags, x)
	}
	from.diags = from.diags[:before]
}

// findModule finds a module by name: of this folder, of the folder "./…", or
// a standard one.
func (d *decoder) findModule(name string, at diag.Range) *moduleSource {
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		return d.folderModule(name, at)
	}
	if m := d.modules[name]; m != nil {
		return m
	}
	if m := d.standardModule(name); m != nil {
		return m
	}
	known := append(d.loader.StandardModules(), slices.Sorted(maps.Keys(d.modules))...)
	d.errorf(at, "unknown-module", "there is no module \""+name+"\"",
		"`apc stdlib` lists the standard ones; one of your own is a module block in this folder, or \"./folder\".%s", diag.DidYouMean(name, known))
	return nil
}

// folderModule loads the module of another folder.
func (d *decoder) folderModule(name string, at diag.Range) *moduleSource {
	dir := filepath.Join(d.dir, filepath.FromSlash(name))
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	u, loaded := d.loading[abs]
	if !loaded {
		u = d.loader.newUnit(dir)
		u.loading, u.effort = d.loading, d.effort
		d.loading[abs] = u
		u.readModules(at)
		for file, src := range u.policy.Sources {
			d.policy.Sources[file] = src
		}
		d.diags = append(d.diags, u.diags...)
		u.diags = nil
	}
	if len(u.modules) != 1 {
		d.errorf(at, "unknown-module", "the folder "+dir+" does not hold one module", "It holds %d: a folder that is used holds exactly one module block.", len(u.modules))
		return nil
	}
	for _, m := range u.modules {
		return m
	}
	return nil
}

// readModules reads a folder for its modules alone.
func (u *unit) readModules(at diag.Range) {
	names, err := Files(u.dir)
	if err != nil {
		d := ioError(u.dir, err)
		d.Related = []diag.Related{{Range: at, Message: "used here"}}
		u.diags = append(u.diags, d)
		return
	}
	for _, name := range names {
		u.readFile(filepath.Join(u.dir, name))
	}
	t := u.collect()
	u.scope = u.openScope(t)
	u.declareModules(t["module"])
}

// StandardModules lists the names of the standard modules, sorted.
func (l *Loader) StandardModules() []string {
	var out []string
	if l.opts.Modules == nil {
		return nil
	}
	entries, _ := fs.ReadDir(l.opts.Modules, ".")
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".hcl"); ok {
			out = append(out, name)
		}
	}
	return out
}

// standardModule reads a standard module, or returns nil where there is none.
// The text is parsed once for all folders.
func (u *unit) standardModule(name string) *moduleSource {
	if m, ok := u.standard[name]; ok {
		return m
	}
	f := u.loader.standardFile(name)
	if f == nil {
		return nil
	}
	s := u.loader.newUnit("")
	s.standard, s.loading, s.effort, s.files = u.standard, u.loading, u.effort, []*file{f}
	t := s.collect()
	s.scope = s.openScope(t)
	s.declareModules(t["module"])
	u.policy.Sources[f.name] = f.src
	u.diags = append(u.diags, s.diags...)
	s.diags = nil
	u.standard[name] = s.modules[name]
	return s.modules[name]
}

// standardFile parses the file of a standard module, once.
func (l *Loader) standardFile(name string) *file {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.standard[name]; ok || l.opts.Modules == nil {
		return f
	}
	src, err := fs.ReadFile(l.opts.Modules, name+".hcl")
	if err != nil {
		return nil
	}
	u := l.newUnit("")
	l.standard[name] = u.parse("stdlib/"+name+".hcl", src)
	return l.standard[name]
}

// Describe describes a standard module, or returns nil where there is none.
func (l *Loader) Describe(name string) *ModuleInfo {
	u := l.newUnit("")
	m := u.standardModule(name)
	if m == nil {
		return nil
	}
	d := u.decoder(m.unit.scope)
	info := &ModuleInfo{Name: name, Description: d.str(m.schema.Attributes["description"]), Source: u.policy.Sources["stdlib/"+name+".hcl"]}
	for _, v := range m.vars {
		vi := VariableInfo{Name: v.name, Type: typeexpr.TypeString(v.ty), Description: d.str(v.content.Attributes["description"])}
		if a := v.content.Attributes["default"]; a != nil {
			r := a.Expr.Range()
			vi.Default = string(info.Source[r.Start.Byte:r.End.Byte])
		}
		info.Variables = append(info.Variables, vi)
	}
	return info
}
