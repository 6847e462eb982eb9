# Redis as Debian and Ubuntu package it, with its unit as it is: user redis,
# Type=notify, NoNewPrivileges=true.
service "redis" {
  description = "In-memory database"

  # /usr/bin/redis-server is a link to redis-check-rdb, and the kernel sees the
  # latter; the former is there for packages in which it is a file.
  attachment        = "/usr/bin/redis-{check-rdb,server}"
  no_new_privileges = true

  config = [
    "/etc/redis/",
    { path = "/etc/ssl/openssl.cnf", reason = "OpenSSL reads it at every start, with or without TLS" },
  ]

  data    = [{ path = "/var/lib/redis/", reason = "snapshots and append-only files" }]
  logs    = [{ path = "/var/log/redis/redis-server*.log", reason = "opened for each message, so rotation needs no signal" }]
  runtime = [{ path = "/run/redis/", reason = "pid file, and the unix socket where there is one" }]

  read = [
    { path = "/sys/kernel/mm/transparent_hugepage/enabled", reason = "it warns of large pages, which make snapshots slow" },
    { path = "/sys/devices/system/clocksource/clocksource0/current_clocksource", reason = "it warns of slow clocks" },
    { path = "@{PROC}/sys/net/core/somaxconn", reason = "it warns of a queue that is too short" },
  ]

  file "@{PROC}/@{pid}/{smaps,stat}" {
    access = ["read"]
    owner  = true
    reason = "memory of its own, for INFO and the log"
  }

  listen "redis" {
    port   = 6379
    reason = "clients, and replicas"
  }

  # A replica, or a member of a cluster, also connects:
  #
  #   connect "primary" {
  #     port = 6379
  #   }

  use "systemd-notify" {}

  deny {
    write  = ["/etc/redis/"]
    reason = "CONFIG REWRITE is for administrators; a client that may call it could change what the next start does"
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}

test "a client that may write files still cannot leave the data directory" {
  profile = "redis"

  allow {
    read  = ["/etc/redis/redis.conf", "/var/lib/redis/dump.rdb"]
    write = ["/var/lib/redis/dump.rdb", "/var/lib/redis/temp-123.rdb", "/var/log/redis/redis-server.log", "/run/redis/redis-server.pid"]
    lock  = ["/var/lib/redis/appendonlydir/appendonly.aof.1.incr.aof"]
  }

  deny {
    read    = ["/etc/shadow", "/var/lib/postgresql/15/main/PG_VERSION"]
    write   = ["/etc/redis/redis.conf", "/root/.ssh/authorized_keys", "/var/spool/cron/crontabs/root", "/etc/cron.d/job", "/var/www/html/x.php"]
    execute = ["/usr/bin/dash", "/var/lib/redis/module.so"]
    map     = ["/var/lib/redis/module.so"]
  }
}

trial "keeps data, and writes nothing else" {
  command = ["./trial.sh"]

  attack "read the password hashes" {
    command = ["cat", "/etc/shadow"]
  }

  attack "write its own configuration" {
    command = ["tee", "-a", "/etc/redis/redis.conf"]
  }

  attack "plant a cron job" {
    command = ["tee", "/etc/cron.d/job"]
  }

  attack "execute from its data" {
    command = ["env", "/var/lib/redis/upload"]
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

  attack "write a key for ssh" {
    command = ["tee", "-a", "/root/.ssh/authorized_keys"]
  }

  attack "load a module that a client has sent" {
    command = ["/usr/bin/python3", "-Ic", "import ctypes; ctypes.CDLL('/var/lib/redis/module.so')"]
  }
}
