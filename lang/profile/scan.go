package profile

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// The kinds of tokens.
const (
	tokEOF       lexer.TokenType = lexer.EOF - iota
	tokWord                      // a path, a name, a label
	tokValue                     // what stands behind = or in parentheses
	tokAccess                    // letters of permissions
	tokCondition                 // a name before =
	tokPeer                      // a name before =( with conditions in it
	tokKeyword
	tokVariable // @{NAME} alone
	tokBoolean  // ${NAME}
	tokPunct
	tokInclude // include, #include, with or without "if exists"
	tokEnd     // the end of the line that ends an assignment
	tokError   // nothing that could stand here
)

// symbols names the kinds for the grammar, and for messages.
var symbols = map[string]lexer.TokenType{
	"EOF": tokEOF, "Word": tokWord, "Value": tokValue, "Access": tokAccess, "Condition": tokCondition, "Peer": tokPeer,
	"Keyword": tokKeyword, "Variable": tokVariable, "Boolean": tokBoolean, "Punct": tokPunct, "Include": tokInclude, "End": tokEnd,
}

// token is a piece of the text.
type token struct {
	kind       lexer.TokenType
	start, end int
}

// mode is what the scanner expects: the same letters are a path in one and a
// keyword in another. The modes are the start conditions of parser_lex.l.
type mode uint8

const (
	modeRule mode = iota
	modeName
	modeTarget
	modeValue
	modeCondition
	modePeer
	modePeerList
	modePeerValue
	modePeerParen
	modeList
	modeAssign
	modeBoolean
	modeBooleanOp
	modeExpr
	modeInclude
	modeABI
	modeInteger
	modeIdentity
	modeRlimit
	modeChangeProfile
	modeMount
	modeDBus
	modeSignal
	modePtrace
	modeUnix
	modeNetwork
	modeMqueue
	modeUserns
)

// scanner cuts a text into tokens.
type scanner struct {
	src   string
	pos   int
	modes []mode // what is to return to; the current one is last
}

func newScanner(src string) *scanner { return &scanner{src: src, modes: []mode{modeRule}} }

// reset makes the scanner read a new statement at an offset.
func (s *scanner) reset(pos int) {
	s.pos = pos
	s.modes = s.modes[:1]
}

func (s *scanner) mode() mode    { return s.modes[len(s.modes)-1] }
func (s *scanner) push(m mode)   { s.modes = append(s.modes, m) }
func (s *scanner) become(m mode) { s.modes[len(s.modes)-1] = m }

func (s *scanner) pop() {
	if len(s.modes) > 1 {
		s.modes = s.modes[:len(s.modes)-1]
	}
}

// goOn reads the value of a boolean variable on behind the end of its line.
func (s *scanner) goOn() {
	s.skip()
	s.push(modeBoolean)
}

// emit returns the token up to an offset.
func (s *scanner) emit(kind lexer.TokenType, end int) token {
	t := token{kind, s.pos, end}
	s.pos = end
	return t
}

// fail returns an error token for the character at hand and stays there.
func (s *scanner) fail() token { return token{tokError, s.pos, min(s.pos+1, len(s.src))} }

// next returns the next token; at the end of the text it is tokEOF.
func (s *scanner) next() token {
	s.skip()
	if s.pos >= len(s.src) {
		return token{tokEOF, len(s.src), len(s.src)}
	}
	switch m := s.mode(); m {
	case modeRule:
		return s.rule()
	case modeName, modeTarget:
		return s.wordOrQuoted(tokWord)
	case modeValue:
		return s.wordOrQuoted(tokValue)
	case modeCondition, modePeer:
		return s.condition(m)
	case modePeerList, modePeerValue, modePeerParen, modeList:
		return s.list(m)
	case modeAssign:
		return s.assign()
	case modeBoolean, modeExpr:
		return s.expr(m)
	case modeBooleanOp:
		s.become(modeBoolean)
		return s.punct(assignOps)
	case modeInclude, modeABI:
		return s.path(m)
	case modeInteger:
		return s.integer()
	case modeIdentity:
		return s.identity()
	case modeRlimit:
		return s.rlimit()
	case modeChangeProfile:
		return s.changeProfile()
	default:
		return s.typed(m)
	}
}

// skip passes over what parts tokens in the current mode.
func (s *scanner) skip() {
	for s.pos < len(s.src) {
		switch m := s.mode(); s.src[s.pos] {
		case ' ', '\t':
			if m == modeName || m == modeValue {
				return
			}
			s.pos++
		case '\n':
			if !m.newlines() {
				return
			}
			s.pos++
		case '\r':
			if !m.newlines() || !strings.HasPrefix(s.src[s.pos:], "\r\n") {
				return
			}
			s.pos += 2
		case ',':
			if m != modeList && m != modePeerList {
				return
			}
			s.pos++
		case '#':
			end := s.comment()
			if m != modeRule || end < 0 || includeEnd(s.src, s.pos) > s.pos {
				return
			}
			s.pos = end
		default:
			return
		}
	}
}

// newlines says whether a line end means nothing.
func (m mode) newlines() bool {
	switch m {
	case modeName, modeValue, modeAssign, modeBoolean, modeBooleanOp, modeInteger, modeIdentity:
		return false
	}
	return true
}

// comment returns where the line ends that is a comment from here on, or -1 at
// the end of the text: the parser knows no comment without a line end.
func (s *scanner) comment() int {
	n := strings.IndexByte(s.src[s.pos:], '\n')
	if n < 0 {
		return -1
	}
	return s.pos + n
}

// includeEnd matches the words of an include, up to its path.
func includeEnd(src string, i int) int {
	j, hash := i, false
	if strings.HasPrefix(src[j:], "#") {
		j, hash = j+1, true
	}
	if !strings.HasPrefix(src[j:], "include") {
		return i
	}
	if hash && strings.IndexByte(src[j:], '\n') < 0 {
		return i
	}
	end := j + len("include")
	if k := run(src, end, blankChars); k > end && strings.HasPrefix(src[k:], "if") {
		if l := run(src, k+2, blankChars); l > k+2 && strings.HasPrefix(src[l:], "exists") && blankAt(src, l+6) {
			return l + 6
		}
	}
	if hash || blankAt(src, end) {
		return end
	}
	return i
}

func blankAt(s string, i int) bool { return i < len(s) && blankChars[s[i]] }

// What punct looks for, the longest first.
var (
	assignOps   = []string{"+=", "?=", ":=", "="}
	rulePunct   = []string{"+=", "?=", ":=", "->", "{", "}", "(", ",", "=", "+", "^", ":"}
	peerOps     = []string{":=", "="}
	comparisons = []string{"==", "!=", ">=", "<=", ">", "<", "(", ")"}
)

// punct returns the first of among that stands here.
func (s *scanner) punct(among []string) token {
	for _, p := range among {
		if strings.HasPrefix(s.src[s.pos:], p) {
			return s.emit(tokPunct, s.pos+len(p))
		}
	}
	return s.fail()
}
