package audit

import "bytes"

// worker reads chunks. What it has counted is of its last chunk.
type worker struct {
	groups     *table
	batch      batch
	locator    locator
	key        []byte
	lines      int64
	counts     [Damaged + 1]int64
	suppressed int64
	damaged    shown
	foreign    shown
}

// read reads the lines of a chunk.
func (w *worker) read(c *chunk) {
	w.lines, w.counts, w.suppressed, w.damaged, w.foreign = 0, [Damaged + 1]int64{}, 0, nil, nil
	text := c.text
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		next := end + 1
		if end < 0 {
			end, next = len(text), len(text)
		}
		w.line(text[:end], at(c.number, int(w.lines)), c.long)
		w.lines++
		text = text[next:]
	}
	w.groups.take(&w.batch)
}

// line reads one line.
func (w *worker) line(line []byte, o order, long bool) {
	p, status, problem := w.locator.locate(line)
	if status == Record {
		if problem = w.fingerprint(p); long {
			problem = problemLong
		}
		if problem != "" {
			status = Damaged
		}
	}
	w.counts[status]++
	switch status {
	case Other:
		w.suppressed += p.suppressed
	case Record:
		w.batch.add(sighting{w.groups.hash(w.key), o, p.millis(), line})
	case Damaged:
		w.damaged.addLine(status, problem, line, o)
	case Foreign:
		w.foreign.addLine(status, problem, line, o)
	}
}

// fingerprint collects in w.key what tells one event from another, and returns
// what is wrong with the record. It walks the fields as [ParseLine] does.
func (w *worker) fingerprint(p *place) (problem string) {
	w.key = append(w.key[:0], p.mode...)
	if p.user {
		w.key = append(w.key, 'u')
	}
	w.key = append(w.key, '\n')
	t := tokens{b: p.text, pos: p.body}
	var c checker
	run := span{p.body, p.body} // of fields that count
	for t.next() {
		traits := traits(t.key.of(p.text))
		c.see(traits)
		if traits&keyVolatile != 0 {
			w.key = append(w.key, run.of(p.text)...)
			run.start = t.pos
		}
		run.end = t.pos
	}
	w.key = append(w.key, run.of(p.text)...)
	return c.problem(&t, p)
}
