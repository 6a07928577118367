// SPDX-License-Identifier: GPL-2.0
#include "schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ports.h"
#include "text.h"
#include "text_match.h"
#include "util.h"
#include "validate.h"
#include "value.h"
#include "words.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FIELDS(table) .fields = (table), .nfields = ARRAY_SIZE(table)

/*
 * Of objects and what they are made of, generated/schema_tables.h has the fields. Here
 * is what it refers to and does not have: two schemas of one set of attributes, two
 * fields of one attribute, and what no kernel knows.
 */
static const struct field range_fields[] = {
	{ .name = "start", .attr = L7MESH_VALUE_MATCH_A_RANGE_START,
	  .type = FIELD_S64, .flags = FIELD_REQUIRED },
	{ .name = "end", .attr = L7MESH_VALUE_MATCH_A_RANGE_END,
	  .type = FIELD_S64, .flags = FIELD_REQUIRED },
};

static const struct schema range = {
	.name = "range",
	FIELDS(range_fields),
	.rule = validate_range,
};

#define VALUE_MATCH_FIELDS(name_check, name_flags, value_check)		\
	{ .name = "name", .attr = L7MESH_VALUE_MATCH_A_NAME,		\
	  .type = FIELD_STRING, .flags = FIELD_REQUIRED | (name_flags),	\
	  .check = (name_check) },					\
	{ .name = "exact", .attr = L7MESH_VALUE_MATCH_A_EXACT,		\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "prefix", .attr = L7MESH_VALUE_MATCH_A_PREFIX,	\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "suffix", .attr = L7MESH_VALUE_MATCH_A_SUFFIX,	\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "contains", .attr = L7MESH_VALUE_MATCH_A_CONTAINS,	\
	  .type = FIELD_STRING, .check = (value_check) },		\
	{ .name = "regex", .attr = L7MESH_VALUE_MATCH_A_REGEX,		\
	  .type = FIELD_STRING, .check = text_check_regex },		\
	{ .name = "range", .type = FIELD_GROUP, .sub = &range },	\
	{ .name = "present", .attr = L7MESH_VALUE_MATCH_A_PRESENT,	\
	  .type = FIELD_U8_BOOL },					\
	{ .name = "invert", .attr = L7MESH_VALUE_MATCH_A_INVERT,	\
	  .type = FIELD_FLAG }

static const struct field header_match_fields[] = {
	VALUE_MATCH_FIELDS(text_check_token, FIELD_LOWER, text_check_value),
};

static const struct schema header_match = {
	.name = "header match",
	FIELDS(header_match_fields),
	.rule = validate_value_match,
	.from_word = value_match_from_word,
	.to_word = value_match_to_word,
};

static const struct field query_match_fields[] = {
	VALUE_MATCH_FIELDS(text_check_parameter, 0, text_check_argument),
};

static const struct schema query_match = {
	.name = "query match",
	FIELDS(query_match_fields),
	.rule = validate_value_match,
	.from_word = value_match_from_word,
	.to_word = value_match_to_word,
};

static const struct field direct_response_fields[] = {
	{ .name = "status", .attr = L7MESH_DIRECT_RESPONSE_A_STATUS,
	  .type = FIELD_U16, .flags = FIELD_REQUIRED,
	  .word = "direct_response", .min = 200, .max = 599 },
	{ .name = "body", .attr = L7MESH_DIRECT_RESPONSE_A_BODY,
	  .type = FIELD_BODY, .check = text_check_body },
	{ .name = "body_base64", .attr = L7MESH_DIRECT_RESPONSE_A_BODY,
	  .type = FIELD_BASE64 },
};

static const struct schema direct_response = {
	.name = "direct response",
	FIELDS(direct_response_fields),
	.rule = validate_direct_response,
};

static const char *const port_protocol_names[] = { "tcp", "http", NULL };

static const struct field workload_port_fields[] = {
	{ .name = "workload", .type = FIELD_STRING, .flags = FIELD_PARENT },
	{ .name = "port", .type = FIELD_U16, .flags = FIELD_REQUIRED,
	  .min = 1, .max = UINT16_MAX },
	{ .name = "protocol", .type = FIELD_ENUM, .names = port_protocol_names,
	  .fallback = "tcp" },
};

static const struct schema workload_port = {
	.name = "port",
	.kind = PORTS_KIND,
	FIELDS(workload_port_fields),
};

#include "generated/schema_tables.h"

static const struct field file_fields[] = {
	{ .name = "clusters", .type = FIELD_CHILDREN, .sub = &cluster },
	{ .name = "route_tables", .type = FIELD_CHILDREN,
	  .sub = &route_table },
	{ .name = "listeners", .type = FIELD_CHILDREN, .sub = &listener },
	{ .name = "splice", .type = FIELD_CHILD, .sub = &splice },
	{ .name = "workloads", .type = FIELD_CHILDREN, .sub = &workload },
	{ .name = "authorization", .type = FIELD_CHILDREN,
	  .sub = &authorization },
};

const struct schema schema_file = {
	.name = "mesh",
	FIELDS(file_fields),
};

static const struct schema *const kinds[] = {
	[L7MESH_KIND_CLUSTER] = &cluster,
	[L7MESH_KIND_ENDPOINT] = &endpoint,
	[L7MESH_KIND_LISTENER] = &listener,
	[L7MESH_KIND_ROUTE_TABLE] = &route_table,
	[L7MESH_KIND_VIRTUAL_HOST] = &virtual_host,
	[L7MESH_KIND_ROUTE] = &route,
	[L7MESH_KIND_SPLICE] = &splice,
	[L7MESH_KIND_WORKLOAD] = &workload,
	[L7MESH_KIND_AUTHORIZATION] = &authorization,
};

const struct schema *schema_of(enum l7mesh_kind kind)
{
	return (size_t)kind < ARRAY_SIZE(kinds) ? kinds[kind] : NULL;
}

const struct schema *schema_named(const char *name)
{
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i])
			continue;
		len = strlen(kinds[i]->name);
		if (!strncmp(name, kinds[i]->name, len) &&
		    (!name[len] || !strcmp(name + len, "s")))
			return kinds[i];
	}
	return NULL;
}

bool schema_listed(const char *const *names, const char *name, size_t len)
{
	for (; names && *names; names++)
		if (strlen(*names) == len && !strncasecmp(*names, name, len))
			return true;
	return false;
}

const struct field *schema_field(const struct schema *schema, const char *name)
{
	size_t i;

	for (i = 0; i < schema->nfields; i++)
		if (!strcmp(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}

const struct field *schema_attr(const struct schema *schema, uint16_t attr,
				const struct field **group)
{
	const struct field *f, *inner, *none;
	size_t i;

	*group = NULL;
	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (f->attr == attr && f->attr)
			return f;
		inner = f->type == FIELD_GROUP ?
			schema_attr(f->sub, attr, &none) : NULL;
		if (inner) {
			*group = f;
			return inner;
		}
	}
	return NULL;
}

static void fill_items(const struct schema *schema, json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		schema_fill(schema, item);
}

static void fill_field(const struct field *f, json_t *body)
{
	json_t *value = json_object_get(body, f->name);

	if (!value && f->flags & FIELD_DEFAULTS) {
		value = must(json_object());
		json_object_set_new(body, f->name, value);
	}
	if (!value && f->fallback)
		json_object_set(body, f->name, value_default(f));
	else if (value && (f->type == FIELD_NEST || f->type == FIELD_GROUP))
		schema_fill(f->sub, value);
	else if (value && f->type == FIELD_LIST && f->sub)
		fill_items(f->sub, value);
}

/* Keeps the order of the table: a default may come before what is there. */
static void reorder(const struct schema *schema, json_t *body)
{
	json_t *value;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		value = json_object_get(body, schema->fields[i].name);
		if (!value)
			continue;
		json_incref(value);
		json_object_del(body, schema->fields[i].name);
		json_object_set_new(body, schema->fields[i].name, value);
	}
}

void schema_fill(const struct schema *schema, json_t *body)
{
	size_t before = json_object_size(body), i;

	for (i = 0; i < schema->nfields; i++)
		fill_field(&schema->fields[i], body);
	if (json_object_size(body) != before)
		reorder(schema, body);
}

static void strip_field(const struct field *f, json_t *body)
{
	json_t *value = json_object_get(body, f->name);

	if (value && f->fallback) {
		if (json_equal(value, value_default(f)))
			json_object_del(body, f->name);
	} else if (value && (f->type == FIELD_NEST || f->type == FIELD_GROUP)) {
		schema_strip(f->sub, value);
		if (f->flags & FIELD_DEFAULTS && !json_object_size(value))
			json_object_del(body, f->name);
	}
}

void schema_strip(const struct schema *schema, json_t *body)
{
	size_t i;

	for (i = 0; i < schema->nfields; i++)
		strip_field(&schema->fields[i], body);
}

char *schema_keys(const struct schema *schema)
{
	char *keys = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		if (schema->fields[i].flags & FIELD_PARENT)
			continue;
		more = xasprintf("%s%s%s", keys, *keys ? ", " : "",
				 schema->fields[i].name);
		free(keys);
		keys = more;
	}
	return keys;
}
