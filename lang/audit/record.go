package audit

import (
	"strings"
	"time"
)

// ParseLine reads one line of a log, with or without its newline. For Record
// and Damaged the event holds all that could be read, for Foreign only Raw and
// Problem, for Other nothing. White space before a record is not skipped: in
// the text of the journal it marks the later lines of one message.
func ParseLine(line []byte) (Event, Status) {
	var p Parser
	return p.ParseLine(line)
}

// Parser parses many lines with less work for each. The zero value is ready.
type Parser struct{ locator }

// ParseLine does as the function of that name.
func (l *Parser) ParseLine(line []byte) (Event, Status) {
	p, status, problem := l.locate(line)
	e := Event{FSUID: NoID, OUID: NoID, Problem: problem}
	if status == Other {
		return e, Other
	}
	e.Raw = string(trimNewline(line))
	if status == Foreign {
		return e, Foreign
	}
	text := e.Raw[min(p.start, len(e.Raw)):]
	if p.json != nil {
		text = string(p.text)
	}
	e.readFields(p, text)
	e.readPrefix(p, text)
	if e.Problem != "" {
		return e, Damaged
	}
	return e, Record
}

func trimNewline(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		return line[:n-1]
	}
	return line
}

// readPrefix takes over what stands before the fields.
func (e *Event) readPrefix(p *place, text string) {
	e.Shape, e.User = p.shape, p.user
	e.Host = text[p.host.start:p.host.end]
	if e.Mode == "" {
		e.Mode = p.mode
	}
	e.AuditID, e.Serial = text[p.stamp.id.start:p.stamp.id.end], p.stamp.serial
	if millis := p.millis(); millis != 0 {
		e.Time = time.UnixMilli(millis).UTC()
	}
	if p.json != nil {
		e.readEntry(p.json)
	}
}

// readEntry takes over what only a journal's JSON says.
func (e *Event) readEntry(j *journal) {
	e.Host = string(unquote(j.host))
	if e.AuditID == "" {
		e.AuditID = string(unquote(j.auditID))
		serial, _ := readNumber(unquote(j.auditID), 0)
		e.Serial = uint64(serial)
	}
}

// millis returns when the record was made, in milliseconds since 1970, or 0
// where the line does not say it.
func (p *place) millis() int64 {
	switch {
	case p.stamp.id.end > 0:
		return p.stamp.millis
	case p.json != nil:
		return p.json.micros() / 1000
	}
	return isoMillis(string(p.prefix.of(p.text)))
}

// isoMillis reads a date of ISO 8601 with its zone, as syslog daemons and
// journalctl write it, or returns 0.
func isoMillis(date string) int64 {
	if len(date) < len("2006-01-02T15:04:05Z") {
		return 0
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t.UnixMilli()
		}
	}
	return 0
}

// readFields reads the fields of a record into the event and notes in Problem
// what is wrong with them. The text is that of the place.
func (e *Event) readFields(p *place, text string) {
	t := tokens{b: p.text, pos: p.body}
	var c checker
	for t.next() {
		c.see(traits(t.key.of(p.text)))
		e.set(text[t.key.start:t.key.end], value{text[t.val.start:t.val.end], t.quoted})
	}
	if e.Problem == "" {
		e.Problem = c.problem(&t, p)
	}
	e.readOuter(p, text)
	e.settle()
}

// readOuter reads what the kernel says about the sender of a user message. Its
// pid stands for that of a record without one, which is about the sender.
func (e *Event) readOuter(p *place, text string) {
	t := tokens{b: p.text[:p.outer.end], pos: p.outer.start}
	for t.next() {
		e.set(text[t.key.start:t.key.end], value{text[t.val.start:t.val.end], t.quoted})
	}
}

// settle moves what kernels write under a key of another meaning: old ones a
// capability as the name, and all of them the path of a unix socket as path=.
func (e *Event) settle() {
	if e.Operation == "capable" && e.Capability == "" {
		e.Capability, e.Name = e.Name, ""
	}
	if path := e.DBus.Path; path != "" && e.Net.Family == "unix" && e.Net.Addr == "" {
		if name, abstract := strings.CutPrefix(path, "\x00"); abstract {
			path = "@" + name
		}
		e.Net.Addr, e.DBus.Path = path, ""
	}
}
