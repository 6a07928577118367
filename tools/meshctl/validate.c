// SPDX-License-Identifier: GPL-2.0
#include "validate.h"

#include <string.h>

#include "util.h"
#include "value.h"

static bool has(const json_t *body, const char *name)
{
	return json_object_get(body, name);
}

/* Was it given at all, rightly or wrongly? Then no more is said about it. */
static bool given(const struct scope *scope, const json_t *body,
		  const char *name)
{
	const struct field *f = schema_field(scope->schema, name);

	return has(body, name) ||
	       scope->marks[f - scope->schema->fields].line;
}

/* Exactly one of the fields @names, a NULL-ended list that @words spell. */
static void exactly_one(const struct scope *scope, const json_t *body,
			const char *const *names, const char *words)
{
	size_t n = 0, i;

	for (i = 0; names[i]; i++) {
		if (!given(scope, body, names[i]))
			continue;
		if (n++)
			scope_problem(scope, names[i],
				      "only one of %s is allowed", words);
	}
	if (!n)
		scope_problem(scope, NULL, "one of %s is needed", words);
}

void validate_hash_policy(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "header", "source_address",
					     "cookie", "query", "path",
					     "five_tuple", NULL };

	exactly_one(scope, body, names,
		    "header, source_address, cookie, query, path, five_tuple");
	if (given(scope, body, "cookie_ttl") && !given(scope, body, "cookie"))
		scope_problem(scope, "cookie_ttl", "only with cookie");
	if (given(scope, body, "cookie_path") &&
	    !given(scope, body, "cookie_ttl"))
		scope_problem(scope, "cookie_path", "only with cookie_ttl");
}

static bool is_prime(json_int_t n)
{
	json_int_t d;

	for (d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n >= 2;
}

void validate_cluster(const struct scope *scope, const json_t *body)
{
	const json_t *least = json_object_get(body, "ring_min");
	const json_t *most = json_object_get(body, "ring_max");
	json_int_t size, next;

	if (least && most &&
	    json_integer_value(least) > json_integer_value(most))
		scope_problem(scope, "ring_min", "above ring_max");
	if (given(scope, body, "endpoints") &&
	    json_object_size(json_object_get(body, "dns")))
		scope_problem(scope, "endpoints",
			      "a cluster with dns has no others");
	size = json_integer_value(json_object_get(body, "table_size"));
	if (!size || is_prime(size))
		return;
	for (next = size; !is_prime(next);)
		next++;
	scope_problem(scope, "table_size",
		      "%" JSON_INTEGER_FORMAT " is not a prime; the next is %"
		      JSON_INTEGER_FORMAT, size, next);
}

static bool same_family(const json_t *a, const json_t *b)
{
	const char *x = json_string_value(a), *y = json_string_value(b);

	return !x || !y || !strchr(x, ':') == !strchr(y, ':');
}

static void validate_routed(const struct scope *scope, const json_t *body,
			    const char *protocol)
{
	if (!given(scope, body, "route_table"))
		scope_problem(scope, "route_table",
			      "missing; a listener of protocol %s needs it",
			      protocol);
	if (given(scope, body, "cluster"))
		scope_problem(scope, "cluster",
			      "not allowed with protocol %s, whose routes "
			      "name the clusters", protocol);
	if (given(scope, body, "proxy"))
		scope_problem(scope, "proxy",
			      "not allowed with protocol %s", protocol);
}

static void validate_tcp(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "cluster", "proxy", NULL };
	const char *source = object_get(body, "source");

	if (given(scope, body, "route_table"))
		scope_problem(scope, "route_table",
			      "not allowed with protocol tcp");
	exactly_one(scope, body, names,
		    "cluster, proxy (with protocol tcp)");
	if (!given(scope, body, "proxy"))
		return;
	if (json_is_true(json_object_get(body, "packets")))
		scope_problem(scope, "packets",
			      "not allowed with a proxy, which could not ask "
			      "where they were sent");
	if (source && !strcmp(source, "keep"))
		scope_problem(scope, "source",
			      "not allowed with a proxy, which connects to endpoints");
	if (json_is_true(json_object_get(body, "proxy_protocol")))
		scope_problem(scope, "proxy_protocol",
			      "not allowed with a proxy, which has to read the "
			      "header itself");
}

static void validate_auto(const struct scope *scope, const json_t *body)
{
	static const char *const needed[] = { "route_table", "cluster", NULL };
	const char *const *name;

	for (name = needed; *name; name++)
		if (!given(scope, body, *name))
			scope_problem(scope, *name,
				      "missing; a listener of protocol auto "
				      "needs it");
	if (given(scope, body, "proxy"))
		scope_problem(scope, "proxy", "not allowed with protocol auto");
}

/* Is a field as it would be if nobody had set it? */
static bool is_default(const struct field *f, const json_t *value)
{
	return f->fallback && json_equal(value, value_default(f));
}

/* All else is of connections, or of HTTP. TLS' table is complained about elsewhere. */
static void validate_udp(const struct scope *scope, const json_t *body)
{
	static const char *const allowed[] = { "name", "address", "port", "port_end",
					       "addresses", "from", "protocol",
					       "cluster", "tls_route_table", NULL };
	const struct field *f;
	size_t i;

	if (!given(scope, body, "cluster"))
		scope_problem(scope, "cluster",
			      "missing; a listener of protocol udp needs it");
	for (i = 0; i < scope->schema->nfields; i++) {
		f = &scope->schema->fields[i];
		if (has(body, f->name) && !schema_listed(allowed, f->name, strlen(f->name)) &&
		    !is_default(f, json_object_get(body, f->name)))
			scope_problem(scope, f->name, "not allowed with protocol udp");
	}
}

static bool is_ipv6(const json_t *value)
{
	return strchr(json_string_value(value), ':');
}

static void validate_ports(const struct scope *scope, const json_t *body)
{
	json_int_t end = json_integer_value(json_object_get(body, "port_end"));
	const json_t *port = json_object_get(body, "port");

	if (end && port && !json_integer_value(port))
		scope_problem(scope, "port_end",
			      "not allowed with port 0, which is any port");
	else if (end && port && end <= json_integer_value(port))
		scope_problem(scope, "port_end", "must be above port");
}

static void validate_addresses(const struct scope *scope, const json_t *body)
{
	const json_t *list = json_object_get(body, "addresses"), *item;
	const json_t *proxy = json_object_get(json_object_get(body, "proxy"), "address");
	json_t *seen = must(json_object());
	size_t i;

	json_object_set_new(seen, object_get(body, "address"), must(json_true()));
	json_array_foreach(list, i, item) {
		if (json_object_get(seen, json_string_value(item)))
			scope_problem(scope, "addresses", "%s is there twice",
				      json_string_value(item));
		if (proxy && !same_family(item, proxy))
			scope_problem(scope, "addresses",
				      "the proxy's address and the listener's must be "
				      "of one family, IPv4 or IPv6");
		json_object_set_new(seen, json_string_value(item), must(json_true()));
	}
	json_decref(seen);
}

/* At an address of a family that no network has, the listener would be for nobody. */
static void validate_from(const struct scope *scope, const json_t *body)
{
	const json_t *list = json_object_get(body, "from"), *item;
	bool wanted[2] = { 0 }, there[2] = { 0 };
	size_t i;

	if (!json_array_size(list) || !has(body, "address"))
		return;
	wanted[is_ipv6(json_object_get(body, "address"))] = true;
	json_array_foreach(json_object_get(body, "addresses"), i, item)
		wanted[is_ipv6(item)] = true;
	json_array_foreach(list, i, item)
		there[is_ipv6(item)] = true;
	for (i = 0; i < 2; i++)
		if (wanted[i] && !there[i])
			scope_problem(scope, "from",
				      "no network is %s, as one of the addresses is",
				      i ? "IPv6" : "IPv4");
}

/* Where it is, and for whom. */
static void validate_places(const struct scope *scope, const json_t *body)
{
	validate_ports(scope, body);
	validate_addresses(scope, body);
	if (scope->partial)
		return;
	validate_from(scope, body);
	if (*object_get(body, "interface") &&
	    !json_is_true(json_object_get(body, "packets")))
		scope_problem(scope, "interface",
			      "only with packets: true, whose interface it is");
}

void validate_listener(const struct scope *scope, const json_t *body)
{
	const char *protocol = object_get(body, "protocol");
	const json_t *proxy = json_object_get(body, "proxy");

	validate_places(scope, body);

	if (!scope->partial && (!strcmp(protocol, "http") || !strcmp(protocol, "tls")))
		validate_routed(scope, body, protocol);
	if (!scope->partial && !strcmp(protocol, "tcp"))
		validate_tcp(scope, body);
	if (!scope->partial && !strcmp(protocol, "udp"))
		validate_udp(scope, body);
	if (!scope->partial && !strcmp(protocol, "auto"))
		validate_auto(scope, body);
	else if (!scope->partial && given(scope, body, "tls_route_table"))
		scope_problem(scope, "tls_route_table",
			      "not allowed with protocol %s, but with auto",
			      protocol);
	if (!scope->partial && json_is_true(json_object_get(body, "proxy_protocol")) &&
	    !given(scope, body, "trusted_sources"))
		scope_problem(scope, "trusted_sources",
			      "missing; proxy_protocol needs it: who is believed");
	if (proxy && !same_family(json_object_get(body, "address"),
				  json_object_get(proxy, "address")))
		scope_problem(scope, "proxy",
			      "the proxy's address and the listener's must be "
			      "of one family, IPv4 or IPv6");
}

void validate_path(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "exact", "prefix", "raw_prefix",
					     "suffix", "template", "regex",
					     NULL };

	exactly_one(scope, body, names,
		    "exact, prefix, raw_prefix, suffix, template, regex");
}

void validate_value_match(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "exact", "prefix", "suffix",
					     "contains", "regex", "range",
					     "present", NULL };

	exactly_one(scope, body, names,
		    "exact, prefix, suffix, contains, regex, range, present");
	if (has(body, "present") && json_is_true(json_object_get(body, "invert")))
		scope_problem(scope, "invert",
			      "not allowed with present: say present: false");
}

void validate_range(const struct scope *scope, const json_t *body)
{
	const json_t *start = json_object_get(body, "start");
	const json_t *end = json_object_get(body, "end");

	if (start && end &&
	    json_integer_value(start) >= json_integer_value(end))
		scope_problem(scope, "end",
			      "must be above start: it is not part of the range");
}

/* At most one of the fields @names, a NULL-ended list that @words spell. */
static void at_most_one(const struct scope *scope, const json_t *body,
			const char *const *names, const char *words)
{
	size_t n = 0, i;

	for (i = 0; names[i]; i++)
		if (given(scope, body, names[i]) && n++)
			scope_problem(scope, names[i],
				      "only one of %s is allowed", words);
}

void validate_rewrite(const struct scope *scope, const json_t *body)
{
	static const char *const paths[] = { "path", "prefix", "template",
					     NULL };

	at_most_one(scope, body, paths, "path, prefix, template");
	if (!json_object_size(body))
		scope_problem(scope, NULL,
			      "host, path, prefix or template is needed");
}

void validate_header_op(const struct scope *scope, const json_t *body)
{
	bool removes = !strcmp(object_get(body, "op"), "remove");

	if (removes && given(scope, body, "value"))
		scope_problem(scope, "value", "not allowed with op: remove");
	if (!removes && !given(scope, body, "value"))
		scope_problem(scope, "value", "missing");
}

/* Nothing at all is no policy. */
void validate_cors(const struct scope *scope, const json_t *body)
{
	if (json_object_size(body) && !given(scope, body, "allow_origins"))
		scope_problem(scope, "allow_origins", "missing");
}

void validate_retry(const struct scope *scope, const json_t *body)
{
	if (json_object_size(body) && !given(scope, body, "on") &&
	    !given(scope, body, "status"))
		scope_problem(scope, "on", "missing");
}

void validate_failure_accrual(const struct scope *scope, const json_t *body)
{
	const json_t *least = json_object_get(body, "min_penalty");
	const json_t *most = json_object_get(body, "max_penalty");

	if (least && most && duration_ms(least) > duration_ms(most))
		scope_problem(scope, "min_penalty", "above max_penalty");
}

void validate_health_check(const struct scope *scope, const json_t *body)
{
	static const char *const of_http[] = { "host", "status", NULL };
	size_t i;

	if (json_object_size(body) && !given(scope, body, "interval"))
		scope_problem(scope, "interval", "missing");
	for (i = 0; of_http[i] && !given(scope, body, "path"); i++)
		if (given(scope, body, of_http[i]))
			scope_problem(scope, of_http[i], "only with path");
}

void validate_session(const struct scope *scope, const json_t *body)
{
	if (json_object_size(body) && !given(scope, body, "cookie"))
		scope_problem(scope, "cookie", "missing");
}

void validate_dns(const struct scope *scope, const json_t *body)
{
	if (json_object_size(body) && !given(scope, body, "name"))
		scope_problem(scope, "name", "missing");
	if (json_object_size(body) && !given(scope, body, "port"))
		scope_problem(scope, "port", "missing");
}

void validate_fault(const struct scope *scope, const json_t *body)
{
	if (json_object_size(body) && !given(scope, body, "delay") &&
	    !given(scope, body, "abort") &&
	    !given(scope, body, "response_rate") &&
	    !given(scope, body, "by_header"))
		scope_problem(scope, NULL,
			      "delay, abort, response_rate or by_header is "
			      "needed");
}

void validate_rate_limit(const struct scope *scope, const json_t *body)
{
	if (json_object_size(body) && !given(scope, body, "max_tokens"))
		scope_problem(scope, "max_tokens", "missing");
	if (given(scope, body, "header") && given(scope, body, "source_address"))
		scope_problem(scope, "source_address",
			      "only one of header, source_address is allowed");
}

void validate_redirect(const struct scope *scope, const json_t *body)
{
	static const json_int_t allowed[] = { 301, 302, 303, 307, 308 };
	static const char *const paths[] = { "path", "prefix", NULL };
	json_int_t status;
	size_t i;

	at_most_one(scope, body, paths, "path, prefix");
	status = json_integer_value(json_object_get(body, "status"));
	for (i = 0; i < 5 && status != allowed[i];)
		i++;
	if (status && i == 5)
		scope_problem(scope, "status",
			      "%" JSON_INTEGER_FORMAT " is not one of 301, 302, "
			      "303, 307, 308", status);
}

void validate_direct_response(const struct scope *scope, const json_t *body)
{
	if (given(scope, body, "body") && given(scope, body, "body_base64"))
		scope_problem(scope, "body_base64",
			      "only one of body, body_base64 is allowed");
}

static void validate_weights(const struct scope *scope, const json_t *list)
{
	json_int_t sum = 0;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		/* One that is wrong is complained about already. */
		if (!has(item, "weight"))
			return;
		sum += json_integer_value(json_object_get(item, "weight"));
	}
	if (!sum && json_array_size(list))
		scope_problem(scope, "weighted_clusters",
			      "at least one cluster with a weight above 0 is "
			      "needed");
}

void validate_action(const struct scope *scope, const json_t *body)
{
	static const char *const names[] = { "cluster", "weighted_clusters",
					     "cluster_header", "redirect",
					     "direct_response", NULL };
	const json_t *list = json_object_get(body, "weighted_clusters");

	exactly_one(scope, body, names,
		    "cluster, weighted_clusters, cluster_header, redirect, "
		    "direct_response");
	if (list)
		validate_weights(scope, list);
	if (given(scope, body, "subset") && !given(scope, body, "cluster"))
		scope_problem(scope, "subset", "goes with cluster");
	if (given(scope, body, "rewrite") && (given(scope, body, "redirect") ||
					      given(scope, body,
						    "direct_response")))
		scope_problem(scope, "rewrite",
			      "not allowed where nothing is forwarded");
}

void validate_body(const struct scope *scope, const json_t *body)
{
	const struct field *f;
	size_t i;

	for (i = 0; i < scope->schema->nfields; i++) {
		f = &scope->schema->fields[i];
		if (!(f->flags & FIELD_REQUIRED) ||
		    (scope->partial && !(f->flags & FIELD_KEY)))
			continue;
		/* In files a parent without a name is complained about itself. */
		if (f->flags & FIELD_PARENT && scope->problems->file)
			continue;
		if (!given(scope, body, f->name))
			scope_problem(scope, f->name, "missing");
	}
	if (scope->schema->rule)
		scope->schema->rule(scope, body);
}

static void validate_nested(const struct scope *scope, const struct field *f,
			    const json_t *value, long index)
{
	struct path path = { scope->path, f->name, index };
	struct scope inner = { .problems = scope->problems, .path = &path,
			       .schema = f->sub };

	validate_tree(&inner, value);
}

void validate_tree(const struct scope *scope, const json_t *body)
{
	const json_t *value, *item;
	const struct field *f;
	size_t i, j;

	validate_body(scope, body);
	for (i = 0; i < scope->schema->nfields; i++) {
		f = &scope->schema->fields[i];
		value = json_object_get(body, f->name);
		if (!value || !f->sub)
			continue;
		if (f->type != FIELD_LIST)
			validate_nested(scope, f, value, -1);
		else
			json_array_foreach(value, j, item)
				validate_nested(scope, f, item, j);
	}
}
