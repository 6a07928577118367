// SPDX-License-Identifier: GPL-2.0
/*
 * item: list items and groups that are one word on the command line.
 *
 *	hash policy		header:x-user, source_address, query:id, path, five_tuple,
 *				cookie:sid, cookie:sid,ttl=600,path=/
 *	header, query match	name=value, name^=prefix, name$=suffix,
 *				name*=part, name~=regex, name@=start..end, name;
 *				with ! before it, not so
 *	header operation	set:name=value, add:name=value,
 *				add_if_absent:name=value, remove:name
 *	weighted cluster	name=weight, and lines "request_header=OP",
 *				"subset=NAME" and the like
 *	locality		name, name=weight
 *	subset			name:key=value,...
 *	mirror			name, name=percent%, name=percent%,unchanged
 *	proxy			address:port
 *	splice exception	port
 *	authorization rule	as in files, in JSON
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "util.h"
#include "value.h"
#include "words.h"

/* Parses a field's text into @body; on error releases @body and returns NULL. */
static json_t *with_field(const struct schema *schema, json_t *body,
			  const char *name, const char *text, size_t len,
			  char **why)
{
	const struct field *f = schema_field(schema, name);
	json_t *value;

	if (!body)
		return NULL;
	value = value_parse(f, text, len, why);
	if (!value) {
		json_decref(body);
		return NULL;
	}
	value_set(body, f, value);
	return body;
}

static const char *get(const json_t *value, const char *name)
{
	return json_string_value(json_object_get(value, name));
}

/* The part of @text before a ',', which is skipped, or all of it. */
static size_t take_part(const char **rest)
{
	size_t len = strcspn(*rest, ",");

	*rest += len + ((*rest)[len] == ',');
	return len;
}

/* NAME[,ttl=SECONDS[,path=PATH]] */
static json_t *cookie_from_word(const struct schema *schema, const char *word,
				char **why)
{
	const char *rest = word, *part = rest;
	json_t *body;

	body = with_field(schema, must(json_object()), "cookie", part,
			  take_part(&rest), why);
	while (body && *rest) {
		bool ttl = !strncmp(rest, "ttl=", 4);

		if (!ttl && strncmp(rest, "path=", 5)) {
			*why = xasprintf("\"%s\" is not ttl=SECONDS or "
					 "path=PATH", rest);
			json_decref(body);
			return NULL;
		}
		part = rest + (ttl ? 4 : 5);
		body = with_field(schema, body,
				  ttl ? "cookie_ttl" : "cookie_path", part,
				  take_part(&rest) - (ttl ? 4 : 5), why);
	}
	return body;
}

static json_t *one_policy_from_word(const struct schema *schema,
				    const char *word, char **why)
{
	const char *colon = strchr(word, ':');

	if (!strncmp(word, "cookie:", 7))
		return cookie_from_word(schema, colon + 1, why);
	if (!strncmp(word, "header:", 7) || !strncmp(word, "query:", 6))
		return with_field(schema, must(json_object()),
				  word[0] == 'h' ? "header" : "query",
				  colon + 1, strlen(colon + 1), why);
	if (!strcmp(word, "source_address") || !strcmp(word, "path") ||
	    !strcmp(word, "five_tuple"))
		return with_field(schema, must(json_object()), word, "true", 4,
				  why);
	*why = xasprintf("\"%s\" is not header:NAME, source_address, "
			 "cookie:NAME, query:NAME, path or five_tuple", word);
	return NULL;
}

/* [combine:]POLICY */
json_t *hash_policy_from_word(const struct schema *schema, const char *word,
			      char **why)
{
	bool combine = !strncmp(word, "combine:", 8);
	json_t *body;

	body = one_policy_from_word(schema, word + (combine ? 8 : 0), why);
	return body && combine ? with_field(schema, body, "combine", "true", 4,
					    why) : body;
}

static char *cookie_to_word(const json_t *value)
{
	const json_t *ttl = json_object_get(value, "cookie_ttl");
	const char *path = get(value, "cookie_path");

	if (!ttl)
		return xasprintf("cookie:%s", get(value, "cookie"));
	return xasprintf("cookie:%s,ttl=%" JSON_INTEGER_FORMAT "%s%s",
			 get(value, "cookie"), json_integer_value(ttl),
			 path ? ",path=" : "", path ? path : "");
}

static char *one_policy_to_word(const json_t *value)
{
	const char *header = get(value, "header"), *query = get(value, "query");

	if (get(value, "cookie"))
		return cookie_to_word(value);
	if (header || query)
		return xasprintf("%s:%s", header ? "header" : "query",
				 header ? header : query);
	if (json_object_get(value, "five_tuple"))
		return xstrdup("five_tuple");
	return xstrdup(json_object_get(value, "path") ? "path" :
							"source_address");
}

char *hash_policy_to_word(const json_t *value)
{
	char *one = one_policy_to_word(value), *word;

	if (!json_object_get(value, "combine"))
		return one;
	word = xasprintf("combine:%s", one);
	free(one);
	return word;
}

json_t *socket_from_word(const struct schema *schema, const char *word,
			 char **why)
{
	return socket_parse(word, schema_field(schema, "port")->min, why);
}

char *socket_to_word(const json_t *value)
{
	return socket_text(value);
}

/* How a value is compared: the sign before the '='; none: exactly. */
static const struct {
	char sign;
	const char *name;
} comparisons[] = {
	{ '^', "prefix" }, { '$', "suffix" }, { '*', "contains" },
	{ '~', "regex" }, { '@', "range" }, { '\0', "exact" },
};

#define NCOMPARISONS (sizeof(comparisons) / sizeof(comparisons[0]))

static json_t *with_range(const struct schema *schema, json_t *body,
			  const char *text, char **why)
{
	const struct schema *sub = schema_field(schema, "range")->sub;
	const char *dots = strstr(text, "..");
	json_t *range = must(json_object());

	if (!body || !dots) {
		if (body)
			*why = xasprintf("\"%s\" is not START..END", text);
		json_decref(range);
		json_decref(body);
		return NULL;
	}
	range = with_field(sub, range, "start", text, dots - text, why);
	range = with_field(sub, range, "end", dots + 2, strlen(dots + 2), why);
	if (!range) {
		json_decref(body);
		return NULL;
	}
	json_object_set_new(body, "range", range);
	return body;
}

static json_t *with_comparison(const struct schema *schema, json_t *body,
			       const char *name, const char *text, char **why)
{
	if (!strcmp(name, "range"))
		return with_range(schema, body, text, why);
	return with_field(schema, body, name, text, strlen(text), why);
}

json_t *value_match_from_word(const struct schema *schema, const char *word,
			      char **why)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word), i = 0;
	bool not = word[0] == '!';
	json_t *body = must(json_object());

	while (comparisons[i].sign &&
	       !(equals && len && equals[-1] == comparisons[i].sign))
		i++;
	len -= not + (comparisons[i].sign != '\0');
	body = with_field(schema, body, "name", word + not, len, why);
	if (!equals)
		return with_field(schema, body, "present",
				  not ? "false" : "true", not ? 5 : 4, why);
	body = with_comparison(schema, body, comparisons[i].name, equals + 1,
			       why);
	return not ? with_field(schema, body, "invert", "true", 4, why) : body;
}

static char *comparison_text(const json_t *value, const char *name)
{
	const json_t *field = json_object_get(value, name);

	if (!json_is_object(field))
		return value_text(field);
	return xasprintf("%" JSON_INTEGER_FORMAT "..%" JSON_INTEGER_FORMAT,
			 json_integer_value(json_object_get(field, "start")),
			 json_integer_value(json_object_get(field, "end")));
}

char *value_match_to_word(const json_t *value)
{
	const char *name = get(value, "name");
	bool not = json_is_true(json_object_get(value, "invert")) ||
		   json_is_false(json_object_get(value, "present"));
	char *text, *word;
	size_t i = 0;

	while (i < NCOMPARISONS && !json_object_get(value, comparisons[i].name))
		i++;
	name = name ? name : "?";
	if (i == NCOMPARISONS)
		return xasprintf("%s%s", not ? "!" : "", name);
	text = comparison_text(value, comparisons[i].name);
	word = xasprintf("%s%s%.1s=%s", not ? "!" : "", name,
			 &comparisons[i].sign, text);
	free(text);
	return word;
}

json_t *header_op_from_word(const struct schema *schema, const char *word,
			    char **why)
{
	const char *colon = strchr(word, ':'), *equals;
	json_t *body = must(json_object());
	size_t len;

	if (!colon) {
		*why = xasprintf("\"%s\" is not OP:NAME=VALUE or remove:NAME",
				 word);
		json_decref(body);
		return NULL;
	}
	equals = strchr(colon, '=');
	len = equals ? (size_t)(equals - colon - 1) : strlen(colon + 1);
	body = with_field(schema, body, "name", colon + 1, len, why);
	if (equals)
		body = with_field(schema, body, "value", equals + 1,
				  strlen(equals + 1), why);
	return with_field(schema, body, "op", word, colon - word, why);
}

char *header_op_to_word(const json_t *value)
{
	const char *op = get(value, "op"), *name = get(value, "name");
	const char *text = get(value, "value");

	return xasprintf("%s:%s%s%s", op ? op : "set", name ? name : "?",
			 text ? "=" : "", text ? text : "");
}

/* The field that a line of a weighted cluster's word begins with, "request_header=". */
static const struct field *line_field(const struct schema *schema,
				      const char *line, size_t len)
{
	const struct field *f;
	size_t i, n;

	for (i = 0; i < schema->nfields; i++) {
		f = &schema->fields[i];
		n = f->type == FIELD_LIST ? strlen(f->word) : 0;
		if (n && n < len && !strncmp(line, f->word, n) &&
		    line[n] == '=')
			return f;
	}
	return NULL;
}

#define SUBSET	"subset="

/* Adds the operation, or the subset, of one line; on error releases @body and returns NULL. */
static json_t *with_line(const struct schema *schema, json_t *body,
			 const char *line, size_t len, char **why)
{
	const struct field *f = line_field(schema, line, len);
	json_t *list, *item = NULL;
	char *word;

	if (len > strlen(SUBSET) && !strncmp(line, SUBSET, strlen(SUBSET)))
		return with_field(schema, body, "subset", line + strlen(SUBSET),
				  len - strlen(SUBSET), why);
	if (!f) {
		*why = xasprintf("\"%.*s\" is not subset=NAME, "
				 "request_header=OP or response_header=OP",
				 (int)len, line);
		json_decref(body);
		return NULL;
	}
	word = xasprintf("%.*s", (int)(len - strlen(f->word) - 1),
			 line + strlen(f->word) + 1);
	item = f->sub->from_word(f->sub, word, why);
	free(word);
	if (!item) {
		json_decref(body);
		return NULL;
	}
	list = json_object_get(body, f->name);
	if (!list) {
		list = must(json_array());
		json_object_set_new(body, f->name, list);
	}
	json_array_append_new(list, item);
	return body;
}

/* NAME=WEIGHT, and on lines of their own the subset, and what is done to headers. */
json_t *weighted_cluster_from_word(const struct schema *schema,
				   const char *word, char **why)
{
	const char *end = strchrnul(word, '\n'), *line;
	const char *equals = memrchr(word, '=', end - word);
	json_t *body = must(json_object());

	if (!equals) {
		*why = xasprintf("\"%s\" is not CLUSTER=WEIGHT", word);
		json_decref(body);
		return NULL;
	}
	body = with_field(schema, body, "name", word, equals - word, why);
	body = with_field(schema, body, "weight", equals + 1,
			  end - equals - 1, why);
	while (body && *end) {
		line = end + 1;
		end = strchrnul(line, '\n');
		body = with_line(schema, body, line, end - line, why);
	}
	return body;
}

static void print_lines(FILE *out, const char *word, const json_t *list)
{
	const json_t *item;
	char *text;
	size_t i;

	json_array_foreach(list, i, item) {
		text = header_op_to_word(item);
		fprintf(out, "\n%s=%s", word, text);
		free(text);
	}
}

char *weighted_cluster_to_word(const json_t *value)
{
	const char *name = get(value, "name");
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		must(NULL);
	fprintf(out, "%s=%" JSON_INTEGER_FORMAT, name ? name : "?",
		json_integer_value(json_object_get(value, "weight")));
	if (get(value, "subset"))
		fprintf(out, "\n" SUBSET "%s", get(value, "subset"));
	print_lines(out, "request_header",
		    json_object_get(value, "request_headers"));
	print_lines(out, "response_header",
		    json_object_get(value, "response_headers"));
	fclose(out);
	return text;
}

json_t *splice_except_from_word(const struct schema *schema, const char *word,
				char **why)
{
	return with_field(schema, must(json_object()), "port", word,
			  strlen(word), why);
}

char *splice_except_to_word(const json_t *value)
{
	return value_text(json_object_get(value, "port"));
}

/* CLUSTER[=PERCENT%][,unchanged]; neither a name nor a number has a comma. */
#define UNCHANGED ",unchanged"

json_t *locality_from_word(const struct schema *schema, const char *word,
			   char **why)
{
	size_t len = strlen(word);
	const char *equals = memrchr(word, '=', len);
	json_t *body = must(json_object());

	body = with_field(schema, body, "name", word,
			  equals ? (size_t)(equals - word) : len, why);
	if (equals)
		body = with_field(schema, body, "weight", equals + 1,
				  word + len - equals - 1, why);
	return body;
}

char *locality_to_word(const json_t *value)
{
	return xasprintf("%s=%" JSON_INTEGER_FORMAT, get(value, "name") ?: "?",
			 json_integer_value(json_object_get(value, "weight")));
}

json_t *subset_from_word(const struct schema *schema, const char *word,
			 char **why)
{
	const char *colon = strchr(word, ':');
	json_t *body = must(json_object());

	if (!colon) {
		*why = xasprintf("\"%s\" is not NAME:KEY=VALUE,...", word);
		json_decref(body);
		return NULL;
	}
	body = with_field(schema, body, "name", word, colon - word, why);
	return with_field(schema, body, "metadata", colon + 1,
			  strlen(colon + 1), why);
}

char *subset_to_word(const json_t *value)
{
	return xasprintf("%s:%s", get(value, "name") ?: "?",
			 get(value, "metadata") ?: "");
}

json_t *mirror_from_word(const struct schema *schema, const char *word,
			 char **why)
{
	size_t len = strlen(word), tail = strlen(UNCHANGED);
	bool shadow = len < tail || strcmp(word + len - tail, UNCHANGED);
	json_t *body = must(json_object());
	const char *equals;

	if (!shadow)
		len -= tail;
	equals = memrchr(word, '=', len);
	if (equals && word[len - 1] != '%')
		equals = NULL;
	body = with_field(schema, body, "cluster", word,
			  equals ? (size_t)(equals - word) : len, why);
	if (equals)
		body = with_field(schema, body, "fraction", equals + 1,
				  word + len - equals - 1, why);
	if (!shadow)
		body = with_field(schema, body, "shadow", "false", 5, why);
	return body;
}

char *mirror_to_word(const json_t *value)
{
	const char *fraction = get(value, "fraction");
	const json_t *shadow = json_object_get(value, "shadow");

	return xasprintf("%s=%s%s", get(value, "cluster") ?: "?",
			 fraction ?: "100%",
			 json_is_false(shadow) ? UNCHANGED : "");
}

json_t *authorization_rule_from_word(const struct schema *schema,
				     const char *word, char **why)
{
	return load_word(schema, word, why);
}

char *authorization_rule_to_word(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT), *word;

	if (!text)
		must(NULL);
	word = xstrdup(text);
	free(text);
	return word;
}
