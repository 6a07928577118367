# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Network namespaces on a bridge, for shell tests. Sourced, as root. Contract:
#   pods_begin			a node (namespace $node) with bridge br0,
#				10.2.0.1/24 and fd02::1/64; forwards
#   pod NAME N			namespace NAME behind it: eth0 with 10.2.0.N/24 and
#				fd02::N/64, default routes to the node
#   in_pod NAME COMMAND...	runs COMMAND there
#   pods_end			kills what runs in them and removes them all; also
#				at exit
# Names get the prefix $pods_prefix, so that tests may run side by side.

pods_prefix=t$$-
node=${pods_prefix}node
pods_names=()

in_pod() {
	local name=$1
	shift
	ip netns exec "$pods_prefix$name" "$@"
}

pods_add() {
	ip netns add "$pods_prefix$1"
	pods_names+=("$1")
	in_pod "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0
	in_pod "$1" ip link set lo up
}

pods_begin() {
	trap pods_end EXIT
	pods_add node
	in_pod node sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	in_pod node ip link add br0 type bridge
	in_pod node ip addr add 10.2.0.1/24 dev br0
	in_pod node ip addr add fd02::1/64 dev br0 nodad
	in_pod node ip link set br0 up
}

pod() {
	local name=$1 n=$2
	pods_add "$name"
	ip link add eth0 netns "$pods_prefix$name" type veth \
		peer name "v$n" netns "$node"
	in_pod node ip link set "v$n" master br0 up
	in_pod "$name" ip addr add "10.2.0.$n/24" dev eth0
	in_pod "$name" ip addr add "fd02::$n/64" dev eth0 nodad
	in_pod "$name" ip link set eth0 up
	in_pod "$name" ip route add default via 10.2.0.1
	in_pod "$name" ip -6 route add default via fd02::1
}

pods_end() {
	local name pids
	for name in "${pods_names[@]}"; do
		pids=$(ip netns pids "$pods_prefix$name") || true
		# shellcheck disable=SC2086 # a list
		[[ -z $pids ]] || kill $pids 2>/dev/null || true
	done
	for name in "${pods_names[@]}"; do
		ip netns del "$pods_prefix$name" || true
	done
	pods_names=()
}
