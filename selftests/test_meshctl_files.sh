#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# needs: no VM
#
# meshctl without the module: files that are right and wrong, the command line,
# the man page, the shell completion.
#
# Each meshctl/bad/NAME.yaml or .json is refused with exactly the text of
# meshctl/bad/NAME.err.

set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/meshctl" || exit 1
# shellcheck source=selftests/lib/tap.sh
. ../lib/tap.sh

source=../../tools/meshctl
MESHCTL=${MESHCTL:-$(command -v meshctl || echo "$source/meshctl")}
[[ -x $MESHCTL ]] || tap_skip_all "meshctl is not built"
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# says NAME TEXT ARG...: meshctl exits with 1 and says exactly TEXT.
says() {
	local name=$1 text=$2
	shift 2
	tap_is "$name" "$(tap_outcome "$MESHCTL" "$@")" "1 $text"
}

# accepts YAML: a file of this content is right.
accepts() {
	printf '%s\n' "$1" >"$temporary/file"
	tap_is "accepted: ${1//$'\n'/ }" \
		"$(tap_outcome "$MESHCTL" check -f "$temporary/file")" "0 "
}

# Which keys a cluster may have is not of interest here.
few_keys() {
	sed 's/\(: clusters\[.*allowed here: name, lb\), .*, endpoints$/\1, ..., endpoints/'
}

for file in bad/*.yaml bad/*.json; do
	tap_is "$file" "$(tap_outcome "$MESHCTL" check -f "$file" | few_keys)" \
		"1 $(<"${file%.*}.err")"
done

tap_is "every kind of object and field" "$(tap_outcome "$MESHCTL" check -f mesh.yaml)" "0 "
accepts '{}'
accepts 'clusters: []'
accepts '{"clusters": [{"name": "a", "endpoints": [{"address": "::2", "port": 1}]}]}'
accepts $'# comment\n---\nlisteners: []\n...'
accepts 'clusters: [{name: a, connect_timeout: 1440m, response_timeout: 0ms}]'
accepts 'clusters: [{name: a, table_size: 5000011}]'
accepts 'clusters: [{name: a, hash: [{header: X-User}]}]'
accepts 'splice: off'
accepts 'route_tables: [{name: t, virtual_hosts: [{name: h, domains: [h], routes: [{action: {redirect: {}}}, {action: {redirect: {status: 307}}}]}]}]'
accepts '{"splice": {}}'
accepts 'workloads: [{name: a, addresses: []}]'
accepts 'workloads: [{name: a, addresses: [10.0.0.1], ports: []}]'
accepts '{"workloads": [{"name": "a"}], "authorization": [{"name": "a", "rules": [{}]}]}'
accepts 'authorization: [{name: a, rules: [{to: [{ports: [80, "80"]}], when: [{key: destination.port, values: [80, "80"]}]}]}]'
printf 'clusters: [{name: 1}]\n' >"$temporary/input"
tap_is "standard input" \
	"$("$MESHCTL" check -f - 2>&1 <"$temporary/input")" \
	'stdin:1:19: clusters[0].name: "1" is a number; a string is needed: put it in quotes'
{
	echo "route_tables:"
	echo "- {name: t, virtual_hosts: [{name: h, domains: ["
	for i in {1..400}; do
		printf '%0200d.a%d,\n' 0 "$i"
	done
	echo "]}]}"
} >"$temporary/large"
tap_is "an object that no message can carry" \
	"$(tap_outcome "$MESHCTL" check -f "$temporary/large")" \
	"1 $temporary/large:2:29: the virtual_host t/h is too large: its names and values may take 65000 bytes together"
{
	echo "clusters: [{name: a}]"
	echo "route_tables: [{name: t, virtual_hosts: [{name: h, domains: [h],"
	echo "routes: [&r {action: {weighted_clusters:"
	echo "[&w {name: a, weight: 1}"
	printf ',*w%.0s' {1..3000}
	echo "]}}"
	printf ',*r%.0s' {1..1500}
	echo "]}]}]"
} >"$temporary/bomb"
tap_is "aliases of aliases are bounded" \
	"$(tap_outcome "$MESHCTL" check -f "$temporary/bomb")" \
	"1 $temporary/bomb:4:23: more than 2097152 values, with aliases expanded"
{
	echo "workloads:"
	ports='&p [{port: 1, protocol: http}'
	for i in {2..64}; do ports+=", {port: $i, protocol: http}"; done
	ports+=']'
	for w in {0..4}; do
		echo "- name: w$w"
		echo "  addresses: [10.1.$w.0$(printf ", 10.1.$w.%d" {1..63})]"
		echo "  ports: $ports"
		ports='*p'
	done
} >"$temporary/ports"
tap_is "ports of addresses are bounded" \
	"$(tap_outcome "$MESHCTL" check -f "$temporary/ports")" \
	"1 $temporary/ports:4:1573: workloads[4].ports[56]: more than 20000 ports of addresses are http"
says "no file" "meshctl: $temporary/none: No such file or directory" \
	check -f "$temporary/none"
says "a folder" "meshctl: $temporary: Is a directory" check -f "$temporary"

# The command line: nothing of this reaches the kernel.
says "an unknown command" \
	'meshctl: "shw" is not a command; try: meshctl help' shw
says "apply without a file" "meshctl: usage: meshctl apply -f FILE [--dry-run]" \
	apply
says "diff with an option of apply" \
	"meshctl: usage: meshctl diff -f FILE [--exit-code]" \
	diff -f mesh.yaml --dry-run
says "a file is checked before the module is asked" \
	"$(<bad/json.err)" apply -f bad/json.json
says "an enumeration" \
	'meshctl: cluster.lb: "magelv" is not one of maglev, round_robin, random, ring_hash, least_request, peak_ewma' \
	add cluster a lb magelv
says "a prime" \
	"meshctl: cluster.table_size: 100 is not a prime; the next is 101" \
	set cluster a table_size 100
says "a port" \
	'meshctl: endpoint.address: the port "0" is not an integer 1 to 65535' \
	add endpoint a 10.2.0.21:0
says "no port" \
	'meshctl: endpoint.address: "fd00::1:80" is not ADDRESS:PORT (an IPv6 address in brackets)' \
	add endpoint a fd00::1:80
says "http without a route table" \
	"meshctl: listener.route_table: missing; a listener of protocol http needs it" \
	add listener a 10.0.0.1:80 protocol http
says "a field given twice" "meshctl: endpoint.weight: given twice" \
	add endpoint a 10.0.0.1:1 weight 1 weight 1
says "a value is missing" "meshctl: endpoint: weight is missing" \
	add endpoint a 10.0.0.1:1 weight
says "del takes no fields" \
	'meshctl: "lb" is not expected: del takes an object'"'"'s key only' \
	del cluster a lb maglev
says "which route" "meshctl: route.index: missing: which route?" \
	del route shop/shop
says "no policy" \
	'meshctl: splice.policy: "some" is not one of mesh, attached, all, off' \
	splice some
says "a splice object has no key" \
	'meshctl: "all" is not expected: del takes an object'"'"'s key only' \
	del splice all
says "two actions" \
	"meshctl: route.action.redirect: only one of cluster, weighted_clusters, cluster_header, redirect, direct_response is allowed" \
	add route a/b cluster c redirect_path /
says "a rule that is no JSON" \
	'meshctl: authorization.rule: did not find expected node content while parsing a flow node' \
	add authorization a rule '{"to":['
says "a rule that is no mapping" \
	'meshctl: authorization.rule: a string is found; a mapping is needed' \
	add authorization a rule x
says "a rule that is nothing" \
	'meshctl: authorization.rule: nothing is found; a mapping is needed' \
	add authorization a rule ''
says "two rules in a word" \
	'meshctl: authorization.rule: a second document is found; one is allowed' \
	add authorization a rule $'--- {}\n--- {}'
says "a rule with what is not allowed" \
	'meshctl: authorization.rule: to[1].ports[0]: "65536" is not a port, 0 to 65535' \
	add authorization a rule '{"to": [{"ports": [80]}, {"ports": [65536]}]}'
says "a condition whose value is not its key's" \
	'meshctl: authorization.rule: when[0].values: of source.ip, "a" is not an IPv4 or IPv6 address, not one mapped to the other, or ADDRESS/BITS' \
	set authorization a rule '{"when": [{"key": "source.ip", "values": ["a"]}]}'
says "a list of a rule that is empty" \
	'meshctl: authorization.rule: from: the list is empty; at least one is needed' \
	add authorization a rule '{"from": []}'
says "a rule that nests deeper than anything" \
	'meshctl: authorization.rule: nested deeper than 32 levels' \
	add authorization a rule "$(printf '[%.0s' {1..1000})"
says "an address of a workload" \
	'meshctl: workload.address: "10.0.0.0/8" is not an IPv4 or IPv6 address' \
	add workload a address 10.0.0.1 address 10.0.0.0/8
usage="meshctl: usage: meshctl authz WORKLOAD [port PORT] [from WORKLOAD|ADDRESS] [client ADDRESS] [address ADDRESS] [method METHOD] [path PATH] [host HOST] [header NAME=VALUE]... [server_name NAME] | test FILE [-f MESH]"
says "authz: of whom?" "$usage" authz
says "authz: a word without its value" "$usage" authz a port
says "authz: another word" \
	"meshctl: \"source\" is not expected; ${usage#meshctl: }" authz a source b
says "authz: a port" \
	'meshctl: port: "65536" is not an integer 0 to 65535' authz a port 65536
says "authz: a server's name of a request" \
	"meshctl: server_name is of a connection, and method, path, host and header of a request: there can be one of both" \
	authz a path / server_name b
says "authz: a word twice" 'meshctl: port: given twice' authz a port 1 port 1
says "authz: a client by name" \
	'meshctl: client: "b" is not an IPv4 or IPv6 address' authz a client b
says "authz: a path" \
	'meshctl: path: "a" is not a path that begins with /, with its query if wanted, of up to 4096 characters of printable ASCII without space, or *' \
	authz a path a
says "authz: a header without value" \
	'meshctl: header: "x-a" is not NAME=VALUE' authz a header x-a
says "authz: a header of two lines" \
	$'meshctl: headers: "x-a: b\r\nc: d" is found; "name: value" is needed' \
	authz a header $'x-a=b\r\nc: d'
for command in route authz; do
	says "$command test: of what?" \
		"meshctl: usage: meshctl $command test FILE [-f MESH]" \
		"$command" test
done
cat >"$temporary/authz.yaml" <<'EOF'
tests:
- {name: a, workload: w, port: 80, from: x, expect: allowed, policy: p}
- {name: a, workload: w, from: "fd00::1", method: GET, path: /a?b, host: h, headers: ["x-a: b"], client: 10.0.0.1, address: 10.0.0.2, expect: denied}
- {workload: a b, method: G T, path: a, headers: [x], client: a, host: a/b, expect: perhaps}
- {port: 65536, policy: "", url: /}
EOF
says "authz test: a table that is wrong" \
	"$temporary/authz.yaml:4:3: tests[2]: headers: \"x\" is found; \"name: value\" is needed
$temporary/authz.yaml:4:14: tests[2].workload: \"a b\" is not 1 to 255 characters of printable ASCII without space
$temporary/authz.yaml:4:27: tests[2].method: \"G T\" is not 1 to 255 letters, digits and characters of !#\$%&'*+-.^_\`|~
$temporary/authz.yaml:4:38: tests[2].path: \"a\" is not a path that begins with /, with its query if wanted, of up to 4096 characters of printable ASCII without space, or *
$temporary/authz.yaml:4:63: tests[2].client: \"a\" is not an IPv4 or IPv6 address
$temporary/authz.yaml:4:72: tests[2].host: \"a/b\" is not a host name of up to 255 bytes, with :port if wanted
$temporary/authz.yaml:4:85: tests[2].expect: \"perhaps\" is not one of allowed, denied
$temporary/authz.yaml:5:3: tests[3].workload: missing
$temporary/authz.yaml:5:3: tests[3].expect: missing
$temporary/authz.yaml:5:10: tests[3].port: \"65536\" is not an integer 0 to 65535
$temporary/authz.yaml:5:25: tests[3].policy: \"\" is not 1 to 255 characters of printable ASCII without space
$temporary/authz.yaml:5:29: tests[3]: \"url\" is not one of the keys allowed here: name, workload, port, from, client, address, method, path, host, headers, server_name, expect, policy" \
	authz test "$temporary/authz.yaml"
says "attach: as what?" \
	"meshctl: usage: meshctl attach NETNS|PID [workload NAME]" attach 1 workload
says "attach: as a workload that cannot be" \
	"meshctl: the name of a workload is 1 to 255 characters of printable ASCII without space" \
	attach 1 workload "a b"
says "detach needs no workload" \
	"meshctl: usage: meshctl detach NETNS|PID" detach 1 workload a
says "a namespace that is not there" \
	'meshctl: "nowhere" is neither a network namespace in /run/netns nor the number of a process' \
	-n nowhere show
says "something that is no namespace" \
	'meshctl: cannot enter network namespace "/dev/null": it is not one' \
	-n /dev/null show
tap_check "help" "$MESHCTL" help
tap_check "version" "$MESHCTL" --version

# shellcheck disable=SC2317 # run by tap_check
silent_mandoc() {
	local output
	output=$(mandoc -Tlint "$source/meshctl.8" 2>&1 |
		grep -v -e 'referenced manual not found' -e 'outdated mandoc.db')
	printf '%s\n' "$output"
	[[ -z $output ]]
}

# Does the man page name every command that the tool knows?
# shellcheck disable=SC2317 # run by tap_check
all_commands() {
	local command rc=0
	while read -r command; do
		grep -q "^\.It Cm.* *$command\>" "$source/meshctl.8" && continue
		echo "no $command in the man page"
		rc=1
	done < <("$MESHCTL" help | sed -n 's/^  \([a-z][a-z|]*\) .*/\1/p' |
		sed '/^\(cluster\|endpoint\|listener\|route\)$/d' | tr '|' '\n')
	return "$rc"
}

if command -v mandoc >/dev/null; then
	tap_check "the man page, under mandoc" silent_mandoc
else
	tap_skip "the man page, under mandoc" "mandoc is not installed"
fi
tap_check "the man page has every command" all_commands

# A meshctl whose mesh is always the same.
mkdir "$temporary/bin"
cat >"$temporary/bin/meshctl" <<'EOF'
#!/bin/bash
[[ $1 != -n ]] || shift 2
case "$*" in
"-j show cluster")
	echo '[
  {
    "name": "reviews",
    "lb": "maglev",
    "endpoints": [
      {
        "name": "inner"
      }
    ]
  },
  {
    "name": "ratings"
  }
]' ;;
"-j show workload")
	echo '[
  {
    "name": "shop/cart-1",
    "labels": "app=cart"
  }
]' ;;
"-j show endpoint reviews")
	echo '[
  {
    "cluster": "reviews",
    "address": "10.2.0.21",
    "port": 8080,
    "weight": 1
  },
  {
    "cluster": "reviews",
    "address": "fd00::1",
    "port": 80
  }
]' ;;
"-j show virtual_host")
	echo '[
  {
    "route_table": "shop",
    "name": "any",
    "domains": [
      "*"
    ]
  }
]' ;;
*) echo '[]' ;;
esac
EOF
chmod +x "$temporary/bin/meshctl"
PATH=$temporary/bin:$PATH
# shellcheck source=tools/meshctl/meshctl.bash
. "$source/meshctl.bash"

# completes LINE WORDS: what is proposed at the end of LINE.
completes() {
	local COMP_LINE=$1 COMP_POINT=${#1} COMP_CWORD
	local -a COMP_WORDS COMPREPLY=()
	read -ra COMP_WORDS <<<"$1"
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_meshctl
	tap_is "completion of \"$1\"" "${COMPREPLY[*]}" "$2"
}

# Manifests of Gateway API become exactly this file, and it is one.
for file in gateway-api/*.bad.yaml; do
	tap_is "--strict: $file" \
		"$(tap_outcome "$MESHCTL" import gateway-api --strict "$file")" \
		"1 $(<"${file%.yaml}.err")"
done
for file in isolation partial policies streams; do
	tap_is "Gateway API's manifests, as a mesh file: $file" \
		"$("$MESHCTL" import gateway-api "gateway-api/$file.yaml" \
			2>"$temporary/errors")" \
		"$(<"gateway-api/$file.mesh.yaml")"
	tap_is "what is wrong with them: $file" "$(<"$temporary/errors")" \
		"$(cat "gateway-api/$file.err" 2>/dev/null)"
done
"$MESHCTL" -j import gateway-api gateway-api/partial.yaml \
	2>"$temporary/report.json" >"$temporary/partial.json"
tap_is "Gateway API's conditions" "$(<"$temporary/report.json")" \
	"$(<gateway-api/partial.conditions.json)"
tap_is "beside the same file as JSON" \
	"$(tap_outcome "$MESHCTL" check -f "$temporary/partial.json")" "0 "
tap_is "an error is none of other manifests" \
	"$("$MESHCTL" import gateway-api gateway-api/shop.yaml \
		gateway-api/services.yaml gateway-api/partial.yaml 2>/dev/null |
		grep -cFxf - gateway-api/shop.mesh.yaml)" \
	"$(wc -l <gateway-api/shop.mesh.yaml)"
tap_is "Gateway API's manifests, as a mesh file" \
	"$(tap_outcome "$MESHCTL" import gateway-api gateway-api/shop.yaml gateway-api/services.yaml)" \
	"0 $(<gateway-api/shop.mesh.yaml)"
tap_is "what is imported can be applied" \
	"$(tap_outcome "$MESHCTL" check -f gateway-api/shop.mesh.yaml)" "0 "
"$MESHCTL" -j import gateway-api gateway-api/shop.yaml gateway-api/services.yaml \
	>"$temporary/imported.json"
tap_is "the same as JSON" \
	"$(tap_outcome "$MESHCTL" check -f "$temporary/imported.json")" "0 "
# So does Envoy's bootstrap, where listeners are on every address only if told which.
for file in envoy/*.bad.yaml; do
	tap_is "$file" "$(tap_outcome "$MESHCTL" import envoy "$file")" \
		"1 $(<"${file%.yaml}.err")"
done
for file in first names shop subsets; do
	tap_is "Envoy's bootstrap, as a mesh file: $file" \
		"$(tap_outcome "$MESHCTL" import envoy -a 10.96.0.10 "envoy/$file.yaml")" \
		"0 $(<"envoy/$file.mesh.yaml")"
	tap_is "what is imported can be applied: $file" \
		"$(tap_outcome "$MESHCTL" check -f "envoy/$file.mesh.yaml")" "0 "
done
usage="meshctl: usage: meshctl import gateway-api [--strict] [--addresses NETWORKS] [--root-namespace NAME] FILE... | envoy [-a ADDRESS] FILE"
says "resolve with something" "meshctl: usage: meshctl resolve [--once]" \
	resolve web
says "import: nothing to import" "$usage" import gateway-api
says "import: nothing to import, strictly" "$usage" import gateway-api --strict
says "import: from elsewhere" "$usage" import nginx x
says "import: two bootstraps" "$usage" import envoy a b
says "import: an address that is none" \
	'meshctl: -a: "x" is not an address' import envoy -a x envoy/first.yaml

completes "meshctl s" "set show splice stats"
completes "meshctl -" "-j --json -n --netns"
completes "meshctl apply " "-f --file --dry-run"
completes "meshctl diff -f mesh.y" "mesh.yaml"
completes "meshctl add " "cluster endpoint listener route_table virtual_host route splice workload authorization"
completes "meshctl import " "gateway-api envoy"
completes "meshctl import gateway-api --" "--strict --addresses --root-namespace"
completes "meshctl import gateway-api mesh.y" "mesh.yaml"
completes "meshctl explain web " "GET POST OPTIONS http:// server_name"
completes "meshctl explain web http://a/ s" "server_name source source_netns"
completes "meshctl resolve " "--once"
completes "meshctl set cluster reviews dns_f" "dns_family"
completes "meshctl set cluster reviews dns_family ipv4" "ipv4 ipv4_first"
completes "meshctl route " "test"
completes "meshctl route test mesh.y" "mesh.yaml"
completes "meshctl route test tests -" "-f --file"
completes "meshctl authz " "test shop/cart-1"
completes "meshctl authz test mesh.y" "mesh.yaml"
completes "meshctl authz test tests.yaml -f mesh.y" "mesh.yaml"
completes "meshctl authz shop/cart-1 " "port from client address method path host header server_name"
completes "meshctl authz shop/cart-1 from s" "shop/cart-1"
completes "meshctl authz shop/cart-1 method P" "POST PUT PATCH"
completes "meshctl attach pod1 " "workload"
completes "meshctl attach pod1 workload " "shop/cart-1"
completes "meshctl del workload " "shop/cart-1"
completes "meshctl set workload shop/cart-1 refuse " "reset drop"
completes "meshctl add authorization a a" "action audit"
completes "meshctl add authorization a action " "allow deny audit"
completes "meshctl splice a" "attached all"
completes "meshctl splice all " "except bypass_shaping"
completes "meshctl add splice policy o" "off"
completes "meshctl show splic" "splice splices"
completes "meshctl show cluster " "reviews ratings"
completes "meshctl show maglev ra" "ratings"
completes "meshctl -j -n pod del cluster re" "reviews"
completes "meshctl del endpoint reviews " "10.2.0.21:8080 [fd00::1]:80"
completes "meshctl set cluster reviews t" "table_size"
completes "meshctl set cluster reviews lb r" "round_robin random ring_hash"
completes "meshctl add listener x 10.0.0.1:80 protocol " "tcp http tls auto udp"
completes "meshctl add listener x 10.0.0.1:80 cluster " "reviews ratings"
completes "meshctl add route shop" "shop/any"
completes "meshctl add route shop/any weighted ra" "ratings="
completes "meshctl add route shop/any redirect" "redirect redirect_host redirect_path redirect_prefix redirect_scheme redirect_port"

tap_end
