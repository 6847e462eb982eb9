//go:build linux && amd64

package trial

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// helperRun runs a trial that the environment holds, as the user it is.
func helperRun([]string) {
	var o Options
	if err := json.Unmarshal([]byte(os.Getenv("TRIAL")), &o); err != nil {
		panic(err)
	}
	o.Stdout, o.Stderr = os.Stdout, os.Stderr
	r, err := Run(context.Background(), o)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(r.ExitCode)
}

// asUser returns a command that runs a trial as this user, or as nobody.
func asUser(t *testing.T, nobody bool, o Options) *exec.Cmd {
	t.Helper()
	needKernel(t)
	cmd := exec.Command(self(t), "helper-run")
	cmd.Env = os.Environ()
	cmd.Dir = "/"
	setOptions(t, cmd, o)
	if nobody {
		becomeNobody(t, cmd, cmd.Path)
	}
	return cmd
}

func setOptions(t *testing.T, cmd *exec.Cmd, o Options) {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "TRIAL="+string(b))
}

const nobodyID = 65534

// becomeNobody has the command run a copy of this program that nobody can read.
func becomeNobody(t *testing.T, cmd *exec.Cmd, self string) {
	if os.Geteuid() != 0 {
		t.Skip("this user is nobody special already")
	}
	dir, err := os.MkdirTemp("", "trial-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd.Path = filepath.Join(dir, "trial.test")
	if out, err := exec.Command("cp", self, cmd.Path).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	if err := errors.Join(os.Chown(dir, nobodyID, nobodyID), os.Chmod(cmd.Path, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}}
}

func eachUser(t *testing.T, test func(t *testing.T, nobody bool)) {
	t.Run("me", func(t *testing.T) { test(t, false) })
	t.Run("nobody", func(t *testing.T) { test(t, true) })
}

// helperDestroy does to a tree what it can: through the guest's own root, and
// through the host's files mounted again, by paths and by open files. It exits
// 42 if it could do so to the guest's.
func helperDestroy(args []string) {
	const again = "/run/again"
	tree := args[0]
	os.Mkdir(again, 0o755)
	if err := unix.Mount("none", again, "hostfs", 0, "/"); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := os.Stat(again + tree + "/sub/inner"); err != nil {
		fmt.Println(err)
		return
	}
	hit(again + tree)
	hit(tree)
	if left, _ := os.ReadDir(tree); len(left) == 0 {
		os.Exit(42)
	}
	fmt.Println("the guest cannot change its own root")
}

func hit(tree string) {
	file, inner := tree+"/file", tree+"/sub/inner"
	if f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0); err == nil {
		f.WriteString("more")
		f.Close()
	}
	if f, err := os.Open(inner); err == nil {
		f.Chmod(0o777)
		f.Chown(12, 34)
		unix.Futimes(int(f.Fd()), make([]unix.Timeval, 2))
		unix.Fsetxattr(int(f.Fd()), "user.x", []byte("x"), 0)
		f.Close()
	}
	os.WriteFile(tree+"/empty", nil, 0o666)
	os.WriteFile(tree+"/created", nil, 0o666)
	os.Truncate(inner, 1)
	for _, path := range []string{tree, file, tree + "/sub"} {
		os.Chmod(path, 0o777)
		os.Chown(path, 12, 34)
		os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0))
		unix.Setxattr(path, "user.x", []byte("x"), 0)
	}
	os.Link(inner, tree+"/hard")
	os.Symlink("x", tree+"/soft")
	os.Mkdir(tree+"/new", 0o777)
	unix.Mknod(tree+"/pipe", unix.S_IFIFO|0o666, 0)
	os.Rename(tree+"/empty", tree+"/moved")
	entries, _ := os.ReadDir(tree)
	for _, e := range entries {
		os.RemoveAll(filepath.Join(tree, e.Name()))
	}
}

func TestHostStaysAsItWas(t *testing.T) {
	eachUser(t, func(t *testing.T, nobody bool) {
		tree := makeTree(t, nobody)
		before := describe(t, tree)
		cmd := asUser(t, nobody, Options{})
		setOptions(t, cmd, Options{Command: []string{cmd.Path, "helper-destroy", tree}})
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 42 {
			t.Fatalf("%v\n%s", err, out)
		}
		if after := describe(t, tree); after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
	})
}

func makeTree(t *testing.T, nobody bool) string {
	t.Helper()
	tree, err := os.MkdirTemp("", "trial-tree-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tree) })
	err = errors.Join(
		os.Mkdir(tree+"/sub", 0o755),
		os.WriteFile(tree+"/file", []byte("content"), 0o644),
		os.WriteFile(tree+"/empty", []byte("not yet"), 0o600),
		os.WriteFile(tree+"/sub/inner", []byte("inner"), 0o640),
	)
	if err != nil {
		t.Fatal(err)
	}
	if nobody {
		filepath.WalkDir(tree, func(p string, _ fs.DirEntry, _ error) error { return os.Chown(p, nobodyID, nobodyID) })
	}
	return tree
}

// describe lists a tree with size, mode, owner, times and content.
func describe(t *testing.T, tree string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(tree, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st syscall.Stat_t
		if err := syscall.Lstat(p, &st); err != nil {
			return err
		}
		content, _ := os.ReadFile(p)
		fmt.Fprintln(&b, p, st.Size, st.Mode, st.Nlink, st.Uid, st.Gid, st.Mtim, st.Ctim, sha256.Sum256(content))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whoever starts it, a trial has files with passwords that root may read, and
// that AppArmor decides about.
func TestPasswordFiles(t *testing.T) {
	want, err := exec.Command("stat", "-c", "%n %a %U %G", "/etc/shadow", "/etc/gshadow").Output()
	if err != nil {
		t.Skip("no /etc/shadow on this machine: ", err)
	}
	eachUser(t, func(t *testing.T, nobody bool) {
		cmd := asUser(t, nobody, Options{
			Command: shell("cd /etc && stat -c '%n %a %U %G' /etc/shadow /etc/gshadow && grep -q ^root: shadow && grep -q ^root: gshadow"),
		})
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != string(want) {
			t.Errorf("%v\n%s\nwant\n%s", err, out, want)
		}
	})
}

func TestTimeout(t *testing.T) {
	eachUser(t, func(t *testing.T, nobody bool) {
		cmd := asUser(t, nobody, Options{
			Command: shell(`trap 'cat /etc/nothing' TERM; echo begun; sleep 100; echo woken; sleep 100`), Timeout: time.Second,
		})
		begun := time.Now()
		keeper := startAndFindKeeper(t, cmd)
		err := cmd.Wait()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != exitTimeout {
			t.Error(err)
		}
		if d := time.Since(begun); d > 20*time.Second {
			t.Error("took", d)
		}
		noneLeft(t, keeper)
	})
}

func TestKilledHost(t *testing.T) {
	eachUser(t, func(t *testing.T, nobody bool) {
		cmd := asUser(t, nobody, Options{Command: shell(`sleep 100 & sleep 100 & echo begun; sleep 100`)})
		keeper := startAndFindKeeper(t, cmd)
		if len(session(keeper)) < 2 {
			t.Error("the kernel is in no session of its own")
		}
		cmd.Process.Kill()
		cmd.Wait()
		noneLeft(t, keeper)
	})
}

// startAndFindKeeper starts a trial whose command says "begun", and returns the
// keeper's process number, which is that of its session.
func startAndFindKeeper(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	cmd.Env = append(cmd.Env, "TMPDIR="+scratchFolder(t, cmd))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 64)
	n, _ := out.Read(said)
	if string(said[:n]) != "begun\n" {
		t.Fatalf("%q", said[:n])
	}
	keeper := childOf(cmd.Process.Pid)
	if keeper == 0 {
		t.Fatal("no keeper")
	}
	return keeper
}

// scratchFolder gives the trial a folder that must be empty afterwards.
func scratchFolder(t *testing.T, cmd *exec.Cmd) string {
	dir, err := os.MkdirTemp("", "trial-scratch-")
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(dir, 0o777)
	t.Cleanup(func() {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		os.RemoveAll(dir)
	})
	return dir
}

// processes calls f with the fields of every process's /proc/PID/stat after its
// name: the state, the parent, the group, the session.
func processes(f func(pid int, fields []string)) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, _ := os.ReadFile(path)
		i := strings.LastIndexByte(string(b), ')')
		if i < 0 {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		f(pid, strings.Fields(string(b[i+1:])))
	}
}

func childOf(parent int) (child int) {
	processes(func(pid int, fields []string) {
		if fields[1] == strconv.Itoa(parent) {
			child = pid
		}
	})
	return child
}

// session lists the processes of a session, zombies too, but for a dead leader,
// whom the machine's process 1 may be slow to bury.
func session(id int) (pids []int) {
	processes(func(pid int, fields []string) {
		if fields[3] == strconv.Itoa(id) && (pid != id || fields[0] != "Z") {
			pids = append(pids, pid)
		}
	})
	return pids
}

func noneLeft(t *testing.T, keeper int) {
	t.Helper()
	var left []int
	for range 100 {
		if left = session(keeper); len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("processes %v are left", left)
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begun := cancelWhenCalled{cancel}
	start := time.Now()
	r, err := run(t, ctx, Options{Command: shell("echo begun; sleep 100"), Stdout: begun})
	if !errors.Is(err, context.Canceled) || time.Since(start) > 20*time.Second {
		t.Error(err)
	}
	defer r.Close()
	if text(t, r.Stdout) != "begun\n" || r.Lost == "" {
		t.Errorf("%+v", r)
	}
}

type cancelWhenCalled struct{ cancel func() }

func (c cancelWhenCalled) Write(b []byte) (int, error) {
	c.cancel()
	return len(b), nil
}
