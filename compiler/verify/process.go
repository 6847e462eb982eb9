package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
		includes: filepath.Join(dir, "include"), timeout: Timeout}
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

func (s *session) close() { os.RemoveAll(s.dir) }

// stdin is how the parser is told to read its standard input. It names its
// input and the include files in its messages only when it is given a path,
// and a real one could be disabled or forced to complain by a link of the
// same name below the base directory.
const stdin = "/dev/stdin"

// arguments returns the parser's options: -Q and -K neither load nor cache,
// -S writes the policy to stdout, which costs nothing measurable, -j1 keeps
// to one process. The machine's parser.conf pins features of its own and is
// left out. Directories of -I come before the base and the first of them
// wins, so the target's abi file is found whatever the machine has.
func (s *session) arguments(in Input) []string {
	args := []string{"-QKS", "-j1", "--config-file", "/dev/null", "--warn=all",
		"--kernel-features", s.kernel, "--policy-features", s.abi(), "-I", s.includes}
	for _, dir := range in.Includes {
		args = append(args, "-I", dir)
	}
	if in.Base != "" {
		args = append(args, "--base", in.Base)
	}
	return append(args, stdin)
}

// outcome is what one run of the parser came to.
type outcome struct {
	policy  []byte
	stderr  string
	code    int  // exit status; -1 when killed
	expired bool // stopped for taking too long
}

// run compiles in.Text. Its error is for a machine on which the parser does
// not run, and for ctx being done.
func (s *session) run(ctx context.Context, in Input) (outcome, error) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	cmd := command(limited, s.parser.Path, s.arguments(in)...)
	cmd.Stdin = bytes.NewReader(in.Text)
	policy := &limitedBuffer{limit: policyLimit(in)}
	stderr := &limitedBuffer{limit: 1 << 20}
	cmd.Stdout, cmd.Stderr = policy, stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if err != nil && limited.Err() == nil && !errors.As(err, &exit) && !errors.Is(err, syscall.EPIPE) {
		return outcome{}, fmt.Errorf("cannot run %s: %w", s.parser.Path, err)
	}
	return outcome{policy.Bytes(), stderr.String(), cmd.ProcessState.ExitCode(), limited.Err() != nil}, nil
}

// policyLimit is how much of the policy is worth keeping: its header, or all.
func policyLimit(in Input) int {
	if in.Keep {
		return 1 << 30
	}
	return 64
}

// limitedBuffer takes everything and keeps the beginning.
type limitedBuffer struct {
	bytes.Buffer
	limit int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if room := b.limit - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
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
	cmd.WaitDelay = 5 * time.Second
	return cmd
}
