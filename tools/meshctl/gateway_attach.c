// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdlib.h>

#include "load.h"

/* Once, though several parents may say so. */
static void attach(struct import *imp, const char *table, const char *host,
		   json_t *routes)
{
	json_t *hosts = get(imp->tables, table), *there = get(hosts, host);
	char *key = xasprintf("%s %s", table, host);

	if (!there) {
		there = must(json_array());
		json_object_set_new(hosts, host, there);
	}
	if (!get(imp->attached, key))
		json_array_extend(there, routes);
	json_object_set_new(imp->attached, key, json_true());
	free(key);
}

/* ---- Gateways ---- */

/* A listener of the Gateway that a route's parent is. */
struct place {
	const json_t *gateway;
	const json_t *listener;
	const char *table;
};

/* Only where requests for the hostname are this listener's. */
static void attach_host(struct import *imp, const struct place *p,
			const char *host, json_t *routes)
{
	if (gateway_owner(p->gateway, number(p->listener, "port"), host) ==
	    p->listener)
		attach(imp, p->table, *host ? host : "*", routes);
}

/* Returns whether there is a hostname in common. */
static bool attach_hosts(struct import *imp, const struct place *p,
			 json_t *routes)
{
	const char *hostname = object_get(p->listener, "hostname"), *host;
	const json_t *hosts = get2(imp->at->body, "spec", "hostnames"), *item;
	bool any = false;
	size_t i;

	if (!json_array_size(hosts)) {
		attach_host(imp, p, hostname, routes);
		return true;
	}
	json_array_foreach(hosts, i, item) {
		host = gateway_common_host(hostname, json_string_value(item));
		if (host)
			attach_host(imp, p, host, routes);
		any |= !!host;
	}
	return any;
}

/* Does the parent mean this listener? */
static bool is_meant(const json_t *listener, const json_t *ref)
{
	return (!get(ref, "sectionName") ||
		is(ref, "sectionName", object_get(listener, "name"))) &&
	       (!get(ref, "port") ||
		number(ref, "port") == number(listener, "port"));
}

static bool allows(const struct import *imp, const json_t *gateway,
		   const json_t *listener)
{
	const json_t *from;

	from = get2(get(listener, "allowedRoutes"), "namespaces", "from");
	return !strcmp(from ? json_string_value(from) : "Same", "All") ||
	       !strcmp(manifest_namespace(gateway),
		       manifest_namespace(imp->at->body));
}

/* What came of a parent. */
struct outcome {
	bool meant, allowed, common;
};

static void attach_to_listener(struct import *imp, const json_t *gateway,
			       const json_t *listener, json_t *routes,
			       struct outcome *o)
{
	struct place place = { gateway, listener, NULL };
	char *table;

	if (!allows(imp, gateway, listener))
		return;
	o->allowed = true;
	table = gateway_table(manifest_namespace(gateway), manifest_name(gateway),
			      number(listener, "port"));
	place.table = table;
	o->common |= attach_hosts(imp, &place, routes);
	free(table);
}

static bool is_there(const struct import *imp, const json_t *gateway,
		     const json_t *listener)
{
	char *table = gateway_table(manifest_namespace(gateway),
				    manifest_name(gateway),
				    number(listener, "port"));
	bool there = get(imp->tables, table);

	free(table);
	return there && gateway_listener_is_good(gateway, listener);
}

static void attach_to_gateway(struct import *imp, const json_t *ref,
			      const char *field, json_t *routes)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *gateway, *listener;
	struct outcome o = { 0 };
	size_t i;

	gateway = manifest_find(imp->m, MANIFEST_GATEWAY, namespace, name);
	if (!gateway) {
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "there is no Gateway %s/%s", namespace, name);
		return;
	}
	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		if (!is_meant(listener, ref) ||
		    !is_there(imp, gateway, listener))
			continue;
		o.meant = true;
		attach_to_listener(imp, gateway, listener, routes, &o);
	}
	if (!o.allowed)
		gateway_fail(imp, o.meant ? REASON_NOT_ALLOWED_BY_LISTENERS :
					    REASON_NO_MATCHING_PARENT, field,
			     "no listener of Gateway %s/%s takes it", namespace,
			     name);
	else if (!o.common)
		gateway_fail(imp, REASON_NO_MATCHING_LISTENER_HOSTNAME,
			     "spec.hostnames", "none is in common with the "
			     "listeners of Gateway %s/%s", namespace, name);
}

/* ---- Services ---- */

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

/* The Service that a parent is, with an address; NULL with an error. */
static const json_t *parent_service(struct import *imp, const json_t *ref,
				    const char *field)
{
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	const json_t *service, *addresses;

	service = manifest_find(imp->m, MANIFEST_SERVICE, namespace, name);
	addresses = service ? service_addresses(service) : NULL;
	if (!service)
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "there is no Service %s/%s", namespace, name);
	else if (strcmp(namespace, manifest_namespace(imp->at->body)))
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "a Service of another namespace cannot be carried "
			     "over");
	else if (!json_array_size(addresses) ||
		 !strcmp(json_string_value(json_array_get(addresses, 0)), "None"))
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "Service %s/%s has no clusterIP", namespace, name);
	else
		return service;
	return NULL;
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

/* GAMMA, GEP-1294: hostnames count for nothing there. */
static void attach_to_service(struct import *imp, const json_t *ref,
			      const char *field, json_t *routes)
{
	const json_t *service = parent_service(imp, ref, field), *port;
	const char *namespace = namespace_of(imp, ref);
	const char *name = object_get(ref, "name");
	bool taken = false;
	char *table;
	size_t i;

	if (!service)
		return;
	json_array_foreach(get2(service, "spec", "ports"), i, port) {
		if (get(ref, "port") &&
		    number(ref, "port") != number(port, "port"))
			continue;
		table = service_table(imp, namespace, name,
				      number(port, "port"));
		if (gateway_need_listeners(imp, table, service_addresses(service),
					   number(port, "port")))
			attach(imp, table, "*", routes);
		taken = true;
		free(table);
	}
	if (!taken)
		gateway_fail(imp, REASON_NO_MATCHING_PARENT, field,
			     "Service %s/%s has no such port", namespace, name);
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

void gateway_attach(struct import *imp)
{
	json_t *routes = imp->at->broken ? json_array() : gateway_routes(imp);
	json_t *parents = must(json_array()), *entry = gateway_entry(imp);
	const json_t *ref;
	size_t i;

	judge(imp, must(routes));
	json_object_clear(imp->attached);
	json_array_foreach(get2(imp->at->body, "spec", "parentRefs"), i, ref) {
		gateway_forget(imp, REASON_NO_MATCHING_PARENT,
			       REASON_PORT_UNAVAILABLE);
		if (!imp->at->broken)
			attach_to(imp, ref, i, routes);
		if (entry)
			json_array_append_new(parents, parent_entry(imp, ref));
	}
	if (entry)
		json_object_set(entry, "parents", parents);
	json_decref(parents);
	json_decref(routes);
	gateway_report_end(imp, entry);
}
