// SPDX-License-Identifier: GPL-2.0
#include "lib/ident.h"
#include "stream/stream_priv.h"

static const u64 *ident_of(struct conn *c)
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
	const struct endpoint *ep = ex->try->ep;

	return (struct header_context){
		.client = &c->source,
		.original = &c->original,
		.upstream = ep ? &ep->address : NULL,
		.cluster = ex->cluster ? ex->cluster->name.name : SPAN(""),
		.request = ex->request_head,
		.ident = ident_of(c),
	};
}

static struct routing_edit edit_of(const struct exchange *ex)
{
	return (struct routing_edit){ ex->chosen, ex->route, ex->vhost };
}

bool exchange_request_stays(const struct exchange *ex)
{
	struct routing_edit edit = edit_of(ex);

	return !routing_edits_request(&edit);
}

static int edit_request(struct conn *c, struct out *head, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	struct routing_edit edit = edit_of(ex);
	struct header_context context;

	if (!routing_edits_request(&edit))
		return 0;
	context = context_of(c);
	return routing_edit_request(&edit, &context, gfp, head);
}

/* It is made if there is none, and anything to be taken out. */
static int make_filter(struct exchange *ex, struct trailer_filter **filter,
		       const struct header_op_list *const *levels,
		       u8 underscores, gfp_t gfp)
{
	int err;

	if (*filter)
		return 0;
	err = routing_filter(levels, underscores, gfp, filter);
	if (*filter)
		ex->filter_bytes += (*filter)->size;
	return err;
}

int exchange_filter_request(struct conn *c, gfp_t gfp)
{
	const struct header_op_list *levels[ROUTING_LEVELS];
	struct exchange *ex = &c->ex;
	struct routing_edit edit = edit_of(ex);
	int err;

	routing_request_levels(&edit, levels);
	err = make_filter(ex, &ex->request_filter, levels,
			  c->options.headers_with_underscores, gfp);
	ex->request_body.filter = ex->request_filter;
	return err;
}

int exchange_filter_response(struct conn *c, gfp_t gfp)
{
	const struct header_op_list *levels[ROUTING_LEVELS];
	struct exchange *ex = &c->ex;
	struct routing_edit edit = edit_of(ex);

	routing_response_levels(&edit, levels);
	return make_filter(ex, &ex->response_filter, levels,
			   TRAILER_UNDERSCORES_PASS, gfp);
}

static struct forward forward_of(struct conn *c, const struct try *t)
{
	const struct exchange *ex = &c->ex;

	return (struct forward){
		.options = &c->options,
		.original = &c->original,
		.client = { c->source_text, c->source_len },
		.route = ex->route,
		.ident = ident_of(c),
		.upgrade = ex->upgrade,
		.expect_answered = t->unawaited || answers_expect(c),
		.close = t->unawaited,
		.shadow = t->shadow,
	};
}

int exchange_write_head(struct conn *c, const struct try *t, struct out *head,
			gfp_t gfp)
{
	struct forward fw = forward_of(c, t);
	int err = head_write_request(c->ex.request_head, &fw, gfp, head);

	if (!err)
		err = edit_request(c, head, gfp);
	if (err)
		out_clear(head);
	return err;
}

u32 exchange_extend_head(struct conn *c, struct sk_buff *skb)
{
	struct forward fw = forward_of(c, c->ex.try);

	return head_extend_request(c->ex.request_head, &fw, skb->data,
				   skb->len + skb_tailroom(skb));
}

/* The cookie by which the client's next request finds the same endpoint. */
struct cookie {
	struct header_op op;
	struct header_op_list ops;
	char *text;			/* to be kfree()d */
};

/* Room for value, attributes and numbers of a cookie, without its name and path. */
#define COOKIE_MAX	64

static int make_cookie(struct cookie *cookie, const struct exchange *ex,
		       gfp_t gfp)
{
	const struct hash_policy *hp = ex->cookie;
	char value[COOKIE_VALUE_LEN];
	u32 size, n;

	*cookie = (struct cookie){
		.op = { SPAN("set-cookie"), .kind = HEADER_OP_ADD },
	};
	if (!hp || ex->local)
		return 0;
	size = COOKIE_MAX + hp->name.len + hp->cookie_path.len;
	cookie->text = kmalloc(size, gfp);
	if (!cookie->text)
		return -ENOMEM;
	hash_policy_cookie_text(ex->cookie_value, value);
	n = scnprintf(cookie->text, size, "%.*s=\"%.*s\"", hp->name.len,
		      hp->name.p, COOKIE_VALUE_LEN, value);
	if (hp->ttl)
		n += scnprintf(cookie->text + n, size - n, "; Max-Age=%u",
			       hp->ttl);
	if (hp->cookie_path.len)
		n += scnprintf(cookie->text + n, size - n, "; Path=%.*s",
			       hp->cookie_path.len, hp->cookie_path.p);
	n += scnprintf(cookie->text + n, size - n, "; HttpOnly");
	cookie->op.value = (struct span){ cookie->text, n };
	cookie->ops = (struct header_op_list){ &cookie->op, 1 };
	return 0;
}

bool exchange_response_stays(const struct exchange *ex)
{
	struct routing_edit edit = edit_of(ex);

	return !ex->route || (!routing_edits_response(&edit) &&
			      ex->cors == CORS_NONE && !ex->cookie);
}

int exchange_edit_response(struct conn *c, u16 status, gfp_t gfp)
{
	struct exchange *ex = &c->ex;
	struct routing_edit edit = edit_of(ex);
	struct header_context context;
	struct cookie cookie;
	int err;

	if (exchange_response_stays(ex))
		return 0;
	err = make_cookie(&cookie, ex, gfp);
	if (err)
		return err;
	context = context_of(c);
	context.response = ex->local ? NULL : ex->response_head;
	context.status = status;
	err = routing_edit_response(&edit, ex->cors, &cookie.ops, &context, gfp,
				    &ex->down);
	kfree(cookie.text);
	return err;
}
