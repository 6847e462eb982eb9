//go:build linux && amd64

package trial

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// A frame is a kind, the length of its payload in four bytes, and the payload.
const (
	frameBooted  = 'b' // release of the kernel
	frameLoaded  = 'l' // empty
	frameStarted = 's' // empty
	frameStdout  = 'o'
	frameStderr  = 'e'
	frameRecords = 'r' // whole lines
	frameAnswers = 'a' // Answers, binary
	frameOutcome = 'c' // an outcome; what came before it belongs to it
	frameTar     = 't' // a piece of a tar stream; an empty one ends it
	frameReport  = 'q' // a report; the last frame
)

const maxFrame = 64 << 10

// outcome is how a command ended.
type outcome struct {
	ExitCode int
	Signal   int
	TimedOut bool
}

// report is what the guest says at the end.
type report struct {
	Lost     string
	Attached []string
	// Confined says that some process was under a profile.
	Confined bool

	Error string // the trial failed
	Load  string // ... for this profile could not be loaded
}

// frameWriter writes frames; its methods may be called at once.
type frameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (f *frameWriter) send(kind byte, payload []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		n := min(len(payload), maxFrame)
		head := [5]byte{kind}
		binary.LittleEndian.PutUint32(head[1:], uint32(n))
		if _, err := f.w.Write(append(head[:], payload[:n]...)); err != nil {
			return err
		}
		if payload = payload[n:]; len(payload) == 0 {
			return nil
		}
	}
}

func (f *frameWriter) sendJSON(kind byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.send(kind, b)
}

// writer returns a writer each of whose writes is sent as frames of a kind.
func (f *frameWriter) writer(kind byte) io.Writer { return kindWriter{f, kind} }

type kindWriter struct {
	f    *frameWriter
	kind byte
}

func (k kindWriter) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return len(b), k.f.send(k.kind, b)
}

// readFrame reads one frame. The payload is good until the next call with the
// same buffer.
func readFrame(r io.Reader, buf *[]byte) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes", n)
	}
	if *buf == nil {
		*buf = make([]byte, maxFrame)
	}
	payload = (*buf)[:n]
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}
