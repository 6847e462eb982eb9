package feature

import "strconv"

// The functions below list the words of apparmor.d(5) as the parsers take
// them, which is at times more than the manual page says. A test compiles
// every word on every parser at hand.

// Capabilities lists the capabilities of capabilities(7), without "cap_".
func Capabilities() Vocabulary {
	return words(`audit_control audit_read audit_write block_suspend chown dac_override dac_read_search fowner fsetid
		ipc_lock ipc_owner kill lease linux_immutable mac_admin mac_override mknod net_admin net_bind_service
		net_broadcast net_raw setfcap setgid setpcap setuid sys_admin sys_boot sys_chroot sys_module sys_nice sys_pacct
		sys_ptrace sys_rawio sys_resource sys_time sys_tty_config syslog wake_alarm`,
		Capability, "bpf checkpoint_restore perfmon")
}

// Families lists the address families of network rules.
func Families() Vocabulary {
	return words(`alg appletalk ash atmpvc atmsvc ax25 bluetooth bridge caif can econet ib ieee802154 inet inet6 ipx
		irda isdn iucv kcm key llc mctp mpls netbeui netlink netrom nfc packet phonet pppox qipcrtr rds rose rxrpc
		security smc sna tipc unix unspec vsock wanpipe x25 xdp`)
}

// SocketTypes lists the socket types of network and unix rules.
func SocketTypes() Vocabulary { return words("dgram packet raw rdm seqpacket stream") }

// Protocols lists the protocols that may stand in place of a socket type in
// network rules of the family inet or of none; inet6 takes all but icmp.
func Protocols() Vocabulary { return words("icmp tcp udp") }

// socketAccess holds the accesses that network and unix rules share.
const socketAccess = `accept bind connect create getattr getopt listen r read receive rw send setattr setopt shutdown w
	write`

// NetworkAccessWords lists the accesses of network rules.
func NetworkAccessWords() Vocabulary { return words("", NetworkAccess, socketAccess) }

// UnixAccessWords lists the accesses of unix rules.
func UnixAccessWords() Vocabulary { return words(socketAccess) }

// SignalAccessWords lists the accesses of signal rules.
func SignalAccessWords() Vocabulary { return words("r read receive rw send w write") }

// PtraceAccessWords lists the accesses of ptrace rules.
func PtraceAccessWords() Vocabulary { return words("r read readby rw trace tracedby w") }

// DBusAccessWords lists the accesses of dbus rules.
func DBusAccessWords() Vocabulary { return words("bind eavesdrop r read receive rw send w write") }

// MqueueAccessWords lists the accesses of mqueue rules.
func MqueueAccessWords() Vocabulary {
	return words("", Mqueue, "create delete getattr open r read rw setattr w write")
}

// MqueueTypes lists the values of type= in mqueue rules.
func MqueueTypes() Vocabulary { return words("", Mqueue, "posix", MqueueSysV, "sysv") }

// IoUringAccessWords lists the accesses of io_uring rules. The parser takes
// any other word in parentheses without complaint, and where no known word
// stands beside it grants them all, so nobody else catches a misspelling.
func IoUringAccessWords() Vocabulary { return words("", IoUring, "override_creds sqpoll") }

// UsernsAccessWords lists the accesses of userns rules. They stand without
// parentheses, which the parser refuses there.
func UsernsAccessWords() Vocabulary { return words("", Userns, "create") }

// Signals lists the names of signals in the set= of signal rules. The name exists is signal
// 0, which only asks whether the process is there.
func Signals() Vocabulary {
	names := `abrt alrm bus chld cont emt exists fpe hup ill int io kill pipe prof pwr quit segv stkflt stop stp sys term
		trap ttin ttou urg usr1 usr2 vtalrm winch xcpu xfsz`
	for i := 0; i <= 32; i++ {
		names += " rtmin+" + strconv.Itoa(i)
	}
	return words(names, SignalName, "poll tstp")
}

// Rlimits lists the limits of getrlimit(2) that a profile can set.
func Rlimits() Vocabulary {
	return words(`as core cpu data fsize locks memlock msgqueue nice nofile nproc ofile rss rtprio rttime sigpending
		stack`)
}

// MountOptions lists the values of options= in mount, remount and umount
// rules. Those that change propagation go with no source.
func MountOptions() Vocabulary {
	return words(`B M R acl async atime bind dev diratime dirsync exec iversion loud make-private make-rprivate
		make-rshared make-rslave make-runbindable make-shared make-slave make-unbindable mand move noacl noatime nodev
		nodiratime noexec noiversion nomand norelatime nosuid nouser private r rbind read-only relatime remount ro
		rprivate rshared rslave runbindable rw shared silent slave strictatime suid sync unbindable user verbose w`,
		MountOption, "lazytime nolazytime nostrictatime nosymfollow symfollow")
}

// ProfileFlags lists the flags of a profile. Those that end in "=" take a
// value.
func ProfileFlags() Vocabulary {
	return words(`attach_disconnected audit chroot_attach chroot_no_attach chroot_relative complain delegate_deleted
		enforce kill mediate_deleted namespace_relative no_attach_disconnected unconfined`,
		DisconnectedPath, "attach_disconnected.path=",
		DisconnectedIPC, "attach_disconnected.ipc attach_disconnected.ipc=",
		DefaultAllow, "default_allow", KillSignal, "kill.signal=", ErrorCode, "error=",
		Interruptible, "interruptible", Prompt, "prompt")
}
