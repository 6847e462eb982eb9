package propose

import (
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"apc/lang/glob"
)

// Statement is something that a body of a policy may say: an entry of an
// attribute that is a list, or a block.
type Statement struct {
	Attribute string // "" for a block
	Block     string
	Label     string
	// Fields are those of the block, or of the entry; an entry with one field
	// is written as a string. Values are strings, lists of strings, booleans
	// and numbers.
	Fields []Field
	// When says for what the statement is the right choice.
	When string
}

// Field is a name with its value.
type Field struct {
	Name  string
	Value any
}

// Literal returns the pattern that matches a name from a record and nothing
// else, as a policy may hold it: globs escaped, control characters in octal,
// and text that is not in Unicode's normal form C, which policies refuse, in
// octal too.
func Literal(name string) string {
	quoted := glob.Quote(name)
	if norm.NFC.IsNormalString(quoted) {
		return quoted
	}
	var b strings.Builder
	for i := range len(quoted) {
		if quoted[i] < 0x80 {
			b.WriteByte(quoted[i])
		} else {
			fmt.Fprintf(&b, `\%03o`, quoted[i])
		}
	}
	return b.String()
}

// LiteralLabel is Literal for the name of a profile, in which two slashes part
// a child from its parent: the parser collapses slashes in paths only.
func LiteralLabel(name string) string { return strings.ReplaceAll(Literal(name), `/\/`, "//") }

// HCL spells the statement as a body of a policy in HCL holds it, on its own
// and without indentation.
func (s Statement) HCL() string {
	if s.Attribute != "" {
		return s.Attribute + " = [" + s.entry() + "]"
	}
	head := s.Block
	if s.Label != "" {
		head += " " + hclString(s.Label)
	}
	if len(s.Fields) == 0 {
		return head + " {}"
	}
	width := 0
	for _, f := range s.Fields {
		width = max(width, len(f.Name))
	}
	var b strings.Builder
	b.WriteString(head + " {\n")
	for _, f := range s.Fields {
		fmt.Fprintf(&b, "  %-*s = %s\n", width, f.Name, hclValue(f.Value))
	}
	return b.String() + "}"
}

// entry spells the entry of a list in HCL.
func (s Statement) entry() string {
	if len(s.Fields) == 1 {
		return hclValue(s.Fields[0].Value)
	}
	parts := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		parts[i] = f.Name + " = " + hclValue(f.Value)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// JSON spells the statement as a member of an object in HCL's JSON syntax,
// which YAML takes too.
func (s Statement) JSON() string {
	object := map[string]any{}
	for _, f := range s.Fields {
		object[f.Name] = jsonValue(f.Value)
	}
	var value any = object
	switch {
	case s.Attribute != "" && len(s.Fields) == 1:
		value = []any{jsonValue(s.Fields[0].Value)}
	case s.Attribute != "":
		value = []any{object}
	case s.Label != "":
		value = map[string]any{template(s.Label): object}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return ""
	}
	return `"` + s.Attribute + s.Block + `": ` + strings.TrimSpace(b.String())
}

func jsonValue(v any) any {
	if s, ok := v.(string); ok {
		return template(s)
	}
	return v
}

func hclValue(v any) string {
	switch v := v.(type) {
	case string:
		return hclString(v)
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = hclString(s)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// template escapes what begins an interpolation or a directive.
func template(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}

// hclString spells a string in quotes. Control characters cannot be in it,
// since Literal has escaped them; they become escapes of HCL all the same.
func hclString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range template(s) {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
