package profile

import (
	"fmt"
	"slices"
	"strings"

	"apc/lang/diag"
	"apc/lang/rule"
)

// maxTransitions is how many targets the rules of a profile may name
// (profile.h: exec_table).
const maxTransitions = 12

// Check says what the newest parser refuses in a policy beyond the faults of
// its statements: statements in the wrong place, variables without a value,
// profiles with one name, globs that are none once their variables are
// replaced, exec rules that contradict each other. Warnings are for what it
// accepts and drops.
func Check(p *Policy) diag.List { return newChecker(p).run() }

func newChecker(p *Policy) *checker {
	return &checker{policy: p, vars: newVariables(), profiles: map[string]diag.Range{}, faulty: map[string]bool{}, preamble: true, pathVariables: true}
}

func (c *checker) run() diag.List {
	c.each(c.policy.File.Nodes, map[string]bool{}, c.top)
	return c.diags.Sorted()
}

// pathVariables are the variables that a parser from 5.0 on makes of the
// attachment of a profile.
var pathVariables = []string{"exec_path", "attach_path"}

type checker struct {
	policy  *Policy
	diags   diag.List
	found   counts
	vars    *variables
	aliases []*Alias
	// rewritten counts the paths that aliases made.
	rewritten int
	profiles  map[string]diag.Range // by namespace and name
	preamble  bool                  // no profile has begun yet
	faulty    map[string]bool       // globs that were refused

	pathVariables bool     // profiles have them
	open          []string // the files that are being included
	via           []*Include
}

// body is a profile that is being checked.
type body struct {
	profile  *Profile
	parent   *body
	children map[string]diag.Range
	scope    *scope
	included map[string]bool
	execs    []execRule
	targets  map[string]bool
}

func (c *checker) report(d diag.Diagnostic) {
	for i := len(c.via) - 1; i >= 0; i-- {
		d.Related = append(d.Related, diag.Related{Range: c.via[i].Range, Message: "included from here"})
	}
	c.diags = c.found.add(c.diags, d, "The rest was checked, but is not shown.")
}

func (c *checker) refuse(at diag.Range, code, summary, detail string, args ...any) {
	c.report(diag.Errorf(at, code, summary, detail, args...))
}

// each visits statements and, in place of an include, those of its files: each
// file once for what seen stands for.
func (c *checker) each(nodes []Node, seen map[string]bool, visit func(Node)) {
	for _, n := range nodes {
		inc, ok := n.(*Include)
		if !ok {
			visit(n)
			continue
		}
		for _, name := range inc.Paths {
			file := c.policy.Files[name]
			if file == nil || seen[name] {
				continue
			}
			seen[name] = true
			if slices.Contains(c.open, name) {
				c.refuse(inc.Range, "include-cycle", "file that includes itself", "%s is included by %s.", name, strings.Join(c.open, ", which is included by "))
				continue
			}
			c.open, c.via = append(c.open, name), append(c.via, inc)
			c.each(file.Nodes, seen, visit)
			c.open, c.via = c.open[:len(c.open)-1], c.via[:len(c.via)-1]
		}
	}
}

// top checks a statement outside of all profiles.
func (c *checker) top(n Node) {
	switch n := n.(type) {
	case *Profile:
		c.preamble = false
		c.profile(n, nil)
	case *Assign:
		if c.inPreamble(n) {
			if d := c.vars.assign(n); d != nil {
				c.report(*d)
			}
		}
	case *Alias:
		if c.inPreamble(n) {
			c.aliases = append(c.aliases, n)
		}
	case *ABI:
		c.inPreamble(n)
	case *Rule, *Group, *If:
		c.refuse(n.base().Range, "misplaced", "rule outside of a profile", "Rules stand between the braces of a profile.")
	}
}

// inPreamble refuses a statement that stands behind a profile.
func (c *checker) inPreamble(n Node) bool {
	if !c.preamble {
		c.refuse(n.base().Range, "misplaced", "statement behind the first profile",
			"abi, aliases and variables stand before the first profile of a file.")
	}
	return c.preamble
}

// profile checks a profile, or with a parent a child or hat.
func (c *checker) profile(p *Profile, parent *body) {
	b := &body{profile: p, parent: parent, children: map[string]diag.Range{}, included: map[string]bool{}, targets: map[string]bool{}}
	c.head(b)
	c.block(p.Block.Nodes, b, nil, true)
	c.checkExecs(b)
	if n := len(b.targets); n > maxTransitions {
		c.refuse(p.Range, "too-many-targets", fmt.Sprintf("%d named targets in one profile", n), "A profile can name %d.", maxTransitions)
	}
}

// declare refuses a second profile of one name.
func (c *checker) declare(p *Profile, names map[string]diag.Range) {
	ns, name, _ := SplitName(p.Name)
	key := ns + ":" + name
	if before, ok := names[key]; ok {
		d := diag.Errorf(p.Range, "duplicate-profile", "second profile "+p.Name, "Profiles of one level need names of their own.")
		d.Related = []diag.Related{{Range: before, Message: "the first one is here"}}
		c.report(d)
		return
	}
	names[key] = p.Range
}

// head checks the name, attachment and flags of a profile, whose variables are
// those of the preamble alone.
func (c *checker) head(b *body) {
	p := b.profile
	if b.parent == nil {
		c.declare(p, c.profiles)
	}
	_, name, _ := SplitName(p.Name)
	attachment := p.Attachment
	if attachment != "" {
		c.word(p.Range, name, nil)
		attachment = c.glob(p.Range, attachment, nil)
	} else {
		name = c.word(p.Range, name, nil)
		c.checkGlob(p.Range, localName(name))
		if strings.HasPrefix(name, "/") {
			attachment = name
		}
	}
	for _, f := range p.Flags {
		c.disconnected(p, f)
	}
	c.checkAliases(p.Range, attachment)
	b.scope = newScope(map[string][]string{"profile_name": {literal(b.name())}})
	if attachment != "" && c.pathVariables {
		for _, name := range pathVariables {
			b.scope.autos[name] = []string{attachment}
		}
	}
}

// literal escapes what would be a glob in the name of a profile; variables stay
// (parser_variable.c: escape_re).
func literal(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if start, end := findVariable(name, i); start == i {
			b.WriteString(name[start:end])
			i = end - 1
			continue
		}
		if name[i] == '\\' && i+1 < len(name) {
			b.WriteByte(name[i])
			i++
		} else if strings.IndexByte("{}[]*?", name[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// name returns the name of a profile, behind those that it stands in.
func (b *body) name() string {
	_, name, _ := SplitName(b.profile.Name)
	if b.parent == nil {
		return name
	}
	return b.parent.name() + "//" + name
}

// disconnected checks the path of attach_disconnected.path and .ipc.
func (c *checker) disconnected(p *Profile, flag string) {
	name, path, ok := strings.Cut(flag, "=")
	if !ok || !strings.HasPrefix(name, "attach_disconnected.") || !strings.Contains(path, "@{") {
		return
	}
	if path = c.word(p.Range, path, nil); path != "" && !strings.HasPrefix(path, "/") {
		c.refuse(p.Range, "bad-flag", "path without a slash", "%s is %s once its variables are replaced.", name, path)
	}
}

// block checks the statements of a block. Where live is false no rule of it
// counts, as its condition does not hold.
func (c *checker) block(nodes []Node, b *body, g group, live bool) {
	c.each(nodes, b.included, func(n Node) {
		switch n := n.(type) {
		case *Rule:
			c.rule(n, b, g, live)
		case *Group:
			c.block(n.Block.Nodes, b, g.within(n.Qualifiers), live)
		case *If:
			c.branches(n, b, g, live)
		case *Profile:
			c.child(n, b, g)
		case *Assign, *Alias:
			c.refuse(n.base().Range, "misplaced", "statement inside of a profile", "Aliases and variables stand before the first profile of a file.")
		}
	})
}

// child checks a child or a hat.
func (c *checker) child(p *Profile, b *body, g group) {
	if p.Keyword == "" {
		c.refuse(p.Range, "misplaced", "profile inside of a profile", "Begin a child by the word profile, a hat by ^ or the word hat.")
		return
	}
	c.declare(p, b.children)
	if p.Hat() && len(p.Xattrs) > 0 {
		c.refuse(p.Range, "bad-xattrs", "xattrs of a hat", "A hat is entered by change_hat, not by a program.")
	}
	if len(g) > 0 {
		c.dropped(p.Range, "child profile")
	}
	c.profile(p, b)
}

func (c *checker) dropped(at diag.Range, what string) {
	c.report(diag.Warningf(at, "dropped-rule", what+" in a block of qualifiers",
		"The parser keeps file, link and change_profile rules of such a block and drops all others without a word. Write it outside."))
}

// branches checks a conditional: the branch that holds, and of the others what
// the parser refuses anyway.
func (c *checker) branches(i *If, b *body, g group, live bool) {
	taken := false
	for _, branch := range i.Branches {
		holds := !taken
		if branch.Cond != nil {
			value, err := c.vars.eval(branch.Cond)
			if err != nil {
				c.refuse(branch.Range, "bad-condition", "condition that cannot be computed", "%v.", err)
			}
			holds = holds && value
		}
		children := b.children
		if !holds {
			b.children = map[string]diag.Range{}
		}
		c.block(branch.Block.Nodes, b, g, live && holds)
		b.children = children
		taken = taken || holds
	}
}

// inGroup checks what the blocks around a rule make of it.
func (c *checker) inGroup(r *Rule, g group) {
	if exec, unsafe := execOf(r.Body); exec != "" {
		for _, q := range g {
			if (exec == "x" && !unsafe) != (q.Action == rule.Deny) {
				c.refuse(r.Range, "bad-access", "exec permission that does not go with the block around it",
					"In a block of deny x stands alone, and in others it needs a transition. Write the rule outside of the block.")
				return
			}
		}
	}
	if lost := g.loses(r.Rule); lost != "" {
		c.report(diag.Warningf(r.Range, "dropped-rule", lost+" that the block around the rule undoes",
			"Parsers from 4.1 on take the action and priority from the block alone, so that even a deny grants. Write the rule outside of it."))
	}
}

// execOf returns the exec permission that a rule has for the parser, and whether
// that is said to be unsafe.
func execOf(b rule.Body) (exec rule.Exec, unsafe bool) {
	switch b := b.(type) {
	case rule.File:
		if b.Path == "" {
			return "ix", false
		}
		return b.Exec, b.Unsafe
	case rule.ChangeProfile:
		if b.Exec != "" {
			return "x", b.Mode == "unsafe"
		}
	}
	return "", false
}

// rule checks one rule.
func (c *checker) rule(r *Rule, b *body, g group, live bool) {
	if !g.keeps(r.Kind()) {
		c.dropped(r.Range, string(r.Kind())+" rule")
		return
	}
	c.inGroup(r, g)
	if !live {
		return
	}
	for _, w := range variableWords(r.Body) {
		word := c.word(r.Range, w.text, b.scope)
		if w.address && word != "" {
			word = word[1:]
		}
		if w.glob {
			c.checkGlob(r.Range, word)
		}
	}
	for _, w := range aliasedWords(r.Body) {
		c.checkAliases(r.Range, c.expanded(w, b))
	}
	c.addExec(r, b, g)
}

// word returns a word with its variables replaced, and "" where it cannot be.
func (c *checker) word(at diag.Range, word string, s *scope) string {
	if !strings.Contains(word, "@{") {
		return word
	}
	out, err := c.vars.expand(word, s)
	if err != nil {
		c.refuse(at, "undefined-variable", "variable that cannot be replaced", "In %s: %v.", short(word), err)
		return ""
	}
	return out
}

// glob does as word for a glob, and refuses what is none afterwards. A glob
// without variables was checked when it was read.
func (c *checker) glob(at diag.Range, word string, s *scope) string {
	if !strings.Contains(word, "@{") {
		return word
	}
	out := c.word(at, word, s)
	c.checkGlob(at, out)
	return out
}

// checkGlob refuses what is no glob once variables are replaced.
func (c *checker) checkGlob(at diag.Range, word string) {
	if word == "" || c.policy.sound.has(word) {
		return
	}
	if d, ok := badGlob(word); !ok {
		c.policy.sound.add(word)
	} else if !c.faulty[word] {
		c.faulty[word] = true
		d.Subject, d.Summary = at, d.Summary+", once variables are replaced"
		c.report(d)
	}
}

// checkAliases refuses what aliases make of a path and is no glob.
func (c *checker) checkAliases(at diag.Range, path string) {
	for _, p := range c.aliased(path)[1:] {
		d, ok := badGlob(p)
		if strings.Contains(p, "@{") {
			d, ok = diag.Errorf(at, "bad-alias", "alias to a variable", "The parser replaces no variables here. Write the path."), true
		}
		if ok {
			d.Subject, d.Detail = at, "An alias makes "+short(p)+" of it. "+d.Detail
			c.report(d)
		}
	}
}

// aliasedWords returns the words of a rule that aliases rewrite.
func aliasedWords(b rule.Body) []string {
	switch b := b.(type) {
	case rule.File:
		return []string{b.Path}
	case rule.Link:
		return []string{b.Path, b.Target}
	}
	return nil
}

// variableWord is a word of a rule in which variables are replaced.
type variableWord struct {
	text string
	glob bool
	// address is for that of a unix socket, whose first character the parser
	// takes for the @ of an abstract one once variables are replaced.
	address bool
}

// variableWords returns the words of a rule in which the parser replaces
// variables.
func variableWords(b rule.Body) []variableWord {
	switch b := b.(type) {
	case rule.File:
		if b.Exec == "" {
			return globsOf(b.Path, b.Target)
		}
		return globsOf(b.Path)
	case rule.Link:
		return globsOf(b.Path, b.Target)
	case rule.ChangeProfile:
		return globsOf(b.Exec, b.Target)
	case rule.Mount:
		return append(globsOf(b.Source, b.Target), fstypes(b)...)
	case rule.PivotRoot:
		return append(globsOf(b.OldRoot, b.NewRoot), variableWord{text: b.Target})
	case rule.DBus:
		return globsOf(b.Bus, b.Name, b.Path, b.Interface, b.Member, b.PeerName, b.PeerLabel)
	case rule.Signal:
		return globsOf(b.Peer)
	case rule.Ptrace:
		return globsOf(b.Peer)
	case rule.Unix:
		return append(globsOf(b.PeerLabel), addresses(b.Addr, b.PeerAddr)...)
	case rule.Mqueue:
		return globsOf(b.Name, b.Label)
	}
	return nil
}

func globsOf(words ...string) []variableWord {
	var out []variableWord
	for _, w := range words {
		if strings.Contains(w, "@{") {
			out = append(out, variableWord{text: w, glob: true})
		}
	}
	return out
}

func addresses(words ...string) []variableWord {
	out := globsOf(words...)
	for i := range out {
		out[i].address = true
	}
	return out
}

func fstypes(m rule.Mount) []variableWord {
	var out []variableWord
	for _, c := range m.Fstype {
		out = append(out, globsOf(c.Values...)...)
	}
	return out
}
