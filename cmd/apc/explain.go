package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/emit/apparmor"
	"apc/compiler/grants"
	"apc/compiler/ir"
	"apc/lang/diag"
	"apc/lang/profile"
)

// explainFlags are the flags of `apc explain`.
type explainFlags struct {
	loadFlags
	access  []string
	who     string
	profile string
	base    string
	out     string
	format  string
}

func (a *app) explainCommand() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain [PROFILE:LINE] [FILES|DIRS|./...]",
		Short: "Tell why a rule is there, or whether an access is allowed",
		Long: `Without a line or an access: print each profile with the reasons for its rules.
With PROFILE:LINE: tell where that line of a profile comes from; PROFILE is the
file that was built, by its name or path.
Profile texts can be asked the same: files that are no policy by their name, of
a folder without policies all files.
With --access PATH:LETTERS (of r w a l k m x): tell whether the profile allows
it, by which rules, and where they come from; exit 1 where it does not. A
directory ends in "/".
With --who PATH:LETTERS: list the profiles that allow it, children and hats too,
of all policies and profile texts, in one table.`,
		Example: "  apc explain\n  apc explain usr.sbin.nginx:17 examples/nginx\n  apc explain --access /etc/shadow:r examples/nginx\n" +
			"  apc explain --access /etc/shadow:r /etc/apparmor.d/usr.sbin.cupsd\n" +
			"  apc explain --who /etc/passwd:w ./... /etc/apparmor.d",
		RunE: func(_ *cobra.Command, args []string) error { return a.explain(args, f) },
	}
	f.loadFlags.add(cmd)
	cmd.Flags().StringArrayVar(&f.access, "access", nil, "`PATH:LETTERS` that is asked for (repeatable)")
	cmd.Flags().StringVar(&f.who, "who", "", "`PATH:LETTERS` of which to list who is allowed it")
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT`: text, json")
	cmd.Flags().StringVar(&f.profile, "profile", "", "ask `PROFILE` only: a service, or service//child")
	addBase(cmd, &f.base)
	cmd.Flags().StringVarP(&f.out, "output", "o", "apparmor.d", "`DIR` that profiles were built into")
	return cmd
}

// lineArgument is PROFILE:LINE.
var lineArgument = regexp.MustCompile(`^(.+):([0-9]+)$`)

func (a *app) explain(args []string, f explainFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	line := ""
	if len(args) > 0 && f.who == "" && lineArgument.MatchString(args[0]) {
		if _, err := os.Stat(args[0]); err != nil {
			line, args = args[0], args[1:]
		}
	}
	if line != "" && len(args) == 0 && isHandWritten(line) {
		return a.explainTextLine(line, f)
	}
	policies, texts, err := sortArguments(args)
	if err != nil {
		return err
	}
	switch {
	case f.who != "":
		return a.explainWho(policies, texts, f)
	case len(texts) == 0:
		return a.explainPolicies(policies, line, f)
	case len(policies) > 0 || line != "":
		return fmt.Errorf("%s is a profile text; ask about policies and texts one after the other", texts[0])
	}
	return a.explainTexts(texts, f)
}

// check refuses flags that mean nothing.
func (f *explainFlags) check() error {
	switch {
	case f.format != "text" && f.format != "json":
		return fmt.Errorf("--format %q: there are text and json", f.format)
	case f.who != "" && (len(f.access) > 0 || f.profile != ""):
		return errors.New("--who asks all profiles; it goes without --access and --profile")
	}
	return checkBase(f.base)
}

// explainPolicies explains what policies make: a line of it, an access, or all.
func (a *app) explainPolicies(policies []string, line string, f explainFlags) error {
	outputs, sources, err := a.explained(policies, f)
	if err != nil || a.code >= exitInput {
		return err
	}
	switch {
	case line != "":
		return a.explainLine(line, outputs, sources, f)
	case len(f.access) > 0:
		modules, err := resolvedAll(outputs, f.base)
		if err != nil {
			return err
		}
		return a.explainAccess(modules, f)
	case f.format == "json":
		modules := make([]*ir.Module, len(outputs))
		for i, o := range outputs {
			modules[i] = o.Module
		}
		return a.profilesJSON(modules)
	}
	for _, o := range outputs {
		fmt.Fprint(a.stdout, apparmor.Emit(o.Module, true).Text)
	}
	return nil
}

// explained compiles policies and reports what is to be said about them.
func (a *app) explained(policies []string, f explainFlags) ([]*compiler.Output, diag.Sources, error) {
	l, err := a.load(policies, f.loadFlags)
	if err != nil {
		return nil, nil, err
	}
	opts := compiler.Options{Today: a.today}
	if f.base != "" {
		opts.Base = compiler.OpenBase(f.base)
	}
	outputs, diags := l.inspect(f.loadFlags, opts)
	a.report(l.sources, append(append(diag.List{}, l.diags...), diags...).Sorted())
	return outputs, l.sources, nil
}

// explainLine tells where one line of a profile comes from.
func (a *app) explainLine(arg string, outputs []*compiler.Output, sources diag.Sources, f explainFlags) error {
	m := lineArgument.FindStringSubmatch(arg)
	name := m[1]
	number, err := strconv.Atoi(m[2])
	if err != nil {
		return fmt.Errorf("%s: no such line", arg)
	}
	candidates := slices.DeleteFunc(slices.Clone(outputs), func(o *compiler.Output) bool {
		return o.Module.File != filepath.Base(name) && o.Service.Name != name
	})
	if len(candidates) == 0 {
		return fmt.Errorf("no policy that was read builds %s; name its folder, as in `apc explain %s ./...`", filepath.Base(name), arg)
	}
	file, err := asBuilt(candidates, name, f.out)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(file.Text, "\n"), "\n")
	if number < 1 || number > len(lines) {
		return fmt.Errorf("%s: the profile has %d lines", arg, len(lines))
	}
	text := strings.TrimSpace(lines[number-1])
	if f.format == "json" {
		return a.lineJSON(lineInfo{File: filepath.Base(name), Line: number, Text: text, Origins: originInfos(lineOrigins(file.Lines[number]))})
	}
	fmt.Fprintf(a.stdout, "%s:%d: %s\n", filepath.Base(name), number, text)
	a.explainOrigins(file.Lines[number], sources)
	return nil
}

// asBuilt returns the output that stands on disk, in the first place that has
// one: for whichever target, and with reasons as comments or without, since both
// move the lines. Without a file it is the first output, without reasons.
func asBuilt(outputs []*compiler.Output, name, dir string) (apparmor.File, error) {
	paths := []string{name, filepath.Join(dir, outputs[0].Module.File)}
	for _, o := range outputs {
		paths = append(paths, filepath.Join(dir, o.Target.Name, o.Module.File))
	}
	for _, path := range paths {
		text, err := readRegular(path)
		if err != nil {
			continue
		}
		for _, o := range outputs {
			for _, annotate := range []bool{false, true} {
				if file := apparmor.Emit(o.Module, annotate); file.Text == string(text) {
					return file, nil
				}
			}
		}
		return apparmor.File{}, fmt.Errorf("%s is not what the policy gives now, so its lines cannot be explained; run `apc build`", path)
	}
	return outputs[0].File, nil
}

// lineOrigins returns the origins of what stands on a line, none where nothing
// does.
func lineOrigins(l apparmor.Line) []ir.Origin {
	switch {
	case l.Rule != nil:
		return l.Rule.Origins
	case l.Profile != nil || l.Origin.Intent != "":
		return []ir.Origin{l.Origin}
	}
	return nil
}

// explainOrigins tells the origins of what stands on a line.
func (a *app) explainOrigins(l apparmor.Line, sources diag.Sources) {
	origins := lineOrigins(l)
	for _, o := range origins {
		a.explainOrigin(o, sources)
	}
	if len(origins) == 0 {
		fmt.Fprintln(a.stdout, "  no rule stands on this line")
	}
}

func (a *app) explainOrigin(o ir.Origin, sources diag.Sources) {
	fmt.Fprintf(a.stdout, "  %s, %s", o.Intent, o.Range)
	if o.Reason != "" {
		fmt.Fprintf(a.stdout, ": %s", o.Reason)
	}
	fmt.Fprintln(a.stdout)
	fmt.Fprint(a.stdout, diag.Text{Sources: sources}.Snippet(o.Range))
	for _, u := range slices.Backward(o.Via) {
		fmt.Fprintf(a.stdout, "    through module %s, used at %s%s\n", u.Module, u.Range, because(u.Reason))
	}
	if len(o.Passes) > 0 {
		fmt.Fprintf(a.stdout, "    changed by %s\n", strings.Join(o.Passes, ", "))
	}
}

// resolvedAll returns the modules of all outputs, their includes read.
func resolvedAll(outputs []*compiler.Output, base string) ([]*ir.Module, error) {
	var out []*ir.Module
	for _, o := range outputs {
		m, err := resolved(o, base)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// answered is an access that a profile was asked for, and its answer.
type answered struct {
	module  *ir.Module
	profile *ir.Profile
	path    string
	want    grants.Access
	grants.Answer
}

// explainAccess answers every --access for every profile that is asked.
func (a *app) explainAccess(modules []*ir.Module, f explainFlags) error {
	var asked []answered
	for _, m := range modules {
		for _, p := range m.Profiles() {
			if f.profile != "" && f.profile != m.FullName(p) || f.profile == "" && p != m.Profile {
				continue
			}
			for _, arg := range f.access {
				path, want, err := accessArgument("--access", arg)
				if err != nil {
					return err
				}
				asked = append(asked, answered{m, p, path, want, grants.Ask(m, p, path, want)})
			}
		}
	}
	if len(asked) == 0 {
		return fmt.Errorf("there is no profile %q in what was read", f.profile)
	}
	if slices.ContainsFunc(asked, func(q answered) bool { return !q.Allowed }) {
		a.fail(exitFindings)
	}
	if f.format == "json" {
		return a.answersJSON(asked)
	}
	for _, q := range asked {
		a.answer(q)
	}
	return nil
}

// accessArgument reads the PATH:LETTERS of a flag.
func accessArgument(flag, arg string) (path string, want grants.Access, err error) {
	i := strings.LastIndexByte(arg, ':')
	if i < 0 {
		return "", want, fmt.Errorf("%s %q is not of the form PATH:LETTERS", flag, arg)
	}
	want, ok := grants.ParseAccess(arg[i+1:])
	if !ok || !realPath(arg[:i]) {
		return "", want, fmt.Errorf("%s %q: the path is absolute, without \".\", \"..\" or \"//\", and the letters are of r w a l k m x", flag, arg)
	}
	return arg[:i], want, nil
}

// resolved returns an output's module with its includes read from base, "" for
// that of the policy's settings or the default. Where there is no such folder
// they stay unread, and answers say so.
func resolved(o *compiler.Output, base string) (*ir.Module, error) {
	base = cmp.Or(base, o.Policy.Settings.Base.Text, defaultBase)
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		return o.Module, nil
	}
	m, _, err := o.Resolve(context.Background(), &profile.Loader{Base: []string{base}})
	return m, err
}

// verdict says what becomes of the access: "allowed", "owner-only" or "denied".
func (q answered) verdict() string {
	switch {
	case !q.Allowed:
		return "denied"
	case q.OwnerOnly:
		return "owner-only"
	}
	return "allowed"
}

func (a *app) answer(q answered) {
	verdict := map[string]string{"allowed": "allowed", "owner-only": "allowed to the owner of the file only", "denied": "denied"}[q.verdict()]
	if mode := q.mode(); mode != "" {
		verdict += " (" + mode + ")"
	}
	fmt.Fprintf(a.stdout, "%s: %s %s: %s\n", q.module.FullName(q.profile), q.path, q.want, verdict)
	a.listRules("granted by", q.Allow)
	a.listRules("denied by", q.Deny)
	a.listRules("of lower priority", q.Overruled)
	if !q.Allowed && len(q.Deny) == 0 {
		fmt.Fprintf(a.stdout, "  no rule grants %s\n", q.Missing)
		a.listRules("the path has", q.Near)
	}
	for _, u := range q.Unknown {
		fmt.Fprintf(a.stdout, "  not looked into: %s\n", u)
	}
}

// mode tells what the profile's mode makes of an access that its rules deny, ""
// for nothing. In complain mode a plain deny holds, and is not recorded; one with
// audit is recorded and allowed, as is what no rule grants (aa_audit_file of the
// kernel).
func (q answered) mode() string {
	if q.Allowed {
		return ""
	}
	quiet := slices.ContainsFunc(q.Deny, func(r ir.Rule) bool { return !r.Audit })
	for _, flag := range q.profile.Flags {
		switch {
		case flag == "complain" && quiet:
			return "complain mode: a deny without audit holds there too"
		case flag == "complain":
			return "complain mode: allowed and recorded"
		case flag == "unconfined":
			return "unconfined mode: allowed, no rule is looked up"
		case flag == "default_allow" && len(q.Deny) == 0:
			return "default_allow mode: allowed, since no rule denies it"
		case flag == "kill":
			return "kill mode: the program is killed"
		case flag == "prompt" && len(q.Deny) == 0:
			return "prompt mode: the user is asked"
		}
	}
	return ""
}

// realPath says whether the kernel could ask for a path: it resolves it first.
func realPath(path string) bool {
	return strings.HasPrefix(path, "/") && (filepath.Clean(path) == strings.TrimSuffix(path, "/") || path == "/")
}

func (a *app) listRules(what string, rules []ir.Rule) {
	for _, r := range rules {
		fmt.Fprintf(a.stdout, "  %s `%s`\n", what, r.Rule)
		for _, o := range r.Origins {
			fmt.Fprintf(a.stdout, "    %s, %s", o.Intent, o.Range)
			for _, u := range o.Via {
				fmt.Fprintf(a.stdout, ", through module %s", u.Module)
			}
			if o.Reason != "" {
				fmt.Fprintf(a.stdout, ": %s", o.Reason)
			}
			fmt.Fprintln(a.stdout)
		}
	}
}

// because spells a reason behind what it is for.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
