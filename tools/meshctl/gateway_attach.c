// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "load.h"

static bool add_routes(struct import *imp, const char *table, const char *host,
		       json_t *routes)
{
	json_t *hosts = get(imp->tables, table), *there = get(hosts, host);

	/* Nothing but the hostname tells connections apart. */
	if (imp->at->kind != MANIFEST_HTTP_ROUTE && json_array_size(there)) {
		gateway_fail(imp, REASON_PARTLY_CONFLICTED, "spec",
			     "%s at %s is an older %s's",
			     strcmp(host, "*") ? host : "all", table,
			     manifest_kind(imp->at));
		return false;
	}
	if (!there) {
		there = must(json_array());
		json_object_set_new(hosts, host, there);
	}
	json_array_extend(there, routes);
	return true;
}

/* Once, though several parents may say so. */
static void attach(struct import *imp, const char *table, const char *host,
		   json_t *routes)
{
	char *key = xasprintf("%s %s", table, host);

	if (get(imp->attached, key) || add_routes(imp, table, host, routes)) {
		json_object_set_new(imp->attached, key, json_true());
		imp->served = true;
	}
	free(key);
}

/* ---- Gateways ---- */

/* Does the parent mean this listener, or port of a Service? */
static bool is_meant(const json_t *listener, const json_t *ref)
{
	return (!get(ref, "sectionName") ||
		is(ref, "sectionName", object_get(listener, "name"))) &&
	       (!get(ref, "port") ||
		number(ref, "port") == number(listener, "port"));
}

/* Those that go with its protocol, unless its kinds are others. */
static bool takes_routes(const struct import *imp, const json_t *listener)
{
	const json_t *kinds = get2(listener, "allowedRoutes", "kinds"), *item;
	bool takes = !json_array_size(kinds);
	size_t i;

	json_array_foreach(kinds, i, item)
		takes |= refers_to(item, GATEWAY_GROUP, manifest_kind(imp->at));
	return takes && gateway_routes_of(listener) == imp->at->kind;
}

static bool allows(const struct import *imp, const json_t *gateway,
		   const json_t *listener)
{
	const json_t *from;

	from = get2(get(listener, "allowedRoutes"), "namespaces", "from");
	return takes_routes(imp, listener) &&
	       (!strcmp(from ? json_string_value(from) : "Same", "All") ||
		!strcmp(manifest_namespace(gateway),
			manifest_namespace(imp->at->body)));
}

static char *table_of(const json_t *gateway, const json_t *listener)
{
	return gateway_table(manifest_namespace(gateway), manifest_name(gateway),
			     number(listener, "port"));
}

static bool is_there(struct import *imp, const json_t *gateway,
		     const json_t *listener)
{
	char *table = table_of(gateway, listener);
	bool there = get(imp->tables, table);

	free(table);
	return there && gateway_listener_is_good(imp, gateway, listener);
}

/* A Gateway that a route's parent is. */
struct place {
	struct import *imp;
	const json_t *gateway;
	json_t *taken;		/* by position of a listener: the route's hostnames there */
	bool meant, allowed, common;
};

struct position {
	char text[24];		/* a key */
};

static struct position position_of(size_t i)
{
	struct position p;

	snprintf(p.text, sizeof(p.text), "%zu", i);
	return p;
}

static const json_t *listener_at(const struct place *p, size_t i)
{
	return json_array_get(get2(p->gateway, "spec", "listeners"), i);
}

static void open_listener(struct place *p, const json_t *ref, size_t i)
{
	const json_t *listener = listener_at(p, i);

	if (!is_meant(listener, ref) || !is_there(p->imp, p->gateway, listener))
		return;
	p->meant = true;
	if (!allows(p->imp, p->gateway, listener))
		return;
	p->allowed = true;
	json_object_set_new(p->taken, position_of(i).text, must(json_array()));
}

static void open_listeners(struct place *p, const json_t *ref)
{
	size_t n = json_array_size(get2(p->gateway, "spec", "listeners")), i;
	const json_t *item;

	if (get(ref, "sectionName"))
		json_array_foreach(gateway_section(p->imp, p->gateway,
						   object_get(ref, "sectionName")),
				   i, item)
			open_listener(p, ref, json_integer_value(item));
	else
		for (i = 0; i < n; i++)
			open_listener(p, ref, i);
}

/* What asks for the hostname is the closest listener's, and no other's. */
static void take_host(struct place *p, json_int_t port, json_t *host)
{
	json_t *covering = gateway_covering(p->imp, p->gateway, port,
					    json_string_value(host));
	const json_t *position;
	json_t *taken;
	size_t i;

	json_array_foreach(covering, i, position) {
		taken = get(p->taken,
			    position_of(json_integer_value(position)).text);
		p->common |= !!taken;
		if (taken && !i)
			json_array_append(taken, host);
	}
	json_decref(covering);
}

/* The ports of listeners that take the route, as keys. */
static json_t *ports_of(const struct place *p)
{
	json_t *ports = must(json_object()), *taken, *port;
	const char *key;

	json_object_foreach(p->taken, key, taken) {
		port = get(listener_at(p, strtoul(key, NULL, 10)), "port");
		json_object_set(ports, position_of(json_integer_value(port)).text,
				port);
	}
	return ports;
}

static void take_hosts(struct place *p, const json_t *hosts)
{
	json_t *ports = ports_of(p), *host, *port;
	const char *key;
	size_t i;

	json_array_foreach(hosts, i, host)
		json_object_foreach(ports, key, port)
			take_host(p, json_integer_value(port), host);
	json_decref(ports);
}

/* A route without hostnames, or with one above the listener's, has all of these. */
static void take_listeners(struct place *p, const json_t *hosts)
{
	json_t *names = must(json_object()), *taken, *host;
	const char *key, *name;
	size_t i;

	json_array_foreach(hosts, i, host)
		json_object_set_new(names, json_string_value(host), json_true());
	json_object_foreach(p->taken, key, taken) {
		name = object_get(listener_at(p, strtoul(key, NULL, 10)),
				  "hostname");
		if (json_array_size(hosts) && !gateway_is_beneath(names, name))
			continue;
		p->common = true;
		json_array_append_new(taken, json_text(name, strlen(name)));
	}
	json_decref(names);
}

static void attach_taken(const struct place *p, json_t *routes)
{
	const char *key, *name;
	const json_t *host;
	json_t *taken;
	char *table;
	size_t i;

	json_object_foreach(p->taken, key, taken) {
		table = table_of(p->gateway,
				 listener_at(p, strtoul(key, NULL, 10)));
		json_array_foreach(taken, i, host) {
			name = json_string_value(host);
			attach(p->imp, table, *name ? name : "*", routes);
		}
		free(table);
	}
}

static void attach_to_gateway(struct import *imp, const json_t *ref,
			      const char *field, json_t *routes)
{
	const json_t *hosts = get2(imp->at->body, "spec", "hostnames");
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	struct place p = { .imp = imp };

	p.gateway = manifest_find(imp->m, MANIFEST_GATEWAY, namespace, name);
	if (!p.gateway) {
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "there is no Gateway %s/%s", namespace, name);
		return;
	}
	p.taken = must(json_object());
	open_listeners(&p, ref);
	take_hosts(&p, hosts);
	take_listeners(&p, hosts);
	attach_taken(&p, routes);
	json_decref(p.taken);
	if (!p.allowed)
		gateway_fail(imp, p.meant ? REASON_NOT_ALLOWED_BY_LISTENERS :
					    REASON_NO_MATCHING_PARENT, field,
			     "no listener of Gateway %s/%s takes it", namespace,
			     name);
	else if (!p.common)
		gateway_fail(imp, REASON_NO_MATCHING_LISTENER_HOSTNAME,
			     "spec.hostnames", "none is in common with the "
			     "listeners of Gateway %s/%s", namespace, name);
}

/* ---- Services ---- */

/*
 * The Service that a parent is; NULL with an error. Who may not refer to it is not told
 * whether it is there.
 */
static const json_t *parent_service(struct import *imp, const json_t *ref,
				    const char *field)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *service;

	if (strcmp(namespace, manifest_namespace(imp->at->body))) {
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "a Service of another namespace cannot be carried "
			     "over");
		return NULL;
	}
	service = manifest_find(imp->m, MANIFEST_SERVICE, namespace, name);
	if (!service)
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "there is no Service %s/%s", namespace, name);
	return service;
}

/* A Gateway may have the same name. */
static char *service_table(const struct import *imp, const char *namespace,
			   const char *name, json_int_t port)
{
	char *own, *table;

	if (!manifest_find(imp->m, MANIFEST_GATEWAY, namespace, name))
		return gateway_table(namespace, name, port);
	own = xasprintf("%s/service", name);
	table = gateway_table(namespace, own, port);
	free(own);
	return table;
}

/* Its ports that the parent means: whether there are any. */
static bool attach_to_ports(struct import *imp, const json_t *ref,
			    const json_t *service, const json_t *addresses,
			    json_t *routes)
{
	const char *namespace = manifest_namespace(service);
	const char *name = manifest_name(service);
	char *table, *owner = xasprintf("Service %s/%s", namespace, name);
	const json_t *port;
	bool any = false;
	size_t i;

	json_array_foreach(get2(service, "spec", "ports"), i, port) {
		if (!is_meant(port, ref) || !gateway_is_tcp(port))
			continue;
		any = true;
		table = service_table(imp, namespace, name, number(port, "port"));
		if (gateway_need_listeners(imp, owner, table, imp->at->kind,
					   addresses, number(port, "port")))
			attach(imp, table, "*", routes);
		free(table);
	}
	free(owner);
	return any;
}

/* GAMMA, GEP-1294: hostnames count for nothing there. */
static void attach_to_service(struct import *imp, const json_t *ref,
			      const char *field, json_t *routes)
{
	const json_t *service = parent_service(imp, ref, field);
	const char *namespace, *name;
	json_t *addresses;

	if (!service)
		return;
	namespace = manifest_namespace(service);
	name = manifest_name(service);
	addresses = gateway_service_addresses(imp, service, field);
	if (!json_array_size(addresses))
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "Service %s/%s has no clusterIP of its own",
			     namespace, name);
	else if (!attach_to_ports(imp, ref, service, addresses, routes))
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "Service %s/%s has no such port", namespace, name);
	json_decref(addresses);
}

/* ---- the route ---- */

static void attach_to(struct import *imp, const json_t *ref, size_t index,
		      json_t *routes)
{
	char *field = xasprintf("spec.parentRefs[%zu]", index);

	if (refers_to(ref, GATEWAY_GROUP, "Gateway"))
		attach_to_gateway(imp, ref, field, routes);
	else if (refers_to(ref, "", "Service"))
		attach_to_service(imp, ref, field, routes);
	else
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "only a Gateway or a Service can be carried over");
	free(field);
}

static json_t *parent_entry(const struct import *imp, const json_t *ref)
{
	static const char *const types[] = { "Accepted", "ResolvedRefs",
					     "PartiallyInvalid", NULL };
	/* Who is not accepted at all is not so in part. */
	static const char *const fewer[] = { "Accepted", "ResolvedRefs", NULL };
	bool accepted = !gateway_has(imp, REASON_NO_MATCHING_PARENT) &&
			!gateway_has(imp, REASON_NOT_ALLOWED_BY_LISTENERS) &&
			!gateway_has(imp, REASON_NO_MATCHING_LISTENER_HOSTNAME) &&
			!gateway_has(imp, REASON_PORT_UNAVAILABLE) &&
			!gateway_has(imp, REASON_CONFLICTED) &&
			!gateway_has(imp, REASON_INVALID);
	json_t *plain = must(json_copy((json_t *)ref));

	json_object_del(plain, LOAD_PROBLEMS);
	return must(json_pack("{s:o, s:o}", "parentRef", plain, "conditions",
			      gateway_conditions(imp, accepted ? types : fewer)));
}

/* Without a rule that is right the route is not accepted. */
static void judge(struct import *imp, const json_t *routes)
{
	if (imp->at->broken || imp->good_rules || !json_array_size(routes))
		return;
	imp->faults[REASON_INVALID] = imp->faults[REASON_UNSUPPORTED_VALUE] ?:
				      imp->faults[REASON_INCOMPATIBLE_FILTERS];
	json_incref(imp->faults[REASON_INVALID]);
	gateway_forget(imp, REASON_UNSUPPORTED_VALUE,
		       REASON_INCOMPATIBLE_FILTERS);
}

/* Who has nothing of a parent is not accepted there. */
static void judge_parent(struct import *imp)
{
	if (imp->served)
		return;
	imp->faults[REASON_CONFLICTED] = imp->faults[REASON_PARTLY_CONFLICTED];
	imp->faults[REASON_PARTLY_CONFLICTED] = NULL;
}

static json_t *routes_of(struct import *imp)
{
	if (imp->at->broken)
		return must(json_array());
	return imp->at->kind == MANIFEST_HTTP_ROUTE ? gateway_routes(imp) :
						      gateway_stream_routes(imp);
}

void gateway_attach(struct import *imp)
{
	json_t *routes = routes_of(imp), *parents = must(json_array());
	json_t *entry = gateway_entry(imp);
	const json_t *ref;
	size_t i;

	judge(imp, routes);
	json_object_clear(imp->attached);
	json_array_foreach(get2(imp->at->body, "spec", "parentRefs"), i, ref) {
		gateway_forget(imp, REASON_NO_MATCHING_PARENT,
			       REASON_PARTLY_CONFLICTED);
		imp->served = false;
		if (!imp->at->broken)
			attach_to(imp, ref, i, routes);
		judge_parent(imp);
		if (entry)
			json_array_append_new(parents, parent_entry(imp, ref));
	}
	if (entry)
		json_object_set(entry, "parents", parents);
	json_decref(parents);
	json_decref(routes);
	gateway_report_end(imp, entry);
}
