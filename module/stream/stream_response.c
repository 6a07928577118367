// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

static int note_bad_response(struct reader *r)
{
	r->failed = true;
	return exchange_note_refusal(r, STAT_REPLY_BAD_RESPONSE, 502);
}

/* 1xx: passed on; the final response is yet to come (RFC 9110 15.2). */
static int pass_interim(struct conn *c, gfp_t gfp)
{
	struct exchange *ex = &c->ex;

	ex->committed = true;
	if (ex->http10)
		return 0;
	return head_write_response(ex->response_head, HTTP1_BODY_NONE, NULL,
				   gfp, &ex->down);
}

/* How long the leg may stay idle: a second less than the endpoint allows. */
static void learn_leg_life(struct exchange *ex)
{
	const struct http1_parser *p = &ex->response_head->parser;
	struct try *t = ex->try;
	u32 seconds = head_idle_seconds(ex->response_head);

	t->leg_max_idle = ex->cluster->options.max_idle;
	t->leg_idle = ex->cluster->options.idle_timeout;
	if (seconds <= t->leg_idle / 1000)
		t->leg_idle = seconds ? (seconds - 1) * 1000 : 0;
	t->leg_reusable = p->keep_alive && t->leg_idle &&
			   p->framing != HTTP1_BODY_UNTIL_CLOSE;
}

/* Write the head of a final response, or of one that switches protocols. */
static int write_response_head(struct conn *c, u8 framing,
			       const char *connection, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	int err;

	err = head_write_response(ex->response_head, framing, connection, gfp,
				  &ex->down);
	if (!err)
		err = exchange_edit_response(c, ex->response_head->parser.status,
					     gfp);
	if (err)
		out_clear(&ex->down);
	return err;
}

/*
 * A whole response that would be written as it is, and is alone in its buffer, is
 * passed on in that buffer if possible.
 */
static bool steer_response(struct conn *c, struct sk_buff *whole)
{
	struct exchange *ex = &c->ex;

	return whole && !exchange_connection_field(ex) &&
	       exchange_response_stays(ex) &&
	       head_stays_response(ex->response_head) && !ex->rate &&
	       link_steer(&ex->try->leg->link, whole, &c->link);
}

static int pass_final(struct conn *c, struct sk_buff *whole, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	const struct http1_parser *p = &ex->response_head->parser;
	u8 framing = p->framing;
	bool steered;
	int err;

	if (ex->http10 && framing == HTTP1_BODY_CHUNKED)
		framing = HTTP1_BODY_UNTIL_CLOSE;
	/*
	 * The answer came before the whole request: the rest must not be read as a
	 * request.
	 */
	if (framing == HTTP1_BODY_UNTIL_CLOSE ||
	    ex->request != REQUEST_DONE || conn_expired(c) ||
	    READ_ONCE(c->draining))
		ex->close = true;
	if (framing == HTTP1_BODY_CHUNKED) {
		err = exchange_filter_response(c, gfp);
		if (err)
			return err;
	}
	steered = steer_response(c, whole);
	err = steered ? 0 :
	      write_response_head(c, framing, exchange_connection_field(ex), gfp);
	if (err)
		return err;
	body_init(&ex->response_body, p, framing != p->framing, U64_MAX);
	ex->response_body.filter = ex->response_filter;
	ex->response_body.done |= steered;
	exchange_slow_response(c);
	try_answered(c, p->status);
	learn_leg_life(ex);
	ex->response = ex->response_body.done ? RESPONSE_DONE : RESPONSE_BODY;
	patience_set(&c->patience, c->options.stream_idle_timeout);
	return 0;
}

/* The protocol is another from here on, RFC 9110 7.8; or CONNECT succeeded. */
static bool switches(const struct exchange *ex)
{
	const struct http1_parser *p = &ex->response_head->parser;

	return p->status == 101 || (p->connect_request && p->status / 100 == 2);
}

static int pass_switch(struct conn *c, struct run *run)
{
	int err;

	err = write_response_head(c, HTTP1_BODY_NONE, NULL, run_gfp(c, run));
	if (err)
		return err;
	try_answered(c, c->ex.response_head->parser.status);
	exchange_begin_tunnel(c, run);
	return err;
}

/*
 * @whole: the buffer of the leg's that has all of the message and nothing else, or
 *	NULL; is gone if the body is done afterwards
 * @more: bytes of the body are there already
 *
 * Returns false if it cannot be passed on as routes want it: then it is to be refused.
 */
static bool pass_response_head(struct conn *c, struct run *run,
			       struct sk_buff *whole, bool more)
{
	struct exchange *ex = &c->ex;
	gfp_t gfp = run_gfp(c, run);
	int err;

	if (unlikely(!list_empty(&c->tries)))
		try_win(c, run);
	run->left -= ex->edit_cost;
	if (switches(ex))
		err = pass_switch(c, run);
	else if (ex->response_head->parser.status < 200)
		err = pass_interim(c, gfp);
	else
		err = pass_final(c, whole, gfp);
	if (err == -ENOMEM && !run->may_sleep) {
		run->defer = true;
		return true;
	}
	/*
	 * The endpoint did answer; that the answer grew too large is not its
	 * failure.
	 */
	if (err == -EMSGSIZE)
		try_answered(c, ex->response_head->parser.status);
	ex->head_whole = false;
	head_free(ex->response_head);
	ex->response_head = NULL;
	if (err == -EMSGSIZE)
		return false;
	/* Otherwise the head is sent with the first bytes of the body. */
	if (!err && !(more && ex->response == RESPONSE_BODY &&
		      body_follows(&ex->response_body)))
		err = out_flush(&ex->down, &c->link, false);
	if (err == -EAGAIN)
		exchange_await_room(c, &c->link);
	else if (err)
		end_conn(c, run, true);
	return true;
}

/*
 * An endpoint may not upgrade when nobody asked for it, to something else than was
 * asked for, or before it has all of the request.
 */
static bool may_switch(const struct exchange *ex)
{
	const struct head *h = ex->response_head, *asked = ex->request_head;

	if (!switches(ex))
		return true;
	if (ex->request != REQUEST_DONE)
		return false;
	if (h->parser.status != 101)
		return true;
	return ex->upgrade && http1_list_has(head_upgrade(asked), head_upgrade(h));
}

static int take_response_head(struct reader *r, struct sk_buff *skb, u32 off,
			      u32 len)
{
	struct exchange *ex = &r->c->ex;
	gfp_t gfp = run_gfp(r->c, r->run);
	const struct http1_parser *p;
	enum http1_result result;
	bool whole;
	u64 body;
	int n;

	if (!ex->response_head) {
		ex->response_head = head_alloc(true, gfp);
		if (!ex->response_head)
			return exchange_note_no_memory(r);
		ex->response_head->parser.head_request = exchange_is_head(ex);
		ex->response_head->parser.connect_request =
			ex->request_head->parser.connect;
	}
	if (head_full(ex->response_head) && quota_spent(&r->c->hn->quota))
		return exchange_note_memory_limit(r);
	n = head_gather(ex->response_head, skb, off,
			affordable_head(r->run, len), gfp, &result);
	if (n < 0)
		return exchange_note_no_memory(r);
	r->run->left -= n * COST_HEAD_BYTE;
	if (result == HTTP1_ERROR)
		return note_bad_response(r);
	if (result == HTTP1_DONE && !may_switch(ex))
		return note_bad_response(r);
	if (result == HTTP1_DONE &&
	    exchange_retry_response(r->c, ex->response_head->parser.status)) {
		r->retry = true;
		return n;
	}
	ex->head_whole = result == HTTP1_DONE;
	if (!ex->head_whole)
		return n;
	p = &ex->response_head->parser;
	body = http1_bodiless(p) ? 0 : p->content_length;
	whole = skb->len == len && ex->response_head->len == n &&
		body == len - n && p->framing <= HTTP1_BODY_LENGTH;
	if (!pass_response_head(r->c, r->run, whole ? skb : NULL, n < len))
		return exchange_note_refusal(r, STAT_REPLY_RESPONSE_OPERATIONS, 500);
	return whole && ex->response == RESPONSE_DONE ? len : n;
}

static void cut_response(struct conn *c, struct run *run)
{
	stat_inc(c->mesh->stats, STAT_RESPONSES_CUT);
	try_failed(c, 502);
	/* RST: not to be taken for the end of a body that lasts until close */
	end_conn(c, run, true);
}

static int take_response_body(struct conn *c, struct run *run,
			      struct sk_buff *skb, u32 off, u32 len)
{
	struct exchange *ex = &c->ex;
	int n;

	len = exchange_allowance(c, len);
	if (!len)
		return 0;
	n = body_pass(&ex->response_body, skb, off, len, &c->link, &ex->down,
		      &run->left);
	if (n == -EAGAIN) {
		exchange_await_room(c, &c->link);
		return 0;
	}
	if (n == -EBADMSG) {
		cut_response(c, run);
		return 0;
	}
	if (n < 0) {
		end_conn(c, run, true);
		return 0;
	}
	ex->rate_passed += n;
	if (ex->response_body.done)
		ex->response = RESPONSE_DONE;
	else
		patience_set(&c->patience, c->options.stream_idle_timeout);
	return n;
}

static int response_actor(read_descriptor_t *desc, struct sk_buff *skb,
			  unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;
	struct exchange *ex = &r->c->ex;

	if (r->c->ended || r->refuse_status || r->retry || ex->head_whole ||
	    !may_spend(r->run))
		return 0;
	if (!out_empty(&ex->down) && !(ex->response == RESPONSE_BODY &&
				       body_follows(&ex->response_body)))
		return 0;
	switch (ex->response) {
	case RESPONSE_HEAD:
		return take_response_head(r, skb, off, len);
	case RESPONSE_BODY:
		return take_response_body(r->c, r->run, skb, off, len);
	default:
		return 0;
	}
}

static void upstream_eof(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	ex->try->leg_reusable = false;
	if (ex->response == RESPONSE_HEAD) {
		exchange_upstream_failed(c, run, RETRY_RESET,
					 STAT_REPLY_UPSTREAM_RESET, 502);
	} else if (ex->response == RESPONSE_BODY) {
		if (ex->response_body.framing == HTTP1_BODY_UNTIL_CLOSE &&
		    link_ended_well(&ex->try->leg->link))
			ex->response = RESPONSE_DONE;
		else
			cut_response(c, run);
	}
}

static bool waits_for_response(const struct exchange *ex)
{
	return ex->response == RESPONSE_HEAD || ex->response == RESPONSE_BODY;
}

void exchange_pass_response(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	if (!exchange_flush_response(c, run) || !ex->try->leg ||
	    !waits_for_response(ex))
		return;
	if (ex->head_whole && !pass_response_head(c, run, NULL, false)) {
		exchange_refuse(c, run, STAT_REPLY_RESPONSE_OPERATIONS, 500);
		return;
	}
	if (!c->ended)
		exchange_read_second(&ex->try->leg->link, c, run, response_actor);
	if (c->ended || !exchange_flush_response(c, run) || !ex->try->leg)
		return;
	if (ex->request == REQUEST_TUNNEL)
		return;
	if (!ex->head_whole && waits_for_response(ex) &&
	    link_eof(&ex->try->leg->link))
		upstream_eof(c, run);
}
