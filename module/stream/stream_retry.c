// SPDX-License-Identifier: GPL-2.0
#include <linux/random.h>
#include <linux/sizes.h>

#include "stream/stream_priv.h"

/*
 * A pooled leg may be closed by the endpoint just as we use it. The request is
 * sent again, once, on a fresh leg if doing it twice is harmless and not a byte
 * of a response has come (RFC 9112 9.3.1). No policy is asked.
 */
static bool leg_was_stale(const struct stream *s)
{
	const struct message *p = s->request_head;
	const struct try *t = s->try;

	if (!t->reused_leg || t->fresh_leg || s->committed)
		return false;
	/* Nothing was sent. */
	if (s->request == REQUEST_CONNECTING)
		return true;
	return !s->response_head && !p->content_length &&
	       p->framing != BODY_CHUNKED &&
	       retry_is_idempotent(message_method(s->request_head));
}

static void use_fresh_leg(struct stream *s, struct run *run)
{
	stat_inc(s->conn->mesh->stats, STAT_LEGS_RETRIED);
	s->try->fresh_leg = true;
	try_begin_anew(s, run);
	s->request = REQUEST_ROUTED;
}

static const struct retry_policy *policy_of(const struct stream *s)
{
	return s->route && retry_policy_exists(&s->route->retry) ?
	       &s->route->retry : NULL;
}

/* How much of a request's body is kept for copies. */
#define COPY_LIMIT	SZ_1M

u32 stream_body_limit(const struct stream *s)
{
	const struct retry_policy *p = policy_of(s);
	u32 limit = s->copies ? COPY_LIMIT : 0;

	if (p && s->tries < p->num_retries &&
	    retry_is_idempotent(message_method(s->request_head)))
		limit = max(limit, p->replay_limit);
	return limit;
}

bool stream_may_try_again(struct stream *s)
{
	struct conn *c = s->conn;
	const struct retry_policy *p = policy_of(s);

	if (!p || s->committed || s->replay.lost ||
	    s->request_head->connect)
		return false;
	if (s->request >= REQUEST_BODY &&
	    !retry_is_idempotent(message_method(s->request_head)))
		return false;
	if (s->tries >= p->num_retries) {
		stat_inc(c->mesh->stats, STAT_RETRIES_EXHAUSTED);
		return false;
	}
	if (stream_admit_retry(s))
		return true;
	stat_inc(c->mesh->stats, STAT_RETRIES_OVERFLOW);
	return false;
}

void stream_count_try(struct stream *s)
{
	stat_inc(s->conn->mesh->stats, STAT_RETRIES);
	s->tried[s->tries++ % ARRAY_SIZE(s->tried)] = s->try->ep;
	s->try->fresh_leg = false;
}

static void try_again(struct stream *s, struct run *run)
{
	const struct retry_policy *p = policy_of(s);
	u32 delay;

	stream_count_try(s);
	try_abandon(s, run);
	s->request = REQUEST_BACKOFF;
	delay = retry_backoff(p, s->tries, get_random_u32());
	if (delay)
		patience_set(&s->patience, delay);
	else
		stream_end_backoff(s, run);
}

void stream_end_backoff(struct stream *s, struct run *run)
{
	stream_pick_endpoint(s, run);
	run->again = true;
}

/* Envoy answers so where a limit was reached, and never retries it. */
static bool limit_reached(const struct message *h)
{
	return message_find(h, SPAN("x-envoy-overloaded")) ||
	       message_find(h, SPAN("x-envoy-ratelimited"));
}

bool stream_retry_response(struct stream *s, u16 status)
{
	const struct retry_policy *p = policy_of(s);

	/* An interim response decides nothing. */
	return p && status >= 200 && retry_on_status(p, status) &&
	       !limit_reached(s->response_head) && stream_may_try_again(s);
}

void stream_retry(struct stream *s, struct run *run)
{
	try_answered(s, s->response_head->status);
	try_again(s, run);
}

static void try_or_refuse(struct stream *s, struct run *run,
			  enum retry_failure failure, enum mesh_stat reason,
			  u16 status)
{
	const struct retry_policy *p = policy_of(s);

	if (p && retry_on_failure(p, failure) && stream_may_try_again(s))
		try_again(s, run);
	else
		stream_refuse(s, run, reason, status);
}

static void way_failed(struct stream *s, struct run *run)
{
	try_connect_failed(s);
	try_or_refuse(s, run, RETRY_CONNECT_FAILURE,
		      STAT_REPLY_CONNECT_FAILURE, 503);
}

void stream_upstream_failed(struct stream *s, struct run *run,
			    enum retry_failure failure, enum mesh_stat reason,
			    u16 status)
{
	if (reason != STAT_REPLY_RESPONSE_TIMEOUT && leg_was_stale(s)) {
		use_fresh_leg(s, run);
		return;
	}
	try_failed(s, status);
	try_or_refuse(s, run, failure, reason, status);
}

/* Meanwhile another try may have an answer. */
static bool awaits_leg(const struct stream *s)
{
	const struct try *t = s->try;

	return s->request == REQUEST_CONNECTING && !t->leg && !t->open_leg;
}

static void leg_failed(struct stream *s, int err)
{
	struct conn *c = s->conn;
	struct mem_cgroup *old = payer_enter(c->payer);
	struct run run = { .may_sleep = true };

	if (err == -ENOMEM || err == -ENOBUFS)
		stream_refuse(s, &run, STAT_REPLY_NO_MEMORY, 503);
	else if (err == -EPERM || err == -EACCES)
		/*
		 * A connection that the client may not make is not the endpoint's
		 * failure.
		 */
		stream_refuse(s, &run, STAT_REPLY_NOT_PERMITTED, 503);
	else
		way_failed(s, &run);
	payer_leave(c->payer, old);
}

void stream_leg_opened(struct stream *s, struct leg *leg, int err)
{
	if (leg)
		stat_inc(s->conn->mesh->stats, STAT_LEGS_OPENED);
	if (!awaits_leg(s)) {
		if (leg)
			leg_doom(leg, &s->doomed_legs);
		return;
	}
	if (leg)
		s->try->leg = leg;
	else
		leg_failed(s, err);
}
