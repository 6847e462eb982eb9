module "tls-client" {
  description = "Make TLS connections: port 443 or others, the machine's certificate authorities, the TLS libraries' settings."

  variable "ports" {
    type        = list(number)
    default     = [443]
    description = "TCP ports to connect to; [] where connect blocks of your own say it"
  }

  variable "authorities" {
    type        = list(string)
    default     = []
    description = "certificate authorities of your own: files, or directories that end in \"/\""
  }

  config = concat([
    { path = "/etc/ssl/openssl.cnf", reason = "OpenSSL's settings: least version, ciphers, providers" },
    { path = "/etc/gnutls/config", reason = "GnuTLS's settings" },
    { path = "/etc/ssl/certs/", reason = "certificate authorities, as a bundle and by their hash" },
    { path = "/usr/share/ca-certificates/", reason = "certificate authorities of the distribution, to which /etc/ssl/certs links" },
    { path = "/usr/local/share/ca-certificates/", reason = "certificate authorities of the administrator, to which /etc/ssl/certs links" },
    ], [
    for path in var.authorities : { path = path, reason = "certificate authorities of the service" }
  ])

  file "@{PROC}/sys/crypto/fips_enabled" {
    access = ["read"]
    reason = "TLS libraries ask whether only approved algorithms may be used"
  }

  dynamic "connect" {
    for_each = var.ports
    labels   = ["tls to port ${connect.value}"]

    content {
      port   = connect.value
      reason = "TLS connections"
    }
  }

  ignore "loss-port" {
    reason = "AppArmor enforces ports from 5.0 on; before, the firewall of the host does"
  }
}
