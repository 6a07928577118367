// SPDX-License-Identifier: GPL-2.0
/*
 * Several tries of a request at one time.
 *
 * Envoy's hedge_on_per_try_timeout: a try whose time is over is not given up. Its leg
 * becomes a rival, and another try begins at once, as one of the policy's retries. The
 * first answer is used. A bad answer is tried again as any other, while other tries go
 * on. Unlike in Envoy there is no back-off, as hedging is meant to cut the tail.
 *
 * conn->leg is of the latest try. A rival has all of the request and not a byte of a
 * response; its events run the exchange as those of conn->leg do, which looks at all
 * rivals before it locks a leg. Rivals that have lost are on conn->losers until the
 * work parts them from the connection, under their own locks, and closes them.
 */
#include <linux/ktime.h>
#include "stream/exchange_priv.h"
#include "upstream/cluster_state.h"

/* The exchange waits for the first byte of a response, and for nothing else. */
static bool only_waits(const struct exchange *ex)
{
	return ex->request == REQUEST_DONE && ex->response == RESPONSE_HEAD &&
	       !ex->response_head && !ex->committed;
}

/* The current try becomes a rival: its leg, with all that counts it. */
static void add_rival(struct conn *c)
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
static void take_rival(struct conn *c, struct leg *leg)
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
	conn_set_deadline(c, ex->cluster->options.response_timeout);
}

static void lose(struct conn *c, struct leg *leg)
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
		lose(c, leg);
		run->defer = true;
	}
}

void exchange_end_hedge(struct conn *c, struct run *run)
{
	if (c->ex.hedge)
		stat_inc(c->mesh->stats, STAT_HEDGES_WON);
	exchange_lose_rivals(c, run);
}

void exchange_await_response(struct conn *c)
{
	struct exchange *ex = &c->ex;
	const struct retry_policy *p = &ex->route->retry;
	u32 ms = p->per_try_timeout;

	if (p->hedge_on_per_try_timeout) {
		ex->hedge_due = ex->tries < p->num_retries &&
				retry_is_idempotent(head_method(ex->request_head));
		if (!ex->hedge_due)
			ms = 0;
	}
	conn_set_deadline(c, ms ?: ex->cluster->options.response_timeout);
}

/* As in Envoy it counts against the endpoint, which may answer all the same. */
static void begin_hedge(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	stat_inc(c->mesh->stats, STAT_HEDGES);
	exchange_request_late(c);
	add_rival(c);
	exchange_count_try(c);
	exchange_abandon_try(c, run);
	ex->hedge = true;
	exchange_pick_endpoint(c, run);
}

void exchange_hedge(struct conn *c, struct run *run)
{
	c->ex.hedge_due = false;
	if (c->ex.sent && only_waits(&c->ex) && exchange_may_try_again(c))
		begin_hedge(c, run);
	else
		conn_set_deadline(c, c->ex.cluster->options.response_timeout);
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

/* A rival has an answer: the current try becomes a rival itself, or is given up. */
static void promote(struct conn *c, struct run *run, struct leg *leg)
{
	if (c->leg && c->ex.sent && only_waits(&c->ex)) {
		exchange_leave_leg(c, run);
		add_rival(c);
	} else if (!exchange_enter_leg(c, run)) {
		return;
	}
	exchange_abandon_try(c, run);
	take_rival(c, leg);
}

/* Also of a rival, which is looked at without its lock. */
static bool has_answer(const struct leg *leg)
{
	return link_pending(&leg->link);
}

void exchange_look_at_rivals(struct conn *c, struct run *run)
{
	struct leg *leg, *next, *answered = NULL;

	list_for_each_entry_safe(leg, next, &c->rivals, list) {
		if (link_eof_unlocked(&leg->link) ||
		    (endpoint_overdue(leg_endpoint(leg)) && !has_answer(leg))) {
			lose(c, leg);
			run->defer = true;
		} else if (has_answer(leg)) {
			answered = answered ?: leg;
		}
	}
	/* After exchange_fall_back() any rival will do. */
	if (!answered && !c->leg && only_waits(&c->ex))
		answered = list_first_entry_or_null(&c->rivals, struct leg, list);
	if (answered && !c->ex.response_head && !(c->leg && has_answer(c->leg)))
		promote(c, run, answered);
	else if (!c->leg && only_waits(&c->ex))
		exchange_refuse(c, run, STAT_REPLY_UPSTREAM_RESET, 502);
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
