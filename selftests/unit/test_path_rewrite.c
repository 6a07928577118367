// SPDX-License-Identifier: GPL-2.0
/* Tests of module/route/path_rewrite.c. */
#include <stdio.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <linux/kernel.h>

#include "http/http_options.h"
#include "lib/budget.h"
#include "route/path_rewrite.h"
#include "tap.h"
#include "unit.h"

static struct span text(const char *s)
{
	return (struct span){ s, strlen(s) };
}

/*
 * How a route matches: e(xact), p(refix), r(aw prefix), t(emplate); and what that
 * becomes, or w(hole). @wanted: NULL: it is not allowed. @merged: NULL: the same.
 */
static const struct {
	const char *how, *match, *with, *path, *wanted, *merged;
} rows[] = {
	{ "e", "/a", "/b", "/a", "/b", NULL },
	{ "p", "/foo", "/xyz", "/foo/bar", "/xyz/bar", NULL },
	{ "p", "/foo", "/", "/foo/bar", "/bar", NULL },
	{ "p", "/foo", "/", "/foo", "/", NULL },
	{ "p", "/foo", "/", "/foo/", "/", NULL },
	{ "p", "/foo", "/", "/foo//x", "/x", NULL },
	{ "p", "/foo", "/", "/foo////", "/", NULL },
	{ "p", "/foo", "/a", "/foo//x", "/a//x", "/a/x" },
	{ "r", "/x/", "/", "/x//evil/y", "/evil/y", NULL },
	{ "r", "/x", "/y/", "/x/z", "/y//z", "/y/z" },
	{ "r", "/x", "/", "/x../y", NULL, NULL },
	{ "r", "/x", "/", "/x./y", NULL, NULL },
	{ "r", "/x", "/", "/x..", NULL, NULL },
	{ "r", "/x", "/", "/x.", NULL, NULL },
	{ "r", "/x", "/", "/x.../y", "/.../y", NULL },
	{ "r", "/x", "/", "/x.a", "/.a", NULL },
	{ "r", "/x", "/", "/x..a/..", "/..a/..", NULL },
	{ "r", "/x", "/", "/x%2e%2E/y", NULL, NULL },
	{ "r", "/x", "/", "/x.%2e", NULL, NULL },
	{ "r", "/x", "/", "/x..%2Fy", NULL, NULL },
	{ "r", "/x", "/", "/x..%5cy", NULL, NULL },
	{ "r", "/x", "/", "/x..\\y", NULL, NULL },
	{ "r", "/x", "/", "/x..%252Fy", "/..%252Fy", NULL },
	{ "r", "/x", "/", "/x..%", "/..%", NULL },
	{ "r", "/x", "/", "/x..%2", "/..%2", NULL },
	{ "r", "/x", "/a/", "/x../y", NULL, NULL },
	{ "r", "/x", "/a/.", "/x./y", NULL, NULL },
	{ "r", "/x", "/a/.", "/x/y", NULL, NULL },
	{ "r", "/x", "/a/.", "/x", NULL, NULL },
	{ "r", "/x", "/a", "/x../y", "/a../y", NULL },
	/* Some take parameters off before they look for dots. */
	{ "r", "/x", "/", "/x..;/y", NULL, NULL },
	{ "r", "/x", "/", "/x..;a=b/y", NULL, NULL },
	{ "r", "/x", "/", "/x.;a", NULL, NULL },
	{ "r", "/x", "/", "/x%2e%2E%3b/y", NULL, NULL },
	{ "r", "/x", "/a/.", "/x;b/y", NULL, NULL },
	{ "r", "/x", "/", "/x...;/y", "/...;/y", NULL },
	{ "r", "/x", "/", "/x;../y", "/;../y", NULL },
	{ "r", "/x", "/", "/x.a;b/..;c", "/.a;b/..;c", NULL },
	{ "r", "/x", "/;", "/x../y", "/;../y", NULL },
	{ "t", "/a/{b}", "/{b}", "/a/..;x", NULL, NULL },
	{ "t", "/a/{b}/{c}", "/{b}{c}", "/a/./.;x", NULL, NULL },
	{ "t", "/a/{b}/{c}", "/{b}{c}", "/a/../;x", NULL, NULL },
	{ "t", "/a/{b}/{c}", "/{b}{c}", "/a/;/..", "/;..", NULL },
	/* However long the pieces are, it is where they meet that counts. */
	{ "t", "/{a}/{b}", "/{a}{b}", "/0123456789%2f%2e/%2e", NULL, NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/0123456789%2f%2e%2e/b", "/0123456789%2f%2e%2eb",
	  NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/0123456789%2f%2e%2e%2/fb", NULL, NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/0123456789%2/ey", NULL, NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/0123456789\\../;", NULL, NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/0123456789%2f.../;", "/0123456789%2f...;", NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/%2f%2e%2e%2e%2e/.", "/%2f%2e%2e%2e%2e.", NULL },
	{ "t", "/{a}/{r=**}", "/{r}{a}", "/%2fx/0123456789012/..", NULL, NULL },
	/* What is the sender's own, or the route's, is theirs. */
	{ "p", "/x", "/a", "/x/..;b/y", "/a/..;b/y", NULL },
	{ "p", "/x", "/a", "/x/../y", "/a/../y", NULL },
	{ "p", "/x", "/a/../b", "/x/y", "/a/../b/y", NULL },
	{ "w", "/x", "/a/../b", "/x../y", "/a/../b", NULL },
	{ "w", "/x", "//a", "/x", "//a", NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/a/b", "/ab", NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/./.", NULL, NULL },
	{ "t", "/{a}/{b}", "/{a}{b}", "/./b", "/.b", NULL },
	{ "t", "/{a}/{b}", "/{a}/{b}", "/../b", NULL, NULL },
	{ "t", "/{a}", "/.{a}", "/.", NULL, NULL },
	{ "t", "/{a}", "/%{a}", "/2e", NULL, NULL },
	{ "t", "/{a}", "/%{a}", "/41", NULL, NULL },
	{ "t", "/{a}", "/%{a}", "/4x", "/%4x", NULL },
	{ "t", "/{a}/{b}", "/%{a}{b}", "/4/1", NULL, NULL },
	{ "t", "/{a}/{r=**}", "/{r}/{a}", "/x/", "/x", NULL },
	{ "t", "/{a}/{r=**}", "/{r}/{a}", "/x//y", "/y/x", NULL },
	{ "t", "/{a}/{r=**}", "/a/{r}/{a}", "/x/", "/a//x", "/a/x" },
	{ "t", "/{a}/{r=**}", "/{r}{a}", "/../", NULL, NULL },
};

static struct route make(u32 i)
{
	static const u8 kinds[] = {
		['e'] = PATH_MATCH_EXACT, ['p'] = PATH_MATCH_PREFIX,
		['r'] = PATH_MATCH_RAW_PREFIX, ['w'] = PATH_MATCH_RAW_PREFIX,
		['t'] = PATH_MATCH_TEMPLATE,
	};
	u8 how = rows[i].how[0];

	return (struct route){
		.match = { .path = text(rows[i].match), .path_kind = kinds[how] },
		.rewrite = {
			.path = text(rows[i].with),
			.path_kind = how == 'w' ? REWRITE_PATH_WHOLE :
				     how == 't' ? REWRITE_PATH_TEMPLATE :
						  REWRITE_PATH_PREFIX,
		},
	};
}

static void rewritten(const struct route *r, const struct http_options *o,
		      const char *path, char *to)
{
	struct rewritten_path rw;
	struct span piece;

	strcpy(to, "refused");
	if (path_rewrite_mixes(r) && !path_rewrite_allowed(r, o, text(path)))
		return;
	path_rewrite_begin(r, o, text(path), &rw);
	while (path_rewrite_next(&rw, &piece)) {
		memcpy(to, piece.p, piece.len);
		to += piece.len;
	}
	*to = '\0';
}

/* A long path is not read where it is in one piece: here whoever does is killed. */
static void test_joints(void)
{
	static char path[8000] = "/x/";
	struct http_options o = http_options_default;
	struct route prefix = {
		.match = { .path = SPAN("/x"), .path_kind = PATH_MATCH_RAW_PREFIX },
		.rewrite = { .path = SPAN("/"), .path_kind = REWRITE_PATH_PREFIX },
	};
	struct route template = {
		.match = { .path = SPAN("/x/{r=**}"), .path_kind = PATH_MATCH_TEMPLATE },
		.rewrite = { .path = SPAN("/{r}/{r}"),
			     .path_kind = REWRITE_PATH_TEMPLATE },
	};
	bool allowed;

	memset(path + 3, 'a', sizeof(path) - 3);
	ASAN_POISON_MEMORY_REGION(path + 64, sizeof(path) - 128);
	allowed = path_rewrite_allowed(&prefix, &o, (struct span){ path, sizeof(path) }) &&
		  path_rewrite_allowed(&template, &o,
				       (struct span){ path, sizeof(path) });
	ASAN_UNPOISON_MEMORY_REGION(path, sizeof(path));
	tap_ok(allowed, "path rewrite: a path is read where pieces meet");
	tap_ok(!path_rewrite_cost(&prefix) && path_rewrite_cost(&template) > 4 * COST_PIECE,
	       "path rewrite: what a template makes has its price");
}

void test_path_rewrite(void)
{
	struct http_options plain = http_options_default, merging = plain;
	char got[256], merged[256];
	const char *wanted, *also;
	u32 i;

	merging.path.merge_slashes = true;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct route r = make(i);

		wanted = rows[i].wanted ?: "refused";
		also = rows[i].merged ?: wanted;
		rewritten(&r, &plain, rows[i].path, got);
		rewritten(&r, &merging, rows[i].path, merged);
		if (!tap_ok(!strcmp(got, wanted) && !strcmp(merged, also),
			    "path rewrite: %s %s to %s: %s", rows[i].how,
			    rows[i].match, rows[i].with, rows[i].path))
			printf("# got: %s, %s\n", got, merged);
	}
	test_joints();
}
