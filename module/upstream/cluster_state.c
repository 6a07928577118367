// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include "lib/account.h"
#include "lib/stats.h"
#include "upstream/cluster_state.h"

struct cluster_state *cluster_state_alloc(struct account *account)
{
	struct cluster_state *s = account_new(account, sizeof(*s));
	u32 i;

	if (IS_ERR(s))
		return s;
	refcount_set(&s->ref, 1);
	s->account = account_get(account);
	for (i = 0; i < ROUTING_PRIORITIES; i++) {
		spin_lock_init(&s->loads[i].lock);
		INIT_LIST_HEAD(&s->loads[i].pending);
	}
	stats_object_created(OBJECT_CLUSTER_STATE);
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
	stats_object_destroyed(OBJECT_CLUSTER_STATE);
}

bool cluster_load_connect(struct cluster_load *l, u32 max,
			  const struct pending *p)
{
	/* Newcomers queue behind those who are waiting. */
	if (!p && !list_empty_careful(&l->pending))
		return false;
	return admit(&l->connections, max);
}

bool cluster_load_wait(struct cluster_load *l, struct pending *p,
		       u32 max_pending, bool first)
{
	bool waits;

	spin_lock_bh(&l->lock);
	waits = l->npending < max_pending;
	if (waits) {
		l->npending++;
		if (first)
			list_add(&p->list, &l->pending);
		else
			list_add_tail(&p->list, &l->pending);
	}
	spin_unlock_bh(&l->lock);
	return waits;
}

/* Take @p off the queue. The lock is held. */
static void leave_queue(struct cluster_load *l, struct pending *p)
{
	list_del_init(&p->list);
	l->npending--;
}

static void wake_first(struct cluster_load *l)
{
	struct pending *p = list_first_entry_or_null(&l->pending,
						     struct pending, list);

	if (!p)
		return;
	leave_queue(l, p);
	p->wake(p);
}

void cluster_load_stop_waiting(struct cluster_load *l, struct pending *p)
{
	spin_lock_bh(&l->lock);
	if (!list_empty(&p->list))
		leave_queue(l, p);
	else
		wake_first(l);
	spin_unlock_bh(&l->lock);
}

void cluster_load_disconnect(struct cluster_load *l)
{
	/*
	 * Full barrier: either a newcomer sees the free connection, or we see the
	 * newcomer.
	 */
	atomic_dec_return(&l->connections);
	if (list_empty_careful(&l->pending))
		return;
	spin_lock_bh(&l->lock);
	wake_first(l);
	spin_unlock_bh(&l->lock);
}
