/* SPDX-License-Identifier: GPL-2.0 */
/*
 * check_queue: which of a mesh's endpoints are to be asked whether they are well, and
 * when.
 *
 * The queue is ordered by time: a look costs as much as there are endpoints due, and a
 * change as much as it has changed. Each endpoint of a published cluster that has a
 * health check names the cluster that checks it (ep->turn.cluster). It is either in the
 * queue or being checked.
 *
 * The queue borrows: an endpoint that is in it, and the cluster that it names, are of
 * the published snapshot, or of the one before while check_queue_follow() is at work.
 *
 * Lock: ->lock (BH) guards all of it, and what endpoints say of it. Innermost.
 */
#ifndef L7MESH_CHECK_QUEUE_H
#define L7MESH_CHECK_QUEUE_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include "mesh/snapshot.h"

struct check_queue {
	spinlock_t lock;		/* BH */
	struct rb_root_cached turns;	/* of endpoint->turn */
	bool waits;			/* a look is planned for ... */
	unsigned long look_at;		/* ... jiffies */
	bool use_noted;			/* a cluster is used that was not before */
	bool crowded;			/* some are due, and have to wait for a free place */
};

void check_queue_init(struct check_queue *q);

/**
 * check_queue_follow() - Another configuration is published
 * @q: queue
 * @old: what was published until now; not given up yet
 * @new: what is now; stays for as long as this runs
 *
 * Context: process; the caller serialises. Yields.
 */
void check_queue_follow(struct check_queue *q, const struct snapshot *old,
			const struct snapshot *new);

/* A cluster's ->used has become true. Any context. */
static inline void check_queue_note_use(struct check_queue *q)
{
	/* Pairs with check_queue_look_for_use(). */
	smp_store_release(&q->use_noted, true);
}

/**
 * check_queue_look_for_use() - Let the time of endpoints be that of used clusters
 * @q: queue
 * @s: what is published; held
 *
 * Looks only if there is anything new. Context: process; the caller serialises. Yields.
 */
void check_queue_look_for_use(struct check_queue *q, const struct snapshot *s);

/**
 * check_queue_take() - An endpoint that is due
 * @q: queue
 * @c: out: by which cluster; held, cluster_put() it after check_queue_give()
 *
 * Any context. If there is none, a look is planned for when the next one is due.
 *
 * Return: it is the caller's to ask, until check_queue_give(); NULL if none is due.
 */
struct endpoint *check_queue_take(struct check_queue *q, struct cluster **c);

/* Is a look planned, and for when? In jiffies. Any context. */
bool check_queue_waits(struct check_queue *q, unsigned long *look_at);

/* Some may be due, but nobody is taken before another was given back. */
void check_queue_crowded(struct check_queue *q);

/**
 * check_queue_give() - An endpoint was asked, or could not be
 * @q: queue
 * @ep: from check_queue_take(); its checked_at and check_lot say when it has been
 * @look_at: out: jiffies
 *
 * Any context.
 *
 * Return: whether there is to be a look sooner than is planned, at *@look_at.
 */
bool check_queue_give(struct check_queue *q, struct endpoint *ep,
		      unsigned long *look_at);

#endif
