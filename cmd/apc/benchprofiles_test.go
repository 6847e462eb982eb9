package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"apc/lang/feature"
	"apc/lang/profile"
)

// pythonReader reads profiles by the parser of apparmor-utils, which keeps what
// an include brings as ours does.
const pythonReader = `
import sys
import apparmor.aa as aa
aa.init_aa()
for name in sys.argv[1:]:
    with aa.open_file_read(name) as f:
        aa.parse_profile_data(f.readlines(), name, 0)
`

// BenchmarkProfiles reads every profile that Debian's packages put on the
// machine, with includes and without compiling: whole processes, one for all
// files. The rate is that of the distinct text; cpu-ms is user and system time.
func BenchmarkProfiles(b *testing.B) {
	apc := binary(b)
	names := []string{"-NQK", "-j1", "--config-file", "/dev/null", "--kernel-features", kernelFeatures(b)}
	files := debianProfiles(b, names)
	size := distinctText(b, files)
	python := []string{"-c", pythonReader}
	run := func(label, name string, args ...string) {
		b.Run(label, func(b *testing.B) {
			args := append(args[:len(args):len(args)], files...)
			if err := exec.Command(name, args...).Run(); err != nil {
				b.Skipf("SKIPPED: %s: %v", name, err)
			}
			b.SetBytes(size)
			var cpu time.Duration
			for b.Loop() {
				cpu += cpuTime(b, name, args...)
			}
			b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
	run("apc-verify", apc, "verify", "--no-parser", "--format", "json")
	run("apparmor_parser-N", "apparmor_parser", names...)
	run("apparmor-utils", "/usr/bin/python3", python...)
}

// cpuTime runs a command and returns what it took of all processors.
func cpuTime(b *testing.B, name string, args ...string) time.Duration {
	cmd := exec.Command(name, args...)
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// kernelFeatures writes the features of a kernel that has all of them.
func kernelFeatures(b *testing.B) string {
	t, err := feature.Lookup("apparmor-5.0")
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "features")
	if err := os.WriteFile(path, t.KernelFeatures.Text(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// debianProfiles returns the profiles of Debian's packages that the parser can
// read.
func debianProfiles(b *testing.B, args []string) []string {
	var files []string
	for _, dir := range []string{"/etc/apparmor.d", "/usr/share/apparmor/extra-profiles"} {
		names, _ := profile.Directory(dir)
		for _, name := range names {
			if exec.Command("apparmor_parser", append(args[:len(args):len(args)], name)...).Run() == nil {
				files = append(files, name)
			}
		}
	}
	if len(files) == 0 {
		b.Skip("SKIPPED: apparmor_parser is missing, or the profiles of Debian's packages")
	}
	b.Logf("%d profiles", len(files))
	return files
}

// distinctText returns how much text files and their includes have, each file
// counted once.
func distinctText(b *testing.B, files []string) (size int64) {
	loader := &profile.Loader{Base: []string{defaultBase}}
	seen := map[string]bool{}
	for _, name := range files {
		p, _, err := loader.Load(context.Background(), name)
		if err != nil {
			b.Fatal(err)
		}
		size += int64(len(p.File.Text))
		for name, f := range p.Files {
			if !seen[name] {
				seen[name] = true
				size += int64(len(f.Text))
			}
		}
	}
	return size
}
