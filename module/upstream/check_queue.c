// SPDX-License-Identifier: GPL-2.0
#include "upstream/check_queue.h"

#include <linux/kernel.h>
#include <linux/sched.h>

#include "upstream/cluster_state.h"

void check_queue_init(struct check_queue *q)
{
	spin_lock_init(&q->lock);
	q->turns = RB_ROOT_CACHED;
}

/* Envoy: a cluster that was never used is asked less often. */
static unsigned long due(const struct cluster *c, const struct endpoint *ep)
{
	const struct health_check *hc = &c->health;
	u64 ms = READ_ONCE(c->state->used) ?
		 hc->interval : max(hc->interval, hc->no_traffic_interval);

	if (!ep->checked_at)
		return jiffies;
	ms += (u64)ep->check_lot * hc->jitter >> 32;
	return ep->checked_at + msecs_to_jiffies(min_t(u64, ms, U32_MAX)) + 1;
}

static struct endpoint *endpoint_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct endpoint, turn.node) : NULL;
}

static bool is_before(struct rb_node *a, const struct rb_node *b)
{
	return time_before(rb_entry(a, struct check_turn, node)->at,
			   rb_entry(b, struct check_turn, node)->at);
}

static void leave(struct check_queue *q, struct endpoint *ep)
{
	rb_erase_cached(&ep->turn.node, &q->turns);
	RB_CLEAR_NODE(&ep->turn.node);
}

static void enter(struct check_queue *q, struct endpoint *ep)
{
	ep->turn.at = due(ep->turn.cluster, ep);
	rb_add_cached(&ep->turn.node, &q->turns, is_before);
}

/* From now on it is asked by this cluster. */
static void adopt(struct check_queue *q, struct endpoint *ep, struct cluster *c)
{
	spin_lock_bh(&q->lock);
	if (!ep->turn.taken && ep->turn.cluster)
		leave(q, ep);
	ep->turn.cluster = c;
	if (!ep->turn.taken)
		enter(q, ep);
	spin_unlock_bh(&q->lock);
}

/* If this cluster is still the one that checks the endpoint, nobody does any more. */
static void forget(struct check_queue *q, struct endpoint *ep,
		   const struct cluster *c)
{
	spin_lock_bh(&q->lock);
	if (ep->turn.cluster == c) {
		if (!ep->turn.taken)
			leave(q, ep);
		ep->turn.cluster = NULL;
	}
	spin_unlock_bh(&q->lock);
}

/* The @i-th of one snapshot that the other does not have, with a health check. */
static struct cluster *only_in(const struct snapshot *s,
			       const struct snapshot *other, u32 i)
{
	struct cluster *c = s->clusters.objects[i];

	if (!c->health.interval)
		return NULL;
	if (i < other->clusters.n && other->clusters.objects[i] == c)
		return NULL;
	return snapshot_cluster(other, &c->name) == c ? NULL : c;
}

void check_queue_follow(struct check_queue *q, const struct snapshot *old,
			const struct snapshot *new)
{
	struct cluster *c;
	u32 i, k;

	for (i = 0; i < new->clusters.n; i++) {
		c = only_in(new, old, i);
		for (k = 0; c && k < c->nmembers; k++) {
			adopt(q, c->members[k].ep, c);
			cond_resched();
		}
	}
	for (i = 0; i < old->clusters.n; i++) {
		c = only_in(old, new, i);
		for (k = 0; c && k < c->nmembers; k++) {
			forget(q, c->members[k].ep, c);
			cond_resched();
		}
	}
}

/* Only endpoints that this version of the cluster checks: others are right already. */
static void requeue(struct check_queue *q, struct cluster *c)
{
	u32 i;

	for (i = 0; i < c->nmembers; i++) {
		struct endpoint *ep = c->members[i].ep;

		spin_lock_bh(&q->lock);
		if (ep->turn.cluster == c && !ep->turn.taken) {
			leave(q, ep);
			enter(q, ep);
		}
		spin_unlock_bh(&q->lock);
		cond_resched();
	}
}

void check_queue_look_for_use(struct check_queue *q, const struct snapshot *s)
{
	struct cluster *c;
	u32 i;

	if (!READ_ONCE(q->use_noted) || !xchg(&q->use_noted, false))
		return;
	for (i = 0; i < s->clusters.n; i++) {
		c = s->clusters.objects[i];
		if (!c->health.interval || c->state->use_noted ||
		    !READ_ONCE(c->state->used))
			continue;
		c->state->use_noted = true;
		requeue(q, c);
	}
}

struct endpoint *check_queue_take(struct check_queue *q, struct cluster **c)
{
	struct endpoint *ep;

	spin_lock_bh(&q->lock);
	ep = endpoint_of(rb_first_cached(&q->turns));
	q->waits = ep;
	if (ep)
		q->look_at = ep->turn.at;
	if (ep && time_before(jiffies, ep->turn.at))
		ep = NULL;
	if (ep) {
		leave(q, ep);
		ep->turn.taken = true;
		*c = cluster_get(ep->turn.cluster);
	}
	spin_unlock_bh(&q->lock);
	return ep;
}

bool check_queue_waits(struct check_queue *q, unsigned long *look_at)
{
	bool waits;

	spin_lock_bh(&q->lock);
	waits = q->waits;
	*look_at = q->look_at;
	spin_unlock_bh(&q->lock);
	return waits;
}

void check_queue_crowded(struct check_queue *q)
{
	spin_lock_bh(&q->lock);
	q->crowded = true;
	spin_unlock_bh(&q->lock);
}

bool check_queue_give(struct check_queue *q, struct endpoint *ep,
		      unsigned long *look_at)
{
	bool sooner = false;

	spin_lock_bh(&q->lock);
	*look_at = jiffies;
	ep->turn.taken = false;
	if (ep->turn.cluster) {
		enter(q, ep);
		sooner = !q->waits || time_before(ep->turn.at, q->look_at);
		*look_at = ep->turn.at;
	}
	if (q->crowded) {
		q->crowded = false;
		sooner = true;
		*look_at = jiffies;
	}
	if (sooner) {
		q->waits = true;
		q->look_at = *look_at;
	}
	spin_unlock_bh(&q->lock);
	return sooner;
}
