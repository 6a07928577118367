#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 70
#
# What an application sees when its connections are intercepted, L4.
#
#	client .2	obeys (attached)	be1 .11 :8080, be6 .12 :8080
#	bare .3		does not		world .13 has every VIP itself,
#	node .1		owns the mesh			   answers "world"
#
# The VIPs 10.96.0.0/16 and fd96::/64 are routed to "world", so that what is not
# intercepted gets there.

set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=selftests/lib/tap.sh
. "$here/lib/tap.sh"
# shellcheck source=selftests/lib/pods.sh
. "$here/lib/pods.sh"

work=$(mktemp -d)
make -s -C "$here/lib" connect_probe || tap_skip_all "no compiler"
probe=$here/lib/connect_probe

set_up() {
	pods_begin
	pod client 2
	pod bare 3
	pod be1 11
	pod be6 12
	pod world 13
	in_ip world <<-END
	route add local 10.96.0.0/15 dev lo
	route add local fd96::/64 dev lo
	END
	local name
	for name in node client bare; do
		in_ip "$name" <<-END
		route add 10.96.0.0/16 via 10.2.0.13
		route add fd96::/64 via fd02::13
		END
	done
	# The route to 10.97.0.0/16 prefers another source than that to endpoints.
	in_ip client <<-END
	addr add 10.2.0.102/24 dev eth0
	addr add fd02::102/64 dev eth0 nodad preferred_lft 0
	route add 10.97.0.0/16 via 10.2.0.13 src 10.2.0.102
	END
	serve be1 be1 :: 8080
	serve be6 be6 :: 8080
	serve world world :: 80
	serve client near :: 8080
	serve client proxy 127.0.0.1 15001
	serve client proxy6 ::1 15001
	serve client proxyx :: 15002
	serve -e be1 echo :: 7
	serve -e world echo :: 7
	meshctl -n "$node" apply -f - <<-END
	clusters:
	- {name: be1, endpoints: [{address: 10.2.0.11, port: 8080}]}
	- {name: be6, endpoints: [{address: "fd02::12", port: 8080}]}
	- {name: near, endpoints: [{address: 127.0.0.1, port: 8080}]}
	- {name: near6, endpoints: [{address: "::1", port: 8080}]}
	- {name: none, endpoints: []}
	- {name: dead, endpoints: [{address: 10.2.0.11, port: 9}]}
	- {name: dead6, endpoints: [{address: "fd02::12", port: 9}]}
	- {name: echo, endpoints: [{address: 10.2.0.11, port: 7}]}
	- name: both
	  endpoints:
	  - {address: 10.2.0.11, port: 8080}
	  - {address: "fd02::12", port: 8080}
	listeners:
	- {name: v4, address: 10.96.0.10, port: 80, protocol: tcp, cluster: be1}
	- {name: v6, address: "fd96::10", port: 80, protocol: tcp, cluster: be6}
	- {name: v6to4, address: "fd96::11", port: 80, protocol: tcp, cluster: be1}
	- {name: near, address: 10.96.0.12, port: 80, protocol: tcp, cluster: near}
	- {name: near6, address: "fd96::12", port: 80, protocol: tcp, cluster: near6}
	- {name: none, address: 10.96.0.13, port: 80, protocol: tcp, cluster: none}
	- {name: none6, address: "fd96::13", port: 80, protocol: tcp, cluster: none}
	- {name: dead, address: 10.96.0.14, port: 80, protocol: tcp, cluster: dead}
	- {name: v6dead, address: "fd96::14", port: 80, protocol: tcp, cluster: dead}
	- {name: wild, address: 10.96.0.15, port: 0, protocol: tcp, cluster: be1}
	- {name: both, address: "fd96::16", port: 80, protocol: tcp, cluster: both}
	- {name: source, address: 10.97.0.10, port: 80, protocol: tcp, cluster: be1}
	- {name: echo, address: 10.96.0.17, port: 7, protocol: tcp, cluster: echo}
	- {name: proxy, address: 10.96.0.20, port: 80, protocol: tcp,
	   proxy: {address: 127.0.0.1, port: 15001}}
	- {name: proxy6, address: "fd96::20", port: 80, protocol: tcp,
	   proxy: {address: "::1", port: 15001}}
	- {name: proxyx, address: 10.96.0.21, port: 80, protocol: tcp,
	   proxy: {address: 10.2.0.2, port: 15002}}
	- {name: options, address: 10.96.0.22, port: 80, protocol: tcp,
	   proxy: {address: 127.0.0.1, port: 15003}}
	- {name: options6, address: "fd96::22", port: 80, protocol: tcp,
	   proxy: {address: "::1", port: 15004}}
	END
	meshctl -n "$node" attach "${pods_prefix}client"
}

# in_ip POD: ip commands on stdin
in_ip() {
	ip -n "$pods_prefix$1" -batch -
}

# serve [-e] POD NAME ADDRESS PORT
serve() {
	local -a echo=()
	[[ $1 != -e ]] || { echo=(-e); shift; }
	ip netns exec "$pods_prefix$1" "$probe" serve "${echo[@]}" "$2" "$3" \
		"$4" &
	disown
	pod_listens "$1" "$4"
}

# What the probe prints, without the reply's port: that is "same" or "other".
probe() {
	local pod=$1
	shift
	in_pod "$pod" "$probe" connect "$@" 2>&1 |
		sed -E 's/(reply [^ ]+ [^ ]+) [0-9]+/\1/'
}

# sees NAME POD WANTED [OPTION...] ADDRESS PORT
sees() {
	local name=$1 pod=$2 wanted=$3
	shift 3
	tap_is "$name" "$(probe "$pod" "$@")" "$wanted"
}

stat() {
	meshctl -n "$node" -j stats | jq ".counters.$1"
}

# counts NAME COUNTER N COMMAND...: the counter grows by N
counts() {
	local name=$1 counter=$2 n=$3 before
	shift 3
	before=$(stat "$counter")
	"$@"
	tap_is "$name: $counter" "$(stat "$counter")" "$((before + n))"
}

# What a connection that nobody redirected is told of its original destination:
# conntrack, built in or loaded, does not know of it.
none=ENOPROTOOPT
[[ ! -e /proc/sys/net/netfilter/nf_conntrack_max ]] || none=ENOENT
no="$none $none"

test_families() {
	local via v4 v6
	v4="ok peer 10.96.0.10 80 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no"
	v6="ok peer fd96::10 80 local fd02::2 same reply be6 fd02::2 $no"
	for via in '' -n -u -F -f; do
		sees "IPv4 $via" client "$v4" $via 10.96.0.10 80
		sees "IPv6 $via" client "$v6" $via fd96::10 80
		sees "mapped $via" client \
			"${v4/peer 10.96.0.10 80 local 10.2/peer ::ffff:10.96.0.10 80 local ::ffff:10.2}" \
			$via -6 10.96.0.10 80
	done
	sees "IPV6_V6ONLY" client "$v6" -o fd96::10 80
	sees "from the owner itself" node "${v4//10.2.0.2/10.2.0.1}" \
		10.96.0.10 80
	sees "IPv6 listener, IPv4 endpoint" client \
		"ok peer fd96::11 80 local fd02::2 same reply be1 ::ffff:10.2.0.2 $no" \
		fd96::11 80
	sees "any port" client \
		"ok peer 10.96.0.15 4711 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no" \
		10.96.0.15 4711
	sees "the route's source" client \
		"ok peer 10.97.0.10 80 local 10.2.0.102 same reply be1 ::ffff:10.2.0.2 $no" \
		10.97.0.10 80
	sees "endpoint on loopback" client \
		"ok peer 10.96.0.12 80 local 10.2.0.2 same reply near ::ffff:127.0.0.1 $no" \
		10.96.0.12 80
	sees "endpoint on IPv6 loopback" client \
		"ok peer fd96::12 80 local fd02::2 same reply near ::1 $no" \
		fd96::12 80
}

test_bound() {
	sees "bound" client \
		"ok peer 10.96.0.10 80 local 10.2.0.102 same reply be1 ::ffff:10.2.0.102 $no" \
		-b 10.2.0.102 10.96.0.10 80
	sees "bound to a port" client \
		"ok peer 10.96.0.10 80 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no" \
		-p 5555 10.96.0.10 80
	sees "bound to address and port" client \
		"ok peer fd96::10 80 local fd02::102 same reply be6 fd02::102 $no" \
		-b fd02::102 -p 5555 fd96::10 80
	sees "bound, mapped" client \
		"ok peer ::ffff:10.96.0.10 80 local ::ffff:10.2.0.102 same reply be1 ::ffff:10.2.0.102 $no" \
		-6 -b 10.2.0.102 10.96.0.10 80
	sees "bound, endpoint on loopback" client \
		"ok peer 10.96.0.12 80 local 10.2.0.102 same reply near ::ffff:10.2.0.102 $no" \
		-b 10.2.0.102 10.96.0.12 80
	sees "bound, endpoint on IPv6 loopback" client \
		"ok peer fd96::12 80 local fd02::102 same reply near fd02::102 $no" \
		-b fd02::102 fd96::12 80
	sees "bound to loopback, endpoint elsewhere" client EINVAL \
		-b 127.0.0.1 10.96.0.10 80
	sees "bound to IPv6, only IPv4 endpoints" client ECONNREFUSED \
		-b fd02::102 fd96::11 80
}

test_again() {
	sees "one socket, one after the other" client \
		"ok peer 10.96.0.10 80 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no
ok peer 10.96.0.12 80 local 10.2.0.2 same reply near ::ffff:127.0.0.1 $no
ok peer 10.2.0.13 80 local 10.2.0.2 same reply world ::ffff:10.2.0.2 $no
ok peer 10.2.0.11 8080 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no
ok peer 10.96.0.10 80 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no" \
		10.96.0.10 80 10.96.0.12 80 10.2.0.13 80 10.2.0.11 8080 \
		10.96.0.10 80
	local via
	for via in '' -n -u; do
		sees "refused by the endpoint, then again $via" client \
			"ECONNREFUSED
ok peer 10.96.0.10 80 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no" \
			$via 10.96.0.14 80 10.96.0.10 80
		sees "refused over IPv4, then IPv6 $via" client \
			"ECONNREFUSED
ok peer fd02::13 80 local fd02::2 same reply world fd02::2 $no
ok peer fd96::10 80 local fd02::2 same reply be6 fd02::2 $no" \
			$via fd96::14 80 fd02::13 80 fd96::10 80
		sees "no endpoint $via" client \
			"ECONNREFUSED
ok peer 10.96.0.10 80 local 10.2.0.2 same reply be1 ::ffff:10.2.0.2 $no" \
			$via 10.96.0.13 80 10.96.0.10 80
	done
	counts "no endpoint" refused_no_endpoint 2 \
		sees "no endpoint, IPv6, mapped" client \
		"ECONNREFUSED
ECONNREFUSED" \
		fd96::13 80 ::ffff:10.96.0.13 80
	counts "no endpoint of the family" refused_no_endpoint 1 \
		sees "no endpoint of the family" client ECONNREFUSED \
		-o fd96::11 80
	sees "endpoints of the family, if there are some" client \
		"$(for _ in {1..4}; do
			echo "ok peer fd96::16 80 local fd02::2 same reply be6 fd02::2 $no"
		done)" \
		-o fd96::16 80 fd96::16 80 fd96::16 80 fd96::16 80
	sees "closed by the server meanwhile" client \
		"ok peer 10.96.0.10 80 local 10.2.0.2 - reply -" -q -s 10.96.0.10 80
}

test_untouched() {
	local world="ok peer 10.96.0.10 80 local 10.2.0.2 same reply world ::ffff:10.2.0.2 $no"
	counts "device" bypassed_bound_device 1 \
		sees "bound to a device" client "$world" -d eth0 10.96.0.10 80
	if [[ -e /proc/sys/net/mptcp/enabled ]]; then
		counts "MPTCP" bypassed_mptcp 1 \
			sees "MPTCP" client "$world" -m 10.96.0.10 80
	else
		tap_skip "MPTCP" "not in this kernel"
	fi
	sees "a namespace without a mesh" bare "${world//10.2.0.2/10.2.0.3}" \
		10.96.0.10 80
	sees "another port" client ECONNREFUSED 10.96.0.10 81
	in_pod client ip link set lo down
	counts "loopback" bypassed_no_loopback 1 \
		sees "loopback is down" client "${world//0.10/0.20}" 10.96.0.20 80
	in_pod client ip link set lo up
}

test_original() {
	local o="ok peer 10.96.0.20 80 local 10.2.0.2 same reply proxy 127.0.0.1 10.96.0.20/80 EOPNOTSUPP"
	local o6="ok peer fd96::20 80 local fd02::2 same reply proxy6 ::1 $none fd96::20/80"
	local via
	for via in '' -n -u -F -f; do
		sees "SO_ORIGINAL_DST $via" client "$o" $via 10.96.0.20 80
		sees "IP6T_SO_ORIGINAL_DST $via" client "$o6" $via fd96::20 80
	done
	sees "mapped" client \
		"${o/peer 10.96.0.20 80 local 10/peer ::ffff:10.96.0.20 80 local ::ffff:10}" \
		-6 10.96.0.20 80
	sees "dual-stack proxy" client \
		"ok peer 10.96.0.21 80 local 10.2.0.2 same reply proxyx ::ffff:10.2.0.2 10.96.0.21/80 $none" \
		10.96.0.21 80
	sees "proxy in another namespace of the mesh" node \
		"ok peer 10.96.0.21 80 local 10.2.0.1 same reply proxyx ::ffff:10.2.0.1 10.96.0.21/80 $none" \
		10.96.0.21 80
	sees "others that come to the proxy" client \
		"ok peer 127.0.0.1 15001 local 127.0.0.1 same reply proxy 127.0.0.1 $none EOPNOTSUPP" \
		127.0.0.1 15001
	test_options 10.96.0.22 127.0.0.1 15003
	test_options fd96::22 ::1 15004
}

# test_options VIP PROXY-ADDRESS PROXY-PORT
test_options() {
	in_pod client "$probe" options "$2" "$3" >"$work/options" 2>&1 &
	local server=$!
	pod_listens client "$3"
	probe client -q "$1" 80 >/dev/null || true
	wait "$server" || true
	tap_is "SO_ORIGINAL_DST's lengths and pointers, $1" \
		"$(<"$work/options")" ok
}

test_names() {
	local a
	for a in 10.96.0.10 fd96::10 fd96::11; do
		tap_is "lengths and pointers of names, $a" \
			"$(in_pod client "$probe" names "$a" 80 2>&1)" ok
	done
}

test_conntrack() {
	[[ $none == ENOENT ]] || modprobe nf_conntrack ||
		{ tap_skip conntrack "no nf_conntrack"; return; }
	in_pod client nft -f - <<-END
	table ip t { chain c { type filter hook input priority 0; ct state new accept; }; }
	table ip6 t { chain c { type filter hook input priority 0; ct state new accept; }; }
	END
	sees "SO_ORIGINAL_DST with conntrack" client \
		"ok peer 10.96.0.20 80 local 10.2.0.2 same reply proxy 127.0.0.1 10.96.0.20/80 EOPNOTSUPP" \
		10.96.0.20 80
	sees "IP6T_SO_ORIGINAL_DST with conntrack" client \
		"ok peer fd96::20 80 local fd02::2 same reply proxy6 ::1 ENOENT fd96::20/80" \
		fd96::20 80
	sees "conntrack's own answer" client \
		"ok peer 127.0.0.1 15001 local 127.0.0.1 same reply proxy 127.0.0.1 127.0.0.1/15001 EOPNOTSUPP" \
		127.0.0.1 15001
}

test_clients() {
	local a out
	for a in 10.96.0.10 "[fd96::10]"; do
		out=$(in_pod client curl -s --http0.9 --max-time 5 \
			-w '%{remote_ip} %{local_ip}' "http://$a/" || true)
		tap_is "curl $a" "${out##*$'\n'}" "$(curl_wants "$a")"
	done
	tap_is "asyncio" "$(in_pod client python3 - <<-'END'
	import asyncio
	async def main():
	    for host in "10.96.0.10", "fd96::10":
	        r, w = await asyncio.open_connection(host, 80)
	        print(w.get_extra_info("peername")[0], (await r.readline()).split()[0].decode())
	    try:
	        await asyncio.open_connection("10.96.0.13", 80)
	    except ConnectionRefusedError:
	        print("refused")
	asyncio.run(main())
	END
	)" $'10.96.0.10 be1\nfd96::10 be6\nrefused'
	tap_is "node" "$(in_pod client node -e '
	const net = require("net");
	const s = net.connect(80, "10.96.0.10", () => {
		s.on("data", d => {
			console.log(s.remoteAddress, s.localAddress, String(d).split(" ")[0]);
			s.end();
			net.connect(80, "10.96.0.13").on("error", e => console.log(e.code));
		});
	});')" $'10.96.0.10 10.2.0.2 be1\nECONNREFUSED'
}

curl_wants() {
	[[ $1 == 10.* ]] && echo "$1 10.2.0.2" || echo "fd96::10 fd02::2"
}

test_load() {
	local i
	probe_load "$work/load"
	for i in 1 2 3; do
		sleep 0.5
		meshctl -n "$node" detach "${pods_prefix}client"
		sleep 0.5
		meshctl -n "$node" attach "${pods_prefix}client"
	done
	probe_load_is_fine "$work/load" "detached and attached under load ($i times)"
}

set_up
test_families
test_bound
test_again
test_untouched
test_original
test_names
test_clients
test_load
test_conntrack
tap_end
