package profile

import (
	"strings"

	"github.com/alecthomas/participle/v2"

	"apc/lang/diag"
)

// forms says how statements are written, by their keyword.
var forms = map[string]string{
	"":               "PATH ACCESS, as in `/etc/app.conf r`, or `PATH px -> PROFILE`",
	"file":           "`file PATH ACCESS`, or `file` alone",
	"link":           "`link [subset] PATH -> TARGET`",
	"all":            "`all`",
	"capability":     "`capability [NAME …]`",
	"network":        "`network [ACCESS] [FAMILY [TYPE]] [ip=… port=… interface=…] [peer=(ip=… port=…)]`",
	"unix":           "`unix [ACCESS] [type=… addr=…] [peer=(addr=… label=…)]`",
	"dbus":           "`dbus [ACCESS] [bus=… path=… interface=… member=… name=…] [peer=(name=… label=…)]`",
	"signal":         "`signal [ACCESS] [set=(…)] [peer=PROFILE]`",
	"ptrace":         "`ptrace [ACCESS] [peer=PROFILE]`",
	"userns":         "`userns [create]`",
	"mqueue":         "`mqueue [ACCESS] [type=posix|sysv] [label=…] [NAME]`",
	"io_uring":       "`io_uring [ACCESS] [label=…]`",
	"mount":          "`mount [fstype=… options=…] [SOURCE] [-> MOUNTPOINT]`",
	"remount":        "`remount [options=…] [MOUNTPOINT]`",
	"umount":         "`umount [options=…] [MOUNTPOINT]`",
	"unmount":        "`umount [options=…] [MOUNTPOINT]`",
	"pivot_root":     "`pivot_root [oldroot=PATH] [NEWROOT] [-> PROFILE]`",
	"change_profile": "`change_profile [[safe|unsafe] PATH] [-> PROFILE]`",
	"set":            "`set rlimit NAME <= VALUE`",
	"abi":            "`abi <abi/4.0>`",
	"alias":          "`alias FROM -> TO`",
	"rewrite":        "`alias FROM -> TO`",
	"profile":        "`profile NAME [ATTACHMENT] [xattrs=(…)] [flags=(…)] {`",
	"if":             "`if CONDITION {`",
	"else":           "`else {` or `else if CONDITION {`, behind the closing brace of an if",
	"include":        "`include <FILE>`, `include \"FILE\"` or `include if exists <FILE>`",
	"variable":       "`@{NAME} = VALUE …`, with =, +=, ?= or := and at least one value, on a line of its own",
	"boolean":        "`${NAME} = true`",
}

// form says how the statement at hand should have been written.
func (r *reader) form(tokens []token) string {
	key := ""
	switch first := tokens[0]; {
	case first.kind == tokInclude:
		key = "include"
	case first.kind == tokVariable && r.isAssignment(tokens):
		key = "variable"
	case first.kind == tokBoolean:
		key = "boolean"
	default:
		if i := r.wordsEnd(tokens); i < len(tokens) {
			if w := r.text(tokens[i]); tokens[i].kind == tokKeyword && forms[w] != "" {
				key = w
			} else if r.is(tokens[len(tokens)-1], "{") {
				key = "profile"
			}
		}
	}
	return "It is written as " + forms[key] + "."
}

// recover reports the first token that does not fit, and goes on behind the
// statement or, where a comma seems to be missing, at the next one.
func (r *reader) recover(tokens []token, err error) Node {
	bad := r.unexpected(tokens, err)
	if i := r.missingComma(tokens, bad); i > 0 {
		return r.cut(tokens[:i], tokens[i].start)
	}
	t := tokens[bad]
	if err == errNested {
		r.fail(tokens[0].start, t.end, "too-deep", "condition nested too deep", "No condition needs more than %d levels.", maxExpr)
	} else {
		r.fail(t.start, t.end, "syntax", "unexpected "+quoted(r.text(t)), "%s%s", expected(err), r.form(tokens))
	}
	last := tokens[len(tokens)-1]
	if r.is(last, "{") {
		return r.badBlock(tokens)
	}
	if eol := r.lineEnd(t.end); eol < last.start {
		r.scan.reset(eol)
		return &Bad{Base: r.take(tokens[0].start, eol, false)}
	}
	return &Bad{Base: r.take(tokens[0].start, last.end, false)}
}

// unexpected returns the index of the token at which the grammar failed.
func (r *reader) unexpected(tokens []token, err error) int {
	at := len(r.src)
	if e, ok := err.(participle.Error); ok {
		at = e.Position().Offset
	}
	for i, t := range tokens {
		if t.start == at {
			return i
		}
	}
	return len(tokens) - 1
}

// quoted shows a token in a message.
func quoted(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "end of line"
	}
	return "`" + short(s) + "`"
}

// short cuts a long word for a message.
func short(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// expected says what the grammar waited for, where that is one thing.
func expected(err error) string {
	e, ok := err.(participle.Error)
	if !ok {
		return ""
	}
	_, want, ok := strings.Cut(e.Message(), "(expected ")
	want = strings.TrimSuffix(want, ")")
	names := map[string]string{"<access>": "permissions such as rw", "<word>": "a name or path", "<value>": "a value",
		"(<word> | <variable>)": "a path or name", "<value>+": "a value", `","`: "a comma"}
	if name := names[want]; ok && name != "" {
		return "Expected " + name + ". "
	}
	return ""
}

// missingComma returns the index of the token that seems to begin a statement
// of its own, because the one before lacks its comma; 0 where none does. It is
// the first of its line and looks like the start of a rule.
func (r *reader) missingComma(tokens []token, bad int) int {
	for i := 1; i <= bad && i < len(tokens); i++ {
		between := r.src[tokens[i-1].end:tokens[i].start]
		if strings.Contains(between, "\n") && r.startsRule(tokens[i]) && !r.is(tokens[i-1], "->") && !r.is(tokens[i-1], "=") {
			return i
		}
	}
	return 0
}

// startsRule says whether a token looks like the start of a statement.
func (r *reader) startsRule(t token) bool {
	s := r.text(t)
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "@{") || strings.HasPrefix(s, `"/`) || s == "}" || t.kind == tokInclude {
		return true
	}
	if _, ok := keywords[s]; ok && s != "in" && s != "and" && s != "or" && s != "not" && s != "defined" {
		return true
	}
	return s == "profile" || s == "hat" || s == "include" || strings.HasPrefix(s, "^")
}

// cut ends a statement without its comma and goes on at the next one.
func (r *reader) cut(tokens []token, next int) Node {
	end := tokens[len(tokens)-1].end
	r.scan.reset(next)
	if strings.HasSuffix(r.src[:end], ",\r") {
		r.fail(end-1, end, "carriage-return", "carriage return behind a comma",
			"In a rule of this kind the parser takes it for a part of the word before. Save the file with plain line ends.")
		return &Bad{Base: r.take(tokens[0].start, end, false)}
	}
	if first := strings.TrimPrefix(r.text(tokens[0]), "#"); len(tokens) == 1 && strings.HasPrefix(first, "include") {
		r.fail(tokens[0].start, end, "syntax", "include without a path", "It is written as `include <FILE>` or `include \"/PATH\"`.")
		return &Bad{Base: r.take(tokens[0].start, end, false)}
	}
	d := diag.Errorf(r.place(max(tokens[0].start, end-1), end), "missing-comma", "missing comma", "Every rule ends with a comma.")
	d.Fix = []diag.Edit{{Range: r.place(end, end), New: ","}}
	r.report(d)
	return &Bad{Base: r.take(tokens[0].start, end, false)}
}

// badBlock keeps a block whose head could not be read, with what it holds.
func (r *reader) badBlock(tokens []token) Node {
	bad := &Bad{Block: &Block{}}
	r.complete(bad, tokens)
	return bad
}

// unfinished reports a statement that a closing brace or the end of the text
// cuts off.
func (r *reader) unfinished(tokens []token) Node {
	if tokens[0].kind == tokKeyword && r.text(tokens[0]) == "else" && len(tokens) == 1 {
		r.fail(tokens[0].start, tokens[0].end, "syntax", "else without an if", "%s", r.form(tokens))
	}
	if i := r.missingComma(tokens, len(tokens)-1); i > 0 {
		return r.cut(tokens[:i], tokens[i].start)
	}
	if len(tokens) <= maxTokens {
		return r.cut(tokens, r.scan.pos)
	}
	r.fail(tokens[0].start, tokens[0].end, "syntax", "statement that does not end", "%s", r.form(tokens))
	eol := max(r.lineEnd(tokens[0].start), tokens[0].end)
	r.scan.reset(eol)
	return &Bad{Base: r.take(tokens[0].start, eol, false)}
}

// unreadable reports a character that cannot stand where it does, and goes on
// behind the next comma or brace of the line, or on the next line.
func (r *reader) unreadable(tokens []token) Node {
	t := tokens[len(tokens)-1]
	if i := r.missingComma(tokens, len(tokens)-1); i > 0 && i < len(tokens)-1 {
		return r.cut(tokens[:i], tokens[i].start)
	}
	r.explain(t, tokens[:len(tokens)-1])
	end := r.resync(t)
	r.scan.reset(end)
	if end > t.start && r.src[end-1] == '{' {
		last := token{tokPunct, end - 1, end}
		return r.badBlock(append(tokens[:len(tokens)-1:len(tokens)-1], t, last))
	}
	return &Bad{Base: r.take(tokens[0].start, end, false)}
}

// explain says what is wrong with a character.
func (r *reader) explain(t token, before []token) {
	end := t.end
	switch c := r.src[t.start]; {
	case c == '"' && quotedEnd(r.src, t.start) == t.start:
		r.fail(t.start, end, "unclosed-quote", "quote that is never closed", `Write a second ", or a literal one as \".`)
	case c == '"':
		r.fail(t.start, end, "syntax", "quote where none can stand", "A quoted path begins with a slash or a variable, and no word goes on behind it.")
	case c == '#' && r.scan.comment() < 0:
		r.fail(t.start, end, "unfinished-comment", "comment at the end of the file without a line end",
			"The parser refuses it. End the file with a line end.")
	case c == ',' && len(before) > 0 && (before[0].kind == tokVariable || before[0].kind == tokBoolean):
		r.fail(t.start, end, "syntax", "comma behind the values of a variable", "Values are parted by blanks, and the line ends without a comma.")
	case c == '!':
		r.fail(t.start, end, "syntax", "! outside of quotes", `Quote the path, or write \041.`)
	default:
		detail := ""
		if len(before) > 0 {
			detail = r.form(before)
		}
		r.fail(t.start, end, "syntax", "unexpected "+quoted(r.src[t.start:end]), "%s", detail)
	}
}

// lineEnd returns the offset of the end of the line.
func (r *reader) lineEnd(offset int) int {
	if n := strings.IndexByte(r.src[offset:], '\n'); n >= 0 {
		return offset + n
	}
	return len(r.src)
}

// resync returns where to go on behind an unreadable token: behind the next
// comma that could end a rule, at a closing brace, behind an opening one, or at
// the end of the line.
func (r *reader) resync(t token) int {
	eol := r.lineEnd(t.start)
	for i := max(t.end, t.start+1); i < eol; i++ {
		free := i+1 == eol || blankChars[r.src[i+1]] || r.src[i+1] == '\r'
		switch c := r.src[i]; {
		case c == ',' && free, c == '{' && free && blankChars[r.src[i-1]]:
			return i + 1
		case c == '}' && free && (blankChars[r.src[i-1]] || r.src[i-1] == ','):
			return i
		case c == '#' && blankChars[r.src[i-1]]:
			return i
		}
	}
	return max(eol, t.start)
}
