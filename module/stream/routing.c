// SPDX-License-Identifier: GPL-2.0
#include "stream/routing.h"

#include <linux/kernel.h>
#include <linux/l7mesh.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "http/forward.h"
#include "route/path_rewrite.h"

static_assert((int)L7MESH_HEADERS_WITH_UNDERSCORES_REJECT ==
	      TRAILER_UNDERSCORES_REFUSE);
static_assert((int)L7MESH_HEADERS_WITH_UNDERSCORES_DROP == TRAILER_UNDERSCORES_DROP);

struct routing_refusal routing_malformed(enum http1_error error)
{
	struct routing_refusal r = { .status = http1_status(error) };

	switch (error) {
	case HTTP1_URI_TOO_LONG:
		r.reason = STAT_REPLY_URI_TOO_LONG;
		break;
	case HTTP1_HEAD_TOO_LARGE:
		r.reason = STAT_REPLY_HEAD_TOO_LARGE;
		break;
	case HTTP1_TOO_MANY_FIELDS:
		r.reason = STAT_REPLY_TOO_MANY_FIELDS;
		break;
	case HTTP1_NOT_IMPLEMENTED:
		r.reason = STAT_REPLY_NOT_IMPLEMENTED;
		break;
	case HTTP1_VERSION:
		r.reason = STAT_REPLY_VERSION;
		break;
	default:
		r.reason = STAT_REPLY_BAD_REQUEST;
		break;
	}
	return r;
}

/* Returns whether the path is still valid. */
static bool normalize_path(const struct http_options *o, struct head *h)
{
	struct http1_parser *p = &h->parser;

	if (path_as_received(&o->path) || !p->path_len ||
	    h->data[p->path] != '/')
		return true;
	/* What may change without becoming shorter is not passed on as it came, either. */
	p->odd |= memchr(h->data + p->path, '\\', p->path_len) ||
		  memchr(h->data + p->path, '%', p->path_len);
	p->path_len = path_normalize(&o->path, h->data + p->path, p->path_len);
	return p->path_len;
}

/*
 * A name with a dot at its end is the same name (RFC 1034 3.1, RFC 3986 3.2.2): nobody
 * is to get around a virtual host by it. It is taken off here for all that match or
 * quote the host, and put back where the head is written. Returns whether it is a name
 * without it.
 *
 * What is percent-encoded stays as it is, a dot or anything else: such a host is another
 * name to all that match, and to who gets it, unless that decodes it.
 */
static noinline bool unroot_host(struct head *h)
{
	struct http1_parser *p = &h->parser;
	char *dot = h->data + p->host + p->host_len - 1;
	struct http1_field *f;

	memmove(dot, dot + 1, p->authority_len - p->host_len);
	p->rooted = true;
	p->odd = true;
	p->host_len--;
	p->authority_len--;
	for (f = p->fields; f < p->fields + p->nfields; f++)
		if (f->id == HTTP1_HOST)
			f->value_len--;
	return p->host_len && dot[-1] != '.';
}

/* Fields whose names have an underscore, which some read as a dash. */
static bool has_underscore(const struct head *h, const struct http1_field *f)
{
	return memchr(h->data + f->name, '_', f->name_len);
}

static void drop_underscores(struct head *h)
{
	struct http1_parser *p = &h->parser;
	struct http1_field *f, *to = p->fields;

	for (f = p->fields; f < p->fields + p->nfields; f++)
		if (!has_underscore(h, f))
			*to++ = *f;
	p->odd |= to < f;
	p->nfields = to - p->fields;
}

/* Returns false if the request has one and is to be refused for it. */
static noinline bool check_underscores(const struct http_options *o,
				       struct head *h)
{
	const struct http1_parser *p = &h->parser;
	const struct http1_field *f;

	if (o->headers_with_underscores == L7MESH_HEADERS_WITH_UNDERSCORES_DROP) {
		drop_underscores(h);
		return true;
	}
	for (f = p->fields; f < p->fields + p->nfields; f++)
		if (has_underscore(h, f))
			return false;
	return true;
}

static bool normalize_host(struct head *h)
{
	const struct http1_parser *p = &h->parser;

	return likely(!p->host_len ||
		      h->data[p->host + p->host_len - 1] != '.') ||
	       unroot_host(h);
}

struct routing_refusal routing_check(const struct http_options *o,
				     struct head *h)
{
	const struct http1_parser *p = &h->parser;

	if (p->connect && o->connect == L7MESH_CONNECT_REFUSE)
		return (struct routing_refusal){
			501, STAT_REPLY_NOT_IMPLEMENTED
		};
	if (o->max_body_bytes && p->content_length > o->max_body_bytes)
		return (struct routing_refusal){
			413, STAT_REPLY_BODY_TOO_LARGE
		};
	if (!normalize_host(h) || !normalize_path(o, h))
		return routing_malformed(HTTP1_BAD_REQUEST);
	if (unlikely(o->headers_with_underscores) && !check_underscores(o, h))
		return (struct routing_refusal){ 400, STAT_REPLY_UNDERSCORE };
	return (struct routing_refusal){ 0 };
}

struct routing_refusal routing_check_rewrite(const struct http_options *o,
					     const struct route *r,
					     const struct head *h)
{
	const struct http1_parser *p = &h->parser;
	struct span path = p->path_len ? head_span(h, p->path, p->path_len) :
					 SPAN("/");

	if (path_rewrite_allowed(r, o, path))
		return (struct routing_refusal){ 0 };
	return routing_malformed(HTTP1_BAD_REQUEST);
}

/* A request with a body would have to be read first: not worth it. */
bool routing_upgrades(const struct http_options *o, const struct head *h)
{
	const struct http1_parser *p = &h->parser;

	if (!p->upgrade_len || !http1_bodiless(p) || p->connect)
		return false;
	if (o->upgrade == L7MESH_UPGRADE_ANY)
		return true;
	return o->upgrade == L7MESH_UPGRADE_WEBSOCKET &&
	       span_eq_nocase(head_upgrade(h), SPAN("websocket"));
}

struct address routing_client(const struct http_options *o,
			      const struct head *h, const struct address *peer)
{
	struct address client = *peer;

	if (o->trusted_hops)
		forward_client(h, o->trusted_hops, &client);
	return client;
}

struct cluster *routing_cluster(const struct snapshot *s, const struct route *r,
				const struct head *h,
				const struct weighted_cluster **chosen)
{
	struct name_ref name;
	u32 lot;

	*chosen = NULL;
	if (r->action != ROUTE_CLUSTER_HEADER) {
		/* Most routes have one cluster, and a random number has its price. */
		lot = r->nclusters > 1 ? get_random_u32() : 0;
		*chosen = route_pick_cluster(r, lot);
		return snapshot_cluster(s, &(*chosen)->cluster);
	}
	name = name_ref(head_field(h, r->cluster_header));
	return snapshot_cluster(s, &name);
}

static const struct header_op_list none;

void routing_request_levels(const struct routing_edit *e,
			    const struct header_op_list *levels[ROUTING_LEVELS])
{
	levels[0] = e->chosen ? &e->chosen->edit.request : &none;
	levels[1] = &e->route->edit.request;
	levels[2] = &e->vhost->edit.request;
}

void routing_response_levels(const struct routing_edit *e,
			     const struct header_op_list *levels[ROUTING_LEVELS])
{
	levels[0] = e->chosen ? &e->chosen->edit.response : &none;
	levels[1] = &e->route->edit.response;
	levels[2] = &e->vhost->edit.response;
}

/* What adds comes behind what the sender says, in a trailer as well. */
static bool takes_out(const struct header_op *op)
{
	return op->kind == HEADER_OP_SET || op->kind == HEADER_OP_REMOVE;
}

/* The next operation that takes fields out, from @i on, of all levels in a row. */
static const struct header_op *next_taking(const struct header_op_list *const *levels,
					   u32 *level, u32 *i)
{
	const struct header_op *op;

	for (; *level < ROUTING_LEVELS; (*level)++, *i = 0) {
		while (*i < levels[*level]->n) {
			op = &levels[*level]->ops[(*i)++];
			if (takes_out(op))
				return op;
		}
	}
	return NULL;
}

int routing_filter(const struct header_op_list *const *levels, u8 underscores,
		   gfp_t gfp, struct trailer_filter **filter)
{
	struct trailer_sizes sizes = { .underscores = underscores };
	const struct header_op *op;
	u32 level = 0, i = 0;

	while ((op = next_taking(levels, &level, &i)))
		trailer_sizes_add(&sizes, op->name);
	*filter = NULL;
	if (!sizes.n && !underscores)
		return 0;
	*filter = kzalloc(trailer_filter_bytes(&sizes), gfp);
	if (!*filter)
		return -ENOMEM;
	trailer_filter_init(*filter, &sizes);
	level = 0;
	i = 0;
	while ((op = next_taking(levels, &level, &i)))
		trailer_filter_add(*filter, op->name);
	return 0;
}

bool routing_edits_request(const struct routing_edit *e)
{
	return e->route->edit.request.n || e->vhost->edit.request.n ||
	       (e->chosen && e->chosen->edit.request.n);
}

bool routing_edits_response(const struct routing_edit *e)
{
	return e->route->edit.response.n || e->vhost->edit.response.n ||
	       (e->chosen && e->chosen->edit.response.n);
}

int routing_edit_request(const struct routing_edit *e,
			 const struct header_context *context, gfp_t gfp,
			 struct out *out)
{
	const struct header_op_list *levels[ROUTING_LEVELS];

	routing_request_levels(e, levels);
	return header_ops_apply(levels, ARRAY_SIZE(levels), context, gfp, out);
}

int routing_edit_response(const struct routing_edit *e, enum cors_kind cors,
			  const struct header_op_list *first,
			  const struct header_context *context, gfp_t gfp,
			  struct out *out)
{
	struct cors_answer answer = { .ops = none };
	const struct header_op_list *levels[1 + ROUTING_LEVELS + 1];

	levels[0] = first;
	routing_response_levels(e, levels + 1);
	/* CORS last, as in Envoy: routes cannot take back what it says. */
	levels[1 + ROUTING_LEVELS] = &answer.ops;
	if (cors != CORS_NONE)
		cors_answer(&e->route->cors, cors, &answer);
	/* A preflight has no other answer than that. */
	if (cors == CORS_PREFLIGHT)
		return header_ops_apply(levels + 1 + ROUTING_LEVELS, 1, context,
					gfp, out);
	return header_ops_apply(levels, ARRAY_SIZE(levels), context, gfp, out);
}
