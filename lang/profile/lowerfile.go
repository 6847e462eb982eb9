package profile

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"apc/lang/rule"
)

func (f *bareFile) body(r *reader, w words) rule.Body {
	if f.Rule != nil {
		return f.Rule.body(r, w)
	}
	if w.Action.Value == "deny" {
		r.refuse(w.Action, "bad-access", "deny before the bare rule file",
			"The bare rule holds ix, which cannot be denied. Write `deny /{**,} rwlkmx,`.")
	}
	return rule.File{}
}

func (p *pathRule) body(r *reader, w words) rule.Body {
	path, letters := p.Path, p.Access
	if present(p.First) {
		path, letters = p.Second, p.First
	}
	r.path(path)
	access, exec := r.permissions(letters)
	r.checkExec(letters, exec, w, p.Safety)
	f := rule.File{Path: text(path), Access: access, Exec: exec}
	f.Exec, f.Unsafe = safety(exec, p.Safety.Value)
	if p.Safety.Value == "unsafe" && w.Action.Value == "deny" {
		r.refuse(p.Safety, "bad-access", "unsafe in a deny rule", "What is denied has no transition. Leave the word out.")
	}
	if present(p.Target) {
		return p.withTarget(r, f)
	}
	if present(p.Subset) && (f.Exec != "" || f.Access&^rule.LinkTo != 0) {
		r.refuse(p.Subset, "bad-access", "subset with other permissions than l", "Write the link rule apart: `link subset PATH -> TARGET,`.")
	}
	return f
}

// withTarget lowers a rule with a target: of its transition or, where it has
// none, of its l.
func (p *pathRule) withTarget(r *reader, f rule.File) rule.Body {
	links, first := f.Access&rule.LinkTo != 0, present(p.First)
	switch {
	case present(p.Subset) && (f.Exec != "" || f.Access&^rule.LinkTo != 0):
		r.refuse(p.Subset, "bad-access", "subset with other permissions than l", "Write the link rule apart: `link subset PATH -> TARGET,`.")
	case first && links && f.Exec != "":
		r.refuse(p.Target, "bad-access", "target of a link and of an exec",
			"What stands behind -> is either the one or the other. Write two rules.")
	case first && links && hasNamespace(text(p.Target)):
		r.refuse(p.Target, "bad-access", "namespace in the target of a link", "A link leads to a path.")
	case f.Exec == "" && !links:
		r.warn(p.Target, "ignored-target", "target without a transition", "The parser drops it, as no letter of the rule executes.")
		return f
	case f.Exec == "" && !first:
		r.warn(p.Target, "ignored-target", "target of a link that older parsers drop",
			"Parsers before 5.0 allow links to any file here. Write `link %s -> %s,`.", p.Path.Value, p.Target.Value)
	}
	if f.Exec == "" {
		r.glob(p.Target)
	}
	f.Target = text(p.Target)
	if f.Exec == "" && f.Access == rule.LinkTo {
		return rule.Link{Subset: present(p.Subset), Path: f.Path, Target: f.Target}
	}
	return f
}

// hasNamespace says whether a label names a namespace and a profile in it
// (parser_misc.c: label_contains_ns).
func hasNamespace(label string) bool {
	ns, name, ok := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(label, "&"), ":"), ":")
	if !ok || !strings.HasPrefix(strings.TrimPrefix(label, "&"), ":") {
		return false
	}
	return ns != "" && strings.TrimPrefix(name, "//") != ""
}

// path checks the path of a rule. The parser takes a word such as the X of
// `r X->b` for one, though no file is called so.
func (r *reader) path(t lexer.Token) {
	if word := text(t); word != "" && strings.IndexByte("/@", word[0]) < 0 {
		r.refuse(t, "bad-path", "path that is relative", "No file is called %s: begin it with a slash or a variable.", short(word))
		return
	}
	r.glob(t)
}

// safety applies the word safe or unsafe to a transition.
func safety(exec rule.Exec, word string) (rule.Exec, bool) {
	switch {
	case word == "unsafe" && exec == "ix":
		return exec, true
	case word == "unsafe":
		return rule.Exec(strings.ToLower(string(exec))), false
	case word == "safe" && exec != "ix" && exec != "x" && exec != "":
		return scrubbing(exec), false
	}
	return exec, false
}

// scrubbing returns the transition that cleans the environment.
func scrubbing(exec rule.Exec) rule.Exec {
	s := string(exec)
	if strings.HasSuffix(s, "ux") {
		return rule.Exec(strings.ToUpper(s[:len(s)-1]) + "x")
	}
	return rule.Exec(strings.ToUpper(s[:1]) + s[1:])
}

// checkExec refuses letters that do not go with the words before the rule.
func (r *reader) checkExec(letters lexer.Token, exec rule.Exec, w words, safety lexer.Token) {
	deny := w.Action.Value == "deny"
	switch {
	case deny && exec != "" && exec != "x":
		r.refuse(letters, "bad-access", string(exec)+" in a deny rule", "What is denied has no transition: write a bare x.")
	case !deny && exec == "x":
		r.refuse(letters, "bad-access", "x without a transition",
			"Say how the program is executed: ix, px, cx, ux or their like. A bare x goes with deny only.")
	}
	if present(safety) && exec == "" {
		r.refuse(safety, "bad-access", safety.Value+" without an exec permission", "The word is about the environment of a program that is executed.")
	}
}

// permissions reads the letters of a file rule (parser_misc.c:
// parse_sub_perms).
func (r *reader) permissions(t lexer.Token) (rule.Access, rule.Exec) {
	var access rule.Access
	var exec rule.Exec
	for s := t.Value; s != ""; {
		n := accessLetter(s)
		if n > 1 {
			exec = r.transition(t, exec, transitionOf(s[:n]))
		} else if c := s[0] | 0x20; c == 'x' {
			if exec == "" {
				exec = "x"
			}
		} else {
			access |= rule.AccessLetter(c)
		}
		s = s[n:]
	}
	if access&rule.Write != 0 && access&rule.Append != 0 {
		r.refuse(t, "bad-access", "w and a in one rule", "w holds a. Write one of them.")
		access &^= rule.Append
	}
	return access, exec
}

// transitionOf spells a transition as rule.Exec does. Only its first letter
// tells cases apart.
func transitionOf(letters string) rule.Exec {
	s := strings.ToLower(letters)
	switch {
	case s == "ix" || letters[0] >= 'a':
		return rule.Exec(s)
	default:
		return scrubbing(rule.Exec(s))
	}
}

// transition adds a transition to the one before it, which has to be the same.
func (r *reader) transition(t lexer.Token, before, next rule.Exec) rule.Exec {
	same := before == "" || before == next || next == "ix" && before == "x"
	if !same {
		r.refuse(t, "conflicting-exec", "two transitions in one rule", "%s and %s contradict each other. Keep one.", before, next)
	}
	return next
}

func (l *linkRule) body(r *reader, _ words) rule.Body {
	r.path(l.Path)
	r.glob(l.Target)
	return rule.Link{Subset: present(l.Subset), Path: text(l.Path), Target: text(l.Target)}
}
