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

#include <linux/err.h>
#include <linux/kernel.h>
#include "lib/account.h"
#include "lib/span.h"

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

/**
 * pack_clone() - Copy an object, so that its copy is one allocation
 * @account: charged
 * @like: what the copy is to be; nobody else looks at it
 * @size: of the struct, to which all that it points to is appended
 * @pack: makes the struct's pointers point to what it appends
 * @max: bytes that it may be
 * @bytes: member of @like that is told how large the copy is
 *
 * Return: the copy, -E2BIG, or what account_new() says.
 */
static inline void *pack_clone(struct account *account, void *like, size_t size,
			       void (*pack)(struct packer *p, void *object),
			       size_t max, size_t *bytes)
{
	struct packer p = {};
	void *copy;

	pack_array(&p, like, size);
	pack(&p, like);
	if (p.bytes > max)
		return ERR_PTR(-E2BIG);
	*bytes = p.bytes;
	copy = account_new(account, p.bytes);
	if (IS_ERR(copy))
		return copy;
	p = (struct packer){ .memory = copy };
	pack_array(&p, like, size);
	pack(&p, copy);
	return copy;
}

#endif
