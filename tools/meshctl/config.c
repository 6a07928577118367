// SPDX-License-Identifier: GPL-2.0
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "value.h"

void config_add(struct config *config, enum l7mesh_kind kind, json_t *body,
		struct mark mark)
{
	if (config->count == config->room) {
		config->room = config->room ? config->room * 2 : 64;
		config->objects = xrealloc(config->objects,
					   config->room *
					   sizeof(config->objects[0]));
	}
	config->objects[config->count++] =
		(struct object){ .kind = kind, .body = body, .mark = mark };
}

void config_free(struct config *config)
{
	size_t i;

	for (i = 0; i < config->count; i++)
		json_decref(config->objects[i].body);
	free(config->objects);
	*config = (struct config){ 0 };
}

const char *object_get(const json_t *body, const char *name)
{
	const char *s = json_string_value(json_object_get(body, name));

	return s ? s : "";
}

static char *endpoint_key(const json_t *body)
{
	char *socket = socket_text(body), *key;

	key = xasprintf("%s %s", object_get(body, "cluster"), socket);
	free(socket);
	return key;
}

static char *route_key(const json_t *body)
{
	const json_t *index = json_object_get(body, "index");

	if (!index)
		return xasprintf("%s/%s", object_get(body, "route_table"),
				 object_get(body, "virtual_host"));
	return xasprintf("%s/%s %" JSON_INTEGER_FORMAT,
			 object_get(body, "route_table"), object_get(body, "virtual_host"),
			 json_integer_value(index));
}

char *object_key(enum l7mesh_kind kind, const json_t *body)
{
	if (kind == L7MESH_KIND_ENDPOINT)
		return endpoint_key(body);
	if (kind == L7MESH_KIND_ROUTE)
		return route_key(body);
	if (kind == L7MESH_KIND_VIRTUAL_HOST)
		return xasprintf("%s/%s", object_get(body, "route_table"),
				 object_get(body, "name"));
	return xstrdup(object_get(body, "name"));
}

char *object_label(enum l7mesh_kind kind, const json_t *body)
{
	char *key = object_key(kind, body), *label;

	label = xasprintf("%s%s%s", schema_of(kind)->name, *key ? " " : "", key);
	free(key);
	return label;
}

/* The objects that children are put into, by label; and what is left out. */
struct tree {
	json_t *parents;	/* label: the object, borrowed from the tree */
	bool defaults;
};

/* The label of an object's parent; NULL for top-level kinds. */
static char *parent_label(const struct object *o)
{
	if (o->kind == L7MESH_KIND_ENDPOINT)
		return xasprintf("cluster %s", object_get(o->body, "cluster"));
	if (o->kind == L7MESH_KIND_VIRTUAL_HOST)
		return xasprintf("route_table %s", object_get(o->body, "route_table"));
	if (o->kind == L7MESH_KIND_ROUTE)
		return xasprintf("virtual_host %s/%s",
				 object_get(o->body, "route_table"),
				 object_get(o->body, "virtual_host"));
	return NULL;
}

/* The key under which a parent, or the file, lists objects of a kind. */
static const char *list_name(enum l7mesh_kind kind)
{
	static const char *const names[] = {
		[L7MESH_KIND_CLUSTER] = "clusters",
		[L7MESH_KIND_ENDPOINT] = "endpoints",
		[L7MESH_KIND_LISTENER] = "listeners",
		[L7MESH_KIND_ROUTE_TABLE] = "route_tables",
		[L7MESH_KIND_VIRTUAL_HOST] = "virtual_hosts",
		[L7MESH_KIND_ROUTE] = "routes",
		[L7MESH_KIND_SPLICE] = "splice",
		[L7MESH_KIND_WORKLOAD] = "workloads",
		[L7MESH_KIND_AUTHORIZATION] = "authorization",
	};

	return names[kind];
}

static void drop_parents(const struct schema *schema, json_t *body)
{
	size_t i;

	for (i = 0; i < schema->nfields; i++)
		if (schema->fields[i].flags & FIELD_PARENT)
			json_object_del(body, schema->fields[i].name);
}

/* A copy of an object as it stands in the tree, known as a parent from now on. */
static json_t *tree_copy(struct tree *tree, const struct object *o, bool top)
{
	const struct schema *schema = schema_of(o->kind);
	json_t *copy = must(json_deep_copy(o->body));
	char *label;

	if (!top)
		drop_parents(schema, copy);
	if (!tree->defaults)
		schema_strip(schema, copy);
	if (o->kind == L7MESH_KIND_CLUSTER ||
	    o->kind == L7MESH_KIND_ROUTE_TABLE ||
	    o->kind == L7MESH_KIND_VIRTUAL_HOST) {
		label = object_label(o->kind, o->body);
		json_object_set(tree->parents, label, copy);
		free(label);
	}
	return copy;
}

/* The list that an object belongs to; NULL if its parent is not in the tree. */
static json_t *tree_list(struct tree *tree, json_t *root,
			 const struct object *o)
{
	char *label = parent_label(o);
	json_t *parent = label ? json_object_get(tree->parents, label) : root;
	json_t *list;

	free(label);
	if (!parent)
		return NULL;
	list = json_object_get(parent, list_name(o->kind));
	if (!list) {
		list = must(json_array());
		json_object_set_new(parent, list_name(o->kind), list);
	}
	return list;
}

static void tree_add(struct tree *tree, json_t *root, const struct object *o)
{
	json_t *list;

	if (o->kind == L7MESH_KIND_SPLICE) {
		json_object_set_new(root, list_name(o->kind),
				    tree_copy(tree, o, false));
		return;
	}
	list = tree_list(tree, root, o);
	if (list)
		json_array_append_new(list, tree_copy(tree, o, false));
}

json_t *config_tree(const struct config *config, bool defaults)
{
	struct tree tree = { .parents = must(json_object()),
			     .defaults = defaults };
	json_t *root = must(json_object());
	size_t i;

	for (i = 0; i < config->count; i++)
		tree_add(&tree, root, &config->objects[i]);
	json_decref(tree.parents);
	return root;
}

json_t *config_list(const struct config *config, enum l7mesh_kind kind,
		    object_filter wanted, const void *arg)
{
	struct tree tree = { .parents = must(json_object()), .defaults = true };
	json_t *top = must(json_array()), *list;
	const struct object *o;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		if (o->kind == kind && wanted(o, arg)) {
			json_array_append_new(top, tree_copy(&tree, o, true));
			continue;
		}
		/* Children of what is listed. */
		list = o->kind == kind ? NULL : tree_list(&tree, NULL, o);
		if (list)
			json_array_append_new(list, tree_copy(&tree, o, false));
	}
	json_decref(tree.parents);
	return top;
}
