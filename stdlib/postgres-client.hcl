module "postgres-client" {
  description = "Connect to a PostgreSQL server with libpq: over its unix socket, over TCP, or both."

  variable "port" {
    type        = number
    default     = 5432
    description = "the server's port, which is also part of the socket's name"
  }

  variable "unix" {
    type        = bool
    default     = true
    description = "connect over the unix socket in /run/postgresql"
  }

  variable "tcp" {
    type        = bool
    default     = true
    description = "connect over TCP"
  }

  variable "password_files" {
    type        = list(string)
    default     = []
    description = "files with passwords: .pgpass, or what PGPASSFILE names"
  }

  variable "authorities" {
    type        = list(string)
    default     = []
    description = "certificate authorities of the server: what sslrootcert names"
  }

  config = concat([
    { path = "/etc/nsswitch.conf", reason = "where libpq looks up the user, for a default name and the home directory" },
    { path = "/etc/passwd", reason = "the user, for a default name and the home directory" },
    { path = "/etc/postgresql-common/pg_service.conf", reason = "named connections" },
    { path = "/etc/ssl/openssl.cnf", reason = "OpenSSL's settings, for connections with TLS" },
    ], [
    for path in var.authorities : { path = path, reason = "certificate authorities of the server" }
  ])

  secrets = [for path in var.password_files : { path = path, reason = "passwords for the server" }]

  dynamic "file" {
    for_each = var.tcp ? ["/etc/gss/mech.d/{,*.conf}", "/etc/krb5.conf"] : []
    labels   = [file.value]

    content {
      access = ["read"]
      reason = "Kerberos, which libpq tries before it asks for a password"
    }
  }

  dynamic "socket" {
    for_each = var.unix ? ["/run/postgresql/.s.PGSQL.${var.port}"] : []
    labels   = [socket.value]

    content {
      reason = "the server on this machine"
    }
  }

  dynamic "connect" {
    for_each = var.tcp ? ["postgresql"] : []
    labels   = [connect.value]

    content {
      port   = var.port
      reason = "the server"
    }
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}
