//go:build linux && amd64

package trial

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxOutput is how much of the command's stdout, and of its stderr, is kept.
const maxOutput = 64 << 20

// inbox is what the host makes of the guest's frames.
type inbox struct {
	o       Options
	result  *Result
	stdout  spool
	stderr  spool
	records spool
	console *tail
	copies  *unpacker

	patience  *time.Timer
	impatient atomic.Bool
	started   bool

	began  time.Time
	report *report

	current Outcome  // until its end comes
	at      [3]int64 // where current's stdout, stderr and records begin
	ended   int      // how many outcomes came
}

// newInbox opens the files that a result consists of: in Options.Keep, or in a
// folder that will be removed while they are open.
func newInbox(o Options, scratch string) (*inbox, error) {
	dir := scratch
	if o.Keep != "" {
		dir = o.Keep
		// What a command wrote may be a secret.
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	in := &inbox{o: o, result: &Result{}, began: time.Now()}
	files := make([]*os.File, 4)
	for i, name := range []string{"stdout", "stderr", "records", "console"} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		files[i] = f
	}
	in.result.files = files[:3]
	in.stdout = spool{file: files[0], live: o.Stdout, room: maxOutput}
	in.stderr = spool{file: files[1], live: o.Stderr, room: maxOutput}
	in.records = spool{file: files[2], room: 1 << 62}
	in.console = &tail{all: files[3]}
	in.copies = newUnpacker(o.Write)
	return in, nil
}

// spool writes to a file, up to a size, and all of it to a live writer.
type spool struct {
	file *os.File
	live io.Writer
	room int64
	size int64
	cut  bool
}

// drop takes back what was written after a number of bytes.
func (s *spool) drop(start int64) error {
	s.room += s.size - start
	s.size = start
	if _, err := s.file.Seek(start, io.SeekStart); err != nil {
		return err
	}
	return s.file.Truncate(start)
}

// since returns what was written after a number of bytes.
func (s *spool) since(start int64) *io.SectionReader {
	return io.NewSectionReader(s.file, start, s.size-start)
}

func (s *spool) Write(b []byte) (int, error) {
	n := len(b)
	if s.live != nil {
		s.live.Write(b) // who watches and goes away does not end the trial
	}
	if int64(n) > s.room {
		b, s.cut = b[:s.room], true
	}
	s.room -= int64(len(b))
	s.size += int64(len(b))
	if _, err := s.file.Write(b); err != nil {
		return 0, err
	}
	return n, nil
}

// read takes frames until the report.
func (in *inbox) read(channel io.Reader) error {
	r := bufio.NewReaderSize(channel, 1<<20)
	var buf []byte
	for in.report == nil {
		kind, payload, err := readFrame(r, &buf)
		if err != nil {
			return err
		}
		if err := in.take(kind, payload); err != nil {
			return err
		}
	}
	return nil
}

func (in *inbox) take(kind byte, payload []byte) (err error) {
	r := in.result
	switch kind {
	case frameBooted:
		r.Kernel = string(payload)
		r.Boot = in.lap()
	case frameLoaded:
		r.Load = in.lap()
	case frameStarted:
		in.commandStarted()
	case frameStdout:
		_, err = in.stdout.Write(payload)
	case frameStderr:
		_, err = in.stderr.Write(payload)
	case frameRecords:
		in.current.RecordCount += bytes.Count(payload, []byte{'\n'})
		_, err = in.records.Write(payload)
	case frameAnswers:
		err = in.answers(payload)
	case frameTar:
		err = in.copies.take(payload)
	case frameOutcome:
		err = in.commandEnded(payload)
	case frameReport:
		in.report = new(report)
		err = json.Unmarshal(payload, in.report)
	default:
		err = fmt.Errorf("a frame of the unknown kind %q", kind)
	}
	return err
}

// lap returns the time since the last lap.
func (in *inbox) lap() time.Duration {
	now := time.Now()
	d := now.Sub(in.began)
	in.began = now
	return d
}

// commandStarted has the host wait as long as the command may take.
func (in *inbox) commandStarted() {
	in.started = true
	limit := in.o.Timeout
	if i := in.ended - 1; i >= 0 && i < len(in.o.Steps) {
		limit = in.o.Steps[i].Timeout
	}
	if limit > 0 {
		in.patience.Reset(limit + endLimit)
	} else {
		in.patience.Stop()
	}
}

// commandEnded takes how the command ended, or a step.
func (in *inbox) commandEnded(payload []byte) error {
	var end outcome
	if err := json.Unmarshal(payload, &end); err != nil {
		return err
	}
	in.current.ExitCode, in.current.Signal, in.current.TimedOut = end.ExitCode, syscall.Signal(end.Signal), end.TimedOut
	if i := in.ended - 1; i >= 0 && i < len(in.o.Steps) && in.o.Steps[i].Discreet && end == (outcome{}) {
		if err := errors.Join(in.stdout.drop(in.at[0]), in.stderr.drop(in.at[1])); err != nil {
			return err
		}
	}
	in.keepCurrent()
	return nil
}

// keepCurrent puts what came of a command into the result. The next one begins.
func (in *inbox) keepCurrent() {
	c := in.current
	c.Time = in.lap()
	c.Stdout, c.Stderr, c.Records = in.stdout.since(in.at[0]), in.stderr.since(in.at[1]), in.records.since(in.at[2])
	if in.ended == 0 {
		in.result.Outcome = c
	} else {
		in.result.Steps = append(in.result.Steps, c)
	}
	in.ended++
	in.current, in.at = Outcome{}, [3]int64{in.stdout.size, in.stderr.size, in.records.size}
}

func (in *inbox) answers(payload []byte) error {
	n := len(payload) / binary.Size(Answer{})
	batch := make([]Answer, n)
	_, err := binary.Decode(payload, binary.LittleEndian, batch)
	in.result.Answers = append(in.result.Answers, batch...)
	return err
}

// finish makes the result. The kernel has ended; err is how reading ended.
func (in *inbox) finish(ctx context.Context, err error) (*Result, error) {
	r := in.result
	r.Truncated = in.stdout.cut || in.stderr.cut
	if in.report == nil && in.started || in.ended == 0 {
		in.keepCurrent()
	}
	in.console.all.(*os.File).Close()
	if e := in.copies.close(); err == nil {
		err = e
	}
	if in.report == nil || err != nil {
		r.Lost = "the trial did not come to its end"
		return r, in.failure(ctx, err)
	}
	return r, in.takeReport()
}

// failure says why there is no report.
func (in *inbox) failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case in.impatient.Load() && !in.started:
		return &KernelError{Reason: fmt.Sprintf("the guest did not come to the command within %v", startLimit), Console: in.console.String()}
	case in.impatient.Load():
		return &KernelError{Reason: "the guest did not end after the timeout", Console: in.console.String()}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &KernelError{Reason: "the guest's kernel stopped", Console: in.console.String()}
	}
	return err
}

func (in *inbox) takeReport() error {
	r, q := in.result, in.report
	r.Lost, r.Attached = q.Lost, q.Attached
	r.Unconfined = len(in.o.Profiles) > 0 && len(in.o.Command) > 0 && !q.Confined
	switch {
	case q.Load != "":
		return &LoadError{Profile: q.Load, Message: q.Error}
	case q.Error != "":
		return &KernelError{Reason: q.Error, Console: in.console.String()}
	}
	return nil
}
