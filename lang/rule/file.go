package rule

import "strings"

// Access is a set of file permissions other than execute.
type Access uint8

// The file permissions of apparmor.d(5), in the order in which they are
// written.
const (
	MapExec Access = 1 << iota
	Read
	Write
	Append
	LinkTo
	Lock
)

// accessLetters spells the bits of an Access, lowest first.
const accessLetters = "mrwalk"

// accessWords names the bits of an Access as policies do, lowest first.
var accessWords = []string{"map", "read", "write", "append", "link", "lock"}

// String returns the letters of the permissions, as in "mrw".
func (a Access) String() string {
	var b strings.Builder
	for i := range accessLetters {
		if a&(1<<i) != 0 {
			b.WriteByte(accessLetters[i])
		}
	}
	return b.String()
}

// Words returns the permissions as policies name them.
func (a Access) Words() []string {
	var out []string
	for i, w := range accessWords {
		if a&(1<<i) != 0 {
			out = append(out, w)
		}
	}
	return out
}

// AccessWords lists the names of all file permissions but execute.
func AccessWords() []string { return append([]string(nil), accessWords...) }

// AccessWord returns the permission that a policy calls word, or 0.
func AccessWord(word string) Access {
	for i, w := range accessWords {
		if w == word {
			return 1 << i
		}
	}
	return 0
}

// AccessLetter returns the permission with this letter, or 0.
func AccessLetter(c byte) Access {
	if i := strings.IndexByte(accessLetters, c); i >= 0 {
		return 1 << i
	}
	return 0
}

// Exec is an execute permission as it is spelled: "ix", "px", "Px", "cx",
// "Cx", "ux", "Ux", the fallbacks "pix", "Pix", "cix", "Cix", "pux", "PUx",
// "cux", "CUx", and "x", which goes with deny only. A capital letter scrubs
// the environment. "" grants no execution.
type Exec string

// Scrubs says whether the environment is scrubbed at the transition.
func (e Exec) Scrubs() bool { return e != "" && e[0] >= 'A' && e[0] <= 'Z' }

// Execs lists every execute permission but the bare "x".
func Execs() []Exec {
	return []Exec{"ix", "px", "Px", "cx", "Cx", "ux", "Ux", "pix", "Pix", "cix", "Cix", "pux", "PUx", "cux", "CUx"}
}

// File is a rule on path names: `/path rw,` or `/path Cx -> target,`. With an
// empty Path it is the bare rule `file,`, which grants everything but
// unconfined execution.
type File struct {
	Path   string // glob, without quotes
	Access Access
	Exec   Exec
	// Unsafe is the word before a rule with "ix". Other transitions say the
	// same by a small letter.
	Unsafe bool
	// Target is the profile that an Exec names or, without an Exec and with
	// LinkTo, the only file that may be linked to: parsers before 5.0 read the
	// latter only where the access stands first, as in `rl /path -> /target,`.
	Target string
}

// Kind implements Body.
func (File) Kind() Kind { return KindFile }

func (f File) text() string {
	if f.Path == "" {
		return "file"
	}
	words := []string{Word(f.Path), f.Access.String() + string(f.Exec)}
	if f.Target != "" && f.Exec == "" {
		words[0], words[1] = words[1], words[0]
	}
	if f.Target != "" {
		words = append(words, "->", Word(f.Target))
	}
	if f.Unsafe {
		words = append([]string{"unsafe"}, words...)
	}
	return strings.Join(words, " ")
}

// Grants returns the permissions with all that they imply: writing implies
// appending, and running under the same profile, also as a fallback, implies
// mapping (apparmor.d(5), Access Modes). The bare rule grants them all.
func (f File) Grants() Access {
	a := f.Records()
	if strings.HasSuffix(strings.ToLower(string(f.Exec)), "ix") {
		a |= MapExec
	}
	return a
}

// Records returns the permissions whose use the rule records where it has
// "audit": all that it grants but the mapping that running implies. Parsers 3.0
// and 5.0 add that to what is allowed, not to what is recorded. 4.1 records it
// too, but only with the execute permission, for which no other rule stands in.
func (f File) Records() Access {
	a := f.Access
	if f.Path == "" {
		a = ^Access(0)
	}
	if a&Write != 0 {
		a |= Append
	}
	return a
}

// LinkTarget returns the only file that the rule lets its paths be linked to, ""
// for any.
func (f File) LinkTarget() string {
	if f.Exec != "" {
		return ""
	}
	return f.Target
}

// Link is a rule on hard links: `link subset /path -> /target,`.
type Link struct {
	Subset bool // the link may have no more permissions than its target
	Path   string
	Target string // "" for any; then it is spelled as a file rule
}

// Kind implements Body.
func (Link) Kind() Kind { return KindLink }

func (l Link) text() string {
	if l.Target == "" {
		return Word(l.Path) + " l"
	}
	s := "link "
	if l.Subset {
		s += "subset "
	}
	return s + Word(l.Path) + " -> " + Word(l.Target)
}
