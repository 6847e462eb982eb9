//go:build linux && amd64

package trial

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// answersAtOnce is how many answers make a frame.
const answersAtOnce = 1024

// answer asks the kernel the job's queries (security/apparmor/apparmorfs.c:
// query_label).
func (g *guest) answer() error {
	if len(g.job.Queries) == 0 {
		return nil
	}
	fd, err := unix.Open(filepath.Join(securityDir, ".access"), unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("asking the kernel: %w", err)
	}
	defer unix.Close(fd)
	runtime.LockOSThread() // who asks is a property of the thread
	defer runtime.UnlockOSThread()
	defer unix.Setfsuid(0)
	var answers []Answer
	for i, q := range g.job.Queries {
		a, err := ask(fd, q)
		if err != nil {
			return fmt.Errorf("query %d, of label %q: %w", i, q.Label, err)
		}
		answers = append(answers, a)
		if len(answers) == answersAtOnce || i == len(g.job.Queries)-1 {
			g.sendAnswers(answers)
			answers = answers[:0]
		}
	}
	return nil
}

func (g *guest) sendAnswers(answers []Answer) {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, answers)
	g.out.send(frameAnswers, b.Bytes())
}

// ask asks one query on an open .access file.
func ask(fd int, q Query) (a Answer, err error) {
	if err := unix.Setfsuid(q.UID); err != nil {
		return a, err
	}
	question := append([]byte("label\x00"+q.Label+"\x00"), q.Class)
	question = append(question, q.Name...)
	if _, err := unix.Pwrite(fd, question, 0); err != nil {
		return a, err
	}
	var buf [256]byte
	n, err := unix.Pread(fd, buf[:], 0)
	if err != nil {
		return a, err
	}
	return parseAnswer(buf[:n])
}

// parseAnswer reads the four lines "allow 0x…", "deny 0x…", and so on.
func parseAnswer(b []byte) (a Answer, err error) {
	words := bytes.Fields(b)
	bits := map[string]*uint32{"allow": &a.Allow, "deny": &a.Deny, "audit": &a.Audit, "quiet": &a.Quiet}
	for i := 0; i+1 < len(words); i += 2 {
		p, ok := bits[string(words[i])]
		if !ok {
			return a, fmt.Errorf("the kernel answered %q", b)
		}
		n, err := strconv.ParseUint(string(words[i+1]), 0, 32)
		if err != nil {
			return a, fmt.Errorf("the kernel answered %q", b)
		}
		*p = uint32(n)
	}
	return a, nil
}
