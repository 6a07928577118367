// SPDX-License-Identifier: GPL-2.0
/*
 * authz_test: a table of connections and requests, and whether they are to be allowed.
 */
#include <stdlib.h>

#include "authz.h"
#include "cases.h"
#include "config.h"
#include "scope.h"
#include "tree.h"
#include "util.h"

#define FIELDS(table) \
	.fields = (table), .nfields = sizeof(table) / sizeof((table)[0])

static const char *const expectations[] = { "allowed", "denied", NULL };

static const struct field test_fields[] = {
	{ .name = "name", .type = FIELD_STRING, .check = text_check_value },
	AUTHZ_FIELDS,
	{ .name = "expect", .type = FIELD_ENUM, .flags = FIELD_REQUIRED,
	  .names = expectations },
	{ .name = "policy", .type = FIELD_STRING, .check = text_check_name },
};

static void validate_test(const struct scope *scope, const json_t *body)
{
	char *why = authz_check(body);

	if (why)
		scope_problem(scope, NULL, "%s", why);
	free(why);
}

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
	.name = "authorization tests",
	FIELDS(file_fields),
};

static char *title_of(const json_t *body)
{
	const char *name = object_get(body, "name");
	const char *from = object_get(body, "from");

	if (*name)
		return xstrdup(name);
	return xasprintf("%s%s%s%s%s", object_get(body, "workload"),
			 *from ? " from " : "", from,
			 get(body, "path") ? " " : "", object_get(body, "path"));
}

static json_t *outcome(const json_t *answer)
{
	return must(json_string(json_is_true(get(answer, "allowed")) ?
				"allowed" : "denied"));
}

static void compare(struct comparison *c, const json_t *body)
{
	json_t *found = outcome(c->answer);

	cases_compare(c, "expect", found, get(body, "expect"));
	json_decref(found);
	if (get(body, "policy"))
		cases_compare(c, "policy", get(c->answer, "policy"),
			      get(body, "policy"));
}

int authz_test(const struct ctl *ctl, int argc, char **argv)
{
	static const struct cases cases = {
		.schema = &file_schema,
		.title = title_of,
		.ask = authz_ask,
		.compare = compare,
	};

	return cases_command(ctl, &cases, argc, argv);
}
