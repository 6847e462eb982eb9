package yaml

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// A textBuilder collects the text of a scalar and where it came from.
type textBuilder struct {
	src    string
	text   strings.Builder
	pieces []piece
	bad    *piece // the first invalid escape
}

// copy appends a part of the source as it is.
func (b *textBuilder) copy(from, to int) {
	b.put(b.src[from:to], from, to)
}

// put appends text that a part of the source stands for.
func (b *textBuilder) put(text string, from, to int) {
	if text != "" {
		b.pieces = append(b.pieces, piece{b.text.Len(), len(text), from, to - from})
		b.text.WriteString(text)
	}
}

// lines appends the lines of a flow scalar, which decode appends one by one
// without the white space around them, and folds the breaks between: YAML
// 1.2, sections 6.5 and 7.3. With escapes a line may end in a backslash.
func (b *textBuilder) lines(start, end int, escapes bool, decode func(from, to int)) {
	broken, breaks, joined := start, 0, false
	for at := start; ; {
		from, to := at, lineEnd(b.src[:end], at)
		last := to == end
		at = to + 1
		if from > start {
			from = skipBlanks(b.src, from, to)
		}
		if !last {
			to = trimBlanks(b.src, from, to, escapes)
		}
		if breaks > 0 && from == to && !last {
			breaks++
			continue
		}
		if breaks > 0 {
			b.put(foldedBreak(breaks, joined), broken, from)
		}
		joined = !last && escapes && continues(b.src, from, to)
		if joined {
			decode(from, to-1)
			to--
		} else {
			decode(from, to)
		}
		if last {
			return
		}
		broken, breaks = to, 1
	}
}

// foldedBreak returns what some line breaks in a row fold to. A joined line
// is one that a backslash ended.
func foldedBreak(breaks int, joined bool) string {
	if breaks == 1 && !joined {
		return " "
	}
	return strings.Repeat("\n", breaks-1)
}

func skipBlanks(text string, from, to int) int {
	for from < to && blank(text[from]) {
		from++
	}
	return from
}

// trimBlanks returns the end of a line without blanks at its end, except one
// that a backslash escapes.
func trimBlanks(text string, from, to int, escapes bool) int {
	end := to
	for end > from && blank(text[end-1]) {
		end--
	}
	if escapes && end < to && continues(text, from, end) {
		end++
	}
	return end
}

// continues says whether a line ends in a backslash that is not itself
// escaped.
func continues(text string, from, to int) bool {
	n := to
	for n > from && text[n-1] == '\\' {
		n--
	}
	return (to-n)%2 == 1
}

// single appends a line of a scalar in single quotes.
func (b *textBuilder) single(from, to int) {
	for from < to {
		n := strings.IndexByte(b.src[from:to], '\'')
		if n < 0 {
			b.copy(from, to)
			return
		}
		b.copy(from, from+n)
		b.put("'", from+n, from+n+2)
		from += n + 2
	}
}

// double appends a line of a scalar in double quotes.
func (b *textBuilder) double(from, to int) {
	for from < to {
		n := strings.IndexByte(b.src[from:to], '\\')
		if n < 0 {
			b.copy(from, to)
			return
		}
		b.copy(from, from+n)
		from += n
		text, size := unescape(b.src[from:to])
		if size == 0 {
			if b.bad == nil {
				b.bad = &piece{src: from, srcLen: min(2, to-from)}
			}
			return
		}
		b.put(text, from, from+size)
		from += size
	}
}

// yamlEscapes are the escapes of one character: YAML 1.2, section 5.7.
var yamlEscapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r",
	'e': "\x1b", ' ': " ", '"': `"`, '/': "/", '\\': `\`, 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

// unescape returns what an escape at the start of s means and its length, or
// 0 where it is none. A pair of \u surrogates means one character, as in JSON.
func unescape(s string) (text string, size int) {
	if len(s) < 2 {
		return "", 0
	}
	if text, ok := yamlEscapes[s[1]]; ok {
		return text, 2
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	r, ok := hexRune(s, 2, digits)
	size = 2 + digits
	if ok && s[1] == 'u' && utf16.IsSurrogate(r) && strings.HasPrefix(s[size:], `\u`) {
		low, _ := hexRune(s, size+2, digits)
		r, size = utf16.DecodeRune(r, low), 2*size
		ok = r != utf8.RuneError
	}
	if !ok || !utf8.ValidRune(r) {
		return "", 0
	}
	return string(r), size
}

// hexRune reads some hexadecimal digits.
func hexRune(s string, at, digits int) (rune, bool) {
	if digits == 0 || len(s) < at+digits {
		return 0, false
	}
	n, err := strconv.ParseUint(s[at:at+digits], 16, 32)
	return rune(n), err == nil && n <= utf8.MaxRune
}

// blockHeader are the indicators behind | or >: YAML 1.2, section 8.1.1.
var blockHeader = regexp.MustCompile(`^([1-9]?[-+]?|[-+][1-9])$`)

// block reads a block scalar: its header and the lines that are indented
// deeper than what it belongs to. YAML 1.2, section 8.1.
func (r *lexemeReader) block(l *lexeme) bool {
	indicator := map[token.Type]byte{token.LiteralType: '|', token.FoldedType: '>'}[l.token.Type]
	if r.flow > 0 || l.start == len(r.text) || r.text[l.start] != indicator {
		return false
	}
	end := l.start + 1
	for end < len(r.text) && !blank(r.text[end]) && r.text[end] != '\n' {
		end++
	}
	header := r.text[l.start+1 : end]
	l.end = end
	if !blockHeader.MatchString(header) {
		return false
	}
	indent := 0
	if i := strings.IndexAny(header, "123456789"); i >= 0 {
		indent = max(r.delim, 0) + int(header[i]-'0')
	}
	lines, ok := r.blockLines(lineEnd(r.text, end), indent)
	b := &textBuilder{src: r.text}
	b.block(lines, indicator == '>', chomping(header))
	l.text, l.pieces = b.text.String(), b.pieces
	for _, line := range lines {
		if line.from < line.to {
			l.end = line.to
		}
	}
	return ok
}

// A blockLine is a line of a block scalar without its indentation. It is
// empty where only blanks stand in the line.
type blockLine struct{ from, to int }

// blockLines returns the lines of a block scalar behind its header. An indent
// of 0 means that the first line that is not blank says it; a longer blank
// line before it is not ok.
func (r *lexemeReader) blockLines(at, indent int) (lines []blockLine, ok bool) {
	longest := 0
	for at < len(r.text) {
		start := at + 1
		end := start
		if start <= len(r.text) {
			end = lineEnd(r.text, start)
		}
		text := start
		for text < end && r.text[text] == ' ' {
			text++
		}
		if indent == 0 && text < end {
			indent = max(text-start, r.delim+1)
		}
		switch {
		case text == end && (indent == 0 || end-start <= indent):
			if end == len(r.text) {
				return lines, true
			}
			lines = append(lines, blockLine{end, end})
			longest = max(longest, end-start)
		case text-start < indent:
			return lines, true
		case longest > indent:
			return nil, false
		default:
			lines = append(lines, blockLine{start + indent, end})
		}
		at = end
	}
	return lines, true
}

// chomping returns the indicator in a header that says which line breaks at
// the end belong to the text: '-' none, '+' all, 0 the first.
func chomping(header string) byte {
	if i := strings.IndexAny(header, "+-"); i >= 0 {
		return header[i]
	}
	return 0
}

// block appends the lines of a block scalar.
func (b *textBuilder) block(lines []blockLine, folded bool, chomp byte) {
	breaks, broken, before := 0, 0, blockLine{}
	for i, line := range lines {
		if line.from < line.to {
			b.put(b.blockBreak(breaks, folded, before, line), broken, line.from)
			b.copy(line.from, line.to)
			before, breaks, broken = line, 0, line.to
		} else if i == 0 {
			broken = line.from
		}
		if line.to < len(b.src) {
			breaks++
		}
	}
	switch {
	case chomp == '+':
		b.put(strings.Repeat("\n", breaks), broken, min(broken+breaks, len(b.src)))
	case chomp == 0 && breaks > 0 && b.text.Len() > 0:
		b.put("\n", broken, broken+1)
	}
}

// blockBreak returns what the line breaks between two lines of text mean, or
// those before the first one. Lines that start with a blank are not folded.
func (b *textBuilder) blockBreak(breaks int, folded bool, before, line blockLine) string {
	inner := before.from < before.to
	if !folded || !inner || blank(b.src[before.from]) || blank(b.src[line.from]) {
		return strings.Repeat("\n", breaks)
	}
	return foldedBreak(breaks, false)
}
