package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/optimize"
	"apc/lang/feature"
	"apc/lang/policy"
	"apc/stdlib"
)

// largePolicy is a service of about so many file rules: most on single files,
// scattered over directories of all sizes or in one, some on globs that have
// others.
func largePolicy(n int, scattered bool) string {
	r := rand.New(rand.NewPCG(7, 8))
	var b strings.Builder
	b.WriteString("service \"app\" {\n  attachment = \"none\"\n  base = false\n")
	lists := map[string][]string{}
	for i := range n {
		intent := []string{"read", "read", "config", "data", "libraries", "logs"}[r.IntN(6)]
		dir := "/srv/one/"
		if scattered {
			dir = fmt.Sprintf("/srv/%s/d%d/e%d/", intent, r.IntN(4), r.IntN(1+r.IntN(12)))
		}
		path := dir + fmt.Sprintf("file-%d.dat", r.IntN(n))
		switch i % 25 {
		case 0:
			path = dir + fmt.Sprintf("sub%d/*.dat", r.IntN(40))
		case 1:
			path = dir + fmt.Sprintf("sub%d/file-%d.dat", r.IntN(40), i)
		case 2:
			path = dir + fmt.Sprintf("file-[0-9]%d*", r.IntN(100))
		}
		lists[intent] = append(lists[intent], fmt.Sprintf("%q", path))
	}
	for intent, paths := range lists {
		fmt.Fprintf(&b, "  %s = [%s]\n", intent, strings.Join(paths, ", "))
	}
	return b.String() + "  optimize {\n    threshold = 40\n  }\n}\n"
}

// BenchmarkLargeProfile compiles a policy of 5,000 rules: every pass, each
// checked.
func BenchmarkLargeProfile(b *testing.B) {
	target, err := feature.Lookup("debian-12")
	if err != nil {
		b.Fatal(err)
	}
	for _, level := range []string{"exact", "widen", "exact-one-directory"} {
		name, one := strings.CutSuffix(level, "-one-directory")
		loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
		p, diags := loader.Text("service.hcl", largePolicy(5000, !one))
		if diags.HasErrors() {
			b.Fatal(diags)
		}
		b.Run(level, func(b *testing.B) {
			b.ReportAllocs()
			var out *compiler.Output
			for b.Loop() {
				out = compiler.Compile(p, p.Services[0], target, compiler.Options{Optimize: optimize.Level(name)})
				if out.Diags.HasErrors() {
					b.Fatal(out.Diags)
				}
			}
			var mem runtime.MemStats
			runtime.ReadMemStats(&mem)
			b.ReportMetric(float64(mem.Sys)/1e6, "MB-process")
			b.ReportMetric(float64(out.Lowered), "rules-before")
			b.ReportMetric(float64(out.Rules), "rules-after")
		})
	}
}
