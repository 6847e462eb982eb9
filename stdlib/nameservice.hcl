module "nameservice" {
  description = "Look up users, groups, services and protocols by name or number, as getpwnam and the like do it."

  variable "nscd" {
    type        = bool
    default     = false
    description = "ask the name service cache daemon first"
  }

  variable "sssd" {
    type        = bool
    default     = false
    description = "users and groups also come from a directory, through sssd"
  }

  config = concat([
    { path = "/etc/nsswitch.conf", reason = "which sources are asked, and in which order" },
    { path = "/etc/passwd", reason = "users of this machine; it holds no password" },
    { path = "/etc/group", reason = "groups of this machine" },
    { path = "/etc/services", reason = "ports by name" },
    { path = "/etc/protocols", reason = "protocols by name" },
    ], [
    for cache in var.sssd ? ["passwd", "group", "initgroups"] : [] :
    { path = "/var/lib/sss/mc/${cache}", reason = "answers that sssd keeps for all programs" }
  ])

  file "/run/systemd/userdb/" {
    access = ["read"]
    reason = "which services of systemd know users; the sockets in it follow"
  }

  file "@{PROC}/sys/kernel/random/boot_id" {
    access = ["read"]
    reason = "systemd's name service module tells boots apart by it"
  }

  socket "/run/systemd/userdb/io.systemd.{DynamicUser,Home,Machine,Multiplexer,NameServiceSwitch}" {
    reason = "users that systemd makes, as with DynamicUser="
  }

  dynamic "socket" {
    for_each = concat(
      var.nscd ? [{ path = "/run/nscd/socket", reason = "answers that nscd keeps" }] : [],
      var.sssd ? [{ path = "/var/lib/sss/pipes/nss", reason = "questions to sssd" }] : [],
    )
    labels = [socket.value.path]

    content {
      reason = socket.value.reason
    }
  }
}
