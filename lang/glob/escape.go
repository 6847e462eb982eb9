package glob

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxToken is the longest path, in bytes, that fits into the lexer's buffer of
// 16 KB with quotes around it. A longer one ends the parser with "input buffer
// overflow".
const maxToken = 16380

// special are the bytes that stay escaped when an escape sequence decodes to
// them, so that they never act as a glob (parser_misc.c: processunquoted).
const special = `*?[]{}^,\`

// source is a glob after the lexer: the bytes that convert_aaregex_to_pcre
// would read, and where in the written text each of them began. A nil off
// means that nothing moved.
type source struct {
	b   []byte
	off []int32
}

// offset returns the offset in the written text of byte i of the source.
func (s source) offset(i int) int {
	if s.off == nil {
		return i
	}
	if i >= len(s.off) {
		if len(s.off) == 0 {
			return 0
		}
		return int(s.off[len(s.off)-1]) + 1
	}
	return int(s.off[i])
}

// lex decodes the escape sequences of text as the parser's lexer does
// (parser_misc.c: processunquoted). A decoded byte that is special keeps a
// backslash; NUL and what is no escape sequence stay as written.
func lex(text string) source {
	if strings.IndexByte(text, '\\') < 0 {
		return source{b: []byte(text)}
	}
	s := source{b: make([]byte, 0, len(text)), off: make([]int32, 0, len(text))}
	for i := 0; i < len(text); {
		c, n := byte(0), 0
		if text[i] == '\\' {
			c, n = decode(text[i+1:])
		}
		switch {
		case n == 0:
			s.add(text[i:i+1], i)
			i++
			continue
		case c == 0:
			s.raw(text[i:i+1+n], i)
		case strings.IndexByte(special, c) >= 0:
			s.add(string([]byte{'\\', c}), i)
		default:
			s.add(string([]byte{c}), i)
		}
		i += 1 + n
	}
	return s
}

// add appends bytes that all stem from the text at offset off.
func (s *source) add(b string, off int) {
	s.b = append(s.b, b...)
	for range len(b) {
		s.off = append(s.off, int32(off))
	}
}

// raw appends bytes as they are written from offset off on.
func (s *source) raw(b string, off int) {
	s.b = append(s.b, b...)
	for i := range len(b) {
		s.off = append(s.off, int32(off+i))
	}
}

// decode reads the escape sequence that follows a backslash: up to three octal
// digits, d and up to three decimal ones, x and up to two hexadecimal ones, or
// one of a, e, f, n, r, t, backslash and quote. A digit that would carry the
// value over 255 is left. It returns the byte and the length of the sequence,
// which is 0 where there is none (lib.c: strn_escseq).
func decode(s string) (c byte, n int) {
	if s == "" {
		return 0, 0
	}
	switch s[0] {
	case '0', '1', '2', '3', '4', '5', '6', '7':
		return number(s, 0, 8, 3)
	case 'd':
		return number(s, 1, 10, 3)
	case 'x':
		return number(s, 1, 16, 2)
	case '\\', '"':
		return s[0], 1
	}
	if i := strings.IndexByte("aefnrt", s[0]); i >= 0 {
		return "\a\x1b\f\n\r\t"[i], 1
	}
	return 0, 0
}

// number reads at most limit digits after skip bytes of s.
func number(s string, skip, base, limit int) (c byte, n int) {
	value := 0
	for n < limit && skip+n < len(s) {
		d := digit(s[skip+n])
		if d >= base || value*base+d > 255 {
			break
		}
		value = value*base + d
		n++
	}
	if n == 0 {
		return 0, 0
	}
	return byte(value), skip + n
}

// digit is the value of an alphanumeric byte, and 36 for any other.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	}
	return 36
}

// collapse turns each run of slashes into one, before anything else gives them
// a meaning; exactly two at the very start stay (parser_regex.c:
// filter_slashes).
func (s *source) collapse() {
	i := 0
	if len(s.b) > 1 && s.b[0] == '/' && s.b[1] == '/' && (len(s.b) == 2 || s.b[2] != '/') {
		i = 2
	}
	out, slash := i, false
	for ; i < len(s.b); i++ {
		again := slash && s.b[i] == '/'
		slash = s.b[i] == '/'
		if again {
			s.index()
			continue
		}
		s.b[out] = s.b[i]
		if s.off != nil {
			s.off[out] = s.off[i]
		}
		out++
	}
	s.b = s.b[:out]
	if s.off != nil {
		s.off = s.off[:out]
	}
}

// index writes the offsets down, before bytes move.
func (s *source) index() {
	if s.off != nil {
		return
	}
	s.off = make([]int32, len(s.b))
	for i := range s.off {
		s.off[i] = int32(i)
	}
}

// text is the inverse of lex: glob text that lexes to the source again.
func (s source) text() string {
	var out strings.Builder
	for b := string(s.b); b != ""; {
		if b[0] == '\\' && len(b) > 1 {
			if b[1] >= ' ' && b[1] <= '~' {
				out.WriteString(b[:2])
				b = b[2:]
				continue
			}
			b = b[1:] // it protects a byte that needs none
		}
		b = b[writeSafe(&out, b):]
	}
	return out.String()
}

// writeSafe writes the first character of s so that no lexer trips over it: the
// quote escaped, bytes that are not printable UTF-8 in octal. It returns how
// many bytes of s it wrote.
func writeSafe(out *strings.Builder, s string) int {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == '"':
		out.WriteString(`\"`)
	case r == utf8.RuneError && n == 1, !unicode.IsPrint(r):
		for i := range n {
			fmt.Fprintf(out, `\%03o`, s[i])
		}
	default:
		out.WriteString(s[:n])
	}
	return n
}

// Quote returns the glob text that matches the path and nothing else, without
// surrounding quotes: globs, braces and so variables escaped, a comma escaped so
// that it may stand in an alternation, `!` and bytes that are not printable
// UTF-8 in octal, the second of two slashes escaped so that they do not
// collapse. A space stays as it is; text with one has to stand in quotes.
func Quote(path string) string {
	var out strings.Builder
	for i := 0; i < len(path); {
		switch c := path[i]; {
		case c == '\\' && i == len(path)-1, c == '!':
			// `\\"` at the end of a quoted path reads as an escaped quote;
			// `\!` works, but with a warning.
			fmt.Fprintf(&out, `\%03o`, c)
		case strings.IndexByte(`\?*[]{},`, c) >= 0, c == '/' && i > 0 && path[i-1] == '/':
			out.WriteByte('\\')
			out.WriteByte(c)
		default:
			i += writeSafe(&out, path[i:])
			continue
		}
		i++
	}
	return out.String()
}
