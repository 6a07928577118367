// SPDX-License-Identifier: GPL-2.0
#include "stream/engine.h"

#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "lib/ident.h"
#include "link/acceptor.h"
#include "link/drain.h"
#include "link/http_net.h"
#include "link/identity.h"
#include "link/leg.h"
#include "policy/policy.h"
#include "stream/conn.h"
#include "upstream/call.h"
#include "upstream/health.h"

/* CPUs that a namespace's deferred runs may keep busy. */
#define LINES_MAX	16

/* ---- the namespace ---- */

/* Connections that are visited with BH off at one time. */
#define WALK_BATCH	64

/* Returns whether all have been visited. */
static bool walk_batch(struct http_net *hn,
		       void (*visit)(struct conn *c, const void *arg),
		       const void *arg)
{
	struct conn *c;
	int n;

	spin_lock_bh(&hn->conns_lock);
	for (n = 0; n < WALK_BATCH; n++) {
		c = list_first_entry_or_null(&hn->conns, struct conn, list);
		if (!c || c->walk == hn->walk)
			break;
		c->walk = hn->walk;
		list_move_tail(&c->list, &hn->conns);
		visit(c, arg);
	}
	spin_unlock_bh(&hn->conns_lock);
	return n < WALK_BATCH;
}

/* All that are there now, unless they end meanwhile; @visit is called under the lock. */
static void walk_conns(struct http_net *hn,
		       void (*visit)(struct conn *c, const void *arg),
		       const void *arg)
{
	mutex_lock(&hn->walk_mutex);
	spin_lock_bh(&hn->conns_lock);
	hn->walk++;
	spin_unlock_bh(&hn->conns_lock);
	while (!walk_batch(hn, visit, arg))
		cond_resched();
	mutex_unlock(&hn->walk_mutex);
}

/* Have the work look: it knows whether its connection is concerned. */
static void remind(struct conn *c, const void *arg)
{
	conn_kick(c);
}

static void drainer_work(struct work_struct *work)
{
	struct http_net *hn = container_of(work, struct http_net, drainer.work);
	unsigned long until = READ_ONCE(hn->drain_until);

	walk_conns(hn, remind, NULL);
	if (time_before(jiffies, until))
		queue_delayed_work(http_wq, &hn->drainer, until - jiffies + 1);
}

static void engine_setup(struct http_net *hn, struct mesh_net *mn)
{
	int i;

	hn->net = mn->net;
	hn->mn = mn;
	mutex_init(&hn->mutex);
	spin_lock_init(&hn->conns_lock);
	INIT_LIST_HEAD(&hn->conns);
	INIT_LIST_HEAD(&hn->guests);
	mutex_init(&hn->walk_mutex);
	leg_reaper_init(hn);
	INIT_DELAYED_WORK(&hn->drainer, drainer_work);
	spin_lock_init(&hn->calls_lock);
	INIT_LIST_HEAD(&hn->calls);
	health_init(hn);
	hn->accept = conn_accept;
	for (i = 0; i < ACCEPTORS; i++)
		acceptor_init(&hn->acceptors[i], hn);
	for (i = 0; i < POOL_BUCKETS; i++)
		spin_lock_init(&hn->buckets[i].lock);
	for (i = 0; i < hn->nlines; i++)
		conn_line_init(&hn->lines[i]);
}

int engine_net_init(struct mesh_net *mn)
{
	u32 nlines = min_t(u32, num_possible_cpus(), LINES_MAX);
	struct http_net *hn;

	hn = kzalloc(struct_size(hn, lines, nlines), GFP_KERNEL_ACCOUNT);
	if (!hn)
		return -ENOMEM;
	if (quota_init(&hn->quota)) {
		kfree(hn);
		return -ENOMEM;
	}
	hn->nlines = nlines;
	engine_setup(hn, mn);
	mn->http = hn;
	return 0;
}

static void kill(struct conn *c, const void *arg)
{
	WRITE_ONCE(c->killed, true);
	conn_kick(c);
}

static void remind_by(struct http_net *hn, unsigned long until)
{
	if (!until)
		return;
	spin_lock_bh(&hn->conns_lock);
	if (!delayed_work_pending(&hn->drainer) ||
	    time_after(until, hn->drain_until))
		WRITE_ONCE(hn->drain_until, until);
	mod_delayed_work(http_wq, &hn->drainer, until - jiffies + 1);
	spin_unlock_bh(&hn->conns_lock);
}

static bool came_to(const struct conn *c, const struct drain *d)
{
	const struct listener_slot *slot;

	if (!d->listener)
		return true;
	slot = conn_slot(c, d->snapshot);
	return slot && name_eq(&slot->listener->name, d->listener);
}

struct drain_by {
	const struct drain *drain;
	unsigned long until;		/* jiffies, the same for all */
};

static void drain(struct conn *c, const void *arg)
{
	const struct drain_by *d = arg;

	if (!came_to(c, d->drain))
		return;
	WRITE_ONCE(c->drain_until, d->until);
	WRITE_ONCE(c->draining, true);
	conn_kick(c);
}

void engine_net_drain(struct mesh_net *mn, const struct drain *d)
{
	unsigned long until = deadline_or_none(d->deadline);
	const struct drain_by by = { .drain = d, .until = until };

	if (d->ep) {
		leg_reap_endpoint(mn->http, d->ep, false);
	} else {
		walk_conns(mn->http, drain, &by);
		if (!d->listener)
			leg_reap(mn->http, true);
	}
	remind_by(mn->http, until);
}

/* Whoever uses the leg ends. Returns false if it is locked just now. */
static bool evict(struct leg *leg)
{
	if (!link_trylock(&leg->link))
		return false;
	if (leg->stream)
		kill(leg->stream->conn, NULL);
	link_unlock_tried(&leg->link);
	leg->evicted = true;
	return true;
}

/* The next guest; NULL: all have been evicted, and nobody comes in any more. */
static struct leg *next_guest(struct http_net *hn)
{
	struct leg *leg = list_first_entry_or_null(&hn->guests, struct leg, guest);

	return leg && !leg->evicted ? leg : NULL;
}

/* Returns whether all have been; if not, either a batch of them, or one is locked. */
static bool evict_batch(struct http_net *hn, bool *locked)
{
	struct leg *leg;
	int n;

	*locked = false;
	spin_lock_bh(&hn->conns_lock);
	for (n = 0; n < WALK_BATCH && (leg = next_guest(hn)); n++) {
		*locked = !evict(leg);
		if (*locked)
			break;
		list_move_tail(&leg->guest, &hn->guests);
	}
	leg = next_guest(hn);
	spin_unlock_bh(&hn->conns_lock);
	return !leg;
}

static void evict_all(struct http_net *hn)
{
	bool locked;

	while (!evict_batch(hn, &locked)) {
		if (locked)
			schedule_timeout_uninterruptible(1);
		else
			cond_resched();
	}
}

void engine_net_exit(struct mesh_net *mn)
{
	struct http_net *hn = mn->http;
	int i;

	mutex_lock(&hn->mutex);
	WRITE_ONCE(hn->dead, true);
	mutex_unlock(&hn->mutex);
	for (i = 0; i < ACCEPTORS; i++)
		acceptor_close(&hn->acceptors[i]);
	cancel_delayed_work_sync(&hn->drainer);
	cancel_delayed_work_sync(&hn->checker);
	call_end_all(hn);
	walk_conns(hn, kill, NULL);
	wait_var_event(&hn->nconns, !atomic_read(&hn->nconns));
	for (i = 0; i < hn->nlines; i++)
		line_exit(&hn->lines[i]);
	leg_reap(hn, true);
	evict_all(hn);
	wait_var_event(&hn->nlegs, !atomic_read(&hn->nlegs));
	/* Who parks a leg queues this, and no leg is left. */
	cancel_delayed_work_sync(&hn->reaper);
	mn->http = NULL;
	quota_exit(&hn->quota);
	kfree(hn);
}

/* ---- the module ---- */

int engine_init(void)
{
	int err;

	ident_init();
	identity_init();
	acceptor_module_init();
	err = message_cache_init();
	if (err)
		return err;
	err = leg_cache_init();
	if (err)
		goto heads;
	err = conn_cache_init();
	if (err)
		goto legs;
	err = http_net_module_init();
	if (err)
		goto conns;
	err = line_module_init();
	if (err)
		goto works;
	err = call_init();
	if (err)
		goto lines;
	err = policy_init();
	if (!err)
		return 0;
	call_exit();
lines:
	line_module_exit();
works:
	http_net_module_exit();
conns:
	conn_cache_exit();
legs:
	leg_cache_exit();
heads:
	message_cache_exit();
	return err;
}

void engine_exit(void)
{
	line_module_exit();
	call_exit();
	http_net_module_exit();
	policy_exit();
	conn_cache_exit();
	leg_cache_exit();
	message_cache_exit();
	out_exit();
}
