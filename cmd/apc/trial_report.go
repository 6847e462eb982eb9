package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"apc/cmd/apc/internal/trial"
	"apc/compiler/propose"
	"apc/lang/audit"
)

// trialReporter reports trials, one after another.
type trialReporter interface {
	trial(e *judged) error
	end(took time.Duration) error
}

func (a *app) trialReport(f trialFlags, w *answerer) trialReporter {
	switch f.format {
	case "json":
		return &jsonReport{app: a, w: w}
	case "junit":
		return &junitReport{app: a, w: w}
	}
	return &textReport{app: a, w: w, verbose: f.verbose, complain: f.mode == "complain"}
}

// tally counts what was reported.
type tally struct {
	Trials        int `json:"trials"`
	TrialsFailed  int `json:"trialsFailed"`
	Attacks       int `json:"attacks"`
	AttacksFailed int `json:"attacksFailed"`
}

func (t *tally) add(e *judged) {
	t.Trials++
	if !e.passed() {
		t.TrialsFailed++
	}
	t.Attacks += len(e.attacks)
	t.AttacksFailed += e.attacksFailed()
}

func (e *judged) attacksFailed() (n int) {
	for _, a := range e.attacks {
		if len(a.reasons) > 0 {
			n++
		}
	}
	return n
}

// String tells the counts, as "2 of 12 attacks".
func (t tally) String() string {
	return part(t.TrialsFailed, t.Trials, "trial") + ", " + part(t.AttacksFailed, t.Attacks, "attack")
}

func part(n, of int, noun string) string {
	if n == 0 {
		return count(of, noun)
	}
	return fmt.Sprintf("%d of %s", n, count(of, noun))
}

// textReport is for people, in the manner of go test.
type textReport struct {
	*app
	w        *answerer
	verbose  bool
	complain bool
	tally    tally
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }

func verdict(passed bool) string {
	if passed {
		return "PASS"
	}
	return "FAIL"
}

func (r *textReport) trial(e *judged) error {
	r.tally.add(e)
	word := "ok   "
	if !e.passed() {
		word = "FAIL "
	}
	if r.verbose || !e.passed() {
		if err := r.details(e); err != nil {
			return err
		}
	}
	r.print("%s %s  %s, %s (%s)\n", word, e.plan.block.Name, e.plan.place(), part(e.attacksFailed(), len(e.attacks), "attack"), seconds(e.time))
	return nil
}

// details tells of a trial and of its attacks, as far as they are asked for.
func (r *textReport) details(e *judged) error {
	r.print("--- %s: %s (%s)\n", verdict(e.passed()), e.plan.block.Name, seconds(e.time))
	r.reasons("    ", e.reasons)
	if e.result != nil {
		if err := r.trialDenials("    ", e.log, r.w); err != nil {
			return err
		}
		if r.verbose || len(e.reasons) > 0 {
			if err := r.output("    ", e.result.Outcome); err != nil {
				return err
			}
		}
		if e.result.Truncated {
			r.print("    the output is not all there: it is more than 64 MB\n")
		}
	}
	for _, a := range e.attacks {
		if r.verbose || len(a.reasons) > 0 {
			if err := r.attack(e, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// attack tells of an attack.
func (r *textReport) attack(e *judged, a judgedAttack) error {
	r.print("    --- %s: %s (%s)\n", verdict(len(a.reasons) == 0), e.fullName(a), seconds(a.under.Time+a.free.Time))
	const indent = "        "
	r.reasons(indent, a.reasons)
	if a.under.Records == nil {
		return nil
	}
	shown := 0
	for g := range denials(a.log) {
		if shown++; shown <= shownDenials {
			r.print("%s%s\n", indent, denialLine(g))
		}
	}
	if more := shown - shownDenials; more > 0 {
		r.print("%sand %s more; --format json lists all\n", indent, count(more, "denial"))
	}
	if err := r.output(indent, a.under); err != nil {
		return err
	}
	if a.free.Stdout.Size()+a.free.Stderr.Size() > 0 {
		r.print("%swithout the profile:\n", indent)
	}
	return r.output(indent, a.free)
}

func (r *textReport) reasons(indent string, reasons []string) {
	for _, why := range reasons {
		for line := range strings.SplitSeq(why, "\n") {
			r.print("%s%s\n", indent, line)
		}
	}
}

// output shows what a command wrote.
func (r *textReport) output(indent string, o trial.Outcome) error {
	for _, from := range []*io.SectionReader{o.Stdout, o.Stderr} {
		lines := bufio.NewReader(io.NewSectionReader(from, 0, from.Size()))
		for {
			line, err := lines.ReadString('\n')
			if line != "" {
				r.print("%s| %s\n", indent, strings.TrimSuffix(line, "\n"))
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return machineError(err)
			}
		}
	}
	return nil
}

// trialDenials lists what was denied, each with what the policy lacks, or which
// deny wins.
func (a *app) trialDenials(indent string, log *audit.Log, w *answerer) error {
	shown := 0
	for g := range denials(log) {
		if shown++; shown > shownDenials {
			continue
		}
		e := g.Event()
		advice, err := w.advice(&e)
		if err != nil {
			return err
		}
		a.print("%s%s\n", indent, denialLine(g))
		if advice != "" {
			a.print("%s  %s\n", indent, advice)
		}
	}
	if more := shown - shownDenials; more > 0 {
		a.print("%sand %s more; --format json lists all\n", indent, count(more, "denial"))
	}
	return nil
}

// denialLine tells of a denial.
func denialLine(g audit.Group) string {
	e := g.Event()
	line := fmt.Sprintf("%s %s", e.Mode, propose.Describe(e.Operation, propose.Asks(&e)))
	if e.Comm != "" {
		line += "  (" + e.Comm + ")"
	}
	if e.Info != "" {
		line += "  " + e.Info
	}
	line += "  under " + e.Profile
	if g.Count > 1 {
		line += fmt.Sprintf(", %d times", g.Count)
	}
	return line
}

func (r *textReport) end(took time.Duration) error {
	word := "ok"
	if r.tally.TrialsFailed > 0 {
		word = "FAIL"
	}
	r.print("%s: %s (%s)\n", word, r.tally.String(), seconds(took))
	if r.complain {
		r.print("in complain mode no attack is tried\n")
	}
	return nil
}
