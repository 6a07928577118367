// SPDX-License-Identifier: GPL-2.0
/* Tests of module/http1/trailer_filter.c: whole, byte by byte and in random splits. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/kernel.h>

#include "http1/trailer_filter.h"
#include "tap.h"
#include "unit.h"

#define REFUSED	"refused"

static struct trailer_filter *make(const char *const *names, u32 n, u8 underscores)
{
	struct trailer_sizes sizes = { .underscores = underscores };
	struct trailer_filter *f;
	u32 i;

	for (i = 0; i < n; i++)
		trailer_sizes_add(&sizes, (struct span){ names[i], strlen(names[i]) });
	f = calloc(1, trailer_filter_bytes(&sizes));
	trailer_filter_init(f, &sizes);
	for (i = 0; i < n; i++)
		trailer_filter_add(f, (struct span){ names[i], strlen(names[i]) });
	return f;
}

/* Each piece in memory of exactly its size. @step: of all of them; 0: random ones */
static void filter(struct trailer_filter *f, const char *lines, u32 step, char *all)
{
	char *to = all;
	u32 len = strlen(lines), size, at, n;
	struct span held, pass;
	char *piece;

	trailer_filter_restart(f);
	for (; len; lines += size, len -= size) {
		size = step ?: 1 + tap_random(9);
		size = size < len ? size : len;
		piece = malloc(size);
		memcpy(piece, lines, size);
		for (at = 0; at < size; at += n) {
			n = trailer_filter_next(f, piece + at, size - at, &held, &pass);
			if (!n) {
				strcpy(all, REFUSED);
				free(piece);
				return;
			}
			memcpy(to, held.p, held.len);
			memcpy(to + held.len, pass.p, pass.len);
			to += held.len + pass.len;
		}
		free(piece);
	}
	*to = '\0';
}

#define LONG10	"0123456789"
#define LONG100	LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10 LONG10
#define LONG300	LONG100 LONG100 LONG100

static const struct {
	const char *what;
	u8 underscores;
	const char *lines, *wanted;
} rows[] = {
	{ "nothing", 0, "", "" },
	{ "one that is sought", 0, "X-A: 1\r\n", "" },
	{ "any case", 0, "x-a: 1\r\nX-LONGER:2\r\n", "" },
	{ "others pass", 0, "X-B: 1\r\nx-aa:2\r\nx-:\r\nx: y\r\n",
	  "X-B: 1\r\nx-aa:2\r\nx-:\r\nx: y\r\n" },
	{ "between others", 0, "a: x-a\r\nX-A: 1\r\nb: x-a: 2\r\n",
	  "a: x-a\r\nb: x-a: 2\r\n" },
	{ "several", 0, "x-a:\r\nx-a: \r\nx-longer: x\r\nx-a: 1\r\n", "" },
	{ "longer than all", 0, "x-longer-than-this: 1\r\nx-a: 2\r\n",
	  "x-longer-than-this: 1\r\n" },
	{ "much longer", 0, LONG300 ": 1\r\n", LONG300 ": 1\r\n" },
	{ "underscores pass", 0, "x_a: 1\r\n", "x_a: 1\r\n" },
	{ "underscores are dropped", TRAILER_UNDERSCORES_DROP,
	  "x_a: 1\r\nx-b: _\r\n_: 2\r\nx-a: 3\r\na_: 4\r\n", "x-b: _\r\n" },
	{ "where underscores are, a name that is too long", TRAILER_UNDERSCORES_DROP,
	  LONG300 ": 1\r\nx: y\r\n", "x: y\r\n" },
	{ "underscores are refused", TRAILER_UNDERSCORES_REFUSE,
	  "x-b: 1\r\nx_b: 2\r\n", REFUSED },
	{ "an underscore in a value is none", TRAILER_UNDERSCORES_REFUSE,
	  "x-b: x_a\r\nx-a: _\r\n", "x-b: x_a\r\n" },
	{ "a name that is too long is refused with them", TRAILER_UNDERSCORES_REFUSE,
	  LONG300 ": 1\r\n", REFUSED },
};

void test_trailer_filter(void)
{
	static const char *const names[] = { "X-A", "x-longer", "x-a" };
	struct trailer_filter *f;
	char got[1024];
	bool same;
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		f = make(names, ARRAY_SIZE(names), rows[i].underscores);
		filter(f, rows[i].lines, 4096, got);
		if (!tap_ok(!strcmp(got, rows[i].wanted), "trailer filter: %s",
			    rows[i].what))
			printf("# got: %s\n", got);
		same = true;
		for (k = 0; k < 200; k++) {
			filter(f, rows[i].lines, k % 2, got);
			same &= !strcmp(got, rows[i].wanted);
		}
		tap_ok(same, "trailer filter: ... in any split");
		free(f);
	}
	f = make(names, ARRAY_SIZE(names), TRAILER_UNDERSCORES_PASS);
	tap_ok(f->size == offsetof(struct trailer_filter, names) +
	       3 * sizeof(struct trailer_name) + 3 + 8 + 3 + 8,
	       "trailer filter: room for the longest name, and not for all again");
	free(f);
	f = make(NULL, 0, TRAILER_UNDERSCORES_DROP);
	filter(f, "a_b: c\r\nd: e\r\n", 1, got);
	tap_ok(!strcmp(got, "d: e\r\n"), "trailer filter: without names");
	free(f);
}
