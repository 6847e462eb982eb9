#!/bin/sh
# The service as its unit starts it: a user made for it, no new privileges, and
# the profile entered by name. Run by `apc trial`.
. ../common.sh

start() {
	: >"$told"
	env NOTIFY_SOCKET=$notify STATE_DIRECTORY=/var/lib/private/notes PYTHONDONTWRITEBYTECODE=1 \
		setpriv --reuid 61234 --regid 61234 --clear-groups --no-new-privs \
		aa-exec -p notes -- /usr/bin/python3 /opt/notes/notes.py 2>/run/notes.log &
	server=$!
	ready "$server" grep -q READY=1 "$told"
	confined "$server" notes
}

step "install and start"
install -D notes.py /opt/notes/notes.py
readable /var/lib/private
install -d -m 711 /var/lib/private
install -d -o 61234 -g 61234 /var/lib/private/notes
systemd
start

step "store notes, list them"
answers 201 'http://127.0.0.1:8000/?[1-20]' -d "a note"
same 20 "$(curl -sS http://127.0.0.1:8000/ | grep -c 'a note')" "the number of notes"
answers 501 http://127.0.0.1:8000/ -X DELETE

step "restart with the data"
kill "$server"
eventually ended "$server"
start
same 20 "$(curl -sS http://127.0.0.1:8000/ | grep -c 'a note')" "the number of notes"
kill "$server"
eventually ended "$server"
! grep -i -A 9 error /run/notes.log >&2 || fail "the service complains"

prey /var/lib/private/notes/upload
