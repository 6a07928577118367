// SPDX-License-Identifier: GPL-2.0
#include "bound.h"

#include "dump.h"
#include "tree.h"
#include "util.h"

/* Of workloads, by name. */
static json_t *netns_of(const struct config *config)
{
	json_t *known = must(json_object());
	const struct object *o;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		if (o->kind == L7MESH_KIND_WORKLOAD)
			copy(known, object_get(o->body, "name"), o->body,
			     "netns");
	}
	return known;
}

static bool is_open(const struct object *o)
{
	return o->kind == L7MESH_KIND_WORKLOAD && !get(o->body, "netns");
}

/* As dumps have it that is nowhere here. */
static bool is_nowhere(const struct object *o)
{
	return o->kind == L7MESH_KIND_WORKLOAD && get(o->body, "netns") &&
	       !number(o->body, "netns");
}

/* A body with the field where messages and dumps have it; NULL: without it. */
static json_t *with_netns(const json_t *body, json_t *netns)
{
	const struct schema *schema = schema_of(L7MESH_KIND_WORKLOAD);
	json_t *whole = must(json_object());
	const char *name;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		name = schema->fields[i].name;
		if (strcmp(name, "netns"))
			copy(whole, name, body, name);
		else if (netns)
			json_object_set(whole, name, netns);
	}
	return whole;
}

void bound_keep(const struct config *file, const struct config *current,
		struct config *to)
{
	json_t *known = netns_of(current), *netns, *body;
	const struct object *o;
	size_t i;

	*to = (struct config){ 0 };
	for (i = 0; i < file->count; i++) {
		o = &file->objects[i];
		netns = is_open(o) ? get(known, object_get(o->body, "name")) :
				     NULL;
		body = netns || is_nowhere(o) ? with_netns(o->body, netns) :
						json_incref(o->body);
		config_add(to, o->kind, body, o->mark);
	}
	json_decref(known);
}

int bound_fill(struct nl *nl, const struct config *file, struct config *to)
{
	struct config current = { 0 };
	int status = STATUS_OK;
	size_t i;

	*to = (struct config){ 0 };
	for (i = 0; i < file->count && !is_open(&file->objects[i]);)
		i++;
	if (i < file->count)
		status = dump_kind(nl, L7MESH_KIND_WORKLOAD, &current);
	if (!status)
		bound_keep(file, &current, to);
	config_free(&current);
	return status;
}
