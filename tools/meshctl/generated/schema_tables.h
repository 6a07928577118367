/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/* For schema.c alone: the fields of objects and of what they are made of. */

static const char *const dns_family_names[] = {
	[L7MESH_DNS_FAMILY_ALL] = "all",
	[L7MESH_DNS_FAMILY_IPV4] = "ipv4",
	[L7MESH_DNS_FAMILY_IPV6] = "ipv6",
	[L7MESH_DNS_FAMILY_IPV4_FIRST] = "ipv4_first",
	[L7MESH_DNS_FAMILY_IPV6_FIRST] = "ipv6_first",
	NULL,
};

static const char *const lb_names[] = {
	[L7MESH_LB_MAGLEV] = "maglev",
	[L7MESH_LB_ROUND_ROBIN] = "round_robin",
	[L7MESH_LB_RANDOM] = "random",
	[L7MESH_LB_RING_HASH] = "ring_hash",
	[L7MESH_LB_LEAST_REQUEST] = "least_request",
	[L7MESH_LB_PEAK_EWMA] = "peak_ewma",
	NULL,
};

static const char *const subset_fallback_names[] = {
	[L7MESH_SUBSET_FALLBACK_NONE] = "none",
	[L7MESH_SUBSET_FALLBACK_ANY_ENDPOINT] = "any_endpoint",
	NULL,
};

static const char *const proxy_protocol_names[] = {
	[L7MESH_PROXY_PROTOCOL_OFF] = "off",
	[L7MESH_PROXY_PROTOCOL_V1] = "v1",
	[L7MESH_PROXY_PROTOCOL_V2] = "v2",
	NULL,
};

static const char *const protocol_names[] = {
	[L7MESH_PROTOCOL_TCP] = "tcp",
	[L7MESH_PROTOCOL_HTTP] = "http",
	[L7MESH_PROTOCOL_TLS] = "tls",
	[L7MESH_PROTOCOL_AUTO] = "auto",
	[L7MESH_PROTOCOL_UDP] = "udp",
	NULL,
};

static const char *const escaped_slashes_names[] = {
	[L7MESH_ESCAPED_SLASHES_KEEP] = "keep",
	[L7MESH_ESCAPED_SLASHES_REJECT] = "reject",
	[L7MESH_ESCAPED_SLASHES_DECODE] = "decode",
	NULL,
};

static const char *const expect_continue_names[] = {
	[L7MESH_EXPECT_CONTINUE_FORWARD] = "forward",
	[L7MESH_EXPECT_CONTINUE_ANSWER] = "answer",
	NULL,
};

static const char *const upgrade_names[] = {
	[L7MESH_UPGRADE_NONE] = "none",
	[L7MESH_UPGRADE_WEBSOCKET] = "websocket",
	[L7MESH_UPGRADE_ANY] = "any",
	NULL,
};

static const char *const connect_names[] = {
	[L7MESH_CONNECT_REFUSE] = "refuse",
	[L7MESH_CONNECT_FORWARD] = "forward",
	[L7MESH_CONNECT_TERMINATE] = "terminate",
	NULL,
};

static const char *const host_port_names[] = {
	[L7MESH_HOST_PORT_IGNORE] = "ignore",
	[L7MESH_HOST_PORT_MATCH] = "match",
	NULL,
};

static const char *const headers_with_underscores_names[] = {
	[L7MESH_HEADERS_WITH_UNDERSCORES_ALLOW] = "allow",
	[L7MESH_HEADERS_WITH_UNDERSCORES_REJECT] = "reject",
	[L7MESH_HEADERS_WITH_UNDERSCORES_DROP] = "drop",
	NULL,
};

static const char *const source_names[] = {
	[L7MESH_SOURCE_AUTO] = "auto",
	[L7MESH_SOURCE_KEEP] = "keep",
	NULL,
};

static const char *const header_op_names[] = {
	[L7MESH_HEADER_OP_SET] = "set",
	[L7MESH_HEADER_OP_ADD] = "add",
	[L7MESH_HEADER_OP_ADD_IF_ABSENT] = "add_if_absent",
	[L7MESH_HEADER_OP_REMOVE] = "remove",
	NULL,
};

static const char *const scheme_names[] = {
	[L7MESH_SCHEME_SAME] = "same",
	[L7MESH_SCHEME_HTTP] = "http",
	[L7MESH_SCHEME_HTTPS] = "https",
	NULL,
};

static const char *const retry_on_names[] = {
	[L7MESH_RETRY_ON_CONNECT_FAILURE] = "connect_failure",
	[L7MESH_RETRY_ON_RESET] = "reset",
	[L7MESH_RETRY_ON_GATEWAY_ERROR] = "gateway_error",
	[L7MESH_RETRY_ON_5XX] = "5xx",
	[L7MESH_RETRY_ON_RETRIABLE_4XX] = "retriable_4xx",
	NULL,
};

static const char *const routing_priority_names[] = {
	[L7MESH_ROUTING_PRIORITY_DEFAULT] = "default",
	[L7MESH_ROUTING_PRIORITY_HIGH] = "high",
	NULL,
};

static const char *const route_order_names[] = {
	[L7MESH_ROUTE_ORDER_FIRST] = "first",
	[L7MESH_ROUTE_ORDER_SPECIFIC] = "specific",
	NULL,
};

static const char *const splice_policy_names[] = {
	[L7MESH_SPLICE_MESH] = "mesh",
	[L7MESH_SPLICE_ATTACHED] = "attached",
	[L7MESH_SPLICE_ALL] = "all",
	[L7MESH_SPLICE_OFF] = "off",
	NULL,
};

static const char *const refuse_names[] = {
	[L7MESH_REFUSE_RESET] = "reset",
	[L7MESH_REFUSE_DROP] = "drop",
	NULL,
};

static const char *const on_failure_names[] = {
	[L7MESH_ON_FAILURE_CLOSED] = "closed",
	[L7MESH_ON_FAILURE_OPEN] = "open",
	NULL,
};

static const char *const authorization_action_names[] = {
	[L7MESH_AUTHORIZATION_ALLOW] = "allow",
	[L7MESH_AUTHORIZATION_DENY] = "deny",
	[L7MESH_AUTHORIZATION_AUDIT] = "audit",
	NULL,
};

static const struct field hash_policy_fields[] = {
	{ .name = "header", .attr = L7MESH_HASH_POLICY_A_HEADER,
	  .type = FIELD_STRING, .flags = FIELD_LOWER,
	  .check = text_check_token },
	{ .name = "source_address", .attr = L7MESH_HASH_POLICY_A_SOURCE_ADDRESS,
	  .type = FIELD_FLAG },
	{ .name = "cookie", .attr = L7MESH_HASH_POLICY_A_COOKIE,
	  .type = FIELD_STRING, .check = text_check_token },
	{ .name = "cookie_ttl", .attr = L7MESH_HASH_POLICY_A_COOKIE_TTL,
	  .type = FIELD_U32, .max = 31536000 },
	{ .name = "cookie_path", .attr = L7MESH_HASH_POLICY_A_COOKIE_PATH,
	  .type = FIELD_STRING, .check = text_check_path },
	{ .name = "query", .attr = L7MESH_HASH_POLICY_A_QUERY,
	  .type = FIELD_STRING, .check = text_check_parameter },
	{ .name = "path", .attr = L7MESH_HASH_POLICY_A_PATH,
	  .type = FIELD_FLAG },
	{ .name = "combine", .attr = L7MESH_HASH_POLICY_A_COMBINE,
	  .type = FIELD_FLAG },
	{ .name = "five_tuple", .attr = L7MESH_HASH_POLICY_A_FIVE_TUPLE,
	  .type = FIELD_FLAG },
};

static_assert(ARRAY_SIZE(hash_policy_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema hash_policy = {
	.name = "hash policy",
	FIELDS(hash_policy_fields),
	.rule = validate_hash_policy,
	.from_word = hash_policy_from_word,
	.to_word = hash_policy_to_word,
};

static const struct field health_check_fields[] = {
	{ .name = "interval", .attr = L7MESH_HEALTH_CHECK_A_INTERVAL,
	  .type = FIELD_DURATION, .word = "check_interval", .min = 1,
	  .max = 86400000 },
	{ .name = "timeout", .attr = L7MESH_HEALTH_CHECK_A_TIMEOUT,
	  .type = FIELD_DURATION, .word = "check_timeout", .min = 1,
	  .max = 86400000, .fallback = "1s" },
	{ .name = "jitter", .attr = L7MESH_HEALTH_CHECK_A_JITTER,
	  .type = FIELD_DURATION, .word = "check_jitter", .max = 86400000,
	  .fallback = "0s" },
	{ .name = "no_traffic_interval",
	  .attr = L7MESH_HEALTH_CHECK_A_NO_TRAFFIC_INTERVAL,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "1m" },
	{ .name = "unhealthy_threshold",
	  .attr = L7MESH_HEALTH_CHECK_A_UNHEALTHY_THRESHOLD, .type = FIELD_U32,
	  .min = 1, .max = UINT32_MAX, .fallback = "3" },
	{ .name = "healthy_threshold",
	  .attr = L7MESH_HEALTH_CHECK_A_HEALTHY_THRESHOLD, .type = FIELD_U32,
	  .min = 1, .max = UINT32_MAX, .fallback = "2" },
	{ .name = "port", .attr = L7MESH_HEALTH_CHECK_A_PORT, .type = FIELD_U16,
	  .word = "check_port", .min = 1, .max = UINT16_MAX },
	{ .name = "netns", .attr = L7MESH_HEALTH_CHECK_A_NETNS,
	  .type = FIELD_U64, .word = "check_netns", .min = 1 },
	{ .name = "path", .attr = L7MESH_HEALTH_CHECK_A_PATH,
	  .type = FIELD_STRING, .word = "check_path",
	  .check = text_check_path },
	{ .name = "host", .attr = L7MESH_HEALTH_CHECK_A_HOST,
	  .type = FIELD_STRING, .word = "check_host",
	  .check = text_check_host },
	{ .name = "status", .attr = L7MESH_HEALTH_CHECK_A_STATUS,
	  .type = FIELD_U16S, .word = "check_status", .min = 100, .max = 599 },
};

static_assert(ARRAY_SIZE(health_check_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema health_check = {
	.name = "health check",
	FIELDS(health_check_fields),
	.rule = validate_health_check,
};

static const struct field locality_fields[] = {
	{ .name = "name", .attr = L7MESH_LOCALITY_A_NAME, .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED, .check = text_check_locality },
	{ .name = "weight", .attr = L7MESH_LOCALITY_A_WEIGHT, .type = FIELD_U32,
	  .min = 1, .max = L7MESH_WEIGHT_MAX, .fallback = "1" },
};

static_assert(ARRAY_SIZE(locality_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema locality = {
	.name = "locality",
	FIELDS(locality_fields),
	.from_word = locality_from_word,
	.to_word = locality_to_word,
};

static const struct field subset_fields[] = {
	{ .name = "name", .attr = L7MESH_SUBSET_A_NAME, .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED, .check = text_check_subset },
	{ .name = "metadata", .attr = L7MESH_SUBSET_A_METADATA,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_metadata },
};

static_assert(ARRAY_SIZE(subset_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema subset = {
	.name = "subset",
	FIELDS(subset_fields),
	.from_word = subset_from_word,
	.to_word = subset_to_word,
};

static const struct field session_fields[] = {
	{ .name = "cookie", .attr = L7MESH_SESSION_A_COOKIE,
	  .type = FIELD_STRING, .word = "session_cookie",
	  .check = text_check_token },
	{ .name = "ttl", .attr = L7MESH_SESSION_A_TTL, .type = FIELD_U32,
	  .word = "session_ttl", .max = 31536000, .fallback = "0" },
	{ .name = "path", .attr = L7MESH_SESSION_A_PATH, .type = FIELD_STRING,
	  .word = "session_path", .check = text_check_path },
};

static_assert(ARRAY_SIZE(session_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema session = {
	.name = "session affinity",
	FIELDS(session_fields),
	.rule = validate_session,
};

static const struct field dns_fields[] = {
	{ .name = "name", .attr = L7MESH_DNS_A_NAME, .type = FIELD_STRING,
	  .word = "dns_name", .check = text_check_name },
	{ .name = "port", .attr = L7MESH_DNS_A_PORT, .type = FIELD_U16,
	  .word = "dns_port", .min = 1, .max = UINT16_MAX },
	{ .name = "refresh", .attr = L7MESH_DNS_A_REFRESH,
	  .type = FIELD_DURATION, .word = "dns_refresh", .min = 1,
	  .max = 86400000, .fallback = "5s" },
	{ .name = "family", .attr = L7MESH_DNS_A_FAMILY, .type = FIELD_ENUM,
	  .word = "dns_family", .names = dns_family_names, .fallback = "all" },
	{ .name = "logical", .attr = L7MESH_DNS_A_LOGICAL,
	  .type = FIELD_U8_BOOL, .word = "dns_logical", .fallback = "false" },
};

static_assert(ARRAY_SIZE(dns_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema dns = {
	.name = "dns",
	FIELDS(dns_fields),
	.rule = validate_dns,
};

static const struct field endpoint_fields[] = {
	{ .name = "cluster", .attr = L7MESH_ENDPOINT_A_CLUSTER,
	  .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_PARENT,
	  .check = text_check_name },
	{ .name = "address", .attr = L7MESH_ENDPOINT_A_ADDRESS,
	  .type = FIELD_ADDRESS, .flags = FIELD_REQUIRED | FIELD_KEY },
	{ .name = "port", .attr = L7MESH_ENDPOINT_A_PORT, .type = FIELD_U16,
	  .flags = FIELD_REQUIRED | FIELD_KEY, .min = 1, .max = UINT16_MAX },
	{ .name = "weight", .attr = L7MESH_ENDPOINT_A_WEIGHT, .type = FIELD_U32,
	  .min = 1, .max = L7MESH_WEIGHT_MAX, .fallback = "1" },
	{ .name = "priority", .attr = L7MESH_ENDPOINT_A_PRIORITY,
	  .type = FIELD_U32, .max = L7MESH_PRIORITY_MAX, .fallback = "0" },
	{ .name = "locality", .attr = L7MESH_ENDPOINT_A_LOCALITY,
	  .type = FIELD_STRING, .check = text_check_locality_or_none },
	{ .name = "metadata", .attr = L7MESH_ENDPOINT_A_METADATA,
	  .type = FIELD_STRING, .check = text_check_metadata_or_none },
};

static_assert(ARRAY_SIZE(endpoint_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema endpoint = {
	.name = "endpoint",
	.kind = L7MESH_KIND_ENDPOINT,
	.attr = L7MESH_A_ENDPOINT,
	FIELDS(endpoint_fields),
};

static const struct field cluster_circuit_breakers_fields[] = {
	{ .name = "max_connections", .attr = L7MESH_CLUSTER_A_MAX_CONNECTIONS,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "max_pending_requests",
	  .attr = L7MESH_CLUSTER_A_MAX_PENDING_REQUESTS, .type = FIELD_U32,
	  .max = UINT32_MAX, .fallback = "1024" },
	{ .name = "max_requests", .attr = L7MESH_CLUSTER_A_MAX_REQUESTS,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "max_retries", .attr = L7MESH_CLUSTER_A_MAX_RETRIES,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "3" },
	{ .name = "retry_budget", .attr = L7MESH_CLUSTER_A_RETRY_BUDGET,
	  .type = FIELD_PERCENT, .fallback = "0%" },
	{ .name = "min_retry_concurrency",
	  .attr = L7MESH_CLUSTER_A_MIN_RETRY_CONCURRENCY, .type = FIELD_U32,
	  .max = UINT32_MAX, .fallback = "3" },
};

static_assert(ARRAY_SIZE(cluster_circuit_breakers_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema cluster_circuit_breakers = {
	.name = "circuit breakers",
	FIELDS(cluster_circuit_breakers_fields),
};

static const struct field cluster_circuit_breakers_high_fields[] = {
	{ .name = "max_connections",
	  .attr = L7MESH_CLUSTER_A_HIGH_MAX_CONNECTIONS, .type = FIELD_U32,
	  .word = "high_max_connections", .max = UINT32_MAX, .fallback = "0" },
	{ .name = "max_pending_requests",
	  .attr = L7MESH_CLUSTER_A_HIGH_MAX_PENDING_REQUESTS, .type = FIELD_U32,
	  .word = "high_max_pending_requests", .max = UINT32_MAX,
	  .fallback = "1024" },
	{ .name = "max_requests", .attr = L7MESH_CLUSTER_A_HIGH_MAX_REQUESTS,
	  .type = FIELD_U32, .word = "high_max_requests", .max = UINT32_MAX,
	  .fallback = "0" },
	{ .name = "max_retries", .attr = L7MESH_CLUSTER_A_HIGH_MAX_RETRIES,
	  .type = FIELD_U32, .word = "high_max_retries", .max = UINT32_MAX,
	  .fallback = "3" },
	{ .name = "retry_budget", .attr = L7MESH_CLUSTER_A_HIGH_RETRY_BUDGET,
	  .type = FIELD_PERCENT, .word = "high_retry_budget",
	  .fallback = "0%" },
	{ .name = "min_retry_concurrency",
	  .attr = L7MESH_CLUSTER_A_HIGH_MIN_RETRY_CONCURRENCY,
	  .type = FIELD_U32, .word = "high_min_retry_concurrency",
	  .max = UINT32_MAX, .fallback = "3" },
};

static_assert(ARRAY_SIZE(cluster_circuit_breakers_high_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema cluster_circuit_breakers_high = {
	.name = "circuit breakers",
	FIELDS(cluster_circuit_breakers_high_fields),
};

static const struct field cluster_outlier_detection_fields[] = {
	{ .name = "consecutive_5xx", .attr = L7MESH_CLUSTER_A_CONSECUTIVE_5XX,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "consecutive_gateway_failure",
	  .attr = L7MESH_CLUSTER_A_CONSECUTIVE_GATEWAY_FAILURE,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "interval", .attr = L7MESH_CLUSTER_A_OUTLIER_INTERVAL,
	  .type = FIELD_DURATION, .word = "outlier_interval", .min = 1,
	  .max = 86400000, .fallback = "10s" },
	{ .name = "base_ejection_time",
	  .attr = L7MESH_CLUSTER_A_BASE_EJECTION_TIME, .type = FIELD_DURATION,
	  .min = 1, .max = 86400000, .fallback = "30s" },
	{ .name = "max_ejection_time",
	  .attr = L7MESH_CLUSTER_A_MAX_EJECTION_TIME, .type = FIELD_DURATION,
	  .min = 1, .max = 86400000, .fallback = "5m" },
	{ .name = "max_ejection_percent",
	  .attr = L7MESH_CLUSTER_A_MAX_EJECTION_PERCENT, .type = FIELD_U32,
	  .max = 100, .fallback = "10" },
	{ .name = "success_rate_stdev_factor",
	  .attr = L7MESH_CLUSTER_A_SUCCESS_RATE_STDEV_FACTOR, .type = FIELD_U32,
	  .max = UINT32_MAX, .fallback = "0" },
	{ .name = "success_rate_minimum_hosts",
	  .attr = L7MESH_CLUSTER_A_SUCCESS_RATE_MINIMUM_HOSTS,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "5" },
	{ .name = "success_rate_request_volume",
	  .attr = L7MESH_CLUSTER_A_SUCCESS_RATE_REQUEST_VOLUME,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "100" },
	{ .name = "failure_percentage_threshold",
	  .attr = L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_THRESHOLD,
	  .type = FIELD_U32, .max = 100, .fallback = "0" },
	{ .name = "failure_percentage_minimum_hosts",
	  .attr = L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_MINIMUM_HOSTS,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "5" },
	{ .name = "failure_percentage_request_volume",
	  .attr = L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_REQUEST_VOLUME,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "50" },
	{ .name = "consecutive_local_origin_failure",
	  .attr = L7MESH_CLUSTER_A_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "enforcing_consecutive_5xx",
	  .attr = L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_5XX, .type = FIELD_U32,
	  .max = 100, .fallback = "100" },
	{ .name = "enforcing_consecutive_gateway_failure",
	  .attr = L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_GATEWAY_FAILURE,
	  .type = FIELD_U32, .max = 100, .fallback = "100" },
	{ .name = "enforcing_success_rate",
	  .attr = L7MESH_CLUSTER_A_ENFORCING_SUCCESS_RATE, .type = FIELD_U32,
	  .max = 100, .fallback = "100" },
	{ .name = "enforcing_failure_percentage",
	  .attr = L7MESH_CLUSTER_A_ENFORCING_FAILURE_PERCENTAGE,
	  .type = FIELD_U32, .max = 100, .fallback = "100" },
	{ .name = "enforcing_consecutive_local_origin_failure",
	  .attr = L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
	  .type = FIELD_U32, .max = 100, .fallback = "100" },
};

static_assert(ARRAY_SIZE(cluster_outlier_detection_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema cluster_outlier_detection = {
	.name = "outlier detection",
	FIELDS(cluster_outlier_detection_fields),
};

static const struct field cluster_failure_accrual_fields[] = {
	{ .name = "max_failures", .attr = L7MESH_CLUSTER_A_ACCRUAL_MAX_FAILURES,
	  .type = FIELD_U32, .word = "accrual_max_failures", .max = UINT32_MAX,
	  .fallback = "0" },
	{ .name = "min_penalty", .attr = L7MESH_CLUSTER_A_ACCRUAL_MIN_PENALTY,
	  .type = FIELD_DURATION, .word = "accrual_min_penalty", .min = 1,
	  .max = 86400000, .fallback = "1s" },
	{ .name = "max_penalty", .attr = L7MESH_CLUSTER_A_ACCRUAL_MAX_PENALTY,
	  .type = FIELD_DURATION, .word = "accrual_max_penalty", .min = 1,
	  .max = 86400000, .fallback = "1m" },
	{ .name = "jitter", .attr = L7MESH_CLUSTER_A_ACCRUAL_JITTER,
	  .type = FIELD_U32, .word = "accrual_jitter", .max = 100,
	  .fallback = "50" },
};

static_assert(ARRAY_SIZE(cluster_failure_accrual_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema cluster_failure_accrual = {
	.name = "failure accrual",
	FIELDS(cluster_failure_accrual_fields),
	.rule = validate_failure_accrual,
};

static const struct field cluster_fields[] = {
	{ .name = "name", .attr = L7MESH_CLUSTER_A_NAME, .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY, .check = text_check_name },
	{ .name = "lb", .attr = L7MESH_CLUSTER_A_LB, .type = FIELD_ENUM,
	  .names = lb_names, .fallback = "maglev" },
	{ .name = "table_size", .attr = L7MESH_CLUSTER_A_TABLE_SIZE,
	  .type = FIELD_U32, .min = 2, .max = L7MESH_TABLE_SIZE_MAX,
	  .fallback = "65537" },
	{ .name = "hash", .attr = L7MESH_CLUSTER_A_HASH, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = 16, .sub = &hash_policy },
	{ .name = "connect_timeout", .attr = L7MESH_CLUSTER_A_CONNECT_TIMEOUT,
	  .type = FIELD_DURATION, .min = 1, .max = 86400000, .fallback = "5s" },
	{ .name = "response_timeout", .attr = L7MESH_CLUSTER_A_RESPONSE_TIMEOUT,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "15s" },
	{ .name = "idle_timeout", .attr = L7MESH_CLUSTER_A_IDLE_TIMEOUT,
	  .type = FIELD_DURATION, .min = 1, .max = 86400000, .fallback = "1m" },
	{ .name = "max_idle", .attr = L7MESH_CLUSTER_A_MAX_IDLE,
	  .type = FIELD_U32, .max = 65536, .fallback = "128" },
	{ .name = "proxy_protocol", .attr = L7MESH_CLUSTER_A_PROXY_PROTOCOL,
	  .type = FIELD_ENUM, .names = proxy_protocol_names,
	  .fallback = "off" },
	{ .name = "ring_min", .attr = L7MESH_CLUSTER_A_RING_MIN,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_RING_SIZE_MAX,
	  .fallback = "1024" },
	{ .name = "ring_max", .attr = L7MESH_CLUSTER_A_RING_MAX,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_RING_SIZE_MAX,
	  .fallback = "8388608" },
	{ .name = "choices", .attr = L7MESH_CLUSTER_A_CHOICES,
	  .type = FIELD_U32, .min = 2, .max = 16, .fallback = "2" },
	{ .name = "decay", .attr = L7MESH_CLUSTER_A_DECAY,
	  .type = FIELD_DURATION, .min = 1, .max = 3600000, .fallback = "10s" },
	{ .name = "panic_threshold", .attr = L7MESH_CLUSTER_A_PANIC_THRESHOLD,
	  .type = FIELD_U32, .max = 100, .fallback = "50" },
	{ .name = "overprovisioning_factor",
	  .attr = L7MESH_CLUSTER_A_OVERPROVISIONING_FACTOR, .type = FIELD_U32,
	  .min = 100, .max = 1000, .fallback = "140" },
	{ .name = "slow_start_window",
	  .attr = L7MESH_CLUSTER_A_SLOW_START_WINDOW, .type = FIELD_DURATION,
	  .max = 86400000, .fallback = "0s" },
	{ .name = "slow_start_min_weight",
	  .attr = L7MESH_CLUSTER_A_SLOW_START_MIN_WEIGHT, .type = FIELD_U32,
	  .min = 1, .max = 100, .fallback = "10" },
	{ .name = "localities", .attr = L7MESH_CLUSTER_A_LOCALITIES,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "locality",
	  .max = L7MESH_LOCALITIES_MAX, .sub = &locality },
	{ .name = "subsets", .attr = L7MESH_CLUSTER_A_SUBSETS,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "subset",
	  .max = L7MESH_SUBSETS_MAX, .sub = &subset },
	{ .name = "subset_fallback", .attr = L7MESH_CLUSTER_A_SUBSET_FALLBACK,
	  .type = FIELD_ENUM, .names = subset_fallback_names,
	  .fallback = "none" },
	{ .name = "session_affinity", .attr = L7MESH_CLUSTER_A_SESSION,
	  .type = FIELD_NEST, .flags = FIELD_EMPTY, .nothing = "none",
	  .sub = &session },
	{ .name = "dns", .attr = L7MESH_CLUSTER_A_DNS, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &dns },
	{ .name = "circuit_breakers", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &cluster_circuit_breakers },
	{ .name = "circuit_breakers_high", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &cluster_circuit_breakers_high },
	{ .name = "outlier_detection", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &cluster_outlier_detection },
	{ .name = "failure_accrual", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &cluster_failure_accrual },
	{ .name = "health_check", .attr = L7MESH_CLUSTER_A_HEALTH_CHECK,
	  .type = FIELD_NEST, .flags = FIELD_EMPTY, .nothing = "none",
	  .sub = &health_check },
	{ .name = "endpoints", .type = FIELD_CHILDREN, .sub = &endpoint },
};

static_assert(ARRAY_SIZE(cluster_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema cluster = {
	.name = "cluster",
	.kind = L7MESH_KIND_CLUSTER,
	.attr = L7MESH_A_CLUSTER,
	FIELDS(cluster_fields),
	.rule = validate_cluster,
};

static const struct field rate_limit_fields[] = {
	{ .name = "max_tokens", .attr = L7MESH_RATE_LIMIT_A_MAX_TOKENS,
	  .type = FIELD_U32, .min = 1, .max = UINT32_MAX },
	{ .name = "tokens_per_fill",
	  .attr = L7MESH_RATE_LIMIT_A_TOKENS_PER_FILL, .type = FIELD_U32,
	  .min = 1, .max = UINT32_MAX, .fallback = "1" },
	{ .name = "fill_interval", .attr = L7MESH_RATE_LIMIT_A_FILL_INTERVAL,
	  .type = FIELD_DURATION, .min = 1, .max = 86400000, .fallback = "1s" },
	{ .name = "header", .attr = L7MESH_RATE_LIMIT_A_HEADER,
	  .type = FIELD_STRING, .flags = FIELD_LOWER, .word = "limit_header",
	  .check = text_check_token },
	{ .name = "source_address", .attr = L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS,
	  .type = FIELD_FLAG, .word = "limit_source_address" },
	{ .name = "max_keys", .attr = L7MESH_RATE_LIMIT_A_MAX_KEYS,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_RATE_KEYS_MAX,
	  .fallback = "8192" },
};

static_assert(ARRAY_SIZE(rate_limit_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema rate_limit = {
	.name = "rate limit",
	FIELDS(rate_limit_fields),
	.rule = validate_rate_limit,
};

static const struct field listener_proxy_fields[] = {
	{ .name = "address", .attr = L7MESH_LISTENER_A_PROXY_ADDRESS,
	  .type = FIELD_ADDRESS, .flags = FIELD_REQUIRED },
	{ .name = "port", .attr = L7MESH_LISTENER_A_PROXY_PORT,
	  .type = FIELD_U16, .flags = FIELD_REQUIRED, .min = 1,
	  .max = UINT16_MAX },
};

static_assert(ARRAY_SIZE(listener_proxy_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema listener_proxy = {
	.name = "proxy",
	FIELDS(listener_proxy_fields),
	.from_word = socket_from_word,
	.to_word = socket_to_word,
};

static const struct field listener_fields[] = {
	{ .name = "name", .attr = L7MESH_LISTENER_A_NAME, .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY, .check = text_check_name },
	{ .name = "address", .attr = L7MESH_LISTENER_A_ADDRESS,
	  .type = FIELD_ADDRESS, .flags = FIELD_REQUIRED },
	{ .name = "port", .attr = L7MESH_LISTENER_A_PORT, .type = FIELD_U16,
	  .flags = FIELD_REQUIRED, .max = UINT16_MAX },
	{ .name = "port_end", .attr = L7MESH_LISTENER_A_PORT_END,
	  .type = FIELD_U16, .max = UINT16_MAX, .fallback = "0" },
	{ .name = "addresses", .attr = L7MESH_LISTENER_A_ADDRESSES,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .max = L7MESH_LISTENER_ADDRESSES_MAX, .item = FIELD_ADDRESS },
	{ .name = "from", .attr = L7MESH_LISTENER_A_FROM, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = L7MESH_TRUSTED_SOURCES_MAX,
	  .item = FIELD_NETWORK },
	{ .name = "interface", .attr = L7MESH_LISTENER_A_INTERFACE,
	  .type = FIELD_STRING, .flags = FIELD_EMPTY,
	  .check = text_check_interface_or_none },
	{ .name = "protocol", .attr = L7MESH_LISTENER_A_PROTOCOL,
	  .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = protocol_names },
	{ .name = "route_table", .attr = L7MESH_LISTENER_A_ROUTE_TABLE,
	  .type = FIELD_STRING, .check = text_check_name,
	  .refers = L7MESH_KIND_ROUTE_TABLE },
	{ .name = "tls_route_table", .attr = L7MESH_LISTENER_A_TLS_ROUTE_TABLE,
	  .type = FIELD_STRING, .check = text_check_name,
	  .refers = L7MESH_KIND_ROUTE_TABLE },
	{ .name = "cluster", .attr = L7MESH_LISTENER_A_CLUSTER,
	  .type = FIELD_STRING, .check = text_check_name,
	  .refers = L7MESH_KIND_CLUSTER },
	{ .name = "proxy", .type = FIELD_GROUP, .sub = &listener_proxy },
	{ .name = "headers_timeout", .attr = L7MESH_LISTENER_A_HEADERS_TIMEOUT,
	  .type = FIELD_DURATION, .min = 1, .max = 86400000,
	  .fallback = "10s" },
	{ .name = "request_timeout", .attr = L7MESH_LISTENER_A_REQUEST_TIMEOUT,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "0s" },
	{ .name = "idle_timeout", .attr = L7MESH_LISTENER_A_IDLE_TIMEOUT,
	  .type = FIELD_DURATION, .min = 1, .max = 86400000, .fallback = "5m" },
	{ .name = "stream_idle_timeout",
	  .attr = L7MESH_LISTENER_A_STREAM_IDLE_TIMEOUT, .type = FIELD_DURATION,
	  .max = 86400000, .fallback = "5m" },
	{ .name = "max_connection_duration",
	  .attr = L7MESH_LISTENER_A_MAX_CONNECTION_DURATION,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "0s" },
	{ .name = "detect_timeout", .attr = L7MESH_LISTENER_A_DETECT_TIMEOUT,
	  .type = FIELD_DURATION, .min = 1, .max = 86400000, .fallback = "1s" },
	{ .name = "max_connections_per_source",
	  .attr = L7MESH_LISTENER_A_MAX_CONNECTIONS_PER_SOURCE,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "max_requests_per_source",
	  .attr = L7MESH_LISTENER_A_MAX_REQUESTS_PER_SOURCE, .type = FIELD_U32,
	  .max = UINT32_MAX, .fallback = "0" },
	{ .name = "max_requests_per_connection",
	  .attr = L7MESH_LISTENER_A_MAX_REQUESTS_PER_CONNECTION,
	  .type = FIELD_U32, .max = UINT32_MAX, .fallback = "0" },
	{ .name = "max_header_bytes",
	  .attr = L7MESH_LISTENER_A_MAX_HEADER_BYTES, .type = FIELD_U32,
	  .min = L7MESH_HEADER_BYTES_MIN, .max = L7MESH_HEADER_BYTES_MAX,
	  .fallback = "61440" },
	{ .name = "max_headers", .attr = L7MESH_LISTENER_A_MAX_HEADERS,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_HEADERS_MAX,
	  .fallback = "100" },
	{ .name = "max_uri_bytes", .attr = L7MESH_LISTENER_A_MAX_URI_BYTES,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_URI_BYTES_MAX,
	  .fallback = "8192" },
	{ .name = "max_body_bytes", .attr = L7MESH_LISTENER_A_MAX_BODY_BYTES,
	  .type = FIELD_U64, .fallback = "0" },
	{ .name = "buffer_limit", .attr = L7MESH_LISTENER_A_BUFFER_LIMIT,
	  .type = FIELD_U32, .max = L7MESH_BUFFER_LIMIT_MAX, .fallback = "0" },
	{ .name = "normalize_path", .attr = L7MESH_LISTENER_A_NORMALIZE_PATH,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "merge_slashes", .attr = L7MESH_LISTENER_A_MERGE_SLASHES,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "escaped_slashes", .attr = L7MESH_LISTENER_A_ESCAPED_SLASHES,
	  .type = FIELD_ENUM, .names = escaped_slashes_names,
	  .fallback = "keep" },
	{ .name = "host_port", .attr = L7MESH_LISTENER_A_HOST_PORT,
	  .type = FIELD_ENUM, .names = host_port_names, .fallback = "ignore" },
	{ .name = "headers_with_underscores",
	  .attr = L7MESH_LISTENER_A_HEADERS_WITH_UNDERSCORES,
	  .type = FIELD_ENUM, .names = headers_with_underscores_names,
	  .fallback = "allow" },
	{ .name = "packets", .attr = L7MESH_LISTENER_A_PACKETS,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "source", .attr = L7MESH_LISTENER_A_SOURCE,
	  .type = FIELD_ENUM, .names = source_names, .fallback = "auto" },
	{ .name = "inbound", .attr = L7MESH_LISTENER_A_INBOUND,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "proxy_protocol", .attr = L7MESH_LISTENER_A_PROXY_PROTOCOL,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "trusted_sources", .attr = L7MESH_LISTENER_A_TRUSTED_SOURCES,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .max = L7MESH_TRUSTED_SOURCES_MAX, .item = FIELD_NETWORK },
	{ .name = "expect_continue", .attr = L7MESH_LISTENER_A_EXPECT_CONTINUE,
	  .type = FIELD_ENUM, .names = expect_continue_names,
	  .fallback = "forward" },
	{ .name = "upgrade", .attr = L7MESH_LISTENER_A_UPGRADE,
	  .type = FIELD_ENUM, .names = upgrade_names, .fallback = "websocket" },
	{ .name = "connect", .attr = L7MESH_LISTENER_A_CONNECT,
	  .type = FIELD_ENUM, .names = connect_names, .fallback = "refuse" },
	{ .name = "x_request_id", .attr = L7MESH_LISTENER_A_X_REQUEST_ID,
	  .type = FIELD_U8_BOOL, .fallback = "true" },
	{ .name = "x_forwarded_for", .attr = L7MESH_LISTENER_A_X_FORWARDED_FOR,
	  .type = FIELD_U8_BOOL, .fallback = "true" },
	{ .name = "x_forwarded_proto",
	  .attr = L7MESH_LISTENER_A_X_FORWARDED_PROTO, .type = FIELD_U8_BOOL,
	  .fallback = "true" },
	{ .name = "x_forwarded_host",
	  .attr = L7MESH_LISTENER_A_X_FORWARDED_HOST, .type = FIELD_U8_BOOL,
	  .fallback = "false" },
	{ .name = "forwarded", .attr = L7MESH_LISTENER_A_FORWARDED,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "via", .attr = L7MESH_LISTENER_A_VIA, .type = FIELD_U8_BOOL,
	  .fallback = "false" },
	{ .name = "traceparent", .attr = L7MESH_LISTENER_A_TRACEPARENT,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "trusted_hops", .attr = L7MESH_LISTENER_A_TRUSTED_HOPS,
	  .type = FIELD_U32, .max = L7MESH_TRUSTED_HOPS_MAX, .fallback = "0" },
	{ .name = "abort_on_close", .attr = L7MESH_LISTENER_A_ABORT_ON_CLOSE,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "rate_limit", .attr = L7MESH_LISTENER_A_RATE_LIMIT,
	  .type = FIELD_NEST, .flags = FIELD_EMPTY, .nothing = "none",
	  .sub = &rate_limit },
};

static_assert(ARRAY_SIZE(listener_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema listener = {
	.name = "listener",
	.kind = L7MESH_KIND_LISTENER,
	.attr = L7MESH_A_LISTENER,
	FIELDS(listener_fields),
	.rule = validate_listener,
};

static const struct field header_op_fields[] = {
	{ .name = "name", .attr = L7MESH_HEADER_OP_A_NAME, .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_LOWER, .check = text_check_token },
	{ .name = "value", .attr = L7MESH_HEADER_OP_A_VALUE,
	  .type = FIELD_STRING, .check = text_check_value },
	{ .name = "op", .attr = L7MESH_HEADER_OP_A_OP, .type = FIELD_ENUM,
	  .names = header_op_names, .fallback = "set" },
};

static_assert(ARRAY_SIZE(header_op_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema header_op = {
	.name = "header operation",
	FIELDS(header_op_fields),
	.rule = validate_header_op,
	.from_word = header_op_from_word,
	.to_word = header_op_to_word,
};

static const struct field match_path_fields[] = {
	{ .name = "exact", .attr = L7MESH_MATCH_A_PATH_EXACT,
	  .type = FIELD_STRING, .word = "path_exact",
	  .check = text_check_path },
	{ .name = "prefix", .attr = L7MESH_MATCH_A_PATH_PREFIX,
	  .type = FIELD_STRING, .word = "path_prefix",
	  .check = text_check_path },
	{ .name = "raw_prefix", .attr = L7MESH_MATCH_A_PATH_RAW_PREFIX,
	  .type = FIELD_STRING, .word = "path_raw_prefix",
	  .check = text_check_path },
	{ .name = "suffix", .attr = L7MESH_MATCH_A_PATH_SUFFIX,
	  .type = FIELD_STRING, .word = "path_suffix",
	  .check = text_check_suffix },
	{ .name = "template", .attr = L7MESH_MATCH_A_PATH_TEMPLATE,
	  .type = FIELD_STRING, .word = "path_template",
	  .check = text_check_path },
	{ .name = "regex", .attr = L7MESH_MATCH_A_PATH_REGEX,
	  .type = FIELD_STRING, .word = "path_regex",
	  .check = text_check_regex },
};

static_assert(ARRAY_SIZE(match_path_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema match_path = {
	.name = "path",
	FIELDS(match_path_fields),
	.rule = validate_path,
};

static const struct field match_fields[] = {
	{ .name = "path", .type = FIELD_GROUP, .sub = &match_path },
	{ .name = "method", .attr = L7MESH_MATCH_A_METHOD, .type = FIELD_STRING,
	  .check = text_check_methods },
	{ .name = "headers", .attr = L7MESH_MATCH_A_HEADERS, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .word = "header", .max = 100,
	  .sub = &header_match },
	{ .name = "query", .attr = L7MESH_MATCH_A_QUERY, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = 100, .sub = &query_match },
	{ .name = "source", .attr = L7MESH_MATCH_A_SOURCE,
	  .type = FIELD_NETWORK },
	{ .name = "source_netns", .attr = L7MESH_MATCH_A_SOURCE_NETNS,
	  .type = FIELD_U64, .min = 1 },
	{ .name = "listener", .attr = L7MESH_MATCH_A_LISTENER,
	  .type = FIELD_STRING, .check = text_check_name },
	{ .name = "fraction", .attr = L7MESH_MATCH_A_FRACTION,
	  .type = FIELD_PERCENT },
};

static_assert(ARRAY_SIZE(match_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema match = {
	.name = "match",
	FIELDS(match_fields),
};

static const struct field weighted_cluster_fields[] = {
	{ .name = "name", .attr = L7MESH_WEIGHTED_CLUSTER_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_name, .refers = L7MESH_KIND_CLUSTER },
	{ .name = "weight", .attr = L7MESH_WEIGHTED_CLUSTER_A_WEIGHT,
	  .type = FIELD_U32, .flags = FIELD_REQUIRED,
	  .max = L7MESH_WEIGHT_MAX },
	{ .name = "subset", .attr = L7MESH_WEIGHTED_CLUSTER_A_SUBSET,
	  .type = FIELD_STRING, .check = text_check_subset },
	{ .name = "request_headers",
	  .attr = L7MESH_WEIGHTED_CLUSTER_A_REQUEST_HEADERS, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .word = "request_header",
	  .max = L7MESH_HEADER_OPS_MAX, .sub = &header_op },
	{ .name = "response_headers",
	  .attr = L7MESH_WEIGHTED_CLUSTER_A_RESPONSE_HEADERS,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "response_header",
	  .max = L7MESH_HEADER_OPS_MAX, .sub = &header_op },
};

static_assert(ARRAY_SIZE(weighted_cluster_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema weighted_cluster = {
	.name = "weighted cluster",
	FIELDS(weighted_cluster_fields),
	.from_word = weighted_cluster_from_word,
	.to_word = weighted_cluster_to_word,
};

static const struct field redirect_fields[] = {
	{ .name = "host", .attr = L7MESH_REDIRECT_A_HOST, .type = FIELD_STRING,
	  .word = "redirect_host", .check = text_check_host },
	{ .name = "path", .attr = L7MESH_REDIRECT_A_PATH, .type = FIELD_STRING,
	  .word = "redirect_path", .check = text_check_path },
	{ .name = "prefix", .attr = L7MESH_REDIRECT_A_PREFIX,
	  .type = FIELD_STRING, .word = "redirect_prefix",
	  .check = text_check_path },
	{ .name = "scheme", .attr = L7MESH_REDIRECT_A_SCHEME,
	  .type = FIELD_ENUM, .word = "redirect_scheme", .names = scheme_names,
	  .fallback = "same" },
	{ .name = "port", .attr = L7MESH_REDIRECT_A_PORT, .type = FIELD_U16,
	  .word = "redirect_port", .min = 1, .max = UINT16_MAX },
	{ .name = "strip_query", .attr = L7MESH_REDIRECT_A_STRIP_QUERY,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "status", .attr = L7MESH_REDIRECT_A_STATUS, .type = FIELD_U16,
	  .min = 301, .max = 308, .fallback = "301" },
};

static_assert(ARRAY_SIZE(redirect_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema redirect = {
	.name = "redirect",
	FIELDS(redirect_fields),
	.rule = validate_redirect,
};

static const struct field rewrite_fields[] = {
	{ .name = "host", .attr = L7MESH_REWRITE_A_HOST, .type = FIELD_STRING,
	  .word = "rewrite_host", .check = text_check_host },
	{ .name = "path", .attr = L7MESH_REWRITE_A_PATH, .type = FIELD_STRING,
	  .word = "rewrite_path", .check = text_check_path },
	{ .name = "prefix", .attr = L7MESH_REWRITE_A_PREFIX,
	  .type = FIELD_STRING, .word = "rewrite_prefix",
	  .check = text_check_path },
	{ .name = "template", .attr = L7MESH_REWRITE_A_TEMPLATE,
	  .type = FIELD_STRING, .word = "rewrite_template",
	  .check = text_check_path },
};

static_assert(ARRAY_SIZE(rewrite_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema rewrite = {
	.name = "rewrite",
	FIELDS(rewrite_fields),
	.rule = validate_rewrite,
};

static const struct field action_fields[] = {
	{ .name = "cluster", .attr = L7MESH_ACTION_A_CLUSTER,
	  .type = FIELD_STRING, .check = text_check_name,
	  .refers = L7MESH_KIND_CLUSTER },
	{ .name = "subset", .attr = L7MESH_ACTION_A_SUBSET,
	  .type = FIELD_STRING, .check = text_check_subset },
	{ .name = "weighted_clusters",
	  .attr = L7MESH_ACTION_A_WEIGHTED_CLUSTERS, .type = FIELD_LIST,
	  .word = "weighted", .sub = &weighted_cluster },
	{ .name = "cluster_header", .attr = L7MESH_ACTION_A_CLUSTER_HEADER,
	  .type = FIELD_STRING, .flags = FIELD_LOWER,
	  .check = text_check_token },
	{ .name = "redirect", .attr = L7MESH_ACTION_A_REDIRECT,
	  .type = FIELD_NEST, .nothing = "same", .sub = &redirect },
	{ .name = "direct_response", .attr = L7MESH_ACTION_A_DIRECT_RESPONSE,
	  .type = FIELD_NEST, .sub = &direct_response },
	{ .name = "rewrite", .attr = L7MESH_ACTION_A_REWRITE,
	  .type = FIELD_NEST, .sub = &rewrite },
};

static_assert(ARRAY_SIZE(action_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema action = {
	.name = "action",
	FIELDS(action_fields),
	.rule = validate_action,
};

static const struct field cors_fields[] = {
	{ .name = "allow_origins", .attr = L7MESH_CORS_A_ALLOW_ORIGINS,
	  .type = FIELD_LIST, .word = "cors_origin", .check = text_check_name },
	{ .name = "allow_methods", .attr = L7MESH_CORS_A_ALLOW_METHODS,
	  .type = FIELD_STRING, .word = "cors_methods",
	  .check = text_check_value },
	{ .name = "allow_headers", .attr = L7MESH_CORS_A_ALLOW_HEADERS,
	  .type = FIELD_STRING, .word = "cors_headers",
	  .check = text_check_value },
	{ .name = "expose_headers", .attr = L7MESH_CORS_A_EXPOSE_HEADERS,
	  .type = FIELD_STRING, .word = "cors_expose_headers",
	  .check = text_check_value },
	{ .name = "max_age", .attr = L7MESH_CORS_A_MAX_AGE, .type = FIELD_U32,
	  .word = "cors_max_age", .max = 86400 },
	{ .name = "allow_credentials", .attr = L7MESH_CORS_A_ALLOW_CREDENTIALS,
	  .type = FIELD_U8_BOOL, .word = "cors_credentials",
	  .fallback = "false" },
};

static_assert(ARRAY_SIZE(cors_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema cors = {
	.name = "cors",
	FIELDS(cors_fields),
	.rule = validate_cors,
};

static const struct field retry_fields[] = {
	{ .name = "on", .attr = L7MESH_RETRY_A_ON, .type = FIELD_FLAGS,
	  .word = "retry_on", .names = retry_on_names },
	{ .name = "status", .attr = L7MESH_RETRY_A_STATUS, .type = FIELD_U16S,
	  .word = "retry_status", .min = 100, .max = 599 },
	{ .name = "num_retries", .attr = L7MESH_RETRY_A_NUM_RETRIES,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_RETRIES_MAX,
	  .fallback = "1" },
	{ .name = "per_try_timeout", .attr = L7MESH_RETRY_A_PER_TRY_TIMEOUT,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "0s" },
	{ .name = "backoff", .attr = L7MESH_RETRY_A_BACKOFF,
	  .type = FIELD_DURATION, .min = 1, .max = 3600000,
	  .fallback = "25ms" },
	{ .name = "max_backoff", .attr = L7MESH_RETRY_A_MAX_BACKOFF,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "0s" },
	{ .name = "replay_limit", .attr = L7MESH_RETRY_A_REPLAY_LIMIT,
	  .type = FIELD_U32, .max = L7MESH_REPLAY_LIMIT_MAX,
	  .fallback = "65536" },
	{ .name = "avoid_previous_hosts",
	  .attr = L7MESH_RETRY_A_AVOID_PREVIOUS_HOSTS, .type = FIELD_U8_BOOL,
	  .fallback = "true" },
	{ .name = "hedge_on_per_try_timeout",
	  .attr = L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
};

static_assert(ARRAY_SIZE(retry_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema retry = {
	.name = "retry",
	FIELDS(retry_fields),
	.rule = validate_retry,
};

static const struct field fault_fields[] = {
	{ .name = "delay", .attr = L7MESH_FAULT_A_DELAY, .type = FIELD_DURATION,
	  .word = "fault_delay", .min = 1, .max = 86400000 },
	{ .name = "delay_fraction", .attr = L7MESH_FAULT_A_DELAY_FRACTION,
	  .type = FIELD_PERCENT, .fallback = "100%" },
	{ .name = "abort", .attr = L7MESH_FAULT_A_ABORT, .type = FIELD_U16,
	  .word = "fault_abort", .min = 200, .max = 599 },
	{ .name = "abort_fraction", .attr = L7MESH_FAULT_A_ABORT_FRACTION,
	  .type = FIELD_PERCENT, .fallback = "100%" },
	{ .name = "response_rate", .attr = L7MESH_FAULT_A_RESPONSE_RATE,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_RESPONSE_RATE_MAX },
	{ .name = "rate_fraction", .attr = L7MESH_FAULT_A_RATE_FRACTION,
	  .type = FIELD_PERCENT, .fallback = "100%" },
	{ .name = "by_header", .attr = L7MESH_FAULT_A_BY_HEADER,
	  .type = FIELD_U8_BOOL, .word = "fault_by_header",
	  .fallback = "false" },
};

static_assert(ARRAY_SIZE(fault_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema fault = {
	.name = "fault",
	FIELDS(fault_fields),
	.rule = validate_fault,
};

static const struct field mirror_fields[] = {
	{ .name = "cluster", .attr = L7MESH_MIRROR_A_CLUSTER,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_name, .refers = L7MESH_KIND_CLUSTER },
	{ .name = "fraction", .attr = L7MESH_MIRROR_A_FRACTION,
	  .type = FIELD_PERCENT, .fallback = "100%" },
	{ .name = "shadow", .attr = L7MESH_MIRROR_A_SHADOW,
	  .type = FIELD_U8_BOOL, .fallback = "true" },
};

static_assert(ARRAY_SIZE(mirror_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema mirror = {
	.name = "mirror",
	FIELDS(mirror_fields),
	.from_word = mirror_from_word,
	.to_word = mirror_to_word,
};

static const struct field route_fields[] = {
	{ .name = "route_table", .attr = L7MESH_ROUTE_A_ROUTE_TABLE,
	  .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_PARENT,
	  .check = text_check_name },
	{ .name = "virtual_host", .attr = L7MESH_ROUTE_A_VIRTUAL_HOST,
	  .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_PARENT,
	  .check = text_check_name },
	{ .name = "index", .attr = L7MESH_ROUTE_A_INDEX, .type = FIELD_U32,
	  .flags = FIELD_KEY | FIELD_PARENT, .max = UINT32_MAX },
	{ .name = "match", .attr = L7MESH_ROUTE_A_MATCH, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "any", .sub = &match },
	{ .name = "action", .attr = L7MESH_ROUTE_A_ACTION, .type = FIELD_NEST,
	  .flags = FIELD_REQUIRED, .sub = &action },
	{ .name = "request_headers", .attr = L7MESH_ROUTE_A_REQUEST_HEADERS,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "request_header",
	  .max = L7MESH_HEADER_OPS_MAX, .sub = &header_op },
	{ .name = "response_headers", .attr = L7MESH_ROUTE_A_RESPONSE_HEADERS,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "response_header",
	  .max = L7MESH_HEADER_OPS_MAX, .sub = &header_op },
	{ .name = "cors", .attr = L7MESH_ROUTE_A_CORS, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &cors },
	{ .name = "timeout", .attr = L7MESH_ROUTE_A_TIMEOUT,
	  .type = FIELD_DURATION, .max = 86400000, .fallback = "0s" },
	{ .name = "hash", .attr = L7MESH_ROUTE_A_HASH, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = 16, .sub = &hash_policy },
	{ .name = "priority", .attr = L7MESH_ROUTE_A_PRIORITY,
	  .type = FIELD_ENUM, .names = routing_priority_names,
	  .fallback = "default" },
	{ .name = "retry", .attr = L7MESH_ROUTE_A_RETRY, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &retry },
	{ .name = "mirrors", .attr = L7MESH_ROUTE_A_MIRRORS, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .word = "mirror", .max = L7MESH_MIRRORS_MAX,
	  .sub = &mirror },
	{ .name = "rate_limit", .attr = L7MESH_ROUTE_A_RATE_LIMIT,
	  .type = FIELD_NEST, .flags = FIELD_EMPTY, .nothing = "none",
	  .sub = &rate_limit },
	{ .name = "fault", .attr = L7MESH_ROUTE_A_FAULT, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &fault },
};

static_assert(ARRAY_SIZE(route_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema route = {
	.name = "route",
	.kind = L7MESH_KIND_ROUTE,
	.attr = L7MESH_A_ROUTE,
	FIELDS(route_fields),
};

static const struct field virtual_host_fields[] = {
	{ .name = "route_table", .attr = L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE,
	  .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_PARENT,
	  .check = text_check_name },
	{ .name = "name", .attr = L7MESH_VIRTUAL_HOST_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	  .check = text_check_name },
	{ .name = "domains", .attr = L7MESH_VIRTUAL_HOST_A_DOMAINS,
	  .type = FIELD_LIST, .flags = FIELD_REQUIRED | FIELD_LOWER,
	  .word = "domain", .check = text_check_domain_port },
	{ .name = "order", .attr = L7MESH_VIRTUAL_HOST_A_ORDER,
	  .type = FIELD_ENUM, .names = route_order_names, .fallback = "first" },
	{ .name = "request_headers",
	  .attr = L7MESH_VIRTUAL_HOST_A_REQUEST_HEADERS, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .word = "request_header",
	  .max = L7MESH_HEADER_OPS_MAX, .sub = &header_op },
	{ .name = "response_headers",
	  .attr = L7MESH_VIRTUAL_HOST_A_RESPONSE_HEADERS, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .word = "response_header",
	  .max = L7MESH_HEADER_OPS_MAX, .sub = &header_op },
	{ .name = "routes", .type = FIELD_CHILDREN, .sub = &route },
};

static_assert(ARRAY_SIZE(virtual_host_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema virtual_host = {
	.name = "virtual_host",
	.kind = L7MESH_KIND_VIRTUAL_HOST,
	.attr = L7MESH_A_VIRTUAL_HOST,
	FIELDS(virtual_host_fields),
};

static const struct field route_table_fields[] = {
	{ .name = "name", .attr = L7MESH_ROUTE_TABLE_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	  .check = text_check_name },
	{ .name = "virtual_hosts", .type = FIELD_CHILDREN,
	  .sub = &virtual_host },
};

static_assert(ARRAY_SIZE(route_table_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema route_table = {
	.name = "route_table",
	.kind = L7MESH_KIND_ROUTE_TABLE,
	.attr = L7MESH_A_ROUTE_TABLE,
	FIELDS(route_table_fields),
};

static const struct field splice_except_fields[] = {
	{ .name = "port", .attr = L7MESH_SPLICE_EXCEPT_A_PORT,
	  .type = FIELD_U16, .flags = FIELD_REQUIRED, .min = 1,
	  .max = UINT16_MAX },
};

static_assert(ARRAY_SIZE(splice_except_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema splice_except = {
	.name = "splice exception",
	FIELDS(splice_except_fields),
	.from_word = splice_except_from_word,
	.to_word = splice_except_to_word,
};

static const struct field splice_fields[] = {
	{ .name = "policy", .attr = L7MESH_SPLICE_A_POLICY, .type = FIELD_ENUM,
	  .names = splice_policy_names, .fallback = "mesh" },
	{ .name = "except", .attr = L7MESH_SPLICE_A_EXCEPT, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = L7MESH_SPLICE_EXCEPT_MAX,
	  .sub = &splice_except },
	{ .name = "bypass_shaping", .attr = L7MESH_SPLICE_A_BYPASS_SHAPING,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
};

static_assert(ARRAY_SIZE(splice_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema splice = {
	.name = "splice",
	.kind = L7MESH_KIND_SPLICE,
	.attr = L7MESH_A_SPLICE,
	FIELDS(splice_fields),
	.single = "policy",
};

static const struct field workload_fields[] = {
	{ .name = "name", .attr = L7MESH_WORKLOAD_A_NAME, .type = FIELD_STRING,
	  .flags = FIELD_REQUIRED | FIELD_KEY, .check = text_check_name },
	{ .name = "namespace", .attr = L7MESH_WORKLOAD_A_NAMESPACE,
	  .type = FIELD_STRING, .check = text_check_name },
	{ .name = "service_account", .attr = L7MESH_WORKLOAD_A_SERVICE_ACCOUNT,
	  .type = FIELD_STRING, .check = text_check_name },
	{ .name = "identity", .attr = L7MESH_WORKLOAD_A_IDENTITY,
	  .type = FIELD_STRING, .check = text_check_spiffe },
	{ .name = "addresses", .attr = L7MESH_WORKLOAD_A_ADDRESSES,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "address",
	  .max = 64, .item = FIELD_ADDRESS },
	{ .name = "labels", .attr = L7MESH_WORKLOAD_A_LABELS,
	  .type = FIELD_STRING, .check = text_check_metadata },
	{ .name = "node", .attr = L7MESH_WORKLOAD_A_NODE, .type = FIELD_STRING,
	  .check = text_check_name },
	{ .name = "netns", .attr = L7MESH_WORKLOAD_A_NETNS, .type = FIELD_U64 },
	{ .name = "refuse", .attr = L7MESH_WORKLOAD_A_REFUSE,
	  .type = FIELD_ENUM, .names = refuse_names, .fallback = "reset" },
	{ .name = "exempt_node", .attr = L7MESH_WORKLOAD_A_EXEMPT_NODE,
	  .type = FIELD_U8_BOOL, .fallback = "true" },
	{ .name = "exclude_ports", .attr = L7MESH_WORKLOAD_A_EXCLUDE_PORTS,
	  .type = FIELD_STRING, .check = text_check_port_list },
	{ .name = "on_failure", .attr = L7MESH_WORKLOAD_A_ON_FAILURE,
	  .type = FIELD_ENUM, .names = on_failure_names, .fallback = "closed" },
	{ .name = "ports", .type = FIELD_CHILDREN, .sub = &workload_port },
};

static_assert(ARRAY_SIZE(workload_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema workload = {
	.name = "workload",
	.kind = L7MESH_KIND_WORKLOAD,
	.attr = L7MESH_A_WORKLOAD,
	FIELDS(workload_fields),
};

static const struct field authorization_source_fields[] = {
	{ .name = "principals",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_PRINCIPALS, .type = FIELD_LIST,
	  .check = text_check_principal },
	{ .name = "not_principals",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_NOT_PRINCIPALS,
	  .type = FIELD_LIST, .check = text_check_principal },
	{ .name = "namespaces",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_NAMESPACES, .type = FIELD_LIST,
	  .check = text_check_name },
	{ .name = "not_namespaces",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_NOT_NAMESPACES,
	  .type = FIELD_LIST, .check = text_check_name },
	{ .name = "ip_blocks", .attr = L7MESH_AUTHORIZATION_SOURCE_A_IP_BLOCKS,
	  .type = FIELD_LIST, .check = text_check_ip_block },
	{ .name = "not_ip_blocks",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_NOT_IP_BLOCKS,
	  .type = FIELD_LIST, .check = text_check_ip_block },
	{ .name = "remote_ip_blocks",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_REMOTE_IP_BLOCKS,
	  .type = FIELD_LIST, .check = text_check_ip_block },
	{ .name = "not_remote_ip_blocks",
	  .attr = L7MESH_AUTHORIZATION_SOURCE_A_NOT_REMOTE_IP_BLOCKS,
	  .type = FIELD_LIST, .check = text_check_ip_block },
};

static_assert(ARRAY_SIZE(authorization_source_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema authorization_source = {
	.name = "source",
	FIELDS(authorization_source_fields),
	.rule = validate_authorization_source,
	.not_yet = NAMES("request_principals", "not_request_principals",
		"requestPrincipals", "notRequestPrincipals"),
};

static const struct field authorization_operation_fields[] = {
	{ .name = "hosts", .attr = L7MESH_AUTHORIZATION_OPERATION_A_HOSTS,
	  .type = FIELD_LIST, .check = text_check_host_match },
	{ .name = "not_hosts",
	  .attr = L7MESH_AUTHORIZATION_OPERATION_A_NOT_HOSTS,
	  .type = FIELD_LIST, .check = text_check_host_match },
	{ .name = "ports", .attr = L7MESH_AUTHORIZATION_OPERATION_A_PORTS,
	  .type = FIELD_LIST, .flags = FIELD_NUMERIC,
	  .check = text_check_port },
	{ .name = "not_ports",
	  .attr = L7MESH_AUTHORIZATION_OPERATION_A_NOT_PORTS,
	  .type = FIELD_LIST, .flags = FIELD_NUMERIC,
	  .check = text_check_port },
	{ .name = "methods", .attr = L7MESH_AUTHORIZATION_OPERATION_A_METHODS,
	  .type = FIELD_LIST, .check = text_check_method_match },
	{ .name = "not_methods",
	  .attr = L7MESH_AUTHORIZATION_OPERATION_A_NOT_METHODS,
	  .type = FIELD_LIST, .check = text_check_method_match },
	{ .name = "paths", .attr = L7MESH_AUTHORIZATION_OPERATION_A_PATHS,
	  .type = FIELD_LIST, .check = text_check_path_match },
	{ .name = "not_paths",
	  .attr = L7MESH_AUTHORIZATION_OPERATION_A_NOT_PATHS,
	  .type = FIELD_LIST, .check = text_check_path_match },
};

static_assert(ARRAY_SIZE(authorization_operation_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema authorization_operation = {
	.name = "operation",
	FIELDS(authorization_operation_fields),
	.rule = validate_authorization_operation,
};

static const struct field authorization_condition_fields[] = {
	{ .name = "key", .attr = L7MESH_AUTHORIZATION_CONDITION_A_KEY,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_condition_key },
	{ .name = "values", .attr = L7MESH_AUTHORIZATION_CONDITION_A_VALUES,
	  .type = FIELD_LIST, .flags = FIELD_NUMERIC,
	  .check = text_check_condition_value },
	{ .name = "not_values",
	  .attr = L7MESH_AUTHORIZATION_CONDITION_A_NOT_VALUES,
	  .type = FIELD_LIST, .flags = FIELD_NUMERIC,
	  .check = text_check_condition_value },
};

static_assert(ARRAY_SIZE(authorization_condition_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema authorization_condition = {
	.name = "condition",
	FIELDS(authorization_condition_fields),
	.rule = validate_authorization_condition,
};

static const struct field authorization_rule_fields[] = {
	{ .name = "from", .attr = L7MESH_AUTHORIZATION_RULE_A_FROM,
	  .type = FIELD_LIST, .sub = &authorization_source },
	{ .name = "to", .attr = L7MESH_AUTHORIZATION_RULE_A_TO,
	  .type = FIELD_LIST, .sub = &authorization_operation },
	{ .name = "when", .attr = L7MESH_AUTHORIZATION_RULE_A_WHEN,
	  .type = FIELD_LIST, .sub = &authorization_condition },
};

static_assert(ARRAY_SIZE(authorization_rule_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema authorization_rule = {
	.name = "rule",
	FIELDS(authorization_rule_fields),
	.from_word = authorization_rule_from_word,
	.to_word = authorization_rule_to_word,
};

static const struct field authorization_fields[] = {
	{ .name = "name", .attr = L7MESH_AUTHORIZATION_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	  .check = text_check_name },
	{ .name = "namespace", .attr = L7MESH_AUTHORIZATION_A_NAMESPACE,
	  .type = FIELD_STRING, .check = text_check_name },
	{ .name = "selector", .attr = L7MESH_AUTHORIZATION_A_SELECTOR,
	  .type = FIELD_STRING, .check = text_check_metadata },
	{ .name = "action", .attr = L7MESH_AUTHORIZATION_A_ACTION,
	  .type = FIELD_ENUM, .names = authorization_action_names,
	  .not_yet = NAMES("custom"), .fallback = "allow" },
	{ .name = "audit", .attr = L7MESH_AUTHORIZATION_A_AUDIT,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "cut", .attr = L7MESH_AUTHORIZATION_A_CUT,
	  .type = FIELD_U8_BOOL, .fallback = "false" },
	{ .name = "rules", .attr = L7MESH_AUTHORIZATION_A_RULES,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "rule", .max = 512,
	  .sub = &authorization_rule },
};

static_assert(ARRAY_SIZE(authorization_fields) <= SCHEMA_FIELDS_MAX,
	      "more fields than schema.h says");

static const struct schema authorization = {
	.name = "authorization",
	.kind = L7MESH_KIND_AUTHORIZATION,
	.attr = L7MESH_A_AUTHORIZATION,
	FIELDS(authorization_fields),
};
