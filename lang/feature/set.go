package feature

import (
	"errors"
	"fmt"
	"strings"
)

// Set is a set of features as a kernel reports it below
// /sys/kernel/security/apparmor/features, and as an abi file holds it: names
// with a body in braces, which holds words or further names.
type Set struct {
	text  []byte
	paths map[string]bool
}

// Has says whether the set holds the path, as in "network_v8/af_inet". The
// last part may be a word of a body, as in "caps/mask/bpf".
func (s *Set) Has(path string) bool { return s.paths[path] }

// Text returns the set in the form that apparmor_parser reads. The caller must
// not change it.
func (s *Set) Text() []byte { return s.text }

var errBraces = errors.New("feature set: braces do not match")

// ParseSet reads the text of a feature set.
func ParseSet(text []byte) (*Set, error) {
	s := &Set{text: text, paths: map[string]bool{}}
	var within []string // names whose bodies are open
	for _, token := range tokens(string(text)) {
		switch token {
		case "{":
			return nil, fmt.Errorf("feature set: a body without a name")
		case "}":
			if len(within) == 0 {
				return nil, errBraces
			}
			within = within[:len(within)-1]
		default:
			name, opens := strings.CutSuffix(token, "{")
			s.paths[strings.Join(append(within, name), "/")] = true
			if opens {
				within = append(within, name)
			}
		}
	}
	if len(within) > 0 {
		return nil, errBraces
	}
	return s, nil
}

// tokens cuts text into words and "}"; a word before a body carries its "{",
// whether a space stands between them or not.
func tokens(text string) []string {
	text = strings.NewReplacer("}", " } ", "{", "{ ").Replace(text)
	var out []string
	for _, field := range strings.Fields(text) {
		if field == "{" && len(out) > 0 && !strings.ContainsAny(out[len(out)-1], "{}") {
			out[len(out)-1] += "{"
			continue
		}
		out = append(out, field)
	}
	return out
}
