// SPDX-License-Identifier: GPL-2.0
/*
 * item: list items and groups that are one word on the command line.
 *
 *	hash policy		header:x-user, source_address
 *	header, query match	name=value, name^=prefix, name, !name
 *	weighted cluster	name=weight
 *	proxy			address:port
 *	splice exception	port
 */
#include <stdlib.h>
#include <string.h>

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

json_t *hash_policy_from_word(const struct schema *schema, const char *word,
			      char **why)
{
	if (!strncmp(word, "header:", 7))
		return with_field(schema, must(json_object()), "header",
				  word + 7, strlen(word + 7), why);
	if (!strcmp(word, "source_address"))
		return with_field(schema, must(json_object()),
				  "source_address", "true", 4, why);
	*why = xasprintf("\"%s\" is not header:NAME or source_address", word);
	return NULL;
}

char *hash_policy_to_word(const json_t *value)
{
	const char *header = get(value, "header");

	return header ? xasprintf("header:%s", header) :
			xstrdup("source_address");
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

json_t *value_match_from_word(const struct schema *schema, const char *word,
			      char **why)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	bool prefix = equals && len && equals[-1] == '^';
	bool absent = !equals && word[0] == '!';
	json_t *body = must(json_object());

	body = with_field(schema, body, "name", word + absent,
			  len - absent - prefix, why);
	if (!equals)
		return with_field(schema, body, "present",
				  absent ? "false" : "true",
				  absent ? 5 : 4, why);
	return with_field(schema, body, prefix ? "prefix" : "exact",
			  equals + 1, strlen(equals + 1), why);
}

char *value_match_to_word(const json_t *value)
{
	const char *name = get(value, "name"), *exact = get(value, "exact");
	const char *prefix = get(value, "prefix");
	bool absent = json_is_false(json_object_get(value, "present"));

	name = name ? name : "?";
	if (exact || prefix)
		return xasprintf("%s%s=%s", name, exact ? "" : "^",
				 exact ? exact : prefix);
	return xasprintf("%s%s", absent ? "!" : "", name);
}

json_t *weighted_cluster_from_word(const struct schema *schema,
				   const char *word, char **why)
{
	const char *equals = strrchr(word, '=');
	json_t *body = must(json_object());

	if (!equals) {
		*why = xasprintf("\"%s\" is not CLUSTER=WEIGHT", word);
		json_decref(body);
		return NULL;
	}
	body = with_field(schema, body, "name", word, equals - word, why);
	return with_field(schema, body, "weight", equals + 1,
			  strlen(equals + 1), why);
}

char *weighted_cluster_to_word(const json_t *value)
{
	const char *name = get(value, "name");

	return xasprintf("%s=%" JSON_INTEGER_FORMAT, name ? name : "?",
			 json_integer_value(json_object_get(value, "weight")));
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
