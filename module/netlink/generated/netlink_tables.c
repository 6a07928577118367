// SPDX-License-Identifier: GPL-2.0
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
#include "netlink/generated/netlink_tables.h"

#include "netlink/netlink.h"

static const struct attr_option cluster_table[] = {
	ATTR_OPTION(ENUM, L7MESH_CLUSTER_A_LB, cluster_options, lb),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_TABLE_SIZE, cluster_options, table_size),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_CONNECT_TIMEOUT, cluster_options,
		    connect_timeout),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_RESPONSE_TIMEOUT, cluster_options,
		    response_timeout),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_IDLE_TIMEOUT, cluster_options, idle_timeout),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_IDLE, cluster_options, max_idle),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_RING_MIN, cluster_options, ring_min),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_RING_MAX, cluster_options, ring_max),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_CHOICES, cluster_options, choices),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_DECAY, cluster_options, decay),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_PANIC_THRESHOLD, cluster_options,
		    panic_threshold),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_CONNECTIONS, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_connections),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_PENDING_REQUESTS, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_pending_requests),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_REQUESTS, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_requests),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_RETRIES, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_retries),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_RETRY_BUDGET, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].retry_budget),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MIN_RETRY_CONCURRENCY, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].min_retry_concurrency),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_CONSECUTIVE_5XX, cluster_options,
		    consecutive_5xx),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_CONSECUTIVE_GATEWAY_FAILURE, cluster_options,
		    consecutive_gateway_failure),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_OUTLIER_INTERVAL, cluster_options,
		    outlier_interval),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_BASE_EJECTION_TIME, cluster_options,
		    base_ejection_time),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_EJECTION_TIME, cluster_options,
		    max_ejection_time),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_MAX_EJECTION_PERCENT, cluster_options,
		    max_ejection_percent),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_SUCCESS_RATE_STDEV_FACTOR, cluster_options,
		    success_rate_stdev_factor),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_SUCCESS_RATE_MINIMUM_HOSTS, cluster_options,
		    success_rate_minimum_hosts),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_SUCCESS_RATE_REQUEST_VOLUME, cluster_options,
		    success_rate_request_volume),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_THRESHOLD, cluster_options,
		    failure_percentage_threshold),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_MINIMUM_HOSTS,
		    cluster_options, failure_percentage_minimum_hosts),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_REQUEST_VOLUME,
		    cluster_options, failure_percentage_request_volume),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_OVERPROVISIONING_FACTOR, cluster_options,
		    overprovisioning_factor),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_SLOW_START_WINDOW, cluster_options,
		    slow_start_window),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_SLOW_START_MIN_WEIGHT, cluster_options,
		    slow_start_min_weight),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_5XX, cluster_options,
		    enforcing_consecutive_5xx),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_GATEWAY_FAILURE,
		    cluster_options, enforcing_consecutive_gateway_failure),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ENFORCING_SUCCESS_RATE, cluster_options,
		    enforcing_success_rate),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ENFORCING_FAILURE_PERCENTAGE, cluster_options,
		    enforcing_failure_percentage),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
		    cluster_options, consecutive_local_origin_failure),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_LOCAL_ORIGIN_FAILURE,
		    cluster_options, enforcing_consecutive_local_origin_failure),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ACCRUAL_MAX_FAILURES, cluster_options,
		    accrual_max_failures),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ACCRUAL_MIN_PENALTY, cluster_options,
		    accrual_min_penalty),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ACCRUAL_MAX_PENALTY, cluster_options,
		    accrual_max_penalty),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_ACCRUAL_JITTER, cluster_options,
		    accrual_jitter),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_HIGH_MAX_CONNECTIONS, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_connections),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_HIGH_MAX_PENDING_REQUESTS, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_pending_requests),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_HIGH_MAX_REQUESTS, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_requests),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_HIGH_MAX_RETRIES, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_retries),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_HIGH_RETRY_BUDGET, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_HIGH].retry_budget),
	ATTR_OPTION(U32, L7MESH_CLUSTER_A_HIGH_MIN_RETRY_CONCURRENCY, cluster_options,
		    breakers[L7MESH_ROUTING_PRIORITY_HIGH].min_retry_concurrency),
	ATTR_OPTION(ENUM, L7MESH_CLUSTER_A_SUBSET_FALLBACK, cluster_options,
		    subset_fallback),
	ATTR_OPTION(ENUM, L7MESH_CLUSTER_A_PROXY_PROTOCOL, cluster_options,
		    proxy_protocol),
};

ATTR_OPTION_IS(cluster_options, lb, u8);
ATTR_OPTION_IS(cluster_options, table_size, u32);
ATTR_OPTION_IS(cluster_options, connect_timeout, u32);
ATTR_OPTION_IS(cluster_options, response_timeout, u32);
ATTR_OPTION_IS(cluster_options, idle_timeout, u32);
ATTR_OPTION_IS(cluster_options, max_idle, u32);
ATTR_OPTION_IS(cluster_options, ring_min, u32);
ATTR_OPTION_IS(cluster_options, ring_max, u32);
ATTR_OPTION_IS(cluster_options, choices, u32);
ATTR_OPTION_IS(cluster_options, decay, u32);
ATTR_OPTION_IS(cluster_options, panic_threshold, u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_connections,
	       u32);
ATTR_OPTION_IS(cluster_options,
	       breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_pending_requests, u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_requests,
	       u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].max_retries,
	       u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].retry_budget,
	       u32);
ATTR_OPTION_IS(cluster_options,
	       breakers[L7MESH_ROUTING_PRIORITY_DEFAULT].min_retry_concurrency, u32);
ATTR_OPTION_IS(cluster_options, consecutive_5xx, u32);
ATTR_OPTION_IS(cluster_options, consecutive_gateway_failure, u32);
ATTR_OPTION_IS(cluster_options, outlier_interval, u32);
ATTR_OPTION_IS(cluster_options, base_ejection_time, u32);
ATTR_OPTION_IS(cluster_options, max_ejection_time, u32);
ATTR_OPTION_IS(cluster_options, max_ejection_percent, u32);
ATTR_OPTION_IS(cluster_options, success_rate_stdev_factor, u32);
ATTR_OPTION_IS(cluster_options, success_rate_minimum_hosts, u32);
ATTR_OPTION_IS(cluster_options, success_rate_request_volume, u32);
ATTR_OPTION_IS(cluster_options, failure_percentage_threshold, u32);
ATTR_OPTION_IS(cluster_options, failure_percentage_minimum_hosts, u32);
ATTR_OPTION_IS(cluster_options, failure_percentage_request_volume, u32);
ATTR_OPTION_IS(cluster_options, overprovisioning_factor, u32);
ATTR_OPTION_IS(cluster_options, slow_start_window, u32);
ATTR_OPTION_IS(cluster_options, slow_start_min_weight, u32);
ATTR_OPTION_IS(cluster_options, enforcing_consecutive_5xx, u32);
ATTR_OPTION_IS(cluster_options, enforcing_consecutive_gateway_failure, u32);
ATTR_OPTION_IS(cluster_options, enforcing_success_rate, u32);
ATTR_OPTION_IS(cluster_options, enforcing_failure_percentage, u32);
ATTR_OPTION_IS(cluster_options, consecutive_local_origin_failure, u32);
ATTR_OPTION_IS(cluster_options, enforcing_consecutive_local_origin_failure, u32);
ATTR_OPTION_IS(cluster_options, accrual_max_failures, u32);
ATTR_OPTION_IS(cluster_options, accrual_min_penalty, u32);
ATTR_OPTION_IS(cluster_options, accrual_max_penalty, u32);
ATTR_OPTION_IS(cluster_options, accrual_jitter, u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_connections,
	       u32);
ATTR_OPTION_IS(cluster_options,
	       breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_pending_requests, u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_requests, u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_retries, u32);
ATTR_OPTION_IS(cluster_options, breakers[L7MESH_ROUTING_PRIORITY_HIGH].retry_budget, u32);
ATTR_OPTION_IS(cluster_options,
	       breakers[L7MESH_ROUTING_PRIORITY_HIGH].min_retry_concurrency, u32);
ATTR_OPTION_IS(cluster_options, subset_fallback, u8);
ATTR_OPTION_IS(cluster_options, proxy_protocol, u8);

const struct attr_options netlink_cluster_options = {
	.table = cluster_table,
	.n = ARRAY_SIZE(cluster_table),
};

static const struct attr_option dns_table[] = {
	ATTR_OPTION(U16, L7MESH_DNS_A_PORT, dns, port),
	ATTR_OPTION(U32, L7MESH_DNS_A_REFRESH, dns, refresh),
	ATTR_OPTION(ENUM, L7MESH_DNS_A_FAMILY, dns, family),
	ATTR_OPTION(FLAG, L7MESH_DNS_A_LOGICAL, dns, logical),
};

ATTR_OPTION_IS(dns, port, u16);
ATTR_OPTION_IS(dns, refresh, u32);
ATTR_OPTION_IS(dns, family, u8);
ATTR_OPTION_IS(dns, logical, bool);

const struct attr_options netlink_dns_options = {
	.table = dns_table,
	.n = ARRAY_SIZE(dns_table),
};

const struct dns netlink_dns_default = {
	.refresh = 5000,
};

static const struct attr_option health_check_table[] = {
	ATTR_OPTION(U32, L7MESH_HEALTH_CHECK_A_INTERVAL, health_check, interval),
	ATTR_OPTION(U32, L7MESH_HEALTH_CHECK_A_TIMEOUT, health_check, timeout),
	ATTR_OPTION(U32, L7MESH_HEALTH_CHECK_A_JITTER, health_check, jitter),
	ATTR_OPTION(U32, L7MESH_HEALTH_CHECK_A_NO_TRAFFIC_INTERVAL, health_check,
		    no_traffic_interval),
	ATTR_OPTION(U32, L7MESH_HEALTH_CHECK_A_UNHEALTHY_THRESHOLD, health_check,
		    unhealthy_threshold),
	ATTR_OPTION(U32, L7MESH_HEALTH_CHECK_A_HEALTHY_THRESHOLD, health_check,
		    healthy_threshold),
	ATTR_OPTIONAL(U16, L7MESH_HEALTH_CHECK_A_PORT, health_check, port),
	ATTR_OPTIONAL(U64, L7MESH_HEALTH_CHECK_A_NETNS, health_check, netns),
};

ATTR_OPTION_IS(health_check, interval, u32);
ATTR_OPTION_IS(health_check, timeout, u32);
ATTR_OPTION_IS(health_check, jitter, u32);
ATTR_OPTION_IS(health_check, no_traffic_interval, u32);
ATTR_OPTION_IS(health_check, unhealthy_threshold, u32);
ATTR_OPTION_IS(health_check, healthy_threshold, u32);
ATTR_OPTION_IS(health_check, port, u16);
ATTR_OPTION_IS(health_check, netns, u64);

const struct attr_options netlink_health_check_options = {
	.table = health_check_table,
	.n = ARRAY_SIZE(health_check_table),
	.pad = L7MESH_HEALTH_CHECK_A_PAD,
};

const struct health_check netlink_health_check_default = {
	.timeout = 1000,
	.no_traffic_interval = 60000,
	.unhealthy_threshold = 3,
	.healthy_threshold = 2,
};

static const struct attr_option listener_table[] = {
	ATTR_OPTION(U32, L7MESH_LISTENER_A_REQUEST_TIMEOUT, http_options,
		    request_timeout),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_IDLE_TIMEOUT, http_options, idle_timeout),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_HEADERS_TIMEOUT, http_options,
		    headers_timeout),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_STREAM_IDLE_TIMEOUT, http_options,
		    stream_idle_timeout),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_CONNECTION_DURATION, http_options,
		    max_connection_duration),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_REQUESTS_PER_CONNECTION, http_options,
		    max_requests_per_connection),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_HEADER_BYTES, http_options,
		    max_header_bytes),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_HEADERS, http_options, max_headers),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_URI_BYTES, http_options, max_uri_bytes),
	ATTR_OPTION(U64, L7MESH_LISTENER_A_MAX_BODY_BYTES, http_options, max_body_bytes),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_BUFFER_LIMIT, http_options, buffer_limit),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_NORMALIZE_PATH, http_options, path.normalize),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_MERGE_SLASHES, http_options,
		    path.merge_slashes),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_ESCAPED_SLASHES, http_options,
		    path.escaped_slashes),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_EXPECT_CONTINUE, http_options,
		    expect_continue),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_UPGRADE, http_options, upgrade),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_CONNECT, http_options, connect),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_X_REQUEST_ID, http_options, x_request_id),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_X_FORWARDED_FOR, http_options,
		    x_forwarded_for),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_X_FORWARDED_PROTO, http_options,
		    x_forwarded_proto),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_X_FORWARDED_HOST, http_options,
		    x_forwarded_host),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_FORWARDED, http_options, forwarded),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_VIA, http_options, via),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_TRACEPARENT, http_options, traceparent),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_TRUSTED_HOPS, http_options, trusted_hops),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_CONNECTIONS_PER_SOURCE, http_options,
		    max_connections_per_source),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_MAX_REQUESTS_PER_SOURCE, http_options,
		    max_requests_per_source),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_HOST_PORT, http_options, host_port),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_ABORT_ON_CLOSE, http_options, abort_on_close),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_HEADERS_WITH_UNDERSCORES, http_options,
		    headers_with_underscores),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_PACKETS, http_options, packets),
	ATTR_OPTION(ENUM, L7MESH_LISTENER_A_SOURCE, http_options, source),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_PROXY_PROTOCOL, http_options, proxy_protocol),
	ATTR_OPTION(U32, L7MESH_LISTENER_A_DETECT_TIMEOUT, http_options, detect_timeout),
	ATTR_OPTION(FLAG, L7MESH_LISTENER_A_INBOUND, http_options, inbound),
};

ATTR_OPTION_IS(http_options, request_timeout, u32);
ATTR_OPTION_IS(http_options, idle_timeout, u32);
ATTR_OPTION_IS(http_options, headers_timeout, u32);
ATTR_OPTION_IS(http_options, stream_idle_timeout, u32);
ATTR_OPTION_IS(http_options, max_connection_duration, u32);
ATTR_OPTION_IS(http_options, max_requests_per_connection, u32);
ATTR_OPTION_IS(http_options, max_header_bytes, u32);
ATTR_OPTION_IS(http_options, max_headers, u32);
ATTR_OPTION_IS(http_options, max_uri_bytes, u32);
ATTR_OPTION_IS(http_options, max_body_bytes, u64);
ATTR_OPTION_IS(http_options, buffer_limit, u32);
ATTR_OPTION_IS(http_options, path.normalize, bool);
ATTR_OPTION_IS(http_options, path.merge_slashes, bool);
ATTR_OPTION_IS(http_options, path.escaped_slashes, u8);
ATTR_OPTION_IS(http_options, expect_continue, u8);
ATTR_OPTION_IS(http_options, upgrade, u8);
ATTR_OPTION_IS(http_options, connect, u8);
ATTR_OPTION_IS(http_options, x_request_id, bool);
ATTR_OPTION_IS(http_options, x_forwarded_for, bool);
ATTR_OPTION_IS(http_options, x_forwarded_proto, bool);
ATTR_OPTION_IS(http_options, x_forwarded_host, bool);
ATTR_OPTION_IS(http_options, forwarded, bool);
ATTR_OPTION_IS(http_options, via, bool);
ATTR_OPTION_IS(http_options, traceparent, bool);
ATTR_OPTION_IS(http_options, trusted_hops, u32);
ATTR_OPTION_IS(http_options, max_connections_per_source, u32);
ATTR_OPTION_IS(http_options, max_requests_per_source, u32);
ATTR_OPTION_IS(http_options, host_port, u8);
ATTR_OPTION_IS(http_options, abort_on_close, bool);
ATTR_OPTION_IS(http_options, headers_with_underscores, u8);
ATTR_OPTION_IS(http_options, packets, bool);
ATTR_OPTION_IS(http_options, source, u8);
ATTR_OPTION_IS(http_options, proxy_protocol, bool);
ATTR_OPTION_IS(http_options, detect_timeout, u32);
ATTR_OPTION_IS(http_options, inbound, bool);

const struct attr_options netlink_listener_options = {
	.table = listener_table,
	.n = ARRAY_SIZE(listener_table),
	.pad = L7MESH_LISTENER_A_PAD,
};
