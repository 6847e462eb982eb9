package compiler

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/compiler/optimize"
	"apc/lang/diag"
	"apc/lang/profile"
	"apc/lang/rule"
)

// Base is a directory of includes whose content is pinned: passes may rely on
// it. It may be used by several goroutines at once, and reads a file once.
type Base struct {
	loader       *profile.Loader
	abstractions func() []optimize.Abstraction

	once  sync.Once
	usual *optimize.Shelf // for modules that define no variables
}

// OpenBase returns the base directory dir. That it can be read shows when it is
// used.
func OpenBase(dir string) *Base {
	if abs, err := filepath.Abs(dir); err == nil { // else the working directory is gone, and so is a relative dir
		dir = abs
	}
	b := &Base{loader: &profile.Loader{Base: []string{dir}}}
	b.abstractions = sync.OnceValue(b.readAbstractions)
	return b
}

// dir returns the path of the directory.
func (b *Base) dir() string { return b.loader.Base[0] }

// readAbstractions reads the files of the folder abstractions, each as a profile
// would that includes it. One with a fault, or that needs a file which is
// missing, is none.
func (b *Base) readAbstractions() []optimize.Abstraction {
	files, err := profile.Directory(filepath.Join(b.dir(), "abstractions"))
	if err != nil {
		return nil
	}
	var out []optimize.Abstraction
	for _, file := range files {
		if a, ok := b.abstraction(rule.Include{Path: "abstractions/" + filepath.Base(file), Magic: true}); ok {
			out = append(out, a)
		}
	}
	return out
}

// abstraction reads one abstraction.
func (b *Base) abstraction(i rule.Include) (a optimize.Abstraction, ok bool) {
	include := rule.Rule{Body: i}
	text := "include <tunables/global>\nprofile x {\n" + include.String() + "\n}\n"
	read, diags, err := b.loader.LoadText(context.Background(), "x", text)
	if err != nil || diags.HasErrors() {
		return a, false
	}
	meanings, _ := profile.Meanings(read)
	for _, m := range meanings {
		for _, r := range lower.Included(m.Said) {
			if r.Body == rule.Body(i) {
				return optimize.Abstraction{Include: r, Files: b.needed(read, r, nil)}, true
			}
		}
	}
	return a, false
}

// needed appends the files that an include needs, of those that were read, to
// others: its own, and those of the includes below it that must be there.
func (b *Base) needed(read *profile.Policy, include ir.Rule, files []string) []string {
	i, ok := include.Body.(rule.Include)
	if !ok || i.IfExists {
		return files
	}
	at := filepath.Join(b.dir(), i.Path)
	for file := range read.Files {
		if file == at || filepath.Dir(file) == at {
			files = append(files, file)
		}
	}
	for _, below := range include.Included {
		files = b.needed(read, below, files)
	}
	return files
}

// shelf returns the abstractions for a module whose includes were read.
func (b *Base) shelf(m *ir.Module) *optimize.Shelf {
	if len(m.Variables) > 0 {
		return optimize.NewShelf(b.abstractions(), m.Values)
	}
	b.once.Do(func() { b.usual = optimize.NewShelf(b.abstractions(), m.Values) })
	return b.usual
}

// fault tells what keeps a text with its includes from being relied on, "" for
// nothing.
func fault(diags diag.List) string {
	for _, d := range diags {
		if d.Severity == diag.Error && d.Code != "missing-abi" {
			return d.Subject.String() + ": " + d.Detail
		}
	}
	return ""
}

// readIncludes puts the rules of the module's includes below them; ok is false,
// with a warning, where they cannot all be read.
func (out *Output) readIncludes(b *Base) (ok bool) {
	m, diags, err := out.Resolve(context.Background(), b.loader)
	fault := fault(diags)
	if err != nil {
		fault = err.Error()
	}
	if fault != "" {
		d := diag.Warningf(out.Service.Where.Range, "base-not-read", "no pass relies on the base directory", "%s.", strings.TrimSuffix(fault, "."))
		out.Diags = append(out.Diags, d)
		return false
	}
	out.Module = m
	return true
}

// relied takes the rules below the includes away again, and pins the files that
// passes relied on: by their names below the base directory, and by a digest of
// these and their texts. With the file of the variables go all that it includes.
func (out *Output) relied(b *Base) {
	files := slices.Sorted(slices.Values(out.Module.Relied))
	tunables := optimize.Tunables(out.Module)
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
	for _, file := range slices.Compact(files) {
		all := []string{file}
		if file == tunables {
			all = b.closure(file)
		}
		if !b.digest(digest, all) {
			out.Diags = append(out.Diags, diag.Errorf(out.Service.Where.Range, "base-not-read", "the base directory changed while it was read", "%s cannot be read any more.", file))
			return
		}
		out.Module.Relied = append(out.Module.Relied, b.name(file))
	}
	out.Module.ReliedDigest = fmt.Sprintf("%x", digest.Sum(nil))
}

// closure returns a file and all that it includes, the file first.
func (b *Base) closure(file string) []string {
	read, _, err := b.loader.Load(context.Background(), file)
	if err != nil {
		return []string{file}
	}
	return append([]string{file}, slices.Sorted(maps.Keys(read.Files))...)
}

// name returns the name of a file below the base directory.
func (b *Base) name(file string) string {
	if name, err := filepath.Rel(b.dir(), file); err == nil {
		return name
	}
	return file
}

// digest adds files to a digest; ok is false where one cannot be read.
func (b *Base) digest(to io.Writer, files []string) (ok bool) {
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		fmt.Fprintf(to, "%s %d\n%s", b.name(file), len(text), text)
	}
	return true
}
