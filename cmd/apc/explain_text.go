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
	reader := newTextReader(f.base)
	var modules []*ir.Module
	for _, r := range parallel(paths, reader.read) {
		if r.err != nil {
			return r.err
		}
		a.report(r.sources, r.diags)
		modules = append(modules, r.modules...)
	}
	if a.code >= exitInput {
		return nil
	}
	if len(f.access) > 0 {
		return a.explainAccess(modules, f)
	}
	for _, m := range modules {
		for _, p := range m.Profiles() {
			fmt.Fprintf(a.stdout, "%s  # %s\n", textHeader(m, p), textOrigin(m, p.Origin))
			a.printRules(m, p.Rules, "  ")
		}
	}
	return nil
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
func (a *app) explainTextLine(arg, base string) error {
	m := lineArgument.FindStringSubmatch(arg)
	number, err := strconv.Atoi(m[2])
	if err != nil {
		return fmt.Errorf("%s: no such line", arg)
	}
	r := newTextReader(base).read(m[1])
	if r.err != nil {
		return r.err
	}
	a.report(r.sources, r.diags)
	name := filepath.ToSlash(m[1])
	lines := strings.Split(strings.TrimSuffix(string(r.sources[name]), "\n"), "\n")
	if number < 1 || number > len(lines) {
		return fmt.Errorf("%s: the profile has %d lines", arg, len(lines))
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", arg, strings.TrimSpace(lines[number-1]))
	if !a.explainTextRules(r.modules, name, number) {
		fmt.Fprintln(a.stdout, "  no rule stands on this line, or its condition does not hold")
	}
	return nil
}

// explainTextRules tells the profiles and rules on a line; false for none.
func (a *app) explainTextRules(modules []*ir.Module, file string, line int) (found bool) {
	on := func(o ir.Origin) bool {
		return o.Range.File == file && o.Range.Start.Line <= line && line <= o.Range.End.Line
	}
	for _, m := range modules {
		for _, p := range m.Profiles() {
			if on(p.Origin) {
				found = true
				fmt.Fprintf(a.stdout, "  begins %s, which has %s\n", textHeader(m, p), countRules(p.Rules))
			}
			for _, r := range p.Rules {
				if !on(r.Origins[0]) {
					continue
				}
				found = true
				fmt.Fprintf(a.stdout, "  `%s` of profile %s", r, m.FullName(p))
				if reason := r.Origins[0].Reason; reason != "" {
					fmt.Fprintf(a.stdout, ": %s", reason)
				}
				fmt.Fprintln(a.stdout)
				a.printRules(m, r.Included, "    ")
			}
		}
	}
	return found
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
