// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

struct try *try_alloc(gfp_t gfp)
{
	return kzalloc(sizeof(struct try), gfp);
}

/* The first try is a part of the exchange. */
static void free_try(struct exchange *ex, struct try *t)
{
	if (t != &ex->first)
		kfree(t);
}

void try_free_current(struct exchange *ex)
{
	free_try(ex, ex->try);
	ex->try = NULL;
}

/* What was done to have the current try's request sent, and its response read. */
static void forget_progress(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	out_clear(&ex->up);
	head_free(ex->response_head);
	ex->response_head = NULL;
	ex->head_whole = false;
	ex->response = RESPONSE_NONE;
	begin_request_body(c);
	replay_rewind(&ex->replay);
	run->again = true;
}

void try_begin_anew(struct conn *c, struct run *run)
{
	struct try *t = c->ex.try;

	try_drop_leg(c, run, false);
	exchange_leave_connection(c);
	t->leg_reusable = false;
	t->sent = false;
	t->sent_at = 0;
	t->hedge_due = false;
	forget_progress(c, run);
}

void try_abandon(struct conn *c, struct run *run)
{
	try_end_load(c->ex.try);
	try_begin_anew(c, run);
	c->ex.try->open_leg = false;
}

void try_set_aside(struct conn *c)
{
	struct try *t = c->ex.try;

	t->leg->busy = false;
	t->hedge_due = false;
	list_add_tail(&t->list, &c->tries);
}

void try_begin_next(struct conn *c, struct run *run, struct try *next)
{
	try_set_aside(c);
	c->ex.try = next;
	forget_progress(c, run);
}

void try_take(struct conn *c, struct run *run, struct try *t)
{
	struct exchange *ex = &c->ex;

	list_del(&t->list);
	ex->try = t;		/* its leg is locked when the run enters it */
	t->reused_leg = false;
	forget_progress(c, run);
	ex->request = REQUEST_DONE;
	ex->response = RESPONSE_HEAD;
	patience_set(&c->patience, ex->cluster->options.response_timeout);
}

void try_lose(struct conn *c, struct try *t)
{
	struct exchange *ex = &c->ex;

	try_end_load(t);
	/* So long at least. */
	try_took(t, ex->cluster);
	if (t->connected)
		cluster_load_disconnect(ex->load);
	leg_doom(t->leg, &c->doomed_legs);
	list_del(&t->list);
	free_try(ex, t);
}

void try_lose_others(struct conn *c, struct run *run)
{
	struct try *t, *next;

	list_for_each_entry_safe(t, next, &c->tries, list) {
		try_lose(c, t);
		run->defer = true;
	}
}

void try_win(struct conn *c, struct run *run)
{
	if (c->ex.try->hedge)
		stat_inc(c->mesh->stats, STAT_HEDGES_WON);
	try_lose_others(c, run);
}

bool try_fall_back(struct conn *c, struct run *run, enum mesh_stat reason)
{
	if (reason == STAT_REPLY_ROUTE_TIMEOUT) {
		try_lose_others(c, run);
		return false;
	}
	try_abandon(c, run);
	c->ex.request = REQUEST_DONE;
	c->ex.response = RESPONSE_HEAD;
	return true;
}

void try_part(struct conn *c)
{
	struct leg *leg;

	list_for_each_entry(leg, &c->doomed_legs, list) {
		/* Nobody else changes it. */
		if (!leg->conn)
			continue;
		link_lock_nested(&leg->link);
		leg->conn = NULL;
		link_unlock(&leg->link);
	}
}
