package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/policy"
	"apc/lang/profile"
)

// sortArguments parts arguments into those that name policies and the profile
// texts that the others name: files that are no policy by name, and the files
// of folders without policies. No argument stands for the policies of the
// current folder.
func sortArguments(args []string) (policies, texts []string, err error) {
	if len(args) == 0 {
		return []string{"."}, nil, nil
	}
	for _, arg := range args {
		if strings.HasSuffix(arg, "...") {
			policies = append(policies, arg)
			continue
		}
		found, err := textsOf(arg)
		if err != nil {
			return nil, nil, err
		}
		if len(found) == 0 {
			policies = append(policies, arg)
		}
		texts = append(texts, found...)
	}
	return policies, texts, nil
}

// textsOf returns the profile texts that an argument names, none where it names
// policies.
func textsOf(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return nil, pathError(arg, err)
	case !info.IsDir() && isPolicyName(arg):
		return nil, nil
	case !info.IsDir():
		return []string{arg}, nil
	}
	names, err := policy.Files(arg)
	if err != nil {
		return nil, pathError(arg, err)
	}
	if len(names) > 0 {
		return nil, nil
	}
	inside, err := profile.Directory(arg)
	if err != nil {
		return nil, pathError(arg, err)
	}
	for i := range inside {
		inside[i] = filepath.Join(arg, filepath.Base(inside[i])) // as the user named the folder
	}
	return slices.DeleteFunc(inside, isPolicyName), nil
}

// isPolicyName says whether a file is meant as a policy: by its name, or by an
// extension that no profile has.
func isPolicyName(path string) bool {
	return policy.IsPolicyFile(filepath.Base(path)) || slices.Contains([]string{".hcl", ".json", ".yaml"}, filepath.Ext(path))
}

// isProfileText says whether text without a name is that of a profile and not
// of a policy: whether its first statement is one of AppArmor's.
func isProfileText(src []byte) bool {
	file, _ := profile.Parse("", string(src))
	if len(file.Nodes) == 0 {
		return false
	}
	switch n := file.Nodes[0].(type) {
	case *profile.Bad:
		return false
	case *profile.Profile:
		return n.Keyword != "" || strings.HasPrefix(n.Name, "/") || strings.HasPrefix(n.Name, "@{")
	}
	return true
}

// textReader reads profile texts with what they include.
type textReader struct {
	loader *profile.Loader
	base   string   // "" where includes stay unread
	texts  sync.Map // of the files that are included, by name
}

// text returns the text of an included file, which many texts share.
func (t *textReader) text(f *profile.File) []byte {
	text, known := t.texts.Load(f.Name)
	if !known {
		text, _ = t.texts.LoadOrStore(f.Name, []byte(f.Text))
	}
	return text.([]byte)
}

// newTextReader returns a reader whose includes come from base, "" for the
// default. Where there is no such folder they stay unread.
func newTextReader(base string) *textReader {
	base = cmp.Or(base, defaultBase)
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		return &textReader{loader: &profile.Loader{}}
	}
	if abs, err := filepath.Abs(base); err == nil {
		base = abs
	}
	return &textReader{loader: &profile.Loader{Base: []string{base}}, base: base}
}

// readText is a profile text that was read.
type readText struct {
	policy  *profile.Policy
	modules []*ir.Module
	sources diag.Sources // with those files that ranges of the modules point into
	diags   diag.List
	err     error
}

// read reads one profile text.
func (t *textReader) read(path string) readText {
	text, err := readRegular(path)
	if err != nil {
		return readText{err: pathError(path, err)}
	}
	p, diags, err := t.loader.LoadText(context.Background(), filepath.ToSlash(path), string(text))
	if err != nil {
		return readText{err: machineError(err)}
	}
	diags = append(diags, profile.Check(p)...)
	if t.base == "" {
		diags = slices.DeleteFunc(diags, needsIncludes)
	}
	out := readText{policy: p, sources: diag.Sources{}}
	var more diag.List
	out.modules, more = lower.Text(p, t.base)
	out.diags = append(diags, more...)
	if len(out.modules) > 0 { // all have the same
		out.diags = append(out.diags, compiler.UnknownIgnores(out.modules[0])...)
	}
	for name, f := range p.Files {
		out.sources[name] = t.text(f)
	}
	out.sources[p.File.Name] = text
	return out
}

// needsIncludes says whether a diagnostic comes of includes that were not read.
func needsIncludes(d diag.Diagnostic) bool {
	return slices.Contains([]string{"missing-include", "missing-abi", "undefined-variable"}, d.Code)
}
