package lint

import (
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var equalHats = &Rule{
	Name:     "equal-hats",
	Group:    Dead,
	Severity: diag.Note,
	Summary:  "hats or children that grant the same",
	Why: "A hat or child is there to allow one part of a program less than another. Two that allow the same part nothing, cost memory in the kernel, and drift " +
		"apart when only one of them is mended.",
	Instead: "Make them one, or take from each what only the other needs.",
	Bad: `hat "one" {
  data = ["/srv/app/"]
}
hat "two" {
  data = ["/srv/app/"]
}`,
	Good: `hat "one" {
  data = ["/srv/app/one/"]
}
hat "two" {
  data = ["/srv/app/two/"]
}`,
	BadText: `  ^one {
    /srv/app/** rw,
  }
  ^two {
    /srv/app/** rw,
  }`,
	GoodText: `  ^one {
    /srv/app/one/** rw,
  }
  ^two {
    /srv/app/two/** rw,
  }`,
	check: checkEqualHats,
}

// checkEqualHats compares a child with those before it, by the words of their
// rules.
func checkEqualHats(c *context) {
	children := c.Module.Profile.Children
	at := slices.Index(children, c.profile)
	if at < 1 {
		return
	}
	own, some := wordsOf(c.profile)
	for _, other := range children[:at] {
		if words, _ := wordsOf(other); some && other.Hat == c.profile.Hat && slices.Equal(words, own) && slices.Equal(other.Flags, c.profile.Flags) {
			c.reportProfile("it grants what " + c.Module.FullName(other) + " does.")
			return
		}
	}
}

// wordsOf returns the rules of a profile as words, but for what is about its own
// name or program; some is false where there is none but includes.
func wordsOf(p *ir.Profile) (words []string, some bool) {
	for _, r := range p.Rules {
		if i, ok := r.Body.(rule.Include); ok && strings.HasPrefix(i.Path, "local/") {
			continue
		}
		if f, ok := r.Body.(rule.File); ok && f.Path == p.Attachment {
			continue
		}
		words = append(words, r.Normal().String())
		some = some || r.Kind() == rule.KindFile
	}
	slices.Sort(words)
	return slices.Compact(words), some
}
