# A program for Node.js, started as `node server.js`: entered by name, as the
# interpreter is what the kernel sees.
service "links" {
  description = "Checks links that are posted to it"
  attachment  = "none"

  dynamic_user      = true
  no_new_privileges = true

  data = [{ path = "/var/lib/links/", reason = "the results of the last check" }]

  listen "http" {
    address = "127.0.0.1"
    port    = 8001
    reason  = "a web server in front of it"
  }

  use "node" {
    modules = ["/opt/links/"]
  }
  use "dns" {}
  use "tls-client" {
    ports = [80, 443]
  }

  ignore "loss-port" {
    reason = "before AppArmor 5.0 the firewall of the host keeps it from other ports"
  }
}

test "whoever posts an address reaches no file" {
  profile = "links"

  allow {
    read  = ["/opt/links/server.js", "/etc/ssl/certs/ca-certificates.crt", "/etc/resolv.conf"]
    write = ["/var/lib/private/links/results.json.new"]
    map   = ["/opt/links/node_modules/x/build/Release/x.node"]
  }

  deny {
    read    = ["/etc/shadow", "/etc/passwd", "/etc/ssl/private/server.key"]
    write   = ["/opt/links/server.js", "/tmp/x"]
    execute = ["/usr/bin/dash", "/usr/bin/node"]
  }
}

trial "checks links, and reads nothing else" {
  enter   = false # the script does, as systemd would
  command = ["./trial.sh"]

  attack "read the password hashes" {
    command = ["cat", "/etc/shadow"]
  }

  attack "write its own program" {
    command = ["tee", "-a", "/opt/links/server.js"]
  }

  attack "plant a cron job" {
    command = ["tee", "/etc/cron.d/job"]
  }

  attack "execute from its data" {
    command = ["env", "/var/lib/private/links/upload"]
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

  attack "read private keys" {
    command = ["cat", "/etc/ssl/private/key.pem"]
  }
}
