package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"apc/cmd/apc/internal/trial"
	"apc/lang/audit"
	"apc/lang/policy"
	"apc/lang/rule"
)

// TestToolRules holds that SPEC.md lists the rules that attacks get.
func TestToolRules(t *testing.T) {
	var lines strings.Builder
	for _, f := range toolRules {
		lines.WriteString(rule.Rule{Body: f}.String() + "\n")
	}
	spec, err := os.ReadFile("../../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(spec, []byte("```\n"+lines.String()+"```\n")) {
		t.Errorf("SPEC.md does not list\n%s", lines.String())
	}
}

func TestParseRun(t *testing.T) {
	block := &policy.Trial{Name: "serves files", Attacks: []policy.Attack{{Name: "read shadow"}, {Name: "write a/b"}}}
	for pattern, want := range map[string]int{
		"": 2, "serves": 2, "^serves files$": 2, "other": -1, "/": 2, "/shadow": 1, "serves/write a/b$": 1, "serves/none": -1, "other/shadow": -1,
	} {
		c, err := parseRun(pattern)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := c.of(block)
		if ok != (want >= 0) || len(got) != max(want, 0) {
			t.Errorf("--run %q: %d attacks, %v; want %d", pattern, len(got), ok, want)
		}
	}
}

// outcome is how a command went that wrote a text.
func outcome(code int, text string) trial.Outcome {
	section := func(s string) *io.SectionReader { return io.NewSectionReader(strings.NewReader(s), 0, int64(len(s))) }
	return trial.Outcome{ExitCode: code, Stdout: section(text), Stderr: section(text), Records: section(""), Time: 1500 * time.Millisecond}
}

// hostile is what no XML may hold as it stands, and no terminal.
const hostile = "</testcase>]]><!-- & \"'\x00\x1b[2J\xff\u202e"

func logOf(t *testing.T, lines ...string) *audit.Log {
	t.Helper()
	log := audit.NewLog()
	if err := log.Read("records", strings.NewReader(strings.Join(lines, "\n")+"\n")); err != nil {
		t.Fatal(err)
	}
	return log
}

// TestJUnit holds that the form is XML, whatever names and output are.
func TestJUnit(t *testing.T) {
	denied := `audit: type=1400 audit(1700000000.100:5): apparmor="DENIED" operation="open" profile="app" name="/etc/<x>&" pid=1 comm="cat" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`
	block := &policy.Trial{Name: hostile, Command: []string{"true"}}
	e := &judged{ran: ran{plan: &planned{block: block, label: "app"}, result: &trial.Result{Outcome: outcome(1, hostile)}, time: time.Second}, log: logOf(t, denied), reasons: []string{hostile, "more"}}
	e.attacks = []judgedAttack{
		{Attack: policy.Attack{Name: "passes"}, under: outcome(1, hostile), free: outcome(0, ""), log: logOf(t, denied)},
		{Attack: policy.Attack{Name: hostile}, log: audit.NewLog(), reasons: []string{"it did not run to its end"}},
	}
	var out bytes.Buffer
	a := &app{stdout: &out}
	r := a.trialReport(trialFlags{format: "junit"}, nil)
	if err := errors.Join(r.trial(e), r.end(time.Second)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Cases []struct {
				Name    string  `xml:"name,attr"`
				Time    float64 `xml:"time,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Stdout string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	d := xml.NewDecoder(&out)
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 3 || got.Failures != 2 || len(got.Suites) != 1 || len(got.Suites[0].Cases) != 3 {
		t.Fatalf("%+v", got)
	}
	cases := got.Suites[0].Cases
	if c := cases[0]; c.Name != "command" || c.Time != 1.5 || !strings.Contains(c.Failure.Text, "/etc/<x>&") || !strings.HasPrefix(c.Stdout, "</testcase>]]>") {
		t.Errorf("%+v", c)
	}
	if c := cases[1]; c.Name != "passes" || c.Failure != nil || c.Time != 3 {
		t.Errorf("%+v", c)
	}
	if c := cases[2]; c.Failure == nil || c.Failure.Message != "it did not run to its end" {
		t.Errorf("%+v", c)
	}
}

// TestDeniedBy holds which records count as the profile's denial of an attack.
func TestDeniedBy(t *testing.T) {
	record := func(mode, profile, operation, name string) string {
		return fmt.Sprintf(`audit: type=1400 audit(1700000000.100:5): apparmor=%q operation=%q profile=%q name=%q pid=1 comm="cat" requested_mask="r" denied_mask="r" fsuid=0 ouid=0`, mode, operation, profile, name)
	}
	for line, want := range map[string]bool{
		record("DENIED", "app", "open", "/etc/shadow"):             true,
		record("KILLED", "app", "open", "/etc/shadow"):             true,
		record("DENIED", "app//child", "open", "/etc/shadow"):      true,
		record("DENIED", "apple", "open", "/etc/shadow"):           false,
		record("DENIED", "other", "open", "/etc/shadow"):           false,
		record("ALLOWED", "app", "open", "/etc/shadow"):            false,
		record("AUDIT", "app", "open", "/etc/shadow"):              false,
		record("DENIED", "app", "file_inherit", "/dev/null"):       false,
		record("DENIED", "app", "file_inherit", "/run/other.sock"): true,
	} {
		if got := deniedBy(logOf(t, line), "app"); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

// TestTrialsEnd holds that nothing is left of trials side by side, however they
// end: neither a process nor a file.
func TestTrialsEnd(t *testing.T) {
	if !kernelInstalled() || !parserInstalled(t) {
		t.Skip("linux.uml or apparmor_parser is missing, or the race detector is on: trials are not tested")
	}
	for name, end := range map[string]func(cmd *exec.Cmd){
		"interrupt": func(cmd *exec.Cmd) { _ = cmd.Process.Signal(syscall.SIGINT) },
		"term":      func(cmd *exec.Cmd) { _ = cmd.Process.Signal(syscall.SIGTERM) },
		"kill":      func(cmd *exec.Cmd) { _ = cmd.Process.Kill() },
		"timeout":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			dir, scratch := t.TempDir(), t.TempDir()
			text := "service \"app\" {\n  attachment = \"none\"\n}\n"
			for i := range 2 {
				text += fmt.Sprintf("trial \"t%d\" {\n  enter = false\n  command = [\"sh\", \"-c\", \"sleep 100 & echo begun; sleep 100\"]\n}\n", i)
			}
			if err := os.WriteFile(filepath.Join(dir, "service.hcl"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			args := []string{"trial", "-j", "2", "--keep", filepath.Join(dir, "kept")}
			if end == nil {
				args = append(args, "--timeout", "500ms")
			}
			cmd := command(dir, args...)
			cmd.Env = append(cmd.Env, "TMPDIR="+scratch)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "both commands begin", func() bool { return began(dir, 1) && began(dir, 2) })
			if end != nil {
				end(cmd)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); end == nil && code != exitFindings || name == "interrupt" && code != exitMachine {
				t.Errorf("exit code %d", code)
			}
			eventually(t, "all processes end", func() bool { return len(processesOf(scratch)) == 0 })
			if left, _ := os.ReadDir(scratch); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func began(dir string, n int) bool {
	b, _ := os.ReadFile(filepath.Join(dir, "kept", fmt.Sprintf("%d-t%d", n, n-1), "stdout"))
	return string(b) == "begun\n"
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("waited in vain: " + what)
}

// processesOf lists the processes that know a scratch folder, by their
// arguments or their environment.
func processesOf(scratch string) (out []string) {
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, path := range paths {
		for _, file := range []string{"cmdline", "environ"} {
			if b, _ := os.ReadFile(filepath.Join(path, file)); bytes.Contains(b, []byte(scratch)) {
				out = append(out, path)
			}
		}
	}
	return out
}
