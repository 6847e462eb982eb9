package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apc/lang/diag"
)

// The text, in bytes, that one word may become and that all may, and how many
// names are looked for among others.
const (
	maxExpanded = 1 << 20
	maxWork     = 16 << 20
	maxNearest  = 100
)

// variables holds what the preamble assigns. Booleans and others share their
// names (symtab.cc).
type variables struct {
	sets  map[string][]string
	bools map[string]bool
	where map[string]diag.Range

	preamble *scope
	work     int // text that variables were replaced in
	unknown  int // names that were looked for among others
}

func newVariables() *variables {
	return &variables{sets: map[string][]string{}, bools: map[string]bool{}, where: map[string]diag.Range{}, preamble: newScope(nil)}
}

// assign gives a variable its value, as the operator says.
func (v *variables) assign(a *Assign) (problem *diag.Diagnostic) {
	before, defined := v.where[a.Name]
	clear(v.preamble.known)
	switch a.Op {
	case "+=":
		if _, ok := v.sets[a.Name]; !ok {
			d := diag.Errorf(a.Range, "undefined-variable", "+= on a variable that has no value yet",
				"%s gets its first value by =, in this file or in an include above.", a.reference())
			return &d
		}
		v.sets[a.Name] = append(v.sets[a.Name], a.Values...)
		return nil
	case "=":
		if defined {
			d := diag.Errorf(a.Range, "redefined-variable", "second = on "+a.reference(),
				"Add values by +=, or replace them by := (from parser 5.0 on).")
			d.Related = []diag.Related{{Range: before, Message: "it has its value from here"}}
			return &d
		}
	case "?=":
		if defined {
			return nil
		}
	}
	value, err := false, error(nil)
	if a.Expr != nil {
		value, err = v.eval(a.Expr) // which may refer to the value before
	}
	v.where[a.Name] = a.Range
	delete(v.bools, a.Name)
	delete(v.sets, a.Name)
	if a.Expr == nil {
		v.sets[a.Name] = slices.Clone(a.Values)
	} else {
		v.bools[a.Name] = value
	}
	if err != nil {
		d := diag.Errorf(a.Range, "bad-condition", "value that cannot be computed", "%v.", err)
		return &d
	}
	return nil
}

// reference spells the variable.
func (a *Assign) reference() string {
	if a.Expr != nil {
		return "${" + a.Name + "}"
	}
	return "@{" + a.Name + "}"
}

// scope is where variables are replaced: in a profile, or in the preamble. It
// remembers the values that it has replaced them in.
type scope struct {
	autos map[string][]string // what the parser makes for a profile; it wins over others
	known map[string]expansion
}

// expansion holds the values of a variable once they are expanded. It is busy
// while they are.
type expansion struct {
	values []string
	err    error
	busy   bool
}

func newScope(autos map[string][]string) *scope {
	return &scope{autos: autos, known: map[string]expansion{}}
}

// expand replaces the variables of a word: one value stands as it is, several
// become an alternation (parser_variable.c). Without a scope it is that of the
// preamble.
func (v *variables) expand(word string, s *scope) (string, error) {
	if s == nil {
		s = v.preamble
	}
	return v.expandWord(word, s, nil)
}

func (v *variables) expandWord(word string, s *scope, open []string) (string, error) {
	var b strings.Builder
	for {
		start, end := findVariable(word, 0)
		if start < 0 {
			b.WriteString(word)
			v.work += b.Len()
			return b.String(), nil
		}
		name := word[start+2 : end-1]
		if !isName(name) {
			return "", fmt.Errorf("@{%s} is no name of a variable: it begins with a letter and has letters, digits and _", name)
		}
		values, err := v.values(name, s, open)
		if err != nil {
			return "", err
		}
		b.WriteString(word[:start])
		word = word[end:]
		middle := values[0]
		if len(values) > 1 {
			// Slashes at the start stay, as // is a root of its own.
			inside := strings.HasSuffix(b.String(), "/") && strings.Trim(b.String(), "/") != ""
			middle = alternation(values, inside, strings.HasPrefix(word, "/"))
		}
		b.WriteString(middle)
		if b.Len()+len(word) > maxExpanded || v.work+b.Len() > maxWork {
			return "", fmt.Errorf("@{%s} expands to too much text", name)
		}
	}
}

// values returns the expanded values of a variable, at least one, sorted and
// each once (variable.h: a set).
func (v *variables) values(name string, s *scope, open []string) ([]string, error) {
	e, ok := s.known[name]
	if e.busy {
		return nil, fmt.Errorf("@{%s} refers to itself, through %s", name, short(strings.Join(append(open, name), ", ")))
	}
	if !ok {
		s.known[name] = expansion{busy: true}
		e.values, e.err = v.expandValues(name, s, append(open, name))
		s.known[name] = e
	}
	return e.values, e.err
}

func (v *variables) expandValues(name string, s *scope, open []string) ([]string, error) {
	values, ok := s.autos[name]
	if !ok {
		values, ok = v.sets[name]
	}
	if !ok {
		return nil, fmt.Errorf("@{%s} has no value%s", name, v.nearest(name))
	}
	out := make([]string, len(values))
	for i, value := range values {
		var err error
		if out[i], err = v.expandWord(value, s, open); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// nearest says which variable was likely meant.
func (v *variables) nearest(name string) string {
	if v.unknown++; v.unknown > maxNearest {
		return ""
	}
	known := make([]string, 0, len(v.sets))
	for n := range v.sets {
		known = append(known, n)
	}
	slices.Sort(known)
	if hint := diag.Suggest(name, known); hint != "" {
		return "; did you mean @{" + hint + "}?"
	}
	return "; assign it in the preamble, or include the file of tunables that does"
}

// alternation joins values; the slashes of the text around them replace their
// own.
func alternation(values []string, leading, trailing bool) string {
	branches := make([]string, len(values))
	for i, b := range values {
		if leading {
			b = strings.TrimLeft(b, "/")
		}
		if trailing {
			b = strings.TrimRight(b, "/")
		}
		branches[i] = b
	}
	return "{" + strings.Join(branches, ",") + "}"
}

// findVariable returns where the first @{NAME} from an offset on stands, or -1.
func findVariable(word string, from int) (start, end int) {
	for i := from; i+1 < len(word); i++ {
		if word[i] == '\\' {
			i++
			continue
		}
		if word[i] != '@' || word[i+1] != '{' {
			continue
		}
		if n := strings.IndexByte(word[i:], '}'); n > 2 {
			return i, i + n + 1
		}
	}
	return -1, -1
}

// isName says whether a variable may be called so. The parser takes what does
// not look like a name at all for a glob.
func isName(s string) bool { return s != "" && nameEnd(s, 0) == len(s) }

// eval computes a condition (cond_expr.cc).
func (v *variables) eval(e *Expr) (bool, error) {
	switch e.Op {
	case "and", "or":
		return v.evalAll(e)
	case "not":
		value, err := v.eval(e.Args[0])
		return !value, err
	case "defined":
		_, ok := v.sets[variableName(e.Left)]
		return ok, nil
	case "":
		return v.evalOne(e.Left)
	}
	left, err := v.operand(e.Left)
	if err != nil {
		return false, err
	}
	right, err := v.operand(e.Right)
	if err != nil {
		return false, err
	}
	return compare(e.Op, left, right)
}

// evalAll computes all operands, so that a fault in any is found.
func (v *variables) evalAll(e *Expr) (bool, error) {
	result := e.Op == "and"
	var fault error
	for _, a := range e.Args {
		value, err := v.eval(a)
		if fault == nil {
			fault = err
		}
		if e.Op == "and" {
			result = result && value
		} else {
			result = result || value
		}
	}
	return result, fault
}

// evalOne computes a boolean variable or the word true or false.
func (v *variables) evalOne(word string) (bool, error) {
	switch {
	case strings.HasPrefix(word, "$"):
		value, ok := v.bools[variableName(word)]
		if !ok {
			return false, fmt.Errorf("%s is no boolean variable that has a value", word)
		}
		return value, nil
	case strings.EqualFold(word, "true"):
		return true, nil
	case strings.EqualFold(word, "false"):
		return false, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", word)
}

// operand returns the values of an operand, as values does.
func (v *variables) operand(word string) ([]string, error) {
	if word != "" && variableEnd(word, 0, '@') == len(word) {
		return v.values(variableName(word), v.preamble, nil)
	}
	return []string{unquote(word)}, nil
}

// compare computes a comparison of two sets of values, or of two numbers.
func compare(op string, left, right []string) (bool, error) {
	order := slices.Compare(left, right)
	switch op {
	case "in":
		return !slices.ContainsFunc(left, func(s string) bool { return !slices.Contains(right, s) }), nil
	case "==":
		return order == 0, nil
	case "!=":
		return order != 0, nil
	}
	a, okA := number(left)
	b, okB := number(right)
	switch {
	case okA != okB:
		return false, fmt.Errorf("%s and %s cannot be compared, as only one is a number", strings.Join(left, " "), strings.Join(right, " "))
	case okA:
		order = int(min(max(a-b, -1), 1))
	}
	switch op {
	case ">":
		return order > 0, nil
	case ">=":
		return order >= 0, nil
	case "<":
		return order < 0, nil
	}
	return order <= 0, nil
}

// number returns the only value as a number.
func number(values []string) (int64, bool) {
	if len(values) != 1 {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimLeft(values[0], " \t\n"), 0, 62)
	return n, err == nil
}
