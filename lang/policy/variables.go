package policy

import (
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"apc/lang/diag"
)

// envPrefix begins the names of environment variables that set variables.
const envPrefix = "APC_VAR_"

// inputs are the values given for variables from outside: the command line
// wins over files of variables, these over the environment.
type inputs struct {
	text  map[string]string    // --var
	files map[string]cty.Value // --var-file
	env   map[string]string    // APC_VAR_*
}

func (in *inputs) read(opts Options) diag.List {
	in.text, in.env, in.files = opts.Vars, map[string]string{}, map[string]cty.Value{}
	for _, kv := range opts.Environ {
		if name, value, ok := strings.Cut(strings.TrimPrefix(kv, envPrefix), "="); ok && strings.HasPrefix(kv, envPrefix) {
			in.env[name] = value
		}
	}
	var diags diag.List
	for _, path := range opts.VarFiles {
		diags = append(diags, in.readFile(path)...)
	}
	return diags
}

// readFile reads one file of variables: attributes with constant values.
func (in *inputs) readFile(path string) diag.List {
	src, err := readBounded(path)
	if err != nil {
		return diag.List{ioError(path, err)}
	}
	u := (&Loader{}).newUnit("")
	name := filepath.ToSlash(path)
	var body hcl.Body
	if !u.checkUTF8(name, src) || !u.checkDepth(name, src) {
		return u.diags
	} else if strings.HasSuffix(path, ".json") {
		body = u.parseJSON(name, src)
	} else {
		body = u.parseNative(name, src)
	}
	if body == nil {
		return u.diags
	}
	attrs, hd := body.JustAttributes()
	u.hcl("syntax", hd)
	for k, a := range attrs {
		in.files[k], _ = u.value(u.constants(), a.Expr)
	}
	return u.diags
}

// variable is a declared variable of a folder or a module.
type variable struct {
	name    string
	ty      cty.Type
	def     cty.Value // cty.NilVal where there is none
	checks  []hcl.Body
	rng     diag.Range
	content *hcl.BodyContent
}

var (
	variableSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "type"}, {Name: "default"}, {Name: "description"}, {Name: "reason"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "validation"}},
	}
	validationSchema = &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "condition", Required: true}, {Name: "error_message", Required: true}},
	}
)

// declare reads `variable` blocks.
func (u *unit) declare(blocks hcl.Blocks) []*variable {
	var out []*variable
	seen := map[string]diag.Range{}
	for _, b := range blocks {
		v := &variable{name: b.Labels[0], ty: cty.DynamicPseudoType, rng: u.rng(b.DefRange)}
		if first, dup := seen[v.name]; dup {
			u.duplicate(v.rng, "variable", v.name, first)
			continue
		}
		seen[v.name] = v.rng
		u.readVariable(v, b)
		out = append(out, v)
	}
	return out
}

func (u *unit) readVariable(v *variable, b *hcl.Block) {
	content, hd := b.Body.Content(variableSchema)
	u.hcl("schema", hd)
	v.content = content
	if a := content.Attributes["type"]; a != nil {
		ty, hd := typeexpr.TypeConstraint(a.Expr)
		u.hcl("schema", hd)
		v.ty = ty
	}
	if a := content.Attributes["default"]; a != nil {
		val, _ := u.value(u.context(map[string]cty.Value{}), a.Expr)
		v.def = u.convert(val, v.ty, v.name, u.rng(a.Expr.Range()))
	}
	for _, c := range content.Blocks {
		v.checks = append(v.checks, c.Body)
	}
}

// convert converts a value for a variable; a failure gives a null of its type
// and a diagnostic.
func (u *unit) convert(val cty.Value, ty cty.Type, name string, at diag.Range) cty.Value {
	out, err := convert.Convert(val, ty)
	if err == nil && u.effort.take(out) != nil {
		u.errorf(at, u.effort.refused.code, u.effort.refused.summary, "%s", u.effort.refused.detail)
		u.effort.again()
		return cty.DynamicVal
	}
	if err != nil {
		u.errorf(at, "wrong-type", "wrong type for variable \""+name+"\"", "It must be %s: %s.", typeName(ty), err)
		return cty.DynamicVal
	}
	return out
}

func typeName(ty cty.Type) string { return "of type " + typeexpr.TypeString(ty) }

// given finds the value from outside for a folder's variable.
func (u *unit) given(v *variable) (cty.Value, bool) {
	in := u.loader.inputs
	if text, ok := in.text[v.name]; ok {
		return u.fromText(v, text, "--var "+v.name), true
	}
	if val, ok := in.files[v.name]; ok {
		return u.convert(val, v.ty, v.name, v.rng), true
	}
	if text, ok := in.env[v.name]; ok {
		return u.fromText(v, text, envPrefix+v.name), true
	}
	return cty.NilVal, false
}

// fromText converts text from the command line or the environment: as it is
// for primitive types, as an HCL expression for others.
func (u *unit) fromText(v *variable, text, from string) cty.Value {
	if v.ty == cty.DynamicPseudoType || v.ty.IsPrimitiveType() {
		return u.convert(cty.StringVal(text), v.ty, v.name, diag.Range{File: from})
	}
	if !u.checkDepth(from, []byte(text)) {
		return cty.DynamicVal
	}
	expr, hd := hclsyntax.ParseExpression([]byte(text), from, hcl.InitialPos)
	u.hcl("wrong-type", hd)
	if !hd.HasErrors() && u.checkLiterals(from, []byte(text)) {
		if val, ok := u.value(u.constants(), meterAll(expr)); ok {
			return u.convert(val, v.ty, v.name, diag.Range{File: from})
		}
	}
	return cty.DynamicVal
}

// constants is the context of values from outside, which call nothing.
func (u *unit) constants() *hcl.EvalContext {
	ctx := u.context(map[string]cty.Value{})
	ctx.Functions = nil
	return ctx
}

// bind gives every variable its value, checks it, and returns the object
// `var`. The function given looks up values from outside.
func (u *unit) bind(vars []*variable, given func(*variable) (cty.Value, bool), missing func(*variable)) map[string]cty.Value {
	values := map[string]cty.Value{}
	for _, v := range vars {
		val, ok := given(v)
		if !ok {
			val = v.def
		}
		if val == cty.NilVal {
			missing(v)
			val = cty.DynamicVal
		}
		values[v.name] = val
	}
	for _, v := range vars {
		u.validate(v, values)
	}
	return values
}

func (u *unit) validate(v *variable, values map[string]cty.Value) {
	ctx := u.context(map[string]cty.Value{"var": cty.ObjectVal(values)})
	for _, body := range v.checks {
		content, hd := body.Content(validationSchema)
		u.hcl("schema", hd)
		cond, message := content.Attributes["condition"], content.Attributes["error_message"]
		if cond == nil || message == nil || !values[v.name].IsKnown() {
			continue
		}
		u.validateOne(v, ctx, cond, message)
	}
}

// validateOne checks one condition, which must be true or false.
func (u *unit) validateOne(v *variable, ctx *hcl.EvalContext, cond, message *hcl.Attribute) {
	at := u.rng(cond.Expr.Range())
	holds, ok := u.value(ctx, cond.Expr)
	text, known := u.value(ctx, message.Expr)
	switch {
	case !ok || !known || !holds.IsKnown() || !text.IsKnown():
	case holds.IsNull() || holds.Type() != cty.Bool:
		u.errorf(at, "wrong-type", "a condition is true or false", "Found %s.", describe(holds))
	case text.IsNull() || text.Type() != cty.String:
		u.errorf(u.rng(message.Expr.Range()), "wrong-type", "a string is needed here", "Found %s.", describe(text))
	case holds.False():
		u.errorf(at, "invalid-variable", "invalid value for variable \""+v.name+"\"", "%s", text.AsString())
	}
}

// UnknownVars returns the names given with --var that no folder loaded so far
// declares.
func (l *Loader) UnknownVars() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for name := range l.inputs.text {
		if !l.declared[name] {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// noteDeclared remembers which variables a folder declares.
func (l *Loader) noteDeclared(vars []*variable) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range vars {
		l.declared[v.name] = true
	}
}
