package audit

import (
	"hash/maphash"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// table maps what tells events apart to groups of records. It is cut into
// shards, so that workers seldom wait for each other.
//
// Keys are not kept but hashed twice, with two seeds that are drawn for each
// table and never leave it. Two of a million events fall together with a
// chance of 1 in 10^26.
type table struct {
	seeds  [2]maphash.Seed
	shards []shard
	topics topics
}

const (
	shardBits = 5
	slabSize  = 512       // groups
	blockSize = 128 << 10 // bytes of lines
)

type hash struct{ a, b uint64 }

// group is a Group as it is kept: in 64 bytes, without a pointer that the
// garbage collector would have to follow.
type group struct {
	hash        hash
	order       order // of the first record
	count       int64
	first, last int64 // in milliseconds, 0 if not known
	raw         kept
	topic       uint32
}

// topic is what events are listed by.
type topic struct {
	profile string
	denial  bool
}

// topics numbers topics.
type topics struct {
	mu      sync.Mutex
	numbers map[topic]uint32
	list    []topic
}

func (t *topics) number(of topic) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, known := t.numbers[of]
	if !known {
		of.profile = strings.Clone(of.profile) // without its line
		n = uint32(len(t.list))
		t.numbers[of] = n
		t.list = append(t.list, of)
	}
	return n
}

// kept is a line in the blocks of a shard.
type kept struct{ block, start, length uint32 }

// shard is a hash table with open addressing: a slot holds the number of a
// group plus 1, and above it the upper half of the hash.
type shard struct {
	mu     sync.Mutex
	slots  []uint64
	slabs  [][]group
	n      int
	blocks [][]byte // of lines
}

func newTable() *table {
	t := &table{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, shards: make([]shard, 1<<shardBits)}
	t.topics.numbers = map[topic]uint32{}
	for i := range t.shards {
		t.shards[i].slots = make([]uint64, slabSize)
	}
	return t
}

func (t *table) len() (n int) {
	for i := range t.shards {
		n += t.shards[i].n
	}
	return n
}

// sighting is a record that was read, on its way to its group.
type sighting struct {
	hash   hash
	order  order
	millis int64
	line   []byte
	topic  uint32
}

// hash returns the hash of a key.
func (t *table) hash(key []byte) hash {
	return hash{maphash.Bytes(t.seeds[0], key), maphash.Bytes(t.seeds[1], key)}
}

// batch holds sightings by shard, so that a shard is locked once for many, and
// its memory is near when it is needed.
type batch [1 << shardBits][]sighting

func (b *batch) add(s sighting) {
	i := s.hash.b >> (64 - shardBits)
	b[i] = append(b[i], s)
}

// take counts the sightings of a batch and empties it.
func (t *table) take(b *batch) {
	for i := range b {
		if len(b[i]) > 0 {
			t.shards[i].take(b[i])
			b[i] = b[i][:0]
		}
	}
}

func (s *shard) take(sightings []sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range sightings {
		s.count(&sightings[i])
	}
}

// count adds a sighting to its group.
func (s *shard) count(r *sighting) {
	g, known := s.find(r.hash)
	if !known {
		*g = group{r.hash, r.order, 1, r.millis, r.millis, s.keep(r.line), r.topic}
		return
	}
	g.count++
	g.meet(r.millis)
	if r.order < g.order {
		g.order, g.raw = r.order, s.keep(r.line)
	}
}

// meet widens the group's time to that of another record.
func (g *group) meet(millis int64) {
	if millis == 0 {
		return
	}
	if g.first == 0 || millis < g.first {
		g.first = millis
	}
	g.last = max(g.last, millis)
}

const slotNumber = 1<<32 - 1

// find returns the group with a hash, or a new one.
func (s *shard) find(h hash) (g *group, known bool) {
	mask := len(s.slots) - 1
	tag := h.a &^ slotNumber
	i := home(s.slots, tag)
	for ; s.slots[i] != 0; i = (i + 1) & mask {
		if s.slots[i]&^slotNumber == tag {
			if g := s.at(int(s.slots[i]&slotNumber) - 1); g.hash == h {
				return g, true
			}
		}
	}
	if s.n%slabSize == 0 {
		s.slabs = append(s.slabs, make([]group, slabSize))
	}
	s.n++
	s.slots[i] = tag | uint64(s.n)
	if 4*s.n > 3*len(s.slots) {
		s.grow()
	}
	return s.at(s.n - 1), false
}

// home returns where the search for a slot begins.
func home(slots []uint64, slot uint64) int { return int(slot>>32) & (len(slots) - 1) }

func (s *shard) at(n int) *group { return &s.slabs[n/slabSize][n%slabSize] }

func (s *shard) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	mask := len(s.slots) - 1
	for _, slot := range old {
		i := home(s.slots, slot)
		for slot != 0 && s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		if slot != 0 {
			s.slots[i] = slot
		}
	}
}

// keep copies a line to where it stays.
func (s *shard) keep(line []byte) kept {
	last := len(s.blocks) - 1
	if last < 0 || len(line) > cap(s.blocks[last])-len(s.blocks[last]) {
		s.blocks = append(s.blocks, make([]byte, 0, max(blockSize, len(line))))
		last++
	}
	start := len(s.blocks[last])
	s.blocks[last] = append(s.blocks[last], line...)
	return kept{uint32(last), uint32(start), uint32(len(line))}
}

func (s *shard) raw(k kept) []byte {
	end := k.start + k.length
	return s.blocks[k.block][k.start:end:end]
}

// sorted returns the groups by their first records: dealt out by chunk, of
// which there are so many, then sorted within each.
func (t *table) sorted(chunks int) []Ref {
	all := t.refs()
	starts := make([]int, chunks+1)
	for _, r := range all {
		starts[r.order.chunk()+1]++
	}
	for i := range chunks {
		starts[i+1] += starts[i]
	}
	dealt, next := make([]Ref, len(all)), slices.Clone(starts)
	for _, r := range all {
		at := &next[r.order.chunk()]
		dealt[*at] = r
		*at++
	}
	inParallel(func(first, step int) {
		for i := first; i < chunks; i += step {
			sortRefs(dealt[starts[i]:starts[i+1]])
		}
	})
	return dealt
}

// inParallel runs f on as many goroutines as there are processors; first tells
// them apart, step is how many they are.
func inParallel(f func(first, step int)) {
	var wg sync.WaitGroup
	step := runtime.GOMAXPROCS(0)
	for first := range step {
		wg.Go(func() { f(first, step) })
	}
	wg.Wait()
}

func sortRefs(r []Ref) {
	slices.SortFunc(r, Ref.Compare)
}

// refs returns the groups as they lie.
func (t *table) refs() []Ref {
	all := make([]Ref, 0, t.len())
	for i := range t.shards {
		s := &t.shards[i]
		for n := range s.n {
			all = append(all, Ref{s.at(n).order, uint32(i), uint32(n)})
		}
	}
	return all
}

// get returns a group and its line.
func (t *table) get(r Ref) (*group, []byte) {
	s := &t.shards[r.shard]
	g := s.at(int(r.n))
	return g, s.raw(g.raw)
}
