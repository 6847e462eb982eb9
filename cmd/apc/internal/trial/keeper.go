//go:build linux && amd64

package trial

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// keeperJob is what the host writes into the keeper's standard input, which it
// then holds open for as long as the kernel may live.
type keeperJob struct {
	Kernel   string
	Args     []string
	Scratch  string // removed at the end
	MemoryMB int
	Lane     int
	Apart    bool // the keeper is in namespaces of its own
}

// The kernel's files, besides the standard ones. The keeper has the channel
// there too.
const (
	channelFD = 3
	silenceFD = 4
	shimFD    = 5
)

// keep starts the kernel and waits until it has ended or standard input has.
// Then none of the kernel's processes is left, and no scratch file.
func keep() error {
	var job keeperJob
	life := json.NewDecoder(os.Stdin)
	if err := life.Decode(&job); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("subreaper: %w", err)
	}
	memory, clean, err := memoryFolder(job)
	defer clean()
	if err != nil {
		return err
	}
	k, err := startKernel(job, memory)
	if err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		k.kill()
	}()
	err = <-k.ended
	k.kill()
	reapAll()
	return err
}

// reapAll waits for the kernel's processes, which this one has inherited.
func reapAll() {
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil && err != unix.EINTR {
			return
		}
	}
}

// kernel is a running kernel.
type kernel struct {
	pid   int
	ended chan error
}

// kill kills the kernel and the processes that stand for the guest's, which are
// in its group and would outlive it.
func (k kernel) kill() { syscall.Kill(-k.pid, syscall.SIGKILL) }

// startKernel starts the kernel without the rights that it must not have. The
// thread that starts it loses them too, so it is no other's; and it lives as
// long as the kernel, which gets a signal when it ends.
func startKernel(job keeperJob, memory string) (kernel, error) {
	cmd, err := kernelCommand(job, memory)
	if err != nil {
		return kernel{}, err
	}
	started := make(chan error)
	k := kernel{ended: make(chan error)}
	go func() {
		runtime.LockOSThread()
		stayOnOne(job.Lane)
		dropCapabilities()
		err := denyChanges(!canHideFiles(memory))
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			k.ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return kernel{}, err
	}
	k.pid = cmd.Process.Pid
	cmd.ExtraFiles[0].Close() // the channel, for whose end the host waits
	return k, nil
}

// kernelCommand returns the kernel's command with its files.
func kernelCommand(job keeperJob, memory string) (*exec.Cmd, error) {
	// The console and the serial line want something to read from. The kernel's
	// own null channel would open /dev/null for writing.
	var silent [2]int // the other end stays open
	if err := unix.Pipe2(silent[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	silence := os.NewFile(uintptr(silent[0]), "silence")
	cmd := exec.Command(job.Kernel, job.Args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TMPDIR=" + memory}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = silence, os.Stderr, os.Stderr
	cmd.ExtraFiles = []*os.File{os.NewFile(channelFD, "channel"), silence}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if xstateSize() > umlStateSize {
		shim, err := shimFile()
		if err != nil {
			return nil, err
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, shim)
		cmd.Env = append(cmd.Env, fmt.Sprintf("LD_PRELOAD=/proc/self/fd/%d", shimFD))
	}
	return cmd, nil
}

// stayOnOne keeps the calling thread, and what it starts, on one processor: that
// of the lane, or the one that it is on. The kernel and the processes that stand for the guest's take turns,
// some hundred thousand times a second, and would wait for another processor to
// wake up each time: that makes a trial three to five times slower.
func stayOnOne(lane int) {
	var here uint32
	if _, _, e := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&here)), 0, 0); e != 0 {
		return
	}
	var allowed, one unix.CPUSet
	if lane > 0 && unix.SchedGetaffinity(0, &allowed) == nil {
		here = processorOf(lane, &allowed)
	}
	one.Set(int(here))
	unix.SchedSetaffinity(0, &one)
}

// processorOf deals the allowed processors out among lanes, from 1.
func processorOf(lane int, allowed *unix.CPUSet) uint32 {
	left := (lane - 1) % allowed.Count()
	for cpu := 0; ; cpu++ {
		if !allowed.IsSet(cpu) {
			continue
		}
		if left == 0 {
			return uint32(cpu)
		}
		left--
	}
}

// shimFile returns the object of xstate.go as a file without a name.
func shimFile() (*os.File, error) {
	object, err := shimObject()
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("ptrace", unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if err == unix.EINVAL { // before 6.3, where every one may be executed
		fd, err = unix.MemfdCreate("ptrace", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return nil, fmt.Errorf("memfd: %w", err)
	}
	f := os.NewFile(uintptr(fd), "ptrace")
	_, err = f.Write(object)
	return f, err
}

// canHideFiles says whether a folder can hold files that never had a name.
func canHideFiles(dir string) bool {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_EXCL|unix.O_CLOEXEC, 0o700)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}

// memoryFolder says where the file that holds the guest's memory is to be, and
// how to remove the scratch folder. In namespaces of its own the memory is on a
// tmpfs that nobody else sees, and all else is read-only; where even root may
// not have that, the filter of startKernel alone guards the host's files.
func memoryFolder(job keeperJob) (memory string, clean func(), err error) {
	clean = func() { os.RemoveAll(job.Scratch) }
	if job.Apart {
		memory := filepath.Join(job.Scratch, "memory")
		parent, err := readOnlyHost(memory, filepath.Dir(job.Scratch), job.MemoryMB)
		if err == nil {
			return memory, func() {
				unix.Unmount(memory, unix.MNT_DETACH)
				os.RemoveAll(filepath.Join(parent, filepath.Base(job.Scratch)))
			}, nil
		}
		fmt.Fprintln(os.Stderr, "the host's files are guarded by seccomp alone:", err)
	}
	for _, dir := range []string{"/dev/shm", os.Getenv("TMPDIR"), "/tmp", "/var/tmp"} {
		if holdsMemory(dir, job.MemoryMB) {
			return dir, clean, nil
		}
	}
	return "", clean, fmt.Errorf("no folder has %d MB and lets code run from it, as the guest's memory needs; set TMPDIR to one", job.MemoryMB)
}

// holdsMemory says whether a folder has room for some megabytes, and whether
// code may be run from there.
func holdsMemory(dir string, megabytes int) bool {
	var fs unix.Statfs_t
	return filepath.IsAbs(dir) && unix.Statfs(dir, &fs) == nil &&
		fs.Flags&unix.ST_NOEXEC == 0 && fs.Bavail*uint64(fs.Bsize)>>20 > uint64(megabytes)
}
