// SPDX-License-Identifier: GPL-2.0
#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Characters, not bytes. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void table_init(struct table *t, const char *const *headings)
{
	size_t i;

	*t = (struct table){ 0 };
	while (headings[t->columns])
		t->columns++;
	for (i = 0; i < t->columns; i++)
		table_add(t, xstrdup(headings[i]));
}

void table_add(struct table *t, char *cell)
{
	size_t column = t->count % t->columns, w = width(cell);

	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->cells = xrealloc(t->cells, t->room * sizeof(t->cells[0]));
	}
	t->cells[t->count++] = cell;
	if (w > t->widths[column])
		t->widths[column] = w;
}

static void print_cell(const struct table *t, size_t i)
{
	size_t column = i % t->columns;
	bool last = column + 1 == t->columns;
	size_t pad = last ? 0 : t->widths[column] - width(t->cells[i]) + 2;

	printf("%s%*s%s", t->cells[i], (int)pad, "", last ? "\n" : "");
}

void table_print(struct table *t)
{
	static bool another;
	size_t i;

	if (t->count > t->columns) {
		if (another)
			putchar('\n');
		another = true;
		for (i = 0; i < t->count; i++)
			print_cell(t, i);
	}
	for (i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
}
