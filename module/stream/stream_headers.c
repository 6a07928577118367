// SPDX-License-Identifier: GPL-2.0
#include "http1/head.h"
#include "lib/ident.h"
#include "lib/payer.h"
#include "stream/stream_priv.h"

static const u64 *ident_of(struct stream *s)
{
	if (!s->conn->options.x_request_id)
		return NULL;
	if (!s->ident[0] && !s->ident[1])
		ident_make(s->ident);
	return s->ident;
}

static struct header_context context_of(struct stream *s)
{
	struct conn *c = s->conn;
	const struct endpoint *ep = s->try->ep;

	return (struct header_context){
		.client = &c->source,
		.client_port = c->source_port,
		.original = &c->original,
		.upstream = ep ? &ep->address : NULL,
		.cluster = s->cluster ? s->cluster->name.name : SPAN(""),
		.request = s->request_head,
		.ident = ident_of(s),
	};
}

static struct routing_edit edit_of(const struct stream *s)
{
	return (struct routing_edit){ s->chosen, s->route, s->vhost };
}

bool stream_request_stays(const struct stream *s)
{
	const struct rewrite *rewrite = &s->route->rewrite;
	struct routing_edit edit = edit_of(s);

	return !rewrite->path_kind && !rewrite->host.len &&
	       !routing_edits_request(&edit);
}

static int edit_request(struct stream *s, struct edit *e)
{
	struct routing_edit edit = edit_of(s);
	struct header_context context;

	if (!routing_edits_request(&edit))
		return 0;
	context = context_of(s);
	return routing_edit_request(&edit, &context, e);
}

/* It is made if there is none, and anything to be taken out. */
static int make_filter(struct stream *s, struct trailer_filter **filter,
		       const struct header_op_list *const *levels,
		       u8 underscores, gfp_t gfp)
{
	int err;

	if (*filter)
		return 0;
	err = routing_filter(levels, underscores, gfp, filter);
	if (*filter)
		s->filter_bytes += (*filter)->size;
	return err;
}

int stream_filter_request(struct stream *s, gfp_t gfp)
{
	const struct header_op_list *levels[ROUTING_LEVELS];
	struct routing_edit edit = edit_of(s);
	int err;

	routing_request_levels(&edit, levels);
	err = make_filter(s, &s->request_filter, levels,
			  s->conn->options.headers_with_underscores, gfp);
	s->request_body.filter = s->request_filter;
	return err;
}

int stream_filter_response(struct stream *s, gfp_t gfp)
{
	const struct header_op_list *levels[ROUTING_LEVELS];
	struct routing_edit edit = edit_of(s);

	routing_response_levels(&edit, levels);
	return make_filter(s, &s->response_filter, levels,
			   TRAILER_UNDERSCORES_PASS, gfp);
}

static int edit_forward(struct stream *s, const struct try *t, struct edit *e)
{
	struct conn *c = s->conn;
	struct forward fw = {
		.options = &c->options,
		.original = &c->original,
		.client = { c->source_text, c->source_len },
		.ident = ident_of(s),
		.shadow = t->shadow,
	};
	int err = routing_rewrite(&c->options, s->route, &fw, e);

	return err ?: forward_edit(&fw, e);
}

static struct head_ways ways_of(const struct stream *s, const struct try *t)
{
	return (struct head_ways){
		.upgrade = s->upgrade,
		.expect_answered = t->unawaited || answers_expect(s),
		.close = t->unawaited,
	};
}

int stream_write_head(struct stream *s, const struct try *t, struct out *head,
		      gfp_t gfp)
{
	struct head_ways ways = ways_of(s, t);
	struct edit e;
	int err;

	edit_init(&e, s->request_head, gfp);
	err = edit_forward(s, t, &e) ?: edit_request(s, &e) ?:
	      head_write_request(&e, &ways, gfp, head);
	edit_free(&e);
	return err;
}

u32 stream_extend_head(struct stream *s, struct sk_buff *skb)
{
	struct head_ways ways = ways_of(s, s->try);
	struct edit e;
	u32 len = 0;

	if (!head_is_plain(s->request_head))
		return 0;
	edit_init(&e, s->request_head, GFP_ATOMIC | payer_gfp_here());
	if (!edit_forward(s, s->try, &e))
		len = head_extend_request(&e, &ways, skb->data,
					  skb->len + skb_tailroom(skb));
	edit_free(&e);
	return len;
}

/* The cookie by which the client's next request finds the same endpoint. */
struct cookie {
	struct header_op op;
	struct header_op_list ops;
	char *text;			/* to be kfree()d */
};

/* Room for value, attributes and numbers of a cookie, without its name and path. */
#define COOKIE_MAX	64

static int make_cookie(struct cookie *cookie, const struct stream *s,
		       gfp_t gfp)
{
	const struct hash_policy *hp = s->cookie;
	char value[COOKIE_VALUE_LEN];
	u32 size, n;

	*cookie = (struct cookie){
		.op = { SPAN("set-cookie"), .kind = HEADER_OP_ADD },
	};
	if (!hp || s->local)
		return 0;
	size = COOKIE_MAX + hp->name.len + hp->cookie_path.len;
	cookie->text = kmalloc(size, gfp);
	if (!cookie->text)
		return -ENOMEM;
	hash_policy_cookie_text(s->cookie_value, value);
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

bool stream_response_stays(const struct stream *s)
{
	struct routing_edit edit = edit_of(s);

	return !s->route || (!routing_edits_response(&edit) &&
			     !s->edits.wanted && !s->cookie);
}

int stream_edit_response(struct stream *s, u16 status, struct edit *e)
{
	struct routing_edit edit = edit_of(s);
	struct header_context context;
	struct cookie cookie;
	int err;

	if (stream_response_stays(s))
		return 0;
	err = make_cookie(&cookie, s, e->gfp);
	if (err)
		return err;
	context = context_of(s);
	context.response = s->local ? NULL : s->response_head;
	context.status = status;
	err = routing_edit_response(&edit, &s->edits, &cookie.ops, &context, e);
	kfree(cookie.text);
	return err;
}

int stream_write_response(struct stream *s, u8 framing, const char *connection,
			  gfp_t gfp)
{
	struct edit e;
	int err;

	edit_init(&e, s->response_head, gfp);
	err = stream_edit_response(s, s->response_head->status, &e) ?:
	      head_write_response(&e, framing, connection, gfp, &s->down);
	edit_free(&e);
	return err;
}
