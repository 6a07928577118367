# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Network namespaces on a bridge, for shell tests. Sourced, as root. Contract:
#   pods_begin			a node (namespace $node) with bridge br0,
#				10.2.0.1/24 and fd02::1/64; forwards
#   pod NAME N			namespace NAME behind it: eth0 with 10.2.0.N/24 and
#				fd02::N/64, default routes to the node
#   in_pod NAME COMMAND...	runs COMMAND there
#   pod_listens NAME PORT...	waits until somebody listens at each; else 1
#   probe_load FILE		in the pod "client", connect_probe's load at 10.96.0.17,
#				port 7; has begun when it returns
#   probe_load_is_fine FILE NAME	ends that: a subtest, that none failed
#   pods_end			kills what runs in them and removes them all; also
#				at exit
# The last two want tap.sh, and connect_probe in $probe. Names get the prefix $pods_prefix, so that tests may run side by side.

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

pod_listens() {
	local name=$1 port i
	shift
	for port; do
		for ((i = 0; i < 100; i++)); do
			[[ -z $(in_pod "$name" ss -Hltn "sport = :$port") ]] || continue 2
			sleep 0.1
		done
		echo "# nobody listens at $name $port"
		return 1
	done
}

probe_load() {
	# shellcheck disable=SC2154 # the test's
	ip netns exec "${pods_prefix}client" "$probe" load 10.96.0.17 7 >"$1" 2>&1 &
	probe_loader=$!
	until grep -q begun "$1" || ! kill -0 "$probe_loader" 2>/dev/null; do
		sleep 0.1
	done
}

probe_load_is_fine() {
	kill -TERM "$probe_loader" || true
	wait "$probe_loader" || true
	tap_is "$2" "$(sed 's/done [1-9][0-9]*/done N/' "$1")" \
		$'begun\ndone N failed 0'
	tap_note "$(tail -n 1 "$1")"
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
