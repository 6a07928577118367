// SPDX-License-Identifier: GPL-2.0
#include "resolved.h"

#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "util.h"

bool resolved_is(const json_t *cluster)
{
	return json_object_size(get(cluster, "dns"));
}

json_t *resolved_addresses(const struct config *config, size_t at)
{
	json_t *list = must(json_array()), *body;
	json_int_t port = 0;

	if (at < config->count)
		port = number(get(config->objects[at].body, "dns"), "port");
	while (++at < config->count &&
	       config->objects[at].kind == L7MESH_KIND_ENDPOINT) {
		body = config->objects[at].body;
		if (number(body, "port") == port)
			json_array_append(list, get(body, "address"));
	}
	return list;
}

json_t *resolved_endpoint(const struct name *name, const char *address)
{
	return must(json_pack("{s:s, s:s, s:O}", "cluster", name->cluster,
			      "address", address, "port",
			      get(name->dns, "port")));
}

static void keep(struct config *to, const struct object *o)
{
	config_add(to, o->kind, json_incref(o->body), o->mark);
}

/* Where the same cluster, with the same name, is in a configuration; or its end. */
static size_t find(const struct config *config, const json_t *cluster)
{
	const struct object *o;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		if (o->kind == L7MESH_KIND_CLUSTER &&
		    is(o->body, "name", object_get(cluster, "name")))
			break;
	}
	return i < config->count && json_equal(get(config->objects[i].body, "dns"),
					       get(cluster, "dns")) ?
	       i : config->count;
}

/* The same endpoint of a cluster, @at; NULL if there is none. */
static const struct object *find_endpoint(const struct config *config, size_t at,
					  const json_t *body)
{
	const struct object *o;

	while (++at < config->count &&
	       config->objects[at].kind == L7MESH_KIND_ENDPOINT) {
		o = &config->objects[at];
		if (is(o->body, "address", object_get(body, "address")) &&
		    number(o->body, "port") == number(body, "port"))
			return o;
	}
	return NULL;
}

static void add_endpoints(struct config *to, const struct object *cluster,
			  const struct name *name, const struct config *current)
{
	const struct schema *schema = schema_of(L7MESH_KIND_ENDPOINT);
	size_t at = find(current, cluster->body), i;
	const struct object *there;
	const json_t *address;
	json_t *body;

	json_array_foreach(name->addresses, i, address) {
		body = resolved_endpoint(name, json_string_value(address));
		there = find_endpoint(current, at, body);
		if (there) {
			json_decref(body);
			body = json_incref(there->body);
		}
		schema_fill(schema, body);
		config_add(to, L7MESH_KIND_ENDPOINT, body, cluster->mark);
	}
}

static void fill(struct config *config, struct names *names,
		 const struct config *current)
{
	struct config to = { 0 };
	const struct object *o;
	struct name *name;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		keep(&to, o);
		if (o->kind != L7MESH_KIND_CLUSTER || !resolved_is(o->body))
			continue;
		name = names_add(names, object_get(o->body, "name"),
				 get(o->body, "dns"), NULL);
		add_endpoints(&to, o, name, current);
		if (names_error(name))
			complain("cluster %s: %s: %s", name->cluster,
				 object_get(name->dns, "name"),
				 names_error(name));
	}
	config_free(config);
	*config = to;
}

static void add_names(struct names *names, const struct config *config,
		      const struct config *current)
{
	const json_t *body;
	json_t *addresses;
	size_t i;

	for (i = 0; i < config->count; i++) {
		body = config->objects[i].body;
		if (config->objects[i].kind != L7MESH_KIND_CLUSTER ||
		    !resolved_is(body))
			continue;
		addresses = resolved_addresses(current, find(current, body));
		names_add(names, object_get(body, "name"), get(body, "dns"),
			  addresses);
		json_decref(addresses);
	}
}

static bool has_names(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->count; i++)
		if (config->objects[i].kind == L7MESH_KIND_CLUSTER &&
		    resolved_is(config->objects[i].body))
			return true;
	return false;
}

int resolved_fill(struct nl *nl, struct config *config)
{
	struct config current;
	struct names names;
	int status;

	if (!has_names(config))
		return STATUS_OK;
	status = dump_config(nl, &current);
	if (status)
		return status;
	names_init(&names);
	add_names(&names, config, &current);
	names_ask_all(&names);
	fill(config, &names, &current);
	names_free(&names);
	config_free(&current);
	return STATUS_OK;
}

void resolved_drop(struct config *config)
{
	struct config to = { 0 };
	bool resolved = false;
	const struct object *o;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		if (o->kind == L7MESH_KIND_CLUSTER)
			resolved = resolved_is(o->body);
		if (o->kind != L7MESH_KIND_ENDPOINT || !resolved)
			keep(&to, o);
	}
	config_free(config);
	*config = to;
}
