package profile

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/diag"
	"apc/lang/rule"
)

// The limits of priority= (parser.h: MIN_POLICY_PRIORITY, MAX_POLICY_PRIORITY).
const (
	minPriority = -1000
	maxPriority = 1000
)

// present says whether an optional token is there.
func present(t lexer.Token) bool { return t.Type != 0 }

// unquote returns a word without the quotes around it. Escapes and globs stay
// as they are.
func unquote(word string) string {
	if len(word) >= 2 && word[0] == '"' && word[len(word)-1] == '"' {
		return word[1 : len(word)-1]
	}
	return word
}

func text(t lexer.Token) string { return unquote(t.Value) }

func texts(tokens []lexer.Token) []string {
	var out []string
	for _, t := range tokens {
		out = append(out, text(t))
	}
	return out
}

// rangeOf returns the place of a token.
func (r *reader) rangeOf(t lexer.Token) diag.Range {
	return r.place(t.Pos.Offset, t.Pos.Offset+len(t.Value))
}

// refuse reports what is wrong with a token.
func (r *reader) refuse(t lexer.Token, code, summary, detail string, args ...any) {
	r.report(diag.Errorf(r.rangeOf(t), code, summary, detail, args...))
}

// warn reports what the parser accepts and a reader should know.
func (r *reader) warn(t lexer.Token, code, summary, detail string, args ...any) {
	r.report(diag.Warningf(r.rangeOf(t), code, summary, detail, args...))
}

// qualifiers lowers the words before a rule.
func (r *reader) qualifiers(w words) rule.Qualifiers {
	q := rule.Qualifiers{Audit: present(w.Audit), Priority: r.priority(w.Priority)}
	switch w.Action.Value {
	case "deny":
		q.Action = rule.Deny
	case "prompt":
		q.Action = rule.Prompt
	}
	q.Owner = present(w.Owner) && w.Owner.Value != "other"
	q.Other = w.Owner.Value == "other"
	return q
}

func (r *reader) priority(t lexer.Token) int {
	if !present(t) {
		return 0
	}
	n, err := strconv.Atoi(t.Value)
	if err != nil || n < minPriority || n > maxPriority {
		r.refuse(t, "bad-priority", "priority out of range", "A priority is a number from %d to %d.", minPriority, maxPriority)
		return 0
	}
	return n
}

// lowerer is the grammar of a rule's body.
type lowerer interface {
	body(r *reader, w words) rule.Body
}

// checkWords refuses words that cannot stand before a kind of rule.
func (r *reader) checkWords(w words, kind rule.Kind) {
	if kind != rule.KindFile && kind != rule.KindLink && present(w.Owner) {
		r.refuse(w.Owner, "bad-qualifier", w.Owner.Value+" before a "+string(kind)+" rule",
			"Only file and link rules can tell owners apart. Leave the word out.")
	}
	if kind == rule.KindNetwork || kind == rule.KindAll {
		if present(w.Priority) && r.priority(w.Priority) != 0 {
			r.refuse(w.Priority, "bad-qualifier", "priority of a "+string(kind)+" rule",
				"The parser takes no priority on network rules and on all. Leave it out.")
		}
	}
}

// slot is a condition that a rule knows.
type slot struct {
	name string
	into *string
	// first is for conditions of which the parser takes the first value and
	// drops the others.
	first bool
	// again is for conditions that may be repeated; the last one counts.
	again bool
	// set takes := as well.
	set *bool
}

// conditions fills the slots of a rule from its conditions.
func (r *reader) conditions(kind string, conds []*condition, slots ...slot) {
	seen := map[string]bool{}
	for _, c := range conds {
		s, ok := r.findSlot(kind, c, slots)
		if !ok || !r.checkCondition(kind, c, s) {
			continue
		}
		if seen[s.name] && !s.again {
			r.refuse(c.Name, "repeated-condition", c.Name.Value+" given twice", "A %s rule takes %s only once.", kind, c.Name.Value)
			continue
		}
		seen[s.name] = true
		*s.into = text(c.Values[0])
		if s.set != nil {
			*s.set = c.Op.Value == ":="
		}
	}
}

func (r *reader) findSlot(kind string, c *condition, slots []slot) (slot, bool) {
	var names []string
	for _, s := range slots {
		if s.name == c.Name.Value {
			return s, true
		}
		names = append(names, s.name)
	}
	r.refuse(c.Name, "unknown-condition", "unknown condition "+c.Name.Value, "Here a %s rule knows %s.%s", kind,
		list(names), diag.DidYouMean(c.Name.Value, names))
	return slot{}, false
}

// checkCondition refuses another sign than = and more than one value.
func (r *reader) checkCondition(kind string, c *condition, s slot) bool {
	if c.Op.Value != "=" && (s.set == nil || c.Op.Value != ":=") {
		at := c.Op
		if !present(at) {
			at = c.Name
		}
		r.refuse(at, "bad-condition", "condition without =", "Write %s=VALUE in a %s rule.", c.Name.Value, kind)
		return false
	}
	if len(c.Values) > 1 && s.first {
		r.warn(c.Values[1], "ignored-value", "second value of "+c.Name.Value, "The parser takes the first value and drops the others.")
	} else if len(c.Values) > 1 {
		r.refuse(c.Values[1], "bad-condition", "more than one value of "+c.Name.Value, "%s takes one value. Write several rules, or a glob such as {a,b}.", c.Name.Value)
		return false
	}
	return true
}

// peerOf returns the conditions of `peer=(…)`.
func (r *reader) peerOf(kind string, p *peer) []*condition {
	if p == nil {
		return nil
	}
	if p.Name.Value != "peer" {
		r.refuse(p.Name, "unknown-condition", p.Name.Value+"=() in a "+kind+" rule", "The conditions on the other side stand in peer=(…).")
		return nil
	}
	return p.Conds
}

// list joins words for a sentence: "a, b or c".
func list(words []string) string {
	if len(words) == 0 {
		return "no conditions"
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
