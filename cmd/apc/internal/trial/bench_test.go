//go:build linux && amd64

package trial

import (
	"syscall"
	"testing"
)

// BenchmarkTrue is the cost of a trial as such: of the wall time, and of the
// processor's time this process's share.
func BenchmarkTrue(b *testing.B) {
	own, all := cpu(b, syscall.RUSAGE_SELF), cpu(b, syscall.RUSAGE_CHILDREN)
	for b.Loop() {
		if r := try(b, Options{Command: []string{"true"}}); r.ExitCode != 0 {
			b.Fatal(r.ExitCode)
		}
	}
	own, all = cpu(b, syscall.RUSAGE_SELF)-own, cpu(b, syscall.RUSAGE_CHILDREN)-all
	b.ReportMetric(100*own/(own+all), "%own")
}

// BenchmarkRecords is a trial with 100,000 distinct records, none of which may
// be lost, and the memory that this process comes to.
func BenchmarkRecords(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		if r := try(b, creation(b, n)); r.RecordCount != n {
			b.Fatal(r.RecordCount, "records")
		}
	}
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(u.Maxrss)/1024, "MB")
}

// cpu returns the seconds that were used.
func cpu(b *testing.B, who int) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
