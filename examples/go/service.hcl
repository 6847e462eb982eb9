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
