module "dns" {
  description = "Resolve host names: resolver configuration, hosts, and queries to name servers."

  config = [
    { path = "/etc/hosts", reason = "names that are known without a server" },
  ]

  connect "dns over udp" {
    port     = 53
    protocol = "udp"
    reason   = "queries to name servers"
  }
}
