package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/verify"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/profile"
)

// checkFlags are the flags of `apc verify`.
type checkFlags struct {
	loadFlags
	verifyFlags
	format string
}

func (a *app) verifyCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "verify FILE|DIR...",
		Short: "Check policies and profile texts, by apc's own reader and the real parser",
		Long: `Read policies and profile texts: first by apc's own reader (syntax, includes,
meaning), which shows all errors at once, then by the real apparmor_parser where
there is one that is no older than the target's. Of a folder without policies
every profile in it is read.`,
		Example: "  apc verify /etc/apparmor.d/usr.sbin.nginx\n  apc verify --no-parser --base ./apparmor.d ./apparmor.d\n  apc verify --format json service.hcl",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.verifyFiles(args, f) },
	}
	f.loadFlags.add(cmd)
	cmd.Flags().StringArrayVar(&f.parsers, "parser", nil, "`PATH` of another apparmor_parser (repeatable)")
	cmd.Flags().BoolVar(&f.skip, "no-parser", false, "apc's own reader only")
	cmd.Flags().BoolVar(&f.require, "require-verify", false, "it is an error where no apparmor_parser can verify")
	cmd.Flags().StringVar(&f.base, "base", defaultBase, "`DIR` that includes are read from")
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT` of what is found: text, json, github, sarif")
	return cmd
}

// defaultBase is where AppArmor's files are on every target.
const defaultBase = "/etc/apparmor.d"

func (a *app) verifyFiles(args []string, f checkFlags) error {
	if err := checkFormat(f.format); err != nil {
		return err
	}
	policies, texts, err := sortArguments(args)
	if err != nil {
		return err
	}
	found := &findings{sources: diag.Sources{}}
	if len(policies) > 0 {
		if err := a.verifyPolicies(policies, f, found); err != nil {
			return err
		}
	}
	if err := a.verifyTexts(texts, f, found); err != nil {
		return err
	}
	list := found.list.Sorted()
	if err := a.writeFindings(found.sources, list, f.format); err != nil {
		return machineError(err)
	}
	for _, note := range found.notes {
		fmt.Fprintln(a.stderr, note)
	}
	if list.HasErrors() {
		a.fail(exitInput)
	}
	return nil
}

// findings is what several steps report together.
type findings struct {
	sources diag.Sources
	list    diag.List
	notes   []string
}

// verifyPolicies compiles policies and reads what comes out.
func (a *app) verifyPolicies(args []string, f checkFlags, found *findings) error {
	l, err := a.load(args, f.loadFlags)
	if err != nil {
		return err
	}
	for name, src := range l.sources {
		found.sources[name] = src
	}
	outputs, diags := l.compile(f.loadFlags, compiler.Options{Today: a.today})
	found.list = append(append(found.list, l.diags...), diags...)
	if found.list.HasErrors() {
		return nil
	}
	v, err := a.verify(outputs, f.verifyFlags)
	found.list = append(found.list, v.diags...)
	found.notes = append(found.notes, v.notes...)
	return err
}

// verifyTexts reads profile texts, and gives those that are sound to the real
// parser.
func (a *app) verifyTexts(paths []string, f checkFlags, found *findings) error {
	if len(paths) == 0 {
		return nil
	}
	target, err := onlyTarget(f.targets)
	if err != nil {
		return err
	}
	loader := &profile.Loader{Base: []string{f.base}}
	type result struct {
		diags diag.List
		text  []byte
		err   error
	}
	results := parallel(paths, func(path string) result {
		text, err := readRegular(path)
		if err != nil {
			return result{err: err}
		}
		diags, err := readProfile(loader, path, text)
		return result{diags, text, err}
	})
	var sound []verify.Input
	for i, r := range results {
		if r.err != nil {
			return pathError(paths[i], r.err)
		}
		found.sources[filepath.ToSlash(paths[i])] = r.text
		found.list = append(found.list, r.diags...)
		if !r.diags.HasErrors() {
			sound = append(sound, verify.Input{Name: paths[i], Text: r.text, Base: f.base})
		}
	}
	if f.skip || len(sound) == 0 {
		return nil
	}
	return a.parseTexts(sound, target, f, found)
}

// readProfile reads a profile text with all that it includes.
func readProfile(loader *profile.Loader, path string, text []byte) (diag.List, error) {
	read, diags, err := loader.LoadText(context.Background(), filepath.ToSlash(path), string(text))
	if err != nil {
		return nil, err
	}
	return append(diags, profile.Check(read)...), nil
}

// onlyTarget returns the one target that profile texts are checked for.
func onlyTarget(names []string) (*feature.Target, error) {
	switch len(names) {
	case 0:
		return feature.Lookup(feature.DefaultTarget)
	case 1:
		return feature.Lookup(names[0])
	}
	return nil, fmt.Errorf("profile texts are checked for one target at a time")
}

// parseTexts runs the real parser on profile texts.
func (a *app) parseTexts(inputs []verify.Input, target *feature.Target, f checkFlags, found *findings) error {
	ctx, stop := interruptible()
	defer stop()
	parsers, err := findParsers(ctx, f.parsers)
	if err != nil {
		return machineError(err)
	}
	p, err := verify.Choose(parsers, target)
	if err != nil {
		if f.require {
			return machineError(err)
		}
		found.notes = append(found.notes, target.Name+" "+err.Error())
		return nil
	}
	results, err := verify.RunAll(ctx, p, target, inputs)
	if err != nil {
		return machineError(err)
	}
	for _, r := range results {
		for _, m := range r.Messages {
			if m.Severity == diag.Error {
				found.list = append(found.list, textRefused(p, r.Name, m))
			}
		}
	}
	found.notes = append(found.notes, target.Name+" verified by "+p.String())
	return nil
}

// textRefused tells what the parser says of a profile text.
func textRefused(p verify.Parser, name string, m verify.Message) diag.Diagnostic {
	at := diag.Range{File: filepath.ToSlash(name)}
	if m.File != "" {
		at = diag.Range{File: m.File, Start: diag.Pos{Line: m.FileLine, Column: 1}, End: diag.Pos{Line: m.FileLine, Column: 1}}
	} else if m.Line() > 0 {
		at.Start = diag.Pos{Line: m.Line(), Column: 1}
		at.End = at.Start
	}
	return diag.Errorf(at, "refused", p.String()+" refuses the profile", "%s.", strings.TrimSuffix(m.Text, "."))
}
