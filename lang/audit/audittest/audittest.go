// Package audittest writes logs for tests and benchmarks. It imports the
// standard library only.
package audittest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// Realistic is how many distinct events there are in the log of a busy host: a
// few profiles that miss a few rules ask for the same things again and again,
// however long the log gets.
const Realistic = 2000

// Hard returns how many distinct events a log has that is made to be hard:
// three of five of its records are seen for the first time, as where a service
// makes a new name for each file that it may not write.
func Hard(lines int) int { return lines * 3 / 5 * 3 / 10 }

// Generate writes a log of a busy host: three lines of ten are records of
// AppArmor, of files, sockets and capabilities, the others are of the kernel and
// of services. The records are those of so many distinct events; each one that
// there is room for stands there at least once. They are without the key class=
// of Linux 6.0 and later, over which libapparmor 3.0 drops a record: all readers
// have the same to read. The same arguments give the same log.
func Generate(w io.Writer, lines, distinct int) (records int) {
	b := bufio.NewWriterSize(w, 1<<20)
	defer b.Flush()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range lines {
		fmt.Fprintf(b, "Jul %2d %02d:%02d:%02d web-frontend-%02d ", 1+i/50000%28, i/3600%24, i/60%60, i%60, r.IntN(4))
		if i%10 >= 3 {
			writeOther(b, r, i)
			continue
		}
		event := records
		if records >= distinct {
			event = r.IntN(distinct)
		}
		records++
		writeRecord(b, r, i, event)
	}
	return records
}

var profiles = []string{"/usr/sbin/nginx", "/usr/sbin/mariadbd", "/opt/shop/bin/worker", "/usr/lib/postgresql/15/bin/postgres", "docker-default", "/usr/sbin/apache2//shop.example.org"}

func writeRecord(w io.Writer, r *rand.Rand, i, event int) {
	profile := profiles[event%len(profiles)]
	fmt.Fprintf(w, `kernel: [%5d.%06d] audit: type=1400 audit(%d.%03d:%d): `, i/100, r.IntN(1e6), 1721823933+i/100, i%1000, i)
	pid := 1000 + r.IntN(30000)
	switch event % 8 {
	case 0:
		fmt.Fprintf(w, `apparmor="DENIED" operation="connect" profile="%s" pid=%d comm="worker-%d" laddr=10.0.%d.%d lport=%d faddr=192.0.2.%d fport=443 family="inet" sock_type="stream" protocol=6 requested="connect" denied="connect"`+"\n",
			profile, pid, event%7, event>>8%256, event%256, 1024+event%60000, event%250)
	case 1:
		fmt.Fprintf(w, `apparmor="ALLOWED" operation="capable" profile="%s" pid=%d comm="job%d" capability=12  capname="net_admin"`+"\n", profile, pid, event)
	case 2:
		fmt.Fprintf(w, `apparmor="DENIED" operation="open" profile="%s" name=%X pid=%d comm="nginx" requested_mask="r" denied_mask="r" fsuid=33 ouid=0`+"\n",
			profile, fmt.Sprintf("/srv/www/a file %d.html", event), pid)
	default:
		fmt.Fprintf(w, `apparmor="DENIED" operation="open" profile="%s" name="/var/lib/service/%d/cache/object-%06d.bin" pid=%d comm="worker" requested_mask="wc" denied_mask="wc" fsuid=%d ouid=33`+"\n",
			profile, event%97, event, pid, event%2*33)
	}
}

func writeOther(w io.Writer, r *rand.Rand, i int) {
	switch r.IntN(7) {
	case 0:
		fmt.Fprintf(w, "kernel: [%5d.%06d] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:12:34:56:52:54:00:65:43:21:08:00 SRC=203.0.113.%d DST=198.51.100.7 LEN=40 TOS=0x00 PREC=0x00 TTL=242 ID=%d PROTO=TCP SPT=%d DPT=23 WINDOW=1024 RES=0x00 SYN URGP=0\n", i/100, r.IntN(1e6), r.IntN(256), r.IntN(65536), r.IntN(65536))
	case 1:
		fmt.Fprintf(w, "sshd[%d]: Accepted publickey for deploy from 203.0.113.%d port %d ssh2: ED25519 SHA256:Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE\n", r.IntN(30000), r.IntN(256), r.IntN(65536))
	case 2:
		fmt.Fprintf(w, "systemd[1]: session-%d.scope: Deactivated successfully; consumed 1.%03ds CPU time, 14.2M memory peak\n", i, r.IntN(1000))
	case 3:
		fmt.Fprintf(w, "nginx[812]: 203.0.113.%d - - \"GET /api/v1/orders/%d?expand=items&limit=50 HTTP/1.1\" 200 %d \"https://shop.example.org/orders\" \"curl/8.5\" rt=0.%03d\n", r.IntN(256), i, r.IntN(99999), r.IntN(1000))
	case 4:
		fmt.Fprintf(w, "kernel: [%5d.%06d] docker0: port 3(veth%07x) entered blocking state\n", i/100, r.IntN(1e6), r.IntN(1<<28))
	case 5:
		fmt.Fprintf(w, "kernel: [%5d.%06d] audit: type=1300 audit(%d.%03d:%d): arch=c000003e syscall=257 success=yes exit=3 items=1 ppid=1 pid=%d auid=1000 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"etc\"\n", i/100, r.IntN(1e6), 1721823933+i/100, i%1000, i, r.IntN(30000))
	default:
		fmt.Fprintf(w, "postgres[%d]: [%d-1] LOG:  checkpoint complete: wrote %d buffers (2.1%%); write=34.114 s, sync=0.012 s, total=34.151 s\n", r.IntN(30000), r.IntN(900), r.IntN(9999))
	}
}
