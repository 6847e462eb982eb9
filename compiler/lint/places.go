package lint

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"apc/lang/glob"
	"apc/lang/rule"
)

// place is a set of files that are worth an attack.
type place struct {
	what     string      // what they are, as in "/etc/shadow, PASSWORDS"
	access   rule.Access // what gives power: any one of these
	personal bool        // they belong to users, so "owner" does not protect them
	others   bool        // they belong to others, so "owner" always does
	paths    []string    // globs
	examples []string    // paths that read well
}

// secrets are files of which reading gives power over the machine or over its
// users, and writing no less.
var secrets = []place{
	{what: "the hashes of passwords", access: readWrite, paths: []string{"/etc/{,g}shadow{,-}", "/var/backups/{,g}shadow*"}, examples: []string{"/etc/shadow"}},
	{what: "the list of who may become root", access: readWrite, paths: []string{"/etc/sudoers", "/etc/sudoers.d/*", "/etc/doas.conf"}, examples: []string{"/etc/sudoers", "/etc/sudoers.d/admins"}},
	{what: "the private keys of the machine", access: readWrite,
		paths:    []string{"/etc/ssl/private/**", "/etc/pki/tls/private/**", "/etc/letsencrypt/{archive,live}/*/privkey*.pem", "/etc/letsencrypt/keys/**"},
		examples: []string{"/etc/ssl/private/server.key", "/etc/ssl/private/server.pem", "/etc/letsencrypt/archive/example.org/privkey1.pem"}},
	{what: "the machine's ssh keys", access: readWrite, paths: []string{"/etc/ssh/ssh_host_*_key"}, examples: []string{"/etc/ssh/ssh_host_ed25519_key"}},
	{what: "keys of networks", access: readWrite,
		paths:    []string{"/etc/wireguard/**", "/etc/NetworkManager/system-connections/**", "/etc/ppp/*-secrets", "/etc/ipsec.secrets"},
		examples: []string{"/etc/wireguard/wg0.conf", "/etc/ppp/chap-secrets"}},
	{what: "the cluster's keys", access: readWrite,
		paths: []string{"/etc/kubernetes/{admin,super-admin,kubelet,controller-manager,scheduler}.conf", "/etc/kubernetes/pki/**.key",
			"/etc/rancher/{k3s/k3s,rke2/rke2}.yaml", "/var/lib/kubelet/pki/**", "/var/lib/kubelet/pods/*/volumes/kubernetes.io~{secret,projected}/**"},
		examples: []string{"/etc/kubernetes/admin.conf", "/etc/rancher/k3s/k3s.yaml", "/var/lib/kubelet/pki/kubelet.key"}},
	{what: "the token of a Kubernetes service account", access: readWrite, personal: true,
		paths:    []string{"/{,var/}run/secrets/{,kubernetes.io/,eks.amazonaws.com/}serviceaccount/**"},
		examples: []string{"/run/secrets/kubernetes.io/serviceaccount/token", "/var/run/secrets/kubernetes.io/serviceaccount/token"}},
	{what: "the keys of users", access: readWrite, personal: true,
		paths:    []string{"/{root,home/*}/.ssh/{id_*,identity,*.pem}", "/{root,home/*}/.gnupg/{private-keys-v1.d/**,secring.gpg}", "/{root,home/*}/.password-store/**"},
		examples: []string{"/home/user/.ssh/id_ed25519", "/root/.ssh/id_ed25519", "/home/user/.gnupg/secring.gpg"}},
	{what: "credentials of a cloud", access: readWrite, personal: true,
		paths: []string{"/{root,home/*}/.aws/{credentials,{sso,cli}/cache/*}", "/{root,home/*}/.azure/**", "/{root,home/*}/.config/gcloud/**", "/{root,home/*}/.config/{hcloud,doctl}/**",
			"/{root,home/*}/.oci/**", "/{root,home/*}/.terraform.d/credentials*"},
		examples: []string{"/home/user/.aws/credentials", "/root/.aws/credentials", "/home/user/.config/gcloud/credentials.db", "/home/user/.azure/accessTokens.json"}},
	{what: "credentials of users", access: readWrite, personal: true,
		paths: []string{"/{root,home/*}/.kube/config", "/{root,home/*}/.docker/config.json", "/{root,home/*}/.{netrc,pgpass,my.cnf,git-credentials,npmrc,pypirc,vault-token}",
			"/{root,home/*}/.local/share/keyrings/**"},
		examples: []string{"/home/user/.kube/config", "/root/.kube/config", "/home/user/.netrc", "/home/user/.local/share/keyrings/login.keyring"}},
	{what: "the home of another user", access: readWrite, others: true, paths: []string{"/home/user/letter", "/home/user/work/letter"}, examples: []string{"/home/user/letter", "/home/user/work/letter"}},
	{what: "root's own files", access: readWrite, paths: []string{"/root/letter", "/root/work/letter"}, examples: []string{"/root/letter", "/root/work/letter"}},
}

// powers are files that hand the machine, or other processes, to whoever opens
// them.
var powers = []place{
	{what: "the socket of a container runtime, which starts containers as root", access: rule.Write,
		paths: []string{"/{,var/}run/{docker,containerd/containerd,k3s/containerd/containerd,crio/crio,podman/podman,buildkit/buildkitd,cri-dockerd,dockershim}.sock",
			"/{,var/}run/user/*/{docker,podman/podman}.sock"},
		examples: []string{"/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/podman/podman.sock"}},
	{what: "the memory of other processes", access: readWrite, paths: []string{"/proc/[0-9]*/{,task/[0-9]*/}mem"}, examples: []string{"/proc/1/mem"}},
	{what: "the memory of the machine", access: readWrite, paths: []string{"/proc/kcore", "/dev/{mem,kmem,port,fmem,crash}"}, examples: []string{"/proc/kcore", "/dev/mem"}},
	{what: "a whole disk", access: readWrite,
		paths:    []string{"/dev/{s,v,xv,h}d[a-z]*", "/dev/{nvme[0-9]*n[0-9]*,mmcblk[0-9]*,dm-[0-9]*,md[0-9]*,loop[0-9]*,nbd[0-9]*,sg[0-9]*}", "/dev/mapper/[^c]*"},
		examples: []string{"/dev/sda", "/dev/sda1", "/dev/nvme0n1", "/dev/vda", "/dev/dm-0", "/dev/mapper/root"}},
	{what: "a switch that stops or resets the machine", access: rule.Write, paths: []string{"/proc/sysrq-trigger", "/sys/power/{state,disk,resume}", "/sys/firmware/efi/efivars/*"},
		examples: []string{"/proc/sysrq-trigger", "/sys/power/state"}},
}

// tunables are settings of the kernel, some of which are harmless; so to name
// one is no fault.
var tunables = []place{
	{what: "settings of the kernel", access: rule.Write,
		paths:    []string{"/proc/sys/{kernel,vm,fs,debug,dev}/**", "/sys/kernel/{[^s]**,security/apparmor/.{load,replace,remove}}", "/sys/module/*/parameters/*"},
		examples: []string{"/proc/sys/kernel/core_pattern", "/sys/kernel/security/apparmor/.replace", "/sys/kernel/mm/ksm/run"}},
}

// changing is what puts something into a file, or a file into a directory.
const changing = rule.Write | rule.Append | rule.LinkTo

// loaded are files that others execute, load or obey: whoever writes one acts
// with their rights.
var loaded = []place{
	{what: "cron runs it", access: changing,
		paths:    []string{"/etc/{,ana}crontab", "/etc/cron.{d,hourly,daily,weekly,monthly,yearly}/*", "/var/spool/cron/**", "/var/spool/{anacron,at,atjobs}/*"},
		examples: []string{"/etc/cron.d/job", "/etc/cron.daily/job", "/etc/crontab", "/var/spool/cron/crontabs/root"}},
	{what: "systemd starts what it says", access: changing,
		paths: []string{"/{etc,run,{,usr/,usr/local/}lib}/systemd/{system,user}{,-generators,-environment-generators,-preset,-sleep,-shutdown}/**",
			"/etc/systemd/*.conf", "/etc/systemd/*.conf.d/*", "/run/systemd/{transient,generator,generator.early,generator.late}/**", "/{etc,run,{,usr/}lib}/tmpfiles.d/*"},
		examples: []string{"/etc/systemd/system/unit.service", "/run/systemd/system/unit.service", "/usr/lib/systemd/system/unit.service"}},
	{what: "the boot runs it", access: changing, paths: []string{"/etc/init.d/*", "/etc/rc*.d/*", "/etc/rc.local", "/etc/{inittab,inetd.conf,xinetd.conf}", "/etc/{init,xinetd.d}/*", "/boot/**"},
		examples: []string{"/etc/init.d/service", "/etc/rc.local", "/boot/grub/grub.cfg"}},
	{what: "every program that starts loads what it says", access: changing, paths: []string{"/etc/ld.so.{preload,conf,cache}", "/etc/ld.so.conf.d/*"},
		examples: []string{"/etc/ld.so.preload", "/etc/ld.so.conf.d/local.conf"}},
	{what: "every login runs it", access: changing,
		paths:    []string{"/etc/{profile,environment,bash.bashrc,bashrc,csh.cshrc,csh.login,zshrc,zshenv}", "/etc/profile.d/*", "/etc/zsh/*", "/etc/{X11/Xsession.d,xdg/autostart,update-motd.d}/*"},
		examples: []string{"/etc/profile.d/script.sh", "/etc/profile", "/etc/bash.bashrc", "/etc/environment"}},
	{what: "the user's next login or shell runs it", access: changing, personal: true,
		paths: []string{"/{root,home/*}/.{bashrc,bash_profile,bash_login,bash_logout,bash_aliases,profile,zshrc,zshenv,zprofile,zlogin,cshrc,login,xsession,xsessionrc,xinitrc,xprofile,pam_environment}",
			"/{root,home/*}/.ssh/{authorized_keys*,rc,config,environment}", "/{root,home/*}/.config/{autostart,systemd/user,environment.d}/**", "/{root,home/*}/.local/bin/*"},
		examples: []string{"/home/user/.bashrc", "/root/.bashrc", "/home/user/.ssh/authorized_keys", "/root/.ssh/authorized_keys", "/home/user/.profile", "/home/user/.config/autostart/x.desktop"}},
	{what: "it says what profiles allow", access: changing, paths: []string{"/etc/apparmor{,.d}/**", "/var/cache/apparmor/**", "/sys/kernel/security/apparmor/.{load,replace,remove}"},
		examples: []string{"/etc/apparmor.d/profile"}},
	{what: "it says who may become root", access: changing, paths: []string{"/etc/sudoers", "/etc/sudoers.d/*", "/etc/doas.conf", "/{etc,usr/share}/polkit-1/**"},
		examples: []string{"/etc/sudoers", "/etc/sudoers.d/admins"}},
	{what: "it says who is who", access: changing, paths: []string{"/etc/{passwd,group,shadow,gshadow,subuid,subgid}"}, examples: []string{"/etc/passwd", "/etc/shadow"}},
	{what: "every login obeys it", access: changing, paths: []string{"/etc/pam.{conf,d/*}", "/etc/security/{*.conf,*.d/*,namespace.init}", "/etc/ssh/{sshd,ssh}_config", "/etc/ssh/{sshd,ssh}_config.d/*", "/etc/nsswitch.conf"},
		examples: []string{"/etc/pam.d/common-auth", "/etc/ssh/sshd_config"}},
	{what: "udev runs what it says", access: changing, paths: []string{"/{etc,run,{,usr/}lib}/udev/rules.d/*"}, examples: []string{"/etc/udev/rules.d/local.rules", "/run/udev/rules.d/local.rules"}},
	{what: "the kernel loads it, or runs what it says", access: changing,
		paths: []string{"/{etc,run,{,usr/}lib}/{modprobe,modules-load}.d/*", "/etc/modules", "/{,usr/}lib/{modules,firmware}/**",
			"/proc/sys/kernel/{core_pattern,modprobe,hotplug,poweroff_cmd,usermodehelper/*}", "/proc/sys/fs/binfmt_misc/*", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/{,**/}release_agent"},
		examples: []string{"/etc/modprobe.d/local.conf", "/proc/sys/kernel/core_pattern", "/usr/lib/modules/x.ko"}},
	{what: "others execute it", access: changing, paths: []string{"/{,usr/,usr/local/}{bin,sbin}/**", "/usr/{,local/}{libexec,games}/**", "/etc/alternatives/*"},
		examples: []string{"/usr/bin/program", "/usr/sbin/program", "/usr/local/bin/program", "/bin/program"}},
	{what: "others load it", access: changing, paths: []string{"/{,usr/,usr/local/}lib{,32,64,x32}/**"},
		examples: []string{"/usr/lib/python3/dist-packages/module.py", "/usr/lib/x86_64-linux-gnu/library.so", "/usr/local/lib/python3.11/dist-packages/module.py", "/usr/local/lib/library.so", "/lib/library.so"}},
	{what: "a service of the system runs it as root", access: changing,
		paths: []string{"/etc/logrotate.{conf,d/*}", "/etc/apt/{apt.conf,apt.conf.d/*,sources.list,sources.list.d/*}", "/etc/dpkg/**", "/var/lib/dpkg/**", "/etc/network/if-*.d/*", "/etc/network/interfaces{,.d/*}",
			"/etc/dhcp/**", "/etc/NetworkManager/dispatcher.d/**", "/etc/networkd-dispatcher/**", "/etc/ppp/ip-{up,down}{,.d/*}", "/{etc,usr/share}/dbus-1/**",
			"/etc/kubernetes/manifests/*", "/etc/cni/net.d/*", "/etc/{docker,containerd}/*", "/etc/{needrestart,kernel,initramfs-tools}/**"},
		examples: []string{"/etc/logrotate.d/service", "/etc/apt/apt.conf.d/local", "/var/lib/dpkg/info/package.postinst", "/etc/kubernetes/manifests/pod.yaml", "/etc/docker/daemon.json"}},
}

// spot is a place that is ready to be asked.
type spot struct {
	place
	globs []spotGlob
	all   glob.Glob // all of them in one, and a few directories
}

type spotGlob struct {
	glob   glob.Glob
	prefix string
	free   bool // what files are called is not said in full
	below  glob.Glob
}

// spots are places that are asked for together.
type spots struct{ list []*spot }

// newSpots makes places ready, once; the paths of directories go. A test holds
// that their globs are such.
func newSpots(lists ...[]place) func() *spots {
	return sync.OnceValue(func() *spots {
		out := &spots{}
		for _, list := range lists {
			for _, p := range list {
				out.list = append(out.list, newSpot(p))
			}
		}
		return out
	})
}

func newSpot(p place) *spot {
	s := &spot{place: p}
	s.all, _ = glob.Parse("{" + strings.Join(p.paths, ",") + ",/}")
	for _, path := range p.paths {
		for _, v := range variants(path, nil) {
			s.globs = append(s.globs, newSpotGlob(v))
		}
	}
	return s
}

func newSpotGlob(path string) spotGlob {
	cut := strings.LastIndexByte(path, '/') + 1
	out := spotGlob{prefix: plain(path), free: strings.Contains(path[cut:], "*")}
	out.below, _ = glob.Parse(path[:cut] + "**")
	if strings.HasSuffix(path, "**") {
		path += "[^/]"
	}
	out.glob, _ = glob.Parse(path)
	return out
}

// anyName matches what does not say how a file is called.
var anyName = regexp.MustCompile(`[*?.]|\[[^]]*[-^][^]]*\]`)

// chance says whether a pattern that names files, as in /**.png or /**/x, can
// reach a place only because many names will do there: whether it names no
// directory of the place.
func (s spotGlob) chance(pattern string) bool {
	if !s.free || anyName.ReplaceAllString(pattern[strings.LastIndexByte(pattern, '/')+1:], "") == "" {
		return false
	}
	for _, v := range variants(pattern, nil) {
		g, err := glob.Parse(v)
		if err != nil {
			return false
		}
		if within, _, err := glob.Includes(s.below, g); err != nil || within && strings.HasPrefix(v, "/") {
			return false
		}
	}
	return true
}

// hit is a place that a glob reaches, with one of its paths, and with all of
// the place's globs that it meets.
type hit struct {
	*spot
	path  string
	globs []glob.Glob
}

// hits returns the places that a glob reaches. They are remembered for the run,
// since most rules come from includes that many profiles share.
func (r *Run) hits(s *spots, g glob.Glob) []hit {
	type key struct {
		spots *spots
		text  string
	}
	known, ok := r.reached.Load(key{s, g.String()})
	if !ok {
		known, _ = r.reached.LoadOrStore(key{s, g.String()}, s.reachedBy(g))
	}
	return known.([]hit)
}

func (s *spots) reachedBy(g glob.Glob) []hit {
	var out []hit
	for _, one := range s.list {
		if h := one.reachedBy(g); h.globs != nil {
			out = append(out, h)
		}
	}
	return out
}

func (s *spot) reachedBy(g glob.Glob) hit {
	h := hit{spot: s}
	prefix := plain(g.String())
	near := func(p spotGlob) bool {
		return strings.HasPrefix(p.prefix, prefix) || strings.HasPrefix(prefix, p.prefix)
	}
	if !slices.ContainsFunc(s.globs, near) {
		return h
	}
	if _, ok := meet(s.all, g); !ok {
		return h
	}
	for _, p := range s.globs {
		if !near(p) {
			continue
		}
		if path, ok := meet(p.glob, g); ok && !p.chance(g.String()) {
			h.globs = append(h.globs, p.glob)
			h.path = path
		}
	}
	if i := slices.IndexFunc(s.examples, g.Match); i >= 0 {
		h.path = s.examples[i]
	}
	return h
}

// plain returns the text of a glob before the first character that means
// something in it.
func plain(text string) string {
	if i := strings.IndexAny(text, `*?[]{}^,\@`); i >= 0 {
		text = text[:i]
	}
	return text
}
