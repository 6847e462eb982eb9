package optimize

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// Wishes holds, by the name of a profile, what its policy lets be widened.
type Wishes map[string]Wish

// Wish is what one profile's policy lets be widened.
type Wish struct {
	Collapse  []string // directories, each with a "/" at its end
	Threshold int      // so many siblings make any directory one of them; 0 for none
}

// Widening is a rule that grants more than those that it stands for.
type Widening struct {
	Profile string
	Rule    ir.Rule   // the rule that came out
	From    []ir.Rule // those that it stands for
	Adds    []string  // examples of what it adds, as in "read /etc/app/a"
	Dir     string
	Named   bool // the policy names the directory; else it has enough siblings
}

// minSiblings is how many files a directory that the policy names must have.
const minSiblings = 2

// collapse makes the rules on files of one directory one rule on all of its
// files, where the policy wants that. It keeps off denies and prompts, rules
// with a priority, transitions, and directories that have a secret.
func collapse(m *ir.Module, wishes Wishes) (*ir.Module, []Widening) {
	var all []Widening
	out := m.Map(func(p *ir.Profile) []ir.Rule {
		wish, asked := wishes[p.Name]
		if !asked {
			return p.Rules
		}
		gone, at := map[int]bool{}, map[int][]ir.Rule{}
		for _, s := range findSiblings(p.Rules) {
			named, wanted := wish.wants(s)
			if !wanted || s.q.Action != rule.Allow || s.q.Priority != 0 || secretIn(s.dir, p.Rules) {
				continue
			}
			r := ir.Join("collapse", s.on(glob.Quote(s.dir)+"*"), s.from(p.Rules)...)
			for _, i := range s.rules {
				gone[i] = true
			}
			at[s.rules[0]] = []ir.Rule{r}
			all = append(all, Widening{p.Name, r, s.from(p.Rules), added(r, p.Rules), s.dir, named})
		}
		return replace(p.Rules, gone, at)
	})
	return out, all
}

// wants says whether siblings may become one rule, and whether that is since
// the policy names their directory.
func (w Wish) wants(s siblings) (named, wanted bool) {
	named = slices.Contains(w.Collapse, s.dir) && len(s.rules) >= minSiblings
	return named, named || w.Threshold > 0 && len(s.rules) >= w.Threshold
}

// secretIn says whether some file directly in dir is a secret of the policy.
func secretIn(dir string, rules []ir.Rule) bool {
	for _, r := range rules {
		if !slices.ContainsFunc(r.Origins, func(o ir.Origin) bool { return o.Intent == "secrets" }) {
			continue
		}
		f, ok := r.Body.(rule.File)
		if !ok {
			continue
		}
		all, err := glob.Parse(glob.Quote(dir) + "*")
		secret, err2 := glob.Parse(f.Path)
		if err != nil || err2 != nil {
			return true
		}
		if meets, _, err := glob.Intersects(all, secret); err != nil || meets {
			return true
		}
	}
	return false
}

// maxExamples is how many examples a widening lists.
const maxExamples = 3

// added returns examples of what r, which is new, grants and the rules do not:
// first on files that the rules name, then on shortest paths. What they grant
// through variables is not known here.
func added(r ir.Rule, rules []ir.Rule) []string {
	f := r.Body.(rule.File)
	gains := map[string]*glob.Automaton{}
	var all *glob.Automaton
	for _, word := range f.Access.Words() {
		gain, err := gained(f.Path, rule.AccessWord(word), r.Qualifiers, rules)
		if err == nil && all != nil {
			all, err = all.Union(gain)
		} else {
			all = gain
		}
		if err != nil {
			return nil
		}
		gains[word] = gain
	}
	var out []string
	for _, path := range examples(all, rules) {
		words := slices.DeleteFunc(f.Access.Words(), func(w string) bool { return !gains[w].Match(path) })
		out = append(out, strings.Join(words, ", ")+" "+path)
	}
	return out
}

// examples returns a few paths of a set, if it can such as a rule is about.
func examples(set *glob.Automaton, rules []ir.Rule) []string {
	var out []string
	for len(out) < maxExamples {
		path, ok := example(set, rules)
		if !ok {
			break
		}
		out = append(out, path)
		rest, err := without(set, path)
		if err != nil {
			break
		}
		set = rest
	}
	return out
}

// gained returns the paths of pattern on which no rule grants the access
// already to those that q speaks of, or denies it to all.
func gained(pattern string, access rule.Access, q rule.Qualifiers, rules []ir.Rule) (*glob.Automaton, error) {
	g, err := glob.Parse(pattern)
	if err != nil {
		return nil, err
	}
	var had []glob.Glob
	for _, r := range rules {
		f, ok := r.Body.(rule.File)
		if !ok || f.Path == "" || effective(f)&access == 0 || r.Owner && !q.Owner || r.Other && !q.Other {
			continue
		}
		if old, err := glob.Parse(f.Path); err == nil && len(old.Variables()) == 0 && meets(g, old) {
			had = append(had, old)
		}
	}
	all, err := glob.Compile(g)
	if err != nil {
		return nil, err
	}
	before, err := glob.Compile(had...)
	if err != nil {
		return nil, err
	}
	return all.Difference(before)
}

// meets says whether two globs have a path in common, and yes where that cannot
// be told.
func meets(g, old glob.Glob) bool {
	if path, literal := old.IsLiteral(); literal {
		return g.Match(path)
	}
	ok, _, err := glob.Intersects(g, old)
	return ok || err != nil
}

// example returns a path of the set, if it can one that a rule is about.
func example(set *glob.Automaton, rules []ir.Rule) (string, bool) {
	for _, r := range rules {
		if dir, name, ok := plainFile(r); ok && set.Match(dir+name) {
			return dir + name, true
		}
	}
	return set.Shortest()
}

func without(set *glob.Automaton, path string) (*glob.Automaton, error) {
	g, err := glob.Parse(glob.Quote(path))
	if err != nil {
		return nil, err
	}
	one, err := glob.Compile(g)
	if err != nil {
		return nil, err
	}
	return set.Difference(one)
}
