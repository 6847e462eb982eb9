package lint

import (
	"strings"

	"apc/lang/diag"
)

var misnamedProfile = &Rule{
	Name:     "misnamed-profile",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a profile whose name does not fit its program",
	Why:      "Whoever reads the name in a log looks for another program. It is a trace of a profile that was copied, of which one line was forgotten.",
	Instead:  "Call it by the program that it attaches to, or correct the attachment.",
	BadText: `abi <abi/3.0>,
profile nginx /usr/sbin/apache2 {
  include <abstractions/base>
  /etc/apache2/** r,
  include if exists <local/app>
}
`,
	GoodText: `abi <abi/3.0>,
profile apache2 /usr/sbin/apache2 {
  include <abstractions/base>
  /etc/apache2/** r,
  include if exists <local/app>
}
`,
	check: func(c *context) {
		p := c.profile
		if !c.isText() || p != c.Module.Profile || p.Attachment == "" || p.Attachment == p.Name {
			return
		}
		if g, ok := c.pattern(p.Attachment); !ok || namesProgram(p.Name, g.String()) {
			return
		}
		c.reportProfile("it attaches to " + p.Attachment + ".")
	},
}

// namesProgram says whether a name and an attachment share a word. Words of
// three letters at least count, wherever they stand in either, and so do the
// whole of a shorter name and an attachment without any word.
func namesProgram(name, attachment string) bool {
	for _, directory := range []string{"usr", "bin", "sbin", "lib", "libexec", "local", "opt"} {
		attachment = strings.ReplaceAll(attachment, "/"+directory+"/", "/")
	}
	squeezed, words := plainLetters(attachment), 0
	for _, w := range wordsIn(attachment) {
		words++
		if strings.Contains(plainLetters(name), w) {
			return true
		}
	}
	for _, w := range wordsIn(name) {
		if strings.Contains(squeezed, w) {
			return true
		}
	}
	return words == 0 || strings.Contains(squeezed, plainLetters(name))
}

// wordsIn returns the runs of at least three letters, in small ones.
func wordsIn(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if len(w) >= 3 {
			out = append(out, w)
		}
	}
	return out
}

// plainLetters returns the letters of a text alone, in small ones.
func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}
