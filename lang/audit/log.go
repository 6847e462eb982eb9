package audit

import (
	"io"
	"iter"
	"slices"
	"sync"
	"time"
)

// Log groups the records of any number of logs. Two records are one event if
// they differ in time, number and processes only. What it holds grows with the
// distinct events, and not with the lines; of the lines that are Damaged, and
// of those that are Foreign, it keeps the first thousand.
type Log struct {
	Lines   int64
	Records int64 // lines that are records, read whole
	Damaged int64 // lines that are records, but cut or broken
	Foreign int64 // lines that hold a record where the kernel writes none
	// Suppressed is how many more records the kernel says it left out of its
	// log for coming too fast.
	Suppressed int64

	chunkSize int
	groups    table
	damaged   shown
	foreign   shown
	chunks    []chunkInfo // by number
	mu        sync.Mutex
}

// chunkInfo says how many lines a chunk had, and which log it came from.
type chunkInfo struct {
	name  string
	lines int64
	first bool // of its log
}

// order is where a line stands: the number of its chunk, and its number in it.
type order uint64

func (o order) chunk() int  { return int(o >> 32) }
func (o order) line() int64 { return int64(o & (1<<32 - 1)) }
func at(chunk, n int) order { return order(chunk)<<32 | order(n) }

// NewLog returns a Log without events.
func NewLog() *Log { return &Log{chunkSize: chunkSize, groups: newTable()} }

// Read adds what r holds, to its end; name is for people. Text that is
// compressed by gzip, zstd or bzip2 is decompressed. Chunks of lines are read by as
// many goroutines as there are processors. The result does not depend on how
// they share the work. One Read at a time.
//
// A log may be written to, or rotated, while it is read. Renamed, it is read
// to its end. A last line without its end is read as it stands, and counts as
// damaged if it was cut within a field. Truncated in place, it ends there; if
// it grows again beyond the place that was reached, reading goes on from that
// place, in the middle of a line that is counted as what it looks like.
//
// After an error (of r, or of compressed data that is cut) what was read
// before it has been added.
func (l *Log) Read(name string, r io.Reader) error {
	plain, err := decompress(r)
	if err != nil {
		return err
	}
	defer plain.Close()
	src := &source{r: plain, size: l.chunkSize, number: len(l.chunks), start: len(l.chunks)}
	inParallel(func(int, int) { l.work(name, src) })
	return src.err
}

// work reads chunks until there are none.
func (l *Log) work(name string, src *source) {
	w := worker{groups: &l.groups}
	var c chunk
	for src.next(&c) {
		w.read(&c)
		l.add(name, &c, &w)
	}
}

// add takes over what a worker has counted in one chunk.
func (l *Log) add(name string, c *chunk, w *worker) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.chunks) <= c.number {
		l.chunks = append(l.chunks, chunkInfo{})
	}
	l.chunks[c.number] = chunkInfo{name, w.lines, c.first}
	l.Lines += w.lines
	l.Records += w.counts[Record]
	l.Damaged += w.counts[Damaged]
	l.Foreign += w.counts[Foreign]
	l.Suppressed += w.suppressed
	l.damaged.add(w.damaged)
	l.foreign.add(w.foreign)
}

// Unread returns the lines that were Damaged or Foreign, in order.
func (l *Log) Unread() []Unread {
	out := slices.Concat(l.damaged.first(), l.foreign.first())
	sortUnread(out)
	lines := l.lineNumbers()
	for i := range out {
		out[i].File, out[i].Line = lines.of(out[i].order)
	}
	return out
}

// Distinct returns the number of groups.
func (l *Log) Distinct() int { return l.groups.len() }

// Groups yields the distinct events in the order of their first records.
func (l *Log) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		lines := l.lineNumbers()
		for _, r := range l.groups.sorted(len(l.chunks)) {
			g, raw := l.groups.get(r)
			file, line := lines.of(g.order)
			if !yield(Group{g.count, timeOf(g.first), timeOf(g.last), file, line, raw}) {
				return
			}
		}
	}
}

// Group is one event and all records of it.
type Group struct {
	Count       int64
	First, Last time.Time // zero where no record says its time
	File        string    // where its first record stands, in the order of reading
	Line        int64
	Raw         []byte // the line of that record; not to be changed
}

// Event returns the first record of the group.
func (g Group) Event() Event {
	e, _ := ParseLine(g.Raw)
	return e
}

func timeOf(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// lineNumbers tells the numbers of lines: base holds, for each chunk, how many
// lines of its log stand before it.
type lineNumbers struct {
	chunks []chunkInfo
	base   []int64
}

func (l *Log) lineNumbers() lineNumbers {
	n := lineNumbers{l.chunks, make([]int64, len(l.chunks))}
	for i := 1; i < len(l.chunks); i++ {
		if !l.chunks[i].first {
			n.base[i] = n.base[i-1] + l.chunks[i-1].lines
		}
	}
	return n
}

func (n lineNumbers) of(o order) (file string, line int64) {
	i := o.chunk()
	return n.chunks[i].name, n.base[i] + o.line() + 1
}
