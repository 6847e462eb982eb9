package audit

import (
	"bytes"
	"cmp"
	"slices"
)

// Unread is a line that is Damaged or Foreign.
type Unread struct {
	Status  Status
	Problem string
	File    string // as it was named to Read
	Line    int64  // from 1
	Text    []byte // the first 4096 bytes of the line

	order order
}

const (
	maxShown     = 1000
	maxShownText = 4096
)

// shown collects lines and keeps the first maxShown.
type shown []Unread

// addLine adds a line of the chunk whose lines are collected.
func (s *shown) addLine(status Status, problem string, line []byte, o order) {
	if len(*s) < maxShown {
		text := bytes.Clone(line[:min(len(line), maxShownText)])
		*s = append(*s, Unread{Status: status, Problem: problem, Text: text, order: o})
	}
}

// add adds the lines of a chunk.
func (s *shown) add(lines shown) {
	*s = append(*s, lines...)
	if len(*s) > 2*maxShown {
		*s = s.first()
	}
}

// first returns the first maxShown lines, in order.
func (s *shown) first() []Unread {
	sortUnread(*s)
	return (*s)[:min(len(*s), maxShown)]
}

func sortUnread(lines []Unread) {
	slices.SortFunc(lines, func(a, b Unread) int { return cmp.Compare(a.order, b.order) })
}
