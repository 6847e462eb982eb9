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
	var l locator
	p, status, problem := l.locate(line)
	e := Event{FSUID: NoID, OUID: NoID, Problem: problem}
	switch status {
	case Other:
		return e, Other
	case Foreign:
		e.Raw = string(trimNewline(line))
		return e, Foreign
	}
	e.Raw = string(trimNewline(line))
	e.readFields(p)
	e.readPrefix(p)
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
func (e *Event) readPrefix(p *place) {
	e.Shape, e.User = p.shape, p.user
	e.Host = string(p.host.of(p.text))
	if e.Mode == "" {
		e.Mode = p.mode
	}
	if s := p.stamp; s.id.end > 0 {
		e.AuditID, e.Serial = string(s.id.of(p.text)), s.serial
	}
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
// what is wrong with them.
func (e *Event) readFields(p *place) {
	text := string(p.text)
	e.readOuter(p, text)
	t := tokens{b: p.text, pos: p.body}
	var c checker
	for t.next() {
		c.see(traits(t.key.of(p.text)))
		e.set(text[t.key.start:t.key.end], value{text[t.val.start:t.val.end], t.quoted})
	}
	e.settle()
	if e.Problem == "" {
		e.Problem = c.problem(&t, p)
	}
}

// readOuter reads what the kernel says about the sender of a user message. Its
// pid stands for that of a record without one, which is about the sender.
func (e *Event) readOuter(p *place, text string) {
	t := tokens{b: p.text[:p.outer.end], pos: p.outer.start}
	for t.next() {
		e.set(text[t.key.start:t.key.end], value{text[t.val.start:t.val.end], t.quoted})
	}
}

// set takes over one field. The last of two with the same meaning wins; the
// other is kept in Extra.
func (e *Event) set(key string, v value) {
	if field := textFields[key]; field != nil {
		e.setText(field(e), key, v.string())
	} else if field := wordFields[key]; field != nil {
		e.setText(field(e), key, v.text)
	} else if field := numberFields[key]; field != nil && e.setNumber(field(e), key, v) {
		return
	} else if field := idFields[key]; field != nil && e.setID(field(e), v) {
		return
	} else if !e.setSpecial(key, v) {
		e.Extra = append(e.Extra, Field{key, v.text})
	}
}

func (e *Event) setText(field *string, key, s string) {
	if *field != "" && *field != s {
		e.Extra = append(e.Extra, Field{key, *field})
	}
	*field = s
}

func (e *Event) setNumber(field *int, key string, v value) bool {
	n, ok := v.int()
	if !ok {
		return false
	}
	if *field != 0 && *field != int(n) {
		e.Extra = append(e.Extra, Field{key, itoa(*field)})
	}
	*field = int(n)
	return true
}

func (e *Event) setID(field *ID, v value) bool {
	n, ok := v.int()
	if !ok {
		return false
	}
	const nobody = 1<<32 - 1 // (uid_t)-1
	*field = ID(n)
	if n < 0 || n == nobody {
		*field = NoID
	}
	return true
}

// setSpecial takes over the fields whose values have a form of their own.
func (e *Event) setSpecial(key string, v value) bool {
	switch key {
	case "apparmor":
		e.Mode = Mode(v.text)
	case "type": // of old kernels, among the fields
		_, mode, _ := readType([]byte(v.text), 0)
		if mode == "" {
			return false
		}
		if e.Mode == "" {
			e.Mode = mode
		}
	case "protocol":
		e.Net.Protocol = protocolName(v)
	case "addr", "peer_addr":
		return e.setAddr(key, v)
	default:
		return false
	}
	return true
}

// setAddr tells the address of a unix socket from the addr=? of the audit
// daemon's own fields.
func (e *Event) setAddr(key string, v value) bool {
	if v.text == "?" {
		return false
	}
	field := &e.Net.Addr
	if key == "peer_addr" {
		field = &e.Net.PeerAddr
	}
	e.setText(field, key, v.address())
	return true
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

// Which field of an event a key stands for; some have several names. The
// tables are read only.
var (
	textFields = map[string]func(*Event) *string{
		"operation":      func(e *Event) *string { return &e.Operation },
		"class":          func(e *Event) *string { return &e.Class },
		"namespace":      func(e *Event) *string { return &e.Namespace },
		"ns":             func(e *Event) *string { return &e.Namespace },
		"profile":        func(e *Event) *string { return &e.Profile },
		"label":          func(e *Event) *string { return &e.Profile },
		"name":           func(e *Event) *string { return &e.Name },
		"name2":          func(e *Event) *string { return &e.Target },
		"target":         func(e *Event) *string { return &e.Target },
		"requested_mask": func(e *Event) *string { return &e.Requested },
		"requested":      func(e *Event) *string { return &e.Requested },
		"denied_mask":    func(e *Event) *string { return &e.Denied },
		"denied":         func(e *Event) *string { return &e.Denied },
		"mask":           func(e *Event) *string { return &e.Denied },
		"comm":           func(e *Event) *string { return &e.Comm },
		"exe":            func(e *Event) *string { return &e.Exe },
		"peer":           func(e *Event) *string { return &e.Peer },
		"peer_profile":   func(e *Event) *string { return &e.Peer },
		"peer_label":     func(e *Event) *string { return &e.Peer },
		"tcontext":       func(e *Event) *string { return &e.Peer },
		"peer_info":      func(e *Event) *string { return &e.PeerInfo },
		"family":         func(e *Event) *string { return &e.Net.Family },
		"sock_type":      func(e *Event) *string { return &e.Net.SockType },
		"bus":            func(e *Event) *string { return &e.DBus.Bus },
		"path":           func(e *Event) *string { return &e.DBus.Path },
		"interface":      func(e *Event) *string { return &e.DBus.Interface },
		"member":         func(e *Event) *string { return &e.DBus.Member },
		"method":         func(e *Event) *string { return &e.DBus.Member },
		"fstype":         func(e *Event) *string { return &e.Mount.Fstype },
		"srcname":        func(e *Event) *string { return &e.Mount.Source },
		"flags":          func(e *Event) *string { return &e.Mount.Flags },
		"options":        func(e *Event) *string { return &e.Mount.Options },
		"trans":          func(e *Event) *string { return &e.Mount.Trans },
		"capname":        func(e *Event) *string { return &e.Capability },
		"execpath":       func(e *Event) *string { return &e.ExecPath },
		"attribute":      func(e *Event) *string { return &e.Attribute },
		"info":           func(e *Event) *string { return &e.Info },
	}
	wordFields = map[string]func(*Event) *string{ // never in hex
		"laddr":  func(e *Event) *string { return &e.Net.LocalIP },
		"saddr":  func(e *Event) *string { return &e.Net.LocalIP },
		"faddr":  func(e *Event) *string { return &e.Net.PeerIP },
		"daddr":  func(e *Event) *string { return &e.Net.PeerIP },
		"signal": func(e *Event) *string { return &e.Signal },
		"rlimit": func(e *Event) *string { return &e.Rlimit },
		"value":  func(e *Event) *string { return &e.RlimitTo },
	}
	numberFields = map[string]func(*Event) *int{
		"pid":         func(e *Event) *int { return &e.PID },
		"parent":      func(e *Event) *int { return &e.Parent },
		"peer_pid":    func(e *Event) *int { return &e.PeerPID },
		"lport":       func(e *Event) *int { return &e.Net.LocalPort },
		"src":         func(e *Event) *int { return &e.Net.LocalPort },
		"fport":       func(e *Event) *int { return &e.Net.PeerPort },
		"dest":        func(e *Event) *int { return &e.Net.PeerPort },
		"task":        func(e *Event) *int { return &e.Task },
		"magic_token": func(e *Event) *int { return &e.MagicToken },
		"error":       func(e *Event) *int { return &e.Error },
	}
	idFields = map[string]func(*Event) *ID{
		"fsuid": func(e *Event) *ID { return &e.FSUID },
		"ouid":  func(e *Event) *ID { return &e.OUID },
	}
)
