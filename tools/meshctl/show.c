// SPDX-License-Identifier: GPL-2.0
/*
 * show: the configuration for people, and as JSON with every value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "maglev.h"
#include "meshctl.h"
#include "attached.h"
#include "splices.h"
#include "table.h"
#include "util.h"
#include "value.h"
#include "words.h"

/* The children of what @arg names are wanted with it. */
static bool is_child(const struct object *o, const char *arg)
{
	bool match;
	char *host;

	if (o->kind == L7MESH_KIND_ENDPOINT)
		return !strcmp(object_get(o->body, "cluster"), arg);
	if (o->kind != L7MESH_KIND_VIRTUAL_HOST && o->kind != L7MESH_KIND_ROUTE)
		return false;
	if (!strcmp(object_get(o->body, "route_table"), arg))
		return true;
	host = xasprintf("%s/%s", object_get(o->body, "route_table"),
			 object_get(o->body, "virtual_host"));
	match = !strcmp(host, arg);
	free(host);
	return match;
}

/* @arg is a key, "reviews 10.2.0.21:8080", or that of a parent; NULL is all. */
static bool is_wanted(const struct object *o, const void *arg)
{
	bool match;
	char *key;

	if (!arg)
		return true;
	key = object_key(o->kind, o->body);
	match = !strcmp(key, arg);
	free(key);
	return match || is_child(o, arg);
}

/* The text of one field, or "-". */
static char *cell(const json_t *body, const char *name)
{
	const json_t *value = json_object_get(body, name);

	return value ? value_text(value) : xstrdup("-");
}

/* The words of some fields: "path_prefix / method GET", or "-". */
static char *words_cell(const struct schema *schema, const json_t *body,
			const char *const *names)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		must(NULL);
	for (; *names; names++)
		words_print_field(out, schema_field(schema, *names),
				  json_object_get(body, *names));
	fclose(out);
	if (len)
		memmove(text, text + 1, len);
	else
		strcpy(text = xrealloc(text, 2), "-");
	return text;
}

/* The same without those that have their default. */
static char *changed_cell(const struct schema *schema, const json_t *body,
			  const char *const *names)
{
	json_t *copy = must(json_deep_copy(body));
	char *text;

	schema_strip(schema, copy);
	text = words_cell(schema, copy, names);
	json_decref(copy);
	return text;
}

static bool is_one_of(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

/* Of all fields that have a default, or may be nothing, and no column. */
static char *options_cell(const struct schema *schema, const json_t *body,
			  const char *const *columns)
{
	const char *names[SCHEMA_FIELDS_MAX + 1];
	const struct field *f;
	size_t i, n = 0;

	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if ((f->fallback || f->flags & (FIELD_EMPTY | FIELD_DEFAULTS)) &&
		    !is_one_of(columns, f->name))
			names[n++] = f->name;
	}
	names[n] = NULL;
	return changed_cell(schema, body, names);
}

static char *join_items(const json_t *list, char *(*text)(const json_t *))
{
	char *joined = xstrdup(""), *more, *one;
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		one = text(item);
		more = xasprintf("%s%s%s", joined, i ? " " : "", one);
		free(one);
		free(joined);
		joined = more;
	}
	if (*joined)
		return joined;
	free(joined);
	return xstrdup("-");
}

static void row_cluster(struct table *t, const json_t *body)
{
	static const char *const columns[] = { "name", "lb", "table_size", "hash",
					       "connect_timeout",
					       "response_timeout",
					       "idle_timeout", "max_idle", NULL };
	const char *const *name;

	for (name = columns; *name; name++)
		table_add(t, strcmp(*name, "hash") ? cell(body, *name) :
			  join_items(json_object_get(body, "hash"),
				     hash_policy_to_word));
	table_add(t, options_cell(schema_of(L7MESH_KIND_CLUSTER), body, columns));
}

static void row_endpoint(struct table *t, const json_t *body)
{
	table_add(t, cell(body, "cluster"));
	table_add(t, socket_text(body));
	table_add(t, cell(body, "weight"));
	table_add(t, cell(body, "priority"));
	table_add(t, cell(body, "locality"));
	table_add(t, cell(body, "metadata"));
}

static void row_listener(struct table *t, const json_t *body)
{
	static const char *const target[] = { "route_table", "cluster", "proxy",
					      NULL };
	static const char *const columns[] = { "port_end", "route_table", "cluster",
					       "proxy", NULL };
	const struct schema *schema = schema_of(L7MESH_KIND_LISTENER);

	table_add(t, cell(body, "name"));
	table_add(t, socket_text(body));
	table_add(t, cell(body, "protocol"));
	table_add(t, words_cell(schema, body, target));
	table_add(t, options_cell(schema, body, columns));
}

static void row_route_table(struct table *t, const json_t *body)
{
	table_add(t, cell(body, "name"));
}

static void row_virtual_host(struct table *t, const json_t *body)
{
	static const char *const columns[] = { "domains", NULL };

	table_add(t, object_key(L7MESH_KIND_VIRTUAL_HOST, body));
	table_add(t, join_items(json_object_get(body, "domains"), value_text));
	table_add(t, options_cell(schema_of(L7MESH_KIND_VIRTUAL_HOST), body,
				  columns));
}

static void row_route(struct table *t, const json_t *body)
{
	static const char *const match[] = { "match", NULL };
	static const char *const action[] = { "action", NULL };
	const struct schema *schema = schema_of(L7MESH_KIND_ROUTE);

	table_add(t, xasprintf("%s/%s", object_get(body, "route_table"),
			       object_get(body, "virtual_host")));
	table_add(t, cell(body, "index"));
	table_add(t, words_cell(schema, body, match));
	table_add(t, words_cell(schema, body, action));
	table_add(t, options_cell(schema, body, match));
}

static void row_splice(struct table *t, const json_t *body)
{
	table_add(t, cell(body, "policy"));
	table_add(t, join_items(json_object_get(body, "except"),
				splice_except_to_word));
	table_add(t, cell(body, "bypass_shaping"));
}

/* What it is by default is made of two other fields. */
static char *identity_cell(const json_t *body)
{
	const char *space = object_get(body, "namespace");
	const char *account = object_get(body, "service_account");

	if (json_object_get(body, "identity") || !*space || !*account)
		return cell(body, "identity");
	return xasprintf("spiffe://cluster.local/ns/%s/sa/%s", space, account);
}

static void row_workload(struct table *t, const json_t *body)
{
	static const char *const columns[] = { "name", "namespace", "identity",
					       "addresses", "netns", "labels",
					       "node", NULL };

	table_add(t, cell(body, "name"));
	table_add(t, cell(body, "namespace"));
	table_add(t, identity_cell(body));
	table_add(t, join_items(json_object_get(body, "addresses"), value_text));
	table_add(t, cell(body, "netns"));
	table_add(t, cell(body, "labels"));
	table_add(t, cell(body, "node"));
	table_add(t, options_cell(schema_of(L7MESH_KIND_WORKLOAD), body,
				  columns));
}

static void row_authorization(struct table *t, const json_t *body)
{
	static const char *const columns[] = { "name", "action", "namespace",
					       "selector", "rules", NULL };

	table_add(t, cell(body, "name"));
	table_add(t, cell(body, "action"));
	table_add(t, cell(body, "namespace"));
	table_add(t, cell(body, "selector"));
	table_add(t, xasprintf("%zu", json_array_size(json_object_get(body,
								      "rules"))));
	table_add(t, options_cell(schema_of(L7MESH_KIND_AUTHORIZATION), body,
				  columns));
}

/* How each kind is shown, in the order in which all are. */
static const struct view {
	enum l7mesh_kind kind;
	void (*row)(struct table *t, const json_t *body);
	const char *headings[TABLE_COLUMNS_MAX + 1];
} views[] = {
	{ L7MESH_KIND_LISTENER, row_listener,
	  { "LISTENER", "ADDRESS", "PROTOCOL", "TARGET", "OPTIONS" } },
	{ L7MESH_KIND_ROUTE_TABLE, row_route_table, { "ROUTE_TABLE" } },
	{ L7MESH_KIND_VIRTUAL_HOST, row_virtual_host,
	  { "VIRTUAL_HOST", "DOMAINS", "OPTIONS" } },
	{ L7MESH_KIND_ROUTE, row_route,
	  { "VIRTUAL_HOST", "INDEX", "MATCH", "ACTION", "OPTIONS" } },
	{ L7MESH_KIND_CLUSTER, row_cluster,
	  { "CLUSTER", "LB", "TABLE_SIZE", "HASH", "CONNECT", "RESPONSE",
	    "IDLE", "MAX_IDLE", "OPTIONS" } },
	{ L7MESH_KIND_ENDPOINT, row_endpoint,
	  { "CLUSTER", "ENDPOINT", "WEIGHT", "PRIORITY", "LOCALITY",
	    "METADATA" } },
	{ L7MESH_KIND_SPLICE, row_splice,
	  { "SPLICE", "EXCEPT", "BYPASS_SHAPING" } },
	{ L7MESH_KIND_WORKLOAD, row_workload,
	  { "WORKLOAD", "NAMESPACE", "IDENTITY", "ADDRESSES", "NETNS", "LABELS",
	    "NODE", "OPTIONS" } },
	{ L7MESH_KIND_AUTHORIZATION, row_authorization,
	  { "AUTHORIZATION", "ACTION", "NAMESPACE", "SELECTOR", "RULES",
	    "OPTIONS" } },
};

#define NVIEWS (sizeof(views) / sizeof(views[0]))

static void print_view(const struct config *config, const struct view *view,
		       const char *arg)
{
	struct table t;
	size_t i;

	table_init(&t, view->headings);
	for (i = 0; i < config->count; i++)
		if (config->objects[i].kind == view->kind &&
		    is_wanted(&config->objects[i], arg))
			view->row(&t, config->objects[i].body);
	table_print(&t);
}

/* Is a view part of what is shown: the kind itself, or what one object holds? */
static bool in_view(enum l7mesh_kind shown, enum l7mesh_kind kind,
		    const char *arg)
{
	if (shown == L7MESH_KIND_UNSPEC || shown == kind)
		return true;
	if (!arg)
		return false;
	if (shown == L7MESH_KIND_CLUSTER)
		return kind == L7MESH_KIND_ENDPOINT;
	if (shown == L7MESH_KIND_ROUTE_TABLE)
		return kind == L7MESH_KIND_VIRTUAL_HOST ||
		       kind == L7MESH_KIND_ROUTE;
	return shown == L7MESH_KIND_VIRTUAL_HOST && kind == L7MESH_KIND_ROUTE;
}

static void print_views(const struct config *config, enum l7mesh_kind kind,
			const char *arg)
{
	size_t i;

	for (i = 0; i < NVIEWS; i++)
		if (in_view(kind, views[i].kind, arg))
			print_view(config, &views[i], arg);
}

static bool is_there(const struct config *config, enum l7mesh_kind kind,
		     const char *arg)
{
	size_t i;

	for (i = 0; i < config->count; i++)
		if (config->objects[i].kind == kind &&
		    is_wanted(&config->objects[i], arg))
			return true;
	return false;
}

/* @schema NULL: all kinds. @arg NULL: all objects. */
static int show_config(const struct ctl *ctl, const struct schema *schema,
		       const char *arg)
{
	struct config config;
	int status = dump_open(&config);

	if (status)
		return status;
	if (arg && !is_there(&config, schema->kind, arg)) {
		complain("there is no %s \"%s\"", schema->name, arg);
		status = STATUS_KERNEL;
	} else if (!ctl->json) {
		print_views(&config, schema ? schema->kind : 0, arg);
	} else {
		json_print(schema ? config_list(&config, schema->kind,
						is_wanted, arg) :
				    config_tree(&config, true));
	}
	config_free(&config);
	return status;
}

static int usage(void)
{
	complain("usage: meshctl show [cluster|endpoint|listener|route_table|"
		 "virtual_host|route|splice|workload|authorization [NAME]] | "
		 "maglev CLUSTER | attached | splices | stats");
	return STATUS_USAGE;
}

static int show_kind(const struct ctl *ctl, int argc, char **argv)
{
	const struct schema *schema = schema_named(argv[1]);
	char *arg;
	int status;

	/* The key of an endpoint or a route is of two words. */
	if (!schema || argc > 4)
		return usage();
	if (argc == 2)
		return show_config(ctl, schema, NULL);
	arg = argc == 4 ? xasprintf("%s %s", argv[2], argv[3]) :
			  xstrdup(argv[2]);
	status = show_config(ctl, schema, arg);
	free(arg);
	return status;
}

int cmd_show(const struct ctl *ctl, int argc, char **argv)
{
	if (argc == 1)
		return show_config(ctl, NULL, NULL);
	if (!strcmp(argv[1], "maglev"))
		return argc == 3 ? maglev_show(ctl, argv[2]) : usage();
	if (!strcmp(argv[1], "attached"))
		return argc == 2 ? attached_show(ctl) : usage();
	if (!strcmp(argv[1], "splices"))
		return argc == 2 ? splices_show(ctl) : usage();
	if (!strcmp(argv[1], "stats"))
		return argc == 2 ? cmd_stats(ctl, 1, argv + 1) : usage();
	return show_kind(ctl, argc, argv);
}
