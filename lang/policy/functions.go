package policy

import (
	"maps"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
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

// functions returns the functions, each of which takes what its arguments and
// its result cost before it is called.
func (e *effort) functions() map[string]function.Function {
	if e.funcs == nil {
		e.funcs = maps.Clone(functions)
		for name, f := range functions {
			if name != "try" && name != "can" { // their arguments are evaluated inside
				e.funcs[name] = e.guarded(name, f)
			}
		}
	}
	return e.funcs
}

// guarded wraps a function. The cost is taken where the type of the result is
// asked for: that comes first, and some functions do all their work there.
func (e *effort) guarded(name string, f function.Function) function.Function {
	return function.New(&function.Spec{
		Params: f.Params(), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if err := e.takeCall(name, args); err != nil {
				return cty.NilType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

// takeCall takes what a call costs.
func (e *effort) takeCall(name string, args []cty.Value) error {
	before := e.left
	for _, a := range args {
		if err := e.take(a); err != nil {
			return err
		}
		if s := text(a); len(s) > 4 && hugeText.MatchString(s) {
			e.refused = tooHuge
			return tooHuge
		}
	}
	if name == "jsondecode" && nestedTooDeep([]byte(text(args[0]))) {
		e.refused = tooDeep
		return tooDeep
	}
	if cost, ok := costs[name]; ok && len(args) > 0 {
		return e.spend(cost(args, before-e.left))
	}
	return nil
}

// hugeText is text that converts to a number too large to be shown.
var hugeText = regexp.MustCompile(`^[+-]?[0-9.]+[eE][+-]?[0-9]{4,}$`)

// costs are what the results of functions cost that can be much larger than
// their arguments, or that take longer than their arguments are long. They
// are told what the arguments cost.
var costs = map[string]func(args []cty.Value, taken int) int{
	"distinct":   func(a []cty.Value, _ int) int { return product(length(a[0]), length(a[0])) / 8 },
	"format":     formatCost,
	"formatlist": func(a []cty.Value, taken int) int { return product(formatCost(a, taken), longest(a)) },
	"join":       func(a []cty.Value, _ int) int { return product(len(text(a[0])), longest(a)) / unitBytes },
	"regex":      regexCost,
	"regexall":   regexCost,
	"replace":    replaceCost,
	"setproduct": setproductCost,
	"split":      func(a []cty.Value, _ int) int { return strings.Count(text(a[1]), text(a[0])) * unitsNode },
	"trim":       func(a []cty.Value, _ int) int { return product(len(text(a[0])), len(text(a[1]))) / 64 },
}

// text returns the string that v is, or "".
func text(v cty.Value) string {
	if v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

// length returns how many elements v has, or 0.
func length(v cty.Value) int {
	if v.IsKnown() && !v.IsNull() && v.CanIterateElements() {
		return v.LengthInt()
	}
	return 0
}

func longest(args []cty.Value) int {
	n := 1
	for _, a := range args {
		n = max(n, length(a))
	}
	return n
}

// product multiplies, up to what no effort can reach.
func product(a, b int) int {
	if b != 0 && a > 2*maxEffort*64/b {
		return 2 * maxEffort * 64
	}
	return a * b
}

var digitRun = regexp.MustCompile(`[0-9]+`)

// formatCost bounds the text that a format gives: each verb can show all
// arguments, as wide as it says.
func formatCost(args []cty.Value, taken int) int {
	form := text(args[0])
	cost := product(strings.Count(form, "%"), taken*unitBytes+64)
	for _, n := range digitRun.FindAllString(form, -1) {
		width, err := strconv.Atoi(n)
		if err != nil {
			return 2 * maxEffort
		}
		cost += min(width, 2*maxEffort*unitBytes)
	}
	return cost / unitBytes
}

func regexCost(args []cty.Value, _ int) int {
	return product(len(text(args[0])), len(text(args[1]))) / 64
}

func replaceCost(args []cty.Value, _ int) int {
	return product(strings.Count(text(args[0]), text(args[1])), len(text(args[2]))) / unitBytes
}

func setproductCost(args []cty.Value, _ int) int {
	n := len(args) * unitsNode
	for _, a := range args {
		n = product(n, length(a))
	}
	return n
}
