// SPDX-License-Identifier: GPL-2.0
#include "gateway_priv.h"

#include <stdlib.h>

#include "value.h"

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
char *gateway_table(const char *namespace, const char *name, json_int_t port)
{
	char *full = xasprintf("%s/%s:%lld", namespace, name, (long long)port);
	size_t most = L7MESH_NAME_MAX - ADDRESS_ROOM;
	char *table;

	if (strlen(full) <= most)
		return full;
	table = xasprintf("%.*s~%016llx:%lld", (int)most - 1 - 16 - 6, full,
			  (unsigned long long)fnv(full), (long long)port);
	free(full);
	return table;
}

static bool need_listener(struct import *imp, const char *name,
			  const char *table, const char *address,
			  json_int_t port)
{
	const char *other;
	json_t *listener;

	if (get(imp->listeners, name))
		return true;
	json_object_foreach(imp->listeners, other, listener) {
		if (!is(listener, "address", address) ||
		    number(listener, "port") != port)
			continue;
		gateway_fail(imp, REASON_PORT_UNAVAILABLE, "spec",
			     "%s port %lld is taken by %s", address,
			     (long long)port, other);
		return false;
	}
	listener = must(json_pack("{s:s, s:s, s:I, s:s, s:s}", "name", name,
				  "address", address, "port", port, "protocol",
				  "http", "route_table", table));
	json_object_set_new(imp->listeners, name, listener);
	return true;
}

/* Their names differ only if there are several. */
bool gateway_need_listeners(struct import *imp, const char *table,
			    const json_t *addresses, json_int_t port)
{
	const char *address;
	const json_t *item;
	bool good = true;
	char *name;
	size_t i;

	json_array_foreach(addresses, i, item) {
		address = json_string_value(item);
		name = i ? xasprintf("%s@%s", table, address) : xstrdup(table);
		good &= need_listener(imp, name, table, address, port);
		free(name);
	}
	if (good && !get(imp->tables, table))
		json_object_set_new(imp->tables, table, must(json_object()));
	return good;
}

/* ---- hostnames ---- */

/* Does "*.a.b" cover @host, which may be such a one itself? */
static bool covers(const char *wildcard, const char *host)
{
	size_t len = strlen(wildcard) - 1, n = strlen(host);

	return wildcard[0] == '*' && n > len &&
	       !strcmp(host + n - len, wildcard + 1);
}

const char *gateway_common_host(const char *a, const char *b)
{
	if (!*a || !strcmp(a, b) || covers(a, b))
		return b;
	return !*b || covers(b, a) ? a : NULL;
}

/* Two listeners that nothing tells apart are neither of them there. */
static bool is_distinct(const json_t *gateway, const json_t *listener)
{
	const json_t *other;
	size_t i;

	json_array_foreach(get2(gateway, "spec", "listeners"), i, other)
		if (other != listener && !manifest_wrong(other) &&
		    number(other, "port") == number(listener, "port") &&
		    is(other, "hostname", object_get(listener, "hostname")))
			return false;
	return true;
}

bool gateway_listener_is_good(const json_t *gateway, const json_t *listener)
{
	return !manifest_wrong(listener) && is_distinct(gateway, listener);
}

const json_t *gateway_owner(const json_t *gateway, json_int_t port,
			    const char *host)
{
	const json_t *listener, *best = NULL;
	const char *name;
	size_t i;

	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		name = object_get(listener, "hostname");
		if (!gateway_listener_is_good(gateway, listener) ||
		    number(listener, "port") != port ||
		    (*name && strcmp(name, host) && !covers(name, host)))
			continue;
		if (!best || strlen(name) > strlen(object_get(best, "hostname")))
			best = listener;
	}
	return best;
}

/* ---- Gateways ---- */

/* IP addresses of a list of Gateway's; others are complained about if @wanted. */
static json_t *ip_addresses(struct import *imp, const json_t *list, bool wanted)
{
	json_t *addresses = must(json_array());
	const char *value;
	const json_t *item;
	struct address a;
	size_t i;

	json_array_foreach(list, i, item) {
		value = object_get(item, "value");
		if (is(item, "type", "IPAddress") && address_parse(value, &a))
			json_array_append_new(addresses,
					      address_json(a.bytes, a.len));
		else if (wanted && *value)
			gateway_fail(imp, REASON_UNSUPPORTED_ADDRESS,
				     "spec.addresses", "\"%s\" is not an IPv4 "
				     "or IPv6 address", value);
	}
	return addresses;
}

/* Those that are asked for, else those that it was given. */
static json_t *addresses_of(struct import *imp)
{
	const json_t *gateway = imp->at->body;
	json_t *addresses;

	addresses = ip_addresses(imp, get2(gateway, "spec", "addresses"), true);
	if (json_array_size(addresses))
		return addresses;
	json_decref(addresses);
	return ip_addresses(imp, get2(gateway, "status", "addresses"), false);
}

static void need_gateway_listener(struct import *imp, const json_t *listener,
				  const json_t *addresses)
{
	const json_t *gateway = imp->at->body;
	const char *hostname = object_get(listener, "hostname");
	json_int_t port = number(listener, "port");
	char *table;

	if (manifest_wrong(listener))
		return;
	if (!is_distinct(gateway, listener)) {
		gateway_fail(imp, REASON_HOSTNAME_CONFLICT, "spec.listeners",
			     "two listeners have port %lld and %s%s",
			     (long long)port, *hostname ? "hostname " :
			     "no hostname", hostname);
		return;
	}
	table = gateway_table(manifest_namespace(gateway),
			      manifest_name(gateway), port);
	gateway_need_listeners(imp, table, addresses, port);
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
		    gateway_listener_is_good(gateway, listener))
			json_object_set_new(hosts, hostname, must(json_array()));
		free(table);
	}
}

static void import_listeners(struct import *imp, const json_t *addresses,
			     json_t *entries)
{
	const json_t *gateway = imp->at->body, *listener;
	json_t *entry;
	char *prefix;
	size_t i;

	json_array_foreach(get2(gateway, "spec", "listeners"), i, listener) {
		gateway_forget(imp, 0, REASONS - 1);
		prefix = xasprintf("spec.listeners[%zu]", i);
		gateway_note_read(imp, REASON_INVALID, prefix);
		free(prefix);
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
	json_t *addresses = addresses_of(imp), *entry = gateway_entry(imp);
	json_t *entries = must(json_array());

	if (!json_array_size(addresses))
		gateway_fail(imp, REASON_ADDRESS_NOT_ASSIGNED, "spec.addresses",
			     "an address is needed, here or in status.addresses");
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
