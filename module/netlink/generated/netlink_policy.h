/* SPDX-License-Identifier: GPL-2.0 */
/* Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen. */
/*
 * netlink_policy: what attributes may be, as far as one attribute can tell.
 * Whatever has no entry is refused.
 */
#ifndef L7MESH_GENERATED_NETLINK_POLICY_H
#define L7MESH_GENERATED_NETLINK_POLICY_H

#include <net/netlink.h>
#include <uapi/linux/l7mesh.h>

/* How many a list may have that the header has no name for. */
#define NETLINK_HASH_POLICY_LIST_MAX	16
#define NETLINK_VALUE_MATCH_LIST_MAX	100
#define NETLINK_WORKLOAD_ADDRESS_LIST_MAX	64
#define NETLINK_AUTHORIZATION_RULE_LIST_MAX	512

extern const struct nla_policy
	netlink_hash_policy_policy[L7MESH_HASH_POLICY_A_MAX + 1];
extern const struct nla_policy
	netlink_health_check_policy[L7MESH_HEALTH_CHECK_A_MAX + 1];
extern const struct nla_policy netlink_locality_policy[L7MESH_LOCALITY_A_MAX + 1];
extern const struct nla_policy netlink_subset_policy[L7MESH_SUBSET_A_MAX + 1];
extern const struct nla_policy netlink_session_policy[L7MESH_SESSION_A_MAX + 1];
extern const struct nla_policy netlink_dns_policy[L7MESH_DNS_A_MAX + 1];
extern const struct nla_policy netlink_cluster_policy[L7MESH_CLUSTER_A_MAX + 1];
extern const struct nla_policy netlink_endpoint_policy[L7MESH_ENDPOINT_A_MAX + 1];
extern const struct nla_policy
	netlink_rate_limit_policy[L7MESH_RATE_LIMIT_A_MAX + 1];
extern const struct nla_policy netlink_listener_policy[L7MESH_LISTENER_A_MAX + 1];
extern const struct nla_policy
	netlink_route_table_policy[L7MESH_ROUTE_TABLE_A_MAX + 1];
extern const struct nla_policy netlink_header_op_policy[L7MESH_HEADER_OP_A_MAX + 1];
extern const struct nla_policy
	netlink_virtual_host_policy[L7MESH_VIRTUAL_HOST_A_MAX + 1];
extern const struct nla_policy
	netlink_value_match_policy[L7MESH_VALUE_MATCH_A_MAX + 1];
extern const struct nla_policy netlink_match_policy[L7MESH_MATCH_A_MAX + 1];
extern const struct nla_policy
	netlink_weighted_cluster_policy[L7MESH_WEIGHTED_CLUSTER_A_MAX + 1];
extern const struct nla_policy netlink_redirect_policy[L7MESH_REDIRECT_A_MAX + 1];
extern const struct nla_policy
	netlink_direct_response_policy[L7MESH_DIRECT_RESPONSE_A_MAX + 1];
extern const struct nla_policy netlink_rewrite_policy[L7MESH_REWRITE_A_MAX + 1];
extern const struct nla_policy netlink_action_policy[L7MESH_ACTION_A_MAX + 1];
extern const struct nla_policy netlink_cors_policy[L7MESH_CORS_A_MAX + 1];
extern const struct nla_policy netlink_retry_policy[L7MESH_RETRY_A_MAX + 1];
extern const struct nla_policy netlink_fault_policy[L7MESH_FAULT_A_MAX + 1];
extern const struct nla_policy netlink_mirror_policy[L7MESH_MIRROR_A_MAX + 1];
extern const struct nla_policy netlink_route_policy[L7MESH_ROUTE_A_MAX + 1];
extern const struct nla_policy
	netlink_splice_except_policy[L7MESH_SPLICE_EXCEPT_A_MAX + 1];
extern const struct nla_policy netlink_splice_policy[L7MESH_SPLICE_A_MAX + 1];
extern const struct nla_policy netlink_workload_policy[L7MESH_WORKLOAD_A_MAX + 1];
extern const struct nla_policy
	netlink_authorization_source_policy[L7MESH_AUTHORIZATION_SOURCE_A_MAX + 1];
extern const struct nla_policy
	netlink_authorization_operation_policy[L7MESH_AUTHORIZATION_OPERATION_A_MAX + 1];
extern const struct nla_policy
	netlink_authorization_condition_policy[L7MESH_AUTHORIZATION_CONDITION_A_MAX + 1];
extern const struct nla_policy
	netlink_authorization_rule_policy[L7MESH_AUTHORIZATION_RULE_A_MAX + 1];
extern const struct nla_policy
	netlink_authorization_policy[L7MESH_AUTHORIZATION_A_MAX + 1];
extern const struct nla_policy netlink_explain_policy[L7MESH_EXPLAIN_A_MAX + 1];
extern const struct nla_policy netlink_authorize_policy[L7MESH_AUTHORIZE_A_MAX + 1];
extern const struct nla_policy
	netlink_cluster_key_policy[L7MESH_CLUSTER_A_NAME + 1];
extern const struct nla_policy
	netlink_endpoint_key_policy[L7MESH_ENDPOINT_A_PORT + 1];
extern const struct nla_policy
	netlink_listener_key_policy[L7MESH_LISTENER_A_NAME + 1];
extern const struct nla_policy
	netlink_virtual_host_key_policy[L7MESH_VIRTUAL_HOST_A_NAME + 1];
extern const struct nla_policy netlink_route_key_policy[L7MESH_ROUTE_A_INDEX + 1];
extern const struct nla_policy netlink_splice_key_policy[1];
extern const struct nla_policy
	netlink_workload_key_policy[L7MESH_WORKLOAD_A_NAME + 1];
extern const struct nla_policy
	netlink_authorization_key_policy[L7MESH_AUTHORIZATION_A_NAME + 1];
extern const struct nla_policy netlink_begin_policy[L7MESH_A_REPLACE + 1];
extern const struct nla_policy netlink_change_policy[L7MESH_A_AUTHORIZATION + 1];
extern const struct nla_policy netlink_key_policy[L7MESH_A_AUTHORIZATION + 1];
extern const struct nla_policy netlink_get_policy[L7MESH_A_KIND + 1];
extern const struct nla_policy netlink_netns_policy[L7MESH_A_NETNS_PID + 1];
extern const struct nla_policy
	netlink_cluster_name_policy[L7MESH_A_CLUSTER_NAME + 1];
extern const struct nla_policy netlink_drain_policy[L7MESH_A_DRAIN_END + 1];
extern const struct nla_policy netlink_explain_request_policy[L7MESH_A_EXPLAIN + 1];
extern const struct nla_policy
	netlink_authorize_request_policy[L7MESH_A_AUTHORIZE + 1];

#endif
