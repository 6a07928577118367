// SPDX-License-Identifier: GPL-2.0
#include "stream/routing.h"

#include <linux/kernel.h>
#include <linux/l7mesh.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "lib/objset.h"
#include "route/path_rewrite.h"
#include "tls/hello.h"

static_assert((int)L7MESH_HEADERS_WITH_UNDERSCORES_REJECT ==
	      TRAILER_UNDERSCORES_REFUSE);
static_assert((int)L7MESH_HEADERS_WITH_UNDERSCORES_DROP == TRAILER_UNDERSCORES_DROP);

struct routing_refusal routing_malformed(enum message_error error)
{
	struct routing_refusal r = { .status = message_status(error) };

	switch (error) {
	case MESSAGE_URI_TOO_LONG:
		r.reason = STAT_REPLY_URI_TOO_LONG;
		break;
	case MESSAGE_HEAD_TOO_LARGE:
		r.reason = STAT_REPLY_HEAD_TOO_LARGE;
		break;
	case MESSAGE_TOO_MANY_FIELDS:
		r.reason = STAT_REPLY_TOO_MANY_FIELDS;
		break;
	case MESSAGE_NOT_IMPLEMENTED:
		r.reason = STAT_REPLY_NOT_IMPLEMENTED;
		break;
	case MESSAGE_VERSION:
		r.reason = STAT_REPLY_VERSION;
		break;
	default:
		r.reason = STAT_REPLY_BAD_REQUEST;
		break;
	}
	return r;
}

/* Returns whether the path is still valid. */
static bool normalize_path(const struct http_options *o, struct message *m)
{
	u32 len = m->path_len;

	if (path_as_received(&o->path) || !len || m->text[m->path] != '/')
		return true;
	/* These may change without making it shorter. */
	if (memchr(m->text + m->path, '\\', len) ||
	    memchr(m->text + m->path, '%', len))
		m->raw = false;
	m->path_origin = 0;
	m->path_len = path_normalize(&o->path, m->text + m->path, len);
	m->raw &= m->path_len == len;
	return m->path_len;
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
static noinline bool unroot_host(struct message *m)
{
	char *dot = m->text + m->host + m->host_len - 1;
	struct message_field *f;

	memmove(dot, dot + 1, m->authority_len - m->host_len);
	m->rooted = true;
	m->raw = false;
	m->host_len--;
	m->authority_len--;
	for (f = m->fields; f < m->fields + m->nfields; f++)
		if (f->id == FIELD_HOST) {
			f->value_len--;
			f->origin = 0;
		}
	return m->host_len && dot[-1] != '.';
}

/* Fields whose names have an underscore, which some read as a dash. */
static bool has_underscore(const struct message *m, const struct message_field *f)
{
	return memchr(m->text + f->name, '_', f->name_len);
}

static void drop_underscores(struct message *m)
{
	u32 i, kept = 0;

	for (i = 0; i < m->nfields; i++)
		if (!has_underscore(m, &m->fields[i]))
			message_move(m, kept++, i);
	m->raw &= kept == m->nfields;
	m->nfields = kept;
}

/* Returns false if the request has one and is to be refused for it. */
static noinline bool check_underscores(const struct http_options *o,
				       struct message *m)
{
	const struct message_field *f;

	if (o->headers_with_underscores == L7MESH_HEADERS_WITH_UNDERSCORES_DROP) {
		drop_underscores(m);
		return true;
	}
	for (f = m->fields; f < m->fields + m->nfields; f++)
		if (has_underscore(m, f))
			return false;
	return true;
}

static bool normalize_host(struct message *m)
{
	return likely(!m->host_len ||
		      m->text[m->host + m->host_len - 1] != '.') ||
	       unroot_host(m);
}

struct routing_refusal routing_check(const struct http_options *o,
				     struct message *m)
{
	if (m->connect && o->connect == L7MESH_CONNECT_REFUSE)
		return (struct routing_refusal){
			501, STAT_REPLY_NOT_IMPLEMENTED
		};
	if (o->max_body_bytes && m->content_length > o->max_body_bytes)
		return (struct routing_refusal){
			413, STAT_REPLY_BODY_TOO_LARGE
		};
	if (!normalize_host(m) || !normalize_path(o, m))
		return routing_malformed(MESSAGE_BAD_REQUEST);
	if (unlikely(o->headers_with_underscores) && !check_underscores(o, m))
		return (struct routing_refusal){ 400, STAT_REPLY_UNDERSCORE };
	return (struct routing_refusal){ 0 };
}

struct routing_refusal routing_check_rewrite(const struct http_options *o,
					     const struct route *r,
					     const struct message *m)
{
	struct span path = m->path_len ? message_path(m) : SPAN("/");

	if (path_rewrite_allowed(r, o, path))
		return (struct routing_refusal){ 0 };
	return routing_malformed(MESSAGE_BAD_REQUEST);
}

/* A request with a body would have to be read first: not worth it. */
bool routing_upgrades(const struct http_options *o, const struct message *m)
{
	if (!m->upgrade_len || !message_bodiless(m) || m->connect)
		return false;
	if (o->upgrade == L7MESH_UPGRADE_ANY)
		return true;
	return o->upgrade == L7MESH_UPGRADE_WEBSOCKET &&
	       span_eq_nocase(message_upgrade(m), SPAN("websocket"));
}

struct address routing_client(const struct http_options *o,
			      const struct message *m, const struct address *peer)
{
	struct address client = *peer;

	if (o->trusted_hops)
		forward_client(m, o->trusted_hops, &client);
	return client;
}

struct cluster *routing_cluster(const struct snapshot *s, const struct route *r,
				const struct message *m,
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
	name = name_ref(message_get(m, r->cluster_header));
	return snapshot_cluster(s, &name);
}

const struct route_table *routing_tls_table(const struct snapshot *s,
					    const struct listener_slot *slot)
{
	const struct listener *l = slot->listener;

	if (l->protocol == L7MESH_PROTOCOL_TLS)
		return slot->route_table;
	return l->protocol == L7MESH_PROTOCOL_AUTO && l->tls_route_table.name.len ?
	       objset_find(&s->route_tables, &l->tls_route_table) : NULL;
}

const struct virtual_host *routing_tls_host(const struct route_table *t,
					    const struct hello *hello)
{
	const struct virtual_host *vh;

	/* Without a name only the virtual host of all names will do. */
	if (hello->name_len)
		vh = route_table_host(t, hello_name(hello));
	else
		vh = t->any ? t->vhosts[t->any - 1] : NULL;
	return vh && vh->nroutes ? vh : NULL;
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

int routing_rewrite(const struct http_options *o, const struct route *r,
		    struct forward *fw, struct edit *e)
{
	const struct message *m = e->m;
	struct rewritten_path path;
	struct span piece;
	char *text, *at;
	u32 len;

	fw->host = r->rewrite.host;
	if (likely(!r->rewrite.path_kind))
		return 0;
	path_rewrite_begin(r, o, m->path_len ? message_path(m) : SPAN("/"), &path);
	len = path_rewrite_len(path);
	text = edit_text(e, len);
	if (!text)
		return -ENOMEM;
	fw->path = (struct span){ text, len };
	for (at = text; path_rewrite_next(&path, &piece);)
		at = span_copy(at, piece);
	return 0;
}

int routing_edit_request(const struct routing_edit *r,
			 const struct header_context *context, struct edit *e)
{
	const struct header_op_list *levels[ROUTING_LEVELS];

	routing_request_levels(r, levels);
	return header_ops_apply(levels, ARRAY_SIZE(levels), context, e);
}

int routing_edit_response(const struct routing_edit *r,
			  const struct policy_edits *edits,
			  const struct header_op_list *first,
			  const struct header_context *context, struct edit *e)
{
	const struct header_op_list *levels[1 + ROUTING_LEVELS + 1];
	struct policy_response said;
	struct header_op_list last;

	levels[0] = first;
	routing_response_levels(r, levels + 1);
	/* Policies last, as in Envoy: operations cannot take back what they say. */
	last = policy_response(&r->route->policies, edits, &said);
	levels[1 + ROUTING_LEVELS] = &last;
	if (edits->alone)
		return header_ops_apply(levels + 1 + ROUTING_LEVELS, 1, context,
					e);
	return header_ops_apply(levels, ARRAY_SIZE(levels), context, e);
}
