// Command apc compiles policies into AppArmor profiles.
//
// This package is the only place with flags, terminals and exit codes; one
// file holds one command.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"apc/cmd/apc/internal/trial"
	"apc/lang/diag"
)

// The exit codes, the same for every command. Where several hold, the highest
// is returned.
const (
	exitOK       = 0
	exitFindings = 1 // findings, differences, denials, losses that were asked to fail
	exitInput    = 2 // bad input or usage
	exitMachine  = 3 // something on the machine is missing or refused
	exitDefect   = 4 // a defect of apc itself
)

func main() {
	trial.Main() // does not return in the processes of a trial, which are this program
	// Runs are short and their memory is small: collecting less often saves a
	// fifth of the time.
	debug.SetGCPercent(400)
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(),
		color: colorWanted(os.Stderr), stdoutColor: colorWanted(os.Stdout), today: time.Now().Format(time.DateOnly),
	}
	os.Exit(a.run(os.Args[1:]))
}

// app is what every command works with.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	color          bool   // colours on stderr
	stdoutColor    bool   // colours on stdout
	today          string // YYYY-MM-DD
	code           int    // highest exit code so far
}

// run executes one command line and returns its exit code.
func (a *app) run(args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			code = a.defect(r)
		}
	}()
	out := &checkedWriter{w: a.stdout}
	a.stdout = out
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	if err := root.Execute(); err != nil {
		fmt.Fprintf(a.stderr, "apc: %s\n", diag.Printable(err.Error()))
		a.fail(codeOf(err))
	}
	if out.err != nil {
		fmt.Fprintf(a.stderr, "apc: standard output: %s\n", out.err)
		a.fail(exitMachine)
	}
	return a.code
}

// checkedWriter keeps the first error of writing, so that a full disk behind
// standard output does not pass for success.
type checkedWriter struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

func (a *app) defect(r any) int {
	fmt.Fprintf(a.stderr, "apc: this is a defect of apc itself: %v\n\n%s\nPlease report it with the text above and the policy that caused it. Nothing was written.\n", r, debug.Stack())
	return exitDefect
}

// fail raises the exit code.
func (a *app) fail(code int) { a.code = max(a.code, code) }

// codedError is an error with an exit code.
type codedError struct {
	code int
	err  error
}

func (e codedError) Error() string { return e.err.Error() }
func (e codedError) Unwrap() error { return e.err }

// codeOf returns the exit code of an error; usage errors of cobra are input.
func codeOf(err error) int {
	var c codedError
	if errors.As(err, &c) {
		return c.code
	}
	return exitInput
}

// machineError is an error about the machine: no space, no permission, a
// program that is missing.
func machineError(err error) error { return codedError{exitMachine, err} }

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "apc",
		Short: "Compile policies into AppArmor profiles",
		Long: `apc compiles policies, which state what a service is made of, into AppArmor
profiles, and knows for each rule of a profile why it is there.

Exit codes: 0 all well; 1 findings, differences, denials, or losses that were asked to
fail; 2 bad input or usage; 3 something on the machine is missing or refused;
4 a defect of apc itself.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(a.buildCommand(), a.explainCommand(), a.lintCommand(), a.verifyCommand(), a.initCommand(), a.fmtCommand(), a.stdlibCommand(), a.versionCommand(), a.denialsCommand(), a.whyCommand(), a.trialCommand())
	return root
}

// report shows diagnostics and raises the exit code to what they give.
func (a *app) report(sources diag.Sources, list diag.List) {
	t := diag.Text{Sources: sources, Color: a.color}
	if err := t.Write(a.stderr, list); err != nil {
		a.fail(exitMachine)
	}
	a.fail(codeOfList(list))
}

// codeOfList returns the exit code of diagnostics. Losses are errors only where
// that was asked for; where nothing else is one the input is sound, and the code
// is that of findings.
func codeOfList(list diag.List) int {
	code := exitOK
	for _, d := range list {
		switch {
		case d.Severity != diag.Error:
		case isLoss(d):
			code = max(code, exitFindings)
		default:
			return exitInput
		}
	}
	return code
}

// colorWanted says whether f is a terminal that wants colours.
func colorWanted(f *os.File) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && !strings.HasSuffix(f.Name(), "null")
}
