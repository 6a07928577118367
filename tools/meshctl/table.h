/* SPDX-License-Identifier: GPL-2.0 */
/*
 * table: aligned columns on standard output.
 */
#ifndef MESHCTL_TABLE_H
#define MESHCTL_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MAX 12

struct table {
	size_t columns;
	char **cells;		/* row by row, the heading first */
	size_t count;
	size_t room;
	size_t widths[TABLE_COLUMNS_MAX];
};

/* @headings ends with NULL. */
void table_init(struct table *t, const char *const *headings);

/* Adds the next cell, which it frees later. */
void table_add(struct table *t, char *cell);

/* Prints it, after an empty line if a table came before; nothing without rows. */
void table_print(struct table *t);

#endif
