package profile

import "strings"

// Expr is the condition of an if, or the value of a boolean variable.
type Expr struct {
	// Op is "and", "or", "not", "defined", a comparison ("in", "==", "!=", ">",
	// ">=", "<", "<="), or "" for a variable or word alone.
	Op   string
	Args []*Expr // of "and", "or" and "not"
	// Left and Right are variables (@{NAME}, ${NAME}) or words.
	Left, Right string
}

// String spells the condition.
func (e *Expr) String() string {
	switch e.Op {
	case "and", "or":
		var parts []string
		for _, a := range e.Args {
			parts = append(parts, a.nested())
		}
		return strings.Join(parts, " "+e.Op+" ")
	case "not":
		return "not " + e.Args[0].nested()
	case "defined":
		return "defined " + e.Left
	case "":
		return e.Left
	}
	return e.Left + " " + e.Op + " " + e.Right
}

// nested spells an operand, in parentheses where it needs them. The blanks keep
// the parenthesis out of the word before it.
func (e *Expr) nested() string {
	if e.Op == "and" || e.Op == "or" {
		return "( " + e.String() + " )"
	}
	return e.String()
}

func (o *orExpr) lower() *Expr {
	if len(o.Terms) == 1 {
		return o.Terms[0].lower()
	}
	e := &Expr{Op: "or"}
	for _, t := range o.Terms {
		e.Args = append(e.Args, t.lower())
	}
	return e
}

func (a *andExpr) lower() *Expr {
	if len(a.Terms) == 1 {
		return a.Terms[0].lower()
	}
	e := &Expr{Op: "and"}
	for _, t := range a.Terms {
		e.Args = append(e.Args, t.lower())
	}
	return e
}

func (n *notExpr) lower() *Expr {
	if n.Not != nil {
		return &Expr{Op: "not", Args: []*Expr{n.Not.lower()}}
	}
	f := n.Term
	switch {
	case f.Sub != nil:
		return f.Sub.lower()
	case present(f.Defined):
		return &Expr{Op: "defined", Left: f.Defined.Value}
	case present(f.Boolean):
		return &Expr{Left: f.Boolean.Value}
	}
	return &Expr{Op: f.Op.Value, Left: f.Left.Value, Right: f.Right.Value}
}

// depth returns how deep the parentheses and the nots of a condition nest.
func depth(src string, tokens []token) int {
	deepest, open := 0, 0
	for _, t := range tokens {
		switch src[t.start:t.end] {
		case "(", "not":
			open++
		case ")":
			open--
		}
		deepest = max(deepest, open)
	}
	return deepest
}
