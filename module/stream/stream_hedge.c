// SPDX-License-Identifier: GPL-2.0
/*
 * Several tries of a request at one time.
 *
 * Envoy's hedge_on_per_try_timeout: a try whose time is over is not given up. It is set
 * aside, and another one begins at once, as one of the policy's retries. The first
 * answer is used. A bad answer is tried again as any other, while other tries go on.
 * Unlike in Envoy there is no back-off, as hedging is meant to cut the tail.
 *
 * Events of any try's leg run the exchange, which looks at all other tries before it
 * locks the leg of the current one. The leg of a try that has lost is parted from the
 * connection by the work, under the leg's own lock, and closed.
 */
#include "stream/stream_priv.h"

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
	struct try *t = ex->try;
	u32 ms = p->per_try_timeout;

	if (p->hedge_on_per_try_timeout) {
		t->hedge_due = ex->tries < p->num_retries &&
			       retry_is_idempotent(head_method(ex->request_head));
		if (!t->hedge_due)
			ms = 0;
	}
	patience_set(&c->patience, ms ?: ex->cluster->options.response_timeout);
}

/* As in Envoy it counts against the endpoint, which may answer all the same. */
static bool begin_hedge(struct conn *c, struct run *run)
{
	struct try *next = try_alloc(run_gfp(c, run));

	if (!next)
		return false;
	stat_inc(c->mesh->stats, STAT_HEDGES);
	try_late(c);
	exchange_count_try(c);
	next->hedge = true;
	try_begin_next(c, run, next);
	exchange_pick_endpoint(c, run);
	return true;
}

void exchange_hedge(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	ex->try->hedge_due = false;
	if (ex->try->sent && only_waits(ex) && exchange_may_try_again(c) &&
	    begin_hedge(c, run))
		return;
	patience_set(&c->patience, ex->cluster->options.response_timeout);
}

/* Another try has an answer: the current one waits beside it, or is given up. */
static void promote(struct conn *c, struct run *run, struct try *t)
{
	struct exchange *ex = &c->ex;

	if (ex->try->leg && ex->try->sent && only_waits(ex)) {
		try_leave_leg(c, run);
		try_set_aside(c);
	} else if (try_enter_leg(c, run)) {
		try_abandon(c, run);
		try_free_current(ex);
	} else {
		return;
	}
	try_take(c, run, t);
}

/* Also of a try whose leg is not locked. */
static bool has_answer(const struct try *t)
{
	return link_pending(&t->leg->link);
}

/* Nothing will come any more, or nothing that is waited for. */
static bool is_lost(const struct try *t)
{
	return link_eof_unlocked(&t->leg->link) ||
	       (endpoint_overdue(t->ep) && !has_answer(t));
}

/* The first that has an answer, or NULL. Those that will have none are lost. */
static struct try *look_at_others(struct conn *c, struct run *run)
{
	struct try *t, *next, *answered = NULL;

	list_for_each_entry_safe(t, next, &c->tries, list) {
		if (is_lost(t)) {
			try_lose(c, t);
			run->defer = true;
		} else if (!answered && has_answer(t)) {
			answered = t;
		}
	}
	return answered;
}

void exchange_look_at_tries(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	struct try *answered = look_at_others(c, run), *t = ex->try;
	bool idle = !t->leg && only_waits(ex);

	/* After try_fall_back() any other will do. */
	if (!answered && idle)
		answered = list_first_entry_or_null(&c->tries, struct try, list);
	if (answered && !ex->response_head && !(t->leg && has_answer(t)))
		promote(c, run, answered);
	else if (idle)
		exchange_refuse(c, run, STAT_REPLY_UPSTREAM_RESET, 502);
}
