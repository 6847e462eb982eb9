package yaml

import (
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/token"

	"apc/lang/diag"
)

// A lexeme is a token of the YAML library with its place in the text, which
// is found here: the library's own offsets are often wrong. For a scalar, and
// for the name of an anchor or alias, it holds the text meant, too.
type lexeme struct {
	token      *token.Token
	start, end int
	flow       int // how many brackets stand open before it
	text       string
	pieces     []piece // where text came from
}

// A piece says that some bytes of a scalar's text came from some bytes of the
// source: one by one where they are as many, as a whole otherwise.
type piece struct{ text, textLen, src, srcLen int }

// plain says whether the lexeme is a scalar without quotes.
func (l *lexeme) plain() bool {
	switch l.token.Type {
	case token.SingleQuoteType, token.DoubleQuoteType, token.LiteralType, token.FoldedType:
		return false
	}
	return true
}

// scalar says whether the lexeme is a scalar, or the name of an anchor.
func (l *lexeme) scalar() bool {
	switch l.token.Type {
	case token.StringType, token.SingleQuoteType, token.DoubleQuoteType, token.LiteralType, token.FoldedType,
		token.NullType, token.BoolType, token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType,
		token.HexIntegerType, token.FloatType, token.InfinityType, token.NanType, token.MergeKeyType:
		return true
	}
	return false
}

func (l *lexeme) span() span { return span{l.start, l.end} }

func byToken(list []*lexeme) map[*token.Token]*lexeme {
	m := make(map[*token.Token]*lexeme, len(list))
	for _, l := range list {
		m[l.token] = l
	}
	return m
}

// A lexemeReader finds the tokens of a text, one behind the other.
type lexemeReader struct {
	src   *source
	text  string
	at    int // the end of the token before
	flow  int
	delim int // column from 0 of the last block key or "-", -1 before any
	list  []*lexeme
}

// readLexemes finds each token in the text and decodes the scalars. It fails
// where a token is not what stands there.
func readLexemes(s *source, tokens token.Tokens) ([]*lexeme, diag.List) {
	r := &lexemeReader{src: s, text: s.text, delim: -1}
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if t.Type == token.CommentType || r.blockText(t) {
			continue
		}
		if problem := r.next(t); problem != nil {
			return nil, diag.List{*problem}
		}
	}
	r.skip()
	if r.at < len(r.text) {
		return nil, diag.List{r.unclear(r.at)}
	}
	return r.list, nil
}

// blockText says whether the token is the text of the block scalar before it,
// which was read with its header.
func (r *lexemeReader) blockText(t *token.Token) bool {
	if len(r.list) == 0 || t.Type != token.StringType {
		return false
	}
	for p := t.Prev; p != nil; p = p.Prev {
		if p.Type != token.CommentType {
			return p.Type == token.LiteralType || p.Type == token.FoldedType
		}
	}
	return false
}

// next reads the token behind the last one.
func (r *lexemeReader) next(t *token.Token) *diag.Diagnostic {
	if !r.name() {
		r.skip()
	}
	if t.Type == token.DirectiveType {
		d := diag.Errorf(r.src.rng(r.at, lineEnd(r.text, r.at)), "yaml-syntax", "a YAML directive",
			"Policies are read as YAML 1.2 without directives. Remove the line, or put a string that starts with %% in quotes.")
		return &d
	}
	l := &lexeme{token: t, start: r.at, flow: r.flow}
	if problem := r.read(l); problem != nil {
		return problem
	}
	r.at = l.end
	r.list = append(r.list, l)
	return r.track(l)
}

// name says whether the next token is the name of an anchor or alias, which
// stands directly behind & or *.
func (r *lexemeReader) name() bool {
	if len(r.list) == 0 {
		return false
	}
	before := r.list[len(r.list)-1].token.Type
	return before == token.AnchorType || before == token.AliasType
}

// track follows the brackets, and the columns that block scalars are indented
// from.
func (r *lexemeReader) track(l *lexeme) *diag.Diagnostic {
	switch l.token.Type {
	case token.MappingStartType, token.SequenceStartType:
		r.flow++
	case token.MappingEndType, token.SequenceEndType:
		r.flow--
	case token.SequenceEntryType:
		r.delim = r.src.column(l.start)
		return r.checkColumn(l)
	case token.MappingValueType:
		if len(r.list) > 1 && r.flow == 0 {
			key := r.list[len(r.list)-2]
			r.delim = r.src.column(key.start)
			return r.checkColumn(key)
		}
	}
	return nil
}

// checkColumn holds the column of a block key or "-" against the library's,
// from which it takes the structure.
func (r *lexemeReader) checkColumn(l *lexeme) *diag.Diagnostic {
	pos := r.src.pos(l.start)
	if l.token.Position.Line == pos.Line && l.token.Position.Column == pos.Column {
		return nil
	}
	start := l.start - r.src.column(l.start)
	if i := strings.IndexByte(r.text[start:l.start], '\t'); i >= 0 {
		d := r.src.tab(start + i)
		return &d
	}
	d := r.unclear(l.start)
	return &d
}

// unclear refuses the word at an offset.
func (r *lexemeReader) unclear(at int) diag.Diagnostic {
	end := at
	for end < len(r.text) && !r.spaced(end) {
		end++
	}
	return r.src.unclear(at, end)
}

// skip goes on to the next character that is neither white space nor in a
// comment.
func (r *lexemeReader) skip() {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case blank(c) || c == '\n':
			r.at++
		case c == '#' && (r.at == 0 || blank(r.text[r.at-1]) || r.text[r.at-1] == '\n'):
			r.at = lineEnd(r.text, r.at)
		default:
			return
		}
	}
}

// read finds the end of a token that starts at l.start.
func (r *lexemeReader) read(l *lexeme) *diag.Diagnostic {
	ok := true
	switch {
	case r.name():
		return r.anchorName(l)
	case l.token.Type == token.SingleQuoteType || l.token.Type == token.DoubleQuoteType:
		return r.quoted(l)
	case l.token.Type == token.LiteralType || l.token.Type == token.FoldedType:
		ok = r.block(l)
	case l.scalar():
		return r.plain(l)
	default:
		ok = r.literally(l)
	}
	if !ok {
		d := r.unclear(l.start)
		return &d
	}
	return nil
}

// literally reads a token that stands in the text as it is.
func (r *lexemeReader) literally(l *lexeme) bool {
	l.end = l.start + len(l.token.Value)
	if !strings.HasPrefix(r.text[l.start:], l.token.Value) {
		return false
	}
	switch l.token.Type {
	case token.MappingValueType:
		// The library takes any colon between brackets for one behind a key,
		// and others one before a comma or bracket for a part of the key.
		return r.spaced(l.end) || r.quotedKey()
	case token.TagType:
		return r.spaced(l.end)
	}
	return true
}

// quotedKey says whether the last token is a key that needs no space behind
// its colon: YAML 1.2, section 7.4.2.
func (r *lexemeReader) quotedKey() bool {
	return r.flow > 0 && len(r.list) > 0 && r.list[len(r.list)-1].scalar() && !r.list[len(r.list)-1].plain()
}

// ends says whether a plain scalar or an indicator may end at an offset.
func (r *lexemeReader) ends(at int) bool {
	return r.spaced(at) || r.flow > 0 && strings.IndexByte(",[]{}", r.text[at]) >= 0
}

func (r *lexemeReader) spaced(at int) bool {
	return at == len(r.text) || blank(r.text[at]) || r.text[at] == '\n'
}

// anchorName reads the name of an anchor or alias. Only letters, digits, -
// and _ may be in it: readers disagree about others.
func (r *lexemeReader) anchorName(l *lexeme) *diag.Diagnostic {
	l.end = l.start
	for l.end < len(r.text) && wordCharacter(r.text[l.end]) {
		l.end++
	}
	l.text = r.text[l.start:l.end]
	if l.text != "" && l.text == l.token.Value && r.ends(l.end) {
		return nil
	}
	d := diag.Errorf(r.src.rng(l.start-1, l.start), "yaml-alias", "no name of an anchor",
		"Names consist of letters, digits, - and _. Put a string that starts with %c in quotes.", r.text[l.start-1])
	return &d
}

func wordCharacter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// plain reads a scalar without quotes. Its end is where the library saw it,
// and must be one.
func (r *lexemeReader) plain(l *lexeme) *diag.Diagnostic {
	end, ok := matchFolded(r.text, l.start, l.token.Value)
	if tab := strings.IndexByte(r.text[l.start:end], '\t'); tab >= 0 {
		d := r.src.tab(l.start + tab)
		return &d
	}
	l.end = end
	if !ok || !r.plainOK(l.start, end) {
		d := r.unclear(l.start)
		return &d
	}
	if dash := dashedLine.FindStringIndex(r.text[l.start:end]); dash != nil {
		at := l.start + dash[1] - 2
		d := diag.Errorf(r.src.rng(at, at+1), "yaml-unclear", "a dash in a string over several lines",
			"YAML takes this line for a part of the string before it. Indent it like the other items of the list, or put the string in quotes.")
		return &d
	}
	b := &textBuilder{src: r.text}
	b.lines(l.start, end, false, b.copy)
	l.text, l.pieces = b.text.String(), b.pieces
	return nil
}

// dashedLine is a line of a string that looks like an item of a list.
var dashedLine = regexp.MustCompile(`\n *-[ \n]`)

// matchFolded returns the end of a value in the text, where both may have
// white space of other kinds and lengths.
func matchFolded(text string, at int, value string) (end int, ok bool) {
	end = at
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == ' ' || c == '\n' {
			continue
		}
		for at < len(text) && (blank(text[at]) || text[at] == '\n') {
			at++
		}
		if at == len(text) || text[at] != value[i] {
			return end, false
		}
		at++
		end = at
	}
	return end, true
}

// plainOK says whether a plain scalar may stand in some text, and nothing
// more: YAML 1.2, section 7.3.3. Readers disagree about ? and : at its start
// between brackets.
func (r *lexemeReader) plainOK(start, end int) bool {
	if start == end || strings.IndexByte(",[]{}#&*!|>'\"%@`", r.text[start]) >= 0 {
		return false
	}
	if c := r.text[start]; c == '-' && r.ends(start+1) || (c == '?' || c == ':') && (r.flow > 0 || r.ends(start+1)) {
		return false
	}
	for i := start + 1; i < end; i++ {
		c, before := r.text[i], r.text[i-1]
		if c == ':' && r.ends(i+1) || c == '#' && (blank(before) || before == '\n') ||
			r.flow > 0 && strings.IndexByte(",[]{}", c) >= 0 {
			return false
		}
	}
	return r.ends(end) || r.text[end] == ':' && r.ends(end+1)
}

// quoted reads a scalar in quotes.
func (r *lexemeReader) quoted(l *lexeme) *diag.Diagnostic {
	quote := r.text[min(l.start, len(r.text)-1)]
	double := l.token.Type == token.DoubleQuoteType
	end := closingQuote(r.text, l.start+1, double)
	if double != (quote == '"') || !double && quote != '\'' || end < 0 {
		d := r.unclear(l.start)
		return &d
	}
	l.end = end + 1
	if !r.ends(l.end) && r.text[l.end] != ':' {
		d := diag.Errorf(r.src.rng(l.end, l.end+1), "yaml-syntax", "text after a closing quotation mark",
			"Put the whole string in quotes, or a space or comma behind it.")
		return &d
	}
	b := &textBuilder{src: r.text}
	decode := b.single
	if double {
		decode = b.double
		// The library loses a character behind such a string.
		if tab := strings.IndexByte(r.text[l.start:end], '\t'); tab >= 0 {
			d := r.src.tab(l.start + tab)
			return &d
		}
	}
	b.lines(l.start+1, end, double, decode)
	l.text, l.pieces = b.text.String(), b.pieces
	if b.bad != nil {
		d := diag.Errorf(r.src.rng(b.bad.src, b.bad.src+b.bad.srcLen), "yaml-syntax", "invalid escape in double quotes",
			`A backslash starts an escape here: write \\ for a backslash, or use single quotes.`)
		return &d
	}
	return nil
}

// closingQuote returns the offset of the mark that ends a quoted scalar, or -1.
func closingQuote(text string, at int, double bool) int {
	for ; at < len(text); at++ {
		switch {
		case double && text[at] == '\\':
			at++
		case double && text[at] == '"':
			return at
		case !double && text[at] == '\'':
			if !strings.HasPrefix(text[at+1:], "'") {
				return at
			}
			at++
		}
	}
	return -1
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// lineEnd returns the offset of the line feed at or behind an offset, or the
// end of the text.
func lineEnd(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}
