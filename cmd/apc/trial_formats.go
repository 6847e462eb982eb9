package main

import (
	"encoding/xml"
	"io"
	"strings"
	"time"

	"apc/cmd/apc/internal/trial"
)

// jsonReport writes trials as SPEC.md documents them.
type jsonReport struct {
	*app
	w     *answerer
	tally tally
}

// outcomeInfo is how an attack went, under the profile or without it.
type outcomeInfo struct {
	ExitCode int     `json:"exitCode"`
	Signal   int     `json:"signal,omitempty"`
	TimedOut bool    `json:"timedOut"`
	Stdout   string  `json:"stdout"`
	Stderr   string  `json:"stderr"`
	Seconds  float64 `json:"seconds"`
}

func infoOf(o trial.Outcome) (*outcomeInfo, error) {
	if o.Stdout == nil {
		return nil, nil
	}
	stdout, err := readAll(o.Stdout)
	if err != nil {
		return nil, err
	}
	stderr, err := readAll(o.Stderr)
	return &outcomeInfo{o.ExitCode, int(o.Signal), o.TimedOut, stdout, stderr, o.Time.Seconds()}, err
}

// blockResult is what SPEC.md documents of a trial block, besides its records
// and attacks.
type blockResult struct {
	Name    string     `json:"name"`
	Place   string     `json:"place"`
	Profile string     `json:"profile"`
	Passed  bool       `json:"passed"`
	Reasons []string   `json:"reasons"`
	Seconds float64    `json:"seconds"`
	Trial   *trialInfo `json:"trial,omitempty"`
}

type attackResult struct {
	Name       string       `json:"name"`
	Command    []string     `json:"command"`
	Tools      bool         `json:"tools"`
	Passed     bool         `json:"passed"`
	Reasons    []string     `json:"reasons"`
	Confined   *outcomeInfo `json:"confined,omitempty"`
	Unconfined *outcomeInfo `json:"unconfined,omitempty"`
}

func (r *jsonReport) trial(e *judged) error {
	out := jsonLines{w: r.stdout}
	if r.tally.Trials == 0 {
		out.text("{\"trials\": [\n")
	} else {
		out.text(",\n")
	}
	r.tally.add(e)
	b := blockResult{e.plan.block.Name, e.plan.place(), e.plan.label, e.passed(), append([]string{}, e.reasons...), e.time.Seconds(), nil}
	if e.result != nil {
		info, err := trialInfoOf(e.result, e.plan.block.Command, e.plan.outputs)
		if err != nil {
			return err
		}
		b.Trial = info
	}
	out.text("{\"result\": ")
	out.value(b)
	out.text(",\n\"records\": ")
	if out.err == nil {
		out.err = r.denialsJSON(e.log, collect(e.log), r.w)
	}
	out.text(", \"attacks\": [")
	for i, a := range e.attacks {
		if i > 0 {
			out.text(",")
		}
		if err := r.attack(&out, a); err != nil {
			return err
		}
	}
	out.text("]}")
	if out.err != nil {
		return machineError(out.err)
	}
	return nil
}

func (r *jsonReport) attack(out *jsonLines, a judgedAttack) error {
	v := attackResult{Name: a.Name, Command: a.Command, Tools: a.Tools, Passed: len(a.reasons) == 0, Reasons: append([]string{}, a.reasons...)}
	var err error
	if v.Confined, err = infoOf(a.under); err != nil {
		return err
	}
	if v.Unconfined, err = infoOf(a.free); err != nil {
		return err
	}
	out.text("\n{\"result\": ")
	out.value(v)
	out.text(",\n\"records\": ")
	if out.err == nil {
		out.err = r.denialsJSON(a.log, collect(a.log), r.w)
	}
	out.text("}")
	return nil
}

func (r *jsonReport) end(took time.Duration) error {
	out := jsonLines{w: r.stdout}
	out.text("\n], \"counts\": ")
	out.value(r.tally)
	out.text(", \"seconds\": ")
	out.value(took.Seconds())
	out.text("}\n")
	if out.err != nil {
		return machineError(out.err)
	}
	return nil
}

// junitReport writes trials in JUnit's XML: a suite for each trial, with a case
// for its command and one for each attack.
type junitReport struct {
	*app
	w      *answerer
	suites []junitSuite
	tally  tally
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     string      `xml:"time,attr"`
	File     string      `xml:"file,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Stdout  string        `xml:"system-out,omitempty"`
	Stderr  string        `xml:"system-err,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// shownOutput is how much of each output a case holds.
const shownOutput = 1 << 20

func (r *junitReport) trial(e *judged) error {
	r.tally.add(e)
	suite := junitSuite{Name: e.plan.block.Name, Time: plainSeconds(e.time), File: e.plan.block.Range.File}
	var command trial.Outcome
	if e.result != nil {
		command = e.result.Outcome
	}
	if err := r.add(&suite, "command", e.reasons, e, nil, command); err != nil {
		return err
	}
	for _, a := range e.attacks {
		if err := r.add(&suite, a.Name, a.reasons, e, &a, a.under); err != nil {
			return err
		}
	}
	r.suites = append(r.suites, suite)
	return nil
}

func (r *junitReport) add(suite *junitSuite, name string, reasons []string, e *judged, a *judgedAttack, o trial.Outcome) error {
	c := junitCase{Name: name, Class: e.plan.block.Name, Time: plainSeconds(o.Time)}
	log := e.log
	if a != nil {
		c.Time, log = plainSeconds(a.under.Time+a.free.Time), a.log
	}
	if len(reasons) > 0 {
		text := reasons
		for g := range denials(log) {
			if text = append(text, denialLine(g)); len(text) > shownDenials {
				break
			}
		}
		c.Failure = &junitFailure{reasons[0], strings.Join(text, "\n")}
		suite.Failures++
	}
	for _, stream := range []struct {
		from *io.SectionReader
		to   *string
	}{{o.Stdout, &c.Stdout}, {o.Stderr, &c.Stderr}} {
		if stream.from == nil {
			continue
		}
		text, err := readAll(io.NewSectionReader(stream.from, 0, min(stream.from.Size(), shownOutput)))
		if err != nil {
			return err
		}
		*stream.to = text
	}
	suite.Tests++
	suite.Cases = append(suite.Cases, c)
	return nil
}

func plainSeconds(d time.Duration) string { return strings.TrimSuffix(seconds(d), "s") }

func (r *junitReport) end(took time.Duration) error {
	all := junitSuites{Name: "apc trial", Time: plainSeconds(took), Suites: r.suites}
	for _, s := range r.suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(r.stdout, xml.Header+string(text)+"\n")
	if err != nil {
		return machineError(err)
	}
	return nil
}
