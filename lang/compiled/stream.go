package compiled

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
)

// A FormatError says where in the stream something else than a compiled policy
// was found.
type FormatError struct {
	Offset   int    // bytes from the start of the stream
	Expected string // what should have stood there
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("compiled policy, offset %d: expected %s", e.Offset, e.Expected)
}

// The tags of the stream (parser_interface.c, enum sd_code).
const (
	tagU8 = iota
	tagU16
	tagU32
	tagU64
	tagName
	tagString
	tagBlob
	tagStruct
	tagStructEnd
	tagList
	tagListEnd
	tagArray
	tagArrayEnd
)

// A stream is a cursor over the tagged little-endian stream. Its first error
// sticks: from then on every method returns a zero value, so that a caller may
// read a whole struct and look at err once.
type stream struct {
	b   []byte
	pos int
	err error
}

func (s *stream) more() bool { return s.err == nil && s.pos < len(s.b) }

// fail records that something else stood at the cursor.
func (s *stream) fail(format string, args ...any) {
	s.failAt(s.pos, format, args...)
}

func (s *stream) failAt(pos int, format string, args ...any) {
	if s.err == nil {
		s.err = &FormatError{pos, fmt.Sprintf(format, args...)}
	}
}

// take returns the next n bytes.
func (s *stream) take(n int, what string) []byte {
	if s.err != nil {
		return nil
	}
	if n > len(s.b)-s.pos {
		s.fail("%d bytes of %s, not the end of the stream", n, what)
		return nil
	}
	s.pos += n
	return s.b[s.pos-n : s.pos]
}

// named tells whether the item at the cursor is called name.
func (s *stream) named(name string) bool {
	if s.err != nil {
		return false
	}
	b := s.b[s.pos:]
	if len(b) < 3 || b[0] != tagName {
		return false
	}
	n := int(binary.LittleEndian.Uint16(b[1:]))
	return n == len(name)+1 && len(b) >= 3+n && string(b[3:2+n]) == name && b[2+n] == 0
}

// tag consumes the tag t, with its name before it where there is one.
func (s *stream) tag(t byte, name string) bool {
	if s.err != nil {
		return false
	}
	if name != "" {
		if !s.named(name) {
			s.fail("the name %q", name)
			return false
		}
		s.pos += 3 + len(name) + 1
	}
	if s.pos >= len(s.b) || s.b[s.pos] != t {
		s.fail("%s", describe(t, name))
		return false
	}
	s.pos++
	return true
}

func describe(t byte, name string) string {
	kinds := [...]string{"u8", "u16", "u32", "u64", "name", "string", "blob", "struct", "end of a struct",
		"list", "end of a list", "array", "end of an array"}
	if name == "" {
		return kinds[t]
	}
	return kinds[t] + " " + strconv.Quote(name)
}

func (s *stream) u16(name string) uint16 {
	if !s.tag(tagU16, name) {
		return 0
	}
	if b := s.take(2, "u16"); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (s *stream) u32(name string) uint32 {
	if !s.tag(tagU32, name) {
		return 0
	}
	if b := s.take(4, "u32"); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (s *stream) u64(name string) uint64 {
	if !s.tag(tagU64, name) {
		return 0
	}
	if b := s.take(8, "u64"); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// optU32 reads a u32 that may be missing.
func (s *stream) optU32(name string) (v uint32, ok bool) {
	if !s.named(name) {
		return 0, false
	}
	return s.u32(name), true
}

// str reads a string, which ends in NUL; the NUL is not part of the value.
func (s *stream) str(name string) string {
	if !s.tag(tagString, name) {
		return ""
	}
	n := s.take(2, "a string's length")
	if n == nil {
		return ""
	}
	at := s.pos
	b := s.take(int(binary.LittleEndian.Uint16(n)), "string")
	if s.err == nil && (len(b) == 0 || b[len(b)-1] != 0) {
		s.failAt(at, "a string that ends in NUL")
	}
	if s.err != nil {
		return ""
	}
	return string(b[:len(b)-1])
}

// text reads a string without a NUL inside.
func (s *stream) text(name string) string {
	at := s.pos
	v := s.str(name)
	if bytes.IndexByte([]byte(v), 0) >= 0 {
		s.failAt(at, "a string without NUL inside")
		return ""
	}
	return v
}

// optText reads a string that may be missing.
func (s *stream) optText(name string) string {
	if !s.named(name) {
		return ""
	}
	return s.text(name)
}

// blob reads a blob; off is where its bytes start.
func (s *stream) blob(name string) (b []byte, off int) {
	if !s.tag(tagBlob, name) {
		return nil, 0
	}
	n := s.take(4, "a blob's length")
	if n == nil {
		return nil, 0
	}
	size := binary.LittleEndian.Uint32(n)
	if uint64(size) > uint64(len(s.b)-s.pos) {
		s.fail("%d bytes of blob, not the end of the stream", size)
		return nil, 0
	}
	off = s.pos
	return s.take(int(size), "blob"), off
}

// array opens an array and returns how many entries it announces; each is at
// least size bytes long, so that the count cannot ask for more memory than the
// stream has bytes.
func (s *stream) array(name string, size int) int {
	if !s.tag(tagArray, name) {
		return 0
	}
	b := s.take(2, "an array's length")
	if b == nil {
		return 0
	}
	n := int(binary.LittleEndian.Uint16(b))
	if n*size > len(s.b)-s.pos {
		s.fail("%d array entries, not the end of the stream", n)
		return 0
	}
	return n
}

func (s *stream) open(name string)  { s.tag(tagStruct, name) }
func (s *stream) closeStruct()      { s.tag(tagStructEnd, "") }
func (s *stream) closeArray()       { s.tag(tagArrayEnd, "") }
func (s *stream) closeArrayStruct() { s.closeArray(); s.closeStruct() }
