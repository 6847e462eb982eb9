package compiler_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"apc/compiler"
	"apc/compiler/optimize"
	"apc/lang/diag"
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

// largeBase writes a base directory of so many abstractions, each with rules on
// the directories of largePolicy and elsewhere, and returns it.
func largeBase(b *testing.B, n int) *compiler.Base {
	b.Helper()
	dir := b.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(9, 10))
	write("tunables/global", "@{HOME} = /home/*/ /root/\n@{run} = /run/ /var/run/\n")
	for i := range n {
		var text strings.Builder
		if i%3 == 0 && i > 0 {
			fmt.Fprintf(&text, "include <abstractions/a%d>\n", i/2)
		}
		fmt.Fprintf(&text, "include if exists <abstractions/a%d.d>\n", i)
		for range 30 {
			dir := fmt.Sprintf("/srv/read/d%d/e%d/", r.IntN(4), r.IntN(12))
			switch r.IntN(4) {
			case 0:
				fmt.Fprintf(&text, "%sfile-%d.dat r,\n", dir, r.IntN(5000))
			case 1:
				fmt.Fprintf(&text, "%sfile-%d[0-9]*.dat r,\n", dir, r.IntN(50))
			case 2:
				fmt.Fprintf(&text, "owner @{HOME}/.x%d/** rw,\n", r.IntN(500))
			case 3:
				fmt.Fprintf(&text, "@{run}/x%d/{,**} r,\n", r.IntN(500))
			}
		}
		write(fmt.Sprintf("abstractions/a%d", i), text.String())
	}
	return compiler.OpenBase(dir)
}

// BenchmarkLargeProfile compiles a policy of 5,000 rules: every pass, each
// checked, and with "base" also those that look through 120 abstractions.
func BenchmarkLargeProfile(b *testing.B) {
	target, err := feature.Lookup("debian-12")
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"exact", "widen", "exact-one-directory", "exact-base", "widen-base"} {
		level, _, _ := strings.Cut(name, "-")
		loader, _ := policy.NewLoader(policy.Options{Modules: stdlib.Modules})
		p, diags := loader.Text("service.hcl", largePolicy(5000, !strings.HasSuffix(name, "-one-directory")))
		if diags.HasErrors() {
			b.Fatal(diags)
		}
		opts := compiler.Options{Optimize: optimize.Level(level)}
		if strings.HasSuffix(name, "-base") {
			opts.Base = largeBase(b, 120)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out *compiler.Output
			for b.Loop() {
				out = compiler.Compile(p, p.Services[0], target, opts)
				if out.Diags.HasErrors() || out.Diags.Count(diag.Warning) > 0 {
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
