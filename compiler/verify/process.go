package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"apc/lang/feature"
)

// session is a parser with the features of a target, written out once for any
// number of runs.
type session struct {
	parser   Parser
	target   *feature.Target
	dir      string // temporary, holds the files below
	kernel   string // feature set of the kernel
	includes string // directory that holds the target's abi file under its name
	timeout  time.Duration
	free     chan *stdio // files of runs that are over
}

// openSession writes the features of t to a temporary directory.
func openSession(p Parser, t *feature.Target) (*session, error) {
	if t.KernelFeatures == nil || t.ABIFeatures == nil {
		return nil, fmt.Errorf("target %s: %w: it has no feature sets", t.Name, ErrNotPinned)
	}
	dir, err := os.MkdirTemp("", "apc-verify-")
	if err != nil {
		return nil, err
	}
	s := &session{parser: p, target: t, dir: dir, kernel: filepath.Join(dir, "kernel"),
		includes: filepath.Join(dir, "include"), timeout: Timeout, free: make(chan *stdio, runtime.GOMAXPROCS(0))}
	if err := s.write(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) write() error {
	abi := s.abi()
	return errors.Join(
		os.MkdirAll(filepath.Dir(abi), 0o755),
		os.WriteFile(s.kernel, s.target.KernelFeatures.Text(), 0o644),
		os.WriteFile(abi, s.target.ABIFeatures.Text(), 0o644),
	)
}

func (s *session) abi() string { return filepath.Join(s.includes, s.target.ABI) }

// close removes what the session wrote. No run may be under way.
func (s *session) close() {
	for len(s.free) > 0 {
		(<-s.free).close()
	}
	os.RemoveAll(s.dir)
}

// arguments returns the parser's options to compile a file: -Q and -K neither load nor cache,
// -S writes the policy to stdout, which costs nothing measurable, -j1 keeps
// to one process. The machine's parser.conf pins features of its own and is
// left out. Directories of -I come before the base and the first of them
// wins, so the target's abi file is found whatever the machine has. The text
// is no standard input, for with that the parser does not say whether a line
// number belongs to the text or to an include file.
func (s *session) arguments(in Input, file string) []string {
	args := []string{"-QKS", "-j1", "--config-file", "/dev/null", "--warn=all",
		"--kernel-features", s.kernel, "--policy-features", s.abi(), "-I", s.includes}
	for _, dir := range in.Includes {
		args = append(args, "-I", dir)
	}
	if in.Base != "" {
		args = append(args, "--base", in.Base)
	}
	return append(args, file)
}

// textName stands for the file of the text in what the parser says; no include
// file has that name.
const textName = "<profile>"

// outcome is what one run of the parser came to.
type outcome struct {
	policy  []byte // its beginning, or all of it where Input.Keep asks for that
	stderr  string // the file of the text is called textName in it
	code    int    // exit status; -1 when killed
	expired bool   // stopped for taking too long
}

// run compiles in.Text. Its error is for a machine on which the parser does
// not run, and for ctx being done.
func (s *session) run(ctx context.Context, in Input) (outcome, error) {
	files, err := s.take()
	if err != nil {
		return outcome{}, err
	}
	defer s.give(files)
	if err := files.fill(in.Text); err != nil {
		return outcome{}, err
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	cmd := command(limited, s.parser.Path, s.arguments(in, files.text.Name())...)
	cmd.Stdout, cmd.Stderr = files.policy, files.stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	if cmd.ProcessState == nil {
		return outcome{}, fmt.Errorf("cannot run %s: %w", s.parser.Path, err)
	}
	policy, err := readFile(files.policy, policyLimit(in))
	stderr, err2 := readFile(files.stderr, 1<<20)
	files.chatter = len(stderr) > 0
	said := strings.ReplaceAll(string(stderr), files.text.Name(), textName)
	o := outcome{policy, said, cmd.ProcessState.ExitCode(), limited.Err() != nil}
	return o, errors.Join(err, err2)
}

// policyLimit is how much of the policy is worth reading: its header, or all.
func policyLimit(in Input) int64 {
	if in.Keep {
		return 1 << 40
	}
	return 64
}

// stdio holds the files that one parser after another reads from and writes
// to. Pipes would cost a tenth of the time of a small run. A disabled profile
// of the same name below the base directory would keep the text from being
// compiled, hence a name that no profile has.
type stdio struct {
	text, policy, stderr *os.File
	length               int  // of the text
	chatter              bool // stderr is not empty
}

// take returns files that no other run uses, of an earlier run if there are.
func (s *session) take() (*stdio, error) {
	select {
	case files := <-s.free:
		return files, nil
	default:
	}
	dir, err := os.MkdirTemp(s.dir, "run-")
	if err != nil {
		return nil, err
	}
	open := func(name string, flags int) (*os.File, error) {
		return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|flags, 0o600)
	}
	text, err := open("apc-verify.profile", 0)
	policy, err2 := open("policy", os.O_APPEND)
	stderr, err3 := open("stderr", os.O_APPEND)
	files := &stdio{text: text, policy: policy, stderr: stderr}
	if err := errors.Join(err, err2, err3); err != nil {
		files.close()
		return nil, err
	}
	return files, nil
}

// give makes the files available to further runs.
func (s *session) give(files *stdio) {
	select {
	case s.free <- files:
	default:
		files.close()
	}
}

func (files *stdio) close() {
	for _, f := range []*os.File{files.text, files.policy, files.stderr} {
		f.Close() // nothing that was written is of use any more
	}
}

// fill writes the text, and empties what the last run wrote.
func (files *stdio) fill(text []byte) error {
	_, err := files.text.WriteAt(text, 0)
	if err == nil && len(text) < files.length {
		err = files.text.Truncate(int64(len(text)))
	}
	if err == nil {
		err = files.policy.Truncate(0)
	}
	if err == nil && files.chatter {
		err = files.stderr.Truncate(0)
	}
	files.length, files.chatter = len(text), true
	return err
}

func readFile(f *os.File, limit int64) ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(f, 0, limit))
}

// pinned says whether a policy was compiled for known features. Without them
// parsers write version 5 of the policy; with them 7 and up. The version is
// the first word of the policy: tag 4 (a name), length, "version", NUL, tag 2
// (32 bits), the number, whose low ten bits count.
func pinned(policy []byte) bool {
	const head = "\x04\x08\x00version\x00\x02"
	rest, ok := bytes.CutPrefix(policy, []byte(head))
	return ok && len(rest) >= 2 && (int(rest[0])|int(rest[1])<<8)&0x3ff > 5
}

// command prepares a parser to run without translations of its messages, and
// as the leader of a session: it compiles in a forked child that outlives it,
// so cancelling kills the whole process group.
func command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	// Profiles are loaded from / at boot, and that is where the parser then
	// looks for relative includes.
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "LANGUAGE=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
