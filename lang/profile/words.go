package profile

// The functions of this file find the end of a word: given the text and an
// offset they return the offset behind the longest match there, or the offset
// itself where nothing matches. They follow the definitions at the top of
// parser_lex.l, quirks included: a comma is part of a word when another
// character of the word follows it, and a backslash before a blank, a quote, an
// exclamation mark or a comma makes that character part of it.

// class is a set of bytes.
type class [256]bool

// except is the set of all bytes but those given.
func except(bytes string) *class {
	var c class
	for i := range c {
		c[i] = true
	}
	for i := range len(bytes) {
		c[bytes[i]] = false
	}
	return &c
}

// only is the set of the bytes given.
func only(bytes string) *class {
	var c class
	for i := range len(bytes) {
		c[bytes[i]] = true
	}
	return &c
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

var (
	wordChars      = except(" \t\r\n\"!,")
	conditionChars = except(" \t\n\"!,=):") // of a word where conditions may stand
	conditionFirst = except(" \t\n\"!,=()+&:")
	colonChars     = except(" \t\n\"!,=)") // what a colon has behind it
	listChars      = except(" \t\n\"!,()") // of a value in parentheses
	includeChars   = except(" \t\r\n\"!,<>")
	identityChars  = except(" \t\r\n\"!,{}\\=")
	afterVariable  = except(" \t\n\"!,=+?")
	letterChars    = only(letters)
	nameChars      = only(letters + "0123456789_")
	keywordChars   = only(letters + "_")
	digitChars     = only("0123456789")
	blankChars     = only(" \t")
	spaceChars     = only(" \t\n\v\f\r")
	wordEscapes    = only(" \t\"!,")
	listEscapes    = only(" \t\"!,()")
)

// run returns the end of the bytes of c.
func run(s string, i int, c *class) int {
	for i < len(s) && c[s[i]] {
		i++
	}
	return i
}

// wordEnd matches a path or value: IDS.
func wordEnd(s string, i int) int { return escapedRun(s, i, wordChars, wordEscapes) }

// escapedRun matches characters of c, escaped ones of escapes, and commas that a
// character of c follows.
func escapedRun(s string, i int, c, escapes *class) int {
	for i < len(s) {
		switch next := i + 1; {
		case s[i] == '\\' && next < len(s) && escapes[s[next]]:
			i += 2
		case s[i] == ',' && next < len(s) && c[s[next]]:
			i += 2
		case c[s[i]]:
			i++
		default:
			return i
		}
	}
	return i
}

// listWordEnd matches a value in parentheses, where a comma parts values:
// LIST_VALUE_ID.
func listWordEnd(s string, i int) int {
	for i < len(s) {
		switch {
		case s[i] == '\\' && i+1 < len(s) && listEscapes[s[i+1]]:
			i += 2
		case listChars[s[i]]:
			i++
		default:
			return i
		}
	}
	return i
}

// conditionWordEnd matches a word where conditions may stand: IDS_NOEQ. A colon
// is part of it with the character behind it, which leaves := for others.
func conditionWordEnd(s string, i int) int {
	pair := func(i int, c *class) bool { return i+1 < len(s) && c[s[i+1]] }
	first := conditionFirst
	for i < len(s) {
		switch {
		case s[i] == ':' && pair(i, colonChars), first == conditionChars && s[i] == ',' && pair(i, conditionChars):
			i += 2
		case first[s[i]]:
			i++
		default:
			return i
		}
		first = conditionChars
	}
	return i
}

// nameEnd matches a name: VARIABLE_NAME.
func nameEnd(s string, i int) int {
	if i == len(s) || !letterChars[s[i]] {
		return i
	}
	return run(s, i, nameChars)
}

// variableEnd matches a variable with this sigil, @{NAME} or @NAME.
func variableEnd(s string, i int, sigil byte) int {
	if i+1 >= len(s) || s[i] != sigil {
		return i
	}
	if s[i+1] != '{' {
		if end := nameEnd(s, i+1); end > i+1 {
			return end
		}
		return i
	}
	end := nameEnd(s, i+2)
	if end == i+2 || end == len(s) || s[end] != '}' {
		return i
	}
	return end + 1
}

// labelEnd matches a word that begins as paths and labels do: LABEL.
func labelEnd(s string, i int) int {
	if i == len(s) {
		return i
	}
	switch s[i] {
	case '/', '&':
		return wordEnd(s, i+1)
	case ':':
		if i+1 < len(s) && s[i+1] != '=' {
			return wordEnd(s, i+2)
		}
	case '@':
		if end := afterVariableEnd(s, i); end > i {
			return wordEnd(s, end)
		}
	}
	return i
}

// afterVariableEnd matches a variable and the first character behind it. An
// unbraced variable gives up its last letter for that.
func afterVariableEnd(s string, i int) int {
	end := variableEnd(s, i, '@')
	if end == i {
		return i
	}
	if n := postVariable(s[end:]); n > 0 {
		return end + n
	}
	if s[i+1] != '{' && end > i+2 {
		return end
	}
	return i
}

// postVariable returns the length of POST_VAR_ID at the start of s.
func postVariable(s string) int {
	if s == "" {
		return 0
	}
	if len(s) > 1 {
		switch c, next := s[0], s[1]; {
		case c == '\\' && listEscapes[next], c == ',' && afterVariable[next]:
			return 2
		case next == '?' && (c == '?' || afterVariable[c]):
			return 2
		}
	}
	if afterVariable[s[0]] {
		return 1
	}
	return 0
}

// quotedEnd matches a quoted word: QUOTED_ID. A quote behind a backslash goes
// on, unless no other quote follows.
func quotedEnd(s string, i int) int {
	if i == len(s) || s[i] != '"' {
		return i
	}
	last := i
	for j := i + 1; j < len(s) && s[j] != 0; j++ {
		if s[j] != '"' {
			continue
		}
		last = j + 1
		if s[j-1] != '\\' {
			break
		}
	}
	return last
}

// accessEnd matches letters of file permissions: MODES.
func accessEnd(s string, i int) int {
	for i < len(s) {
		n := accessLetter(s[i:])
		if n == 0 {
			return i
		}
		i += n
	}
	return i
}

// accessLetter returns the length of the permission at the start of s.
func accessLetter(s string) int {
	at := func(i int, set string) bool {
		if i < len(s) {
			for j := range len(set) {
				if s[i] == set[j] {
					return true
				}
			}
		}
		return false
	}
	switch {
	case at(0, "PpCc") && at(1, "IiUu") && at(2, "Xx"):
		return 3
	case at(0, "PpCc") && at(1, "Xx"), at(0, "IiUu") && at(1, "Xx"):
		return 2
	case at(0, "RrWwaLlMmkXx"):
		return 1
	}
	return 0
}
