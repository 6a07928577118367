/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parts: what an object has of which it knows nothing, such as a route its policies.
 *
 * Each part is a struct of its own type, whose operations say how to handle it. An
 * object has only the parts that were configured, in an order that does not change. A
 * list is a part of an immutable object, and in the same allocation.
 *
 * Context: process; parts_find(): any.
 */
#ifndef L7MESH_PARTS_H
#define L7MESH_PARTS_H

#include <linux/types.h>

struct account;
struct packer;

struct part_ops {
	size_t size;			/* of the struct */
	/* Packs what the struct points to. NULL: it points to nothing. */
	void (*pack)(struct packer *p, void *data);
	bool (*equal)(const void *a, const void *b);
	/*
	 * Makes what only one copy may have, or shares it with the version before,
	 * which @data is a copy of. 0 or a negative errno, with nothing to be freed.
	 * NULL: there is nothing such.
	 */
	int (*make)(struct account *account, void *data);
	void (*free)(struct account *account, void *data);
};

struct part {
	const struct part_ops *ops;
	void *data;			/* immutable once it is made */
};

struct parts {
	const struct part *list;
	u32 n;
};

/**
 * parts_pack() - Append a list to an object that is being packed
 * @p: packer
 * @parts: the copy's; points to copies afterwards
 */
void parts_pack(struct packer *p, struct parts *parts);

/**
 * parts_make() - Complete what was packed
 * @account: charged
 * @parts: of a new object
 *
 * Return: 0, or a negative errno: then the object has no parts any more.
 */
int parts_make(struct account *account, struct parts *parts);

/* The object is about to be freed. */
void parts_free(struct account *account, const struct parts *parts);

/* Would replacing one by the other change nothing? */
bool parts_equal(const struct parts *a, const struct parts *b);

/* The part of a kind, or NULL. */
static inline void *parts_find(const struct parts *parts,
			       const struct part_ops *ops)
{
	u32 i;

	for (i = 0; i < parts->n; i++)
		if (parts->list[i].ops == ops)
			return parts->list[i].data;
	return NULL;
}

#endif
