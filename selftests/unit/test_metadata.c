// SPDX-License-Identifier: GPL-2.0
/* Tests of module/lib/metadata.c. */
#include <string.h>
#include <linux/kernel.h>

#include "tap.h"
#include "unit.h"
#include "lib/metadata.h"

static struct span text(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static bool is_valid(struct span metadata)
{
	return !metadata_problem(metadata);
}

static void test_problems(void)
{
	static const char *const good[] = {
		"", "a=b", "a=", "a=,b=", "version=v1,stage=canary",
		"app.kubernetes.io/name=web-1_0.x", "a=b,A=b", "aa=1,a=1",
	};
	static const char *const bad[] = {
		",", "a", "=", "=b", "a=b,", ",a=b", "a=b,,c=d", "a=b=c", "a b=c",
		"a=b c", "a=b, c=d", "a=\"b\"", "a:b", "a=b,a=c", "a=b,c=d,a=b",
		"a=b;c=d", "\xc3\xa4=b", "a=\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		tap_ok(is_valid(text(good[i])), "metadata: \"%s\" is some",
		       good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(!is_valid(text(bad[i])), "metadata: bad text %zu is none",
		       i);
	tap_ok(!is_valid((struct span){ "a=\0b", 4 }),
	       "metadata: a NUL is not part of it");
}

static void test_has(void)
{
	static const struct {
		const char *text, *wanted;
		bool has;
	} cases[] = {
		{ "", "", true }, { "a=b", "", true }, { "", "a=b", false },
		{ "a=b", "a=b", true }, { "a=b", "a=", false },
		{ "a=", "a=b", false }, { "a=", "a=", true },
		{ "a=bc", "a=b", false }, { "a=b", "a=bc", false },
		{ "xa=b", "a=b", false }, { "a=b,c=d", "c=d", true },
		{ "a=b,c=d", "c=d,a=b", true }, { "c=d", "a=b,c=d", false },
		{ "a=b,c=d,e=f", "e=f,c=d", true }, { "a=b,c=", "c=,a=b", true },
		{ "a=b,c=d", "a=d", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tap_ok(metadata_has(text(cases[i].text), text(cases[i].wanted)) ==
		       cases[i].has, "metadata: case %zu, \"%s\" in \"%s\"", i,
		       cases[i].wanted, cases[i].text);
}

void test_metadata(void)
{
	test_problems();
	test_has();
}
