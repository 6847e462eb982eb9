module "python" {
  description = "Run a program in the system's Python 3: interpreter, standard library, installed packages."

  variable "venv" {
    type        = list(string)
    default     = []
    description = "virtual environments, or other directories with packages: each ends in \"/\""
  }

  variable "restart" {
    type        = bool
    default     = false
    description = "it starts the interpreter again: a script with #!/usr/bin/env python3, multiprocessing's spawn, sys.executable"
  }

  variable "semaphores" {
    type        = bool
    default     = false
    description = "it uses locks, queues or pools of multiprocessing"
  }

  libraries = concat([
    { path = "/usr/bin/python3.[0-9]*", reason = "the interpreter; /usr/bin/python3 is a link to it" },
    { path = "/usr/lib/python3/dist-packages/", reason = "packages from the distribution" },
    { path = "/usr/lib/python3.[0-9]*/", reason = "the standard library" },
    { path = "/usr/local/lib/python3.[0-9]*/dist-packages/", reason = "packages that the administrator installed" },
    ], [
    for path in var.venv : { path = path, reason = "packages of the program" }
  ])

  config = [
    { path = "/etc/python3.[0-9]*/sitecustomize.py", reason = "the machine's settings, to which the standard library links" },
    { path = "/etc/ssl/openssl.cnf", reason = "OpenSSL's settings, read when hashlib or ssl is loaded" },
    { path = "/etc/mime.types", reason = "types of files, for mimetypes" },
    { path = "/usr/share/zoneinfo/", reason = "time zones, for zoneinfo" },
  ]

  dynamic "run" {
    for_each = var.restart ? ["/usr/bin/python3.[0-9]*"] : []
    labels   = [run.value]

    content {
      as     = "inherit"
      reason = "the program starts the interpreter again"
    }
  }

  dynamic "file" {
    for_each = var.semaphores ? ["/dev/shm/sem.*"] : []
    labels   = [file.value]

    content {
      access = ["read", "write", "link"]
      owner  = true
      reason = "locks and queues of multiprocessing: made under one name, linked to another"
    }
  }
}
