package main

import (
	"flag"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"apc/cmd/apc/internal/trial"
	"apc/compiler/verify"
)

var update = flag.Bool("update", false, "rewrite the expected files of testscripts")

func TestMain(m *testing.M) {
	trial.Main() // under whatever name it was started
	if os.Getenv("APC_AS_COMMAND") != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"apc": main})
}

// TestScripts runs the scripts of testdata/script, each a session with apc.
// The condition [parser] holds where apparmor_parser is installed, [kernel]
// where trials can be run.
func TestScripts(t *testing.T) {
	found, err := verify.Find(t.Context(), nil)
	if err != nil || len(found) == 0 {
		t.Log("apparmor_parser is missing: scripts that need it skip those parts")
	}
	if !kernelInstalled() {
		t.Log("linux.uml is missing, or the race detector is on, which wants addresses that no guest has: scripts that need it skip those parts")
	}
	testscript.Run(t, testscript.Params{
		Dir:           "../../testdata/script",
		UpdateScripts: *update,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "parser":
				return len(found) > 0, nil
			case "kernel":
				return kernelInstalled(), nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, nil
		},
	})
}

// kernelInstalled says whether this program can run trials.
func kernelInstalled() bool {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return false
	}
	_, err := exec.LookPath("linux.uml")
	return err == nil
}
