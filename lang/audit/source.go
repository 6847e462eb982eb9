package audit

import (
	"bytes"
	"io"
	"sync"
)

// chunkSize is how much is read at once, and the longest line that is read
// whole. A record of the kernel takes at most 9 kB, with a journal's JSON
// around it a few times as much.
const chunkSize = 1 << 18

// chunk is a piece of a log: whole lines, the last of which may lack its
// newline at the end of the log.
type chunk struct {
	number int
	text   []byte
	long   bool // text is the beginning of one line longer than chunkSize
	buf    []byte
}

// source cuts a log into chunks. Its readers share it; each reads from the log
// itself, while the others work on what they have.
type source struct {
	mu     sync.Mutex
	r      io.Reader
	size   int    // of a chunk
	number int    // of the next chunk
	rest   []byte // of the last chunk: the beginning of a line
	skip   bool   // the rest of a long line is to be dropped
	done   bool
	err    error
}

// next reads the next chunk into c, and returns false if there is none.
func (s *source) next(c *chunk) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.buf == nil {
		c.buf = make([]byte, s.size)
	}
	c.text = s.fill(c.buf)
	if len(c.text) == 0 {
		return false
	}
	c.long = s.cut(c)
	c.number = s.number
	s.number++
	return true
}

// fill reads until buf is full or the log ends.
func (s *source) fill(buf []byte) []byte {
	n := copy(buf, s.rest)
	s.rest = s.rest[:0]
	for n < len(buf) && !s.done {
		m, err := s.r.Read(buf[n:])
		if s.skip {
			m = s.dropLine(buf[n : n+m])
		}
		n += m
		s.end(err)
	}
	return buf[:n]
}

// dropLine drops what belongs to a long line from a piece that was read, and
// returns how much is left of it.
func (s *source) dropLine(piece []byte) int {
	i := bytes.IndexByte(piece, '\n')
	if i < 0 {
		return 0
	}
	s.skip = false
	return copy(piece, piece[i+1:])
}

func (s *source) end(err error) {
	if err == nil {
		return
	}
	s.done = true
	if err != io.EOF {
		s.err = err
	}
}

// cut keeps the line that is not complete for the next chunk. It returns true
// for a chunk that no newline is in, though there is more to read.
func (s *source) cut(c *chunk) (long bool) {
	if s.done {
		return false
	}
	i := bytes.LastIndexByte(c.text, '\n')
	if i < 0 {
		s.skip = true
		return true
	}
	s.rest = append(s.rest[:0], c.text[i+1:]...)
	c.text = c.text[:i+1]
	return false
}
