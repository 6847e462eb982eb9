package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

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
	f.verifyFlags.add(cmd, "no-parser", "apc's own reader only")
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT` of what is found: "+strings.Join(formats, ", "))
	return cmd
}

func (a *app) verifyFiles(args []string, f checkFlags) error {
	if err := cmp.Or(checkFormat(f.format), checkBase(f.base)); err != nil {
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
	a.fail(codeOfList(list))
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
	base := cmp.Or(f.base, defaultBase)
	loader := &profile.Loader{Base: []string{base}}
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
			sound = append(sound, verify.Input{Name: paths[i], Text: r.text, Base: base})
		}
	}
	if f.skip || len(sound) == 0 {
		return nil
	}
	accepted, err := parseTexts(sound, target, f, found)
	if accepted != nil && len(sound) == len(paths) {
		found.notes = append(found.notes, target.Name+" verified by "+accepted.String())
	}
	return err
}

// lineRange returns where a line of a text begins and ends, without blanks.
func lineRange(text []byte, number int) (start, end diag.Pos) {
	at, n := 0, 0
	for line := range bytes.Lines(text) {
		if n++; n < number {
			at += len(line)
			continue
		}
		words := bytes.TrimSpace(line)
		blanks := len(line) - len(bytes.TrimLeft(line, " \t"))
		start = diag.Pos{Byte: at + blanks, Line: number, Column: 1 + blanks}
		end = diag.Pos{Byte: start.Byte + len(words), Line: number, Column: start.Column + utf8.RuneCount(words)}
		break
	}
	return start, end
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

// parseTexts runs the real parser on profile texts. It returns the parser where
// that accepts all of them.
func parseTexts(inputs []verify.Input, target *feature.Target, f checkFlags, found *findings) (*verify.Parser, error) {
	ctx, stop := interruptible()
	defer stop()
	parsers, err := findParsers(ctx, f.parsers)
	if err != nil {
		return nil, machineError(err)
	}
	p, err := verify.Choose(parsers, target)
	if err != nil {
		if f.require {
			return nil, machineError(err)
		}
		found.notes = append(found.notes, target.Name+" "+err.Error())
		return nil, nil
	}
	results, err := verify.RunAll(ctx, p, target, inputs)
	if err != nil {
		return nil, machineError(err)
	}
	for i, r := range results {
		for _, m := range r.Messages {
			found.list = addTextMessage(found.list, p, target, inputs[i], m)
		}
	}
	if !allAccepted(results) {
		return nil, nil
	}
	return &p, nil
}

// addTextMessage adds what the parser says of a profile text.
func addTextMessage(list diag.List, p verify.Parser, target *feature.Target, in verify.Input, m verify.Message) diag.List {
	d := textMessage(in, m)
	switch {
	case m.Severity == diag.Error:
		d.Severity, d.Code, d.Summary = diag.Error, "refused", p.String()+" refuses the profile"
	case m.Feature != "" && m.FromInclude:
		return includeLoss(list, target, m)
	case m.Feature != "":
		d.Code, d.Summary = string(m.Feature), target.Name+" does not enforce this"
	default:
		d.Code, d.Summary = "parser-warning", p.String()+" warns of the profile"
	}
	return append(list, d)
}

// textMessage places what the parser says of a profile text, as a warning.
func textMessage(in verify.Input, m verify.Message) diag.Diagnostic {
	at := diag.Range{File: filepath.ToSlash(in.Name)}
	if m.File != "" {
		at = diag.Range{File: m.File, Start: diag.Pos{Line: m.FileLine, Column: 1}, End: diag.Pos{Line: m.FileLine, Column: 1}}
	} else if m.Line() > 0 {
		at.Start, at.End = lineRange(in.Text, m.Line())
	}
	return diag.Warningf(at, "", "", "%s.", strings.TrimSuffix(m.Text, "."))
}
