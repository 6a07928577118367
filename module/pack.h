/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pack: copies a specification with all that it points to into one allocation.
 *
 * The same function is run twice: first without memory, which only counts, then
 * with it, which copies and lets the pointers point to the copies. So what is
 * reckoned and what is written cannot differ.
 */
#ifndef L7MESH_PACK_H
#define L7MESH_PACK_H

#include <linux/kernel.h>
#include "span.h"

struct packer {
	char *memory;		/* NULL: only count */
	size_t bytes;		/* so far */
};

/**
 * pack_array() - Append an array
 * @p: packer
 * @from: array
 * @bytes: how large it is
 *
 * Return: the copy, or @from itself if there is no memory: then pack_span() and
 * pack_array() do not write to its elements either.
 */
static inline void *pack_array(struct packer *p, const void *from, size_t bytes)
{
	void *copy = (void *)from;

	p->bytes = ALIGN(p->bytes, sizeof(void *));
	if (p->memory && bytes)
		copy = memcpy(p->memory + p->bytes, from, bytes);
	p->bytes += bytes;
	return copy;
}

/* Append text, which @s is the copy of afterwards. */
static inline void pack_span(struct packer *p, struct span *s)
{
	if (p->memory) {
		memcpy(p->memory + p->bytes, s->p, s->len);
		s->p = p->memory + p->bytes;
	}
	p->bytes += s->len;
}

#endif
