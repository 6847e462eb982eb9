package policy

import (
	"maps"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"apc/lang/diag"
)

// scope is what expressions see: `var`, `local` and the functions.
type scope struct {
	vars, locals map[string]cty.Value
	ctx          *hcl.EvalContext
}

func (u *unit) newScope(vars, locals map[string]cty.Value) *scope {
	ctx := u.context(map[string]cty.Value{"var": cty.ObjectVal(vars), "local": cty.ObjectVal(locals)})
	return &scope{vars: vars, locals: locals, ctx: ctx}
}

// context returns what expressions are evaluated in: the functions, and the
// variables given.
func (u *unit) context(variables map[string]cty.Value) *hcl.EvalContext {
	variables[effortName] = cty.CapsuleVal(effortType, u.effort)
	return &hcl.EvalContext{Functions: u.effort.functions(), Variables: variables}
}

// eval evaluates an expression; ok is false where it has no known value, and
// a diagnostic says why.
func (u *unit) eval(s *scope, e hcl.Expression) (val cty.Value, ok bool) {
	if !u.checkNames(s, e) {
		return cty.DynamicVal, false
	}
	val, ok = u.value(s.ctx, e)
	// A variable without a value has been reported where it stands.
	return val, ok && val.IsWhollyKnown()
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
			u.errorf(u.rng(t.SourceRange()), "undefined", "there is no value `"+t.RootName()+"`", "Values are `var.NAME` and `local.NAME`; text stands in double quotes.")
			ok = false
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
	val, ok := l.u.eval(l.u.newScope(l.vars, l.done), a.Expr)
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
