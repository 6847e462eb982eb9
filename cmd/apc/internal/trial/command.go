//go:build linux && amd64

package trial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// graceLimit is how long the command may take to end when it is told to.
const graceLimit = 2 * time.Second

// What a shell returns for a command that it cannot start, and timeout(1) for
// one that took too long.
const (
	exitTimeout     = 124
	exitNotRun      = 126
	exitNotFound    = 127
	exitSignalAfter = 128
)

// commands runs the command and the steps, and collects the records of that
// time.
func (g *guest) commands() error {
	records, err := newCollector(newNonce(), g.out)
	if err != nil {
		return err
	}
	if err := records.start(); err != nil {
		return err
	}
	who, err := lookUp(g.job.User)
	if err != nil {
		return err
	}
	first := Step{Command: g.job.Command, Enter: g.job.Enter, Timeout: g.job.Timeout}
	w := newWatcher()
	for i, s := range append([]Step{first}, g.job.Steps...) {
		if i > 0 {
			w = nil
		}
		if err := g.step(s, who, w, records); err != nil {
			return err
		}
		if i == 0 {
			w.stop()
			g.report.Attached, g.report.Confined = w.seen()
		}
	}
	g.report.Lost = records.stop()
	return nil
}

// step runs one command, until nothing of it is left and all is sent that it
// left behind. A watcher may be nil.
func (g *guest) step(s Step, who *identity, w *watcher, records *collector) error {
	if len(s.Profiles) > 0 {
		if err := records.leaveOut(func() error { return renew(s) }); err != nil {
			return err
		}
	}
	output, err := newOutput(g.out, who)
	if err != nil {
		return err
	}
	var end outcome
	pid, err := g.start(s, who, w, output)
	output.closeCommandsEnds()
	switch {
	case errors.As(err, new(*startError)):
		fmt.Fprintln(g.out.writer(frameStderr), err)
		end.ExitCode = exitCode(err)
	case err != nil:
		return err
	default:
		g.out.send(frameStarted, nil)
		end = wait(pid, s.Timeout, w)
	}
	output.wait()
	records.flush()
	return g.out.sendJSON(frameOutcome, end)
}

// startError says that the command itself cannot be run.
type startError struct {
	command string
	err     error
}

func (e *startError) Error() string { return "cannot run " + e.command + ": " + e.err.Error() }
func (e *startError) Unwrap() error { return e.err }

func exitCode(err error) int {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, exec.ErrNotFound) {
		return exitNotFound
	}
	return exitNotRun
}

// start starts a step's command under the eyes of w and, if the step says so, in
// a profile.
//
// Both are properties of the thread that forks, so it is given up afterwards.
// While it forks it waits for the command's exec, and that for w. So w must find
// one of the scheduler's processors free, and nothing may stop the world.
func (g *guest) start(s Step, who *identity, w *watcher, out *output) (pid int, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with this function
		pid, err = g.fork(s, who, w, out)
	}()
	<-done
	return pid, err
}

func (g *guest) fork(s Step, who *identity, w *watcher, out *output) (int, error) {
	path, err := g.lookPath(s.Command[0])
	if err != nil {
		return 0, &startError{s.Command[0], err}
	}
	if w != nil {
		if err := w.watchThread(); err != nil {
			return 0, err
		}
	}
	attr := &syscall.ProcAttr{
		Dir: g.job.Dir, Env: os.Environ(), Files: out.files(),
		Sys: &syscall.SysProcAttr{Setsid: true, Credential: who.credential()},
	}
	if err := enter(s); err != nil {
		return 0, err
	}
	pid, err := syscall.ForkExec(path, s.Command, attr)
	if err != nil {
		return 0, &startError{path, err}
	}
	return pid, nil
}

// renew loads a step's profiles.
func renew(s Step) error {
	if s.Enter != "" {
		name, _, _ := strings.Cut(s.Enter, "//") // its children go with it
		if err := writeOnce(filepath.Join(securityDir, ".remove"), []byte(name)); err != nil {
			return fmt.Errorf("removing profile %s: %w", name, err)
		}
	}
	return loadProfiles(s.Profiles)
}

// lookPath finds a program as a shell in the job's directory does.
func (g *guest) lookPath(program string) (string, error) {
	if strings.Contains(program, "/") && !filepath.IsAbs(program) {
		program = filepath.Join(g.job.Dir, program)
	}
	return exec.LookPath(program)
}

// enter has this thread, or the next program that it executes, run in the
// step's profile.
func enter(s Step) error {
	file, word := "exec", "exec "
	if s.Now {
		file, word = "current", "changeprofile "
	}
	if s.Enter == "" {
		return nil
	}
	if err := writeOnce("/proc/thread-self/attr/"+file, []byte(word+s.Enter)); err != nil {
		return fmt.Errorf("entering profile %s: %w", s.Enter, err)
	}
	return nil
}

// wait waits for a command, and ends it after the timeout; then it ends what is
// left.
func wait(pid int, limit time.Duration, w *watcher) (end outcome) {
	ended := make(chan unix.WaitStatus, 1)
	gone := make(chan struct{})
	go reap(pid, ended, gone)

	var timeout <-chan time.Time
	if limit > 0 {
		timeout = time.After(limit)
	}
	select {
	case status := <-ended:
		end = ending(status)
	case <-timeout:
		end = outcome{TimedOut: true, ExitCode: exitTimeout}
		unix.Kill(-1, unix.SIGTERM)
		select {
		case <-ended:
		case <-time.After(graceLimit):
		}
	}
	if w != nil {
		w.lookAround()
	}
	unix.Kill(-1, unix.SIGKILL)
	select {
	case <-gone:
	case <-time.After(graceLimit):
	}
	return end
}

func ending(status unix.WaitStatus) outcome {
	if status.Signaled() {
		return outcome{Signal: int(status.Signal()), ExitCode: exitSignalAfter + int(status.Signal())}
	}
	return outcome{ExitCode: status.ExitStatus()}
}

// reap waits for every process, as process 1 must, until there is none.
func reap(pid int, ended chan<- unix.WaitStatus, gone chan<- struct{}) {
	defer close(gone)
	for {
		var status unix.WaitStatus
		got, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return
		case got == pid:
			ended <- status
		}
	}
}

// identity is a user with the groups that the guest's files give.
type identity struct {
	uid, gid uint32
	groups   []uint32
}

// lookUp finds a user by name or number; nil is root, as which everything runs.
func lookUp(name string) (*identity, error) {
	if name == "" {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	if err != nil {
		return nil, err
	}
	id := &identity{uid: number(u.Uid), gid: number(u.Gid)}
	groups, err := u.GroupIds()
	for _, g := range groups {
		id.groups = append(id.groups, number(g))
	}
	for key, value := range map[string]string{"USER": u.Username, "LOGNAME": u.Username, "HOME": u.HomeDir} {
		os.Setenv(key, value)
	}
	return id, err
}

// number reads an id that passwd(5) or group(5) holds, and that was read before.
func number(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}

func (id *identity) credential() *syscall.Credential {
	if id == nil {
		return nil
	}
	return &syscall.Credential{Uid: id.uid, Gid: id.gid, Groups: id.groups}
}

// output is the command's stdout and stderr: pipes, for files of the guest's
// own would be recorded as inherited.
type output struct {
	null  int
	ends  []int
	pumps []chan struct{}
}

func newOutput(out *frameWriter, who *identity) (*output, error) {
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	o := &output{null: null}
	for _, kind := range []byte{frameStdout, frameStderr} {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			return nil, fmt.Errorf("pipe: %w", err)
		}
		if who != nil { // who may open /dev/stdout
			unix.Fchown(p[1], int(who.uid), int(who.gid))
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.CopyBuffer(out.writer(kind), os.NewFile(uintptr(p[0]), "output"), make([]byte, maxFrame))
		}()
		o.ends = append(o.ends, p[1])
		o.pumps = append(o.pumps, done)
	}
	return o, nil
}

func (o *output) files() []uintptr {
	return []uintptr{uintptr(o.null), uintptr(o.ends[0]), uintptr(o.ends[1])}
}

func (o *output) closeCommandsEnds() {
	unix.Close(o.null)
	for _, fd := range o.ends {
		unix.Close(fd)
	}
}

// wait waits until all output is sent. What could not be killed may hold an end.
func (o *output) wait() {
	limit := time.After(graceLimit)
	for _, done := range o.pumps {
		select {
		case <-done:
		case <-limit:
			return
		}
	}
}
