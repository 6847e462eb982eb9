package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/lint"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

// loadFlags are the flags of every command that reads policies.
type loadFlags struct {
	vars     []string
	varFiles []string
	targets  []string
}

func (f *loadFlags) addVars(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "value of a variable, `NAME=VALUE` (repeatable)")
	cmd.Flags().StringArrayVar(&f.varFiles, "var-file", nil, "`FILE` with values of variables (repeatable)")
}

func (f *loadFlags) add(cmd *cobra.Command) {
	f.addVars(cmd)
	cmd.Flags().StringArrayVar(&f.targets, "target", nil, "`TARGET` to compile for (repeatable): "+strings.Join(targetNames(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("target", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return targetNames(), cobra.ShellCompDirectiveNoFileComp
	})
}

func targetNames() []string {
	var out []string
	for _, t := range feature.Targets() {
		out = append(out, t.Name)
	}
	return out
}

// loaded is what the arguments of a command named: the policies of one folder
// each.
type loaded struct {
	policies []*policy.Policy
	sources  diag.Sources
	diags    diag.List
}

// load reads the policies that the arguments name.
func (a *app) load(args []string, f loadFlags) (*loaded, error) {
	folders, err := findFolders(args)
	if err != nil {
		return nil, err
	}
	vars, err := parseVars(f.vars)
	if err != nil {
		return nil, err
	}
	loader, diags := policy.NewLoader(policy.Options{Modules: stdlib.Modules, Vars: vars, VarFiles: f.varFiles, Environ: a.environ, Rules: ruleNames()})
	out := &loaded{sources: diag.Sources{}, diags: diags}
	type result struct {
		p     *policy.Policy
		diags diag.List
	}
	results := parallel(folders, func(folder policy.Folder) result {
		p, diags := loader.Load(folder)
		return result{p, diags}
	})
	for _, r := range results {
		out.policies = append(out.policies, r.p)
		out.diags = append(out.diags, r.diags...)
		for name, src := range r.p.Sources {
			out.sources[name] = src
		}
	}
	for _, name := range loader.UnknownVars() {
		out.diags = append(out.diags, diag.Errorf(diag.Range{File: "--var " + name}, "undefined", "variable \""+name+"\" is not declared", "No policy that was read declares it."))
	}
	return out, nil
}

// ruleNames are the names that `ignore` and `severity` may have: lint rules,
// losses, and what else an ignore accepts.
func ruleNames() []string {
	out := compiler.Acceptable()
	for _, r := range lint.Rules {
		out = append(out, r.Name)
	}
	return out
}

func parseVars(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, v := range list {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var %q is not of the form NAME=VALUE", v)
		}
		out[name] = value
	}
	return out, nil
}

// findFolders turns arguments, which are files, folders and DIR/..., into the
// folders to load. Without arguments it is the current folder.
func findFolders(args []string) ([]policy.Folder, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	var out []policy.Folder
	at := map[string]int{} // of each place on disk
	for _, arg := range args {
		found, err := findFolder(arg)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			i, known := at[placeOf(f.Path)]
			switch {
			case !known:
				at[placeOf(f.Path)] = len(out)
				out = append(out, f)
			case f.Only == nil || out[i].Only == nil:
				out[i].Only = nil
			default:
				out[i].Only = append(out[i].Only, f.Only...)
			}
		}
	}
	return out, nil
}

// placeOf returns the one path that all names of a folder lead to, so that a
// folder with two names is loaded once.
func placeOf(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if place, err := filepath.EvalSymlinks(abs); err == nil {
		return place
	}
	return abs
}

func findFolder(arg string) ([]policy.Folder, error) {
	if root, ok := strings.CutSuffix(arg, "..."); ok && (root == "" || strings.HasSuffix(root, "/")) {
		return walk(filepath.Clean("./"+root), arg)
	}
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return nil, pathError(arg, err)
	case !info.IsDir():
		return []policy.Folder{{Path: filepath.Dir(arg), Only: []string{filepath.Base(arg)}}}, nil
	}
	names, err := policy.Files(arg)
	if err != nil {
		return nil, pathError(arg, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no policy file in this folder (service.hcl, *.apc.hcl, *.apc.json, *.apc.yaml); `apc init PROGRAM` writes a first one", arg)
	}
	return []policy.Folder{{Path: filepath.Clean(arg)}}, nil
}

// walk finds all folders with policies at and below root, but for hidden ones.
// The root itself may be a symbolic link: with a slash behind it stands for the
// folder. Links below it are not followed.
func walk(root, arg string) ([]policy.Folder, error) {
	if strings.HasPrefix(arg, "/") {
		root = filepath.Clean(strings.TrimSuffix(arg, "..."))
	}
	var out []policy.Folder
	err := filepath.WalkDir(strings.TrimSuffix(root, "/")+"/", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		case strings.HasPrefix(d.Name(), ".") && filepath.Clean(path) != root:
			return fs.SkipDir
		}
		names, err := policy.Files(path)
		if len(names) > 0 {
			out = append(out, policy.Folder{Path: filepath.Clean(path)})
		}
		return err
	})
	if err != nil {
		return nil, pathError(root, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no policy file in or below this folder", root)
	}
	return out, nil
}

// pathError says what is wrong with a path that the user gave: a missing one
// is bad input, one that the system refuses is the machine's fault.
func pathError(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		path, err = pe.Path, pe.Err
	}
	out := fmt.Errorf("%s: %w", path, err)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) || errors.Is(err, errNotRegular) {
		return out
	}
	return machineError(out)
}

// targetsFor returns the targets to compile a policy for: those of the command
// line, or of its settings, or the default.
func targetsFor(p *policy.Policy, f loadFlags) ([]*feature.Target, diag.List) {
	words := p.Settings.Targets
	if len(f.targets) > 0 {
		words = nil
		for _, t := range f.targets {
			words = append(words, policy.Word{Text: t, Range: diag.Range{File: "--target"}})
		}
	}
	if len(words) == 0 {
		words = []policy.Word{{Text: feature.DefaultTarget}}
	}
	var out []*feature.Target
	var diags diag.List
	for _, w := range words {
		t, err := feature.Lookup(w.Text)
		if err != nil {
			diags = append(diags, diag.Errorf(w.Range, "unknown-target", "unknown target", "%s.", err))
		} else if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, diags
}
