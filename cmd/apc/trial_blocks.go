package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"apc/cmd/apc/internal/trial"
	"apc/compiler"
	"apc/compiler/ir"
	"apc/lang/audit"
	"apc/lang/policy"
)

// trialBlocks runs the trial blocks of policies, and reports each when it and
// those before it are over.
func (a *app) trialBlocks(args []string, f trialFlags) error {
	if f.enter != "" || f.user != "" || len(f.write) > 0 {
		return errors.New("--enter, --user and --write are for a command; " + commandNeeded)
	}
	if f.jobs < 1 {
		return fmt.Errorf("--jobs %d: at least 1", f.jobs)
	}
	opts, err := f.options()
	if err != nil {
		return err
	}
	c, err := parseRun(f.run)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	w, plans, err := a.planTrials(ctx, args, f, c, opts)
	if err != nil || w == nil {
		return err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(frugal))
	begun := time.Now()
	report := a.trialReport(f, w)
	for got := range startTrials(ctx, plans, f.jobs) {
		if got.err != nil && (errors.As(got.err, new(*trial.MissingKernelError)) || ctx.Err() != nil) {
			got.close()
			err = cmp.Or(err, machineError(got.err))
			continue
		}
		e := judge(got)
		if e.err != nil {
			a.fail(exitMachine)
		}
		if !e.passed() {
			a.fail(exitFindings)
		}
		if err == nil {
			err = report.trial(e)
		}
		got.close()
	}
	if err != nil {
		return err
	}
	return report.end(time.Since(begun))
}

// planTrials compiles the policies and plans their trial blocks. It returns nil
// after reporting errors in them.
func (a *app) planTrials(ctx context.Context, args []string, f trialFlags, c selection, opts trial.Options) (*answerer, []*planned, error) {
	w, profiles, err := a.trialProfiles(ctx, args, f)
	if err != nil || w == nil {
		return nil, nil, err
	}
	p := &planner{
		outputs: w.outputs, compiled: map[*compiler.Output]trial.Profile{}, variants: map[*ir.Profile]*variant{},
		complain: opts.Complain, timeout: cmp.Or(opts.Timeout, blockLimit),
	}
	for i, o := range w.outputs {
		p.compiled[o] = profiles[i]
	}
	plans, err := p.plan(ctx, w.loaded, c, opts)
	a.report(w.loaded.sources, p.diags.Sorted())
	switch {
	case err != nil || p.diags.HasErrors():
		return nil, nil, err
	case len(plans) == 0 && f.run != "":
		return nil, nil, fmt.Errorf("--run %q: nothing has such a name; it is TRIAL or TRIAL/ATTACK, and /ATTACK for attacks of any trial", f.run)
	case len(plans) == 0:
		return nil, nil, errors.New("the policies have no trial block; write one, or " + commandNeeded)
	}
	for i, q := range plans {
		if opts.Keep != "" {
			q.opts.Keep = filepath.Join(opts.Keep, fmt.Sprintf("%d-%s", i+1, fileName(q.block.Name)))
		}
	}
	return w, plans, nil
}

// fileName makes a name fit for a file.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, name)
}

// ran is a trial that is over.
type ran struct {
	plan   *planned
	result *trial.Result // nil where it did not begin
	err    error
	time   time.Duration
}

func (r ran) close() {
	if r.result != nil {
		r.result.Close()
	}
}

// startTrials runs trials, a number of them at once, and yields them in their
// order. Of those that were not begun when the context ends none begins.
func startTrials(ctx context.Context, plans []*planned, jobs int) func(yield func(ran) bool) {
	results := make([]chan ran, len(plans))
	for i := range results {
		results[i] = make(chan ran, 1)
	}
	next := make(chan int)
	go func() {
		for i := range plans {
			next <- i
		}
		close(next)
	}()
	workers := min(jobs, len(plans))
	for n := range workers {
		go func() {
			for i := range next {
				if workers > 1 {
					plans[i].opts.Lane = n + 1
				}
				results[i] <- runTrial(ctx, plans[i])
			}
		}()
	}
	return func(yield func(ran) bool) {
		for _, c := range results {
			if !yield(<-c) {
				return
			}
		}
	}
}

func runTrial(ctx context.Context, q *planned) ran {
	if err := ctx.Err(); err != nil {
		return ran{plan: q, err: context.Cause(ctx)}
	}
	begun := time.Now()
	r, err := trial.Run(ctx, q.opts)
	return ran{q, r, err, time.Since(begun)}
}

// judged is a trial with what is wrong with it.
type judged struct {
	ran
	log     *audit.Log // of the command
	reasons []string
	attacks []judgedAttack
}

// judgedAttack is an attack with what is wrong with it.
type judgedAttack struct {
	policy.Attack
	under, free trial.Outcome // under the profile and without one
	log         *audit.Log    // of the former
	reasons     []string
}

func (e *judged) passed() bool {
	return len(e.reasons) == 0 && !slices.ContainsFunc(e.attacks, func(a judgedAttack) bool { return len(a.reasons) > 0 })
}

// fullName is the name that --run knows an attack by.
func (e *judged) fullName(a judgedAttack) string { return e.plan.block.Name + "/" + a.Name }

func (e *judged) failed(format string, args ...any) {
	e.reasons = append(e.reasons, fmt.Sprintf(format, args...))
}

// judge says what is wrong with a trial.
func judge(r ran) *judged {
	e := &judged{ran: r, log: audit.NewLog()}
	if r.err != nil {
		e.failed("%s", r.err)
	}
	if r.result == nil {
		return e
	}
	if err := e.log.Read("records", r.result.Records); err != nil {
		e.failed("%s", err)
	}
	e.command()
	for i, a := range r.plan.attacks {
		e.attacks = append(e.attacks, e.attack(i, a))
	}
	return e
}

// command judges the command, in which nothing may go wrong.
func (e *judged) command() {
	r := e.result
	if why := ending(r.Outcome); why != "" && e.err == nil {
		e.failed("the command %s", why)
	}
	if n := collect(e.log).total; n > 0 {
		e.failed("%s", count(int(n), "denial"))
	}
	if n := len(e.log.Unread()); n > 0 {
		e.failed("%s cannot be read", count(n, "record"))
	}
	if !slices.Contains(r.Attached, e.plan.loaded) && e.err == nil {
		e.failed("nothing ran under profile %s", e.plan.label)
	}
	if r.Lost != "" {
		e.failed("records may be missing: %s", r.Lost)
	}
}

// ending says how a command ended, or nothing where all was well.
func ending(o trial.Outcome) string {
	switch {
	case o.TimedOut:
		return "took too long and was ended"
	case o.Signal != 0:
		return fmt.Sprintf("was ended by a signal: %s (exit code %d)", o.Signal, o.ExitCode)
	case o.ExitCode != 0:
		return fmt.Sprintf("returned exit code %d", o.ExitCode)
	}
	return ""
}

// attack judges an attack: it must fail because the profile denied it, and the
// profile alone.
func (e *judged) attack(i int, attack policy.Attack) judgedAttack {
	a := judgedAttack{Attack: attack, log: audit.NewLog()}
	failed := func(format string, args ...any) { a.reasons = append(a.reasons, fmt.Sprintf(format, args...)) }
	if len(e.result.Steps) < 2*i+2 {
		failed("it did not run to its end")
		return a
	}
	a.under, a.free = e.result.Steps[2*i], e.result.Steps[2*i+1]
	if err := a.log.Read("records", a.under.Records); err != nil {
		failed("%s", err)
	}
	label := e.plan.label
	switch {
	case a.under.TimedOut:
		failed("under profile %s it %s", label, ending(a.under))
	case a.under.ExitCode == 0:
		failed("it succeeded under profile %s", label)
	case !deniedBy(a.log, label):
		failed("it failed under profile %s, but no denial was recorded: it failed by itself, or by a quiet deny", label)
	}
	if why := ending(a.free); why != "" {
		failed("without the profile it %s too, so it proves nothing", why)
	}
	return a
}

// deniedBy says whether a log has a denial by a profile, or by one below it.
func deniedBy(log *audit.Log, profile string) bool {
	for g := range log.Groups() {
		e := g.Event()
		denied := e.Mode == audit.ModeDenied || e.Mode == audit.ModeKilled
		// Standard input is apc's and no part of the attack.
		inherited := e.Operation == "file_inherit" && e.Name == os.DevNull
		if denied && !inherited && (e.Profile == profile || strings.HasPrefix(e.Profile, profile+"//")) {
			return true
		}
	}
	return false
}

// denials yields the events of a log that were denied or would have been.
func denials(log *audit.Log) func(yield func(audit.Group) bool) {
	return func(yield func(audit.Group) bool) {
		for g := range log.Groups() {
			if g.Denial && !yield(g) {
				return
			}
		}
	}
}
