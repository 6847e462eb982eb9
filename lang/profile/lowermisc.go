package profile

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

func didYouMean(word string, known []string) string { return diag.DidYouMean(word, known) }

func (a *allRule) body(*reader, words) rule.Body { return rule.All{} }

func (c *capabilityRule) body(r *reader, _ words) rule.Body {
	names := texts(c.Names)
	for i, n := range names {
		if !capabilities().Has(n) {
			r.refuse(c.Names[i], "unknown-capability", "unknown capability "+n, "Capabilities are written in small letters, without CAP_.%s",
				capabilities.hint(strings.TrimPrefix(strings.ToLower(n), "cap_")))
		}
	}
	return rule.Capability{Names: names}
}

func (c *changeProfileRule) body(r *reader, _ words) rule.Body {
	out := rule.ChangeProfile{Mode: c.Safety.Value, Exec: text(c.Exec), Target: text(c.Target)}
	if present(c.Safety) && !present(c.Exec) {
		r.refuse(c.Safety, "bad-access", c.Safety.Value+" without a program", "The word is about the environment of a program: write its path behind it.")
	}
	if present(c.Exec) && !strings.HasPrefix(out.Exec, "/") && !strings.HasPrefix(out.Exec, "@{") {
		r.refuse(c.Exec, "bad-path", "program without a slash", "Write an absolute path. The profile to change to stands behind ->, with a blank after it.")
	}
	r.glob(c.Exec)
	r.glob(c.Target)
	return out
}

// sizeRlimits and timeRlimits take units.
var (
	sizeRlimits = []string{"fsize", "data", "stack", "core", "rss", "as", "memlock", "msgqueue"}
	sizeUnits   = []string{"K", "KB", "M", "MB", "G", "GB"}
	// timeUnits holds microseconds.
	timeUnits = map[string]int64{
		"us": 1, "microsecond": 1, "microseconds": 1, "ms": 1e3, "millisecond": 1e3, "milliseconds": 1e3, "s": 1e6, "sec": 1e6,
		"second": 1e6, "seconds": 1e6, "min": 60e6, "minute": 60e6, "minutes": 60e6, "h": 3600e6, "hour": 3600e6, "hours": 3600e6,
		"d": 86400e6, "day": 86400e6, "days": 86400e6, "week": 7 * 86400e6, "weeks": 7 * 86400e6,
	}
)

func (l *rlimitRule) body(r *reader, _ words) rule.Body {
	name, value, unit := l.Name.Value, l.Value.Value, l.Unit.Value
	switch {
	case !rlimits().Has(name):
		r.refuse(l.Name, "unknown-rlimit", "unknown limit "+name, "The limits are %s.%s", list(rlimits().Names()), rlimits.hint(name))
	case value == "infinity":
		unit = ""
	default:
		r.checkRlimit(l, name, value, unit)
	}
	return rule.Rlimit{Name: name, Value: value + unit}
}

// checkRlimit refuses values and units that a limit does not take
// (parser_yacc.y: TOK_RLIMIT).
func (r *reader) checkRlimit(l *rlimitRule, name, value, unit string) {
	n, err := strconv.ParseInt(value, 10, 64)
	bad := func(t lexer.Token, detail string) {
		r.refuse(t, "bad-rlimit", "value that "+name+" does not take", "%s", detail)
	}
	switch {
	case name == "nice" && (err != nil || n < -20 || n > 19 || unit != ""):
		bad(l.Value, "Write a number from -20 to 19.")
	case name == "nice":
	case err != nil || n < 0:
		bad(l.Value, "Write a number from 0 on, or infinity.")
	case slices.Contains(sizeRlimits, name):
		if unit != "" && !slices.Contains(sizeUnits, unit) {
			bad(l.Unit, "Units of size are K, M and G.")
		}
	case name == "cpu" || name == "rttime":
		r.checkTime(l, bad, name, unit, n)
	case unit != "":
		bad(l.Unit, "This limit has no unit.")
	}
}

func (r *reader) checkTime(l *rlimitRule, bad func(lexer.Token, string), name, unit string, n int64) {
	if unit == "" {
		return
	}
	size, ok := timeUnits[unit]
	least, word := int64(1), "microsecond"
	if name == "cpu" {
		least, word = 1e6, "second"
	}
	switch {
	case !ok:
		bad(l.Unit, "Units of time are us, ms, s, min, h, d and week, and their long names.")
	case n < (least+size-1)/size:
		bad(l.Value, "The least is one "+word+".")
	}
}

// glob refuses what is no glob. A word with variables is for Check, as their
// values may hold braces; one that is not there is fine.
func (r *reader) glob(t lexer.Token) { r.globIn(t, text(t)) }

// globIn does as glob for what a token ends in.
func (r *reader) globIn(t lexer.Token, word string) {
	if strings.Contains(word, "@{") {
		return
	}
	if d, ok := badGlob(word); ok {
		start := t.Pos.Offset + strings.LastIndex(t.Value, word)
		d.Subject = r.place(start+d.Subject.Start.Byte, t.Pos.Offset+len(t.Value))
		r.report(d)
	}
}

// badGlob says what is wrong with a glob, at an offset in it. What the parser
// accepts and then corrupts is a warning, unless an error stands behind it.
func badGlob(word string) (found diag.Diagnostic, ok bool) {
	if !strings.ContainsAny(word, `\{}[]`) {
		return diag.Diagnostic{}, false
	}
	rest := []byte(word)
	for {
		_, err := glob.Parse(string(rest))
		var syntax *glob.SyntaxError
		if !errors.As(err, &syntax) {
			return found, ok
		}
		at := diag.Range{Start: diag.Pos{Byte: syntax.Offset}}
		d := diag.Errorf(at, "bad-glob", syntax.Msg, "In the glob %s: %s.", short(word), syntax.Hint)
		if !corrupts(rest, syntax.Offset) {
			return d, true
		}
		if !ok {
			d.Severity = diag.Warning
			d.Detail += " The parser accepts it, but the rule does not mean what it says."
			found, ok = d, true
		}
		rest[syntax.Offset] = 'x'
	}
}

func (r *reader) globs(tokens []lexer.Token) {
	for _, t := range tokens {
		r.glob(t)
	}
}

// corrupts says whether the fault is one that the parser does not see: a star
// or a question mark in a class, or an escape that another one completes.
func corrupts(word []byte, offset int) bool {
	if offset >= len(word) {
		return false
	}
	c := word[offset]
	return c == '*' || c == '?' || c == '\\' && offset+1 < len(word)
}
