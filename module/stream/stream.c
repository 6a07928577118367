// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

/* How long a client may take to notice that we have closed, and to stop sending. */
#define LINGER_TIMEOUT	2000

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

/* From a request that is understood to one that is being sent. */
static void dispatch(struct stream *s, struct run *run)
{
	if (s->request == REQUEST_PARSED && may_understand(s, run))
		stream_begin_request(s, run);
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

/* What is of a request is the end of the struct. */
static void forget_request(struct stream *s)
{
	memset_startat(s, 0, request);
	s->try = &s->first;
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

/* The request is over for whatever limits how many there are. */
static void leave_limits(struct stream *s)
{
	if (s->state)
		stream_leave_cluster(s);
	if (s->from_source)
		stream_leave_source(s);
	try_end_load(s->try);
}

static void release_request(struct stream *s)
{
	struct try *t = s->try;

	leave_limits(s);
	head_free(s->request_head);
	head_free(s->response_head);
	if (t->ep_held)
		endpoint_put(t->ep);
	try_free_current(s);
	out_clear(&s->up);
	out_clear(&s->down);
	if (s->replay.first)
		replay_clear(&s->replay);
	if (s->filter_bytes) {
		kfree(s->request_filter);
		kfree(s->response_filter);
	}
	if (s->snapshot)
		snapshot_put(s->snapshot);
	forget_request(s);
}

/* All that is left to do is to pass on, or discard, what comes. */
static bool only_passes(const struct stream *s)
{
	return s->request >= REQUEST_DONE && s->response >= RESPONSE_BODY &&
	       list_empty(&s->others);
}

/*
 * A response may take for ever. A slow one must not hold a replaced configuration,
 * nor the request's head. From here on the stream holds its endpoint, and its
 * cluster's state, which finds the cluster's current version if the response fails.
 */
static void let_go(struct stream *s)
{
	struct try *t = s->try;

	if (t->ep) {
		endpoint_get(t->ep);
		t->ep_held = true;
	}
	if (s->cluster) {
		s->cluster_hash = s->cluster->name.hash;
		if (!s->state)
			s->state = cluster_state_get(s->cluster->state);
	}
	t->hedge_due = false;
	s->cluster = NULL;
	s->route = NULL;
	s->vhost = NULL;
	s->edit_cost = 0;
	s->chosen = NULL;
	s->cookie = NULL;
	if (s->snapshot)
		snapshot_put(s->snapshot);
	s->snapshot = NULL;
	head_free(s->request_head);
	s->request_head = NULL;
	if (s->replay.first)
		replay_clear(&s->replay);
}

void stream_release(struct stream *s, struct run *run)
{
	try_lose_others(s, run);
	if (try_lock_leg(s, run))
		try_drop_leg(s, run, false);
	release_request(s);
	stream_settle(s);
}

/*
 * Free the buffer that the request came in, if it was not sent on: it belongs to
 * this request alone.
 */
static void drop_taken(struct run *run)
{
	if (likely(!run->request))
		return;
	__kfree_skb(run->request);
	run->request = NULL;
}

static void next_request(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	release_request(s);
	drop_taken(run);
	s->patience.bound = c->expires;
	patience_set(&s->patience, c->options.idle_timeout);
	if (link_pending(&c->link))
		run->again = true;
}

/*
 * Close without losing the response: bytes that we have not read would make TCP
 * send RST, and the client might never read what we said. So FIN, and the client
 * has some time to close as well (RFC 9112 9.6).
 */
static void linger(struct stream *s, struct run *run)
{
	/* It has its answer. The client decides when it closes. */
	leave_limits(s);
	s->request = REQUEST_DISCARD;
	s->conn->shut_down = SHUT_DOWN_WANTED;
	s->patience.bound = 0;
	run->defer = true;
	patience_set(&s->patience, LINGER_TIMEOUT);
}

static void finish(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	bool whole = s->request == REQUEST_DONE;

	if (s->response != RESPONSE_DONE || !out_empty(&s->down) ||
	    c->shut_down != SHUT_DOWN_NO)
		return;
	if (s->counted && !s->local)
		stat_inc(c->mesh->stats, STAT_RESPONSES);
	if (s->try->leg) {
		try_drop_leg(s, run, true);
		stream_leave_connection(s);
	}
	if (whole && !s->close && !READ_ONCE(c->draining))
		next_request(s, run);
	else if (link_eof(&c->link))
		stream_end(s, run, false);
	else
		linger(s, run);
}

static void end_idle(struct stream *s, struct run *run)
{
	if (READ_ONCE(s->conn->draining) && s->request == REQUEST_IDLE &&
	    !link_pending(&s->conn->link))
		stream_end(s, run, false);
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
		finish(s, run);
	if (!s->ended)
		end_idle(s, run);
}

/* If somebody has it, that one looks once more. */
static bool lock_stream(struct stream *s)
{
	return !atomic_fetch_inc(&s->lock);
}

/* What has been told is looked at from here on. */
static void begin_round(struct stream *s)
{
	atomic_xchg(&s->lock, 1);
}

static bool was_told(const struct stream *s)
{
	return atomic_read(&s->lock) > 1;
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
		begin_round(s);
		if (unlikely(!list_empty(&s->others)) && !s->ended)
			stream_look_at_tries(s, run);
		if (s->ended || !try_lock_leg(s, run))
			break;
		if (s->request == REQUEST_TUNNEL)
			stream_run_tunnel(s, run);
		else
			advance(s, run);
		if ((s->snapshot || s->request_head) && only_passes(s))
			let_go(s);
		run->again |= was_told(s);
		run->left -= COST_ROUND;
	} while (run->again && run->left > 0);
	run->defer |= run->again;
	/* A request that has to wait does not keep its buffer. */
	drop_taken(run);
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
		stream_upstream_failed(s, run, RETRY_RESET,
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
	 * Otherwise no endpoint has the request, or none was found while other
	 * tries were out.
	 */
	if (s->request >= REQUEST_CONNECTING && s->try->ep)
		try_failed(s, 504);
	stream_refuse(s, run, STAT_REPLY_ROUTE_TIMEOUT, 504);
}

static void timed_out(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (s->request == REQUEST_TUNNEL) {
		stat_inc(c->mesh->stats, STAT_STREAMS_TIMED_OUT);
		stream_reset_tunnel(s, run);
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
		stream_upstream_failed(s, run, RETRY_CONNECT_FAILURE,
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
