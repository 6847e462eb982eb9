package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"apc/cmd/apc/internal/trial"
	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/propose"
	"apc/compiler/verify"
	"apc/lang/audit"
	"apc/lang/diag"
	"apc/lang/feature"
)

// trialTarget has the kernel that trials run in: Linux 6.1 with the features
// of Debian 12.
const trialTarget = feature.DefaultTarget

// trialFlags are the flags of `apc trial`.
type trialFlags struct {
	loadFlags
	mode    string
	timeout time.Duration
	memory  uint
	tmpfs   []string
	write   []string
	env     []string
	user    string
	enter   string
	format  string
	keep    string
	kernel  string
	run     string
	jobs    int
	verbose bool
}

func (a *app) trialCommand() *cobra.Command {
	var f trialFlags
	cmd := &cobra.Command{
		Use:   "trial [FILES|DIRS|./...] [flags] [-- COMMAND [ARGUMENT...]]",
		Short: "Run a service under its profile, in a kernel that is thrown away",
		Long: `Compile the policies (without one: those of the current folder) for debian-12,
load the profiles into a user-mode Linux, and run COMMAND there, in this
machine's files, as root: a script, say, that starts the service, uses it, and
stops it. What it writes is gone afterwards, but for --write; no root is needed.
Its output is shown, and then how it ended and all that AppArmor denied or, in
complain mode, would deny. Exits 1 where the command failed, anything was
denied, nothing ran under a profile, or records were lost.

Without COMMAND the trial blocks of the policies run, each in a kernel of its
own: its command, in which nothing may be denied, and then its attacks, which
must be denied and recorded under the profile, and succeed without it.`,
		Example: "  apc trial ./... -v\n  apc trial nginx/service.hcl --run '/shadow'\n" +
			"  apc trial -- sh -c 'my-service & sleep 1; curl -s localhost:8080; kill %1'\n" +
			"  apc trial ./policies --mode complain --timeout 30s -- my-service --self-test\n" +
			"  apc trial container.hcl --enter my-container -- /usr/bin/my-service",
		RunE: func(cmd *cobra.Command, args []string) error {
			dash := cmd.ArgsLenAtDash()
			switch {
			case dash < 0:
				return a.trialBlocks(args, f)
			case dash == len(args):
				return errors.New(commandNeeded)
			}
			return a.trial(args[:dash], args[dash:], f)
		},
	}
	f.addVars(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.mode, "mode", "enforce", "`MODE` of all profiles: enforce (as the policies say), complain")
	flags.DurationVar(&f.timeout, "timeout", 0, "end the command after `TIME`, as in 30s (default: never; of a trial block 10m, of its attacks 30s at most)")
	flags.UintVar(&f.memory, "memory", 512, "`MB` of memory")
	flags.StringArrayVar(&f.tmpfs, "tmpfs", nil, "`DIR` that is empty at first (repeatable)")
	flags.StringArrayVar(&f.write, "write", nil, "bring out what was made or changed below a folder, `DIR=TO` (repeatable)")
	flags.StringArrayVar(&f.env, "env", nil, "variable of the command's environment, `NAME=VALUE` (repeatable)")
	flags.StringVar(&f.user, "user", "", "`USER` to run the command as (default: root)")
	flags.StringVar(&f.enter, "enter", "", "`PROFILE` that the command starts in: of a container, or without an attachment")
	flags.StringVar(&f.format, "format", "text", "`FORMAT`: text, json; of trial blocks also junit")
	flags.StringVar(&f.keep, "keep", "", "`DIR` for the console, the output and the records")
	flags.StringVar(&f.kernel, "kernel", "linux.uml", "`PATH` of the user-mode Linux")
	flags.StringVar(&f.run, "run", "", "run the trial blocks, and attacks, whose names match `TRIAL[/ATTACK]`, regular expressions")
	flags.IntVarP(&f.jobs, "jobs", "j", runtime.GOMAXPROCS(0), "`N` trial blocks at once")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell of trials and attacks that passed too")
	return cmd
}

// commandNeeded says what a trial without a command lacks.
const commandNeeded = "name the command to run after --, as in: apc trial service.hcl -- my-service --self-test"

func (a *app) trial(args, command []string, f trialFlags) error {
	if f.run != "" || f.verbose || f.format == "junit" {
		return errors.New("--run, --verbose and --format junit are for the trial blocks of policies, which run without a command")
	}
	opts, err := f.options()
	if err != nil {
		return err
	}
	opts.Command = command
	ctx, stop := interruptible()
	defer stop()
	w, profiles, err := a.trialProfiles(ctx, args, f)
	if err != nil || w == nil {
		return err
	}
	if f.enter != "" {
		if opts.Enter = w.kernelName(f.enter); opts.Enter == "" {
			return fmt.Errorf("--enter %q: the policies make %s", f.enter, strings.Join(w.names(), ", "))
		}
	}
	opts.Profiles = profiles
	if f.format == "text" {
		opts.Stdout, opts.Stderr = a.stdout, a.stderr
	}
	r, err := trial.Run(ctx, opts)
	if r != nil {
		defer r.Close()
	}
	if err != nil {
		return machineError(err)
	}
	return a.reportTrial(r, w, command, f.format)
}

// options are those that the flags say, with no profile yet.
func (f *trialFlags) options() (trial.Options, error) {
	o := trial.Options{
		Complain: f.mode == "complain", Env: f.env, User: f.user,
		Timeout: f.timeout, MemoryMB: int(f.memory), Tmpfs: f.tmpfs, Keep: f.keep, Kernel: f.kernel,
	}
	if f.mode != "enforce" && f.mode != "complain" {
		return o, fmt.Errorf("--mode %q: there are enforce and complain", f.mode)
	}
	if f.format != "text" && f.format != "json" && f.format != "junit" {
		return o, fmt.Errorf("--format %q: there are text and json, and junit of trial blocks", f.format)
	}
	if f.timeout < 0 {
		return o, fmt.Errorf("--timeout %s: it is no negative time", f.timeout)
	}
	for _, e := range f.env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return o, fmt.Errorf("--env %q is not of the form NAME=VALUE", e)
		}
	}
	for _, dir := range f.tmpfs {
		if !filepath.IsAbs(dir) {
			return o, fmt.Errorf("--tmpfs %q is not an absolute path", dir)
		}
	}
	for _, w := range f.write {
		from, to, ok := strings.Cut(w, "=")
		if !ok || to == "" || !filepath.IsAbs(from) {
			return o, fmt.Errorf("--write %q is not of the form DIR=TO with an absolute DIR", w)
		}
		o.Write = append(o.Write, trial.Copy{From: from, To: to})
	}
	return o, nil
}

// trialProfiles compiles the policies, and returns a profile for each of their
// outputs. It returns nil after reporting errors in them.
func (a *app) trialProfiles(ctx context.Context, args []string, f trialFlags) (*answerer, []trial.Profile, error) {
	f.targets = []string{trialTarget}
	l, err := a.load(args, f.loadFlags)
	if err != nil {
		return nil, nil, err
	}
	outputs, diags := l.inspect(f.loadFlags, compiler.Options{Today: a.today})
	_, same := place(outputs)
	diags = withoutLoss(l.diags, diags, same)
	var profiles []trial.Profile
	if !diags.HasErrors() {
		var more diag.List
		profiles, more, err = compileProfiles(ctx, outputs)
		diags = withoutLoss(diags, more)
	}
	a.report(l.sources, diags.Sorted())
	if err != nil || diags.HasErrors() {
		return nil, nil, err
	}
	return &answerer{l, outputs, "", map[*compiler.Output]*ir.Module{}}, profiles, nil
}

// compileProfiles has the machine's parser compile profiles, with the features
// of the kernel that they are for.
func compileProfiles(ctx context.Context, outputs []*compiler.Output) ([]trial.Profile, diag.List, error) {
	if len(outputs) == 0 {
		return nil, nil, errors.New("the policies make no profile")
	}
	inputs := make([]verify.Input, len(outputs))
	for i, o := range outputs {
		inputs[i] = verify.Input{Name: o.Module.File, Text: []byte(o.File.Text), Base: baseOf(o, verifyFlags{}), Keep: true}
	}
	parser, results, err := compileInputs(ctx, outputs[0].Target, inputs)
	if err != nil {
		return nil, nil, err
	}
	var v verification
	profiles := make([]trial.Profile, len(outputs))
	for i, r := range results {
		v.result(outputs[i], parser, r)
		profiles[i] = trial.Profile{Name: outputs[i].Service.Name, Binary: r.Policy}
	}
	return profiles, v.diags, nil
}

// compileInputs has the machine's parser compile texts.
func compileInputs(ctx context.Context, target *feature.Target, inputs []verify.Input) (verify.Parser, []verify.Result, error) {
	found, err := verify.Find(ctx, nil)
	if err != nil {
		return verify.Parser{}, nil, machineError(err)
	}
	parser, err := verify.Choose(found, target)
	if err != nil {
		return parser, nil, machineError(errors.New("a trial needs apparmor_parser 3.0 or newer, which Debian and Ubuntu have in the package apparmor (apt install apparmor)"))
	}
	results, err := verify.RunAll(ctx, parser, target, inputs)
	if err != nil {
		return parser, nil, machineError(err)
	}
	return parser, results, nil
}

// frugal has the collector keep memory small where there may be many records.
const frugal = 20

// reportTrial tells what a trial showed, and raises the exit code where that is
// not all well.
func (a *app) reportTrial(r *trial.Result, w *answerer, command []string, format string) error {
	defer debug.SetGCPercent(debug.SetGCPercent(frugal))
	log := audit.NewLog()
	if err := log.Read("records", r.Records); err != nil {
		return machineError(err)
	}
	d := collect(log)
	if r.ExitCode != 0 || len(d.rows) > 0 || len(log.Unread()) > 0 || r.Unconfined || r.Lost != "" {
		a.fail(exitFindings)
	}
	if format == "json" {
		return a.trialJSON(r, log, d, w, command)
	}
	if err := a.trialTable(log, d, w); err != nil {
		return err
	}
	a.trialSummary(r, w)
	return nil
}

// shownDenials is how many denials a report tells people of.
const shownDenials = 1000

// trialTable lists the denials as apc denials does, each with what the policy
// lacks, or which deny wins.
func (a *app) trialTable(log *audit.Log, d denialList, w *answerer) error {
	profile := ""
	for i, r := range d.rows[:min(len(d.rows), shownDenials)] {
		g := log.Group(r.ref)
		if i == 0 || g.Profile != profile {
			profile = g.Profile
			a.print("%s\n", cmp.Or(profile, "(no profile)"))
		}
		e := g.Event()
		want := propose.Asks(&e)
		b, err := w.block(&e, want)
		if err != nil {
			return err
		}
		advice, err := w.advice(&e)
		if err != nil {
			return err
		}
		text := appendDenial(nil, g, &e, want, b)
		if advice != "" {
			text = fmt.Appendf(text, "%10s%s\n", "", diag.Printable(advice))
		}
		if _, err := a.stdout.Write(text); err != nil {
			return machineError(err)
		}
	}
	if more := len(d.rows) - shownDenials; more > 0 {
		a.print("and %s more; --format json lists all\n", count(more, "denial"))
	}
	a.denialsSummary(log, d)
	return nil
}

// trialSummary tells how the command ended and what is wrong with the trial
// itself.
func (a *app) trialSummary(r *trial.Result, w *answerer) {
	switch {
	case r.TimedOut:
		a.print("the command took too long and was ended (exit code %d)", r.ExitCode)
	case r.Signal != 0:
		a.print("the command was ended by a signal: %s (exit code %d)", r.Signal, r.ExitCode)
	default:
		a.print("the command returned exit code %d", r.ExitCode)
	}
	a.print(" after %s, %s recorded\n", r.Time.Round(time.Millisecond), count(r.RecordCount, "access"))
	if r.Unconfined {
		a.print("nothing ran under a profile: the executable of none was started; --enter PROFILE starts the command in one\n")
	} else if names := idle(w.outputs, r.Attached); len(names) > 0 {
		a.print("nothing ran under %s\n", strings.Join(names, ", "))
	}
	if r.Lost != "" {
		a.print("records may be missing: %s\n", r.Lost)
	}
	if r.Truncated {
		a.print("the output is not all there: it is more than 64 MB\n")
	}
}

// kernelName returns the kernel's name of a profile that the policies make, or
// nothing.
func (w *answerer) kernelName(name string) string {
	for _, o := range w.outputs {
		for _, p := range o.Module.Profiles() {
			if o.Module.FullName(p) == name {
				return kernelName(o.Module, p)
			}
		}
	}
	return ""
}

// idle lists the profiles of services that nothing ran under.
func idle(outputs []*compiler.Output, attached []string) []string {
	out := []string{}
	for _, o := range outputs {
		if p := o.Module.Profile; !slices.Contains(attached, kernelName(o.Module, p)) {
			out = append(out, o.Module.FullName(p))
		}
	}
	return out
}

// trialInfo is what SPEC.md documents of a trial, besides its records.
type trialInfo struct {
	Command    []string `json:"command"`
	ExitCode   int      `json:"exitCode"`
	Signal     int      `json:"signal,omitempty"`
	TimedOut   bool     `json:"timedOut"`
	Stdout     string   `json:"stdout"`
	Stderr     string   `json:"stderr"`
	Truncated  bool     `json:"truncated"`
	Attached   []string `json:"attached"`
	Idle       []string `json:"idle"`
	Unconfined bool     `json:"unconfined"`
	Lost       string   `json:"lost,omitempty"`
	Kernel     string   `json:"kernel"`
	Seconds    float64  `json:"seconds"`
}

func (a *app) trialJSON(r *trial.Result, log *audit.Log, d denialList, w *answerer, command []string) error {
	info, err := trialInfoOf(r, command, w.outputs)
	if err != nil {
		return err
	}
	out := jsonLines{w: a.stdout}
	out.text("{\"trial\": ")
	out.value(info)
	out.text(",\n\"records\": ")
	if out.err == nil {
		out.err = a.denialsJSON(log, d, w)
	}
	out.text("}\n")
	if out.err != nil {
		return machineError(out.err)
	}
	return nil
}

func trialInfoOf(r *trial.Result, command []string, outputs []*compiler.Output) (*trialInfo, error) {
	stdout, err := readAll(r.Stdout)
	if err != nil {
		return nil, err
	}
	stderr, err := readAll(r.Stderr)
	return &trialInfo{
		Command: command, ExitCode: r.ExitCode, Signal: int(r.Signal), TimedOut: r.TimedOut, Stdout: stdout, Stderr: stderr, Truncated: r.Truncated,
		Attached: append([]string{}, r.Attached...), Idle: idle(outputs, r.Attached), Unconfined: r.Unconfined, Lost: r.Lost, Kernel: r.Kernel, Seconds: r.Time.Seconds(),
	}, err
}

func readAll(f io.Reader) (string, error) {
	b, err := io.ReadAll(f)
	if err != nil {
		return "", machineError(err)
	}
	return string(b), nil
}
