// SPDX-License-Identifier: GPL-2.0
#include "http/value_list.h"
#include "http1/head.h"
#include "stream/stream_priv.h"

static int note_bad_response(struct reader *r)
{
	r->failed = true;
	return stream_note_refusal(r, STAT_REPLY_BAD_RESPONSE, 502);
}

/* 1xx: passed on; the final response is yet to come (RFC 9110 15.2). */
static int pass_interim(struct stream *s, gfp_t gfp)
{
	struct edit e;

	s->committed = true;
	if (s->http10)
		return 0;
	edit_init(&e, s->response_head, gfp);
	return head_write_response(&e, BODY_NONE, NULL, gfp, &s->down);
}

/* How long the leg may stay idle: a second less than the endpoint allows. */
static void learn_leg_life(struct stream *s)
{
	const struct message *p = s->response_head;
	struct try *t = s->try;
	u32 seconds = head_idle_seconds(s->response_head);

	t->leg_max_idle = s->cluster->options.max_idle;
	t->leg_idle = s->cluster->options.idle_timeout;
	if (seconds <= t->leg_idle / 1000)
		t->leg_idle = seconds ? (seconds - 1) * 1000 : 0;
	t->leg_reusable = p->keep_alive && t->leg_idle &&
			  p->framing != BODY_UNTIL_CLOSE;
}

/*
 * A whole response that would be written as it is, and is alone in its buffer, is
 * passed on in that buffer if possible.
 */
static bool steer_response(struct stream *s, struct sk_buff *whole)
{
	return whole && !stream_connection_field(s) &&
	       stream_response_stays(s) &&
	       head_stays_response(s->response_head) && !s->rate &&
	       link_steer(&s->try->leg->link, whole, &s->conn->link);
}

static int pass_final(struct stream *s, struct sk_buff *whole, gfp_t gfp)
{
	struct conn *c = s->conn;
	const struct message *p = s->response_head;
	u8 framing = p->framing;
	bool steered;
	int err;

	if (s->http10 && framing == BODY_CHUNKED)
		framing = BODY_UNTIL_CLOSE;
	/*
	 * The answer came before the whole request: the rest must not be read as a
	 * request.
	 */
	if (framing == BODY_UNTIL_CLOSE ||
	    s->request != REQUEST_DONE || conn_expired(c) ||
	    READ_ONCE(c->draining))
		s->close = true;
	if (framing == BODY_CHUNKED) {
		err = stream_filter_response(s, gfp);
		if (err)
			return err;
	}
	steered = steer_response(s, whole);
	err = steered ? 0 :
	      stream_write_response(s, framing, stream_connection_field(s), gfp);
	if (err)
		return err;
	body_init(&s->response_body, p, framing != p->framing, U64_MAX);
	s->response_body.filter = s->response_filter;
	s->response_body.done |= steered;
	stream_begin_pace(s);
	try_answered(s, p->status);
	learn_leg_life(s);
	s->response = s->response_body.done ? RESPONSE_DONE : RESPONSE_BODY;
	patience_set(&s->patience, c->options.stream_idle_timeout);
	return 0;
}

/* The protocol is another from here on, RFC 9110 7.8; or CONNECT succeeded. */
static bool switches(const struct stream *s)
{
	const struct message *p = s->response_head;

	return p->status == 101 || (p->connect_request && p->status / 100 == 2);
}

static int pass_switch(struct stream *s, struct run *run)
{
	int err;

	err = stream_write_response(s, BODY_NONE, NULL, run_gfp(s, run));
	if (err)
		return err;
	try_answered(s, s->response_head->status);
	stream_begin_tunnel(s, run);
	return err;
}

/*
 * @whole: the buffer of the leg's that has all of the message and nothing else, or
 *	NULL; is gone if the body is done afterwards
 * @more: bytes of the body are there already
 *
 * Returns false if it cannot be passed on as routes want it: then it is to be refused.
 */
static bool pass_response_head(struct stream *s, struct run *run,
			       struct sk_buff *whole, bool more)
{
	struct conn *c = s->conn;
	gfp_t gfp = run_gfp(s, run);
	int err;

	if (unlikely(!list_empty(&s->others)))
		try_win(s, run);
	run->left -= s->edit_cost;
	if (switches(s))
		err = pass_switch(s, run);
	else if (s->response_head->status < 200)
		err = pass_interim(s, gfp);
	else
		err = pass_final(s, whole, gfp);
	if (err == -ENOMEM && !run->may_sleep) {
		run->defer = true;
		return true;
	}
	/*
	 * The endpoint did answer; that the answer grew too large is not its
	 * failure.
	 */
	if (err == -EMSGSIZE)
		try_answered(s, s->response_head->status);
	s->head_whole = false;
	message_free(s->response_head);
	s->response_head = NULL;
	if (err == -EMSGSIZE)
		return false;
	/* Otherwise the head is sent with the first bytes of the body. */
	if (!err && !(more && s->response == RESPONSE_BODY &&
		      body_follows(&s->response_body)))
		err = out_flush(&s->down, &c->link, false);
	if (err == -EAGAIN)
		stream_await_room(s, &c->link);
	else if (err)
		stream_end(s, run, true);
	return true;
}

/*
 * An endpoint may not upgrade when nobody asked for it, to something else than was
 * asked for, or before it has all of the request.
 */
static bool may_switch(const struct stream *s)
{
	const struct message *h = s->response_head, *asked = s->request_head;

	if (!switches(s))
		return true;
	if (s->request != REQUEST_DONE)
		return false;
	if (h->status != 101)
		return true;
	return s->upgrade && value_list_has(message_upgrade(asked), message_upgrade(h));
}

static int take_response_head(struct reader *r, struct sk_buff *skb, u32 off,
			      u32 len)
{
	struct stream *s = r->s;
	gfp_t gfp = run_gfp(r->s, r->run);
	const struct message *p;
	enum http1_result result;
	bool whole;
	u64 body;
	int n;

	if (!s->response_head) {
		s->response_head = head_alloc(true, gfp);
		if (!s->response_head)
			return stream_note_no_memory(r);
		s->response_head->head_request = stream_is_head(s);
		s->response_head->connect_request =
			s->request_head->connect;
	}
	if (message_full(s->response_head) && conn_quota_spent(r->s->conn))
		return stream_note_memory_limit(r);
	n = head_gather(s->response_head, skb, off,
			affordable_head(r->run, len), gfp, &result);
	if (n < 0)
		return stream_note_no_memory(r);
	r->run->left -= n * COST_HEAD_BYTE;
	if (result == HTTP1_ERROR)
		return note_bad_response(r);
	if (result == HTTP1_DONE && !may_switch(s))
		return note_bad_response(r);
	if (result == HTTP1_DONE &&
	    stream_may_try_again(s, POLICY_RESPONSE, &r->wait)) {
		r->retry = true;
		return n;
	}
	s->head_whole = result == HTTP1_DONE;
	if (!s->head_whole)
		return n;
	p = s->response_head;
	body = message_bodiless(p) ? 0 : p->content_length;
	whole = skb->len == len && s->response_head->len == n &&
		body == len - n && p->framing <= BODY_LENGTH;
	if (!pass_response_head(r->s, r->run, whole ? skb : NULL, n < len))
		return stream_note_refusal(r, STAT_REPLY_RESPONSE_OPERATIONS, 500);
	return whole && s->response == RESPONSE_DONE ? len : n;
}

static void cut_response(struct stream *s, struct run *run)
{
	stat_inc(s->conn->mesh->stats, STAT_RESPONSES_CUT);
	try_failed(s, 502);
	/* RST: not to be taken for the end of a body that lasts until close */
	stream_end(s, run, true);
}

static int take_response_body(struct stream *s, struct run *run,
			      struct sk_buff *skb, u32 off, u32 len)
{
	struct conn *c = s->conn;
	int n;

	len = stream_allowance(s, len);
	if (!len)
		return 0;
	n = body_pass(&s->response_body, skb, off, len, &c->link, &s->down,
		      &run->left);
	if (n == -EAGAIN) {
		stream_await_room(s, &c->link);
		return 0;
	}
	if (n == -EBADMSG) {
		cut_response(s, run);
		return 0;
	}
	if (n < 0) {
		stream_end(s, run, true);
		return 0;
	}
	s->rate_passed += n;
	if (s->response_body.done)
		s->response = RESPONSE_DONE;
	else
		patience_set(&s->patience, c->options.stream_idle_timeout);
	return n;
}

static int response_actor(read_descriptor_t *desc, struct sk_buff *skb,
			  unsigned int off, size_t len)
{
	struct reader *r = desc->arg.data;
	struct stream *s = r->s;

	if (r->s->ended || r->refuse_status || r->retry || s->head_whole ||
	    !may_spend(r->run))
		return 0;
	if (!out_empty(&s->down) && !(s->response == RESPONSE_BODY &&
				      body_follows(&s->response_body)))
		return 0;
	switch (s->response) {
	case RESPONSE_HEAD:
		return take_response_head(r, skb, off, len);
	case RESPONSE_BODY:
		return take_response_body(r->s, r->run, skb, off, len);
	default:
		return 0;
	}
}

static void upstream_eof(struct stream *s, struct run *run)
{
	s->try->leg_reusable = false;
	if (s->response == RESPONSE_HEAD) {
		stream_upstream_failed(s, run, POLICY_NO_RESPONSE,
				       STAT_REPLY_UPSTREAM_RESET, 502);
	} else if (s->response == RESPONSE_BODY) {
		if (s->response_body.framing == BODY_UNTIL_CLOSE &&
		    link_ended_well(&s->try->leg->link))
			s->response = RESPONSE_DONE;
		else
			cut_response(s, run);
	}
}

static bool waits_for_response(const struct stream *s)
{
	return s->response == RESPONSE_HEAD || s->response == RESPONSE_BODY;
}

void stream_pass_response(struct stream *s, struct run *run)
{
	if (!stream_flush_response(s, run) || !s->try->leg ||
	    !waits_for_response(s))
		return;
	if (s->head_whole && !pass_response_head(s, run, NULL, false)) {
		stream_refuse(s, run, STAT_REPLY_RESPONSE_OPERATIONS, 500);
		return;
	}
	if (!s->ended)
		stream_read_second(&s->try->leg->link, s, run, response_actor);
	if (s->ended || !stream_flush_response(s, run) || !s->try->leg)
		return;
	if (s->request == REQUEST_TUNNEL)
		return;
	if (!s->head_whole && waits_for_response(s) &&
	    link_eof(&s->try->leg->link))
		upstream_eof(s, run);
}
