// SPDX-License-Identifier: GPL-2.0
#include "gateway_api.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "util.h"
#include "value.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io"

struct import {
	const struct manifests *m;
	const struct manifest *at;	/* whose errors are found */
	json_t *clusters;		/* by name */
	json_t *tables;			/* by name: virtual hosts by hostname */
	json_t *listeners;		/* by name */
	bool failed;
};

static void fail(struct import *imp, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct import *imp, const char *field, const char *fmt, ...)
{
	static const char *const kinds[] = {
		[MANIFEST_GATEWAY] = "Gateway",
		[MANIFEST_HTTP_ROUTE] = "HTTPRoute",
	};
	const struct manifest *at = imp->at;
	va_list args;

	fprintf(stderr, "%s:%zu:%zu: %s %s/%s: %s: ", at->file, at->mark.line,
		at->mark.column, kinds[at->kind], manifest_namespace(at->body),
		manifest_name(at->body), field);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	imp->failed = true;
}

/* A value at a path of keys. */
static json_t *get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static json_t *get2(const json_t *object, const char *key, const char *inner)
{
	return get(get(object, key), inner);
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(get(object, key));
}

static void set_string(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_text(text, strlen(text)));
}

static bool is(const json_t *object, const char *key, const char *text)
{
	return !strcmp(object_get(object, key), text);
}

/* What a reference is to: of a group and kind that may be left out. */
static bool refers_to(const json_t *ref, const char *group, const char *kind)
{
	return !strcmp(get(ref, "group") ? object_get(ref, "group") : group,
		       group) &&
	       !strcmp(get(ref, "kind") ? object_get(ref, "kind") : kind, kind);
}

static const char *namespace_of(const struct import *imp, const json_t *ref)
{
	return get(ref, "namespace") ? object_get(ref, "namespace") :
				       manifest_namespace(imp->at->body);
}

/* ---- clusters ---- */

static const json_t *service_port(const json_t *service, json_int_t number_)
{
	const json_t *port;
	size_t i;

	json_array_foreach(get2(service, "spec", "ports"), i, port)
		if (number(port, "port") == number_)
			return port;
	return NULL;
}

/* The port of an EndpointSlice that has a Service port's name. */
static json_int_t slice_port(const json_t *slice, const char *name)
{
	const json_t *port;
	size_t i;

	json_array_foreach(get(slice, "ports"), i, port)
		if (is(port, "name", name))
			return number(port, "port");
	return 0;
}

static void add_endpoint(json_t *endpoints, const char *address,
			 json_int_t port)
{
	json_t *endpoint;
	struct address a;

	if (!address_parse(address, &a))
		return;
	endpoint = must(json_pack("{s:o, s:I}", "address",
				  address_json(a.bytes, a.len), "port", port));
	json_array_append_new(endpoints, endpoint);
}

static void add_slice(json_t *endpoints, const json_t *slice, const char *name)
{
	json_int_t port = slice_port(slice, name);
	const json_t *endpoint, *ready;
	size_t i;

	json_array_foreach(get(slice, "endpoints"), i, endpoint) {
		ready = get2(endpoint, "conditions", "ready");
		/* Of several addresses any one does: the first is taken. */
		if (port && !json_is_false(ready))
			add_endpoint(endpoints, json_string_value(json_array_get(
				get(endpoint, "addresses"), 0)) ?: "", port);
	}
}

static json_t *endpoints_of(const struct import *imp, const char *namespace,
			    const char *service, const char *port)
{
	json_t *endpoints = must(json_array());
	const json_t *body;
	size_t i;

	for (i = 0; i < imp->m->count; i++) {
		body = imp->m->list[i].body;
		if (imp->m->list[i].kind == MANIFEST_ENDPOINT_SLICE &&
		    !strcmp(manifest_namespace(body), namespace) &&
		    is(get2(body, "metadata", "labels"),
		       "kubernetes.io/service-name", service))
			add_slice(endpoints, body, port);
	}
	return endpoints;
}

static bool grants(const json_t *grant, const char *from, const char *service)
{
	const json_t *item;
	bool allowed = false;
	size_t i;

	json_array_foreach(get2(grant, "spec", "from"), i, item)
		allowed |= is(item, "group", GATEWAY_GROUP) &&
			   is(item, "kind", "HTTPRoute") &&
			   is(item, "namespace", from);
	if (!allowed)
		return false;
	json_array_foreach(get2(grant, "spec", "to"), i, item)
		if (is(item, "group", "") && is(item, "kind", "Service") &&
		    (!get(item, "name") || is(item, "name", service)))
			return true;
	return false;
}

static bool is_granted(const struct import *imp, const char *namespace,
		       const char *service)
{
	const char *from = manifest_namespace(imp->at->body);
	const json_t *body;
	size_t i;

	if (!strcmp(from, namespace))
		return true;
	for (i = 0; i < imp->m->count; i++) {
		body = imp->m->list[i].body;
		if (imp->m->list[i].kind == MANIFEST_REFERENCE_GRANT &&
		    !strcmp(manifest_namespace(body), namespace) &&
		    grants(body, from, service))
			return true;
	}
	return false;
}

/* The cluster that a reference is to, which is made if need be; or NULL. */
static char *cluster_of(struct import *imp, const json_t *ref,
			const char *field)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *service, *port;
	char *cluster;

	if (!refers_to(ref, "", "Service")) {
		fail(imp, field, "only a Service can be carried over");
		return NULL;
	}
	service = manifest_find(imp->m, MANIFEST_SERVICE, namespace, name);
	port = service ? service_port(service, number(ref, "port")) : NULL;
	if (!service)
		fail(imp, field, "there is no Service %s/%s", namespace, name);
	else if (!is_granted(imp, namespace, name))
		fail(imp, field, "no ReferenceGrant of namespace %s allows it",
		     namespace);
	else if (!port)
		fail(imp, field, "Service %s/%s has no port %lld", namespace,
		     name, (long long)number(ref, "port"));
	if (!port || !is_granted(imp, namespace, name))
		return NULL;
	if (*object_get(port, "appProtocol") && !is(port, "appProtocol", "http") &&
	    !is(port, "appProtocol", "kubernetes.io/ws")) {
		fail(imp, field, "appProtocol %s cannot be carried over",
		     object_get(port, "appProtocol"));
		return NULL;
	}
	cluster = xasprintf("%s/%s:%lld", namespace, name,
			    (long long)number(port, "port"));
	if (!get(imp->clusters, cluster))
		json_object_set_new(imp->clusters, cluster,
				    endpoints_of(imp, namespace, name,
						 object_get(port, "name")));
	return cluster;
}

/* ---- matches ---- */

static json_t *path_match(const json_t *path)
{
	static const char *const types[][2] = {
		{ "Exact", "exact" }, { "PathPrefix", "prefix" },
		{ "RegularExpression", "regex" },
	};
	const char *key = "prefix";
	json_t *match = must(json_object());
	size_t i;

	for (i = 0; i < 3; i++)
		if (is(path, "type", types[i][0]))
			key = types[i][1];
	set_string(match, key, path ? object_get(path, "value") : "/");
	return match;
}

/* Of several of one name the first counts. */
static bool is_repeated(const json_t *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcasecmp(object_get(json_array_get(list, i), "name"),
				name))
			return true;
	return false;
}

static json_t *value_matches(const json_t *list)
{
	json_t *matches = must(json_array()), *match;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (is_repeated(list, i, object_get(item, "name")))
			continue;
		match = must(json_object());
		set_string(match, "name", object_get(item, "name"));
		set_string(match, is(item, "type", "Exact") ? "exact" : "regex",
			   object_get(item, "value"));
		json_array_append_new(matches, match);
	}
	return matches;
}

static void set_list(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set(object, key, list);
	json_decref(list);
}

/* @match NULL: everything. */
static json_t *match_of(const json_t *match)
{
	json_t *m = must(json_object());

	json_object_set_new(m, "path", path_match(get(match, "path")));
	if (get(match, "method"))
		json_object_set(m, "method", get(match, "method"));
	set_list(m, "headers", value_matches(get(match, "headers")));
	set_list(m, "query", value_matches(get(match, "queryParams")));
	return m;
}

/* ---- filters ---- */

/* A percent sign begins a variable here. */
static char *escaped(const char *value)
{
	char *text = xrealloc(NULL, 2 * strlen(value) + 1), *to = text;

	for (; *value; value++) {
		if (*value == '%')
			*to++ = '%';
		*to++ = *value;
	}
	*to = '\0';
	return text;
}

static void add_ops(struct import *imp, json_t *ops, const json_t *list,
		    const char *op, const char *field)
{
	const json_t *item;
	json_t *made;
	char *value;
	size_t i;

	json_array_foreach(list, i, item) {
		value = escaped(object_get(item, "value"));
		if (!*value)
			fail(imp, field, "header %s: an empty value cannot be "
			     "carried over", object_get(item, "name"));
		made = must(json_object());
		set_string(made, "name", object_get(item, "name"));
		set_string(made, "value", value);
		if (strcmp(op, "set"))
			set_string(made, "op", op);
		json_array_append_new(ops, made);
		free(value);
	}
}

static void modify(struct import *imp, json_t *target, const char *key,
		   const json_t *modifier, const char *field)
{
	json_t *ops = get(target, key), *made;
	const json_t *item;
	size_t i;

	if (!ops) {
		ops = must(json_array());
		json_object_set_new(target, key, ops);
	}
	add_ops(imp, ops, get(modifier, "set"), "set", field);
	add_ops(imp, ops, get(modifier, "add"), "add", field);
	json_array_foreach(get(modifier, "remove"), i, item) {
		made = must(json_pack("{s:O, s:s}", "name", item, "op",
				      "remove"));
		json_array_append_new(ops, made);
	}
}

/* "": the prefix goes, which is what "/" does here. */
static void change_path(json_t *target, const json_t *path)
{
	const char *prefix = object_get(path, "replacePrefixMatch");

	if (is(path, "type", "ReplaceFullPath"))
		set_string(target, "path", object_get(path, "replaceFullPath"));
	else if (path)
		set_string(target, "prefix", *prefix ? prefix : "/");
}

static json_t *redirect_of(const json_t *r)
{
	json_t *redirect = must(json_object());

	if (get(r, "scheme"))
		json_object_set(redirect, "scheme", get(r, "scheme"));
	if (get(r, "hostname"))
		json_object_set(redirect, "host", get(r, "hostname"));
	if (get(r, "port"))
		json_object_set(redirect, "port", get(r, "port"));
	change_path(redirect, get(r, "path"));
	json_object_set(redirect, "status", get(r, "statusCode"));
	return redirect;
}

static json_t *rewrite_of(const json_t *r)
{
	json_t *rewrite = must(json_object());

	if (get(r, "hostname"))
		json_object_set(rewrite, "host", get(r, "hostname"));
	change_path(rewrite, get(r, "path"));
	return rewrite;
}

static uint32_t mirror_millionths(const json_t *mirror)
{
	const json_t *fraction = get(mirror, "fraction");

	if (fraction)
		return number(fraction, "numerator") * 1000000 /
		       number(fraction, "denominator");
	return get(mirror, "percent") ? number(mirror, "percent") * 10000 :
					1000000;
}

static void add_mirror(struct import *imp, json_t *route, const json_t *mirror,
		       const char *field)
{
	char *cluster = cluster_of(imp, get(mirror, "backendRef"), field);
	uint32_t millionths = mirror_millionths(mirror);
	json_t *mirrors = get(route, "mirrors"), *made;

	if (!cluster)
		return;
	if (millionths > 1000000)
		fail(imp, field, "a fraction of more than 1");
	if (!mirrors) {
		mirrors = must(json_array());
		json_object_set_new(route, "mirrors", mirrors);
	}
	made = must(json_object());
	set_string(made, "cluster", cluster);
	if (millionths < 1000000)
		json_object_set_new(made, "fraction", percent_json(millionths));
	json_object_set_new(made, "shadow", json_false());
	json_array_append_new(mirrors, made);
	free(cluster);
}

/* "GET, PUT" of a list; nothing if it is empty. */
static void join(json_t *target, const char *key, const json_t *list)
{
	char *text = xstrdup(""), *more;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		more = xasprintf("%s%s%s", text, i ? ", " : "",
				 json_string_value(item));
		free(text);
		text = more;
	}
	if (*text)
		set_string(target, key, text);
	free(text);
}

static json_t *cors_of(const json_t *c)
{
	json_t *cors = must(json_object());

	json_object_set(cors, "allow_origins", get(c, "allowOrigins"));
	join(cors, "allow_methods", get(c, "allowMethods"));
	join(cors, "allow_headers", get(c, "allowHeaders"));
	join(cors, "expose_headers", get(c, "exposeHeaders"));
	if (get(c, "maxAge"))
		json_object_set(cors, "max_age", get(c, "maxAge"));
	if (json_is_true(get(c, "allowCredentials")))
		json_object_set_new(cors, "allow_credentials", json_true());
	return cors;
}

/* Filters of headers, which rules and backends may have. False: it is another. */
static bool header_filter(struct import *imp, json_t *target,
			  const json_t *filter, const char *field)
{
	if (is(filter, "type", "RequestHeaderModifier"))
		modify(imp, target, "request_headers",
		       get(filter, "requestHeaderModifier"), field);
	else if (is(filter, "type", "ResponseHeaderModifier"))
		modify(imp, target, "response_headers",
		       get(filter, "responseHeaderModifier"), field);
	else
		return false;
	return true;
}

static void rule_filter(struct import *imp, json_t *route, json_t *action,
			const json_t *filter, const char *field)
{
	if (header_filter(imp, route, filter, field))
		return;
	if (is(filter, "type", "RequestRedirect"))
		json_object_set_new(action, "redirect",
				    redirect_of(get(filter, "requestRedirect")));
	else if (is(filter, "type", "URLRewrite"))
		json_object_set_new(action, "rewrite",
				    rewrite_of(get(filter, "urlRewrite")));
	else if (is(filter, "type", "RequestMirror"))
		add_mirror(imp, route, get(filter, "requestMirror"), field);
	else
		json_object_set_new(route, "cors", cors_of(get(filter, "cors")));
}

static void rule_filters(struct import *imp, json_t *route, json_t *action,
			 const json_t *rule, size_t index)
{
	const json_t *filter;
	char *field;
	size_t i;

	json_array_foreach(get(rule, "filters"), i, filter) {
		field = xasprintf("spec.rules[%zu].filters[%zu]", index, i);
		rule_filter(imp, route, action, filter, field);
		free(field);
	}
}

/* ---- actions ---- */

static void backend_filters(struct import *imp, json_t *target,
			    const json_t *ref, const char *where)
{
	const json_t *filter;
	char *field;
	size_t i;

	json_array_foreach(get(ref, "filters"), i, filter) {
		field = xasprintf("%s.filters[%zu]", where, i);
		if (!header_filter(imp, target, filter, field))
			fail(imp, field, "%s of a backend cannot be carried over",
			     object_get(filter, "type"));
		free(field);
	}
}

static json_t *weighted_of(struct import *imp, const json_t *refs, size_t index,
			   json_int_t *total)
{
	json_t *list = must(json_array()), *made;
	const json_t *ref;
	char *field, *cluster;
	size_t i;

	json_array_foreach(refs, i, ref) {
		field = xasprintf("spec.rules[%zu].backendRefs[%zu]", index, i);
		cluster = cluster_of(imp, ref, field);
		made = must(json_object());
		set_string(made, "name", cluster ?: "");
		json_object_set(made, "weight", get(ref, "weight"));
		backend_filters(imp, made, ref, field);
		json_array_append_new(list, made);
		*total += number(ref, "weight");
		free(cluster);
		free(field);
	}
	return list;
}

/* Where nothing can be forwarded Gateway API wants a 500. */
static void answer_500(json_t *action)
{
	json_object_del(action, "rewrite");
	json_object_set_new(action, "direct_response",
			    must(json_pack("{s:i}", "status", 500)));
}

static void set_backends(struct import *imp, json_t *route, json_t *action,
			 const json_t *rule, size_t index)
{
	const json_t *refs = get(rule, "backendRefs");
	json_int_t total = 0;
	json_t *list, *only;

	list = weighted_of(imp, refs, index, &total);
	only = json_array_get(list, 0);
	if (!total) {
		answer_500(action);
		json_object_del(route, "mirrors");
	} else if (json_array_size(list) == 1 && json_object_size(only) == 2) {
		json_object_set(action, "cluster", get(only, "name"));
	} else {
		json_object_set(action, "weighted_clusters", list);
	}
	json_decref(list);
}

static void set_action(struct import *imp, json_t *route, const json_t *rule,
		       size_t index)
{
	json_t *action = must(json_object());
	char *field;

	rule_filters(imp, route, action, rule, index);
	if (!get(action, "redirect")) {
		set_backends(imp, route, action, rule, index);
	} else if (json_array_size(get(rule, "backendRefs")) ||
		   get(action, "rewrite") || get(route, "mirrors")) {
		field = xasprintf("spec.rules[%zu]", index);
		fail(imp, field, "a redirect goes with no backend, no rewrite "
		     "and no mirror");
		free(field);
	}
	json_object_set_new(route, "action", action);
}

/* GEP-2257: "1h30m", "500ms"; false if it is none. */
static bool duration_of(const char *text, uint64_t *ms)
{
	static const struct { const char *unit; uint32_t ms; } units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	};
	unsigned long n;
	size_t i, len;
	char *end;

	*ms = 0;
	do {
		n = strtoul(text, &end, 10);
		if (end == text || end - text > 5)
			return false;
		for (i = 0; i < 4; i++) {
			len = strlen(units[i].unit);
			if (!strncmp(end, units[i].unit, len) &&
			    (!end[len] || strchr("0123456789", end[len])))
				break;
		}
		if (i == 4)
			return false;
		*ms += n * units[i].ms;
		text = end + len;
	} while (*text);
	return *ms <= 24 * 3600000;
}

/* There are no retries, so the shorter of the two holds. 0 is none. */
static void set_timeout(struct import *imp, json_t *route, const json_t *rule,
			size_t index)
{
	static const char *const keys[] = { "request", "backendRequest", NULL };
	uint64_t ms, shortest = 0;
	const char *text;
	char *field;
	size_t i;

	for (i = 0; keys[i]; i++) {
		text = object_get(get(rule, "timeouts"), keys[i]);
		if (!*text)
			continue;
		if (!duration_of(text, &ms)) {
			field = xasprintf("spec.rules[%zu].timeouts.%s", index,
					  keys[i]);
			fail(imp, field, "\"%s\" is not a duration of up to a "
			     "day", text);
			free(field);
		} else if (ms && (!shortest || ms < shortest)) {
			shortest = ms;
		}
	}
	if (shortest)
		json_object_set_new(route, "timeout", duration_json(shortest));
}

/* A prefix is replaced of what matched one. */
static void check_prefix(struct import *imp, const json_t *route, size_t index)
{
	const json_t *action = get(route, "action");
	char *field;

	if ((get2(action, "redirect", "prefix") ||
	     get2(action, "rewrite", "prefix")) &&
	    get2(get(route, "match"), "path", "regex")) {
		field = xasprintf("spec.rules[%zu].filters", index);
		fail(imp, field, "ReplacePrefixMatch goes with PathPrefix");
		free(field);
	}
}

static void add_route(struct import *imp, json_t *routes, const json_t *rule,
		      const json_t *match, size_t index)
{
	json_t *route = must(json_object());

	json_object_set_new(route, "match", match_of(match));
	set_action(imp, route, rule, index);
	set_timeout(imp, route, rule, index);
	check_prefix(imp, route, index);
	json_array_append_new(routes, route);
}

/* A route for each match of each rule. */
static json_t *routes_of(struct import *imp)
{
	const json_t *rule, *match, *matches;
	json_t *routes = must(json_array());
	size_t i, k;

	if (!json_array_size(get2(imp->at->body, "spec", "rules")))
		add_route(imp, routes, NULL, NULL, 0);
	json_array_foreach(get2(imp->at->body, "spec", "rules"), i, rule) {
		matches = get(rule, "matches");
		json_array_foreach(matches, k, match)
			add_route(imp, routes, rule, match, i);
		if (!json_array_size(matches))
			add_route(imp, routes, rule, NULL, i);
	}
	return routes;
}

/* ---- where routes are attached ---- */

static void need_listener(struct import *imp, const char *name,
			  const char *table, const char *address,
			  json_int_t port)
{
	const char *other;
	json_t *listener;

	if (!get(imp->tables, table))
		json_object_set_new(imp->tables, table, must(json_object()));
	if (get(imp->listeners, name))
		return;
	json_object_foreach(imp->listeners, other, listener)
		if (is(listener, "address", address) &&
		    number(listener, "port") == port)
			fail(imp, "spec", "%s port %lld is taken by %s", address,
			     (long long)port, other);
	listener = must(json_pack("{s:s, s:s, s:I, s:s, s:s}", "name", name,
				  "address", address, "port", port, "protocol",
				  "http", "route_table", table));
	json_object_set_new(imp->listeners, name, listener);
}

/* One for each address; their names differ only if there are several. */
static void need_listeners(struct import *imp, const char *table,
			   const json_t *addresses, const char *key,
			   json_int_t port)
{
	const char *address;
	const json_t *item;
	char *name;
	size_t i;

	json_array_foreach(addresses, i, item) {
		address = key ? object_get(item, key) : json_string_value(item);
		name = i ? xasprintf("%s@%s", table, address) : xstrdup(table);
		need_listener(imp, name, table, address, port);
		free(name);
	}
}

static void attach(struct import *imp, const char *table, const char *host,
		   json_t *routes)
{
	json_t *hosts = get(imp->tables, table), *there = get(hosts, host);

	if (!there) {
		there = must(json_array());
		json_object_set_new(hosts, host, there);
	}
	json_array_extend(there, routes);
}

/* Does "*.a.b" cover @host, which may be such a one itself? */
static bool covers(const char *wildcard, const char *host)
{
	size_t len = strlen(wildcard) - 1, n = strlen(host);

	return wildcard[0] == '*' && n > len &&
	       !strcmp(host + n - len, wildcard + 1);
}

/* What two hostnames have in common, "" standing for all of them; or NULL. */
static const char *common_host(const char *a, const char *b)
{
	if (!*a || !strcmp(a, b) || covers(a, b))
		return b;
	return !*b || covers(b, a) ? a : NULL;
}

/* Returns whether there is a hostname in common. */
static bool attach_hosts(struct import *imp, const char *table,
			 const char *hostname, json_t *routes)
{
	const json_t *hosts = get2(imp->at->body, "spec", "hostnames"), *item;
	const char *host;
	bool any = false;
	size_t i;

	if (!json_array_size(hosts)) {
		attach(imp, table, *hostname ? hostname : "*", routes);
		return true;
	}
	json_array_foreach(hosts, i, item) {
		host = common_host(hostname, json_string_value(item));
		if (host)
			attach(imp, table, *host ? host : "*", routes);
		any |= host != NULL;
	}
	return any;
}

static bool takes(const struct import *imp, const json_t *gateway,
		  const json_t *listener, const json_t *ref)
{
	const json_t *from;

	from = get2(get(listener, "allowedRoutes"), "namespaces", "from");
	if (strcmp(from ? json_string_value(from) : "Same", "All") &&
	    strcmp(manifest_namespace(gateway),
		   manifest_namespace(imp->at->body)))
		return false;
	return (!get(ref, "sectionName") ||
		is(ref, "sectionName", object_get(listener, "name"))) &&
	       (!get(ref, "port") ||
		number(ref, "port") == number(listener, "port"));
}

static const json_t *addresses_of(const json_t *gateway)
{
	const json_t *wanted = get2(gateway, "spec", "addresses");

	return json_array_size(wanted) ? wanted :
					 get2(gateway, "status", "addresses");
}

static void attach_to_gateway(struct import *imp, const json_t *ref,
			      const char *field, json_t *routes)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *gateway, *listener;
	bool taken = false, common = false;
	char *table;
	size_t i;

	gateway = manifest_find(imp->m, MANIFEST_GATEWAY, namespace, name);
	if (!gateway) {
		fail(imp, field, "there is no Gateway %s/%s", namespace, name);
		return;
	}
	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		if (!takes(imp, gateway, listener, ref))
			continue;
		table = xasprintf("%s/%s:%lld", namespace, name,
				  (long long)number(listener, "port"));
		taken = true;
		common |= attach_hosts(imp, table,
				       object_get(listener, "hostname"), routes);
		free(table);
	}
	if (!taken)
		fail(imp, field, "no listener of Gateway %s/%s takes it",
		     namespace, name);
	else if (!common)
		fail(imp, "spec.hostnames", "none is in common with the "
		     "listeners of Gateway %s/%s", namespace, name);
}

static const json_t *service_addresses(const json_t *service)
{
	json_t *spec = get(service, "spec"), *list = get(spec, "clusterIPs");

	if (json_array_size(list) || !*object_get(spec, "clusterIP"))
		return list;
	/* The body is ours, and is released with it. */
	list = must(json_pack("[O]", get(spec, "clusterIP")));
	json_object_set_new(spec, "clusterIPs", list);
	return list;
}

/* GAMMA, GEP-1294: hostnames count for nothing there. */
static void attach_to_service(struct import *imp, const json_t *ref,
			      const char *field, json_t *routes)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *service, *port, *addresses;
	bool taken = false;
	char *table;
	size_t i;

	service = manifest_find(imp->m, MANIFEST_SERVICE, namespace, name);
	addresses = service ? service_addresses(service) : NULL;
	if (!service)
		fail(imp, field, "there is no Service %s/%s", namespace, name);
	else if (strcmp(namespace, manifest_namespace(imp->at->body)))
		fail(imp, field, "a Service of another namespace cannot be "
		     "carried over");
	else if (!json_array_size(addresses) ||
		 !strcmp(json_string_value(json_array_get(addresses, 0)), "None"))
		fail(imp, field, "Service %s/%s has no clusterIP", namespace,
		     name);
	if (imp->failed)
		return;
	json_array_foreach(get2(service, "spec", "ports"), i, port) {
		if (get(ref, "port") &&
		    number(ref, "port") != number(port, "port"))
			continue;
		table = xasprintf("%s/%s:%lld", namespace, name,
				  (long long)number(port, "port"));
		need_listeners(imp, table, addresses, NULL,
			       number(port, "port"));
		attach(imp, table, "*", routes);
		taken = true;
		free(table);
	}
	if (!taken)
		fail(imp, field, "Service %s/%s has no such port", namespace,
		     name);
}

static void import_route(struct import *imp)
{
	json_t *routes = routes_of(imp);
	const json_t *ref;
	char *field;
	size_t i;

	json_array_foreach(get2(imp->at->body, "spec", "parentRefs"), i, ref) {
		field = xasprintf("spec.parentRefs[%zu]", i);
		if (refers_to(ref, GATEWAY_GROUP, "Gateway"))
			attach_to_gateway(imp, ref, field, routes);
		else if (refers_to(ref, "", "Service"))
			attach_to_service(imp, ref, field, routes);
		else
			fail(imp, field, "only a Gateway or a Service can be "
			     "carried over");
		free(field);
	}
	json_decref(routes);
}

/* Its listeners are there even if no route is. */
static void import_gateway(struct import *imp)
{
	const json_t *gateway = imp->at->body, *addresses, *listener;
	char *table;
	size_t i;

	addresses = addresses_of(gateway);
	if (!json_array_size(addresses))
		fail(imp, "spec.addresses", "an address is needed, here or in "
		     "status.addresses");
	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		table = xasprintf("%s/%s:%lld", manifest_namespace(gateway),
				  manifest_name(gateway),
				  (long long)number(listener, "port"));
		need_listeners(imp, table, addresses, "value",
			       number(listener, "port"));
		free(table);
	}
}

/* ---- the file ---- */

static int by_name(const void *a, const void *b)
{
	const struct manifest *const *x = a, *const *y = b;
	int order = strcmp(manifest_namespace((*x)->body),
			   manifest_namespace((*y)->body));

	return order ? order : strcmp(manifest_name((*x)->body),
				      manifest_name((*y)->body));
}

/* Gateway API: of routes that match alike the first by name wins. */
static void each(struct import *imp, enum manifest_kind kind,
		 void (*import)(struct import *imp))
{
	const struct manifest **list;
	size_t n = 0, i;

	list = xrealloc(NULL, (imp->m->count + 1) * sizeof(*list));
	for (i = 0; i < imp->m->count; i++)
		if (imp->m->list[i].kind == kind)
			list[n++] = &imp->m->list[i];
	qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n; i++) {
		imp->at = list[i];
		import(imp);
	}
	free(list);
}

static json_t *clusters_tree(const json_t *clusters)
{
	json_t *tree = must(json_array()), *endpoints, *cluster;
	const char *name;

	json_object_foreach((json_t *)clusters, name, endpoints) {
		cluster = must(json_pack("{s:s}", "name", name));
		if (json_array_size(endpoints))
			json_object_set(cluster, "endpoints", endpoints);
		json_array_append_new(tree, cluster);
	}
	return tree;
}

static json_t *hosts_tree(const json_t *hosts)
{
	json_t *tree = must(json_array()), *routes;
	const char *host;

	json_object_foreach((json_t *)hosts, host, routes)
		json_array_append_new(tree, must(json_pack(
			"{s:s, s:[s], s:s, s:O}", "name", host, "domains", host,
			"order", "specific", "routes", routes)));
	return tree;
}

static json_t *tables_tree(const json_t *tables)
{
	json_t *tree = must(json_array()), *hosts;
	const char *name;

	json_object_foreach((json_t *)tables, name, hosts)
		json_array_append_new(tree, must(json_pack("{s:s, s:o}", "name",
							   name, "virtual_hosts",
							   hosts_tree(hosts))));
	return tree;
}

static json_t *listeners_tree(const json_t *listeners)
{
	json_t *tree = must(json_array()), *listener;
	const char *name;

	json_object_foreach((json_t *)listeners, name, listener)
		json_array_append(tree, listener);
	return tree;
}

json_t *gateway_api_import(const struct manifests *m)
{
	struct import imp = {
		.m = m, .clusters = must(json_object()),
		.tables = must(json_object()), .listeners = must(json_object()),
	};
	json_t *tree = NULL;

	each(&imp, MANIFEST_GATEWAY, import_gateway);
	each(&imp, MANIFEST_HTTP_ROUTE, import_route);
	if (!imp.failed)
		tree = must(json_pack("{s:o, s:o, s:o}",
				      "clusters", clusters_tree(imp.clusters),
				      "route_tables", tables_tree(imp.tables),
				      "listeners", listeners_tree(imp.listeners)));
	json_decref(imp.clusters);
	json_decref(imp.tables);
	json_decref(imp.listeners);
	return tree;
}
