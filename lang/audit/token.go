package audit

import "bytes"

// span is a piece of a text by its offsets.
type span struct{ start, end int }

func (s span) of(b []byte) []byte { return b[s.start:s.end] }

// What may be wrong with a record.
const (
	problemStamp   = "the audit( ) stamp cannot be read"
	problemCut     = "cut short"
	problemQuote   = "cut within a quoted value"
	problemHex     = "cut within a hex value"
	problemControl = "a control character within a quoted value"
	problemJunk    = "text that is no key=value"
	problemTwo     = "two records run together"
	problemOld     = "the syntax of AppArmor 1, from before 2007"
	problemJSON    = "cut or broken JSON"
	problemNull    = "MESSAGE is left out: journalctl needs --all to show it"
	problemLong    = "longer than any record"
)

// tokens walks the fields of a record. After next has returned true, key and
// val hold a field; problem holds the first fault that was stepped over.
type tokens struct {
	b        []byte
	pos      int
	key, val span
	quoted   bool
	problem  string
}

// Bytes that may stand in a key, and those that part fields: white space, the
// \x1d before an enriched tail, and the quote that closes msg='…'.
var isKey, isGap = func() (key, gap [256]bool) {
	for c := '0'; c <= 'z'; c++ {
		key[c] = c <= '9' || c >= 'a' || c >= 'A' && c <= 'Z'
	}
	key['_'], key['-'], key['.'] = true, true, true
	gap[' '], gap['\t'], gap[0x1d], gap['\''] = true, true, true, true
	return key, gap
}()

// escapedTail is the \x1d before an enriched tail as rsyslog writes it.
const escapedTail = "#035"

// next steps to the next field, over whatever is none.
func (t *tokens) next() bool {
	b, i := t.b, t.pos
	for {
		for i < len(b) && isGap[b[i]] {
			i++
		}
		if i >= len(b) {
			return false
		}
		start := i
		for i < len(b) && isKey[b[i]] {
			i++
		}
		if i > start && i < len(b) && b[i] == '=' {
			t.key = span{start, i}
			t.value(i + 1)
			return true
		}
		if i == start && hasAt(b, i, escapedTail) {
			i += len(escapedTail)
			continue
		}
		i = t.junk(i)
	}
}

// junk steps over what is no field, from i to the next gap.
func (t *tokens) junk(i int) int {
	if i >= len(t.b) {
		t.fault(problemCut)
	} else {
		t.fault(problemJunk)
	}
	for i < len(t.b) && !isGap[t.b[i]] {
		i++
	}
	t.pos = i
	return i
}

func (t *tokens) fault(problem string) {
	if t.problem == "" {
		t.problem = problem
	}
}

// value reads what stands behind the equals sign. A quoted value ends with the
// next quote: there are no escapes, the kernel writes a string that holds a
// quote in hex.
func (t *tokens) value(i int) {
	b := t.b
	t.quoted = i < len(b) && b[i] == '"'
	if !t.quoted {
		t.unquoted(i)
		return
	}
	i++
	start := i
	for i < len(b) && b[i] != '"' {
		if b[i] < ' ' {
			t.fault(problemControl)
		}
		i++
	}
	t.val = span{start, i}
	t.pos = i + 1
	if i >= len(b) {
		t.pos = i
		t.fault(problemQuote)
	}
}

func (t *tokens) unquoted(start int) {
	b, i, glued := t.b, start, false
	for i < len(b) && !isGap[b[i]] {
		glued = glued || b[i] == '='
		i++
	}
	if glued {
		i = start + unglue(b[start:i])
	}
	t.val, t.pos = span{start, i}, i
	if i == start && i == len(b) {
		t.fault(problemCut)
	} else if (i-start)%2 == 1 && isCutHex(b[start:i]) {
		t.fault(problemHex)
	}
}

// enrichments are the keys that auditd adds after the \x1d of an enriched
// record, longest first where one ends with another. It is read only.
var enrichments = [][]byte{
	[]byte("OAUID"), []byte("FSUID"), []byte("SAUID"), []byte("AUID"), []byte("EUID"), []byte("SUID"), []byte("OUID"),
	[]byte("UID"), []byte("FSGID"), []byte("EGID"), []byte("SGID"), []byte("OGID"), []byte("GID"), []byte("ID"),
}

// unglue returns where an unquoted value ends that an enriched tail was glued
// to, as in `0FSUID="root"`: the longest key that leaves no half of a byte in
// hex before it.
func unglue(v []byte) int {
	eq := bytes.IndexByte(v, '=')
	for _, key := range enrichments {
		if rest, ok := bytes.CutSuffix(v[:eq], key); ok && (len(rest)%2 == 0 || !isCutHex(rest)) {
			return len(bytes.TrimSuffix(rest, []byte(escapedTail)))
		}
	}
	return len(v)
}

// isCutHex says whether v, of odd length, is what is left of a string in hex:
// nothing but its digits, and at least one that no number has.
func isCutHex(v []byte) bool {
	letter := false
	for _, c := range v {
		switch {
		case c >= 'A' && c <= 'F':
			letter = true
		case c < '0' || c > '9':
			return false
		}
	}
	return letter
}

// keyTraits says what a key means for the record as a whole.
type keyTraits uint8

const (
	keyMode      keyTraits = 1 << iota // there is one of it
	keyOperation                       // says what happened
	keyProcess                         // names the process
	keyVolatile                        // differs between records of one event
	keyProfile                         // names the profile
)

// traits returns the traits of a key. Volatile are the processes, and what
// auditd adds in capitals to enriched records, for it only spells out others.
func traits(key []byte) keyTraits {
	switch string(key) {
	case "apparmor":
		return keyMode
	case "operation", "info":
		return keyOperation
	case "pid":
		return keyProcess | keyVolatile
	case "comm":
		return keyProcess
	case "profile", "label":
		return keyProfile
	case "parent", "peer_pid", "task", "magic_token":
		return keyVolatile
	}
	if key[0] >= 'A' && key[0] <= 'Z' {
		return keyVolatile
	}
	return 0
}

// checker follows the fields of a record and says in the end whether the
// record is whole.
type checker struct {
	seen  keyTraits
	twice bool // the mode
}

func (c *checker) see(t keyTraits) {
	c.twice = c.twice || t&c.seen&keyMode != 0
	c.seen |= t
}

// problem returns the fault that the tokens met, or what the record at p as a
// whole lacks: the kernel writes an operation, or says what happened, and a
// process into each one.
func (c *checker) problem(t *tokens, p *place) string {
	switch {
	case c.twice:
		return problemTwo
	case t.problem != "":
		return t.problem
	case c.seen&keyOperation == 0:
		return problemCut
	case c.seen&keyProcess == 0 && p.needsProcess():
		return problemCut
	}
	return ""
}
