package policy

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"apc/lang/diag"
)

// Declared is something that a folder declares for use within it.
type Declared struct {
	Kind  string // "module", "variable", "local"
	Name  string
	Range diag.Range // its header or name
	// Used says whether anything refers to it. A variable or local counts as used
	// where its name is referred to anywhere in the folder.
	Used bool
}

// declared lists what the folder declares. Modules are left out where only some
// of the folder's services were read, or none is there: then they may be for
// others.
func (u *unit) declared(t top, only []string) []Declared {
	var out []Declared
	if only == nil && len(u.policy.Services) > 0 {
		for _, m := range u.modules {
			out = append(out, Declared{"module", m.name, m.at, m.used})
		}
	}
	for _, v := range slices.Concat(u.declaredVariables(t["variable"])...) {
		out = append(out, Declared{"variable", v.Labels[0], u.rng(v.DefRange), false})
	}
	for _, b := range t["locals"] {
		attrs, _ := b.Body.JustAttributes()
		for name, a := range attrs {
			out = append(out, Declared{"local", name, u.rng(a.NameRange), false})
		}
	}
	var used map[string]bool
	for i, d := range out {
		if root := roots[d.Kind]; root != "" {
			if used == nil {
				used = u.references()
			}
			out[i].Used = used[root+"."+d.Name] || used[root+"["]
		}
	}
	slices.SortFunc(out, func(a, b Declared) int {
		switch {
		case a.Range.Less(b.Range):
			return -1
		case b.Range.Less(a.Range):
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// roots are the names by which expressions begin to refer to something.
var roots = map[string]string{"variable": "var", "local": "local"}

// declaredVariables returns the blocks of the folder's variables, and of those of its
// modules.
func (u *unit) declaredVariables(own hcl.Blocks) []hcl.Blocks {
	out := []hcl.Blocks{own}
	for _, name := range slices.Sorted(maps.Keys(u.modules)) {
		out = append(out, u.modules[name].schema.Blocks)
	}
	return out
}

// references returns what the expressions of the folder refer to, as "var.NAME"
// and "local.NAME"; "var[" and "local[" stand for any name.
func (u *unit) references() map[string]bool {
	out := map[string]bool{}
	for _, f := range u.files {
		if strings.HasSuffix(f.name, ".json") || strings.HasSuffix(f.name, ".yaml") {
			for _, m := range reference.FindAllString(string(f.src), -1) {
				out[m] = true
			}
			continue
		}
		tokens, _ := hclsyntax.LexConfig(f.src, f.name, hcl.InitialPos)
		for i := 0; i+2 < len(tokens); i++ {
			root := string(tokens[i].Bytes)
			if tokens[i].Type != hclsyntax.TokenIdent || root != "var" && root != "local" {
				continue
			}
			switch tokens[i+1].Type {
			case hclsyntax.TokenDot:
				out[root+"."+string(tokens[i+2].Bytes)] = true
			case hclsyntax.TokenOBrack:
				out[root+"["] = true
			}
		}
	}
	return out
}

// reference matches what refers to a variable or local in the strings of JSON
// and YAML.
var reference = regexp.MustCompile(`\b(?:var|local)(?:\.[\pL_][\pL\pN_-]*|\[)`)
