// SPDX-License-Identifier: GPL-2.0
/*
 * route_test: a table of requests, and what is expected to become of them.
 *
 * Nothing is sent: each is explained by the kernel. With a mesh file, that
 * configuration is tried in a namespace of its own, which is gone afterwards.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "ask.h"
#include "load.h"
#include "meshctl.h"
#include "netns.h"
#include "text.h"
#include "util.h"
#include "value.h"

#define USAGE "usage: meshctl route test FILE [-f MESH]"

/* No kind of the kernel's. */
#define KIND_TEST	(L7MESH_KIND_MAX + 1)

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
	{ .name = "source", .type = FIELD_ADDRESS },
	{ .name = "source_netns", .type = FIELD_U64, .min = 1 },
	{ .name = "expect", .type = FIELD_NEST, .flags = FIELD_REQUIRED,
	  .sub = &expect },
};

static const struct schema test = {
	.name = "test",
	.kind = KIND_TEST,
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

/* What was found instead, as a list of lines. */
struct comparison {
	const json_t *answer;
	json_t *differences;
};

static void differ(struct comparison *c, const char *key, char *found,
		   char *wanted)
{
	char *line = xasprintf("%s: %s is found; %s is expected", key, found,
			       wanted);

	json_array_append_new(c->differences, json_text(line, strlen(line)));
	free(line);
	free(found);
	free(wanted);
}

static char *text_or_nothing(const json_t *value)
{
	char *text, *quoted;

	if (!value)
		return xstrdup("nothing");
	if (!json_is_string(value))
		return value_text(value);
	text = value_text(value);
	quoted = xasprintf("\"%s\"", text);
	free(text);
	return quoted;
}

static void compare_value(struct comparison *c, const char *key,
			  const json_t *found, const json_t *wanted)
{
	if (!found || !json_equal(found, wanted))
		differ(c, key, text_or_nothing(found), text_or_nothing(wanted));
}

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
	const char *line;
	char *name;
	size_t i;

	json_array_foreach(wanted, i, item) {
		if (has_text(found, json_string_value(item)))
			continue;
		name = name_of(json_string_value(item));
		line = line_named(found, name);
		differ(c, key, line ? xasprintf("\"%s\"", line) :
				      xstrdup("nothing"),
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
			differ(c, key, xasprintf("\"%s\"", line),
			       xstrdup("nothing"));
	}
}

static const json_t *at(const json_t *object, const char *key,
			const char *inner)
{
	return json_object_get(json_object_get(object, key), inner);
}

static void compare(struct comparison *c, const char *key, const json_t *wanted)
{
	const json_t *a = c->answer;

	if (!strcmp(key, "route"))
		compare_value(c, key, at(a, "route", "index"), wanted);
	else if (!strcmp(key, "policies"))
		compare_present(c, key, json_object_get(a, key), wanted);
	else if (!strcmp(key, "request"))
		compare_value(c, key, at(a, "request", "line"), wanted);
	else if (!strcmp(key, "request_headers"))
		compare_present(c, key, at(a, "request", "headers"), wanted);
	else if (!strcmp(key, "request_headers_absent"))
		compare_absent(c, key, at(a, "request", "headers"), wanted);
	else if (!strcmp(key, "response_headers"))
		compare_present(c, key, at(a, "response", "headers"), wanted);
	else if (!strcmp(key, "response_headers_absent"))
		compare_absent(c, key, at(a, "response", "headers"), wanted);
	else
		compare_value(c, key, json_object_get(a, key), wanted);
}

/* ---- running ---- */

struct run {
	const struct ctl *ctl;
	const char *file;
	json_t *results;
	size_t failed;
};

static char *title_of(const json_t *body)
{
	const char *title = object_get(body, "title");
	const char *method = object_get(body, "method");

	if (*title)
		return xstrdup(title);
	return xasprintf("%s %s", *method ? method : "GET",
			 object_get(body, "url"));
}

static void report(struct run *r, const struct object *o, const char *title,
		   json_t *differences)
{
	const json_t *line;
	json_t *result;
	size_t i;

	r->failed += !!json_array_size(differences);
	result = json_pack("{s:s, s:I, s:b, s:O}", "title", title,
			   "line", (json_int_t)o->mark.line,
			   "passed", !json_array_size(differences),
			   "differences", differences);
	json_array_append_new(r->results, must(result));
	if (r->ctl->json)
		return;
	printf("%s %zu - %s\n", json_array_size(differences) ? "not ok" : "ok",
	       json_array_size(r->results), title);
	json_array_foreach(differences, i, line)
		printf("# %s:%zu:%zu: %s\n", load_name(r->file), o->mark.line,
		       o->mark.column, json_string_value(line));
}

static int run_test(struct run *r, struct nl *nl, const struct object *o)
{
	struct comparison c = { .differences = must(json_array()) };
	char *title = title_of(o->body);
	json_t *answer, *wanted;
	const char *key;
	int status = ask(nl, o->body, title, &answer);

	if (!status) {
		c.answer = answer;
		json_object_foreach(json_object_get(o->body, "expect"), key,
				    wanted)
			compare(&c, key, wanted);
		report(r, o, title, c.differences);
		json_decref(answer);
	}
	json_decref(c.differences);
	free(title);
	return status;
}

static int run_tests(struct run *r, struct nl *nl, const struct config *tests)
{
	int status = STATUS_OK;
	size_t i;

	for (i = 0; i < tests->count && !status; i++)
		status = run_test(r, nl, &tests->objects[i]);
	if (status)
		return status;
	if (r->ctl->json)
		json_print(json_incref(r->results));
	else
		printf("1..%zu\n", tests->count);
	return r->failed ? STATUS_DIFFERENT : STATUS_OK;
}

/* The kernel's configuration, or that of a file in a namespace made for it. */
static int prepare(struct nl *nl, const char *mesh)
{
	struct config config;
	uint64_t generation;
	int status;

	if (!mesh)
		return nl_open(nl);
	if (!load_file(mesh, &config))
		return STATUS_USAGE;
	status = netns_enter_new();
	if (!status)
		status = nl_open(nl);
	if (!status) {
		status = apply_config(nl, mesh, &config, &generation);
		if (status)
			nl_close(nl);
	}
	config_free(&config);
	return status;
}

static int test_file(const struct ctl *ctl, const char *file, const char *mesh)
{
	struct run r = { .ctl = ctl, .file = file };
	struct config tests;
	struct nl nl;
	int status;

	if (!load_other_file(file, &file_schema, &tests))
		return STATUS_USAGE;
	status = prepare(&nl, mesh);
	if (!status) {
		r.results = must(json_array());
		status = run_tests(&r, &nl, &tests);
		json_decref(r.results);
		nl_close(&nl);
	}
	config_free(&tests);
	return status;
}

int cmd_route(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "file", required_argument, NULL, 'f' },
		{ 0 },
	};
	const char *mesh = NULL;
	int opt;

	argc--;
	argv++;
	optind = 0;
	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":f:", longs, NULL)) == 'f')
		mesh = optarg;
	if (opt == -1 && argc && !strcmp(argv[0], "test") && argc - optind == 1)
		return test_file(ctl, argv[optind], mesh);
	complain(USAGE);
	return STATUS_USAGE;
}
