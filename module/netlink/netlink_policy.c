// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_policy: what attributes may be, as far as one attribute can tell.
 * Whatever has no entry here is refused.
 */
#include "netlink/netlink.h"

#define NAME		{ .type = NLA_STRING, .len = L7MESH_NAME_MAX }
#define METADATA	{ .type = NLA_STRING, .len = L7MESH_METADATA_MAX }
#define SUBSET_NAME	{ .type = NLA_STRING, .len = L7MESH_SUBSET_NAME_MAX }
#define LOCALITY_NAME	{ .type = NLA_STRING, .len = L7MESH_LOCALITY_NAME_MAX }
#define VALUE		{ .type = NLA_STRING, .len = L7MESH_VALUE_MAX }
#define ADDRESS		NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct in_addr), \
					 sizeof(struct in6_addr))

#define BOOL		NLA_POLICY_MAX(NLA_U8, 1)

#define DAY_MS		(24 * 60 * 60 * 1000)

static struct netlink_range_validation some_ms = { .min = 1, .max = DAY_MS };

static struct netlink_range_validation any_ms = { .max = DAY_MS };

static struct netlink_range_validation weight = {
	.min = 1, .max = L7MESH_WEIGHT_MAX,
};

static struct netlink_range_validation share = { .max = L7MESH_WEIGHT_MAX };

static struct netlink_range_validation table_size = {
	.min = 2, .max = L7MESH_TABLE_SIZE_MAX,
};

static struct netlink_range_validation max_idle = { .max = 65536 };

static struct netlink_range_validation header_bytes = {
	.min = L7MESH_HEADER_BYTES_MIN, .max = L7MESH_HEADER_BYTES_MAX,
};

static struct netlink_range_validation headers = {
	.min = 1, .max = L7MESH_HEADERS_MAX,
};

static struct netlink_range_validation uri_bytes = {
	.min = 1, .max = L7MESH_URI_BYTES_MAX,
};

static struct netlink_range_validation body_bytes = { .max = S64_MAX };

static struct netlink_range_validation buffer = {
	.max = L7MESH_BUFFER_LIMIT_MAX,
};

static struct netlink_range_validation fraction = {
	.max = L7MESH_FRACTION_MAX,
};

static struct netlink_range_validation day_seconds = { .max = DAY_MS / 1000 };

static struct netlink_range_validation year_seconds = {
	.max = 365 * (DAY_MS / 1000),
};

static struct netlink_range_validation overprovisioning = {
	.min = 100, .max = 1000,
};

static struct netlink_range_validation some_percent = { .min = 1, .max = 100 };

static struct netlink_range_validation from_one = {
	.min = 1, .max = U32_MAX,
};

static struct netlink_range_validation rate_keys = {
	.min = 1, .max = L7MESH_RATE_KEYS_MAX,
};

static struct netlink_range_validation response_rate = {
	.min = 1, .max = L7MESH_RESPONSE_RATE_MAX,
};

static struct netlink_range_validation percent = { .max = 100 };

static struct netlink_range_validation retry_on = {
	.min = 1, .max = BIT(L7MESH_RETRY_ON_RETRIABLE_4XX + 1) - 1,
};

static struct netlink_range_validation retries = {
	.min = 1, .max = L7MESH_RETRIES_MAX,
};

static struct netlink_range_validation replay = {
	.max = L7MESH_REPLAY_LIMIT_MAX,
};

static struct netlink_range_validation choices = { .min = 2, .max = 16 };

static struct netlink_range_validation hour_ms = {
	.min = 1, .max = 60 * 60 * 1000,
};

static struct netlink_range_validation ring_size = {
	.min = 1, .max = L7MESH_RING_SIZE_MAX,
};

static struct netlink_range_validation hops = {
	.max = L7MESH_TRUSTED_HOPS_MAX,
};

const struct nla_policy netlink_subset_policy[L7MESH_SUBSET_A_MAX + 1] = {
	[L7MESH_SUBSET_A_NAME] = SUBSET_NAME,
	[L7MESH_SUBSET_A_METADATA] = METADATA,
};

static const struct nla_policy subset_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_subset_policy),
};

const struct nla_policy netlink_locality_policy[L7MESH_LOCALITY_A_MAX + 1] = {
	[L7MESH_LOCALITY_A_NAME] = LOCALITY_NAME,
	[L7MESH_LOCALITY_A_WEIGHT] = NLA_POLICY_FULL_RANGE(NLA_U32, &weight),
};

static const struct nla_policy locality_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_locality_policy),
};

const struct nla_policy
netlink_hash_policy_policy[L7MESH_HASH_POLICY_A_MAX + 1] = {
	[L7MESH_HASH_POLICY_A_HEADER] = NAME,
	[L7MESH_HASH_POLICY_A_SOURCE_ADDRESS] = { .type = NLA_FLAG },
	[L7MESH_HASH_POLICY_A_COOKIE] = NAME,
	[L7MESH_HASH_POLICY_A_COOKIE_TTL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &year_seconds),
	[L7MESH_HASH_POLICY_A_COOKIE_PATH] = VALUE,
	[L7MESH_HASH_POLICY_A_QUERY] = NAME,
	[L7MESH_HASH_POLICY_A_PATH] = { .type = NLA_FLAG },
	[L7MESH_HASH_POLICY_A_COMBINE] = { .type = NLA_FLAG },
};

static const struct nla_policy hash_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_hash_policy_policy),
};

const struct nla_policy netlink_session_policy[L7MESH_SESSION_A_MAX + 1] = {
	[L7MESH_SESSION_A_COOKIE] = NAME,
	[L7MESH_SESSION_A_TTL] = NLA_POLICY_FULL_RANGE(NLA_U32, &year_seconds),
	[L7MESH_SESSION_A_PATH] = VALUE,
};

const struct nla_policy netlink_dns_policy[L7MESH_DNS_A_MAX + 1] = {
	[L7MESH_DNS_A_NAME] = NAME,
	[L7MESH_DNS_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[L7MESH_DNS_A_REFRESH] = NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_DNS_A_FAMILY] = NLA_POLICY_MAX(NLA_U32,
					       L7MESH_DNS_FAMILY_IPV6_FIRST),
	[L7MESH_DNS_A_LOGICAL] = NLA_POLICY_MAX(NLA_U8, 1),
};

const struct nla_policy
netlink_health_check_policy[L7MESH_HEALTH_CHECK_A_MAX + 1] = {
	[L7MESH_HEALTH_CHECK_A_INTERVAL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_HEALTH_CHECK_A_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_HEALTH_CHECK_A_JITTER] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_HEALTH_CHECK_A_NO_TRAFFIC_INTERVAL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_HEALTH_CHECK_A_UNHEALTHY_THRESHOLD] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &from_one),
	[L7MESH_HEALTH_CHECK_A_HEALTHY_THRESHOLD] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &from_one),
	[L7MESH_HEALTH_CHECK_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[L7MESH_HEALTH_CHECK_A_NETNS] = NLA_POLICY_MIN(NLA_U64, 1),
	[L7MESH_HEALTH_CHECK_A_PATH] = VALUE,
	[L7MESH_HEALTH_CHECK_A_HOST] = NAME,
	[L7MESH_HEALTH_CHECK_A_STATUS] =
		NLA_POLICY_RANGE(NLA_BINARY, sizeof(u16),
				 sizeof(u16) * L7MESH_RETRY_STATUS_MAX),
};

const struct nla_policy netlink_cluster_policy[L7MESH_CLUSTER_A_MAX + 1] = {
	[L7MESH_CLUSTER_A_NAME] = NAME,
	[L7MESH_CLUSTER_A_LB] = NLA_POLICY_MAX(NLA_U32, L7MESH_LB_PEAK_EWMA),
	[L7MESH_CLUSTER_A_TABLE_SIZE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &table_size),
	[L7MESH_CLUSTER_A_HASH] = NLA_POLICY_NESTED(hash_list_policy),
	[L7MESH_CLUSTER_A_CONNECT_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_RESPONSE_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_CLUSTER_A_IDLE_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_MAX_IDLE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &max_idle),
	[L7MESH_CLUSTER_A_RING_MIN] = NLA_POLICY_FULL_RANGE(NLA_U32, &ring_size),
	[L7MESH_CLUSTER_A_RING_MAX] = NLA_POLICY_FULL_RANGE(NLA_U32, &ring_size),
	[L7MESH_CLUSTER_A_CHOICES] = NLA_POLICY_FULL_RANGE(NLA_U32, &choices),
	[L7MESH_CLUSTER_A_DECAY] = NLA_POLICY_FULL_RANGE(NLA_U32, &hour_ms),
	[L7MESH_CLUSTER_A_PANIC_THRESHOLD] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_MAX_CONNECTIONS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_MAX_PENDING_REQUESTS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_MAX_REQUESTS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_MAX_RETRIES] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_RETRY_BUDGET] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
	[L7MESH_CLUSTER_A_MIN_RETRY_CONCURRENCY] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_CONSECUTIVE_5XX] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_CONSECUTIVE_GATEWAY_FAILURE] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_OUTLIER_INTERVAL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_BASE_EJECTION_TIME] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_MAX_EJECTION_TIME] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_MAX_EJECTION_PERCENT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_SUCCESS_RATE_STDEV_FACTOR] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_SUCCESS_RATE_MINIMUM_HOSTS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_SUCCESS_RATE_REQUEST_VOLUME] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_THRESHOLD] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_MINIMUM_HOSTS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_FAILURE_PERCENTAGE_REQUEST_VOLUME] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_HEALTH_CHECK] =
		NLA_POLICY_NESTED(netlink_health_check_policy),
	[L7MESH_CLUSTER_A_OVERPROVISIONING_FACTOR] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &overprovisioning),
	[L7MESH_CLUSTER_A_SLOW_START_WINDOW] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_CLUSTER_A_SLOW_START_MIN_WEIGHT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_percent),
	[L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_5XX] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_GATEWAY_FAILURE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_ENFORCING_SUCCESS_RATE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_ENFORCING_FAILURE_PERCENTAGE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_CONSECUTIVE_LOCAL_ORIGIN_FAILURE] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_ENFORCING_CONSECUTIVE_LOCAL_ORIGIN_FAILURE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_ACCRUAL_MAX_FAILURES] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_ACCRUAL_MIN_PENALTY] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_ACCRUAL_MAX_PENALTY] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_CLUSTER_A_ACCRUAL_JITTER] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &percent),
	[L7MESH_CLUSTER_A_HIGH_MAX_CONNECTIONS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_HIGH_MAX_PENDING_REQUESTS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_HIGH_MAX_REQUESTS] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_HIGH_MAX_RETRIES] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_HIGH_RETRY_BUDGET] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
	[L7MESH_CLUSTER_A_HIGH_MIN_RETRY_CONCURRENCY] = { .type = NLA_U32 },
	[L7MESH_CLUSTER_A_LOCALITIES] = NLA_POLICY_NESTED(locality_list_policy),
	[L7MESH_CLUSTER_A_SESSION] = NLA_POLICY_NESTED(netlink_session_policy),
	[L7MESH_CLUSTER_A_DNS] = NLA_POLICY_NESTED(netlink_dns_policy),
	[L7MESH_CLUSTER_A_SUBSETS] = NLA_POLICY_NESTED(subset_list_policy),
	[L7MESH_CLUSTER_A_SUBSET_FALLBACK] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_SUBSET_FALLBACK_ANY_ENDPOINT),
};

const struct nla_policy netlink_endpoint_policy[L7MESH_ENDPOINT_A_MAX + 1] = {
	[L7MESH_ENDPOINT_A_CLUSTER] = NAME,
	[L7MESH_ENDPOINT_A_ADDRESS] = ADDRESS,
	[L7MESH_ENDPOINT_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[L7MESH_ENDPOINT_A_WEIGHT] = NLA_POLICY_FULL_RANGE(NLA_U32, &weight),
	[L7MESH_ENDPOINT_A_PRIORITY] = NLA_POLICY_MAX(NLA_U32, L7MESH_PRIORITY_MAX),
	[L7MESH_ENDPOINT_A_LOCALITY] = LOCALITY_NAME,
	[L7MESH_ENDPOINT_A_METADATA] = METADATA,
};

const struct nla_policy
netlink_rate_limit_policy[L7MESH_RATE_LIMIT_A_MAX + 1] = {
	[L7MESH_RATE_LIMIT_A_MAX_TOKENS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &from_one),
	[L7MESH_RATE_LIMIT_A_TOKENS_PER_FILL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &from_one),
	[L7MESH_RATE_LIMIT_A_FILL_INTERVAL] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_RATE_LIMIT_A_HEADER] = NAME,
	[L7MESH_RATE_LIMIT_A_SOURCE_ADDRESS] = { .type = NLA_FLAG },
	[L7MESH_RATE_LIMIT_A_MAX_KEYS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &rate_keys),
};

const struct nla_policy netlink_fault_policy[L7MESH_FAULT_A_MAX + 1] = {
	[L7MESH_FAULT_A_DELAY] = NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_FAULT_A_DELAY_FRACTION] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
	[L7MESH_FAULT_A_ABORT] = NLA_POLICY_RANGE(NLA_U16, 200, 599),
	[L7MESH_FAULT_A_ABORT_FRACTION] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
	[L7MESH_FAULT_A_RESPONSE_RATE] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &response_rate),
	[L7MESH_FAULT_A_RATE_FRACTION] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
	[L7MESH_FAULT_A_BY_HEADER] = BOOL,
};

const struct nla_policy netlink_listener_policy[L7MESH_LISTENER_A_MAX + 1] = {
	[L7MESH_LISTENER_A_NAME] = NAME,
	[L7MESH_LISTENER_A_ADDRESS] = ADDRESS,
	[L7MESH_LISTENER_A_PORT] = { .type = NLA_U16 },
	[L7MESH_LISTENER_A_PROTOCOL] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_PROTOCOL_HTTP),
	[L7MESH_LISTENER_A_ROUTE_TABLE] = NAME,
	[L7MESH_LISTENER_A_CLUSTER] = NAME,
	[L7MESH_LISTENER_A_PROXY_ADDRESS] = ADDRESS,
	[L7MESH_LISTENER_A_PROXY_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[L7MESH_LISTENER_A_REQUEST_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_LISTENER_A_IDLE_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_LISTENER_A_HEADERS_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_LISTENER_A_STREAM_IDLE_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_LISTENER_A_MAX_CONNECTION_DURATION] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_LISTENER_A_MAX_REQUESTS_PER_CONNECTION] = { .type = NLA_U32 },
	[L7MESH_LISTENER_A_MAX_CONNECTIONS_PER_SOURCE] = { .type = NLA_U32 },
	[L7MESH_LISTENER_A_MAX_REQUESTS_PER_SOURCE] = { .type = NLA_U32 },
	[L7MESH_LISTENER_A_MAX_HEADER_BYTES] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &header_bytes),
	[L7MESH_LISTENER_A_MAX_HEADERS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &headers),
	[L7MESH_LISTENER_A_MAX_URI_BYTES] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &uri_bytes),
	[L7MESH_LISTENER_A_MAX_BODY_BYTES] =
		NLA_POLICY_FULL_RANGE(NLA_U64, &body_bytes),
	[L7MESH_LISTENER_A_BUFFER_LIMIT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &buffer),
	[L7MESH_LISTENER_A_NORMALIZE_PATH] = BOOL,
	[L7MESH_LISTENER_A_MERGE_SLASHES] = BOOL,
	[L7MESH_LISTENER_A_ESCAPED_SLASHES] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_ESCAPED_SLASHES_DECODE),
	[L7MESH_LISTENER_A_HOST_PORT] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_HOST_PORT_MATCH),
	[L7MESH_LISTENER_A_EXPECT_CONTINUE] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_EXPECT_CONTINUE_ANSWER),
	[L7MESH_LISTENER_A_UPGRADE] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_UPGRADE_ANY),
	[L7MESH_LISTENER_A_CONNECT] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_CONNECT_TERMINATE),
	[L7MESH_LISTENER_A_X_REQUEST_ID] = BOOL,
	[L7MESH_LISTENER_A_X_FORWARDED_FOR] = BOOL,
	[L7MESH_LISTENER_A_X_FORWARDED_PROTO] = BOOL,
	[L7MESH_LISTENER_A_X_FORWARDED_HOST] = BOOL,
	[L7MESH_LISTENER_A_FORWARDED] = BOOL,
	[L7MESH_LISTENER_A_VIA] = BOOL,
	[L7MESH_LISTENER_A_TRACEPARENT] = BOOL,
	[L7MESH_LISTENER_A_ABORT_ON_CLOSE] = BOOL,
	[L7MESH_LISTENER_A_TRUSTED_HOPS] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &hops),
	[L7MESH_LISTENER_A_RATE_LIMIT] =
		NLA_POLICY_NESTED(netlink_rate_limit_policy),
};

const struct nla_policy
netlink_route_table_policy[L7MESH_ROUTE_TABLE_A_MAX + 1] = {
	[L7MESH_ROUTE_TABLE_A_NAME] = NAME,
};

static const struct nla_policy name_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NAME,
};

const struct nla_policy
netlink_header_op_policy[L7MESH_HEADER_OP_A_MAX + 1] = {
	[L7MESH_HEADER_OP_A_NAME] = NAME,
	[L7MESH_HEADER_OP_A_VALUE] = VALUE,
	[L7MESH_HEADER_OP_A_OP] = NLA_POLICY_MAX(NLA_U32, L7MESH_HEADER_OP_REMOVE),
};

static const struct nla_policy header_op_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_header_op_policy),
};

const struct nla_policy netlink_cors_policy[L7MESH_CORS_A_MAX + 1] = {
	[L7MESH_CORS_A_ALLOW_ORIGINS] = NLA_POLICY_NESTED(name_list_policy),
	[L7MESH_CORS_A_ALLOW_METHODS] = VALUE,
	[L7MESH_CORS_A_ALLOW_HEADERS] = VALUE,
	[L7MESH_CORS_A_EXPOSE_HEADERS] = VALUE,
	[L7MESH_CORS_A_MAX_AGE] = NLA_POLICY_FULL_RANGE(NLA_U32, &day_seconds),
	[L7MESH_CORS_A_ALLOW_CREDENTIALS] = BOOL,
};

const struct nla_policy
netlink_virtual_host_policy[L7MESH_VIRTUAL_HOST_A_MAX + 1] = {
	[L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE] = NAME,
	[L7MESH_VIRTUAL_HOST_A_NAME] = NAME,
	[L7MESH_VIRTUAL_HOST_A_DOMAINS] = NLA_POLICY_NESTED(name_list_policy),
	[L7MESH_VIRTUAL_HOST_A_ORDER] =
		NLA_POLICY_MAX(NLA_U32, L7MESH_ROUTE_ORDER_SPECIFIC),
	[L7MESH_VIRTUAL_HOST_A_REQUEST_HEADERS] =
		NLA_POLICY_NESTED(header_op_list_policy),
	[L7MESH_VIRTUAL_HOST_A_RESPONSE_HEADERS] =
		NLA_POLICY_NESTED(header_op_list_policy),
};

const struct nla_policy
netlink_value_match_policy[L7MESH_VALUE_MATCH_A_MAX + 1] = {
	[L7MESH_VALUE_MATCH_A_NAME] = NAME,
	[L7MESH_VALUE_MATCH_A_EXACT] = VALUE,
	[L7MESH_VALUE_MATCH_A_PREFIX] = VALUE,
	[L7MESH_VALUE_MATCH_A_PRESENT] = BOOL,
	[L7MESH_VALUE_MATCH_A_SUFFIX] = VALUE,
	[L7MESH_VALUE_MATCH_A_CONTAINS] = VALUE,
	[L7MESH_VALUE_MATCH_A_REGEX] = VALUE,
	[L7MESH_VALUE_MATCH_A_RANGE_START] = { .type = NLA_S64 },
	[L7MESH_VALUE_MATCH_A_RANGE_END] = { .type = NLA_S64 },
	[L7MESH_VALUE_MATCH_A_INVERT] = { .type = NLA_FLAG },
};

static const struct nla_policy value_match_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_value_match_policy),
};

const struct nla_policy netlink_match_policy[L7MESH_MATCH_A_MAX + 1] = {
	[L7MESH_MATCH_A_PATH_EXACT] = VALUE,
	[L7MESH_MATCH_A_PATH_PREFIX] = VALUE,
	[L7MESH_MATCH_A_METHOD] = NAME,
	[L7MESH_MATCH_A_HEADERS] = NLA_POLICY_NESTED(value_match_list_policy),
	[L7MESH_MATCH_A_QUERY] = NLA_POLICY_NESTED(value_match_list_policy),
	[L7MESH_MATCH_A_PATH_RAW_PREFIX] = VALUE,
	[L7MESH_MATCH_A_PATH_SUFFIX] = VALUE,
	[L7MESH_MATCH_A_PATH_TEMPLATE] = VALUE,
	[L7MESH_MATCH_A_PATH_REGEX] = VALUE,
	[L7MESH_MATCH_A_SOURCE] = NLA_POLICY_RANGE(NLA_BINARY, 5, 17),
	[L7MESH_MATCH_A_SOURCE_NETNS] = NLA_POLICY_MIN(NLA_U64, 1),
	[L7MESH_MATCH_A_LISTENER] = NAME,
	[L7MESH_MATCH_A_FRACTION] = NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
};

const struct nla_policy
netlink_weighted_cluster_policy[L7MESH_WEIGHTED_CLUSTER_A_MAX + 1] = {
	[L7MESH_WEIGHTED_CLUSTER_A_NAME] = NAME,
	[L7MESH_WEIGHTED_CLUSTER_A_WEIGHT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &share),
	[L7MESH_WEIGHTED_CLUSTER_A_REQUEST_HEADERS] =
		NLA_POLICY_NESTED(header_op_list_policy),
	[L7MESH_WEIGHTED_CLUSTER_A_RESPONSE_HEADERS] =
		NLA_POLICY_NESTED(header_op_list_policy),
	[L7MESH_WEIGHTED_CLUSTER_A_SUBSET] = SUBSET_NAME,
};

static const struct nla_policy
weighted_cluster_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_weighted_cluster_policy),
};

const struct nla_policy netlink_redirect_policy[L7MESH_REDIRECT_A_MAX + 1] = {
	[L7MESH_REDIRECT_A_HOST] = NAME,
	[L7MESH_REDIRECT_A_PATH] = VALUE,
	[L7MESH_REDIRECT_A_STATUS] = NLA_POLICY_RANGE(NLA_U16, 301, 308),
	[L7MESH_REDIRECT_A_SCHEME] = NLA_POLICY_MAX(NLA_U32, L7MESH_SCHEME_HTTPS),
	[L7MESH_REDIRECT_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[L7MESH_REDIRECT_A_PREFIX] = VALUE,
	[L7MESH_REDIRECT_A_STRIP_QUERY] = BOOL,
};

const struct nla_policy netlink_rewrite_policy[L7MESH_REWRITE_A_MAX + 1] = {
	[L7MESH_REWRITE_A_HOST] = NAME,
	[L7MESH_REWRITE_A_PATH] = VALUE,
	[L7MESH_REWRITE_A_PREFIX] = VALUE,
	[L7MESH_REWRITE_A_TEMPLATE] = VALUE,
};

const struct nla_policy
netlink_direct_response_policy[L7MESH_DIRECT_RESPONSE_A_MAX + 1] = {
	[L7MESH_DIRECT_RESPONSE_A_STATUS] = NLA_POLICY_RANGE(NLA_U16, 200, 599),
	[L7MESH_DIRECT_RESPONSE_A_BODY] = {
		.type = NLA_BINARY, .len = L7MESH_BODY_MAX,
	},
};

const struct nla_policy netlink_action_policy[L7MESH_ACTION_A_MAX + 1] = {
	[L7MESH_ACTION_A_CLUSTER] = NAME,
	[L7MESH_ACTION_A_WEIGHTED_CLUSTERS] =
		NLA_POLICY_NESTED(weighted_cluster_list_policy),
	[L7MESH_ACTION_A_REDIRECT] = NLA_POLICY_NESTED(netlink_redirect_policy),
	[L7MESH_ACTION_A_DIRECT_RESPONSE] =
		NLA_POLICY_NESTED(netlink_direct_response_policy),
	[L7MESH_ACTION_A_CLUSTER_HEADER] = NAME,
	[L7MESH_ACTION_A_REWRITE] = NLA_POLICY_NESTED(netlink_rewrite_policy),
	[L7MESH_ACTION_A_SUBSET] = SUBSET_NAME,
};

const struct nla_policy netlink_mirror_policy[L7MESH_MIRROR_A_MAX + 1] = {
	[L7MESH_MIRROR_A_CLUSTER] = NAME,
	[L7MESH_MIRROR_A_FRACTION] = NLA_POLICY_FULL_RANGE(NLA_U32, &fraction),
	[L7MESH_MIRROR_A_SHADOW] = BOOL,
};

static const struct nla_policy mirror_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_mirror_policy),
};

const struct nla_policy netlink_retry_policy[L7MESH_RETRY_A_MAX + 1] = {
	[L7MESH_RETRY_A_ON] = NLA_POLICY_FULL_RANGE(NLA_U32, &retry_on),
	[L7MESH_RETRY_A_STATUS] =
		NLA_POLICY_RANGE(NLA_BINARY, sizeof(u16),
				 sizeof(u16) * L7MESH_RETRY_STATUS_MAX),
	[L7MESH_RETRY_A_NUM_RETRIES] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &retries),
	[L7MESH_RETRY_A_PER_TRY_TIMEOUT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_RETRY_A_BACKOFF] = NLA_POLICY_FULL_RANGE(NLA_U32, &hour_ms),
	[L7MESH_RETRY_A_MAX_BACKOFF] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_RETRY_A_REPLAY_LIMIT] =
		NLA_POLICY_FULL_RANGE(NLA_U32, &replay),
	[L7MESH_RETRY_A_AVOID_PREVIOUS_HOSTS] = BOOL,
	[L7MESH_RETRY_A_HEDGE_ON_PER_TRY_TIMEOUT] = BOOL,
};

const struct nla_policy netlink_route_policy[L7MESH_ROUTE_A_MAX + 1] = {
	[L7MESH_ROUTE_A_ROUTE_TABLE] = NAME,
	[L7MESH_ROUTE_A_VIRTUAL_HOST] = NAME,
	[L7MESH_ROUTE_A_INDEX] = { .type = NLA_U32 },
	[L7MESH_ROUTE_A_MATCH] = NLA_POLICY_NESTED(netlink_match_policy),
	[L7MESH_ROUTE_A_ACTION] = NLA_POLICY_NESTED(netlink_action_policy),
	[L7MESH_ROUTE_A_REQUEST_HEADERS] =
		NLA_POLICY_NESTED(header_op_list_policy),
	[L7MESH_ROUTE_A_RESPONSE_HEADERS] =
		NLA_POLICY_NESTED(header_op_list_policy),
	[L7MESH_ROUTE_A_CORS] = NLA_POLICY_NESTED(netlink_cors_policy),
	[L7MESH_ROUTE_A_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &any_ms),
	[L7MESH_ROUTE_A_RETRY] = NLA_POLICY_NESTED(netlink_retry_policy),
	[L7MESH_ROUTE_A_HASH] = NLA_POLICY_NESTED(hash_list_policy),
	[L7MESH_ROUTE_A_PRIORITY] = NLA_POLICY_MAX(NLA_U32, L7MESH_ROUTING_PRIORITY_HIGH),
	[L7MESH_ROUTE_A_MIRRORS] = NLA_POLICY_NESTED(mirror_list_policy),
	[L7MESH_ROUTE_A_RATE_LIMIT] =
		NLA_POLICY_NESTED(netlink_rate_limit_policy),
	[L7MESH_ROUTE_A_FAULT] = NLA_POLICY_NESTED(netlink_fault_policy),
};

const struct nla_policy
netlink_splice_except_policy[L7MESH_SPLICE_EXCEPT_A_MAX + 1] = {
	[L7MESH_SPLICE_EXCEPT_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

static const struct nla_policy splice_except_list_policy[L7MESH_LIST_ITEM + 1] = {
	[L7MESH_LIST_ITEM] = NLA_POLICY_NESTED(netlink_splice_except_policy),
};

const struct nla_policy netlink_splice_policy[L7MESH_SPLICE_A_MAX + 1] = {
	[L7MESH_SPLICE_A_POLICY] = NLA_POLICY_MAX(NLA_U32, L7MESH_SPLICE_OFF),
	[L7MESH_SPLICE_A_EXCEPT] = NLA_POLICY_NESTED(splice_except_list_policy),
	[L7MESH_SPLICE_A_BYPASS_SHAPING] = BOOL,
};

/* ADD, SET */
const struct nla_policy netlink_change_policy[L7MESH_A_SPLICE + 1] = {
	[L7MESH_A_CLUSTER] = NLA_POLICY_NESTED(netlink_cluster_policy),
	[L7MESH_A_ENDPOINT] = NLA_POLICY_NESTED(netlink_endpoint_policy),
	[L7MESH_A_LISTENER] = NLA_POLICY_NESTED(netlink_listener_policy),
	[L7MESH_A_ROUTE_TABLE] = NLA_POLICY_NESTED(netlink_route_table_policy),
	[L7MESH_A_VIRTUAL_HOST] =
		NLA_POLICY_NESTED(netlink_virtual_host_policy),
	[L7MESH_A_ROUTE] = NLA_POLICY_NESTED(netlink_route_policy),
	[L7MESH_A_SPLICE] = NLA_POLICY_NESTED(netlink_splice_policy),
};

static const struct nla_policy cluster_key_policy[L7MESH_CLUSTER_A_NAME + 1] = {
	[L7MESH_CLUSTER_A_NAME] = NAME,
};

const struct nla_policy
netlink_endpoint_key_policy[L7MESH_ENDPOINT_A_PORT + 1] = {
	[L7MESH_ENDPOINT_A_CLUSTER] = NAME,
	[L7MESH_ENDPOINT_A_ADDRESS] = ADDRESS,
	[L7MESH_ENDPOINT_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

const struct nla_policy
netlink_listener_key_policy[L7MESH_LISTENER_A_NAME + 1] = {
	[L7MESH_LISTENER_A_NAME] = NAME,
};

static const struct nla_policy
virtual_host_key_policy[L7MESH_VIRTUAL_HOST_A_NAME + 1] = {
	[L7MESH_VIRTUAL_HOST_A_ROUTE_TABLE] = NAME,
	[L7MESH_VIRTUAL_HOST_A_NAME] = NAME,
};

static const struct nla_policy route_key_policy[L7MESH_ROUTE_A_INDEX + 1] = {
	[L7MESH_ROUTE_A_ROUTE_TABLE] = NAME,
	[L7MESH_ROUTE_A_VIRTUAL_HOST] = NAME,
	[L7MESH_ROUTE_A_INDEX] = { .type = NLA_U32 },
};

/* There is one at most. */
static const struct nla_policy splice_key_policy[1] = {};

/* DEL */
const struct nla_policy netlink_key_policy[L7MESH_A_SPLICE + 1] = {
	[L7MESH_A_CLUSTER] = NLA_POLICY_NESTED(cluster_key_policy),
	[L7MESH_A_ENDPOINT] = NLA_POLICY_NESTED(netlink_endpoint_key_policy),
	[L7MESH_A_LISTENER] = NLA_POLICY_NESTED(netlink_listener_key_policy),
	[L7MESH_A_ROUTE_TABLE] = NLA_POLICY_NESTED(netlink_route_table_policy),
	[L7MESH_A_VIRTUAL_HOST] = NLA_POLICY_NESTED(virtual_host_key_policy),
	[L7MESH_A_ROUTE] = NLA_POLICY_NESTED(route_key_policy),
	[L7MESH_A_SPLICE] = NLA_POLICY_NESTED(splice_key_policy),
};

const struct nla_policy netlink_begin_policy[L7MESH_A_REPLACE + 1] = {
	[L7MESH_A_REPLACE] = { .type = NLA_FLAG },
};

const struct nla_policy netlink_drain_policy[L7MESH_A_DRAIN_END + 1] = {
	[L7MESH_A_LISTENER] = NLA_POLICY_NESTED(netlink_listener_key_policy),
	[L7MESH_A_ENDPOINT] = NLA_POLICY_NESTED(netlink_endpoint_key_policy),
	[L7MESH_A_DEADLINE] = NLA_POLICY_FULL_RANGE(NLA_U32, &some_ms),
	[L7MESH_A_DRAIN_END] = { .type = NLA_FLAG },
};

const struct nla_policy netlink_get_policy[L7MESH_A_KIND + 1] = {
	[L7MESH_A_KIND] = NLA_POLICY_RANGE(NLA_U32, 1, L7MESH_KIND_MAX),
};

const struct nla_policy netlink_netns_policy[L7MESH_A_NETNS_PID + 1] = {
	[L7MESH_A_NETNS_FD] = { .type = NLA_U32 },
	[L7MESH_A_NETNS_PID] = { .type = NLA_U32 },
};

const struct nla_policy
netlink_cluster_name_policy[L7MESH_A_CLUSTER_NAME + 1] = {
	[L7MESH_A_CLUSTER_NAME] = NAME,
};

const struct nla_policy netlink_explain_policy[L7MESH_EXPLAIN_A_MAX + 1] = {
	[L7MESH_EXPLAIN_A_LISTENER] = NAME,
	[L7MESH_EXPLAIN_A_HEAD] = { .type = NLA_BINARY, .len = 65000 },
	[L7MESH_EXPLAIN_A_SOURCE] = ADDRESS,
	[L7MESH_EXPLAIN_A_SOURCE_NETNS] = NLA_POLICY_MIN(NLA_U64, 1),
	[L7MESH_EXPLAIN_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

const struct nla_policy netlink_explain_request_policy[L7MESH_A_EXPLAIN + 1] = {
	[L7MESH_A_EXPLAIN] = NLA_POLICY_NESTED(netlink_explain_policy),
};
