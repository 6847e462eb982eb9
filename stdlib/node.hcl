module "node" {
  description = "Run a program in the system's Node.js: interpreter, packaged modules, limits of the machine."

  variable "modules" {
    type        = list(string)
    default     = []
    description = "the program and its node_modules, native addons included: directories that end in \"/\""
  }

  variable "restart" {
    type        = bool
    default     = false
    description = "it starts the interpreter again: a script with #!/usr/bin/env node, child_process.fork, cluster"
  }

  libraries = concat([
    { path = "/usr/bin/node", reason = "the interpreter" },
    { path = "/usr/share/nodejs/", reason = "modules from the distribution" },
    { path = "/usr/lib/node_modules/", reason = "modules that npm installed for all" },
    ], [
    for path in var.modules : { path = path, reason = "the program and its modules" }
  ])

  config = [
    { path = "/etc/ssl/openssl.cnf", reason = "settings of the OpenSSL in it, read at every start" },
  ]

  read = [
    { path = "@{PROC}/version_signature", reason = "os.release() on Ubuntu" },
    { path = "@{PROC}/{loadavg,uptime}", reason = "os.loadavg() and os.uptime()" },
    { path = "@{sys}/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq", reason = "os.cpus()" },
    { path = "@{sys}/fs/cgroup/{,*/,*/*/,*/*/*/,*/*/*/*/}{cpu,memory}.max", reason = "how much memory and processor it may use" },
    { path = "@{sys}/fs/cgroup/{,*/,*/*/,*/*/*/,*/*/*/*/}memory.{current,high}", reason = "how much memory is left" },
  ]

  file "@{PROC}/@{pid}/{cgroup,stat}" {
    access = ["read"]
    owner  = true
    reason = "its own control group, whose limits hold for it, and its own memory"
  }

  dynamic "run" {
    for_each = var.restart ? ["/usr/bin/node"] : []
    labels   = [run.value]

    content {
      as     = "inherit"
      reason = "the program starts the interpreter again"
    }
  }
}
