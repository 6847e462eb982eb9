package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"apc/compiler"
	"apc/compiler/ir"
	"apc/compiler/lower"
	"apc/lang/diag"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/lang/rule"
	"apc/stdlib"
)

func (a *app) stdlibCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stdlib [NAME]",
		Short:   "List the standard modules, or show what one grants",
		Example: "  apc stdlib\n  apc stdlib tls-client",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return a.standardLoader().StandardModules(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.showModule(args[0])
			}
			l := a.standardLoader()
			for _, name := range l.StandardModules() {
				fmt.Fprintf(a.stdout, "%-16s %s\n", name, l.Describe(name).Description)
			}
			return nil
		},
	}
}

func (a *app) standardLoader() *policy.Loader {
	l, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
	return l
}

// showModule shows a module's variables and the rules that it grants.
func (a *app) showModule(name string) error {
	l := a.standardLoader()
	info := l.Describe(name)
	if info == nil {
		return fmt.Errorf("there is no standard module %q.%s", name, diag.DidYouMean(name, l.StandardModules()))
	}
	fmt.Fprintf(a.stdout, "%s: %s\n", info.Name, info.Description)
	for _, v := range info.Variables {
		def := "must be given"
		if v.Default != "" {
			def = "default " + v.Default
		}
		fmt.Fprintf(a.stdout, "  variable %s (%s, %s) %s\n", v.Name, v.Type, def, v.Description)
	}
	fmt.Fprintf(a.stdout, "\nuse \"%s\" {}\n\n", name)
	p, diags := l.Text("service.hcl", fmt.Sprintf("service \"app\" {\n  attachment = \"none\"\n  use %q {}\n}\n", name))
	if diags.HasErrors() || len(p.Services) == 0 {
		fmt.Fprintf(a.stdout, "%s", info.Source)
		return nil
	}
	for _, t := range feature.Targets()[:1] {
		a.showRules(compiler.Compile(p, p.Services[0], t, compiler.Options{}).Module.Profile)
	}
	return nil
}

// showRules prints the rules that came through a module, with their reasons.
func (a *app) showRules(p *ir.Profile) {
	for _, r := range p.Rules {
		if i, ok := r.Body.(rule.Include); ok && i.IfExists || r.Origins[0].Intent == lower.Always {
			continue
		}
		reason := r.Origins[0].Reason
		if reason != "" {
			reason = "  # " + reason
		}
		fmt.Fprintf(a.stdout, "  %s%s\n", strings.TrimSpace(r.String()), reason)
	}
}
