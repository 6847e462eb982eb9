package main

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"apc/compiler/verify"
)

var update = flag.Bool("update", false, "rewrite the expected files of testscripts")

func TestMain(m *testing.M) {
	if os.Getenv("APC_AS_COMMAND") != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"apc": main})
}

// TestScripts runs the scripts of testdata/script, each a session with apc.
// The condition [parser] holds where apparmor_parser is installed.
func TestScripts(t *testing.T) {
	found, err := verify.Find(t.Context(), nil)
	if err != nil || len(found) == 0 {
		t.Log("apparmor_parser is missing: scripts that need it skip those parts")
	}
	testscript.Run(t, testscript.Params{
		Dir:           "../../testdata/script",
		UpdateScripts: *update,
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "parser":
				return len(found) > 0, nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, nil
		},
	})
}
