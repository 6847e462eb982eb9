module "dns" {
  description = "Resolve host names, as the C library, Go's own resolver and systemd-resolved's clients do it."

  variable "tcp" {
    type        = bool
    default     = true
    description = "ask name servers over TCP too, for answers that do not fit into a datagram"
  }

  config = [
    { path = "/etc/nsswitch.conf", reason = "which sources are asked for names, and in which order" },
    { path = "/etc/hosts", reason = "names that are known without a server" },
    { path = "/etc/host.conf", reason = "how the C library treats /etc/hosts" },
    { path = "/etc/gai.conf", reason = "which of several addresses is preferred" },
    { path = "/etc/resolv.conf", reason = "the name servers, where the file is no link" },
    { path = "/run/systemd/resolve/{stub-,}resolv.conf", reason = "the name servers, as systemd-resolved writes them: /etc/resolv.conf is a link to it" },
    { path = "/run/NetworkManager/resolv.conf", reason = "the name servers, as NetworkManager writes them: /etc/resolv.conf is a link to it" },
    { path = "/run/resolvconf/resolv.conf", reason = "the name servers, as resolvconf writes them: /etc/resolv.conf is a link to it" },
  ]

  network {
    family = "netlink"
    type   = "raw"
    reason = "getaddrinfo asks the kernel which addresses the machine has"
  }

  connect "dns" {
    port     = 53
    protocol = "udp"
    reason   = "queries to name servers"
  }

  dynamic "connect" {
    for_each = var.tcp ? ["dns over tcp"] : []
    labels   = [connect.value]

    content {
      port     = 53
      protocol = "tcp"
      reason   = "queries whose answers do not fit into a datagram"
    }
  }

  socket "/run/systemd/resolve/io.systemd.Resolve" {
    reason = "queries to systemd-resolved, where nsswitch.conf names it"
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}
