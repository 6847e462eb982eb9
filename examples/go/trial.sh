#!/bin/sh
# The service as its unit starts it: a user of its own with one ambient
# capability, and no new privileges. Run by `apc trial`, after `go build`.
. ../common.sh

[ -x files ] || fail "there is no program yet: CGO_ENABLED=0 go build -o files ."

start() {
	setpriv --reuid 61234 --regid 61234 --clear-groups --no-new-privs \
		--inh-caps +net_bind_service --ambient-caps +net_bind_service /usr/local/bin/files 2>/run/files.log &
	server=$!
	ready "$server" curl -sSf https://localhost/
	confined "$server" files
}

step "install and start"
install -D files /usr/local/bin/files
install -d /srv/files/a /etc/files/tls
echo hello >/srv/files/a/b.txt
head -c 2000000 /dev/urandom >/srv/files/large.bin
certificate /etc/files/tls/privkey.pem /etc/files/tls/fullchain.pem
chown -R 61234 /etc/files/tls
export CURL_CA_BUNDLE=/etc/files/tls/fullchain.pem
start

step "files, whole and in part, a listing, what is not there"
answers 200 'https://localhost/a/b.txt?[1-100]'
curl -sS https://localhost/large.bin | cmp - /srv/files/large.bin
answers 206 https://localhost/large.bin -r 1000-1999
answers 200 https://localhost/a/
answers 301 https://localhost/a
answers 404 https://localhost/nothing

step "reload: another certificate"
cp $CURL_CA_BUNDLE /run/old.pem
certificate /etc/files/tls/privkey.pem /etc/files/tls/fullchain.pem
kill -HUP "$server"
eventually curl -sSf https://localhost/a/b.txt
! curl -s --cacert /run/old.pem https://localhost/a/b.txt || fail "it still shows the old certificate"

step "stop"
kill "$server"
eventually ended "$server"
chown root: /etc/files/tls/*

prey /srv/files/upload
