package main

import (
	"errors"

	"apc/compiler/ir"
	"apc/lang/rule"
)

// includes reads the rules of included files below a base directory.
type includes struct{ base string }

func newIncludes(base string) includes { return includes{base} }

// Rules implements grants.Resolver.
func (i includes) Rules(inc rule.Include) ([]ir.Rule, error) {
	return nil, errors.New("includes are not read yet")
}

// Values implements grants.Resolver.
func (i includes) Values(m *ir.Module) map[string][]string {
	out := map[string][]string{}
	for _, v := range m.Variables {
		out[v.Name] = v.Values
	}
	return out
}
