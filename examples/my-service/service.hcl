# A daemon that starts as root, binds a low port, and then becomes its own user.
service "my-service" {
  description = "Order API"
  executable  = "/usr/local/bin/my-service"

  config = ["/etc/my-service/config.yaml"]

  data = [{
    path   = "/var/lib/my-service/"
    reason = "its state; cache.db in it is locked while it is written"
  }]

  logs    = [{ path = "/var/log/my-service/*.log", reason = "rotated by logrotate, which renames them itself" }]
  runtime = [{ path = "/run/my-service.pid", reason = "written and locked by root, before the user changes" }]
  temp    = [{ path = "/tmp/my-service-*", reason = "uploads; only those that its own user made" }]

  capabilities = [
    { name = "net_bind_service", reason = "listens on port 80" },
    { name = "setuid", reason = "becomes the user my-service once the port is bound" },
  ]

  listen "http" {
    port = 80
  }

  connect "apis" {
    reason = "shops and payment providers, each on a port of its own"
  }

  use "dns" {}

  deny {
    write  = ["/etc/my-service/"]
    reason = "it must never rewrite its own configuration"
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}

test "state and logs are its own, nothing else is" {
  profile = "my-service"

  allow {
    read  = ["/etc/my-service/config.yaml", "/etc/resolv.conf", "/var/lib/my-service/cache.db"]
    write = ["/var/lib/my-service/cache.db", "/var/log/my-service/access.log", "/run/my-service.pid"]
    lock  = ["/var/lib/my-service/cache.db"]
  }

  deny {
    read    = ["/etc/shadow", "/etc/ssl/private/server.key", "/var/lib/other/data.db"]
    write   = ["/etc/my-service/config.yaml", "/usr/local/bin/my-service", "/etc/cron.d/job"]
    execute = ["/usr/bin/dash", "/var/lib/my-service/cache.db", "/tmp/my-service-1"]
  }
}
