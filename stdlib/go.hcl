module "go" {
  description = "Run a program written in Go: what its runtime and standard library read."

  read = [
    { path = "@{sys}/kernel/mm/transparent_hugepage/hpage_pmd_size", reason = "the runtime, for its heap" },
    { path = "@{sys}/fs/cgroup/{,*/,*/*/,*/*/*/,*/*/*/*/}cpu.max", reason = "how many threads may run at once (GOMAXPROCS, since Go 1.25)" },
    { path = "@{PROC}/sys/net/core/somaxconn", reason = "how long the queue of a listening socket may be" },
    { path = "/etc/mime.types", reason = "types of files, for package mime" },
    { path = "/usr/share/mime/globs2", reason = "types of files, for package mime" },
    { path = "/usr/share/zoneinfo/", reason = "time zones, for time.LoadLocation" },
    { path = "/etc/localtime", reason = "the machine's time zone, where the file is no link" },
  ]

  file "@{PROC}/@{pid}/{cgroup,mountinfo}" {
    access = ["read"]
    owner  = true
    reason = "where the limits of its own control group are (since Go 1.25)"
  }
}
