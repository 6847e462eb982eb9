package policy

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"apc/lang/diag"
)

// decoder reads the values of blocks in one scope.
type decoder struct {
	*unit
	scope *scope
	via   []Use // the modules that the decoded text came through
	// active are the modules of via, to find cycles.
	active []*moduleSource
	// container says that paths are those of an image, not of a Debian host.
	container bool
}

func (u *unit) decoder(s *scope) *decoder { return &decoder{unit: u, scope: s} }

// content reads a block that has only attributes: those named and `reason`.
func (d *decoder) content(body hcl.Body, attrs ...string) *hcl.BodyContent {
	schema := &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "reason"}}}
	for _, a := range attrs {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: a})
	}
	return d.schemaContent(body, schema)
}

// schemaContent reads a block, with its `dynamic` blocks expanded.
func (d *decoder) schemaContent(body hcl.Body, schema *hcl.BodySchema) *hcl.BodyContent {
	content := &hcl.BodyContent{Attributes: hcl.Attributes{}}
	d.within(body.MissingItemRange(), func() error {
		c, hd := dynblock.Expand(body, d.scope.ctx).Content(schema)
		d.hcl("schema", hd)
		content = c
		return nil
	})
	return content
}

// blockWhere tells where a block stands; the reason is its own.
func (d *decoder) blockWhere(b *hcl.Block, c *hcl.BodyContent) Where {
	return Where{Range: d.rng(b.DefRange), Intent: b.Type, Reason: d.str(c.Attributes["reason"]), Via: d.via}
}

// item is one evaluated value with its place.
type item struct {
	val cty.Value
	rng diag.Range
	// keys and elems are the expressions of an object's fields, where it is
	// written as one, by name.
	elems map[string]hcl.Expression
}

// items evaluates an attribute that is a list. Each item points at its own
// text where the list is written out, else at the whole expression.
func (d *decoder) items(a *hcl.Attribute) []item {
	if a == nil {
		return nil
	}
	val, ok := d.eval(d.scope, a.Expr)
	if !ok {
		return nil
	}
	whole := d.rng(a.Expr.Range())
	ty := val.Type()
	if val.IsNull() {
		return nil
	}
	if !ty.IsTupleType() && !ty.IsListType() && !ty.IsSetType() {
		d.errorf(whole, "wrong-type", "a list is needed here", "Write `%s = [ … ]`, also for a single value.", a.Name)
		return nil
	}
	exprs, hd := hcl.ExprList(a.Expr)
	if !d.within(a.Expr.Range(), func() error { return d.effort.spend(unitsItem * val.LengthInt()) }) {
		return nil
	}
	written := !hd.HasErrors() && len(exprs) == val.LengthInt()
	var out []item
	for it := val.ElementIterator(); it.Next(); {
		_, v := it.Element()
		i := item{val: v, rng: whole}
		if written {
			i = d.written(v, exprs[len(out)])
		}
		out = append(out, i)
	}
	return out
}

func (d *decoder) written(v cty.Value, e hcl.Expression) item {
	i := item{val: v, rng: d.rng(e.Range())}
	pairs, hd := hcl.ExprMap(e)
	if hd.HasErrors() {
		return i
	}
	i.elems = map[string]hcl.Expression{}
	for _, p := range pairs {
		if k, ok := d.value(d.scope.ctx, p.Key); ok && k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
			i.elems[k.AsString()] = p.Value
		}
	}
	return i
}

// fields evaluates an attribute that is an object.
func (d *decoder) fields(a *hcl.Attribute) map[string]item {
	if a == nil {
		return nil
	}
	val, ok := d.eval(d.scope, a.Expr)
	if !ok || val.IsNull() {
		return nil
	}
	if !val.Type().IsObjectType() && !val.Type().IsMapType() {
		d.errorf(d.rng(a.Expr.Range()), "wrong-type", "an object is needed here", "Write `%s = { name = \"value\" }`.", a.Name)
		return nil
	}
	return d.written(val, a.Expr).fields(d)
}

// fields returns the fields of an item that is an object.
func (i item) fields(d *decoder) map[string]item {
	out := map[string]item{}
	for it := i.val.ElementIterator(); it.Next(); {
		k, v := it.Element()
		f := item{val: v, rng: i.rng}
		if e := i.elems[k.AsString()]; e != nil {
			f.rng = d.rng(e.Range())
		}
		out[k.AsString()] = f
	}
	return out
}

func (i item) isObject() bool {
	return !i.val.IsNull() && (i.val.Type().IsObjectType() || i.val.Type().IsMapType())
}

// itemString returns the string of an item, or reports that it is none.
func (d *decoder) itemString(i item) (string, bool) {
	v, err := convert.Convert(i.val, cty.String)
	if err != nil || v.IsNull() || i.val.Type() == cty.Bool {
		d.errorf(i.rng, "wrong-type", "a string is needed here", "Found %s.", describe(i.val))
		return "", false
	}
	return v.AsString(), true
}

func (d *decoder) itemBool(i item) (value, ok bool) {
	if i.val.IsNull() || i.val.Type() != cty.Bool {
		d.errorf(i.rng, "wrong-type", "true or false is needed here", "Found %s.", describe(i.val))
		return false, false
	}
	return i.val.True(), true
}

func describe(v cty.Value) string {
	if v.IsNull() {
		return "null"
	}
	switch ty := v.Type(); {
	case ty == cty.String && v.IsKnown():
		return fmt.Sprintf("%q", v.AsString())
	case ty == cty.Bool && v.IsKnown():
		return fmt.Sprint(v.True())
	case ty == cty.Number && v.IsKnown():
		return v.AsBigFloat().Text('g', 10)
	case ty.IsTupleType() || ty.IsListType() || ty.IsSetType():
		return "a list"
	case ty.IsObjectType() || ty.IsMapType():
		return "an object"
	}
	return "a value of type " + v.Type().FriendlyName()
}

// single evaluates an attribute that is one value.
func (d *decoder) single(a *hcl.Attribute) (item, bool) {
	if a == nil {
		return item{}, false
	}
	val, ok := d.eval(d.scope, a.Expr)
	if ok && val.IsNull() && !slices.Contains(nullable, a.Name) {
		d.empty(a)
	}
	if !ok || val.IsNull() {
		return item{}, false
	}
	return item{val: val, rng: d.rng(a.Expr.Range())}, true
}

// nullable are the attributes that null stands for the absence of. In others
// an empty value would silently mean "any".
var nullable = append([]string{"reason", "base", "optimize", "strict", "profile"}, serviceAttributes...)

// empty reports an attribute that stands there and says nothing.
func (d *decoder) empty(a *hcl.Attribute) {
	d.errorf(d.rng(a.Expr.Range()), "empty", "`"+a.Name+"` is empty", "Give it a value, or leave `%s` out.", a.Name)
}

// word evaluates an attribute that is a string, with its place.
func (d *decoder) word(a *hcl.Attribute) Word {
	if i, ok := d.single(a); ok {
		if s, ok := d.itemString(i); ok && d.checkText(s, i.rng) {
			if s == "" && a.Name != "reason" && a.Name != "description" {
				d.empty(a)
			}
			return Word{s, i.rng}
		}
	}
	return Word{}
}

func (d *decoder) str(a *hcl.Attribute) string { return d.word(a).Text }

func (d *decoder) boolean(a *hcl.Attribute, def bool) bool {
	if i, ok := d.single(a); ok {
		if b, ok := d.itemBool(i); ok {
			return b
		}
	}
	return def
}

// words evaluates a list of strings.
func (d *decoder) words(a *hcl.Attribute) []Word {
	var out []Word
	for _, i := range d.items(a) {
		if s, ok := d.itemString(i); ok && d.checkText(s, i.rng) {
			out = append(out, Word{s, i.rng})
		}
	}
	return out
}

// some evaluates a list of strings that, where it is given, is not empty.
func (d *decoder) some(a *hcl.Attribute) []Word {
	if a == nil {
		return nil
	}
	before := len(d.diags)
	out := d.words(a)
	if len(out) == 0 && len(d.diags) == before && d.effort.refused == nil {
		d.empty(a)
	}
	return out
}

// oneOf evaluates a string that must be one of the given words.
func (d *decoder) oneOf(a *hcl.Attribute, words ...string) Word {
	w := d.word(a)
	if w.Text != "" && !d.checkOneOf(w.Text, w.Range, words...) {
		return Word{}
	}
	return w
}

// listOf evaluates a list of strings that must be among the given words.
func (d *decoder) listOf(a *hcl.Attribute, words ...string) []string {
	var out []string
	for _, w := range d.some(a) {
		if d.checkOneOf(w.Text, w.Range, words...) {
			out = append(out, w.Text)
		}
	}
	return out
}

func (d *decoder) checkOneOf(text string, at diag.Range, words ...string) bool {
	for _, w := range words {
		if w == text {
			return true
		}
	}
	near := diag.DidYouMean(text, words)
	detail := "It must be one of " + strings.Join(words, ", ") + "." + near
	switch {
	case len(words) == 1:
		detail = "It must be " + words[0] + "."
	case len(words) > 16 && near != "":
		detail = strings.TrimSpace(near)
	case len(words) > 16:
		detail = "It must be one of " + itoa(len(words)) + " words, from " + slices.Min(words) + " to " + slices.Max(words) + "."
	}
	d.errorf(at, "unknown-word", "\""+text+"\" is not known here", "%s", detail)
	return false
}

// checkText refuses text that no rule and no comment may hold: control
// characters, of which newline and NUL are the worst.
func (d *decoder) checkText(s string, at diag.Range) bool {
	for i, r := range s {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			if r == '\n' && i == len(s)-1 && d.maps[at.File] != nil {
				d.errorf(at, "bad-character", "a line end in a string", "Text below | or > ends with one: write |- or >- instead.")
				return false
			}
			d.errorf(at, "bad-character", "a control character in a string",
				"Character %d is %U. Profile text cannot hold it; in a path write it as an octal escape, as in \"\\\\012\".", utf8.RuneCountInString(s[:i])+1, r)
			return false
		}
	}
	return true
}

// sortedAttributes returns the attributes of a block in the order of the text.
func (d *decoder) sortedAttributes(c *hcl.BodyContent) []*hcl.Attribute {
	out := make([]*hcl.Attribute, 0, len(c.Attributes))
	for _, a := range c.Attributes {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool { return d.rng(out[i].NameRange).Less(d.rng(out[j].NameRange)) })
	return out
}
