package profile

import (
	"cmp"
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

// execRule is a rule that executes, as far as it can contradict another.
type execRule struct {
	rule     *Rule
	priority int
	path     string // expanded
	target   string // of a change_profile rule, expanded
	how      string // the transition, with its target
	owner    bool   // holds for files of the owner
	other    bool   // holds for files of others
	audit    bool
	prompt   bool // the parser compares it with rules of the same path only
	via      []*Include
}

// addExec remembers what a rule says about execution.
func (c *checker) addExec(r *Rule, b *body, g group) {
	said := g.applied(r.Rule)
	e := execRule{rule: r, priority: said.Priority, audit: said.Audit, owner: !said.Other, other: !said.Owner}
	switch f := r.Body.(type) {
	case rule.File:
		if f.Target != "" && f.Exec != "" {
			b.targets[transitionTarget(f, b)] = true
		}
		e.path, e.how, e.prompt = f.Path, transitionKey(f, b), said.Action == rule.Prompt
		if f.Path == "" {
			e.path, e.how = "/{**,}", "ix"
		}
	case rule.ChangeProfile:
		e.path, e.target, e.how = f.Exec, f.Target, "change_profile "+cmp.Or(f.Mode, "safe")
		if e.target == "" {
			e.target = "**"
		}
	}
	if said.Action == rule.Deny || e.path == "" || e.how == "" {
		return
	}
	e.via = slices.Clone(c.via)
	for _, path := range c.aliased(unescaped(c.expanded(e.path, b))) {
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
	out, err := c.vars.expand(word, b.scope)
	if err != nil {
		return word
	}
	return out
}

// aliased returns a path and what aliases make of it.
func (c *checker) aliased(path string) []string {
	out := []string{path}
	for _, a := range c.aliases {
		if rest, ok := strings.CutPrefix(path, a.From); ok && c.rewritten < maxAliased {
			c.rewritten++
			out = append(out, a.To+rest)
		}
	}
	return out
}

// unescaped writes a path that has escapes as the parser compares it: with
// those alone that glob characters need.
func unescaped(path string) string {
	if !strings.Contains(path, `\`) {
		return path
	}
	g, err := glob.Parse(path)
	if err != nil {
		return path
	}
	if literal, ok := g.IsLiteral(); ok {
		return glob.Quote(literal)
	}
	return path
}

// transitionTarget names the profile that a rule leads to.
func transitionTarget(f rule.File, b *body) string {
	if strings.Contains(strings.ToLower(string(f.Exec)), "c") && !strings.HasPrefix(f.Target, ":") {
		return b.profile.Name + "//" + f.Target
	}
	return f.Target
}

// transitionKey tells transitions apart. For one with a target the first letter
// says only whether the environment is scrubbed.
func transitionKey(f rule.File, b *body) string {
	how := strings.ToLower(string(f.Exec))
	local := strings.HasPrefix(how, "c")
	switch {
	case f.Exec == "":
		return ""
	case f.Target == "" || local && f.Target == f.Path:
		return unsafeWord(f) + string(f.Exec)
	}
	fallback := strings.TrimSuffix(strings.TrimLeft(how, "pc"), "x")
	if how == "ux" {
		fallback = ""
	}
	key := fallback + "-> " + transitionTarget(f, b)
	if f.Unsafe || how != "ix" && !f.Exec.Scrubs() {
		key = "unsafe " + key
	}
	return key
}

func unsafeWord(f rule.File) string {
	if f.Unsafe {
		return "unsafe "
	}
	return ""
}

// execSet finds contradictions among the exec rules of a profile. What is an
// exact path for the parser wins over other globs, so that the two kinds
// contradict only their own.
type execSet struct {
	paths  map[string][]execRule // of exact globs, as far as they can be written out
	globs  []execGlob            // those that are not exact
	others []execGlob            // exact ones that would be too many paths
	pairs  int                   // globs that were compared
	steps  int                   // rules that were looked at
	masks  []execGlob            // what wins where its priority is higher
}

// execGlob is an exec rule whose glob is no list of paths.
type execGlob struct {
	execRule
	prefix string // up to the first character that is special
	auto   *glob.Automaton
}

// What a hostile profile cannot pass: contradictions that are reported, pairs
// of globs that are compared, rules that are looked at for it, and paths that
// aliases make.
const (
	maxConflicts = 100
	maxPairs     = 20_000
	maxSteps     = 10_000_000
	maxAliased   = 100_000
)

// checkExecs refuses rules that say different things about the execution of
// one file.
func (c *checker) checkExecs(b *body) {
	set := execSet{paths: map[string][]execRule{}, masks: masks(b.execs)}
	conflicts := 0
	for _, e := range b.execs {
		if conflicts == maxConflicts {
			return
		}
		if other, at := set.add(e); other != nil {
			c.conflict(e, *other, at)
			conflicts++
		}
	}
	if set.pairs > maxPairs || set.steps > maxSteps {
		c.report(diag.Warningf(b.profile.Range, "too-many-globs", "too many exec rules to compare",
			"Not all of them were searched for contradictions. Join those with the same transition by {a,b}."))
	}
}

// add puts a rule into the set and returns a rule that contradicts it, with a
// path for which both hold.
func (s *execSet) add(e execRule) (*execRule, string) {
	if e.prompt {
		key := "prompt " + e.path
		other := s.on(key, e)
		s.paths[key] = append(s.paths[key], e)
		return other, e.path
	}
	g := execGlob{execRule: e, prefix: literalPrefix(e.path)}
	if !isExact(e.path) || e.target != "" && !isExact(e.target) {
		other, at := s.meets(&g, s.globs)
		s.globs = append(s.globs, g)
		return other, at
	}
	other, at := s.meets(&g, s.others)
	paths := writeOut(e.path)
	if paths == nil {
		s.others = append(s.others, g)
		if s.steps += len(s.paths); s.steps <= maxSteps {
			paths = g.matches(s.paths)
		}
	} else {
		defer func() {
			for _, p := range paths {
				s.paths[p] = append(s.paths[p], e)
			}
		}()
	}
	for _, p := range paths {
		if other == nil {
			other, at = s.on(p, e), p
		}
	}
	return other, at
}

// on returns a rule on an exact path that contradicts this one.
func (s *execSet) on(path string, e execRule) *execRule {
	for i := range s.paths[path] {
		if s.steps++; s.steps > maxSteps {
			return nil
		}
		o := &s.paths[path][i]
		if contradict(e, *o) && o.target == e.target && (merge(e, *o) || !s.masked(e, *o, path)) {
			return o
		}
	}
	return nil
}

// contradict says whether two rules for one path cannot both hold.
func contradict(a, b execRule) bool {
	// Of change_profile the parser passes over the priority.
	same := (a.priority == b.priority || a.target != "") && (a.target == "") == (b.target == "") && (!a.prompt || a.audit == b.audit)
	return same && a.how != b.how && (a.owner && b.owner || a.other && b.other)
}

// merge says whether the parser makes two rules one before it looks at what
// they match (rule.h: is_mergeable).
func merge(a, b execRule) bool {
	return a.path == b.path && a.target == b.target && a.audit == b.audit && a.prompt == b.prompt
}

// masks returns the rules that can win over others: those on files without
// audit, where there are several priorities.
func masks(rules []execRule) []execGlob {
	var out []execGlob
	several := false
	for _, e := range rules {
		several = several || e.priority != rules[0].priority
		if e.target == "" && !e.prompt && !e.audit {
			out = append(out, execGlob{execRule: e})
		}
	}
	if !several {
		return nil
	}
	return out
}

// masked says whether rules of a higher priority decide on a path for which two
// others contradict each other.
func (s *execSet) masked(a, b execRule, path string) bool {
	owner, other := a.owner && b.owner, a.other && b.other
	for i := range s.masks {
		if s.steps += 10; s.steps > maxSteps {
			return false
		}
		m := &s.masks[i]
		if m.priority <= a.priority || a.target != "" {
			continue
		}
		if auto := m.automaton(); auto != nil && auto.Match(path) {
			owner, other = owner && !m.owner, other && !m.other
		}
	}
	return !owner && !other
}

// literalPrefix returns what a glob begins with, whatever it matches.
func literalPrefix(word string) string {
	if i := strings.IndexAny(word, `\{}[]*?`); i >= 0 {
		return word[:i]
	}
	return word
}

// meets returns the first of among that contradicts a rule, and a path for
// which both hold.
func (s *execSet) meets(g *execGlob, among []execGlob) (*execRule, string) {
	for i := range among {
		if s.steps++; s.steps > maxSteps {
			return nil, ""
		}
		o := &among[i]
		if !contradict(g.execRule, o.execRule) || !strings.HasPrefix(g.prefix, o.prefix) && !strings.HasPrefix(o.prefix, g.prefix) {
			continue
		}
		if s.pairs++; s.pairs > maxPairs {
			return nil, ""
		}
		if at, ok := s.meet(g, o); ok {
			return &o.execRule, at
		}
	}
	return nil, ""
}

// meet returns a path for which two globs contradict each other, unless rules
// of a higher priority decide on all of them.
func (s *execSet) meet(g, o *execGlob) (string, bool) {
	at, ok := g.meets(o)
	if !ok || len(s.masks) == 0 || merge(g.execRule, o.execRule) || !s.masked(g.execRule, o.execRule, at) {
		return at, ok
	}
	both, err := g.automaton().Intersection(o.automaton())
	if err != nil {
		return "", false
	}
	for _, holds := range []func(execRule) bool{func(e execRule) bool { return e.owner }, func(e execRule) bool { return e.other }} {
		if !holds(g.execRule) || !holds(o.execRule) {
			continue
		}
		if at, ok := s.left(both, g.priority, holds); ok {
			return at, true
		}
	}
	return "", false
}

// left returns the shortest path that no rule of a higher priority decides on.
func (s *execSet) left(paths *glob.Automaton, priority int, holds func(execRule) bool) (string, bool) {
	for i := range s.masks {
		if s.steps += 1000; s.steps > maxSteps {
			return "", false
		}
		m := &s.masks[i]
		auto := m.automaton()
		if m.priority <= priority || !holds(m.execRule) || auto == nil {
			continue
		}
		var err error
		if paths, err = paths.Difference(auto); err != nil {
			return "", false
		}
	}
	return paths.Shortest()
}

// matches returns those of the paths that the glob matches, in order.
func (g *execGlob) matches(paths map[string][]execRule) []string {
	a := g.automaton()
	if a == nil {
		return nil
	}
	var out []string
	for p := range paths {
		if a.Match(p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// meets returns a path that both globs match. Where that cannot be said they
// do not meet.
func (g *execGlob) meets(o *execGlob) (string, bool) {
	if g.target != o.target && !overlap(g.target, o.target) {
		return "", false
	}
	a, b := g.automaton(), o.automaton()
	if a == nil || b == nil {
		return "", false
	}
	ok, witness, err := a.Intersects(b)
	return witness, ok && err == nil
}

// overlap says whether two targets of change_profile meet.
func overlap(a, b string) bool {
	g, o := execGlob{execRule: execRule{path: "/" + a}}, execGlob{execRule: execRule{path: "/" + b}}
	_, ok := g.meets(&o)
	return ok
}

func (g *execGlob) automaton() *glob.Automaton {
	if g.auto == nil {
		parsed, err := glob.Parse(g.path)
		if err != nil {
			return nil
		}
		g.auto, _ = glob.Compile(parsed) // nil where it is too large
	}
	return g.auto
}

// conflict reports two rules that contradict each other.
func (c *checker) conflict(e, other execRule, at string) {
	how := func(e execRule) string {
		if f, ok := e.rule.Body.(rule.File); ok && f.Target != "" {
			return unsafeWord(f) + string(f.Exec) + " -> " + f.Target
		}
		return strings.TrimPrefix(e.how, "change_profile ")
	}
	d := diag.Errorf(e.rule.Range, "conflicting-exec", "exec rules that contradict each other",
		"%s would be executed as %q and as %q. Keep one, or make one of the paths exact.", at, how(e), how(other))
	d.Related = []diag.Related{{Range: other.rule.Range, Message: "the other rule is here"}}
	before := c.via
	c.via = e.via
	c.report(d)
	c.via = before
}
