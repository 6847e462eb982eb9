package rule

import (
	"fmt"
	"strings"
)

// unquoted holds the ASCII punctuation that stands safely in an unquoted word,
// for the parser's lexer (parser_lex.l) as well as for the regular expressions
// of apparmor-utils, which end a word at a '#'.
const unquoted = "/._-+:~%@{}*?[]^\\,&|$"

// Word spells s as one word of a profile: as it is where that is safe,
// otherwise in quotes. Globs, variables and escapes inside s stay active, as
// they do in a quoted word of a profile. Double quotes, control characters and
// "#", at which apparmor-utils ends a line, become octal escapes, so no s can leave the word; NUL, which no profile can
// hold, becomes \000, which the parser refuses.
func Word(s string) string {
	if isPlain(s) {
		return s
	}
	return `"` + escape(s) + `"`
}

// Value spells s as the value of a condition, as in peer=(label=…): what is
// plain as a path is quoted there where it would end the value.
func Value(s string) string {
	if w := Word(s); w != s || !strings.ContainsAny(s, ",{}=") {
		return w
	}
	return `"` + escape(s) + `"`
}

func isPlain(s string) bool {
	if s == "" || strings.HasSuffix(s, ",") || strings.HasSuffix(s, `\`) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !isAlnum(c) && strings.IndexByte(unquoted, c) < 0 {
			return false
		}
		if c == '@' && !strings.HasPrefix(s[i+1:], "{") {
			return false // an abstract socket, not a variable
		}
		// An escaped quote or blank is safe only in quotes.
		if c == '\\' && !isAlnum(s[i+1]) && strings.IndexByte(unquoted, s[i+1]) < 0 {
			return false
		}
	}
	return !strings.Contains(s, `",`)
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// escape makes s safe between double quotes.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && s[i+1] == '"':
			// The escape of a quote and the quote become one octal escape.
		case c == '\\' && i+1 < len(s):
			b.WriteByte(c)
			i++
			writeByte(&b, s[i])
		case c == '\\':
			// A backslash before the closing quote would escape it.
			b.WriteString(`\134`)
		default:
			writeByte(&b, c)
		}
	}
	out := b.String()
	if strings.HasSuffix(out, `\\`) {
		out = strings.TrimSuffix(out, `\\`) + `\134`
	}
	return out
}

// writeByte writes one byte of a quoted word; those that could end the word
// or the line are written in octal.
func writeByte(b *strings.Builder, c byte) {
	if c == '"' || c == '#' || c < ' ' || c == 0x7f {
		fmt.Fprintf(b, `\%03o`, c)
		return
	}
	b.WriteByte(c)
}
