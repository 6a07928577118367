// SPDX-License-Identifier: GPL-2.0
#include "stream/explain.h"

#include <linux/l7mesh.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "authz/authz_table.h"
#include "http/forward.h"
#include "http1/head.h"
#include "lib/budget.h"
#include "lib/ident.h"
#include "route/path_rewrite.h"
#include "stream/reply.h"
#include "tls/hello.h"
#include "upstream/accrual.h"
#include "upstream/outlier.h"

static const struct http_options *options_of(const struct explanation *e)
{
	return &e->question->slot.listener->http;
}

static void note(struct explanation *e, enum l7mesh_explain_policy policy,
		 bool applies)
{
	if (applies)
		e->policies |= BIT(policy);
}

static const char *connection_field(const struct explanation *e)
{
	const struct message *p = e->head;

	/* As in the stream, which has not read a byte of a body by then. */
	if (p->error || routing_ends_connection(e->own.reason) ||
	    !p->keep_alive || p->connect || !message_bodiless(p))
		return "close";
	return p->minor ? NULL : "keep-alive";
}

/* The context of header operations; it borrows @ident. */
static struct header_context context_of(const struct explanation *e,
					u64 ident[2])
{
	if (options_of(e)->x_request_id)
		ident_make(ident);
	return (struct header_context){
		.client = &e->question->source,
		.client_port = e->question->source.port,
		.original = &e->question->original,
		.upstream = e->ep ? &e->ep->address : NULL,
		.cluster = e->cluster ? e->cluster->name.name : SPAN(""),
		.request = e->head,
		.ident = options_of(e)->x_request_id ? ident : NULL,
		.status = e->own.status,
	};
}

static struct routing_edit edit_of(const struct explanation *e)
{
	return (struct routing_edit){ e->chosen, e->route, e->vhost };
}

static int edit_reply(void *who, u16 status, struct edit *edit)
{
	static const struct header_op_list none;
	struct explanation *e = who;
	struct routing_edit levels = edit_of(e);
	struct header_context context;
	u64 ident[2];

	if (!e->route)
		return 0;
	context = context_of(e, ident);
	return routing_edit_response(&levels, &e->edits, &none, &context, edit);
}

/* The mesh answers by itself. */
static int answer(struct explanation *e, enum mesh_stat reason,
		  struct reply *r)
{
	int err;

	e->own = (struct routing_refusal){ r->status, reason };
	/* By the first reason: what closes a connection goes on to do so. */
	r->connection = connection_field(e);
	r->head_request = span_eq(message_method(e->head), SPAN("HEAD"));
	err = reply_make(r, edit_reply, e, GFP_KERNEL, &e->reply);
	if (r->bare)
		e->own = (struct routing_refusal){
			r->status, STAT_REPLY_RESPONSE_OPERATIONS
		};
	return err;
}

static int refuse(struct explanation *e, enum mesh_stat reason, u16 status)
{
	struct reply r = { .status = status };

	return answer(e, reason, &r);
}

static int redirect(struct explanation *e)
{
	struct location location;
	struct reply r = { .status = e->route->status, .location = &location };

	rewrite_location(&location, e->route, &e->request, &e->question->original,
			 options_of(e));
	return answer(e, STAT_REPLY_REDIRECT, &r);
}

static int respond(struct explanation *e)
{
	const struct route *route = e->route;
	struct reply r = {
		.status = route->status,
		.body = { route->body.p ?: "", route->body.len },
	};

	return answer(e, STAT_REPLY_DIRECT, &r);
}

static int edit_forwarded(const struct explanation *e, struct edit *edit)
{
	const struct http_options *o = options_of(e);
	struct routing_edit levels = edit_of(e);
	char *text = edit_text(edit, ADDRESS_HOST_MAX);
	struct header_context context;
	u64 ident[2];
	struct forward fw = {
		.options = o,
		.original = &e->question->original,
	};

	if (!text)
		return -ENOMEM;
	fw.client = (struct span){
		text, address_host_text(&e->question->source, text)
	};
	context = context_of(e, ident);
	fw.ident = context.ident;
	return routing_rewrite(o, e->route, &fw, edit) ?:
	       forward_edit(&fw, edit) ?:
	       routing_edit_request(&levels, &context, edit);
}

static int write_forwarded(struct explanation *e)
{
	struct head_ways ways = {
		.upgrade = routing_upgrades(options_of(e), e->head),
		.expect_answered = routing_answers_expect(options_of(e), e->head),
	};
	struct edit edit;
	int err;

	edit_init(&edit, e->head, GFP_KERNEL);
	err = edit_forwarded(e, &edit) ?:
	      head_write_request(&edit, &ways, GFP_KERNEL, &e->forwarded);
	edit_free(&edit);
	if (err != -EMSGSIZE)
		return err;
	return refuse(e, STAT_REPLY_REQUEST_OPERATIONS, 431);
}

static void note_cluster(struct explanation *e)
{
	const struct cluster_options *o = &e->cluster->options;
	const struct circuit_breakers *b =
		&o->breakers[e->route ? e->route->priority : 0];

	note(e, L7MESH_EXPLAIN_CIRCUIT_BREAKERS,
	     b->max_connections || b->max_requests);
	note(e, L7MESH_EXPLAIN_OUTLIER_DETECTION,
	     outlier_enabled(o));
	note(e, L7MESH_EXPLAIN_FAILURE_ACCRUAL, accrual_enabled(o));
	note(e, L7MESH_EXPLAIN_HEALTH_CHECK, e->cluster->health.interval);
	/* Of cookies. */
	note(e, L7MESH_EXPLAIN_SESSION_AFFINITY,
	     e->head && session_affinity_enabled(&e->cluster->session));
}

/* Returns whether there is an endpoint. */
static bool pick(struct explanation *e, struct cluster *c)
{
	struct pick pick = {
		.source = e->client,
		.message = e->head,
		.policies = e->route ? &e->route->hash : NULL,
		.subset = e->chosen ? e->chosen->subset : SPAN(""),
		.peek = true,
	};

	e->cluster = c;
	e->ep = c ? cluster_pick(c, &pick) : NULL;
	/* A cookie that is about to be given is random: its hash explains nothing. */
	e->hashed = pick.hashed &&
		    (!pick.cookie || pick.cookie == &c->session.cookie);
	e->hash = pick.hash;
	return e->ep;
}

static int forward(struct explanation *e, const struct snapshot *s)
{
	struct cluster *c = routing_cluster(s, e->route, e->head, &e->chosen);

	if (c) {
		e->cluster = c;
		note_cluster(e);
	}
	if (!pick(e, c))
		return refuse(e, STAT_REPLY_NO_ENDPOINT, 503);
	if (routing_ends_tunnel(options_of(e), e->head))
		return 0;
	return write_forwarded(e);
}

static int act(struct explanation *e, const struct snapshot *s)
{
	struct routing_refusal r = { 0 };

	if (path_rewrite_mixes(e->route))
		r = routing_check_rewrite(options_of(e), e->route, e->head);
	if (r.status)
		return refuse(e, r.reason, r.status);
	if (e->route->action == ROUTE_REDIRECT)
		return redirect(e);
	if (e->route->action == ROUTE_DIRECT_RESPONSE)
		return respond(e);
	return forward(e, s);
}

static int serve(struct explanation *e, const struct snapshot *s)
{
	struct field_list fields;
	struct policy_view v = {
		.request = e->head,
		.client = &e->client,
		.owner = POLICY_OF_ROUTE,
		.forwards = route_forwards(e->route),
		.peek = true,
		.fields = &fields,
	};
	enum policy_verdict verdict;
	struct reply r;
	u8 next = 0;

	field_list_init(&fields);
	note(e, L7MESH_EXPLAIN_TIMEOUT, v.forwards && e->route->timeout);
	e->policies |= policy_explain(&e->route->policies, &v);
	verdict = policy_request(&e->route->policies, &next, &v);
	e->edits = v.edits;
	if (verdict == POLICY_GO)
		return act(e, s);
	r = (struct reply){ .status = v.status, .body = v.body, .fields = &fields };
	return answer(e, v.reason, &r);
}

struct route_mismatch explain_mismatch(struct explanation *e, u32 position,
				       u32 *index)
{
	struct route_mismatch mismatch;

	*index = route_index_at(&e->vhost->index, position);
	do {
		e->request.left = BUDGET_WORK;
		e->request.fresh = true;
		mismatch = route_match_request(&e->vhost->routes[*index]->match,
					       &e->request);
		cond_resched();
	} while (mismatch.kind == ROUTE_UNDECIDED);
	return mismatch;
}

static void find_route(struct explanation *e, const struct route_table *t)
{
	bool done;

	do {
		e->request.left = BUDGET_WORK;
		e->request.fresh = true;
		done = route_table_match(t, &e->request, &e->vhost, &e->route);
		cond_resched();
	} while (!done);
}

static u32 position_of(const struct virtual_host *vh, const struct route *r)
{
	u32 i;

	for (i = 0; i < vh->nroutes; i++)
		if (vh->routes[route_index_at(&vh->index, i)] == r)
			break;
	return i;
}

static void describe_client(struct explanation *e)
{
	const struct question *q = e->question;

	e->client = routing_client(options_of(e), e->head, &q->source);
	e->request.source_family = e->client.family;
	e->request.source = (const u8 *)&e->client.v6;
	e->request.source_netns = q->netns;
	e->request.listener = &q->slot.listener->name;
	e->request.match_port = options_of(e)->host_port ==
				L7MESH_HOST_PORT_MATCH;
	e->request.random = get_random_u32;
}

static void note_listener(struct explanation *e)
{
	const struct listener *l = e->question->slot.listener;
	const struct policy_view v = {
		.request = e->head,
		.owner = POLICY_OF_LISTENER,
		.peek = true,
	};

	e->policies |= policy_explain(&l->policies, &v);
}

/* A workload's own listener reads paths as its policies do. */
static struct routing_refusal check(struct explanation *e, const struct snapshot *s)
{
	struct http_options options = *options_of(e);

	if (s->authz && s->authz->has_paths && options.packets &&
	    authz_table_workload(s->authz, &e->question->original))
		path_rules_strict(&options.path);
	return routing_check(&options, e->head);
}

static int forbid(struct explanation *e)
{
	struct reply r = { .status = 403, .body = REPLY_FORBIDDEN };

	return answer(e, STAT_REPLY_FORBIDDEN, &r);
}

static int explain_request(struct explanation *e, const struct snapshot *s)
{
	struct routing_refusal r = check(e, s);
	int err;

	note_listener(e);
	if (r.status)
		return refuse(e, r.reason, r.status);
	route_request_init(&e->request, e->head);
	describe_client(e);
	err = explain_authz_listener(e, s);
	if (err)
		return err;
	if (guard_denies(&e->authz.decision))
		return forbid(e);
	find_route(e, e->table);
	if (e->vhost)
		e->position = position_of(e->vhost, e->route);
	if (!e->route)
		return refuse(e, STAT_REPLY_NO_ROUTE, 404);
	return serve(e, s);
}

static int take_head(struct explanation *e, enum http1_result *result)
{
	struct span rest = e->question->head;
	int n;

	e->head = head_alloc(false, GFP_KERNEL);
	if (!e->head)
		return -ENOMEM;
	e->head->limits = routing_limits(options_of(e));
	do {
		if (!rest.len)
			return -EINVAL;
		n = head_take(e->head, rest.p, rest.len, GFP_KERNEL, result);
		if (n < 0)
			return n;
		rest = span_from(rest, n);
	} while (*result == HTTP1_MORE);
	return *result == HTTP1_DONE && rest.len ? -EINVAL : 0;
}

static int explain_http(struct explanation *e, const struct snapshot *s)
{
	enum http1_result result;
	struct routing_refusal r;
	int err;

	e->table = e->question->slot.route_table;
	err = take_head(e, &result);
	if (err)
		return err;
	if (result == HTTP1_DONE)
		return explain_request(e, s);
	r = routing_malformed(e->head->error);
	return refuse(e, r.reason, r.status);
}

/* @c: the cluster, if there is one of its name. */
static int connect_to(struct explanation *e, const struct snapshot *s, struct cluster *c)
{
	int err = explain_authz_listener(e, s);

	if (err)
		return err;
	if (guard_denies(&e->authz.decision)) {
		e->own.reason = STAT_AUTHZ_REFUSED;
		return 0;
	}
	e->cluster = c;
	if (c)
		note_cluster(e);
	if (!pick(e, c))
		e->own.reason = STAT_REFUSED_NO_ENDPOINT;
	return 0;
}

static int explain_tls(struct explanation *e, const struct snapshot *s)
{
	const struct policy_view v = {
		.owner = POLICY_OF_ROUTE,
		.forwards = true,
		.peek = true,
	};

	note_listener(e);
	e->vhost = routing_tls_host(e->table, e->question->hello);
	if (!e->vhost) {
		e->own.reason = STAT_TLS_UNKNOWN_NAME;
		return 0;
	}
	e->route = e->vhost->routes[0];
	e->policies |= policy_explain(&e->route->policies, &v);
	return connect_to(e, s, routing_cluster(s, e->route, NULL, &e->chosen));
}

static int explain_bytes(struct explanation *e, const struct snapshot *s)
{
	const struct listener *l = e->question->slot.listener;

	/* It has a table besides. */
	if (l->protocol == L7MESH_PROTOCOL_AUTO) {
		note_listener(e);
		return connect_to(e, s, snapshot_cluster(s, &l->cluster));
	}
	if (l->has_proxy)
		return explain_authz_listener(e, s);
	return connect_to(e, s, e->question->slot.cluster);
}

int explain(struct explanation *e, const struct snapshot *s,
	    const struct question *q)
{
	int err;

	*e = (struct explanation){ .question = q, .client = q->source };
	if (q->hello)
		e->table = routing_tls_table(s, &q->slot);
	if (q->head.p)
		err = explain_http(e, s);
	else if (e->table)
		err = explain_tls(e, s);
	else
		err = explain_bytes(e, s);
	if (!err && e->ep && !e->own.reason && !e->authz.workload)
		err = explain_authz_endpoint(e, s);
	return err;
}

void explain_release(struct explanation *e)
{
	message_free(e->head);
	out_clear(&e->forwarded);
	out_clear(&e->reply);
}
