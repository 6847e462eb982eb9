//go:build linux && amd64

package trial

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Main is to be called first in main. Where this process was started as part of
// a trial, it does that part and does not return.
func Main() {
	if len(os.Args) < 2 {
		return
	}
	switch os.Args[1] {
	case keeperArgument:
		if err := keep(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case guestArgument:
		if len(os.Args) == 3 && insideGuest() {
			beGuest(os.Args[2])
		}
		fmt.Fprintln(os.Stderr, guestArgument, "is for the kernel of a trial")
		os.Exit(2)
	}
}

const hostfsMagic = 0x00c0ffee // of the root that the kernel starts with

func insideGuest() bool {
	var fs unix.Statfs_t
	return os.Getpid() == 1 && unix.Statfs("/", &fs) == nil && fs.Type == hostfsMagic
}

// guestJob is what the host wants of the guest.
type guestJob struct {
	Profiles  []Profile
	Complain  bool
	Command   []string
	Env       []string
	Dir, User string
	Enter     string
	Timeout   time.Duration
	Steps     []Step
	Tmpfs     []string
	Write     []Copy
	Queries   []Query
	Hostname  string
}

const securityDir = "/sys/kernel/security/apparmor"

// beGuest does the job in a file, reports, and ends the kernel.
func beGuest(job string) {
	line, err := openSerialLine()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		powerOff()
	}
	g := &guest{out: &frameWriter{w: line}}
	if err := g.do(job); err != nil {
		g.report.Error = err.Error()
		if load := (*LoadError)(nil); errors.As(err, &load) {
			g.report.Load, g.report.Error = load.Profile, load.Message
		}
	}
	g.out.sendJSON(frameReport, g.report)
	powerOff()
}

func powerOff() {
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	os.Exit(1) // of process 1: a panic, which ends the kernel too
}

// openSerialLine opens the line to the host, with no character special.
func openSerialLine() (*os.File, error) {
	line, err := os.OpenFile("/dev/ttyS0", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(line.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("serial line: %w", err)
	}
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG
	return line, unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, t)
}

type guest struct {
	job    guestJob
	out    *frameWriter
	report report
}

func (g *guest) do(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &g.job); err != nil {
		return fmt.Errorf("the job: %w", err)
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return err
	}
	release := unix.ByteSliceToString(name.Release[:])
	upper, err := buildRoot(release)
	if err != nil {
		return err
	}
	if err := g.settle(); err != nil {
		return err
	}
	g.out.send(frameBooted, []byte(release))
	if err := g.load(); err != nil {
		return err
	}
	g.out.send(frameLoaded, nil)
	if err := g.answer(); err != nil {
		return err
	}
	if len(g.job.Command) > 0 {
		if err := g.commands(); err != nil {
			return err
		}
	}
	return g.bringOut(upper)
}

// settle makes the new root as a command expects it.
func (g *guest) settle() error {
	setEnvironment(g.job.Env)
	signal.Notify(make(chan os.Signal, 1)) // none ends process 1
	if err := lockModules(); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(g.job.Hostname)); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := os.Mkdir("/run/lock", 0o777|os.ModeSticky); err != nil {
		return err
	}
	for path, content := range passwordFiles {
		if err := standIn(path, content); err != nil {
			return err
		}
	}
	return hideFolders(g.job.Tmpfs)
}

// setEnvironment sets what a login has, and env.
func setEnvironment(env []string) {
	os.Clearenv()
	login := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh", "LANG=C.UTF-8",
	}
	for _, kv := range append(login, env...) {
		key, value, _ := strings.Cut(kv, "=")
		os.Setenv(key, value)
	}
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	return nil
}

// load loads the profiles.
func (g *guest) load() error {
	if g.job.Complain {
		if err := os.WriteFile("/sys/module/apparmor/parameters/mode", []byte("complain"), 0); err != nil {
			return err
		}
	}
	return loadProfiles(g.job.Profiles)
}

func loadProfiles(profiles []Profile) error {
	for _, p := range profiles {
		if err := loadProfile(p); err != nil {
			return err
		}
	}
	return nil
}

func loadProfile(p Profile) error {
	if p.Binary != nil {
		if err := writeOnce(filepath.Join(securityDir, ".replace"), p.Binary); err != nil {
			return &LoadError{p.Name, err.Error()}
		}
		return nil
	}
	cmd := exec.Command("apparmor_parser", "-r", "-K")
	cmd.Stdin = bytes.NewReader(p.Text)
	if said, err := cmd.CombinedOutput(); err != nil {
		said = said[:min(len(said), maxFrame/4)]
		return &LoadError{p.Name, strings.TrimSpace(string(said) + "\n" + err.Error())}
	}
	return nil
}

// writeOnce writes in one call, as the files of securityfs want it.
func writeOnce(path string, b []byte) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, b)
	return err
}

// bringOut sends what was changed below the folders that the host wants.
func (g *guest) bringOut(upper *os.File) error {
	if len(g.job.Write) == 0 {
		return nil
	}
	var trees []string
	for _, c := range g.job.Write {
		tree, err := changesBelow(upper, c.From)
		if err != nil {
			return err
		}
		trees = append(trees, tree)
	}
	if err := pack(g.out.writer(frameTar), trees); err != nil {
		return fmt.Errorf("bringing files out: %w", err)
	}
	return g.out.send(frameTar, nil)
}

// newNonce returns a word that the command cannot know.
func newNonce() string { return "trial-" + rand.Text() + "-" }
