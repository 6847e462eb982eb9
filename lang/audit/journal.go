package audit

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// journal holds the fields of an entry of `journalctl -o json` that matter
// here, as they are spelled in it. journald itself fills in those that begin
// with an underscore; the rest is the sender's word.
type journal struct {
	message    []byte // MESSAGE
	transport  []byte // _TRANSPORT
	exe        []byte // _EXE
	identifier []byte // SYSLOG_IDENTIFIER
	facility   []byte // SYSLOG_FACILITY
	host       []byte // _HOSTNAME
	auditID    []byte // _AUDIT_ID
	auditType  []byte // _AUDIT_TYPE
	source     []byte // _SOURCE_REALTIME_TIMESTAMP
	received   []byte // __REALTIME_TIMESTAMP
}

func (j *journal) field(key []byte) *[]byte {
	switch string(key) {
	case "MESSAGE":
		return &j.message
	case "_TRANSPORT":
		return &j.transport
	case "_EXE":
		return &j.exe
	case "SYSLOG_IDENTIFIER":
		return &j.identifier
	case "SYSLOG_FACILITY":
		return &j.facility
	case "_HOSTNAME":
		return &j.host
	case "_AUDIT_ID":
		return &j.auditID
	case "_AUDIT_TYPE":
		return &j.auditType
	case "_SOURCE_REALTIME_TIMESTAMP":
		return &j.source
	case "__REALTIME_TIMESTAMP":
		return &j.received
	}
	return nil
}

// micros returns when the entry was made, in microseconds since 1970, or 0.
func (j *journal) micros() int64 {
	for _, text := range [][]byte{j.source, j.received} {
		if n, err := strconv.ParseInt(string(unquote(text)), 10, 64); err == nil {
			return n
		}
	}
	return 0
}

// unquote drops the quotes of a JSON string. What it is used for holds no
// escapes.
func unquote(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimPrefix(text, []byte(`"`)), []byte(`"`))
}

var (
	markPlain   = []byte("apparmor=")
	markBytes   = []byte("97,112,112,97,114,109,111,114,61") // "apparmor=" in a list
	markMessage = []byte(`"MESSAGE"`)
)

// journalJSON reads an object of journalctl -o json.
func (l *locator) journalJSON(p *place) (Status, string) {
	line := p.text
	marked := bytes.Contains(line, markPlain) || bytes.Contains(line, markBytes)
	if !marked && !bytes.Contains(line, markMessage) {
		return Other, ""
	}
	p.shape, p.body, p.json = ShapeJournalJSON, len(line), &l.entry
	var ok bool
	l.entry, ok = readJournal(line)
	switch {
	case ok && string(l.entry.message) == "null":
		return nullMessage(p.json)
	case ok && len(l.entry.message) > 0:
		if l.message, ok = appendMessage(l.message[:0], l.entry.message); ok {
			return p.entry(trimLine(l.message))
		}
	case ok && marked:
		return Foreign, "JSON without a journal's MESSAGE"
	}
	if marked {
		return Damaged, problemJSON
	}
	return Other, ""
}

// nullMessage judges an entry whose message journalctl left out: the kernel's
// own are short, the audit socket's may be long.
func nullMessage(j *journal) (Status, string) {
	typ, _, _ := readType(unquote(j.auditType), 0)
	if string(j.transport) == `"audit"` && typ != typeOther {
		return Damaged, problemNull
	}
	return Other, ""
}

// entry reads the message of an entry, as its sender may write it.
func (p *place) entry(message []byte) (Status, string) {
	p.text, p.body = message, len(message)
	s, problem := p.message()
	p.shape = ShapeJournalJSON
	if s == Other && mentionsRecord(message) {
		return Foreign, "a message of another program"
	}
	return s, problem
}

// message reads the message of an entry by who sent it, as journald saw it or,
// where only some fields were asked for, as the sender says.
func (p *place) message() (Status, string) {
	j := p.json
	switch string(unquote(j.transport)) {
	case "kernel":
		if f := string(unquote(j.facility)); f != "" && f != "0" {
			return Other, "" // written to /dev/kmsg
		}
		return p.kernel(0)
	case "audit":
		return p.auditTag(0)
	case "":
		if len(j.exe) == 0 {
			return p.claimed(string(unquote(j.identifier)))
		}
	}
	exe := unquote(j.exe)
	return p.program(string(exe[bytes.LastIndexByte(exe, '/')+1:]))
}

// claimed reads a message of whoever calls itself so.
func (p *place) claimed(identifier string) (Status, string) {
	switch identifier {
	case "kernel", "audit":
		return p.auditTag(0)
	case "":
		if s, problem := p.auditTag(0); s != Other {
			return s, problem
		}
		return p.mediator(0)
	}
	return p.program(identifier)
}

// program reads a message that a program sent, if it is one that mediates or
// that hands on what auditd got.
func (p *place) program(name string) (Status, string) {
	switch name {
	case "dbus-daemon", "dbus", "dbus-broker", "dbus-broker-launch":
		return p.mediator(0)
	case "auditd", "audispd", "audisp-syslog":
		return p.auditd(0)
	}
	return Other, ""
}

// readJournal walks the keys of one flat JSON object. It returns false where
// the object is cut or is no JSON.
func readJournal(line []byte) (j journal, ok bool) {
	i := skipSpaces(line, 1)
	for i < len(line) && line[i] == '"' {
		end := stringEnd(line, i)
		if end < 0 {
			return j, false
		}
		colon := skipSpaces(line, end)
		if !hasAt(line, colon, ":") {
			return j, false
		}
		start := skipSpaces(line, colon+1)
		stop := valueEnd(line, start)
		if stop < 0 {
			return j, false
		}
		if field := j.field(line[i+1 : end-1]); field != nil {
			*field = line[start:stop]
		}
		i = skipSpaces(line, stop)
		if !hasAt(line, i, ",") {
			break
		}
		i = skipSpaces(line, i+1)
	}
	return j, i == len(line)-1 && line[i] == '}'
}

// stringEnd returns the end of the JSON string at i, or -1.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// valueEnd returns the end of the JSON value at i, or -1: a string, a list of
// strings, numbers or such lists, or a word.
func valueEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i); i < 0 {
				return -1
			}
		case '[':
			depth++
			i++
		case ']':
			depth--
			i++
		case ',', '}':
			if depth <= 0 {
				return i
			}
			i++
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

// appendMessage decodes a MESSAGE: a JSON string, or the list of its bytes,
// which journald writes where they are not all printable text.
func appendMessage(dst, value []byte) ([]byte, bool) {
	switch {
	case len(value) < 2:
		return dst, false
	case value[0] == '"':
		return appendString(dst, value[1:len(value)-1])
	case value[0] == '[':
		return appendBytes(dst, value[1:len(value)-1])
	}
	return dst, false
}

func appendBytes(dst, list []byte) ([]byte, bool) {
	for i := 0; i < len(list); i++ {
		i = skipSpaces(list, i)
		n, end := readNumber(list, i)
		if end == i || n > 255 {
			return dst, false
		}
		dst = append(dst, byte(n))
		i = skipSpaces(list, end)
		if i < len(list) && list[i] != ',' {
			return dst, false
		}
	}
	return dst, true
}

// appendString decodes the inside of a JSON string.
func appendString(dst, s []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		if i+1 >= len(s) {
			return dst, false
		}
		dst = append(dst, s[:i]...)
		if s[i+1] == 'u' {
			r, n := unicodeEscape(s[i:])
			if n == 0 {
				return dst, false
			}
			dst, s = utf8.AppendRune(dst, r), s[i+n:]
			continue
		}
		c := bytes.IndexByte([]byte(`"\/bfnrt`), s[i+1])
		if c < 0 {
			return dst, false
		}
		dst, s = append(dst, "\"\\/\b\f\n\r\t"[c]), s[i+2:]
	}
}

// unicodeEscape decodes the \uXXXX, or the two that make a surrogate pair, at
// the start of s, and returns their length, or 0.
func unicodeEscape(s []byte) (rune, int) {
	r, ok := hexRune(s)
	if !ok {
		return 0, 0
	}
	const high, low = 0xd800, 0xdc00
	if r >= high && r < low {
		if second, ok := hexRune(s[6:]); ok && second >= low && second < low+0x400 {
			return (r-high)<<10 + (second - low) + 0x10000, 12
		}
	}
	return r, 6
}

func hexRune(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(n), err == nil
}
