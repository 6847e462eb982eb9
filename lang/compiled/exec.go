package compiled

import "strings"

// An ExecMode says in which domain a program runs after exec.
type ExecMode uint8

const (
	NoExec     ExecMode = iota // exec is not allowed
	Inherit                    // ix: the profile stays
	Unconfined                 // ux
	ToProfile                  // px: to the named profile, or the one that attaches
	ToChild                    // cx: to the named child, or the one that attaches
)

// A Transition is what an exec does, by name: two profiles whose transition
// tables are numbered in another way have equal transitions.
type Transition struct {
	Mode     ExecMode
	Target   string   // of px -> TARGET and cx -> TARGET; with a leading & it is stacked
	Fallback ExecMode // where no target is found: Inherit, Unconfined or NoExec
	Unsafe   bool     // the environment is not scrubbed
}

// String spells the transition as a rule does, such as "Pix -> web".
func (t Transition) String() string {
	letter := [...]string{NoExec: "", Inherit: "i", Unconfined: "u", ToProfile: "p", ToChild: "c"}
	if t.Mode == NoExec {
		return "none"
	}
	mode := letter[t.Mode]
	if t.Fallback == Unconfined {
		mode += "u"
	}
	if !t.Unsafe {
		mode = strings.ToUpper(mode)
	}
	if t.Mode == Inherit {
		mode = "i"
	} else if t.Fallback == Inherit {
		mode += "i"
	}
	mode += "x"
	if t.Target != "" {
		mode += " -> " + t.Target
	}
	return mode
}

func (t Transition) orNone() string {
	if t.Mode == NoExec {
		return ""
	}
	return t.String()
}

// An execTable is the profile's table of names, "xtable".
type execTable struct {
	s     *stream // takes the error
	names []string
	own   string // name of the profile, the prefix of its children's names
}

// readExecTable reads the struct "xtable", which is optional. In a name that
// starts with a namespace a NUL stands for the second colon. Parser 4.1 leaves
// names empty that nothing refers to.
func readExecTable(s *stream, own string) *execTable {
	x := &execTable{s: s, own: own}
	if !s.named("xtable") {
		return x
	}
	s.open("xtable")
	n := s.array("", 4)
	for range n {
		at := s.pos
		name := s.str("")
		if strings.HasPrefix(name, ":") {
			name = strings.Replace(name, "\x00", ":", 1)
		}
		if strings.Contains(name, "\x00") {
			s.failAt(at, "a name without NUL inside")
		}
		x.names = append(x.names, name)
	}
	s.closeArrayStruct()
	return x
}

// old reads the exec type of an accept word (kernel: dfa_map_xindex).
func (x *execTable) old(w uint32) Transition {
	t := Transition{Unsafe: w&0x100 != 0}
	switch {
	case w&0x200 != 0:
		t.Fallback = Inherit
	case w&0x80 != 0:
		t.Fallback = Unconfined
	}
	switch index := w >> 10 & 0xf; index {
	case 0:
	case 1:
		t.Fallback = Unconfined
	case 2:
		t.Mode = ToProfile
	case 3:
		t.Mode = ToChild
	default:
		x.name(&t, index-4)
	}
	return t.normal()
}

// The words of an exec index in a permission table (kernel: file.h, AA_X_*).
const (
	xIndexMask  = 0x00ffffff
	xName       = 0x04000000
	xTable      = 0x08000000
	xUnsafe     = 0x10000000
	xChild      = 0x20000000
	xInherit    = 0x40000000
	xUnconfined = 0x80000000
)

// index reads the exec index of a permission table.
func (x *execTable) index(w uint32) Transition {
	t := Transition{Unsafe: w&xUnsafe != 0}
	switch {
	case w&xInherit != 0:
		t.Fallback = Inherit
	case w&xUnconfined != 0:
		t.Fallback = Unconfined
	}
	switch {
	case w&xTable != 0:
		x.name(&t, w&xIndexMask)
		if w&xChild != 0 {
			t.Mode = ToChild
		}
	case w&xName != 0 && w&xChild != 0:
		t.Mode = ToChild
	case w&xName != 0:
		t.Mode = ToProfile
	}
	return t.normal()
}

// name sets a named target. A child's full name, as cx -> CHILD writes it,
// becomes the child's own, so that profiles of different names compare.
func (x *execTable) name(t *Transition, i uint32) {
	if int64(i) >= int64(len(x.names)) || x.names[i] == "" {
		x.s.fail("an exec transition that has one of %d names, not number %d", len(x.names), i)
		return
	}
	t.Mode, t.Target = ToProfile, x.names[i]
	if child, ok := strings.CutPrefix(t.Target, x.own+"//"); ok {
		t.Mode, t.Target = ToChild, child
	}
}

// normal makes a fallback without a target the transition itself. Inheriting
// never scrubs (kernel: domain.c, "ix fallback").
func (t Transition) normal() Transition {
	if t.Mode == NoExec {
		t.Mode, t.Fallback = t.Fallback, NoExec
	}
	if t.Mode == Inherit || t.Mode == NoExec {
		t.Unsafe = false
	}
	return t
}
