#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module comes and goes under L4 traffic, and beside tracers of the functions
# that it hooks.
#
#	client .2	obeys	be1 .11 :7 echoes	world .13 has every VIP itself,
#	node .1		owns the mesh			and echoes, too
#
# No connection may fail, be it made with the module, without it, or while it
# comes and goes. A warning of the kernel fails the VM.

set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=selftests/lib/tap.sh
. "$here/lib/tap.sh"
# shellcheck source=selftests/lib/pods.sh
. "$here/lib/pods.sh"

make -s -C "$here/lib" connect_probe || tap_skip_all "no compiler"
[[ -e ${L7MESH_KO:-} ]] || tap_skip_all "no module to load"
probe=$here/lib/connect_probe
tracing=/sys/kernel/tracing
work=$(mktemp -d)

set_up() {
	local name
	pods_begin
	pod client 2
	pod be1 11
	pod world 13
	ip -n "${pods_prefix}world" route add local 10.96.0.0/16 dev lo
	ip -n "${pods_prefix}client" route add 10.96.0.0/16 via 10.2.0.13
	for name in be1 world; do
		ip netns exec "$pods_prefix$name" "$probe" serve -e echo :: 7 &
		disown
		ip netns exec "$pods_prefix$name" "$probe" serve "$name" :: 80 &
		disown
	done
	pod_listens be1 7 80
	pod_listens world 7 80
	configure
}

configure() {
	apply
	meshctl -n "$node" attach "${pods_prefix}client"
}

apply() {
	meshctl -n "$node" apply -f - <<-END
	clusters:
	- {name: echo, endpoints: [{address: 10.2.0.11, port: 7}]}
	- {name: say, endpoints: [{address: 10.2.0.11, port: 80}]}
	listeners:
	- {name: echo, address: 10.96.0.17, port: 7, protocol: tcp, cluster: echo}
	- {name: say, address: 10.96.0.17, port: 80, protocol: tcp, cluster: say}
	END
}

# who: "be1" if interception works, "world" if it is off
who() {
	in_pod client "$probe" connect 10.96.0.17 80 |
		sed -E 's/.* reply ([^ ]*) .*/\1/'
}

# One connection of the load was made before and stays.
test_unload() {
	local i
	probe_load "$work/load"
	for i in 1 2 3; do
		rmmod l7mesh
		tap_is "without the module, $i" "$(who)" world
		insmod "$L7MESH_KO"
		configure
		tap_is "with it, $i" "$(who)" be1
	done
	probe_load_is_fine "$work/load" "unloaded and loaded: none fails"
}

test_flush() {
	local i
	probe_load "$work/load"
	for i in 1 2 3; do
		meshctl -n "$node" flush
		sleep 0.3
		apply
	done
	tap_is "configured again ($i times)" "$(who)" be1
	probe_load_is_fine "$work/load" "flushed and configured: none fails"
}

trace_on() {
	local f
	for f in tcp_v4_connect inet_getname; do
		echo "p:l7p_$f $f" >>$tracing/kprobe_events
		echo "r:l7r_$f $f" >>$tracing/kprobe_events
	done
	echo 1 >$tracing/events/kprobes/enable
}

trace_off() {
	echo 0 >$tracing/events/kprobes/enable
	echo >$tracing/kprobe_events
}

# A tracer's probes on the same functions, from before us and from after us, each
# going first and last.
test_kprobes() {
	mountpoint -q $tracing || mount -t tracefs tracefs $tracing
	if [[ ! -e $tracing/kprobe_events ]]; then
		tap_skip "kprobes" "not in this kernel"
		return
	fi
	trace_on
	tap_is "probes come after us" "$(who)" be1
	rmmod l7mesh
	tap_is "we go first" "$(who)" world
	insmod "$L7MESH_KO"
	configure
	tap_is "probes were there before us" "$(who)" be1
	tap_check "they still see calls" grep -q l7p_tcp_v4_connect \
		$tracing/trace
	trace_off
	tap_is "probes go first" "$(who)" be1
	rmmod l7mesh
	tap_is "nobody is left" "$(who)" world
	insmod "$L7MESH_KO"
	configure
}

test_function_graph() {
	if ! grep -q function_graph $tracing/available_tracers; then
		tap_skip "function_graph" "not in this kernel"
		return
	fi
	# Not every function of the kernel: an emulator that is slowed down so
	# much has no time left between two timer interrupts.
	echo tcp_v4_connect >$tracing/set_ftrace_filter
	echo function_graph >$tracing/current_tracer
	tap_is "under function_graph" "$(who)" be1
	echo nop >$tracing/current_tracer
	echo >$tracing/set_ftrace_filter
	tap_is "and after it" "$(who)" be1
}

set_up
test_unload
test_flush
test_kprobes
test_function_graph
tap_end
