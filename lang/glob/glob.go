package glob

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Glob is a parsed path glob. The zero value matches nothing. A Glob may be
// used by several goroutines at once.
type Glob struct {
	text string
	g    *glob
}

// glob is what copies of a Glob share.
type glob struct {
	src       source // as the parser has it before it expands variables
	root      node
	variables []string
	shape

	// What follows is made when it is first needed.
	once     struct{ program, small, shortest sync.Once }
	matched  atomic.Int32 // how often Match had to look
	program  *program
	small    *Automaton // nil where it would pass globLimits
	path     string     // a shortest match
	matches  bool       // there is one
	shortErr error      // why it is not known
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
	if bytes.Contains(src.b, []byte("//")) {
		src = source{b: slices.Clone(src.b), off: slices.Clone(src.off)}
		src.collapse()
	}
	root, err := parse(src)
	if err != nil {
		return Glob{}, err
	}
	g.root, g.shape = root, root.shape()
	return Glob{text: text, g: g}, nil
}

// String returns the text as it was given to Parse.
func (g Glob) String() string { return g.text }

// IsLiteral returns the one path that the glob matches, escape sequences
// decoded, when it has no wildcard, alternation, class or variable.
func (g Glob) IsLiteral() (path string, ok bool) {
	if g.g == nil || !g.g.literal {
		return "", false
	}
	return g.g.prefix, true
}

// Variables returns the names of the variables, without `@{}`, each once.
func (g Glob) Variables() []string {
	if g.g == nil {
		return nil
	}
	return slices.Clone(g.g.variables)
}

// Exact tells whether the glob counts as an exact path, which wins over patterns
// with another exec transition, up to parser 4.0: literals and alternations of
// them do, a class or wildcard does not, a variable not before it is expanded
// (libapparmor_re/aare_rules.cc: add_rule_vec).
func (g Glob) Exact() bool { return g.g != nil && g.g.root.madeOf(opLiteral) }

// ExactOrClasses is what Exact is from parser 4.1 on: there a class that is not
// negated counts as exact too.
func (g Glob) ExactOrClasses() bool { return g.g != nil && g.g.root.madeOf(opLiteral, opClass) }

// simulated is how many questions to Match are answered without an automaton:
// building one costs as much as about so many.
const simulated = 32

// Match tells whether the glob matches the path, byte for byte. A directory's
// path ends in a slash. A Glob with variables matches nothing before Expand.
func (g Glob) Match(path string) bool {
	if g.g == nil || len(g.g.variables) > 0 || !strings.HasPrefix(path, g.g.prefix) {
		return false
	}
	if g.g.literal {
		return len(path) == len(g.g.prefix)
	}
	if g.g.matched.Add(1) > simulated {
		if a := g.smallAutomaton(); a != nil {
			if a.Match(path) {
				return true
			}
			if isReal(path) {
				return false
			}
		}
	}
	g.g.once.program.Do(func() { g.g.program = compileProgram(g.g.root) })
	return g.g.program.match(path)
}

// needExpanded returns a *VariableError for a glob with variables.
func (g Glob) needExpanded() error {
	if g.g == nil || len(g.g.variables) == 0 {
		return nil
	}
	return &VariableError{Name: g.g.variables[0], Msg: "is not expanded", Hint: "define it in the preamble, or include the tunables that do"}
}

// smallAutomaton returns the automaton of a glob without variables, nil where
// it passes a moderate bound.
func (g Glob) smallAutomaton() *Automaton {
	g.g.once.small.Do(func() { g.g.small, _ = determinize(compileProgram(g.g.root), globLimits) })
	return g.g.small
}

// automaton returns the automaton of the glob.
func (g Glob) automaton() (*Automaton, error) {
	if g.g != nil && len(g.g.variables) == 0 {
		if a := g.smallAutomaton(); a != nil {
			return a, nil
		}
	}
	return Compile(g)
}

// shortest returns a shortest real path that the glob matches, if there is one.
func (g Glob) shortest() (path string, ok bool, err error) {
	if err := g.needExpanded(); err != nil || g.g == nil {
		return "", false, err
	}
	if g.g.literal {
		return g.g.prefix, isReal(g.g.prefix), nil
	}
	g.g.once.shortest.Do(func() {
		a, err := g.automaton()
		if err != nil {
			g.g.shortErr = err
			return
		}
		g.g.path, g.g.matches = a.Shortest()
	})
	return g.g.path, g.g.matches, g.g.shortErr
}
