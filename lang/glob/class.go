package glob

import "math/bits"

// byteSet is a set of bytes.
type byteSet [4]uint64

var (
	noNUL   = complement(setOf(0))
	noSlash = complement(setOf(0, '/'))
)

func setOf(bytes ...byte) byteSet {
	var s byteSet
	for _, b := range bytes {
		s.add(b)
	}
	return s
}

func complement(s byteSet) byteSet {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

// addRange adds all bytes from one end to the other, in whichever order.
func (s *byteSet) addRange(a, b byte) {
	for c := int(min(a, b)); c <= int(max(a, b)); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// member is an element of a class as the class grammar sees it: a caret or a
// dash that is not decoded from an escape has a meaning by its place.
type member struct {
	b           byte
	caret, dash bool
	at          int
}

// class reads `[...]`. Everything in it is a byte of its own; `^` first
// negates, `-` between two makes a range, and stands for itself only when it is
// first (libapparmor_re/parse.y: charset).
func (p *parser) class() (node, error) {
	start := p.i
	members, variable, err := p.members()
	if err != nil {
		return node{}, err
	}
	if variable {
		return node{op: opVariable}, nil
	}
	negated := len(members) > 0 && members[0].caret
	if negated {
		members = members[1:]
	}
	if len(members) == 0 {
		// Followed by a later bracket it is a class of what is in between.
		return node{}, p.corrupt(start, "empty class", `name a byte in it, or write literal brackets as \[ and \]`)
	}
	set, err := p.charset(members, negated)
	if err != nil {
		return node{}, err
	}
	if negated {
		return node{op: opSet, set: complement(set)}, nil
	}
	return node{op: opClass, set: set}, nil
}

// members reads the elements of a class up to its bracket, and whether a
// variable is among them.
func (p *parser) members() (list []member, variable bool, err error) {
	start := p.i
	for p.i++; p.i < len(p.b); {
		m := member{b: p.b[p.i], at: p.i}
		switch m.b {
		case ']':
			p.i++
			return list, variable, nil
		case '*', '?':
			return nil, false, p.corrupt(p.i, string(m.b)+" in a class", `write \`+string(m.b))
		case '\\':
			m.b, err = p.escaped()
			if err != nil {
				return nil, false, err
			}
			if m.b == ',' {
				// 3.0 and 4.1 take the backslash for a member, 5.0 never ends.
				return nil, false, p.corrupt(m.at, "escaped comma in a class", "write the comma without a backslash")
			}
		case '@':
			n, err := p.reference()
			if err != nil {
				return nil, false, err
			}
			p.i += max(n, 1)
			if n > 0 {
				variable = true
				continue
			}
		default:
			p.i++
		}
		// Neither loses its meaning by a backslash.
		m.caret, m.dash = m.b == '^', m.b == '-'
		list = append(list, m)
	}
	if variable {
		return nil, true, nil // it may bring the bracket
	}
	return nil, false, p.fail(start, "[ without ]", `close it, or write a literal bracket as \[`)
}

// charset makes the set of the members behind the negating caret.
func (p *parser) charset(list []member, negated bool) (byteSet, error) {
	var set byteSet
	for i := 0; i < len(list); i++ {
		m := list[i]
		// After a negating caret a second one is a member that begins no range.
		lone := i == 0 && negated && m.caret
		if m.dash && i > 0 {
			return set, p.fail(m.at, "- without a range in a class", "write it first in the class")
		}
		if lone || i+1 == len(list) || !list[i+1].dash {
			set.add(m.b)
			continue
		}
		if i+2 == len(list) || list[i+2].dash {
			return set, p.fail(list[i+1].at, "range without an end", "write the - first in the class, or name both ends")
		}
		set.addRange(m.b, list[i+2].b)
		i += 2
	}
	return set, nil
}

// single returns the only byte of a set that has just one.
func (s *byteSet) single() (byte, bool) {
	return byte(s.min()), s.len() == 1
}

// min returns the smallest byte of a set that is not empty.
func (s *byteSet) min() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return 0
}

// part returns what of s is in t and what is not.
func (s byteSet) part(t byteSet) (in, out byteSet) {
	for i := range s {
		in[i], out[i] = s[i]&t[i], s[i]&^t[i]
	}
	return in, out
}
