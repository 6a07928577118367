// SPDX-License-Identifier: GPL-2.0
#include "cors.h"
#include "exchange_priv.h"
#include "header_value.h"
#include "ident.h"

const u64 *request_ident(struct conn *c)
{
	struct exchange *ex = &c->ex;

	if (!c->options.x_request_id)
		return NULL;
	if (!ex->ident[0] && !ex->ident[1])
		ident_make(ex->ident);
	return ex->ident;
}

static struct header_context context_of(struct conn *c)
{
	const struct exchange *ex = &c->ex;

	return (struct header_context){
		.client = &c->source,
		.original = &c->original,
		.upstream = ex->ep ? &ex->ep->address : NULL,
		.cluster = ex->cluster ? ex->cluster->name.name : SPAN(""),
		.request = ex->request_head,
		.ident = request_ident(c),
	};
}

int edit_request(struct conn *c, gfp_t gfp)
{
	const struct route *route = c->ex.route;
	const struct virtual_host *vhost = c->ex.vhost;
	struct header_context context;

	if (!route->request_ops.n && !vhost->request_ops.n)
		return 0;
	context = context_of(c);
	return header_ops_apply(&route->request_ops, &vhost->request_ops,
				&context, gfp, &c->ex.up);
}

static int answer_cors(const struct exchange *ex,
		       const struct header_context *context, gfp_t gfp,
		       struct out *out)
{
	static const struct header_op_list none;
	struct cors_answer answer;

	if (ex->cors == CORS_NONE)
		return 0;
	cors_answer(&ex->route->cors, ex->cors, &answer);
	return header_ops_apply(&answer.ops, &none, context, gfp, out);
}

int edit_response(struct conn *c, u16 status, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	struct header_context context;
	int err = 0;

	if (!ex->route || (!ex->route->response_ops.n &&
			   !ex->vhost->response_ops.n && ex->cors == CORS_NONE))
		return 0;
	context = context_of(c);
	context.response = ex->local ? NULL : ex->response_head;
	context.status = status;
	/* CORS last, as in Envoy: routes cannot take back what it says. */
	if (ex->cors != CORS_PREFLIGHT)
		err = header_ops_apply(&ex->route->response_ops,
				       &ex->vhost->response_ops, &context, gfp,
				       &ex->down);
	return err ?: answer_cors(ex, &context, gfp, &ex->down);
}
