#!/bin/sh
# Debian's nginx, used as a web server is used. Run by `apc trial`.
. ../common.sh

pid() { cat "/run/nginx.pid$1"; }
workers() { pgrep -P "$(pid '')" | sort; }

# changed OLD: are the workers others than OLD?
changed() { [ -n "$(workers)" ] && [ "$(workers)" != "$1" ]; }

step "a site with TLS, an error page of its own, and uploads"
readable /var/log/nginx
mkdir /etc/nginx/tls /var/lib/nginx/uploads
certificate /etc/nginx/tls/key.pem /etc/nginx/tls/chain.pem
echo hello >/var/www/html/index.html
echo missing >/var/www/html/404.html
head -c 2000000 /dev/urandom >/var/www/html/large
chown www-data: /var/lib/nginx/uploads
cat >/etc/nginx/conf.d/trial.conf <<'CONF'
server {
	listen 443 ssl http2;
	listen [::]:443 ssl http2;
	server_name localhost;
	ssl_certificate tls/chain.pem;
	ssl_certificate_key tls/key.pem;
	root /var/www/html;
	client_max_body_size 4m;
	error_page 404 /404.html;
	location /uploads/ {
		root /var/lib/nginx;
		dav_methods PUT DELETE;
	}
}
CONF
/usr/sbin/nginx -t -q

step "start: the master and its workers are confined"
/usr/sbin/nginx -g 'daemon on; master_process on;'
eventually workers
for p in $(pid '') $(workers); do confined "$p" nginx; done

step "100 requests, and one by IPv6"
answers 200 'http://localhost/?[1-100]'
answers 200 'http://[::1]/'

step "TLS: a large file whole and in part, error page, upload"
export CURL_CA_BUNDLE=/etc/nginx/tls/chain.pem
curl -sS https://localhost/large | cmp - /var/www/html/large
answers 206 https://localhost/large -r 1000-1999
answers 304 https://localhost/large -z /var/www/html/large
answers 404 https://localhost/nothing
same missing "$(curl -sS https://localhost/nothing)" "the error page"
answers 201 https://localhost/uploads/ -T /var/www/html/large
cmp /var/lib/nginx/uploads/large /var/www/html/large
answers 204 https://localhost/uploads/large -X DELETE

step "reload: new workers"
old=$(workers)
/usr/sbin/nginx -s reload
eventually changed "$old"
answers 200 https://localhost/

step "logs rotated, as logrotate does it"
for log in access error; do
	mv /var/log/nginx/$log.log /var/log/nginx/$log.log.1
	install -o www-data -g adm -m 640 /dev/null /var/log/nginx/$log.log
done
kill -USR1 "$(pid '')"
logged() { answers 200 http://localhost/ && [ -s /var/log/nginx/access.log ]; }
eventually logged

step "upgrade of the running program"
kill -USR2 "$(pid '')"
eventually pid .oldbin
eventually workers
old=$(pid .oldbin)
kill -QUIT "$old"
eventually ended "$old"
confined "$(pid '')" nginx
answers 200 https://localhost/

step "stop, when the last request is answered"
master=$(pid '')
kill -QUIT "$master"
eventually ended "$master"
gone /run/nginx.pid || fail "the pid file is left"
! grep -E '\[(warn|error|crit|alert|emerg)\]' /var/log/nginx/error.log* | grep -v '"/var/www/html/nothing"' >&2 || fail "nginx complains"

prey /var/lib/nginx/body/upload
