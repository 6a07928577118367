// SPDX-License-Identifier: GPL-2.0
#include <linux/random.h>
#include <linux/sizes.h>

#include "stream/stream_priv.h"

/*
 * A pooled leg may be closed by the endpoint just as we use it. The request is
 * sent again, once, on a fresh leg if doing it twice is harmless and not a byte
 * of a response has come (RFC 9112 9.3.1). No policy is asked.
 */
static bool leg_was_stale(const struct exchange *ex)
{
	const struct http1_parser *p = &ex->request_head->parser;
	const struct try *t = ex->try;

	if (!t->reused_leg || t->fresh_leg || ex->committed)
		return false;
	/* Nothing was sent. */
	if (ex->request == REQUEST_CONNECTING)
		return true;
	return !ex->response_head && !p->content_length &&
	       p->framing != HTTP1_BODY_CHUNKED &&
	       retry_is_idempotent(head_method(ex->request_head));
}

static void use_fresh_leg(struct conn *c, struct run *run)
{
	stat_inc(c->mesh->stats, STAT_LEGS_RETRIED);
	c->ex.try->fresh_leg = true;
	try_begin_anew(c, run);
	c->ex.request = REQUEST_ROUTED;
}

static const struct retry_policy *policy_of(const struct exchange *ex)
{
	return ex->route && retry_policy_exists(&ex->route->retry) ?
	       &ex->route->retry : NULL;
}

/* How much of a request's body is kept if it is mirrored. */
#define MIRROR_LIMIT	SZ_1M

u32 exchange_body_limit(const struct exchange *ex)
{
	const struct retry_policy *p = policy_of(ex);
	u32 limit = ex->mirrors ? MIRROR_LIMIT : 0;

	if (p && ex->tries < p->num_retries &&
	    retry_is_idempotent(head_method(ex->request_head)))
		limit = max(limit, p->replay_limit);
	return limit;
}

bool exchange_may_try_again(struct conn *c)
{
	struct exchange *ex = &c->ex;
	const struct retry_policy *p = policy_of(ex);

	if (!p || ex->committed || ex->replay.lost ||
	    ex->request_head->parser.connect)
		return false;
	if (ex->request >= REQUEST_BODY &&
	    !retry_is_idempotent(head_method(ex->request_head)))
		return false;
	if (ex->tries >= p->num_retries) {
		stat_inc(c->mesh->stats, STAT_RETRIES_EXHAUSTED);
		return false;
	}
	if (exchange_admit_retry(ex))
		return true;
	stat_inc(c->mesh->stats, STAT_RETRIES_OVERFLOW);
	return false;
}

void exchange_count_try(struct conn *c)
{
	struct exchange *ex = &c->ex;

	stat_inc(c->mesh->stats, STAT_RETRIES);
	ex->tried[ex->tries++ % ARRAY_SIZE(ex->tried)] = ex->try->ep;
	ex->try->fresh_leg = false;
}

static void try_again(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	const struct retry_policy *p = policy_of(ex);
	u32 delay;

	exchange_count_try(c);
	try_abandon(c, run);
	ex->request = REQUEST_BACKOFF;
	delay = retry_backoff(p, ex->tries, get_random_u32());
	if (delay)
		patience_set(&c->patience, delay);
	else
		exchange_end_backoff(c, run);
}

void exchange_end_backoff(struct conn *c, struct run *run)
{
	exchange_pick_endpoint(c, run);
	run->again = true;
}

/* Envoy answers so where a limit was reached, and never retries it. */
static bool limit_reached(const struct head *h)
{
	const struct http1_parser *p = &h->parser;

	return http1_find(p, h->data, SPAN("x-envoy-overloaded")) ||
	       http1_find(p, h->data, SPAN("x-envoy-ratelimited"));
}

bool exchange_retry_response(struct conn *c, u16 status)
{
	const struct retry_policy *p = policy_of(&c->ex);

	/* An interim response decides nothing. */
	return p && status >= 200 && retry_on_status(p, status) &&
	       !limit_reached(c->ex.response_head) && exchange_may_try_again(c);
}

void exchange_retry(struct conn *c, struct run *run)
{
	try_answered(c, c->ex.response_head->parser.status);
	try_again(c, run);
}

static void try_or_refuse(struct conn *c, struct run *run,
			  enum retry_failure failure, enum mesh_stat reason,
			  u16 status)
{
	const struct retry_policy *p = policy_of(&c->ex);

	if (p && retry_on_failure(p, failure) && exchange_may_try_again(c))
		try_again(c, run);
	else
		exchange_refuse(c, run, reason, status);
}

static void way_failed(struct conn *c, struct run *run)
{
	try_connect_failed(c);
	try_or_refuse(c, run, RETRY_CONNECT_FAILURE,
		      STAT_REPLY_CONNECT_FAILURE, 503);
}

void exchange_upstream_failed(struct conn *c, struct run *run,
			      enum retry_failure failure, enum mesh_stat reason,
			      u16 status)
{
	if (reason != STAT_REPLY_RESPONSE_TIMEOUT && leg_was_stale(&c->ex)) {
		use_fresh_leg(c, run);
		return;
	}
	try_failed(c, status);
	try_or_refuse(c, run, failure, reason, status);
}

/* Meanwhile another try may have an answer. */
static bool awaits_leg(const struct conn *c)
{
	const struct try *t = c->ex.try;

	return c->ex.request == REQUEST_CONNECTING && !t->leg && !t->open_leg;
}

static void leg_failed(struct conn *c, int err)
{
	struct mem_cgroup *old = payer_enter(c->payer);
	struct run run = { .may_sleep = true };

	if (err == -ENOMEM || err == -ENOBUFS)
		exchange_refuse(c, &run, STAT_REPLY_NO_MEMORY, 503);
	else if (err == -EPERM || err == -EACCES)
		/*
		 * A connection that the client may not make is not the endpoint's
		 * failure.
		 */
		exchange_refuse(c, &run, STAT_REPLY_NOT_PERMITTED, 503);
	else
		way_failed(c, &run);
	payer_leave(c->payer, old);
}

void exchange_leg_opened(struct conn *c, struct leg *leg, int err)
{
	if (leg)
		stat_inc(c->mesh->stats, STAT_LEGS_OPENED);
	if (!awaits_leg(c)) {
		if (leg)
			leg_doom(leg, &c->doomed_legs);
		return;
	}
	if (leg)
		c->ex.try->leg = leg;
	else
		leg_failed(c, err);
}
