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

/* Value, attributes and numbers of a cookie, without its name and path. */
#define COOKIE_MAX	64

/* The cookie by which the client's next request finds the same endpoint. */
static int give_cookie(const struct exchange *ex,
		       const struct header_context *context, gfp_t gfp,
		       struct out *out)
{
	static const struct header_op_list none;
	const struct hash_policy *hp = ex->cookie;
	struct header_op op = { SPAN("set-cookie"), .kind = HEADER_OP_ADD };
	struct header_op_list ops = { &op, 1 };
	char value[COOKIE_VALUE_LEN], *text;
	u32 size, n;
	int err;

	if (!hp || ex->local)
		return 0;
	size = COOKIE_MAX + hp->name.len + hp->cookie_path.len;
	text = kmalloc(size, gfp);
	if (!text)
		return -ENOMEM;
	hash_policy_cookie_text(ex->cookie_value, value);
	n = scnprintf(text, size, "%.*s=\"%.*s\"", hp->name.len, hp->name.p,
		      COOKIE_VALUE_LEN, value);
	if (hp->ttl)
		n += scnprintf(text + n, size - n, "; Max-Age=%u", hp->ttl);
	if (hp->cookie_path.len)
		n += scnprintf(text + n, size - n, "; Path=%.*s",
			       hp->cookie_path.len, hp->cookie_path.p);
	n += scnprintf(text + n, size - n, "; HttpOnly");
	op.value = (struct span){ text, n };
	err = header_ops_apply(&ops, &none, context, gfp, out);
	kfree(text);
	return err;
}

static bool response_stays(const struct exchange *ex)
{
	return !ex->route ||
	       (!ex->route->response_ops.n && !ex->vhost->response_ops.n &&
		ex->cors == CORS_NONE && !ex->cookie);
}

int edit_response(struct conn *c, u16 status, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	struct header_context context;
	int err;

	if (response_stays(ex))
		return 0;
	context = context_of(c);
	context.response = ex->local ? NULL : ex->response_head;
	context.status = status;
	err = give_cookie(ex, &context, gfp, &ex->down);
	/* CORS last, as in Envoy: routes cannot take back what it says. */
	if (!err && ex->cors != CORS_PREFLIGHT)
		err = header_ops_apply(&ex->route->response_ops,
				       &ex->vhost->response_ops, &context, gfp,
				       &ex->down);
	return err ?: answer_cors(ex, &context, gfp, &ex->down);
}
