package profile

import "strings"

// keywords are the words that no name of a rule can be, with what the scanner
// expects behind them (parser_misc.c: keyword_table). io_uring has no mode of
// its own in the parser either.
var keywords = map[string]mode{
	"abi": modeABI, "alias": modeRule, "all": modeRule, "allow": modeRule, "and": modeRule, "audit": modeRule,
	"bind": modeRule, "capability": modeRule, "change_profile": modeChangeProfile, "dbus": modeDBus, "defined": modeRule,
	"delete": modeRule, "deny": modeRule, "eavesdrop": modeRule, "else": modeRule, "file": modeRule, "if": modeExpr,
	"in": modeRule, "io_uring": modeRule, "link": modeRule, "mount": modeMount, "mqueue": modeMqueue,
	"network": modeNetwork, "not": modeRule, "open": modeRule, "or": modeRule, "other": modeRule,
	"override_creds": modeRule, "owner": modeRule, "peer": modeRule, "pivot_root": modeRule, "priority": modeRule,
	"prompt": modeRule, "ptrace": modePtrace, "read": modeRule, "readby": modeRule, "receive": modeRule,
	"remount": modeMount, "rewrite": modeRule, "rlimit": modeRlimit, "safe": modeRule, "send": modeRule,
	"set": modeRule, "signal": modeSignal, "sqpoll": modeRule, "subset": modeRule, "trace": modeRule,
	"tracedby": modeRule, "umount": modeMount, "unix": modeUnix, "unmount": modeMount, "unsafe": modeRule,
	"user": modeRule, "userns": modeUserns, "write": modeRule,
}

// rule reads a token where a rule may begin.
func (s *scanner) rule() token {
	switch c := s.src[s.pos]; {
	case letterChars[c]:
		return s.letters()
	case c == '"':
		if i := s.pos + 1; i < len(s.src) && strings.IndexByte("/@:&", s.src[i]) >= 0 && quotedEnd(s.src, s.pos) > i {
			return s.emit(tokWord, quotedEnd(s.src, s.pos))
		}
		return s.fail()
	case c == '#':
		return s.hash()
	case c == '$':
		return s.boolean()
	}
	if end := labelEnd(s.src, s.pos); end > s.pos {
		if v := variableEnd(s.src, s.pos, '@'); v == end {
			return s.emit(tokVariable, end)
		}
		return s.emit(tokWord, end)
	}
	if end := variableEnd(s.src, s.pos, '@'); end > s.pos {
		return s.emit(tokVariable, end)
	}
	return s.rulePunct()
}

// hash reads what is no comment: an include, or a comment that no line end
// closes.
func (s *scanner) hash() token {
	if end := includeEnd(s.src, s.pos); end > s.pos {
		s.push(modeInclude)
		return s.emit(tokInclude, end)
	}
	return s.fail()
}

// boolean reads a boolean variable.
func (s *scanner) boolean() token {
	end := variableEnd(s.src, s.pos, '$')
	if end == s.pos {
		return s.fail()
	}
	after := s.src[run(s.src, end, blankChars):]
	for _, op := range assignOps {
		if strings.HasPrefix(after, op) {
			s.push(modeBooleanOp)
			break
		}
	}
	return s.emit(tokBoolean, end)
}

// rulePunct reads punctuation and what changes the mode with it.
func (s *scanner) rulePunct() token {
	t := s.punct(rulePunct)
	if t.kind == tokError {
		return t
	}
	switch s.src[t.start:t.end] {
	case "^":
		s.push(modeName)
	case "->":
		s.push(modeTarget)
	case "=", "+=", "?=", ":=":
		s.push(modeAssign)
	case "+":
		s.push(modeIdentity)
	case "(":
		s.push(modeList)
	}
	return t
}

// letters reads a token that begins with a letter.
func (s *scanner) letters() token {
	end := nameEnd(s.src, s.pos)
	name := s.src[s.pos:end]
	if t, ok := s.named(name, end); ok {
		return t
	}
	if name == "include" && blankAt(s.src, end) {
		end = includeEnd(s.src, s.pos)
		s.push(modeInclude)
		return s.emit(tokInclude, end)
	}
	if name != "all" && end < len(s.src) && (spaceChars[s.src[end]] || s.src[end] == ',') && accessEnd(s.src, s.pos) == end {
		return s.emit(tokAccess, end)
	}
	if name == "profile" || name == "hat" {
		t := s.emit(tokKeyword, end)
		s.pos = run(s.src, end, blankChars)
		s.push(modeName)
		return t
	}
	if m, ok := keywords[name]; ok {
		if m != modeRule {
			s.push(m)
		}
		return s.emit(tokKeyword, end)
	}
	return s.emit(tokWord, end)
}

// named reads a name that an = or a list follows.
func (s *scanner) named(name string, end int) (token, bool) {
	i := run(s.src, end, blankChars)
	if i < len(s.src) && s.src[i] == '=' {
		switch open := run(s.src, i+1, blankChars); {
		case (name == "peer" || name == "xattrs") && open < len(s.src) && s.src[open] == '(':
			s.push(modePeer)
			return s.emit(tokPeer, end), true
		case name == "priority":
			s.push(modeInteger)
			return s.emit(tokKeyword, end), true
		}
		s.push(modeCondition)
		return s.emit(tokCondition, end), true
	}
	if i > end && strings.HasPrefix(s.src[i:], "in") {
		if open := run(s.src, i+2, blankChars); open < len(s.src) && s.src[open] == '(' {
			s.push(modeCondition)
			return s.emit(tokCondition, end), true
		}
	}
	return token{}, false
}
