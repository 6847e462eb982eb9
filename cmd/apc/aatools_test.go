package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// everything is a policy with every construct that comes out for Debian 12.
const everything = `
tunable "APP_DIRS" {
  values = ["/srv/app", "/mnt/with space"]
}
alias "/srv/old/" {
  to = "/srv/new/"
}
service "everything" {
  executable = "/usr/bin/everything"
  flags      = ["attach_disconnected"]
  config     = ["/etc/with space/", "/etc/ha#sh", "/etc/com,ma,", "/etc/ex!cl", "/etc/a=b", "/etc/*.{a,b}", "/etc/[ab]?", "@{APP_DIRS}/x", "/etc/é", "@{HOME}/.app"]
  data       = [{ path = "/srv/app/", links = true }]
  temp       = ["/tmp/everything-*"]
  include    = ["nameservice"]
  capabilities = ["setuid"]
  listen "http" {
    port = 80
  }
  socket "@abstract" {}
  run "/usr/bin/date" {
    as = "inherit"
  }
  run "/usr/bin/other" {
    as = "profile"
    to = "other"
  }
  run "/usr/bin/convert" {
    as   = "child"
    data = ["/srv/thumbs/"]
  }
  hat "HAT" {
    read = ["/srv/hat"]
  }
  link "/srv/app/l*" {
    to     = "/srv/app/t*"
    subset = true
  }
  signal {
    access = ["send"]
    set    = ["term", "hup"]
    peer   = "{one,two}"
  }
  ptrace {
    access = ["read"]
    peer   = "everything//convert"
  }
  dbus {
    access    = ["send"]
    bus       = "system"
    path      = "/org/x"
    interface = "org.x"
    member    = "Get*"
    peer_name = "org.{x,y}"
  }
  signal {
    access = ["receive"]
    peer   = "a #b"
  }
  umount {
    target = "/srv/ha#sh/"
  }
  dbus {
    access = ["bind"]
    bus    = "session"
    name   = "org.everything"
  }
  mount {
    fstype  = ["tmpfs"]
    options = ["rw", "nosuid"]
    source  = "tmpfs"
    target  = "/srv/mnt/"
  }
  umount {
    target = "/srv/mnt/"
  }
  pivot_root {
    old_root = "/srv/mnt/old/"
    new_root = "/srv/mnt/"
  }
  change_profile {
    to = "worker"
  }
  rlimit "nofile" {
    value = 1024
  }
  network {
    family = "netlink"
    type   = "raw"
  }
  deny {
    write        = ["/etc/"]
    execute      = ["/tmp/x"]
    capabilities = ["sys_admin"]
    quiet        = true
    reason       = "shown to be left alone"
  }
  deny {
    network {
      family = "packet"
    }
  }
}
container "boxed" {
  executable = "/app/server"
}
`

// TestDebianToolsRead holds that the tools of Debian 12's apparmor-utils read
// every profile that is made for it, and switch its mode.
func TestDebianToolsRead(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds; go test without -short runs it")
	}
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import apparmor.aa").CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: apparmor-utils is missing: %s", out)
	}
	dir := t.TempDir()
	if out, err := exec.Command("cp", "-r", "/etc/apparmor.d/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	policies := t.TempDir()
	if err := os.WriteFile(filepath.Join(policies, "service.hcl"), []byte(everything), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"", " --annotate"} {
		built := filepath.Join(t.TempDir(), "built")
		if got, code := runLine("apc build " + policies + " ../../examples/... -o " + built + flag); code != exitOK {
			t.Fatalf("exit code %d\n%s", code, got)
		}
		if out, err := exec.Command("cp", "-r", built+"/.", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		profiles, _ := filepath.Glob(filepath.Join(built, "*"))
		for i, p := range profiles {
			profiles[i] = filepath.Join(dir, filepath.Base(p))
		}
		script := "import sys, apparmor.aa as aa\naa.init_aa(profiledir=sys.argv[1])\nfor p in sys.argv[2:]: aa.read_profile(p, True)\n"
		if out, err := exec.Command(python, append([]string{"-c", script, dir}, profiles...)...).CombinedOutput(); err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("%v\n%s", err, out)
		}
		switchModes(t, dir, filepath.Join(dir, "usr.bin.everything"))
	}
}

func switchModes(t *testing.T, dir, path string) {
	for _, tool := range []struct{ name, flag string }{{"aa-complain", "complain"}, {"aa-enforce", ""}} {
		out, err := exec.Command(tool.name, "--no-reload", "-d", dir, path).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", tool.name, err, out)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(string(text), "complain)"); has != (tool.flag != "") {
			t.Errorf("%s left the flags as they were", tool.name)
		}
	}
}
