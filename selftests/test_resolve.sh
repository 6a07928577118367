#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 80
#
# Clusters whose endpoints are a name's addresses: asked for by apply, kept fresh by
# "meshctl resolve", with dnsmasq as the server. In the VM.

set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" || exit 1
# shellcheck source=selftests/lib/tap.sh
. lib/tap.sh

command -v meshctl >/dev/null || tap_skip_all "there is no meshctl"
command -v dnsmasq >/dev/null || tap_skip_all "dnsmasq is not installed"
[[ -d /sys/module/l7mesh ]] || tap_skip_all "the module is not loaded"

temporary=$(mktemp -d)
chmod 755 "$temporary"
server=
service=
monitor=

# shellcheck disable=SC2317 # the trap's
cleanup() {
	kill ${server:+"$server"} ${service:+"$service"} ${monitor:+"$monitor"} \
		2>/dev/null
	meshctl flush
	umount /etc/resolv.conf 2>/dev/null
	rm -rf "$temporary"
}
trap cleanup EXIT

# Answers from the file "hosts" hold for 1 s, those of the command line longer.
serve() {
	dnsmasq --keep-in-foreground --port=53 --listen-address=127.0.0.1 \
		--bind-interfaces --conf-file=/dev/null --no-resolv --no-hosts \
		--user=root --pid-file= --local-ttl=1 --local=/test/ \
		--addn-hosts="$temporary/hosts" --log-queries \
		--log-facility="$temporary/queries" \
		--host-record=long.test,10.9.0.9,3600 &
	server=$!
	within 50 answers
}

# shellcheck disable=SC2317 # within's
answers() {
	(exec 3<>/dev/tcp/127.0.0.1/53) 2>/dev/null
}

# within TRIES COMMAND...: it succeeds at last; a try is 0.2 s.
within() {
	local tries=$1
	shift
	while ! "$@"; do
		((tries-- > 0)) || return 1
		sleep 0.2
	done
}

# hosts LINE...: what the server knows from now on.
hosts() {
	local before
	before=$(reads)
	printf '%s\n' "$@" >"$temporary/hosts"
	kill -HUP "$server"
	within 300 has_read $((before + 1))
}

reads() {
	grep -c "read $temporary/hosts" "$temporary/queries"
}

# shellcheck disable=SC2317 # within's
has_read() {
	(($(reads) >= $1))
}

# The addresses that a cluster has, in one line.
addresses() {
	meshctl -j show endpoint "$1" 2>/dev/null | jq -r '.[].address' | sort | paste -sd ' '
}

# shellcheck disable=SC2317 # within's
has() {
	[[ $(addresses "$1") == "$2" ]]
}

# becomes NAME CLUSTER ADDRESSES
becomes() {
	within 150 has "$2" "$3"
	tap_is "$1" "$(addresses "$2")" "$3"
}

# shellcheck disable=SC2317 # within's
has_events() {
	(($(wc -l <"$temporary/events") >= $1))
}

# How often the server was asked for IPv4 addresses of a name.
asked() {
	grep -c "query\[A\] $1 " "$temporary/queries"
}

# shellcheck disable=SC2317 # within's
asked_often() {
	(($(asked "$1") >= $2))
}

ip link set lo up
: >"$temporary/queries"
echo "nameserver 127.0.0.1" >"$temporary/resolv.conf"
mount --bind "$temporary/resolv.conf" /etc/resolv.conf ||
	tap_skip_all "/etc/resolv.conf cannot be replaced"
# What nothing can be reached at is left out.
printf '%s\n' "10.9.0.1 web.test" "10.9.0.2 web.test" "fd00:9::1 web.test" \
	"0.0.0.0 web.test" "::ffff:10.9.0.1 web.test" \
	"10.9.1.1 one.test" "10.9.1.2 one.test" >"$temporary/hosts"
serve

cat >"$temporary/mesh.yaml" <<'EOF'
clusters:
- {name: long, dns: {name: long.test, port: 80, refresh: 100ms}}
- {name: one, dns: {name: one.test, port: 81, refresh: 100ms, logical: true}}
- {name: v4, dns: {name: web.test, port: 80, refresh: 1m, family: ipv4}}
- {name: v4first, dns: {name: web.test, port: 80, refresh: 1m, family: ipv4_first}}
- {name: v6, dns: {name: web.test, port: 80, refresh: 1m, family: ipv6}}
- {name: v6first, dns: {name: one.test, port: 80, refresh: 1m, family: ipv6_first}}
- {name: web, dns: {name: web.test, port: 8080, refresh: 100ms}}
route_tables: []
listeners:
- {name: l, address: 10.96.9.1, port: 80, protocol: tcp, cluster: v4}
EOF
none='the answer 0.0.0.0 is an address of "this network"'
mapped="the answer ::ffff:10.9.0.1 is an IPv4-mapped address: write the IPv4 address"
tap_is "apply asks for names, and says which answers are no endpoints" \
	"$(meshctl apply -f "$temporary/mesh.yaml" 2>&1 | sort)" \
	"meshctl: cluster v4: web.test: $none
meshctl: cluster v4first: web.test: IPv4: $none; IPv6: $mapped
meshctl: cluster v6: web.test: $mapped
meshctl: cluster web: web.test: IPv4: $none; IPv6: $mapped"
tap_is "all addresses are endpoints" "$(addresses web)" \
	"10.9.0.1 10.9.0.2 fd00:9::1"
tap_is "with the port" \
	"$(meshctl -j show endpoint web | jq -c 'map(.port) | unique')" "[8080]"
tap_is "family: ipv4" "$(addresses v4)" "10.9.0.1 10.9.0.2"
tap_is "family: ipv6" "$(addresses v6)" "fd00:9::1"
tap_is "family: ipv4_first" "$(addresses v4first)" "10.9.0.1 10.9.0.2"
tap_is "family: ipv6_first, of a name that has none" "$(addresses v6first)" \
	"10.9.1.1 10.9.1.2"
one=$(addresses one)
tap_is "a logical name is one address" "$(wc -w <<<"$one")" 1
meshctl export >"$temporary/exported.yaml"
tap_is "export gives back the file" \
	"$(sort "$temporary/exported.yaml" | grep -v '^route_tables')" \
	"$(sort "$temporary/mesh.yaml" | grep -v '^route_tables')"
tap_is "diff does not see what was resolved" \
	"$(meshctl diff --exit-code -f "$temporary/mesh.yaml")" ""
tap_is "dry-run says what apply would change" \
	"$(meshctl apply --dry-run -f "$temporary/exported.yaml")" ""

meshctl monitor >"$temporary/events" &
monitor=$!
hosts "10.9.0.2 web.test" "10.9.0.3 web.test" "fd00:9::2 web.test" \
	"10.9.1.1 one.test" "10.9.1.2 one.test"
meshctl resolve --once >"$temporary/said"
tap_is "resolve --once" "$(addresses web)" "10.9.0.2 10.9.0.3 fd00:9::2"
tap_is "which says what it does" "$(grep ' web ' "$temporary/said" | sort)" \
	"add endpoint web 10.9.0.3:8080
add endpoint web [fd00:9::2]:8080
del endpoint web 10.9.0.1:8080
del endpoint web [fd00:9::1]:8080"
tap_is "a logical name keeps its address" "$(addresses one)" "$one"
meshctl del endpoint v6 "[fd00:9::2]:80"
meshctl resolve --once >"$temporary/said"
within 50 has_events 5
tap_is "all of it is one transaction, one endpoint alone a change of one object" \
	"$(sed 's/generation .*/generation/' "$temporary/events")" \
	"changed generation
del endpoint v6 [fd00:9::2]:80
changed generation
$(<"$temporary/said")
changed generation"

# many_of NETWORK: that many.test has 500 addresses, in lines.
many_of() {
	local i
	mapfile -t lines < <(for i in {0..499}; do
		echo "$1.$((i / 200)).$((i % 200 + 1)) many.test"
	done)
}

# How many endpoints the cluster "many" has, and of which networks.
counted() {
	meshctl -j show endpoint many | jq -r '.[].address' | cut -d. -f1,2 | sort |
		uniq -c | sed 's/^ *//'
}

# shellcheck disable=SC2317 # within's
has_many() {
	[[ $(counted) == "$1" ]]
}

cat >"$temporary/three.yaml" <<'EOF'
clusters:
- {name: half, dns: {name: half.example, port: 80}}
- {name: many, dns: {name: many.test, port: 80, refresh: 100ms, family: ipv4}}
- {name: sink, dns: {name: sink.test, port: 80, refresh: 100ms, family: ipv4}}
EOF
many_of 10.40
hosts "${lines[@]}" "10.9.3.1 sink.test" "10.9.2.1 half.example"
meshctl apply -f "$temporary/three.yaml" 2>"$temporary/errors"
tap_check "what one family is not answered is said" \
	grep -q 'cluster half: half.example: IPv6: ' "$temporary/errors"
tap_is "and the other has its endpoints" "$(addresses half)" "10.9.2.1"
tap_is "with -j it is an event" "$(meshctl -j resolve --once |
	jq -r 'select(.reason // "" | startswith("IPv6: ")) | .event + " " + .cluster')" \
	"warning half"
tap_is "500 addresses" "$(counted)" "500 10.40"
many_of 10.41
hosts "${lines[@]}" "10.9.3.1 sink.test" "10.9.2.1 half.example"
before=$(wc -l <"$temporary/events")

# shellcheck disable=SC2317 # within's
says_what_changed() {
	meshctl resolve --once >"$temporary/said" 2>"$temporary/errors"
	[[ -s $temporary/said ]]
}

# A busy machine may not have all answers in time, at first.
within 20 says_what_changed
within 50 has_events $((before + 1))
tap_is "500 others take their place at once" \
	"$(counted), $(wc -l <"$temporary/said"), $(tail -n "+$((before + 1))" \
		"$temporary/events" | sed 's/ [0-9]*$//')" \
	"500 10.41, 1000, changed generation"

# There is no room for what is new.
limit=/sys/module/l7mesh/parameters/config_bytes_max
bytes=$(<$limit)
many_of 10.42
hosts "${lines[@]}" "10.9.3.2 sink.test" "10.9.2.1 half.example"
echo 4096 >$limit

# shellcheck disable=SC2317 # within's
refused_twice() {
	local status=0
	meshctl resolve --once >"$temporary/said" 2>"$temporary/errors" ||
		status=$?
	((status == 2 && $(grep -c 'the kernel refused: .*; its endpoints stay as they are$' \
		"$temporary/errors") == 2))
}

tap_check "what is new is refused, which is said of each cluster" \
	within 20 refused_twice
tap_is "and all that was there stays" \
	"$(counted) $(addresses sink) $(<"$temporary/said")" \
	"500 10.41 10.9.3.1 "
meshctl resolve >"$temporary/said" 2>"$temporary/errors" &
service=$!
within 50 grep -q 'cluster sink: .* refused' "$temporary/errors"
echo "$bytes" >$limit
becomes "and it is tried again" sink "10.9.3.2"
within 150 has_many "500 10.42"
tap_is "for all of them" "$(counted)" "500 10.42"

# Some servers answer so for names that are not wanted.
hosts "0.0.0.0 sink.test" "127.0.0.1 many.test"
within 150 grep -q 'cluster sink: sink.test: the answer 0.0.0.0 is ' \
	"$temporary/errors"
before=$(asked sink.test)
within 100 asked_often sink.test $((before + 3))
tap_is "where no answer can be an endpoint those that are there stay" \
	"$(addresses sink)" "10.9.3.2"
tap_is "which is said once" \
	"$(grep -c 'cluster sink: sink.test: the answer' "$temporary/errors")" 1
becomes "other answers are obeyed" many "127.0.0.1"
kill "$service"
wait "$service"
service=
hosts "10.9.0.2 web.test" "10.9.0.3 web.test" "fd00:9::2 web.test" \
	"10.9.1.1 one.test" "10.9.1.2 one.test"
meshctl apply -f "$temporary/mesh.yaml" 2>"$temporary/warnings"
one=$(addresses one)

long=$(asked long.test)
before=$(asked web.test)
meshctl resolve >"$temporary/said" 2>"$temporary/errors" &
service=$!
# It asks for all to begin with, and then for those whose time has come.
within 100 asked_often web.test $((before + 6))
hosts "10.9.0.4 web.test" "10.9.1.3 one.test"
becomes "resolve follows a name" web "10.9.0.4"
becomes "and a logical one" one "10.9.1.3"
tap_is "not before its time" "$(addresses v4)" "10.9.0.2 10.9.0.3"
before=$(asked web.test)
within 100 asked_often web.test $((before + 3))
tap_is "an answer holds for its time to live" "$(asked long.test)" $((long + 1))
meshctl add cluster late dns_name web.test dns_port 9090
becomes "a cluster that comes has endpoints" late "10.9.0.4"
meshctl set cluster late dns_name one.test dns_port 9091
becomes "and others with another name" late "10.9.1.3"
meshctl del cluster late
hosts ""
becomes "no such name is no endpoint" web ""
tap_is "but of a logical one the last is kept" "$(addresses one)" "10.9.1.3"
hosts "10.9.0.5 web.test"
becomes "and then there is one again" web "10.9.0.5"

kill "$server"
wait "$server" 2>/dev/null
within 150 grep -q 'cluster web: web.test: ' "$temporary/errors"
tap_is "a server that fails leaves the last answer" "$(addresses web)" "10.9.0.5"
meshctl apply -f "$temporary/mesh.yaml" 2>"$temporary/warnings"
tap_is "so does apply" "$? $(addresses web)" "0 10.9.0.5"
tap_check "with a warning" grep -q 'cluster web: web.test: ' \
	"$temporary/warnings"
echo "10.9.0.6 web.test" >"$temporary/hosts"
serve
becomes "and when it is back all goes on" web "10.9.0.6"

{
	echo "clusters:"
	for i in {1..300}; do
		echo "- {name: c$i, dns: {name: n$i.test, port: 80}}"
	done
} >"$temporary/many.yaml"
mapfile -t lines < <(for i in {1..300}; do
	echo "10.8.$((i / 200)).$((i % 200)) n$i.test"
done)
hosts "${lines[@]}"
meshctl apply -f "$temporary/many.yaml" 2>>"$temporary/warnings"
tap_is "many names" "$(meshctl -j show endpoint | jq -r '.[].address' |
	sort -u | wc -l)" 300

kill "$service"
wait "$service"
tap_is "SIGTERM ends it" "$?" 0
service=

tap_end
