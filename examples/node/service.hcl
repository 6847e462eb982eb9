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
