package yaml

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// A scalarValue is a scalar as JSON.
type scalarValue struct {
	kind    string // the tag of its kind
	json    string // for a kind other than !!str
	problem string // why JSON cannot hold it
	octal   bool   // YAML 1.1 reads it as an octal number
}

// kindNames name kinds of values in sentences.
var kindNames = map[string]string{"!!null": "null", "!!bool": "a boolean", "!!int": "a number", "!!float": "a number"}

// resolve returns the value of a scalar: a string in quotes, or behind a tag
// that says so, or else by the text.
func resolve(l *lexeme, tag string) scalarValue {
	if tag == "!!str" || tag == "" && !l.plain() {
		return scalarValue{kind: "!!str"}
	}
	return coreSchema(l.text)
}

// The forms of numbers in the core schema: YAML 1.2, section 10.3.2.
var (
	yamlInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	yamlBased = regexp.MustCompile(`^0(o[0-7]+|x[0-9a-fA-F]+)$`)
	yamlFloat = regexp.MustCompile(`^([-+]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))([eE][-+]?[0-9]+)?$`)
	yamlNaN   = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// coreSchema returns the value of a scalar without quotes: YAML 1.2, section
// 10.3.2.
func coreSchema(text string) scalarValue {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return scalarValue{kind: "!!null", json: "null"}
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return scalarValue{kind: "!!bool", json: strings.ToLower(text)}
	}
	switch {
	case yamlInt.MatchString(text):
		digits := strings.TrimLeft(text, "+-")
		return number(scalarValue{kind: "!!int", json: text, octal: len(digits) > 1 && digits[0] == '0'})
	case yamlBased.MatchString(text):
		n, _ := new(big.Int).SetString(text, 0)
		return number(scalarValue{kind: "!!int", json: n.String()})
	case yamlNaN.MatchString(text):
		return scalarValue{kind: "!!float", json: "null", problem: "Infinity and NaN are no numbers here. Put the word in quotes."}
	case yamlFloat.MatchString(text):
		return number(scalarValue{kind: "!!float", json: text})
	}
	return scalarValue{kind: "!!str"}
}

// number spells a number as JSON does: without plus sign and leading zeros,
// and with digits on both sides of the point.
func number(v scalarValue) scalarValue {
	m := yamlFloat.FindStringSubmatch(v.json)
	whole := strings.TrimLeft(m[2], "0")
	if whole == "" {
		whole = "0"
	}
	v.json = strings.TrimPrefix(m[1], "+") + whole
	if fraction := m[3] + m[4]; fraction != "" {
		v.json += "." + fraction
	}
	v.json += m[5]
	if _, err := strconv.ParseFloat(v.json, 64); err != nil || len(v.json) > maxDigits {
		v.json, v.problem = "null", "The number is too large or too long. Put it in quotes if it is a string."
	}
	return v
}
