package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// repository is a git repository of a team, with an apc in its PATH.
type repository struct {
	t   *testing.T
	dir string
	env []string
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	for _, program := range []string{"git", "sh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing: the examples for CI are not run", program)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin, home := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "apc")); err != nil {
		t.Fatal(err)
	}
	r := &repository{t: t, dir: t.TempDir()}
	r.env = append(os.Environ(), "APC_AS_COMMAND=1", "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+home, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
	r.run("git init -q")
	return r
}

// try runs a shell command in the repository.
func (r *repository) try(command string) (output string, ok bool) {
	cmd := exec.Command("sh", "-ec", command)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func (r *repository) run(command string) {
	r.t.Helper()
	if out, ok := r.try(command); !ok {
		r.t.Fatalf("%s\n%s", command, out)
	}
}

func (r *repository) fails(command, want string) {
	r.t.Helper()
	if out, ok := r.try(command); ok || !strings.Contains(out, want) {
		r.t.Errorf("%s: succeeded: %v, and says\n%s\nwhere %q should stand", command, ok, out, want)
	}
}

func (r *repository) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

const (
	goodPolicy = "service \"app\" {\n  executable = \"/usr/bin/app\"\n  data       = [\"/var/lib/app/\"]\n}\n"
	badPolicy  = "service \"app\" {\n  executable = \"/usr/bin/app\"\n  data       = [\"/etc/**\"]\n}\n"
)

// TestGitHook commits with the hook of examples/ci: what is staged decides.
func TestGitHook(t *testing.T) {
	hook, err := os.ReadFile("../../examples/ci/pre-commit")
	if err != nil {
		t.Fatal(err)
	}
	r := newRepository(t)
	r.write(".git/hooks/pre-commit", string(hook))
	r.write("app/service.hcl", goodPolicy)
	r.run("chmod +x .git/hooks/pre-commit && git add . && git commit -qm good")

	r.write("app/service.hcl", badPolicy)
	r.run("git add .")
	r.write("app/service.hcl", goodPolicy)
	r.fails("git commit -qm bad", "app/service.hcl:3:17: error: writing is allowed too broadly")
	r.run("git add . && git commit -qm empty --allow-empty")
	r.write("app/service.hcl", badPolicy)
	r.run("git commit -qm 'not staged' --allow-empty")

	r.run("apc lint --write-baseline lint-baseline.json ./... && git add . && git commit -qm 'with a baseline'")
	r.write("profiles/other", "profile other {\n  /etc/** rw,\n}\n")
	r.fails("git add . && git commit -qm worse", "profiles/other:2:3: error:")
	r.write("profiles/other", "profile other {\n")
	r.fails("git add . && git commit -qm broken", "unclosed-block")
	r.run("git commit -qm forced --no-verify")
	r.write("app/service.hcl", "service \"app\" {\n executable=\"/usr/bin/app\"\n}\n")
	r.fails("git rm -qf profiles/other && git add . && git commit -qm layout", "app/service.hcl")
}

// TestWorkflow runs what the workflow of examples/ci runs of apc.
func TestWorkflow(t *testing.T) {
	text, err := os.ReadFile("../../examples/ci/github-workflow.yml")
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatal(err)
	}
	r := newRepository(t)
	r.write("service.hcl", goodPolicy)
	r.run("apc build --no-verify")
	ran := 0
	steps := func(want func(command string) (says string, fails bool)) {
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				if !strings.HasPrefix(step.Run, "apc ") || strings.Contains(step.Run, "--require-verify") && !parserInstalled(t) {
					continue
				}
				ran++
				if says, fails := want(step.Run); fails {
					r.fails(step.Run, says)
				} else {
					r.run(step.Run)
				}
			}
		}
	}
	steps(func(string) (string, bool) { return "", false })
	if ran < 3 {
		t.Errorf("only %d steps were run", ran)
	}
	r.write("service.hcl", badPolicy)
	steps(func(command string) (string, bool) {
		switch {
		case strings.Contains(command, "github"):
			return "::error file=service.hcl,line=3,", true
		case strings.Contains(command, "build"):
			return "not up to date", true
		}
		return "", false // the layout is fine, and code scanning wants the file
	})
	log, err := os.ReadFile(filepath.Join(r.dir, "apc.sarif"))
	if err != nil || !json.Valid(log) || !strings.Contains(string(log), `"ruleId": "broad-write"`) {
		t.Errorf("%v\n%s", err, log)
	}
	r.write("service.hcl", "service {\n")
	r.fails("apc lint --format sarif ./... >apc.sarif || [ $? = 1 ]", "")
}

// TestPreCommit runs what pre-commit would run of its hooks, which are about the
// files that they should be about.
func TestPreCommit(t *testing.T) {
	type hook struct {
		ID, Entry, Files string
		Args             []string
	}
	var offered []hook
	var config struct{ Repos []struct{ Hooks []hook } }
	for path, into := range map[string]any{"../../.pre-commit-hooks.yaml": &offered, "../../examples/ci/pre-commit-config.yaml": &config} {
		text, err := os.ReadFile(path)
		if err == nil {
			err = yaml.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	hooks := append(offered, config.Repos[0].Hooks...)
	if len(hooks) != 3 {
		t.Fatalf("%d hooks", len(hooks))
	}
	r := newRepository(t)
	r.write("service.hcl", goodPolicy)
	for _, h := range hooks {
		r.run(h.Entry + " " + strings.Join(h.Args, " "))
		files := regexp.MustCompile(h.Files)
		for name, want := range map[string]bool{"service.hcl": true, "a/service.hcl": true, "x.apc.yaml": true, "a/apc.hcl": true, "main.go": false, "other.hcl": false, "myservice.hcl": false} {
			if files.MatchString(name) != want {
				t.Errorf("%s is about %s: %v", h.ID, name, !want)
			}
		}
	}
}
