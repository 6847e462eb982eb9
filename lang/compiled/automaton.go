package compiled

import "encoding/binary"

// Start and dead state of every automaton (kernel: match.h, DFA_START,
// DFA_NOMATCH).
const (
	dead  uint32 = 0
	start uint32 = 1
)

// The tables of an automaton (kernel: match.h, YYTD_ID_*).
const (
	tableAccept  = 1
	tableBase    = 2
	tableCheck   = 3
	tableDefault = 4
	tableClasses = 5
	tableAccept2 = 7
	tableNext    = 8
)

const (
	magic = 0x1B5E783D

	flagDiffEncode = 0x80000000 // of BASE: a failed check follows DEFAULT and tries again
	flagOutOfBand  = 0x20000000 // of BASE: the state has a transition on no byte
	baseMask       = 0x00ffffff

	maxStates = baseMask
)

// An automaton is a compressed automaton over bytes, checked so that stepping
// can neither leave the tables nor run in a circle.
type automaton struct {
	base        []uint32
	def         []uint32
	next, check []uint32
	accept      []uint32
	accept2     []uint32 // nil where the form has none
	class       [256]byte
	raw         []byte // the tables as they stood in the stream
}

// step follows one byte.
func (d *automaton) step(state uint32, c byte) uint32 {
	if state == dead {
		return dead
	}
	k := uint32(d.class[c])
	for {
		b := d.base[state]
		if i := b&baseMask + k; d.check[i] == state {
			return d.next[i]
		}
		state = d.def[state]
		if b&flagDiffEncode == 0 {
			return state
		}
	}
}

// bytes follows every byte of s.
func (d *automaton) bytes(state uint32, s []byte) uint32 {
	for _, c := range s {
		state = d.step(state, c)
	}
	return state
}

// text follows a string of the kernel, which holds no NUL; one that does leads
// nowhere.
func (d *automaton) text(state uint32, s string) uint32 {
	for i := 0; i < len(s) && state != dead; i++ {
		if s[i] == 0 {
			return dead
		}
		state = d.step(state, s[i])
	}
	return state
}

// readAutomaton decodes the blob "aadfa". Its tables fill multiples of 8 bytes;
// what its length is over such a multiple is padding in front.
func readAutomaton(s *stream) *automaton {
	blob, off := s.blob("aadfa")
	if s.err != nil {
		return nil
	}
	pad := len(blob) % 8
	t := tables{s: s, b: blob[pad:], off: off + pad}
	d := t.read()
	if s.err != nil {
		return nil
	}
	return d
}

// tables decodes the big-endian tables of one automaton.
type tables struct {
	s   *stream // takes the error
	b   []byte
	off int // of b in the stream
	pos int
	d   automaton
}

func (t *tables) fail(format string, args ...any) {
	t.s.failAt(t.off+t.pos, format, args...)
}

func (t *tables) read() *automaton {
	if len(t.b) < 16 || binary.BigEndian.Uint32(t.b) != magic {
		t.fail("an automaton (magic %#x)", uint32(magic))
		return nil
	}
	header := binary.BigEndian.Uint32(t.b[4:])
	if header < 16 || uint64(header) > uint64(len(t.b)) {
		t.fail("an automaton's header of at least 16 and at most %d bytes", len(t.b))
		return nil
	}
	for i := range t.d.class {
		t.d.class[i] = byte(i)
	}
	t.d.raw = t.b
	t.pos = int(header)
	var seen [tableNext + 1]bool
	for t.s.err == nil && t.pos < len(t.b) {
		t.table(&seen)
	}
	t.check()
	return &t.d
}

// table reads one table: id, width and length, then the entries, then padding
// up to 8 bytes.
func (t *tables) table(seen *[tableNext + 1]bool) {
	b := t.b[t.pos:]
	if len(b) < 12 {
		t.fail("a table")
		return
	}
	id, width := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	count := uint64(binary.BigEndian.Uint32(b[8:]))
	if id > tableNext || seen[id] {
		t.fail("another table than %d", id)
		return
	}
	seen[id] = true
	size := 12 + count*uint64(width)
	if width != 1 && width != 2 && width != 4 || count == 0 || size > uint64(len(b)) {
		t.fail("a table of %d entries of %d bytes within the automaton", count, width)
		return
	}
	t.store(id, width, b[12:size])
	t.pos = min(t.pos+int((size+7)&^7), len(t.b))
}

func (t *tables) store(id, width uint16, b []byte) {
	d := &t.d
	switch {
	case id == tableAccept && width == 4:
		d.accept = numbers(b, width)
	case id == tableAccept2 && width == 4:
		d.accept2 = numbers(b, width)
	case id == tableBase && width == 4:
		d.base = numbers(b, width)
	case id == tableDefault && width != 1:
		d.def = numbers(b, width)
	case id == tableNext && width != 1:
		d.next = numbers(b, width)
	case id == tableCheck && width != 1:
		d.check = numbers(b, width)
	case id == tableClasses && width == 1 && len(b) == 256:
		copy(d.class[:], b)
	default:
		t.fail("another table than %d with %d entries of %d bytes", id, len(b)/int(width), width)
	}
}

func numbers(b []byte, width uint16) []uint32 {
	v := make([]uint32, len(b)/int(width))
	for i := range v {
		if width == 2 {
			v[i] = uint32(binary.BigEndian.Uint16(b[2*i:]))
		} else {
			v[i] = binary.BigEndian.Uint32(b[4*i:])
		}
	}
	return v
}

// check holds the tables to what stepping relies on (kernel: match.c,
// verify_table_headers and verify_dfa).
func (t *tables) check() {
	if t.s.err != nil {
		return
	}
	d, n := &t.d, len(t.d.base)
	switch {
	case n < 2 || n >= maxStates || len(d.accept) != n || len(d.def) != n:
		t.fail("ACCEPT, BASE and DEFAULT tables of one length, 2 to %d", maxStates-1)
	case d.accept2 != nil && len(d.accept2) != n:
		t.fail("an ACCEPT2 table of %d entries", n)
	case len(d.next) == 0 || len(d.next) != len(d.check):
		t.fail("NEXT and CHECK tables of one length")
	case !below(d.def, n) || !below(d.next, n) || !below(d.check, n):
		t.fail("states below %d in DEFAULT, NEXT and CHECK", n)
	case !t.basesFit():
		t.fail("BASE entries within the %d transitions", len(d.next))
	case !t.chainsEnd():
		t.fail("differential states whose DEFAULT chain ends")
	}
}

func below(v []uint32, n int) bool {
	for _, x := range v {
		if int(x) >= n {
			return false
		}
	}
	return true
}

func (t *tables) basesFit() bool {
	var last byte
	for _, c := range t.d.class {
		last = max(last, c)
	}
	for _, b := range t.d.base {
		if b&^(flagDiffEncode|flagOutOfBand|baseMask) != 0 || int(b&baseMask)+int(last) >= len(t.d.next) {
			return false
		}
	}
	return true
}

// chainsEnd follows each chain of differential states once: a state that was
// seen in the same chain closes a circle.
func (t *tables) chainsEnd() bool {
	d := &t.d
	chain := make([]uint32, len(d.base)) // number of the chain that saw the state
	for i := range d.base {
		number := uint32(i) + 1
		for j := uint32(i); d.base[j]&flagDiffEncode != 0 && chain[j] == 0; j = d.def[j] {
			chain[j] = number
			if chain[d.def[j]] == number {
				return false
			}
		}
	}
	return true
}

// classes partitions the bytes by refinement: starting from one class, each
// state splits those whose bytes it leads apart.
func (d *automaton) classes() (classes [256]byte) {
	r := refinement{size: []int{256}}
	for s, b := range d.base {
		r.split(uint32(s), b&baseMask, d)
	}
	for c := range classes {
		classes[c] = r.of[d.class[c]]
	}
	return classes
}

// A refinement partitions the columns of the tables.
type refinement struct {
	of   [256]byte
	size []int // of each class
}

// A branch is what a state makes of a class: the columns that lead to next.
type branch struct {
	class byte
	next  uint32
	cols  []byte
}

// split parts each class of which the state leads some columns elsewhere. What
// it has no entry for goes by its default, all alike.
func (r *refinement) split(state, base uint32, d *automaton) {
	var branches []branch
	for k := uint32(0); k < 256 && base+k < uint32(len(d.check)); k++ {
		if d.check[base+k] == state {
			branches = add(branches, branch{r.of[k], d.next[base+k], []byte{byte(k)}})
		}
	}
	for _, b := range branches {
		if len(b.cols) == r.size[b.class] {
			continue
		}
		r.size[b.class] -= len(b.cols)
		for _, k := range b.cols {
			r.of[k] = byte(len(r.size))
		}
		r.size = append(r.size, len(b.cols))
	}
}

func add(branches []branch, b branch) []branch {
	for i := range branches {
		if branches[i].class == b.class && branches[i].next == b.next {
			branches[i].cols = append(branches[i].cols, b.cols...)
			return branches
		}
	}
	return append(branches, b)
}
