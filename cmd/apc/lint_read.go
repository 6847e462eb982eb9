package main

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/lint"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/profile"
	"apc/stdlib"
)

// linted is what lint has to say: about the input as such, and its findings.
type linted struct {
	sources         diag.Sources
	input, findings diag.List
	files           []string        // that were looked at
	own             map[string]bool // those of them that may be edited
	profiles        map[string]bool // that were looked at, and the files by their base names
}

// linting is the state while lint looks at what its arguments name.
type linting struct {
	app     *app
	flags   lintFlags
	readers map[string]*textReader    // by base directory
	bases   map[string]*compiler.Base // those that are named, whose abstractions are suggested
	out     *linted
	known   []lint.Known
	checks  []*check // to be run once all profiles are known
}

// check looks at something that was read.
type check func(*lint.Run) []lint.Result

func (l *linting) later(c check) { l.checks = append(l.checks, &c) }

// lintAll reads what the arguments name, and looks at all of it.
func (a *app) lintAll(args []string, f lintFlags) (*linted, error) {
	l := &linting{app: a, flags: f, readers: map[string]*textReader{}, bases: map[string]*compiler.Base{}, out: &linted{sources: diag.Sources{}, own: map[string]bool{}, profiles: map[string]bool{}}}
	policies, texts, err := lintArguments(args)
	if err != nil {
		return nil, err
	}
	if len(policies) > 0 {
		err = l.policies(policies)
	}
	if err == nil {
		err = l.texts(texts)
	}
	if err != nil {
		return nil, err
	}
	run := l.run(texts)
	results := slices.Concat(parallel(l.checks, func(check *check) []lint.Result {
		defer func() { *check = nil }() // what it looked at is not needed any more
		return (*check)(run)
	})...)
	for _, r := range results {
		l.out.findings = append(l.out.findings, r.Findings...)
	}
	l.out.findings = append(l.out.findings, lint.Unused(results)...).Sorted()
	return l.out, nil
}

// reader returns the reader of includes for the base directory that is named, or
// that of the settings, or the default.
func (l *linting) reader(s policy.Settings) *textReader {
	base := cmp.Or(l.flags.base, s.Base.Text)
	if l.readers[base] == nil {
		l.readers[base] = newTextReader(base)
	}
	return l.readers[base]
}

// base returns the base directory that includes are read from, nil where they
// stay unread.
func (l *linting) base(s policy.Settings) *compiler.Base {
	dir := l.reader(s).base
	if dir != "" && l.bases[dir] == nil {
		l.bases[dir] = compiler.OpenBase(dir)
	}
	return l.bases[dir]
}

func (l *linting) options(s policy.Settings) lint.Options {
	return lint.Options{Severity: s.Severity, Only: l.flags.rules, Today: l.app.today}
}

// includes returns the loader of a reader, nil where includes stay unread.
func (t *textReader) includes() *profile.Loader {
	if t.base == "" {
		return nil
	}
	return t.loader
}

// policies reads and compiles policies.
func (l *linting) policies(args []string) error {
	read, err := l.app.load(args, l.flags.loadFlags)
	if err != nil {
		return err
	}
	maps.Copy(l.out.sources, read.sources)
	l.out.input = append(l.out.input, read.diags...)
	if read.diags.HasErrors() {
		return nil
	}
	for _, p := range read.policies {
		l.files(p)
	}
	type job struct {
		p       *policy.Policy
		targets []*feature.Target
		opts    lint.Options
		reader  *textReader
		base    *compiler.Base
	}
	var jobs []job
	for _, p := range read.policies {
		targets, diags := targetsFor(p, l.flags.loadFlags)
		l.out.input = append(l.out.input, diags...)
		jobs = append(jobs, job{p, targets, l.options(p.Settings), l.reader(p.Settings), l.base(p.Settings)})
	}
	inspected := parallel(jobs, func(j job) []*compiler.Output {
		var out []*compiler.Output
		for _, s := range j.p.Services {
			for _, t := range j.targets {
				out = append(out, compiler.Inspect(j.p, s, t, compiler.Options{Today: l.app.today, Base: j.base}))
			}
		}
		return out
	})
	for i, j := range jobs {
		var asked []*ir.Module
		outputs := inspected[i]
		inspected[i] = nil // the check alone holds them
		for _, out := range outputs {
			l.out.input = append(l.out.input, withoutLoss(out.Diags)...)
			l.know(out.Module)
			if out.Target == j.targets[0] {
				asked = append(asked, out.Asked)
			}
		}
		l.later(func(run *lint.Run) []lint.Result {
			results := []lint.Result{lint.Policy(j.p, asked, run, j.opts)}
			for _, out := range outputs {
				results = append(results, out.Lint(j.reader.includes(), run, j.opts))
			}
			return results
		})
	}
	return nil
}

// files notes the files of a policy that are the user's own.
func (l *linting) files(p *policy.Policy) {
	for name := range p.Sources {
		if _, err := os.Stat(name); err == nil { // else it is a standard module
			l.out.own[name] = true
			l.out.files = append(l.out.files, name)
			l.out.profiles[filepath.Base(name)] = true
		}
	}
}

func (l *linting) know(m *ir.Module) {
	l.known = append(l.known, lint.Profiles(m)...)
	for _, p := range m.Profiles() {
		l.out.profiles[m.FullName(p)] = true
	}
}

// texts reads profile texts, with the settings of their folders.
func (l *linting) texts(paths []string) error {
	loader, diags := policy.NewLoader(policy.Options{Modules: stdlib.Modules, Rules: ruleNames()})
	l.out.input = append(l.out.input, diags...)
	settings := map[string]policy.Settings{}
	type job struct {
		path   string
		reader *textReader
		opts   lint.Options
		base   *compiler.Base
	}
	var jobs []job
	for _, path := range paths {
		dir := filepath.Dir(path)
		s, known := settings[dir]
		if !known {
			var sources diag.Sources
			s, sources, diags = loader.Settings(dir)
			settings[dir] = s
			maps.Copy(l.out.sources, sources)
			l.out.input = append(l.out.input, diags...)
		}
		jobs = append(jobs, job{path, l.reader(s), l.options(s), l.base(s)})
	}
	for i, r := range parallel(jobs, func(j job) lintText { return newLintText(j.reader.read(j.path)) }) {
		if r.err != nil {
			return r.err
		}
		l.text(jobs[i].path, r, jobs[i].reader.base, jobs[i].base, jobs[i].opts)
	}
	return nil
}

// lintText is a profile text that was read, without its modules: with the rules of
// all their includes those of a thousand texts would fill the memory.
type lintText struct {
	readText
	known []lint.Known
	names []string
}

func newLintText(r readText) lintText {
	out := lintText{readText: r}
	for _, m := range r.modules {
		out.known = append(out.known, lint.Profiles(m)...)
		for _, p := range m.Profiles() {
			out.names = append(out.names, m.FullName(p))
		}
	}
	out.modules = nil
	return out
}

// text notes a profile text that was read, to be looked at.
func (l *linting) text(path string, r lintText, dir string, base *compiler.Base, opts lint.Options) {
	name := filepath.ToSlash(path)
	l.out.input = append(l.out.input, r.diags...)
	maps.Copy(l.out.sources, r.sources)
	l.out.files = append(l.out.files, name)
	l.out.own[name], l.out.profiles[filepath.Base(name)] = true, true
	l.known = append(l.known, r.known...)
	for _, n := range r.names {
		l.out.profiles[n] = true
	}
	l.later(func(run *lint.Run) []lint.Result {
		own := diag.Sources{name: r.sources[name]}
		modules, _ := lower.Text(r.policy, dir) // its diagnostics are told already
		results := []lint.Result{lint.Text(r.policy, modules, own, run, opts)}
		for _, m := range modules {
			results = append(results, compiler.LintModule(base, lint.Subject{Module: m, Text: r.policy, Sources: own}, run, opts))
		}
		return results
	})
}

// run returns what is known of all profiles: those that were read, and those of
// the base directories.
func (l *linting) run(texts []string) *lint.Run {
	var dirs []*textReader
	for _, base := range slices.Sorted(maps.Keys(l.readers)) {
		r := l.readers[base]
		if r.base == "" {
			return lint.NewRun(l.known, nil)
		}
		dirs = append(dirs, r)
	}
	return lint.NewRun(l.known, func() []lint.Known {
		var out []lint.Known
		for _, r := range dirs {
			paths, _ := profile.Directory(r.base)
			paths = slices.DeleteFunc(paths, func(path string) bool { return isPolicyName(path) || slices.Contains(texts, path) })
			for _, read := range parallel(paths, r.read) {
				for _, m := range read.modules {
					out = append(out, lint.Profiles(m)...)
				}
			}
		}
		return out
	})
}
