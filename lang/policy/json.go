package policy

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// jsonBody is a body in HCL's JSON syntax. Its attributes are turned into
// native syntax, so that one meter measures both.
type jsonBody struct{ hcl.Body }

func (b jsonBody) Content(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	c, hd := b.Body.Content(schema)
	return c, append(hd, nativeContent(c)...)
}

func (b jsonBody) PartialContent(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Body, hcl.Diagnostics) {
	c, rest, hd := b.Body.PartialContent(schema)
	return c, jsonBody{rest}, append(hd, nativeContent(c)...)
}

func (b jsonBody) JustAttributes() (hcl.Attributes, hcl.Diagnostics) {
	attrs, hd := b.Body.JustAttributes()
	return attrs, append(hd, nativeAttributes(attrs)...)
}

func nativeContent(c *hcl.BodyContent) hcl.Diagnostics {
	for _, b := range c.Blocks {
		b.Body = jsonBody{b.Body}
	}
	return nativeAttributes(c.Attributes)
}

func nativeAttributes(attrs hcl.Attributes) hcl.Diagnostics {
	var hd hcl.Diagnostics
	for _, a := range attrs {
		e, more := native(a.Expr)
		hd = append(hd, more...)
		a.Expr = jsonExpr{meterAttribute(a.Name, e), a.Expr}
	}
	return hd
}

// jsonExpr is an expression of a JSON file. What reads its form and not its
// value, such as a type, asks for what JSON makes of it.
type jsonExpr struct {
	hclsyntax.Expression
	json hcl.Expression
}

// UnwrapExpression gives the expression in native syntax.
func (e jsonExpr) UnwrapExpression() hcl.Expression { return e.Expression }

// AsTraversal reads a string as a name.
func (e jsonExpr) AsTraversal() hcl.Traversal {
	if !e.short() {
		return nil
	}
	t, _ := hcl.AbsTraversalForExpr(e.json)
	return t
}

// ExprCall reads a string as a call, as in "list(string)".
func (e jsonExpr) ExprCall() *hcl.StaticCall {
	if !e.short() {
		return nil
	}
	call, _ := hcl.ExprCall(e.json)
	return call
}

// short says whether the expression is a string that may be parsed.
func (e jsonExpr) short() bool {
	v, _ := e.json.Value(nil)
	return v.Type() == cty.String && !nestedTooDeep([]byte(v.AsString()))
}

// native turns an expression of JSON into native syntax.
func native(e hcl.Expression) (hclsyntax.Expression, hcl.Diagnostics) {
	if list, hd := hcl.ExprList(e); !hd.HasErrors() {
		return nativeList(list, e.Range())
	}
	if pairs, hd := hcl.ExprMap(e); !hd.HasErrors() {
		return nativeObject(pairs, e.Range())
	}
	v, hd := e.Value(nil)
	if !v.IsNull() && v.Type() == cty.String {
		return nativeTemplate(v.AsString(), e.Range())
	}
	if !v.IsNull() && v.IsKnown() && v.Type() == cty.Number && hugeNumber(v) {
		v, hd = cty.DynamicVal, append(hd, problem(e.Range(), tooHuge))
	}
	return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: e.Range()}, hd
}

func nativeList(list []hcl.Expression, at hcl.Range) (hclsyntax.Expression, hcl.Diagnostics) {
	out := &hclsyntax.TupleConsExpr{SrcRange: at, OpenRange: at}
	var hd hcl.Diagnostics
	for _, item := range list {
		e, more := native(item)
		out.Exprs, hd = append(out.Exprs, e), append(hd, more...)
	}
	return out, hd
}

func nativeObject(pairs []hcl.KeyValuePair, at hcl.Range) (hclsyntax.Expression, hcl.Diagnostics) {
	out := &hclsyntax.ObjectConsExpr{SrcRange: at, OpenRange: at}
	var hd hcl.Diagnostics
	seen := map[string]bool{}
	for _, p := range pairs {
		key, more := native(p.Key)
		hd = append(hd, more...)
		value, more := native(p.Value)
		hd = append(hd, more...)
		if name, _ := p.Key.Value(nil); seen[name.AsString()] {
			hd = append(hd, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "a key stands twice",
				Detail: fmt.Sprintf("The key %q stands in this object already. Remove one of the two.", name.AsString()), Subject: p.Key.Range().Ptr()})
		} else {
			seen[name.AsString()] = true
		}
		out.Items = append(out.Items, hclsyntax.ObjectConsItem{KeyExpr: key, ValueExpr: value})
	}
	return out, hd
}

// nativeTemplate parses a string, which is a template. Places in it are those
// of the file as long as the string has no escapes.
func nativeTemplate(text string, at hcl.Range) (hclsyntax.Expression, hcl.Diagnostics) {
	nothing := &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}
	if nestedTooDeep([]byte(text)) {
		return nothing, hcl.Diagnostics{problem(at, tooDeep)}
	}
	start := at.Start
	start.Byte++
	start.Column++
	e, hd := hclsyntax.ParseTemplate([]byte(text), at.Filename, start)
	if hd.HasErrors() {
		return nothing, hd
	}
	if hugeLiteral.MatchString(text) && hugeToken(text, at) {
		return nothing, hcl.Diagnostics{problem(at, tooHuge)}
	}
	return &hclsyntax.ParenthesesExpr{Expression: e, SrcRange: at}, hd
}

func hugeToken(text string, at hcl.Range) bool {
	tokens, _ := hclsyntax.LexTemplate([]byte(text), at.Filename, at.Start)
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenNumberLit && hugeLiteral.Match(t.Bytes) {
			return true
		}
	}
	return false
}

func problem(at hcl.Range, r *refusal) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: r.summary, Detail: r.detail, Subject: &at, Extra: r}
}
