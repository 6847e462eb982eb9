package profile

import (
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

// execRule is a rule that executes, as far as it can contradict another.
type execRule struct {
	rule   *Rule
	path   string // expanded
	target string // of a change_profile rule, expanded
	how    string // the transition, with its target
	owner  bool   // holds for files of the owner
	other  bool   // holds for files of others
	via    []*Include
}

// addExec remembers what a rule says about execution.
func (c *checker) addExec(r *Rule, b *body, g group) {
	e := execRule{rule: r, owner: !r.Other && !g.other, other: !r.Owner && !g.owner, via: slices.Clone(c.via)}
	switch f := r.Body.(type) {
	case rule.File:
		if f.Target != "" && f.Exec != "" {
			b.targets[transitionTarget(f, b)] = true
		}
		e.path, e.how = f.Path, transitionKey(f, b)
		if f.Path == "" {
			e.path, e.how = "/{**,}", "ix"
		}
	case rule.ChangeProfile:
		e.path, e.target, e.how = f.Exec, f.Target, "change_profile "+strings.TrimPrefix(f.Mode, "safe")
		if e.target == "" {
			e.target = "**"
		}
	}
	if r.Action == rule.Deny || r.Action == rule.Prompt || g.deny || e.path == "" || e.how == "" {
		return
	}
	for _, path := range c.aliased(c.expanded(e.path, b)) {
		e := e
		e.path, e.target = path, c.expanded(e.target, b)
		b.execs = append(b.execs, e)
	}
}

// expanded replaces variables without a word about those that cannot be.
func (c *checker) expanded(word string, b *body) string {
	if !strings.Contains(word, "@{") {
		return word
	}
	out, err := c.vars.expand(word, b.autos)
	if err != nil {
		return word
	}
	return out
}

// aliased returns a path and what aliases make of it.
func (c *checker) aliased(path string) []string {
	out := []string{path}
	for _, a := range c.aliases {
		if rest, ok := strings.CutPrefix(path, a.From); ok {
			out = append(out, a.To+rest)
		}
	}
	return out
}

// transitionTarget names the profile that a rule leads to.
func transitionTarget(f rule.File, b *body) string {
	if strings.Contains(strings.ToLower(string(f.Exec)), "c") && !strings.HasPrefix(f.Target, ":") {
		return b.profile.Name + "//" + f.Target
	}
	return f.Target
}

// transitionKey tells transitions apart.
func transitionKey(f rule.File, b *body) string {
	if f.Exec == "" {
		return ""
	}
	how := string(f.Exec)
	if f.Unsafe {
		how = "unsafe " + how
	}
	if f.Target != "" && (f.Target != f.Path || !strings.Contains(strings.ToLower(how), "c")) {
		how += " -> " + transitionTarget(f, b)
	}
	return how
}

// execSet finds contradictions among the exec rules of a profile. Paths and
// alternations of paths are told apart from other globs, over which they win.
type execSet struct {
	exact    map[string][]execRule
	patterns []pattern
}

// pattern is an exec rule with a glob.
type pattern struct {
	execRule
	prefix string // up to the first character that is special
	glob   *glob.Automaton
}

// checkExecs refuses rules that say different things about the execution of
// one file.
func (c *checker) checkExecs(b *body) {
	set := execSet{exact: map[string][]execRule{}}
	for _, e := range b.execs {
		if other, at := set.add(e); other != nil {
			c.conflict(e, *other, at)
		}
	}
}

// maxBranches bounds the paths that an alternation is written out to.
const maxBranches = 256

// add puts a rule into the set and returns a rule that contradicts it, with a
// path for which both hold.
func (s *execSet) add(e execRule) (*execRule, string) {
	if paths := exactPaths(e.path); paths != nil && (e.target == "" || exactPaths(e.target) != nil) {
		return s.addExact(e, paths)
	}
	p := pattern{execRule: e, prefix: literalPrefix(e.path)}
	defer func() { s.patterns = append(s.patterns, p) }()
	for i := range s.patterns {
		q := &s.patterns[i]
		if !contradict(e, q.execRule) || !strings.HasPrefix(p.prefix, q.prefix) && !strings.HasPrefix(q.prefix, p.prefix) {
			continue
		}
		if at, ok := p.meets(q); ok {
			return &q.execRule, at
		}
	}
	return nil, ""
}

func (s *execSet) addExact(e execRule, paths []string) (*execRule, string) {
	var found *execRule
	at := ""
	for _, p := range paths {
		for i := range s.exact[p] {
			if o := &s.exact[p][i]; found == nil && contradict(e, *o) && o.target == e.target {
				found, at = o, p
			}
		}
		s.exact[p] = append(s.exact[p], e)
	}
	return found, at
}

// contradict says whether two rules for one path cannot both hold.
func contradict(a, b execRule) bool {
	same := a.rule.Priority == b.rule.Priority && (a.target == "") == (b.target == "")
	return same && a.how != b.how && (a.owner && b.owner || a.other && b.other)
}

// exactPaths returns the paths of a glob that is a path or an alternation of
// paths, or nil for any other.
func exactPaths(word string) []string {
	if !strings.ContainsAny(word, `\{}[]*?`) {
		return []string{collapse(word)}
	}
	g, err := glob.Parse(word)
	if err != nil || !g.Exact() {
		return nil
	}
	var out []string
	for _, branch := range branches(word, maxBranches) {
		b, err := glob.Parse(branch)
		if err != nil {
			return nil
		}
		path, ok := b.IsLiteral()
		if !ok {
			return nil
		}
		out = append(out, path)
	}
	return out
}

// collapse turns runs of slashes into one.
func collapse(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// branches writes out the alternations of a word, at most limit of them.
func branches(word string, limit int) []string {
	open, level := -1, 0
	cuts := []int{}
	for i := 0; i < len(word); i++ {
		switch word[i] {
		case '\\':
			i++
		case '{':
			if level++; level == 1 && open < 0 {
				open = i
				cuts = append(cuts, i)
			}
		case ',':
			if level == 1 && open >= 0 {
				cuts = append(cuts, i)
			}
		case '}':
			if level--; level == 0 && open >= 0 {
				return join(word, append(cuts, i), limit)
			}
		}
	}
	return []string{word}
}

// join writes out a word whose first alternation is cut at these places.
func join(word string, cuts []int, limit int) []string {
	var out []string
	for i := 0; i+1 < len(cuts); i++ {
		branch := word[:cuts[0]] + word[cuts[i]+1:cuts[i+1]] + word[cuts[len(cuts)-1]+1:]
		out = append(out, branches(branch, limit-len(out))...)
		if len(out) >= limit {
			return out[:limit]
		}
	}
	return out
}

// literalPrefix returns what a glob begins with, whatever it matches.
func literalPrefix(word string) string {
	if i := strings.IndexAny(word, `\{}[]*?`); i >= 0 {
		return word[:i]
	}
	return word
}

// meets returns a path that both patterns match. Where that cannot be said
// they do not meet.
func (p *pattern) meets(q *pattern) (string, bool) {
	if p.target != "" && !overlap(p.target, q.target) {
		return "", false
	}
	a, b := p.automaton(), q.automaton()
	if a == nil || b == nil {
		return "", false
	}
	ok, witness, err := a.Intersects(b)
	return witness, ok && err == nil
}

// overlap says whether two targets of change_profile meet.
func overlap(a, b string) bool {
	p, q := pattern{execRule: execRule{path: "/" + a}}, pattern{execRule: execRule{path: "/" + b}}
	_, ok := p.meets(&q)
	return ok
}

func (p *pattern) automaton() *glob.Automaton {
	if p.glob == nil {
		g, err := glob.Parse(p.path)
		if err != nil {
			return nil
		}
		p.glob, _ = glob.Compile(g) // nil where it is too large
	}
	return p.glob
}

// conflict reports two rules that contradict each other.
func (c *checker) conflict(e, other execRule, at string) {
	how := func(e execRule) string { return strings.TrimSpace(strings.TrimPrefix(e.how, "change_profile")) }
	d := diag.Errorf(e.rule.Range, "conflicting-exec", "exec rules that contradict each other",
		"%s would be executed as %q and as %q. Keep one, or make one of the paths exact.", at, how(e), how(other))
	d.Related = []diag.Related{{Range: other.rule.Range, Message: "the other rule is here"}}
	before := c.via
	c.via = e.via
	c.report(d)
	c.via = before
}
