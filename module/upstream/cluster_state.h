/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cluster_state: what is going on in a cluster at this moment: how much of its limits
 * (circuit breakers) is used, who waits, when endpoints are compared next.
 *
 * It outlives changes: a new version of a cluster takes over the state of the old one,
 * so that limits hold across changes. What was admitted under a limit is counted until
 * it ends, even if the limit has changed or gone by then.
 *
 * References: each version of the cluster, and each stream that a limit counts (a
 * tunnel counts for longer than it holds the configuration). Any context, except for
 * making it. The fast paths take no lock; ->lock (BH) guards the queue alone.
 */
#ifndef L7MESH_CLUSTER_STATE_H
#define L7MESH_CLUSTER_STATE_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include "lib/admit.h"
#include "upstream/cluster_options.h"

struct account;

/* What the requests of one priority take. */
struct cluster_load {
	atomic_t requests;		/* admitted, and not over */
	atomic_t retries;		/* the same */
	atomic_t connections;		/* legs in use */
	spinlock_t lock;
	struct list_head pending;	/* of struct pending, in their order */
	u32 npending;
};

struct cluster_state {
	refcount_t ref;
	struct account *account;	/* counted */
	struct cluster_load loads[ROUTING_PRIORITIES];
	bool used;			/* ever was a connection to an endpoint begun, ... */
	bool use_noted;			/* ... and health checks go by that */

	/* outlier.c */
	unsigned long interval_end;	/* jiffies; 0: not begun */
	atomic_t comparing;		/* somebody does, and nobody else may */
	unsigned long counted_at;	/* jiffies: when ->ejected was counted */
	atomic_t ejected;
};

/* Somebody who waits for a connection to be free. */
struct pending {
	struct list_head list;		/* empty: does not wait */
	void (*wake)(struct pending *p);	/* under the lock, not on the list any more */
};

/* Context: process. What account_new() says. */
struct cluster_state *cluster_state_alloc(struct account *account);
void cluster_state_put(struct cluster_state *s);

static inline struct cluster_state *cluster_state_get(struct cluster_state *s)
{
	refcount_inc(&s->ref);
	return s;
}

/**
 * cluster_load_connect() - May one more leg be used?
 * @l: load
 * @max: limit
 * @p: has waited already, and goes before others; or NULL
 */
bool cluster_load_connect(struct cluster_load *l, u32 max,
			  const struct pending *p);

/**
 * cluster_load_wait() - Wait for a leg that another gives back
 * @l: load
 * @p: woken when it is worth to try again
 * @max_pending: so many may wait
 * @first: before all others
 *
 * Return: false if there are so many already. The caller tries again at once: what
 * was given back meanwhile wakes nobody.
 */
bool cluster_load_wait(struct cluster_load *l, struct pending *p,
		       u32 max_pending, bool first);

/* Stop waiting. If @p was woken and has no use for it, the next one is woken. */
void cluster_load_stop_waiting(struct cluster_load *l, struct pending *p);

/* A leg that was admitted is not in use any more. */
void cluster_load_disconnect(struct cluster_load *l);

#endif
