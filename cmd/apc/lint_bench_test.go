package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkLint lints a thousand policies, of which every tenth has faults, and
// a thousand profile texts, Debian's again and again, as a CI job does: with a
// baseline. CPU time is that of all cores together.
func BenchmarkLint(b *testing.B) {
	apc := binary(b)
	b.Run("1000-policies", func(b *testing.B) {
		dir := writePolicies(b, 1000)
		for i := 0; i < 1000; i += 10 {
			text := fmt.Sprintf("service \"bad%[1]d\" {\n  executable = \"/usr/bin/bad%[1]d\"\n  data = [\"/etc/**\"]\n  read = [\"/srv/*/\", \"/home/\"]\n  capabilities = [\"sys_admin\"]\n}\n", i)
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("svc", i), "bad.apc.hcl"), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
		benchLint(b, apc, dir)
	})
	b.Run("1000-texts", func(b *testing.B) {
		shipped, dir := b.TempDir(), b.TempDir()
		distribution(b, shipped)
		names, err := filepath.Glob(filepath.Join(shipped, "*"))
		if err != nil {
			b.Fatal(err)
		}
		for i := range 1000 {
			text, err := os.ReadFile(names[i%len(names)])
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.%s", i, filepath.Base(names[i%len(names)]))), text, 0o644)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		benchLint(b, apc, dir)
	})
}

func benchLint(b *testing.B, apc, dir string) {
	baseline := filepath.Join(b.TempDir(), "baseline.json")
	measured(b, dir, apc, "lint", "--write-baseline", baseline, "./...")
	var cpu, peak float64
	for b.Loop() {
		cmd := exec.Command(apc, "lint", "--baseline", baseline, "./...")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		peak = max(peak, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024)
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-s/op")
	b.ReportMetric(peak, "MB-peak")
}
