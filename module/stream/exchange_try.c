// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>

#include "stream/exchange_priv.h"
#include "upstream/cluster_state.h"

/* The endpoint stays the same, so it keeps the request's load. */
void exchange_begin_anew(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	out_clear(&ex->up);
	exchange_drop_leg(c, run, false);
	exchange_leave_connection(c);
	head_free(ex->response_head);
	ex->response_head = NULL;
	ex->head_whole = false;
	ex->leg_reusable = false;
	ex->sent = false;
	ex->response = RESPONSE_NONE;
	ex->sent_at = 0;
	ex->hedge_due = false;
	begin_request_body(c);
	replay_rewind(&ex->replay);
	run->again = true;
}

void exchange_abandon_try(struct conn *c, struct run *run)
{
	exchange_end_load(&c->ex);
	exchange_begin_anew(c, run);
	c->open_leg = false;
}

/* The current try becomes a rival: its leg, with all that counts it. */
void exchange_add_rival(struct conn *c)
{
	struct exchange *ex = &c->ex;
	struct rival *r = &c->leg->rival;

	c->leg->busy = false;
	r->sent_at = ex->sent_at;
	r->hedge = ex->hedge;
	r->load = NULL;
	if (ex->connected) {
		r->state = cluster_state_get(ex->state);
		r->load = ex->load;
	}
	list_add_tail(&c->leg->list, &c->rivals);
	ex->connected = false;
	ex->active = false;
	ex->sent_at = 0;
	c->leg = NULL;
}

/* A rival becomes the current try. Nothing is left of the try before. */
void exchange_take_rival(struct conn *c, struct leg *leg)
{
	struct exchange *ex = &c->ex;
	struct rival *r = &leg->rival;

	list_del_init(&leg->list);
	c->leg = leg;		/* locked when the run enters it */
	ex->ep = leg_endpoint(leg);
	ex->active = true;
	ex->sent_at = r->sent_at;
	ex->hedge = r->hedge;
	ex->reused_leg = false;
	if (r->load) {
		ex->connected = true;
		cluster_state_put(r->state);
	}
	ex->request = REQUEST_DONE;
	ex->sent = true;
	ex->response = RESPONSE_HEAD;
	patience_set(&c->patience, ex->cluster->options.response_timeout);
}

void exchange_lose(struct conn *c, struct leg *leg)
{
	struct endpoint *ep = leg_endpoint(leg);
	struct rival *r = &leg->rival;

	atomic_dec(&ep->active);
	/* So long at least. */
	if (r->sent_at)
		endpoint_observe(ep, ktime_get_ns() - r->sent_at,
				 c->ex.cluster->options.decay);
	if (r->load) {
		cluster_load_disconnect(r->load);
		cluster_state_put(r->state);
	}
	list_move(&leg->list, &c->losers);
}

void exchange_lose_rivals(struct conn *c, struct run *run)
{
	struct leg *leg, *next;

	list_for_each_entry_safe(leg, next, &c->rivals, list) {
		exchange_lose(c, leg);
		run->defer = true;
	}
}

void exchange_end_hedge(struct conn *c, struct run *run)
{
	if (c->ex.hedge)
		stat_inc(c->mesh->stats, STAT_HEDGES_WON);
	exchange_lose_rivals(c, run);
}

bool exchange_fall_back(struct conn *c, struct run *run, enum mesh_stat reason)
{
	if (reason == STAT_REPLY_ROUTE_TIMEOUT) {
		exchange_lose_rivals(c, run);
		return false;
	}
	exchange_abandon_try(c, run);
	c->ex.request = REQUEST_DONE;
	c->ex.response = RESPONSE_HEAD;
	return true;
}

void exchange_part_with_losers(struct conn *c, struct list_head *doomed)
{
	struct leg *leg, *next;

	list_for_each_entry_safe(leg, next, &c->losers, list) {
		link_lock_nested(&leg->link);
		leg->conn = NULL;
		link_unlock(&leg->link);
		list_del_init(&leg->list);
		leg_doom(leg, doomed);
	}
}
