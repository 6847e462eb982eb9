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
