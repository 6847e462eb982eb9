package glob

import (
	"slices"
	"strings"
)

// maxPairs bounds how many pairs of states a comparison may visit.
const maxPairs = 4 << 20

// Includes tells whether a matches every real path that b matches; where it does
// not, witness is a shortest path that only b matches. The error is ErrTooLarge
// or, for a variable that is not expanded, a *VariableError.
func Includes(a, b Glob) (ok bool, witness string, err error) {
	if err := a.needExpanded(); err != nil {
		return false, "", err
	}
	switch shortest, ok, err := b.shortest(); {
	case err != nil:
		return false, "", err
	case !ok:
		return true, "", nil
	case !a.Match(shortest):
		return false, shortest, nil
	case b.g.literal || a.covers(b):
		return true, "", nil
	}
	return compare(a, b, (*Automaton).Includes)
}

// covers tells for a common shape at a glance that a matches all that b does,
// given that it matches the shortest of that: a is literal text and `**`, and all
// that b matches begins so.
func (a Glob) covers(b Glob) bool {
	if a.g == nil || !a.g.tail {
		return false
	}
	rest, ok := strings.CutPrefix(b.g.prefix, a.g.prefix)
	return ok && (!a.g.more || rest != "")
}

// Equal tells whether a and b match the same real paths; where they do not,
// witness is a shortest path that only one of them matches.
func Equal(a, b Glob) (ok bool, witness string, err error) {
	return compare(a, b, (*Automaton).Equal)
}

// Intersects tells whether some real path is matched by both; witness is a
// shortest such path.
func Intersects(a, b Glob) (ok bool, witness string, err error) {
	if err := a.needExpanded(); err != nil {
		return false, "", err
	}
	if err := b.needExpanded(); err != nil {
		return false, "", err
	}
	if a.g == nil || b.g == nil || !strings.HasPrefix(a.g.prefix, b.g.prefix) && !strings.HasPrefix(b.g.prefix, a.g.prefix) {
		return false, "", nil
	}
	return compare(a, b, (*Automaton).Intersects)
}

// compare relates the automata of two globs.
func compare(a, b Glob, relation func(a, b *Automaton) (bool, string, error)) (bool, string, error) {
	x, err := a.automaton()
	if err != nil {
		return false, "", err
	}
	y, err := b.automaton()
	if err != nil {
		return false, "", err
	}
	return relation(x, y)
}

// Includes tells whether every path of b is in a; where not, witness is a
// shortest path that is not. The error is ErrTooLarge.
func (a *Automaton) Includes(b *Automaton) (ok bool, witness string, err error) {
	w, found, err := find(a, b,
		func(x, y bool) bool { return y && !x },
		func(x, y int32) bool { return y == 0 })
	return !found && err == nil, w, err
}

// Equal tells whether a and b hold the same paths; where not, witness is a
// shortest path that only one of them holds. The error is ErrTooLarge.
func (a *Automaton) Equal(b *Automaton) (ok bool, witness string, err error) {
	if a.class == b.class && slices.Equal(a.accept, b.accept) && slices.Equal(a.next, b.next) {
		return true, "", nil
	}
	w, found, err := find(a, b,
		func(x, y bool) bool { return x != y },
		func(x, y int32) bool { return x == 0 && y == 0 })
	return !found && err == nil, w, err
}

// Intersects tells whether a path is in both; witness is a shortest one. The
// error is ErrTooLarge.
func (a *Automaton) Intersects(b *Automaton) (ok bool, witness string, err error) {
	w, found, err := find(a, b,
		func(x, y bool) bool { return x && y },
		func(x, y int32) bool { return x == 0 || y == 0 })
	return found, w, err
}

// Shortest returns a shortest path of the set, and false for the empty set.
func (a *Automaton) Shortest() (path string, ok bool) {
	path, ok, _ = find(a, a,
		func(x, _ bool) bool { return x },
		func(x, _ int32) bool { return x == 0 })
	return path, ok
}

// Union returns the paths that are in a or in b. The error is ErrTooLarge.
func (a *Automaton) Union(b *Automaton) (*Automaton, error) {
	return product(a, b, func(x, y bool) bool { return x || y })
}

// Intersection returns the paths that are in a and in b. The error is
// ErrTooLarge.
func (a *Automaton) Intersection(b *Automaton) (*Automaton, error) {
	return product(a, b, func(x, y bool) bool { return x && y })
}

// Difference returns the paths that are in a but not in b. The error is
// ErrTooLarge.
func (a *Automaton) Difference(b *Automaton) (*Automaton, error) {
	return product(a, b, func(x, y bool) bool { return x && !y })
}

// jointClasses tells bytes apart that a or b tells apart.
func jointClasses(a, b *Automaton) (class [256]uint8, reps []byte) {
	var id [256]int
	for c := range id {
		id[c] = int(a.class[c])*len(b.reps) + int(b.class[c])
	}
	return classes(&id, len(a.reps)*len(b.reps))
}

// step is a pair of states on the way of a walk through two automata.
type step struct {
	x, y int32
	from int32 // the step before
	byte byte  // by which it got here
}

// walk goes through two automata at once, breadth first.
type walk struct {
	a, b  *Automaton
	steps []step
	// The number of the step to a pair of states, and one: in a table where
	// all pairs are few.
	table []int32
	seen  map[uint64]int32
}

func newWalk(a, b *Automaton) *walk {
	w := &walk{a: a, b: b}
	if pairs := len(a.accept) * len(b.accept); pairs <= 1<<14 {
		w.table = make([]int32, pairs)
	} else {
		w.seen = map[uint64]int32{}
	}
	return w
}

// visit returns the number of the step that first got to these states.
func (w *walk) visit(s step) int32 {
	if w.table != nil {
		n := &w.table[int(s.x)*len(w.b.accept)+int(s.y)]
		if *n == 0 {
			w.steps = append(w.steps, s)
			*n = int32(len(w.steps))
		}
		return *n - 1
	}
	key := uint64(s.x)<<32 | uint64(s.y)
	n, ok := w.seen[key]
	if !ok {
		n = int32(len(w.steps))
		w.seen[key] = n
		w.steps = append(w.steps, s)
	}
	return n
}

// path returns the bytes that led to a step.
func (w *walk) path(n int32) string {
	var path []byte
	for ; n > 0; n = w.steps[n].from {
		path = append(path, w.steps[n].byte)
	}
	slices.Reverse(path)
	return string(path)
}

// find returns a shortest string after which the two automata accept as wanted.
// It goes no further where they are in states that are dead.
func find(a, b *Automaton, want func(x, y bool) bool, dead func(x, y int32) bool) (string, bool, error) {
	_, reps := jointClasses(a, b)
	w := newWalk(a, b)
	w.visit(step{x: a.start(), y: b.start()})
	for i := int32(0); int(i) < len(w.steps); i++ {
		s := w.steps[i]
		if dead(s.x, s.y) {
			continue
		}
		if want(a.accept[s.x], b.accept[s.y]) {
			return w.path(i), true, nil
		}
		for _, c := range reps {
			w.visit(step{a.step(s.x, c), b.step(s.y, c), i, c})
		}
		if len(w.steps) > maxPairs {
			return "", false, ErrTooLarge
		}
	}
	return "", false, nil
}

// product returns the automaton that accepts where the two do as wanted.
func product(a, b *Automaton, want func(x, y bool) bool) (*Automaton, error) {
	out := &Automaton{}
	out.class, out.reps = jointClasses(a, b)
	// State 0 is the pair of dead states, state 1 that of the first ones.
	w := newWalk(a, b)
	w.visit(step{})
	w.visit(step{x: a.start(), y: b.start()})
	for i := 0; i < len(w.steps); i++ {
		s := w.steps[i]
		out.accept = append(out.accept, want(a.accept[s.x], b.accept[s.y]))
		for _, c := range out.reps {
			out.next = append(out.next, w.visit(step{x: a.step(s.x, c), y: b.step(s.y, c)}))
		}
		if len(w.steps) > compileLimits.states || len(out.next) > compileLimits.cells {
			return nil, ErrTooLarge
		}
	}
	return out.minimize(), nil
}
