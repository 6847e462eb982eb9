package glob

// program is a nondeterministic automaton. Instruction 0 accepts.
type program struct {
	inst  []inst
	start int32
}

type instOp uint8

const (
	instAccept instOp = iota // the path ends here
	instByte                 // one byte out of set, then next
	instLoop                 // any number of bytes out of set, then next
	instSplit                // any of alt
)

type inst struct {
	op   instOp
	set  byteSet
	next int32
	alt  []int32
}

// compileProgram builds the automaton of a node that has no variables.
func compileProgram(n node) *program {
	p := &program{inst: []inst{{op: instAccept}}}
	p.start = p.compile(n, 0)
	return p
}

func (p *program) emit(i inst) int32 {
	p.inst = append(p.inst, i)
	return int32(len(p.inst) - 1)
}

// compile emits what matches n and then goes on at next; it returns where that
// begins.
func (p *program) compile(n node, next int32) int32 {
	switch n.op {
	case opLiteral:
		for i := len(n.lit) - 1; i >= 0; i-- {
			next = p.emit(inst{op: instByte, set: setOf(n.lit[i]), next: next})
		}
		return next
	case opClass, opSet:
		return p.emit(inst{op: instByte, set: n.set, next: next})
	case opStar:
		return p.emit(inst{op: instLoop, set: n.set, next: next})
	case opConcat:
		for i := len(n.sub) - 1; i >= 0; i-- {
			next = p.compile(n.sub[i], next)
		}
		return next
	}
	alt := make([]int32, len(n.sub))
	for i, s := range n.sub {
		alt[i] = p.compile(s, next)
	}
	return p.emit(inst{op: instSplit, alt: alt})
}

// threads is a set of instructions, in the order in which they were added.
type threads struct {
	list  []int32
	at    []int32 // at[pc] is where in list pc stands, if it does
	stack []int32
}

func newThreads(p *program) *threads {
	return &threads{at: make([]int32, len(p.inst))}
}

func (t *threads) has(pc int32) bool {
	return int(t.at[pc]) < len(t.list) && t.list[t.at[pc]] == pc
}

// add adds pc and everything that can be reached from it without a byte.
func (t *threads) add(p *program, pc int32) {
	t.stack = append(t.stack[:0], pc)
	for len(t.stack) > 0 {
		pc = t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		if t.has(pc) {
			continue
		}
		t.at[pc] = int32(len(t.list))
		t.list = append(t.list, pc)
		switch in := &p.inst[pc]; in.op {
		case instLoop:
			t.stack = append(t.stack, in.next)
		case instSplit:
			t.stack = append(t.stack, in.alt...)
		}
	}
}

// step adds to out where the threads are after the byte.
func (t *threads) step(p *program, b byte, out *threads) {
	out.list = out.list[:0]
	for _, pc := range t.list {
		in := &p.inst[pc]
		if in.op != instByte && in.op != instLoop || !in.set.has(b) {
			continue
		}
		if in.op == instLoop {
			out.add(p, pc)
		} else {
			out.add(p, in.next)
		}
	}
}

// match runs the automaton over the path, in time proportional to the length of
// both.
func (p *program) match(path string) bool {
	now, then := newThreads(p), newThreads(p)
	now.add(p, p.start)
	for i := 0; i < len(path) && len(now.list) > 0; i++ {
		now.step(p, path[i], then)
		now, then = then, now
	}
	return now.has(0)
}
