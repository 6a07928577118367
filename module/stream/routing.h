/* SPDX-License-Identifier: GPL-2.0 */
/*
 * routing: what a listener and a route say of a request whose head is understood.
 *
 * Decisions only, without a connection and without side effects: the stream carries
 * them out, and explain.c reports them. Any context; results are borrowed from the
 * snapshot.
 */
#ifndef L7MESH_ROUTING_H
#define L7MESH_ROUTING_H

#include "http/forward.h"
#include "http/header_value.h"
#include "http1/trailer_filter.h"
#include "lib/stats.h"
#include "mesh/snapshot.h"
#include "policy/policy.h"

struct hello;

/* An answer of the mesh's own instead of what was wanted; status 0: none. */
struct routing_refusal {
	u16 status;
	enum mesh_stat reason;
};

/* Whether the connection ends with such an answer: who is refused so may mean ill. */
static inline bool routing_ends_connection(enum mesh_stat reason)
{
	return reason == STAT_REPLY_BAD_REQUEST || reason == STAT_REPLY_UNDERSCORE;
}

/* How large the listener lets a request's head be. */
static inline struct message_limits routing_limits(const struct http_options *o)
{
	return (struct message_limits){
		.head = o->max_header_bytes,
		.target = o->max_uri_bytes,
		.fields = o->max_headers,
	};
}

/* The refusal of a head that is not understood. */
struct routing_refusal routing_malformed(enum message_error error);

/**
 * routing_check() - What the listener does not let pass
 * @o: the listener's options
 * @m: request; its path is normalized as they say, and its host has no dot at its end
 */
struct routing_refusal routing_check(const struct http_options *o,
				     struct message *m);

/* What a route would make of the path; one that path_rewrite_mixes(). */
struct routing_refusal routing_check_rewrite(const struct http_options *o,
					     const struct route *r,
					     const struct message *m);

/* Is its wish for an upgrade passed on? RFC 9110 7.8 */
bool routing_upgrades(const struct http_options *o, const struct message *m);

/* CONNECT, and the endpoint is the tunnel's end? */
static inline bool routing_ends_tunnel(const struct http_options *o,
				       const struct message *m)
{
	return m->connect && o->connect == L7MESH_CONNECT_TERMINATE;
}

/* It expects a 100, and the mesh says it? */
static inline bool routing_answers_expect(const struct http_options *o,
					  const struct message *m)
{
	return m->expect_continue &&
	       o->expect_continue == L7MESH_EXPECT_CONTINUE_ANSWER;
}

/* Who asks: the peer, or whom trusted proxies name. */
struct address routing_client(const struct http_options *o,
			      const struct message *m, const struct address *peer);

/**
 * routing_cluster() - The cluster that a route leads to
 * @s: snapshot
 * @r: one of its routes, with a cluster as action
 * @m: request
 * @chosen: out: the route's entry of it; NULL if the request names the cluster
 *
 * Draws one of several by weight.
 *
 * Return: the cluster, or NULL: there is none of the name that the request has.
 */
struct cluster *routing_cluster(const struct snapshot *s, const struct route *r,
				const struct message *m,
				const struct weighted_cluster **chosen);

/**
 * routing_tls_table() - What TLS that comes to a listener is routed by
 * @s: snapshot
 * @slot: of it
 *
 * Return: the table; NULL: the listener does not tell TLS from other bytes.
 */
const struct route_table *routing_tls_table(const struct snapshot *s,
					    const struct listener_slot *slot);

/**
 * routing_tls_host() - Who serves the server that a client asks for
 * @t: of routing_tls_table()
 * @hello: what the client says
 *
 * Return: the virtual host, which has one route, see tls_table.h; NULL: nobody does.
 */
const struct virtual_host *routing_tls_host(const struct route_table *t,
					    const struct hello *hello);

/* What a route does to heads: up to three levels, which are done in this order. */
struct routing_edit {
	const struct weighted_cluster *chosen;	/* of the route, or NULL */
	const struct route *route;
	const struct virtual_host *vhost;
};

#define ROUTING_LEVELS	3

/* Operations of each level, in this order. */
void routing_request_levels(const struct routing_edit *e,
			    const struct header_op_list *levels[ROUTING_LEVELS]);
void routing_response_levels(const struct routing_edit *e,
			     const struct header_op_list *levels[ROUTING_LEVELS]);

/**
 * routing_filter() - What operations on a head take out of trailers
 * @levels: operations
 * @underscores: enum trailer_underscores
 * @gfp: how to allocate
 * @filter: out: to be kfree()d; NULL if there is nothing to take out
 *
 * The fields that they set or remove. What only adds to a head, or where there is
 * none, lets the sender have a say.
 *
 * Return: 0 or -ENOMEM.
 */
int routing_filter(const struct header_op_list *const *levels, u8 underscores,
		   gfp_t gfp, struct trailer_filter **filter);

bool routing_edits_request(const struct routing_edit *e);
bool routing_edits_response(const struct routing_edit *e);

/**
 * routing_rewrite() - How a route changes where a request goes to
 * @o: the listener's options
 * @r: route
 * @fw: gets its host and path
 * @e: of the request
 *
 * Return: 0 or -ENOMEM.
 */
int routing_rewrite(const struct http_options *o, const struct route *r,
		    struct forward *fw, struct edit *e);

/**
 * routing_edit_request() - Do to a request what route and virtual host want
 * @r: levels
 * @context: what variables are about
 * @e: of the request, after forward_edit()
 *
 * Return: as header_ops_apply().
 */
int routing_edit_request(const struct routing_edit *r,
			 const struct header_context *context, struct edit *e);

/**
 * routing_edit_response() - The same for a response
 * @r: levels
 * @edits: which policies of the route have a say in it
 * @first: operations that come before all others
 * @context: what variables are about
 * @e: of the response, or with the fields of the mesh's own
 *
 * Return: as header_ops_apply().
 */
int routing_edit_response(const struct routing_edit *r,
			  const struct policy_edits *edits,
			  const struct header_op_list *first,
			  const struct header_context *context, struct edit *e);

#endif
