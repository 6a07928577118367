// SPDX-License-Identifier: GPL-2.0
#include "envoy_priv.h"
#include "value.h"

/* ---- matches ---- */

const char *envoy_exact(const json_t *match)
{
	return get(match, "exact_match") ? object_get(match, "exact_match") :
	       object_get(get(match, "string_match"), "exact");
}

static bool is_method(const json_t *match)
{
	return is(match, "name", ":method");
}

static json_t *fraction_of(const json_t *fraction)
{
	static const struct {
		const char *name;
		uint32_t millionths;
	} units[] = {
		{ "HUNDRED", 10000 }, { "TEN_THOUSAND", 100 }, { "MILLION", 1 },
	};
	const json_t *value = get(fraction, "default_value");
	uint64_t n = json_integer_value(get(value, "numerator"));
	size_t i = 0;

	while (i < 2 && get(value, "denominator") &&
	       !is(value, "denominator", units[i].name))
		i++;
	n *= units[i].millionths;
	return percent_json(n < L7MESH_FRACTION_MAX ? n : L7MESH_FRACTION_MAX);
}

/* Of a header or a parameter: the newer string_match, or the older fields. */
static void set_value_match(json_t *to, const json_t *match)
{
	static const char *const kinds[] = { "exact", "prefix", "suffix",
					     "contains" };
	const json_t *string = get(match, "string_match");
	const json_t *regex = get(match, "safe_regex_match") ?:
			      get(string, "safe_regex");
	char *old;
	size_t i;

	for (i = 0; i < 4; i++) {
		old = xasprintf("%s_match", kinds[i]);
		copy(to, kinds[i], match, old);
		copy(to, kinds[i], string, kinds[i]);
		free(old);
	}
	copy(to, "regex", regex, "regex");
	copy(to, "range", match, "range_match");
}

static json_t *value_match_of(const json_t *match)
{
	bool present = !json_is_false(get(match, "present_match"));
	bool invert = json_is_true(get(match, "invert_match"));
	json_t *to = must(json_object());

	copy(to, "name", match, "name");
	set_value_match(to, match);
	if (json_object_size(to) == 1)
		set_bool(to, "present", present != invert);
	else if (invert)
		set_bool(to, "invert", true);
	return to;
}

static json_t *value_matches_of(const json_t *list)
{
	json_t *to = must(json_array());
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!is_method(item))
			json_array_append_new(to, value_match_of(item));
	return to;
}

/* Envoy's prefix is a prefix of the text, not of the segments. */
static json_t *path_of(const json_t *match)
{
	json_t *to = must(json_object());

	copy(to, "exact", match, "path");
	copy(to, "prefix", match, "path_separated_prefix");
	copy(to, is(match, "prefix", "/") ? "prefix" : "raw_prefix", match,
	     "prefix");
	copy(to, "regex", get(match, "safe_regex"), "regex");
	return to;
}

static json_t *match_of(const json_t *match)
{
	json_t *to = must(json_object());
	const json_t *item;
	size_t i;

	json_object_set_new(to, "path", path_of(match));
	json_array_foreach(get(match, "headers"), i, item)
		if (is_method(item))
			set_text(to, "method", envoy_exact(item));
	set_list(to, "headers", value_matches_of(get(match, "headers")));
	set_list(to, "query", value_matches_of(get(match, "query_parameters")));
	if (get(match, "runtime_fraction"))
		json_object_set_new(to, "fraction",
				    fraction_of(get(match, "runtime_fraction")));
	return to;
}

/* ---- actions ---- */

static const struct {
	const char *envoys;
	const char *ours;
} conditions[] = {
	{ "5xx", "5xx" }, { "gateway-error", "gateway_error" },
	{ "reset", "reset" }, { "connect-failure", "connect_failure" },
	{ "retriable-4xx", "retriable_4xx" },
	/* This one is that there are such codes. */
	{ "retriable-status-codes", "" },
};

#define NCONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

char *envoy_retry_on(const char *text)
{
	char *on = xstrdup(""), *more;
	size_t len, i;

	for (; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		for (i = 0; i < NCONDITIONS; i++)
			if (strlen(conditions[i].envoys) == len &&
			    !strncmp(conditions[i].envoys, text, len))
				break;
		if (i == NCONDITIONS) {
			free(on);
			return NULL;
		}
		if (!*conditions[i].ours)
			continue;
		more = xasprintf("%s%s%s", on, *on ? "," : "",
				 conditions[i].ours);
		free(on);
		on = more;
	}
	return on;
}

/* A list of numbers as one text. */
static char *joined(const json_t *list)
{
	char *text = xstrdup(""), *more;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		more = xasprintf("%s%s%s", text, i ? "," : "",
				 json_string_value(item));
		free(text);
		text = more;
	}
	return text;
}

/* Without a time for a try hedging is without effect. */
static json_t *retry_of(const json_t *policy, const json_t *hedge)
{
	const json_t *back_off = get(policy, "retry_back_off");
	char *on = envoy_retry_on(object_get(policy, "retry_on"));
	char *status = joined(get(policy, "retriable_status_codes"));
	json_t *to = must(json_object());

	if (on && *on)
		set_text(to, "on", on);
	if (*status && strstr(object_get(policy, "retry_on"),
			      "retriable-status-codes"))
		set_text(to, "status", status);
	copy(to, "num_retries", policy, "num_retries");
	envoy_copy_time(to, "per_try_timeout", policy, "per_try_timeout", NULL);
	envoy_copy_time(to, "backoff", back_off, "base_interval", NULL);
	envoy_copy_time(to, "max_backoff", back_off, "max_interval", NULL);
	set_bool(to, "avoid_previous_hosts",
		 json_array_size(get(policy, "retry_host_predicate")));
	if (get(policy, "per_try_timeout"))
		copy(to, "hedge_on_per_try_timeout", hedge,
		     "hedge_on_per_try_timeout");
	free(on);
	free(status);
	return to;
}

/* Envoy's policies combine unless one is terminal, and nothing follows the last. */
static json_t *hash_of(const json_t *list)
{
	json_t *to = must(json_array()), *one;
	const json_t *item, *cookie;
	uint32_t ms;
	size_t i;

	json_array_foreach(list, i, item) {
		cookie = get(item, "cookie");
		one = must(json_object());
		copy(one, "header", get(item, "header"), "header_name");
		copy(one, "query", get(item, "query_parameter"), "name");
		copy(one, "cookie", cookie, "name");
		if (get(cookie, "ttl") &&
		    envoy_milliseconds(object_get(cookie, "ttl"),
				       strlen(object_get(cookie, "ttl")), &ms))
			set_number(one, "cookie_ttl", ms / 1000);
		copy(one, "cookie_path", cookie, "path");
		if (get(item, "connection_properties"))
			set_bool(one, "source_address", true);
		if (i + 1 < json_array_size(list) &&
		    !json_is_true(get(item, "terminal")))
			set_bool(one, "combine", true);
		json_array_append_new(to, one);
	}
	return to;
}

/*
 * The first that a cluster's routes have are the cluster's, and other routes say what
 * they have themselves. None at all cannot be said where the cluster has some.
 */
static void note_hash(struct envoy *e, json_t *to, const char *cluster,
		      json_t *hash, const struct path *path)
{
	const json_t *known = get(e->hash, cluster);
	char *where;

	if (!envoy_is_hashed(e, cluster))
		return;
	if (!json_array_size(hash)) {
		where = path_text(path);
		set_text(e->without, cluster, where);
		free(where);
	} else if (!known) {
		json_object_set(e->hash, cluster, hash);
	} else if (!json_equal(known, hash)) {
		json_object_set(to, "hash", hash);
	}
}

static json_t *mirrors_of(const json_t *list)
{
	json_t *to = must(json_array()), *one;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		one = must(json_object());
		copy(one, "cluster", item, "cluster");
		if (get(item, "runtime_fraction"))
			json_object_set_new(one, "fraction",
					    fraction_of(get(item,
							    "runtime_fraction")));
		if (json_is_true(get(item, "disable_shadow_host_suffix_append")))
			set_bool(one, "shadow", false);
		json_array_append_new(to, one);
	}
	return to;
}

/* A route's place: what its action is made of beside itself. */
struct place {
	const struct path *path;
	const json_t *config;
	const json_t *host;
	struct header_changes *changes;	/* of its levels so far */
};

/* Of each the headers are changed as if there were no other. */
static json_t *weighted_of(struct envoy *e, const json_t *list,
			   const struct place *place)
{
	struct path up = { place->path, "route.weighted_clusters", -1 };
	struct path path = { &up, "clusters", 0 };
	struct header_level level = { .path = &path };
	struct header_changes changes;
	json_t *to = must(json_array()), *one;
	size_t i;

	json_array_foreach(list, i, level.from) {
		path.index = i;
		one = must(json_object());
		copy(one, "name", level.from, "name");
		set_number(one, "weight", number(level.from, "weight"));
		changes = envoy_changes();
		envoy_set_headers(e, one, &level, 1, &changes);
		envoy_changes_add(place->changes, &changes);
		envoy_changes_free(&changes);
		json_array_append_new(to, one);
	}
	return to;
}

/* Where a whole path is matched the whole path is replaced. */
static json_t *rewrite_of(const json_t *route, const json_t *match)
{
	json_t *to = must(json_object());

	copy(to, "host", route, "host_rewrite_literal");
	copy(to, get(match, "path") || get(match, "safe_regex") ? "path" :
								   "prefix",
	     route, "prefix_rewrite");
	return to;
}

static void set_clusters(struct envoy *e, json_t *to, json_t *action,
			 const json_t *route, const struct place *place)
{
	const struct path *path = place->path;
	json_t *hash = hash_of(get(route, "hash_policy")), *list, *item;
	const json_t *from;
	size_t i;

	copy(action, "cluster", route, "cluster");
	copy(action, "cluster_header", route, "cluster_header");
	if (get(route, "cluster")) {
		note_hash(e, to, object_get(route, "cluster"), hash, path);
		envoy_set_subset(e, action, object_get(route, "cluster"), route,
				 NULL, path);
	}
	from = get(get(route, "weighted_clusters"), "clusters");
	list = weighted_of(e, from, place);
	json_array_foreach(list, i, item) {
		note_hash(e, to, object_get(item, "name"), hash, path);
		envoy_set_subset(e, item, object_get(item, "name"), route,
				 json_array_get(from, i), path);
	}
	set_list(action, "weighted_clusters", list);
	json_decref(hash);
}

/* Envoy: 15 seconds unless it says otherwise; 0 is none. */
static void set_route(struct envoy *e, json_t *to, const json_t *from,
		      const struct place *place)
{
	const json_t *route = get(from, "route");
	const json_t *retry = get(route, "retry_policy") ?:
			      get(place->host, "retry_policy");
	json_t *action = must(json_object());
	json_t *rewrite = rewrite_of(route, get(from, "match"));

	set_clusters(e, to, action, route, place);
	if (json_object_size(rewrite))
		json_object_set(action, "rewrite", rewrite);
	json_decref(rewrite);
	json_object_set_new(to, "action", action);
	envoy_copy_time(to, "timeout", route, "timeout", "15s");
	if (is(route, "priority", "HIGH")) {
		set_text(to, "priority", "high");
		e->high = true;
	}
	if (retry)
		json_object_set_new(to, "retry",
				    retry_of(retry, get(route, "hedge_policy")));
	set_list(to, "mirrors", mirrors_of(get(route, "request_mirror_policies")));
}

static json_t *redirect_of(const json_t *from)
{
	static const struct {
		const char *name;
		int status;
	} codes[] = {
		{ "MOVED_PERMANENTLY", 301 }, { "FOUND", 302 },
		{ "SEE_OTHER", 303 }, { "TEMPORARY_REDIRECT", 307 },
		{ "PERMANENT_REDIRECT", 308 },
	};
	json_t *to = must(json_object());
	size_t i = 0;

	copy(to, "host", from, "host_redirect");
	copy(to, "path", from, "path_redirect");
	copy(to, "prefix", from, "prefix_rewrite");
	copy(to, "scheme", from, "scheme_redirect");
	if (json_is_true(get(from, "https_redirect")))
		set_text(to, "scheme", "https");
	copy(to, "port", from, "port_redirect");
	if (json_is_true(get(from, "strip_query")))
		set_bool(to, "strip_query", true);
	while (i < 4 && get(from, "response_code") &&
	       !is(from, "response_code", codes[i].name))
		i++;
	set_number(to, "status", codes[i].status);
	return to;
}

static json_t *direct_of(const json_t *from)
{
	json_t *to = must(json_object());

	copy(to, "status", from, "status");
	copy(to, "body", get(from, "body"), "inline_string");
	return to;
}

static bool specific_wins(const json_t *config)
{
	return json_is_true(get(config, "most_specific_header_mutations_wins"));
}

/* Where the route has the last word it does all that is done behind the cluster. */
static void set_headers(struct envoy *e, json_t *to, const json_t *from,
			const struct place *place)
{
	const struct header_level levels[] = {
		{ place->config, place->path->up->up },
		{ place->host, place->path->up }, { from, place->path },
	};

	if (specific_wins(place->config))
		envoy_set_headers(e, to, levels, 3, place->changes);
	else
		envoy_set_headers(e, to, &levels[2], 1, place->changes);
}

static json_t *route_of(struct envoy *e, const json_t *from,
			const struct place *place)
{
	json_t *to = must(json_object()), *action = must(json_object());

	json_object_set_new(to, "match", match_of(get(from, "match")));
	if (get(from, "redirect"))
		json_object_set_new(action, "redirect",
				    redirect_of(get(from, "redirect")));
	else
		json_object_set_new(action, "direct_response",
				    direct_of(get(from, "direct_response")));
	json_object_set_new(to, "action", action);
	if (get(from, "route"))
		set_route(e, to, from, place);
	set_headers(e, to, from, place);
	return to;
}

static json_t *routes_of(struct envoy *e, const json_t *config, const json_t *host,
			 const struct path *path, struct header_changes *all)
{
	struct path inner = { path, "routes", 0 };
	struct place place = { &inner, config, host, NULL };
	json_t *routes = must(json_array());
	struct header_changes changes;
	const json_t *route;
	size_t i;

	place.changes = &changes;
	json_array_foreach(get(host, "routes"), i, route) {
		inner.index = i;
		changes = envoy_changes();
		json_array_append_new(routes, route_of(e, route, &place));
		envoy_changes_add(all, &changes);
		envoy_changes_free(&changes);
	}
	return routes;
}

static json_t *host_of(struct envoy *e, const json_t *config, const json_t *host,
		       const struct path *path)
{
	const struct header_level levels[] = {
		{ host, path }, { config, path->up },
	};
	struct header_changes changes = envoy_changes();
	json_t *to = must(json_object()), *routes;

	routes = routes_of(e, config, host, path, &changes);
	copy(to, "name", host, "name");
	copy(to, "domains", host, "domains");
	if (!specific_wins(config))
		envoy_set_headers(e, to, levels, 2, &changes);
	set_list(to, "routes", routes);
	envoy_changes_free(&changes);
	return to;
}

json_t *envoy_virtual_hosts(struct envoy *e, const json_t *config,
			    const struct path *path)
{
	struct path at = { path, "virtual_hosts", 0 };
	json_t *hosts = must(json_array());
	const json_t *host;
	size_t i;

	json_array_foreach(get(config, "virtual_hosts"), i, host) {
		at.index = i;
		json_array_append_new(hosts, host_of(e, config, host, &at));
	}
	envoy_check_reads(e, path);
	return hosts;
}
