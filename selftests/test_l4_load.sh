#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 100
#
# CONNECTIONS (default 2000) TCP connections to a virtual IP, each for a few
# requests, while the mesh changes; and large transfers. Both families.

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

connections=${CONNECTIONS:-$((2000 / ${L7MESH_SCALE:-1}))}

# mesh ENDPOINT...: a file with these endpoints of the cluster.
mesh() {
	local n
	echo "clusters:"
	echo "- {name: web6, endpoints: [{address: 'fd00:2::23', port: 8080}]}"
	echo "- {name: web, lb: round_robin, endpoints: ["
	for n; do
		echo "    {address: 10.2.0.$n, port: 8080},"
	done
	cat <<-END
		  ]}
		listeners:
		- {name: l, address: 10.96.0.1, port: 80, protocol: tcp, cluster: web}
		- {name: l6, address: "fd00:96::1", port: 0, protocol: tcp, cluster: web6}
	END
}

change() {
	mesh 21 22 23 >"$NET_DIR/all.yaml"
	mesh 22 23 >"$NET_DIR/less.yaml"
	while :; do
		meshctl apply -f "$NET_DIR/less.yaml"
		meshctl apply -f "$NET_DIR/all.yaml"
		sleep 0.2
	done
}

transfer() {
	local url=$1
	net_in client curl -s -m 200 "$url/file/big" | cksum >"$NET_DIR/got"
	cmp "$NET_DIR/sum" "$NET_DIR/got"
	net_in client curl -s -m 200 -T "$NET_DIR/b/www/big" "$url/file/up"
	cksum <"$NET_DIR/c/www/up" | cmp "$NET_DIR/sum" -
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
net_in client "$NET_DIR/http_load" -c 8 -k 3 10.96.0.1 80 \
	$((connections * 3)) >"$NET_DIR/load" 2>"$NET_DIR/failures" || true
tap_note "$((SECONDS - start)) s"
kill "$changer"
wait "$changer" 2>/dev/null || true

tap_note "$(<"$NET_DIR/load")" "$(head -n 20 "$NET_DIR/failures")"
tap_is "every request has its answer" "$(load_said ok "$NET_DIR/load")" \
	$((connections * 3))
tap_is "none failed" "$(load_said failed "$NET_DIR/load")" 0
tap_is "connections counted" "$(counters_grown ^intercepted_l4)" \
	"$(load_said connects "$NET_DIR/load")"
tap_is "every change was accepted" "$(<"$NET_DIR/errors")" ""
tap_is "the endpoints served each request once" \
	"$(($(net_requests a) + $(net_requests b) + $(net_requests c)))" \
	$((connections * 3))
tap_check "each endpoint had its turns" test \
	"$(net_requests a)" -gt 100 -a "$(net_requests b)" -gt 100 \
	-a "$(net_requests c)" -gt 100
tap_is "nothing went through the HTTP engine" "$(counters_grown '^requests$')" 0

# From one endpoint, to another.
head -c 67108864 /dev/urandom >"$NET_DIR/b/www/big"
cp "$NET_DIR/b/www/big" "$NET_DIR/c/www/big"
cksum <"$NET_DIR/c/www/big" >"$NET_DIR/sum"
mesh 23 | meshctl apply -f -
tap_check "64 MiB there and back, IPv4" transfer http://10.96.0.1
rm "$NET_DIR/c/www/up"
tap_check "64 MiB there and back, IPv6, any port" transfer "http://[fd00:96::1]:81"
meshctl flush
tap_end
