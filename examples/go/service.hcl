# A static program attaches by its own path, and needs little beside what it
# serves.
service "files" {
  description       = "Serves a directory over TLS"
  executable        = "/usr/local/bin/files"
  no_new_privileges = true

  read = [{ path = "/srv/files/", reason = "what it serves" }]

  capabilities = [{ name = "net_bind_service", reason = "listens on port 443; the unit grants it to the service's user" }]

  listen "https" {
    port = 443
  }

  use "go" {}
  use "tls-server" {
    certificates = ["/etc/files/tls/fullchain.pem"]
    keys         = ["/etc/files/tls/privkey.pem"]
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}

test "it serves, and only that" {
  profile = "files"

  allow {
    read = ["/srv/files/a/b.txt", "/etc/files/tls/privkey.pem", "/etc/mime.types"]
  }

  deny {
    read    = ["/etc/shadow", "/etc/passwd", "/etc/ssl/private/server.key", "/srv/other/x"]
    write   = ["/srv/files/a/b.txt", "/etc/files/tls/privkey.pem", "/tmp/x"]
    execute = ["/usr/bin/dash", "/usr/local/bin/files"]
  }
}

# `CGO_ENABLED=0 go build -o files .` comes first.
trial "serves files over TLS, and writes none" {
  command = ["./trial.sh"]

  attack "read the password hashes" {
    command = ["cat", "/etc/shadow"]
  }

  attack "write its own program" {
    command = ["tee", "-a", "/usr/local/bin/files"]
  }

  attack "plant a cron job" {
    command = ["tee", "/etc/cron.d/job"]
  }

  attack "execute from its data" {
    command = ["env", "/srv/files/upload"]
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

  attack "change what it serves" {
    command = ["tee", "/srv/files/a/b.txt"]
  }

  attack "replace its key" {
    command = ["tee", "/etc/files/tls/privkey.pem"]
  }

  attack "read other keys" {
    command = ["cat", "/etc/ssl/private/key.pem"]
  }
}
