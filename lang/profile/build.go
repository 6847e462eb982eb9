package profile

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/rule"
)

// errNested says that a condition nests too deep to be read.
var errNested = errors.New("condition nested too deep")

// ruleReader reads the rules of one keyword.
type ruleReader func(r *reader, tokens []token) (Node, error)

// rules makes the reader of the rules with a body of this grammar.
func rules[B any, P interface {
	*B
	lowerer
}]() ruleReader {
	full, bare := build[statement[B]](), build[plain[B]]()
	return func(r *reader, tokens []token) (Node, error) {
		w, rest := r.words(tokens)
		if s, err := parse(bare, r.src, rest); err == nil {
			return r.ruleOf(w, P(&s.Body)), nil
		}
		s, err := parse(full, r.src, tokens)
		if err != nil {
			return nil, err
		}
		return r.ruleOf(s.Words, P(&s.Body)), nil
	}
}

// words reads the words before a rule, but for its priority, and returns what
// stands behind them.
func (r *reader) words(tokens []token) (w words, rest []token) {
	take := func(into *lexer.Token, among ...string) {
		if tokens[0].kind == tokKeyword && slices.Contains(among, r.text(tokens[0])) {
			*into, tokens = r.lexed(tokens[0]), tokens[1:]
		}
	}
	take(&w.Audit, "audit")
	take(&w.Action, "allow", "deny", "prompt")
	take(&w.Owner, "owner", "user", "other")
	return w, tokens
}

// pathRule reads `[WORDS] PATH ACCESS [-> TARGET],`. Nearly all rules are that,
// so it is done without the grammar, which reads all others.
func (r *reader) pathRule(tokens []token) (Node, error) {
	w, rest := r.words(tokens)
	arrow := len(rest) == 5 && r.is(rest[2], "->") && isPath(rest[3])
	if !arrow && len(rest) != 3 || !isPath(rest[0]) || rest[1].kind != tokAccess || !r.is(rest[len(rest)-1], ",") {
		return grammar().paths(r, tokens)
	}
	p := &pathRule{Path: r.lexed(rest[0]), Access: r.lexed(rest[1])}
	if arrow {
		p.Target = r.lexed(rest[3])
	}
	return r.ruleOf(w, p), nil
}

func isPath(t token) bool { return t.kind == tokWord || t.kind == tokVariable }

// lexed returns a token as the grammar captures it.
func (r *reader) lexed(t token) lexer.Token { return lexed(r.src, t) }

// ruleOf lowers a rule.
func (r *reader) ruleOf(w words, b lowerer) *Rule {
	q := r.qualifiers(w)
	body := b.body(r, w)
	r.checkWords(w, body.Kind())
	return &Rule{Rule: rule.Rule{Qualifiers: q, Body: body}}
}

// grammars holds the parser of every kind of statement.
type grammars struct {
	rules   map[string]ruleReader // by keyword
	paths   ruleReader            // of rules on paths
	abi     parserOf[abiStatement]
	alias   parserOf[aliasStatement]
	rlimit  parserOf[rlimitStatement]
	assign  parserOf[assignStatement]
	boolean parserOf[booleanStatement]
	profile parserOf[profileHead]
	group   parserOf[groupHead]
	ifs     parserOf[ifHead]
	elses   parserOf[elseHead]
}

// grammar returns the parsers, of which there is one set.
var grammar = sync.OnceValue(func() *grammars {
	umount, mount := rules[umountRule](), rules[mountRule]()
	return &grammars{
		rules: map[string]ruleReader{
			"file": rules[bareFile](), "link": rules[linkRule](), "all": rules[allRule](),
			"capability": rules[capabilityRule](), "network": rules[networkRule](), "unix": rules[unixRule](),
			"dbus": rules[dbusRule](), "signal": rules[signalRule](), "ptrace": rules[ptraceRule](),
			"userns": rules[usernsRule](), "mqueue": rules[mqueueRule](), "io_uring": rules[ioUringRule](),
			"mount": mount, "remount": umount, "umount": umount, "unmount": umount,
			"pivot_root": rules[pivotRootRule](), "change_profile": rules[changeProfileRule](),
		},
		paths: rules[pathRule](),
		abi:   build[abiStatement](), alias: build[aliasStatement](), rlimit: build[rlimitStatement](),
		assign: build[assignStatement](), boolean: build[booleanStatement](),
		profile: build[profileHead](), group: build[groupHead](), ifs: build[ifHead](), elses: build[elseHead](),
	}
})

// build reads the tokens of one statement.
func (r *reader) build(tokens []token) (Node, error) {
	first, last := tokens[0], tokens[len(tokens)-1]
	switch {
	case first.kind == tokInclude:
		return r.include(tokens), nil
	case first.kind == tokVariable && r.isAssignment(tokens):
		return r.assign(tokens)
	case first.kind == tokBoolean:
		return r.boolean(tokens)
	case r.is(last, "{"):
		return r.opening(tokens)
	}
	if first.kind == tokKeyword {
		switch r.text(first) {
		case "abi":
			return r.abi(tokens)
		case "alias", "rewrite":
			return r.alias(tokens)
		case "set":
			return r.rlimitRule(tokens)
		}
	}
	return r.rule(tokens)
}

// rule reads a rule, which its first word behind the qualifiers chooses.
func (r *reader) rule(tokens []token) (Node, error) {
	g := grammar()
	first := tokens[min(r.wordsEnd(tokens), len(tokens)-1)]
	switch first.kind {
	case tokWord, tokVariable:
		return r.pathRule(tokens)
	case tokKeyword:
		if read, ok := g.rules[r.text(first)]; ok {
			return read(r, tokens)
		}
	}
	return g.paths(r, tokens)
}

// wordsEnd returns the index of the first token behind the qualifiers.
func (r *reader) wordsEnd(tokens []token) int {
	for i := 0; i < len(tokens); i++ {
		if tokens[i].kind != tokKeyword {
			return i
		}
		switch r.text(tokens[i]) {
		case "priority":
			i += 2
		case "audit", "allow", "deny", "prompt", "owner", "user", "other":
		default:
			return i
		}
	}
	return len(tokens)
}

// opening reads what opens a block.
func (r *reader) opening(tokens []token) (Node, error) {
	g := grammar()
	if tokens[0].kind == tokKeyword && r.text(tokens[0]) == "if" {
		if depth(r.src, tokens) > maxExpr {
			return nil, errNested
		}
		h, err := parse(g.ifs, r.src, tokens)
		if err != nil {
			return nil, err
		}
		return &If{Branches: []*Branch{{Cond: h.Cond.lower()}}}, nil
	}
	if r.wordsEnd(tokens) == len(tokens)-1 {
		h, err := parse(g.group, r.src, tokens)
		if err != nil {
			return nil, err
		}
		return r.groupHead(h), nil
	}
	h, err := parse(g.profile, r.src, tokens)
	if err != nil {
		return nil, err
	}
	return r.profileHead(h), nil
}

func (r *reader) groupHead(h *groupHead) *Group {
	g := &Group{Qualifiers: r.qualifiers(h.Words)}
	if g.Priority != 0 {
		r.refuse(h.Words.Priority, "bad-qualifier", "priority of a block", "Give the rules of the block their priority.")
	}
	return g
}

func (r *reader) elseHead(tokens []token) (*elseHead, error) {
	if depth(r.src, tokens) > maxExpr {
		return nil, errNested
	}
	return parse(grammar().elses, r.src, tokens)
}

// include reads an include, of which the scanner makes two tokens.
func (r *reader) include(tokens []token) Node {
	inc := rule.Include{IfExists: strings.HasSuffix(r.text(tokens[0]), "exists")}
	inc.Path, inc.Magic = pathOf(r.text(tokens[1]))
	if inc.Path == "" && inc.Magic {
		r.fail(tokens[1].start, tokens[1].end, "syntax", "include without a path", "It is written as `include <FILE>`.")
	}
	return &Include{Include: inc}
}

func (r *reader) abi(tokens []token) (Node, error) {
	s, err := parse(grammar().abi, r.src, tokens)
	if err != nil {
		return nil, err
	}
	a := &ABI{}
	a.Path, a.Magic = pathOf(s.Path.Value)
	return a, nil
}

func (r *reader) alias(tokens []token) (Node, error) {
	s, err := parse(grammar().alias, r.src, tokens)
	if err != nil {
		return nil, err
	}
	return &Alias{From: text(s.From), To: text(s.To)}, nil
}

func (r *reader) rlimitRule(tokens []token) (Node, error) {
	s, err := parse(grammar().rlimit, r.src, tokens)
	if err != nil {
		return nil, err
	}
	return &Rule{Rule: rule.Rule{Body: s.Rule.body(r, words{})}}, nil
}

func (r *reader) assign(tokens []token) (Node, error) {
	s, err := parse(grammar().assign, r.src, withoutEnd(tokens))
	if err != nil {
		return nil, err
	}
	return &Assign{Name: variableName(s.Name.Value), Op: s.Op.Value, Values: texts(s.Values)}, nil
}

func (r *reader) boolean(tokens []token) (Node, error) {
	tokens = withoutEnd(tokens)
	if depth(r.src, tokens) > maxExpr {
		return nil, errNested
	}
	s, err := parse(grammar().boolean, r.src, tokens)
	if err != nil {
		return nil, err
	}
	if s.Op.Value == "+=" {
		r.refuse(s.Op, "bad-assignment", "+= on a boolean variable", "It has one value: write = or :=.")
	}
	return &Assign{Name: variableName(s.Name.Value), Op: s.Op.Value, Expr: s.Expr.lower()}, nil
}

func withoutEnd(tokens []token) []token {
	if tokens[len(tokens)-1].kind == tokEnd {
		return tokens[:len(tokens)-1]
	}
	return tokens
}

// variableName returns the name in @{NAME}, @NAME, ${NAME} or $NAME.
func variableName(s string) string {
	if len(s) > 2 && s[1] == '{' {
		return s[2 : len(s)-1]
	}
	return s[1:]
}
