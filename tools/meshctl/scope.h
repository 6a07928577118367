/* SPDX-License-Identifier: GPL-2.0 */
/*
 * scope: where in the input a mapping is, and the errors found so far.
 *
 * All of a file's errors are collected, then printed in its order, up to 20. An
 * error of the command line has no line.
 */
#ifndef MESHCTL_SCOPE_H
#define MESHCTL_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "schema.h"

/* From 1; 0 if there is none. */
struct mark {
	size_t line;
	size_t column;
};

struct problem {
	struct mark mark;
	size_t order;
	char *text;
};

#define PROBLEMS_MAX 20

struct problems {
	const char *file;	/* NULL: the command line */
	size_t count;		/* all of them */
	struct problem list[PROBLEMS_MAX];
};

/* One step of "route_tables[0].virtual_hosts[1]"; index -1: none. */
struct path {
	const struct path *up;
	const char *key;
	long index;
};

/* A mapping: its own place, and those of its schema's fields. */
struct scope {
	struct problems *problems;
	const struct path *path;
	const struct schema *schema;
	struct mark self;
	struct mark marks[SCHEMA_FIELDS_MAX];
	bool partial;		/* required fields may be missing: set, del */
	bool strange;		/* it has a key that the schema has not */
};

/* Notes an error at a mark. */
void problem(struct problems *p, struct mark mark, const struct path *path,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Notes an error of the mapping (@field NULL) or of one of its fields. */
void scope_problem(const struct scope *scope, const char *field,
		   const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The text of a path. Freed by the caller. */
char *path_text(const struct path *path);

/* Prints what was found on standard error, and frees it; true if there was any. */
bool problems_report(struct problems *p);

/* Prints it, and keeps it. */
void problems_print(struct problems *p);

/* Frees what was found. */
void problems_drop(struct problems *p);

/* In the file's order; how many there are in the list. */
size_t problems_sort(struct problems *p);

#endif
