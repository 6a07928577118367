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

# pods_add NAME: the namespace itself; further ip commands on stdin, run in it
pods_add() {
	local ns=$pods_prefix$1
	ip netns add "$ns"
	pods_names+=("$1")
	{
		echo link set lo up
		cat
	} | ip -n "$ns" -batch -
}

pods_begin() {
	trap pods_end EXIT
	pods_add node <<-END
	link add br0 type bridge
	addr add 10.2.0.1/24 dev br0
	addr add fd02::1/64 dev br0 nodad
	link set br0 up
	END
	in_pod node sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
}

pod() {
	pods_add "$1" <<-END
	link add eth0 type veth peer name v$2 netns $node
	addr add 10.2.0.$2/24 dev eth0
	addr add fd02::$2/64 dev eth0 nodad
	link set eth0 up
	route add default via 10.2.0.1
	route add default via fd02::1
	END
	ip -n "$node" link set "v$2" master br0 up
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
