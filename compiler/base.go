package compiler

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/profile"
)

// Base is a directory of includes whose content is pinned: passes may rely on
// it. It may be used by several goroutines at once, and reads a file once.
type Base struct{ loader *profile.Loader }

// OpenBase returns the base directory dir. That it can be read shows when it is
// used.
func OpenBase(dir string) *Base {
	if abs, err := filepath.Abs(dir); err == nil { // else the working directory is gone, and so is a relative dir
		dir = abs
	}
	return &Base{&profile.Loader{Base: []string{dir}}}
}

// withIncludes returns the module with the rules of its includes below them;
// ok is false, with a warning, where they cannot all be read.
func (out *Output) withIncludes(b *Base) (m *ir.Module, ok bool) {
	m, diags, err := out.Resolve(context.Background(), b.loader)
	fault := ""
	for _, d := range diags {
		if d.Severity == diag.Error && d.Code != "missing-abi" && fault == "" {
			fault = d.Subject.String() + ": " + d.Detail
		}
	}
	if err != nil {
		fault = err.Error()
	}
	if fault != "" {
		d := diag.Warningf(out.Service.Where.Range, "base-not-read", "no pass relies on the base directory", "%s.", strings.TrimSuffix(fault, "."))
		out.Diags = append(out.Diags, d)
		return nil, false
	}
	return m, true
}

// relied takes the rules below the includes away again, and pins the files that
// a pass relied on: by their names below the base directory, and by a digest of
// these and their texts.
func (out *Output) relied(b *Base) {
	files := out.Module.Relied
	out.Module = out.Module.Map(func(p *ir.Profile) []ir.Rule {
		rules := make([]ir.Rule, len(p.Rules))
		for i, r := range p.Rules {
			r.Included = nil
			rules[i] = r
		}
		return rules
	})
	out.Module.Base, out.Module.Values, out.Module.Relied = "", nil, nil
	digest := sha256.New()
	for _, file := range files {
		name, err := filepath.Rel(b.loader.Base[0], file)
		text, err2 := os.ReadFile(file)
		if err != nil || err2 != nil {
			out.Diags = append(out.Diags, diag.Errorf(out.Service.Where.Range, "base-not-read", "the base directory changed while it was read", "%s cannot be read any more.", file))
			return
		}
		out.Module.Relied = append(out.Module.Relied, name)
		fmt.Fprintf(digest, "%s %d\n%s", name, len(text), text)
	}
	out.Module.ReliedDigest = fmt.Sprintf("%x", digest.Sum(nil))
}
