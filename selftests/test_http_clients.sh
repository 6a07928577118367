#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# takes: 100
#
# Real clients of virtual IPs: ab, wrk and h2load with what each does its own way,
# curl's protocol options, Python's and node's clients where they leave the beaten
# track, CONNECT by curl, WebSocket's handshake by curl and node; and slowhttptest,
# which does its worst while others must be served.

# shellcheck disable=SC2317 # functions that are called by name

set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
cd "$here/.."
# shellcheck source=selftests/lib/tap.sh
. selftests/lib/tap.sh
# shellcheck source=selftests/lib/net.sh
. selftests/lib/net.sh
# shellcheck source=selftests/lib/counters.sh
. selftests/lib/counters.sh

mesh() {
	cat <<-END
		clusters:
		- {name: nginx, endpoints: [{address: 10.2.0.21, port: 8080}]}
		- {name: node, endpoints: [{address: 10.2.0.22, port: 8080}]}
		- {name: python, endpoints: [{address: 10.2.0.23, port: 8080}]}
		route_tables:
		- name: t
		  virtual_hosts:
		  - {name: node, domains: [node.example], routes: [{action: {cluster: node}}]}
		  - {name: python, domains: [python.example, slow.example], routes: [{action: {cluster: python}}]}
		  - {name: any, domains: ['*'], routes: [{action: {cluster: nginx}}]}
		listeners:
		- {name: l, address: 10.96.0.1, port: 80, protocol: http, route_table: t}
		- {name: tunnel, address: 10.96.0.2, port: 80, protocol: http, route_table: t,
		   connect: terminate}
		- {name: wary, address: 10.96.0.3, port: 80, protocol: http, route_table: t,
		   headers_timeout: 2s, request_timeout: 4s, stream_idle_timeout: 3s,
		   buffer_limit: 32768}
	END
}

vip=http://10.96.0.1
wary=http://10.96.0.3/

get() {
	net_in client curl -sS -m 100 "$@"
}

# has TEXT REGEX...: a line for each of them.
has() {
	local text=$1 wanted
	shift
	for wanted; do
		grep -Eq "$wanted" <<<"$text" && continue
		echo "no \"$wanted\" in:"
		echo "$text"
		return 1
	done
}

hasnt() {
	! has "$1" "$2" >/dev/null || {
		echo "\"$2\" is in:"
		echo "$1"
		return 1
	}
}

# says REGEX COMMAND...
says() {
	local wanted=$1
	shift
	has "$(net_in client "$@" 2>&1 || true)" "$wanted"
}

ab_run() {
	local out
	out=$(net_in client ab -q -n 300 -c 10 "$@" "$vip/" 2>&1)
	has "$out" '^Complete requests: *300$' '^Failed requests: *0$' &&
		hasnt "$out" '^Non-2xx'
}

h2load_run() {
	says '300 succeeded, 0 failed, 0 errored, 0 timeout' \
		h2load --h1 -n 300 -c 5 "$@" "$vip/"
}

wrk_run() {
	local out
	out=$(net_in client wrk -t 1 -c 20 -d 2 "$vip/")
	has "$out" 'requests in' && hasnt "$out" 'Socket errors|Non-2xx'
}

curl_option() {
	[[ $(get -o /dev/null -w '%{http_code}' "$@") == 200 ]]
}

# raw_target TARGET CURL-ARGUMENT...
raw_target() {
	local target=$1
	shift
	get -o /dev/null --request-target "$target" "$@" "$vip"
	[[ $(tail -n 1 "$NET_DIR/nginx/access.log") == "GET $target 200" ]] || {
		tail -n 1 "$NET_DIR/nginx/access.log"
		return 1
	}
}

parallel() {
	local -a urls=()
	local i
	for i in {1..30}; do
		urls+=(-o /dev/null "$vip/$i")
	done
	[[ $(get -Z --parallel-max 10 -w '%{http_code}\n' "${urls[@]}" |
		sort | uniq -c | tr -s ' ') == " 30 200" ]]
}

resumed() {
	head -c 100000 /dev/urandom >"$NET_DIR/nginx/www/big"
	get -o "$NET_DIR/half" -r 0-49999 "$vip/file/big"
	get -o "$NET_DIR/half" -C - "$vip/file/big"
	cmp "$NET_DIR/half" "$NET_DIR/nginx/www/big"
}

# CONNECT, and inside of the tunnel a request that the mesh does not see.
tunnel() {
	local out
	out=$(get -p -x http://10.96.0.2:80 -i http://any.example:80/inside)
	has "$out" '200 OK' '^nginx' '^X-Pod: nginx'
}

python_pieces() {
	net_in client python3 - <<-'END'
		import http.client
		c = http.client.HTTPConnection("python.example", timeout=60)
		def pieces():
		    for i in range(200):
		        yield b"%05d" % i
		for _ in range(3):
		    c.request("POST", "/", body=pieces(), encode_chunked=True,
		              headers={"Transfer-Encoding": "chunked"})
		    r = c.getresponse()
		    assert r.status == 200 and r.read(), r.status
		c.request("GET", "/?size=200000")
		r = c.getresponse()
		n = 0
		while piece := r.read(777):
		    n += len(piece)
		assert n == 200000, n
		c.putrequest("GET", "/", skip_accept_encoding=True)
		c.putheader("Expect", "100-continue")
		c.endheaders()
		r = c.getresponse()
		assert r.status == 200 and r.read()
	END
}

# An upgrade as node's http module does it, at either end.
node_upgrade() {
	net_in node node - >"$NET_DIR/upgrade.log" 2>&1 <<-'END' &
		const http = require("http");
		http.createServer((q, r) => r.end("plain"))
		  .on("upgrade", (q, s, head) => {
		    s.write("HTTP/1.1 101 Switching Protocols\r\n" +
		            "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
		    s.write(head);
		    s.pipe(s);
		  }).listen(8080);
	END
	net_until 60 net_listens node 8080
	net_in client node - <<-'END'
		const http = require("http"), crypto = require("crypto");
		const sent = crypto.randomBytes(3000000);
		let got = [];
		http.get({host: "node.example", headers: {
		  Connection: "Upgrade", Upgrade: "websocket"}})
		  .on("upgrade", (r, s, head) => {
		    got.push(head);
		    s.on("data", (d) => got.push(d)).on("end", () => {
		      const same = Buffer.concat(got).equals(sent);
		      if (!same) console.log(Buffer.concat(got).length);
		      process.exit(same ? 0 : 1);
		    });
		    s.end(sent);
		  })
		  .on("response", (r) => { console.log(r.statusCode); process.exit(1); });
	END
	curl_upgrade
}

curl_upgrade() {
	says '^HTTP/1.1 101' curl -sS -i -N -m 5 -H 'Connection: Upgrade' \
		-H 'Upgrade: websocket' http://node.example/
}

# Others are served while it goes on, and it is what is ended. Its own probes have 5 s
# by default, which a busy host may take.
attack() {
	local out pid
	net_in client slowhttptest -c 300 -r 150 -l 9 -i 1 -p 20 "$@" >"$NET_DIR/slow.log" 2>&1 &
	pid=$!
	sleep 4
	for _ in {1..10}; do
		curl_option "$wary" || {
			kill "$pid"
			return 1
		}
	done
	wait "$pid" || true
	out=$(sed 's/\x1b\[[0-9;]*m//g' "$NET_DIR/slow.log")
	! grep -q 'service available: *NO' <<<"$out"
}

trap net_down EXIT
net_up client=10 nginx=21 node=22 python=23
net_nginx nginx
net_python python 8080
net_hosts client "10.96.0.1 node.example"
net_hosts client "10.96.0.1 python.example"
net_hosts client "10.96.0.3 slow.example"
head -c 200000 /dev/urandom >"$NET_DIR/nginx.page"
mesh | meshctl apply -f -
meshctl attach client
counters_begin

tap_check "ab, a connection for each request" ab_run
tap_check "ab, HTTP/1.0 kept alive" ab_run -k
tap_check "h2load --h1" h2load_run
tap_check "h2load --h1, 8 requests outstanding on each connection" h2load_run -m 8
tap_check "wrk" wrk_run

tap_check "curl --http1.0" curl_option --http1.0 $vip/
tap_check "curl with Connection: close" curl_option -H 'Connection: close' $vip/
tap_check "curl --tr-encoding" curl_option --tr-encoding $vip/
tap_check "curl --compressed" curl_option --compressed $vip/
tap_check "curl --raw of a chunked response" curl_option --raw \
	"http://python.example/?size=5000"
tap_check "curl --ignore-content-length" curl_option --ignore-content-length \
	-H 'Connection: close' $vip/
tap_check "curl --expect100-timeout" curl_option --expect100-timeout 20 \
	-H 'Expect: 100-continue' --data-binary "@$NET_DIR/nginx.page" \
	http://python.example/
tap_check "curl -T of a pipe: chunks" curl_option -X POST \
	-T "$NET_DIR/nginx.page" -H 'Transfer-Encoding: chunked' \
	http://python.example/
tap_check "curl, a field without value" curl_option -H 'A;' $vip/
tap_check "curl --path-as-is" raw_target "/a/../%2e/b" --path-as-is
tap_check "curl --request-target" raw_target "/x?y=%20z"
tap_check "curl -Z: 30 at once" parallel
tap_check "curl -C -: a download that is resumed" resumed
tap_check "curl -p: CONNECT" tunnel
tap_check "Python's http.client: chunks, pieces, Expect" python_pieces
tap_check "node's upgrade, 3 MB there and back; curl's" node_upgrade
tap_is "nobody got a local reply" "$(counters_grown ^reply_)" 0

tap_check "slowhttptest, slow heads: others are served" attack -H -u "$wary"
tap_check "slowhttptest, slow bodies: others are served" attack -B -u http://slow.example/
tap_check "slowhttptest, ranges: others are served" attack -R -u "$wary"
tap_check "slowhttptest, slow readers: others are served" attack -X -w 10 -y 20 -n 1 -z 5 \
	-u "$wary"
tap_check "slow heads were counted" \
	test "$(counter reply_408_headers_timeout)" -gt 100
tap_check "slow bodies were counted" test "$(("$(counter reply_408_request_timeout)" +
	"$(counter reply_408_stream_idle_timeout)"))" -gt 100
meshctl flush
tap_end
