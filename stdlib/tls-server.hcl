module "tls-server" {
  description = "Serve TLS: certificate and key, the TLS libraries' settings. The port is a listen block of your own."

  variable "certificates" {
    type        = list(string)
    description = "certificates with their chains, at their real path: below /etc/letsencrypt/archive/, not live/"
  }

  variable "keys" {
    type        = list(string)
    description = "private keys, each a single file or a glob such as \"/etc/letsencrypt/archive/example.org/privkey*.pem\""
  }

  variable "client_authorities" {
    type        = list(string)
    default     = []
    description = "authorities whose certificates clients may show"
  }

  config = concat([
    { path = "/etc/ssl/openssl.cnf", reason = "OpenSSL's settings: least version, ciphers, providers" },
    { path = "/etc/gnutls/config", reason = "GnuTLS's settings" },
    ], [
    for path in var.certificates : { path = path, reason = "the certificate that it shows" }
    ], [
    for path in var.client_authorities : { path = path, reason = "authorities whose certificates clients may show" }
  ])

  secrets = [for path in var.keys : { path = path, reason = "the private key of its certificate" }]

  file "@{PROC}/sys/crypto/fips_enabled" {
    access = ["read"]
    reason = "TLS libraries ask whether only approved algorithms may be used"
  }
}
