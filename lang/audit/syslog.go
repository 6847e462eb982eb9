package audit

import "bytes"

// maxHeader bounds how far into a line its sender is looked for: a date in the
// longest form, and a host's name of 255 bytes.
const (
	maxHeader      = 320
	maxHeaderWords = 5 // "2010-07-24 12:25:33 CEST HOST TAG:" after a weekday
)

// syslog reads `DATE HOST TAG: MESSAGE` from i, in every form of date that
// syslog daemons, journalctl -o short-… and dmesg --time-format write.
func (p *place) syslog(i int) (Status, string) {
	b := p.text
	if hasAt(b, i, "kern  :") { // dmesg -x
		return p.tagged(i, span{})
	}
	if isTraditional(b, i) && isDate(b[i:i+3]) {
		return p.tagged(i+traditional, span{})
	}
	date := span{i, wordEnd(b, i)}
	if !isDate(date.of(b)) {
		return Other, ""
	}
	return p.tagged(skipSpaces(b, date.end), date)
}

// traditional is how long a date in syslog's older form is.
const traditional = len("Jan _2 15:04:05 ")

// isTraditional says whether that much of the line, from i, has its form.
func isTraditional(b []byte, i int) bool {
	if len(b)-i < traditional {
		return false
	}
	b = b[i : i+traditional]
	return b[15] == ' ' && b[12] == ':' && b[9] == ':' && b[6] == ' ' && b[3] == ' '
}

// isDate says whether a line's first word may begin a date: a digit, or a
// month's or a weekday's name.
func isDate(word []byte) bool {
	if len(word) == 0 {
		return false
	}
	if word[0] >= '0' && word[0] <= '9' {
		return true
	}
	if len(word) < 3 {
		return false
	}
	switch string(word[:3]) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// tagged reads the rest of a header from i and then, as its tag says, the
// message. The tag is the first word that ends with a colon: whatever a
// program writes stands after its own.
func (p *place) tagged(i int, date span) (Status, string) {
	b := p.text
	host := span{}
	header := b[:min(len(b), i+maxHeader)]
	for range maxHeaderWords {
		end := wordEnd(header, i)
		if end == i || end == len(header) {
			return Other, ""
		}
		if b[end-1] == ':' && end-i > 1 {
			p.shape, p.host, p.prefix = ShapeSyslog, host, date
			return p.tag(b[i:end-1], skipSpaces(b, end))
		}
		host = span{i, end}
		i = skipSpaces(b, end)
	}
	return Other, ""
}

// protocol reads `DATE HOST PROGRAM PID ID DATA MESSAGE`, the form of RFC 5424
// after its priority and version, from i. There the program stands by itself,
// so that no message can be taken for one with a tag.
func (p *place) protocol(i, prio int) (Status, string) {
	b := p.text
	var words [5]span
	for n := range words {
		words[n] = span{i, wordEnd(b, i)}
		i = skipSpaces(b, words[n].end)
	}
	p.shape, p.prefix, p.host = ShapeSyslog, words[0], words[1]
	program, pid := words[2].of(b), words[3].of(b)
	if string(program) == "kernel" && (prio > maxKernelPriority || string(pid) != "-") {
		return Other, ""
	}
	return p.tag(program, skipSpaces(b, dataEnd(b, i)))
}

// dataEnd returns where the structured data of a message ends: "-", or
// elements in brackets.
func dataEnd(b []byte, i int) int {
	if !hasAt(b, i, "[") {
		return wordEnd(b, i)
	}
	if n := bytes.Index(b[i:], []byte("] ")); n >= 0 {
		return i + n + 1
	}
	return len(b)
}

// tag reads the message, from i, of the sender that a tag names.
func (p *place) tag(tag []byte, i int) (Status, string) {
	name, hasPid := tag, false
	if tag[len(tag)-1] == ']' {
		name = tag[:max(0, bytes.IndexByte(tag, '['))]
		hasPid = true
	}
	switch string(name) {
	case "kernel":
		if !hasPid {
			return p.kernel(i)
		}
	case ":notice", ":warn", ":info", ":err": // dmesg -x, after "kern"
		p.shape, p.host = ShapeDmesg, span{}
		return p.kernel(i)
	case "audit":
		return p.auditTag(i)
	case "audispd", "audisp-syslog", "auditd":
		return p.auditd(i)
	case "dbus-daemon", "dbus", "dbus-broker", "dbus-broker-launch":
		return p.mediator(i)
	}
	return Other, ""
}

// auditTag reads what stands after "audit:" or "audit[PID]:": what journald
// got from the audit socket, or a message of the kernel that lost "kernel:".
func (p *place) auditTag(i int) (Status, string) {
	if isKernelMessage(p.text, i) {
		return p.kernel(i)
	}
	return p.journalAudit(i)
}

// mediator reads a record, from i, that a D-Bus daemon wrote to syslog. It
// speaks about D-Bus only.
func (p *place) mediator(i int) (Status, string) {
	rest := p.text[i:]
	if !hasAt(rest, 0, `apparmor="`) || !bytes.Contains(rest, []byte(`operation="dbus_`)) {
		return Other, ""
	}
	p.user = true
	p.body = i
	return Record, ""
}
