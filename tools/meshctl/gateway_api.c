// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdarg.h>
#include <stdlib.h>

void gateway_fail(struct import *imp, const char *field, const char *fmt, ...)
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
			gateway_fail(imp, "spec", "%s port %lld is taken by %s", address,
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
		any |= !!host;
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
		gateway_fail(imp, field, "there is no Gateway %s/%s", namespace, name);
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
		gateway_fail(imp, field, "no listener of Gateway %s/%s takes it",
			     namespace, name);
	else if (!common)
		gateway_fail(imp, "spec.hostnames", "none is in common with the "
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
		gateway_fail(imp, field, "there is no Service %s/%s", namespace, name);
	else if (strcmp(namespace, manifest_namespace(imp->at->body)))
		gateway_fail(imp, field, "a Service of another namespace cannot be "
			     "carried over");
	else if (!json_array_size(addresses) ||
		 !strcmp(json_string_value(json_array_get(addresses, 0)), "None"))
		gateway_fail(imp, field, "Service %s/%s has no clusterIP", namespace,
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
		gateway_fail(imp, field, "Service %s/%s has no such port", namespace,
			     name);
}

static void import_route(struct import *imp)
{
	json_t *routes = gateway_routes(imp);
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
			gateway_fail(imp, field, "only a Gateway or a Service can be "
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
		gateway_fail(imp, "spec.addresses", "an address is needed, here or in "
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

static json_t *clusters_tree(const struct import *imp)
{
	json_t *tree = must(json_array()), *endpoints, *cluster;
	const char *name;

	json_object_foreach(imp->clusters, name, endpoints) {
		cluster = must(json_pack("{s:s}", "name", name));
		if (json_is_object(get(imp->sessions, name)))
			copy(cluster, "session_affinity", imp->sessions, name);
		if (json_array_size(endpoints))
			json_object_set(cluster, "endpoints", endpoints);
		json_array_append_new(tree, cluster);
	}
	return tree;
}

static json_t *hosts_tree(const json_t *hosts)
{
	json_t *tree = must(json_array()), *routes, *made;
	const char *host;

	json_object_foreach((json_t *)hosts, host, routes) {
		made = json_pack("{s:s, s:[s], s:s, s:O}", "name", host,
				 "domains", host, "order", "specific", "routes",
				 routes);
		json_array_append_new(tree, must(made));
	}
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
		.sessions = must(json_object()),
		.tables = must(json_object()), .listeners = must(json_object()),
	};
	json_t *tree = NULL;

	each(&imp, MANIFEST_GATEWAY, import_gateway);
	each(&imp, MANIFEST_HTTP_ROUTE, import_route);
	if (!imp.failed)
		tree = must(json_pack("{s:o, s:o, s:o}",
				      "clusters", clusters_tree(&imp),
				      "route_tables", tables_tree(imp.tables),
				      "listeners", listeners_tree(imp.listeners)));
	json_decref(imp.clusters);
	json_decref(imp.sessions);
	json_decref(imp.tables);
	json_decref(imp.listeners);
	return tree;
}
