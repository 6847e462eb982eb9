package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"apc/lang/audit/audittest"
)

// BenchmarkDenials lists the denials of logs: whole processes, beside grep,
// which only counts the lines, libapparmor's parser in C, on every line and on
// those alone that grep would find, and aa-logprof's reader, each where it is
// installed. Logs are of a host whose services ask for the same things again
// and again, and of one that is made to be hard, whose list is as long as the
// log; see [audittest.Generate].
func BenchmarkDenials(b *testing.B) {
	apc := binary(b)
	native := libapparmor(b)
	for _, lines := range []int{10_000, 100_000, 1_000_000} {
		for _, distinct := range []int{audittest.Realistic, audittest.Hard(lines)} {
			log := generatedLog(b, lines, distinct)
			b.Run(fmt.Sprintf("%d-lines/%d-distinct", lines, distinct), func(b *testing.B) {
				timed(b, "grep", exec.Command("grep", "-c", "apparmor=", log))
				timed(b, "apc-denials", exec.Command(apc, "denials", log))
				timed(b, "apc-denials-json", exec.Command(apc, "denials", "--format", "json", log))
				if native != "" {
					timed(b, "libapparmor", exec.Command(native, log))
					timed(b, "libapparmor-filtered", exec.Command(native, log, "apparmor="))
				}
				python(b, "aa-logprof-reader", "apparmor.logparser", logprofReader, log)
			})
		}
	}
}

// libapparmor builds a program that reads a log by libapparmor's own parser,
// each line by itself. It returns "" where there is no compiler or no library.
func libapparmor(b *testing.B) string {
	out := filepath.Join(b.TempDir(), "libapparmor")
	cmd := exec.Command("cc", "-O2", "-x", "c", "-o", out, "-", "-l:libapparmor.so.1")
	cmd.Stdin = strings.NewReader(libapparmorReader)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Logf("libapparmor is left out: %v\n%s", err, text)
		return ""
	}
	return out
}

// libapparmorReader has the two declarations that it needs of aalogparse.h. Its
// second argument is what a line must hold to be parsed.
const libapparmorReader = `
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
void *parse_record(const char *line);
void free_record(void *record);
int main(int argc, char **argv) {
	FILE *f = fopen(argv[1], "r");
	char *line = NULL;
	size_t size = 0, records = 0;
	while (f && getline(&line, &size, f) > 0) {
		if (argc > 2 && !strstr(line, argv[2]))
			continue;
		void *record = parse_record(line);
		records += record != NULL;
		free_record(record);
	}
	printf("%zu\n", records);
}`

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

// timed benchmarks a command that may exit 1, and reports its peak memory and
// the least time that it took of the processors, which says more than the time
// by the clock where others use them too.
func timed(b *testing.B, label string, like *exec.Cmd) {
	b.Run(label, func(b *testing.B) {
		peak, cpu := 0.0, math.Inf(1)
		for b.Loop() {
			cmd := exec.Command(like.Path, like.Args[1:]...)
			cmd.Stdout = io.Discard
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitFindings) {
				b.Fatalf("%s: %v", label, err)
			}
			peak = max(peak, float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024)
			cpu = min(cpu, (cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()).Seconds()*1e3)
		}
		b.ReportMetric(cpu, "cpu-ms")
		b.ReportMetric(peak, "MB-peak")
	})
}

// generatedLog writes a log of so many lines.
func generatedLog(b *testing.B, lines, distinct int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "kern.log")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	audittest.Generate(f, lines, distinct)
	return path
}
