// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

/*
 * What is decided at one go takes as long as the head is. With a long one that is too
 * long for softirq.
 */
static bool may_understand(const struct stream *s, struct run *run)
{
	if (likely(s->request_head->len <= ROUTE_HEAD_INLINE) || run->may_sleep)
		return true;
	run->defer = true;
	return false;
}

static void begin(struct stream *s, struct run *run)
{
	if (unlikely(s->conn->relays))
		stream_begin_hello(s, run);
	else
		stream_begin_request(s, run);
}

/* From a request that is understood to one that is being sent. */
static void dispatch(struct stream *s, struct run *run)
{
	if (s->request == REQUEST_PARSED && may_understand(s, run))
		begin(s, run);
	else if (s->request == REQUEST_MATCHING)
		stream_match_on(s, run);
	else if (s->request == REQUEST_HASHING)
		stream_hash_on(s, run);
	if (s->request == REQUEST_PENDING)
		stream_end_pending(s, run);
	if (s->request == REQUEST_ROUTED && stream_enter_connection(s, run))
		try_want_leg(s, run);
	if (s->request == REQUEST_CONNECTING)
		stream_send_head(s, run);
}

void stream_init(struct stream *s, struct conn *conn,
		 void (*expired)(struct timer_list *timer),
		 void (*wake)(struct pending *p))
{
	s->conn = conn;
	s->try = &s->first;
	patience_init(&s->patience, expired);
	INIT_LIST_HEAD(&s->others);
	INIT_LIST_HEAD(&s->doomed_legs);
	INIT_LIST_HEAD(&s->pending.list);
	s->pending.wake = wake;
}

static void advance(struct stream *s, struct run *run)
{
	stream_read_request(s, run);
	if (!s->ended)
		dispatch(s, run);
	if (!s->ended)
		stream_send_request(s, run);
	if (!s->ended)
		stream_pass_response(s, run);
	if (!s->ended)
		stream_finish(s, run);
	if (!s->ended)
		stream_end_idle(s, run);
}

/* If somebody has it, that one looks once more. */
static bool lock_stream(struct stream *s)
{
	return !atomic_fetch_inc(&s->lock);
}

/* Was anything told during this round? Then the next one looks at it. */
static bool was_told(struct stream *s)
{
	return atomic_read(&s->lock) > 1 && atomic_xchg(&s->lock, 1);
}

/* Returns whether something was told that nobody has looked at. */
static bool unlock_stream(struct stream *s)
{
	return atomic_xchg(&s->lock, 0) > 1;
}

/*
 * The stream is unlocked before the leg: the leg's next event has to find that nobody
 * runs it.
 */
static void end_run(struct stream *s, struct run *run)
{
	if (unlikely(unlock_stream(s))) {
		run->again |= run->may_sleep;
		run->defer = true;
	}
	try_unlock_leg(run);
}

void stream_run(struct stream *s, struct run *run)
{
	struct mem_cgroup *old;

	if (!lock_stream(s))
		return;
	old = payer_enter(s->conn->payer);
	do {
		run->again = false;
		if (unlikely(!list_empty(&s->others)) && !s->ended)
			stream_look_at_tries(s, run);
		if (s->ended || !try_lock_leg(s, run))
			break;
		if (s->request == REQUEST_TUNNEL)
			stream_run_tunnel(s, run);
		else
			advance(s, run);
		stream_let_go(s);
		run->again |= was_told(s);
		run->left -= COST_ROUND;
	} while (run->again && run->left > 0);
	run->defer |= run->again;
	/* A request that has to wait does not keep its buffer. */
	run_drop_taken(run);
	stream_settle(s);
	end_run(s, run);
	payer_leave(s->conn->payer, old);
}

static void response_late(struct stream *s, struct run *run)
{
	if (s->request == REQUEST_BODY && out_empty(&s->up) &&
	    !link_pending(&s->conn->link)) {
		s->close = true;
		stream_refuse(s, run, STAT_REPLY_STREAM_IDLE_TIMEOUT, 408);
	} else {
		/* They wait for longer. */
		try_lose_others(s, run);
		stream_upstream_failed(s, run, POLICY_NO_RESPONSE,
				       STAT_REPLY_RESPONSE_TIMEOUT, 504);
	}
}

/* Not a byte of a request has come. */
static void idle_too_long(struct stream *s, struct run *run)
{
	stat_inc(s->conn->mesh->stats, conn_expired(s->conn) ?
		 STAT_DOWNSTREAM_MAX_DURATION : STAT_DOWNSTREAM_IDLE_TIMEOUT);
	stream_end(s, run, false);
}

/* Is there a time limit for the whole request or response, and is it over? */
static bool is_late(const struct stream *s)
{
	return deadline_is_over(s->patience.bound);
}

static void refuse_late(struct stream *s, struct run *run)
{
	if (!s->received) {
		s->close = true;
		stream_refuse(s, run, STAT_REPLY_REQUEST_TIMEOUT, 408);
		return;
	}
	/*
	 * Otherwise no endpoint has the request: it has failed, and is blamed for that,
	 * or none was found while other tries were out.
	 */
	if (s->request >= REQUEST_CONNECTING && s->try->active)
		try_failed(s, 504);
	stream_refuse(s, run, STAT_REPLY_ROUTE_TIMEOUT, 504);
}

static void timed_out(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (s->request == REQUEST_TUNNEL) {
		stat_inc(c->mesh->stats, STAT_STREAMS_TIMED_OUT);
		stream_reset_tunnel(s, run);
	} else if (c->detect) {
		stat_inc(c->mesh->stats, STAT_DETECT_TIMEOUT);
		stream_detect_late(s, run);
	} else if (c->shut_down != SHUT_DOWN_NO) {
		stream_end(s, run, false);
	} else if (s->request == REQUEST_IDLE) {
		idle_too_long(s, run);
	} else if (is_late(s) && s->response <= RESPONSE_HEAD) {
		refuse_late(s, run);
	} else if (s->request == REQUEST_HEAD) {
		s->close = true;
		stream_refuse(s, run, STAT_REPLY_HEADERS_TIMEOUT, 408);
	} else if (s->request == REQUEST_BACKOFF) {
		stream_end_backoff(s, run);
	} else if (s->request == REQUEST_PENDING) {
		stream_refuse_overload(s, run);
	} else if (s->request == REQUEST_DELAYED) {
		stream_proceed(s, run);
	} else if (s->request == REQUEST_CONNECTING) {
		stream_upstream_failed(s, run, POLICY_NOT_CONNECTED,
				       STAT_REPLY_CONNECT_TIMEOUT, 503);
	} else if (s->try->hedge_due) {
		stream_hedge(s, run);
	} else if (s->response == RESPONSE_HEAD) {
		response_late(s, run);
	} else {
		stat_inc(c->mesh->stats, STAT_STREAMS_TIMED_OUT);
		stream_end(s, run, true);
	}
}

void stream_timeout(struct stream *s, struct run *run)
{
	struct mem_cgroup *old;

	if (!lock_stream(s))
		return;
	old = payer_enter(s->conn->payer);
	WRITE_ONCE(s->patience.deadline, 0);
	if (try_lock_leg(s, run))
		timed_out(s, run);
	end_run(s, run);
	payer_leave(s->conn->payer, old);
}
