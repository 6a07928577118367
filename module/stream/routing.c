// SPDX-License-Identifier: GPL-2.0
#include "stream/routing.h"

#include <linux/kernel.h>
#include <linux/l7mesh.h>
#include <linux/random.h>

#include "http/forward.h"
#include "route/path_rewrite.h"

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
	const struct header_op_list *levels[] = {
		e->chosen ? &e->chosen->edit.request : &none,
		&e->route->edit.request, &e->vhost->edit.request,
	};

	return header_ops_apply(levels, ARRAY_SIZE(levels), context, gfp, out);
}

int routing_edit_response(const struct routing_edit *e, enum cors_kind cors,
			  const struct header_op_list *first,
			  const struct header_context *context, gfp_t gfp,
			  struct out *out)
{
	struct cors_answer answer = { .ops = none };
	/* CORS last, as in Envoy: routes cannot take back what it says. */
	const struct header_op_list *levels[] = {
		first, e->chosen ? &e->chosen->edit.response : &none,
		&e->route->edit.response, &e->vhost->edit.response, &answer.ops,
	};

	if (cors != CORS_NONE)
		cors_answer(&e->route->cors, cors, &answer);
	/* A preflight has no other answer than that. */
	if (cors == CORS_PREFLIGHT)
		return header_ops_apply(levels + 4, 1, context, gfp, out);
	return header_ops_apply(levels, ARRAY_SIZE(levels), context, gfp, out);
}
