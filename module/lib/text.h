/* SPDX-License-Identifier: GPL-2.0 */
/*
 * text: copies strings one after the other into an object's own allocation.
 */
#ifndef L7MESH_TEXT_H
#define L7MESH_TEXT_H

#include "lib/span.h"

/**
 * text_copy() - Append a string
 * @to: where; advanced past it
 * @s: string
 *
 * Return: the copy.
 */
static inline struct span text_copy(char **to, struct span s)
{
	struct span copy = { *to, s.len };

	memcpy(*to, s.p, s.len);
	*to += s.len;
	return copy;
}

#endif
