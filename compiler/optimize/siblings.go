package optimize

import (
	"strings"

	"apc/compiler/ir"
	"apc/lang/glob"
	"apc/lang/rule"
)

// siblings are the rules on single files of one directory that differ in the
// names of the files alone.
type siblings struct {
	siblingKey
	rules []int    // indices in the profile
	names []string // of the files, in the order of the rules
}

// siblingKey is what siblings share.
type siblingKey struct {
	dir    string // ends in "/"
	q      rule.Qualifiers
	access rule.Access
}

// findSiblings returns the siblings among the rules, in the order of the first
// of each.
func findSiblings(rules []ir.Rule) []siblings {
	var out []siblings
	at := map[siblingKey]int{}
	for i, r := range rules {
		dir, name, ok := plainFile(r)
		if !ok {
			continue
		}
		key := siblingKey{dir, r.Qualifiers, r.Body.(rule.File).Access}
		n, seen := at[key]
		if !seen {
			n = len(out)
			at[key] = n
			out = append(out, siblings{siblingKey: key})
		}
		out[n].rules = append(out[n].rules, i)
		out[n].names = append(out[n].names, name)
	}
	return out
}

// plainFile parts the path of a rule on one file that has no transition and no
// target into directory and name. The path of a directory is none.
func plainFile(r ir.Rule) (dir, name string, ok bool) {
	f, ok := r.Body.(rule.File)
	if !ok || f.Path == "" || f.Exec != "" || f.Target != "" || f.Unsafe || ranked(r) {
		return "", "", false
	}
	g, err := glob.Parse(f.Path)
	if err != nil {
		return "", "", false
	}
	path, literal := g.IsLiteral()
	slash := strings.LastIndexByte(path, '/')
	if !literal || slash < 0 || slash == len(path)-1 || strings.Contains(path, "//") {
		return "", "", false
	}
	return path[:slash+1], path[slash+1:], true
}

// on returns the rule that all siblings share, on another path.
func (s siblings) on(path string) rule.Rule {
	return rule.Rule{Qualifiers: s.q, Body: rule.File{Path: path, Access: s.access}}
}

// from returns the sibling rules themselves.
func (s siblings) from(rules []ir.Rule) []ir.Rule {
	out := make([]ir.Rule, len(s.rules))
	for i, n := range s.rules {
		out[i] = rules[n]
	}
	return out
}

// replace returns rules in which each of the new rules stands at the index that
// it is for; the rules at gone are left out otherwise.
func replace(rules []ir.Rule, gone map[int]bool, at map[int][]ir.Rule) []ir.Rule {
	if len(gone) == 0 {
		return rules
	}
	var out []ir.Rule
	for i, r := range rules {
		out = append(out, at[i]...)
		if !gone[i] {
			out = append(out, r)
		}
	}
	return out
}
