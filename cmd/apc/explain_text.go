package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"apc/compiler/emit/apparmor"
	"apc/compiler/ir"
	"apc/lang/rule"
)

// explainTexts prints what profile texts say, or answers what they allow.
func (a *app) explainTexts(paths []string, f explainFlags) error {
	modules, err := a.readTexts(paths, f.base)
	if err != nil || a.code >= exitInput {
		return err
	}
	switch {
	case len(f.access) > 0:
		return a.explainAccess(modules, f)
	case f.format == "json":
		return a.profilesJSON(modules)
	}
	for _, m := range modules {
		for _, p := range m.Profiles() {
			fmt.Fprintf(a.stdout, "%s  # %s\n", textHeader(m, p), textOrigin(m, p.Origin))
			a.printRules(m, p.Rules, "  ")
		}
	}
	return nil
}

// readTexts reads profile texts and reports what is wrong with them.
func (a *app) readTexts(paths []string, base string) ([]*ir.Module, error) {
	var modules []*ir.Module
	for _, r := range parallel(paths, newTextReader(base).read) {
		if r.err != nil {
			return nil, r.err
		}
		a.report(r.sources, r.diags)
		modules = append(modules, r.modules...)
	}
	return modules, nil
}

// textHeader spells the header of a profile with its full name.
func textHeader(m *ir.Module, p *ir.Profile) string {
	full := *p
	full.Name, full.Hat = m.FullName(p), false
	return apparmor.Header(&full)
}

// printRules prints rules with their places, and below an include what it
// brings.
func (a *app) printRules(m *ir.Module, rules []ir.Rule, indent string) {
	for _, r := range rules {
		fmt.Fprintf(a.stdout, "%s%s  # %s\n", indent, r, textOrigin(m, r.Origins[0]))
		a.printRules(m, r.Included, indent+"  ")
	}
}

// textOrigin tells the place of a rule, below the base directory where it is
// there, and its reason.
func textOrigin(m *ir.Module, o ir.Origin) string {
	file := o.Range.File
	if rest, ok := strings.CutPrefix(file, strings.TrimSuffix(filepath.ToSlash(m.Base), "/")+"/"); ok && m.Base != "" {
		file = rest
	}
	s := fmt.Sprintf("%s:%d", file, o.Range.Start.Line)
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	return s
}

// isHandWritten says whether FILE:LINE is a line of a profile text on disk that
// no policy built.
func isHandWritten(arg string) bool {
	path := arg[:strings.LastIndexByte(arg, ':')]
	text, err := readRegular(path)
	if err != nil || isPolicyName(path) {
		return false
	}
	generated, _ := apparmor.Digest(string(text))
	return !generated
}

// explainTextLine tells what stands on a line of a profile text.
func (a *app) explainTextLine(arg string, f explainFlags) error {
	m := lineArgument.FindStringSubmatch(arg)
	number, err := strconv.Atoi(m[2])
	if err != nil {
		return fmt.Errorf("%s: no such line", arg)
	}
	r := newTextReader(f.base).read(m[1])
	if r.err != nil {
		return r.err
	}
	a.report(r.sources, r.diags)
	name := filepath.ToSlash(m[1])
	lines := strings.Split(strings.TrimSuffix(string(r.sources[name]), "\n"), "\n")
	if number < 1 || number > len(lines) {
		return fmt.Errorf("%s: the profile has %d lines", arg, len(lines))
	}
	text, on := strings.TrimSpace(lines[number-1]), standingOn(r.modules, name, number)
	if f.format == "json" {
		return a.lineJSON(lineInfo{File: m[1], Line: number, Text: text, Rules: on.infos()})
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", arg, text)
	for _, s := range on {
		a.explainStanding(s)
	}
	if len(on) == 0 {
		fmt.Fprintln(a.stdout, "  no rule stands on this line, or its condition does not hold")
	}
	return nil
}

// standing is what stands on a line of a profile text: a rule, or where that is
// nil the head of the profile.
type standing struct {
	module  *ir.Module
	profile *ir.Profile
	rule    *ir.Rule
}

type standings []standing

// standingOn returns the profiles and rules on a line.
func standingOn(modules []*ir.Module, file string, line int) (out standings) {
	on := func(o ir.Origin) bool {
		return o.Range.File == file && o.Range.Start.Line <= line && line <= o.Range.End.Line
	}
	for _, m := range modules {
		for _, p := range m.Profiles() {
			if on(p.Origin) {
				out = append(out, standing{m, p, nil})
			}
			for i, r := range p.Rules {
				if on(r.Origins[0]) {
					out = append(out, standing{m, p, &p.Rules[i]})
				}
			}
		}
	}
	return out
}

func (a *app) explainStanding(s standing) {
	if s.rule == nil {
		fmt.Fprintf(a.stdout, "  begins %s, which has %s\n", textHeader(s.module, s.profile), countRules(s.profile.Rules))
		return
	}
	fmt.Fprintf(a.stdout, "  `%s` of profile %s%s\n", s.rule, s.module.FullName(s.profile), because(s.rule.Origins[0].Reason))
	a.printRules(s.module, s.rule.Included, "    ")
}

// countRules counts rules, and of them those that come from includes.
func countRules(rules []ir.Rule) string {
	var own, included int
	var add func([]ir.Rule, *int)
	add = func(rules []ir.Rule, n *int) {
		for _, r := range rules {
			if _, ok := r.Body.(rule.Include); !ok {
				*n++
			}
			add(r.Included, &included)
		}
	}
	add(rules, &own)
	return fmt.Sprintf("%s, and %d from includes", count(own, "rule"), included)
}
