package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/lang/audit"
	"apc/lang/diag"
)

// whyFlags are the flags of `apc why`.
type whyFlags struct {
	loadFlags
	base   string
	format string
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
		Example: "  apc why 'audit: type=1400 audit(1700000000.123:5): apparmor=\"DENIED\" operation=\"open\" …'\n  journalctl -k -n 1 | apc why - ./policies",
		RunE:    func(_ *cobra.Command, args []string) error { return a.why(args, f) },
	}
	f.loadFlags.add(cmd)
	addBase(cmd, &f.base)
	cmd.Flags().StringVar(&f.format, "format", "text", "`FORMAT`: text, json")
	return cmd
}

func (a *app) why(args []string, f whyFlags) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format %q: there are text and json", f.format)
	}
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
	replies := []*reply{}
	for g := range log.Groups() {
		e := g.Event()
		r, err := w.reply(&e, a.rebuilder(f.loadFlags))
		if err != nil {
			return err
		}
		a.fail(r.exitCode())
		replies = append(replies, r)
	}
	if f.format == "json" {
		return a.whyJSON(replies)
	}
	for _, r := range replies {
		a.printReply(w, r)
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
		namespace, name := splitNamespace(name, e.Namespace)
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
				if namespace != "" && namespace != o.Service.Namespace.Text {
					note = fmt.Sprintf("the record is of the namespace %q, a container's say; this policy is taken for the one that is loaded there", namespace)
				}
				return located{o, m, p, note}, nil
			}
		}
	}
	return located{}, nil
}

// splitNamespace parts a profile's name, as in ":NAMESPACE://NAME", from the
// namespace in it, or else the one that the record names beside it.
func splitNamespace(name, beside string) (namespace, rest string) {
	if inner, ok := strings.CutPrefix(name, ":"); ok {
		if namespace, rest, ok := strings.Cut(inner, ":"); ok {
			return namespace, strings.TrimPrefix(rest, "//")
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(beside, "root"), "//"), name
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
