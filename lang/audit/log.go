package audit

import (
	"cmp"
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
	groups    *table
	damaged   shown
	foreign   shown
	chunks    []chunkInfo // by number
	mu        sync.Mutex
}

// chunkInfo says how many lines a chunk had, and which log it came from.
type chunkInfo struct {
	name   string
	lines  int64
	before int64 // lines of its log that stand before it
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
	first := len(l.chunks)
	src := &source{r: plain, size: l.chunkSize, number: first}
	inParallel(func(int, int) { l.work(name, src) })
	l.number(first)
	return src.err
}

// number counts the lines before each chunk, from a log's first chunk on.
func (l *Log) number(first int) {
	for i := first + 1; i < len(l.chunks); i++ {
		l.chunks[i].before = l.chunks[i-1].before + l.chunks[i-1].lines
	}
}

// place returns where a line stands.
func (l *Log) place(o order) (file string, line int64) {
	c := l.chunks[o.chunk()]
	return c.name, c.before + o.line() + 1
}

// work reads chunks until there are none.
func (l *Log) work(name string, src *source) {
	w := worker{groups: l.groups, topics: map[string]uint32{}}
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
	l.chunks[c.number] = chunkInfo{name: name, lines: w.lines}
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
	for i := range out {
		out[i].File, out[i].Line = l.place(out[i].order)
	}
	return out
}

// Distinct returns the number of groups.
func (l *Log) Distinct() int { return l.groups.len() }

// Groups yields the distinct events in the order of their first records.
func (l *Log) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		for _, r := range l.Refs() {
			if !yield(l.Group(r)) {
				return
			}
		}
	}
}

// Ref stands for a group of its Log, in little memory and without a pointer.
type Ref struct {
	order order // of its first record
	shard uint32
	n     uint32
}

// Refs returns all groups in the order of their first records. They are good
// until the next Read.
func (l *Log) Refs() []Ref { return l.groups.sorted(len(l.chunks)) }

// Compare orders groups by their first records.
func (r Ref) Compare(o Ref) int { return cmp.Compare(r.order, o.order) }

// Group returns the group that a ref of this Log stands for. Any number of
// goroutines may call it at once.
func (l *Log) Group(r Ref) Group {
	g, raw := l.groups.get(r)
	file, line := l.place(g.order)
	t := l.groups.topics.list[g.topic]
	return Group{g.count, timeOf(g.first), timeOf(g.last), file, line, t.profile, t.denial, raw}
}

// Group is one event and all records of it.
type Group struct {
	Count       int64
	First, Last time.Time // zero where no record says its time
	File        string    // where its first record stands, in the order of reading
	Line        int64
	Profile     string // Event.Profile
	Denial      bool   // Event.Denial
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
