package policy

import (
	"maps"
	"path"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"apc/lang/diag"
)

// functions are what expressions may call. All are pure: the same policy gives
// the same profile on every machine.
var functions = map[string]function.Function{
	"abs": stdlib.AbsoluteFunc, "basename": pathFunc(path.Base), "can": tryfunc.CanFunc, "ceil": stdlib.CeilFunc,
	"chomp": stdlib.ChompFunc, "coalesce": stdlib.CoalesceFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc,
	"contains": stdlib.ContainsFunc, "dirname": pathFunc(path.Dir), "distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc,
	"flatten": stdlib.FlattenFunc, "floor": stdlib.FloorFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc,
	"join": stdlib.JoinFunc, "jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc,
	"length": stdlib.LengthFunc, "lookup": stdlib.LookupFunc, "lower": stdlib.LowerFunc, "max": stdlib.MaxFunc,
	"merge": stdlib.MergeFunc, "min": stdlib.MinFunc, "range": stdlib.RangeFunc, "regex": stdlib.RegexFunc,
	"regexall": stdlib.RegexAllFunc, "replace": stdlib.ReplaceFunc, "reverse": stdlib.ReverseListFunc,
	"setintersection": stdlib.SetIntersectionFunc, "setproduct": stdlib.SetProductFunc, "setsubtract": stdlib.SetSubtractFunc,
	"setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc, "split": stdlib.SplitFunc,
	"strlen": stdlib.StrlenFunc, "substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "tobool": stdlib.MakeToFunc(cty.Bool),
	"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"tonumber": stdlib.MakeToFunc(cty.Number), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"tostring": stdlib.MakeToFunc(cty.String), "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
	"trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "try": tryfunc.TryFunc, "upper": stdlib.UpperFunc,
	"values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
}

func pathFunc(f func(string) string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal(f(args[0].AsString())), nil
		},
	})
}

// scope is what expressions see: `var`, `local` and the functions.
type scope struct {
	vars, locals map[string]cty.Value
	ctx          *hcl.EvalContext
}

func newScope(vars, locals map[string]cty.Value) *scope {
	return &scope{vars: vars, locals: locals, ctx: &hcl.EvalContext{
		Functions: functions,
		Variables: map[string]cty.Value{"var": cty.ObjectVal(vars), "local": cty.ObjectVal(locals)},
	}}
}

// eval evaluates an expression; ok is false where it has no known value, and
// a diagnostic says why.
func (u *unit) eval(s *scope, e hcl.Expression) (val cty.Value, ok bool) {
	if !u.checkNames(s, e) {
		return cty.DynamicVal, false
	}
	val, hd := e.Value(s.ctx)
	u.hcl("expression", hd)
	// A variable without a value has been reported where it stands.
	return val, !hd.HasErrors() && val.IsWhollyKnown()
}

// checkNames reports references to variables and locals that do not exist,
// with the name that was probably meant.
func (u *unit) checkNames(s *scope, e hcl.Expression) bool {
	ok := true
	for _, t := range e.Variables() {
		var known map[string]cty.Value
		switch t.RootName() {
		case "var":
			known = s.vars
		case "local":
			known = s.locals
		default:
			continue
		}
		if len(t) < 2 {
			continue
		}
		name := ""
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			name = step.Name
		default:
			continue
		}
		if _, exists := known[name]; !exists {
			u.undefined(t.RootName(), name, u.rng(t.SourceRange()), slices.Sorted(maps.Keys(known)))
			ok = false
		}
	}
	return ok
}

func (u *unit) undefined(root, name string, at diag.Range, known []string) {
	what, declare := "variable", "variable \""+name+"\" {}"
	if root == "local" {
		what, declare = "local", "locals { "+name+" = … }"
	}
	u.errorf(at, "undefined", what+" \""+name+"\" is not declared", "Declare it with `%s` in this folder.%s", declare, diag.DidYouMean(name, known))
}

func (u *unit) duplicate(at diag.Range, kind, name string, first diag.Range) {
	d := diag.Errorf(at, "duplicate", kind+" \""+name+"\" is declared twice", "Rename or remove one of them.")
	d.Related = []diag.Related{{Range: first, Message: "first declared here"}}
	u.diags = append(u.diags, d)
}

// evalLocals evaluates the `locals` blocks of a folder, each after those it
// refers to.
func (u *unit) evalLocals(blocks hcl.Blocks, vars map[string]cty.Value) map[string]cty.Value {
	l := &localsEval{u: u, vars: vars, attrs: map[string]*hcl.Attribute{}, done: map[string]cty.Value{}, active: map[string]bool{}}
	for _, b := range blocks {
		attrs, hd := b.Body.JustAttributes()
		u.hcl("schema", hd)
		for name, a := range attrs {
			if first, dup := l.attrs[name]; dup {
				u.duplicate(u.rng(a.NameRange), "local", name, u.rng(first.NameRange))
				continue
			}
			l.attrs[name] = a
		}
	}
	names := slices.Collect(maps.Keys(l.attrs))
	sort.Strings(names)
	for _, name := range names {
		l.value(name)
	}
	return l.done
}

type localsEval struct {
	u      *unit
	vars   map[string]cty.Value
	attrs  map[string]*hcl.Attribute
	done   map[string]cty.Value
	active map[string]bool
}

func (l *localsEval) value(name string) {
	a := l.attrs[name]
	if _, ok := l.done[name]; ok || a == nil {
		return
	}
	if l.active[name] {
		l.u.errorf(l.u.rng(a.NameRange), "cycle", "local \""+name+"\" refers to itself", "Break the cycle of locals.")
		l.done[name] = cty.DynamicVal
		return
	}
	l.active[name] = true
	for _, t := range a.Expr.Variables() {
		if step, ok := second(t); ok && t.RootName() == "local" {
			l.value(step)
		}
	}
	if _, cyclic := l.done[name]; cyclic {
		return
	}
	val, ok := l.u.eval(newScope(l.vars, l.done), a.Expr)
	if !ok {
		val = cty.DynamicVal
	}
	l.done[name] = val
}

func second(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	step, ok := t[1].(hcl.TraverseAttr)
	return step.Name, ok
}
