/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* For words.c alone: what follows "add" and "set", by kind. */

static const char *const usage[] = {
	[L7MESH_KIND_CLUSTER] =
		"cluster NAME [lb "
		"maglev|round_robin|random|ring_hash|least_request|peak_ewma] "
		"[table_size PRIME] [hash "
		"header:NAME|source_address|cookie:NAME[,ttl=SECONDS[,path=PATH]]|query:NAME|path|five_tuple|none]... "
		"[ring_min N] [ring_max N] [choices N] [decay TIME] "
		"[connect_timeout TIME] [response_timeout TIME] [idle_timeout "
		"TIME] [max_idle N] [proxy_protocol off|v1|v2] "
		"[panic_threshold N] [overprovisioning_factor N] "
		"[slow_start_window TIME] [slow_start_min_weight N] [locality "
		"NAME[=WEIGHT]|none]... [subset NAME:KEY=VALUE,...|none]... "
		"[subset_fallback none|any_endpoint] [session_cookie NAME] "
		"[session_ttl SECONDS] [session_path PATH] [session_affinity "
		"none] [dns_name NAME] [dns_port PORT] [dns_refresh TIME] "
		"[dns_family all|ipv4|ipv6|ipv4_first|ipv6_first] "
		"[dns_logical true|false] [dns none] [max_connections N] "
		"[max_pending_requests N] [max_requests N] [max_retries N] "
		"[retry_budget PERCENT%] [min_retry_concurrency N] "
		"[high_max_connections N] [high_max_pending_requests N] "
		"[high_max_requests N] [high_max_retries N] "
		"[high_retry_budget PERCENT%] [high_min_retry_concurrency N] "
		"[consecutive_5xx N] [consecutive_gateway_failure N] "
		"[outlier_interval TIME] [base_ejection_time TIME] "
		"[max_ejection_time TIME] [max_ejection_percent N] "
		"[success_rate_stdev_factor N] [success_rate_minimum_hosts N] "
		"[success_rate_request_volume N] "
		"[failure_percentage_threshold N] "
		"[failure_percentage_minimum_hosts N] "
		"[failure_percentage_request_volume N] "
		"[consecutive_local_origin_failure N] "
		"[enforcing_consecutive_5xx N] "
		"[enforcing_consecutive_gateway_failure N] "
		"[enforcing_success_rate N] [enforcing_failure_percentage N] "
		"[enforcing_consecutive_local_origin_failure N] "
		"[accrual_max_failures N] [accrual_min_penalty TIME] "
		"[accrual_max_penalty TIME] [accrual_jitter N] "
		"[check_interval TIME] [check_timeout TIME] [check_jitter "
		"TIME] [no_traffic_interval TIME] [unhealthy_threshold N] "
		"[healthy_threshold N] [check_port PORT] [check_netns COOKIE] "
		"[check_path PATH] [check_host HOST] [check_status CODE,...] "
		"[health_check none]",
	[L7MESH_KIND_ENDPOINT] =
		"endpoint CLUSTER ADDRESS:PORT [weight N] [priority N] "
		"[locality NAME] [metadata KEY=VALUE,...]",
	[L7MESH_KIND_LISTENER] =
		"listener NAME ADDRESS:PORT[-PORT] protocol "
		"tcp|http|tls|auto|udp [route_table NAME] [tls_route_table "
		"NAME] [cluster NAME|proxy ADDRESS:PORT] [addresses "
		"ADDRESS|none]... [from ADDRESS/BITS|none]... [interface "
		"NAME] [headers_timeout TIME] [request_timeout TIME] "
		"[idle_timeout TIME] [stream_idle_timeout TIME] "
		"[max_connection_duration TIME] [detect_timeout TIME] "
		"[max_connections_per_source N] [max_requests_per_source N] "
		"[max_requests_per_connection N] [max_header_bytes N] "
		"[max_headers N] [max_uri_bytes N] [max_body_bytes N] "
		"[buffer_limit BYTES] [normalize_path|merge_slashes "
		"true|false] [escaped_slashes keep|reject|decode] [host_port "
		"ignore|match] [headers_with_underscores allow|reject|drop] "
		"[packets true|false] [source auto|keep] [inbound true|false] "
		"[proxy_protocol true|false] [trusted_sources "
		"ADDRESS/BITS|none]... [expect_continue forward|answer] "
		"[upgrade none|websocket|any] [connect "
		"refuse|forward|terminate] "
		"[x_request_id|x_forwarded_for|x_forwarded_proto|x_forwarded_host|forwarded|via|traceparent "
		"true|false] [trusted_hops N] [abort_on_close true|false] "
		"[max_tokens N] [tokens_per_fill N] [fill_interval TIME] "
		"[limit_header NAME|limit_source_address true] [max_keys N] "
		"[rate_limit none]",
	[L7MESH_KIND_ROUTE_TABLE] =
		"route_table NAME",
	[L7MESH_KIND_VIRTUAL_HOST] =
		"virtual_host ROUTE_TABLE/NAME domain DOMAIN... [order "
		"first|specific] [request_header|response_header OP|none]...",
	[L7MESH_KIND_ROUTE] =
		"route ROUTE_TABLE/VIRTUAL_HOST [INDEX] "
		"[path_exact|path_prefix|path_raw_prefix|path_suffix|path_template|path_regex "
		"PATH|match any] [method METHOD,...] [header MATCH]... [query "
		"MATCH]... [source ADDRESS/BITS] [source_netns COOKIE] "
		"[listener NAME] [fraction PERCENT%] [cluster NAME [subset "
		"NAME]|weighted NAME=WEIGHT...|cluster_header NAME|redirect "
		"same|redirect_host HOST|redirect_path PATH|redirect_prefix "
		"PATH|redirect_scheme same|http|https|redirect_port "
		"PORT|strip_query true|false|status CODE|direct_response CODE "
		"[body TEXT]] [rewrite_host HOST] "
		"[rewrite_path|rewrite_prefix|rewrite_template PATH] "
		"[request_header|response_header OP|none]... [cors_origin "
		"ORIGIN]... [cors_methods|cors_headers|cors_expose_headers "
		"TEXT] [cors_max_age SECONDS] [cors_credentials true|false] "
		"[cors none] [timeout TIME] [retry_on "
		"connect_failure,reset,gateway_error,5xx,retriable_4xx] "
		"[retry_status CODE,...] [num_retries N] [per_try_timeout "
		"TIME] [backoff TIME] [max_backoff TIME] [replay_limit BYTES] "
		"[avoid_previous_hosts|hedge_on_per_try_timeout true|false] "
		"[retry none] [hash POLICY|none]... [priority default|high] "
		"[mirror CLUSTER[=PERCENT%][,unchanged]|none]... [max_tokens "
		"N] [tokens_per_fill N] [fill_interval TIME] [limit_header "
		"NAME|limit_source_address true] [max_keys N] [rate_limit "
		"none] [fault_delay TIME] [fault_abort CODE] [response_rate "
		"BYTES] [delay_fraction|abort_fraction|rate_fraction "
		"PERCENT%] [fault_by_header true|false] [fault none]",
	[L7MESH_KIND_SPLICE] =
		"splice [mesh|attached|all|off] [except PORT|none]... "
		"[bypass_shaping true|false]",
	[L7MESH_KIND_WORKLOAD] =
		"workload NAME [namespace NAME] [service_account NAME] "
		"[identity SPIFFE_ID] [address ADDRESS|none]... [labels "
		"KEY=VALUE,...] [node NAME] [netns COOKIE] [refuse "
		"reset|drop] [exempt_node true|false] [exclude_ports "
		"PORT,FROM-TO,...] [on_failure closed|open]",
	[L7MESH_KIND_AUTHORIZATION] =
		"authorization NAME [namespace NAME] [selector KEY=VALUE,...] "
		"[action allow|deny|audit] [audit true|false] [cut "
		"true|false] [rule JSON|none]...",
};
