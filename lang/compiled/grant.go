package compiled

// A grant is what a state gives to one kind of subject.
type grant struct {
	allow  Perms // less what is denied
	audit  Perms
	quiet  Perms
	prompt Perms
	exec   Transition
}

// grants holds what each state of an automaton gives, owner and others apart.
type grants struct {
	list  []grant
	owner []uint32 // state -> index into list
	other []uint32
}

func (g *grants) at(state uint32, who Subject) *grant {
	if who == Owner {
		return &g.list[g.owner[state]]
	}
	return &g.list[g.other[state]]
}

// A kind says how permissions lie in the accept words of an automaton.
type kind uint8

const (
	fileKind   kind = iota // owner and others
	policyKind             // one set, wider
)

// fromAccept reads the grants of accept words (kernel: policy_compat.c). States
// with equal words share their grants.
func fromAccept(d *automaton, k kind, exec *execTable) *grants {
	g := &grants{owner: make([]uint32, len(d.accept)), other: make([]uint32, len(d.accept))}
	seen := map[[2]uint32]uint32{}
	for i := range d.accept {
		words := [2]uint32{d.accept[i]}
		if d.accept2 != nil {
			words[1] = d.accept2[i]
		}
		at, ok := seen[words]
		if !ok {
			at = uint32(len(g.list))
			seen[words] = at
			g.list = append(g.list, acceptGrants(words, k, exec)...)
		}
		g.owner[i], g.other[i] = at, at
		if k == fileKind {
			g.other[i]++
		}
	}
	return g
}

func acceptGrants(w [2]uint32, k kind, exec *execTable) []grant {
	if k == fileKind {
		return []grant{fileGrant(w[0], w[1], w[0], exec), fileGrant(w[0]>>14, w[1]>>14, w[0], exec)}
	}
	return []grant{{
		allow: policyPerms(w[0]),
		audit: policyPerms(w[1]),
		quiet: policyPerms(w[1] >> 7),
	}}
}

// fileGrant maps one half of a file state's words (kernel: map_old_perms,
// dfa_map_xindex). Changing the profile does not depend on who owns what.
func fileGrant(accept, accept2, whole uint32, exec *execTable) grant {
	g := grant{
		allow: oldFilePerms(accept),
		audit: oldFilePerms(accept2),
		quiet: oldFilePerms(accept2 >> 7),
	}
	if whole&(1<<31) != 0 {
		g.allow |= MayChangeProfile
	}
	if whole&(1<<30) != 0 {
		g.allow |= MayChangeOnExec
	}
	if g.allow&MayExec != 0 {
		g.exec = exec.old(accept)
	}
	return g
}

func oldFilePerms(w uint32) Perms {
	p := Perms(w & 0xf)
	if w&0x10 != 0 {
		p |= MayLink
	}
	if w&0x20 != 0 {
		p |= MayLock
	}
	if w&0x40 != 0 {
		p |= MayMap
	}
	return p
}

// policyPerms maps the words of the policy automaton, where the half of the
// others widens the set (kernel: compute_perms_entry, map_other).
func policyPerms(w uint32) Perms {
	other := w >> 14 & 0x7f
	return Perms(w&0x7f | other&0x3<<8 | other&0x1c<<18 | other&0x60<<19)
}

// fromTable reads the grants of a permission table: the accept word of a state
// is its index. Where owner and others differ the entry of the others follows.
func fromTable(s *stream, d *automaton, k kind, list []grant, split func(state int) bool) *grants {
	g := &grants{list: list, owner: d.accept, other: d.accept}
	if k == fileKind {
		g.other = make([]uint32, len(d.accept))
	}
	for i, at := range d.accept {
		last := at
		if k == fileKind && split(i) {
			last++
		}
		if int64(last) >= int64(len(list)) {
			s.fail("permission indices below %d, not %d", len(list), last)
			return nil
		}
		g.other[i] = last
	}
	return g
}

// permWords are the words of one entry of a permission table, in order
// (parser_interface.c, sd_serialize_perm).
const (
	wordReserved = iota
	wordAllow
	wordDeny
	wordSubtree
	wordCond
	wordKill
	wordComplain
	wordPrompt
	wordAudit
	wordQuiet
	wordHide
	wordXIndex
	wordTag
	wordLabel
	permWords
)

// A tableEntry is one entry of a permission table, as it stood in the stream.
type tableEntry [permWords]uint32

// readPermsTable reads the struct "perms", which is optional.
func readPermsTable(s *stream) (entries []tableEntry, ok bool) {
	if !s.named("perms") {
		return nil, false
	}
	s.open("perms")
	at := s.pos
	if v := s.u32("version"); s.err == nil && v != 1 {
		s.failAt(at, "permission tables of version 1, not %d", v)
	}
	n := s.array("", permWords*5)
	for range n {
		entries = append(entries, readEntry(s))
	}
	s.closeArrayStruct()
	return entries, true
}

// readEntry refuses what no parser writes yet: to pass over a word that changes
// what is granted would be to answer wrongly.
func readEntry(s *stream) (e tableEntry) {
	at := s.pos
	for i := range e {
		e[i] = s.u32("")
	}
	for _, i := range []int{wordSubtree, wordCond, wordKill, wordComplain, wordHide, wordLabel} {
		if e[i] != 0 {
			s.failAt(at, "a permission entry without word %d, which has no known meaning", i)
		}
	}
	return e
}

// grant translates an entry. The policy automaton allows lock everywhere, for
// the sake of sockets (policy_compat.c); no rule gives or takes it there.
func (e *tableEntry) grant(k kind, exec *execTable) grant {
	allow := Perms(e[wordAllow] &^ e[wordDeny])
	if k == policyKind {
		allow &^= MayLock
	}
	g := grant{
		allow:  allow,
		audit:  Perms(e[wordAudit]),
		quiet:  Perms(e[wordQuiet]),
		prompt: Perms(e[wordPrompt]) &^ allow,
	}
	if k == fileKind && allow&MayExec != 0 {
		g.exec = exec.index(e[wordXIndex])
	}
	return g
}
