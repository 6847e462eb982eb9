package verify

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// benchTexts are 50 small profiles such as services have.
func benchTexts() []Input {
	inputs := make([]Input, 50)
	for i := range inputs {
		text := fmt.Sprintf(`abi <abi/3.0>,
profile p%[1]d /usr/bin/p%[1]d {
 /usr/bin/p%[1]d mr,
 /usr/lib/p%[1]d/{,**} mr,
 /etc/p%[1]d/{,**} r,
 /var/lib/p%[1]d/{,**} rwk,
 /var/log/p%[1]d/*.log w,
 owner /tmp/p%[1]d-* rwk,
 /run/p%[1]d.pid rwk,
 capability net_bind_service,
 network inet stream,
 network inet6 stream,
 signal (receive) peer=unconfined,
 unix (connect, send, receive) type=stream peer=(addr=@p%[1]d),
}
`, i)
		inputs[i] = Input{Name: fmt.Sprint(i), Text: []byte(text)}
	}
	return inputs
}

// reportCPU adds the processor time of a benchmark, with that of the parsers:
// on a busy machine it says more than the time that went by.
func reportCPU(b *testing.B) func() {
	before := processorTime()
	return func() { b.ReportMetric(float64((processorTime()-before)/time.Duration(b.N)), "cpu-ns/op") }
}

func processorTime() time.Duration {
	var sum int64
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		if syscall.Getrusage(who, &used) == nil {
			sum += used.Utime.Nano() + used.Stime.Nano()
		}
	}
	return time.Duration(sum)
}

// BenchmarkRunAll verifies them in the way of this package.
func BenchmarkRunAll(b *testing.B) {
	p, target, inputs := parsers(b)[0], target(b, "debian-12"), benchTexts()
	defer reportCPU(b)()
	for b.Loop() {
		results, err := RunAll(b.Context(), p, target, inputs)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range results {
			if !r.Accepted {
				b.Fatal(r.Messages)
			}
		}
	}
}

// BenchmarkByHand is the measure for it: the parser alone on each of them, on
// one core and on two.
func BenchmarkByHand(b *testing.B) {
	for _, cores := range []int{1, 2} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			s, err := openSession(parsers(b)[0], target(b, "debian-12"))
			if err != nil {
				b.Fatal(err)
			}
			defer s.close()
			files := benchFiles(b)
			defer reportCPU(b)()
			for b.Loop() {
				var workers sync.WaitGroup
				for core := range cores {
					workers.Go(func() {
						for i := core; i < len(files); i += cores {
							byHand(b, s, files[i])
						}
					})
				}
				workers.Wait()
			}
		})
	}
}

func benchFiles(b *testing.B) []string {
	dir := b.TempDir()
	var files []string
	for _, in := range benchTexts() {
		file := filepath.Join(dir, in.Name)
		if err := os.WriteFile(file, in.Text, 0o644); err != nil {
			b.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func byHand(b *testing.B, s *session, file string) {
	cmd := exec.Command(s.parser.Path, "-QK", "-j1", "--config-file", "/dev/null",
		"--kernel-features", s.kernel, "--policy-features", s.abi(), "-I", s.includes, file)
	if err := cmd.Run(); err != nil {
		b.Error(err)
	}
}
