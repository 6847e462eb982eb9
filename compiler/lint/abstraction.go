package lint

import (
	"fmt"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/rule"
)

var broadAbstraction = &Rule{
	Name:     "broad-abstraction",
	Group:    Breadth,
	Severity: diag.Warning,
	Summary:  "an include brings more than a service should have",
	Why: "An abstraction is written for every program that might want it. What it brings is granted to this one as if it stood here: with some " +
		"that is all temporary files, every private key, or a way out of the profile.",
	Instead: "Write out the few rules that are needed, or deny what is not.",
	Bad:     `include = ["user-tmp"]`,
	Good:    `temp = ["/tmp/app-*"]`,
	check:   checkIncludes,
}

// fileFaults are what is wrong with rules on files of includes.
var fileFaults = []func(*context, grant) string{opensHome, opensTemp, reachesSensitive, writesLoaded, runsUnconfined, writesBroadly, readsBroadly}

// messageFaults are what is wrong with other rules of includes.
var messageFaults = []struct {
	kind  rule.Kind
	fault func(*context, message) string
}{
	{rule.KindNetwork, opensAnySocket}, {rule.KindMount, mountsFreely}, {rule.KindRemount, mountsFreely}, {rule.KindUmount, mountsFreely},
	{rule.KindPivotRoot, pivotsFreely}, {rule.KindDBus, sendsAnything}, {rule.KindSignal, signalsAnybody}, {rule.KindPtrace, tracesOthers},
	{rule.KindPtrace, readsProcesses}, {rule.KindUnix, connectsAnywhere}, {rule.KindChangeProfile, changesFreely}, {rule.KindAll, grantsAll},
	{rule.KindFile, grantsAllFiles}, {rule.KindCapability, grantsPower},
}

func grantsAll(*context, message) string { return "it grants everything." }

func grantsAllFiles(*context, message) string { return "it grants every access to every file." }

func grantsPower(_ *context, m message) string {
	names := m.by.Body.(rule.Capability).Names
	if len(names) == 0 {
		return "it grants every capability."
	}
	for _, name := range names {
		if dangerous[name] != "" {
			return name + " lets it " + dangerous[name] + "."
		}
	}
	return ""
}

// checkIncludes reports each include of the profile once, with what is wrong
// with the rules that it brings.
func checkIncludes(c *context) {
	if len(c.profile.Rules) == 0 {
		return
	}
	brought := map[string]*brings{}
	for _, g := range c.files().allow {
		if g.included() {
			for _, fault := range fileFaults {
				if brought[g.at.String()].add(brought, g.at, g.by, fault(c, g)) {
					break
				}
			}
		}
	}
	for _, f := range messageFaults {
		for _, m := range c.messages(f.kind) {
			if m.included() {
				brought[m.at.String()].add(brought, m.at, m.by, f.fault(c, m))
			}
		}
	}
	for _, r := range c.profile.Rules {
		if b := brought[r.String()]; b != nil {
			c.report(r, b.text(), b.rules...)
		} else if name := c.openChild(r); name != "" {
			c.report(r, "it brings the profile "+name+", which may write almost everything, and transitions to it.")
		}
	}
}

// brings is what is wrong with an include.
type brings struct {
	rules   []ir.Rule
	details []string
}

// add notes a fault of a rule that an include brings; "" is none.
func (b *brings) add(all map[string]*brings, at, by ir.Rule, detail string) bool {
	if detail == "" {
		return false
	}
	if b == nil {
		b = &brings{}
		all[at.String()] = b
	}
	b.rules = append(b.rules, by)
	b.details = append(b.details, "`"+by.String()+"`: "+strings.TrimSuffix(detail, "."))
	return true
}

func (b *brings) text() string {
	const told = 3
	if n := len(b.details) - told; n > 0 {
		return "it brings " + strings.Join(b.details[:told], "; ") + fmt.Sprintf("; and %d more of that kind.", n)
	}
	return "it brings " + strings.Join(b.details, "; ") + "."
}

// openChild returns the name of a child that an include brings and that may
// write almost everything.
func (c *context) openChild(r ir.Rule) string {
	b, ok := r.Body.(rule.Include)
	if !ok {
		return ""
	}
	for _, child := range c.Module.Profile.Children {
		if !strings.HasSuffix(child.Origin.Range.File, "/"+b.Path) {
			continue
		}
		for _, r := range child.Rules {
			if f, ok := r.Body.(rule.File); ok && r.Action != rule.Deny && !r.Owner && strings.HasPrefix(f.Path, "/**") && f.Access&rule.Write != 0 {
				return child.Name
			}
		}
	}
	return ""
}
