// SPDX-License-Identifier: GPL-2.0
/* Tests of module/http/path_template.c. */
#include <stdio.h>
#include <string.h>
#include <linux/kernel.h>

#include "http/path_template.h"
#include "tap.h"
#include "unit.h"

static struct span text(const char *s)
{
	return (struct span){ s, strlen(s) };
}

/* @wanted: "name=value " for each variable; NULL: no match. */
static const struct {
	const char *template, *path, *wanted;
} rows[] = {
	{ "/", "/", "" },
	{ "/", "/a", NULL },
	{ "/users/{id}", "/users/7", "id=7 " },
	{ "/users/{id}", "/users/7/", NULL },
	{ "/users/{id}", "/users/", NULL },
	{ "/users/{id}", "/users", NULL },
	{ "/users/{id}", "/user/7", NULL },
	{ "/users/{id}/", "/users/7/", "id=7 " },
	{ "/{a}/{b=*}/c", "/x/y/c", "a=x b=y " },
	{ "/{a}/{b}/c", "/x/y/d", NULL },
	{ "/*/b", "/a/b", "" },
	{ "/*/b", "//b", NULL },
	{ "/a/**", "/a/", "" },
	{ "/a/**", "/a", NULL },
	{ "/a/**", "/a/b//c/", "" },
	{ "/{x}/{rest=**}", "/a/b/c", "x=a rest=b/c " },
	{ "/{x}/{rest=**}", "/a/", "x=a rest= " },
	{ "/a/{rest=**}", "/a/*", "rest=* " },
	{ "/a/{b}", "/a/{b}", "b={b} " },
	{ "/a/b", "/a/bc", NULL },
	{ "/a/bc", "/a/b", NULL },
	{ "/a/*/c", "/a/b", NULL },
	{ "/a/*", "/a/b/c", NULL },
	{ "/{a}/{b=**}", "/a", NULL },
	{ "/a//b", "/a//b", "" },
	{ "/%7Bid%7D", "/%7Bid%7D", "" },
};

static void describe(const struct path_variables *vars, char *to)
{
	u32 i;

	*to = '\0';
	for (i = 0; i < vars->n; i++)
		to += sprintf(to, "%.*s=%.*s ", (int)vars->names[i].len,
			      vars->names[i].p, (int)vars->values[i].len,
			      vars->values[i].p);
}

static void test_matches(void)
{
	struct path_variables vars;
	char got[256];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *why = path_template_check(text(rows[i].template));

		strcpy(got, "no match");
		if (path_template_match(text(rows[i].template),
					text(rows[i].path), &vars))
			describe(&vars, got);
		tap_is(why ?: got, rows[i].wanted ?: "no match",
		       "template: %s %s", rows[i].template, rows[i].path);
	}
}

static void test_refusals(void)
{
	static const char * const bad[] = {
		"", "a", "/a*", "/{", "/}", "/{}", "/{a", "/a}", "/{a}b",
		"/{a=}", "/{a=b}", "/{1a}", "/{a-b}", "/{a=***}", "/***",
		"/**/a", "/**/", "/{a=**}/b", "/{a}/{a}", "/{a}/{a=**}",
		"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(path_template_check(text(bad[i])),
		       "template: refused: '%s'", bad[i]);
}

static void check_rewrite(const char *template, const char *rewrite,
			  const char *path, const char *wanted)
{
	struct span rest = text(rewrite), piece;
	struct path_variables vars;
	char got[256] = "";

	path_template_match(text(template), text(path), &vars);
	while (path_template_next(&rest, &vars, &piece))
		strncat(got, piece.p, piece.len);
	tap_is(path_template_check_rewrite(text(rewrite), text(template)) ?: got,
	       wanted, "template: %s becomes %s", path, rewrite);
}

#define FOUR_USES	"{a}{a}{a}{a}"
#define SIXTEEN_USES	FOUR_USES FOUR_USES FOUR_USES FOUR_USES

static void test_rewrites(void)
{
	static const char * const bad[] = {
		"", "a", "/{b}", "/{a", "/a}", "/{}", "/*", "/{a}*", "/{a=*}",
		"/" SIXTEEN_USES "{a}",
	};
	u32 i;

	check_rewrite("/{a}/{b}", "/x/{b}/{a}", "/1/2", "/x/2/1");
	check_rewrite("/{a}/{b}", "/{a}{a}-{b}", "/1/2", "/11-2");
	check_rewrite("/v1/{rest=**}", "/v2/{rest}", "/v1/a/b/", "/v2/a/b/");
	check_rewrite("/v1/{rest=**}", "/v2/{rest}", "/v1/", "/v2/");
	check_rewrite("/*", "/fixed", "/a", "/fixed");
	check_rewrite("/{a}", "/" SIXTEEN_USES, "/x", "/xxxxxxxxxxxxxxxx");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(path_template_check_rewrite(text(bad[i]), SPAN("/{a}")),
		       "template: no rewrite: '%s'", bad[i]);
}

void test_path_template(void)
{
	test_matches();
	test_refusals();
	test_rewrites();
}
