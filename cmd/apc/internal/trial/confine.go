//go:build linux && amd64

package trial

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// changingCalls are the system calls by which hostfs, the guest's window on the
// host's files (fs/hostfs/hostfs_user.c), could change a file, and their kin.
var changingCalls = []uint32{
	unix.SYS_CHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2,
	unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT,
	unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_UTIMENSAT, unix.SYS_FUTIMESAT,
	unix.SYS_RENAME, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2,
	unix.SYS_LINK, unix.SYS_LINKAT, unix.SYS_SYMLINK, unix.SYS_SYMLINKAT,
	unix.SYS_MKDIR, unix.SYS_MKDIRAT, unix.SYS_RMDIR, unix.SYS_UNLINKAT,
	unix.SYS_MKNOD, unix.SYS_MKNODAT, unix.SYS_TRUNCATE, unix.SYS_CREAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
	unix.SYS_OPENAT2, unix.SYS_MOUNT, unix.SYS_IO_URING_SETUP,
}

// Offsets in struct seccomp_data.
const (
	dataNumber = 0
	dataArch   = 4
	dataArg1   = 16 + 8
	dataArg2   = 16 + 16
)

const (
	retAllow  = unix.SECCOMP_RET_ALLOW
	retDone   = unix.SECCOMP_RET_ERRNO // with error 0: nothing happens, and well
	retROFS   = unix.SECCOMP_RET_ERRNO | uint32(unix.EROFS)
	retNoCall = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

// changeFilter denies changingCalls, and opening for writing unless a new file
// is asked for by O_EXCL. So the kernel can make the file that holds the guest's
// memory, and hostfs, which never uses O_EXCL, cannot write. The memory file's
// mode is asked for by fchmod, which must seem to work. Only where it cannot be
// made without a name may the kernel unlink, that name.
func changeFilter(unlink bool) []unix.SockFilter {
	p := []unix.SockFilter{
		load(dataArch),
		jump(unix.AUDIT_ARCH_X86_64, 1, 0),
		give(retNoCall),
		load(dataNumber),
	}
	for _, nr := range changingCalls {
		p = append(p, jump(nr, 0, 1), give(retROFS))
	}
	if !unlink {
		p = append(p, jump(unix.SYS_UNLINK, 0, 1), give(retROFS))
	}
	p = append(p, jump(unix.SYS_FCHMOD, 0, 1), give(retDone))
	p = append(p, openFilter(unix.SYS_OPEN, dataArg1)...)
	p = append(p, openFilter(unix.SYS_OPENAT, dataArg2)...)
	return append(p, give(retAllow))
}

// openFilter is the part for a call whose flags are at an offset.
func openFilter(nr, flags uint32) []unix.SockFilter {
	return []unix.SockFilter{
		jump(nr, 0, 5),
		load(flags),
		jumpSet(unix.O_EXCL, 2, 0),
		jumpSet(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC, 0, 1),
		give(retROFS),
		load(dataNumber),
	}
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(equal uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: yes, Jf: no, K: equal}
}

func jumpSet(bits uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jt: yes, Jf: no, K: bits}
}

func give(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}

// setFilter puts the calling thread, which must be locked, under a filter, and
// returns what seccomp(2) returns.
func setFilter(p []unix.SockFilter, flags uintptr) (int, error) {
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	r, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(p)
	if e != 0 {
		return -1, fmt.Errorf("seccomp: %w", e)
	}
	return int(r), nil
}

// denyChanges keeps the calling thread, which must be locked, and what it
// starts from changing files of the host.
func denyChanges(unlink bool) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	// Without this flag kernels before 5.16 would also turn off speculative
	// store bypass, which costs the guest a third of its speed.
	_, err := setFilter(changeFilter(unlink), unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
	return err
}

// readOnlyHost makes all that is mounted in this mount namespace read-only, but
// for a tmpfs that it mounts at memory. The folder parent stays as it was under
// a name that only this process can use.
func readOnlyHost(memory, parent string, megabytes int) (writable string, err error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", fmt.Errorf("private mounts: %w", err)
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, parent, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return "", fmt.Errorf("open_tree: %w", err)
	}
	// Twice the memory, for the kernel adds the gap that its own program leaves.
	size := fmt.Sprintf("mode=700,size=%dm", 2*megabytes+64)
	if err := unix.Mount("tmpfs", memory, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, size); err != nil {
		return "", fmt.Errorf("tmpfs: %w", err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &attr); err != nil {
		return "", fmt.Errorf("read-only mounts: %w", err)
	}
	attr = unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	return fmt.Sprintf("/proc/self/fd/%d", fd), unix.MountSetattr(unix.AT_FDCWD, memory, 0, &attr)
}

// dropCapabilities leaves to the next program that root starts only the right
// to read what others may not.
func dropCapabilities() {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if c != unix.CAP_DAC_READ_SEARCH && c != unix.CAP_DAC_OVERRIDE {
			unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0) // fails for who has none
		}
	}
}
