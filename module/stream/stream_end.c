// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a stream, and of one request of HTTP/1's: then the same stream is the next
 * one, or the client is told that the connection is over.
 */
#include "stream/stream_priv.h"
#include "upstream/cluster_state.h"

/* How long a client may take to notice that we have closed, and to stop sending. */
#define LINGER_TIMEOUT	2000

/* What is of a request is the end of the struct. */
static void forget_request(struct stream *s)
{
	memset_startat(s, 0, request);
	s->try = &s->first;
}

/* The request is over for whatever limits how many there are. May be said again. */
static void leave_limits(struct stream *s)
{
	if (s->state)
		stream_leave_cluster(s);
	if (s->limited)
		policy_end(&s->conn->client);
	s->limited = false;
	try_end_load(s->try);
}

static void release_request(struct stream *s)
{
	struct try *t = s->try;

	leave_limits(s);
	message_free(s->request_head);
	message_free(s->response_head);
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
	stream_drop_configuration(s);
	if (s->replay.first)
		replay_clear(&s->replay);
}

void stream_let_go(struct stream *s)
{
	if ((s->snapshot || s->request_head) && only_passes(s))
		let_go(s);
}

void stream_release(struct stream *s, struct run *run)
{
	try_lose_others(s, run);
	if (try_lock_leg(s, run))
		try_drop_leg(s, run, false);
	release_request(s);
	stream_settle(s);
}

static void next_request(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	release_request(s);
	run_drop_taken(run);
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

void stream_finish(struct stream *s, struct run *run)
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

void stream_end_idle(struct stream *s, struct run *run)
{
	if (READ_ONCE(s->conn->draining) && s->request == REQUEST_IDLE &&
	    !link_pending(&s->conn->link))
		stream_end(s, run, false);
}
