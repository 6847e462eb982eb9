module "syslog" {
  description = "Write to the system's log, through syslog or the journal."

  variable "journal" {
    type        = bool
    default     = true
    description = "the journal's own protocols too: sd_journal_send, and standard output reopened"
  }

  socket "/dev/log" {
    type   = "dgram"
    reason = "syslog, where the path is the socket itself"
  }

  socket "/run/systemd/journal/dev-log" {
    type   = "dgram"
    reason = "syslog, where systemd runs: /dev/log is a link to it"
  }

  dynamic "socket" {
    for_each = var.journal ? { "/run/systemd/journal/socket" = "dgram", "/run/systemd/journal/stdout" = "stream" } : {}
    labels   = [socket.key]

    content {
      type   = socket.value
      reason = "the journal's own protocol"
    }
  }
}
