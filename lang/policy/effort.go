package policy

import (
	"fmt"
	"reflect"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// The bounds of evaluation. They are counted in units and not in time, so
// that a policy is refused on every machine or on none.
const (
	maxEffort   = 1_000_000 // of a folder
	unitsNode   = 5         // evaluating one expression
	unitsItem   = 20        // an item that a block takes
	unitsNumber = 15        // a number, whose text is slow to make
	unitsBlock  = 50        // a block that `dynamic` makes
	unitBytes   = 4         // bytes of a string for a unit
	unitsText   = 20        // what a byte of source text brings
	// maxExponent bounds numbers, as a power of two: text of larger ones
	// takes time and memory without end.
	maxExponent = 4096
)

// effort is what evaluating a folder may still cost.
type effort struct {
	left int
	// refused says why evaluation ended before its time; nil while it goes on.
	refused *refusal
	funcs   map[string]function.Function // made at the first use
}

// refusal is what ends an evaluation. It travels as a panic, from inside the
// evaluator of HCL, which cannot be cancelled, to value.
type refusal struct{ code, summary, detail string }

func (r *refusal) Error() string { return r.summary }

var (
	tooMuch = &refusal{"too-large", "evaluating the policy takes too much",
		"Loops in loops, or strings and lists that double, soon grow without end. Up to here the expressions of this folder took all that a folder may take; write less, or write it out."}
	tooHuge = &refusal{"too-large", "a number is too large",
		"Numbers may have about a thousand digits."}
	tooDeep = &refusal{"too-deep", "nested too deep", fmt.Sprintf("Brackets may nest %d deep; simplify the expression.", maxDepth)}
)

// spend takes a cost, and says whether there was enough left.
func (e *effort) spend(units int) error {
	if e.refused == nil && (units < 0 || units > e.left) {
		e.refused = tooMuch
	}
	if e.refused != nil {
		return e.refused
	}
	e.left -= units
	return nil
}

// take takes what it costs to hold a value.
func (e *effort) take(v cty.Value) error {
	if err := e.spend(1); err != nil || v.IsNull() || !v.IsKnown() {
		return err
	}
	switch ty := v.Type(); {
	case ty == cty.String:
		return e.spend(len(v.AsString()) / unitBytes)
	case ty == cty.Number && hugeNumber(v):
		e.refused = tooHuge
		return e.refused
	case ty == cty.Number:
		return e.spend(unitsNumber)
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next(); {
			_, elem := it.Element()
			if err := e.take(elem); err != nil {
				return err
			}
		}
	}
	return nil
}

func hugeNumber(v cty.Value) bool {
	f := v.AsBigFloat()
	exp := f.MantExp(nil)
	return f.IsInf() || exp > maxExponent || exp < -maxExponent
}

// hugeLiteral finds text that may be a number too large to be read or shown.
var hugeLiteral = regexp.MustCompile(`[0-9.][eE][+-]?[0-9]{4,}|[0-9]{1000}`)

// effortName is the variable under which expressions find their effort. No
// policy can spell it.
const effortName = "(effort)"

var effortType = cty.Capsule("effort", reflect.TypeFor[effort]())

func effortOf(ctx *hcl.EvalContext) *effort {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[effortName]; ok {
			return v.EncapsulatedValue().(*effort)
		}
	}
	return nil
}

// metered is an expression that takes its cost from the effort of the context
// in which it is evaluated.
type metered struct {
	hclsyntax.Expression // in parentheses, so that walks find what is inside
	inner                hclsyntax.Expression
	each                 int // cost of each element of the value
}

func meter(e hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case nil:
		return nil
	case *hclsyntax.LiteralValueExpr, *hclsyntax.AnonSymbolExpr, *hclsyntax.ObjectConsKeyExpr, metered:
		return e
	}
	return metered{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, e, 0}
}

// UnwrapExpression gives the expression for what reads its form.
func (m metered) UnwrapExpression() hcl.Expression { return m.inner }

// Value evaluates the expression. It panics with a refusal where the effort
// is at an end.
func (m metered) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e := effortOf(ctx)
	if e == nil {
		return m.inner.Value(ctx)
	}
	if e.spend(unitsNode) != nil {
		panic(e.refused)
	}
	v, hd := m.inner.Value(ctx)
	if e.take(v) != nil || m.each > 0 && v.IsKnown() && v.CanIterateElements() && e.spend(m.each*v.LengthInt()) != nil {
		panic(e.refused)
	}
	return v, hd
}

// meterBody meters all expressions of a body in native syntax, in place.
func meterBody(b *hclsyntax.Body) {
	for _, a := range b.Attributes {
		a.Expr = meterAttribute(a.Name, a.Expr)
	}
	for _, block := range b.Blocks {
		meterBody(block.Body)
	}
}

// meterAttribute meters the expression of an attribute. What `dynamic` goes
// over costs more, since each element becomes a block.
func meterAttribute(name string, e hclsyntax.Expression) hclsyntax.Expression {
	out := meterAll(e)
	if m, ok := out.(metered); ok && name == "for_each" {
		m.each = unitsBlock
		return m
	}
	return out
}

// meterAll meters an expression and all expressions in it.
func meterAll(e hclsyntax.Expression) hclsyntax.Expression {
	for _, child := range children(e) {
		*child = meterAll(*child)
	}
	return meter(e)
}

// children returns the places of the expressions that e consists of.
func children(e hclsyntax.Expression) []*hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return one(&e.Expression)
	case *hclsyntax.RelativeTraversalExpr:
		return one(&e.Source)
	case *hclsyntax.FunctionCallExpr:
		return places(e.Args)
	case *hclsyntax.ConditionalExpr:
		return one(&e.Condition, &e.TrueResult, &e.FalseResult)
	case *hclsyntax.IndexExpr:
		return one(&e.Collection, &e.Key)
	case *hclsyntax.TupleConsExpr:
		return places(e.Exprs)
	case *hclsyntax.ObjectConsExpr:
		return itemPlaces(e.Items)
	case *hclsyntax.ObjectConsKeyExpr:
		if _, name := e.Wrapped.(*hclsyntax.ScopeTraversalExpr); !name {
			return one(&e.Wrapped)
		}
	case *hclsyntax.ForExpr:
		return present(&e.CollExpr, &e.KeyExpr, &e.ValExpr, &e.CondExpr)
	case *hclsyntax.SplatExpr:
		return one(&e.Source, &e.Each)
	case *hclsyntax.TemplateExpr:
		return places(e.Parts)
	case *hclsyntax.TemplateJoinExpr:
		return one(&e.Tuple)
	case *hclsyntax.TemplateWrapExpr:
		return one(&e.Wrapped)
	case *hclsyntax.BinaryOpExpr:
		return one(&e.LHS, &e.RHS)
	case *hclsyntax.UnaryOpExpr:
		return one(&e.Val)
	}
	return nil
}

func one(list ...*hclsyntax.Expression) []*hclsyntax.Expression { return list }

func present(list ...*hclsyntax.Expression) []*hclsyntax.Expression {
	var out []*hclsyntax.Expression
	for _, p := range list {
		if *p != nil {
			out = append(out, p)
		}
	}
	return out
}

func places(list []hclsyntax.Expression) []*hclsyntax.Expression {
	out := make([]*hclsyntax.Expression, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func itemPlaces(items []hclsyntax.ObjectConsItem) []*hclsyntax.Expression {
	var out []*hclsyntax.Expression
	for i := range items {
		out = append(out, &items[i].KeyExpr, &items[i].ValueExpr)
	}
	return out
}

// value evaluates an expression within the folder's effort. ok is false where
// it has no value, and a diagnostic says why.
func (u *unit) value(ctx *hcl.EvalContext, e hcl.Expression) (val cty.Value, ok bool) {
	val = cty.DynamicVal
	done := u.within(e.Range(), func() error {
		v, hd := e.Value(ctx)
		u.hcl("expression", hd)
		ok = !hd.HasErrors()
		if ok {
			val = v
		}
		return u.effort.take(v)
	})
	if !done {
		return cty.DynamicVal, false
	}
	return val, ok
}

// within runs a part of an evaluation, and says whether it came to its end.
// The first that does not is reported; nothing is evaluated after it.
func (u *unit) within(at hcl.Range, f func() error) (done bool) {
	if u.effort.refused == tooMuch {
		return false
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *refusal:
			done = u.refuse(at, r)
		default:
			panic(r)
		}
	}()
	if err := f(); err != nil {
		return u.refuse(at, u.effort.refused)
	}
	return true
}

func (u *unit) refuse(at hcl.Range, r *refusal) bool {
	u.errorf(u.rng(at), r.code, r.summary, "%s", r.detail)
	u.effort.again()
	return false
}

// again lets evaluation go on after a refusal of one value.
func (e *effort) again() {
	if e.refused != tooMuch {
		e.refused = nil
	}
}

// checkLiterals refuses numbers in native syntax that are too large.
func (u *unit) checkLiterals(name string, src []byte) bool {
	if !hugeLiteral.Match(src) {
		return true
	}
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenNumberLit && hugeLiteral.Match(t.Bytes) {
			return u.refuse(t.Range, tooHuge)
		}
	}
	return true
}
