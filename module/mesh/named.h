/* SPDX-License-Identifier: GPL-2.0 */
/*
 * named: the kinds of objects that have names of their own, of which a snapshot has a set
 * each (lib/objset.h), and what is done to all of them alike.
 */
#ifndef L7MESH_NAMED_H
#define L7MESH_NAMED_H

#include <linux/types.h>

struct account;
struct objset;
struct snapshot;

/* In the order in which they are built: what is referred to first. */
enum named_kind {
	NAMED_CLUSTER,
	NAMED_LISTENER,
	NAMED_ROUTE_TABLE,
	NAMED_WORKLOAD,
	NAMED_AUTHORIZATION,
	NAMED_KINDS
};

struct named_ops {
	size_t set_at;		/* in a snapshot */
	size_t name_at;		/* in an object: struct name_ref */
	void (*get)(void *object);
	/* NULL is nothing. Context: process, when no reader can see it any more. */
	void (*put)(struct account *account, void *object);
	/* NULL: drafts know how it is made, of parts. */
	void *(*clone)(struct account *account, const void *spec);
	bool (*equal)(const void *a, const void *b);
	/*
	 * NULL: nothing. A new object becomes a snapshot's, instead of @before if that is
	 * not NULL: 0, or what account_new() says.
	 */
	int (*finish)(struct account *account, void *object, const void *before);
};

extern const struct named_ops named_ops[NAMED_KINDS];

/* The set of a kind. */
static inline struct objset *named_set(struct snapshot *s, enum named_kind kind)
{
	return (void *)s + named_ops[kind].set_at;
}

#endif
