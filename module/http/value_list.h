/* SPDX-License-Identifier: GPL-2.0 */
/*
 * value_list: fields whose value is a comma-separated list. RFC 9110 5.6.1.
 *
 * Plain C; any context.
 */
#ifndef L7MESH_VALUE_LIST_H
#define L7MESH_VALUE_LIST_H

#include <linux/types.h>
#include "lib/span.h"

/**
 * value_list_next() - Take the next element off a list
 * @list: list; becomes what follows
 * @element: out: without white space around it; an empty list has one empty element
 *
 * Return: false if there is none left.
 */
static inline bool value_list_next(struct span *list, struct span *element)
{
	const char *comma;

	if (!list->p)
		return false;
	*element = *list;
	comma = memchr(list->p, ',', list->len);
	if (comma) {
		element->len = comma - list->p;
		*list = span_from(*list, element->len + 1);
	} else {
		list->p = NULL;
	}
	*element = span_trim(*element);
	return true;
}

/**
 * value_list_has() - Is this an element of a list?
 * @list: a field's value
 * @element: what is looked for, any case; not empty
 */
static inline bool value_list_has(struct span list, struct span element)
{
	struct span one;

	while (element.len && value_list_next(&list, &one))
		if (span_eq_nocase(one, element))
			return true;
	return false;
}

#endif
