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
}

// newInbox opens the files that a result consists of: in Options.Keep, or in a
// folder that will be removed while they are open.
func newInbox(o Options, scratch string) (*inbox, error) {
	dir := scratch
	if o.Keep != "" {
		dir = o.Keep
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	in := &inbox{o: o, result: &Result{}, began: time.Now()}
	files := make([]*os.File, 4)
	for i, name := range []string{"stdout", "stderr", "records", "console"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files[i] = f
	}
	r := in.result
	r.Stdout, r.Stderr, r.Records = files[0], files[1], files[2]
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
	cut  bool
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
		r.RecordCount += bytes.Count(payload, []byte{'\n'})
		_, err = in.records.Write(payload)
	case frameAnswers:
		err = in.answers(payload)
	case frameTar:
		err = in.copies.take(payload)
	case frameReport:
		r.Run = in.lap()
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
	if in.o.Timeout > 0 {
		in.patience.Reset(in.o.Timeout + endLimit)
	} else {
		in.patience.Stop()
	}
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
	for _, f := range []*os.File{r.Stdout, r.Stderr, r.Records} {
		if _, e := f.Seek(0, io.SeekStart); err == nil {
			err = e
		}
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
	r.ExitCode, r.Signal, r.TimedOut = q.ExitCode, syscall.Signal(q.Signal), q.TimedOut
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
