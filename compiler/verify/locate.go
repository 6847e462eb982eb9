package verify

import (
	"context"
	"slices"
	"sort"
)

// locate finds the rules behind an error for which the parser names no line:
// it compiles the text with fewer of its rules and includes until the error
// goes away. The line that brings it is named; where two conflict, both are.
// The result is nil where the error does not come from the body of a profile.
func (s *session) locate(ctx context.Context, in Input, src source, m Message) ([]int, error) {
	rules := src.where(func(l sourceLine) bool {
		return (l.rule || l.include() && l.profile != "") && (m.Profile == "" || l.profile == m.Profile)
	})
	search := bisection{session: s, ctx: ctx, in: in, source: src, all: rules, rules: rules, want: m}
	if len(rules) == 0 || m.Text == "" || search.fails(nil) {
		return nil, search.err
	}
	last := search.shortest(nil)
	if last == 0 || search.err != nil {
		return nil, search.err
	}
	found := rules[last-1 : last]
	if !m.conflict || search.fails(found) {
		return found, search.err
	}
	search.rules = rules[:last-1]
	if first := search.shortest(found); first > 0 {
		found = []int{rules[first-1], rules[last-1]}
	}
	return found, search.err
}

// bisection looks for the rules that bring an error about.
type bisection struct {
	session *session
	ctx     context.Context
	in      Input
	source  source
	all     []int // numbers of the lines with a rule or an include
	rules   []int // those of them to choose from
	want    Message
	err     error // the first run that failed on the machine's side
}

// shortest returns the length of the shortest run of rules, from the first
// on, that brings the error together with the lines of with; 0 if none does.
func (b *bisection) shortest(with []int) int {
	n := sort.Search(len(b.rules)+1, func(n int) bool {
		return b.fails(append(slices.Clone(with), b.rules[:n]...))
	})
	if n > len(b.rules) {
		return 0
	}
	return n
}

// fails says whether the error is still there when only the lines of keep are
// left of all rules.
func (b *bisection) fails(keep []int) bool {
	if b.err != nil {
		return false
	}
	in := b.in
	in.Text = b.source.only(b.in.Text, b.all, keep)
	o, err := b.session.run(b.ctx, in)
	if err != nil {
		b.err = err
		return false
	}
	return slices.ContainsFunc(readMessages(o.stderr), b.want.same)
}

// same says whether m and o are the same error of two runs.
func (m Message) same(o Message) bool {
	return o.isError() && m.Profile == o.Profile && m.Path == o.Path && (m.conflict && o.conflict || m.Text == o.Text)
}
