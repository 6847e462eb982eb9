package audit

import "bytes"

// worker reads chunks. What it has counted is of its last chunk.
type worker struct {
	groups *table
	batch  batch
	parser Parser
	key    []byte
	// Of the record that was read last; odd where they are not both in quotes.
	mode, profile []byte
	odd           bool
	topics        map[string]uint32 // by mode and profile
	lines         int64
	counts        [Damaged + 1]int64
	suppressed    int64
	damaged       shown
	foreign       shown
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
	p, status, problem := w.parser.locate(line)
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
		hash := w.groups.hash(w.key)
		w.batch.add(sighting{hash, o, p.millis(), line, w.topic(line)})
	case Damaged:
		w.damaged.addLine(status, problem, line, o)
	case Foreign:
		w.foreign.addLine(status, problem, line, o)
	}
}

// topic returns the number of the record's topic. Records seldom have a new
// one, or write its parts in another form than in quotes.
func (w *worker) topic(line []byte) uint32 {
	const most = 1 << 12
	w.key = append(append(append(w.key[:0], w.mode...), '"'), w.profile...)
	plain := !w.odd && len(w.mode) > 0 && len(w.profile) > 0
	if n, ok := w.topics[string(w.key)]; ok && plain {
		return n
	}
	e, _ := w.parser.ParseLine(line)
	n := w.groups.topics.number(topic{e.Profile, e.Denial()})
	if plain && len(w.topics) < most {
		w.topics[string(w.key)] = n
	}
	return n
}

// fingerprint collects in w.key what tells one event from another, notes its
// mode and profile, and returns what is wrong with the record. It walks the
// fields as [ParseLine] does.
func (w *worker) fingerprint(p *place) (problem string) {
	w.key = append(w.key[:0], p.mode...)
	if p.user {
		w.key = append(w.key, 'u')
	}
	w.key = append(w.key, '\n')
	w.mode, w.profile, w.odd = nil, nil, false
	t := tokens{b: p.text, pos: p.body}
	var c checker
	run := span{p.body, p.body} // of fields that count
	for t.next() {
		traits := traits(t.key.of(p.text))
		c.see(traits)
		if traits&(keyMode|keyProfile) != 0 {
			w.note(traits, &t)
		}
		if traits&keyVolatile != 0 {
			w.key = append(w.key, run.of(p.text)...)
			run.start = t.pos
		}
		run.end = t.pos
	}
	w.key = append(w.key, run.of(p.text)...)
	return c.problem(&t, p)
}

// note takes over the mode or the profile, of two the first.
func (w *worker) note(traits keyTraits, t *tokens) {
	w.odd = w.odd || !t.quoted
	switch value := t.val.of(t.b); {
	case traits&keyMode != 0 && len(w.mode) == 0:
		w.mode = value
	case traits&keyProfile != 0 && len(w.profile) == 0:
		w.profile = value
	}
}
