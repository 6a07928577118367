#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 100
#
# The module goes and comes back under traffic. L4 connections go on as plain TCP
# and none fails; HTTP connections keep the module until meshctl drain.

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

[[ -e ${L7MESH_KO:-} ]] || tap_skip_all "L7MESH_KO names no module to load"

cat >"$NET_DIR/mesh.yaml" <<-END
	clusters:
	- name: web
	  lb: round_robin
	  endpoints: [{address: 10.2.0.21, port: 8080}, {address: 10.2.0.22, port: 8080}]
	route_tables:
	- name: t
	  virtual_hosts:
	  - {name: v, domains: ["*"], routes: [{action: {cluster: web}}]}
	listeners:
	- {name: tcp, address: 10.96.0.1, port: 80, protocol: tcp, cluster: web}
	- {name: http, address: 10.96.0.2, port: 80, protocol: http, route_table: t}
END

load() {
	insmod "$L7MESH_KO"
	meshctl apply -f "$NET_DIR/mesh.yaml"
	meshctl attach client
}

loaded() {
	[[ -d /sys/module/l7mesh ]]
}

# A connection to the address $1: for each line read a request, and the first
# bytes of its answer.
talk() {
	net_in client bash -c "exec 3<>/dev/tcp/$1/80
		while read -r path; do
			printf 'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' \"\$path\" >&3
			head -c 15 <&3
			echo
		done"
}

trap net_down EXIT
net_up client=10 a=21 b=22
for pod in a b; do
	net_nginx "$pod"
done
load_build
meshctl apply -f "$NET_DIR/mesh.yaml"
meshctl attach client
# Without the module nobody has the virtual IPs: say so at once.
ip -n client route add unreachable 10.96.0.0/16

# Connections that are kept: they were made before the module goes for the first
# time, and outlive all of it.
net_in client "$NET_DIR/http_load" -c 8 10.96.0.1 80 1000000000 \
	>"$NET_DIR/kept" 2>"$NET_DIR/kept.errors" &
kept=$!
# Connections that come and go: connect() may fail while there is no module, but
# what is connected is served.
net_in client "$NET_DIR/http_load" -c 4 -k 5 -e 10.96.0.1 80 1000000000 \
	>"$NET_DIR/new" 2>"$NET_DIR/new.errors" &
new=$!
served() {
	[[ $(net_requests a) -gt ${1:-100} ]]
}
net_until 60 served

for n in 1 2 3 4 5; do
	tap_check "unload under L4 traffic, $n" rmmod l7mesh
	served=$(net_requests a)
	tap_check "traffic goes on without the module, $n" \
		net_until 30 served "$served"
	tap_check "load again, $n" load
	served=$(net_requests a)
	tap_check "traffic goes on, $n" net_until 30 served $((served + 200))
done
pkill -TERM -f "$NET_DIR/http_load"
wait "$kept" || true
wait "$new" || true
tap_note "kept: $(xargs <"$NET_DIR/kept") new: $(xargs <"$NET_DIR/new")"
tap_note "$(cat "$NET_DIR/kept.errors" "$NET_DIR/new.errors" | head -n 20)"
tap_is "kept connections: none failed" "$(load_said failed "$NET_DIR/kept")" 0
tap_is "kept connections: none was replaced" \
	"$(load_said connects "$NET_DIR/kept")" 8
tap_is "new connections: none failed" "$(load_said failed "$NET_DIR/new")" 0

# An HTTP connection keeps the module.
coproc talk 10.96.0.2 2>/dev/null
answer=
echo / >&"${COPROC[1]}"
read -r -t 60 answer <&"${COPROC[0]}" || true
tap_is "an HTTP connection" "$answer" "HTTP/1.1 200 OK"
if rmmod l7mesh 2>"$NET_DIR/refusal"; then
	tap_fail "an open HTTP connection refuses rmmod"
else
	tap_pass "an open HTTP connection refuses rmmod"
fi
tap_note "$(<"$NET_DIR/refusal")"
meshctl drain
tap_check "after meshctl drain it goes" net_until 60 rmmod l7mesh
loaded && tap_fail "it is gone"
load
tap_is "and comes back" \
	"$(net_in client curl -s -o /dev/null -w '%{http_code}' http://10.96.0.2/)" 200
meshctl flush
tap_end
