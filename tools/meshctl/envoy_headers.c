// SPDX-License-Identifier: GPL-2.0
/*
 * Envoy evaluates a level after the other (config_impl.cc, finalizeRequestHeaders()):
 * the weighted cluster's, the route's, the virtual host's, the route configuration's;
 * with most_specific_header_mutations_wins, all but the first the other way round. In a
 * level (header_parser.cc, evaluateHeaders()) it removes, then reckons all values, then
 * overwrites, then adds. Here a list removes before it does anything else, and values
 * are reckoned from what was received.
 */
#include <ctype.h>

#include "envoy_priv.h"

/* ---- names ---- */

static char *lower(const char *name, size_t len)
{
	char *text = xasprintf("%.*s", (int)len, name), *c;

	for (c = text; *c; c++)
		*c = tolower((unsigned char)*c);
	return text;
}

static void note(json_t *names, const char *name)
{
	char *key = lower(name, strlen(name));

	json_object_set_new(names, key, must(json_true()));
	free(key);
}

static bool is_noted(const json_t *names, const char *name)
{
	char *key = lower(name, strlen(name));
	bool noted = get(names, key);

	free(key);
	return noted;
}

/* ---- a level ---- */

/* Of one of the two heads. */
struct edits {
	struct envoy *e;
	const struct path *path;
	const char *field;	/* of those that are added, for errors */
	const json_t *add;
	json_t *removed;	/* names */
	json_t *changed;	/* names, these and those that are added */
};

static const char *op_of(const json_t *option)
{
	if (json_is_false(get(option, "append")) ||
	    is(option, "append_action", "OVERWRITE_IF_EXISTS_OR_ADD"))
		return "set";
	return is(option, "append_action", "ADD_IF_ABSENT") ? "add_if_absent" :
							      "add";
}

static const char *name_of(const json_t *option)
{
	return object_get(get(option, "header"), "key");
}

static void fail(const struct edits *edits, size_t i, const char *name,
		 const char *why)
{
	const struct path path = { edits->path, edits->field, i };

	envoy_fail(edits->e, &path, "%s: %s", name, why);
}

/* Whether a field is absent is seen before any of the level is added. */
static void check_absent(const struct edits *edits)
{
	json_t *added = must(json_object()), *absent = must(json_object());
	const json_t *option;
	const char *name;
	bool absents;
	size_t i;

	json_array_foreach(edits->add, i, option) {
		name = name_of(option);
		absents = !strcmp(op_of(option), "add_if_absent");
		if (is_noted(absent, name) || (absents && is_noted(added, name)))
			fail(edits, i, name, "ADD_IF_ABSENT of what the same list "
			     "adds cannot be carried over");
		note(absents ? absent : added, name);
	}
	json_decref(added);
	json_decref(absent);
}

static struct edits edits_of(struct envoy *e, const struct header_level *level,
			     bool response)
{
	const json_t *remove, *item;
	struct edits edits = {
		.e = e, .path = level->path, .removed = must(json_object()),
	};
	size_t i;

	edits.field = response ? "response_headers_to_add" :
				 "request_headers_to_add";
	edits.add = get(level->from, edits.field);
	remove = get(level->from, response ? "response_headers_to_remove" :
					     "request_headers_to_remove");
	json_array_foreach(remove, i, item)
		note(edits.removed, json_string_value(item));
	edits.changed = must(json_copy(edits.removed));
	json_array_foreach(edits.add, i, item)
		note(edits.changed, name_of(item));
	check_absent(&edits);
	return edits;
}

static void edits_free(struct edits *edits)
{
	json_decref(edits->removed);
	json_decref(edits->changed);
}

/* ---- values ---- */

/* The next field that a value reads, of which head; NULL if there is none. */
static char *next_read(const char **value, bool *response)
{
	const char *s = *value;
	size_t len;

	for (; *s; s++) {
		if (*s != '%')
			continue;
		*response = !strncmp(s, "%RESP(", 6);
		if (*response || !strncmp(s, "%REQ(", 5)) {
			s += *response ? 6 : 5;
			len = strcspn(s, "?):");
			*value = s + len;
			return lower(s, len);
		}
		/* The next is another percent sign, or ends what this one begins. */
		s += s[1] == '%';
	}
	return NULL;
}

/*
 * What a value reads must be as it was received. @before: names that other levels
 * change earlier.
 */
static void check_value(const struct edits *edits, size_t i, bool response,
			const json_t *before)
{
	const json_t *option = json_array_get(edits->add, i);
	const char *value = object_get(get(option, "header"), "value");
	bool of_response;
	char *name;

	for (; (name = next_read(&value, &of_response)); free(name)) {
		if (response && !of_response)
			set_text(edits->e->reads, name, name_of(option));
		else if (response == of_response &&
			 (get(before, name) || get(edits->removed, name)))
			fail(edits, i, name_of(option), "a value of a field that "
			     "was changed before cannot be carried over");
	}
}

/* ---- levels ---- */

static void add_options(json_t *ops, const struct edits *edits, bool sets,
			const json_t *removed_later)
{
	const json_t *option;
	size_t i;

	json_array_foreach(edits->add, i, option) {
		if (!strcmp(op_of(option), "set") != sets ||
		    is_noted(removed_later, name_of(option)))
			continue;
		json_array_append_new(ops, must(json_pack("{s:O, s:O, s:s}", "name",
							  get(get(option, "header"),
							      "key"),
							  "value",
							  get(get(option, "header"),
							      "value"),
							  "op", op_of(option))));
	}
}

/* What is added before it is removed is not added. */
static json_t *merged(const struct edits *levels, size_t n)
{
	json_t *removed = must(json_object()), *ops = must(json_array());
	json_t *lists[HEADER_LEVELS_MAX], *value;
	const char *name;
	size_t i;

	for (i = n; i--;) {
		lists[i] = must(json_array());
		add_options(lists[i], &levels[i], true, removed);
		add_options(lists[i], &levels[i], false, removed);
		json_object_update(removed, levels[i].removed);
	}
	json_object_foreach(removed, name, value)
		json_array_append_new(ops, must(json_pack("{s:s, s:s}", "name", name,
							  "op", "remove")));
	for (i = 0; i < n; i++) {
		json_array_extend(ops, lists[i]);
		json_decref(lists[i]);
	}
	json_decref(removed);
	return ops;
}

static json_t *ops_of(struct envoy *e, const struct header_level *levels, size_t n,
		      bool response, json_t *changed)
{
	struct edits edits[HEADER_LEVELS_MAX];
	json_t *ops;
	size_t i, k;

	for (i = 0; i < n; i++) {
		edits[i] = edits_of(e, &levels[i], response);
		for (k = 0; k < json_array_size(edits[i].add); k++)
			check_value(&edits[i], k, response, changed);
		json_object_update(changed, edits[i].changed);
		if (!response)
			json_object_update(e->edited, edits[i].changed);
	}
	ops = merged(edits, n);
	for (i = 0; i < n; i++)
		edits_free(&edits[i]);
	return ops;
}

void envoy_set_headers(struct envoy *e, json_t *to,
		       const struct header_level *levels, size_t n,
		       struct header_changes *changes)
{
	set_list(to, "request_headers",
		 ops_of(e, levels, n, false, changes->request));
	set_list(to, "response_headers",
		 ops_of(e, levels, n, true, changes->response));
}

void envoy_check_reads(struct envoy *e, const struct path *path)
{
	const char *name;
	json_t *reader;

	json_object_foreach(e->reads, name, reader)
		if (get(e->edited, name))
			envoy_fail(e, path, "%s: a value of the request's field %s, "
				   "which is changed, cannot be carried over",
				   json_string_value(reader), name);
	json_object_clear(e->reads);
	json_object_clear(e->edited);
}

struct header_changes envoy_changes(void)
{
	return (struct header_changes){ must(json_object()), must(json_object()) };
}

void envoy_changes_add(struct header_changes *to, const struct header_changes *from)
{
	json_object_update(to->request, from->request);
	json_object_update(to->response, from->response);
}

void envoy_changes_free(struct header_changes *changes)
{
	json_decref(changes->request);
	json_decref(changes->response);
}
