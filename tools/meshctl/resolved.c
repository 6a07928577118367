// SPDX-License-Identifier: GPL-2.0
#include "resolved.h"

#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "util.h"
#include "value.h"

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

/* Where a configuration's clusters are, by name. */
static json_t *positions_of(const struct config *config)
{
	json_t *positions = must(json_object());
	size_t i;

	for (i = 0; i < config->count; i++)
		if (config->objects[i].kind == L7MESH_KIND_CLUSTER)
			set_number(positions,
				   object_get(config->objects[i].body, "name"), i);
	return positions;
}

/* Where the same cluster, with the same name, is in a configuration; or its end. */
static size_t find(const struct config *config, const json_t *positions,
		   const json_t *cluster)
{
	const char *name = object_get(cluster, "name");
	size_t i = number(positions, name);

	return get(positions, name) && json_equal(get(config->objects[i].body, "dns"),
						  get(cluster, "dns")) ?
	       i : config->count;
}

json_t *resolved_endpoints(const struct config *config, size_t at)
{
	json_t *set = must(json_object());
	char *key;

	while (++at < config->count &&
	       config->objects[at].kind == L7MESH_KIND_ENDPOINT) {
		key = socket_text(config->objects[at].body);
		json_object_set(set, key, config->objects[at].body);
		free(key);
	}
	return set;
}

/* One that is there, where the cluster is @at, is as it is there. */
static void add_endpoints(struct config *to, const struct object *cluster,
			  const struct name *name, const struct config *current,
			  size_t at)
{
	const struct schema *schema = schema_of(L7MESH_KIND_ENDPOINT);
	json_t *there = resolved_endpoints(current, at), *body;
	const json_t *address;
	char *key;
	size_t i;

	json_array_foreach(name->addresses, i, address) {
		body = resolved_endpoint(name, json_string_value(address));
		key = socket_text(body);
		if (get(there, key)) {
			json_decref(body);
			body = json_incref(get(there, key));
		}
		free(key);
		schema_fill(schema, body);
		config_add(to, L7MESH_KIND_ENDPOINT, body, cluster->mark);
	}
	json_decref(there);
}

static void fill(struct config *config, struct names *names,
		 const struct config *current)
{
	json_t *positions = positions_of(current);
	struct config to = { 0 };
	const struct object *o;
	struct name *name;
	char *trouble;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		keep(&to, o);
		if (o->kind != L7MESH_KIND_CLUSTER || !resolved_is(o->body))
			continue;
		name = names_add(names, object_get(o->body, "name"),
				 get(o->body, "dns"), NULL);
		add_endpoints(&to, o, name, current,
			      find(current, positions, o->body));
		trouble = names_trouble(name);
		if (trouble)
			complain("cluster %s: %s: %s", name->cluster,
				 object_get(name->dns, "name"), trouble);
		free(trouble);
	}
	json_decref(positions);
	config_free(config);
	*config = to;
}

static void add_names(struct names *names, const struct config *config,
		      const struct config *current)
{
	json_t *positions = positions_of(current), *addresses;
	const json_t *body;
	size_t i;

	for (i = 0; i < config->count; i++) {
		body = config->objects[i].body;
		if (config->objects[i].kind != L7MESH_KIND_CLUSTER ||
		    !resolved_is(body))
			continue;
		addresses = resolved_addresses(current,
					       find(current, positions, body));
		names_add(names, object_get(body, "name"), get(body, "dns"),
			  addresses);
		json_decref(addresses);
	}
	json_decref(positions);
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
