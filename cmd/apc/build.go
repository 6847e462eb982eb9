package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/optimize"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
)

// buildFlags are the flags of `apc build`.
type buildFlags struct {
	loadFlags
	verifyFlags
	out      string
	annotate bool
	check    bool
	strict   bool
	dump     string
	optimize string
	prove    bool
}

func (a *app) buildCommand() *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build [FILES|DIRS|./...]",
		Short: "Compile policies into profiles for /etc/apparmor.d",
		Long: `Compile the policies in the named files and folders (without one: in the
current folder), verify each profile with the real apparmor_parser where there
is one, and write the profiles into a folder. With several targets each gets a
folder of its own in it. Nothing is written when any error stands.`,
		Example: "  apc build                                  # ./service.hcl -> apparmor.d/\n" +
			"  apc build ./... -o /etc/apparmor.d         # every policy at and below here\n" +
			"  apc build --check ./...                    # in CI: is apparmor.d up to date?\n" +
			"  apc build --target ubuntu-24.04 --annotate -o - service.hcl",
		RunE: func(_ *cobra.Command, args []string) error { return a.build(args, f) },
	}
	f.loadFlags.add(cmd)
	f.verifyFlags.add(cmd, "no-verify", "do not run apparmor_parser")
	cmd.Flags().StringVarP(&f.out, "output", "o", "apparmor.d", "`DIR` to write to, or - to print")
	cmd.Flags().BoolVar(&f.annotate, "annotate", false, "write the reasons for each rule above it")
	cmd.Flags().BoolVar(&f.check, "check", false, "write nothing; exit 1 and show the difference where the files differ")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "what a target cannot hold is an error")
	cmd.Flags().StringVar(&f.optimize, "optimize", "", "`LEVEL` of the passes: none, exact, widen (default: that of the settings, else widen)")
	cmd.Flags().BoolVar(&f.prove, "prove", false, "prove with apparmor_parser that the passes change nothing but what they list")
	cmd.MarkFlagsMutuallyExclusive("prove", "no-verify")
	cmd.Flags().StringVar(&f.dump, "dump", "", "print the IR after `PASS`, or after all: all, "+strings.Join(compiler.Stages(), ", "))
	cmd.MarkFlagsMutuallyExclusive("dump", "check")
	return cmd
}

func (a *app) build(args []string, f buildFlags) error {
	if f.dump != "" && f.dump != "all" && !slices.Contains(compiler.Stages(), f.dump) {
		return fmt.Errorf("--dump: there is no pass %q; there are all, %s", f.dump, strings.Join(compiler.Stages(), ", "))
	}
	level := optimize.Level(f.optimize)
	if level != "" && !slices.Contains(optimize.Levels, level) {
		return fmt.Errorf("--optimize %q: there are none, exact and widen", f.optimize)
	}
	if f.out == "" {
		return fmt.Errorf("-o needs a folder, or - to print")
	}
	l, err := a.load(args, f.loadFlags)
	if err != nil {
		return err
	}
	if err := checkBase(f.base); err != nil {
		return err
	}
	opts := compiler.Options{Annotate: f.annotate, Strict: f.strict, Dump: f.dump != "", Today: a.today, Optimize: level}
	if f.base != "" {
		opts.Base = compiler.OpenBase(f.base)
	}
	outputs, diags := l.compile(f.loadFlags, opts)
	diags = append(append(diag.List{}, l.diags...), diags...)
	if f.dump != "" {
		a.dump(outputs, f.dump)
	}
	files, more := place(outputs)
	diags = append(diags, more...)
	var verified verification
	if !diags.HasErrors() {
		verified, err = a.verify(outputs, f.verifyFlags)
		diags = append(diags, verified.diags...)
	}
	var proof proving
	if f.prove && err == nil && !diags.HasErrors() {
		proof, err = a.prove(outputs, f.verifyFlags)
		diags = append(diags, proof.diags...)
	}
	a.report(l.sources, diags.Sorted())
	if proof.defect {
		a.fail(exitDefect)
	}
	if err != nil {
		return err
	}
	if diags.HasErrors() || f.dump != "" {
		return nil
	}
	if err := a.deliver(files, f); err != nil {
		return err
	}
	a.summary(outputs, diags, verified)
	for _, note := range proof.notes {
		fmt.Fprintln(a.stderr, note)
	}
	return nil
}

// compile compiles every service for every target, to be written or verified:
// losses are errors where the options or a policy's settings say so. The
// diagnostics are those of all outputs and of the targets.
func (l *loaded) compile(f loadFlags, opts compiler.Options) ([]*compiler.Output, diag.List) {
	return l.compileAll(f, func(p *policy.Policy) compiler.Options {
		o := opts
		o.Strict = o.Strict || p.Settings.Strict
		return o
	})
}

// inspect compiles to look at what comes out: losses are no matter then.
func (l *loaded) inspect(f loadFlags, opts compiler.Options) ([]*compiler.Output, diag.List) {
	outputs, diags := l.compileAll(f, func(*policy.Policy) compiler.Options { return opts })
	return outputs, withoutLoss(diags)
}

// withoutLoss joins diagnostics, but for what a target cannot hold.
func withoutLoss(lists ...diag.List) diag.List {
	return slices.DeleteFunc(slices.Concat(lists...), isLoss)
}

func isLoss(d diag.Diagnostic) bool { return strings.HasPrefix(d.Code, "loss-") }

// compileAll compiles with the options for each policy. Nothing is compiled
// while an error stands in the policies.
func (l *loaded) compileAll(f loadFlags, options func(*policy.Policy) compiler.Options) ([]*compiler.Output, diag.List) {
	type job struct {
		p *policy.Policy
		s *policy.Service
		t *feature.Target
	}
	var jobs []job
	var diags diag.List
	if l.diags.HasErrors() {
		return nil, nil
	}
	bases := map[string]*compiler.Base{}
	for _, p := range l.policies {
		if dir := p.Settings.Base.Text; dir != "" && bases[dir] == nil {
			bases[dir] = compiler.OpenBase(dir)
		}
		targets, more := targetsFor(p, f)
		diags = append(diags, more...)
		for _, s := range p.Services {
			for _, t := range targets {
				jobs = append(jobs, job{p, s, t})
			}
		}
	}
	outputs := parallel(jobs, func(j job) *compiler.Output {
		o := options(j.p)
		if o.Base == nil {
			o.Base = bases[j.p.Settings.Base.Text]
		}
		return compiler.Compile(j.p, j.s, j.t, o)
	})
	for _, out := range outputs {
		diags = append(diags, out.Diags...)
	}
	return outputs, diags
}

func (a *app) dump(outputs []*compiler.Output, stage string) {
	for _, out := range outputs {
		for _, d := range out.Dumps {
			if stage == "all" || stage == d.Stage {
				fmt.Fprintf(a.stdout, "== %s: %s for %s ==\n%s", d.Stage, out.Service.Name, out.Target.Name, d.Text)
			}
		}
	}
}

// outFile is one file to write.
type outFile struct {
	path string // below the output folder
	out  *compiler.Output
}

// place decides the path of each output below the output folder, and refuses
// two services with one file.
func place(outputs []*compiler.Output) ([]outFile, diag.List) {
	targets := map[*feature.Target]bool{}
	for _, o := range outputs {
		targets[o.Target] = true
	}
	var files []outFile
	var diags diag.List
	seen := map[string]*compiler.Output{}
	for _, o := range outputs {
		path := o.Module.File
		if len(targets) > 1 {
			path = filepath.Join(o.Target.Name, path)
		}
		if first := seen[path]; first != nil {
			d := diag.Errorf(o.Service.Where.Range, "same-file", "two services give the file "+o.Module.File, "Give them different executables, or `attachment = \"none\"` and different names.")
			d.Related = []diag.Related{{Range: first.Service.Where.Range, Message: "the other one"}}
			diags = append(diags, d)
			continue
		}
		seen[path] = o
		files = append(files, outFile{path, o})
	}
	return files, diags
}

// deliver prints, checks or writes the files.
func (a *app) deliver(files []outFile, f buildFlags) error {
	switch {
	case f.out == "-" && f.check:
		return fmt.Errorf("--check compares with a folder; -o - has none")
	case f.out == "-":
		for _, file := range files {
			if _, err := fmt.Fprint(a.stdout, file.out.File.Text); err != nil {
				return machineError(err)
			}
		}
		return nil
	case f.check:
		return a.checkFiles(files, f.out)
	}
	return a.writeFiles(files, f.out)
}

// summary tells on stderr what was built.
func (a *app) summary(outputs []*compiler.Output, diags diag.List, v verification) {
	total, before, losses, accepted := 0, 0, 0, 0
	for _, o := range outputs {
		total += o.Rules
		before += o.Lowered
		losses += len(o.Losses)
		accepted += o.Accepted
	}
	fmt.Fprintf(a.stderr, "%s, %s (%d before the passes), %s, %s (%d accepted); %s\n",
		count(len(outputs), "profile"), count(total, "rule"), before,
		count(diags.Count(diag.Warning), "warning"), count(losses, "loss"), accepted, v.summary())
}

// count spells a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
