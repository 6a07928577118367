// SPDX-License-Identifier: GPL-2.0
#include "http1/head.h"
#include "link/client.h"
#include "stream/stream_priv.h"

/* The time limit of a whole request, from its first byte to its last. */
static void bound_request(struct stream *s)
{
	s->patience.bound = deadline_or_none(s->conn->options.request_timeout);
}

/*
 * If the whole request is in one buffer, that buffer may be sent on: see
 * steer_request().
 */
static void request_parsed(struct reader *r, struct sk_buff *skb, bool all)
{
	const struct message *h = r->s->request_head;

	r->s->request = REQUEST_PARSED;
	if (all && !r->run->request && h->len == skb->len &&
	    message_bodiless(h))
		r->run->request = link_take(&r->s->conn->link, skb);
}

static int take_request_head(struct reader *r, struct sk_buff *skb, u32 off,
			     u32 len)
{
	struct stream *s = r->s;
	const struct http_options *o = &s->conn->options;
	gfp_t gfp = run_gfp(s, r->run);
	enum http1_result result;
	int n;

	if ((!s->request_head || message_full(s->request_head)) &&
	    conn_quota_spent(s->conn))
		return stream_note_memory_limit(r);
	if (!s->request_head) {
		s->request_head = head_alloc(false, gfp);
		if (!s->request_head)
			return stream_note_no_memory(r);
		s->request_head->limits = routing_limits(o);
		s->request = REQUEST_HEAD;
		bound_request(s);
		patience_set(&s->patience, o->headers_timeout);
	}
	n = head_gather(s->request_head, skb, off,
			affordable_head(r->run, len), gfp, &result);
	if (n < 0)
		return stream_note_no_memory(r);
	r->run->left -= n * COST_HEAD_BYTE;
	if (result == HTTP1_DONE)
		request_parsed(r, skb, n == len);
	else if (result == HTTP1_ERROR)
		stream_refuse_malformed(s, r->run,
					s->request_head->error);
	return n;
}

/* The endpoint does not read the rest of the request, but may have answered. */
static void endpoint_takes_no_more(struct stream *s)
{
	out_clear(&s->up);
	s->request = s->received ? REQUEST_DONE : REQUEST_DISCARD;
}

/* The body comes from the client's socket, or from what was kept of it. */
static int pass_request_body(struct stream *s, struct run *run,
			     struct sk_buff *skb, u32 off, u32 len)
{
	struct link *to = &s->try->leg->link;
	int n;

	if (s->request_body.done ||
	    !(out_empty(&s->up) || body_follows(&s->request_body)))
		return 0;
	n = body_pass(&s->request_body, skb, off, len, to, &s->up,
		      &run->left);
	if (n > 0) {
		patience_set(&s->patience, s->conn->options.stream_idle_timeout);
		return n;
	}
	if (n == -EAGAIN) {
		stream_await_room(s, to);
		return 0;
	}
	if (n == -EBADMSG && s->response == RESPONSE_HEAD) {
		stream_refuse_malformed(s, run, MESSAGE_BAD_REQUEST);
		return 0;
	}
	if (n == -EILSEQ && s->response == RESPONSE_HEAD) {
		stream_refuse(s, run, STAT_REPLY_UNDERSCORE, 400);
		return 0;
	}
	if (n == -EMSGSIZE && s->response == RESPONSE_HEAD) {
		stream_refuse(s, run, STAT_REPLY_BODY_TOO_LARGE, 413);
		return 0;
	}
	if (n == -ENOMEM && s->response == RESPONSE_HEAD) {
		stream_refuse(s, run, STAT_REPLY_NO_MEMORY, 503);
		return 0;
	}
	endpoint_takes_no_more(s);
	return 0;
}

/* Keep body bytes that are sent: they may have to be sent again. */
static void keep_body(struct stream *s, struct run *run,
		      const struct sk_buff *skb, u32 off, u32 len)
{
	struct conn *c = s->conn;
	struct replay *replay = &s->replay;
	u32 limit = stream_body_limit(s);

	if (!limit || replay->lost) {
		replay_keep(replay, skb, off, len, 0, 0);
		return;
	}
	if (conn_quota_spent(c)) {
		stat_inc(c->mesh->stats, STAT_REPLAYS_GIVEN_UP);
		limit = 0;
	}
	replay_keep(replay, skb, off, len, limit, run_gfp(s, run));
	stream_settle(s);
}

static int take_own_body(struct stream *s, struct run *run, struct sk_buff *skb,
			 u32 off, u32 len)
{
	int n = pass_request_body(s, run, skb, off, len);

	if (n <= 0)
		return n;
	keep_body(s, run, skb, off, n);
	if (s->request_body.done)
		stream_request_received(s);
	return n;
}

/*
 * What is kept has to be what was decoded, or a copy would have what nobody has looked
 * at. If the client can write into it, both are done with a copy of ours.
 */
static int take_changing_body(struct stream *s, struct run *run,
			      struct sk_buff *skb, u32 off, u32 len)
{
	struct sk_buff *copy = replay_copy(skb, off, len, run_gfp(s, run));
	int n;

	if (!copy) {
		replay_give_up(&s->replay);
		return take_own_body(s, run, skb, off, len);
	}
	n = take_own_body(s, run, copy, 0, copy->len);
	consume_skb(copy);
	return n;
}

static int take_request_body(struct stream *s, struct run *run,
			     struct sk_buff *skb, u32 off, u32 len)
{
	if (unlikely(body_may_change(&s->request_body, skb)) &&
	    !s->replay.lost && stream_body_limit(s))
		return take_changing_body(s, run, skb, off, len);
	return take_own_body(s, run, skb, off, len);
}

/* Returns whether all that was kept is sent: then the socket is read. */
static bool send_replay(struct stream *s, struct run *run)
{
	struct replay *r = &s->replay;
	int n;

	while (replay_pending(r)) {
		if (!may_spend(run))
			return false;
		n = pass_request_body(s, run, r->next, r->off,
				      r->next->len - r->off);
		if (n <= 0)
			return false;
		replay_consume(r, n);
	}
	return true;
}

/* What has come so far is the first line of a request, or more than that. */
static void begin_http(struct stream *s, struct run *run)
{
	const struct http_options *o = &s->conn->options;
	struct message *m = s->request_head;

	http1_init(m, false);
	m->limits = routing_limits(o);
	bound_request(s);
	patience_set(&s->patience, o->headers_timeout);
	if (http1_parse(m) == HTTP1_ERROR)
		stream_refuse_malformed(s, run, m->error);
}

static noinline int take_relayed(struct reader *r, struct sk_buff *skb, u32 off,
				 u32 len)
{
	struct conn *c = r->s->conn;
	int n;

	if (!c->detect)
		return stream_take_hello(r, skb, off, len);
	n = stream_take_opening(r, skb, off, len);
	if (!c->relays)
		begin_http(r->s, r->run);
	return n;
}

static int take_beginning(struct reader *r, struct sk_buff *skb, u32 off, u32 len)
{
	return unlikely(r->s->conn->relays) ? take_relayed(r, skb, off, len) :
					      take_request_head(r, skb, off, len);
}

static int request_actor(read_descriptor_t *desc, struct sk_buff *skb,
			 unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	if (!may_spend(r->run))
		return 0;
	switch (r->s->request) {
	case REQUEST_IDLE:
	case REQUEST_HEAD:
		return take_beginning(r, skb, off, len);
	case REQUEST_BODY:
		return take_request_body(r->s, r->run, skb, off, len);
	case REQUEST_DISCARD:
		r->run->left -= COST_BUFFER;
		return len;
	default:
		return 0;
	}
}

static void abandon(struct stream *s, struct run *run)
{
	if (s->counted)
		stat_inc(s->conn->mesh->stats, STAT_REQUESTS_ABANDONED);
	stream_end(s, run, true);
}

/* How often a client that sends no more is asked whether it still listens. */
#define LISTENS_INTERVAL	HZ

/*
 * Whether the client will not read an answer. It may have shut down its half, or
 * closed, or first the one and later the other; no event tells of the latter.
 */
static bool listens_no_more(struct stream *s)
{
	struct conn *c = s->conn;

	/* What it has said is for the endpoint, whether it reads an answer or not. */
	if (c->relays)
		return false;
	/* Bytes that are still unread belong to a request, so wait. */
	if (c->options.abort_on_close && !link_readable(&c->link))
		return true;
	if (!c->asked || time_after(jiffies, c->asked + LISTENS_INTERVAL)) {
		if (client_is_gone(&c->link))
			return true;
		c->asked = jiffies | 1;
	}
	patience_wake_by(&s->patience, c->asked + LISTENS_INTERVAL + 1);
	return false;
}

/* The client waits for an answer. If it is gone, nobody will read one. */
static void abandon_if_gone(struct stream *s, struct run *run)
{
	if (s->response != RESPONSE_DONE && listens_no_more(s))
		abandon(s, run);
}

/* The client will send no more. It may still wait for a response. */
static void downstream_eof(struct stream *s, struct run *run)
{
	s->close = true;
	switch (s->request) {
	case REQUEST_IDLE:
		stream_end(s, run, false);
		break;
	case REQUEST_HEAD:
		if (s->conn->detect)
			stream_detect_late(s, run);
		else
			stream_end(s, run, false);
		break;
	case REQUEST_BODY:
		if (!s->received || listens_no_more(s))
			abandon(s, run);
		break;
	case REQUEST_DISCARD:
		if (s->response == RESPONSE_DONE && out_empty(&s->down))
			stream_end(s, run, false);
		else
			abandon_if_gone(s, run);
		break;
	default:
		abandon_if_gone(s, run);
		break;
	}
}

/*
 * The client's FIN waits in the queue, perhaps behind other bytes, as nothing is
 * read while a request is under way. As downstream_eof().
 */
static void downstream_eof_unread(struct stream *s, struct run *run)
{
	if (s->request > REQUEST_HEAD)
		abandon_if_gone(s, run);
}

static bool reads_request(const struct stream *s)
{
	return s->request == REQUEST_IDLE || s->request == REQUEST_HEAD ||
	       s->request == REQUEST_DISCARD;
}

void stream_read_request(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (link_is_broken(&c->link)) {
		if (s->counted && (s->response != RESPONSE_DONE ||
				   !out_empty(&s->down)))
			stat_inc(c->mesh->stats, STAT_REQUESTS_ABANDONED);
		stream_end(s, run, false);
		return;
	}
	if (reads_request(s))
		stream_read_from(&c->link, s, run, request_actor);
	if (s->ended)
		return;
	if (link_eof(&c->link))
		downstream_eof(s, run);
	else if (unlikely(link_is_shut(&c->link)))
		downstream_eof_unread(s, run);
}

/* The request is sent: now it is the endpoint's turn. */
static void request_sent(struct stream *s, struct run *run)
{
	s->request = REQUEST_DONE;
	s->try->sent = true;
	if (s->copies)
		stream_copy(s, run);
	if (s->response == RESPONSE_HEAD)
		stream_await_response(s);
}

/* Returns whether all that was pending is sent. */
static bool flush_request(struct stream *s)
{
	struct link *to = &s->try->leg->link;
	int err = out_flush(&s->up, to, false);

	if (err == -EAGAIN)
		stream_await_room(s, to);
	else if (err)
		endpoint_takes_no_more(s);
	return !err;
}

void stream_send_request(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (s->request != REQUEST_BODY || !s->try->leg)
		return;
	/* The head goes with the body's first bytes, if they are there. */
	if (!(body_follows(&s->request_body) &&
	      (link_readable(&c->link) || replay_pending(&s->replay))) &&
	    !flush_request(s))
		return;
	if (!send_replay(s, run)) {
		/* If there was no room, stream_await_room() has seen to it. */
		if (s->request == REQUEST_BODY && s->try->leg)
			flush_request(s);
		return;
	}
	if (s->request != REQUEST_BODY)
		return;
	if (!s->request_body.done)
		stream_read_from(&c->link, s, run, request_actor);
	if (s->request != REQUEST_BODY || !flush_request(s))
		return;
	if (s->request_body.done)
		request_sent(s, run);
	else if (link_eof(&c->link))
		downstream_eof(s, run);
}

/* To the client that it is open, or to the endpoint what was read before it was. */
static int send_first(struct stream *s)
{
	const struct message *m = s->request_head;

	if (!s->conn->relays)
		return out_send(&s->down, &s->conn->link, HEAD_TUNNEL);
	return m->len ? out_send(&s->up, &s->try->leg->link,
				 message_span(m, 0, m->len)) : 0;
}

/* The tunnel ends at the endpoint, which is never sent any HTTP. */
static void open_tunnel(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;

	if (!c->relays)
		try_begins(s->try, s->cluster);
	try_reached(s);
	if (send_first(s))
		stream_end(s, run, true);
	else
		stream_begin_tunnel(s, run);
}

/*
 * Send on the buffer that the request came in, with our fields appended. Possible
 * once only, as that changes the buffer.
 */
static bool steer_request(struct stream *s, struct run *run)
{
	struct link *to = &s->try->leg->link;
	struct sk_buff *skb = run->request;
	u32 len;

	if (!skb || !link_is_spliced(to) ||
	    !stream_request_stays(s))
		return false;
	len = stream_extend_head(s, skb);
	if (!len)
		return false;
	skb_put(skb, len - skb->len);
	if (!link_send_taken(to, skb))
		__kfree_skb(skb);
	else
		len = 0;
	run->request = NULL;
	return !len;
}

/*
 * Before all else, once on each leg. Returns false if it is not sent yet, or cannot be.
 */
static noinline bool introduce(struct stream *s, struct run *run)
{
	struct leg *leg = s->try->leg;
	int err = 0;

	if (!leg->introduced)
		err = stream_introduce(s, s->cluster, run_gfp(s, run), &s->up);
	if (err) {
		if (run->may_sleep)
			stream_refuse(s, run, STAT_REPLY_NO_MEMORY, 503);
		run->defer = true;
		return false;
	}
	leg->introduced = true;
	err = out_flush(&s->up, &leg->link, !ends_tunnel_here(s));
	if (err == -EAGAIN)
		stream_await_room(s, &leg->link);
	else if (err)
		stream_upstream_failed(s, run, POLICY_NOT_CONNECTED,
				       STAT_REPLY_CONNECT_FAILURE, 503);
	return !err;
}

/* There is a leg: send the request's head once it is connected. */
void stream_send_head(struct stream *s, struct run *run)
{
	struct conn *c = s->conn;
	struct try *t = s->try;
	int err = 0;

	if (!t->leg || t->open_leg)
		return;
	if (link_is_broken(&t->leg->link)) {
		stream_upstream_failed(s, run, POLICY_NOT_CONNECTED,
				       STAT_REPLY_CONNECT_FAILURE, 503);
		return;
	}
	if (!leg_connected(t->leg))
		return;
	if (!t->reused_leg && !t->hop)
		endpoint_note_reached(t->ep, who_connects(c));
	/*
	 * Bytes came since the leg was bound, before the request was sent: no
	 * answer to it.
	 */
	if (unlikely(t->reused_leg && link_pending(&t->leg->link))) {
		stream_upstream_failed(s, run, POLICY_NO_RESPONSE,
				       STAT_REPLY_BAD_RESPONSE, 502);
		return;
	}
	if (unlikely(!t->leg->introduced || !out_empty(&s->up)) && !introduce(s, run))
		return;
	if (ends_tunnel_here(s)) {
		open_tunnel(s, run);
		return;
	}
	if (!may_edit(s, run))
		return;
	run->left -= s->edit_cost;
	if (s->request_body.framing == BODY_CHUNKED)
		err = stream_filter_request(s, run_gfp(s, run));
	if (!err && !steer_request(s, run))
		err = stream_write_head(s, t, &s->up, run_gfp(s, run));
	if (err == -EMSGSIZE) {
		stream_refuse(s, run, STAT_REPLY_REQUEST_OPERATIONS, 431);
		return;
	}
	if (err) {
		if (run->may_sleep)
			stream_refuse(s, run, STAT_REPLY_NO_MEMORY, 503);
		run->defer = true;
		return;
	}
	try_begins(t, s->cluster);
	s->request = REQUEST_BODY;
	s->response = RESPONSE_HEAD;
	patience_set(&s->patience, c->options.stream_idle_timeout);
}
