// SPDX-License-Identifier: GPL-2.0
#include "emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "text.h"
#include "util.h"

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	if (!yaml_emitter_emit(emitter, event) &&
	    emitter->error == YAML_MEMORY_ERROR)
		must(NULL);
}

/* Only what no reader can take for anything else goes without quotes. */
static bool needs_quotes(const char *s, size_t len)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_./-";
	/* YAML 1.1 readers take these for booleans. */
	static const char *const words[] = { "y", "yes", "n", "no", "on",
					     "off" };
	size_t i;

	if (strspn(s, safe) != len || s[0] == '-' || s[0] == '.' ||
	    text_type(s, len) != TEXT_STRING)
		return true;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(s, words[i]))
			return true;
	return false;
}

static void emit_scalar(yaml_emitter_t *emitter, const char *s, size_t len,
			bool quotes)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(&event, NULL, NULL,
					  (yaml_char_t *)s, len, 1, 1,
					  quotes ?
					  YAML_DOUBLE_QUOTED_SCALAR_STYLE :
					  YAML_PLAIN_SCALAR_STYLE))
		must(NULL);
	emit(emitter, &event);
}

static void emit_plain(yaml_emitter_t *emitter, const json_t *value)
{
	char buf[32] = "false";

	if (json_is_integer(value))
		snprintf(buf, sizeof(buf), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
	else if (json_is_true(value))
		strcpy(buf, "true");
	emit_scalar(emitter, buf, strlen(buf), false);
}

/* Does it hold objects' children? Then it takes more than a line. */
static bool is_branch(const json_t *object)
{
	return json_object_get(object, "endpoints") ||
	       json_object_get(object, "virtual_hosts") ||
	       json_object_get(object, "routes") ||
	       json_object_get(object, "rules") ||
	       json_object_get(object, "action");
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value, bool flow);

static void emit_list(yaml_emitter_t *emitter, const json_t *list, bool flow)
{
	bool strings = json_is_string(json_array_get(list, 0));
	yaml_event_t event;
	const json_t *item;
	size_t i;

	flow = flow || strings || !json_array_size(list);
	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, flow ?
						  YAML_FLOW_SEQUENCE_STYLE :
						  YAML_BLOCK_SEQUENCE_STYLE))
		must(NULL);
	emit(emitter, &event);
	json_array_foreach(list, i, item)
		emit_value(emitter, item, flow || !is_branch(item));
	yaml_sequence_end_event_initialize(&event);
	emit(emitter, &event);
}

/* Of a branch, only what holds further objects is in block style. */
static bool is_leaf(const char *key)
{
	return !strcmp(key, "match") || !strcmp(key, "action") ||
	       !strcmp(key, "hash");
}

static void emit_mapping(yaml_emitter_t *emitter, const json_t *object,
			 bool flow)
{
	yaml_event_t event;
	const char *key;
	json_t *value;

	flow = flow || !json_object_size(object);
	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, flow ?
						 YAML_FLOW_MAPPING_STYLE :
						 YAML_BLOCK_MAPPING_STYLE))
		must(NULL);
	emit(emitter, &event);
	json_object_foreach((json_t *)object, key, value) {
		emit_scalar(emitter, key, strlen(key), false);
		emit_value(emitter, value, flow || is_leaf(key));
	}
	yaml_mapping_end_event_initialize(&event);
	emit(emitter, &event);
}

static void emit_value(yaml_emitter_t *emitter, const json_t *value, bool flow)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);

	if (json_is_object(value))
		emit_mapping(emitter, value, flow);
	else if (json_is_array(value))
		emit_list(emitter, value, flow);
	else if (s)
		emit_scalar(emitter, s, len, needs_quotes(s, len));
	else
		emit_plain(emitter, value);
}

static void print_yaml(const json_t *tree)
{
	yaml_emitter_t emitter;
	yaml_event_t event;

	if (!yaml_emitter_initialize(&emitter))
		must(NULL);
	yaml_emitter_set_output_file(&emitter, stdout);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	emit(&emitter, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	emit(&emitter, &event);
	emit_value(&emitter, tree, false);
	yaml_document_end_event_initialize(&event, 1);
	emit(&emitter, &event);
	yaml_stream_end_event_initialize(&event);
	emit(&emitter, &event);
	yaml_emitter_delete(&emitter);
}

void emit_file(json_t *tree, bool json)
{
	if (json)
		json_print(json_incref(tree));
	else
		print_yaml(tree);
}
