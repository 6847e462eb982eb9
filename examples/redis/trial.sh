#!/bin/sh
# Debian's Redis, started as its unit starts it and used as a database is used.
# Run by `apc trial`.
. ../common.sh

# start starts the server and waits until it has told systemd that it is ready.
start() {
	: >"$told"
	NOTIFY_SOCKET=$notify setpriv --reuid redis --regid redis --init-groups --no-new-privs \
		/usr/bin/redis-server /etc/redis/redis.conf --supervised systemd --daemonize no &
	server=$!
	ready "$server" grep -q READY=1 "$told"
	confined "$server" redis
}

# says WANT COMMAND... fails unless redis answers a command so.
says() {
	want=$1
	shift
	same "$want" "$(redis-cli "$@")" "redis-cli $*"
}

# saved fails while a snapshot or a rewriting of the append-only file goes on.
saved() { ! redis-cli info persistence | grep -E '(rdb_bgsave|aof_rewrite)_(in_progress|scheduled):1'; }

readable /etc/redis /var/lib/redis /var/log/redis
chown redis:redis /var/lib/redis /var/log/redis
[ -e /etc/redis/redis.conf ] || cat >/etc/redis/redis.conf <<'CONF'
bind 127.0.0.1 -::1
pidfile /run/redis/redis-server.pid
logfile /var/log/redis/redis-server.log
dir /var/lib/redis
CONF
install -d -o redis -g redis /run/redis
systemd

step "start by Type=notify"
start

step "clients over IPv4 and IPv6"
says PONG ping
says PONG -h ::1 ping
says OK set name value
says value get name
same 1000 "$(seq 1000 | sed 's/.*/lpush list &/' | redis-cli | tail -n 1)" "the length of the list"
redis-cli info everything >/dev/null

step "snapshots, then append-only files and their rewriting"
says OK save
says "Background saving started" bgsave
eventually saved
says OK config set appendonly yes
eventually saved
says "Background append only file rewriting started" bgrewriteaof
eventually saved
ls /var/lib/redis/dump.rdb /var/lib/redis/appendonlydir/appendonly.aof.manifest >/dev/null

step "log rotated"
mv /var/log/redis/redis-server.log /var/log/redis/redis-server.log.1
redis-cli bgsave >/dev/null
eventually test -s /var/log/redis/redis-server.log
eventually saved

step "stop by SIGTERM, and restart with the data"
redis-cli config set appendonly no >/dev/null
kill "$server"
wait "$server"
start
says value get name
says 1000 llen list
redis-cli shutdown
wait "$server"

prey /var/lib/redis/upload
cp "$(library)" /var/lib/redis/module.so
chown root: /etc/redis /etc/redis/redis.conf /var/lib/redis
