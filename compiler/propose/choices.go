package propose

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/audit"
	"apc/lang/rule"
)

// Choices returns what a policy might say to grant what is missing of a want,
// the best first: the intent that the place of the file and the access stand
// for, and then what grants less or more.
func Choices(w Want, missing grants.Access) []Statement {
	switch {
	case w.Kind == audit.KindChangeHat:
		return []Statement{{Block: "hat", Label: w.Name, When: "an empty hat can be entered, and does nothing until its body says what it may"}}
	case !w.File():
		return bodyChoices(w.Body)
	case missing.Exec:
		return runs(Literal(w.Path))
	}
	if pattern, ok := processPath(w.Path); ok {
		return []Statement{fileBlock(pattern, missing.Permissions, w.Owner, "")}
	}
	exact := fileBlock(Literal(w.Path), missing.Permissions, w.Owner, "to grant just this access")
	if w.Owner && !ownTemp(w) {
		exact = fileBlock(Literal(w.Path), missing.Permissions, false, "to grant just this access")
	}
	if strings.HasSuffix(w.Path, "/") {
		return append([]Statement{exact}, intents(w, missing.Permissions, "to grant all below the directory too")...)
	}
	return append(intents(w, missing.Permissions, ""), exact)
}

// Overrule returns the block that allows an access against a deny, by a higher
// priority than that has; parsers from 4.1 on know priorities. It returns false
// for what no block with a priority grants.
func Overrule(w Want, deny []rule.Rule) (Statement, bool) {
	highest := 0
	for _, r := range deny {
		highest = max(highest, r.Priority)
	}
	s, ok := overruling(w)
	s.When = "to keep the deny for everything else"
	s.Fields = append(slices.Clone(s.Fields), Field{"priority", highest + 1})
	return s, ok
}

func overruling(w Want) (Statement, bool) {
	if w.File() {
		return fileBlock(Literal(w.Path), w.Access.Permissions, w.Owner, ""), !w.Access.Exec
	}
	for _, s := range bodyChoices(w.Body) {
		if s.Block == string(w.Kind) { // not listen and connect, which have no priority
			return s, true
		}
	}
	return Statement{}, false
}

// Flag returns the statement that sets a profile flag.
func Flag(flag string) Statement {
	return Statement{Attribute: "flags", Fields: []Field{{"path", flag}}}
}

func fileBlock(pattern string, access rule.Access, owner bool, when string) Statement {
	if access == rule.Append {
		access = rule.Write // "a" alone allows neither creating nor appending
	}
	s := Statement{Block: "file", Label: pattern, Fields: []Field{{"access", access.Words()}}, When: when}
	if owner {
		s.Fields = append(s.Fields, Field{"owner", true})
	}
	return s
}

// processPath generalises the directory of one process, whose number is
// another one at the next start.
func processPath(name string) (pattern string, ok bool) {
	m := process.FindStringSubmatch(name)
	if m == nil {
		return "", false
	}
	rest := Literal(m[2])
	if t := thread.FindStringSubmatch(m[2]); t != nil {
		rest = "/task/@{tid}" + Literal(t[1])
	}
	return "@{PROC}/@{pid}" + rest, true
}

var (
	process = regexp.MustCompile(`^/proc/([0-9]+)(/.*)$`)
	thread  = regexp.MustCompile(`^/task/[0-9]+(/.*)$`)
)

// ProcessValues returns the values of variables, with those that the pattern of
// a process needs where no base directory was read that has them.
func ProcessValues(values map[string][]string) map[string][]string {
	out := map[string][]string{"PROC": {"/proc"}, "pid": {"[0-9]*"}, "tid": {"[0-9]*"}}
	maps.Copy(out, values)
	return out
}

// place says which intents the files below a directory belong to.
type place struct {
	prefix  string
	intents []string // the first one whose grants hold the access
}

// places are searched in order; the last one holds everything.
var places = []place{
	{"/etc/", []string{"config"}},
	{"/var/lib/", []string{"data"}},
	{"/srv/", []string{"data"}},
	{"/var/log/", []string{"logs", "data"}},
	{"/run/", []string{"runtime"}},
	{"/tmp/", []string{"temp"}},
	{"/var/tmp/", []string{"temp"}},
	{"/var/cache/", []string{"cache"}},
	{"/dev/shm/", []string{"temp"}},
	{"/dev/", []string{"devices"}},
	{"/", nil},
}

// given is what an intent grants on a file (SPEC.md, "What each intent
// grants").
var given = map[string]rule.Access{
	"config": rule.Read, "read": rule.Read, "secrets": rule.Read,
	"data": dataAccess, "cache": dataAccess, "runtime": dataAccess, "temp": dataAccess,
	"logs": rule.Write, "libraries": rule.Read | rule.MapExec, "devices": rule.Read | rule.Write,
}

const dataAccess = rule.Read | rule.Write | rule.Lock

// intents returns the entries of path lists that would grant the access.
func intents(w Want, missing rule.Access, when string) (out []Statement) {
	if missing == rule.Append {
		missing = rule.Write
	}
	for _, intent := range intentsOf(w.Path, missing) {
		if missing&^given[intent] != 0 {
			continue
		}
		s := entryOf(intent, Literal(w.Path), w)
		s.When = nonEmpty(when, "where it is the service's own")
		out = append(out, s)
		if pattern, ok := generated(w.Path); ok && intent == "temp" {
			s = entryOf(intent, pattern, w)
			s.When = "where each run makes a name of its own"
			out = append(out, s)
		}
	}
	return out
}

// intentsOf names the intents for a file, the best first. A file that is only
// read is no data of the service, wherever it lies.
func intentsOf(name string, missing rule.Access) []string {
	switch {
	case missing&rule.MapExec != 0:
		return []string{"libraries"}
	case secret.MatchString(name) && missing == rule.Read:
		return []string{"secrets"}
	}
	own := placeOf(name)
	if missing == rule.Read && !strings.HasPrefix(name, "/etc/") {
		return append([]string{"read"}, own...)
	}
	return own
}

// secret matches files that hold keys and passwords.
var secret = regexp.MustCompile(`^/etc/(g?shadow-?|.*/private/[^/]+|.*[._-](key|keytab)(\.pem)?|.*/?(secrets?|passwd|password)(\.[a-z]+)?)$`)

func placeOf(name string) []string {
	for _, p := range places {
		if strings.HasPrefix(name, p.prefix) {
			return p.intents
		}
	}
	return nil
}

func ownTemp(w Want) bool {
	own := placeOf(w.Path)
	return len(own) > 0 && own[0] == "temp"
}

// entryOf spells an entry. `temp` is for files of the service's own user; where
// the record does not say that the subject owns the file it must not be.
func entryOf(intent, pattern string, w Want) Statement {
	s := Statement{Attribute: intent, Fields: []Field{{"path", pattern}}}
	if intent == "temp" && !w.Owner {
		s.Fields = append(s.Fields, Field{"owner", false})
	}
	return s
}

// generated returns a pattern for names as mkstemp(3) makes them: a fixed part
// and behind it characters that mean nothing.
func generated(name string) (pattern string, ok bool) {
	dir, base := path.Split(name)
	m := madeUp.FindStringSubmatch(base)
	if m == nil || !strings.ContainsAny(m[2], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return "", false
	}
	return Literal(dir+m[1]) + "*", true
}

var madeUp = regexp.MustCompile(`^(.+[-._])([A-Za-z0-9]{6,12})$`)

// runs are the ways to execute a program.
func runs(pattern string) []Statement {
	run := func(as, when string) Statement {
		return Statement{Block: "run", Label: pattern, Fields: []Field{{"as", as}}, When: when}
	}
	return []Statement{
		run("inherit", "a helper that may do what the service itself may, and nothing else"),
		run("child", "a program that needs less, or other things: state them in the block"),
		run("profile", "a program with a profile of its own, which has to be loaded"),
	}
}

// Named gives the child that a statement makes a name of its own where the
// module has one by the name of its program.
func Named(s Statement, m *ir.Module) Statement {
	if s.Block != "run" || s.Fields[0].Value != "child" {
		return s
	}
	base := path.Base(s.Label)
	taken := func(name string) bool {
		return slices.ContainsFunc(m.Profile.Children, func(c *ir.Profile) bool { return c.Name == name })
	}
	if !taken(base) {
		return s
	}
	name := base
	for n := 2; taken(name); n++ {
		name = base + "-" + strconv.Itoa(n)
	}
	s.Fields = append(slices.Clone(s.Fields), Field{"name", name})
	return s
}
