# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Bash completion for meshctl: commands, kinds, options, and the names of what
# is configured, read through "meshctl -j show".

# The -n NETNS of the line being completed, if there is one.
_meshctl_run()
{
	local -a options=()
	local i

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -n ]] && options=(-n "${COMP_WORDS[i + 1]}")
	done
	"${COMP_WORDS[0]}" "${options[@]}" -j "$@" 2>/dev/null
}

# The values of a key of the objects of a kind. Objects are at a depth of two,
# so their own keys begin after four spaces.
_meshctl_values()
{
	_meshctl_run show "$1" |
		sed -n "s/^    \"$2\": \"\\{0,1\\}\\([^\"]*[^\",]\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p"
}

# TABLE/HOST of all virtual hosts: route_table comes before name.
_meshctl_hosts()
{
	_meshctl_run show virtual_host |
		sed -n 's/^    "route_table": "\(.*\)",$/\1/;T name;h;b
			:name
			s/^    "name": "\(.*\)",\{0,1\}$/\1/;T
			H;x;s/\n/\//p'
}

# ADDRESS:PORT of a cluster's endpoints.
_meshctl_endpoints()
{
	_meshctl_run show endpoint "$1" |
		sed -n 's/^    "address": "\(.*:.*\)",$/[\1]/;T four;h;b
			:four
			s/^    "address": "\(.*\)",$/\1/;T port;h;b
			:port
			s/^    "port": \([0-9]*\),\{0,1\}$/\1/;T
			H;x;s/\n/:/p'
}

_meshctl_netns()
{
	local path

	for path in /run/netns/*; do
		[[ -e $path ]] && printf '%s\n' "${path##*/}"
	done
}

# Completes $cur from the words given; names may hold any character but blanks.
_meshctl_words()
{
	local word

	COMPREPLY=()
	while IFS= read -r word; do
		[[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$word")
	done < <(printf '%s\n' "$@")
	# Readline takes what precedes a colon for a word of its own.
	if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
	fi
}

_meshctl_lines()
{
	local -a lines

	mapfile -t lines
	_meshctl_words "${lines[@]}"
}

# The words after the key of an object of kind $1.
_meshctl_fields()
{
	case $1 in
	# made of uapi/l7mesh.yaml: fields
	cluster)
		_meshctl_words lb table_size hash connect_timeout \
			response_timeout idle_timeout max_idle \
			proxy_protocol ring_min ring_max choices decay \
			panic_threshold overprovisioning_factor \
			slow_start_window slow_start_min_weight locality \
			subset subset_fallback session_affinity \
			session_cookie session_ttl session_path dns dns_name \
			dns_port dns_refresh dns_family dns_logical \
			max_connections max_pending_requests max_requests \
			max_retries retry_budget min_retry_concurrency \
			high_max_connections high_max_pending_requests \
			high_max_requests high_max_retries high_retry_budget \
			high_min_retry_concurrency consecutive_5xx \
			consecutive_gateway_failure outlier_interval \
			base_ejection_time max_ejection_time \
			max_ejection_percent success_rate_stdev_factor \
			success_rate_minimum_hosts \
			success_rate_request_volume \
			failure_percentage_threshold \
			failure_percentage_minimum_hosts \
			failure_percentage_request_volume \
			consecutive_local_origin_failure \
			enforcing_consecutive_5xx \
			enforcing_consecutive_gateway_failure \
			enforcing_success_rate enforcing_failure_percentage \
			enforcing_consecutive_local_origin_failure \
			accrual_max_failures accrual_min_penalty \
			accrual_max_penalty accrual_jitter health_check \
			check_interval check_timeout check_jitter \
			no_traffic_interval unhealthy_threshold \
			healthy_threshold check_port check_netns check_path \
			check_host check_status ;;
	endpoint)
		_meshctl_words weight priority locality metadata ;;
	listener)
		_meshctl_words addresses from interface protocol route_table \
			tls_route_table cluster proxy headers_timeout \
			request_timeout idle_timeout stream_idle_timeout \
			max_connection_duration detect_timeout \
			max_connections_per_source max_requests_per_source \
			max_requests_per_connection max_header_bytes \
			max_headers max_uri_bytes max_body_bytes \
			buffer_limit normalize_path merge_slashes \
			escaped_slashes host_port headers_with_underscores \
			packets source inbound proxy_protocol \
			trusted_sources expect_continue upgrade connect \
			x_request_id x_forwarded_for x_forwarded_proto \
			x_forwarded_host forwarded via traceparent \
			trusted_hops abort_on_close rate_limit max_tokens \
			tokens_per_fill fill_interval limit_header \
			limit_source_address max_keys ;;
	virtual_host)
		_meshctl_words domain order request_header response_header ;;
	route)
		_meshctl_words index match path_exact path_prefix \
			path_raw_prefix path_suffix path_template path_regex \
			method header query source source_netns listener \
			fraction cluster subset weighted cluster_header \
			redirect redirect_host redirect_path redirect_prefix \
			redirect_scheme redirect_port strip_query status \
			direct_response body body_base64 rewrite_host \
			rewrite_path rewrite_prefix rewrite_template \
			request_header response_header cors cors_origin \
			cors_methods cors_headers cors_expose_headers \
			cors_max_age cors_credentials timeout hash priority \
			retry retry_on retry_status num_retries \
			per_try_timeout backoff max_backoff replay_limit \
			avoid_previous_hosts hedge_on_per_try_timeout mirror \
			rate_limit max_tokens tokens_per_fill fill_interval \
			limit_header limit_source_address max_keys fault \
			fault_delay delay_fraction fault_abort \
			abort_fraction response_rate rate_fraction \
			fault_by_header ;;
	splice)
		_meshctl_words except bypass_shaping ;;
	workload)
		_meshctl_words namespace service_account identity address \
			labels node netns refuse exempt_node exclude_ports \
			on_failure ;;
	authorization)
		_meshctl_words namespace selector action audit cut rule ;;
	# end of fields
	esac
}

# The value of the word before the cursor; false if it takes none.
_meshctl_value()
{
	case $prev in
	# What is not one of a few words.
	hash) _meshctl_words header: source_address cookie: query: path five_tuple \
		combine: none ;;
	request_header|response_header)
		_meshctl_words set: add: add_if_absent: remove: none ;;
	policy) _meshctl_words mesh attached all off ;;
	method) _meshctl_words GET HEAD POST PUT DELETE PATCH OPTIONS ;;
	status) _meshctl_words 301 302 303 307 308 ;;
	cluster) _meshctl_lines < <(_meshctl_values cluster name) ;;
	mirror) _meshctl_lines < <(_meshctl_values cluster name) ;;
	weighted) _meshctl_lines < <(_meshctl_values cluster name |
				     sed 's/$/=/') ;;
	route_table) _meshctl_lines < <(_meshctl_values route_table name) ;;
	# made of uapi/l7mesh.yaml: values
	lb)
		_meshctl_words maglev round_robin random ring_hash least_request peak_ewma ;;
	subset_fallback)
		_meshctl_words none any_endpoint ;;
	session_affinity|dns|health_check|rate_limit|cors|retry|\
	fault)
		_meshctl_words none ;;
	dns_family)
		_meshctl_words all ipv4 ipv6 ipv4_first ipv6_first ;;
	dns_logical|normalize_path|merge_slashes|packets|inbound|\
	x_request_id|x_forwarded_for|x_forwarded_proto|\
	x_forwarded_host|forwarded|via|traceparent|abort_on_close|\
	strip_query|cors_credentials|avoid_previous_hosts|\
	hedge_on_per_try_timeout|fault_by_header|bypass_shaping|\
	exempt_node|audit|cut)
		_meshctl_words true false ;;
	protocol)
		_meshctl_words tcp http tls auto udp ;;
	escaped_slashes)
		_meshctl_words keep reject decode ;;
	host_port)
		_meshctl_words ignore match ;;
	headers_with_underscores)
		_meshctl_words allow reject drop ;;
	expect_continue)
		_meshctl_words forward answer ;;
	upgrade)
		_meshctl_words none websocket any ;;
	connect)
		_meshctl_words refuse forward terminate ;;
	limit_source_address)
		_meshctl_words true ;;
	order)
		_meshctl_words first specific ;;
	match)
		_meshctl_words any ;;
	redirect)
		_meshctl_words same ;;
	redirect_scheme)
		_meshctl_words same http https ;;
	retry_on)
		_meshctl_words connect_failure reset gateway_error 5xx retriable_4xx ;;
	refuse)
		_meshctl_words reset drop ;;
	on_failure)
		_meshctl_words closed open ;;
	action)
		_meshctl_words allow deny audit ;;
	# end of values
	*) return 1 ;;
	esac
}

# The key of an object of kind $1; $2 is how many words of it are there.
_meshctl_key()
{
	case $1:$2 in
	cluster:0|listener:0|route_table:0|workload:0|authorization:0)
		_meshctl_lines < <(_meshctl_values "$1" name) ;;
	endpoint:0)
		_meshctl_lines < <(_meshctl_values cluster name) ;;
	endpoint:1)
		_meshctl_lines < <(_meshctl_endpoints "$prev") ;;
	virtual_host:0|route:0)
		_meshctl_lines < <(_meshctl_hosts) ;;
	*)
		return 1 ;;
	esac
}

_meshctl_file()
{
	case $prev in
	-f|--file)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null ;;
	*)
		case $1 in
		apply) _meshctl_words -f --file --dry-run ;;
		diff) _meshctl_words -f --file --exit-code ;;
		*) _meshctl_words -f --file ;;
		esac ;;
	esac
}

_meshctl_show()
{
	case ${args[1]-} in
	'')
		_meshctl_words "${kinds[@]}" maglev attached splices stats ;;
	maglev)
		[[ ${#args[@]} -eq 2 ]] &&
			_meshctl_lines < <(_meshctl_values cluster name) ;;
	*)
		_meshctl_key "${args[1]}" $((${#args[@]} - 2)) ;;
	esac
}

_meshctl_change()
{
	local kind=${args[1]-} command=${args[0]}

	if [[ -z $kind ]]; then
		_meshctl_words "${kinds[@]}"
		return
	fi
	# There is one at most: no key.
	if [[ $kind == splice ]]; then
		[[ $command == del ]] || _meshctl_splice $((${#args[@]} - 2))
		return
	fi
	# Words of a key are positions; then fields and values take turns.
	[[ ${#args[@]} -eq 2 || ($kind == endpoint && ${#args[@]} -eq 3) ]] &&
		{ _meshctl_key "$kind" $((${#args[@]} - 2)); return; }
	[[ $command == del ]] && return
	_meshctl_value || _meshctl_fields "$kind"
}

# The words after "test".
_meshctl_test()
{
	if [[ $prev == -f || ${#args[@]} -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
	else
		_meshctl_words -f --file
	fi
}

# Words and values take turns behind the workload.
_meshctl_authz()
{
	if [[ $((${#args[@]} % 2)) -eq 0 ]]; then
		_meshctl_words port from client address method path host header \
			server_name
	elif [[ $prev == from ]]; then
		_meshctl_lines < <(_meshctl_values workload name)
	else
		_meshctl_value
	fi
}

# splice [POLICY] [FIELD VALUE]...; $1 is how many words of it are there.
_meshctl_splice()
{
	if [[ $1 -eq 0 ]]; then
		_meshctl_words mesh attached all off policy except \
			bypass_shaping
	else
		_meshctl_value || _meshctl_fields splice
	fi
}

# Splits what precedes the cursor into arguments as the shell does: readline
# also splits at colons and equals signs, which belong to the words here.
_meshctl_split()
{
	local line=${COMP_LINE:0:COMP_POINT}
	local -a words

	read -ra words <<<"$line"
	cur=''
	if [[ $line != *[[:blank:]] ]]; then
		cur=${words[-1]}
		unset 'words[-1]'
	fi
	prev=${words[-1]}
	args=("${words[@]:1}")
	while [[ ${args[0]-} == -* ]]; do
		case ${args[0]} in
		-n|--netns) args=("${args[@]:2}") ;;
		*) args=("${args[@]:1}") ;;
		esac
	done
}

_meshctl()
{
	local -a kinds=(cluster endpoint listener route_table virtual_host route
		splice workload authorization)
	local cur prev
	local -a args

	COMPREPLY=()
	_meshctl_split
	case $prev in
	-n|--netns)
		_meshctl_lines < <(_meshctl_netns)
		return ;;
	esac
	case ${args[0]-} in
	'')
		if [[ $cur == -* ]]; then
			_meshctl_words -j --json -n --netns
		else
			_meshctl_words add apply attach authz check del \
				detach diff drain explain export flush help import monitor \
				resolve route set show splice stats version
		fi ;;
	drain)
		case ${args[1]-} in
		'') _meshctl_words listener endpoint deadline ;;
		listener) if [ ${#args[@]} = 2 ]; then
				_meshctl_lines < <(_meshctl_values listener name)
			else
				_meshctl_words deadline
			fi ;;
		endpoint) if [ ${#args[@]} = 2 ]; then
				_meshctl_lines < <(_meshctl_values cluster name)
			elif [ ${#args[@]} -gt 3 ]; then
				_meshctl_words deadline end
			fi ;;
		esac ;;
	explain)
		case ${args[1]-} in
		'') _meshctl_lines < <(_meshctl_values listener name) ;;
		*) if [ ${#args[@]} = 2 ]; then
				_meshctl_words GET POST OPTIONS http:// server_name
			else
				_meshctl_words header server_name source \
					source_netns
			fi ;;
		esac ;;
	resolve) _meshctl_words --once ;;
	import)
		case ${#args[@]} in
		1) _meshctl_words gateway-api envoy ;;
		*)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			compopt -o filenames 2>/dev/null
			case ${args[1]}:$cur in
			gateway-api:-*) _meshctl_words --strict --addresses \
				--root-namespace ;;
			envoy:-*) _meshctl_words -a ;;
			esac ;;
		esac ;;
	route)
		if [ ${#args[@]} = 1 ]; then
			_meshctl_words test
		else
			_meshctl_test
		fi ;;
	authz)
		if [ ${#args[@]} = 1 ]; then
			_meshctl_lines < <(echo test; _meshctl_values workload name)
		elif [ "${args[1]}" = test ]; then
			_meshctl_test
		else
			_meshctl_authz
		fi ;;
	apply|check|diff) _meshctl_file "${args[0]}" ;;
	show) _meshctl_show ;;
	add|set|del) _meshctl_change ;;
	splice) _meshctl_splice $((${#args[@]} - 1)) ;;
	attach)
		case ${#args[@]} in
		1) _meshctl_lines < <(_meshctl_netns) ;;
		2) _meshctl_words workload ;;
		3) _meshctl_lines < <(_meshctl_values workload name) ;;
		esac ;;
	detach) _meshctl_lines < <(_meshctl_netns) ;;
	esac
}

complete -F _meshctl meshctl
