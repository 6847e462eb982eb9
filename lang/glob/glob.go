package glob

import "strings"

// Glob is a parsed path glob. The zero value matches nothing. A Glob may be
// used by several goroutines at once.
type Glob struct {
	text string
	g    *glob
}

// glob is what Globs of one Parse or Expand share.
type glob struct {
	src       source // as the parser has it before it expands variables
	root      node
	variables []string
	literal   string // the path, where isLiteral
	isLiteral bool
}

// Parse reads a path as it is written in a profile, without surrounding quotes:
// globs, escape sequences and @{VARIABLE}. The error is a *SyntaxError for what
// AppArmor refuses and for what it accepts but corrupts.
func Parse(text string) (Glob, error) {
	if err := checkToken(text); err != nil {
		return Glob{}, err
	}
	return parseSource(text, lex(text))
}

// checkToken refuses what the parser's lexer does not take as one token, with
// quotes around it or without.
func checkToken(text string) error {
	if text == "" {
		return &SyntaxError{Msg: "empty path", Hint: "write an absolute path"}
	}
	if len(text) > maxToken {
		return &SyntaxError{Offset: maxToken, Msg: "path longer than 16 KB", Hint: "split the alternation into several rules"}
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return &SyntaxError{Offset: i, Msg: "NUL byte", Hint: "no path contains one"}
	}
	for i := range len(text) {
		if text[i] == '"' && (i == 0 || text[i-1] != '\\') {
			return &SyntaxError{Offset: i, Msg: "quote within a path", Hint: `write \"`}
		}
	}
	return nil
}

// parseSource makes the Glob that is written as text and lexed as src.
func parseSource(text string, src source) (Glob, error) {
	g := &glob{src: src, variables: src.variables()}
	collapsed := source{b: append([]byte(nil), src.b...), off: append([]int32(nil), src.off...)}
	collapsed.collapse()
	root, err := parse(collapsed)
	if err != nil {
		return Glob{}, err
	}
	g.root = root
	g.literal, g.isLiteral = root.literal()
	return Glob{text: text, g: g}, nil
}

// String returns the text as it was given to Parse.
func (g Glob) String() string { return g.text }

// IsLiteral returns the one path that the glob matches, escape sequences
// decoded, when it has no wildcard, alternation, class or variable.
func (g Glob) IsLiteral() (path string, ok bool) {
	if g.g == nil {
		return "", false
	}
	return g.g.literal, g.g.isLiteral
}

// Variables returns the names of the variables, without `@{}`, each once.
func (g Glob) Variables() []string {
	if g.g == nil {
		return nil
	}
	return append([]string(nil), g.g.variables...)
}

// Exact tells whether the glob counts as an exact path where rules with
// different exec transitions overlap: literals and alternations of them do, a
// class or wildcard does not, a variable not before it is expanded.
func (g Glob) Exact() bool { return g.g != nil && g.g.root.exact() }

// Match tells whether the glob matches the path, byte for byte. A directory's
// path ends in a slash. A Glob with variables matches nothing before Expand.
func (g Glob) Match(path string) bool {
	if g.g == nil || len(g.g.variables) > 0 {
		return false
	}
	if g.g.isLiteral {
		return g.g.literal == path
	}
	return compileProgram(g.g.root).match(path)
}
