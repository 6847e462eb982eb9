//go:build linux && amd64

package trial

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watcher sees under which profiles the command and its descendants run. No
// record tells: a profile that allows all that a program does is as silent as
// one that never attached.
//
// A process's label can change when it executes a program, and is over when it
// exits. The watcher has a seccomp filter stop every process there, looks at
// its label, and lets it go on. What a signal ends is seen at the next such
// moment of any other process, or at the end.
type watcher struct {
	mu       sync.Mutex
	listener int
	loaded   map[string]bool // to whether it was seen
	confined bool
}

// newWatcher makes a watcher for the profiles that are loaded.
func newWatcher() *watcher {
	w := &watcher{loaded: map[string]bool{}}
	b, _ := os.ReadFile(filepath.Join(securityDir, "profiles"))
	for line := range strings.Lines(string(b)) {
		w.loaded[profileName(strings.TrimSpace(line))] = false
	}
	return w
}

// profileName cuts the mode from "NAME (MODE)".
func profileName(s string) string {
	if i := strings.LastIndex(s, " ("); i >= 0 {
		return s[:i]
	}
	return s
}

// Structures and calls of include/uapi/linux/seccomp.h.
type notification struct {
	ID    uint64
	PID   uint32
	Flags uint32
	Data  [64]byte
}

type notificationAnswer struct {
	ID    uint64
	Val   int64
	Error int32
	Flags uint32
}

const (
	notifyReceive  = 0xc0502100
	notifySend     = 0xc0182101
	notifyContinue = 1
)

// watchThread puts the calling thread, which must be locked, and all that it
// starts under the watcher's eyes.
func (w *watcher) watchThread() error {
	p := []unix.SockFilter{load(dataNumber)}
	for _, nr := range []uint32{unix.SYS_EXECVE, unix.SYS_EXECVEAT, unix.SYS_EXIT_GROUP} {
		p = append(p, jump(nr, 0, 1), give(unix.SECCOMP_RET_USER_NOTIF))
	}
	p = append(p, give(retAllow))
	fd, err := setFilter(p, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	if err != nil {
		return err
	}
	w.listener = fd
	go w.listen()
	return nil
}

func (w *watcher) listen() {
	for {
		var n notification
		switch e := w.ioctl(notifyReceive, unsafe.Pointer(&n)); e {
		case 0:
		case unix.EINTR, unix.ENOENT: // a signal came; the process is gone
			continue
		default:
			return
		}
		w.look(int(n.PID))
		answer := notificationAnswer{ID: n.ID, Flags: notifyContinue}
		w.ioctl(notifySend, unsafe.Pointer(&answer))
	}
}

func (w *watcher) ioctl(call uintptr, arg unsafe.Pointer) unix.Errno {
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), call, uintptr(arg))
	return e
}

// stop ends the watch, when nothing that was watched is left.
func (w *watcher) stop() { unix.Close(w.listener) }

// look looks at one process, and at all while none was seen under a profile.
func (w *watcher) look(pid int) {
	w.note(labelOf(pid))
	w.mu.Lock()
	confined := w.confined
	w.mu.Unlock()
	if !confined {
		w.lookAround()
	}
}

// lookAround looks at all processes.
func (w *watcher) lookAround() {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			w.note(labelOf(pid))
		}
	}
}

// labelOf returns what the kernel says of a process's label, or nothing.
func labelOf(pid int) string {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/attr/current", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	b := make([]byte, 4096)
	n, err := unix.Read(fd, b)
	if err != nil {
		return ""
	}
	return string(bytes.TrimRight(b[:n], "\n\x00"))
}

// note notes a label, which may name several profiles.
func (w *watcher) note(label string) {
	if label == "" || label == "unconfined" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.confined = true
	for name := range strings.SplitSeq(profileName(label), "//&") {
		if _, ok := w.loaded[name]; ok {
			w.loaded[name] = true
		}
	}
}

// seen returns the loaded profiles that were seen, and whether any process was
// under any profile.
func (w *watcher) seen() (attached []string, confined bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, seen := range w.loaded {
		if seen {
			attached = append(attached, name)
		}
	}
	slices.Sort(attached)
	return attached, w.confined
}
