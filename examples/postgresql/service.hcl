# PostgreSQL as Debian and Ubuntu package it, all versions and clusters: the
# server is started by pg_ctlcluster, which runs unconfined.
variable "certificates" {
  type        = list(string)
  default     = ["/etc/ssl/certs/ssl-cert-snakeoil.pem"]
  description = "TLS certificates: what ssl_cert_file names"
}

variable "keys" {
  type        = list(string)
  default     = ["/etc/ssl/private/ssl-cert-snakeoil.key"]
  description = "TLS private keys: what ssl_key_file names"
}

service "postgresql" {
  description = "SQL database"
  attachment  = "/usr/lib/postgresql/[0-9]*/bin/postgres"

  config = ["/etc/postgresql/"]

  data = [{
    path   = "/var/lib/postgresql/"
    links  = true
    reason = "clusters; a new segment of the log gets its name by a hard link, up to version 15"
  }]

  logs = [{ path = "/var/log/postgresql/*.log", reason = "pg_ctlcluster opens it, and the logging collector where that is on" }]

  runtime = [
    { path = "/run/postgresql/", reason = "pid files, the unix sockets and their locks" },
    { path = "/dev/shm/PostgreSQL.*", reason = "memory that the processes of a parallel query share" },
  ]

  read = [
    { path = "/usr/share/postgresql/", reason = "time zones, text search, SQL of extensions" },
    { path = "/var/cache/postgresql/dicts/", reason = "dictionaries for text search, to which /usr/share/postgresql links" },
  ]

  libraries = [{ path = "/usr/lib/postgresql/", reason = "procedural languages and extensions of all versions" }]

  file "@{PROC}/@{pid}/oom_score_adj" {
    access = ["write"]
    owner  = true
    reason = "its unit protects the first process from the out-of-memory killer; that one takes the protection from the others"
  }

  listen "postgresql" {
    port   = 5432
    reason = "the first cluster; each further one has a listen block with the next port"
  }

  use "dns" {}
  use "nameservice" {}

  use "tls-server" {
    certificates = var.certificates
    keys         = var.keys
  }

  deny {
    write  = ["/etc/postgresql/"]
    reason = "ALTER SYSTEM writes into the data directory; who may log in stays the administrator's word"
  }

  # A shell that can run nothing but `locale`. COPY ... PROGRAM and
  # archive_command get no further than to this shell either.
  run "/usr/bin/dash" {
    as     = "child"
    reason = "initdb and pg_createcluster ask for all locales by `locale -a`, through a shell"

    run "/usr/bin/locale" {
      as = "inherit"
    }
    read = [
      "/usr/lib/locale/",
      "/var/lib/postgresql/*/*/pg_wal/",
    ]

    deny {
      read   = ["/var/lib/postgresql/*/*/{base,global}/"]
      write  = ["/var/lib/postgresql/"]
      quiet  = true
      reason = "up to version 15 the shell is handed all files that the server has open, and shall not have them"
    }

    # An archive_command that copies needs this too:
    #
    #   data = ["/srv/wal/"]
    #   run "/usr/bin/cp" {
    #     as = "inherit"
    #   }
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, pg_hba.conf and the firewall of the host do"
  }
}

test "a superuser of the database is none on the host" {
  profile = "postgresql"

  allow {
    read  = ["/etc/postgresql/15/main/pg_hba.conf", "/usr/share/postgresql/15/timezonesets/Default"]
    write = ["/var/lib/postgresql/15/main/base/5/1259", "/run/postgresql/15-main.pid", "/dev/shm/PostgreSQL.123"]
    lock  = ["/run/postgresql/.s.PGSQL.5432.lock"]
    map   = ["/usr/lib/postgresql/15/lib/plpgsql.so"]
  }

  deny {
    read    = ["/etc/shadow", "/var/lib/redis/dump.rdb", "/root/.ssh/id_ed25519"]
    write   = ["/etc/postgresql/15/main/pg_hba.conf", "/etc/cron.d/job", "/usr/lib/postgresql/15/lib/x.so"]
    execute = ["/usr/bin/bash", "/usr/bin/curl", "/var/lib/postgresql/15/main/x"]
    map     = ["/var/lib/postgresql/15/main/x.so"]
  }
}

trial "keeps tables, and runs nothing" {
  command = ["./trial.sh"]

  attack "read the password hashes" {
    command = ["cat", "/etc/shadow"]
  }

  attack "write its own configuration" {
    command = ["tee", "-a", "/etc/postgresql/trial/pg_hba.conf"]
  }

  attack "plant a cron job" {
    command = ["tee", "/etc/cron.d/job"]
  }

  attack "execute from its data" {
    command = ["env", "/var/lib/postgresql/upload"]
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

  attack "run a program through a shell" {
    command = ["env", "/bin/sh", "-c", "/usr/bin/id"]
  }

  attack "load a library that a client has sent" {
    command = ["/usr/bin/python3", "-Ic", "import ctypes; ctypes.CDLL('/var/lib/postgresql/module.so')"]
  }
}
