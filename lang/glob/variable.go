package glob

import (
	"fmt"
	"slices"
	"strings"
)

// variableAt returns the name of the variable whose `@{` begins s, and the
// length of the whole reference; 0 where none does. The name is empty for
// `@{}`, which the parser refuses (parser_variable.c: get_var_end).
func variableAt(s []byte) (name string, n int) {
	if len(s) < 3 || s[0] != '@' || s[1] != '{' {
		return "", 0
	}
	for i := 2; i < len(s); i++ {
		switch d := digit(s[i]); {
		case s[i] == '}':
			return string(s[2:i]), i + 1
		case i == 2 && d < 10, d > 35 && (i == 2 || s[i] != '_'):
			return "", 0
		}
	}
	return "", 0
}

// variables returns the names that the source refers to, each once, in order.
func (s source) variables() []string {
	var names []string
	for i := 0; i < len(s.b); i++ {
		switch s.b[i] {
		case '\\':
			i++
		case '@':
			name, n := variableAt(s.b[i:])
			if n == 0 {
				continue
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			i += n - 1
		}
	}
	return names
}

const (
	// maxExpanded bounds, in bytes, what one Expand may produce on its way.
	maxExpanded = 4 << 20
	// maxValue is where the parser cuts a value of a variable off, without a
	// word (parser_symtab.c: PATH_MAX).
	maxValue = 4096
)

// VariableError says why the variables of a glob cannot be expanded.
type VariableError struct {
	Name string // the variable, without @{}
	Msg  string // what is wrong with it
	Hint string // what to do
}

// Error returns the message with the variable's name.
func (e *VariableError) Error() string { return fmt.Sprintf("@{%s} %s", e.Name, e.Msg) }

// Expand substitutes the variables, whose values are written as in a profile,
// without surrounding quotes, and may refer to other variables. One value is
// substituted as text; several become an alternation whose branches give up
// their slashes to those that stand around it (parser_variable.c:
// expand_by_alternations). The error is a *VariableError for a variable that is
// undefined, refers to itself or grows too large, and wraps a *SyntaxError
// where the text after substitution is no glob.
func (g Glob) Expand(vars map[string][]string) (Glob, error) {
	if g.g == nil || len(g.g.variables) == 0 {
		return g, nil
	}
	e := &expander{vars: vars, done: map[string][]string{}, open: map[string]bool{}, budget: maxExpanded}
	b, err := e.rule(string(g.g.src.b))
	if err != nil {
		return Glob{}, err
	}
	src := source{b: []byte(b)}
	src.collapse()
	text := src.text()
	out, err := parseSource(text, src)
	if err != nil {
		return Glob{}, fmt.Errorf("expanded to %.200q: %w", text, err)
	}
	return out, nil
}

// expander holds the values of variables as the lexer leaves them.
type expander struct {
	vars   map[string][]string
	done   map[string][]string // fully expanded
	open   map[string]bool     // being expanded
	budget int                 // bytes that may still be produced
}

// split cuts s around the first variable in it.
func split(s string) (prefix, name, suffix string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '@':
			if name, n := variableAt([]byte(s[i:])); n > 0 {
				return s[:i], name, s[i+n:], true
			}
		}
	}
	return "", "", "", false
}

// rule expands the text of a rule.
func (e *expander) rule(s string) (string, error) {
	for {
		prefix, name, suffix, ok := split(s)
		if !ok {
			return s, nil
		}
		values, err := e.values(name)
		if err != nil {
			return "", err
		}
		middle := values[0]
		if len(values) > 1 {
			middle, err = alternation(name, values, strings.HasSuffix(prefix, "/"), strings.HasPrefix(suffix, "/"))
			if err != nil {
				return "", err
			}
		}
		s = prefix + middle + suffix
		if err := e.spend(name, s); err != nil {
			return "", err
		}
	}
}

// alternation joins the values of a variable; leading and trailing slashes go
// where the text around them has its own.
func alternation(name string, values []string, leading, trailing bool) (string, error) {
	branches := make([]string, len(values))
	for i, v := range values {
		if leading {
			v = strings.TrimLeft(v, "/")
		}
		if trailing {
			v = strings.TrimRight(v, "/")
		}
		if (len(v)-len(strings.TrimRight(v, `\`)))%2 == 1 {
			// The slash that goes leaves its backslash to the next comma.
			return "", &VariableError{Name: name, Msg: "has a value that ends in an escaped slash", Hint: "write the slash without a backslash"}
		}
		branches[i] = v
	}
	return "{" + strings.Join(branches, ",") + "}", nil
}

func (e *expander) spend(name, s string) error {
	if e.budget -= len(s) + 1; e.budget < 0 {
		return &VariableError{Name: name, Msg: "expands to too much text", Hint: "give it fewer values"}
	}
	return nil
}

// values returns the values of a variable, expanded.
func (e *expander) values(name string) ([]string, error) {
	if done, ok := e.done[name]; ok {
		return done, nil
	}
	if e.open[name] {
		return nil, &VariableError{Name: name, Msg: "refers to itself", Hint: "remove the reference from its values"}
	}
	if len(e.vars[name]) == 0 {
		return nil, &VariableError{Name: name, Msg: "is not defined", Hint: "define it in the preamble, or include the tunables that do"}
	}
	e.open[name] = true
	defer delete(e.open, name)
	var all []string
	for _, v := range e.vars[name] {
		expanded, err := e.value(name, string(lex(v).b))
		if err != nil {
			return nil, err
		}
		all = append(all, expanded...)
	}
	for _, v := range all {
		if len(v) > maxValue {
			return nil, &VariableError{Name: name, Msg: "has a value longer than 4096 bytes, which AppArmor cuts off", Hint: "split it into several values"}
		}
	}
	e.done[name] = all
	return all, nil
}

// value expands one value of the variable: every combination of the values that
// it refers to (parser_symtab.c: __expand_variable).
func (e *expander) value(variable, s string) ([]string, error) {
	var all []string
	for work := []string{s}; len(work) > 0; {
		s, work = work[len(work)-1], work[:len(work)-1]
		prefix, name, suffix, ok := split(s)
		if !ok {
			all = append(all, s)
			continue
		}
		values, err := e.values(name)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			v = prefix + v + suffix
			if err := e.spend(variable, v); err != nil {
				return nil, err
			}
			work = append(work, v)
		}
	}
	return all, nil
}
