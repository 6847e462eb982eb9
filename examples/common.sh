# What the trials share. Each NAME/trial.sh reads this file first; its working
# directory is its own folder. A trial runs as root in a kernel that is thrown
# away, so it may write wherever it likes.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# step TEXT says what comes next.
step() { echo "== $*"; }

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# same WANT GOT WHAT fails where the two differ.
same() { [ "$1" = "$2" ] || fail "$3: wanted '$1', got '$2'"; }

# eventually COMMAND... waits up to half a minute for a command to succeed.
eventually() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || fail "waited in vain for: $*"
		sleep 0.05
	done
}

# ready PID COMMAND... waits likewise, but no longer than the process lives.
ready() {
	pid=$1
	shift
	eventually lives_and "$@"
	"$@" >/dev/null 2>&1 || fail "the service has ended"
}
lives_and() { ended "$pid" || "$@"; }

gone() { ! [ -e "$1" ]; }
ended() { ! [ -e "/proc/$1/exe" ]; }

# confined PID PROFILE fails unless the process runs under the profile, in
# enforce mode.
confined() { same "$2 (enforce)" "$(cat "/proc/$1/attr/current")" "the profile of process $1"; }

# answers STATUS URL [OPTION...] fails unless each request is answered with the
# status. The URL may hold curl's [1-100], the options are curl's.
answers() {
	want=$1 url=$2
	shift 2
	same "$want" "$(curl -sS -o /dev/null -w '%{http_code}\n' "$@" "$url" | sort -u)" "$url"
}

# certificate KEY CERTIFICATE makes both, for localhost.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -days 2 -keyout "$1" -out "$2" 2>/dev/null
}

# readable hides folders behind empty ones where whoever started the trial, who
# need not be root, may not read all that is in them.
readable() {
	for dir; do
		[ ! -d "$dir" ] || find "$dir" -maxdepth 2 -type f -exec head -qc 0 {} + 2>/dev/null || mount -t tmpfs -o mode=755 none "$dir"
	done
}

# library names some shared library.
library() { ls /lib/*/libm.so.6 /lib*/libm.so.6 2>/dev/null | head -n 1; }

# systemd stands in for systemd's end of sd_notify: what services tell the
# socket $notify is written to the file $told.
notify=/run/systemd/notify told=/run/told
systemd() {
	mkdir -p /run/systemd
	python3 - "$notify" "$told" <<'PY' &
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
while True:
    with open(sys.argv[2], "ab") as f:
        f.write(s.recv(4096) + b"\n")
PY
	eventually test -S "$notify"
}

# prey makes what the attacks are after: another service's data and key, which
# all may read, and a program where the service keeps its data. The attacks run
# as root; what they are after is root's, so that nothing but the profile stands
# in their way.
prey() {
	readable /root /etc/ssl/private
	cat /etc/shadow >/dev/null 2>&1 || rm -f /etc/shadow
	[ -e /etc/shadow ] || echo 'root:*:19000::::::' >/etc/shadow
	mkdir -p /etc/cron.d /var/lib/other /etc/ssl/private /root/.ssh
	echo secret | tee /var/lib/other/data >/etc/ssl/private/key.pem
	chown root: /etc/ssl/private
	install -m 755 /usr/bin/true "$1"
}
