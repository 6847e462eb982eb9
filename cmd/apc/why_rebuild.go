package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"apc/compiler"
	"apc/compiler/fit"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/compiler/propose"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

// rebuild compiles the folder that an output's service is in with other texts
// of some files. The problem says why the changed policy is refused.
type rebuild func(out *compiler.Output, texts map[string][]byte) (outputs []*compiler.Output, problem string, err error)

// rebuilder returns a rebuild with the variables of the flags. The files that
// were read are written anew below a folder that goes again; what a policy
// names outside of them stays where it is.
func (a *app) rebuilder(f loadFlags) rebuild {
	return func(out *compiler.Output, texts map[string][]byte) ([]*compiler.Output, string, error) {
		root, err := os.MkdirTemp("", "apc-why-")
		if err != nil {
			return nil, "", machineError(err)
		}
		defer os.RemoveAll(root)
		for name, src := range out.Policy.Sources {
			if changed, ok := texts[name]; ok {
				src = changed
			}
			if err := copyBelow(root, name, src); err != nil {
				return nil, "", machineError(err)
			}
		}
		folder, err := filepath.Abs(filepath.Dir(out.Service.Where.Range.File))
		if err != nil {
			return nil, "", machineError(err)
		}
		f.targets = []string{out.Target.Name}
		l, err := a.load([]string{filepath.Join(root, folder)}, f)
		if err != nil {
			return nil, "", err
		}
		l.diags = slices.DeleteFunc(l.diags, declaredElsewhere)
		outputs, diags := l.inspect(f, compiler.Options{Today: a.today})
		if problem := firstError(slices.Concat(l.diags, diags)); problem != "" {
			return nil, problem, nil
		}
		return outputs, "", nil
	}
}

// declaredElsewhere says whether an error is about a --var that other folders
// declare.
func declaredElsewhere(d diag.Diagnostic) bool { return strings.HasPrefix(d.Subject.File, "--var ") }

// copyBelow writes a file that was read, but for those of apc itself.
func copyBelow(root, name string, src []byte) error {
	if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	path := filepath.Join(root, abs)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, src, 0o600)
}

// firstError spells the first error of a list, "" where there is none.
func firstError(list diag.List) string {
	for _, d := range list {
		if d.Severity == diag.Error {
			return d.Summary + ". " + d.Detail
		}
	}
	return ""
}

// attempt returns what the profile would say with a statement in it, and the
// rules that the statement stands for.
func (q *question) attempt(s propose.Statement) ([]ir.Rule, propose.Finding, string) {
	rules, children, losses, problem := compileStatement(s, q.out.Service, q.out.Target)
	if problem != "" {
		return nil, propose.Finding{}, problem
	}
	p, m, top := *q.profile, *q.module, *q.module.Profile
	p.Rules = append(slices.Clone(p.Rules), rules...)
	top.Children = append(slices.Clone(top.Children), children...)
	m.Profile, m.Values = &top, propose.ProcessValues(m.Values)
	f := propose.Decide(&m, &p, q.want)
	if f.Verdict == propose.Missing && len(losses) > 0 {
		return nil, f, fmt.Sprintf("%s cannot hold `%s` [loss-%s]", q.out.Target.Name, losses[0].Rule, losses[0].Feature)
	}
	return rules, f, ""
}

// compileStatement compiles a service that has one statement.
func compileStatement(s propose.Statement, like *policy.Service, t *feature.Target) (rules []ir.Rule, children []*ir.Profile, losses []fit.Loss, problem string) {
	kind, more := "service", ""
	if like.Container {
		kind = "container"
	} else {
		more = "attachment = \"none\"\n"
	}
	text := fmt.Sprintf("%s %q {\n%sbase = false\nno_new_privileges = %t\ndynamic_user = %t\n%s\n}\n", kind, like.Name, more, like.NoNewPrivileges, like.DynamicUser, s.HCL())
	loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	p, diags := loader.Text("proposal.hcl", text)
	if diags.HasErrors() || len(p.Services) != 1 {
		return nil, nil, nil, firstError(diags)
	}
	out := compiler.Inspect(p, p.Services[0], t, compiler.Options{})
	if problem := firstError(out.Diags); problem != "" {
		return nil, nil, nil, problem
	}
	for _, r := range out.Module.Profile.Rules {
		if r.Origins[0].Intent != lower.Always {
			rules = append(rules, r)
		}
	}
	return rules, out.Module.Profile.Children, out.Losses, ""
}
