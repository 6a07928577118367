// SPDX-License-Identifier: GPL-2.0
#include "exchange_priv.h"

const char *connection_field(const struct exchange *ex)
{
	if (ex->close)
		return "close";
	return ex->http10 ? "keep-alive" : NULL;
}

bool is_head_request(const struct exchange *ex)
{
	const struct head *h = ex->request_head;

	return h && span_eq(head_span(h, h->parser.method,
				      h->parser.method_len), SPAN("HEAD"));
}

/* Answer in the endpoint's place. The exchange is over but for sending it. */
void local_reply(struct conn *c, struct run *run, enum mesh_stat reason,
		 struct reply *r)
{
	struct exchange *ex = &c->ex;
	bool whole = ex->request >= REQUEST_PARSED && ex->request_body.done;

	stat_inc(c->mesh->stats, reason);
	if (!whole)
		ex->close = true;
	ex->local = true;
	ex->leg_reusable = false;
	ex->head_whole = false;
	r->connection = connection_field(ex);
	r->head_request = is_head_request(ex);
	out_clear(&ex->up);
	drop_leg(c, run, false);
	c->open_leg = false;
	/* Half an interim response is on its way, or there is no memory. */
	if (ex->down.data && ex->down.off)
		goto reset;
	out_clear(&ex->down);
	if (reply_write(r, run_gfp(run), &ex->down) ||
	    edit_response(c, r->status, run_gfp(run)))
		goto reset;
	ex->response = RESPONSE_DONE;
	ex->request = whole ? REQUEST_DONE : REQUEST_DISCARD;
	c->bound = 0;
	conn_set_deadline(c, c->options.stream_idle_timeout);
	run->again = true;
	return;
reset:
	end_conn(c, run, true);
}

void refuse(struct conn *c, struct run *run, enum mesh_stat reason, u16 status)
{
	struct reply r = { .status = status };

	local_reply(c, run, reason, &r);
}

void refuse_malformed(struct conn *c, struct run *run, enum http1_error error)
{
	enum mesh_stat reason;

	switch (error) {
	case HTTP1_URI_TOO_LONG:
		reason = STAT_REPLY_URI_TOO_LONG;
		break;
	case HTTP1_HEAD_TOO_LARGE:
		reason = STAT_REPLY_HEAD_TOO_LARGE;
		break;
	case HTTP1_TOO_MANY_FIELDS:
		reason = STAT_REPLY_TOO_MANY_FIELDS;
		break;
	case HTTP1_NOT_IMPLEMENTED:
		reason = STAT_REPLY_NOT_IMPLEMENTED;
		break;
	case HTTP1_VERSION:
		reason = STAT_REPLY_VERSION;
		break;
	default:
		reason = STAT_REPLY_BAD_REQUEST;
		break;
	}
	c->ex.close = true;
	refuse(c, run, reason, http1_status(error));
}

/* RFC 9110 9.2.2, of the methods that we know. */
static bool is_idempotent(struct span method)
{
	static const struct span methods[] = {
		SPAN("GET"), SPAN("HEAD"), SPAN("OPTIONS"), SPAN("TRACE"),
		SPAN("PUT"), SPAN("DELETE"),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(methods); i++)
		if (span_eq(method, methods[i]))
			return true;
	return false;
}

/*
 * A pooled leg may be closed by the endpoint just as we use it. The request is
 * sent again, once, on a fresh leg if doing it twice is harmless and not a byte
 * of a response has come (RFC 9112 9.3.1).
 */
static bool may_retry(const struct exchange *ex)
{
	const struct http1_parser *p = &ex->request_head->parser;

	return ex->reused_leg && !ex->retried && !ex->response_head &&
	       !p->content_length && p->framing != HTTP1_BODY_CHUNKED &&
	       is_idempotent(head_span(ex->request_head, p->method,
				       p->method_len));
}

static void retry(struct conn *c, struct run *run)
{
	struct exchange *ex = &c->ex;

	stat_inc(c->mesh->stats, STAT_LEGS_RETRIED);
	ex->retried = true;
	out_clear(&ex->up);
	drop_leg(c, run, false);
	ex->request = REQUEST_ROUTED;
	ex->response = RESPONSE_NONE;
	run->again = true;
}

/* The leg ended or cannot be used, and the client has no response yet. */
void upstream_failed(struct conn *c, struct run *run, enum mesh_stat reason,
		     u16 status)
{
	struct exchange *ex = &c->ex;

	request_failed(ex);
	if (may_retry(ex))
		retry(c, run);
	else
		refuse(c, run, reason, status);
}
