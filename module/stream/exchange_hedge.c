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
#include "stream/exchange_priv.h"

/* The exchange waits for the first byte of a response, and for nothing else. */
static bool only_waits(const struct exchange *ex)
{
	return ex->request == REQUEST_DONE && ex->response == RESPONSE_HEAD &&
	       !ex->response_head && !ex->committed;
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
	patience_set(&c->patience, ms ?: ex->cluster->options.response_timeout);
}

/* As in Envoy it counts against the endpoint, which may answer all the same. */
static void begin_hedge(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	stat_inc(c->mesh->stats, STAT_HEDGES);
	exchange_request_late(c);
	exchange_add_rival(c);
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
		patience_set(&c->patience, c->ex.cluster->options.response_timeout);
}

/* A rival has an answer: the current try becomes a rival itself, or is given up. */
static void promote(struct conn *c, struct run *run, struct leg *leg)
{
	if (c->leg && c->ex.sent && only_waits(&c->ex)) {
		exchange_leave_leg(c, run);
		exchange_add_rival(c);
	} else if (!exchange_enter_leg(c, run)) {
		return;
	}
	exchange_abandon_try(c, run);
	exchange_take_rival(c, leg);
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
			exchange_lose(c, leg);
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
