#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 70
#
# REQUESTS (default 100000) requests on kept-alive connections to three nginx
# pods while the mesh is applied anew in a loop, endpoints coming and going, and
# single objects change. None may fail, none may get lost or be sent twice.

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cd "$here/.."
# shellcheck source=selftests/lib/tap.sh
. selftests/lib/tap.sh
# shellcheck source=selftests/lib/net.sh
. selftests/lib/net.sh
# shellcheck source=selftests/lib/counters.sh
. selftests/lib/counters.sh

requests=${REQUESTS:-$((100000 / ${L7MESH_SCALE:-1}))}
applies=$NET_DIR/applies

# mesh ENDPOINT...: a file with these endpoints of the cluster.
mesh() {
	local n
	echo "clusters: [{name: web, hash: [{header: x-user}], endpoints: ["
	for n; do
		echo "{address: 10.2.0.$n, port: 8080, weight: $((n - 20))},"
	done
	cat <<-END
		]}]
		route_tables:
		- name: t
		  virtual_hosts:
		  - {name: v, domains: ["*"], routes: [{action: {cluster: web}}]}
		listeners:
		- {name: l, address: 10.96.0.1, port: 80, protocol: http, route_table: t}
	END
}

change() {
	mesh 21 22 23 >"$NET_DIR/all.yaml"
	mesh 21 23 >"$NET_DIR/less.yaml"
	mesh 22 23 >"$NET_DIR/other.yaml"
	local n=0
	while :; do
		meshctl apply -f "$NET_DIR/all.yaml"
		meshctl apply -f "$NET_DIR/less.yaml"
		meshctl apply -f "$NET_DIR/other.yaml"
		meshctl add endpoint web 10.2.0.21:8080
		meshctl set endpoint web 10.2.0.21:8080 weight 7
		meshctl add route t/v 0 path_prefix /other direct_response 404
		meshctl del route t/v 0
		n=$((n + 7))
		echo "$n" >"$applies"
		sleep 0.2
	done
}

trap net_down EXIT
net_up client=10 a=21 b=22 c=23
for pod in a b c; do
	net_nginx "$pod"
done
load_build
mesh 21 22 23 | meshctl apply -f -
meshctl attach client

counters_begin
change 2>"$NET_DIR/errors" &
changer=$!
start=$SECONDS
net_in client "$NET_DIR/http_load" -c 16 10.96.0.1 80 "$requests" \
	>"$NET_DIR/load" 2>"$NET_DIR/failures" || true
took=$((SECONDS - start))
kill "$changer"
wait "$changer" 2>/dev/null || true

tap_note "$took s, $(<"$applies") changes"
tap_note "$(<"$NET_DIR/load")"
tap_note "$(head -n 20 "$NET_DIR/failures")"
tap_is "every request has its answer" "$(load_said ok "$NET_DIR/load")" "$requests"
tap_is "none failed" "$(load_said failed "$NET_DIR/load")" 0
tap_is "16 connections were enough" "$(load_said connects "$NET_DIR/load")" 16
tap_check "the mesh changed all the time" test "$(<"$applies")" -gt 20
tap_is "every change was accepted" "$(<"$NET_DIR/errors")" ""
tap_is "the endpoints served each request once" \
	"$(($(net_requests a) + $(net_requests b) + $(net_requests c)))" \
	"$requests"
for pod in a b c; do
	tap_is "$pod gave as many answers as the client got" \
		"$(awk -v pod=$pod '$2 == pod { print $3 }' "$NET_DIR/load")" \
		"$(net_requests "$pod")"
done
tap_is "requests" "$(counters_grown '^requests$')" "$requests"
tap_is "responses" "$(counters_grown '^responses$')" "$requests"
tap_is "retries" "$(counters_grown upstream_requests_retried)" 0
tap_is "local replies" "$(counters_grown '^reply_')" 0
meshctl flush
tap_end
