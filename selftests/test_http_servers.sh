#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 100
#
# Real servers behind virtual IPs (nginx, HAProxy, Python's http.server, node,
# Apache httpd, lighttpd, Varnish), called by curl, Python and node; and HAProxy as
# the mesh's client.

# shellcheck disable=SC2317 # functions that are called by name

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cd "$here/.."
# shellcheck source=selftests/lib/tap.sh
. selftests/lib/tap.sh
# shellcheck source=selftests/lib/net.sh
. selftests/lib/net.sh
# shellcheck source=selftests/lib/counters.sh
. selftests/lib/counters.sh

servers="nginx haproxy python node apache lighttpd varnish"

mesh() {
	local name n=20
	echo "clusters:"
	for name in $servers; do
		n=$((n + 1))
		echo "- {name: $name, endpoints: [{address: 10.2.0.$n, port: 8080}]}"
	done
	echo "route_tables:"
	echo "- name: t"
	echo "  virtual_hosts:"
	for name in $servers; do
		echo "  - {name: $name, domains: [$name.example], routes: [{action: {cluster: $name}}]}"
	done
	echo "  - {name: any, domains: ['*'], routes: [{action: {cluster: nginx}}]}"
	echo "listeners:"
	echo "- {name: v4, address: 10.96.0.1, port: 80, protocol: http, route_table: t}"
	echo "- {name: v6, address: 'fd00:96::1', port: 80, protocol: http, route_table: t}"
}

# get URL CURL-ARGUMENT...
get() {
	net_in client curl -sS -m 100 "$@"
}

# Three on one connection, by either family.
kept_alive() {
	local out family
	for family in -4 -6; do
		out=$(get "$family" -o /dev/null -o /dev/null -o /dev/null \
			-w '%{http_code}%{num_connects} ' \
			"http://$1/" "http://$1/a?b=c" "http://$1/d")
		[[ $out == "2001 2000 2000 " ]] || {
			echo "$family: $out"
			return 1
		}
	done
}

head_request() {
	[[ $(get -I "http://$1/" -w '%{http_code}' -o /dev/null) == 200 ]]
}

# Its digest comes back.
upload() {
	local host=$1 got wanted
	shift
	wanted=$(sha256sum <"$NET_DIR/big" | cut -d ' ' -f 1)
	got=$(get "$@" "http://$host/")
	[[ $got == "$wanted" ]] || {
		echo "got $got, wanted $wanted"
		return 1
	}
}

chunked_upload() {
	upload "$1" -X POST -T - <"$NET_DIR/big"
}

# Each of these is one process for all servers: to start takes it longer than to ask.
# A line of what came of each.
python_clients() {
	net_in client python3 - "$@" <<-'END'
		import sys, traceback, urllib.request, http.client
		def ask(name):
		    with urllib.request.urlopen(f"http://{name}.example/", timeout=60) as r:
		        assert r.status == 200 and r.read()
		    c = http.client.HTTPConnection(f"{name}.example", timeout=60)
		    for i in range(5):
		        c.request("GET", f"/{i}")
		        r = c.getresponse()
		        assert r.status == 200 and r.read(), (i, r.status)
		for name in sys.argv[1:]:
		    try:
		        ask(name)
		        print(name, "ok")
		    except Exception:
		        print(name, *traceback.format_exc().split())
	END
}

node_clients() {
	local name
	for name; do
		printf 'http://%s.example/ ' "$name"
	done | net_in client xargs node selftests/lib/node_client.js 40 4
}

chunked_download() {
	[[ $(get "http://python.example/?size=5000000" | wc -c) == 5000000 ]]
}

old_client() {
	[[ $(get -0 "http://python.example/?size=100000" | wc -c) == 100000 ]]
}

through_proxy() {
	local out
	out=$(get -D - -o /dev/null http://127.0.0.1:9000/)
	[[ $(grep -ci '^x-pod: nginx' <<<"$out") == 1 &&
		$(grep -ci "^x-proxy: client" <<<"$out") == 1 ]] || {
		echo "$out"
		return 1
	}
}

trap net_down EXIT
net_up client=10 nginx=21 haproxy=22 python=23 node=24 apache=25 lighttpd=26 \
	varnish=27
net_nginx nginx
net_haproxy haproxy 8080 10.2.0.21:8080
net_python python 8080
net_node node 8080
net_apache apache 8080
net_lighttpd lighttpd 8080
net_varnish varnish 8080
for name in $servers; do
	net_hosts client "10.96.0.1 $name.example"
	net_hosts client "fd00:96::1 $name.example"
done
mesh | meshctl apply -f -
meshctl attach client
counters_begin
head -c 3000000 /dev/urandom >"$NET_DIR/big"

# shellcheck disable=SC2086 # words
python=$(python_clients $servers) || true
# shellcheck disable=SC2086 # words
node=$(node_clients $servers) || true
for name in $servers; do
	tap_check "$name: kept-alive connections, both families" \
		kept_alive "$name.example"
	tap_check "$name: HEAD" head_request "$name.example"
	tap_is "$name: Python's clients" "$(grep "^$name " <<<"$python")" "$name ok"
	tap_is "$name: node's agent" "$(grep -F "//$name.example/ " <<<"$node" |
		sed 's/^[^ ]* //; s/\( 200\) .*/\1/')" $'40 200\nsockets 4'
done
for name in python node; do
	tap_check "$name: POST of 3 MB" upload "$name.example" \
		--data-binary "@$NET_DIR/big"
	tap_check "$name: POST of 3 MB in chunks" chunked_upload "$name.example"
done
tap_check "python: a response of 5 MB in chunks" chunked_download
tap_check "python: the same to an HTTP/1.0 client" old_client

net_haproxy client 9000 10.96.0.1:80
tap_check "HAProxy in the pod calls the virtual IP" through_proxy
tap_is "nobody got a local reply" "$(counters_grown ^reply_)" 0
tap_is "no response was cut" "$(counters_grown ^responses_cut)" 0
meshctl flush
tap_end
