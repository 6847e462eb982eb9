package compiled

import (
	"fmt"
	"strconv"
	"strings"
)

// An Effect says which side of a permission differs.
type Effect uint8

const (
	Allow  Effect = iota // allowed by one profile only
	Audit                // allowed by both, recorded by one
	Quiet                // denied by both, without a record by one
	Prompt               // left to a prompting daemon by one
	Domain               // exec allowed by both, into another domain
	Value                // a limit, mode or flag with another value
)

// A Sign says which way a difference goes from the first profile to the second.
type Sign byte

const (
	More    Sign = '+' // the second has it, the first has not
	Less    Sign = '-' // the first has it, the second has not
	Altered Sign = '~' // both have it, in another way
)

// A Difference is one thing in which two profiles differ, with a shortest input
// that shows it.
type Difference struct {
	Class   Class
	Effect  Effect
	Sign    Sign
	Subject Subject // of files; Anyone elsewhere
	Perms   Perms   // the permissions that differ on Object
	Object  string  // of files the path; elsewhere what is accessed, in the words of a rule
	Was     string  // exec transition or value in the first profile, where it has one
	Now     string  // the same of the second

	// Unmediated says that the class is open in the profile that has more.
	Unmediated bool
}

// String says it in words, such as "+ owner write /etc/cron.d/x".
func (d Difference) String() string {
	words := []string{string(d.Sign)}
	switch d.Effect {
	case Audit:
		words = append(words, "audit")
	case Quiet:
		words = append(words, "quiet")
	case Prompt:
		words = append(words, "prompt")
	}
	if d.Subject != Anyone {
		words = append(words, d.Subject.String())
	}
	words = append(words, d.what())
	if v := d.values(); v != "" {
		words = append(words, v)
	}
	if d.Unmediated {
		words = append(words, "(nothing mediates "+d.Class.String()+")")
	}
	return strings.Join(words, " ")
}

// what names permissions and object in the order that the class's rules have.
func (d Difference) what() string {
	switch d.Class {
	case ClassFile, ClassAttachment:
		return d.Perms.in(d.Class) + " " + quoted(d.Object)
	case ClassLink:
		if d.Perms&MayLink == 0 {
			return "link without subset " + d.Object
		}
		return "link " + d.Object
	}
	return d.Object
}

func (d Difference) values() string {
	switch {
	case d.Was != "" && d.Now != "":
		return fmt.Sprintf("(%s, was %s)", d.Now, d.Was)
	case d.Was != "":
		return "(was " + d.Was + ")"
	case d.Now != "":
		return "(" + d.Now + ")"
	}
	return ""
}

// quoted quotes a name where it could be misread.
func quoted(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}
