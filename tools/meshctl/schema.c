// SPDX-License-Identifier: GPL-2.0
#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "util.h"
#include "validate.h"
#include "value.h"
#include "words.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS(table) .fields = (table), .nfields = ARRAY_SIZE(table)

static const char *const lb_names[] = {
	[L7MESH_LB_MAGLEV] = "maglev",
	[L7MESH_LB_ROUND_ROBIN] = "round_robin",
	[L7MESH_LB_RANDOM] = "random",
	[L7MESH_LB_RING_HASH] = "ring_hash",
	[L7MESH_LB_LEAST_REQUEST] = "least_request",
	[L7MESH_LB_PEAK_EWMA] = "peak_ewma",
	NULL,
};

static const char *const dns_family_names[] = {
	[L7MESH_DNS_FAMILY_ALL] = "all",
	[L7MESH_DNS_FAMILY_IPV4] = "ipv4",
	[L7MESH_DNS_FAMILY_IPV6] = "ipv6",
	[L7MESH_DNS_FAMILY_IPV4_FIRST] = "ipv4_first",
	[L7MESH_DNS_FAMILY_IPV6_FIRST] = "ipv6_first",
	NULL,
};

static const char *const protocol_names[] = {
	[L7MESH_PROTOCOL_TCP] = "tcp",
	[L7MESH_PROTOCOL_HTTP] = "http",
	NULL,
};

static const char *const escaped_slashes_names[] = {
	[L7MESH_ESCAPED_SLASHES_KEEP] = "keep",
	[L7MESH_ESCAPED_SLASHES_REJECT] = "reject",
	[L7MESH_ESCAPED_SLASHES_DECODE] = "decode",
	NULL,
};

static const char *const host_port_names[] = {
	[L7MESH_HOST_PORT_IGNORE] = "ignore",
	[L7MESH_HOST_PORT_MATCH] = "match",
	NULL
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

static const char *const route_order_names[] = {
	[L7MESH_ROUTE_ORDER_FIRST] = "first",
	[L7MESH_ROUTE_ORDER_SPECIFIC] = "specific",
	NULL,
};

static const char *const routing_priority_names[] = {
	[L7MESH_ROUTING_PRIORITY_DEFAULT] = "default",
	[L7MESH_ROUTING_PRIORITY_HIGH] = "high",
	NULL,
};

static const char *const header_op_names[] = {
	[L7MESH_HEADER_OP_SET] = "set",
	[L7MESH_HEADER_OP_ADD] = "add",
	[L7MESH_HEADER_OP_ADD_IF_ABSENT] = "add_if_absent",
	[L7MESH_HEADER_OP_REMOVE] = "remove",
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

static const char *const scheme_names[] = {
	[L7MESH_SCHEME_SAME] = "same",
	[L7MESH_SCHEME_HTTP] = "http",
	[L7MESH_SCHEME_HTTPS] = "https",
	NULL,
};

static const char *const splice_policy_names[] = {
	[L7MESH_SPLICE_MESH] = "mesh",
	[L7MESH_SPLICE_ATTACHED] = "attached",
	[L7MESH_SPLICE_ALL] = "all",
	[L7MESH_SPLICE_OFF] = "off",
	NULL,
};

#define NAME_FIELD(a)							\
	{ .name = "name", .attr = (a), .type = FIELD_STRING,		\
	  .flags = FIELD_REQUIRED | FIELD_KEY, .check = text_check_name }

#define PARENT_FIELD(n, a)						\
	{ .name = (n), .attr = (a), .type = FIELD_STRING,		\
	  .flags = FIELD_REQUIRED | FIELD_KEY | FIELD_PARENT,		\
	  .check = text_check_name }

#define DURATION_FIELD(n, a, least, def)				\
	{ .name = (n), .attr = (a), .type = FIELD_DURATION,		\
	  .min = (least), .max = DAY_MS, .fallback = (def) }

#define NUMBER_FIELD(n, a, least, most, def)				\
	{ .name = (n), .attr = (a), .type = FIELD_U32,			\
	  .min = (least), .max = (most), .fallback = (def) }

#define ENUM_FIELD(n, a, of, def)					\
	{ .name = (n), .attr = (a), .type = FIELD_ENUM,			\
	  .names = (of), .fallback = (def) }

#define BOOL_FIELD(n, a, def)						\
	{ .name = (n), .attr = (a), .type = FIELD_U8_BOOL, .fallback = (def) }

/* Limits that the kernel has, and the header does not name. */
#define DAY_MS			(24 * 60 * 60 * 1000)
#define HOUR_MS			(60 * 60 * 1000)
#define YEAR_SECONDS		(365 * 24 * 60 * 60)
#define MAX_IDLE_MAX		65536
#define HASH_POLICIES_MAX	16
#define VALUE_MATCHES_MAX	100

static const struct field hash_policy_fields[] = {
	{ .name = "header", .attr = L7MESH_HASH_POLICY_A_HEADER,
	  .type = FIELD_STRING, .flags = FIELD_LOWER,
	  .check = text_check_token },
	{ .name = "source_address",
	  .attr = L7MESH_HASH_POLICY_A_SOURCE_ADDRESS, .type = FIELD_FLAG },
	{ .name = "cookie", .attr = L7MESH_HASH_POLICY_A_COOKIE,
	  .type = FIELD_STRING, .check = text_check_token },
	{ .name = "cookie_ttl", .attr = L7MESH_HASH_POLICY_A_COOKIE_TTL,
	  .type = FIELD_U32, .max = YEAR_SECONDS },
	{ .name = "cookie_path", .attr = L7MESH_HASH_POLICY_A_COOKIE_PATH,
	  .type = FIELD_STRING, .check = text_check_path },
	{ .name = "query", .attr = L7MESH_HASH_POLICY_A_QUERY,
	  .type = FIELD_STRING, .check = text_check_parameter },
	{ .name = "path", .attr = L7MESH_HASH_POLICY_A_PATH,
	  .type = FIELD_FLAG },
	{ .name = "combine", .attr = L7MESH_HASH_POLICY_A_COMBINE,
	  .type = FIELD_FLAG },
};

static const struct schema hash_policy = {
	.name = "hash policy",
	FIELDS(hash_policy_fields),
	.rule = validate_hash_policy,
	.from_word = hash_policy_from_word,
	.to_word = hash_policy_to_word,
};

static const struct field endpoint_fields[] = {
	PARENT_FIELD("cluster", L7MESH_ENDPOINT_A_CLUSTER),
	{ .name = "address", .attr = L7MESH_ENDPOINT_A_ADDRESS,
	  .type = FIELD_ADDRESS, .flags = FIELD_REQUIRED | FIELD_KEY },
	{ .name = "port", .attr = L7MESH_ENDPOINT_A_PORT, .type = FIELD_U16,
	  .flags = FIELD_REQUIRED | FIELD_KEY, .min = 1, .max = UINT16_MAX },
	{ .name = "weight", .attr = L7MESH_ENDPOINT_A_WEIGHT,
	  .type = FIELD_U32, .min = 1, .max = L7MESH_WEIGHT_MAX,
	  .fallback = "1" },
	NUMBER_FIELD("priority", L7MESH_ENDPOINT_A_PRIORITY,
		     0, L7MESH_PRIORITY_MAX, "0"),
	{ .name = "locality", .attr = L7MESH_ENDPOINT_A_LOCALITY,
	  .type = FIELD_STRING, .check = text_check_locality_or_none },
	{ .name = "metadata", .attr = L7MESH_ENDPOINT_A_METADATA,
	  .type = FIELD_STRING, .check = text_check_metadata_or_none },
};

static const struct schema endpoint = {
	.name = "endpoint",
	.kind = L7MESH_KIND_ENDPOINT,
	.attr = L7MESH_A_ENDPOINT,
	FIELDS(endpoint_fields),
};

static const struct field locality_fields[] = {
	{ .name = "name", .attr = L7MESH_LOCALITY_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_locality },
	NUMBER_FIELD("weight", L7MESH_LOCALITY_A_WEIGHT,
		     1, L7MESH_WEIGHT_MAX, "1"),
};

static const struct schema locality = {
	.name = "locality",
	FIELDS(locality_fields),
	.from_word = locality_from_word,
	.to_word = locality_to_word,
};

static const struct field subset_fields[] = {
	{ .name = "name", .attr = L7MESH_SUBSET_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_subset },
	{ .name = "metadata", .attr = L7MESH_SUBSET_A_METADATA,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_metadata },
};

static const struct schema subset = {
	.name = "subset",
	FIELDS(subset_fields),
	.from_word = subset_from_word,
	.to_word = subset_to_word,
};

static const char *const subset_fallback_names[] = {
	[L7MESH_SUBSET_FALLBACK_NONE] = "none",
	[L7MESH_SUBSET_FALLBACK_ANY_ENDPOINT] = "any_endpoint",
	NULL
};

/* Of requests whose route has one priority, @high being "" or "high_". */
#define BREAKERS_FIELDS(high, prefix)					\
	{ .name = "max_connections", .attr = prefix##MAX_CONNECTIONS,	\
	  .type = FIELD_U32, .word = high "max_connections",		\
	  .max = UINT32_MAX, .fallback = "0" },				\
	{ .name = "max_pending_requests", .type = FIELD_U32,		\
	  .attr = prefix##MAX_PENDING_REQUESTS,				\
	  .word = high "max_pending_requests",				\
	  .max = UINT32_MAX, .fallback = "1024" },			\
	{ .name = "max_requests", .attr = prefix##MAX_REQUESTS,		\
	  .type = FIELD_U32, .word = high "max_requests",		\
	  .max = UINT32_MAX, .fallback = "0" },				\
	{ .name = "max_retries", .attr = prefix##MAX_RETRIES,		\
	  .type = FIELD_U32, .word = high "max_retries",		\
	  .max = UINT32_MAX, .fallback = "3" },				\
	{ .name = "retry_budget", .attr = prefix##RETRY_BUDGET,		\
	  .type = FIELD_PERCENT, .word = high "retry_budget",		\
	  .fallback = "0%" },						\
	{ .name = "min_retry_concurrency", .type = FIELD_U32,		\
	  .attr = prefix##MIN_RETRY_CONCURRENCY,				\
	  .word = high "min_retry_concurrency",				\
	  .max = UINT32_MAX, .fallback = "3" }

static const struct field circuit_breakers_fields[] = {
	BREAKERS_FIELDS("", L7MESH_CLUSTER_A_),
};

static const struct schema circuit_breakers = {
	.name = "circuit breakers",
	FIELDS(circuit_breakers_fields),
};

static const struct field high_breakers_fields[] = {
	BREAKERS_FIELDS("high_", L7MESH_CLUSTER_A_HIGH_),
};

static const struct schema high_breakers = {
	.name = "circuit breakers",
	FIELDS(high_breakers_fields),
};

#define PENALTY_FIELD(title, number, default_)				\
	{ .name = title, .attr = number, .type = FIELD_DURATION,	\
	  .word = "accrual_" title, .min = 1, .max = DAY_MS,		\
	  .fallback = default_ }

static const struct field failure_accrual_fields[] = {
	{ .name = "max_failures", .attr = L7MESH_CLUSTER_A_ACCRUAL_MAX_FAILURES,
	  .type = FIELD_U32, .word = "accrual_max_failures",
	  .max = UINT32_MAX, .fallback = "0" },
	PENALTY_FIELD("min_penalty", L7MESH_CLUSTER_A_ACCRUAL_MIN_PENALTY, "1s"),
	PENALTY_FIELD("max_penalty", L7MESH_CLUSTER_A_ACCRUAL_MAX_PENALTY, "1m"),
	{ .name = "jitter", .attr = L7MESH_CLUSTER_A_ACCRUAL_JITTER,
	  .type = FIELD_U32, .word = "accrual_jitter", .max = 100,
	  .fallback = "50" },
};

static const struct schema failure_accrual = {
	.name = "failure accrual",
	FIELDS(failure_accrual_fields),
	.rule = validate_failure_accrual,
};

static const struct field outlier_detection_fields[] = {
	NUMBER_FIELD("consecutive_5xx", L7MESH_CLUSTER_A_CONSECUTIVE_5XX,
		     0, UINT32_MAX, "0"),
	NUMBER_FIELD("consecutive_gateway_failure",
		     L7MESH_CLUSTER_A_CONSECUTIVE_GATEWAY_FAILURE,
		     0, UINT32_MAX, "0"),
	{ .name = "interval", .attr = L7MESH_CLUSTER_A_OUTLIER_INTERVAL,
	  .type = FIELD_DURATION, .word = "outlier_interval", .min = 1, .max = DAY_MS,
	  .fallback = "10s" },
	{ .name = "base_ejection_time", .attr = L7MESH_CLUSTER_A_BASE_EJECTION_TIME,
	  .type = FIELD_DURATION, .min = 1, .max = DAY_MS,
	  .fallback = "30s" },
	{ .name = "max_ejection_time", .attr = L7MESH_CLUSTER_A_MAX_EJECTION_TIME,
	  .type = FIELD_DURATION, .min = 1, .max = DAY_MS,
	  .fallback = "5m" },
	NUMBER_FIELD("max_ejection_percent",
		     L7MESH_CLUSTER_A_MAX_EJECTION_PERCENT,
		     0, 100, "10"),
	NUMBER_FIELD("success_rate_stdev_factor",
		     L7MESH_CLUSTER_A_SUCCESS_RATE_STDEV_FACTOR,
		     0, UINT32_MAX, "0"),
	NUMBER_FIELD("success_rate_minimum_hosts",
		     L7MESH_CLUSTER_A_SUCCESS_RATE_MINIMUM_HOSTS,
		     0, UINT32_MAX, "5"),
	NUMBER_FIELD("success_rate_request_volume",
		     L7MESH_CLUSTER_A_SUCCESS_RATE_REQUEST_VOLUME,
		     0, UINT32_MAX, "100"),
	NUMBER_FIELD("failure_percentage_threshold",
		     L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_THRESHOLD,
		     0, 100, "0"),
	NUMBER_FIELD("failure_percentage_minimum_hosts",
		     L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_MINIMUM_HOSTS,
		     0, UINT32_MAX, "5"),
	NUMBER_FIELD("failure_percentage_request_volume",
		     L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_REQUEST_VOLUME,
		     0, UINT32_MAX, "50"),
	NUMBER_FIELD("consecutive_local_origin_failure",
		     L7MESH_CLUSTER_A_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
		     0, UINT32_MAX, "0"),
	NUMBER_FIELD("enforcing_consecutive_5xx",
		     L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_5XX,
		     0, 100, "100"),
	NUMBER_FIELD("enforcing_consecutive_gateway_failure",
		     L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_GATEWAY_FAILURE,
		     0, 100, "100"),
	NUMBER_FIELD("enforcing_success_rate",
		     L7MESH_CLUSTER_A_ENFORCING_SUCCESS_RATE, 0, 100, "100"),
	NUMBER_FIELD("enforcing_failure_percentage",
		     L7MESH_CLUSTER_A_ENFORCING_FAILURE_PERCENTAGE,
		     0, 100, "100"),
	NUMBER_FIELD("enforcing_consecutive_local_origin_failure",
		     L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
		     0, 100, "100"),
};

static const struct schema outlier_detection = {
	.name = "outlier detection",
	FIELDS(outlier_detection_fields),
};

static const struct field health_check_fields[] = {
	{ .name = "interval", .attr = L7MESH_HEALTH_CHECK_A_INTERVAL,
	  .type = FIELD_DURATION, .word = "check_interval", .min = 1,
	  .max = DAY_MS },
	{ .name = "timeout", .attr = L7MESH_HEALTH_CHECK_A_TIMEOUT,
	  .type = FIELD_DURATION, .word = "check_timeout", .min = 1,
	  .max = DAY_MS, .fallback = "1s" },
	{ .name = "jitter", .attr = L7MESH_HEALTH_CHECK_A_JITTER,
	  .type = FIELD_DURATION, .word = "check_jitter", .max = DAY_MS,
	  .fallback = "0s" },
	DURATION_FIELD("no_traffic_interval",
		       L7MESH_HEALTH_CHECK_A_NO_TRAFFIC_INTERVAL, 0, "1m"),
	NUMBER_FIELD("unhealthy_threshold",
		     L7MESH_HEALTH_CHECK_A_UNHEALTHY_THRESHOLD,
		     1, UINT32_MAX, "3"),
	NUMBER_FIELD("healthy_threshold",
		     L7MESH_HEALTH_CHECK_A_HEALTHY_THRESHOLD,
		     1, UINT32_MAX, "2"),
	{ .name = "port", .attr = L7MESH_HEALTH_CHECK_A_PORT,
	  .type = FIELD_U16, .word = "check_port", .min = 1,
	  .max = UINT16_MAX },
	{ .name = "netns", .attr = L7MESH_HEALTH_CHECK_A_NETNS,
	  .type = FIELD_U64, .word = "check_netns", .min = 1 },
	{ .name = "path", .attr = L7MESH_HEALTH_CHECK_A_PATH,
	  .type = FIELD_STRING, .word = "check_path",
	  .check = text_check_path },
	{ .name = "host", .attr = L7MESH_HEALTH_CHECK_A_HOST,
	  .type = FIELD_STRING, .word = "check_host",
	  .check = text_check_host },
	{ .name = "status", .attr = L7MESH_HEALTH_CHECK_A_STATUS,
	  .type = FIELD_U16S, .word = "check_status", .min = 100,
	  .max = 599 },
};

static const struct schema health_check = {
	.name = "health check",
	FIELDS(health_check_fields),
	.rule = validate_health_check,
};

static const struct field session_fields[] = {
	{ .name = "cookie", .attr = L7MESH_SESSION_A_COOKIE,
	  .type = FIELD_STRING, .word = "session_cookie",
	  .check = text_check_token },
	{ .name = "ttl", .attr = L7MESH_SESSION_A_TTL, .type = FIELD_U32,
	  .word = "session_ttl", .max = YEAR_SECONDS, .fallback = "0" },
	{ .name = "path", .attr = L7MESH_SESSION_A_PATH,
	  .type = FIELD_STRING, .word = "session_path",
	  .check = text_check_path },
};

static const struct schema session_affinity = {
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
	  .max = DAY_MS, .fallback = "5s" },
	{ .name = "family", .attr = L7MESH_DNS_A_FAMILY, .type = FIELD_ENUM,
	  .word = "dns_family", .names = dns_family_names, .fallback = "all" },
	{ .name = "logical", .attr = L7MESH_DNS_A_LOGICAL,
	  .type = FIELD_U8_BOOL, .word = "dns_logical", .fallback = "false" },
};

static const struct schema dns = {
	.name = "dns",
	FIELDS(dns_fields),
	.rule = validate_dns,
};

static const struct field cluster_fields[] = {
	NAME_FIELD(L7MESH_CLUSTER_A_NAME),
	{ .name = "lb", .attr = L7MESH_CLUSTER_A_LB, .type = FIELD_ENUM,
	  .names = lb_names, .fallback = "maglev" },
	{ .name = "table_size", .attr = L7MESH_CLUSTER_A_TABLE_SIZE,
	  .type = FIELD_U32, .min = 2, .max = L7MESH_TABLE_SIZE_MAX,
	  .fallback = "65537" },
	{ .name = "hash", .attr = L7MESH_CLUSTER_A_HASH, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = HASH_POLICIES_MAX,
	  .sub = &hash_policy },
	DURATION_FIELD("connect_timeout", L7MESH_CLUSTER_A_CONNECT_TIMEOUT,
		       1, "5s"),
	DURATION_FIELD("response_timeout", L7MESH_CLUSTER_A_RESPONSE_TIMEOUT,
		       0, "15s"),
	DURATION_FIELD("idle_timeout", L7MESH_CLUSTER_A_IDLE_TIMEOUT,
		       1, "1m"),
	{ .name = "max_idle", .attr = L7MESH_CLUSTER_A_MAX_IDLE,
	  .type = FIELD_U32, .max = MAX_IDLE_MAX, .fallback = "128" },
	NUMBER_FIELD("ring_min", L7MESH_CLUSTER_A_RING_MIN,
		     1, L7MESH_RING_SIZE_MAX, "1024"),
	NUMBER_FIELD("ring_max", L7MESH_CLUSTER_A_RING_MAX,
		     1, L7MESH_RING_SIZE_MAX, "8388608"),
	NUMBER_FIELD("choices", L7MESH_CLUSTER_A_CHOICES, 2, 16, "2"),
	{ .name = "decay", .attr = L7MESH_CLUSTER_A_DECAY,
	  .type = FIELD_DURATION, .min = 1, .max = HOUR_MS, .fallback = "10s" },
	NUMBER_FIELD("panic_threshold", L7MESH_CLUSTER_A_PANIC_THRESHOLD,
		     0, 100, "50"),
	NUMBER_FIELD("overprovisioning_factor",
		     L7MESH_CLUSTER_A_OVERPROVISIONING_FACTOR, 100, 1000, "140"),
	DURATION_FIELD("slow_start_window", L7MESH_CLUSTER_A_SLOW_START_WINDOW,
		       0, "0s"),
	NUMBER_FIELD("slow_start_min_weight",
		     L7MESH_CLUSTER_A_SLOW_START_MIN_WEIGHT, 1, 100, "10"),
	{ .name = "localities", .attr = L7MESH_CLUSTER_A_LOCALITIES,
	  .type = FIELD_LIST, .word = "locality", .flags = FIELD_EMPTY,
	  .max = L7MESH_LOCALITIES_MAX, .sub = &locality },
	{ .name = "subsets", .attr = L7MESH_CLUSTER_A_SUBSETS,
	  .type = FIELD_LIST, .word = "subset", .flags = FIELD_EMPTY,
	  .max = L7MESH_SUBSETS_MAX, .sub = &subset },
	{ .name = "subset_fallback", .attr = L7MESH_CLUSTER_A_SUBSET_FALLBACK,
	  .type = FIELD_ENUM, .names = subset_fallback_names,
	  .fallback = "none" },
	{ .name = "session_affinity", .attr = L7MESH_CLUSTER_A_SESSION,
	  .type = FIELD_NEST, .flags = FIELD_EMPTY, .nothing = "none",
	  .sub = &session_affinity },
	{ .name = "dns", .attr = L7MESH_CLUSTER_A_DNS, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &dns },
	{ .name = "circuit_breakers", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &circuit_breakers },
	{ .name = "circuit_breakers_high", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &high_breakers },
	{ .name = "outlier_detection", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &outlier_detection },
	{ .name = "failure_accrual", .type = FIELD_GROUP,
	  .flags = FIELD_DEFAULTS, .sub = &failure_accrual },
	{ .name = "health_check", .attr = L7MESH_CLUSTER_A_HEALTH_CHECK,
	  .type = FIELD_NEST, .flags = FIELD_EMPTY, .nothing = "none",
	  .sub = &health_check },
	{ .name = "endpoints", .type = FIELD_CHILDREN, .sub = &endpoint },
};

static const struct schema cluster = {
	.name = "cluster",
	.kind = L7MESH_KIND_CLUSTER,
	.attr = L7MESH_A_CLUSTER,
	FIELDS(cluster_fields),
	.rule = validate_cluster,
};

static const struct field proxy_fields[] = {
	{ .name = "address", .attr = L7MESH_LISTENER_A_PROXY_ADDRESS,
	  .type = FIELD_ADDRESS, .flags = FIELD_REQUIRED },
	{ .name = "port", .attr = L7MESH_LISTENER_A_PROXY_PORT,
	  .type = FIELD_U16, .flags = FIELD_REQUIRED, .min = 1,
	  .max = UINT16_MAX },
};

static const struct schema proxy = {
	.name = "proxy",
	FIELDS(proxy_fields),
	.from_word = socket_from_word,
	.to_word = socket_to_word,
};

static const struct field rate_limit_fields[] = {
	{ .name = "max_tokens", .attr = L7MESH_RATE_LIMIT_A_MAX_TOKENS,
	  .type = FIELD_U32, .min = 1, .max = UINT32_MAX },
	NUMBER_FIELD("tokens_per_fill", L7MESH_RATE_LIMIT_A_TOKENS_PER_FILL,
		     1, UINT32_MAX, "1"),
	DURATION_FIELD("fill_interval", L7MESH_RATE_LIMIT_A_FILL_INTERVAL,
		       1, "1s"),
	{ .name = "header", .attr = L7MESH_RATE_LIMIT_A_HEADER,
	  .type = FIELD_STRING, .flags = FIELD_LOWER, .word = "limit_header",
	  .check = text_check_token },
	{ .name = "source_address",
	  .attr = L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS, .type = FIELD_FLAG,
	  .word = "limit_source_address" },
	NUMBER_FIELD("max_keys", L7MESH_RATE_LIMIT_A_MAX_KEYS,
		     1, L7MESH_RATE_KEYS_MAX, "8192"),
};

static const struct schema rate_limit = {
	.name = "rate limit",
	FIELDS(rate_limit_fields),
	.rule = validate_rate_limit,
};

#define RATE_LIMIT_FIELD(a)						\
	{ .name = "rate_limit", .attr = (a), .type = FIELD_NEST,	\
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &rate_limit }

static const struct field listener_fields[] = {
	NAME_FIELD(L7MESH_LISTENER_A_NAME),
	{ .name = "address", .attr = L7MESH_LISTENER_A_ADDRESS,
	  .type = FIELD_ADDRESS, .flags = FIELD_REQUIRED },
	{ .name = "port", .attr = L7MESH_LISTENER_A_PORT, .type = FIELD_U16,
	  .flags = FIELD_REQUIRED, .max = UINT16_MAX },
	{ .name = "protocol", .attr = L7MESH_LISTENER_A_PROTOCOL,
	  .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = protocol_names },
	{ .name = "route_table", .attr = L7MESH_LISTENER_A_ROUTE_TABLE,
	  .type = FIELD_STRING, .check = text_check_name,
	  .refers = L7MESH_KIND_ROUTE_TABLE },
	{ .name = "cluster", .attr = L7MESH_LISTENER_A_CLUSTER,
	  .type = FIELD_STRING, .check = text_check_name,
	  .refers = L7MESH_KIND_CLUSTER },
	{ .name = "proxy", .type = FIELD_GROUP, .sub = &proxy },
	DURATION_FIELD("headers_timeout", L7MESH_LISTENER_A_HEADERS_TIMEOUT,
		       1, "10s"),
	DURATION_FIELD("request_timeout", L7MESH_LISTENER_A_REQUEST_TIMEOUT,
		       0, "0s"),
	DURATION_FIELD("idle_timeout", L7MESH_LISTENER_A_IDLE_TIMEOUT,
		       1, "5m"),
	DURATION_FIELD("stream_idle_timeout",
		       L7MESH_LISTENER_A_STREAM_IDLE_TIMEOUT, 0, "5m"),
	DURATION_FIELD("max_connection_duration",
		       L7MESH_LISTENER_A_MAX_CONNECTION_DURATION, 0, "0s"),
	NUMBER_FIELD("max_connections_per_source",
		     L7MESH_LISTENER_A_MAX_CONNECTIONS_PER_SOURCE,
		     0, UINT32_MAX, "0"),
	NUMBER_FIELD("max_requests_per_source",
		     L7MESH_LISTENER_A_MAX_REQUESTS_PER_SOURCE,
		     0, UINT32_MAX, "0"),
	NUMBER_FIELD("max_requests_per_connection",
		     L7MESH_LISTENER_A_MAX_REQUESTS_PER_CONNECTION,
		     0, UINT32_MAX, "0"),
	NUMBER_FIELD("max_header_bytes", L7MESH_LISTENER_A_MAX_HEADER_BYTES,
		     L7MESH_HEADER_BYTES_MIN, L7MESH_HEADER_BYTES_MAX,
		     "61440"),
	NUMBER_FIELD("max_headers", L7MESH_LISTENER_A_MAX_HEADERS,
		     1, L7MESH_HEADERS_MAX, "100"),
	NUMBER_FIELD("max_uri_bytes", L7MESH_LISTENER_A_MAX_URI_BYTES,
		     1, L7MESH_URI_BYTES_MAX, "8192"),
	{ .name = "max_body_bytes", .attr = L7MESH_LISTENER_A_MAX_BODY_BYTES,
	  .type = FIELD_U64, .fallback = "0" },
	NUMBER_FIELD("buffer_limit", L7MESH_LISTENER_A_BUFFER_LIMIT,
		     0, L7MESH_BUFFER_LIMIT_MAX, "0"),
	BOOL_FIELD("normalize_path", L7MESH_LISTENER_A_NORMALIZE_PATH,
		   "false"),
	BOOL_FIELD("merge_slashes", L7MESH_LISTENER_A_MERGE_SLASHES, "false"),
	ENUM_FIELD("escaped_slashes", L7MESH_LISTENER_A_ESCAPED_SLASHES,
		   escaped_slashes_names, "keep"),
	ENUM_FIELD("host_port", L7MESH_LISTENER_A_HOST_PORT,
		   host_port_names, "ignore"),
	ENUM_FIELD("expect_continue", L7MESH_LISTENER_A_EXPECT_CONTINUE,
		   expect_continue_names, "forward"),
	ENUM_FIELD("upgrade", L7MESH_LISTENER_A_UPGRADE, upgrade_names,
		   "websocket"),
	ENUM_FIELD("connect", L7MESH_LISTENER_A_CONNECT, connect_names,
		   "refuse"),
	BOOL_FIELD("x_request_id", L7MESH_LISTENER_A_X_REQUEST_ID, "true"),
	BOOL_FIELD("x_forwarded_for", L7MESH_LISTENER_A_X_FORWARDED_FOR,
		   "true"),
	BOOL_FIELD("x_forwarded_proto", L7MESH_LISTENER_A_X_FORWARDED_PROTO,
		   "true"),
	BOOL_FIELD("x_forwarded_host", L7MESH_LISTENER_A_X_FORWARDED_HOST,
		   "false"),
	BOOL_FIELD("forwarded", L7MESH_LISTENER_A_FORWARDED, "false"),
	BOOL_FIELD("via", L7MESH_LISTENER_A_VIA, "false"),
	BOOL_FIELD("traceparent", L7MESH_LISTENER_A_TRACEPARENT, "false"),
	NUMBER_FIELD("trusted_hops", L7MESH_LISTENER_A_TRUSTED_HOPS,
		     0, L7MESH_TRUSTED_HOPS_MAX, "0"),
	BOOL_FIELD("abort_on_close", L7MESH_LISTENER_A_ABORT_ON_CLOSE, "false"),
	RATE_LIMIT_FIELD(L7MESH_LISTENER_A_RATE_LIMIT),
};

static const struct schema listener = {
	.name = "listener",
	.kind = L7MESH_KIND_LISTENER,
	.attr = L7MESH_A_LISTENER,
	FIELDS(listener_fields),
	.rule = validate_listener,
};

static const struct field path_fields[] = {
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

static const struct schema path_match = {
	.name = "path",
	FIELDS(path_fields),
	.rule = validate_path,
};

static const struct field range_fields[] = {
	{ .name = "start", .attr = L7MESH_VALUE_MATCH_A_RANGE_START,
	  .type = FIELD_S64, .flags = FIELD_REQUIRED },
	{ .name = "end", .attr = L7MESH_VALUE_MATCH_A_RANGE_END,
	  .type = FIELD_S64, .flags = FIELD_REQUIRED },
};

static const struct schema range = {
	.name = "range",
	FIELDS(range_fields),
	.rule = validate_range,
};

#define VALUE_MATCH_FIELDS(name_check, name_flags, value_check)		\
	{ .name = "name", .attr = L7MESH_VALUE_MATCH_A_NAME,		\
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED | (name_flags),	\
	  .check = (name_check) },					\
	{ .name = "exact", .attr = L7MESH_VALUE_MATCH_A_EXACT,		\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "prefix", .attr = L7MESH_VALUE_MATCH_A_PREFIX,	\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "suffix", .attr = L7MESH_VALUE_MATCH_A_SUFFIX,	\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "contains", .attr = L7MESH_VALUE_MATCH_A_CONTAINS,	\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "regex", .attr = L7MESH_VALUE_MATCH_A_REGEX,		\
	  .type = FIELD_STRING, .check = text_check_regex },		\
	{ .name = "range", .type = FIELD_GROUP, .sub = &range },	\
	{ .name = "present", .attr = L7MESH_VALUE_MATCH_A_PRESENT,	\
	  .type = FIELD_U8_BOOL },					\
	{ .name = "invert", .attr = L7MESH_VALUE_MATCH_A_INVERT,	\
	  .type = FIELD_FLAG }

static const struct field header_match_fields[] = {
	VALUE_MATCH_FIELDS(text_check_token, FIELD_LOWER, text_check_value),
};

static const struct schema header_match = {
	.name = "header match",
	FIELDS(header_match_fields),
	.rule = validate_value_match,
	.from_word = value_match_from_word,
	.to_word = value_match_to_word,
};

static const struct field query_match_fields[] = {
	VALUE_MATCH_FIELDS(text_check_parameter, 0, text_check_argument),
};

static const struct schema query_match = {
	.name = "query match",
	FIELDS(query_match_fields),
	.rule = validate_value_match,
	.from_word = value_match_from_word,
	.to_word = value_match_to_word,
};

static const struct field match_fields[] = {
	{ .name = "path", .type = FIELD_GROUP, .sub = &path_match },
	{ .name = "method", .attr = L7MESH_MATCH_A_METHOD,
	  .type = FIELD_STRING, .check = text_check_methods },
	{ .name = "headers", .attr = L7MESH_MATCH_A_HEADERS,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY, .word = "header",
	  .max = VALUE_MATCHES_MAX,
	  .sub = &header_match },
	{ .name = "query", .attr = L7MESH_MATCH_A_QUERY, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = VALUE_MATCHES_MAX,
	  .sub = &query_match },
	{ .name = "source", .attr = L7MESH_MATCH_A_SOURCE,
	  .type = FIELD_NETWORK },
	{ .name = "source_netns", .attr = L7MESH_MATCH_A_SOURCE_NETNS,
	  .type = FIELD_U64, .min = 1 },
	{ .name = "listener", .attr = L7MESH_MATCH_A_LISTENER,
	  .type = FIELD_STRING, .check = text_check_name },
	{ .name = "fraction", .attr = L7MESH_MATCH_A_FRACTION,
	  .type = FIELD_PERCENT },
};

static const struct schema match = {
	.name = "match",
	FIELDS(match_fields),
};

static const struct field header_op_fields[] = {
	{ .name = "name", .attr = L7MESH_HEADER_OP_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_LOWER,
	  .check = text_check_token },
	{ .name = "value", .attr = L7MESH_HEADER_OP_A_VALUE,
	  .type = FIELD_STRING, .check = text_check_value },
	ENUM_FIELD("op", L7MESH_HEADER_OP_A_OP, header_op_names, "set"),
};

static const struct schema header_op = {
	.name = "header operation",
	FIELDS(header_op_fields),
	.rule = validate_header_op,
	.from_word = header_op_from_word,
	.to_word = header_op_to_word,
};

#define HEADER_OPS_FIELD(n, a, w)					\
	{ .name = (n), .attr = (a), .type = FIELD_LIST, .word = (w),	\
	  .flags = FIELD_EMPTY, .max = L7MESH_HEADER_OPS_MAX,		\
	  .sub = &header_op }

static const struct field weighted_cluster_fields[] = {
	{ .name = "name", .attr = L7MESH_WEIGHTED_CLUSTER_A_NAME,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_name, .refers = L7MESH_KIND_CLUSTER },
	{ .name = "weight", .attr = L7MESH_WEIGHTED_CLUSTER_A_WEIGHT,
	  .type = FIELD_U32, .flags = FIELD_REQUIRED,
	  .max = L7MESH_WEIGHT_MAX },
	{ .name = "subset", .attr = L7MESH_WEIGHTED_CLUSTER_A_SUBSET,
	  .type = FIELD_STRING, .check = text_check_subset },
	HEADER_OPS_FIELD("request_headers",
			 L7MESH_WEIGHTED_CLUSTER_A_REQUEST_HEADERS,
			 "request_header"),
	HEADER_OPS_FIELD("response_headers",
			 L7MESH_WEIGHTED_CLUSTER_A_RESPONSE_HEADERS,
			 "response_header"),
};

static const struct schema weighted_cluster = {
	.name = "weighted cluster",
	FIELDS(weighted_cluster_fields),
	.from_word = weighted_cluster_from_word,
	.to_word = weighted_cluster_to_word,
};

static const struct field redirect_fields[] = {
	{ .name = "host", .attr = L7MESH_REDIRECT_A_HOST,
	  .type = FIELD_STRING, .word = "redirect_host",
	  .check = text_check_host },
	{ .name = "path", .attr = L7MESH_REDIRECT_A_PATH,
	  .type = FIELD_STRING, .word = "redirect_path",
	  .check = text_check_path },
	{ .name = "prefix", .attr = L7MESH_REDIRECT_A_PREFIX,
	  .type = FIELD_STRING, .word = "redirect_prefix",
	  .check = text_check_path },
	{ .name = "scheme", .attr = L7MESH_REDIRECT_A_SCHEME,
	  .type = FIELD_ENUM, .word = "redirect_scheme",
	  .names = scheme_names, .fallback = "same" },
	{ .name = "port", .attr = L7MESH_REDIRECT_A_PORT,
	  .type = FIELD_U16, .word = "redirect_port", .min = 1,
	  .max = UINT16_MAX },
	BOOL_FIELD("strip_query", L7MESH_REDIRECT_A_STRIP_QUERY, "false"),
	{ .name = "status", .attr = L7MESH_REDIRECT_A_STATUS,
	  .type = FIELD_U16, .min = 301, .max = 308, .fallback = "301" },
};

static const struct schema redirect = {
	.name = "redirect",
	FIELDS(redirect_fields),
	.rule = validate_redirect,
};

static const struct field direct_response_fields[] = {
	{ .name = "status", .attr = L7MESH_DIRECT_RESPONSE_A_STATUS,
	  .type = FIELD_U16, .flags = FIELD_REQUIRED,
	  .word = "direct_response", .min = 200, .max = 599 },
	{ .name = "body", .attr = L7MESH_DIRECT_RESPONSE_A_BODY,
	  .type = FIELD_BODY, .check = text_check_body },
	{ .name = "body_base64", .attr = L7MESH_DIRECT_RESPONSE_A_BODY,
	  .type = FIELD_BASE64 },
};

static const struct schema direct_response = {
	.name = "direct response",
	FIELDS(direct_response_fields),
	.rule = validate_direct_response,
};

static const struct field rewrite_fields[] = {
	{ .name = "host", .attr = L7MESH_REWRITE_A_HOST,
	  .type = FIELD_STRING, .word = "rewrite_host",
	  .check = text_check_host },
	{ .name = "path", .attr = L7MESH_REWRITE_A_PATH,
	  .type = FIELD_STRING, .word = "rewrite_path",
	  .check = text_check_path },
	{ .name = "prefix", .attr = L7MESH_REWRITE_A_PREFIX,
	  .type = FIELD_STRING, .word = "rewrite_prefix",
	  .check = text_check_path },
	{ .name = "template", .attr = L7MESH_REWRITE_A_TEMPLATE,
	  .type = FIELD_STRING, .word = "rewrite_template",
	  .check = text_check_path },
};

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

static const struct schema action = {
	.name = "action",
	FIELDS(action_fields),
	.rule = validate_action,
};

static const struct field cors_fields[] = {
	{ .name = "allow_origins", .attr = L7MESH_CORS_A_ALLOW_ORIGINS,
	  .type = FIELD_LIST, .word = "cors_origin",
	  .check = text_check_name },
	{ .name = "allow_methods", .attr = L7MESH_CORS_A_ALLOW_METHODS,
	  .type = FIELD_STRING, .word = "cors_methods",
	  .check = text_check_value },
	{ .name = "allow_headers", .attr = L7MESH_CORS_A_ALLOW_HEADERS,
	  .type = FIELD_STRING, .word = "cors_headers",
	  .check = text_check_value },
	{ .name = "expose_headers", .attr = L7MESH_CORS_A_EXPOSE_HEADERS,
	  .type = FIELD_STRING, .word = "cors_expose_headers",
	  .check = text_check_value },
	{ .name = "max_age", .attr = L7MESH_CORS_A_MAX_AGE,
	  .type = FIELD_U32, .word = "cors_max_age", .max = DAY_MS / 1000 },
	{ .name = "allow_credentials", .attr = L7MESH_CORS_A_ALLOW_CREDENTIALS,
	  .type = FIELD_U8_BOOL, .word = "cors_credentials",
	  .fallback = "false" },
};

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
	NUMBER_FIELD("num_retries", L7MESH_RETRY_A_NUM_RETRIES,
		     1, L7MESH_RETRIES_MAX, "1"),
	DURATION_FIELD("per_try_timeout", L7MESH_RETRY_A_PER_TRY_TIMEOUT,
		       0, "0s"),
	{ .name = "backoff", .attr = L7MESH_RETRY_A_BACKOFF,
	  .type = FIELD_DURATION, .min = 1, .max = HOUR_MS,
	  .fallback = "25ms" },
	DURATION_FIELD("max_backoff", L7MESH_RETRY_A_MAX_BACKOFF, 0, "0s"),
	NUMBER_FIELD("replay_limit", L7MESH_RETRY_A_REPLAY_LIMIT,
		     0, L7MESH_REPLAY_LIMIT_MAX, "65536"),
	BOOL_FIELD("avoid_previous_hosts",
		   L7MESH_RETRY_A_AVOID_PREVIOUS_HOSTS, "true"),
	BOOL_FIELD("hedge_on_per_try_timeout",
		   L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT, "false"),
};

static const struct schema retry = {
	.name = "retry",
	FIELDS(retry_fields),
	.rule = validate_retry,
};

static const struct field mirror_fields[] = {
	{ .name = "cluster", .attr = L7MESH_MIRROR_A_CLUSTER,
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_name, .refers = L7MESH_KIND_CLUSTER },
	{ .name = "fraction", .attr = L7MESH_MIRROR_A_FRACTION,
	  .type = FIELD_PERCENT, .fallback = "100%" },
	BOOL_FIELD("shadow", L7MESH_MIRROR_A_SHADOW, "true"),
};

static const struct schema mirror = {
	.name = "mirror",
	FIELDS(mirror_fields),
	.from_word = mirror_from_word,
	.to_word = mirror_to_word,
};

static const struct field fault_fields[] = {
	{ .name = "delay", .attr = L7MESH_FAULT_A_DELAY,
	  .type = FIELD_DURATION, .word = "fault_delay", .min = 1,
	  .max = DAY_MS },
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

static const struct schema fault = {
	.name = "fault",
	FIELDS(fault_fields),
	.rule = validate_fault,
};

static const struct field route_fields[] = {
	PARENT_FIELD("route_table", L7MESH_ROUTE_A_ROUTE_TABLE),
	PARENT_FIELD("virtual_host", L7MESH_ROUTE_A_VIRTUAL_HOST),
	{ .name = "index", .attr = L7MESH_ROUTE_A_INDEX, .type = FIELD_U32,
	  .flags = FIELD_KEY | FIELD_PARENT, .max = UINT32_MAX },
	{ .name = "match", .attr = L7MESH_ROUTE_A_MATCH, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "any", .sub = &match },
	{ .name = "action", .attr = L7MESH_ROUTE_A_ACTION, .type = FIELD_NEST,
	  .flags = FIELD_REQUIRED, .sub = &action },
	HEADER_OPS_FIELD("request_headers", L7MESH_ROUTE_A_REQUEST_HEADERS,
			 "request_header"),
	HEADER_OPS_FIELD("response_headers", L7MESH_ROUTE_A_RESPONSE_HEADERS,
			 "response_header"),
	{ .name = "cors", .attr = L7MESH_ROUTE_A_CORS, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &cors },
	DURATION_FIELD("timeout", L7MESH_ROUTE_A_TIMEOUT, 0, "0s"),
	{ .name = "hash", .attr = L7MESH_ROUTE_A_HASH, .type = FIELD_LIST,
	  .flags = FIELD_EMPTY, .max = HASH_POLICIES_MAX,
	  .sub = &hash_policy },
	ENUM_FIELD("priority", L7MESH_ROUTE_A_PRIORITY, routing_priority_names,
		   "default"),
	{ .name = "retry", .attr = L7MESH_ROUTE_A_RETRY, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &retry },
	{ .name = "mirrors", .attr = L7MESH_ROUTE_A_MIRRORS,
	  .type = FIELD_LIST, .word = "mirror", .flags = FIELD_EMPTY,
	  .max = L7MESH_MIRRORS_MAX, .sub = &mirror },
	RATE_LIMIT_FIELD(L7MESH_ROUTE_A_RATE_LIMIT),
	{ .name = "fault", .attr = L7MESH_ROUTE_A_FAULT, .type = FIELD_NEST,
	  .flags = FIELD_EMPTY, .nothing = "none", .sub = &fault },
};

static const struct schema route = {
	.name = "route",
	.kind = L7MESH_KIND_ROUTE,
	.attr = L7MESH_A_ROUTE,
	FIELDS(route_fields),
};

static const struct field virtual_host_fields[] = {
	PARENT_FIELD("route_table", L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE),
	NAME_FIELD(L7MESH_VIRTUAL_HOST_A_NAME),
	{ .name = "domains", .attr = L7MESH_VIRTUAL_HOST_A_DOMAINS,
	  .type = FIELD_LIST, .flags = FIELD_REQUIRED | FIELD_LOWER,
	  .word = "domain", .check = text_check_domain_port },
	ENUM_FIELD("order", L7MESH_VIRTUAL_HOST_A_ORDER, route_order_names,
		   "first"),
	HEADER_OPS_FIELD("request_headers",
			 L7MESH_VIRTUAL_HOST_A_REQUEST_HEADERS,
			 "request_header"),
	HEADER_OPS_FIELD("response_headers",
			 L7MESH_VIRTUAL_HOST_A_RESPONSE_HEADERS,
			 "response_header"),
	{ .name = "routes", .type = FIELD_CHILDREN, .sub = &route },
};

static const struct schema virtual_host = {
	.name = "virtual_host",
	.kind = L7MESH_KIND_VIRTUAL_HOST,
	.attr = L7MESH_A_VIRTUAL_HOST,
	FIELDS(virtual_host_fields),
};

static const struct field route_table_fields[] = {
	NAME_FIELD(L7MESH_ROUTE_TABLE_A_NAME),
	{ .name = "virtual_hosts", .type = FIELD_CHILDREN,
	  .sub = &virtual_host },
};

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

static const struct schema splice_except = {
	.name = "splice exception",
	FIELDS(splice_except_fields),
	.from_word = splice_except_from_word,
	.to_word = splice_except_to_word,
};

static const struct field splice_fields[] = {
	{ .name = "policy", .attr = L7MESH_SPLICE_A_POLICY,
	  .type = FIELD_ENUM, .names = splice_policy_names,
	  .fallback = "mesh" },
	{ .name = "except", .attr = L7MESH_SPLICE_A_EXCEPT,
	  .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .max = L7MESH_SPLICE_EXCEPT_MAX, .sub = &splice_except },
	BOOL_FIELD("bypass_shaping", L7MESH_SPLICE_A_BYPASS_SHAPING, "false"),
};

static const struct schema splice = {
	.name = "splice",
	.kind = L7MESH_KIND_SPLICE,
	.attr = L7MESH_A_SPLICE,
	FIELDS(splice_fields),
	.single = "policy",
};

static const struct field file_fields[] = {
	{ .name = "clusters", .type = FIELD_CHILDREN, .sub = &cluster },
	{ .name = "route_tables", .type = FIELD_CHILDREN,
	  .sub = &route_table },
	{ .name = "listeners", .type = FIELD_CHILDREN, .sub = &listener },
	{ .name = "splice", .type = FIELD_CHILD, .sub = &splice },
};

const struct schema schema_file = {
	.name = "mesh",
	FIELDS(file_fields),
};

static const struct schema *const kinds[] = {
	[L7MESH_KIND_CLUSTER] = &cluster,
	[L7MESH_KIND_ENDPOINT] = &endpoint,
	[L7MESH_KIND_LISTENER] = &listener,
	[L7MESH_KIND_ROUTE_TABLE] = &route_table,
	[L7MESH_KIND_VIRTUAL_HOST] = &virtual_host,
	[L7MESH_KIND_ROUTE] = &route,
	[L7MESH_KIND_SPLICE] = &splice,
};

const struct schema *schema_of(enum l7mesh_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind] : NULL;
}

const struct schema *schema_named(const char *name)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i])
			continue;
		len = strlen(kinds[i]->name);
		if (!strncmp(name, kinds[i]->name, len) &&
		    (!name[len] || !strcmp(name + len, "s")))
			return kinds[i];
	}
	return NULL;
}

const struct field *schema_field(const struct schema *schema, const char *name)
{
	size_t i;

	for (i = 0; i < schema->nfields; i++)
		if (!strcmp(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}

const struct field *schema_attr(const struct schema *schema, uint16_t attr,
				const struct field **group)
{
	const struct field *f, *inner, *none;
	size_t i;

	*group = NULL;
	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (f->attr == attr && f->attr)
			return f;
		inner = f->type == FIELD_GROUP ?
			schema_attr(f->sub, attr, &none) : NULL;
		if (inner) {
			*group = f;
			return inner;
		}
	}
	return NULL;
}

static void fill_items(const struct schema *schema, json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		schema_fill(schema, item);
}

static void fill_field(const struct field *f, json_t *body)
{
	json_t *value = json_object_get(body, f->name);

	if (!value && f->flags & FIELD_DEFAULTS) {
		value = must(json_object());
		json_object_set_new(body, f->name, value);
	}
	if (!value && f->fallback)
		json_object_set(body, f->name, value_default(f));
	else if (value && (f->type == FIELD_NEST || f->type == FIELD_GROUP))
		schema_fill(f->sub, value);
	else if (value && f->type == FIELD_LIST && f->sub)
		fill_items(f->sub, value);
}

/* Keeps the order of the table: a default may come before what is there. */
static void reorder(const struct schema *schema, json_t *body)
{
	json_t *value;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		value = json_object_get(body, schema->fields[i].name);
		if (!value)
			continue;
		json_incref(value);
		json_object_del(body, schema->fields[i].name);
		json_object_set_new(body, schema->fields[i].name, value);
	}
}

void schema_fill(const struct schema *schema, json_t *body)
{
	size_t before = json_object_size(body), i;

	for (i = 0; i < schema->nfields; i++)
		fill_field(&schema->fields[i], body);
	if (json_object_size(body) != before)
		reorder(schema, body);
}

static void strip_field(const struct field *f, json_t *body)
{
	json_t *value = json_object_get(body, f->name);

	if (value && f->fallback) {
		if (json_equal(value, value_default(f)))
			json_object_del(body, f->name);
	} else if (value && (f->type == FIELD_NEST || f->type == FIELD_GROUP)) {
		schema_strip(f->sub, value);
		if (f->flags & FIELD_DEFAULTS && !json_object_size(value))
			json_object_del(body, f->name);
	}
}

void schema_strip(const struct schema *schema, json_t *body)
{
	size_t i;

	for (i = 0; i < schema->nfields; i++)
		strip_field(&schema->fields[i], body);
}

char *schema_keys(const struct schema *schema)
{
	char *keys = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		if (schema->fields[i].flags & FIELD_PARENT)
			continue;
		more = xasprintf("%s%s%s", keys, *keys ? ", " : "",
				 schema->fields[i].name);
		free(keys);
		keys = more;
	}
	return keys;
}
