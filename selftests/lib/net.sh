#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Pods on a bridge, and what runs in them. Sourced by shell tests, or run as
# "net.sh FUNCTION [ARG...]" by others. For use in the VM.
#
#    +---------+   +---------+   +---------+        each pod is a network
#    |  pod A  |   |  pod B  |   |  pod C  |        namespace of that name
#    |  eth0   |   |  eth0   |   |  eth0   |        10.2.0.N, fd00:2::N
#    +----+----+   +----+----+   +----+----+
#         | veth        | veth        | veth
#    +----+-------------+-------------+----+
#    |  bridge mesh0, 10.2.0.1, fd00:2::1  |        the node's namespace
#    +-------------------------------------+
#
# Virtual IPs (10.96.0.0/16, fd00:96::/64) exist nowhere: a pod's route to them
# is its default route, and the node drops what arrives for them.
#
# Pods of another node, 10.3.0.N and fd00:3::N, are as far as net_far says:
#
#   mesh0 --- wan0 10.4.0.1 --- router --- 10.4.0.6 node2, bridge mesh0 --- pods
#                     10.4.0.2, wan0     wan1, 10.4.0.5
#
# Contract:
#   net_up NAME=N...	pods with the addresses 10.2.0.N and fd00:2::N, N decimal
#			(fd00:2::21 for 21), reachable when it returns
#   net_pod NAME=N	one more
#   net_far NETEM NAME=N...	pods of another node, with the addresses 10.3.0.N and
#			fd00:3::N; NETEM ("delay 1ms rate 1gbit") is what netem
#			does between this node and the router, each way: wan0 is
#			shaped, so that nothing is spliced that a wire is between.
#			Once, after net_up
#   net_kill NAME		kills everything that runs in a pod
#   net_remove NAME	ends a pod with everything that runs in it
#   net_gone N			whether nothing is left of that pod
#   net_in NAME COMMAND...	runs COMMAND in a pod
#   net_hosts NAME LINE	adds a line to the pod's /etc/hosts
#   net_nginx NAME [PORT [LABEL]]	nginx in the pod, which answers LABEL
#			(default NAME). X-Pod: LABEL on every response; /file/
#			serves $NET_DIR/NAME/www, PUT stores there
#   net_haproxy NAME PORT BACKEND	HAProxy in the pod, in front of BACKEND
#   net_python NAME PORT	lib/http_server.py in the pod
#   net_node NAME PORT		lib/node_server.js in the pod
#   net_apache NAME PORT, net_lighttpd NAME PORT, net_varnish NAME PORT
#   net_requests NAME		how many requests nginx or HAProxy has logged
#   net_until SECONDS COMMAND...	waits until COMMAND succeeds; else 1
#   net_down		ends all of it, and the test with a failure if a pod's
#			namespace stays; to be trapped on EXIT
# Servers listen on both families and accept connections when the function
# returns. State is in $NET_DIR, made if unset.

: "${NET_DIR:=$(mktemp -d /tmp/l7mesh-net.XXXXXX)}"
export NET_DIR
mkdir -p "$NET_DIR"
net_lib=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

# Three times as long where numbers are made smaller: that is the debug kernel.
net_until() {
	local end=$((SECONDS + $1 * (${L7MESH_SCALE:-1} > 1 ? 3 : 1) + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

net_in() {
	local pod=$1
	shift
	ip netns exec "$pod" "$@"
}

net_bridge() {
	ip link show mesh0 >/dev/null 2>&1 && return 0
	: >"$NET_DIR/bridge"
	ip -batch - <<-END
		link add mesh0 type bridge forward_delay 0 mcast_snooping 0
		link set mesh0 up
		addr add 10.2.0.1/24 dev mesh0
		addr add fd00:2::1/64 dev mesh0 nodad
	END
}

# A pod's namespace, with a link that it was given, in the network $2.
net_namespace() {
	local pod=${1%%=*} n=${1#*=} network=$2
	mkdir -p "$NET_DIR/$pod"
	echo "10.$network.0.$n" >"$NET_DIR/$pod/address"
	ip -n "$pod" -batch - <<-END
		link set lo up
		link set eth0 up
		addr add 10.$network.0.$n/24 dev eth0
		addr add fd00:$network::$n/64 dev eth0 nodad
		route add default via 10.$network.0.1
		route add default via fd00:$network::1
	END
}

net_pod() {
	local pod=${1%%=*} n=${1#*=}
	ip -batch - <<-END
		netns add $pod
		link add pod$n type veth peer name eth0 netns $pod
		link set pod$n master mesh0 up
	END
	net_namespace "$1" 2
}

# The links between the nodes, and what has to be known for the way there and back.
net_router() {
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -batch - <<-END
		netns add router
		netns add node2
		link add wan0 type veth peer name wan0 netns router
		link set wan0 up
		addr add 10.4.0.1/30 dev wan0
		addr add fd00:4::1/126 dev wan0 nodad
		route add 10.3.0.0/24 via 10.4.0.2
		route add fd00:3::/64 via fd00:4::2
	END
	net_in router sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	ip -n router -batch - <<-END
		link add wan1 type veth peer name wan1 netns node2
		link set wan0 up
		link set wan1 up
		addr add 10.4.0.2/30 dev wan0
		addr add fd00:4::2/126 dev wan0 nodad
		addr add 10.4.0.5/30 dev wan1
		addr add fd00:4::5/126 dev wan1 nodad
		route add 10.2.0.0/24 via 10.4.0.1
		route add fd00:2::/64 via fd00:4::1
		route add 10.3.0.0/24 via 10.4.0.6
		route add fd00:3::/64 via fd00:4::6
	END
	net_in node2 sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	ip -n node2 -batch - <<-END
		link add mesh0 type bridge forward_delay 0 mcast_snooping 0
		link set wan1 up
		link set mesh0 up
		addr add 10.4.0.6/30 dev wan1
		addr add fd00:4::6/126 dev wan1 nodad
		addr add 10.3.0.1/24 dev mesh0
		addr add fd00:3::1/64 dev mesh0 nodad
		route add default via 10.4.0.5
		route add default via fd00:4::5
	END
}

net_far() {
	local netem=$1 pod n
	shift
	: >"$NET_DIR/router"
	net_router
	# shellcheck disable=SC2086 # words
	tc qdisc add dev wan0 root netem $netem
	# shellcheck disable=SC2086
	tc -n router qdisc add dev wan0 root netem $netem
	for pod; do
		n=${pod#*=}
		ip netns add "${pod%%=*}"
		ip -n node2 -batch - <<-END
			link add pod$n type veth peer name eth0 netns ${pod%%=*}
			link set pod$n master mesh0 up
		END
		net_namespace "$pod" 3
	done
}

# A bridge's port forwards a moment after its link is up.
net_forwards() {
	[[ $(<"/sys/class/net/$1/brport/state") == 3 ]]
}

net_up() {
	local pod
	net_bridge
	for pod; do
		net_pod "$pod"
	done
	for pod; do
		net_until 20 net_forwards "pod${pod#*=}" || return 1
	done
}

# A loop forks: one that is not on the list is on the next.
net_kill() {
	local pids
	while pids=$(ip netns pids "$1" 2>/dev/null) && [[ -n $pids ]]; do
		# shellcheck disable=SC2086 # a list
		kill -KILL $pids 2>/dev/null || true
	done
}

# Where the other end is gone already, nobody acknowledges a FIN: TCP would send it
# again for minutes, and the namespace be there as long.
net_remove() {
	local pod=$1
	net_in "$pod" sysctl -qw net.ipv4.tcp_orphan_retries=1 2>/dev/null ||
		return 0
	net_kill "$pod"
	ip netns del "$pod"
	rm -rf "/etc/netns/$pod"
}

# Its link goes with the namespace, which goes with its last process and socket.
net_gone() {
	! ip link show "pod$1" >/dev/null 2>&1
}

net_down() {
	local pod n failed=
	for pod in "$NET_DIR"/*/address; do
		[[ -e $pod ]] || continue
		pod=${pod%/address}
		net_remove "${pod##*/}"
	done
	for pod in "$NET_DIR"/*/address; do
		[[ -e $pod ]] || continue
		n=$(<"$pod")
		n=${n##*.}
		net_until 60 net_gone "$n" && continue
		echo "net.sh: the namespace of pod$n outlives it" >&2
		ip link del "pod$n" 2>/dev/null || true
		failed=1
	done
	[[ ! -e $NET_DIR/bridge ]] || ip link del mesh0 2>/dev/null || true
	[[ ! -e $NET_DIR/router ]] || ip -batch - <<-END
		link del wan0
		netns del router
		netns del node2
	END
	rm -rf "$NET_DIR"
	[[ -z $failed ]] || exit 1
}

net_hosts() {
	local pod=$1 file=/etc/netns/$1/hosts
	shift
	if [[ ! -e $file ]]; then
		mkdir -p "/etc/netns/$pod"
		echo "127.0.0.1 localhost" >"$file"
	fi
	echo "$*" >>"$file"
}

net_nginx_config() {
	local pod=$1 port=$2 label=$3 dir=$4
	cat <<-END
		pid $dir/pid;
		error_log $dir/error.log warn;
		worker_processes 1;
		worker_rlimit_nofile $((2 * ${NET_CONNECTIONS:-4096}));
		events { worker_connections ${NET_CONNECTIONS:-4000}; }
		http {
			log_format pod '\$request_method \$request_uri \$status';
			access_log $dir/access.log pod;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			client_max_body_size 0;
			keepalive_requests 100000000;
			keepalive_timeout 300s;
			large_client_header_buffers 8 64k;
			default_type text/plain;
			add_header X-Pod $label always;
			server {
				listen $port backlog=4000;
				listen [::]:$port backlog=4000;
				location / { return 200 "$label\n"; }
				location /file/ {
					alias $dir/www/;
					dav_methods PUT;
				}
			}
		}
	END
}

# Its sockets listen before the parent leaves.
net_nginx() {
	local pod=$1 port=${2:-8080} label=${3:-$1} dir=$NET_DIR/$1
	mkdir -p "$dir/www"
	chmod 755 "$NET_DIR"
	chmod 777 "$dir/www"
	net_nginx_config "$pod" "$port" "$label" "$dir" >"$dir/nginx.conf"
	net_in "$pod" nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
}

net_haproxy() {
	local pod=$1 port=$2 backend=$3 dir=$NET_DIR/$1
	cat >"$dir/haproxy.cfg" <<-END
		global
			maxconn 2000
			pidfile $dir/haproxy.pid
		defaults
			mode http
			timeout connect 10s
			timeout client 60s
			timeout server 60s
		frontend in
			bind :::$port v4v6
			http-response set-header X-Proxy $pod
			default_backend out
		backend out
			server one $backend
	END
	net_in "$pod" haproxy -D -q -f "$dir/haproxy.cfg"
}

net_listens() {
	[[ -n $(net_in "$1" ss -Hltn "sport = :$2") ]]
}

net_python() {
	local pod=$1 port=$2
	net_in "$pod" python3 "$net_lib/http_server.py" "$pod" "$port" \
		>"$NET_DIR/$pod/python.log" 2>&1 &
	net_until 60 net_listens "$pod" "$port"
}

net_node() {
	local pod=$1 port=$2
	net_in "$pod" node "$net_lib/node_server.js" "$pod" "$port" \
		>"$NET_DIR/$pod/node.log" 2>&1 &
	net_until 60 net_listens "$pod" "$port"
}

# Each answers any path with the pod's name.
net_page() {
	mkdir -p "$NET_DIR/$1/www"
	chmod 755 "$NET_DIR" "$NET_DIR/$1" "$NET_DIR/$1/www"
	echo "$1" >"$NET_DIR/$1/www/page.txt"
}

net_apache() {
	local pod=$1 port=$2 dir=$NET_DIR/$1 modules=/usr/lib/apache2/modules
	net_page "$pod"
	cat >"$dir/apache.conf" <<-END
		ServerRoot $dir
		ServerName $pod
		PidFile $dir/apache.pid
		ErrorLog $dir/error.log
		Listen $port
		User www-data
		Group www-data
		LoadModule mpm_event_module $modules/mod_mpm_event.so
		LoadModule alias_module $modules/mod_alias.so
		LoadModule mime_module $modules/mod_mime.so
		LoadModule authz_core_module $modules/mod_authz_core.so
		TypesConfig /dev/null
		StartServers 1
		ThreadsPerChild 25
		AliasMatch ^/ $dir/www/page.txt
		<Location />
			Require all granted
		</Location>
	END
	net_in "$pod" apache2 -f "$dir/apache.conf" -k start
	net_until 60 net_listens "$pod" "$port"
}

net_lighttpd() {
	local pod=$1 port=$2 dir=$NET_DIR/$1
	net_page "$pod"
	cat >"$dir/lighttpd.conf" <<-END
		server.modules = ("mod_rewrite")
		server.port = $port
		server.document-root = "$dir/www"
		server.errorlog = "$dir/error.log"
		url.rewrite-once = ("" => "/page.txt")
	END
	net_in "$pod" lighttpd -f "$dir/lighttpd.conf"
	net_until 60 net_listens "$pod" "$port"
}

net_varnish() {
	local pod=$1 port=$2 dir=$NET_DIR/$1
	mkdir -p "$dir"
	cat >"$dir/pod.vcl" <<-END
		vcl 4.1;
		backend default none;
		sub vcl_recv { return (synth(200)); }
	END
	net_in "$pod" varnishd -j none -n "$dir/work" -a ":$port" \
		-f "$dir/pod.vcl" -s malloc,16m -p thread_pool_min=20 \
		>"$dir/varnish.log" 2>&1
	net_until 120 net_listens "$pod" "$port"
}

net_requests() {
	wc -l <"$NET_DIR/$1/access.log"
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || "$@"
