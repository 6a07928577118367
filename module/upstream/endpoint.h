/* SPDX-License-Identifier: GPL-2.0 */
/*
 * endpoint: the part of a cluster's member that outlives a change: counters, load,
 * pooled legs.
 *
 * References: a cluster holds its endpoints, a pool of legs its endpoint. The last put
 * frees it after an RCU grace period. Counters and load are those of HTTP requests,
 * except for the count of connections. Any CPU reads and writes them in any context,
 * without a lock: if two samples of latency meet, one may be lost.
 */
#ifndef L7MESH_ENDPOINT_H
#define L7MESH_ENDPOINT_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/string.h>
#include "lib/address.h"
#include "lib/deadline.h"

struct cluster;

/* When it is asked whether it is well, see check_queue.h. */
struct check_turn {
	struct rb_node node;
	unsigned long at;		/* jiffies */
	struct cluster *cluster;	/* by which; NULL: nobody asks */
	bool taken;			/* it is being asked, and not in the queue */
};

#define ENDPOINT_REACHED	8

struct endpoint {
	struct address address;
	refcount_t ref;
	atomic_t active;		/* requests that were sent there and last */
	u32 latency;			/* us, see peak_ewma.h */
	u64 latency_at;			/* ns: when it was written */
	atomic64_t connections;
	atomic64_t requests;
	atomic64_t failures;

	unsigned long since;		/* jiffies: when it came, or was well again */
	bool draining;			/* not to be picked */
	unsigned long drain_until;	/* jiffies: what it has then is reset; 0: nothing is */

	u32 reached[ENDPOINT_REACHED];	/* see endpoint_note_reached() */

	/* health.c; 0 until it is used */
	bool healthy;
	bool checked;			/* there was an answer, or none in time */
	/* who asks alone writes these */
	u32 check_row;			/* answers in a row that speak against ->healthy */
	unsigned long checked_at;	/* jiffies: when the latest answer was there */
	u32 check_lot;			/* random, of the time until the next */
	struct check_turn turn;

	/* accrual.c; 0 until it is used */
	u32 accrual_penalty;		/* ms; 0: it is open */
	atomic_t accrual_row;

	/* outlier.c; 0 until it is used */
	unsigned long ejected_until;	/* jiffies; 0: never was */
	u32 ejections;
	atomic_t consecutive_5xx;
	atomic_t consecutive_gateway;
	atomic_t consecutive_local;
	atomic_t answers, good_answers;	/* of this interval */
	u32 seen, seen_good;		/* of the last one, by who compares */
	struct rcu_head rcu;
};

struct endpoint *endpoint_alloc(const struct address *address, gfp_t gfp);
void endpoint_put(struct endpoint *ep);

static inline struct endpoint *endpoint_get(struct endpoint *ep)
{
	refcount_inc(&ep->ref);
	return ep;
}

/**
 * endpoint_note_reached() - Somebody has connected to it
 * @ep: endpoint
 * @who: a random number that is his alone, or nearly so
 *
 * A client that cannot connect may be one that is not permitted to: what it meets says
 * nothing of the endpoint, unless it has got there before. The latest few are known.
 */
static inline void endpoint_note_reached(struct endpoint *ep, u32 who)
{
	u32 *slot = &ep->reached[who % ENDPOINT_REACHED];

	if (READ_ONCE(*slot) != who)
		WRITE_ONCE(*slot, who);
}

static inline bool endpoint_was_reached(const struct endpoint *ep, u32 who)
{
	return READ_ONCE(ep->reached[who % ENDPOINT_REACHED]) == who;
}

static inline bool endpoint_was_reached_by_any(const struct endpoint *ep)
{
	return memchr_inv(ep->reached, 0, sizeof(ep->reached));
}

/* Has outlier detection or failure accrual ejected it for now? */
static inline bool endpoint_ejected(const struct endpoint *ep)
{
	unsigned long until = READ_ONCE(ep->ejected_until);

	return until && time_before(jiffies, until);
}

/**
 * endpoint_warmth() - How much of its weight an endpoint has, Envoy's slow start
 * @ep: endpoint
 * @window: jiffies
 * @least: percent
 *
 * As in Envoy the first second counts as a whole one.
 *
 * Return: percent.
 */
static inline u32 endpoint_warmth(const struct endpoint *ep, unsigned long window,
				  u32 least)
{
	unsigned long age = max_t(unsigned long, jiffies - READ_ONCE(ep->since), HZ);

	return age >= window ? 100 : max_t(u32, least, age * 100 / window);
}

/* Is its drain deadline over, after which its connections are reset? */
static inline bool endpoint_overdue(const struct endpoint *ep)
{
	unsigned long until = READ_ONCE(ep->drain_until);

	return until && !time_before(jiffies, until);
}

/* For how many ms still? */
static inline u32 endpoint_ejected_ms(const struct endpoint *ep)
{
	unsigned long until = READ_ONCE(ep->ejected_until), now = jiffies;

	return until && time_before(now, until) ? jiffies_to_msecs(until - now) :
						  0;
}

/**
 * endpoint_observe() - A request was answered
 * @ep: endpoint
 * @ns: how long it took
 * @decay: ms, of the cluster
 */
void endpoint_observe(struct endpoint *ep, u64 ns, u32 decay);

/**
 * endpoint_latency() - What a request may expect
 * @ep: endpoint
 * @decay: ms, of the cluster
 *
 * Return: us; 0 if nothing is known, or all is forgotten.
 */
u32 endpoint_latency(const struct endpoint *ep, u32 decay);

#endif
