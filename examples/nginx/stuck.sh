#!/bin/sh
# A worker that is stuck does not outlive its master, which takes the
# capability kill: one is root, the other www-data.
. ../common.sh

readable /var/log/nginx
/usr/sbin/nginx
master=$(cat /run/nginx.pid)
eventually pgrep -P "$master"
worker=$(pgrep -P "$master" | head -n 1)
kill -STOP "$worker"
kill -TERM "$master"
eventually ended "$master"
ended "$worker" || fail "the worker is left"
