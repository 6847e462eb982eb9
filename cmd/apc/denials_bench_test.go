package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// BenchmarkDenials lists the denials of logs, a third of whose lines are
// records: whole processes, beside grep, which only counts the lines, and the
// readers of libapparmor and aa-logprof where their Python modules are
// installed (python3-libapparmor, python3-apparmor).
func BenchmarkDenials(b *testing.B) {
	apc := binary(b)
	for _, lines := range []int{10_000, 100_000, 1_000_000} {
		log := generatedLog(b, lines)
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			timed(b, "grep", exec.Command("grep", "-c", "apparmor=", log))
			timed(b, "apc-denials", exec.Command(apc, "denials", log))
			timed(b, "apc-denials-json", exec.Command(apc, "denials", "--format", "json", log))
			python(b, "libapparmor", "LibAppArmor", libapparmorReader, log)
			python(b, "aa-logprof-reader", "apparmor.logparser", logprofReader, log)
		})
	}
}

// libapparmorReader parses each line, as programs that use the library do.
const libapparmorReader = `
import sys, LibAppArmor as l
n = 0
for line in open(sys.argv[1]):
    r = l.parse_record(line)
    n += r.event != l.AA_RECORD_INVALID
    l.free_record(r)
print(n)`

// logprofReader is how aa-logprof reads its log.
const logprofReader = `
import sys, apparmor.aa, apparmor.logparser as p
apparmor.aa.init_aa()
print(len(p.ReadLog(sys.argv[1], apparmor.aa.active_profiles, '').read_log('')))`

// python benchmarks a script where its module is installed.
func python(b *testing.B, label, module, script, log string) {
	interpreter := "/usr/bin/python3" // the distribution's, which has its modules
	if err := exec.Command(interpreter, "-c", "import "+module).Run(); err != nil {
		b.Logf("%s: the Python module %s is missing", label, module)
		return
	}
	timed(b, label, exec.Command(interpreter, "-c", script, log))
}

// timed benchmarks a command that may exit 1, and reports its peak memory.
func timed(b *testing.B, label string, like *exec.Cmd) {
	b.Run(label, func(b *testing.B) {
		peak := 0.0
		for b.Loop() {
			cmd := exec.Command(like.Path, like.Args[1:]...)
			cmd.Stdout = io.Discard
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitFindings) {
				b.Fatalf("%s: %v", label, err)
			}
			peak = max(peak, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024)
		}
		b.ReportMetric(peak, "MB-peak")
	})
}

// generatedLog writes a log of so many lines. A third are records; half of
// them repeat others, as on a host where a service tries again.
func generatedLog(b *testing.B, lines int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "kern.log")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range lines {
		fmt.Fprintf(w, "Jul %2d %02d:%02d:%02d web-01 kernel: [%5d.%06d] ", 1+i/50000%28, i/3600%24, i/60%60, i%60, i/100, i%1000000)
		if i%3 > 0 {
			fmt.Fprintf(w, "[UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.%d DST=198.51.100.7 LEN=40 TTL=242 ID=%d PROTO=TCP SPT=%d DPT=23 WINDOW=1024 SYN URGP=0\n", r.IntN(256), r.IntN(65536), r.IntN(65536))
			continue
		}
		event := r.IntN(lines/6 + 1)
		fmt.Fprintf(w, "audit: type=1400 audit(%d.%03d:%d): apparmor=\"DENIED\" operation=\"open\" profile=\"svc%d\" name=\"/srv/data/%d/object-%06d.bin\" pid=%d comm=\"worker\" requested_mask=\"wc\" denied_mask=\"wc\" fsuid=33 ouid=33\n",
			1721823933+i/100, i%1000, i, event%20, event%97, event, 1000+r.IntN(30000))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return path
}
