// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

/* How long a client may take to notice that we have closed, and to stop sending. */
#define LINGER_TIMEOUT	2000

/*
 * What is decided at one go takes as long as the head is. With a long one that is too
 * long for softirq.
 */
static bool may_understand(const struct conn *c, struct run *run)
{
	if (likely(c->ex.request_head->len <= ROUTE_HEAD_INLINE) || run->may_sleep)
		return true;
	run->defer = true;
	return false;
}

/* From a request that is understood to one that is being sent. */
static void dispatch(struct conn *c, struct run *run)
{
	if (c->ex.request == REQUEST_PARSED && may_understand(c, run))
		exchange_begin_request(c, run);
	else if (c->ex.request == REQUEST_MATCHING)
		exchange_match_on(c, run);
	else if (c->ex.request == REQUEST_HASHING)
		exchange_hash_on(c, run);
	if (c->ex.request == REQUEST_PENDING)
		exchange_end_pending(c, run);
	if (c->ex.request == REQUEST_ROUTED && exchange_enter_connection(c, run))
		try_want_leg(c, run);
	if (c->ex.request == REQUEST_CONNECTING)
		exchange_send_head(c, run);
}

/* The request is over for whatever limits how many there are. */
static void leave_limits(struct conn *c)
{
	if (c->ex.state)
		exchange_leave_cluster(c);
	if (c->ex.from_source)
		exchange_leave_source(c);
	try_end_load(c->ex.try);
}

static void release_request(struct conn *c)
{
	struct exchange *ex = &c->ex;
	struct try *t = ex->try;

	leave_limits(c);
	head_free(ex->request_head);
	head_free(ex->response_head);
	if (t->ep_held)
		endpoint_put(t->ep);
	try_free_current(ex);
	out_clear(&ex->up);
	out_clear(&ex->down);
	if (ex->replay.first)
		replay_clear(&ex->replay);
	if (ex->filter_bytes) {
		kfree(ex->request_filter);
		kfree(ex->response_filter);
	}
	if (ex->snapshot)
		snapshot_put(ex->snapshot);
	memset(ex, 0, sizeof(*ex));
	exchange_init(ex);
}

/* All that is left to do is to pass on, or discard, what comes. */
static bool only_passes(const struct conn *c)
{
	return c->ex.request >= REQUEST_DONE && c->ex.response >= RESPONSE_BODY &&
	       list_empty(&c->tries);
}

/*
 * A response may take for ever. A slow one must not hold a replaced configuration,
 * nor the request's head. From here on the exchange holds its endpoint, and its
 * cluster's state, which finds the cluster's current version if the response fails.
 */
static void let_go(struct conn *c)
{
	struct exchange *ex = &c->ex;
	struct try *t = ex->try;

	if (t->ep) {
		endpoint_get(t->ep);
		t->ep_held = true;
	}
	if (ex->cluster) {
		ex->cluster_hash = ex->cluster->name.hash;
		if (!ex->state)
			ex->state = cluster_state_get(ex->cluster->state);
	}
	t->hedge_due = false;
	ex->cluster = NULL;
	ex->route = NULL;
	ex->vhost = NULL;
	ex->edit_cost = 0;
	ex->chosen = NULL;
	ex->cookie = NULL;
	if (ex->snapshot)
		snapshot_put(ex->snapshot);
	ex->snapshot = NULL;
	head_free(ex->request_head);
	ex->request_head = NULL;
	if (ex->replay.first)
		replay_clear(&ex->replay);
}

void exchange_release(struct conn *c, struct run *run)
{
	try_lose_others(c, run);
	if (try_enter_leg(c, run))
		try_drop_leg(c, run, false);
	release_request(c);
	exchange_settle(c);
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

static void next_request(struct conn *c, struct run *run)
{
	release_request(c);
	drop_taken(run);
	c->patience.bound = c->expires;
	patience_set(&c->patience, c->options.idle_timeout);
	if (link_pending(&c->link))
		run->again = true;
}

/*
 * Close without losing the response: bytes that we have not read would make TCP
 * send RST, and the client might never read what we said. So FIN, and the client
 * has some time to close as well (RFC 9112 9.6).
 */
static void linger(struct conn *c, struct run *run)
{
	/* It has its answer. The client decides when it closes. */
	leave_limits(c);
	c->ex.request = REQUEST_DISCARD;
	c->shut_down = SHUT_DOWN_WANTED;
	c->patience.bound = 0;
	run->defer = true;
	patience_set(&c->patience, LINGER_TIMEOUT);
}

static void finish(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	bool whole = ex->request == REQUEST_DONE;

	if (ex->response != RESPONSE_DONE || !out_empty(&ex->down) ||
	    c->shut_down != SHUT_DOWN_NO)
		return;
	if (ex->counted && !ex->local)
		stat_inc(c->mesh->stats, STAT_RESPONSES);
	if (ex->try->leg) {
		try_drop_leg(c, run, true);
		exchange_leave_connection(c);
	}
	if (whole && !ex->close && !READ_ONCE(c->draining))
		next_request(c, run);
	else if (link_eof(&c->link))
		end_conn(c, run, false);
	else
		linger(c, run);
}

static void end_idle(struct conn *c, struct run *run)
{
	if (READ_ONCE(c->draining) && c->ex.request == REQUEST_IDLE &&
	    !link_pending(&c->link))
		end_conn(c, run, false);
}

static void run_exchange(struct conn *c, struct run *run)
{
	exchange_read_request(c, run);
	if (!c->ended)
		dispatch(c, run);
	if (!c->ended)
		exchange_send_request(c, run);
	if (!c->ended)
		exchange_pass_response(c, run);
	if (!c->ended)
		finish(c, run);
	if (!c->ended)
		end_idle(c, run);
}

void exchange_run(struct conn *c, struct run *run)
{
	struct mem_cgroup *old = payer_enter(c->payer);

	c->running = true;
	if (READ_ONCE(c->killed))
		end_conn(c, run, true);
	do {
		run->again = false;
		c->missed = false;
		if (unlikely(!list_empty(&c->tries)) && !c->ended)
			exchange_look_at_tries(c, run);
		if (c->ended || !try_enter_leg(c, run))
			break;
		if (c->ex.request == REQUEST_TUNNEL)
			exchange_run_tunnel(c, run);
		else
			run_exchange(c, run);
		if ((c->ex.snapshot || c->ex.request_head) && only_passes(c))
			let_go(c);
		run->again |= c->missed;
		run->left -= COST_ROUND;
	} while (run->again && run->left > 0);
	c->greedy = run->again || edits_much(&c->ex);
	run->defer |= run->again;
	try_leave_leg(c, run);
	/* A request that has to wait does not keep its buffer. */
	drop_taken(run);
	exchange_settle(c);
	c->running = false;
	payer_leave(c->payer, old);
}

static void response_late(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (ex->request == REQUEST_BODY && out_empty(&ex->up) &&
	    !link_pending(&c->link)) {
		ex->close = true;
		exchange_refuse(c, run, STAT_REPLY_STREAM_IDLE_TIMEOUT, 408);
	} else {
		/* They wait for longer. */
		try_lose_others(c, run);
		exchange_upstream_failed(c, run, RETRY_RESET,
					 STAT_REPLY_RESPONSE_TIMEOUT, 504);
	}
}

/* Not a byte of a request has come. */
static void idle_too_long(struct conn *c, struct run *run)
{
	stat_inc(c->mesh->stats, conn_expired(c) ?
		 STAT_DOWNSTREAM_MAX_DURATION : STAT_DOWNSTREAM_IDLE_TIMEOUT);
	end_conn(c, run, false);
}

/* Is there a time limit for the whole request or response, and is it over? */
static bool exchange_late(const struct conn *c)
{
	return deadline_is_over(c->patience.bound);
}

static void refuse_late(struct conn *c, struct run *run)
{
	if (!c->ex.received) {
		c->ex.close = true;
		exchange_refuse(c, run, STAT_REPLY_REQUEST_TIMEOUT, 408);
		return;
	}
	/*
	 * Otherwise no endpoint has the request, or none was found while other
	 * tries were out.
	 */
	if (c->ex.request >= REQUEST_CONNECTING && c->ex.try->ep)
		try_failed(c, 504);
	exchange_refuse(c, run, STAT_REPLY_ROUTE_TIMEOUT, 504);
}

static void timed_out(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (ex->request == REQUEST_TUNNEL) {
		stat_inc(c->mesh->stats, STAT_STREAMS_TIMED_OUT);
		exchange_reset_tunnel(c, run);
	} else if (c->shut_down != SHUT_DOWN_NO) {
		end_conn(c, run, false);
	} else if (ex->request == REQUEST_IDLE) {
		idle_too_long(c, run);
	} else if (exchange_late(c) && ex->response <= RESPONSE_HEAD) {
		refuse_late(c, run);
	} else if (ex->request == REQUEST_HEAD) {
		ex->close = true;
		exchange_refuse(c, run, STAT_REPLY_HEADERS_TIMEOUT, 408);
	} else if (ex->request == REQUEST_BACKOFF) {
		exchange_end_backoff(c, run);
	} else if (ex->request == REQUEST_PENDING) {
		exchange_refuse_overload(c, run);
	} else if (ex->request == REQUEST_DELAYED) {
		exchange_proceed(c, run);
	} else if (ex->request == REQUEST_CONNECTING) {
		exchange_upstream_failed(c, run, RETRY_CONNECT_FAILURE,
					 STAT_REPLY_CONNECT_TIMEOUT, 503);
	} else if (ex->try->hedge_due) {
		exchange_hedge(c, run);
	} else if (ex->response == RESPONSE_HEAD) {
		response_late(c, run);
	} else {
		stat_inc(c->mesh->stats, STAT_STREAMS_TIMED_OUT);
		end_conn(c, run, true);
	}
}

void exchange_timeout(struct conn *c, struct run *run)
{
	struct mem_cgroup *old = payer_enter(c->payer);

	c->running = true;
	if (try_enter_leg(c, run)) {
		timed_out(c, run);
		try_leave_leg(c, run);
	}
	c->running = false;
	payer_leave(c->payer, old);
}
