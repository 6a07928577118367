/* SPDX-License-Identifier: GPL-2.0 */
/*
 * objset: the objects of one kind of a snapshot, in order, found by name.
 *
 * An array of pointers and an open-addressing index of positions, probed by the
 * name's hash. Generic through the offset of the objects' struct name_ref. Filled
 * once, then read-only: any context may look up. The set owns its arrays, not the
 * objects: whoever fills it takes and drops their references.
 */
#ifndef L7MESH_OBJSET_H
#define L7MESH_OBJSET_H

#include <linux/stddef.h>
#include <linux/types.h>
#include "lib/name_ref.h"

struct account;

struct objset {
	void **objects;
	u32 *index;		/* position + 1; 0: empty */
	u32 n;
	u32 capacity;
	u32 mask;		/* of index */
	u32 name_at;		/* offset of struct name_ref in an object */
};

/**
 * objset_hash() - The hash that objsets and name_refs agree on
 * @name: name
 *
 * Seeded once per boot: nobody can prepare names that collide. Any context.
 */
u32 objset_hash(struct span name);

static inline struct name_ref name_ref(struct span name)
{
	return (struct name_ref){ name, objset_hash(name) };
}

/**
 * objset_alloc() - Make room
 * @set: set to fill
 * @account: charged
 * @capacity: the most objects that will be added
 * @name_at: offset of the objects' struct name_ref
 *
 * Return: 0 or what account_new() says; free with objset_free() either way.
 */
int objset_alloc(struct objset *set, struct account *account, u32 capacity,
		 size_t name_at);

void objset_free(struct objset *set, struct account *account);

/**
 * objset_add() - Append an object
 * @set: set with room
 * @object: object whose name is not in the set
 */
void objset_add(struct objset *set, void *object);

/**
 * objset_find() - The object of a name
 * @set: set
 * @name: name with its hash
 *
 * Return: borrowed, or NULL.
 */
void *objset_find(const struct objset *set, const struct name_ref *name);

/**
 * objset_find_by() - Look up an object by more than its name
 * @set: set
 * @hash: of its name
 * @is: is it the one?
 * @what: for @is
 *
 * Return: the object or NULL.
 */
void *objset_find_by(const struct objset *set, u32 hash,
		     bool (*is)(const void *object, const void *what),
		     const void *what);

#endif
