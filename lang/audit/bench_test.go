package audit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"apc/lang/audit/audittest"
)

// generated returns the path of a log of so many lines.
func generated(b *testing.B, lines, distinct int) string {
	path := filepath.Join(b.TempDir(), "kern.log")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	audittest.Generate(f, lines, distinct)
	return path
}

// BenchmarkRead reads and groups logs of a host whose services ask for the same
// things again and again, and logs that are made to be hard, and reports beside
// it how long grep takes to find the records in the same file.
func BenchmarkRead(b *testing.B) {
	for _, lines := range []int{10_000, 100_000, 1_000_000} {
		for _, distinct := range []int{audittest.Realistic, audittest.Hard(lines)} {
			b.Run(fmt.Sprintf("%d-lines/%d-distinct", lines, distinct), func(b *testing.B) {
				path := generated(b, lines, distinct)
				info, _ := os.Stat(path)
				b.SetBytes(info.Size())
				for b.Loop() {
					readFile(b, path)
				}
				b.ReportMetric(grepTime(b, path).Seconds()*1e3, "grep-ms")
			})
		}
	}
}

func readFile(b *testing.B, path string) {
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	l := NewLog()
	if err := l.Read(path, f); err != nil {
		b.Fatal(err)
	}
	n := 0
	for range l.Groups() {
		n++
	}
	if n != l.Distinct() || l.Records == 0 {
		b.Fatalf("%d groups of %d, %d records", n, l.Distinct(), l.Records)
	}
}

// grepTime returns the shortest of three runs.
func grepTime(b *testing.B, path string) time.Duration {
	shortest := time.Hour
	for range 3 {
		start := time.Now()
		if err := exec.Command("grep", "-c", "apparmor=", path).Run(); err != nil {
			b.Log("no grep to compare with: ", err)
			return 0
		}
		shortest = min(shortest, time.Since(start))
	}
	return shortest
}

func BenchmarkParseLine(b *testing.B) {
	line := []byte(`Jul 24 12:25:33 host kernel: [42416.178567] audit: type=1400 audit(1279967133.365:54): apparmor="DENIED" operation="open" class="file" profile="/usr/sbin/cupsd" name="/boot/" pid=19651 comm="ls" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`)
	b.ReportAllocs()
	for b.Loop() {
		ParseLine(line)
	}
}
