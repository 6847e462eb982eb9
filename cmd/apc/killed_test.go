package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apc/compiler/emit/apparmor"
	"apc/compiler/verify"
)

func parserInstalled(t *testing.T) bool {
	found, err := verify.Find(t.Context(), nil)
	return err == nil && len(found) > 0
}

// command prepares apc as a process of its own.
func command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "APC_AS_COMMAND=1")
	return cmd
}

// TestKilled kills builds at random moments and holds that every profile that
// is there afterwards is whole.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	write := func(version int) {
		var b strings.Builder
		for i := range 40 {
			fmt.Fprintf(&b, "service \"s%d\" {\n  executable = \"/usr/bin/s%d\"\n  config = [\"/etc/v%d\"]\n}\n", i, i, version)
		}
		if err := os.WriteFile(filepath.Join(dir, "service.hcl"), []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 25 {
		write(round)
		cmd := command(dir, "build", "--no-verify")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		profiles, _ := filepath.Glob(filepath.Join(dir, "apparmor.d", "*"))
		for _, p := range profiles {
			if strings.HasPrefix(filepath.Base(p), ".") {
				continue // what a killed build leaves behind has a hidden name
			}
			text, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if _, intact := apparmor.Digest(string(text)); !intact {
				t.Fatalf("%s is not whole:\n%s", p, text)
			}
		}
	}
}

// TestNoSpace holds that a build for which there is no space leaves what stood
// before, says so, and leaves nothing half written.
func TestNoSpace(t *testing.T) {
	dir := t.TempDir()
	policy := func(path string) {
		text := "service \"app\" {\n  executable = \"/usr/bin/app\"\n  config = [\"" + path + "\"]\n}\n"
		if err := os.WriteFile(filepath.Join(dir, "service.hcl"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	policy("/etc/old")
	if out, err := command(dir, "build", "--no-verify").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	profile := filepath.Join(dir, "apparmor.d", "usr.bin.app")
	before, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	policy("/etc/new")
	limited := command(dir)
	limited.Path, limited.Args = "/bin/sh", []string{"sh", "-c", "ulimit -f 0; exec \"$0\" build --no-verify", os.Args[0]}
	out, _ := limited.CombinedOutput()
	if code := limited.ProcessState.ExitCode(); code != exitMachine || !strings.Contains(string(out), "nothing was written") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	after, err := os.ReadFile(profile)
	if err != nil || string(after) != string(before) {
		t.Errorf("what stood before was changed: %v\n%s", err, after)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "apparmor.d", ".apc-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
