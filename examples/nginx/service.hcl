# nginx as Debian and Ubuntu package it (nginx-light, nginx-core, nginx-full): a
# master as root, workers as www-data, both under this one profile.
variable "sites" {
  type        = list(string)
  default     = ["/var/www/html/"]
  description = "directories that are served"
}

variable "certificates" {
  type        = list(string)
  default     = []
  description = "TLS certificates with their chains; below /etc/letsencrypt/archive/, not live/"
}

variable "keys" {
  type        = list(string)
  default     = []
  description = "TLS private keys, each a single file or a glob"
}

service "nginx" {
  description = "Web server and reverse proxy"
  executable  = "/usr/sbin/nginx"

  config = [
    { path = "/etc/nginx/", reason = "sites-enabled and modules-enabled hold links; the kernel sees sites-available, and /usr/share/nginx" },
    { path = "/etc/ssl/openssl.cnf", reason = "OpenSSL reads it at every start, with or without TLS" },
  ]

  read = concat(
    [{ path = "/usr/share/nginx/", reason = "how modules are loaded, and the page that is served where there is no site" }],
    [for dir in var.sites : { path = dir, reason = "what is served" }],
  )

  libraries = [{ path = "/usr/lib/nginx/modules/", reason = "dynamic modules of the distribution" }]

  data = [{ path = "/var/lib/nginx/", reason = "bodies and answers that do not fit into memory; made by the master, owned by the workers" }]
  logs = [{ path = "/var/log/nginx/*.log", reason = "logrotate renames them; after USR1 the master opens them anew" }]

  runtime = [{
    path   = "/run/nginx.pid{,.oldbin}"
    reason = "the pid; an upgrade of the running program keeps that of the old one aside"
  }]

  capabilities = [
    { name = "net_bind_service", reason = "the master listens on ports 80 and 443" },
    { name = "setuid", reason = "workers become www-data" },
    { name = "setgid", reason = "workers become www-data" },
    { name = "chown", reason = "the master hands directories in /var/lib/nginx and reopened logs to www-data" },
    { name = "dac_override", reason = "the master opens logs that belong to www-data and that nobody else may write" },
    { name = "kill", reason = "the master ends workers that do not stop in time" },
  ]

  listen "http" {
    port = 80
  }

  listen "https" {
    port = 443
  }

  run "/usr/sbin/nginx" {
    as     = "inherit"
    reason = "after USR2 the master starts the new program beside itself"
  }

  use "nameservice" {}

  dynamic "use" {
    for_each = length(var.keys) > 0 ? ["tls-server"] : []
    labels   = [use.value]

    content {
      certificates = var.certificates
      keys         = var.keys
    }
  }

  # A reverse proxy also needs its upstreams. With names in place of addresses
  # it needs `use "dns" {}` too.
  #
  #   connect "app" {
  #     port = 8000
  #   }
  #   socket "/run/php/php8.2-fpm.sock" {}

  deny {
    write  = ["/etc/nginx/", "/usr/lib/nginx/", "/usr/share/nginx/"]
    reason = "whoever takes a worker over shall not change what the next master does as root"
  }

  deny {
    write  = var.sites
    reason = "nginx serves these files, others write them"
  }

  deny {
    read   = ["/etc/shadow", "/etc/gshadow"]
    reason = "dac_override would let the master read them"
  }

  deny {
    execute = ["/var/lib/nginx/"]
    reason  = "what clients send is stored there"
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}

test "serves its sites and keeps its files" {
  profile = "nginx"

  allow {
    read    = ["/etc/nginx/nginx.conf", "/etc/nginx/sites-available/default", "/var/www/html/index.html", "/etc/passwd"]
    write   = ["/var/log/nginx/access.log", "/run/nginx.pid", "/run/nginx.pid.oldbin", "/var/lib/nginx/body/0000000001"]
    map     = ["/usr/lib/nginx/modules/ngx_http_echo_module.so"]
    execute = ["/usr/sbin/nginx"]
  }

  deny {
    read    = ["/etc/shadow", "/etc/ssh/ssh_host_ed25519_key", "/home/user/.ssh/id_ed25519", "/var/lib/postgresql/15/main/PG_VERSION"]
    write   = ["/etc/nginx/nginx.conf", "/var/www/html/index.html", "/etc/cron.d/job", "/usr/sbin/nginx", "/usr/lib/nginx/modules/x.so"]
    execute = ["/usr/bin/dash", "/var/lib/nginx/body/0000000001", "/tmp/x"]
  }
}

trial "serves, reloads, is upgraded, and stops" {
  command = ["./trial.sh"]

  attack "read the password hashes" {
    command = ["cat", "/etc/shadow"]
  }

  attack "write its own configuration" {
    command = ["tee", "-a", "/etc/nginx/nginx.conf"]
  }

  attack "plant a cron job" {
    command = ["tee", "/etc/cron.d/job"]
  }

  attack "execute from its data" {
    command = ["env", "/var/lib/nginx/body/upload"]
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

  attack "change a site" {
    command = ["tee", "/var/www/html/index.html"]
  }

  attack "replace a module" {
    command = ["cp", "/usr/bin/true", "/usr/lib/nginx/modules/ngx_http_echo_module.so"]
  }
}

trial "ends a worker that is stuck" {
  command = ["./stuck.sh"]
}
