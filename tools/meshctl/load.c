// SPDX-License-Identifier: GPL-2.0
#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "links.h"
#include "message.h"
#include "ports.h"
#include "text.h"
#include "util.h"
#include "validate.h"
#include "value.h"

#define FILE_MAX (64u << 20)

/*
 * The schema is 12 levels deep. Deeper nesting, and many anchors, take libyaml a
 * time that grows with their square.
 */
#define DEPTH_MAX 32
#define ANCHORS_MAX 1000

/* Values looked at: aliases of aliases make them more than the file has. */
#define VISITS_MAX (2u << 20)

struct loader {
	yaml_document_t document;
	struct problems problems;
	const struct schema *schema;	/* of the file */
	struct config *config;
	struct links links;
	size_t visits;
	bool lenient;			/* what is wrong is marked: see load.h */
};

/* A mapping of the file, and the values of its schema's fields. */
struct mapping {
	struct scope scope;
	yaml_node_t *nodes[SCHEMA_FIELDS_MAX];
};

const char *load_name(const char *name)
{
	return strcmp(name, "-") ? name : "stdin";
}

static struct mark mark_of(const yaml_node_t *node)
{
	return (struct mark){ node->start_mark.line + 1,
			      node->start_mark.column + 1 };
}

static bool is_plain(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static const char *scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static enum text_type type_of(const yaml_node_t *node)
{
	return is_plain(node) ? text_type(scalar(node),
					  node->data.scalar.length) :
				TEXT_STRING;
}

/* What the file has there: "a list". */
static const char *node_name(const yaml_node_t *node)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return "a list";
	if (node->type == YAML_MAPPING_NODE)
		return "a mapping";
	return text_type_name(type_of(node));
}

/* Has the file a node of that type there? Complains if not. */
static bool expect(struct loader *l, const yaml_node_t *node,
		   yaml_node_type_t type, const char *wanted,
		   const struct path *path)
{
	static const char *const tags[] = {
		[YAML_SCALAR_NODE] = YAML_STR_TAG,
		[YAML_SEQUENCE_NODE] = YAML_SEQ_TAG,
		[YAML_MAPPING_NODE] = YAML_MAP_TAG,
	};

	if (node->type != type) {
		problem(&l->problems, mark_of(node), path,
			"%s is found; %s is needed", node_name(node), wanted);
		return false;
	}
	if (strcmp((const char *)node->tag, tags[type])) {
		problem(&l->problems, mark_of(node), path,
			"tags are not supported");
		return false;
	}
	return true;
}

static void too_many(struct problems *p, const yaml_node_t *node)
{
	problem(p, mark_of(node), NULL,
		"more than %u values, with aliases expanded", VISITS_MAX);
}

/* Does aliasing blow the file up? Says so once. */
static bool visit(struct loader *l, const yaml_node_t *node)
{
	if (l->visits++ < VISITS_MAX)
		return true;
	if (l->visits == VISITS_MAX + 1)
		too_many(&l->problems, node);
	return false;
}

static bool is_text(const struct field *f)
{
	return f->type == FIELD_STRING || f->type == FIELD_BODY ||
	       f->type == FIELD_BASE64 ||
	       (f->type == FIELD_LIST && !(f->flags & FIELD_NUMBERS));
}

static bool may_be(const struct field *f, enum text_type type)
{
	return type == TEXT_STRING ||
	       (type == TEXT_NUMBER && f->flags & FIELD_NUMERIC);
}

/* Numbers and booleans are not in quotes, and texts that look like them are. */
static bool check_type(struct loader *l, const struct field *f,
		       const yaml_node_t *node, const struct path *path)
{
	enum text_type type = type_of(node);
	bool integer = f->type == FIELD_U16 || f->type == FIELD_U32 ||
		       f->type == FIELD_U64 || f->type == FIELD_S64 ||
		       f->flags & FIELD_NUMBERS;
	bool boolean = f->type == FIELD_FLAG || f->type == FIELD_U8_BOOL;
	const char *hint = NULL;
	char *found;

	if (type == TEXT_NULL)
		hint = "a value is needed";
	else if (is_text(f) && !may_be(f, type))
		hint = "a string is needed: put it in quotes";
	else if (integer && !is_plain(node))
		hint = "a number is needed, without quotes";
	else if (boolean && !is_plain(node))
		hint = "a boolean is needed, without quotes";
	if (!hint)
		return true;
	found = value_found(scalar(node), node->data.scalar.length);
	problem(&l->problems, mark_of(node), path, "%s is %s; %s", found,
		text_type_name(type), hint);
	free(found);
	return false;
}

static json_t *load_scalar(struct loader *l, const struct field *f,
			   const yaml_node_t *node, const struct path *path)
{
	char *why = NULL;
	json_t *value;

	if (!expect(l, node, YAML_SCALAR_NODE, "a single value", path) ||
	    !check_type(l, f, node, path))
		return NULL;
	value = value_parse(f, scalar(node), node->data.scalar.length, &why);
	if (!value)
		problem(&l->problems, mark_of(node), path, "%s", why);
	free(why);
	return value;
}

static json_t *load_mapping(struct loader *l, const yaml_node_t *node,
			    struct mapping *m);

static bool is_child(const struct field *f)
{
	return f->type == FIELD_CHILDREN || f->type == FIELD_CHILD;
}

static json_t *load_nested(struct loader *l, const struct field *f,
			   const yaml_node_t *node, const struct path *path)
{
	struct mapping m = { .scope = { .problems = &l->problems,
					.path = path, .schema = f->sub } };

	return load_mapping(l, node, &m);
}

static json_t *load_list(struct loader *l, const struct field *f,
			 const yaml_node_t *node, const struct path *path)
{
	struct path self = { path->up, path->key, 0 };
	yaml_node_item_t *item;
	json_t *list, *value;
	yaml_node_t *inner;

	if (!expect(l, node, YAML_SEQUENCE_NODE, "a list", path))
		return NULL;
	list = must(json_array());
	for (item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++, self.index++) {
		inner = yaml_document_get_node(&l->document, *item);
		if (!visit(l, inner))
			break;
		value = f->sub ? load_nested(l, f, inner, &self) :
				 load_scalar(l, f, inner, &self);
		if (value)
			json_array_append_new(list, value);
	}
	if (f->max && self.index > f->max)
		problem(&l->problems, mark_of(node), path,
			"the list has %ld items; %u are allowed", self.index,
			f->max);
	if (!self.index && !(f->flags & FIELD_EMPTY))
		problem(&l->problems, mark_of(node), path,
			"the list is empty; at least one is needed");
	return list;
}

/* One pair of a mapping that has keys of its own. */
static void load_pair(struct loader *l, json_t *map, const yaml_node_pair_t *pair,
		      const struct path *path)
{
	yaml_node_t *key = yaml_document_get_node(&l->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(&l->document, pair->value);

	if (!expect(l, key, YAML_SCALAR_NODE, "a key", path) ||
	    !expect(l, value, YAML_SCALAR_NODE, "a single value", path))
		return;
	if (json_object_get(map, scalar(key)))
		problem(&l->problems, mark_of(key), path,
			"the key is given twice");
	json_object_set_new(map, scalar(key),
			    json_text(scalar(value),
				      value->data.scalar.length));
}

static json_t *load_map(struct loader *l, const yaml_node_t *node,
			const struct path *path)
{
	const yaml_node_pair_t *pair;
	json_t *map;

	if (!expect(l, node, YAML_MAPPING_NODE, "a mapping", path))
		return NULL;
	map = must(json_object());
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top && visit(l, node); pair++)
		load_pair(l, map, pair, path);
	return map;
}

static json_t *load_value(struct loader *l, const struct field *f,
			  const yaml_node_t *node, const struct path *path)
{
	if (f->type == FIELD_MAP)
		return load_map(l, node, path);
	if (f->type == FIELD_LIST)
		return load_list(l, f, node, path);
	if (f->sub)
		return load_nested(l, f, node, path);
	return load_scalar(l, f, node, path);
}

static void unknown_key(struct loader *l, const struct mapping *m,
			const yaml_node_t *key)
{
	char *found = value_found(scalar(key), key->data.scalar.length);
	char *allowed = schema_keys(m->scope.schema);
	bool later = schema_listed(m->scope.schema->not_yet, scalar(key),
				   key->data.scalar.length);

	problem(&l->problems, mark_of(key), m->scope.path,
		"%s is not %s: %s", found, later ? "there yet; the keys are" :
		"one of the keys allowed here", allowed);
	free(found);
	free(allowed);
}

/* Finds the field that a key names. */
static void assign_pair(struct loader *l, struct mapping *m,
			const yaml_node_pair_t *pair)
{
	yaml_node_t *key = yaml_document_get_node(&l->document, pair->key);
	const struct schema *schema = m->scope.schema;
	const struct field *f;
	struct path path;
	size_t i;

	if (!expect(l, key, YAML_SCALAR_NODE, "a key", m->scope.path))
		return;
	f = strlen(scalar(key)) == key->data.scalar.length ?
	    schema_field(schema, scalar(key)) : NULL;
	if (!f && schema->open)
		return;
	if (!f || f->flags & FIELD_PARENT) {
		m->scope.strange = true;
		unknown_key(l, m, key);
		return;
	}
	i = f - schema->fields;
	path = (struct path){ m->scope.path, f->name, -1 };
	if (m->nodes[i]) {
		problem(&l->problems, mark_of(key), &path,
			"the key is given twice; the first is on line %zu",
			m->scope.marks[i].line);
		return;
	}
	m->nodes[i] = yaml_document_get_node(&l->document, pair->value);
	m->scope.marks[i] = mark_of(m->nodes[i]);
}

static void load_field(struct loader *l, struct mapping *m, size_t i,
		       json_t *body)
{
	const struct field *f = &m->scope.schema->fields[i];
	struct path path = { m->scope.path, f->name, -1 };
	json_t *value;

	if (f->type == FIELD_ANY || !visit(l, m->nodes[i]) ||
	    (f->flags & FIELD_NULL && type_of(m->nodes[i]) == TEXT_NULL))
		return;
	value = load_value(l, f, m->nodes[i], &path);
	if (!value && l->lenient && f->type == FIELD_LIST)
		json_object_set_new(body, f->name, json_null());
	if (!value)
		return;
	value_set(body, f, value);
	if (f->refers)
		links_refer(&l->links, f, body, m->scope.marks[i],
			    m->scope.path);
}

/* A mapping of which only one field is given, by its value: "splice: all". */
static json_t *load_single(struct loader *l, yaml_node_t *node,
			   struct mapping *m)
{
	const struct schema *schema = m->scope.schema;
	const struct field *f = schema_field(schema, schema->single);
	size_t i = f - schema->fields;
	json_t *body = must(json_object());

	m->scope.self = mark_of(node);
	m->nodes[i] = node;
	m->scope.marks[i] = m->scope.self;
	load_field(l, m, i, body);
	return body;
}

/* @m->scope says what is wanted; the rest of @m is filled. NULL if no mapping. */
static json_t *load_mapping(struct loader *l, const yaml_node_t *node,
			    struct mapping *m)
{
	const struct schema *schema = m->scope.schema;
	size_t before = l->problems.count, i;
	yaml_node_pair_t *pair;
	json_t *body;

	if (!expect(l, node, YAML_MAPPING_NODE, "a mapping", m->scope.path))
		return NULL;
	m->scope.self = mark_of(node);
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		assign_pair(l, m, pair);
	body = must(json_object());
	for (i = 0; i < schema->nfields; i++)
		if (m->nodes[i] && !is_child(&schema->fields[i]))
			load_field(l, m, i, body);
	if (!schema->kind)
		validate_body(&m->scope, body);
	if (l->lenient && l->problems.count > before)
		json_object_set_new(body, LOAD_PROBLEMS,
				    must(json_integer(l->problems.count - before)));
	return body;
}

/* Fields that follow from the position come first, as in the schema. */
static json_t *with_parents(const struct schema *schema, json_t *body,
			    const json_t *parents, long index)
{
	json_t *whole = must(json_object()), *parent;
	const struct field *f;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (!(f->flags & FIELD_PARENT))
			continue;
		parent = json_object_get(parents, f->name);
		if (f->type == FIELD_U32)
			json_object_set_new(whole, f->name,
					    must(json_integer(index)));
		else if (parent)
			json_object_set(whole, f->name, parent);
	}
	json_object_update(whole, body);
	json_decref(body);
	return whole;
}

/* What the children of an object have as their parents. */
static json_t *parents_of(const struct schema *schema, const json_t *body,
			  json_t *parents)
{
	json_t *inner = must(parents ? json_copy(parents) : json_object());
	json_t *name = json_object_get(body, "name");

	if (name)
		json_object_set(inner, schema->name, name);
	return inner;
}

static void load_object(struct loader *l, const struct schema *schema,
			yaml_node_t *node, const struct path *path,
			json_t *parents);

static void load_child(struct loader *l, const struct field *f,
		       yaml_node_t *node, const struct path *up,
		       json_t *parents)
{
	const struct path path = { up, f->name, -1 };

	if (visit(l, node))
		load_object(l, f->sub, node, &path, parents);
}

static void load_children(struct loader *l, const struct field *f,
			  const yaml_node_t *node, const struct path *up,
			  json_t *parents)
{
	struct path path = { up, f->name, -1 };
	yaml_node_item_t *item;
	yaml_node_t *inner;

	if (!visit(l, node) ||
	    !expect(l, node, YAML_SEQUENCE_NODE, "a list", &path))
		return;
	path.index = 0;
	for (item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++, path.index++) {
		inner = yaml_document_get_node(&l->document, *item);
		if (!visit(l, inner))
			return;
		load_object(l, f->sub, inner, &path, parents);
	}
}

/* An object and its children; for the file itself, the children. */
static void load_object(struct loader *l, const struct schema *schema,
			yaml_node_t *node, const struct path *path,
			json_t *parents)
{
	struct mapping m = { .scope = { .problems = &l->problems,
					.path = path, .schema = schema } };
	json_t *body, *inner;
	size_t i;

	if (schema->single && node->type == YAML_SCALAR_NODE)
		body = load_single(l, node, &m);
	else
		body = load_mapping(l, node, &m);
	if (!body)
		return;
	body = with_parents(schema, body, parents, path ? path->index : 0);
	inner = parents_of(schema, body, parents);
	if (schema->kind) {
		validate_body(&m.scope, body);
		links_define(&l->links, &m.scope, body);
		schema_fill(schema, body);
		config_add(l->config, schema->kind, body, m.scope.self);
	} else {
		json_decref(body);
	}
	for (i = 0; i < schema->nfields; i++) {
		if (!m.nodes[i] || !is_child(&schema->fields[i]))
			continue;
		if (schema->fields[i].type == FIELD_CHILD)
			load_child(l, &schema->fields[i], m.nodes[i], path,
				   inner);
		else
			load_children(l, &schema->fields[i], m.nodes[i], path,
				      inner);
	}
	json_decref(inner);
}

/* The place of a byte, for errors that the YAML reader gives an offset only. */
static struct mark mark_at(const char *text, size_t len, size_t offset)
{
	struct mark mark = { 1, 1 };
	size_t i;

	for (i = 0; i < len && i < offset; i++) {
		mark.column++;
		if (text[i] == '\n')
			mark = (struct mark){ mark.line + 1, 1 };
	}
	return mark;
}

static void yaml_problem(struct problems *p, const yaml_parser_t *parser,
			 const char *text, size_t len)
{
	struct mark mark = { parser->problem_mark.line + 1,
			     parser->problem_mark.column + 1 };
	const char *what = parser->problem ? parser->problem :
					     "cannot be parsed";

	if (parser->error == YAML_READER_ERROR)
		mark = mark_at(text, len, parser->problem_offset);
	problem(p, mark, NULL, "%s%s%s", what,
		parser->context ? " " : "",
		parser->context ? parser->context : "");
}

/* Only one document: what follows would be ignored silently. */
static bool check_end(yaml_parser_t *parser, struct problems *p,
		      const char *text, size_t len)
{
	yaml_document_t second;
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &second)) {
		yaml_problem(p, parser, text, len);
		return false;
	}
	root = yaml_document_get_root_node(&second);
	if (root)
		problem(p, mark_of(root), NULL,
			"a second document is found; one is allowed");
	yaml_document_delete(&second);
	return !root;
}

static void load_root(struct loader *l)
{
	yaml_node_t *root = yaml_document_get_root_node(&l->document);

	if (!root) {
		problem(&l->problems, (struct mark){ 1, 1 }, NULL,
			"the file is empty; {} is a configuration without "
			"objects");
		return;
	}
	load_object(l, l->schema, root, NULL, NULL);
	links_resolve(&l->links, &l->problems);
	if (!l->problems.count && l->schema == &schema_file)
		ports_expand(l->config, &l->links, &l->problems);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

/* What of a file is counted before it is loaded. */
struct extent {
	int depth;
	int anchors;
};

static bool within_limits(struct problems *p, const yaml_event_t *event,
			  struct extent *extent)
{
	struct mark mark = { event->start_mark.line + 1,
			     event->start_mark.column + 1 };

	if (event->type == YAML_SEQUENCE_START_EVENT ||
	    event->type == YAML_MAPPING_START_EVENT)
		extent->depth++;
	if (event->type == YAML_SEQUENCE_END_EVENT ||
	    event->type == YAML_MAPPING_END_EVENT)
		extent->depth--;
	if (anchor_of(event))
		extent->anchors++;
	if (extent->depth > DEPTH_MAX)
		problem(p, mark, NULL, "nested deeper than %d levels",
			DEPTH_MAX);
	if (extent->anchors > ANCHORS_MAX)
		problem(p, mark, NULL, "more than %d anchors", ANCHORS_MAX);
	return !p->count;
}

static void start_parser(yaml_parser_t *parser, const char *text, size_t len)
{
	if (!yaml_parser_initialize(parser))
		must(NULL);
	yaml_parser_set_input_string(parser, (const unsigned char *)text, len);
}

/* Reads all of the file once; complains if it is not YAML, or beyond the limits. */
static bool check_text(struct problems *p, const char *text, size_t len)
{
	struct extent extent = { 0 };
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;

	start_parser(&parser, text, len);
	while (!end && !p->count) {
		if (!yaml_parser_parse(&parser, &event)) {
			yaml_problem(p, &parser, text, len);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT ||
		      !within_limits(p, &event, &extent);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return !p->count;
}

/* The value of a key that a mapping has, or NULL. */
static yaml_node_t *value_of(struct loader *l, const yaml_node_t *node,
			     const char *name)
{
	const yaml_node_t *key;
	yaml_node_pair_t *pair;

	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		key = yaml_document_get_node(&l->document, pair->key);
		if (key->type == YAML_SCALAR_NODE && !strcmp(scalar(key), name))
			return yaml_document_get_node(&l->document, pair->value);
	}
	return NULL;
}

static const char *scalar_of(struct loader *l, const yaml_node_t *node,
			     const char *name)
{
	const yaml_node_t *value = value_of(l, node, name);

	return value && value->type == YAML_SCALAR_NODE ? scalar(value) : NULL;
}

/* Who takes manifests. */
struct taker {
	load_kind of;
	load_take take;
	void *arg;
};

/* Its problems are its own; but what is wrong with the file is the file's. */
static void take_manifest(struct loader *l, const struct taker *t,
			  const struct schema *schema, yaml_node_t *node,
			  const struct path *path)
{
	struct problems file = l->problems;
	size_t i;

	l->problems = (struct problems){ .file = file.file };
	load_object(l, schema, node, path, NULL);
	for (i = 0; i < l->config->count; i++)
		t->take(t->arg, &l->config->objects[i], &l->problems);
	l->config->count = 0;
	problems_drop(&l->problems);
	l->problems = file;
	if (l->visits > VISITS_MAX)
		too_many(&l->problems, node);
}

/* @path is where it is in a list of them. */
static void load_manifest(struct loader *l, const struct taker *t,
			  yaml_node_t *node, const struct path *path)
{
	const char *kind = scalar_of(l, node, "kind");
	const struct schema *schema;

	if (!kind)
		problem(&l->problems, mark_of(node), path,
			"a manifest is needed, with its kind");
	schema = kind ? t->of(kind, scalar_of(l, node, "apiVersion") ?: "") :
			NULL;
	if (schema && l->visits <= VISITS_MAX && visit(l, node))
		take_manifest(l, t, schema, node, path);
}

/* A manifest, or the List that kubectl makes of several. */
static void load_document(struct loader *l, const struct taker *t)
{
	yaml_node_t *root = yaml_document_get_root_node(&l->document), *items;
	const char *kind = scalar_of(l, root, "kind");
	struct path path = { NULL, "items", 0 };
	yaml_node_item_t *item;

	/* Between two "---" there may be nothing. */
	if (type_of(root) == TEXT_NULL)
		return;
	items = kind && !strcmp(kind, "List") ? value_of(l, root, "items") : NULL;
	if (!items) {
		load_manifest(l, t, root, NULL);
		return;
	}
	if (!expect(l, items, YAML_SEQUENCE_NODE, "a list", &path))
		return;
	for (item = items->data.sequence.items.start;
	     item < items->data.sequence.items.top; item++, path.index++)
		load_manifest(l, t,
			      yaml_document_get_node(&l->document, *item),
			      &path);
}

static void load_stream(struct loader *l, const struct taker *t,
			const char *text, size_t len)
{
	yaml_parser_t parser;
	bool more = true;

	if (!check_text(&l->problems, text, len))
		return;
	start_parser(&parser, text, len);
	while (more && yaml_parser_load(&parser, &l->document)) {
		more = yaml_document_get_root_node(&l->document);
		if (more)
			load_document(l, t);
		yaml_document_delete(&l->document);
	}
	if (more)
		yaml_problem(&l->problems, &parser, text, len);
	yaml_parser_delete(&parser);
}

/* Reads a document, to be closed; false, with what is wrong, if there is none. */
static bool open_document(struct loader *l, yaml_parser_t *parser,
			  const char *text, size_t len)
{
	if (!check_text(&l->problems, text, len))
		return false;
	start_parser(parser, text, len);
	if (yaml_parser_load(parser, &l->document))
		return true;
	yaml_problem(&l->problems, parser, text, len);
	yaml_parser_delete(parser);
	return false;
}

static void close_document(struct loader *l, yaml_parser_t *parser)
{
	yaml_document_delete(&l->document);
	yaml_parser_delete(parser);
}

static void load_text(struct loader *l, const char *text, size_t len)
{
	yaml_parser_t parser;

	if (!open_document(l, &parser, text, len))
		return;
	if (!yaml_document_get_root_node(&l->document) ||
	    check_end(&parser, &l->problems, text, len))
		load_root(l);
	close_document(l, &parser);
}

/* Objects that no netlink message can carry. */
static void check_sizes(struct loader *l)
{
	const struct object *o;
	char *label;
	size_t i;

	for (i = 0; i < l->config->count; i++) {
		o = &l->config->objects[i];
		if (message_fits(o))
			continue;
		label = object_label(o->kind, o->body);
		problem(&l->problems, o->mark, NULL,
			"the %s is too large: its names and values may take "
			"%d bytes together", label, MESSAGE_OBJECT_MAX);
		free(label);
	}
}

/* All of a file, or NULL with an error printed. Freed by the caller. */
static char *read_all(const char *name, size_t *len)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	size_t room = 1 << 16, n;
	char *text = NULL;

	if (!file) {
		complain("%s: %s", name, strerror(errno));
		return NULL;
	}
	*len = 0;
	do {
		room *= 2;
		text = xrealloc(text, room);
		errno = 0;
		n = fread(text + *len, 1, room - *len, file);
		*len += n;
	} while (*len == room && room <= FILE_MAX);
	if (ferror(file) || *len > FILE_MAX) {
		complain("%s: %s", load_name(name), ferror(file) ?
			 strerror(errno) : "larger than 64 MiB");
		free(text);
		text = NULL;
	}
	if (file != stdin)
		fclose(file);
	return text;
}

bool load_other_file(const char *name, const struct schema *schema,
		     struct config *config)
{
	struct loader l = { .problems.file = load_name(name),
			    .schema = schema, .config = config };
	size_t len;
	char *text = read_all(name, &len);

	*config = (struct config){ 0 };
	if (!text)
		return false;
	links_init(&l.links);
	load_text(&l, text, len);
	free(text);
	links_free(&l.links);
	if (!l.problems.count && schema == &schema_file)
		check_sizes(&l);
	if (!problems_report(&l.problems))
		return true;
	config_free(config);
	return false;
}

bool load_file(const char *name, struct config *config)
{
	return load_other_file(name, &schema_file, config);
}

/* The first thing that was wrong. Freed by the caller. */
static char *first_problem(struct problems *p)
{
	char *why = NULL;

	if (problems_sort(p))
		why = xstrdup(p->list[0].text);
	problems_drop(p);
	return why;
}

static json_t *load_one(struct loader *l, struct mapping *m, const char *text,
			size_t len)
{
	yaml_parser_t parser;
	yaml_node_t *root;
	json_t *body = NULL;

	if (!open_document(l, &parser, text, len))
		return NULL;
	root = yaml_document_get_root_node(&l->document);
	if (!root)
		problem(&l->problems, (struct mark){ 0 }, NULL,
			"nothing is found; a mapping is needed");
	else if (check_end(&parser, &l->problems, text, len))
		body = load_mapping(l, root, m);
	close_document(l, &parser);
	return body;
}

json_t *load_word(const struct schema *schema, const char *word, char **why)
{
	struct loader l = { .schema = schema };
	struct mapping m = { .scope = { .problems = &l.problems,
					.schema = schema } };
	json_t *body;

	links_init(&l.links);
	body = load_one(&l, &m, word, strlen(word));
	links_free(&l.links);
	if (!l.problems.count)
		return body;
	*why = first_problem(&l.problems);
	json_decref(body);
	return NULL;
}

bool load_manifests(const char *name, load_kind of, load_take take, void *arg)
{
	const struct taker taker = { of, take, arg };
	struct config config = { 0 };
	struct loader l = { .problems.file = load_name(name),
			    .config = &config, .lenient = true };
	size_t len;
	char *text = read_all(name, &len);

	if (!text)
		return false;
	links_init(&l.links);
	load_stream(&l, &taker, text, len);
	free(text);
	links_free(&l.links);
	config_free(&config);
	return !problems_report(&l.problems);
}

void load_find(const char *text, size_t len, struct problems *p)
{
	struct config config = { 0 };
	struct loader l = { .problems.file = p->file, .schema = &schema_file,
			    .config = &config };

	links_init(&l.links);
	load_text(&l, text, len);
	links_free(&l.links);
	if (!l.problems.count)
		check_sizes(&l);
	config_free(&config);
	*p = l.problems;
}

bool load_check(const char *name, const char *text, size_t len)
{
	struct problems p = { .file = name };

	load_find(text, len, &p);
	return !problems_report(&p);
}
