/* SPDX-License-Identifier: GPL-2.0 */
/*
 * source_limit: how many connections and requests a client has at a listener at this
 * moment.
 *
 * A client is an address, with all its ports, in any namespace that obeys the mesh. A
 * listener is identified by its address, so that counts stay when the listener changes.
 * Sources exist only for clients that are counted.
 *
 * References: each connection that is counted, or of which a request was. The last put
 * takes it out of the table and frees it after a grace period. Any context; the counts
 * are atomic, the table is an rhashtable.
 */
#ifndef L7MESH_SOURCE_LIMIT_H
#define L7MESH_SOURCE_LIMIT_H

#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include "lib/address.h"
#include "lib/admit.h"

struct mesh;

/* Compared as bytes. */
struct source_key {
	const struct mesh *mesh;	/* of a connection that is counted: it stays */
	struct address client;		/* port 0 */
	struct address listener;
};

struct source {
	struct rhash_head node;
	struct source_key key;
	refcount_t ref;
	atomic_t connections;
	atomic_t requests;
	struct rcu_head rcu;
};

int source_limit_init(void);
/* Context: process, when there is no source any more. */
void source_limit_exit(void);

/**
 * source_get() - What a client has at a listener
 * @mesh: mesh, held by the caller as long as the source is
 * @client: its address; port ignored
 * @listener: the listener's
 * @gfp: how a new one is allocated
 *
 * Return: a reference, or NULL if there is no memory.
 */
struct source *source_get(const struct mesh *mesh, const struct address *client,
			  const struct address *listener, gfp_t gfp);

/* @s may be NULL. */
void source_put(struct source *s);

#endif
