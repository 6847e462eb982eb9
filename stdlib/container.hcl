module "container" {
  description = "What programs in most containers read: the container's own /etc, limits of its control group, facts about the machine."

  variable "terminal" {
    type        = bool
    default     = true
    description = "standard input and output may be a terminal, as with docker run -t"
  }

  config = [
    { path = "/etc/{hosts,hostname,resolv.conf}", reason = "names, which the runtime mounts into the container" },
    { path = "/etc/{nsswitch.conf,host.conf,gai.conf}", reason = "how the C library looks up names" },
    { path = "/etc/{passwd,group}", reason = "users and groups of the image" },
    { path = "/etc/{services,protocols}", reason = "ports and protocols by name" },
    { path = "/etc/{os-release,debian_version,alpine-release}", reason = "what the image is made from" },
    { path = "/usr/lib/os-release", reason = "what the image is made from: /etc/os-release is a link to it" },
    { path = "/etc/{localtime,timezone}", reason = "the time zone of the image" },
    { path = "/etc/ld-musl-*.path", reason = "where libraries are, in images with musl" },
  ]

  read = [
    { path = "@{PROC}/{cpuinfo,loadavg,meminfo,stat,uptime,version,version_signature}", reason = "facts about the machine, for runtimes and metrics" },
    { path = "@{PROC}/{cgroups,filesystems}", reason = "which kinds of control groups and file systems there are" },
    { path = "@{PROC}/sys/kernel/{cap_last_cap,hostname,ngroups_max,osrelease,pid_max,threads-max}", reason = "limits and names of the kernel" },
    { path = "@{PROC}/sys/kernel/random/{boot_id,uuid}", reason = "random identifiers" },
    { path = "@{PROC}/sys/net/core/somaxconn", reason = "how long the queue of a listening socket may be" },
    { path = "@{PROC}/sys/net/ipv6/conf/all/disable_ipv6", reason = "whether there is IPv6" },
    { path = "@{PROC}/sys/vm/{max_map_count,overcommit_memory}", reason = "limits of memory, for runtimes" },
    { path = "@{sys}/kernel/mm/transparent_hugepage/{defrag,enabled,hpage_pmd_size,shmem_enabled}", reason = "large pages, for the heaps of Go and Java" },
    { path = "@{sys}/kernel/mm/hugepages/{,hugepages-*/nr_hugepages}", reason = "large pages, for the heap of Java" },
    { path = "@{sys}/devices/system/cpu/{,online,possible,present}", reason = "how many processors there are" },
    { path = "@{sys}/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq", reason = "speed of processors, for Node.js" },
    { path = "@{sys}/devices/system/node/{,online,possible}", reason = "memory nodes, for Java" },
    { path = "@{sys}/fs/cgroup/cgroup.controllers", reason = "which limits there are" },
    { path = "@{sys}/fs/cgroup/{cpu,memory,pids}.{current,high,max,stat,weight}", reason = "limits of the container, and what it uses" },
    { path = "@{sys}/fs/cgroup/{cpuset.cpus,cpuset.cpus.effective,cpuset.mems.effective}", reason = "processors of the container" },
    { path = "@{sys}/fs/cgroup/memory.{swap.current,swap.max}", reason = "limits of the container, for Java" },
    { path = "@{sys}/fs/cgroup/{cpu,cpu?cpuacct}/cpu.{cfs_period_us,cfs_quota_us,shares}", reason = "limits of the container, on machines with the first version of control groups" },
    { path = "@{sys}/fs/cgroup/memory/memory.{limit_in_bytes,soft_limit_in_bytes,usage_in_bytes}", reason = "limits of the container, on machines with the first version of control groups" },
  ]

  file "@{PROC}/@{pid}/{auxv,cgroup,cmdline,comm,limits,maps,mountinfo,mounts,oom_score_adj,smaps,stat,statm,status}" {
    access = ["read"]
    owner  = true
    reason = "facts about its own processes"
  }

  file "@{PROC}/@{pid}/fd/" {
    access = ["read"]
    owner  = true
    reason = "its own open files, to close them"
  }

  file "@{PROC}/@{pid}/net/{if_inet6,ipv6_route,route}" {
    access = ["read"]
    reason = "addresses and routes of the container's network"
  }

  dynamic "file" {
    for_each = var.terminal ? ["/dev/{console,tty}", "/dev/pts/[0-9]*"] : []
    labels   = [file.value]

    content {
      access = ["read", "write"]
      reason = "the terminal of docker run -t"
    }
  }
}
