package compiled

import (
	"errors"
	"slices"
)

// ErrTooManyStates is the error of a comparison that would hold too many
// states at once.
var ErrTooManyStates = errors.New("comparing compiled profiles: too many states")

// maxProduct bounds the states of all walks of one comparison. Profiles that
// resemble each other need about as many as the larger has; a state takes about
// 60 bytes and 5 microseconds.
const maxProduct = 1 << 19

// A machine is an automaton with grants, or stands for one.
type machine interface {
	step(state uint32, c byte) uint32
	at(state uint32, who Subject) *grant
	classes() *[256]byte
}

// openMachine is the machine of a class that a profile leaves open: every string is
// allowed.
type openMachine struct{}

var (
	oneClass  [256]byte
	openGrant = grant{allow: all}
	noGrant   grant
)

func (openMachine) step(state uint32, _ byte) uint32 { return state }
func (openMachine) at(uint32, Subject) *grant        { return &openGrant }
func (openMachine) classes() *[256]byte              { return &oneClass }

// A literal is the machine that grants what a name-only attachment does: state
// n+1 has seen n bytes of the name.
type literal struct {
	name  string
	class [256]byte
	grant grant
}

func newLiteral(name string, g grant) *literal {
	l := &literal{name: name, grant: g}
	next := byte(1)
	for i := range len(name) {
		if c := name[i]; l.class[c] == 0 {
			l.class[c] = next
			next++
		}
	}
	return l
}

func (l *literal) step(state uint32, c byte) uint32 {
	if n := state - 1; state != dead && int64(n) < int64(len(l.name)) && l.name[n] == c {
		return state + 1
	}
	return dead
}

func (l *literal) at(state uint32, _ Subject) *grant {
	if int64(state) == int64(len(l.name))+1 {
		return &l.grant
	}
	return &noGrant
}

func (l *literal) classes() *[256]byte { return &l.class }

// A side is one of the two machines of a walk, and where it starts.
type side struct {
	machine
	from uint32
}

// A node is one state of the product, with the byte that led to it.
type node struct {
	a, b   uint32
	parent int32
	q      uint8
	byte   byte
}

// A walk goes through two machines in step with a shape, breadth first, so that
// the first path to anything is a shortest one.
type walk struct {
	a, b  side
	shape *shape
	nodes []node
	seen  map[uint64]struct{}
	limit int
}

func newWalk(a, b side, sh *shape, limit int) *walk {
	return &walk{a: a, b: b, shape: sh, seen: map[uint64]struct{}{}, limit: limit}
}

// run calls visit with the number of every node at which the shape asks.
func (w *walk) run(visit func(i int, asked Perms)) error {
	reps := w.representatives()
	w.add(node{a: w.a.from, b: w.b.from, q: shapeStart, parent: -1})
	for i := 0; i < len(w.nodes); i++ {
		if len(w.nodes) > w.limit {
			return ErrTooManyStates
		}
		if asked := w.shape.asked[w.nodes[i].q]; asked != 0 {
			visit(i, asked)
		}
		w.expand(i, reps)
	}
	return nil
}

func (w *walk) expand(i int, reps []byte) {
	n := w.nodes[i]
	for _, c := range reps {
		if q := w.shape.next[n.q][c]; q != 0 {
			w.add(node{a: w.a.step(n.a, c), b: w.b.step(n.b, c), q: q, byte: c, parent: int32(i)})
		}
	}
}

// add queues a node unless it was seen, or neither side can grant anything on.
func (w *walk) add(n node) {
	if n.a == dead && n.b == dead {
		return
	}
	key := uint64(n.q)<<48 | uint64(n.a)<<24 | uint64(n.b)
	if _, ok := w.seen[key]; !ok {
		w.seen[key] = struct{}{}
		w.nodes = append(w.nodes, n)
	}
}

// input is the string that leads to a node.
func (w *walk) input(i int) []byte {
	var b []byte
	for ; w.nodes[i].parent >= 0; i = int(w.nodes[i].parent) {
		b = append(b, w.nodes[i].byte)
	}
	slices.Reverse(b)
	return b
}

// preferred lists all bytes, those first that make a witness easy to read: NUL
// ends a field, or is a number's zero.
var preferred = func() []byte {
	order := []byte("\x00xabcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")
	for _, r := range [][2]int{{' ' + 1, '~'}, {' ', ' '}, {0, 255}} {
		for c := r[0]; c <= r[1]; c++ {
			if !slices.Contains(order, byte(c)) {
				order = append(order, byte(c))
			}
		}
	}
	return order
}()

// representatives returns one byte of each class that the machines and the
// shape tell apart: the one that reads best, in the order in which they do.
func (w *walk) representatives() []byte {
	a, b := w.a.classes(), w.b.classes()
	key := func(c byte) [3]byte { return [3]byte{a[c], b[c], w.shape.class[c]} }
	best := map[[3]byte]byte{}
	var order [][3]byte
	for _, c := range preferred {
		if _, ok := best[key(c)]; !ok {
			best[key(c)] = c
			order = append(order, key(c))
		}
	}
	for _, c := range w.shape.liked {
		best[key(c)] = c
	}
	reps := make([]byte, len(order))
	for i, k := range order {
		reps[i] = best[k]
	}
	return reps
}
