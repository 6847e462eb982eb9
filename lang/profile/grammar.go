package profile

import (
	"io"
	"sync"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The types of this file are the grammar, one statement each (parser_yacc.y).

// words are the words before a rule, in the only order that they may have.
type words struct {
	Priority lexer.Token `parser:"( 'priority' '=' @Value )?"`
	Audit    lexer.Token `parser:"@'audit'?"`
	Action   lexer.Token `parser:"@( 'allow' | 'deny' | 'prompt' )?"`
	Owner    lexer.Token `parser:"@( 'owner' | 'user' | 'other' )?"`
}

// statement is any rule that a comma ends.
type statement[B any] struct {
	Words words `parser:"@@"`
	Body  B     `parser:"@@ ','"`
}

// plain is a statement without words before it. A grammar that does not look
// for them is faster.
type plain[B any] struct {
	Body B `parser:"@@ ','"`
}

// condition is `name=value`, `name=(values)`, `name in (values)` or, in the
// conditions on a peer, `name:=value`.
type condition struct {
	Name   lexer.Token   `parser:"@Condition"`
	Op     lexer.Token   `parser:"( @( '=' | ':=' | 'in' )"`
	Values []lexer.Token `parser:"  ( @Value | '(' @( Value+ ) ')' ) )?"`
}

// peer is `peer=(…)` or, in the head of a profile, `xattrs=(…)`.
type peer struct {
	Name  lexer.Token  `parser:"@Peer '=' '('"`
	Conds []*condition `parser:"@@* ')'"`
}

// access is one access, or several in parentheses.
type access struct {
	Words []lexer.Token `parser:"@( Keyword | Access ) | '(' @( Value* ) ')'"`
}

type (
	// bareFile is a rule that begins with the word file.
	bareFile struct {
		Rule *pathRule `parser:"'file' @@?"`
	}

	// pathRule is `/path rw -> target` or `rw /path -> target`.
	pathRule struct {
		Safety lexer.Token `parser:"@( 'safe' | 'unsafe' )?"`
		Path   lexer.Token `parser:"( @( Word | Variable )"`
		Access lexer.Token `parser:"  @Access"`
		First  lexer.Token `parser:"| @Access"`
		Subset lexer.Token `parser:"  @'subset'?"`
		Second lexer.Token `parser:"  @( Word | Variable ) )"`
		Target lexer.Token `parser:"( '->' @( Word | Variable ) )?"`
	}

	linkRule struct {
		Subset lexer.Token `parser:"'link' @'subset'?"`
		Path   lexer.Token `parser:"@( Word | Variable )"`
		Target lexer.Token `parser:"'->' @( Word | Variable )"`
	}

	allRule struct {
		Word lexer.Token `parser:"@'all'"`
	}

	capabilityRule struct {
		Names []lexer.Token `parser:"'capability' @( Word* )"`
	}

	rlimitRule struct {
		Name  lexer.Token `parser:"'set' 'rlimit' @Word '<='"`
		Value lexer.Token `parser:"@Value"`
		Unit  lexer.Token `parser:"@Word?"`
	}

	networkRule struct {
		Access *access       `parser:"'network' @@?"`
		Domain []lexer.Token `parser:"@( Word? Word? )"`
		Conds  []*condition  `parser:"@@*"`
		Peer   *peer         `parser:"@@?"`
	}

	unixRule struct {
		Access *access      `parser:"'unix' @@?"`
		Conds  []*condition `parser:"@@*"`
		Peer   *peer        `parser:"@@?"`
	}

	dbusRule struct {
		Access *access      `parser:"'dbus' @@?"`
		Conds  []*condition `parser:"@@*"`
		Peer   *peer        `parser:"@@?"`
	}

	signalRule struct {
		Access *access      `parser:"'signal' @@?"`
		Conds  []*condition `parser:"@@*"`
	}

	ptraceRule struct {
		Access *access      `parser:"'ptrace' @@?"`
		Conds  []*condition `parser:"@@*"`
	}

	usernsRule struct {
		Access lexer.Token `parser:"'userns' @'create'?"`
	}

	mqueueRule struct {
		Access *access      `parser:"'mqueue' @@?"`
		Conds  []*condition `parser:"@@*"`
		Name   lexer.Token  `parser:"@Word?"`
	}

	ioUringRule struct {
		Access []lexer.Token `parser:"'io_uring' ( @( 'sqpoll' | 'override_creds' ) | '(' @( Value* ) ')' )?"`
		Conds  []*condition  `parser:"@@*"`
		Peer   *peer         `parser:"@@?"`
	}

	mountRule struct {
		Word        lexer.Token  `parser:"@'mount'"`
		Conds       []*condition `parser:"@@*"`
		Source      lexer.Token  `parser:"@Word?"`
		Arrow       lexer.Token  `parser:"( @'->'"`
		TargetConds []*condition `parser:"  @@*"`
		Target      lexer.Token  `parser:"  @Word )?"`
	}

	umountRule struct {
		Word   lexer.Token  `parser:"@( 'remount' | 'umount' | 'unmount' )"`
		Conds  []*condition `parser:"@@*"`
		Target lexer.Token  `parser:"@Word?"`
	}

	pivotRootRule struct {
		Conds   []*condition `parser:"'pivot_root' @@*"`
		NewRoot lexer.Token  `parser:"@Word?"`
		Target  lexer.Token  `parser:"( '->' @( Word | Variable ) )?"`
	}

	changeProfileRule struct {
		Safety lexer.Token `parser:"'change_profile' @( 'safe' | 'unsafe' )?"`
		Exec   lexer.Token `parser:"@Word?"`
		Target lexer.Token `parser:"( '->' @Word )?"`
	}
)

// What no qualifier may stand before.
type (
	abiStatement struct {
		Path lexer.Token `parser:"'abi' @Value ','"`
	}

	aliasStatement struct {
		From lexer.Token `parser:"( 'alias' | 'rewrite' ) @Word"`
		To   lexer.Token `parser:"'->' @Word ','"`
	}

	rlimitStatement struct {
		Rule rlimitRule `parser:"@@ ','"`
	}

	assignStatement struct {
		Name   lexer.Token   `parser:"@Variable"`
		Op     lexer.Token   `parser:"@( '=' | '+=' | '?=' | ':=' )"`
		Values []lexer.Token `parser:"@( Value+ )"`
	}

	booleanStatement struct {
		Name lexer.Token `parser:"@Boolean"`
		Op   lexer.Token `parser:"@( '=' | '+=' | '?=' | ':=' )"`
		Expr *orExpr     `parser:"@@"`
	}
)

// What opens a block.
type (
	profileHead struct {
		Keyword    lexer.Token   `parser:"@( 'profile' | 'hat' | '^' )?"`
		Name       lexer.Token   `parser:"@Word"`
		Attachment lexer.Token   `parser:"@( Word | Variable )?"`
		Group      *peer         `parser:"@@?"`
		Identities []*identities `parser:"( '+' @@ )*"`
		Flags      []lexer.Token `parser:"( ( 'flags':Condition '=' )? '(' @( Value+ ) ')' )? '{'"`
	}

	identities struct {
		Values []lexer.Token `parser:"'identities':Condition '=' '(' @( Value+ ) ')'"`
	}

	groupHead struct {
		Words words `parser:"@@ '{'"`
	}

	ifHead struct {
		Cond *orExpr `parser:"'if' @@ '{'"`
	}

	elseHead struct {
		Cond *orExpr `parser:"'else' ( 'if' @@ )? '{'"`
	}
)

// The condition of an if.
type (
	orExpr struct {
		Terms []*andExpr `parser:"@@ ( 'or' @@ )*"`
	}

	andExpr struct {
		Terms []*notExpr `parser:"@@ ( 'and' @@ )*"`
	}

	notExpr struct {
		Not  *notExpr `parser:"  'not' @@"`
		Term *factor  `parser:"| @@"`
	}

	factor struct {
		Sub     *orExpr     `parser:"  '(' @@ ')'"`
		Defined lexer.Token `parser:"| 'defined' @( Variable | Boolean )"`
		Boolean lexer.Token `parser:"| @Boolean"`
		Left    lexer.Token `parser:"| @( Word | Variable )"`
		Op      lexer.Token `parser:"  ( @( 'in' | '==' | '!=' | '>' | '>=' | '<' | '<=' )"`
		Right   lexer.Token `parser:"    @( Word | Variable ) )?"`
	}
)

// definition lets the grammar know the kinds of tokens. Statements arrive
// scanned, so that it never reads text itself.
type definition struct{}

// Symbols implements lexer.Definition.
func (definition) Symbols() map[string]lexer.TokenType { return symbols }

// Lex implements lexer.Definition.
func (definition) Lex(string, io.Reader) (lexer.Lexer, error) { return &feed{}, nil }

// feed hands the tokens of one statement to the grammar.
type feed struct {
	src    string
	tokens []token
}

// Next implements lexer.Lexer.
func (f *feed) Next() (lexer.Token, error) {
	if len(f.tokens) == 0 {
		return lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: len(f.src)}}, nil
	}
	t := f.tokens[0]
	f.tokens = f.tokens[1:]
	return lexed(f.src, t), nil
}

func lexed(src string, t token) lexer.Token {
	return lexer.Token{Type: t.kind, Value: src[t.start:t.end], Pos: lexer.Position{Offset: t.start}}
}

// parserOf gives the parser of one kind of statement, which is made when it is
// first needed.
type parserOf[G any] func() *participle.Parser[G]

func build[G any]() parserOf[G] {
	return sync.OnceValue(func() *participle.Parser[G] {
		return participle.MustBuild[G](participle.Lexer(definition{}))
	})
}

// parse reads the tokens of one statement.
func parse[G any](p parserOf[G], src string, tokens []token) (*G, error) {
	lex, err := lexer.Upgrade(&feed{src: src, tokens: tokens})
	if err != nil {
		return nil, err
	}
	return p().ParseFromLexer(lex)
}
