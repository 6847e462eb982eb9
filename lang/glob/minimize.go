package glob

import (
	"encoding/binary"
	"slices"
)

// minimize returns the one smallest automaton of the same set: states that
// reach no end are dead, states and bytes that nothing tells apart are one,
// states are numbered breadth first.
func (a *Automaton) minimize() *Automaton {
	live := a.live()
	block := a.blocks(live)
	return a.quotient(block)
}

// live tells which states lead to an accepting one.
func (a *Automaton) live() []bool {
	n, k := len(a.accept), len(a.reps)
	into := make([]int32, n+1)
	for _, to := range a.next {
		into[to]++
	}
	for s := range n {
		into[s+1] += into[s]
	}
	from := make([]int32, len(a.next))
	for i := len(a.next) - 1; i >= 0; i-- {
		into[a.next[i]]--
		from[into[a.next[i]]] = int32(i / k)
	}
	live := make([]bool, n)
	var stack []int32
	for s, accept := range a.accept {
		if accept {
			live[s] = true
			stack = append(stack, int32(s))
		}
	}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, f := range from[into[s]:into[s+1]] {
			if !live[f] {
				live[f] = true
				stack = append(stack, f)
			}
		}
	}
	return live
}

// partition is a partition of the numbers below n that is refined by marking
// elements and then splitting each set into its marked and unmarked ones.
type partition struct {
	elems  []int32 // grouped by set
	at     []int32 // where in elems an element stands
	set    []int32 // the set of an element
	first  []int32 // where a set begins in elems
	end    []int32 // and ends
	marked []int32 // how many of a set are marked, which stand first
	dirty  []int32 // sets with marked elements
}

func newPartition(n int) *partition {
	p := &partition{elems: make([]int32, n), at: make([]int32, n), set: make([]int32, n)}
	for i := range n {
		p.elems[i], p.at[i] = int32(i), int32(i)
	}
	if n > 0 {
		p.first, p.end, p.marked = []int32{0}, []int32{int32(n)}, []int32{0}
	}
	return p
}

func (p *partition) mark(e int32) {
	s := p.set[e]
	i, j := p.at[e], p.first[s]+p.marked[s]
	if i < j {
		return
	}
	p.elems[i], p.elems[j] = p.elems[j], e
	p.at[p.elems[i]], p.at[e] = i, j
	if p.marked[s] == 0 {
		p.dirty = append(p.dirty, s)
	}
	p.marked[s]++
}

// split parts each set that has marked elements; the smaller half becomes a new
// set.
func (p *partition) split() {
	for _, s := range p.dirty {
		mid := p.first[s] + p.marked[s]
		p.marked[s] = 0
		if mid == p.end[s] {
			continue
		}
		n := int32(len(p.first))
		if mid-p.first[s] <= p.end[s]-mid {
			p.first, p.end = append(p.first, p.first[s]), append(p.end, mid)
			p.first[s] = mid
		} else {
			p.first, p.end = append(p.first, mid), append(p.end, p.end[s])
			p.end[s] = mid
		}
		p.marked = append(p.marked, 0)
		for _, e := range p.elems[p.first[n]:p.end[n]] {
			p.set[e] = n
		}
	}
	p.dirty = p.dirty[:0]
}

// edges are the transitions between live states, by their target.
type edges struct {
	tail  []int32 // where each comes from
	class []uint8
	into  []int32 // into[s] is the first edge that leads to s
}

func (a *Automaton) edges(live []bool) edges {
	n, k := len(a.accept), len(a.reps)
	e := edges{into: make([]int32, n+1)}
	count := int32(0)
	for i, to := range a.next {
		if live[to] && live[i/k] {
			e.into[to]++
			count++
		}
	}
	for s := range n {
		e.into[s+1] += e.into[s]
	}
	e.tail, e.class = make([]int32, count), make([]uint8, count)
	for i := len(a.next) - 1; i >= 0; i-- {
		if to := a.next[i]; live[to] && live[i/k] {
			e.into[to]--
			e.tail[e.into[to]], e.class[e.into[to]] = int32(i/k), uint8(i%k)
		}
	}
	return e
}

// blocks numbers the states so that those have one number that nothing tells
// apart (Valmari and Lehtinen, Efficient minimization of DFAs with partial
// transition functions, 2008). Each set of edges with one class into one block
// splits the blocks that it comes from; each new block splits the sets of
// edges that lead into it.
func (a *Automaton) blocks(live []bool) []int32 {
	e := a.edges(live)
	states, cords := newPartition(len(a.accept)), newPartition(len(e.tail))
	for s := range live {
		if live[s] && a.accept[s] {
			states.mark(int32(s))
		}
	}
	states.split()
	for s := range live {
		if !live[s] {
			states.mark(int32(s))
		}
	}
	states.split()
	byClass := make([][]int32, len(a.reps))
	for i, c := range e.class {
		byClass[c] = append(byClass[c], int32(i))
	}
	for _, list := range byClass {
		for _, i := range list {
			cords.mark(i)
		}
		cords.split()
	}
	done := 0
	refine := func() {
		for ; done < len(states.first); done++ {
			for _, s := range states.elems[states.first[done]:states.end[done]] {
				for i := e.into[s]; i < e.into[s+1]; i++ {
					cords.mark(i)
				}
			}
			cords.split()
		}
	}
	refine()
	for c := 0; c < len(cords.first); c++ {
		for _, i := range cords.elems[cords.first[c]:cords.end[c]] {
			states.mark(e.tail[i])
		}
		states.split()
		refine()
	}
	return states.set
}

// quotient returns the automaton whose states are blocks, numbered breadth
// first, over classes of bytes that it tells apart. Dead states have the block
// of state 0.
func (a *Automaton) quotient(block []int32) *Automaton {
	number := make([]int32, len(block)) // of each block, and one
	var members []int32                 // a state of each
	visit := func(s int32) int32 {
		n := &number[block[s]]
		if *n == 0 {
			members = append(members, s)
			*n = int32(len(members))
		}
		return *n - 1
	}
	visit(0)
	visit(a.start())
	k := len(a.reps)
	next := make([]int32, k) // the dead state stays dead
	for i := 1; i < len(members); i++ {
		for _, to := range a.next[int(members[i])*k : (int(members[i])+1)*k] {
			next = append(next, visit(to))
		}
	}
	out := &Automaton{accept: make([]bool, len(members))}
	for i, s := range members {
		out.accept[i] = a.accept[s]
	}
	out.class, out.reps = a.mergeClasses(next)
	out.next = make([]int32, 0, len(members)*len(out.reps))
	for row := range slices.Chunk(next, k) {
		for _, rep := range out.reps {
			out.next = append(out.next, row[a.class[rep]])
		}
	}
	return out
}

// mergeClasses returns classes of bytes that make one of those that lead to the
// same states in the table of transitions.
func (a *Automaton) mergeClasses(next []int32) (class [256]uint8, reps []byte) {
	k := len(a.reps)
	first := map[string]int{}
	merged := make([]int, k)
	column := make([]byte, 0, len(next)/k*4)
	for c := range k {
		column = column[:0]
		for i := c; i < len(next); i += k {
			column = binary.LittleEndian.AppendUint32(column, uint32(next[i]))
		}
		if _, ok := first[string(column)]; !ok {
			first[string(column)] = c
		}
		merged[c] = first[string(column)]
	}
	var id [256]int
	for b, c := range a.class {
		id[b] = merged[c]
	}
	return classes(&id, k)
}
