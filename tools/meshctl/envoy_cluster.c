// SPDX-License-Identifier: GPL-2.0
#include "envoy_priv.h"
#include "value.h"

bool envoy_is_hashed(const struct envoy *e, const char *cluster)
{
	const json_t *item;
	size_t i;

	json_array_foreach(e->clusters, i, item)
		if (is(item, "name", cluster))
			return is(item, "lb_policy", "RING_HASH") ||
			       is(item, "lb_policy", "MAGLEV");
	return false;
}

static void set_hash(struct envoy *e, json_t *to, const json_t *from,
		     const struct path *path)
{
	const char *name = object_get(from, "name");
	struct path self = { path, "lb_policy", -1 };

	if (!get(e->hash, name))
		return;
	if (get(e->without, name))
		envoy_fail(e, &self, "of the cluster's routes some have hash "
			   "policies and one has none, which cannot be carried "
			   "over: %s", object_get(e->without, name));
	copy(to, "hash", e->hash, name);
}

static void set_policy(struct envoy *e, json_t *to, const json_t *from,
		       const struct path *path)
{
	static const char *const names[][2] = {
		{ "ROUND_ROBIN", "round_robin" },
		{ "LEAST_REQUEST", "least_request" }, { "RANDOM", "random" },
		{ "RING_HASH", "ring_hash" }, { "MAGLEV", "maglev" },
	};
	const char *lb = names[0][1];
	size_t i;

	for (i = 0; i < 5; i++)
		if (is(from, "lb_policy", names[i][0]))
			lb = names[i][1];
	set_text(to, "lb", lb);
	copy(to, "table_size", get(from, "maglev_lb_config"), "table_size");
	copy(to, "ring_min", get(from, "ring_hash_lb_config"), "minimum_ring_size");
	copy(to, "ring_max", get(from, "ring_hash_lb_config"), "maximum_ring_size");
	copy(to, "choices", get(from, "least_request_lb_config"), "choice_count");
	set_hash(e, to, from, path);
}

static void set_slow_start(json_t *to, const json_t *from)
{
	static const char *const configs[] = { "round_robin_lb_config",
					       "least_request_lb_config" };
	size_t i;

	for (i = 0; i < 2; i++)
		envoy_copy_time(to, "slow_start_window",
				get(get(from, configs[i]), "slow_start_config"),
				"slow_start_window", NULL);
}

/* Of a priority, the first; NULL if there are none. */
static const json_t *thresholds_of(const json_t *from, const char *priority)
{
	const json_t *t;
	size_t i;

	json_array_foreach(get(from, "thresholds"), i, t)
		if (!strcmp(get(t, "priority") ? object_get(t, "priority") :
						 "DEFAULT", priority))
			return t;
	return NULL;
}

/* Envoy's thresholds, also where nothing is said of them. */
static json_t *breakers_of(const json_t *from, const char *priority)
{
	static const char *const names[] = { "max_connections",
					     "max_pending_requests",
					     "max_requests" };
	const json_t *t = thresholds_of(from, priority);
	const json_t *budget = get(t, "retry_budget"), *percent;
	json_t *to = must(json_object());
	char *text;
	size_t i;

	for (i = 0; i < 3; i++) {
		set_number(to, names[i], 1024);
		copy(to, names[i], t, names[i]);
	}
	copy(to, "max_retries", t, "max_retries");
	if (!budget)
		return to;
	percent = get(budget, "budget_percent");
	text = xasprintf("%d%%", percent ? (int)number(percent, "value") : 20);
	set_text(to, "retry_budget", text);
	free(text);
	copy(to, "min_retry_concurrency", budget, "min_retry_concurrency");
	return to;
}

/* A detector that is not enforced is off, unless that is asked for. */
static void set_detector(json_t *to, const json_t *from, const char *key,
			 const char *enforcing, int threshold, int enforced)
{
	int percent = enforced;

	if (get(from, enforcing))
		percent = number(from, enforcing);
	if (!percent && !get(from, key))
		return;
	set_number(to, key, threshold);
	copy(to, key, from, key);
	if (percent != 100)
		set_number(to, enforcing, percent);
}

static json_t *outlier_of(const json_t *from)
{
	static const char *const same[] = {
		"max_ejection_percent", "success_rate_minimum_hosts",
		"success_rate_request_volume", "failure_percentage_minimum_hosts",
		"failure_percentage_request_volume",
	};
	static const char *const times[] = {
		"interval", "base_ejection_time", "max_ejection_time",
	};
	json_t *to = must(json_object());
	size_t i;

	set_detector(to, from, "consecutive_5xx", "enforcing_consecutive_5xx",
		     5, 100);
	set_detector(to, from, "consecutive_gateway_failure",
		     "enforcing_consecutive_gateway_failure", 5, 0);
	set_detector(to, from, "success_rate_stdev_factor",
		     "enforcing_success_rate", 1900, 100);
	set_detector(to, from, "failure_percentage_threshold",
		     "enforcing_failure_percentage", 85, 0);
	if (json_is_true(get(from, "split_external_local_origin_errors")))
		set_detector(to, from, "consecutive_local_origin_failure",
			     "enforcing_consecutive_local_origin_failure", 5,
			     100);
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		copy(to, same[i], from, same[i]);
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		envoy_copy_time(to, times[i], from, times[i], NULL);
	return to;
}

/* Ranges of statuses, of which the end is not one, as a list. */
static char *statuses_of(const json_t *ranges)
{
	char *text = xstrdup(""), *more;
	const json_t *range;
	json_int_t status;
	size_t i;

	json_array_foreach(ranges, i, range)
		for (status = number(range, "start");
		     status < number(range, "end"); status++) {
			more = xasprintf("%s%s%d", text, *text ? "," : "",
					 (int)status);
			free(text);
			text = more;
		}
	return text;
}

static json_t *check_of(const json_t *from)
{
	static const char *const times[][2] = {
		{ "interval", "interval" }, { "timeout", "timeout" },
		{ "jitter", "interval_jitter" },
		{ "no_traffic_interval", "no_traffic_interval" },
	};
	const json_t *http = get(from, "http_health_check");
	char *statuses = statuses_of(get(http, "expected_statuses"));
	json_t *to = must(json_object());
	size_t i;

	for (i = 0; i < 4; i++)
		envoy_copy_time(to, times[i][0], from, times[i][1], NULL);
	copy(to, "unhealthy_threshold", from, "unhealthy_threshold");
	copy(to, "healthy_threshold", from, "healthy_threshold");
	copy(to, "path", http, "path");
	copy(to, "host", http, "host");
	if (*statuses)
		set_text(to, "status", statuses);
	free(statuses);
	return to;
}

/* ---- endpoints ---- */

static char *locality_name(const json_t *locality)
{
	return xasprintf("%s/%s/%s", object_get(locality, "region"),
			 object_get(locality, "zone"),
			 object_get(locality, "sub_zone"));
}

/* One weight for each locality, which Envoy has one of in each priority for. */
static void note_locality(struct envoy *e, json_t *weights, const char *name,
			  const json_t *place, const struct path *path)
{
	const json_t *weight = get(place, "load_balancing_weight");
	struct path self = { path, "load_balancing_weight", -1 };

	if (!weight)
		envoy_fail(e, &self, "missing: without it a locality has no load");
	else if (get(weights, name) && !json_equal(get(weights, name), weight))
		envoy_fail(e, &self, "another priority has another for this "
			   "locality");
	else
		json_object_set(weights, name, (json_t *)weight);
}

/* ---- names ---- */

/* All that a cluster has, whatever their places; the first, if it is not NULL, in it. */
static size_t count_endpoints(const json_t *from, const json_t **first)
{
	const json_t *place;
	size_t sum = 0, i;

	json_array_foreach(get(get(from, "load_assignment"), "endpoints"), i, place) {
		if (!sum && first)
			*first = json_array_get(get(place, "lb_endpoints"), 0);
		sum += json_array_size(get(place, "lb_endpoints"));
	}
	return sum;
}

static const json_t *socket_of(const json_t *endpoint)
{
	return get(get(get(endpoint, "endpoint"), "address"), "socket_address");
}

/* Is it one name's addresses that the endpoints are? */
static bool is_named(const json_t *from)
{
	const json_t *endpoint = NULL;
	struct address a;

	return !is(from, "type", "STATIC") &&
	       count_endpoints(from, &endpoint) == 1 &&
	       !get(from, "lb_subset_config") &&
	       !get(get(from, "common_lb_config"), "locality_weighted_lb_config") &&
	       !address_parse(object_get(socket_of(endpoint), "address"), &a);
}

/* Envoy asks anew whenever the time is over, whatever the answer said. */
static void set_dns(json_t *to, const json_t *from)
{
	static const char *const families[][2] = {
		{ "AUTO", "ipv6_first" }, { "V4_ONLY", "ipv4" },
		{ "V6_ONLY", "ipv6" }, { "V4_PREFERRED", "ipv4_first" },
		{ "ALL", "all" },
	};
	json_t *dns = must(json_object());
	const json_t *endpoint = NULL;
	size_t i;

	count_endpoints(from, &endpoint);
	copy(dns, "name", socket_of(endpoint), "address");
	copy(dns, "port", socket_of(endpoint), "port_value");
	envoy_copy_time(dns, "refresh", from, "dns_refresh_rate", NULL);
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (is(from, "dns_lookup_family", families[i][0]))
			set_text(dns, "family", families[i][1]);
	if (is(from, "type", "LOGICAL_DNS"))
		set_bool(dns, "logical", true);
	json_object_set_new(to, "dns", dns);
}

/* @metadata: is it asked for by subsets? */
static void add_endpoints(struct envoy *e, json_t *endpoints, const json_t *place,
			  const char *locality, bool metadata,
			  const struct path *path)
{
	struct path at = { path, "lb_endpoints", 0 };
	struct path self = { &at, "endpoint.address.socket_address.address", -1 };
	const json_t *item, *sock;
	struct address a;
	json_t *to;
	size_t i;

	json_array_foreach(get(place, "lb_endpoints"), i, item) {
		at.index = i;
		sock = socket_of(item);
		if (!address_parse(object_get(sock, "address"), &a))
			envoy_fail(e, &self, "\"%s\" is not an address: a name "
				   "goes with a type of STRICT_DNS or LOGICAL_DNS, "
				   "and with no other endpoint, locality's weight "
				   "or subset", object_get(sock, "address"));
		to = must(json_object());
		copy(to, "address", sock, "address");
		copy(to, "port", sock, "port_value");
		copy(to, "weight", item, "load_balancing_weight");
		if (number(place, "priority"))
			copy(to, "priority", place, "priority");
		if (locality)
			set_text(to, "locality", locality);
		if (metadata)
			envoy_set_metadata(e, to, item, &at);
		json_array_append_new(endpoints, to);
	}
}

static void set_endpoints(struct envoy *e, json_t *to, const json_t *from,
			  const struct path *path)
{
	struct path at = { path, "load_assignment.endpoints", 0 };
	const json_t *assignment = get(from, "load_assignment"), *place;
	bool weighted = get(get(from, "common_lb_config"),
			    "locality_weighted_lb_config");
	json_t *endpoints = must(json_array()), *weights = must(json_object());
	json_t *list = must(json_array()), *weight;
	const char *key;
	char *name;
	size_t i;

	json_array_foreach(get(assignment, "endpoints"), i, place) {
		at.index = i;
		name = weighted ? locality_name(get(place, "locality")) : NULL;
		if (name)
			note_locality(e, weights, name, place, &at);
		add_endpoints(e, endpoints, place, name,
			      get(from, "lb_subset_config"), &at);
		free(name);
	}
	json_object_foreach(weights, key, weight)
		json_array_append_new(list, must(json_pack("{s:s, s:O}", "name", key,
							   "weight", weight)));
	set_list(to, "localities", list);
	envoy_set_subsets(e, to, from);
	json_decref(weights);
	copy(to, "overprovisioning_factor", get(assignment, "policy"),
	     "overprovisioning_factor");
	set_list(to, "endpoints", endpoints);
}

json_t *envoy_cluster(struct envoy *e, const json_t *from,
		      const struct path *path)
{
	const json_t *check = json_array_get(get(from, "health_checks"), 0);
	const json_t *breakers;
	json_t *to = must(json_object());

	copy(to, "name", from, "name");
	set_policy(e, to, from, path);
	envoy_copy_time(to, "connect_timeout", from, "connect_timeout", NULL);
	/* The route's timeout is what there is, and connections idle for an hour. */
	set_text(to, "response_timeout", "0s");
	envoy_copy_time(to, "idle_timeout", NULL, "", "3600s");
	set_slow_start(to, from);
	copy(to, "panic_threshold", get(get(from, "common_lb_config"),
					"healthy_panic_threshold"), "value");
	breakers = get(from, "circuit_breakers");
	json_object_set_new(to, "circuit_breakers",
			    breakers_of(breakers, "DEFAULT"));
	if (e->high)
		json_object_set_new(to, "circuit_breakers_high",
				    breakers_of(breakers, "HIGH"));
	if (get(from, "outlier_detection"))
		json_object_set_new(to, "outlier_detection",
				    outlier_of(get(from, "outlier_detection")));
	if (check)
		json_object_set_new(to, "health_check", check_of(check));
	if (is_named(from))
		set_dns(to, from);
	else
		set_endpoints(e, to, from, path);
	return to;
}
