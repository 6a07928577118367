#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 100
#
# meshctl against the module, in the VM: every kind added, changed, removed and
# shown; files applied, exported, compared; the kernel's refusals; namespaces;
# events; a mesh of 10,000 listeners and 50,000 endpoints.

set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/meshctl" || exit 1
# shellcheck source=selftests/lib/tap.sh
. ../lib/tap.sh

command -v meshctl >/dev/null || tap_skip_all "there is no meshctl"
[[ -d /sys/module/l7mesh ]] || tap_skip_all "the module is not loaded"

temporary=$(mktemp -d)
pod=meshctl$$
monitor=

# shellcheck disable=SC2317 # the trap's
cleanup() {
	[[ -z $monitor ]] || kill "$monitor" 2>/dev/null
	meshctl flush
	ip netns del "$pod" 2>/dev/null
	rm -rf "$temporary"
}
trap cleanup EXIT

# does ARG...: this succeeds and says nothing.
does() {
	tap_is "meshctl $*" "$(tap_outcome meshctl "$@")" "0 "
}

# refused TEXT ARG...: the kernel refuses this with this text.
refused() {
	local text=$1
	shift
	tap_is "refused: $*" "$(tap_outcome meshctl "$@")" \
		"2 meshctl: the kernel refused: $text"
}

# lists WANTED KIND [KEY...]: what "show KIND" prints, blanks squeezed, no heading.
lists() {
	local wanted=$1
	shift
	tap_is "show $*" "$(meshctl show "$@" | tail -n +2 | tr -s ' ' |
		sed 's/ $//')" "$wanted"
}

# asks FILTER WANTED ARG...: what jq finds in the JSON of a command.
asks() {
	local filter=$1 wanted=$2
	shift 2
	tap_is "-j $*: $filter" "$(meshctl -j "$@" | jq -c "$filter")" "$wanted"
}

meshctl flush
ip netns add "$pod"

# One object at a time.
does add cluster pg lb round_robin table_size 251 hash header:X-User \
	hash source_address connect_timeout 1s max_idle 3
lists "pg round_robin 251 header:x-user source_address 1s 15s 1m 3 -" cluster
does set cluster pg lb maglev hash none
lists "pg maglev 251 - 1s 15s 1m 3 -" cluster pg
does set cluster pg subset v1:version=v1 subset 'v2:version=v2,stage=' \
	subset_fallback any_endpoint
lists "pg maglev 251 - 1s 15s 1m 3 subset v1:version=v1 subset v2:version=v2,stage= subset_fallback any_endpoint" \
	cluster pg
does set cluster pg subset none subset_fallback none session_cookie sid \
	session_path /a
lists "pg maglev 251 - 1s 15s 1m 3 session_cookie sid session_path /a" \
	cluster pg
does set cluster pg session_affinity none
lists "pg maglev 251 - 1s 15s 1m 3 -" cluster pg
does set cluster pg lb ring_hash ring_min 10 hash cookie:a hash cookie:b,ttl=0 \
	hash cookie:c,ttl=9,path=/x hash 'query:q' hash path
lists "pg ring_hash 251 cookie:a cookie:b,ttl=0 cookie:c,ttl=9,path=/x query:q path 1s 15s 1m 3 ring_min 10" cluster pg
does set cluster pg lb maglev ring_min 1024 hash none
does add endpoint pg 10.2.0.21:5432
does add endpoint pg '[fd00:2::21]:5432' weight 2
does set endpoint pg 10.2.0.21:5432 weight 7 metadata version=v1,x=
asks '.[0].metadata' '"version=v1,x="' show endpoint pg
asks 'map([.address, .weight]) | sort' \
	'[["10.2.0.21",7],["fd00:2::21",2]]' show endpoint pg
does del endpoint pg '[FD00:2:0::21]:5432'
does add listener db '[fd00:96::11]:5432' protocol tcp cluster pg
does add listener legacy 10.96.0.12:0 protocol tcp proxy 127.0.0.1:15001
lists "db [fd00:96::11]:5432 tcp cluster pg -" listener db
lists "legacy 10.96.0.12:0 tcp proxy 127.0.0.1:15001 -" listener legacy
does set listener db '[fd00:96::12]:5433' idle_timeout 90s
lists "db [fd00:96::12]:5433 tcp cluster pg idle_timeout 90s" listener db
does set listener legacy cluster pg
lists "legacy 10.96.0.12:0 tcp cluster pg -" listener legacy
does set listener legacy 10.96.0.12:8000-8010 from 10.0.0.0/8 from 192.0.2.0/24 \
	addresses 10.96.0.13
lists "legacy 10.96.0.12:8000-8010 tcp cluster pg addresses 10.96.0.13 from 10.0.0.0/8 from 192.0.2.0/24" \
	listener legacy
asks '.[0] | [.port, .port_end, .addresses, .from]' \
	'[8000,8010,["10.96.0.13"],["10.0.0.0/8","192.0.2.0/24"]]' show listener legacy
does set listener legacy packets true interface tap0
lists "legacy 10.96.0.12:8000-8010 tcp cluster pg addresses 10.96.0.13 from 10.0.0.0/8 from 192.0.2.0/24 interface tap0 packets true" \
	listener legacy
does set listener legacy 10.96.0.12:0 from none addresses none interface '' packets false
lists "legacy 10.96.0.12:0 tcp cluster pg -" listener legacy
asks '.[0] | [.port_end, .addresses, .from, .interface]' '[0,null,null,null]' \
	show listener legacy
does set listener legacy max_body_bytes 9223372036854775807 upgrade any \
	trusted_hops 3 x_forwarded_for false headers_timeout 10s
lists "legacy 10.96.0.12:0 tcp cluster pg max_body_bytes 9223372036854775807 upgrade any x_forwarded_for false trusted_hops 3" \
	listener legacy
asks '.[0] | [.max_body_bytes == 9223372036854775807, .normalize_path, .upgrade]' \
	'[true,false,"any"]' show listener legacy
does add route_table shop
does add virtual_host shop/h domain shop.example domain '*.Shop.example'
lists "shop/h shop.example *.shop.example -" virtual_host shop
does set virtual_host shop/h domain '*'
does add route shop/h path_prefix /a method GET header X-Canary=1 \
	header '!x-b' header 'cookie^=a' query v=2 cluster pg
does add route shop/h direct_response 200 body 'it works'
does add route shop/h 1 path_exact /old redirect_path /new status 308
does add route shop/h 1 match any weighted pg=1
lists "shop/h 0 path_prefix /a method GET header x-canary=1 header '!x-b' header cookie^=a query v=2 cluster pg -
shop/h 1 - weighted pg=1 -
shop/h 2 path_exact /old redirect_path /new redirect_scheme same strip_query false status 308 -
shop/h 3 - direct_response 200 body 'it works' -" route
does set cluster pg subset v1:version=v1
does set route shop/h 1 cluster pg subset v1
lists "shop/h 1 - cluster pg subset v1 -" route shop/h 1
does set route shop/h 1 weighted 'pg=1
subset=v1
request_header=set:a=b'
asks '.[0].action' \
	'{"weighted_clusters":[{"name":"pg","weight":1,"subset":"v1","request_headers":[{"name":"a","value":"b","op":"set"}]}]}' \
	show route shop/h 1
does set route shop/h 1 path_prefix /w
does set route shop/h 1 redirect_host new.example
lists "shop/h 1 path_prefix /w redirect_host new.example redirect_scheme same strip_query false status 301 -" \
	route shop/h 1
does set route shop/h 1 path_template '/u/{id}' header 'a$=s' header 'b*=c=d' \
	header 'c~=x|y=' header '!d@=-5..7' header '!e=f' query 'q@=0..1' \
	source fd00::/8 source_netns 7 listener web fraction 0.05% \
	cluster_header X-C rewrite_template '/{id}' rewrite_host h:1
does set route shop/h 1 request_header set:x-a=b=c \
	request_header 'add:x-b=%PROTOCOL% 1' request_header remove:x-c \
	response_header add_if_absent:x-d=e cors_origin '*' cors_max_age 5 \
	timeout 2s retry_on 5xx,connect_failure retry_status 409,404 num_retries 3 \
	per_try_timeout 1s hedge_on_per_try_timeout true
lists "shop/h 1 path_template '/u/{id}' header 'a$=s' header 'b*=c=d' header 'c~=x|y=' header '!d@=-5..7' header '!e=f' query q@=0..1 source fd00::/8 source_netns 7 listener web fraction 0.05% cluster_header x-c rewrite_host h:1 rewrite_template '/{id}' request_header set:x-a=b=c request_header 'add:x-b=%PROTOCOL% 1' request_header remove:x-c response_header add_if_absent:x-d=e cors_origin '*' cors_max_age 5 timeout 2s retry_on connect_failure,5xx retry_status 409,404 num_retries 3 per_try_timeout 1s hedge_on_per_try_timeout true" \
	route shop/h 1
does set route shop/h 1 max_tokens 5 limit_header X-A fault_delay 1s \
	delay_fraction 10%
asks '.[0] | [.rate_limit.header, .rate_limit.fill_interval, .fault]' \
	'["x-a","1s",{"delay":"1s","delay_fraction":"10%","abort_fraction":"100%","rate_fraction":"100%","by_header":false}]' \
	show route shop/h 1
does set route shop/h 1 rate_limit none fault none
asks '.[0].retry | [.on, .status, .backoff, .avoid_previous_hosts, .hedge_on_per_try_timeout]' \
	'["connect_failure,5xx","409,404","25ms",true,true]' show route shop/h 1
does set route shop/h 1 cors none request_header none response_header none \
	timeout 0s retry none
asks '.[0] | [.cors, .retry, .timeout, .request_headers, .match.fraction, .match.headers[3]]' \
	'[null,null,"0s",null,"0.05%",{"name":"d","range":{"start":-5,"end":7},"invert":true}]' \
	show route shop/h 1
does set virtual_host shop/h order specific request_header remove:x-a
asks '.[0] | [.order, .request_headers]' \
	'["specific",[{"name":"x-a","op":"remove"}]]' show virtual_host shop/h
does set route shop/h 2 weighted $'pg=9\nrequest_header=set:x-a=b=c, d\nresponse_header=remove:x-e' weighted pg=1
asks '.[0].action.weighted_clusters' \
	'[{"name":"pg","weight":9,"request_headers":[{"name":"x-a","value":"b=c, d","op":"set"}],"response_headers":[{"name":"x-e","op":"remove"}]},{"name":"pg","weight":1}]' \
	show route shop/h 2
does del route shop/h 2
asks 'map(.index)' '[0,1,2]' show route
does add listener web 10.96.0.10:80 protocol http route_table shop
does set listener web protocol tcp cluster pg
does set listener web protocol http route_table shop

does add workload shop/cart-1 namespace shop service_account cart \
	address 10.2.0.31 address FD00:2:0::31 labels app=cart,version= node n1
does add workload other identity spiffe://example.org/other refuse drop
lists "shop/cart-1 shop spiffe://cluster.local/ns/shop/sa/cart 10.2.0.31 fd00:2::31 - app=cart,version= n1 -
other - spiffe://example.org/other - - - - refuse drop" workload
does set workload shop/cart-1 address none labels app=cart netns 4711 \
	exempt_node false exclude_ports 22,8000-8010 on_failure open
lists "shop/cart-1 shop spiffe://cluster.local/ns/shop/sa/cart - 4711 app=cart n1 exempt_node false on_failure open" \
	workload shop/cart-1
asks '.[0].exclude_ports' '"22,8000-8010"' show workload shop/cart-1
does del workload other
does add authorization shop/cart namespace shop selector app=cart \
	rule '{"to": [{"ports": [8080], "methods": ["GET"]}], "from": [{"principals": ["cluster.local/ns/shop/sa/front"]}]}' \
	rule '{"when": [{"key": "request.headers[X-A]", "values": ["it'"'"'s \"b\""]}]}' \
	rule '{}'
does add authorization nobody
lists "shop/cart allow shop app=cart 3 -
nobody allow - - 0 -" authorization
asks '.[0].rules' \
	'[{"from":[{"principals":["cluster.local/ns/shop/sa/front"]}],"to":[{"ports":["8080"],"methods":["GET"]}]},{"when":[{"key":"request.headers[X-A]","values":["it'"'"'s \"b\""]}]},{}]' \
	show authorization shop/cart
does set authorization shop/cart action deny audit true rule none
lists "shop/cart deny shop app=cart 0 audit true" authorization shop/cart
does del authorization nobody
asks 'map(.name)' '["shop/cart"]' show authorization
asks '[.authorization, .workloads]' \
	'[[{"name":"shop/cart","denied":0,"would_deny":0,"cut":0}],[{"name":"shop/cart-1","connections_refused":0,"requests_refused":0,"would_refuse":0}]]' \
	stats
tap_is "people read what policies and workloads count" \
	"$(meshctl stats | grep -A1 -e '^AUTHORIZATION' -e '^WORKLOAD' | tr -s ' ')" \
	"AUTHORIZATION ALLOWED DENIED AUDITED WOULD_ALLOW WOULD_DENY CUT
shop/cart - 0 - - 0 0
--
WORKLOAD CONNECTIONS_REFUSED REQUESTS_REFUSED WOULD_REFUSE
shop/cart-1 0 0 0"

does drain listener web deadline 1s
does drain endpoint pg 10.2.0.21:5432
does drain endpoint pg 10.2.0.21:5432 end

# What the kernel refuses: its words, after the attribute that they are about.
refused "listener.name: there is no such listener" drain listener nobody
refused "endpoint.address: there is no such endpoint" \
	drain endpoint pg 10.2.0.99:5432
refused "cluster.name: it exists already" add cluster pg
refused "cluster.name: it does not exist" set cluster nobody lb random
refused "cluster.name: it does not exist" del cluster nobody
refused "workload.name: it exists already" add workload shop/cart-1
refused "workload.name: it does not exist" set workload nobody refuse drop
refused "authorization.name: it exists already" add authorization shop/cart
refused "authorization.name: it does not exist" del authorization nobody
refused "endpoint.cluster: there is no such cluster" \
	add endpoint nobody 10.0.0.1:1
refused "endpoint.address: it does not exist" del endpoint pg 10.0.0.9:1
refused "listener.name: it exists already" \
	add listener db 10.0.0.1:1 protocol tcp cluster pg
refused "route.index: the virtual host has 3 routes" del route shop/h 9
refused "route.virtual_host: there is no such virtual host" \
	add route shop/nobody cluster pg
tap_check "a cluster that is in use cannot go" \
	grep -q '^2 meshctl: the kernel refused: .*pg' \
	<(tap_outcome meshctl del cluster pg)
tap_check "a listener of what is not there" \
	grep -q '^2 meshctl: the kernel refused: .*nobody' \
	<(tap_outcome meshctl add listener x 10.0.0.1:1 protocol tcp cluster nobody)
tap_is "an object that is not there" "$(tap_outcome meshctl show cluster nobody)" \
	'2 meshctl: there is no cluster "nobody"'
tap_is "a wrong command line is 1, not 2" \
	"$(tap_outcome meshctl add cluster x lb nothing)" \
	'1 meshctl: cluster.lb: "nothing" is not one of maglev, round_robin, random, ring_hash, least_request, peak_ewma'

# Files.
does apply -f mesh.yaml
meshctl export >"$temporary/1.yaml"
does apply -f "$temporary/1.yaml"
meshctl export >"$temporary/2.yaml"
tap_check "export and apply, and nothing changes" \
	cmp "$temporary/1.yaml" "$temporary/2.yaml"
meshctl -j export >"$temporary/1.json"
asks '[.listeners[] | select(.name | startswith("inbound/"))] |
	map([.name[8:], .address, .port, .protocol, .route_table == .name, length]) |
	sort' \
	"[$(for at in 10.2.0.32 '[fd00:2::32]'; do for port in 1 80; do
		plain=${at#[}
		printf '["ported/%s:%s","%s",%s,"http",true,8],' "$at" "$port" \
			"${plain%]}" "$port"
	done; done | sed 's/,$//')]" export
does flush
asks . '{}' show
does apply -f "$temporary/1.json"
meshctl export >"$temporary/3.yaml"
tap_check "the same through JSON" cmp "$temporary/1.yaml" "$temporary/3.yaml"
tap_is "no difference from the file" \
	"$(tap_outcome meshctl diff --exit-code -f mesh.yaml)" "0 "
does apply --dry-run -f mesh.yaml
tap_check "standard input" bash -c 'meshctl export | meshctl apply -f -'

sed -e '/name: legacy/d' -e 's/port: 8080, weight: 3/port: 8080, weight: 4/' \
	-e 's/max_idle: 7/max_idle: 8/' \
	-e '/exact: \/old/,+1d' mesh.yaml >"$temporary/changed.yaml"
wanted="- listener legacy 10.96.0.12:80 protocol tcp proxy 127.0.0.1:15001
~ cluster reviews max_idle 7 -> max_idle 8
~ endpoint reviews 10.2.0.21:8080 weight 3 -> weight 4
~ endpoint inbound|9080|| 10.2.0.21:8080 weight 3 -> weight 4
- route default/shop/shop 2 path_exact /old redirect_path /new"
tap_is "diff" "$(tap_outcome meshctl diff -f "$temporary/changed.yaml")" "0 $wanted"
tap_is "diff --exit-code" \
	"$(tap_outcome meshctl diff --exit-code -f "$temporary/changed.yaml")" \
	"3 $wanted"
tap_is "apply --dry-run" \
	"$(tap_outcome meshctl apply --dry-run -f "$temporary/changed.yaml")" \
	"0 $wanted"
asks 'map([.change, .kind]) | .[0]' '["del","listener"]' \
	diff -f "$temporary/changed.yaml"
meshctl export >"$temporary/4.yaml"
tap_check "neither changed anything" cmp "$temporary/1.yaml" "$temporary/4.yaml"
does apply -f "$temporary/changed.yaml"
tap_is "what was applied is there" \
	"$(tap_outcome meshctl diff --exit-code -f "$temporary/changed.yaml")" "0 "

# How large a route may be is the kernel's to say.
{
	echo "clusters:"
	echo "- {name: before}"
	echo "route_tables:"
	echo "- {name: t, virtual_hosts: [{name: h, domains: ['*'], routes: ["
	echo "{match: {headers: ["
	for i in {1..100}; do
		printf '{name: h%d, exact: "%0600d"},' "$i" 0
	done
	echo "]}, action: {cluster: before}}]}]}"
} >"$temporary/refused.yaml"
tap_check "a refusal names the place in the file" \
	grep -q "^2 $temporary/refused.yaml:5:1: route t/h 0: the kernel refused: " \
	<(tap_outcome meshctl apply -f "$temporary/refused.yaml")
tap_is "and nothing of the file is there" \
	"$(tap_outcome meshctl diff --exit-code -f "$temporary/changed.yaml")" "0 "

# Splice: one object, which a word makes.
does del splice
asks . '[]' show splice
does splice off
asks . '[{"policy":"off","bypass_shaping":false}]' show splice
does splice except 25 except 80 bypass_shaping true
asks . '[{"policy":"off","except":[{"port":25},{"port":80}],"bypass_shaping":true}]' \
	show splice
does set splice except none
does splice all
asks . '[{"policy":"all","bypass_shaping":true}]' show splice
tap_is "show splice" "$(tap_outcome meshctl show splice)" \
	"0 SPLICE  EXCEPT  BYPASS_SHAPING
all     -       true"
refused "splice: it exists already" add splice off
does del splice
refused "splice: it does not exist" del splice
does apply -f "$temporary/changed.yaml"

# JSON everywhere.
for command in show "show cluster" "show endpoint" "show listener" \
	"show route_table" "show virtual_host" "show route" "show splice" \
	"show workload" "show authorization" \
	"show attached" "show splices" \
	"show stats" "show maglev reviews" stats export version \
	"diff -f mesh.yaml" "apply -f mesh.yaml"; do
	# shellcheck disable=SC2086 # words
	tap_check "-j $command is JSON" jq -e . <(meshctl -j $command)
done
asks '[.size, (.entries | length), (.endpoints | length)]' '[251,251,2]' \
	show maglev reviews
tap_is "shares of a Maglev table" \
	"$(meshctl show maglev reviews | awk 'NR > 1 { n += $3 } END { print n }')" \
	251
asks '.l7mesh != null and .generation > 0' true version

# Namespaces.
tap_is "-n: a mesh of its own" "$(tap_outcome meshctl -n "$pod" show)" "0 "
does -n "$pod" add cluster inner
asks 'map(.name)' '["inner"]' -n "$pod" show cluster
does -n "$pod" flush
does attach "$pod"
asks 'map(.names)' "[[\"$pod\"]]" show attached
tap_is "an attached namespace is not asked" \
	"$(tap_outcome meshctl -n "$pod" show | head -c 29)" \
	"2 meshctl: the kernel refused"
does detach "$pod"
ip netns exec "$pod" sleep 100 &
process=$!
until [[ /proc/$process/ns/net -ef /run/netns/$pod ]]; do
	sleep 0.1
done
does attach "$process"
asks 'map(.names)' "[[\"$pod\"]]" show attached
does detach "/run/netns/$pod"
kill "$process"
asks . '[]' show attached
tap_is "attach as a workload that is not there" \
	"$(tap_outcome meshctl attach "$pod" workload nobody)" \
	'2 meshctl: there is no workload "nobody"'
asks . '[]' show attached

# A workload that runs somewhere, and who may talk to it.
does flush
does add workload shop/front-1 namespace shop service_account front \
	address 10.2.0.30
does add workload shop/cart-1 namespace shop service_account cart \
	address 10.2.0.31 labels app=cart
tap_is "authz: a workload that is nowhere" \
	"$(tap_outcome meshctl authz shop/cart-1 port 8080)" \
	"0 allowed: no policy asks"
does attach "$pod" workload shop/cart-1
asks 'map([.names, .workload])' "[[[\"$pod\"],\"shop/cart-1\"]]" show attached
tap_is "the workload has its namespace's cookie" \
	"$(meshctl -j show workload shop/cart-1 | jq '.[0].netns')" \
	"$(meshctl -j show attached | jq '.[0].cookie')"
# authz OUTCOME WORD...: what is said of shop/cart-1.
authz() {
	local wanted=$1
	shift
	tap_is "authz $*" "$(tap_outcome meshctl authz shop/cart-1 "$@")" "$wanted"
}
authz "0 allowed: no policy asks" port 8080 from 10.9.9.9
does add authorization shop/cart namespace shop selector app=cart \
	rule '{"from": [{"principals": ["cluster.local/ns/shop/sa/front"]}], "to": [{"ports": [8080]}]}' \
	rule '{"to": [{"methods": ["GET"], "paths": ["/public*"], "hosts": ["cart.shop"]}], "when": [{"key": "request.headers[x-a]", "values": ["b"]}]}'
does add authorization bad action deny rule '{"from": [{"ip_blocks": ["10.6.6.0/24"]}]}'
authz "0 allowed by shop/cart; from shop/front-1 (address)" port 8080 \
	from shop/front-1
authz "0 allowed by shop/cart; from shop/front-1 (address)" port 8080 \
	from 10.2.0.30
authz "3 denied: no policy allows it; from shop/front-1 (address)" port 8081 \
	from shop/front-1
authz "3 denied: no policy allows it; from shop/cart-1 (kernel)" port 8080 \
	from shop/cart-1
authz "3 denied: no policy allows it" port 8080 from 10.9.9.9
authz "3 denied by bad" port 8080 from 10.6.6.6
authz "0 allowed by shop/cart" port 80 from 10.9.9.9 path /public/a?b \
	host Cart.shop header x-a=b
authz "0 allowed by shop/cart" port 80 from 10.9.9.9 path /public/a?b \
	header 'host: cart.shop' header 'x-a: b'
authz "3 denied: no policy allows it" port 80 from 10.9.9.9 path /public \
	host cart.shop header x-a=c
authz "3 denied: no policy allows it" port 80 from 10.9.9.9 method POST \
	path /public host cart.shop header x-a=b
asks . '{"workload":"shop/cart-1","allowed":false,"verdict":"denied","policy":"bad","identity_kind":"none"}' \
	authz shop/cart-1 port 8080 from 10.6.6.6
asks '[.allowed, .verdict, .policy, .source]' '[false,"not_allowed",null,null]' \
	authz shop/cart-1 port 8080 from 10.9.9.9
tap_check "authz of a workload that is not there" \
	grep -q '^2 meshctl: the kernel refused: ' \
	<(tap_outcome meshctl authz nobody port 80)
cat >"$temporary/authz.yaml" <<'EOF'
tests:
- {name: the front end, workload: shop/cart-1, port: 8080, from: shop/front-1, expect: allowed, policy: shop/cart}
- {workload: shop/cart-1, port: 8080, from: 10.6.6.6, expect: denied, policy: bad}
- {workload: shop/cart-1, port: 80, from: 10.9.9.9, path: /public, host: cart.shop, headers: ["x-a: b"], expect: allowed}
EOF
tap_is "authz test: all is as expected" \
	"$(tap_outcome meshctl authz test "$temporary/authz.yaml")" \
	"0 ok 1 - the front end
ok 2 - shop/cart-1 from 10.6.6.6
ok 3 - shop/cart-1 from 10.9.9.9 /public
1..3"
does set authorization bad rule none
tap_is "authz test: what is not" \
	"$(tap_outcome meshctl authz test "$temporary/authz.yaml")" \
	"3 ok 1 - the front end
not ok 2 - shop/cart-1 from 10.6.6.6
# $temporary/authz.yaml:3:3: policy: nothing is found; \"bad\" is expected
ok 3 - shop/cart-1 from 10.9.9.9 /public
1..3"
asks 'map([.title, .line, .passed])' \
	'[["the front end",2,true],["shop/cart-1 from 10.6.6.6",3,false],["shop/cart-1 from 10.9.9.9 /public",4,true]]' \
	authz test "$temporary/authz.yaml"
cookie=$(meshctl -j show attached | jq '.[0].cookie')
cat >"$temporary/bound.yaml" <<'EOF'
workloads:
- {name: shop/cart-1, namespace: shop, labels: "app=cart"}
- {name: shop/new}
EOF
tap_is "diff: a file that says no namespace takes none back" \
	"$(tap_outcome meshctl diff -f "$temporary/bound.yaml" |
		grep -c 'netns.*->\|-> netns')" 0
does apply -f "$temporary/bound.yaml"
asks 'map([.name, .netns])' "[[\"shop/cart-1\",$cookie],[\"shop/new\",null]]" \
	show workload
tap_is "and then there is no difference" \
	"$(tap_outcome meshctl diff --exit-code -f "$temporary/bound.yaml")" "0 "
sed 's/shop, labels/shop, netns: 4712, labels/' "$temporary/bound.yaml" |
	meshctl apply -f -
asks '.[0].netns' 4712 show workload shop/cart-1
sed 's/shop, labels/shop, netns: 0, labels/' "$temporary/bound.yaml" \
	>"$temporary/nowhere.yaml"
does apply -f "$temporary/nowhere.yaml"
asks '.[0].netns' null show workload shop/cart-1
tap_is "a file that says of a workload that it is nowhere takes its namespace back" \
	"$(tap_outcome meshctl diff --exit-code -f "$temporary/nowhere.yaml")" "0 "
does set workload shop/cart-1 netns 4712
does detach "$pod"
tap_is "what is detached keeps its cookie" \
	"$(meshctl -j show workload shop/cart-1 | jq '.[0].netns > 0')" true

# What test_meshctl_files.sh sees imported.
for file in isolation partial policies streams; do
	does apply -f "gateway-api/$file.mesh.yaml"
done
does flush

# Events.
# waits FILE TEXT: until the file has the text; false after 10 seconds.
waits() {
	local i
	for ((i = 0; i < 100; i++)); do
		grep -qF -- "$2" "$1" && return
		sleep 0.1
	done
	return 1
}

meshctl monitor >"$temporary/events" &
monitor=$!
# It is listening once an event arrives.
for ((i = 0; i < 100; i++)); do
	meshctl flush
	grep -q changed "$temporary/events" && break
	sleep 0.1
done
meshctl add cluster seen lb random
meshctl add endpoint seen 10.0.0.1:80 weight 5
meshctl set cluster seen lb maglev
meshctl add listener seen 10.96.0.9:80 protocol tcp cluster seen
meshctl set listener seen max_headers 100
meshctl add workload seen address 10.0.0.1
meshctl set workload seen refuse drop
meshctl add authorization seen rule '{"to": [{"ports": [80]}]}'
meshctl set authorization seen action deny
meshctl del authorization seen
meshctl del workload seen
meshctl del listener seen
meshctl del endpoint seen 10.0.0.1:80
meshctl del cluster seen
waits "$temporary/events" "del cluster seen"
kill -INT "$monitor"
wait "$monitor"
tap_is "monitor ends well when it is interrupted" $? 0
monitor=
# An object that is set is told of whole. Its defaults are typed here, and else stand in
# uapi/l7mesh.yaml alone: what other tests know of them is made of that.
tap_is "events are the commands" \
	"$(grep -v changed "$temporary/events")" \
	"add cluster seen lb random
add endpoint seen 10.0.0.1:80 weight 5
set cluster seen lb maglev table_size 65537 connect_timeout 5s response_timeout 15s idle_timeout 1m max_idle 128 proxy_protocol off ring_min 1024 ring_max 8388608 choices 2 decay 10s panic_threshold 50 overprovisioning_factor 140 slow_start_window 0s slow_start_min_weight 10 subset_fallback none max_connections 0 max_pending_requests 1024 max_requests 0 max_retries 3 retry_budget 0% min_retry_concurrency 3 high_max_connections 0 high_max_pending_requests 1024 high_max_requests 0 high_max_retries 3 high_retry_budget 0% high_min_retry_concurrency 3 consecutive_5xx 0 consecutive_gateway_failure 0 outlier_interval 10s base_ejection_time 30s max_ejection_time 5m max_ejection_percent 10 success_rate_stdev_factor 0 success_rate_minimum_hosts 5 success_rate_request_volume 100 failure_percentage_threshold 0 failure_percentage_minimum_hosts 5 failure_percentage_request_volume 50 consecutive_local_origin_failure 0 enforcing_consecutive_5xx 100 enforcing_consecutive_gateway_failure 100 enforcing_success_rate 100 enforcing_failure_percentage 100 enforcing_consecutive_local_origin_failure 100 accrual_max_failures 0 accrual_min_penalty 1s accrual_max_penalty 1m accrual_jitter 50
add listener seen 10.96.0.9:80 protocol tcp cluster seen
set listener seen 10.96.0.9:80 protocol tcp cluster seen headers_timeout 10s request_timeout 0s idle_timeout 5m stream_idle_timeout 5m max_connection_duration 0s detect_timeout 1s max_connections_per_source 0 max_requests_per_source 0 max_requests_per_connection 0 max_header_bytes 61440 max_headers 100 max_uri_bytes 8192 max_body_bytes 0 buffer_limit 0 normalize_path false merge_slashes false escaped_slashes keep host_port ignore headers_with_underscores allow packets false source auto inbound false proxy_protocol false expect_continue forward upgrade websocket connect refuse x_request_id true x_forwarded_for true x_forwarded_proto true x_forwarded_host false forwarded false via false traceparent false trusted_hops 0 abort_on_close false
add workload seen address 10.0.0.1
set workload seen address 10.0.0.1 refuse drop exempt_node true on_failure closed
add authorization seen rule '{\"to\":[{\"ports\":[\"80\"]}]}'
set authorization seen action deny audit false cut false rule '{\"to\":[{\"ports\":[\"80\"]}]}'
del authorization seen
del workload seen
del listener seen
del endpoint seen 10.0.0.1:80
del cluster seen"
tap_check "generations grow" sort -c -u -n -k3 \
	<(grep changed "$temporary/events")

meshctl -j monitor >"$temporary/events.json" &
monitor=$!
for ((i = 0; i < 100; i++)); do
	meshctl apply -f "$temporary/changed.yaml"
	[[ -s $temporary/events.json ]] && break
	sleep 0.1
done
meshctl add route_table seen
waits "$temporary/events.json" seen
kill "$monitor"
wait "$monitor"
monitor=
tap_is "events as JSON" \
	"$(jq -c 'select(.event == "add")' "$temporary/events.json")" \
	'{"event":"add","kind":"route_table","object":{"name":"seen"}}'
tap_check "each on one line" test \
	"$(wc -l <"$temporary/events.json")" = \
	"$(jq -c . "$temporary/events.json" | wc -l)"

# Completion from what is there.
tap_is "completion of live names" "$(bash -c '
	. ../../tools/meshctl/meshctl.bash
	COMP_LINE="meshctl show cluster re" COMP_POINT=23 COMP_CWORD=3
	COMP_WORDS=(meshctl show cluster re)
	_meshctl
	echo "${COMPREPLY[@]}"')" reviews

# Much.
awk 'BEGIN {
	print "clusters:"
	for (c = 0; c < 100; c++) {
		printf "- name: c%d\n  endpoints:\n", c
		for (e = 0; e < 500; e++)
			printf "  - {address: 10.%d.%d.%d, port: 8080%s}\n", \
				c, e / 250, e % 250 + 1, \
				e % 2 ? ", weight: 3" : ""
	}
	print "listeners:"
	for (l = 0; l < 10000; l++)
		printf "- {name: l%d, address: 10.200.%d.%d, port: 80, protocol: tcp, cluster: c%d}\n", \
			l, l / 250, l % 250 + 1, l % 100
}' >"$temporary/big.yaml"
does apply -f "$temporary/big.yaml"
meshctl export >"$temporary/big.out"
tap_check "10,000 listeners and 50,000 endpoints come back" \
	cmp <(sort "$temporary/big.yaml") <(sort "$temporary/big.out")
tap_check "all of them" test "$(wc -l <"$temporary/big.out")" = 60202
does flush
tap_is "nothing is left" "$(tap_outcome meshctl export)" "0 {}"

tap_end
