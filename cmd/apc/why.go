package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/compiler/propose"
	"apc/lang/audit"
	"apc/lang/diag"
	"apc/lang/rule"
)

// whyFlags are the flags of `apc why`.
type whyFlags struct {
	loadFlags
	base string
}

func (a *app) whyCommand() *cobra.Command {
	var f whyFlags
	cmd := &cobra.Command{
		Use:   "why ['LOG LINE'] [FILES|DIRS|./...]",
		Short: "Tell why an access was denied, and the smallest edit that would allow it",
		Long: `Take a denial as the kernel wrote it, as an argument or on standard input, find
its profile among the policies, and tell which rule is missing, or which deny
wins. Show the smallest edit of the policy that would allow the access, and what
else that edit would allow. Nothing is written: what a record names was chosen
by the confined program. Exits 1 where the policy denies the access.`,
		Example: "  apc why 'audit: type=1400 audit(1700000000.1:5): apparmor=\"DENIED\" operation=\"open\" …'\n  journalctl -k -n 1 | apc why - ./policies",
		RunE:    func(_ *cobra.Command, args []string) error { return a.why(args, f) },
	}
	f.loadFlags.add(cmd)
	addBase(cmd, &f.base)
	return cmd
}

func (a *app) why(args []string, f whyFlags) error {
	text, args, err := a.whyInput(args)
	if err != nil {
		return err
	}
	log := audit.NewLog()
	if err := log.Read("the record", text); err != nil {
		return machineError(err)
	}
	for _, u := range log.Unread() {
		a.fail(exitInput)
		fmt.Fprintf(a.stderr, "apc: %s record: %s\n", u.Status, diag.Printable(u.Problem))
	}
	switch {
	case log.Records == 0 && len(log.Unread()) > 0:
		return nil
	case log.Records == 0:
		return errors.New("this is no record of AppArmor; give a line of the log as it stands there, in single quotes, or on standard input")
	}
	w, err := a.answers(args, f.loadFlags, f.base)
	if err != nil || w == nil {
		return err
	}
	for g := range log.Groups() {
		if err := a.whyEvent(g.Event(), w); err != nil {
			return err
		}
	}
	return nil
}

// whyInput parts the arguments into the record, which may be on standard
// input, and those that name policies.
func (a *app) whyInput(args []string) (io.Reader, []string, error) {
	if len(args) > 0 {
		if _, status := audit.ParseLine([]byte(strings.TrimSpace(args[0]))); status != audit.Other {
			return strings.NewReader(strings.TrimSpace(args[0]) + "\n"), args[1:], nil
		}
		if args[0] == "-" {
			return a.stdin, args[1:], nil
		}
		if _, err := os.Stat(args[0]); err != nil && !strings.HasSuffix(args[0], "...") {
			return nil, nil, errors.New("the first argument is neither a record of AppArmor nor a file or folder with policies")
		}
	}
	if file, ok := a.stdin.(*os.File); ok && isTerminal(file) {
		return nil, nil, errors.New("give a line of the log as an argument, in single quotes, or on standard input")
	}
	return a.stdin, args, nil
}

// answerer knows the policies that events are held against.
type answerer struct {
	loaded  *loaded
	outputs []*compiler.Output
	base    string                          // of the command line
	modules map[*compiler.Output]*ir.Module // resolved
}

// answers loads the policies. It returns nil after reporting errors in them.
func (a *app) answers(args []string, f loadFlags, base string) (*answerer, error) {
	if err := checkBase(base); err != nil {
		return nil, err
	}
	l, err := a.load(args, f)
	if err != nil {
		return nil, err
	}
	outputs, diags := l.inspect(f, compiler.Options{Today: a.today})
	list := append(append(diag.List{}, l.diags...), diags...).Sorted()
	if list.HasErrors() {
		a.report(l.sources, list)
		return nil, nil
	}
	return &answerer{l, outputs, base, map[*compiler.Output]*ir.Module{}}, nil
}

// located is a profile that an event is about.
type located struct {
	out     *compiler.Output
	module  *ir.Module
	profile *ir.Profile
	note    string
}

// locate finds the profile of an event. Of a stack the first part that a
// policy makes counts. A record of a child that complain mode made up is about
// its parent.
func (w *answerer) locate(e *audit.Event) (located, error) {
	for _, name := range strings.Split(e.Profile, "//&") {
		if rest, ok := strings.CutPrefix(name, ":"); ok {
			if _, after, found := strings.Cut(rest, ":"); found {
				name = strings.TrimPrefix(after, "//")
			}
		}
		name, _, made := strings.Cut(name, "//null-")
		for _, o := range w.outputs {
			m, err := w.resolve(o)
			if err != nil {
				return located{}, err
			}
			if p, note := profileNamed(m, o, name); p != nil {
				if made {
					note = "the record is of a program that has no profile of its own yet: the exec of it is what the policy lacks"
				}
				return located{o, m, p, note}, nil
			}
		}
	}
	return located{}, nil
}

func (w *answerer) resolve(o *compiler.Output) (*ir.Module, error) {
	if m := w.modules[o]; m != nil {
		return m, nil
	}
	m, err := resolved(o, w.base)
	w.modules[o] = m
	return m, err
}

// resolveAll resolves all policies, after which any number of goroutines may
// ask at once. Without policies there is nothing to do.
func (w *answerer) resolveAll() error {
	if w == nil {
		return nil
	}
	for _, o := range w.outputs {
		if _, err := w.resolve(o); err != nil {
			return err
		}
	}
	return nil
}

// profileNamed finds a profile of a module by the name the kernel has for it
// or, where a host's own profile is called after the path, by its attachment.
func profileNamed(m *ir.Module, o *compiler.Output, name string) (*ir.Profile, string) {
	for _, p := range m.Profiles() {
		if m.FullName(p) == name {
			return p, ""
		}
	}
	paths := []string{m.Profile.Attachment}
	if o.Service.Executable != nil {
		paths = append(paths, o.Service.Executable.Text)
	}
	for _, p := range m.Profiles() {
		for _, path := range paths {
			if full := path + strings.TrimPrefix(m.FullName(p), m.Profile.Name); path != "" && full == name {
				return p, fmt.Sprintf("the record's profile is called %q; this policy makes %q for the same program", name, m.FullName(p))
			}
		}
	}
	return nil, ""
}

// whyEvent answers one event.
func (a *app) whyEvent(e audit.Event, w *answerer) error {
	want := propose.Asks(&e)
	a.print("%s: %s: %s\n", cmp.Or(string(e.Mode), "record"), cmp.Or(e.Profile, "no profile"), propose.Describe(e.Operation, want))
	if !e.Denial() {
		a.print("  nothing was denied\n")
		return nil
	}
	at, err := w.locate(&e)
	if err != nil {
		return err
	}
	if at.profile == nil {
		a.fail(exitInput)
		a.print("  no policy that was read makes the profile %q; there are %s\n", e.Profile, strings.Join(w.names(), ", "))
		return nil
	}
	a.print("  profile: %s, %s, for %s\n", at.module.FullName(at.profile), at.profile.Origin.Range, at.out.Target.Name)
	q := &question{app: a, answerer: w, located: at, event: e, want: want}
	q.notes()
	q.finding = propose.Decide(at.module, at.profile, want)
	if q.finding.Verdict != propose.Allowed {
		a.fail(exitFindings)
	}
	q.explain()
	return nil
}

// print writes to standard output, with every string made safe for terminals.
func (a *app) print(format string, args ...any) {
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			args[i] = diag.Printable(v)
		case fmt.Stringer:
			args[i] = diag.Printable(v.String())
		}
	}
	fmt.Fprintf(a.stdout, format, args...)
}

func (w *answerer) names() []string {
	var out []string
	for _, o := range w.outputs {
		for _, p := range o.Module.Profiles() {
			if name := o.Module.FullName(p); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// question is one event that is being answered.
type question struct {
	*app
	*answerer
	located
	event   audit.Event
	want    propose.Want
	finding propose.Finding
}

func (q *question) notes() {
	for _, n := range append(slices.Clone(q.want.Notes), q.note) {
		if n != "" {
			q.print("  note: %s\n", n)
		}
	}
}

// explain tells the verdict, and what would allow the access.
func (q *question) explain() {
	f := q.finding
	switch f.Verdict {
	case propose.Unanswerable:
		q.print("  %s, so that no rule can be named\n", q.want.Problem)
		return
	case propose.NeedsFlag:
		q.needsFlag()
		return
	case propose.Allowed:
		q.print("  the policy allows it: the profile that is loaded is not the one that is built from this policy. Build and load it\n")
		q.rules("granted by", f.Allow)
		return
	case propose.Denied:
		q.denied()
		return
	case propose.OwnerOnly:
		q.ownerOnly()
		return
	case propose.Transition:
		q.transition()
		return
	}
	q.missing()
}

// rules lists rules with their places, also those in included files.
func (q *question) rules(what string, rules []ir.Rule) {
	for _, r := range rules {
		q.print("  %s `%s`\n", what, r.Rule.String())
		for _, o := range r.Origins {
			q.print("    %s, %s", o.Intent, o.Range)
			for _, u := range o.Via {
				q.print(", through module %s, used at %s", u.Module, u.Range)
			}
			if o.Reason != "" {
				q.print(": %s", o.Reason)
			}
			fmt.Fprintln(q.stdout)
		}
	}
}

func (q *question) unknown() {
	for _, u := range q.finding.Unknown {
		q.print("  not looked into: %s\n", u)
	}
}

func (q *question) needsFlag() {
	q.print("  the kernel could not tell the path, and looks up no rule: %s\n", q.event.Info)
	service := q.out.Service.Where.Range
	q.show("to let it be looked up", service, propose.Flag(q.want.Flag), nil)
	switch q.want.Flag {
	case "attach_disconnected":
		q.print("  what else it allows: every path outside of the mount namespace counts as one below /, and the rules of the profile hold for it\n")
	case "mediate_deleted":
		q.print("  what else it allows: files without a name are judged by the name they had\n")
	}
	rest := q.want
	rest.Flag = ""
	if rest.File() {
		q.want, q.finding = rest, propose.Decide(q.module, q.profile, rest)
		if q.finding.Verdict == propose.Allowed {
			q.print("  with the flag the policy allows it\n")
			return
		}
		q.explain()
	}
}

// denied tells which denies win, and how each could be taken back.
func (q *question) denied() {
	q.rules("denied by", q.finding.Deny)
	q.unknown()
	q.print("  a deny wins over every rule that allows\n")
	if !slices.ContainsFunc(q.finding.Deny, func(r ir.Rule) bool { return r.Audit || r.Kind() == rule.KindRlimit }) {
		q.print("  a deny without audit leaves no record: what is loaded is not what the policy gives, or apparmor.audit is noquiet\n")
	}
	overruled := q.overrule()
	if fixed := q.includedDenies(); len(fixed) > 0 {
		if overruled {
			return
		}
		q.print("  no edit below the include can allow it: leave the include out and state what is needed of it, or change %s\n", strings.Join(fixed, ", "))
		return
	}
	for _, r := range q.finding.Deny {
		q.undo(r)
	}
	if q.finding.Missing != (grants.Access{}) {
		q.print("  no rule grants %s either\n", q.finding.Missing)
		q.choices()
	}
}

// overrule shows the rule of a higher priority that would win, where the target
// knows priorities.
func (q *question) overrule() bool {
	var deny []rule.Rule
	for _, r := range q.finding.Deny {
		deny = append(deny, r.Rule)
	}
	s, ok := propose.Overrule(q.want, deny)
	if !ok {
		return false
	}
	c, f, problem := q.attempt(s)
	if problem != "" || f.Verdict != propose.Allowed {
		return false
	}
	q.show("to allow it, and "+strings.TrimPrefix(s.When, "to "), q.profile.Origin.Range, s, nil)
	q.grants(c)
	return true
}

// includedDenies lists the files of the base directory with denies that win.
func (q *question) includedDenies() (files []string) {
	for _, r := range q.finding.Deny {
		if o := r.Origins[0]; o.Intent == "include" && o.Range.File != "" && len(r.Included) == 0 && !slices.Contains(files, o.Range.File) {
			files = append(files, o.Range.File)
		}
	}
	return files
}

// undo shows the edit that takes a deny of the policy back.
func (q *question) undo(r ir.Rule) {
	o := r.Origins[0]
	if len(r.Origins) > 1 || len(o.Via) > 0 {
		q.print("  to allow it, take it out of each place named above\n")
		return
	}
	edits, err := q.edit(o.Range, func(e *propose.Editor) ([]diag.Edit, error) {
		if o.Intent == "rlimit" {
			return e.Set(o.Range, "value", `"`+propose.Literal(q.event.RlimitTo)+`"`, "rlimit")
		}
		return e.Remove(o.Range)
	})
	if err != nil {
		q.print("  to allow it, take it out at %s (%s)\n", o.Range, err.Error())
		return
	}
	q.diff("to allow it", o.Range.File, edits)
	if _, ok := r.Body.(rule.File); ok {
		q.also([]ir.Rule{r})
	}
}

// ownerOnly tells that the rule is for the owner, and how to open it.
func (q *question) ownerOnly() {
	q.rules("granted to the owner of the file only, by", q.finding.Allow)
	if q.want.Foreign {
		q.print("  the process had fsuid %d, and the file belongs to %d\n", q.event.FSUID, q.event.OUID)
	} else {
		q.print("  the record does not say who owns the file\n")
	}
	for _, r := range q.finding.Allow {
		o := r.Origins[0]
		if o.Intent == "include" || len(o.Via) > 0 || !r.Owner {
			continue
		}
		edits, err := q.edit(o.Range, func(e *propose.Editor) ([]diag.Edit, error) { return e.Open(o.Range) })
		if err != nil {
			continue
		}
		open := r
		open.Owner = false
		q.diff("to allow it", o.Range.File, edits)
		q.also([]ir.Rule{open})
		return
	}
	q.finding.Missing = q.want.Access
	q.choices()
}

// transition tells why an exec fails that a rule grants.
func (q *question) transition() {
	q.rules("the exec is granted by", q.finding.Allow)
	q.print("  so the transition is what failed: %s\n", cmp.Or(q.event.Info, "the record does not say why"))
	for _, r := range q.finding.Allow {
		o := r.Origins[0]
		if o.Intent != "run" || len(o.Via) > 0 {
			continue
		}
		name, value := "fallback", `"inherit"`
		also := "the program runs under this profile wherever the other is missing"
		if strings.Contains(q.event.Info, "no new privs") {
			name, also = "as", "the program runs under this profile, with all that it grants"
		}
		edits, err := q.edit(o.Range, func(e *propose.Editor) ([]diag.Edit, error) { return e.Set(o.Range, name, value, "run") })
		if err == nil {
			q.print("  the profile that is gone to must be loaded; where it cannot be:\n")
			q.diff("to allow it", o.Range.File, edits)
			q.print("  what else it allows: %s\n", also)
		}
		return
	}
}

// missing tells what no rule grants.
func (q *question) missing() {
	if q.want.File() {
		q.print("  no rule grants %s\n", q.finding.Missing)
	} else {
		q.print("  no rule grants it\n")
	}
	near := q.finding.Near
	q.rules("near it stands", near[:min(len(near), 5)])
	q.unknown()
	q.linked()
	if !q.coarse() {
		q.choices()
	}
}

// linked looks for a directory of the policy that is a symbolic link to where
// the path is, on this machine.
func (q *question) linked() {
	if !q.want.File() {
		return
	}
	for _, r := range q.profile.Rules {
		f, ok := r.Body.(rule.File)
		if !ok {
			continue
		}
		written := filepath.Clean(literalPart(f.Path))
		real, err := filepath.EvalSymlinks(written)
		if err == nil && real != written && written != "/" && strings.HasPrefix(q.want.Path+"/", real+"/") {
			q.print("  `%s` never applies to it: %s is a symbolic link to %s on this machine, and the kernel matches real paths\n", r.Rule.String(), written, real)
			q.print("    %s, %s\n", r.Origins[0].Intent, r.Origins[0].Range)
		}
	}
}

// literalPart is the directory that a pattern begins with.
func literalPart(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[{@\`); i >= 0 {
		pattern = pattern[:i]
		return pattern[:strings.LastIndexByte(pattern, '/')+1]
	}
	return pattern
}

// advice says in one line what an event's policy lacks, in the words of apc
// why: the statement that would allow the access, or the deny that wins. It is
// "" where no policy makes the profile, and where the policy allows the access.
func (w *answerer) advice(e *audit.Event) (string, error) {
	want := propose.Asks(e)
	at, err := w.locate(e)
	if err != nil || at.profile == nil || !e.Denial() {
		return "", err
	}
	f := propose.Decide(at.module, at.profile, want)
	switch f.Verdict {
	case propose.Unanswerable:
		return want.Problem, nil
	case propose.NeedsFlag:
		return "needs " + oneLine(propose.Flag(want.Flag)), nil
	case propose.Denied:
		return fmt.Sprintf("denied by `%s`, %s", f.Deny[0].Rule.String(), f.Deny[0].Origins[0].Range), nil
	case propose.OwnerOnly:
		return fmt.Sprintf("granted to the owner of the file only, by `%s`, %s", f.Allow[0].Rule.String(), f.Allow[0].Origins[0].Range), nil
	case propose.Transition:
		return "the exec is granted, and its transition failed: " + e.Info, nil
	}
	q := &question{answerer: w, located: at, event: *e, want: want, finding: f}
	for _, s := range propose.Choices(want, f.Missing) {
		if _, problem := q.try(s); problem == "" {
			return "missing " + oneLine(s), nil
		}
	}
	return "", nil
}

func oneLine(s propose.Statement) string { return strings.Join(strings.Fields(s.HCL()), " ") }
