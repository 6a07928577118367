# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The mesh's counters, and a client that counts too, for shell tests. Sourced, after
# net.sh. Contract:
#   counter NAME	its value
#   counters_begin	from now on they grow
#   counters_grown REGEX	by how much those whose names match have, together
#   load_build		builds $NET_DIR/http_load (lib/http_load.c)
#   load_said WHAT FILE	a number of what it wrote there ("ok 100000")

counter() {
	meshctl -j stats | jq ".counters.$1"
}

counters_begin() {
	meshctl -j stats >"$NET_DIR/counters"
}

counters_grown() {
	jq -s "map([.counters | to_entries[] | select(.key | test(\"$1\")).value]
		| add) | .[1] - .[0]" "$NET_DIR/counters" <(meshctl -j stats)
}

load_build() {
	# shellcheck disable=SC2154 # net.sh's
	gcc -O2 -o "$NET_DIR/http_load" "$net_lib/http_load.c"
}

load_said() {
	awk -v what="$1" '$1 == what { print $2 }' "$2"
}
