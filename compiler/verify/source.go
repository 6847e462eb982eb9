package verify

import (
	"slices"
	"strings"
)

// source is profile text cut into lines, with as much understanding as it
// takes to find what a message can mean. It reads text with one rule a line,
// as apc writes it, exactly; of other spellings it finds less, never more.
type source struct {
	lines []sourceLine
}

// sourceLine is one line of profile text.
type sourceLine struct {
	text    string // without indentation and comment
	profile string // own name of the innermost profile around it, or that it opens
	rule    bool   // a rule that stands on this line alone
	opens   bool   // the head of a profile, hat or block
	deny    bool
	keyword string // first word of a rule after its qualifiers
}

// readSource cuts the text.
func readSource(text []byte) source {
	var s source
	var within []string // names of the open profiles, the innermost last
	for line := range strings.Lines(string(text)) {
		l := sourceLine{text: strings.TrimSpace(withoutComment(line))}
		switch {
		case strings.HasPrefix(l.text, "}") && len(within) > 0:
			within = within[:len(within)-1]
		case strings.HasSuffix(l.text, " {"):
			l.opens = true
			within = append(within, profileName(l.text, innermost(within)))
		}
		l.profile = innermost(within)
		l.readRule()
		s.lines = append(s.lines, l)
	}
	return s
}

// withoutComment cuts off a comment, which begins the line or follows a space;
// the line of an #include is none.
func withoutComment(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "#include") {
		return line
	}
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == '#' && !quoted && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return line
}

func innermost(within []string) string {
	if len(within) == 0 {
		return ""
	}
	return within[len(within)-1]
}

// profileName returns the name in the head of a profile or hat, and around
// for the head of another block.
func profileName(head, around string) string {
	first, rest := cutWord(head)
	switch {
	case first == "profile" || first == "hat":
		name, _ := cutWord(rest)
		return name
	case strings.HasPrefix(first, "^"):
		return first[1:]
	case strings.HasPrefix(first, "/") || strings.HasPrefix(first, "@{"):
		return first
	}
	return around
}

// cutWord cuts the first word off s, without its quotes if it has any.
func cutWord(s string) (word, rest string) {
	s = strings.TrimSpace(s)
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		word, rest, _ = strings.Cut(quoted, `"`)
		return word, rest
	}
	word, rest, _ = strings.Cut(s, " ")
	return strings.TrimSuffix(word, ","), rest
}

// readRule finds the keyword of a rule and whether it denies.
func (l *sourceLine) readRule() {
	if l.opens || !strings.HasSuffix(l.text, ",") || l.profile == "" {
		return
	}
	l.rule = true
	for rest := l.text; rest != ""; {
		l.keyword, rest = cutWord(rest)
		switch {
		case l.keyword == "deny":
			l.deny = true
		case l.keyword == "audit" || l.keyword == "allow" || l.keyword == "quiet" || l.keyword == "prompt" || l.keyword == "owner":
		case strings.HasPrefix(l.keyword, "priority="):
		default:
			return
		}
	}
}

// is says whether a line is one of those that a keyword of the unenforced
// warnings means.
func (l sourceLine) is(keyword string) bool {
	switch {
	case keyword == "deny unix":
		return l.deny && l.keyword == "unix"
	case keyword == "unix":
		return !l.deny && l.keyword == "unix"
	case strings.HasSuffix(keyword, "=") || keyword == "interruptible":
		return l.opens && strings.Contains(l.text, keyword)
	}
	return l.keyword == keyword
}

// mentions says whether word stands in the line, and not as a part of a longer
// word.
func (l sourceLine) mentions(word string) bool {
	for rest := l.text; ; {
		before, after, ok := strings.Cut(rest, word)
		if !ok || word == "" {
			return false
		}
		if !endsInWord(before) && !startsInWord(after) {
			return true
		}
		rest = after
	}
}

func endsInWord(s string) bool { return s != "" && isWord(s[len(s)-1]) }

func startsInWord(s string) bool { return s != "" && isWord(s[0]) }

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// of returns the numbers of the lines within profile that any of the keywords
// means; where there are none, of its rule all, which stands for each class.
func (s source) of(profile string, keywords []string) []int {
	for _, words := range [][]string{keywords, {"all"}} {
		found := s.where(func(l sourceLine) bool { return l.profile == profile && slices.ContainsFunc(words, l.is) })
		if found != nil {
			return found
		}
	}
	return nil
}

// where returns the numbers of the lines for which ok holds.
func (s source) where(ok func(sourceLine) bool) []int {
	var found []int
	for i, l := range s.lines {
		if ok(l) {
			found = append(found, i+1)
		}
	}
	return found
}

func (l sourceLine) include() bool {
	return strings.HasPrefix(l.text, "include ") || strings.HasPrefix(l.text, "#include ")
}

// includes says whether the line includes the file of that path.
func (l sourceLine) includes(file string) bool {
	if !l.include() {
		return false
	}
	name := strings.Trim(l.text[strings.LastIndex(l.text, " ")+1:], `<>"`)
	return file == name || strings.HasSuffix(file, "/"+strings.Trim(name, "/")) || strings.Contains(file, "/"+strings.Trim(name, "/")+"/")
}

// faulty returns the line that an error at line n is about: the parser names
// the line where it stumbled, which is after the fault where a rule lacks its
// comma, or where the assignment of a variable is wrong.
func (s source) faulty(n int, text string) int {
	n = max(1, min(n, len(s.lines)))
	before := s.statementBefore(n)
	if before == 0 {
		return n
	}
	l := s.lines[before-1]
	assigns := strings.HasPrefix(l.text, "@{") && strings.Contains(l.text, "=") || strings.HasPrefix(l.text, "${")
	switch {
	case assigns && (strings.HasPrefix(text, "variable @{") || strings.HasSuffix(text, "expecting TOK_VALUE")):
		return before
	case assigns || l.include() || strings.HasSuffix(l.text, ",") || strings.HasSuffix(l.text, "{") || strings.HasSuffix(l.text, "}"):
		return n
	}
	return before
}

// statementBefore returns the number of the last line before n that holds
// more than a comment, or 0.
func (s source) statementBefore(n int) int {
	for n--; n > 0 && s.lines[n-1].text == ""; n-- {
	}
	return max(n, 0)
}

// only returns the text with the lines of drop left empty, save those of keep.
func (s source) only(text []byte, drop, keep []int) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	for _, n := range drop {
		if !slices.Contains(keep, n) {
			lines[n-1] = "\n"
		}
	}
	return []byte(strings.Join(lines, ""))
}
