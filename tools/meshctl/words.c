// SPDX-License-Identifier: GPL-2.0
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "generated/usage.h"
#include "util.h"
#include "validate.h"
#include "value.h"

/* What is left to read, and where errors go. */
struct words {
	const struct schema *schema;
	enum words_mode mode;
	char **next;
	char **end;
	struct problems problems;
};

static const char *word_of(const struct field *f)
{
	return f->word ? f->word : f->name;
}

/* May it be given as "WORD VALUE"? */
static bool is_settable(const struct field *f)
{
	return f->type != FIELD_CHILDREN &&
	       (!(f->flags & FIELD_PARENT) || f->type == FIELD_U32);
}

static bool descends(const struct field *f)
{
	return (f->type == FIELD_NEST || f->type == FIELD_GROUP) &&
	       !f->sub->from_word;
}

/* The field of a word in @schema or what it nests; NULL if there is none. */
static const struct field *find(const struct schema *schema, const char *word)
{
	const struct field *f, *inner;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (!is_settable(f))
			continue;
		if ((!descends(f) || f->flags & FIELD_EMPTY) &&
		    !strcmp(word_of(f), word))
			return f;
		inner = descends(f) ? find(f->sub, word) : NULL;
		if (inner)
			return inner;
	}
	return NULL;
}

/* The body that has field @target, made if it is not there yet. */
static json_t *body_of(const struct schema *schema, json_t *body,
		       const struct field *target)
{
	const struct field *f;
	json_t *inner, *found;
	size_t i;

	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (f == target)
			return body;
		if (!descends(f))
			continue;
		inner = json_object_get(body, f->name);
		inner = inner ? json_incref(inner) : must(json_object());
		found = body_of(f->sub, inner, target);
		if (found)
			json_object_set(body, f->name, inner);
		json_decref(inner);
		if (found)
			return found;
	}
	return NULL;
}

static void wrong(struct words *w, const char *name, const char *why)
{
	problem(&w->problems, (struct mark){ 0 }, NULL, "%s.%s: %s",
		w->schema->name, name, why);
}

static void set_item(struct words *w, const struct field *f, json_t *body,
		     const char *text)
{
	json_t *list = json_object_get(body, f->name), *item;
	char *why = NULL;

	if (f->flags & FIELD_EMPTY && !list && !strcmp(text, "none")) {
		json_object_set_new(body, f->name, must(json_array()));
		return;
	}
	item = f->sub ? f->sub->from_word(f->sub, text, &why) :
			value_parse(f, text, strlen(text), &why);
	if (!item) {
		wrong(w, word_of(f), why);
		free(why);
		return;
	}
	if (!list) {
		list = must(json_array());
		json_object_set_new(body, f->name, list);
	}
	json_array_append_new(list, item);
}

/* "match any": the nest with nothing in it. */
static void set_nothing(struct words *w, const struct field *f, json_t *body,
			const char *text)
{
	char *why;

	if (!strcmp(text, f->nothing)) {
		json_object_set_new(body, f->name, must(json_object()));
		return;
	}
	why = xasprintf("only \"%s\" is allowed, or the words of its fields",
			f->nothing);
	wrong(w, word_of(f), why);
	free(why);
}

static void set_field(struct words *w, const struct field *f, json_t *body,
		      const char *text)
{
	json_t *value;
	char *why = NULL;

	if (f->type == FIELD_LIST) {
		set_item(w, f, body, text);
		return;
	}
	if (json_object_get(body, f->name)) {
		wrong(w, word_of(f), "given twice");
		return;
	}
	if (descends(f)) {
		set_nothing(w, f, body, text);
		return;
	}
	if (f->type == FIELD_STRING && f->flags & FIELD_EMPTY && !strcmp(text, "none"))
		text = "";
	value = f->sub ? f->sub->from_word(f->sub, text, &why) :
			 value_parse(f, text, strlen(text), &why);
	if (!value)
		wrong(w, word_of(f), why);
	else if (f->type == FIELD_STRING && f->flags & FIELD_EMPTY)
		json_object_set_new(body, f->name, value);	/* "none" takes it away */
	else
		value_set(body, f, value);
	free(why);
}

/* The next word, or NULL with an error noted: @what is missing. */
static const char *take(struct words *w, const char *what)
{
	if (w->next < w->end)
		return *w->next++;
	problem(&w->problems, (struct mark){ 0 }, NULL, "%s: %s is missing",
		w->schema->name, what);
	return NULL;
}

static void set_named(struct words *w, json_t *body, const char *name,
		      const char *text, size_t len)
{
	char *copy = xasprintf("%.*s", (int)len, text);

	set_field(w, schema_field(w->schema, name), body, copy);
	free(copy);
}

static void take_name(struct words *w, json_t *body, const char *name,
		      const char *what)
{
	const char *text = take(w, what);

	if (text)
		set_named(w, body, name, text, strlen(text));
}

static void take_socket(struct words *w, json_t *body)
{
	bool ports = schema_field(w->schema, "port_end");
	const char *text = take(w, ports ? "ADDRESS:PORT[-PORT]" : "ADDRESS:PORT");
	const struct field *port = schema_field(w->schema, "port");
	json_t *socket;
	char *why = NULL;

	if (!text)
		return;
	socket = ports ? socket_parse_ports(text, port->min, &why) :
			 socket_parse(text, port->min, &why);
	if (socket)
		json_object_update(body, socket);
	else
		wrong(w, "address", why);
	json_decref(socket);
	free(why);
}

/* TABLE/HOST: the host has no slash. */
static void take_host(struct words *w, json_t *body, const char *host)
{
	const char *text = take(w, "ROUTE_TABLE/VIRTUAL_HOST"), *slash;

	if (!text)
		return;
	slash = strrchr(text, '/');
	if (!slash) {
		wrong(w, host, "ROUTE_TABLE/VIRTUAL_HOST is needed");
		return;
	}
	set_named(w, body, "route_table", text, slash - text);
	set_named(w, body, host, slash + 1, strlen(slash + 1));
}

static bool next_is_number(const struct words *w)
{
	return w->next < w->end && isdigit((unsigned char)**w->next);
}

static bool next_is_socket(const struct words *w)
{
	if (w->next == w->end)
		return false;
	return w->mode == WORDS_ADD ? !find(w->schema, *w->next) :
				      !!strchr(*w->next, ':');
}

static bool next_is_value(const struct words *w)
{
	return w->next < w->end && !find(w->schema, *w->next);
}

static void take_key(struct words *w, json_t *body)
{
	switch (w->schema->kind) {
	case L7MESH_KIND_ENDPOINT:
		take_name(w, body, "cluster", "CLUSTER");
		take_socket(w, body);
		break;
	case L7MESH_KIND_VIRTUAL_HOST:
		take_host(w, body, "name");
		break;
	case L7MESH_KIND_ROUTE:
		take_host(w, body, "virtual_host");
		if (next_is_number(w))
			take_name(w, body, "index", "INDEX");
		break;
	case L7MESH_KIND_SPLICE:
		if (w->mode != WORDS_DEL && next_is_value(w))
			take_name(w, body, "policy", "POLICY");
		break;
	case L7MESH_KIND_LISTENER:
		take_name(w, body, "name", "NAME");
		if (w->mode != WORDS_DEL && next_is_socket(w))
			take_socket(w, body);
		break;
	default:
		take_name(w, body, "name", "NAME");
	}
}

static void unexpected(struct words *w, const char *word)
{
	if (w->mode == WORDS_DEL)
		problem(&w->problems, (struct mark){ 0 }, NULL,
			"\"%s\" is not expected: del takes an object's key "
			"only", word);
	else
		problem(&w->problems, (struct mark){ 0 }, NULL,
			"\"%s\" is not expected; the command is: %s %s", word,
			w->mode == WORDS_ADD ? "add" : "set",
			words_usage(w->schema->kind));
}

static void take_fields(struct words *w, json_t *body)
{
	const struct field *f;
	const char *word, *text;

	while (w->next < w->end && !w->problems.count) {
		word = *w->next++;
		f = find(w->schema, word);
		if (!f || (w->mode == WORDS_DEL && !(f->flags & FIELD_KEY))) {
			unexpected(w, word);
			return;
		}
		text = take(w, word);
		if (text)
			set_field(w, f, body_of(w->schema, body, f), text);
	}
}

static void check(struct words *w, const json_t *body)
{
	struct path path = { NULL, w->schema->name, -1 };
	struct scope scope = {
		.problems = &w->problems,
		.path = &path,
		.schema = w->schema,
		.partial = w->mode != WORDS_ADD,
	};

	validate_tree(&scope, body);
	if (scope.partial && w->schema->kind == L7MESH_KIND_ROUTE &&
	    !json_object_get(body, "index"))
		scope_problem(&scope, "index", "missing: which route?");
}

json_t *words_parse(const struct schema *schema, enum words_mode mode, int argc,
		    char **argv)
{
	struct words w = { .schema = schema, .mode = mode, .next = argv,
			   .end = argv + argc };
	json_t *body = must(json_object());

	take_key(&w, body);
	if (!w.problems.count)
		take_fields(&w, body);
	if (!w.problems.count)
		check(&w, body);
	if (!problems_report(&w.problems))
		return body;
	json_decref(body);
	return NULL;
}

static void print_word(FILE *out, const struct field *f, char *text)
{
	fprintf(out, " %s ", word_of(f));
	print_quoted(out, text);
	free(text);
}

static void print_list(FILE *out, const struct field *f, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		fprintf(out, " %s none", word_of(f));
	json_array_foreach(list, i, item)
		print_word(out, f, f->sub ? f->sub->to_word(item) :
					    value_text(item));
}

static void print_nested(FILE *out, const struct field *f, const json_t *value)
{
	size_t i;

	if (!json_object_size(value) && f->nothing)
		fprintf(out, " %s %s", word_of(f), f->nothing);
	for (i = 0; i < f->sub->nfields; i++)
		words_print_field(out, &f->sub->fields[i],
				  json_object_get(value,
						  f->sub->fields[i].name));
}

void words_print_field(FILE *out, const struct field *f, const json_t *value)
{
	if (!value)
		return;
	if (descends(f))
		print_nested(out, f, value);
	else if (f->type == FIELD_LIST)
		print_list(out, f, value);
	else
		print_word(out, f, f->sub ? f->sub->to_word(value) :
					    value_text(value));
}

/* Fields that the key, or the words after it, have already. */
static bool is_positional(const struct schema *schema, const struct field *f,
			  const json_t *body)
{
	if (f->flags & (FIELD_KEY | FIELD_PARENT))
		return true;
	if (schema->single && !strcmp(f->name, schema->single))
		return true;
	return schema->kind == L7MESH_KIND_LISTENER &&
	       (!strcmp(f->name, "address") || !strcmp(f->name, "port") ||
		!strcmp(f->name, "port_end")) &&
	       json_object_get(body, "address") && json_object_get(body, "port");
}

/* Kind and key; no part of a key has blanks in it. */
static void print_key(FILE *out, const struct schema *schema,
		      const json_t *body)
{
	char *key = object_key(schema->kind, body), *part, *rest = key;

	fputs(schema->name, out);
	while (*key && (part = strsep(&rest, " "))) {
		putc(' ', out);
		print_quoted(out, part);
	}
	free(key);
}

void words_print(FILE *out, const struct schema *schema, const json_t *body,
		 bool defaults)
{
	json_t *copy = must(json_deep_copy(body));
	char *socket;
	const struct field *f;
	size_t i;

	if (!defaults)
		schema_strip(schema, copy);
	print_key(out, schema, body);
	if (schema->kind == L7MESH_KIND_LISTENER &&
	    json_object_get(body, "address") && json_object_get(body, "port")) {
		socket = socket_text(body);
		putc(' ', out);
		print_quoted(out, socket);
		free(socket);
	}
	if (schema->single && json_object_get(body, schema->single))
		fprintf(out, " %s", object_get(body, schema->single));
	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		if (!is_positional(schema, f, body))
			words_print_field(out, f,
					  json_object_get(copy, f->name));
	}
	json_decref(copy);
}

const char *words_usage(enum l7mesh_kind kind)
{
	return usage[kind];
}
