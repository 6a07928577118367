// SPDX-License-Identifier: GPL-2.0
/*
 * route_test: a table of requests, and what is expected to become of them.
 *
 * Each is explained by the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "cases.h"
#include "config.h"
#include "text.h"
#include "util.h"

#define FIELDS(table) \
	.fields = (table), .nfields = sizeof(table) / sizeof((table)[0])

#define TEXT_FIELD(n)	{ .name = (n), .type = FIELD_STRING,		\
			  .check = text_check_value }

#define LINES_FIELD(n)	{ .name = (n), .type = FIELD_LIST,		\
			  .check = text_check_value }

static const struct field expect_fields[] = {
	TEXT_FIELD("client"),
	TEXT_FIELD("route_table"),
	TEXT_FIELD("virtual_host"),
	{ .name = "route", .type = FIELD_U32, .max = UINT32_MAX },
	LINES_FIELD("policies"),
	{ .name = "status", .type = FIELD_U16, .min = 200, .max = 599 },
	TEXT_FIELD("reason"),
	TEXT_FIELD("cluster"),
	TEXT_FIELD("subset"),
	TEXT_FIELD("endpoint"),
	TEXT_FIELD("request"),
	LINES_FIELD("request_headers"),
	LINES_FIELD("request_headers_absent"),
	LINES_FIELD("response_headers"),
	LINES_FIELD("response_headers_absent"),
};

static const struct schema expect = {
	.name = "expectation",
	FIELDS(expect_fields),
};

static void validate_test(const struct scope *scope, const json_t *body)
{
	char *why = ask_check(body);

	if (why)
		scope_problem(scope, NULL, "%s", why);
	free(why);
}

static const struct field test_fields[] = {
	TEXT_FIELD("title"),
	{ .name = "listener", .type = FIELD_STRING, .flags = FIELD_REQUIRED,
	  .check = text_check_name },
	{ .name = "method", .type = FIELD_STRING, .check = text_check_token },
	TEXT_FIELD("url"),
	LINES_FIELD("headers"),
	ASK_SERVER_NAME,
	{ .name = "source", .type = FIELD_ADDRESS },
	{ .name = "source_netns", .type = FIELD_U64, .min = 1 },
	{ .name = "expect", .type = FIELD_NEST, .flags = FIELD_REQUIRED,
	  .sub = &expect },
};

static const struct schema test = {
	.name = "test",
	.kind = CASES_KIND,
	FIELDS(test_fields),
	.rule = validate_test,
};

static const struct field file_fields[] = {
	{ .name = "tests", .type = FIELD_CHILDREN, .sub = &test },
};

static const struct schema file_schema = {
	.name = "route tests",
	FIELDS(file_fields),
};

/* ---- comparing ---- */

static bool has_text(const json_t *list, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!strcmp(json_string_value(item), text))
			return true;
	return false;
}

/* The line of that name, or NULL. */
static const char *line_named(const json_t *lines, const char *name)
{
	size_t len = strlen(name), i;
	const json_t *line;

	json_array_foreach(lines, i, line)
		if (!strncasecmp(json_string_value(line), name, len) &&
		    json_string_value(line)[len] == ':')
			return json_string_value(line);
	return NULL;
}

static char *name_of(const char *line)
{
	return xasprintf("%.*s", (int)strcspn(line, ":"), line);
}

static void compare_present(struct comparison *c, const char *key,
			    const json_t *found, const json_t *wanted)
{
	const json_t *item;
	char *name, *there;
	const char *line;
	size_t i;

	json_array_foreach(wanted, i, item) {
		if (has_text(found, json_string_value(item)))
			continue;
		name = name_of(json_string_value(item));
		line = line_named(found, name);
		there = line ? xasprintf("\"%s\"", line) : xstrdup("nothing");
		cases_differ(c, key, there,
			     xasprintf("\"%s\"", json_string_value(item)));
		free(name);
	}
}

static void compare_absent(struct comparison *c, const char *key,
			   const json_t *found, const json_t *unwanted)
{
	const json_t *item;
	const char *line;
	size_t i;

	json_array_foreach(unwanted, i, item) {
		line = line_named(found, json_string_value(item));
		if (line)
			cases_differ(c, key, xasprintf("\"%s\"", line),
				     xstrdup("nothing"));
	}
}

static const json_t *at(const json_t *object, const char *key,
			const char *inner)
{
	return json_object_get(json_object_get(object, key), inner);
}

static void compare_one(struct comparison *c, const char *key,
			const json_t *wanted)
{
	const json_t *a = c->answer;

	if (!strcmp(key, "route"))
		cases_compare(c, key, at(a, "route", "index"), wanted);
	else if (!strcmp(key, "policies"))
		compare_present(c, key, json_object_get(a, key), wanted);
	else if (!strcmp(key, "request"))
		cases_compare(c, key, at(a, "request", "line"), wanted);
	else if (!strcmp(key, "request_headers"))
		compare_present(c, key, at(a, "request", "headers"), wanted);
	else if (!strcmp(key, "request_headers_absent"))
		compare_absent(c, key, at(a, "request", "headers"), wanted);
	else if (!strcmp(key, "response_headers"))
		compare_present(c, key, at(a, "response", "headers"), wanted);
	else if (!strcmp(key, "response_headers_absent"))
		compare_absent(c, key, at(a, "response", "headers"), wanted);
	else
		cases_compare(c, key, json_object_get(a, key), wanted);
}

static void compare(struct comparison *c, const json_t *body)
{
	const json_t *wanted;
	const char *key;

	json_object_foreach(json_object_get(body, "expect"), key, wanted)
		compare_one(c, key, wanted);
}

static char *title_of(const json_t *body)
{
	const char *title = object_get(body, "title");
	const char *method = object_get(body, "method");
	const char *server = object_get(body, "server_name");

	if (*title)
		return xstrdup(title);
	if (!json_object_get(body, "url"))
		return xasprintf("%s%s%s", object_get(body, "listener"),
				 *server ? " " : "", server);
	return xasprintf("%s %s", *method ? method : "GET",
			 object_get(body, "url"));
}

int cmd_route(const struct ctl *ctl, int argc, char **argv)
{
	static const struct cases cases = {
		.schema = &file_schema,
		.title = title_of,
		.ask = ask,
		.compare = compare,
	};

	return cases_command(ctl, &cases, argc, argv);
}
