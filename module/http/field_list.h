/* SPDX-License-Identifier: GPL-2.0 */
/*
 * field_list: a few fields of a response of the mesh's own, without any syntax.
 *
 * Names and values are literals, or numbers in the list's own text: whoever reads them
 * does so while the list is there. Any context; nothing is allocated.
 */
#ifndef L7MESH_FIELD_LIST_H
#define L7MESH_FIELD_LIST_H

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include "lib/span.h"

#define FIELD_LIST_MAX		4

/* The longest number, and its end. */
#define FIELD_LIST_NUMBER	21

struct field_list {
	struct {
		struct span name;
		struct span value;
	} fields[FIELD_LIST_MAX];
	u32 n;
	char numbers[FIELD_LIST_MAX][FIELD_LIST_NUMBER];
};

static inline void field_list_init(struct field_list *l)
{
	l->n = 0;
}

static inline void field_list_add(struct field_list *l, struct span name,
				  struct span value)
{
	if (WARN_ON_ONCE(l->n == FIELD_LIST_MAX))
		return;
	l->fields[l->n].name = name;
	l->fields[l->n++].value = value;
}

static inline void field_list_add_number(struct field_list *l, struct span name,
					 u64 number)
{
	char *text = l->numbers[min_t(u32, l->n, FIELD_LIST_MAX - 1)];
	u32 len = snprintf(text, FIELD_LIST_NUMBER, "%llu",
			   (unsigned long long)number);

	field_list_add(l, name, (struct span){ text, len });
}

#endif
