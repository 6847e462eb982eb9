// Package verify runs the real apparmor_parser on profile text, in a way in
// which it cannot pass by dropping rules, and maps what it says back to lines
// of that text.
//
// On a machine whose kernel has no AppArmor the parser finds no features to
// compile for, drops whole classes of rules and reports success. So the
// features of the target's kernel and abi file are always handed over, the
// policy that comes out is inspected, and a run for which they had no effect
// is an error.
//
// The package owns the parser's command line, its messages and its process.
// It imports lang/feature and lang/diag, and knows neither policies nor the
// IR: who emitted the text knows where its lines come from.
package verify

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"time"

	"apc/lang/diag"
	"apc/lang/feature"
)

// Input is one profile file to verify.
type Input struct {
	Name     string   // carried into the Result; the parser never sees it
	Text     []byte   // the profile text
	Base     string   // directory that includes are read from; "" leaves it to the parser
	Includes []string // further such directories, searched before Base
	Keep     bool     // keep the compiled policy
}

// Result says what the parser made of one Input.
type Result struct {
	Name     string
	Accepted bool      // compiled, with the target's features
	Messages []Message // errors first in the parser's order; never empty where not Accepted
	Stderr   string    // what the parser wrote; the text is the file <profile> in it
	Policy   []byte    // the compiled policy, where Input.Keep asks for it
}

// Message is one thing that the parser says.
type Message struct {
	Severity diag.Severity
	Text     string // in the parser's words, without program, file and line

	// Feature is what the target does not enforce, for a warning that says
	// so. FromInclude says that no rule of the text itself is concerned.
	Feature     feature.Feature
	FromInclude bool

	Profile string // the profile it names; a child by its own name only
	Path    string // the path, glob or variable it names, variables expanded
	Lines   []int  // lines of the text that it concerns, from 1; nil if unknown

	// File and FileLine are the place in an include file, where that is at
	// fault; Lines then holds the include, if the text itself has it.
	File     string
	FileLine int

	conflict bool // of exec permissions: two lines are at fault
	ours     bool // no words of the parser's
}

// Line returns the first line of the text that m concerns, or 0.
func (m Message) Line() int {
	if len(m.Lines) == 0 {
		return 0
	}
	return m.Lines[0]
}

// ErrNotPinned means that the parser compiled for other features than those
// of the target, so that nothing it says about the text can be relied on.
var ErrNotPinned = errors.New("features not pinned")

// Timeout bounds the time for one text. apparmor_parser 3.0.8 never ends on
// some globs, as on four empty alternatives in one expression.
const Timeout = 60 * time.Second

// Run verifies one input for the target. Its error is for what is wrong with
// the machine, the parser or the target (ErrNotPinned); a text that the parser
// refuses is a Result.
func Run(ctx context.Context, p Parser, t *feature.Target, in Input) (Result, error) {
	results, err := RunAll(ctx, p, t, []Input{in})
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

// RunAll verifies many inputs on all cores and returns their results in the
// same order. Inputs that differ in their names only are compiled once.
func RunAll(ctx context.Context, p Parser, t *feature.Target, inputs []Input) ([]Result, error) {
	s, err := openSession(p, t)
	if err != nil {
		return nil, err
	}
	defer s.close()
	distinct, number := distinctInputs(inputs)
	found := make([]Result, len(distinct))
	err = parallel(ctx, len(distinct), func(ctx context.Context, i int) (err error) {
		found[i], err = s.verify(ctx, distinct[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(inputs))
	for i, in := range inputs {
		results[i] = found[number[i]]
		results[i].Name = in.Name
	}
	return results, nil
}

// distinctInputs returns the inputs that differ in more than their name, and
// for each input the number of its like among them.
func distinctInputs(inputs []Input) (distinct []Input, number []int) {
	type key struct {
		text, base, includes string
		keep                 bool
	}
	seen := map[key]int{}
	for _, in := range inputs {
		k := key{string(in.Text), in.Base, strings.Join(in.Includes, "\x00"), in.Keep}
		n, ok := seen[k]
		if !ok {
			n = len(distinct)
			seen[k] = n
			distinct = append(distinct, in)
		}
		number = append(number, n)
	}
	return distinct, number
}

// parallel calls do for 0 to n-1 on all cores. At the first error the context
// of the others is cancelled, and that error is returned.
func parallel(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}
