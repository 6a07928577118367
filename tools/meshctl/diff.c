// SPDX-License-Identifier: GPL-2.0
#include "diff.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "bound.h"
#include "meshctl.h"
#include "resolved.h"
#include "util.h"
#include "words.h"

/* Where differences go. */
struct sink {
	json_t *list;		/* NULL: text on standard output */
	size_t count;
};

/* The routes of one virtual host, from one configuration. */
struct run {
	const struct object *first;
	size_t count;
};

static void print_change(const struct schema *schema, const json_t *old,
			 const json_t *new)
{
	char *label = object_label(schema->kind, new);
	const json_t *x, *y;
	size_t i;

	printf("~ %s", label);
	free(label);
	for (i = 0; i < schema->nfields; i++) {
		x = json_object_get(old, schema->fields[i].name);
		y = json_object_get(new, schema->fields[i].name);
		if (schema->fields[i].flags & FIELD_KEY ||
		    (x ? y && json_equal(x, y) : !y))
			continue;
		words_print_field(stdout, &schema->fields[i], x);
		fputs(" ->", stdout);
		words_print_field(stdout, &schema->fields[i], y);
		if (!y)
			printf(" no %s", schema->fields[i].name);
	}
	putchar('\n');
}

static void print_whole(char sign, const struct schema *schema,
			const json_t *body)
{
	printf("%c ", sign);
	words_print(stdout, schema, body, false);
	putchar('\n');
}

static void list_change(json_t *list, const struct schema *schema,
			json_t *old, json_t *new)
{
	json_t *entry;

	entry = must(json_pack("{s:s, s:s}", "change",
			       !old ? "add" : !new ? "del" : "set", "kind",
			       schema->name));
	if (old)
		json_object_set(entry, "old", old);
	if (new)
		json_object_set(entry, "new", new);
	json_array_append_new(list, entry);
}

/* One difference: @old NULL if new, @new NULL if gone. */
static void put(struct sink *sink, const struct object *old,
		const struct object *new)
{
	const struct schema *schema;

	assert(old || new);
	schema = schema_of(old ? old->kind : new->kind);
	sink->count++;
	if (sink->list)
		list_change(sink->list, schema, old ? old->body : NULL,
			    new ? new->body : NULL);
	else if (old && new)
		print_change(schema, old->body, new->body);
	else
		print_whole(old ? '-' : '+', schema, old ? old->body :
							   new->body);
}

/* Objects by label; of routes, the first of each virtual host. */
static json_t *index_of(const struct config *config)
{
	json_t *index = must(json_object());
	const struct object *o;
	char *label;
	size_t i;

	for (i = 0; i < config->count; i++) {
		o = &config->objects[i];
		if (o->kind == L7MESH_KIND_ROUTE)
			continue;
		label = object_label(o->kind, o->body);
		json_object_set_new(index, label, must(json_integer(i)));
		free(label);
	}
	return index;
}

static const struct object *lookup(const struct config *config,
				   const json_t *index, const struct object *o)
{
	char *label = object_label(o->kind, o->body);
	const json_t *at = json_object_get(index, label);

	free(label);
	return at ? &config->objects[json_integer_value(at)] : NULL;
}

/* The routes that follow a virtual host. */
static struct run routes_of(const struct config *config,
			    const struct object *host)
{
	struct run run = { host ? host + 1 : NULL, 0 };
	const struct object *end = config->objects + config->count;

	while (host && run.first + run.count < end &&
	       run.first[run.count].kind == L7MESH_KIND_ROUTE)
		run.count++;
	return run;
}

/* But for their place. */
static bool same_route(const struct object *a, const struct object *b)
{
	const struct schema *schema = schema_of(L7MESH_KIND_ROUTE);
	const json_t *x, *y;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		if (schema->fields[i].flags & FIELD_KEY)
			continue;
		x = json_object_get(a->body, schema->fields[i].name);
		y = json_object_get(b->body, schema->fields[i].name);
		if (x ? !y || !json_equal(x, y) : !!y)
			return false;
	}
	return true;
}

static void drop_common(struct run *old, struct run *new)
{
	while (old->count && new->count && same_route(old->first, new->first)) {
		old->first++;
		new->first++;
		old->count--;
		new->count--;
	}
	while (old->count && new->count &&
	       same_route(&old->first[old->count - 1],
			  &new->first[new->count - 1])) {
		old->count--;
		new->count--;
	}
}

static void diff_routes(struct sink *sink, struct run old, struct run new)
{
	size_t common, i;

	drop_common(&old, &new);
	common = old.count < new.count ? old.count : new.count;
	for (i = 0; i < common; i++)
		if (!same_route(&old.first[i], &new.first[i]))
			put(sink, &old.first[i], &new.first[i]);
	for (i = common; i < old.count; i++)
		put(sink, &old.first[i], NULL);
	for (i = common; i < new.count; i++)
		put(sink, NULL, &new.first[i]);
}

static void diff_removed(struct sink *sink, const struct config *from,
			 const struct config *to, const json_t *index)
{
	const struct run none = { NULL, 0 };
	const struct object *o;
	size_t i;

	for (i = 0; i < from->count; i++) {
		o = &from->objects[i];
		if (o->kind == L7MESH_KIND_ROUTE || lookup(to, index, o))
			continue;
		put(sink, o, NULL);
		if (o->kind == L7MESH_KIND_VIRTUAL_HOST)
			diff_routes(sink, routes_of(from, o), none);
	}
}

static void diff_present(struct sink *sink, const struct config *from,
			 const struct config *to, const json_t *index)
{
	const struct object *old, *new;
	size_t i;

	for (i = 0; i < to->count; i++) {
		new = &to->objects[i];
		if (new->kind == L7MESH_KIND_ROUTE)
			continue;
		old = lookup(from, index, new);
		if (!old || !json_equal(old->body, new->body))
			put(sink, old, new);
		if (new->kind == L7MESH_KIND_VIRTUAL_HOST)
			diff_routes(sink, routes_of(from, old),
				    routes_of(to, new));
	}
}

size_t diff_print(const struct config *from, const struct config *to, bool json)
{
	struct sink sink = { .list = json ? must(json_array()) : NULL };
	json_t *index = index_of(to);

	diff_removed(&sink, from, to, index);
	json_decref(index);
	index = index_of(from);
	diff_present(&sink, from, to, index);
	json_decref(index);
	if (json)
		json_print(sink.list);
	return sink.count;
}

int cmd_diff(const struct ctl *ctl, int argc, char **argv)
{
	struct apply_options options;
	struct config from, to, bound;
	size_t count;
	int status;

	if (!apply_options(&options, argc, argv, true))
		return STATUS_USAGE;
	if (!load_file(options.file, &to))
		return STATUS_USAGE;
	status = dump_open(&from);
	if (!status) {
		resolved_drop(&from);
		bound_keep(&to, &from, &bound);
		count = diff_print(&from, &bound, ctl->json);
		if (count && options.exit_code)
			status = STATUS_DIFFERENT;
		config_free(&bound);
		config_free(&from);
	}
	config_free(&to);
	return status;
}
