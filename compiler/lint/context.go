package lint

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/glob"
	"apc/lang/rule"
)

// context is what a check sees, and how it reports. In checkText and
// checkPolicy there is no profile, and what belongs to a profile is unset.
type context struct {
	Subject
	run      *Run
	profile  *ir.Profile  // the one to look at
	modules  []*ir.Module // in checkText those of the text's profiles, in checkPolicy those of the services
	rule     *Rule
	severity diag.Severity
	opts     Options
	result   Result
	globs    map[string]parsed   // by their text
	onFiles  *files              // the rules on files of the profile at hand, once asked for
	onKinds  *spoken             // its rules by their kinds, once asked for
	vars     map[string][]string // the values of variables, once asked for
	signed   string              // a digest of them, once asked for
}

// parsed is a glob, with the values of its variables.
type parsed struct {
	glob glob.Glob
	ok   bool
}

func newContext(s Subject, run *Run, opts Options) *context {
	if run == nil {
		run = NewRun(nil, nil)
	}
	c := &context{Subject: s, run: run, opts: opts, globs: map[string]parsed{}}
	c.result.context = &context{Subject: Subject{Module: &ir.Module{Text: s.Module.Text}, Sources: s.Sources}, opts: opts}
	for _, i := range s.Module.Ignores {
		c.result.Ignores = append(c.result.Ignores, Ignore{Ignore: i})
	}
	return c
}

// isText says whether it is profile text that is looked at, and not a policy.
func (c *context) isText() bool { return c.Module.Text }

// report reports a rule of the profile: what is wrong with it in a sentence, and
// other rules that this is about.
func (c *context) report(r ir.Rule, detail string, related ...ir.Rule) {
	c.reportFix(nil, r, detail, related...)
}

// reportFix is report with the edits that mend it; none is no fix.
func (c *context) reportFix(fix []diag.Edit, r ir.Rule, detail string, related ...ir.Rule) {
	if c.accepted(r.About(), r.Origins) {
		return
	}
	d := c.finding(r.Origins[0], "`"+r.String()+"` in profile "+c.Module.FullName(c.profile), r.String(), detail)
	for _, other := range related {
		d.Related = append(d.Related, diag.Related{Range: other.Origins[0].Range, Message: other.String()})
	}
	d.Fix = fix
	c.result.Findings = append(c.result.Findings, d)
}

// reportProfile reports the profile as a whole, at its header.
func (c *context) reportProfile(detail string, fix ...diag.Edit) {
	p := c.profile
	about := p.Attachment
	if about == "" {
		about = p.Name
	}
	if !c.accepted(about, []ir.Origin{p.Origin}) {
		d := c.finding(p.Origin, "profile "+c.Module.FullName(p), "", detail)
		d.Fix = fix
		c.result.Findings = append(c.result.Findings, d)
	}
}

// reportAt reports what stands at a place, which is neither a rule nor a
// profile: what is its spelling, by which it is known again when lines move.
func (c *context) reportAt(at diag.Range, what, detail string, fix ...diag.Edit) {
	origin := ir.Origin{Range: at}
	if !c.accepted(what, []ir.Origin{origin}) {
		d := c.finding(origin, "`"+what+"`", what, detail)
		d.Fix = fix
		c.result.Findings = append(c.result.Findings, d)
	}
}

// finding makes a finding of the rule at hand about what an origin gave.
func (c *context) finding(o ir.Origin, subject, text, detail string) diag.Diagnostic {
	instead := c.rule.Instead
	if c.isText() && c.rule.InText != "" {
		instead = c.rule.InText
	}
	d := diag.Diagnostic{
		Severity: c.severity, Code: c.rule.Name, Summary: c.rule.Summary, Subject: o.Subject(),
		Detail: subject + ": " + detail + " " + instead, About: diag.About{Profile: c.where(o), Text: text},
	}
	d.Related = append(d.Related, chain(o)...)
	return d
}

// where names the profile, or in a check of a whole text or folder the file.
func (c *context) where(o ir.Origin) string {
	if c.profile != nil {
		return c.Module.FullName(c.profile)
	}
	return path.Base(o.Range.File)
}

// chain names where in its modules a rule stands.
func chain(o ir.Origin) []diag.Related {
	var out []diag.Related
	for _, u := range o.Via {
		out = append(out, diag.Related{Range: u.Range, Message: "through module " + u.Module})
	}
	if len(out) > 0 {
		out = append(out, diag.Related{Range: o.Range, Message: "where the module says so"})
	}
	return out
}

// allowedFiles calls f for each file rule of the profile that allows something.
func (c *context) allowedFiles(f func(ir.Rule, rule.File)) {
	for _, r := range c.profile.Rules {
		if file, ok := r.Body.(rule.File); ok && r.Action != rule.Deny {
			f(r, file)
		}
	}
}

// everyRule calls f for each rule of the profile, and for those that its
// includes bring; included is true for the latter.
func (c *context) everyRule(f func(r ir.Rule, included bool)) { each(c.profile.Rules, false, f) }

func each(rules []ir.Rule, included bool, f func(ir.Rule, bool)) {
	for _, r := range rules {
		f(r, included)
		each(r.Included, true, f)
	}
}

// pattern returns the glob of a path with the values of its variables; ok is
// false where one has none.
func (c *context) pattern(path string) (g glob.Glob, ok bool) {
	p, known := c.globs[path]
	if !known {
		p = c.run.pattern(path, c.signature, c.values)
		c.globs[path] = p
	}
	return p.glob, p.ok
}

// signature is a text that tells the values of variables apart from others.
func (c *context) signature() string {
	if c.signed == "" {
		values := c.values()
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "\x00%s\x00%q", name, values[name])
		}
		c.signed = fmt.Sprintf("%x", sha256.Sum256([]byte(b.String())))
	}
	return c.signed
}

// replacing returns the edit that puts new in the place of old in the source of
// a rule, be it profile text or a policy. There is none where that is not one
// place of the user's own: where the rule has several origins or comes through
// a module, or where its source holds old not once.
func (c *context) replacing(r ir.Rule, old, new string) []diag.Edit {
	if len(r.Origins) != 1 || len(r.Origins[0].Via) > 0 {
		return nil
	}
	at := r.Origins[0].Range
	src, ok := c.Sources[at.File]
	if !ok || at.Start.Byte > at.End.Byte || at.End.Byte > len(src) {
		return nil
	}
	piece := src[at.Start.Byte:at.End.Byte]
	if old == "" || bytes.Count(piece, []byte(old)) != 1 {
		return nil
	}
	from := bytes.Index(piece, []byte(old))
	return []diag.Edit{{Range: diag.Within(at, piece, from, from+len(old)), New: new}}
}
