package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"apc/lang/feature"
)

// The benchmarks time whole processes, side by side with what a user would
// take instead, and report the peak memory of the largest process.

// measured runs a command and returns its peak memory in MB.
func measured(b *testing.B, dir, name string, args ...string) float64 {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, out)
	}
	return float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}

// process benchmarks a command.
func process(b *testing.B, label, dir, name string, args ...string) {
	b.Run(label, func(b *testing.B) {
		if _, err := exec.LookPath(name); err != nil {
			b.Skipf("%s is missing", name)
		}
		peak := 0.0
		for b.Loop() {
			peak = max(peak, measured(b, dir, name, args...))
		}
		b.ReportMetric(peak, "MB-peak")
	})
}

// binary builds apc once for a benchmark.
func binary(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "apc")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// servicePolicy is a service as they are met, the n-th of its kind.
func servicePolicy(n int) string {
	return fmt.Sprintf(`service "svc%[1]d" {
  executable   = "/usr/local/bin/svc%[1]d"
  config       = ["/etc/svc%[1]d/config.yaml", "/etc/svc%[1]d/conf.d/"]
  data         = ["/var/lib/svc%[1]d/"]
  logs         = [{ path = "/var/log/svc%[1]d/*.log", reason = "rotated by logrotate" }]
  runtime      = ["/run/svc%[1]d.pid"]
  temp         = ["/tmp/svc%[1]d-*"]
  capabilities = ["net_bind_service", "setuid"]
  listen "http" {
    port = %[2]d
  }
  use "dns" {}
  use "tls-client" {}
  deny {
    write = ["/etc/svc%[1]d/"]
  }
}
`, n, 1024+n)
}

// writePolicies writes n services, a folder each.
func writePolicies(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprint("svc", i))
		if err := os.Mkdir(sub, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sub, "service.hcl"), []byte(servicePolicy(i)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

// parserArguments are what the real parser needs to compile for Debian 12
// without an AppArmor kernel.
func parserArguments(b *testing.B) []string {
	b.Helper()
	t, err := feature.Lookup("debian-12")
	if err != nil {
		b.Fatal(err)
	}
	features := filepath.Join(b.TempDir(), "features")
	if err := os.WriteFile(features, t.KernelFeatures.Text(), 0o644); err != nil {
		b.Fatal(err)
	}
	return []string{"-QKS", "-j1", "--config-file", "/dev/null", "--kernel-features", features, "--policy-features", features}
}

// BenchmarkOneService makes one profile.
func BenchmarkOneService(b *testing.B) {
	apc, dir := binary(b), writePolicies(b, 1)
	process(b, "apc-build-no-verify", dir, apc, "build", "./...", "--no-verify")
	process(b, "apc-build", dir, apc, "build", "./...")
	process(b, "aa-easyprof", dir, "aa-easyprof", "--template=default", "--read-path=/etc/svc0/", "--write-path=/var/lib/svc0/", "/usr/local/bin/svc0")
	process(b, "apparmor_parser-alone", dir, "apparmor_parser", append(parserArguments(b), "apparmor.d/usr.local.bin.svc0")...)
}

// Benchmark1000Services makes a thousand profiles.
func Benchmark1000Services(b *testing.B) {
	const n = 1000
	apc, dir := binary(b), writePolicies(b, n)
	process(b, "apc-build-no-verify", dir, apc, "build", "./...", "--no-verify")
	process(b, "apc-build", dir, apc, "build", "./...")
	process(b, "apc-lint", dir, apc, "lint", "./...", "--format", "json")
	b.Run("apparmor_parser-alone", func(b *testing.B) {
		files, err := filepath.Glob(filepath.Join(dir, "apparmor.d", "*"))
		if err != nil || len(files) != n {
			b.Fatalf("%d files: %v", len(files), err)
		}
		args := parserArguments(b)
		for b.Loop() {
			parseAll(b, files, args)
		}
	})
}

// parseAll runs the parser once for each file, as many at a time as there are
// cores.
func parseAll(b *testing.B, files, args []string) {
	queue := make(chan string)
	done := make(chan error)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			var failed error
			for f := range queue {
				if err := exec.Command("apparmor_parser", append(args[:len(args):len(args)], f)...).Run(); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for _, f := range files {
		queue <- f
	}
	close(queue)
	for range runtime.GOMAXPROCS(0) {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}
