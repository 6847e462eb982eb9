#!/bin/sh
# The service as its unit starts it: in a control group, a user made for it, and
# the profile entered by name. Run by `apc trial`.
. ../common.sh

links=http://127.0.0.1:8001/

start() {
	(
		echo 0 >/sys/fs/cgroup/system.slice/links.service/cgroup.procs
		exec env STATE_DIRECTORY=/var/lib/private/links \
			setpriv --reuid 61234 --regid 61234 --clear-groups --no-new-privs \
			aa-exec -p links -- /usr/bin/node /opt/links/server.js
	) &
	server=$!
	ready "$server" curl -sf $links
	confined "$server" links
}

stop() {
	kill "$server"
	eventually ended "$server"
}

step "install and start"
install -D server.js /opt/links/server.js
readable /var/lib/private
install -d -m 711 /var/lib/private
install -d -o 61234 -g 61234 /var/lib/private/links
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/system.slice/links.service
start

step "a site with TLS to be checked"
certificate /run/key.pem /run/chain.pem
mkdir /run/site
echo hello >/run/site/index.html
(cd /run/site && exec openssl s_server -quiet -accept 443 -key /run/key.pem -cert /run/chain.pem -WWW) >/dev/null 2>&1 &
site=$!
(cd /run/site && exec python3 -m http.server 80) >/dev/null 2>&1 &
plain=$!
eventually curl -sk https://localhost/index.html
eventually curl -s http://localhost/index.html

step "check links: found, missing, nobody there, no such name, a certificate of nobody's"
post() { curl -sS -d "$1" $links; }
# gives RESULTS LINKS: a busy machine may need longer than the five seconds that the service allows.
gives() { [ "$(post "$2")" = "$1" ]; }
eventually gives '[{"address":"http://localhost/index.html","status":200},{"address":"http://localhost/nothing","status":404}]' \
	'["http://localhost/index.html", "http://localhost/nothing"]'
eventually gives '[{"address":"http://localhost:8/","error":"ECONNREFUSED"},{"address":"https://localhost/index.html","error":"DEPTH_ZERO_SELF_SIGNED_CERT"}]' \
	'["http://localhost:8/", "https://localhost/index.html"]'
last=$(post '["http://no-such-name.invalid/"]')
answers 400 $links -d 'no list'

step "restart with the last result"
stop
start
same "$last" "$(curl -sS $links)" "the last result"
stop
kill "$site" "$plain"

prey /var/lib/private/links/upload
