package audit

import "bytes"

// auditType is what stands after type=.
type auditType uint8

const (
	typeOther  auditType = iota // not AppArmor's
	typeAVC                     // 1400
	typeUser                    // USER_AVC, 1107
	typeLegacy                  // 1501 to 1507
	typeOld                     // APPARMOR, of AppArmor 1
)

// place says where in a line a record stands.
type place struct {
	shape Shape
	// text is the line, or the MESSAGE in a journal's JSON.
	text  []byte
	start int  // where in the line the text begins; 0 for a MESSAGE
	body  int  // where in text the fields begin
	outer span // the fields before msg=' of a user message
	host  span // within text
	user  bool
	mode  Mode // of a legacy type
	stamp stamp
	// prefix is a date in the line's prefix, where it may be needed.
	prefix span
	json   *journal
	// suppressed counts the records that the kernel says it did not print.
	suppressed int64
}

func (p *place) needsProcess() bool { return !p.user && p.shape != ShapeBare }

// locator finds the records in lines. The place that it returns is its own, and
// good until the next call.
type locator struct {
	place   place
	entry   journal
	message []byte
}

// locate says what the line is and, for Record and Damaged, where the record
// stands; the problem is what the prefix alone shows.
func (l *locator) locate(line []byte) (p *place, s Status, problem string) {
	before := cap(line)
	line = trimLine(line)
	p = &l.place
	*p = place{text: line, start: before - cap(line)}
	if len(line) == 0 {
		return p, Other, ""
	}
	if line[0] == '{' {
		s, problem = l.journalJSON(p)
		return p, s, problem
	}
	s, problem = p.find()
	if s == Other && mentionsRecord(line) {
		return p, Foreign, "not where the kernel writes its records"
	}
	return p, s, problem
}

// trimLine drops what is around a line but not of it: the NULs that a crash
// leaves in a file and the CR of a file that went through Windows.
func trimLine(line []byte) []byte {
	if len(line) > 0 && line[0] == 0 {
		line = bytes.TrimLeft(line, "\x00")
	}
	for len(line) > 0 && (line[len(line)-1] == '\r' || line[len(line)-1] == '\n') {
		line = line[:len(line)-1]
	}
	return line
}

var markMode = []byte(`apparmor="`)

// mentionsRecord says whether a record may stand anywhere in the line. It looks
// for quotes, for most lines of a log have none.
func mentionsRecord(line []byte) bool {
	const before = len(`apparmor=`)
	for from := 0; ; {
		i := bytes.IndexByte(line[from:], '"')
		if i < 0 {
			return false
		}
		i += from
		if i >= before && string(line[i-before:i]) == `apparmor=` {
			return true
		}
		from = i + 1
	}
}

func hasAt(b []byte, i int, s string) bool {
	return len(b)-i >= len(s) && string(b[i:i+len(s)]) == s
}

// find tells the shape of a line of text by how it begins.
func (p *place) find() (Status, string) {
	switch b := p.text; {
	case isTraditional(b, 0):
		return p.syslog(0)
	case hasAt(b, 0, "type="), hasAt(b, 0, "node="):
		p.shape = ShapeAuditd
		return p.auditd(0)
	case b[0] == '[', b[0] == '<':
		return p.dmesg()
	case hasAt(b, 0, "audit: "), hasAt(b, 0, "audit("):
		p.shape = ShapeBare
		return p.kernel(0)
	case hasAt(b, 0, "msg=audit("):
		p.shape = ShapeBare
		return p.stamped(typeAVC, len("msg="))
	case hasAt(b, 0, "AVC "), hasAt(b, 0, "USER_AVC "):
		p.shape = ShapeBare
		return p.journalAudit(0)
	case isBare(b):
		p.shape = ShapeBare
		return Record, ""
	}
	return p.syslog(0)
}

// isBare says whether the line begins with the fields of a record themselves.
// Without a mode, as people cut records for a report, it takes two keys that
// go together in no other program's words.
func isBare(b []byte) bool {
	if hasAt(b, 0, `apparmor="`) {
		return true
	}
	if !hasAt(b, 0, `operation="`) && !hasAt(b, 0, `profile="`) {
		return false
	}
	return bytes.Contains(b, []byte(`operation="`)) && bytes.Contains(b, []byte(`profile="`)) &&
		(bytes.Contains(b, []byte(`denied_mask="`)) || bytes.Contains(b, []byte(`denied="`)) || bytes.Contains(b, []byte(`capname="`)))
}

// auditd reads `node=HOST type=TYPE msg=audit(STAMP): BODY` from i.
func (p *place) auditd(i int) (Status, string) {
	b := p.text
	if hasAt(b, i, "node=") {
		end := wordEnd(b, i)
		p.host = span{i + len("node="), end}
		i = skipSpaces(b, end)
	}
	if !hasAt(b, i, "type=") {
		return Other, ""
	}
	typ, mode, i := readType(b, i+len("type="))
	p.mode = mode
	if typ == typeOther {
		return Other, ""
	}
	i = skipSpaces(b, i)
	if !hasAt(b, i, "msg=audit(") {
		return p.badStamp(typ, i)
	}
	return p.stamped(typ, i+len("msg="))
}

// dmesg reads `<PRIO>[STAMP] MESSAGE`, where the priority, and the stamp in any
// of dmesg's forms, may be missing; also what journalctl writes when it stamps
// lines as dmesg does, and a line of syslog with its priority.
func (p *place) dmesg() (Status, string) {
	b, i, prio := p.text, 0, -1
	if b[0] == '<' {
		prio, i = readNumber(b, 1)
		if !hasAt(b, i, ">") {
			return Other, ""
		}
		i++
	}
	switch {
	case prio >= 0 && hasAt(b, i, "1 "):
		return p.protocol(i+len("1 "), prio)
	case !hasAt(b, i, "["):
		return p.syslog(i)
	}
	i = skipStamps(b, i)
	if !isKernelMessage(b, i) {
		return p.tagged(i, span{})
	}
	if prio > maxKernelPriority {
		return Other, ""
	}
	p.shape = ShapeDmesg
	return p.kernel(i)
}

// maxKernelPriority is the highest priority of a message of the kernel's own:
// the facility, 0, times 8, and the lowest level. What is written to /dev/kmsg
// has another facility.
const maxKernelPriority = 7

func isKernelMessage(b []byte, i int) bool {
	return hasAt(b, i, "audit: ") || hasAt(b, i, "type=") || hasAt(b, i, "audit(") || hasAt(b, i, "audit_printk_skb: ")
}

// kernel reads a message of the kernel: `[STAMP] audit: type=1400
// audit(STAMP): BODY`, with less of it in older kernels.
func (p *place) kernel(i int) (Status, string) {
	b := p.text
	i = skipStamps(b, i)
	if hasAt(b, i, "audit: ") {
		i += len("audit: ")
	}
	if hasAt(b, i, "audit(") { // the type is one of the fields
		return p.stamped(typeLegacy, i)
	}
	if !hasAt(b, i, "type=") {
		p.suppressed = suppressed(b[i:])
		return Other, ""
	}
	typ, mode, i := readType(b, i+len("type="))
	p.mode = mode
	if typ == typeOther {
		return Other, ""
	}
	i = skipSpaces(b, i)
	if !hasAt(b, i, "audit(") {
		return p.badStamp(typ, i)
	}
	return p.stamped(typ, i)
}

// suppressed returns how many audit records the kernel says that it kept from
// its log (kernel/audit.c), or 0.
func suppressed(message []byte) int64 {
	by := 0
	for _, function := range [...]string{"kauditd_printk_skb: ", "audit_printk_skb: "} { // from 4.10 on, before
		if hasAt(message, 0, function) {
			by = len(function)
		}
	}
	n, end := readNumber(message, by)
	if by == 0 || !hasAt(message, end, " callbacks suppressed") {
		return 0
	}
	return int64(n)
}

// stamped reads `audit(STAMP): BODY` from i.
func (p *place) stamped(typ auditType, i int) (Status, string) {
	b := p.text
	i += len("audit(")
	stamp, end, ok := readStamp(b, i)
	if !ok {
		return p.badStamp(typ, i)
	}
	p.stamp = stamp
	return p.record(typ, skipSpaces(b, end))
}

// badStamp judges a line whose stamp, at i, cannot be read: a record of another
// subsystem is none of ours, damaged or not.
func (p *place) badStamp(typ auditType, i int) (Status, string) {
	rest := p.text[i:]
	if at := bytes.Index(rest, markMode); at >= 0 {
		p.body = i + at
		return Damaged, problemStamp
	}
	p.body = len(p.text)
	if p.mode != "" || typ != typeLegacy && len(rest) < maxStamp {
		return Damaged, problemStamp
	}
	return Other, ""
}

// record looks at the fields, from i, of a record of a type.
func (p *place) record(typ auditType, i int) (Status, string) {
	p.body = i
	rest := p.text[i:]
	switch {
	case typ == typeOld:
		return Damaged, problemOld
	case typ == typeUser:
		return p.userMessage(i)
	case hasAt(rest, 0, `apparmor="`), hasAt(rest, 0, `operation="`):
		return Record, ""
	case bytes.HasPrefix([]byte(`apparmor="`), rest):
		return Damaged, problemCut
	case typ == typeLegacy:
		return p.legacy(rest)
	}
	return Other, ""
}

// legacy tells records of kernels from before 2.6.36, whose type may stand
// among the fields, from other records that the kernel printed without one.
func (p *place) legacy(rest []byte) (Status, string) {
	if p.mode != "" {
		return Record, ""
	}
	if !hasAt(rest, 0, "type=") {
		return Other, ""
	}
	typ, mode, end := readType(rest, len("type="))
	if typ != typeLegacy {
		return Other, ""
	}
	p.mode = mode
	p.body += end
	return Record, ""
}

// userMessage reads the body of a USER_AVC: the sender's fields, as the kernel
// writes them, then msg='RECORD'.
func (p *place) userMessage(i int) (Status, string) {
	rest := p.text[i:]
	at := bytes.Index(rest, []byte("msg='"))
	if at < 0 {
		return Other, ""
	}
	p.user = true
	p.outer = span{i, i + at}
	p.body = i + at + len("msg='")
	rest = p.text[p.body:]
	switch {
	case hasAt(rest, 0, `apparmor="`):
		return Record, ""
	case bytes.HasPrefix([]byte(`apparmor="`), rest):
		return Damaged, problemCut
	}
	return Other, ""
}

// journalAudit reads what journald makes of a record that it got from the
// kernel's audit socket: the type's name, then the body. There is no stamp.
func (p *place) journalAudit(i int) (Status, string) {
	b := p.text
	end := wordEnd(b, i)
	typ, mode, at := readType(b, i)
	if at != end || typ == typeOther {
		return Other, ""
	}
	p.mode = mode
	return p.record(typ, skipSpaces(b, end))
}
