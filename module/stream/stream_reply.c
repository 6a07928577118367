// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

const char *stream_connection_field(const struct stream *s)
{
	if (s->close)
		return "close";
	return s->http10 ? "keep-alive" : NULL;
}

bool stream_is_head(const struct stream *s)
{
	const struct message *h = s->request_head;

	return h && span_eq(message_method(h), SPAN("HEAD"));
}

static int edit_reply(void *who, u16 status, struct edit *e)
{
	return stream_edit_response(who, status, e);
}

static int write_reply(struct stream *s, struct run *run, struct reply *r,
		       enum mesh_stat *reason)
{
	/*
	 * The reply is small and sent at once, so a full control group does not
	 * prevent it.
	 */
	gfp_t gfp = run_gfp(s, run) | __GFP_HIGH;
	int err;

	run->left -= s->edit_cost;
	r->connection = stream_connection_field(s);
	r->head_request = stream_is_head(s);
	err = reply_make(r, edit_reply, s, gfp, &s->down);
	if (r->bare)
		*reason = STAT_REPLY_RESPONSE_OPERATIONS;
	return err;
}

static enum mesh_stat relay_stat(enum mesh_stat reason)
{
	switch (reason) {
	case STAT_REPLY_NO_ENDPOINT:
		return STAT_REFUSED_NO_ENDPOINT;
	case STAT_REPLY_HEADERS_TIMEOUT:
	case STAT_REPLY_REQUEST_TIMEOUT:
		return STAT_TLS_HELLO_TIMEOUT;
	case STAT_REPLY_FORBIDDEN:
		return STAT_AUTHZ_REFUSED;
	case STAT_TLS_BAD_HELLO:
		return reason;
	default:
		return STAT_RELAYS_FAILED;
	}
}

/* Who speaks no HTTP can only be told that it is over. */
static void end_relay(struct stream *s, struct run *run, enum mesh_stat reason)
{
	stat_inc(s->conn->mesh->stats, relay_stat(reason));
	stream_end(s, run, true);
}

void stream_reply(struct stream *s, struct run *run, enum mesh_stat reason,
		  struct reply *r)
{
	struct conn *c = s->conn;
	bool whole = s->request >= REQUEST_PARSED && s->received;
	int err = -EPIPE;

	if (unlikely(!list_empty(&s->others)) && try_fall_back(s, run, reason))
		return;
	if (unlikely(c->relays)) {
		end_relay(s, run, reason);
		return;
	}
	if (!whole)
		s->close = true;
	s->local = true;
	s->try->leg_reusable = false;
	s->head_whole = false;
	out_clear(&s->up);
	try_drop_leg(s, run, false);
	stream_leave_connection(s);
	s->try->open_leg = false;
	/* If part of an interim response has been sent, no other head can follow. */
	if (!s->down.data || !s->down.off) {
		out_clear(&s->down);
		err = write_reply(s, run, r, &reason);
	}
	stat_inc(c->mesh->stats, reason);
	if (err) {
		stream_end(s, run, true);
		return;
	}
	s->response = RESPONSE_DONE;
	s->request = whole ? REQUEST_DONE : REQUEST_DISCARD;
	s->patience.bound = 0;
	patience_set(&s->patience, c->options.stream_idle_timeout);
	run->again = true;
}

void stream_refuse(struct stream *s, struct run *run, enum mesh_stat reason,
		   u16 status)
{
	struct reply r = { .status = status };

	stream_reply(s, run, reason, &r);
}

void stream_refuse_malformed(struct stream *s, struct run *run,
			     enum message_error error)
{
	struct routing_refusal r = routing_malformed(error);

	s->close = true;
	stream_refuse(s, run, r.reason, r.status);
}
