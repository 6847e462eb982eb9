package lint

import (
	"path"
	"slices"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/profile"
)

var noABI = &Rule{
	Name:     "no-abi",
	Group:    Habit,
	Severity: diag.Note,
	Summary:  "a profile that does not say for which features it was written",
	Why: "Without an abi line the parser's configuration decides what is mediated, or old defaults do, by which sockets, user namespaces and message queues " +
		"are free. The same text then means something else on the next release.",
	Instead: "Begin the file with `abi <abi/3.0>,`, or with a newer abi file that all hosts have.",
	BadText: `profile app /usr/bin/app {
  include <abstractions/base>
  include <abstractions/base>
  /etc/app.conf r,
  include if exists <local/app>
}
`,
	GoodText: `abi <abi/3.0>,
profile app /usr/bin/app {
  include <abstractions/base>
  /etc/app.conf r,
  include if exists <local/app>
}
`,
	checkText: checkABI,
}

func checkABI(c *context) {
	if len(c.modules) == 0 {
		return
	}
	if c.namesABI() {
		return
	}
	first := statementOf(c.Text.File.Nodes[0]).Range
	start := first
	start.End = start.Start
	var fix []diag.Edit
	if !newerThan3(c.Text.File) {
		fix = []diag.Edit{{Range: start, New: "abi <abi/3.0>," + newline([]byte(c.Text.File.Text))}}
	}
	c.reportAt(first, path.Base(c.Text.File.Name), "it has no abi line.", fix...)
}

// namesABI says whether the preamble names an abi file. That an abstraction does
// in the body is not the text's own word.
func (c *context) namesABI() bool {
	preamble := slices.Clone(c.Text.File.Nodes)
	for i := 0; i < len(preamble); i++ {
		switch n := preamble[i].(type) {
		case *profile.ABI:
			return true
		case *profile.Include:
			for _, f := range c.Text.Included(n) {
				if len(preamble) < maxPreamble {
					preamble = append(preamble, f.Nodes...)
				}
			}
		}
	}
	return false
}

// maxPreamble bounds the statements that are looked at, as files may include
// each other.
const maxPreamble = 10_000

// newerThan3 says whether a file uses what abi/3.0 does not have.
func newerThan3(f *profile.File) bool { return len(profile.Uses(f)) > 0 }

// originAt is a rule that stands for a place of the text.
func originAt(at diag.Range) ir.Rule { return ir.Rule{Origins: []ir.Origin{{Range: at}}} }
