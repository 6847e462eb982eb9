package optimize

import (
	"slices"

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
func collapse(m *ir.Module, given Given) (*ir.Module, Found) {
	var found Found
	out := m.Map(func(p *ir.Profile) []ir.Rule {
		wish, asked := given.Wishes[p.Name]
		if !asked {
			return p.Rules
		}
		gone, at := map[int]bool{}, map[int][]ir.Rule{}
		before := knownFiles(p.Rules)
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
			found.Widenings = append(found.Widenings, Widening{p.Name, r, s.from(p.Rules), added(r, before), s.dir, named})
		}
		return replace(p.Rules, gone, at)
	})
	return out, found
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
