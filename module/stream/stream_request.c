// SPDX-License-Identifier: GPL-2.0
#include "link/client.h"
#include "stream/stream_priv.h"

/* The time limit of a whole request, from its first byte to its last. */
static void bound_request(struct conn *c)
{
	c->patience.bound = deadline_or_none(c->options.request_timeout);
}

/*
 * If the whole request is in one buffer, that buffer may be sent on: see
 * steer_request().
 */
static void request_parsed(struct reader *r, struct sk_buff *skb, bool all)
{
	const struct head *h = r->c->ex.request_head;

	r->c->ex.request = REQUEST_PARSED;
	if (all && !r->run->request && h->len == skb->len &&
	    http1_bodiless(&h->parser))
		r->run->request = link_take(&r->c->link, skb);
}

static int take_request_head(struct reader *r, struct sk_buff *skb, u32 off,
			     u32 len)
{
	const struct http_options *o = &r->c->options;
	struct exchange *ex = &r->c->ex;
	gfp_t gfp = run_gfp(r->c, r->run);
	enum http1_result result;
	int n;

	if ((!ex->request_head || head_full(ex->request_head)) &&
	    quota_spent(&r->c->hn->quota))
		return exchange_note_memory_limit(r);
	if (!ex->request_head) {
		ex->request_head = head_alloc(false, gfp);
		if (!ex->request_head)
			return exchange_note_no_memory(r);
		ex->request_head->parser.limits = routing_limits(o);
		ex->request = REQUEST_HEAD;
		bound_request(r->c);
		patience_set(&r->c->patience, o->headers_timeout);
	}
	n = head_gather(ex->request_head, skb, off,
			affordable_head(r->run, len), gfp, &result);
	if (n < 0)
		return exchange_note_no_memory(r);
	r->run->left -= n * COST_HEAD_BYTE;
	if (result == HTTP1_DONE)
		request_parsed(r, skb, n == len);
	else if (result == HTTP1_ERROR)
		exchange_refuse_malformed(r->c, r->run,
					  ex->request_head->parser.error);
	return n;
}

/* The endpoint does not read the rest of the request, but may have answered. */
static void endpoint_takes_no_more(struct exchange *ex)
{
	out_clear(&ex->up);
	ex->request = ex->received ? REQUEST_DONE : REQUEST_DISCARD;
}

/* The body comes from the client's socket, or from what was kept of it. */
static int pass_request_body(struct conn *c, struct run *run,
			     struct sk_buff *skb, u32 off, u32 len)
{
	struct exchange *ex = &c->ex;
	struct link *to = &ex->try->leg->link;
	int n;

	if (ex->request_body.done ||
	    !(out_empty(&ex->up) || body_follows(&ex->request_body)))
		return 0;
	n = body_pass(&ex->request_body, skb, off, len, to, &ex->up,
		      &run->left);
	if (n > 0) {
		patience_set(&c->patience, c->options.stream_idle_timeout);
		return n;
	}
	if (n == -EAGAIN) {
		exchange_await_room(c, to);
		return 0;
	}
	if (n == -EBADMSG && ex->response == RESPONSE_HEAD) {
		exchange_refuse_malformed(c, run, HTTP1_BAD_REQUEST);
		return 0;
	}
	if (n == -EILSEQ && ex->response == RESPONSE_HEAD) {
		exchange_refuse(c, run, STAT_REPLY_UNDERSCORE, 400);
		return 0;
	}
	if (n == -EMSGSIZE && ex->response == RESPONSE_HEAD) {
		exchange_refuse(c, run, STAT_REPLY_BODY_TOO_LARGE, 413);
		return 0;
	}
	endpoint_takes_no_more(ex);
	return 0;
}

/* Keep body bytes that are sent: they may have to be sent again. */
static void keep_body(struct conn *c, struct run *run,
		      const struct sk_buff *skb, u32 off, u32 len)
{
	struct replay *replay = &c->ex.replay;
	u32 limit = exchange_body_limit(&c->ex);

	if (!limit || replay->lost) {
		replay_keep(replay, skb, off, len, 0, 0);
		return;
	}
	if (quota_spent(&c->hn->quota)) {
		stat_inc(c->mesh->stats, STAT_REPLAYS_GIVEN_UP);
		limit = 0;
	}
	replay_keep(replay, skb, off, len, limit, run_gfp(c, run));
	exchange_settle(c);
}

static int take_own_body(struct conn *c, struct run *run, struct sk_buff *skb,
			 u32 off, u32 len)
{
	struct exchange *ex = &c->ex;
	int n = pass_request_body(c, run, skb, off, len);

	if (n <= 0)
		return n;
	keep_body(c, run, skb, off, n);
	if (ex->request_body.done)
		exchange_request_received(c);
	return n;
}

/*
 * What is kept has to be what was decoded, or a mirror would get what nobody has looked
 * at. If the client can write into it, both are done with a copy of ours.
 */
static int take_changing_body(struct conn *c, struct run *run,
			      struct sk_buff *skb, u32 off, u32 len)
{
	struct sk_buff *copy = replay_copy(skb, off, len, run_gfp(c, run));
	int n;

	if (!copy) {
		replay_give_up(&c->ex.replay);
		return take_own_body(c, run, skb, off, len);
	}
	n = take_own_body(c, run, copy, 0, copy->len);
	consume_skb(copy);
	return n;
}

static int take_request_body(struct conn *c, struct run *run,
			     struct sk_buff *skb, u32 off, u32 len)
{
	struct exchange *ex = &c->ex;

	if (unlikely(body_may_change(&ex->request_body, skb)) &&
	    !ex->replay.lost && exchange_body_limit(ex))
		return take_changing_body(c, run, skb, off, len);
	return take_own_body(c, run, skb, off, len);
}

/* Returns whether all that was kept is sent: then the socket is read. */
static bool send_replay(struct conn *c, struct run *run)
{
	struct replay *r = &c->ex.replay;
	int n;

	while (replay_pending(r)) {
		if (!may_spend(run))
			return false;
		n = pass_request_body(c, run, r->next, r->off,
				      r->next->len - r->off);
		if (n <= 0)
			return false;
		replay_consume(r, n);
	}
	return true;
}

static int request_actor(read_descriptor_t *desc, struct sk_buff *skb,
			 unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;

	if (!may_spend(r->run))
		return 0;
	switch (r->c->ex.request) {
	case REQUEST_IDLE:
	case REQUEST_HEAD:
		return take_request_head(r, skb, off, len);
	case REQUEST_BODY:
		return take_request_body(r->c, r->run, skb, off, len);
	case REQUEST_DISCARD:
		r->run->left -= COST_BUFFER;
		return len;
	default:
		return 0;
	}
}

static void abandon(struct conn *c, struct run *run)
{
	if (c->ex.counted)
		stat_inc(c->mesh->stats, STAT_REQUESTS_ABANDONED);
	end_conn(c, run, true);
}

/* How often a client that sends no more is asked whether it still listens. */
#define LISTENS_INTERVAL	HZ

/*
 * Whether the client will not read an answer. It may have shut down its half, or
 * closed, or first the one and later the other; no event tells of the latter.
 */
static bool listens_no_more(struct conn *c)
{
	/* Bytes that are still unread belong to a request, so wait. */
	if (c->options.abort_on_close && !link_readable(&c->link))
		return true;
	if (!c->asked || time_after(jiffies, c->asked + LISTENS_INTERVAL)) {
		if (client_is_gone(&c->link))
			return true;
		c->asked = jiffies | 1;
	}
	patience_wake_by(&c->patience, c->asked + LISTENS_INTERVAL + 1);
	return false;
}

/* The client waits for an answer. If it is gone, nobody will read one. */
static void abandon_if_gone(struct conn *c, struct run *run)
{
	if (c->ex.response != RESPONSE_DONE && listens_no_more(c))
		abandon(c, run);
}

/* The client will send no more. It may still wait for a response. */
static void downstream_eof(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	ex->close = true;
	switch (ex->request) {
	case REQUEST_IDLE:
	case REQUEST_HEAD:
		end_conn(c, run, false);
		break;
	case REQUEST_BODY:
		if (!ex->received || listens_no_more(c))
			abandon(c, run);
		break;
	case REQUEST_DISCARD:
		if (ex->response == RESPONSE_DONE && out_empty(&ex->down))
			end_conn(c, run, false);
		else
			abandon_if_gone(c, run);
		break;
	default:
		abandon_if_gone(c, run);
		break;
	}
}

/*
 * The client's FIN waits in the queue, perhaps behind other bytes, as nothing is
 * read while a request is under way. As downstream_eof().
 */
static void downstream_eof_unread(struct conn *c, struct run *run)
{
	if (c->ex.request > REQUEST_HEAD)
		abandon_if_gone(c, run);
}

static bool reads_request(const struct exchange *ex)
{
	return ex->request == REQUEST_IDLE || ex->request == REQUEST_HEAD ||
	       ex->request == REQUEST_DISCARD;
}

void exchange_read_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (link_is_broken(&c->link)) {
		if (ex->counted && (ex->response != RESPONSE_DONE ||
				    !out_empty(&ex->down)))
			stat_inc(c->mesh->stats, STAT_REQUESTS_ABANDONED);
		end_conn(c, run, false);
		return;
	}
	if (reads_request(ex))
		exchange_read_from(&c->link, c, run, request_actor);
	if (c->ended)
		return;
	if (link_eof(&c->link))
		downstream_eof(c, run);
	else if (unlikely(link_is_shut(&c->link)))
		downstream_eof_unread(c, run);
}

/* The request is sent: now it is the endpoint's turn. */
static void request_sent(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	ex->request = REQUEST_DONE;
	ex->try->sent = true;
	if (ex->mirrors)
		exchange_mirror(c, run);
	if (ex->response == RESPONSE_HEAD)
		exchange_await_response(c);
}

/* Returns whether all that was pending is sent. */
static bool flush_request(struct conn *c)
{
	struct link *to = &c->ex.try->leg->link;
	int err = out_flush(&c->ex.up, to, false);

	if (err == -EAGAIN)
		exchange_await_room(c, to);
	else if (err)
		endpoint_takes_no_more(&c->ex);
	return !err;
}

void exchange_send_request(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (ex->request != REQUEST_BODY || !ex->try->leg)
		return;
	/* The head goes with the body's first bytes, if they are there. */
	if (!(body_follows(&ex->request_body) &&
	      (link_readable(&c->link) || replay_pending(&ex->replay))) &&
	    !flush_request(c))
		return;
	if (!send_replay(c, run)) {
		/* If there was no room, exchange_await_room() has seen to it. */
		if (ex->request == REQUEST_BODY && ex->try->leg)
			flush_request(c);
		return;
	}
	if (ex->request != REQUEST_BODY)
		return;
	if (!ex->request_body.done)
		exchange_read_from(&c->link, c, run, request_actor);
	if (ex->request != REQUEST_BODY || !flush_request(c))
		return;
	if (ex->request_body.done)
		request_sent(c, run);
	else if (link_eof(&c->link))
		downstream_eof(c, run);
}

/* The tunnel ends at the endpoint, which is never sent any HTTP. */
static void open_tunnel(struct conn *c, struct run *run)
{
	static const char text[] = "HTTP/1.1 200 OK\r\n\r\n";
	struct exchange *ex = &c->ex;

	try_begins(ex->try, ex->cluster);
	if (out_send(&ex->down, &c->link, text, sizeof(text) - 1, false))
		end_conn(c, run, true);
	else
		exchange_begin_tunnel(c, run);
}

/*
 * Send on the buffer that the request came in, with our fields appended. Possible
 * once only, as that changes the buffer.
 */
static bool steer_request(struct conn *c, struct run *run)
{
	struct link *to = &c->ex.try->leg->link;
	struct sk_buff *skb = run->request;
	u32 len;

	if (!skb || !link_is_spliced(to) ||
	    !exchange_request_stays(&c->ex))
		return false;
	len = exchange_extend_head(c, skb);
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

/* There is a leg: send the request's head once it is connected. */
void exchange_send_head(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;
	struct try *t = ex->try;
	int err = 0;

	if (!t->leg || t->open_leg)
		return;
	if (link_is_broken(&t->leg->link)) {
		exchange_upstream_failed(c, run, RETRY_CONNECT_FAILURE,
					 STAT_REPLY_CONNECT_FAILURE, 503);
		return;
	}
	if (!leg_connected(t->leg))
		return;
	if (!t->reused_leg)
		endpoint_note_reached(t->ep, who_connects(c));
	/*
	 * Bytes came since the leg was bound, before the request was sent: no
	 * answer to it.
	 */
	if (unlikely(t->reused_leg && link_pending(&t->leg->link))) {
		exchange_upstream_failed(c, run, RETRY_RESET,
					 STAT_REPLY_BAD_RESPONSE, 502);
		return;
	}
	if (ends_tunnel_here(c)) {
		open_tunnel(c, run);
		return;
	}
	if (!may_edit(ex, run))
		return;
	run->left -= ex->edit_cost;
	if (ex->request_body.framing == HTTP1_BODY_CHUNKED)
		err = exchange_filter_request(c, run_gfp(c, run));
	if (!err && !steer_request(c, run))
		err = exchange_write_head(c, t, &ex->up, run_gfp(c, run));
	if (err == -EMSGSIZE) {
		exchange_refuse(c, run, STAT_REPLY_REQUEST_OPERATIONS, 431);
		return;
	}
	if (err) {
		if (run->may_sleep)
			exchange_refuse(c, run, STAT_REPLY_NO_MEMORY, 503);
		run->defer = true;
		return;
	}
	try_begins(t, ex->cluster);
	ex->request = REQUEST_BODY;
	ex->response = RESPONSE_HEAD;
	patience_set(&c->patience, c->options.stream_idle_timeout);
}
