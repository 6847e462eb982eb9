//go:build linux && amd64

package trial

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The first argument of the keeper and of the guest.
const (
	keeperArgument = "trial-keeper"
	guestArgument  = "trial-guest"
)

// How long the host waits for the guest.
const (
	startLimit = 2 * time.Minute  // to start and to load the profiles
	endLimit   = 30 * time.Second // to end what is left, after the timeout
)

const defaultMemoryMB = 512

// Run runs a trial. The error is a [*MissingKernelError], a [*LoadError], a
// [*KernelError] or ctx's; then what had come until then is in the result, if
// there is one, and its Lost says that it is not all.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	kernel, err := findKernel(o.Kernel)
	if err != nil {
		return nil, err
	}
	scratch, err := newScratch(o)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	args, err := kernelArguments(o, scratch)
	if err != nil {
		return nil, err
	}
	in, err := newInbox(o, scratch)
	if err != nil {
		return nil, err
	}
	err = in.run(ctx, keeperJob{Kernel: kernel, Args: args, Scratch: scratch, MemoryMB: o.MemoryMB, Lane: o.Lane})
	return in.finish(ctx, err)
}

// check fills in what was left out, and refuses what cannot be.
func (o *Options) check() error {
	if o.MemoryMB == 0 {
		o.MemoryMB = defaultMemoryMB
	}
	if o.Dir == "" {
		o.Dir = "/"
	}
	if o.self == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		o.self = self
	}
	if len(o.Command) == 0 && len(o.Queries) == 0 {
		return errors.New("a trial without a command")
	}
	paths := append([]string{o.Dir}, o.Tmpfs...)
	for _, c := range o.Write {
		paths = append(paths, c.From)
	}
	for _, p := range paths {
		if !filepath.IsAbs(p) || strings.ContainsRune(p, 0) {
			return fmt.Errorf("%q is not an absolute path", p)
		}
	}
	return nil
}

func findKernel(path string) (string, error) {
	if path == "" {
		path = "linux.uml"
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", &MissingKernelError{Path: path}
	}
	return filepath.Abs(found)
}

// newScratch makes a folder with the guest's job, which the kernel reads as
// this process's user, and an empty one for its memory.
func newScratch(o Options) (string, error) {
	dir, err := os.MkdirTemp("", "apc-trial-")
	if err != nil {
		return "", err
	}
	host, _ := os.Hostname()
	b, err := json.Marshal(guestJob{
		Profiles: o.Profiles, Complain: o.Complain,
		Command: o.Command, Env: o.Env, Dir: o.Dir, User: o.User, Enter: o.Enter, Timeout: o.Timeout, Steps: o.Steps,
		Tmpfs: o.Tmpfs, Write: o.Write, Queries: o.Queries, Hostname: host,
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "job"), b, 0o600)
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "memory"), 0o700)
	}
	if err != nil {
		os.RemoveAll(dir)
	}
	return dir, err
}

// kernelArguments returns the kernel's command line. The console is the first
// file, the serial line the one after the standard ones.
//
// What takes time and is not used is left out: the 512 terminals of old (two
// thirds of the whole start), measuring how fast the processor counts and which
// of several checksums is the fastest, and the files of UML's own console.
func kernelArguments(o Options, scratch string) ([]string, error) {
	init, err := quoteArgument(o.self)
	if err != nil {
		return nil, err
	}
	job, err := quoteArgument(filepath.Join(scratch, "job"))
	if err != nil {
		return nil, err
	}
	return []string{
		fmt.Sprintf("mem=%dM", o.MemoryMB),
		"root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "init=" + init,
		"console=tty0", "apparmor=1", "security=apparmor", "quiet", "panic=-1",
		"pty.legacy_count=0", "lpj=10000000",
		"con=null", "con0=fd:0,fd:1", fmt.Sprintf("ssl0=fd:%d,fd:%d", silenceFD, channelFD),
		"initcall_blacklist=raid6_select_algo,calibrate_xor_blocks,register_xor_blocks,make_umid_init,mconsole_init",
		"--", guestArgument, job,
	}, nil
}

// quoteArgument quotes a path for the kernel's parser (lib/cmdline.c: next_arg),
// which knows quotes but no escapes.
func quoteArgument(path string) (string, error) {
	if strings.ContainsAny(path, "\"\n") {
		return "", fmt.Errorf("the kernel's command line cannot hold the path %q", path)
	}
	if strings.ContainsAny(path, " \t\v\f\r") {
		return `"` + path + `"`, nil
	}
	return path, nil
}

// run starts the keeper and reads what comes until the report, the end of the
// kernel, or the end of the host's patience.
func (in *inbox) run(ctx context.Context, job keeperJob) error {
	k, err := startKeeper(job, in.console)
	if err != nil {
		return err
	}
	defer k.stop()
	stopWatching := context.AfterFunc(ctx, k.stop)
	defer stopWatching()
	in.patience = time.AfterFunc(startLimit, func() {
		in.impatient.Store(true)
		k.stop()
	})
	defer in.patience.Stop()
	return in.read(k.channel)
}

// keeper is the host's end of a running keeper.
type keeper struct {
	cmd     *exec.Cmd
	life    *os.File
	channel *os.File
	done    chan struct{}
}

// startKeeper starts a keeper, in namespaces of its own if root may have that.
func startKeeper(job keeperJob, console io.Writer) (*keeper, error) {
	if os.Geteuid() == 0 {
		job.Apart = true
		k, err := newKeeper(job, console, unix.CLONE_NEWNS|unix.CLONE_NEWPID)
		if err == nil {
			return k, nil
		}
		job.Apart = false
	}
	return newKeeper(job, console, 0)
}

func newKeeper(job keeperJob, console io.Writer, namespaces uintptr) (*keeper, error) {
	lifeEnd, life, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer lifeEnd.Close()
	channel, channelEnd, err := os.Pipe()
	if err != nil {
		life.Close()
		return nil, err
	}
	defer channelEnd.Close()
	k := &keeper{life: life, channel: channel, done: make(chan struct{})}
	k.cmd = exec.Command("/proc/self/exe", keeperArgument)
	k.cmd.Stdin, k.cmd.Stderr = lifeEnd, console
	k.cmd.ExtraFiles = []*os.File{channelEnd}
	k.cmd.WaitDelay = time.Second
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaces}
	if err := k.cmd.Start(); err != nil {
		life.Close()
		channel.Close()
		return nil, fmt.Errorf("starting the kernel's keeper: %w", err)
	}
	go func() {
		k.cmd.Wait()
		close(k.done)
	}()
	if err := json.NewEncoder(life).Encode(job); err != nil {
		k.stop()
		return nil, fmt.Errorf("starting the kernel's keeper: %w", err)
	}
	return k, nil
}

// stop ends the keeper and all that it keeps. It may be called again.
func (k *keeper) stop() {
	k.life.Close()
	select {
	case <-k.done:
	case <-time.After(5 * time.Second):
		k.cmd.Process.Kill()
		<-k.done
	}
	k.channel.Close()
}

// tail keeps the last bytes that are written to it, and hands all to another.
type tail struct {
	last []byte
	all  io.Writer
}

const tailSize = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.last = append(t.last, b...)
	if over := len(t.last) - tailSize; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return t.all.Write(b)
}

func (t *tail) String() string { return string(bytes.TrimSpace(t.last)) }
