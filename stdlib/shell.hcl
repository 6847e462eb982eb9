module "shell" {
  description = "Run shell scripts: dash, bash, and the small tools that scripts call, all under the profile of the service."

  variable "commands" {
    type        = list(string)
    description = "programs in /usr/bin that the scripts call, by their real names: mawk, not awk"
    default = [
      "basename", "cat", "cp", "cut", "date", "dirname", "env", "grep", "head", "id", "ln", "ls", "mkdir", "mktemp", "mv",
      "readlink", "rm", "rmdir", "sed", "sleep", "sort", "tail", "touch", "tr", "uname", "wc",
    ]

    validation {
      condition     = length(regexall("/", join("", var.commands))) == 0
      error_message = "A command is the name of a program in /usr/bin; write a run block for one that lies elsewhere."
    }
  }

  run "/usr/bin/dash" {
    as     = "inherit"
    reason = "/bin/sh"
  }

  run "/usr/bin/bash" {
    as     = "inherit"
    reason = "scripts that ask for bash"
  }

  dynamic "run" {
    for_each = var.commands
    labels   = ["/usr/bin/${run.value}"]

    content {
      as     = "inherit"
      reason = "called by scripts"
    }
  }

  devices = [{ path = "/dev/tty", reason = "bash looks for its terminal" }]

  config = [
    { path = "/etc/nsswitch.conf", reason = "where users are looked up, for ~ and id" },
    { path = "/etc/passwd", reason = "users, for ~ and id" },
    { path = "/etc/group", reason = "groups, for id and ls" },
  ]
}
