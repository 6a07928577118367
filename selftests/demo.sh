#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What l7mesh does, shown on real programs. Run by "make demo" in the VM:
#
#   demo.sh [--keep]
#
#   --keep	stay at a shell afterwards, with all of it in place
#
# It checks what it prints: exit 1 if another pod than the expected one answers.

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck source=selftests/lib/net.sh
. "$here/lib/net.sh"

wrong=0
bold='' green='' red='' dim='' plain=''
if [[ -t 1 ]]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[m'
fi

title() {
	printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"
}

verdict() {
	if [[ $1 == "$2" ]]; then
		printf '%sok%s\n' "$green" "$plain"
	else
		printf '%snot %s%s\n' "$red" "$2" "$plain"
		wrong=$((wrong + 1))
	fi
}

picture() {
	cat <<-'END'
	  +-- pod client ------------+     shop.example     10.96.0.10, fd00:96::10
	  |  curl, plain             |     ratings.example  10.96.0.10
	  |  | connect(10.96.0.10)   |     raw.example      10.96.0.11
	  |  v                       |     Nobody has these addresses, and nothing
	  |  l7mesh, in the kernel   |     translates packets: no NAT, no proxy
	  |  | pooled connections    |     process, no iptables.
	  +--|-----------------------+
	     |
	  ===+======= bridge mesh0, 10.2.0.0/24 ===================================
	     |          |          |             |             |             |
	 frontend    catalog    ratings     reviews-v1    reviews-v2    reviews-v3
	   .21         .22        .23           .31           .32           .33
	                        six pods, each with nginx
	END
}

set_up() {
	local pod
	net_up client=10 frontend=21 catalog=22 ratings=23 \
		reviews-v1=31 reviews-v2=32 reviews-v3=33
	for pod in frontend catalog ratings reviews-v1 reviews-v2 reviews-v3; do
		net_nginx "$pod"
	done
	net_hosts client "10.96.0.10 shop.example eu.shop.example ratings.example"
	net_hosts client "fd00:96::10 shop.example"
	net_hosts client "10.96.0.11 raw.example"
	meshctl apply -f "$here/demo.yaml"
	meshctl attach client
}

# request WANTED WHY CURL-ARGUMENT...: one line of the table.
request() {
	local wanted=$1 why=$2 got shown pod status argument
	shift 2
	got=$(net_in client curl -s -o /dev/null -m 60 \
		-w '%header{x-pod} %{http_code}' "$@") || true
	read -r pod status <<<"$got" || true
	if [[ -z ${status:-} ]]; then
		pod="l7mesh:$pod"
	fi
	shown="curl"
	for argument; do
		[[ $argument != *" "* ]] || argument="'$argument'"
		shown+=" $argument"
	done
	printf '  %-46s %-10s ' "${shown//http:\/\//}" "$pod"
	verdict "$pod" "$wanted"
	printf '    %s%s%s\n' "$dim" "$why" "$plain"
}

requests() {
	title "Requests, by host, path, method and header"
	request frontend "no other route matches" -4 http://shop.example/
	request frontend "the same virtual host by IPv6" -6 http://shop.example/
	request catalog "path prefix /catalog" http://shop.example/catalog/shoes
	request frontend "/catalogue is another segment than /catalog" \
		http://shop.example/catalogue
	request catalog "domain *.shop.example" http://eu.shop.example/catalog
	request ratings "domain ratings.example" http://ratings.example/
	request ratings "method POST and path prefix /ratings" \
		-d stars=5 http://shop.example/ratings
	request frontend "GET is no POST" http://shop.example/ratings
	request reviews-v3 "header x-canary: 1" \
		-H "x-canary: 1" http://shop.example/reviews
	request l7mesh:200 "direct response" http://shop.example/health
	request l7mesh:301 "redirect" http://shop.example/old
	request catalog "redirect, followed" -L http://shop.example/old
	request l7mesh:404 "no such host" -H "Host: nobody" http://shop.example/
	request catalog "protocol tcp: straight to the endpoint" \
		http://raw.example:8080/
}

# One of many requests of one curl, in its file's language.
curl_of() {
	printf 'url = "http://shop.example%s"\nheader = "x-user: %s"\n' \
		"$2" "$1"
	echo next
}

net_curl() {
	sed '$d' >"$NET_DIR/curl"
	net_in client curl -s -4 -K "$NET_DIR/curl"
}

# ask USERS PATH: the pods that answered users 1 to USERS, one a line, in order.
ask() {
	local i
	for ((i = 1; i <= $1; i++)); do
		curl_of "u$i" "$2"
	done | net_curl
}

# chart FILE: how often each pod answered.
chart() {
	local total count pod bar
	total=$(wc -l <"$1")
	sort "$1" | uniq -c | while read -r count pod; do
		printf -v bar '%*s' $(((count * 50 + total / 2) / total)) ''
		printf '  %-12s %5d  %s%s%s\n' "$pod" "$count" "$green" \
			"${bar// /#}" "$plain"
	done
}

# share FILE POD LEAST MOST
share() {
	local count
	count=$(grep -cx "$2" "$1") || true
	if ((count < $3 || count > $4)); then
		echo "  $red$2 has $count, expected $3 to $4$plain"
		wrong=$((wrong + 1))
	fi
}

maglev() {
	local before=$NET_DIR/before after=$NET_DIR/after pod n got moved lost
	title "1,000 users of /reviews: Maglev by header x-user"
	ask 1000 /reviews >"$before"
	chart "$before"
	for pod in reviews-v1 reviews-v2 reviews-v3; do
		share "$before" $pod 280 390
	done

	title "The same user, the same pod"
	for n in 1 2 3; do
		pod=$(sed -n "${n}p" "$before")
		got=$(for _ in 1 2 3 4 5; do
			curl_of "u$n" /reviews
		done | net_curl | uniq -c | xargs)
		printf '  u%d: %-20s ' "$n" "$got"
		verdict "$got" "5 $pod"
	done

	title "reviews-v2 goes: meshctl del endpoint reviews 10.2.0.32:8080"
	meshctl del endpoint reviews 10.2.0.32:8080
	ask 1000 /reviews >"$after"
	chart "$after"
	share "$after" reviews-v2 0 0
	lost=$(grep -cx reviews-v2 "$before")
	moved=$(paste -d ' ' "$before" "$after" |
		awk '$1 != "reviews-v2" && $1 != $2' | wc -l)
	echo
	echo "  Its $lost users have moved, and $moved of the other $((1000 - lost))."
	((moved <= 100)) || wrong=$((wrong + 1))
	meshctl apply -f "$here/demo.yaml"
}

rollout() {
	title "200 requests of /rollout: weights 90 and 10"
	ask 200 /rollout >"$NET_DIR/rollout"
	chart "$NET_DIR/rollout"
	share "$NET_DIR/rollout" reviews-v2 1 60
}

main() {
	local keep=${1:-}
	trap net_down EXIT
	title "l7mesh: HTTP routed in the kernel"
	picture
	set_up
	requests
	maglev
	rollout
	title "meshctl show"
	meshctl show
	title "meshctl stats"
	meshctl stats | awk 'NF != 2 || $2 != 0'
	echo
	if [[ $wrong == 0 ]]; then
		echo "${green}Everything was as expected.$plain"
	else
		echo "$red$wrong of this was not as expected.$plain"
	fi
	if [[ $keep == --keep ]]; then
		echo
		echo "This is a shell in the VM. Try:"
		echo "  ip netns exec client curl shop.example/reviews"
		echo "  meshctl show;  meshctl stats;  meshctl help"
		echo "It ends with exit."
		PS1='l7mesh-vm:\w# ' bash --norc -i || true
	fi
	return $((wrong > 0))
}

main "$@"
