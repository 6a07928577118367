// SPDX-License-Identifier: GPL-2.0
#include "stream/stream_priv.h"

const char *exchange_connection_field(const struct exchange *ex)
{
	if (ex->close)
		return "close";
	return ex->http10 ? "keep-alive" : NULL;
}

bool exchange_is_head(const struct exchange *ex)
{
	const struct head *h = ex->request_head;

	return h && span_eq(head_method(h), SPAN("HEAD"));
}

/*
 * Header operations may make an answer too large. Then a bare 500 is sent instead,
 * and counted as such.
 */
static int write_reply(struct conn *c, struct run *run, struct reply *r,
		       enum mesh_stat *reason)
{
	/*
	 * The reply is small and sent at once, so a full control group does not
	 * prevent it.
	 */
	gfp_t gfp = run_gfp(c, run) | __GFP_HIGH;
	struct exchange *ex = &c->ex;
	struct reply bare = { .status = 500 };
	int err;

	run->left -= ex->edit_cost;
	r->connection = exchange_connection_field(ex);
	r->head_request = exchange_is_head(ex);
	err = reply_write(r, gfp, &ex->down) ?:
	      exchange_edit_response(c, r->status, gfp);
	if (err != -EMSGSIZE)
		return err;
	out_clear(&ex->down);
	bare.connection = r->connection;
	bare.head_request = r->head_request;
	*reason = STAT_REPLY_RESPONSE_OPERATIONS;
	return reply_write(&bare, gfp, &ex->down);
}

void exchange_reply(struct conn *c, struct run *run, enum mesh_stat reason,
		    struct reply *r)
{
	struct exchange *ex = &c->ex;
	bool whole = ex->request >= REQUEST_PARSED && ex->received;
	int err = -EPIPE;

	if (unlikely(!list_empty(&c->tries)) && try_fall_back(c, run, reason))
		return;
	if (!whole)
		ex->close = true;
	ex->local = true;
	ex->try->leg_reusable = false;
	ex->head_whole = false;
	out_clear(&ex->up);
	try_drop_leg(c, run, false);
	exchange_leave_connection(c);
	ex->try->open_leg = false;
	/* If part of an interim response has been sent, no other head can follow. */
	if (!ex->down.data || !ex->down.off) {
		out_clear(&ex->down);
		err = write_reply(c, run, r, &reason);
	}
	stat_inc(c->mesh->stats, reason);
	if (err) {
		end_conn(c, run, true);
		return;
	}
	ex->response = RESPONSE_DONE;
	ex->request = whole ? REQUEST_DONE : REQUEST_DISCARD;
	c->patience.bound = 0;
	patience_set(&c->patience, c->options.stream_idle_timeout);
	run->again = true;
}

void exchange_refuse(struct conn *c, struct run *run, enum mesh_stat reason,
		     u16 status)
{
	struct reply r = { .status = status };

	exchange_reply(c, run, reason, &r);
}

void exchange_refuse_malformed(struct conn *c, struct run *run,
			       enum http1_error error)
{
	struct routing_refusal r = routing_malformed(error);

	c->ex.close = true;
	exchange_refuse(c, run, r.reason, r.status);
}
