// SPDX-License-Identifier: GPL-2.0
#include "scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

char *path_text(const struct path *path)
{
	char *up, *text;

	if (!path)
		return xstrdup("");
	up = path_text(path->up);
	if (path->index < 0)
		text = xasprintf("%s%s%s", up, *up ? "." : "", path->key);
	else
		text = xasprintf("%s%s%s[%ld]", up, *up ? "." : "", path->key,
				 path->index);
	free(up);
	return text;
}

static int compare(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->mark.line != y->mark.line)
		return x->mark.line < y->mark.line ? -1 : 1;
	if (x->mark.column != y->mark.column)
		return x->mark.column < y->mark.column ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The place for a new problem: past the limit, that of the last in the file. */
static struct problem *problem_slot(struct problems *p, struct mark mark)
{
	struct problem probe = { .mark = mark, .order = p->count }, *last;

	if (p->count < PROBLEMS_MAX) {
		p->list[p->count] = probe;
		return &p->list[p->count++];
	}
	qsort(p->list, PROBLEMS_MAX, sizeof(p->list[0]), compare);
	last = &p->list[PROBLEMS_MAX - 1];
	p->count++;
	if (compare(&probe, last) >= 0)
		return NULL;
	free(last->text);
	*last = probe;
	return last;
}

static void add(struct problems *p, struct mark mark, const struct path *path,
		const char *fmt, va_list args)
{
	struct problem *slot = problem_slot(p, mark);
	char *where, *what;

	if (!slot)
		return;
	where = path_text(path);
	what = xvasprintf(fmt, args);
	slot->text = xasprintf("%s%s%s", where, *where ? ": " : "", what);
	free(where);
	free(what);
}

void problem(struct problems *p, struct mark mark, const struct path *path,
	     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(p, mark, path, fmt, args);
	va_end(args);
}

void scope_problem(const struct scope *scope, const char *field,
		   const char *fmt, ...)
{
	const struct field *f = field ? schema_field(scope->schema, field) :
					NULL;
	struct path path = { scope->path, field, -1 };
	struct mark mark = scope->self;
	va_list args;

	if (f && scope->marks[f - scope->schema->fields].line)
		mark = scope->marks[f - scope->schema->fields];
	va_start(args, fmt);
	add(scope->problems, mark, field ? &path : scope->path, fmt, args);
	va_end(args);
}

static void print_problem(const struct problems *p, const struct problem *one)
{
	if (!p->file)
		complain("%s", one->text);
	else if (!one->mark.line)
		fprintf(stderr, "%s: %s\n", p->file, one->text);
	else
		fprintf(stderr, "%s:%zu:%zu: %s\n", p->file, one->mark.line,
			one->mark.column, one->text);
}

size_t problems_sort(struct problems *p)
{
	size_t n = p->count < PROBLEMS_MAX ? p->count : PROBLEMS_MAX;

	qsort(p->list, n, sizeof(p->list[0]), compare);
	return n;
}

void problems_drop(struct problems *p)
{
	size_t n = problems_sort(p), i;

	for (i = 0; i < n; i++)
		free(p->list[i].text);
	p->count = 0;
}

void problems_print(struct problems *p)
{
	size_t n = problems_sort(p), i;

	fflush(stdout);
	for (i = 0; i < n; i++)
		print_problem(p, &p->list[i]);
	if (p->count > n)
		fprintf(stderr, "%s: %zu more error%s\n",
			p->file ? p->file : "meshctl", p->count - n,
			p->count - n > 1 ? "s" : "");
}

bool problems_report(struct problems *p)
{
	bool any = p->count;

	problems_print(p);
	problems_drop(p);
	return any;
}
