/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tree: short words for what one JSON tree is made of from another, where lines are
 * full of them: those that import.
 */
#ifndef MESHCTL_TREE_H
#define MESHCTL_TREE_H

#include <jansson.h>
#include <string.h>

#include "config.h"
#include "util.h"

static inline json_t *get(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static inline bool is(const json_t *object, const char *key, const char *text)
{
	return !strcmp(object_get(object, key), text);
}

static inline void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_text(text, strlen(text)));
}

static inline void set_number(json_t *object, const char *key, json_int_t n)
{
	json_object_set_new(object, key, must(json_integer(n)));
}

static inline void set_bool(json_t *object, const char *key, bool value)
{
	json_object_set_new(object, key, json_boolean(value));
}

static inline json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(get(object, key));
}

/* If it is there. */
static inline void copy(json_t *to, const char *key, const json_t *from,
			const char *name)
{
	if (get(from, name))
		json_object_set(to, key, get(from, name));
}

/* A list, or nothing if it is empty. */
static inline void set_list(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set(object, key, list);
	json_decref(list);
}

#endif
