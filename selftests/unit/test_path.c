// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of module/http/path.c: tables, and what holds for every path.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http/path.h"
#include "tap.h"
#include "unit.h"

/* A row of options as text: k(eep), r(eject), d(ecode); n(ormalize); m(erge). */
static struct path_rules rules_of(const char *text)
{
	return (struct path_rules){
		.escaped_slashes = strchr(text, 'r') ? PATH_SLASHES_REJECT :
				   strchr(text, 'd') ? PATH_SLASHES_DECODE :
						       PATH_SLASHES_KEEP,
		.normalize = strchr(text, 'n'),
		.merge_slashes = strchr(text, 'm'),
	};
}

static const struct {
	const char *rules, *path, *wanted;	/* wanted "": refused */
} rows[] = {
	{ "", "/a//../%2f%41\\", "/a//../%2f%41\\" },
	/* RFC 3986 5.2.4 and 5.4 */
	{ "n", "/a/b/c/./../../g", "/a/g" },
	{ "n", "/", "/" },
	{ "n", "/.", "/" },
	{ "n", "/..", "/" },
	{ "n", "/../../a", "/a" },
	{ "n", "/a/.", "/a/" },
	{ "n", "/a/..", "/" },
	{ "n", "/a/../", "/" },
	{ "n", "/a/b/..", "/a/" },
	{ "n", "/.a/..b/c./d../...", "/.a/..b/c./d../..." },
	{ "n", "//", "//" },
	{ "n", "/a//../b", "/a/b" },
	{ "n", "//..", "/" },
	{ "n", "/a/;x=1/../b", "/a/b" },
	{ "n", "/..;/a", "/..;/a" },
	/* 6.2.2.1, 6.2.2.2 */
	{ "n", "/%7Ea%2d%2E%5f%41%7a%30", "/~a-._Az0" },
	{ "n", "/%2e%2E/a/%2e/b/.%2e", "/a/" },
	{ "n", "/%c3%A4%3a", "/%C3%A4%3A" },
	{ "n", "/%252e%252e/a", "/%252e%252e/a" },
	{ "n", "/a%2f%2E%2e%2Fb", "/a%2F..%2Fb" },
	{ "n", "/a\\..\\b", "/b" },
	{ "n", "/%00", "" },
	{ "n", "/%", "" },
	{ "n", "/%4", "" },
	{ "n", "/%4g", "" },
	{ "n", "/%g4", "" },
	{ "n", "/a%20b", "/a%20b" },
	{ "m", "//a///b/%2F//", "/a/b/%2F/" },
	{ "m", "////", "/" },
	{ "m", "/a/./..//b", "/a/./../b" },
	{ "m", "/%zz", "/%zz" },
	{ "nm", "/a//../b", "/a/b" },
	{ "nm", "//a/b//..//c", "/a/b/c" },
	{ "r", "/a%2Fb", "" },
	{ "r", "/a%2fb", "" },
	{ "r", "/a%5cb", "" },
	{ "r", "/a%252Fb%4", "/a%252Fb%4" },
	{ "rn", "/%41%5C", "" },
	{ "d", "/a%2Fb%5cc", "/a/b/c" },
	{ "d", "/a%2F..%2fb", "/a/../b" },
	{ "d", "/%%2F2F", "/%/2F" },
	{ "d", "/%2", "/%2" },
	{ "dn", "/a%2F..%2fb", "/b" },
	{ "dn", "/a%5C%2e%2e%5Cb", "/b" },
	{ "dnm", "/a%2F%2Fb//../c", "/a/b/c" },
	{ "dm", "/a%2F/b", "/a/b" },
};

/* In memory of exactly its size. Return: the result, to be freed. */
static char *normalized(const char *rules, const char *path)
{
	struct path_rules r = rules_of(rules);
	u32 len = strlen(path);
	char *copy = malloc(len), *text;

	memcpy(copy, path, len);
	len = path_normalize(&r, copy, len);
	text = strndup(copy, len);
	free(copy);
	return text;
}

static void test_tables(void)
{
	char *got;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		got = normalized(rows[i].rules, rows[i].path);
		tap_is(got, rows[i].wanted, "path: [%s] %s", rows[i].rules,
		       rows[i].path);
		free(got);
	}
}

static bool has_dots(const char *path)
{
	const char *at;

	for (at = strstr(path, "/."); at; at = strstr(at + 1, "/.")) {
		size_t n = strcspn(at + 1, "/");

		if (n == 1 || (n == 2 && at[2] == '.'))
			return true;
	}
	return false;
}

static bool holds(const char *rules, const char *path)
{
	char *once = normalized(rules, path), *twice;
	bool ok = true;

	if (*once) {
		twice = normalized(rules, once);
		ok = !strcmp(once, twice) && once[0] == '/' &&
		     strlen(once) <= strlen(path) &&
		     !(strchr(rules, 'n') && has_dots(once)) &&
		     !(strchr(rules, 'm') && strstr(once, "//"));
		free(twice);
	}
	if (!ok)
		tap_note("[%s] %s: %s", rules, path, once);
	free(once);
	return ok;
}

/* Pieces that matter, put together at random. */
static void test_properties(void)
{
	static const char * const pieces[] = {
		"/", "/", ".", "..", "%2e", "%2F", "%5c", "\\", "a", "%", "2",
		"e", "%25", "%41",
	};
	static const char * const rules[] = { "n", "m", "d", "nm", "dn", "dm",
					      "dnm", "rn", "" };
	char path[64];
	bool ok = true;
	u32 i, n;

	for (i = 0; i < 200000 && ok; i++) {
		strcpy(path, "/");
		for (n = tap_random(12); n; n--)
			strcat(path, pieces[tap_random(ARRAY_SIZE(pieces))]);
		ok = holds(rules[i % ARRAY_SIZE(rules)], path);
	}
	tap_ok(ok, "path: what is normal stays, has no dots, is not longer");
}

void test_path(void)
{
	test_tables();
	test_properties();
}
