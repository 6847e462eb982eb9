package compiled

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kernel61 are the features of a Linux 6.1 as Debian 12 builds it, less what
// has no bearing on a policy's form.
const kernel61 = `caps {mask {chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
}
}
domain {attach_conditions {xattr {yes
}
}
change_hat {yes
}
change_hatv {yes
}
change_onexec {yes
}
change_profile {yes
}
computed_longest_left {yes
}
fix_binfmt_elf_mmap {yes
}
post_nnp_subset {yes
}
stack {yes
}
version {1.2
}
}
file {mask {create read write exec append mmap_exec link lock
}
}
mount {mask {mount umount pivot_root
}
}
namespaces {pivot_root {no
}
profile {yes
}
}
network_v8 {af_mask {unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose netbeui security key netlink packet ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp
}
}
policy {outofband {0x000001
}
set_load {yes
}
versions {v5 {yes
}
v6 {yes
}
v7 {yes
}
v8 {yes
}
v9 {yes
}
}
}
ptrace {mask {read trace
}
}
rlimit {mask {cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime
}
}
signal {mask {hup int quit ill trap abrt bus fpe kill usr1 segv usr2 pipe alrm term stkflt chld cont stop stp ttin ttou urg xcpu xfsz vtalrm prof winch io pwr sys emt lost
}
}
`

// outOfTree are what Ubuntu's kernels add: D-Bus and fine unix sockets. They must
// come first: the parser finds the network of network_v8 otherwise.
const outOfTree = `dbus {mask {acquire send receive
}
}
network {af_unix {yes
}
af_mask {unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose netbeui security key netlink packet
}
}
`

// A tool is a parser and the features that it compiles for.
type tool struct {
	path     string
	features string
	base     string
}

// parser308 is the machine's own parser; the test is skipped where there is none.
func parser308(t testing.TB, features string) tool {
	t.Helper()
	parser, ok := installedParser(features)
	if !ok {
		t.Skip("SKIPPED: apparmor_parser is not installed")
	}
	return parser
}

func installedParser(features string) (tool, bool) {
	path, err := exec.LookPath("apparmor_parser")
	return tool{path: path, features: features, base: "/etc/apparmor.d"}, err == nil
}

// newerParsers are the parsers named by APC_PARSERS, parted by colons; the test
// is skipped where there are none.
func newerParsers(t testing.TB, features string) []tool {
	t.Helper()
	var tools []tool
	for _, path := range filepath.SplitList(os.Getenv("APC_PARSERS")) {
		if path != "" {
			tools = append(tools, tool{path: path, features: features})
		}
	}
	if len(tools) == 0 {
		t.Skip("SKIPPED: APC_PARSERS names no newer parsers")
	}
	return tools
}

// withTable adds to the features that the kernel takes permission tables.
func withTable(features string, version int) string {
	const table = `policy {permstable32 {allow deny subtree cond kill complain prompt audit quiet hide xindex tag label
}
permstable32_version {0x00000%d
}
`
	return strings.Replace(features, "policy {", fmt.Sprintf(table, version), 1)
}

// eachForm runs a test for each form of compiled policy: what the machine's
// parser writes, and what newer ones write for older and newer kernels.
func eachForm(t *testing.T, features string, test func(*testing.T, tool)) {
	t.Run("installed", func(t *testing.T) { test(t, parser308(t, features)) })
	t.Run("newer", func(t *testing.T) {
		for _, parser := range newerParsers(t, features) {
			name := filepath.Base(parser.path)
			t.Run(name, func(t *testing.T) { test(t, parser) })
			for version := 2; version <= 3; version++ {
				parser.features = withTable(features, version)
				t.Run(fmt.Sprintf("%s, table %d", name, version), func(t *testing.T) { test(t, parser) })
			}
		}
	})
}

// run compiles a profile text, or the file that args name, into binary policy.
func (p tool) run(t testing.TB, text string, args ...string) ([]byte, error) {
	t.Helper()
	features := filepath.Join(t.TempDir(), "features")
	if err := os.WriteFile(features, []byte(p.features), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	flags := []string{"-QKS", "-j1", "--config-file", "/dev/null", "-M", features}
	if p.base != "" {
		flags = append(flags, "-b", p.base)
	}
	cmd := exec.CommandContext(ctx, p.path, append(flags, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a child outlives the parser
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Stdin = strings.NewReader(text)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, &parserError{err, errs.String()}
	}
	return out.Bytes(), nil
}

type parserError struct {
	err  error
	said string
}

func (e *parserError) Error() string { return e.err.Error() + ": " + e.said }

// policy compiles and reads a whole text.
func (p tool) policy(t testing.TB, text string) *Policy {
	t.Helper()
	b, err := p.run(t, text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	policy, err := Read(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return policy
}

// profile compiles and reads one profile with the rules given.
func (p tool) profile(t testing.TB, rules string) *Profile {
	t.Helper()
	return p.policy(t, "profile test {\n"+rules+"\n}\n").Profiles[0]
}
