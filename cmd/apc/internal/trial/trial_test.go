//go:build linux && amd64

package trial

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"apc/lang/audit"
)

// helpers are what this binary does when its first argument says so, in a guest
// or as a host that will be killed.
var helpers = map[string]func(args []string){
	"helper-create":  helperCreate,
	"helper-vectors": helperVectors,
	"helper-quiet":   helperQuiet,
	"helper-run":     helperRun,
	"helper-destroy": helperDestroy,
}

func TestMain(m *testing.M) {
	Main()
	if len(os.Args) > 1 && helpers[os.Args[1]] != nil {
		helpers[os.Args[1]](os.Args[2:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// guestProgram returns the path of this program, built without the race
// detector, which wants addresses that no guest has.
var guestProgram = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil || !raceDetector {
		return self, err
	}
	self += "-norace"
	out, err := exec.Command("go", "test", "-c", "-o", self, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return self, nil
})

func self(t testing.TB) string {
	t.Helper()
	path, err := guestProgram()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run is Run with a program that can be a guest's.
func run(t testing.TB, ctx context.Context, o Options) (*Result, error) {
	needKernel(t)
	o.self = self(t)
	return Run(ctx, o)
}

func needKernel(t testing.TB) {
	t.Helper()
	if _, err := findKernel(""); err != nil {
		t.Skip(err)
	}
}

// try runs a trial that must come to its end.
func try(t testing.TB, o Options) *Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := run(t, ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if r.Lost != "" {
		t.Error("lost:", r.Lost)
	}
	return r
}

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

func text(t testing.TB, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// events reads the records as apc does.
func events(t testing.TB, r *Result) []audit.Event { return outcomeEvents(t, r.Outcome) }

func outcomeEvents(t testing.TB, r Outcome) []audit.Event {
	t.Helper()
	var all []audit.Event
	lines := bufio.NewScanner(r.Records)
	for lines.Scan() {
		e, status := audit.ParseLine(bytes.Clone(lines.Bytes()))
		if status != audit.Record {
			t.Fatalf("%s: %s", status, lines.Text())
		}
		all = append(all, e)
	}
	if len(all) != r.RecordCount {
		t.Errorf("%d records, %d counted", len(all), r.RecordCount)
	}
	return all
}

// catProfile lets cat read passwd only.
const catProfile = `
profile trial_cat /{usr/,}bin/cat {
  /{usr/,}bin/cat mr,
  /{usr/,}lib/** mr,
  /usr/lib/locale/** r,
  /etc/ld.so.cache r,
  /etc/{passwd,locale.alias} r,
  owner /etc/group r,
  signal receive peer=unconfined,
}
`

func cat() []Profile { return []Profile{{Name: "trial_cat", Text: []byte(catProfile)}} }

func TestTrue(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "a folder, it's odd")
	if err := os.Mkdir(odd, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", odd)
	r := try(t, Options{Command: []string{"true"}})
	if r.ExitCode != 0 || r.RecordCount != 0 || r.Unconfined || !strings.HasPrefix(r.Kernel, "6.") {
		t.Errorf("%+v", r)
	}
	t.Logf("boot %v, load %v, run %v", r.Boot, r.Load, r.Time)
}

func TestHowACommandEnds(t *testing.T) {
	for _, c := range []struct {
		command []string
		code    int
		signal  syscall.Signal
		stderr  string
	}{
		{shell("exit 3"), 3, 0, ""},
		{shell("kill -TERM $$"), 143, syscall.SIGTERM, ""},
		{[]string{"nonexistent-program"}, 127, 0, "cannot run nonexistent-program: "},
		{[]string{"/etc/passwd"}, 126, 0, "cannot run /etc/passwd: "},
	} {
		r := try(t, Options{Command: c.command})
		if r.ExitCode != c.code || r.Signal != c.signal {
			t.Errorf("%q: code %d, signal %v", c.command, r.ExitCode, r.Signal)
		}
		if got := text(t, r.Stderr); !strings.HasPrefix(got, c.stderr) {
			t.Errorf("%q: stderr %q", c.command, got)
		}
	}
}

// The command finds a machine: its user, its place, its devices, its network,
// and nothing of how it came to be.
func TestSurroundings(t *testing.T) {
	var live bytes.Buffer
	r := try(t, Options{
		Command: shell(`set -e; id -un; id -gn; pwd; echo $GREETING $HOME; hostname
			echo outside >&2; echo again > /dev/stdout
			test -c /dev/null -a -d /dev/shm -a -w /tmp
			ls -A /var/cache/apt; stat -c '%a %U' /var/cache/apt
			! touch /root/x 2>/dev/null
			cat /proc/net/if_inet6 | cut -c32
			cut -d' ' -f2,3 /proc/mounts | sort | head -1`),
		Env: []string{"GREETING=a b"}, Dir: "/usr/share", User: "nobody",
		Tmpfs: []string{"/var/cache/apt"}, Stdout: &live,
	})
	host, _ := os.Hostname()
	want := "nobody\nnogroup\n/usr/share\na b /nonexistent\n" + host + "\nagain\n755 root\n1\n/ overlay\n"
	got := text(t, r.Stdout)
	if r.ExitCode != 0 || got != want || live.String() != want {
		t.Errorf("exit %d, stdout %q\nlive %q", r.ExitCode, got, live.String())
	}
	if got := text(t, r.Stderr); got != "outside\n" {
		t.Errorf("stderr %q", got)
	}
}

func TestEnforce(t *testing.T) {
	r := try(t, Options{
		Profiles: cat(),
		Command:  shell(`cat /etc/passwd >/dev/null && cd /etc/ssl && cat ../shadow; echo $?`),
	})
	if got := text(t, r.Stdout); got != "1\n" {
		t.Errorf("stdout %q", got)
	}
	all := events(t, r)
	if len(all) != 1 {
		t.Fatalf("%d records", len(all))
	}
	e := all[0]
	if e.Mode != audit.ModeDenied || e.Profile != "trial_cat" || e.Name != "/etc/shadow" || e.Comm != "cat" {
		t.Errorf("%+v", e)
	}
	if !slices.Equal(r.Attached, []string{"trial_cat"}) || r.Unconfined {
		t.Errorf("attached %q, unconfined %v", r.Attached, r.Unconfined)
	}
}

func TestComplain(t *testing.T) {
	r := try(t, Options{
		Profiles: cat(), Complain: true,
		Command: shell(`cat /etc/shadow >/dev/null; echo $?`),
	})
	all := events(t, r)
	if got := text(t, r.Stdout); got != "0\n" || len(all) != 1 || all[0].Mode != audit.ModeAllowed {
		t.Errorf("stdout %q, records %+v", got, all)
	}
}

// A profile that is silent because it allows everything attached; one whose
// program never ran did not. The processes here are over at once.
func TestAttachment(t *testing.T) {
	other := Profile{Name: "other", Text: []byte("profile trial_other /usr/bin/nonexistent { }")}
	r := try(t, Options{Profiles: append(cat(), other), Command: shell(`(cat /etc/passwd; :) >/dev/null; true`)})
	if !slices.Equal(r.Attached, []string{"trial_cat"}) || r.Unconfined || r.RecordCount != 0 {
		t.Errorf("attached %q, unconfined %v, %d records", r.Attached, r.Unconfined, r.RecordCount)
	}
	r = try(t, Options{Profiles: []Profile{other}, Command: shell(`cat /etc/shadow >/dev/null`)})
	if len(r.Attached) > 0 || !r.Unconfined || r.ExitCode != 0 {
		t.Errorf("attached %q, unconfined %v, exit %d", r.Attached, r.Unconfined, r.ExitCode)
	}
}

func TestEnter(t *testing.T) {
	p := Profile{Name: "box", Text: []byte("profile trial_box { file, deny capability, }")}
	r := try(t, Options{Profiles: []Profile{p}, Enter: "trial_box", Command: []string{"cat", "/proc/self/attr/current"}})
	if got := text(t, r.Stdout); got != "trial_box (enforce)\n" || !slices.Equal(r.Attached, []string{"trial_box"}) {
		t.Errorf("stdout %q, attached %q", got, r.Attached)
	}
	_, err := run(t, context.Background(), Options{Enter: "trial_nowhere", Command: []string{"true"}})
	if !errors.As(err, new(*KernelError)) || !strings.Contains(err.Error(), "trial_nowhere") {
		t.Error(err)
	}
}

func TestProfileThatCannotBeLoaded(t *testing.T) {
	for _, p := range []Profile{
		{Name: "text", Text: []byte("profile x { nonsense }")},
		{Name: "binary", Binary: []byte("nonsense")},
	} {
		_, err := run(t, context.Background(), Options{Profiles: []Profile{p}, Command: []string{"true"}})
		var load *LoadError
		if !errors.As(err, &load) || load.Profile != p.Name || load.Message == "" {
			t.Error(err)
		}
	}
}

func TestMissingKernel(t *testing.T) {
	_, err := Run(context.Background(), Options{Command: []string{"true"}, Kernel: "/nonexistent/linux.uml"})
	if !errors.As(err, new(*MissingKernelError)) || !strings.Contains(err.Error(), "apt install user-mode-linux") {
		t.Error(err)
	}
}

func TestNotAKernel(t *testing.T) {
	_, err := Run(context.Background(), Options{Command: []string{"true"}, Kernel: "/bin/false"})
	if !errors.As(err, new(*KernelError)) {
		t.Error(err)
	}
}

func TestQueries(t *testing.T) {
	const classFile = 2
	const mayRead = 4
	query := func(path string, uid int) Query {
		return Query{Label: "trial_cat", Class: classFile, Name: []byte(path), UID: uid}
	}
	queries := []Query{query("/etc/passwd", 0), query("/etc/passwd", 65534), query("/etc/shadow", 0), query("/etc/group", 0), query("/etc/group", 65534)}
	want := []bool{true, true, false, true, false}
	const rounds = 2000
	r := try(t, Options{Profiles: cat(), Queries: slices.Repeat(queries, rounds)})
	if len(r.Answers) != rounds*len(queries) {
		t.Fatalf("%d answers", len(r.Answers))
	}
	for i, a := range r.Answers {
		if got := a.Allow&mayRead != 0; got != want[i%len(want)] {
			t.Fatalf("query %d: %+v", i, a)
		}
	}
}

func TestBringOut(t *testing.T) {
	out, run, keep := t.TempDir(), t.TempDir(), t.TempDir()
	err := os.WriteFile(filepath.Join(out, "old"), []byte("old"), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	r := try(t, Options{
		Command: shell(`cd /usr/share/misc && mkdir -p sub && echo new > sub/file && chmod 750 sub/file && ln -s file sub/link
			mkfifo sub/fifo; echo changed > ../misc/old; touch -d 2001-02-03 sub/file; echo state > /run/state`),
		Write: []Copy{{"/usr/share/misc", out}, {"/var/run", run}, {"/opt/nowhere", t.TempDir()}},
		Keep:  keep,
	})
	if r.ExitCode != 0 {
		t.Fatal(text(t, r.Stderr))
	}
	for path, want := range map[string]string{
		out + "/old": "changed\n", out + "/sub/link": "new\n", run + "/state": "state\n", keep + "/stdout": "",
	} {
		if b, err := os.ReadFile(path); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", path, b, err)
		}
	}
	if info, err := os.Stat(out + "/sub/file"); err != nil || info.Mode().Perm() != 0o750 || info.ModTime().Year() != 2001 {
		t.Error(info.Mode(), info.ModTime(), err)
	}
	if names, _ := filepath.Glob(out + "/*"); len(names) != 2 {
		t.Errorf("%q", names)
	}
}

// helperCreate creates files, each of its own name, and ignores errors.
func helperCreate(args []string) {
	var n int
	fmt.Sscan(args[1], &n)
	for i := range n {
		if f, err := os.Create(fmt.Sprintf("%s/file-%d", args[0], i)); err == nil {
			f.Close()
		}
	}
}

// creation is a trial with a number of distinct records, all denied.
func creation(t testing.TB, n int) Options {
	profile := fmt.Sprintf("profile trial_create %q { /** mr, signal, /sys/** r, }", self(t))
	return Options{
		Profiles: []Profile{{Name: "create", Text: []byte(profile)}},
		Command:  []string{self(t), "helper-create", "/run", fmt.Sprint(n)},
	}
}

func TestNoRecordIsLost(t *testing.T) {
	const n = 20_000
	r := try(t, creation(t, n))
	names := map[string]bool{}
	for _, e := range events(t, r) {
		if e.Mode != audit.ModeDenied {
			t.Fatalf("%+v", e)
		}
		names[e.Name] = true
	}
	if len(names) != n || r.RecordCount != n {
		t.Errorf("%d records, %d names", r.RecordCount, len(names))
	}
}

// helperQuiet has the kernel drop records, as only root can.
func helperQuiet([]string) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	const chooseRateLimit = 8
	binary.Write(&b, binary.LittleEndian, auditStatus{Mask: chooseRateLimit, RateLimit: 1})
	c := collector{fd: fd}
	if err := c.send(auditSet, b.Bytes()); err != nil {
		panic(err)
	}
}

func TestLostRecordsAreReported(t *testing.T) {
	o := Options{Profiles: cat(), Command: shell(self(t) + " helper-quiet; for i in 1 2 3 4 5 6 7 8 9; do cat /etc/shadow; done")}
	r, err := run(t, context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !strings.Contains(r.Lost, "lost") || r.RecordCount >= 9 {
		t.Errorf("%d records, lost: %q", r.RecordCount, r.Lost)
	}
}

// helperVectors has threads copy memory, for which libraries use the widest
// registers that the processor has, and exits 1 if a copy is wrong.
func helperVectors([]string) {
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			want := bytes.Repeat([]byte{byte(i + 1)}, 4000)
			got := make([]byte, len(want))
			for end := time.Now().Add(time.Second); time.Now().Before(end); {
				clear(got)
				if copy(got, want); !bytes.Equal(got, want) {
					os.Exit(1)
				}
			}
		})
	}
	wg.Wait()
}

// The threads of a process must not see each other's registers, whatever the
// processor has of them.
func TestVectorRegisters(t *testing.T) {
	if r := try(t, Options{Command: []string{self(t), "helper-vectors"}}); r.ExitCode != 0 {
		t.Error("a copy of memory went wrong")
	}
	t.Logf("%d bytes of state", xstateSize())
}

func TestSideBySide(t *testing.T) {
	needKernel(t)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			r := try(t, Options{Profiles: cat(), Command: shell(fmt.Sprintf("cat /etc/nothing-%d /etc/shadow; sleep 0.2; exit %d", i, i+1))})
			if all := events(t, r); r.ExitCode != i+1 || len(all) != 1 || all[0].Name != "/etc/shadow" {
				t.Errorf("trial %d: exit %d, %+v", i, r.ExitCode, all)
			}
		})
	}
	wg.Wait()
}

// Steps see what the command left, each has its own output and records, and may
// come with another profile of the same name.
func TestSteps(t *testing.T) {
	wider := Profile{Name: "trial_cat", Text: []byte(strings.Replace(catProfile, "signal", "/run/left r, signal", 1))}
	r := try(t, Options{
		Profiles: cat(), Command: shell("echo left >/run/left; echo begun; sleep 100 & exit 3"), Dir: "/usr/bin",
		Steps: []Step{
			{Command: []string{"./cat", "/run/left"}, Enter: "trial_cat"},
			{Command: []string{"cat", "/run/left"}, Enter: "trial_cat", Profiles: []Profile{wider}},
			{Command: []string{"id", "-u"}, Enter: "trial_cat", Now: true},
			{Command: []string{"cat", "/run/left", "/run/nothing"}},
			{Command: []string{"sleep", "100"}, Timeout: 100 * time.Millisecond},
		},
	})
	if got := text(t, r.Stdout); r.ExitCode != 3 || got != "begun\n" || r.RecordCount != 0 || len(r.Attached) != 0 {
		t.Errorf("the command: exit %d, stdout %q, %d records, attached %q", r.ExitCode, got, r.RecordCount, r.Attached)
	}
	want := []struct {
		code      int
		stdout    string
		operation string
	}{{1, "", "open"}, {0, "left\n", ""}, {126, "", "exec"}, {1, "left\n", ""}, {124, "", ""}}
	if len(r.Steps) != len(want) {
		t.Fatalf("%d steps", len(r.Steps))
	}
	for i, w := range want {
		s := r.Steps[i]
		if got := text(t, s.Stdout); s.ExitCode != w.code || got != w.stdout {
			t.Errorf("step %d: exit %d, stdout %q, stderr %q", i, s.ExitCode, got, text(t, s.Stderr))
		}
		operations := ""
		for _, e := range outcomeEvents(t, s) {
			operations += e.Operation
		}
		if operations != w.operation {
			t.Errorf("step %d: records of %q", i, operations)
		}
	}
}
