// SPDX-License-Identifier: GPL-2.0
#include "cases.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "load.h"
#include "netns.h"
#include "util.h"
#include "value.h"

/* ---- comparing ---- */

void cases_differ(struct comparison *c, const char *key, char *found,
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

void cases_compare(struct comparison *c, const char *key, const json_t *found,
		   const json_t *wanted)
{
	if (!found || !json_equal(found, wanted))
		cases_differ(c, key, text_or_nothing(found), text_or_nothing(wanted));
}

/* ---- running ---- */

struct run {
	const struct ctl *ctl;
	const struct cases *cases;
	const char *file;
	json_t *results;
	size_t failed;
};

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
	char *title = r->cases->title(o->body);
	json_t *answer;
	int status = r->cases->ask(nl, o->body, title, &answer);

	if (!status) {
		c.answer = answer;
		r->cases->compare(&c, o->body);
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

static int test_file(const struct ctl *ctl, const struct cases *cases,
		     const char *file, const char *mesh)
{
	struct run r = { .ctl = ctl, .cases = cases, .file = file };
	struct config tests;
	struct nl nl;
	int status;

	if (!load_other_file(file, cases->schema, &tests))
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

int cases_command(const struct ctl *ctl, const struct cases *cases, int argc,
		  char **argv)
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
		return test_file(ctl, cases, argv[optind], mesh);
	complain("usage: meshctl %s test FILE [-f MESH]", argv[-1]);
	return STATUS_USAGE;
}
