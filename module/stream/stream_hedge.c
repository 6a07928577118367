// SPDX-License-Identifier: GPL-2.0
/*
 * Several tries of a request at one time.
 *
 * Envoy's hedge_on_per_try_timeout: a try whose time is over is not given up. It is set
 * aside, and another one begins at once, as one of the policy's retries. The first
 * answer is used. A bad answer is tried again as any other, while other tries go on.
 * Unlike in Envoy there is no back-off, as hedging is meant to cut the tail.
 *
 * Events of any try's leg run the stream, which looks at all other tries before it
 * locks the leg of the current one. The leg of a try that has lost is parted from the
 * stream by the work, under the leg's own lock, and closed.
 */
#include "stream/stream_priv.h"

/* The stream waits for the first byte of a response, and for nothing else. */
static bool only_waits(const struct stream *s)
{
	return s->request == REQUEST_DONE && s->response == RESPONSE_HEAD &&
	       !s->response_head && !s->committed;
}

void stream_await_response(struct stream *s)
{
	struct policy_tries tries = stream_tries(s);

	s->try->hedge_due = tries.hedge;
	patience_set(&s->patience,
		     tries.timeout ?: s->cluster->options.response_timeout);
}

/* As in Envoy it counts against the endpoint, which may answer all the same. */
static bool begin_hedge(struct stream *s, struct run *run)
{
	struct try *next = try_alloc(run_gfp(s, run));

	if (!next)
		return false;
	stat_inc(s->conn->mesh->stats, STAT_HEDGES);
	try_late(s);
	stream_count_try(s);
	next->hedge = true;
	try_begin_next(s, run, next);
	stream_pick_endpoint(s, run);
	return true;
}

void stream_hedge(struct stream *s, struct run *run)
{
	s->try->hedge_due = false;
	if (s->try->sent && only_waits(s) &&
	    stream_may_try_again(s, POLICY_LATE, NULL) && begin_hedge(s, run))
		return;
	patience_set(&s->patience, s->cluster->options.response_timeout);
}

/* Another try has an answer: the current one waits beside it, or is given up. */
static void promote(struct stream *s, struct run *run, struct try *t)
{
	if (s->try->leg && s->try->sent && only_waits(s)) {
		try_unlock_leg(run);
		try_set_aside(s);
	} else if (try_lock_leg(s, run)) {
		try_abandon(s, run);
		try_free_current(s);
	} else {
		return;
	}
	try_take(s, run, t);
}

/* Also of a try whose leg is not locked. A FIN alone is none. */
static bool has_answer(const struct try *t)
{
	return link_readable(&t->leg->link) > 0;
}

/* Nothing will come any more, or nothing that is waited for. */
static bool is_lost(const struct try *t)
{
	return link_eof_unlocked(&t->leg->link) ||
	       (endpoint_overdue(t->ep) && !has_answer(t));
}

/* The first that has an answer, or NULL. Those that will have none are lost. */
static struct try *look_at_others(struct stream *s, struct run *run)
{
	struct try *t, *next, *answered = NULL;

	list_for_each_entry_safe(t, next, &s->others, list) {
		if (is_lost(t)) {
			try_lose(s, t);
			run->defer = true;
		} else if (!answered && has_answer(t)) {
			answered = t;
		}
	}
	return answered;
}

void stream_look_at_tries(struct stream *s, struct run *run)
{
	struct try *answered = look_at_others(s, run), *t = s->try;
	bool idle = !t->leg && only_waits(s);

	/* After try_fall_back() any other will do. */
	if (!answered && idle)
		answered = list_first_entry_or_null(&s->others, struct try, list);
	if (answered && !s->response_head && !(t->leg && has_answer(t)))
		promote(s, run, answered);
	else if (idle)
		stream_refuse(s, run, STAT_REPLY_UPSTREAM_RESET, 502);
}
