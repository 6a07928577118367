// SPDX-License-Identifier: GPL-2.0
/*
 * Envoy's API v3 (docs, "v3 API reference"), as far as a mesh can be made of it. What
 * says nothing of traffic (statistics, access logs, the node, the administration
 * interface) is not looked at.
 */
#include <ctype.h>
#include <string.h>

#include "envoy_priv.h"
#include "foreign.h"

static const char *check_seconds(const char *s, size_t len)
{
	return envoy_milliseconds(s, len, NULL) ? NULL :
	       "a duration in seconds, such as 0.25s, of whole milliseconds and "
	       "up to one day";
}

#define DURATION(n)	{ .name = (n), .type = FIELD_STRING, .check = check_seconds }
#define NEEDED(n)	{ .name = (n), .type = FIELD_STRING,		\
			  .flags = FIELD_REQUIRED, .check = text_check_value }
#define SIGNED(n)	{ .name = (n), .type = FIELD_S64 }
#define NEED(n, of)	{ .name = (n), .type = FIELD_NEST,		\
			  .flags = FIELD_REQUIRED, .sub = &(of) }

static bool has(const json_t *body, const char *name)
{
	return json_object_get(body, name);
}

/* Exactly one of these keys. */
static void need_one(const struct scope *scope, const json_t *body,
		     const char *const *names, const char *all)
{
	size_t n = 0;

	for (; *names; names++)
		n += has(body, *names);
	if (n != 1)
		scope_problem(scope, NULL, "one of %s is needed", all);
}

/* Nothing but this value. */
static void only(const struct scope *scope, const json_t *body, const char *name,
		 const char *allowed)
{
	const char *found = json_string_value(json_object_get(body, name));

	if (found && strcmp(found, allowed))
		scope_problem(scope, name, "\"%s\" cannot be carried over, only %s",
			      found, allowed);
}

/* ---- what several have ---- */

static const struct field socket_address_fields[] = {
	NEEDED("address"), PORT("port_value"), TEXT("protocol"),
};

static void rule_socket_address(const struct scope *scope, const json_t *body)
{
	only(scope, body, "protocol", "TCP");
	if (!has(body, "port_value"))
		scope_problem(scope, "port_value", "missing");
}

static const struct schema socket_address = {
	.name = "socket address", .rule = rule_socket_address,
	FIELDS(socket_address_fields),
};

static const struct field address_fields[] = {
	NEED("socket_address", socket_address),
};

SCHEMA(address, "address");

static const struct field regex_fields[] = { NEEDED("regex"), ANY("google_re2") };

SCHEMA(regex, "regular expression");

static const char *const denominators[] = { "HUNDRED", "TEN_THOUSAND", "MILLION",
					    NULL };

static const struct field percent_fields[] = {
	NUMBER("numerator", UINT32_MAX),
	PROTO_ENUM("denominator", denominators, "HUNDRED"),
};

SCHEMA(percent, "percent");

static const struct field fraction_fields[] = {
	NEED("default_value", percent), ANY("runtime_key"),
};

SCHEMA(fraction, "fraction");

static const struct field string_match_fields[] = {
	TEXT("exact"), TEXT("prefix"), TEXT("suffix"), TEXT("contains"),
	NEST("safe_regex", regex),
};

static void rule_string_match(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "exact", "prefix", "suffix",
					     "contains", "safe_regex", NULL };

	need_one(scope, body, names, "exact, prefix, suffix, contains, safe_regex");
}

static const struct schema string_match = {
	.name = "string match", .rule = rule_string_match,
	FIELDS(string_match_fields),
};

/* ---- headers ---- */

static const char *const append_actions[] = {
	"APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD",
	NULL,
};

static const struct field header_fields[] = {
	{ .name = "key", .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_token },
	NEEDED("value"),
};

SCHEMA(header, "header");

static const struct field header_option_fields[] = {
	NEED("header", header), BOOLEAN("append", NULL),
	PROTO_ENUM("append_action", append_actions, "APPEND_IF_EXISTS_OR_ADD"),
};

SCHEMA(header_option, "header value option");

#define HEADER_EDITS							\
	LIST("request_headers_to_add", header_option),			\
	TEXTS("request_headers_to_remove"),				\
	LIST("response_headers_to_add", header_option),			\
	TEXTS("response_headers_to_remove")

/* ---- matches ---- */

static const struct field range_fields[] = {
	SIGNED("start"), SIGNED("end"),
};

SCHEMA(range, "range");

static const struct field header_match_fields[] = {
	NEEDED("name"), NEST("string_match", string_match), TEXT("exact_match"),
	TEXT("prefix_match"), TEXT("suffix_match"), TEXT("contains_match"),
	NEST("safe_regex_match", regex), NEST("range_match", range),
	BOOLEAN("present_match", NULL), BOOLEAN("invert_match", NULL),
};

static void rule_header_match(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = {
		"string_match", "exact_match", "prefix_match", "suffix_match",
		"contains_match", "safe_regex_match", "range_match",
		"present_match", NULL,
	};
	const char *name = object_get(body, "name");
	size_t i, n = 0;

	for (i = 0; names[i]; i++)
		n += has(body, names[i]);
	if (n > 1)
		scope_problem(scope, NULL, "only one kind of match is allowed");
	if (*name != ':')
		return;
	if (strcmp(name, ":method") || !*envoy_exact(body) ||
	    json_is_true(json_object_get(body, "invert_match")))
		scope_problem(scope, "name", "of the pseudo header fields only "
			      ":method can be carried over, by its exact value");
}

static const struct schema header_match = {
	.name = "header match", .rule = rule_header_match,
	FIELDS(header_match_fields),
};

static const struct field query_match_fields[] = {
	NEEDED("name"), NEST("string_match", string_match),
	BOOLEAN("present_match", NULL),
};

SCHEMA(query_match, "query parameter match");

static const struct field match_fields[] = {
	TEXT("prefix"), TEXT("path"), NEST("safe_regex", regex),
	TEXT("path_separated_prefix"), BOOLEAN("case_sensitive", "true"),
	LIST("headers", header_match), LIST("query_parameters", query_match),
	NEST("runtime_fraction", fraction),
};

static void rule_match(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "prefix", "path", "safe_regex",
					     "path_separated_prefix", NULL };

	need_one(scope, body, names,
		 "prefix, path, safe_regex, path_separated_prefix");
	if (json_is_false(json_object_get(body, "case_sensitive")))
		scope_problem(scope, "case_sensitive",
			      "false cannot be carried over");
}

static const struct schema match = {
	.name = "match", .rule = rule_match, FIELDS(match_fields),
};

/* ---- routes ---- */

static const struct field filter_metadata_fields[] = { MAP("envoy.lb") };

OPEN(filter_metadata, "filter metadata");

static const struct field metadata_fields[] = {
	NEST("filter_metadata", filter_metadata), ANY("typed_filter_metadata"),
};

SCHEMA(metadata, "metadata");

static const struct field weighted_cluster_fields[] = {
	NEEDED("name"), NUMBER("weight", L7MESH_WEIGHT_MAX), HEADER_EDITS,
	NEST("metadata_match", metadata),
};

SCHEMA(weighted_cluster, "weighted cluster");

static const struct field weighted_fields[] = {
	LIST("clusters", weighted_cluster), ANY("total_weight"),
	ANY("runtime_key_prefix"),
};

SCHEMA(weighted, "weighted clusters");

static const struct field back_off_fields[] = {
	DURATION("base_interval"), DURATION("max_interval"),
};

SCHEMA(back_off, "back-off");

static const struct field predicate_fields[] = {
	NEEDED("name"), ANY("typed_config"),
};

static void rule_predicate(const struct scope *scope, const json_t *body)
{
	only(scope, body, "name", ENVOY_PREVIOUS_HOSTS);
}

static const struct schema predicate = {
	.name = "predicate", .rule = rule_predicate, FIELDS(predicate_fields),
};

static const struct field retry_fields[] = {
	NEEDED("retry_on"), NUMBER("num_retries", L7MESH_RETRIES_MAX),
	DURATION("per_try_timeout"), NUMBERS("retriable_status_codes"),
	NEST("retry_back_off", back_off), LIST("retry_host_predicate", predicate),
	ANY("host_selection_retry_max_attempts"),
};

static void rule_retry(const struct scope *scope, const json_t *body)
{
	char *conditions = envoy_retry_on(object_get(body, "retry_on"));

	if (!conditions)
		scope_problem(scope, "retry_on",
			      "of conditions only 5xx, gateway-error, reset, "
			      "connect-failure, retriable-4xx, "
			      "retriable-status-codes can be carried over");
	free(conditions);
}

static const struct schema retry = {
	.name = "retry policy", .rule = rule_retry, FIELDS(retry_fields),
};

static const struct field hedge_fields[] = {
	BOOLEAN("hedge_on_per_try_timeout", NULL),
};

SCHEMA(hedge, "hedge policy");

static const struct field hash_header_fields[] = { NEEDED("header_name") };

SCHEMA(hash_header, "header");

static const struct field hash_cookie_fields[] = {
	NEEDED("name"), DURATION("ttl"), TEXT("path"),
};

SCHEMA(hash_cookie, "cookie");

static const struct field hash_source_fields[] = { BOOLEAN("source_ip", NULL) };

SCHEMA(hash_source, "connection properties");

static const struct field hash_query_fields[] = { NEEDED("name") };

SCHEMA(hash_query, "query parameter");

static const struct field hash_fields[] = {
	NEST("header", hash_header), NEST("cookie", hash_cookie),
	NEST("connection_properties", hash_source),
	NEST("query_parameter", hash_query), BOOLEAN("terminal", NULL),
};

static void rule_hash(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "header", "cookie",
					     "connection_properties",
					     "query_parameter", NULL };

	need_one(scope, body, names,
		 "header, cookie, connection_properties, query_parameter");
}

static const struct schema hash = {
	.name = "hash policy", .rule = rule_hash, FIELDS(hash_fields),
};

static const struct field mirror_fields[] = {
	NEEDED("cluster"), NEST("runtime_fraction", fraction),
	BOOLEAN("disable_shadow_host_suffix_append", NULL),
};

SCHEMA(mirror, "mirror policy");

static const char *const priorities[] = { "DEFAULT", "HIGH", NULL };

static const struct field route_action_fields[] = {
	TEXT("cluster"), NEST("weighted_clusters", weighted),
	TEXT("cluster_header"), TEXT("prefix_rewrite"),
	TEXT("host_rewrite_literal"), DURATION("timeout"),
	NEST("retry_policy", retry), NEST("hedge_policy", hedge),
	LIST("hash_policy", hash),
	LIST("request_mirror_policies", mirror),
	PROTO_ENUM("priority", priorities, "DEFAULT"),
	NEST("metadata_match", metadata),
};

static void rule_route_action(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "cluster", "weighted_clusters",
					     "cluster_header", NULL };

	need_one(scope, body, names, "cluster, weighted_clusters, cluster_header");
}

static const struct schema route_action = {
	.name = "route action", .rule = rule_route_action,
	FIELDS(route_action_fields),
};

static const char *const redirect_codes[] = {
	"MOVED_PERMANENTLY", "FOUND", "SEE_OTHER", "TEMPORARY_REDIRECT",
	"PERMANENT_REDIRECT", NULL,
};

static const struct field redirect_fields[] = {
	BOOLEAN("https_redirect", NULL), TEXT("scheme_redirect"),
	TEXT("host_redirect"), PORT("port_redirect"), TEXT("path_redirect"),
	TEXT("prefix_rewrite"), BOOLEAN("strip_query", NULL),
	PROTO_ENUM("response_code", redirect_codes, "MOVED_PERMANENTLY"),
};

SCHEMA(redirect, "redirect action");

static const struct field data_source_fields[] = {
	{ .name = "inline_string", .type = FIELD_BODY, .check = text_check_body },
};

SCHEMA(data_source, "data source");

static const struct field direct_response_fields[] = {
	{ .name = "status", .type = FIELD_U16, .flags = FIELD_REQUIRED,
	  .min = 200, .max = 599 },
	NEST("body", data_source),
};

SCHEMA(direct_response, "direct response action");

static const struct field route_fields[] = {
	ANY("name"), NEED("match", match), NEST("route", route_action),
	NEST("redirect", redirect), NEST("direct_response", direct_response),
	HEADER_EDITS, ANY("decorator"), ANY("metadata"), ANY("stat_prefix"),
};

static void rule_route(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "route", "redirect",
					     "direct_response", NULL };

	need_one(scope, body, names, "route, redirect, direct_response");
}

static const struct schema route = {
	.name = "route", .rule = rule_route, FIELDS(route_fields),
};

static const struct field virtual_host_fields[] = {
	NEEDED("name"), TEXTS("domains"), LIST("routes", route),
	NEST("retry_policy", retry), HEADER_EDITS, ANY("metadata"),
};

SCHEMA(virtual_host, "virtual host");

static const struct field route_config_fields[] = {
	TEXT("name"), LIST("virtual_hosts", virtual_host), HEADER_EDITS,
	BOOLEAN("most_specific_header_mutations_wins", NULL),
	BOOLEAN("ignore_port_in_host_matching", NULL), ANY("validate_clusters"),
	ANY("max_direct_response_body_size_bytes"),
};

SCHEMA(route_config, "route configuration");

/* ---- listeners ---- */

static const struct field router_fields[] = {
	{ .name = "@type", .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_value },
	ANY("dynamic_stats"), ANY("start_child_span"),
};

static void rule_router(const struct scope *scope, const json_t *body)
{
	/* That of CORS does nothing: policies are routes', and an error there. */
	if (strcmp(object_get(body, "@type"), ENVOY_CORS))
		only(scope, body, "@type", ENVOY_ROUTER);
}

static const struct schema router = {
	.name = "HTTP filter's configuration", .rule = rule_router,
	FIELDS(router_fields),
};

static const struct field http_filter_fields[] = {
	TEXT("name"), NEST("typed_config", router),
};

/* The router may have none; of others it says what they are. */
static void rule_http_filter(const struct scope *scope, const json_t *body)
{
	if (json_object_get(body, "typed_config"))
		return;
	if (!json_object_get(body, "name"))
		scope_problem(scope, "typed_config", "missing");
	only(scope, body, "name", "envoy.filters.http.router");
}

static const struct schema http_filter = {
	.name = "HTTP filter", .rule = rule_http_filter,
	FIELDS(http_filter_fields),
};

static const struct field upgrade_fields[] = {
	NEEDED("upgrade_type"), BOOLEAN("enabled", "true"),
};

static void rule_upgrade(const struct scope *scope, const json_t *body)
{
	const char *type = object_get(body, "upgrade_type");

	if (*type && strcasecmp(type, "websocket"))
		scope_problem(scope, "upgrade_type",
			      "\"%s\" cannot be carried over, only websocket",
			      type);
}

static const struct schema upgrade = {
	.name = "upgrade", .rule = rule_upgrade, FIELDS(upgrade_fields),
};

static const char *const underscore_actions[] = {
	"ALLOW", "REJECT_REQUEST", "DROP_HEADER", NULL,
};

static const struct field common_http_fields[] = {
	DURATION("idle_timeout"), DURATION("max_connection_duration"),
	NUMBER("max_headers_count", L7MESH_HEADERS_MAX),
	NUMBER("max_requests_per_connection", UINT32_MAX),
	PROTO_ENUM("headers_with_underscores_action", underscore_actions,
		   "ALLOW"),
};

SCHEMA(common_http, "common HTTP protocol options");

static const char *const codecs[] = { "AUTO", "HTTP1", NULL };

static const char *const slash_actions[] = {
	"IMPLEMENTATION_SPECIFIC_DEFAULT", "KEEP_UNCHANGED", "REJECT_REQUEST",
	"UNESCAPE_AND_FORWARD", NULL,
};

/* Of both network filters that there are: its type says which keys it may have. */
static const struct field filter_config_fields[] = {
	NEEDED("@type"), ANY("stat_prefix"), ANY("access_log"), TEXT("cluster"),
	PROTO_ENUM("codec_type", codecs, "AUTO"), NEST("route_config", route_config),
	LIST("http_filters", http_filter), BOOLEAN("use_remote_address", NULL),
	NUMBER("xff_num_trusted_hops", L7MESH_TRUSTED_HOPS_MAX),
	BOOLEAN("generate_request_id", NULL), BOOLEAN("normalize_path", NULL),
	BOOLEAN("merge_slashes", NULL),
	PROTO_ENUM("path_with_escaped_slashes_action", slash_actions,
		   "IMPLEMENTATION_SPECIFIC_DEFAULT"),
	LIST("upgrade_configs", upgrade), DURATION("stream_idle_timeout"),
	DURATION("request_timeout"), DURATION("request_headers_timeout"),
	NUMBER("max_request_headers_kb", L7MESH_HEADER_BYTES_MAX / 1024),
	NEST("common_http_protocol_options", common_http),
	BOOLEAN("strip_any_host_port", NULL),
};

static void rule_filter_config(const struct scope *scope, const json_t *body)
{
	const char *type = object_get(body, "@type"), *key;
	const json_t *value;

	if (!strcmp(type, ENVOY_HCM)) {
		if (!has(body, "route_config"))
			scope_problem(scope, "route_config", "missing");
		if (has(body, "cluster"))
			scope_problem(scope, "cluster", "not of this filter");
	} else if (!strcmp(type, ENVOY_TCP_PROXY)) {
		if (!has(body, "cluster"))
			scope_problem(scope, "cluster", "missing");
		json_object_foreach((json_t *)body, key, value)
			if (strcmp(key, "@type") && strcmp(key, "cluster"))
				scope_problem(scope, key, "not of this filter");
	} else if (*type) {
		scope_problem(scope, "@type", "\"%s\" cannot be carried over",
			      type);
	}
}

static const struct schema filter_config = {
	.name = "filter's configuration", .rule = rule_filter_config,
	FIELDS(filter_config_fields),
};

static const struct field filter_fields[] = {
	TEXT("name"), NEED("typed_config", filter_config),
};

SCHEMA(filter, "filter");

static const struct field filter_chain_fields[] = {
	ANY("name"),
	{ .name = "filters", .type = FIELD_LIST, .max = 1, .sub = &filter },
};

SCHEMA(filter_chain, "filter chain");

static const struct field listener_fields[] = {
	TEXT("name"), NEED("address", address), ANY("stat_prefix"),
	ANY("access_log"), ANY("traffic_direction"), ANY("metadata"),
	{ .name = "filter_chains", .type = FIELD_LIST, .max = 1,
	  .flags = FIELD_REQUIRED, .sub = &filter_chain },
	NUMBER("per_connection_buffer_limit_bytes", L7MESH_BUFFER_LIMIT_MAX),
};

SCHEMA(listener, "listener");

/* ---- clusters ---- */

static const char *const cluster_types[] = { "STATIC", "STRICT_DNS", "LOGICAL_DNS",
					     NULL };

static const char *const lookup_families[] = {
	"AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL", NULL,
};

static const char *const lb_policies[] = {
	"ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "RING_HASH", "MAGLEV", NULL,
};

static const struct field locality_fields[] = {
	TEXT("region"), TEXT("zone"), TEXT("sub_zone"),
};

SCHEMA(locality, "locality");

static const struct field host_fields[] = {
	NEED("address", address), ANY("hostname"),
};

SCHEMA(host, "endpoint");

static const struct field lb_endpoint_fields[] = {
	NEED("endpoint", host), NEST("metadata", metadata),
	{ .name = "load_balancing_weight", .type = FIELD_U32, .min = 1,
	  .max = L7MESH_WEIGHT_MAX },
};

SCHEMA(lb_endpoint, "endpoint");

static const struct field place_fields[] = {
	NEST("locality", locality), LIST("lb_endpoints", lb_endpoint),
	NUMBER("priority", L7MESH_PRIORITY_MAX),
	{ .name = "load_balancing_weight", .type = FIELD_U32, .min = 1,
	  .max = L7MESH_WEIGHT_MAX },
};

SCHEMA(place, "endpoints");

static const struct field assignment_policy_fields[] = {
	{ .name = "overprovisioning_factor", .type = FIELD_U32, .min = 100,
	  .max = 1000 },
};

SCHEMA(assignment_policy, "policy");

static const struct field assignment_fields[] = {
	ANY("cluster_name"), LIST("endpoints", place),
	NEST("policy", assignment_policy),
};

SCHEMA(assignment, "load assignment");

static const struct field maglev_fields[] = {
	{ .name = "table_size", .type = FIELD_U32, .min = 2,
	  .max = L7MESH_TABLE_SIZE_MAX },
};

SCHEMA(maglev, "Maglev configuration");

static const char *const hash_functions[] = { "XX_HASH", NULL };

static const struct field ring_hash_fields[] = {
	NUMBER("minimum_ring_size", L7MESH_RING_SIZE_MAX),
	NUMBER("maximum_ring_size", L7MESH_RING_SIZE_MAX),
	PROTO_ENUM("hash_function", hash_functions, "XX_HASH"),
};

SCHEMA(ring_hash, "ring hash configuration");

static const struct field slow_start_fields[] = { DURATION("slow_start_window") };

SCHEMA(slow_start, "slow start");

static const struct field least_request_fields[] = {
	{ .name = "choice_count", .type = FIELD_U32, .min = 2, .max = 16 },
	NEST("slow_start_config", slow_start),
};

SCHEMA(least_request, "least request configuration");

static const struct field round_robin_fields[] = {
	NEST("slow_start_config", slow_start),
};

SCHEMA(round_robin, "round robin configuration");

static const struct field whole_percent_fields[] = { NUMBER("value", 100) };

SCHEMA(whole_percent, "percent");

static const struct field nothing_fields[] = { ANY("stat_prefix") };

SCHEMA(nothing, "configuration");

static const struct field common_lb_fields[] = {
	NEST("healthy_panic_threshold", whole_percent),
	NEST("locality_weighted_lb_config", nothing),
};

SCHEMA(common_lb, "common load balancing configuration");

static const struct field budget_fields[] = {
	NEST("budget_percent", whole_percent),
	NUMBER("min_retry_concurrency", UINT32_MAX),
};

SCHEMA(budget, "retry budget");

static const struct field threshold_fields[] = {
	PROTO_ENUM("priority", priorities, "DEFAULT"),
	NUMBER("max_connections", UINT32_MAX),
	NUMBER("max_pending_requests", UINT32_MAX),
	NUMBER("max_requests", UINT32_MAX), NUMBER("max_retries", UINT32_MAX),
	NEST("retry_budget", budget), ANY("track_remaining"),
};

SCHEMA(threshold, "thresholds");

static const struct field breakers_fields[] = {
	{ .name = "thresholds", .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .max = 2, .sub = &threshold },
};

SCHEMA(breakers, "circuit breakers");

static const struct field outlier_fields[] = {
	NUMBER("consecutive_5xx", UINT32_MAX), DURATION("interval"),
	DURATION("base_ejection_time"), DURATION("max_ejection_time"),
	NUMBER("max_ejection_percent", 100),
	NUMBER("enforcing_consecutive_5xx", 100),
	NUMBER("enforcing_success_rate", 100),
	NUMBER("success_rate_minimum_hosts", UINT32_MAX),
	NUMBER("success_rate_request_volume", UINT32_MAX),
	NUMBER("success_rate_stdev_factor", UINT32_MAX),
	NUMBER("consecutive_gateway_failure", UINT32_MAX),
	NUMBER("enforcing_consecutive_gateway_failure", 100),
	BOOLEAN("split_external_local_origin_errors", NULL),
	NUMBER("consecutive_local_origin_failure", UINT32_MAX),
	NUMBER("enforcing_consecutive_local_origin_failure", 100),
	NUMBER("failure_percentage_threshold", 100),
	NUMBER("enforcing_failure_percentage", 100),
	NUMBER("failure_percentage_minimum_hosts", UINT32_MAX),
	NUMBER("failure_percentage_request_volume", UINT32_MAX),
};

SCHEMA(outlier, "outlier detection");

static const struct field statuses_fields[] = {
	NUMBER("start", 600), NUMBER("end", 600),
};

SCHEMA(statuses, "range of statuses");

static const struct field http_check_fields[] = {
	NEEDED("path"), TEXT("host"), LIST("expected_statuses", statuses),
};

SCHEMA(http_check, "HTTP health check");

static const struct field health_check_fields[] = {
	DURATION("timeout"), DURATION("interval"), DURATION("interval_jitter"),
	DURATION("no_traffic_interval"),
	NUMBER("unhealthy_threshold", UINT32_MAX),
	NUMBER("healthy_threshold", UINT32_MAX),
	NEST("http_health_check", http_check),
	NEST("tcp_health_check", nothing),
};

static void rule_health_check(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "http_health_check",
					     "tcp_health_check", NULL };

	need_one(scope, body, names, "http_health_check, tcp_health_check");
	if (!has(body, "interval"))
		scope_problem(scope, "interval", "missing");
}

static const struct schema health_check = {
	.name = "health check", .rule = rule_health_check,
	FIELDS(health_check_fields),
};

static const struct field selector_fields[] = { TEXTS("keys") };

SCHEMA(selector, "subset selector");

static const char *const fallbacks[] = { "NO_FALLBACK", "ANY_ENDPOINT", NULL };

static const struct field subset_config_fields[] = {
	PROTO_ENUM("fallback_policy", fallbacks, "NO_FALLBACK"),
	LIST("subset_selectors", selector),
};

SCHEMA(subset_config, "subset configuration");

static const struct field cluster_fields[] = {
	NAME("name"), PROTO_ENUM("type", cluster_types, "STATIC"),
	DURATION("connect_timeout"), PROTO_ENUM("lb_policy", lb_policies, "ROUND_ROBIN"),
	NEST("maglev_lb_config", maglev), NEST("ring_hash_lb_config", ring_hash),
	NEST("least_request_lb_config", least_request),
	NEST("round_robin_lb_config", round_robin),
	NEST("common_lb_config", common_lb),
	NEST("lb_subset_config", subset_config),
	NEST("load_assignment", assignment),
	{ .name = "health_checks", .type = FIELD_LIST, .flags = FIELD_EMPTY,
	  .max = 1, .sub = &health_check },
	NEST("circuit_breakers", breakers), NEST("outlier_detection", outlier),
	ANY("alt_stat_name"), PROTO_ENUM("dns_lookup_family", lookup_families, "AUTO"),
	DURATION("dns_refresh_rate"), ANY("respect_dns_ttl"),
	ANY("dns_failure_refresh_rate"), ANY("dns_jitter"), ANY("metadata"),
	ANY("per_connection_buffer_limit_bytes"),
};

SCHEMA(cluster, "cluster");

/* ---- the file ---- */

static const struct field static_resources_fields[] = {
	LIST("listeners", listener), LIST("clusters", cluster),
};

SCHEMA(static_resources, "static resources");

static const struct field bootstrap_fields[] = {
	ANY("admin"), ANY("node"), ANY("stats_config"),
	ANY("stats_sinks"), ANY("stats_flush_interval"),
	NEED("static_resources", static_resources),
};

const struct schema envoy_bootstrap = {
	.name = "bootstrap", .kind = (enum l7mesh_kind)(L7MESH_KIND_MAX + 1),
	FIELDS(bootstrap_fields),
};
