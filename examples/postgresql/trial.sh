#!/bin/sh
# Debian's PostgreSQL, its newest version with a cluster of the trial's own,
# used as a database is used. Run by `apc trial`.
. ../common.sh

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }

# sql runs statements from its input as the superuser, and prints the rows.
sql() { as_postgres psql -qAt -v ON_ERROR_STOP=1; }

# prints WANT fails unless the statements of its input print WANT.
prints() { same "$1" "$(sql)" "what the statements print"; }

cluster() { pg_ctlcluster "$version" trial "$@"; }
postmaster() { head -n 1 "/run/postgresql/$version-trial.pid"; }

version=$(ls /usr/lib/postgresql | sort -n | tail -n 1)
install -d -o postgres -g postgres /run/postgresql
readable /etc/ssl/private /root
if ! [ -e /etc/ssl/private/ssl-cert-snakeoil.key ]; then
	certificate /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem
	chown root:ssl-cert /etc/ssl/private/ssl-cert-snakeoil.key
	chmod 640 /etc/ssl/private/ssl-cert-snakeoil.key
fi
export PGHOST=/run/postgresql PGPORT=5432

step "a new cluster of version $version"
pg_createcluster -o "listen_addresses=*" --port $PGPORT "$version" trial -- --no-sync >/dev/null

step "start"
cluster start
confined "$(postmaster)" postgresql

step "tables, an index, dictionaries, a procedure"
prints "5000
'fox':3 'quick':2" <<'SQL'
create table words (id serial primary key, word text);
insert into words (word) select md5(g::text) from generate_series(1, 5000) g;
create index on words (word);
select count(*) from words;
select to_tsvector('english', 'the quick foxes');
do $$ begin perform 1; end $$;
SQL

step "a parallel query, a sort on disk, a new segment of the log, a tablespace"
install -d -o postgres /var/lib/postgresql/space
prints "160000
5000" <<'SQL'
set max_parallel_workers_per_gather = 2;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
select sum(length(word)) from words;
set work_mem = '64kB';
select count(*) from (select * from words order by word offset 0) w;
do $$ begin perform pg_switch_wal(); end $$;
vacuum full words;
create tablespace space location '/var/lib/postgresql/space';
create table elsewhere (i int) tablespace space;
SQL

step "clients over TCP, with TLS"
echo "alter user postgres password 'secret'" | sql
for host in 127.0.0.1 ::1; do
	same t "$(PGPASSWORD=secret psql "host=$host user=postgres sslmode=require" -Atc 'select ssl from pg_stat_ssl where pid = pg_backend_pid()')" "TLS with $host"
done

step "reload with another setting"
echo "alter system set log_min_messages = 'error'" | sql
cluster reload
reloaded() { [ "$(echo 'show log_min_messages' | sql)" = error ]; }
eventually reloaded

step "log rotated, as logrotate does it"
log=/var/log/postgresql/postgresql-$version-trial.log
cp "$log" "$log.1"
: >"$log"
echo "select nothing" | sql 2>/dev/null && fail "a wrong statement was taken"
grep -q nothing "$log" || fail "nothing is logged"

step "dump"
as_postgres pg_dump postgres | grep -c 'CREATE TABLE public.words' >/dev/null

step "restart with the data"
cluster restart
confined "$(postmaster)" postgresql
echo "select count(*) from words" | prints 5000

step "stop"
pid=$(postmaster)
cluster stop
ended "$pid" || fail "it is still there"

prey /var/lib/postgresql/upload
cp "$(library)" /var/lib/postgresql/module.so
ln -s "$version/trial" /etc/postgresql/trial
chown root: /etc/postgresql/trial/pg_hba.conf
