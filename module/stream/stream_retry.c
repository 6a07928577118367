// SPDX-License-Identifier: GPL-2.0
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
	       message_method_idempotent(message_method(s->request_head));
}

static void use_fresh_leg(struct stream *s, struct run *run)
{
	stat_inc(s->conn->mesh->stats, STAT_LEGS_RETRIED);
	s->try->fresh_leg = true;
	try_begin_anew(s, run);
	s->request = REQUEST_ROUTED;
}

/* How much of a request's body is kept for copies. */
#define COPY_LIMIT	SZ_1M

u32 stream_body_limit(const struct stream *s)
{
	u32 limit = s->copies ? COPY_LIMIT : 0;

	return s->route ? max(limit, stream_tries(s).keep) : limit;
}

bool stream_may_try_again(struct stream *s, enum policy_outcome_kind kind, u32 *wait)
{
	struct conn *c = s->conn;
	struct policy_outcome o;

	if (!s->route || !s->route->policies.n || s->committed || s->replay.lost)
		return false;
	o = (struct policy_outcome){
		.kind = kind,
		.sent = s->request >= REQUEST_BODY,
		.tries = s->tries,
		.request = s->request_head,
		.response = s->response_head,
	};
	if (policy_outcome(&s->route->policies, &o) != POLICY_AGAIN) {
		if (o.reason)
			stat_inc(c->mesh->stats, o.reason);
		return false;
	}
	if (wait)
		*wait = o.wait;
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

static void try_again(struct stream *s, struct run *run, u32 wait)
{
	stream_count_try(s);
	try_abandon(s, run);
	s->request = REQUEST_BACKOFF;
	if (wait)
		patience_set(&s->patience, wait);
	else
		stream_end_backoff(s, run);
}

void stream_end_backoff(struct stream *s, struct run *run)
{
	stream_pick_endpoint(s, run);
	run->again = true;
}

void stream_retry(struct stream *s, struct run *run, u32 wait)
{
	try_answered(s, s->response_head->status);
	try_again(s, run, wait);
}

static void try_or_refuse(struct stream *s, struct run *run,
			  enum policy_outcome_kind kind, enum mesh_stat reason,
			  u16 status)
{
	u32 wait = 0;

	if (stream_may_try_again(s, kind, &wait))
		try_again(s, run, wait);
	else
		stream_refuse(s, run, reason, status);
}

static void way_failed(struct stream *s, struct run *run)
{
	try_connect_failed(s);
	try_or_refuse(s, run, POLICY_NOT_CONNECTED,
		      STAT_REPLY_CONNECT_FAILURE, 503);
}

void stream_upstream_failed(struct stream *s, struct run *run,
			    enum policy_outcome_kind kind, enum mesh_stat reason,
			    u16 status)
{
	if (reason != STAT_REPLY_RESPONSE_TIMEOUT && leg_was_stale(s)) {
		use_fresh_leg(s, run);
		return;
	}
	try_failed(s, status);
	try_or_refuse(s, run, kind, reason, status);
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

	if (s->try->hop) {
		/* It takes two. */
		s->try->hop = NULL;
		s->request = REQUEST_ROUTED;
	} else if (err == -ENOMEM || err == -ENOBUFS) {
		stream_refuse(s, &run, STAT_REPLY_NO_MEMORY, 503);
	} else if (err == -EPERM || err == -EACCES) {
		/*
		 * A connection that the client may not make is not the endpoint's
		 * failure.
		 */
		stream_refuse(s, &run, STAT_REPLY_NOT_PERMITTED, 503);
	} else if (conn_shown(c) && (err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT)) {
		stream_refuse(s, &run, STAT_REPLY_SOURCE_NOT_KEPT, 503);
	} else {
		way_failed(s, &run);
	}
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
