package glob

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// ErrTooLarge says that an automaton would pass the bound on its size.
var ErrTooLarge = errors.New("globs too complex to compare")

// limits bound what building an automaton may cost.
type limits struct {
	states int // before they are minimised
	cells  int // transitions
	steps  int // threads of the nondeterministic automaton looked at
}

var (
	// compileLimits hold every file rule that Debian ships, all in one.
	compileLimits = limits{states: 128 << 10, cells: 6 << 20, steps: 40 << 20}
	// globLimits are what one Glob may keep.
	globLimits = limits{states: 2000, cells: 200_000, steps: 2 << 20}
)

// Automaton is a set of real paths: a minimal deterministic automaton over
// classes of bytes. Real paths are absolute and have no NUL and no component
// that is empty, `.` or `..`; what a glob matches besides, no process can ask
// for. Equal sets have equal automata. It is not changed once it is made.
type Automaton struct {
	class  [256]uint8 // of each byte
	reps   []byte     // the most readable byte of each class
	next   []int32    // by state*len(reps)+class; state 0 is dead, 1 the first
	accept []bool     // by state
}

// Compile returns the set of real paths that at least one of the globs matches.
// The error is ErrTooLarge, or a *VariableError for a glob with a variable that
// is not expanded.
func Compile(globs ...Glob) (*Automaton, error) {
	p := &program{inst: []inst{{op: instAccept}}}
	var starts []int32
	for _, g := range globs {
		if err := g.needExpanded(); err != nil {
			return nil, err
		}
		if g.g != nil {
			starts = append(starts, p.compile(g.g.root, 0))
		}
	}
	p.start = p.emit(inst{op: instSplit, alt: starts})
	return determinize(p, compileLimits)
}

// Match tells whether the path is in the set.
func (a *Automaton) Match(path string) bool {
	state := a.start()
	for i := 0; i < len(path) && state != 0; i++ {
		state = a.step(state, path[i])
	}
	return a.accept[state]
}

// States returns how many states the minimal automaton has, the dead one
// aside: a measure of what the globs cost in the compiled policy.
func (a *Automaton) States() int { return len(a.accept) - 1 }

func (a *Automaton) start() int32 {
	if len(a.accept) > 1 {
		return 1
	}
	return 0
}

func (a *Automaton) step(state int32, b byte) int32 {
	return a.next[int(state)*len(a.reps)+int(a.class[b])]
}

// readable holds every byte, those that read best in an example first.
var readable = func() (order [256]byte) {
	first := "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_-/."
	copy(order[:], first)
	n := len(first)
	for _, r := range [][2]int{{' ' + 1, 0x7e}, {' ', ' '}, {0x80, 0xff}, {0, 0x1f}, {0x7f, 0x7f}} {
		for b := r[0]; b <= r[1]; b++ {
			if strings.IndexByte(first, byte(b)) < 0 {
				order[n] = byte(b)
				n++
			}
		}
	}
	return order
}()

// classes numbers bytes so that two have the same number just where their ids,
// which are below n, are the same, in readable order, and returns the first byte
// of each number.
func classes(id *[256]int, n int) (class [256]uint8, reps []byte) {
	number := make([]int, n)
	for _, b := range readable {
		i := id[b]
		if number[i] == 0 {
			reps = append(reps, b)
			number[i] = len(reps)
		}
		class[b] = uint8(number[i] - 1)
	}
	return class, reps
}

// byteClasses tells bytes apart that some instruction or the shape of real
// paths tells apart.
func byteClasses(p *program) (class [256]uint8, reps []byte) {
	var id [256]int
	n := 1
	single := setOf('/', '.', 0)
	seen := map[byteSet]bool{{}: true}
	for i := range p.inst {
		set := p.inst[i].set
		if b, ok := set.single(); ok {
			single.add(b)
		} else if !seen[set] {
			seen[set] = true
			n = refine(&id, n, set)
		}
	}
	for b := range 256 {
		if single.has(byte(b)) {
			id[b] = n
			n++
		}
	}
	return classes(&id, n)
}

// refine parts each of the n ids by whether its bytes are in the set; it returns
// how many there are then.
func refine(id *[256]int, n int, set byteSet) int {
	var inside [256]int // the new id of bytes in the set, by their old one
	for b := range 256 {
		if !set.has(byte(b)) {
			continue
		}
		if inside[id[b]] == 0 {
			inside[id[b]] = n
			n++
		}
		id[b] = inside[id[b]]
	}
	return compact(id)
}

// compact renumbers ids so that none is unused; it returns how many there are.
func compact(id *[256]int) int {
	var number [512]int
	n := 0
	for b := range 256 {
		if number[id[b]] == 0 {
			n++
			number[id[b]] = n
		}
		id[b] = number[id[b]] - 1
	}
	return n
}

// builder makes an automaton of a program by the subset construction, together
// with the walk along real paths.
type builder struct {
	p      *program
	a      *Automaton
	sets   []byteSet  // of each instruction, in classes
	parts  [3]byteSet // the classes that real paths tell apart, but for NUL's
	index  map[string]int32
	lists  [][]int32 // the instructions of each state
	real   []realState
	limits limits
	out    *threads
	key    []byte
	groups []byteSet
}

func determinize(p *program, l limits) (*Automaton, error) {
	b := &builder{p: p, a: &Automaton{}, limits: l, index: map[string]int32{}, out: newThreads(p)}
	b.a.class, b.a.reps = byteClasses(p)
	b.makeSets()
	b.state(notReal)
	b.out.add(p, p.start)
	b.state(realStart)
	for s := 1; s < len(b.lists); s++ {
		if err := b.expand(s); err != nil {
			return nil, err
		}
	}
	return b.a.minimize(), nil
}

// makeSets writes the sets of bytes down in classes.
func (b *builder) makeSets() {
	for c, rep := range b.a.reps {
		switch rep {
		case 0:
		case '/':
			b.parts[0].add(byte(c))
		case '.':
			b.parts[1].add(byte(c))
		default:
			b.parts[2].add(byte(c))
		}
	}
	b.sets = make([]byteSet, len(b.p.inst))
	for i := range b.p.inst {
		set := &b.p.inst[i].set
		if one, ok := set.single(); ok {
			b.sets[i].add(b.a.class[one])
			continue
		}
		for c, rep := range b.a.reps {
			if set.has(rep) {
				b.sets[i].add(byte(c))
			}
		}
	}
}

// state returns the number of the state of the threads in out at a place in a
// path; where either leads nowhere that is 0.
func (b *builder) state(real realState) int32 {
	if real == notReal {
		b.out.list = b.out.list[:0]
	}
	list := slices.DeleteFunc(b.out.list, func(pc int32) bool { return b.p.inst[pc].op == instSplit })
	slices.Sort(list)
	if len(list) == 0 {
		real = notReal
	}
	b.key = append(b.key[:0], byte(real))
	for _, pc := range list {
		b.key = binary.LittleEndian.AppendUint32(b.key, uint32(pc))
	}
	if s, ok := b.index[string(b.key)]; ok {
		return s
	}
	s := int32(len(b.lists))
	b.index[string(b.key)] = s
	b.lists = append(b.lists, slices.Clone(list))
	b.real = append(b.real, real)
	b.a.accept = append(b.a.accept, real.accepts() && len(list) > 0 && list[0] == 0)
	b.a.next = append(b.a.next, make([]int32, len(b.a.reps))...)
	return s
}

// expand fills in where the state leads.
func (b *builder) expand(s int) error {
	k := len(b.a.reps)
	b.group(s)
	for _, group := range b.groups {
		first := group.min()
		b.move(s, byte(first))
		to := b.state(b.real[s].next(b.a.reps[first]))
		for c := first; to != 0 && c < k; c++ {
			if group.has(byte(c)) {
				b.a.next[s*k+c] = to
			}
		}
		b.limits.steps -= len(b.lists[s]) + len(b.out.list)
		if len(b.lists) > b.limits.states || len(b.a.next) > b.limits.cells || b.limits.steps < 0 {
			return ErrTooLarge
		}
	}
	b.lists[s] = nil
	return nil
}

// group parts the classes by which instructions of the state take them, and by
// what they mean to a path.
func (b *builder) group(s int) {
	b.groups = b.groups[:0]
	for _, part := range b.parts {
		if part != (byteSet{}) {
			b.groups = append(b.groups, part)
		}
	}
	for _, pc := range b.lists[s] {
		for i, n := 0, len(b.groups); i < n; i++ {
			in, out := b.groups[i].part(b.sets[pc])
			if in != (byteSet{}) && out != (byteSet{}) {
				b.groups[i] = in
				b.groups = append(b.groups, out)
			}
		}
	}
}

// move sets out to where the state's threads are after a byte of the class.
func (b *builder) move(s int, class byte) {
	b.out.list = b.out.list[:0]
	for _, pc := range b.lists[s] {
		switch {
		case !b.sets[pc].has(class):
		case b.p.inst[pc].op == instLoop:
			b.out.add(b.p, pc)
		default:
			b.out.add(b.p, b.p.inst[pc].next)
		}
	}
}
