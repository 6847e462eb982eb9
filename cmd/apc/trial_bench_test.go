package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// freePolicy lets perl read what it needs, and nothing else.
const freePolicy = `service "app" {
  attachment = "none"
  file "/usr/**" {
    access = ["read", "map"]
  }
  run "/usr/bin/{true,perl}" {
    as = "inherit"
  }
}
`

// nginxRequests starts Debian's nginx, asks it 100 times, and stops it.
const nginxRequests = `set -e
nginx
until curl -s -o /dev/null localhost; do sleep 0.01; done
curl -sf 'http://localhost/?[1-100]' >/dev/null
nginx -s quit
while [ -e /run/nginx.pid ]; do sleep 0.01; done`

// BenchmarkTrial runs whole trials, from the policy to the report: of true, of
// nginx with 100 requests, of 100,000 distinct denials of which none may be
// lost. It measures what part of the processor's time is apc's own, and the
// memory that it comes to, which must be less than 100 MB; each without the
// kernel and the parser.
func BenchmarkTrial(b *testing.B) {
	if !kernelInstalled() {
		b.Skip("linux.uml is missing, or the race detector is on: trials are not timed")
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "service.hcl"), []byte(freePolicy), 0o644); err != nil {
		b.Fatal(err)
	}
	b.Run("true", func(b *testing.B) {
		benchTrial(b, exitOK, "exit code 0", dir, "--enter", "app", "--", "true")
	})
	b.Run("nginx-100-requests", func(b *testing.B) {
		if _, err := exec.LookPath("nginx"); err != nil {
			b.Skip("nginx is missing")
		}
		benchTrial(b, exitOK, "0 accesses recorded", "../../examples/nginx", "--", "sh", "-c", nginxRequests)
	})
	b.Run("100000-denials", func(b *testing.B) {
		create := `for (1..100000) { open F, ">", "/run/file-$_" } exit 0`
		benchTrial(b, exitFindings, "100000 accesses recorded", dir, "--enter", "app", "--", "perl", "-e", create)
	})
}

// benchTrial times apc trial with arguments, in this process.
func benchTrial(b *testing.B, code int, want string, args ...string) {
	own, others := processorTime(b, syscall.RUSAGE_SELF), processorTime(b, syscall.RUSAGE_CHILDREN)
	for b.Loop() {
		var out, errors bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errors, today: "2000-01-01"}
		if got := a.run(append([]string{"trial"}, args...)); got != code || !strings.Contains(out.String(), want) {
			b.Fatalf("exit code %d\n%s%s", got, out.String(), errors.String())
		}
	}
	own, others = processorTime(b, syscall.RUSAGE_SELF)-own, processorTime(b, syscall.RUSAGE_CHILDREN)-others
	b.ReportMetric(100*own/(own+others), "%own")
	peak := peakMemory(b)
	b.ReportMetric(peak, "MB-peak")
	if peak >= 100 {
		b.Errorf("%.0f MB of memory", peak)
	}
}

// processorTime returns the seconds that were used.
func processorTime(b *testing.B, who int) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peakMemory returns the most memory that this process has had.
func peakMemory(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var kB float64
	if _, err := fmt.Sscan(after, &kB); err != nil {
		b.Fatal(err)
	}
	return kB / 1024
}
