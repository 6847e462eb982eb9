//go:build linux && amd64

package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mount is one line of the guest's fstab.
type mount struct {
	kind, at string
	flags    uintptr
	data     string
}

const noExec = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// firstMounts are made on the host's root.
var firstMounts = []mount{
	{"proc", "/proc", noExec, ""},
	{"tmpfs", "/run", 0, "size=75%"},
}

// rootMounts are made on the root that the command sees.
var rootMounts = []mount{
	{"proc", "/proc", noExec, ""},
	{"sysfs", "/sys", noExec, ""},
	{"securityfs", "/sys/kernel/security", noExec, ""},
	{"tmpfs", "/run", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
	{"tmpfs", "/dev", unix.MS_NOSUID, "mode=755"},
	{"devpts", "/dev/pts", unix.MS_NOSUID | unix.MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"},
	{"tmpfs", "/dev/shm", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	{"mqueue", "/dev/mqueue", noExec, ""},
}

// modules are what the kernel lacks: overlayfs, and IPv6 with what it needs.
var modules = []string{"fs/overlayfs/overlay.ko", "lib/crc-ccitt.ko", "net/ipv6/ipv6.ko"}

// Where the overlay's parts are, on the first /run.
const (
	upperDir = "/run/upper"
	workDir  = "/run/work"
	newRoot  = "/run/root"
)

// buildRoot makes the host's root, below a tmpfs, the root of this process. The
// path names that the kernel then sees are those of the host. The layer that
// holds what was changed is returned as an open folder, for it has no name any
// more.
func buildRoot(release string) (upper *os.File, err error) {
	if err := mountAll("", firstMounts); err != nil {
		return nil, err
	}
	if err := loadModules(filepath.Join("/usr/lib/uml/modules", release, "kernel")); err != nil {
		return nil, err
	}
	for _, dir := range []string{upperDir, workDir, newRoot} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if upper, err = os.Open(upperDir); err != nil {
		return nil, err
	}
	layers := "lowerdir=/,upperdir=" + upperDir + ",workdir=" + workDir
	if err := mountAll("", []mount{{"overlay", newRoot, 0, layers}}); err != nil {
		return nil, err
	}
	if err := mountAll(newRoot, rootMounts); err != nil {
		return nil, err
	}
	if err := fillDev(newRoot + "/dev"); err != nil {
		return nil, err
	}
	return upper, enterRoot(newRoot)
}

func mountAll(root string, mounts []mount) error {
	for _, m := range mounts {
		at := root + m.at
		if err := os.MkdirAll(at, 0o755); err != nil && !errors.Is(err, unix.EROFS) {
			return err
		}
		if err := unix.Mount(m.kind, at, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mounting %s at %s: %w", m.kind, at, err)
		}
	}
	return nil
}

// enterRoot makes a folder the root and leaves the old one (pivot_root(2)).
func enterRoot(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the host's root: %w", err)
	}
	return os.Chdir("/")
}

// loadModules loads the modules that are there; others are built in.
func loadModules(dir string) error {
	for _, m := range modules {
		f, err := os.Open(filepath.Join(dir, m))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil && err != unix.EEXIST {
			return fmt.Errorf("loading %s: %w", m, err)
		}
	}
	return nil
}

// lockModules keeps the guest's root user from the kernel's own code, and so
// from what runs on the host.
func lockModules() error { return os.WriteFile("/proc/sys/kernel/modules_disabled", []byte("1"), 0) }

var devices = []struct {
	name         string
	mode         uint32
	major, minor uint32
}{
	{"null", 0o666, 1, 3}, {"zero", 0o666, 1, 5}, {"full", 0o666, 1, 7},
	{"random", 0o666, 1, 8}, {"urandom", 0o666, 1, 9}, {"kmsg", 0o644, 1, 11},
	{"tty", 0o666, 5, 0}, {"console", 0o600, 5, 1},
}

var deviceLinks = map[string]string{
	"ptmx": "pts/ptmx", "fd": "/proc/self/fd",
	"stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
}

func fillDev(dev string) error {
	defer unix.Umask(unix.Umask(0))
	for _, d := range devices {
		if err := unix.Mknod(filepath.Join(dev, d.name), unix.S_IFCHR|d.mode, int(unix.Mkdev(d.major, d.minor))); err != nil {
			return fmt.Errorf("/dev/%s: %w", d.name, err)
		}
	}
	for name, to := range deviceLinks {
		if err := os.Symlink(to, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}

// passwordFiles are what only root may read on every host, with contents that
// give nobody a password.
var passwordFiles = map[string]string{
	"/etc/shadow":  "root:*:1:0:99999:7:::\n",
	"/etc/gshadow": "root:*::\n",
}

// standIn puts a file with another content in the place of one that the host's
// user may not read. Else that would be denied even to the guest's root, by the
// host, before AppArmor is asked: nothing could be recorded.
func standIn(path, content string) error {
	if unix.Access(path, unix.R_OK) != unix.EACCES {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	if err := os.Chown(path, int(st.Uid), int(st.Gid)); err != nil {
		return err
	}
	return os.Chmod(path, fs.FileMode(st.Mode&0o777))
}

// hideFolders puts an empty tmpfs over each folder, with the owner and mode of
// what it hides.
func hideFolders(dirs []string) error {
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Stat(dir, &st); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		data := fmt.Sprintf("mode=%o,uid=%d,gid=%d", st.Mode&0o7777, st.Uid, st.Gid)
		if err := mountAll("", []mount{{"tmpfs", dir, unix.MS_NOSUID | unix.MS_NODEV, data}}); err != nil {
			return err
		}
	}
	return nil
}

// changesBelow says where what was changed below a folder is: in the overlay's
// upper layer, or in the folder itself where that is a file system of its own.
func changesBelow(upper *os.File, dir string) (string, error) {
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	layer := fmt.Sprintf("/proc/self/fd/%d", upper.Fd())
	var root, here unix.Statfs_t
	if err := unix.Statfs("/", &root); err != nil {
		return "", err
	}
	err := unix.Statfs(dir, &here)
	if err == nil && here.Type != root.Type {
		return dir, nil
	}
	return filepath.Join(layer, strings.TrimPrefix(dir, "/")), nil
}
