# A script that is started as `python3 notes.py`: the program that the kernel
# sees is the interpreter, so the profile is entered by name, not by path.
service "notes" {
  description = "Short notes over HTTP"
  attachment  = "none"

  # DynamicUser= in the unit keeps the state in /var/lib/private/notes and sets
  # no_new_privs.
  dynamic_user      = true
  no_new_privileges = true

  read = [{ path = "/opt/notes/", reason = "the program" }]
  data = [{ path = "/var/lib/notes/", reason = "its database" }]

  listen "http" {
    address = "127.0.0.1"
    port    = 8000
    reason  = "a web server in front of it"
  }

  use "python" {}
  use "systemd-notify" {}

  ignore "loss-port" {
    reason = "it binds to 127.0.0.1 by itself"
  }
}

test "the interpreter does not open the machine" {
  profile = "notes"

  allow {
    read  = ["/opt/notes/notes.py", "/usr/lib/python3.11/os.py"]
    write = ["/var/lib/private/notes/notes.db", "/var/lib/private/notes/notes.db-journal", "/run/systemd/notify"]
  }

  deny {
    read    = ["/etc/shadow", "/etc/passwd", "/var/lib/private/other/data.db"]
    write   = ["/opt/notes/notes.py", "/usr/lib/python3/dist-packages/x.pth", "/tmp/x"]
    execute = ["/usr/bin/dash", "/usr/bin/python3.11"]
  }
}

trial "keeps notes, and nothing else" {
  enter   = false # the script does, as systemd would
  command = ["./trial.sh"]

  attack "read the password hashes" {
    command = ["cat", "/etc/shadow"]
  }

  attack "write its own program" {
    command = ["tee", "-a", "/opt/notes/notes.py"]
  }

  attack "plant a cron job" {
    command = ["tee", "/etc/cron.d/job"]
  }

  attack "execute from its data" {
    command = ["env", "/var/lib/private/notes/upload"]
  }

  attack "read the data of another service" {
    command = ["cat", "/var/lib/other/data"]
  }

  attack "open a raw socket" {
    command = ["/usr/bin/python3", "-Ic", "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"]
  }

  attack "trace another process" {
    command = ["/usr/bin/python3", "-Ic", "import ctypes, sys; sys.exit(ctypes.CDLL(None).ptrace(0x4206, 1, 0, 0) != 0)"]
  }

  attack "signal another process" {
    command = ["kill", "-CONT", "1"]
  }

  attack "leave the profile" {
    command = ["aa-exec", "-p", "unconfined", "true"]
  }

  attack "add a module for all of Python" {
    command = ["tee", "/usr/lib/python3/dist-packages/evil.pth"]
  }
}
