#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 90
#
# What ends in the middle: clients, endpoints, namespaces, the mesh's owner. No
# hang, no leak; what is left goes on, and at the end the module unloads.

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

cat >"$NET_DIR/mesh.yaml" <<-END
	clusters:
	- {name: web, endpoints: [{address: 10.2.0.21, port: 8080}]}
	route_tables:
	- name: t
	  virtual_hosts:
	  - {name: v, domains: ["*"], routes: [{action: {cluster: web}}]}
	listeners:
	- {name: l, address: 10.96.0.1, port: 80, protocol: http, route_table: t}
	- {name: l4, address: 10.96.0.2, port: 80, protocol: tcp, cluster: web}
END

# Every connection that was accepted is closed.
settled() {
	[[ $(counter downstream_connections) == \
		"$(counter downstream_connections_closed)" ]]
}

# Endless traffic in a pod, some of it large.
traffic() {
	local pod=$1 address=$2
	net_in "$pod" "$NET_DIR/http_load" -c 6 "$address" 80 10000000 \
		>/dev/null 2>&1 &
	net_in "$pod" bash -c "while :; do
		curl -s -o /dev/null --limit-rate 4M http://$address/file/big
	done" >/dev/null 2>&1 &
}

busy() {
	local before
	before=$(net_requests a)
	net_until 60 eval "[[ \$(net_requests a) -gt $((before + 100)) ]]"
}

answers() {
	[[ $(net_in "$1" curl -s -m 30 http://10.96.0.1/) == "${2:-a}" ]]
}

refused() {
	! net_in "$1" curl -s -m 2 http://10.96.0.1/
}

trap net_down EXIT
net_up client=10 a=21
net_nginx a
head -c 33554432 /dev/urandom >"$NET_DIR/a/www/big"
load_build
meshctl apply -f "$NET_DIR/mesh.yaml"
meshctl attach client

for n in 1 2 3; do
	traffic client 10.96.0.1
	busy
	net_kill client
	tap_check "clients killed: their connections are gone, $n" \
		net_until 30 settled
done
wait
tap_check "and new ones are served" answers client

for n in 41 42 43; do
	net_pod "short=$n"
	net_until 20 net_forwards "pod$n"
	meshctl attach short
	traffic short 10.96.0.1
	traffic short 10.96.0.2
	busy
	net_remove short
	tap_check "a namespace goes under traffic, $n" net_until 60 net_gone "$n"
done
wait
tap_check "no connection is left of them" net_until 30 settled
tap_is "no longer attached" "$(meshctl -j show attached | jq length)" 1
tap_check "the other pod is served" answers client

net_up owner=50 member=51
meshctl -n owner apply -f "$NET_DIR/mesh.yaml"
net_in owner meshctl attach member
traffic member 10.96.0.1
busy
net_remove owner
tap_check "the owner of a mesh goes" net_until 60 net_gone 50
tap_check "then nobody obeys it" refused member
net_remove member
wait
tap_check "the other mesh is not concerned" answers client

net_in client "$NET_DIR/http_load" -c 6 10.96.0.1 80 10000000 \
	>/dev/null 2>&1 &
busy
kill -KILL "$(<"$NET_DIR/a/pid")"
net_kill a
wait
tap_is "an endpoint dies under traffic: 503 from then on" \
	"$(net_in client curl -s -o /dev/null -w '%{http_code}' http://10.96.0.1/)" \
	503
net_nginx a
tap_check "and it serves when it is back" answers client

traffic client 10.96.0.1
busy
meshctl flush
tap_check "flush under traffic: nobody is served" refused client
meshctl apply -f "$NET_DIR/mesh.yaml"
tap_check "and all are again" answers client
net_kill client
wait
meshctl drain
tap_check "no connection is left" net_until 30 settled
if [[ -e ${L7MESH_KO:-} ]]; then
	tap_check "the module unloads" net_until 60 rmmod l7mesh
	insmod "$L7MESH_KO"
fi
tap_end
