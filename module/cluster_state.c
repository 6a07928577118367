// SPDX-License-Identifier: GPL-2.0
/*
 * cluster_state: see cluster_state.h.
 */
#include <linux/err.h>
#include "account.h"
#include "cluster_state.h"
#include "stats.h"

struct cluster_state *cluster_state_alloc(struct account *account)
{
	struct cluster_state *s = account_new(account, sizeof(*s));

	if (IS_ERR(s))
		return s;
	refcount_set(&s->ref, 1);
	s->account = account_get(account);
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->pending);
	object_created(OBJECT_CLUSTER_STATE);
	return s;
}

void cluster_state_put(struct cluster_state *s)
{
	struct account *account;

	if (!s || !refcount_dec_and_test(&s->ref))
		return;
	account = s->account;
	account_free(account, s, sizeof(*s));
	account_put(account);
	object_destroyed(OBJECT_CLUSTER_STATE);
}

bool cluster_state_connect(struct cluster_state *s, u32 max,
			   const struct pending *p)
{
	/* Who comes now waits behind those who wait. */
	if (!p && !list_empty_careful(&s->pending))
		return false;
	return admit(&s->connections, max);
}

bool cluster_state_wait(struct cluster_state *s, struct pending *p,
			u32 max_pending, bool first)
{
	bool waits;

	spin_lock_bh(&s->lock);
	waits = s->npending < max_pending;
	if (waits) {
		s->npending++;
		if (first)
			list_add(&p->list, &s->pending);
		else
			list_add_tail(&p->list, &s->pending);
	}
	spin_unlock_bh(&s->lock);
	return waits;
}

/* Off the queue. The lock is held. */
static void leave_queue(struct cluster_state *s, struct pending *p)
{
	list_del_init(&p->list);
	s->npending--;
}

static void wake_first(struct cluster_state *s)
{
	struct pending *p = list_first_entry_or_null(&s->pending,
						     struct pending, list);

	if (!p)
		return;
	leave_queue(s, p);
	p->wake(p);
}

void cluster_state_stop_waiting(struct cluster_state *s, struct pending *p)
{
	spin_lock_bh(&s->lock);
	if (!list_empty(&p->list))
		leave_queue(s, p);
	else
		wake_first(s);
	spin_unlock_bh(&s->lock);
}

void cluster_state_disconnect(struct cluster_state *s)
{
	/* Full barrier: who is queued now sees that it is free, or we see them. */
	atomic_dec_return(&s->connections);
	if (list_empty_careful(&s->pending))
		return;
	spin_lock_bh(&s->lock);
	wake_first(s);
	spin_unlock_bh(&s->lock);
}
