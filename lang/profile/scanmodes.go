package profile

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// wordOrQuoted reads one word and returns to the mode before.
func (s *scanner) wordOrQuoted(kind lexer.TokenType) token {
	end := max(wordEnd(s.src, s.pos), quotedEnd(s.src, s.pos))
	if end == s.pos {
		return s.fail()
	}
	s.pop()
	return s.emit(kind, end)
}

// condition reads what stands behind the name of a condition.
func (s *scanner) condition(m mode) token {
	switch rest := s.src[s.pos:]; {
	case rest[0] == '=':
		t := s.emit(tokPunct, s.pos+1)
		if i := run(s.src, s.pos, blankChars); m == modeCondition && i < len(s.src) && s.src[i] != '(' && s.src[i] != '\n' {
			s.pos = i
			s.become(modeValue)
		}
		return t
	case rest[0] == '(' && m == modePeer:
		s.become(modePeerList)
		return s.emit(tokPunct, s.pos+1)
	case rest[0] == '(':
		s.become(modeList)
		return s.emit(tokPunct, s.pos+1)
	case m == modeCondition && strings.HasPrefix(rest, "in"):
		return s.emit(tokKeyword, s.pos+2)
	}
	return s.fail()
}

// list reads what stands in parentheses: values, or conditions on a peer.
func (s *scanner) list(m mode) token {
	if s.src[s.pos] == ')' && m != modePeerValue {
		return s.closeList(m)
	}
	if m == modePeerList {
		return s.peerCondition()
	}
	end := max(listWordEnd(s.src, s.pos), quotedEnd(s.src, s.pos))
	if m != modeList && end == s.pos+2 && s.src[s.pos] == '"' {
		return s.fail() // no empty value in the conditions on a peer
	}
	if end == s.pos {
		return s.fail()
	}
	if m == modePeerValue {
		s.pop()
	}
	return s.emit(tokValue, end)
}

// closeList reads the closing parenthesis. The one around a single value of a
// condition on a peer is no token.
func (s *scanner) closeList(m mode) token {
	s.pop()
	if m != modePeerParen {
		return s.emit(tokPunct, s.pos+1)
	}
	s.pos++
	return s.next()
}

// peerCondition reads a name, `=` or `:=` between the parentheses of
// `peer=(…)`.
func (s *scanner) peerCondition() token {
	if t := s.punct(peerOps); t.kind == tokPunct {
		s.push(modePeerValue)
		if i := run(s.src, s.pos, blankChars); i < len(s.src) && s.src[i] == '(' {
			s.pos = i + 1
			s.become(modePeerParen)
		}
		return t
	}
	end := conditionWordEnd(s.src, s.pos)
	if end == s.pos {
		return s.fail()
	}
	return s.emit(tokCondition, end)
}

// assign reads the values of a variable, up to the end of the line.
func (s *scanner) assign() token {
	if t, ok := s.lineEnd(); ok {
		return t
	}
	end := max(wordEnd(s.src, s.pos), quotedEnd(s.src, s.pos))
	if end == s.pos {
		return s.fail()
	}
	return s.emit(tokValue, end)
}

// lineEnd reads what ends or continues the line of an assignment.
func (s *scanner) lineEnd() (token, bool) {
	switch rest := s.src[s.pos:]; {
	case strings.HasPrefix(rest, "\\\n"):
		s.pos += 2
		return s.next(), true
	case rest[0] == '#' && s.comment() >= 0:
		s.pop()
		return s.emit(tokEnd, s.comment()), true
	case rest[0] == '\n', strings.HasPrefix(rest, "\r\n"):
		s.pop()
		return s.emit(tokEnd, s.pos), true
	}
	return token{}, false
}

// expr reads a condition, of an if or behind the = of a boolean variable.
func (s *scanner) expr(m mode) token {
	if m == modeBoolean {
		if t, ok := s.lineEnd(); ok {
			return t
		}
	}
	word := s.typedWord()
	if p := s.punct(comparisons); p.kind == tokPunct {
		if p.end >= word {
			return p
		}
		s.pos = p.start
	}
	if m == modeExpr && s.src[s.pos] == '{' && word == s.pos+1 {
		s.pop()
		return s.emit(tokPunct, word)
	}
	if v := variableEnd(s.src, s.pos, '@'); v > s.pos && v >= word {
		return s.emit(tokVariable, v)
	}
	if v := variableEnd(s.src, s.pos, '$'); v > s.pos && v >= word {
		return s.emit(tokBoolean, v)
	}
	switch s.src[s.pos:word] {
	case "":
		return s.fail()
	case "and", "or", "not", "defined", "in":
		return s.emit(tokKeyword, word)
	}
	return s.emit(tokWord, word)
}

// path reads the path of an include or an abi: <path>, "path" or path.
func (s *scanner) path(m mode) token {
	end := max(quotedEnd(s.src, s.pos), escapedRun(s.src, s.pos, includeChars, wordEscapes))
	if s.src[s.pos] == '<' {
		end = s.magicEnd()
	}
	if end == s.pos && s.src[s.pos] == ',' && m == modeABI {
		s.pop()
		return s.emit(tokPunct, s.pos+1)
	}
	if end == s.pos {
		return s.fail()
	}
	if m == modeInclude {
		s.pop()
	}
	return s.emit(tokValue, end)
}

// magicEnd matches <path> or <"path">.
func (s *scanner) magicEnd() int {
	i := s.pos + 1
	end := i
	for end < len(s.src) && strings.IndexByte("\">\t\r\n", s.src[end]) < 0 {
		end++
	}
	end = max(end, quotedEnd(s.src, i))
	if end == i || end == len(s.src) || s.src[end] != '>' {
		return s.pos
	}
	return end + 1
}

// integer reads the value of priority=.
func (s *scanner) integer() token {
	if s.src[s.pos] == '=' {
		return s.emit(tokPunct, s.pos+1)
	}
	i := s.pos
	if s.src[i] == '-' || s.src[i] == '+' {
		i++
	}
	end := run(s.src, i, digitChars)
	if end == i {
		return s.fail()
	}
	s.pop()
	return s.emit(tokValue, end)
}

// identity reads what stands behind the + of a profile's head.
func (s *scanner) identity() token {
	if name := "identities"; strings.HasPrefix(s.src[s.pos:], name) {
		end := s.pos + len(name)
		if i := run(s.src, end, blankChars); i < len(s.src) && s.src[i] == '=' {
			s.become(modeCondition)
			return s.emit(tokCondition, end)
		}
	}
	end := max(run(s.src, s.pos, identityChars), quotedEnd(s.src, s.pos))
	if end == s.pos {
		return s.fail()
	}
	s.pop()
	return s.emit(tokValue, end)
}

// rlimit reads what stands behind the word rlimit.
func (s *scanner) rlimit() token {
	rest := s.src[s.pos:]
	switch {
	case rest[0] == ',':
		s.pop()
		return s.emit(tokPunct, s.pos+1)
	case strings.HasPrefix(rest, "<="):
		return s.emit(tokPunct, s.pos+2)
	case rest[0] == '-' && run(s.src, s.pos+1, digitChars) > s.pos+1, digitChars[rest[0]]:
		return s.emit(tokValue, run(s.src, s.pos+1, digitChars))
	}
	end := run(s.src, s.pos, keywordChars)
	switch s.src[s.pos:end] {
	case "":
		return s.fail()
	case "infinity":
		return s.emit(tokValue, end)
	}
	return s.emit(tokWord, end)
}

// changeProfile reads what stands behind the word change_profile.
func (s *scanner) changeProfile() token {
	if s.src[s.pos] == ',' && wordEnd(s.src, s.pos) == s.pos {
		s.pop()
		return s.emit(tokPunct, s.pos+1)
	}
	end := max(wordEnd(s.src, s.pos), quotedEnd(s.src, s.pos))
	switch s.src[s.pos:end] {
	case "":
		return s.fail()
	case "->":
		s.push(modeTarget)
		return s.emit(tokPunct, end)
	case "safe", "unsafe":
		return s.emit(tokKeyword, end)
	}
	return s.emit(tokWord, end)
}

// accessWords holds the keywords of the rules that have accesses and
// conditions.
var accessWords = map[mode]map[string]bool{
	modeMount: {},
	modeNetwork: set("accept", "bind", "connect", "create", "getattr", "getopt", "listen", "read", "receive", "send",
		"setattr", "setopt", "shutdown", "write"),
	modeUnix: set("accept", "bind", "connect", "create", "getattr", "getopt", "listen", "read", "receive", "send",
		"setattr", "setopt", "shutdown", "write"),
	modeDBus:   set("bind", "eavesdrop", "read", "receive", "send", "write"),
	modeSignal: set("read", "receive", "send", "write"),
	modePtrace: set("read", "readby", "trace", "tracedby", "write"),
	modeMqueue: set("create", "delete", "getattr", "open", "read", "setattr", "write"),
	modeUserns: set("create"),
}

func set(words ...string) map[string]bool {
	out := make(map[string]bool, len(words))
	for _, w := range words {
		out[w] = true
	}
	return out
}

// typed reads a rule that has accesses and conditions.
func (s *scanner) typed(m mode) token {
	if s.src[s.pos] == ',' {
		s.pop()
		return s.emit(tokPunct, s.pos+1)
	}
	if m == modeUserns {
		if strings.HasPrefix(s.src[s.pos:], "create") {
			return s.emit(tokKeyword, s.pos+len("create"))
		}
		return s.fail()
	}
	if s.src[s.pos] == '(' && m != modeMount {
		s.push(modeList)
		return s.emit(tokPunct, s.pos+1)
	}
	if end := nameEnd(s.src, s.pos); end > s.pos {
		if t, ok := s.named(s.src[s.pos:end], end); ok {
			return t
		}
	}
	end := s.typedWord()
	if end == s.pos {
		return s.fail()
	}
	switch word := s.src[s.pos:end]; {
	case m == modeMount && word == "->":
		return s.emit(tokPunct, end)
	case accessWords[m][word]:
		return s.emit(tokKeyword, end)
	case m != modeMount && end < len(s.src) && (spaceChars[s.src[end]] || s.src[end] == ',') && isReadWrite(word):
		return s.emit(tokAccess, end)
	}
	return s.emit(tokWord, end)
}

// typedWord matches a path, a label or another word among conditions.
func (s *scanner) typedWord() int {
	return max(conditionWordEnd(s.src, s.pos), labelEnd(s.src, s.pos), quotedEnd(s.src, s.pos))
}

func isReadWrite(word string) bool {
	return word == "r" || word == "w" || word == "rw" || word == "wr"
}
