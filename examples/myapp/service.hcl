# One application, installed on a host and shipped as a container image: what it
# is made of stands once, in a module that both profiles use.
module "myapp" {
  description = "What myapp is made of, wherever it runs."

  config = [{ path = "/opt/myapp/config/", reason = "its settings, and nobody else's" }]
  data   = [{ path = "/opt/myapp/data/", reason = "its database and uploads" }]
  logs   = [{ path = "/var/log/myapp/", reason = "one file for each day, named by the application" }]
  temp   = [{ path = "/tmp/myapp-*", reason = "uploads that are not complete yet" }]

  # Both IPv4 and IPv6, since no `family` is given.
  listen "http" {
    port   = 8080
    reason = "its API"
  }

  use "dns" {}

  deny {
    write  = ["/opt/myapp/bin/", "/opt/myapp/config/"]
    reason = "it must never rewrite its own program or settings"
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}

service "myapp" {
  description = "myapp on a host, started by systemd"
  executable  = "/opt/myapp/bin/myapp"

  use "myapp" {}
}

container "myapp-container" {
  description = "myapp in a container: docker run --security-opt apparmor=myapp-container"
  executable  = "/opt/myapp/bin/myapp"

  use "myapp" {}
  use "container" {}
}

test "on a host" {
  profile = "myapp"

  allow {
    read  = ["/opt/myapp/config/app.yaml", "/opt/myapp/data/db", "/etc/resolv.conf"]
    write = ["/opt/myapp/data/db", "/var/log/myapp/2024-01-31.log", "/tmp/myapp-upload"]
  }

  deny {
    read    = ["/etc/shadow", "/home/user/.ssh/id_ed25519"]
    write   = ["/opt/myapp/config/app.yaml", "/opt/myapp/bin/myapp"]
    execute = ["/usr/bin/dash", "/opt/myapp/data/db"]
  }
}

test "in a container" {
  profile = "myapp-container"

  allow {
    read  = ["/opt/myapp/config/app.yaml", "/etc/hostname", "/sys/fs/cgroup/memory.max"]
    write = ["/opt/myapp/data/db", "/var/log/myapp/2024-01-31.log"]
  }

  deny {
    read  = ["/etc/shadow", "/run/secrets/kubernetes.io/serviceaccount/token", "/proc/kcore"]
    write = ["/opt/myapp/config/app.yaml", "/proc/sys/kernel/core_pattern", "/sys/fs/cgroup/memory.max"]
  }
}
