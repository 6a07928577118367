// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdio.h>
#include <stdlib.h>

/* "@" and an address of a table's name, which names a listener. */
#define ADDRESS_ROOM	(1 + 39)

static uint64_t fnv(const char *s)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3;
	return hash;
}

/* A manifest's name has up to 253 characters, its namespace 63. */
char *gateway_name(const char *namespace, const char *name, const char *end)
{
	char *full = xasprintf("%s/%s%s", namespace, name, end), *fit;
	size_t most = L7MESH_NAME_MAX - ADDRESS_ROOM;

	if (strlen(full) <= most)
		return full;
	fit = xasprintf("%.*s~%016llx%s", (int)most - 1 - 16 - GATEWAY_END_MAX,
			full, (unsigned long long)fnv(full), end);
	free(full);
	return fit;
}

char *gateway_table(const char *namespace, const char *name, json_int_t port)
{
	char end[GATEWAY_END_MAX + 1];

	snprintf(end, sizeof(end), ":%u", (uint16_t)port);
	return gateway_name(namespace, name, end);
}

/* ---- protocols ---- */

static const char *const protocols[] = { "http", "tls", "tcp" };

const char *gateway_protocol(enum manifest_kind routes)
{
	return protocols[routes - MANIFEST_HTTP_ROUTE];
}

/* Its protocol has the name of the mesh's, but in capitals. */
enum manifest_kind gateway_routes_of(const json_t *listener)
{
	enum manifest_kind routes = MANIFEST_HTTP_ROUTE;

	while (routes < MANIFEST_TCP_ROUTE &&
	       strcasecmp(gateway_protocol(routes),
			  object_get(listener, "protocol")))
		routes++;
	return routes;
}

static bool need_listener(struct import *imp, const char *owner, const char *name,
			  const char *table, const char *address,
			  json_int_t port)
{
	const char *other = gateway_claim(imp, address, port, owner);

	if (strcmp(other, owner)) {
		gateway_fail(imp, REASON_PORT_UNAVAILABLE, "spec",
			     "%s port %lld is taken by %s", address,
			     (long long)port, other);
		return false;
	}
	if (!get(imp->listeners, name))
		json_object_set_new(imp->listeners, name,
				    must(json_pack("{s:s, s:s, s:I, s:s, s:s}",
						   "name", name, "address", address,
						   "port", port, "protocol",
						   object_get(imp->protocols, table),
						   "route_table", table)));
	return true;
}

/* Their names differ only if there are several. Routes may be those of none. */
bool gateway_need_listeners(struct import *imp, const char *owner,
			    const char *table, enum manifest_kind routes,
			    const json_t *addresses, json_int_t port)
{
	const char *protocol = gateway_protocol(routes), *address;
	const json_t *item;
	bool any = !json_array_size(addresses);
	char *name;
	size_t i;

	/* GEP-1294: routes of one kind have a Service's port. */
	if (get(imp->tables, table) && !is(imp->protocols, table, protocol)) {
		gateway_fail(imp, REASON_PARTLY_CONFLICTED, "spec",
			     "%s has routes for %s", table,
			     object_get(imp->protocols, table));
		return false;
	}
	set_text(imp->protocols, table, protocol);
	json_array_foreach(addresses, i, item) {
		address = json_string_value(item);
		name = i ? xasprintf("%s@%s", table, address) : xstrdup(table);
		any |= need_listener(imp, owner, name, table, address, port);
		free(name);
	}
	if (any && !get(imp->tables, table))
		json_object_set_new(imp->tables, table, must(json_object()));
	return any;
}

/* ---- what tells listeners apart ---- */

/* Two listeners that nothing tells apart are neither of them there: null. */
static void note_listener(json_t *index, const json_t *listener, size_t i)
{
	char *key = xasprintf("%lld %s", (long long)number(listener, "port"),
			      object_get(listener, "hostname"));

	json_object_set_new(index, key, get(index, key) ? json_null() :
							  must(json_integer(i)));
	free(key);
}

static void note_section(json_t *index, const json_t *listener, size_t i)
{
	char *key = xasprintf("name %s", object_get(listener, "name"));
	json_t *list = get(index, key);

	if (!list) {
		list = must(json_array());
		json_object_set_new(index, key, list);
	}
	json_array_append_new(list, must(json_integer(i)));
	free(key);
}

static char *protocol_key(const json_t *listener)
{
	return xasprintf("protocol %lld", (long long)number(listener, "port"));
}

/* A port of several protocols has none: null. */
static void note_protocol(json_t *index, const json_t *listener)
{
	char *key = protocol_key(listener);

	if (!get(index, key))
		copy(index, key, listener, "protocol");
	else if (!is(index, key, object_get(listener, "protocol")))
		json_object_set_new(index, key, json_null());
	free(key);
}

/*
 * A Gateway's listeners that nothing is wrong with: by port and hostname, and by name;
 * and the protocols of ports.
 */
static const json_t *index_of(struct import *imp, const json_t *gateway)
{
	const json_t *listener;
	json_t *index;
	char key[32];
	size_t i;

	snprintf(key, sizeof(key), "%p", (const void *)gateway);
	index = get(imp->hostnames, key);
	if (index)
		return index;
	index = must(json_object());
	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		if (manifest_wrong(listener))
			continue;
		note_listener(index, listener, i);
		note_section(index, listener, i);
		note_protocol(index, listener);
	}
	json_object_set_new(imp->hostnames, key, index);
	return index;
}

const json_t *gateway_section(struct import *imp, const json_t *gateway,
			      const char *name)
{
	char *key = xasprintf("name %s", name);
	const json_t *list = get(index_of(imp, gateway), key);

	free(key);
	return list;
}

/* The position of the listener whose hostname is @start and @rest; NULL if there is none. */
static json_t *find(const json_t *index, json_int_t port, const char *start,
		    const char *rest)
{
	char *key = xasprintf("%lld %s%s", (long long)port, start, rest);
	json_t *position = get(index, key);

	free(key);
	return json_is_integer(position) ? position : NULL;
}

static const json_t *position_of(struct import *imp, const json_t *gateway,
				 const json_t *listener)
{
	return find(index_of(imp, gateway), number(listener, "port"), "",
		    object_get(listener, "hostname"));
}

static bool has_port(struct import *imp, const json_t *gateway,
		     const json_t *listener)
{
	char *key = protocol_key(listener);
	bool has = is(index_of(imp, gateway), key,
		      object_get(listener, "protocol"));

	free(key);
	return has;
}

bool gateway_listener_is_good(struct import *imp, const json_t *gateway,
			      const json_t *listener)
{
	const json_t *position = position_of(imp, gateway, listener);

	return !manifest_wrong(listener) && has_port(imp, gateway, listener) &&
	       position && json_array_get(get2(gateway, "spec", "listeners"),
			      json_integer_value(position)) == listener;
}

/* ".b.c" of "a.b.c", then ".c"; NULL: no more. */
static const char *next_parent(const char *host)
{
	return *host ? strchr(host + 1, '.') : NULL;
}

static void append_found(json_t *list, json_t *position)
{
	if (position)
		json_array_append(list, position);
}

json_t *gateway_covering(struct import *imp, const json_t *gateway,
			 json_int_t port, const char *host)
{
	const json_t *index = index_of(imp, gateway);
	json_t *list = must(json_array());
	const char *rest = host;

	if (*host)
		append_found(list, find(index, port, "", host));
	for (rest = next_parent(rest); rest; rest = next_parent(rest))
		if (host[0] != '*' || rest > host + 1)
			append_found(list, find(index, port, "*", rest));
	append_found(list, find(index, port, "", ""));
	return list;
}

bool gateway_is_beneath(const json_t *wildcards, const char *host)
{
	const char *rest;
	bool found;
	char *key;

	for (rest = next_parent(host); rest; rest = next_parent(rest)) {
		key = xasprintf("*%s", rest);
		found = get(wildcards, key);
		free(key);
		if (found)
			return true;
	}
	return false;
}

/* ---- Gateways ---- */

/* What the listener and another cannot both have. */
static void complain_of_conflict(struct import *imp, const json_t *listener)
{
	const char *hostname = object_get(listener, "hostname");
	long long port = number(listener, "port");

	if (!has_port(imp, imp->at->body, listener))
		gateway_fail(imp, REASON_PROTOCOL_CONFLICT, "spec.listeners",
			     "listeners of several protocols have port %lld",
			     port);
	else
		gateway_fail(imp, REASON_HOSTNAME_CONFLICT, "spec.listeners",
			     "two listeners have port %lld and %s%s", port,
			     *hostname ? "hostname " : "no hostname", hostname);
}

static void need_gateway_listener(struct import *imp, const json_t *listener,
				  const json_t *addresses)
{
	const json_t *gateway = imp->at->body;
	json_int_t port = number(listener, "port");
	char *table, *owner;

	if (manifest_wrong(listener))
		return;
	if (!gateway_listener_is_good(imp, gateway, listener)) {
		complain_of_conflict(imp, listener);
		return;
	}
	table = gateway_table(manifest_namespace(gateway),
			      manifest_name(gateway), port);
	owner = manifest_label(imp->at);
	gateway_need_listeners(imp, owner, table, gateway_routes_of(listener),
			       addresses, port);
	free(owner);
	free(table);
}

static json_t *listener_entry(struct import *imp, const json_t *listener)
{
	static const char *const types[] = { "Accepted", "Conflicted", NULL };

	if (!imp->report)
		return NULL;
	return must(json_pack("{s:s, s:o}", "name", object_get(listener, "name"),
			      "conditions", gateway_conditions(imp, types)));
}

/*
 * A listener's hostname is its own, even if no route is attached to it: what is asked
 * for there is not answered by another listener's routes.
 */
static void own_hostnames(struct import *imp)
{
	const json_t *gateway = imp->at->body, *listener;
	const char *hostname;
	json_t *hosts;
	char *table;
	size_t i;

	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		table = gateway_table(manifest_namespace(gateway),
				      manifest_name(gateway),
				      number(listener, "port"));
		hosts = get(imp->tables, table);
		hostname = object_get(listener, "hostname");
		if (hosts && *hostname &&
		    gateway_listener_is_good(imp, gateway, listener))
			json_object_set_new(hosts, hostname, must(json_array()));
		free(table);
	}
}

static void import_listeners(struct import *imp, const json_t *addresses,
			     json_t *entries)
{
	const json_t *gateway = imp->at->body, *listener;
	json_t *entry;
	size_t i;

	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		gateway_forget(imp, 0, REASONS - 1);
		gateway_note_item(imp, REASON_INVALID, "spec.listeners", i);
		need_gateway_listener(imp, listener, addresses);
		entry = listener_entry(imp, listener);
		if (entry)
			json_array_append_new(entries, entry);
	}
	own_hostnames(imp);
}

void gateway_listeners(struct import *imp)
{
	static const char *const types[] = { "Accepted", "Programmed", NULL };
	json_t *addresses = gateway_addresses(imp), *entry = gateway_entry(imp);
	json_t *entries = must(json_array());

	if (entry)
		json_object_set_new(entry, "conditions",
				    gateway_conditions(imp, types));
	if (!imp->at->broken)
		import_listeners(imp, addresses, entries);
	if (entry)
		json_object_set(entry, "listeners", entries);
	json_decref(entries);
	json_decref(addresses);
	gateway_report_end(imp, entry);
}
