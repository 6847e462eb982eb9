package main

import (
	"cmp"
	"context"
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
	profile string
	base    string
	out     string
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
directory ends in "/".`,
		Example: "  apc explain\n  apc explain usr.sbin.nginx:17 examples/nginx\n  apc explain --access /etc/shadow:r examples/nginx\n" +
			"  apc explain --access /etc/shadow:r /etc/apparmor.d/usr.sbin.cupsd",
		RunE: func(_ *cobra.Command, args []string) error { return a.explain(args, f) },
	}
	f.loadFlags.add(cmd)
	cmd.Flags().StringArrayVar(&f.access, "access", nil, "`PATH:LETTERS` that is asked for (repeatable)")
	cmd.Flags().StringVar(&f.profile, "profile", "", "ask `PROFILE` only: a service, or service//child")
	addBase(cmd, &f.base)
	cmd.Flags().StringVarP(&f.out, "output", "o", "apparmor.d", "`DIR` that profiles were built into")
	return cmd
}

// lineArgument is PROFILE:LINE.
var lineArgument = regexp.MustCompile(`^(.+):([0-9]+)$`)

func (a *app) explain(args []string, f explainFlags) error {
	if err := checkBase(f.base); err != nil {
		return err
	}
	line := ""
	if len(args) > 0 && lineArgument.MatchString(args[0]) {
		if _, err := os.Stat(args[0]); err != nil {
			line, args = args[0], args[1:]
		}
	}
	if line != "" && len(args) == 0 && isHandWritten(line) {
		return a.explainTextLine(line, f.base)
	}
	policies, texts, err := sortArguments(args)
	if err != nil {
		return err
	}
	if len(texts) > 0 {
		if len(policies) > 0 || line != "" {
			return fmt.Errorf("%s is a profile text; ask about policies and texts one after the other", texts[0])
		}
		return a.explainTexts(texts, f)
	}
	l, err := a.load(policies, f.loadFlags)
	if err != nil {
		return err
	}
	opts := compiler.Options{Today: a.today}
	if f.base != "" {
		opts.Base = compiler.OpenBase(f.base)
	}
	outputs, diags := l.inspect(f.loadFlags, opts)
	a.report(l.sources, append(append(diag.List{}, l.diags...), diags...).Sorted())
	if a.code >= exitInput {
		return nil
	}
	switch {
	case line != "":
		return a.explainLine(line, outputs, l.sources, f.out)
	case len(f.access) > 0:
		modules, err := resolvedAll(outputs, f.base)
		if err != nil {
			return err
		}
		return a.explainAccess(modules, f)
	}
	for _, o := range outputs {
		fmt.Fprint(a.stdout, apparmor.Emit(o.Module, true).Text)
	}
	return nil
}

// explainLine tells where one line of a profile comes from.
func (a *app) explainLine(arg string, outputs []*compiler.Output, sources diag.Sources, dir string) error {
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
	file, err := asBuilt(candidates, name, dir)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(file.Text, "\n"), "\n")
	if number < 1 || number > len(lines) {
		return fmt.Errorf("%s: the profile has %d lines", arg, len(lines))
	}
	fmt.Fprintf(a.stdout, "%s:%d: %s\n", filepath.Base(name), number, strings.TrimSpace(lines[number-1]))
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

// explainOrigins tells the origins of what stands on a line.
func (a *app) explainOrigins(l apparmor.Line, sources diag.Sources) {
	switch {
	case l.Rule != nil:
		for _, o := range l.Rule.Origins {
			a.explainOrigin(o, sources)
		}
	case l.Profile != nil || l.Origin.Intent != "":
		a.explainOrigin(l.Origin, sources)
	default:
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

// explainAccess answers every --access for every profile that is asked.
func (a *app) explainAccess(modules []*ir.Module, f explainFlags) error {
	known := false
	for _, m := range modules {
		for _, p := range m.Profiles() {
			full := m.FullName(p)
			if f.profile != "" && f.profile != full || f.profile == "" && p != m.Profile {
				continue
			}
			known = true
			for _, arg := range f.access {
				if err := a.answer(m, p, arg); err != nil {
					return err
				}
			}
		}
	}
	if !known {
		return fmt.Errorf("there is no profile %q in what was read", f.profile)
	}
	return nil
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

func (a *app) answer(m *ir.Module, p *ir.Profile, arg string) error {
	i := strings.LastIndexByte(arg, ':')
	if i < 0 {
		return fmt.Errorf("--access %q is not of the form PATH:LETTERS", arg)
	}
	path := arg[:i]
	want, ok := grants.ParseAccess(arg[i+1:])
	if !ok || !realPath(path) {
		return fmt.Errorf("--access %q: the path is absolute, without \".\", \"..\" or \"//\", and the letters are of r w a l k m x", arg)
	}
	ans := grants.Ask(m, p, path, want)
	verdict := "allowed"
	switch {
	case !ans.Allowed:
		verdict = "denied" + inMode(p, ans)
		a.fail(exitFindings)
	case ans.OwnerOnly:
		verdict = "allowed to the owner of the file only"
	}
	fmt.Fprintf(a.stdout, "%s: %s %s: %s\n", m.FullName(p), path, want, verdict)
	a.listRules("granted by", ans.Allow)
	a.listRules("denied by", ans.Deny)
	a.listRules("of lower priority", ans.Overruled)
	if !ans.Allowed && len(ans.Deny) == 0 {
		fmt.Fprintf(a.stdout, "  no rule grants %s\n", ans.Missing)
		a.listRules("the path has", ans.Near)
	}
	for _, u := range ans.Unknown {
		fmt.Fprintf(a.stdout, "  not looked into: %s\n", u)
	}
	return nil
}

// inMode tells what the profile's mode makes of an access that its rules deny.
// In complain mode a plain deny holds, and is not recorded; one with audit is
// recorded and allowed, as is what no rule grants (aa_audit_file of the kernel).
func inMode(p *ir.Profile, ans grants.Answer) string {
	quiet := slices.ContainsFunc(ans.Deny, func(r ir.Rule) bool { return !r.Audit })
	for _, flag := range p.Flags {
		switch {
		case flag == "complain" && quiet:
			return " (complain mode: a deny without audit holds there too)"
		case flag == "complain":
			return " (complain mode: allowed and recorded)"
		case flag == "unconfined":
			return " (unconfined mode: allowed, no rule is looked up)"
		case flag == "default_allow" && len(ans.Deny) == 0:
			return " (default_allow mode: allowed, since no rule denies it)"
		case flag == "kill":
			return " (kill mode: the program is killed)"
		case flag == "prompt" && len(ans.Deny) == 0:
			return " (prompt mode: the user is asked)"
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
